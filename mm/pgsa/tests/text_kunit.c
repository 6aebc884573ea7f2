// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_text: what is a complete text, a number, a name.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../pgsa.h"
#include "../text.h"

static void text_complete(struct kunit *test)
{
	char *page = kunit_kzalloc(test, PGSA_TEXT_CUT, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	memset(page, '1', PGSA_TEXT_CUT - 1);
	KUNIT_EXPECT_TRUE(test, pgsa_text_complete(page, 1));
	KUNIT_EXPECT_TRUE(test, pgsa_text_complete(page, PGSA_TEXT_CUT - 2));
	/* As much as configfs hands over of a longer one */
	KUNIT_EXPECT_FALSE(test, pgsa_text_complete(page, PGSA_TEXT_CUT - 1));
	page[1] = '\0';
	KUNIT_EXPECT_TRUE(test, pgsa_text_complete(page, 1));
	KUNIT_EXPECT_FALSE(test, pgsa_text_complete(page, 2));
	KUNIT_EXPECT_FALSE(test, pgsa_text_complete(page, 7));
	page[0] = '\0';
	KUNIT_EXPECT_FALSE(test, pgsa_text_complete(page, 1));
}

static void incomplete_refused(struct kunit *test)
{
	struct pgsa_policy *policy = kunit_kzalloc(test, sizeof(*policy),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, policy);
	KUNIT_EXPECT_EQ(test,
			pgsa_refuse_incomplete(policy, "x", "1\0junk", 6),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			pgsa_refuse_incomplete(policy, "x", "1\n", 2), 0);
}

#define TEXT_NONE	(~0ULL)	/* the text is no number */

static const struct text_number {
	const char *text;
	u64 decimal, number;
} text_numbers[] = {
	{ "0", 0, 0 }, { "1\n", 1, 1 }, { "010", 10, 10 }, { "100", 100, 100 },
	{ "101", TEXT_NONE, 101 }, { "0000000000000000000000000007", 7, 7 },
	{ "0x10", TEXT_NONE, 16 }, { "0Xff\n", TEXT_NONE, 255 },
	{ "18446744073709551614", TEXT_NONE, 18446744073709551614ULL },
	{ "18446744073709551616", TEXT_NONE, TEXT_NONE },
	{ "0x10000000000000000", TEXT_NONE, TEXT_NONE },
	{ "+1", TEXT_NONE, TEXT_NONE }, { "-1", TEXT_NONE, TEXT_NONE },
	{ "0x", TEXT_NONE, TEXT_NONE }, { "0x+1", TEXT_NONE, TEXT_NONE },
	{ "+0x1", TEXT_NONE, TEXT_NONE }, { "0x0x1", TEXT_NONE, TEXT_NONE },
	{ "", TEXT_NONE, TEXT_NONE }, { "\n", TEXT_NONE, TEXT_NONE },
	{ " 1", TEXT_NONE, TEXT_NONE }, { "1 ", TEXT_NONE, TEXT_NONE },
	{ "1\n\n", TEXT_NONE, TEXT_NONE }, { "1a", TEXT_NONE, TEXT_NONE },
};

static void text_number_desc(const struct text_number *number, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "'%*pE'",
		 (int)strlen(number->text), number->text);
}

KUNIT_ARRAY_PARAM(text_numbers, text_numbers, text_number_desc);

static void number_expect(struct kunit *test, int ret, u64 number, u64 want)
{
	KUNIT_EXPECT_EQ(test, ret, want == TEXT_NONE ? -EINVAL : 0);
	/* What it was before, if there is none */
	KUNIT_EXPECT_EQ(test, number, want == TEXT_NONE ? 4711 : want);
}

static void numbers(struct kunit *test)
{
	const struct text_number *param = test->param_value;
	u64 number = 4711;
	int ret;

	ret = pgsa_parse_decimal(param->text, 100, &number);
	number_expect(test, ret, number, param->decimal);
	number = 4711;
	ret = pgsa_parse_number(param->text, &number);
	number_expect(test, ret, number, param->number);
}

static void names(struct kunit *test)
{
	static const char * const wrong[] = {
		"a\nb", " a", "a ", "a b", "\t", "\x1b[2J", "\x7f", "\x80",
		"\xc3\xbc",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_EQ(test, pgsa_check_name("name", wrong[i]),
				-EINVAL);
	KUNIT_EXPECT_EQ(test, pgsa_check_name("name", "all"), 0);
	KUNIT_EXPECT_EQ(test, pgsa_check_name("name", "!~%s"), 0);
}

static void valid_names(struct kunit *test)
{
	char buf[256];

	pgsa_code_names(false, buf, sizeof(buf));
	KUNIT_EXPECT_NOT_NULL(test, strstr(buf, "crc32"));
	KUNIT_EXPECT_NULL(test, strstr(buf, "hamming"));
	pgsa_code_names(true, buf, sizeof(buf));
	KUNIT_EXPECT_NOT_NULL(test, strstr(buf, "hamming"));
	KUNIT_EXPECT_NULL(test, strstr(buf, "crc32"));
	pgsa_strategy_names(buf, sizeof(buf));
	KUNIT_EXPECT_NOT_NULL(test, strstr(buf, "sweep"));
	/* Too little room is no reason to write beyond it */
	buf[4] = '#';
	pgsa_code_names(true, buf, 4);
	KUNIT_EXPECT_EQ(test, strlen(buf), 3);
	KUNIT_EXPECT_EQ(test, buf[4], '#');
}

static struct kunit_case text_cases[] = {
	KUNIT_CASE(text_complete),
	KUNIT_CASE(incomplete_refused),
	KUNIT_CASE_PARAM(numbers, text_numbers_gen_params),
	KUNIT_CASE(names),
	KUNIT_CASE(valid_names),
	{}
};

static struct kunit_suite text_suite = {
	.name = "pgsa_text",
	.test_cases = text_cases,
};

kunit_test_suite(text_suite);
