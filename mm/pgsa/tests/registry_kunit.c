// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_registry: registries of the tests' own, and what is in those
 * of the kernel.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../pgsa.h"

#define REGISTRY_CODES_MAX	15	/* ids have 4 bits, 0 is "none" */

struct registry_test {
	struct pgsa_registry registry;
	char *line;		/* a page */
};

static const int registry_ops[2];

static const char * const registry_full[] = {
	"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
	"o",
};

static void registry_fill(struct kunit *test, unsigned int nr)
{
	struct registry_test *rt = test->priv;
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, 0,
				pgsa_registry_add(&rt->registry,
						  registry_full[i],
						  registry_ops));
}

/* Try to add a name, which must be refused and change nothing */
static void registry_expect_refused(struct kunit *test, const char *name,
				    int err)
{
	struct registry_test *rt = test->priv;
	struct pgsa_registry before = rt->registry;

	KUNIT_EXPECT_EQ(test, pgsa_registry_add(&rt->registry, name,
						registry_ops), err);
	KUNIT_EXPECT_MEMEQ(test, &rt->registry, &before, sizeof(before));
}

static void add_two_names(struct kunit *test)
{
	struct registry_test *rt = test->priv;
	struct pgsa_registry *registry = &rt->registry;

	KUNIT_EXPECT_EQ(test, pgsa_registry_add(registry, "crc32",
						&registry_ops[0]), 0);
	KUNIT_EXPECT_EQ(test, pgsa_registry_add(registry, "crc32c",
						&registry_ops[1]), 0);
	KUNIT_EXPECT_EQ(test, pgsa_registry_id(registry, "crc32"), 1);
	KUNIT_EXPECT_EQ(test, pgsa_registry_id(registry, "crc32c"), 2);
	KUNIT_EXPECT_PTR_EQ(test, registry->entry[0].ops,
			    (const void *)&registry_ops[0]);
	KUNIT_EXPECT_PTR_EQ(test, registry->entry[1].ops,
			    (const void *)&registry_ops[1]);
}

static void add_name_again(struct kunit *test)
{
	registry_fill(test, 3);
	registry_expect_refused(test, "a", -EEXIST);
	registry_expect_refused(test, "c", -EEXIST);
	registry_expect_refused(test, "b\n", -EEXIST);
}

static void add_no_name(struct kunit *test)
{
	registry_expect_refused(test, "", -EINVAL);
	registry_expect_refused(test, NULL, -EINVAL);
}

static void add_when_full(struct kunit *test)
{
	registry_fill(test, ARRAY_SIZE(registry_full));
	registry_expect_refused(test, "p", -ENOSPC);
	registry_expect_refused(test, "o", -EEXIST);
	registry_expect_refused(test, "", -EINVAL);
}

static void id_of_full_registry(struct kunit *test)
{
	struct registry_test *rt = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(registry_full), REGISTRY_CODES_MAX);
	registry_fill(test, REGISTRY_CODES_MAX);
	for (i = 0; i < REGISTRY_CODES_MAX; i++)
		KUNIT_EXPECT_EQ(test, i + 1,
				pgsa_registry_id(&rt->registry,
						 registry_full[i]));
}

/* As written by echo, but not any white space */
static void id_with_newline(struct kunit *test)
{
	static const char * const wrong[] = {
		"", "\n", "b\n\n", "\nb", " b", "b ", "b\t", "bb", "B", "p",
		"a b",
	};
	struct registry_test *rt = test->priv;
	unsigned int i;

	registry_fill(test, 3);
	KUNIT_EXPECT_EQ(test, pgsa_registry_id(&rt->registry, "b"), 2);
	KUNIT_EXPECT_EQ(test, pgsa_registry_id(&rt->registry, "b\n"), 2);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    pgsa_registry_id(&rt->registry, wrong[i]),
				    "'%s'", wrong[i]);
}

static void registry_expect_line(struct kunit *test, const char *line)
{
	struct registry_test *rt = test->priv;
	ssize_t len = pgsa_registry_list(&rt->registry, rt->line);

	KUNIT_EXPECT_STREQ(test, rt->line, line);
	KUNIT_EXPECT_EQ(test, len, strlen(line));
}

static void list_one_line(struct kunit *test)
{
	registry_expect_line(test, "\n");
	registry_fill(test, 1);
	registry_expect_line(test, "a\n");
}

static void list_full_registry(struct kunit *test)
{
	registry_fill(test, ARRAY_SIZE(registry_full));
	registry_expect_line(test, "a b c d e f g h i j k l m n o\n");
}

/* Found by its name and by its id, and named in the list of all */
static void registry_expect_code(struct kunit *test, const char *name,
				 bool corrects, unsigned int check_bytes)
{
	const struct pgsa_code *code = pgsa_code_find(name);
	struct registry_test *rt = test->priv;
	unsigned int id = pgsa_code_id(code);

	if (!code)
		kunit_skip(test, "%s is not built in", name);
	KUNIT_EXPECT_STREQ(test, code->name, name);
	KUNIT_EXPECT_NOT_NULL(test, code->variants->encode);
	KUNIT_EXPECT_EQ(test, !!code->correct, corrects);
	KUNIT_EXPECT_EQ(test, code->check_bytes, check_bytes);
	KUNIT_EXPECT_GE(test, id, 1);
	KUNIT_EXPECT_LE(test, id, REGISTRY_CODES_MAX);
	KUNIT_EXPECT_PTR_EQ(test, pgsa_code_by_id(id), code);
	KUNIT_EXPECT_STREQ(test, pgsa_code_name(id), name);
	KUNIT_EXPECT_GT(test, pgsa_code_list(rt->line), strlen(name));
	KUNIT_EXPECT_NOT_NULL(test, strstr(rt->line, name));
}

static void code_crc32_detects(struct kunit *test)
{
	registry_expect_code(test, "crc32", false, 4);
}

static void code_hamming_corrects(struct kunit *test)
{
	registry_expect_code(test, "hamming", true, 2);
}

static void code_crc32c_detects(struct kunit *test)
{
	registry_expect_code(test, "crc32c", false, 4);
}

static void code_lane_corrects(struct kunit *test)
{
	registry_expect_code(test, "lane", true, 48);
}

static void code_reed_solomon_corrects(struct kunit *test)
{
	registry_expect_code(test, "reed-solomon-2", true, 64);
	registry_expect_code(test, "reed-solomon", true, 128);
	registry_expect_code(test, "reed-solomon-8", true, 256);
}

static void code_unknown(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, pgsa_code_find("none"));
	KUNIT_EXPECT_NULL(test, pgsa_code_find(""));
	KUNIT_EXPECT_EQ(test, pgsa_code_id(NULL), 0);
	KUNIT_EXPECT_NULL(test, pgsa_code_by_id(0));
	KUNIT_EXPECT_NULL(test, pgsa_code_by_id(REGISTRY_CODES_MAX));
	KUNIT_EXPECT_NULL(test, pgsa_code_by_id(REGISTRY_CODES_MAX + 1));
	KUNIT_EXPECT_NULL(test, pgsa_code_by_id(UINT_MAX));
	KUNIT_EXPECT_STREQ(test, pgsa_code_name(0), "none");
	KUNIT_EXPECT_STREQ(test, pgsa_code_name(UINT_MAX), "none");
}

/* Each code once, in the order of ids, and there is room for its check bytes */
static void code_next_all(struct kunit *test)
{
	const struct pgsa_code *code = NULL;
	unsigned int nr = 0;

	while ((code = pgsa_code_next(code))) {
		KUNIT_ASSERT_EQ(test, pgsa_code_id(code), ++nr);
		KUNIT_EXPECT_LE(test, code->check_bytes,
				code->correct ? 256 : 4);
	}
	KUNIT_EXPECT_NULL(test, pgsa_code_by_id(nr + 1));
}

static void strategy_sweep(struct kunit *test)
{
	const struct pgsa_strategy *strategy = pgsa_strategy_find("sweep");
	struct registry_test *rt = test->priv;

	if (!strategy)
		kunit_skip(test, "sweep is not built in");
	KUNIT_EXPECT_STREQ(test, strategy->name, "sweep");
	KUNIT_EXPECT_NOT_NULL(test, strategy->fill);
	KUNIT_EXPECT_PTR_EQ(test, pgsa_strategy_find("sweep\n"), strategy);
	KUNIT_EXPECT_GE(test, pgsa_strategy_list(rt->line), 6);
	KUNIT_EXPECT_NOT_NULL(test, strstr(rt->line, "sweep"));
}

static void strategy_unknown(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, pgsa_strategy_find(""));
	KUNIT_EXPECT_NULL(test, pgsa_strategy_find("none"));
	KUNIT_EXPECT_NULL(test, pgsa_strategy_find("sweep "));
	KUNIT_EXPECT_NULL(test, pgsa_strategy_find("crc32"));
}

static int registry_init(struct kunit *test)
{
	struct registry_test *rt = kunit_kzalloc(test, sizeof(*rt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rt);
	rt->line = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rt->line);
	test->priv = rt;
	return 0;
}

static struct kunit_case registry_cases[] = {
	KUNIT_CASE(add_two_names),
	KUNIT_CASE(add_name_again),
	KUNIT_CASE(add_no_name),
	KUNIT_CASE(add_when_full),
	KUNIT_CASE(id_of_full_registry),
	KUNIT_CASE(id_with_newline),
	KUNIT_CASE(list_one_line),
	KUNIT_CASE(list_full_registry),
	KUNIT_CASE(code_crc32_detects),
	KUNIT_CASE(code_hamming_corrects),
	KUNIT_CASE(code_crc32c_detects),
	KUNIT_CASE(code_lane_corrects),
	KUNIT_CASE(code_reed_solomon_corrects),
	KUNIT_CASE(code_unknown),
	KUNIT_CASE(code_next_all),
	KUNIT_CASE(strategy_sweep),
	KUNIT_CASE(strategy_unknown),
	{}
};

static struct kunit_suite registry_suite = {
	.name = "pgsa_registry",
	.init = registry_init,
	.test_cases = registry_cases,
};

kunit_test_suite(registry_suite);
