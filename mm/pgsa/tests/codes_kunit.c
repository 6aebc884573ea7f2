// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_codes: every registered code computes what it is said to
 * compute, in every variant that this machine can run.
 *
 * Random damage differs from run to run; the log names the seed, and booting
 * with pgsa_codes.seed= repeats it.
 */
#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "../pgsa.h"
#include "codes_damage.h"
#include "codes_kunit.h"
#include "codes_reference.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"pgsa_codes."

#define RANDOM_PAGES		16

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random damage (0: another one each time)");

const void *codes_all(const void *prev, char *desc)
{
	const struct pgsa_code *code = pgsa_code_next(prev);

	if (code)
		strscpy(desc, code->name, KUNIT_PARAM_DESC_SIZE);
	return code;
}

const void *codes_correcting(const void *prev, char *desc)
{
	const struct pgsa_code *code = codes_all(prev, desc);

	while (code && !code->correct)
		code = codes_all(code, desc);
	return code;
}

static const struct pgsa_code *
codes_of_variant(const struct pgsa_code_variant *wanted)
{
	const struct pgsa_code_variant *variant;
	const struct pgsa_code *code = NULL;

	while ((code = pgsa_code_next(code)))
		for (variant = code->variants; variant->name; variant++)
			if (variant == wanted)
				return code;
	return NULL;
}

/* The variant after @prev that this machine can run */
static const void *codes_variants(const void *prev, char *desc)
{
	const struct pgsa_code_variant *variant = prev;
	const struct pgsa_code *code;

	code = prev ? codes_of_variant(prev) : pgsa_code_next(NULL);
	for (; code; code = pgsa_code_next(code), variant = NULL) {
		variant = variant ? variant + 1 : code->variants;
		while (variant->name && variant->usable && !variant->usable())
			variant++;
		if (!variant->name)
			continue;
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s %s", code->name,
			 variant->name);
		return variant;
	}
	return NULL;
}

/* The variant that is compared with its definition, and all others with it */
static const struct pgsa_code_variant *
codes_generic(const struct pgsa_code *code)
{
	const struct pgsa_code_variant *variant = code->variants;

	while (variant[1].name)
		variant++;
	return variant;
}

static const void *codes_other_variants(const void *prev, char *desc)
{
	const void *variant = prev;

	do {
		variant = codes_variants(variant, desc);
	} while (variant && variant == codes_generic(codes_of_variant(variant)));
	return variant;
}

KUNIT_ARRAY_PARAM_DESC(codes_reference, pgsa_code_references, name);

static u8 *codes_alloc(struct kunit *test, size_t size)
{
	u8 *bytes = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	return bytes;
}

/* Room for redundancy, at an odd address: in a record it may have any. */
u8 *codes_alloc_check(struct kunit *test, const struct pgsa_code *code)
{
	return codes_alloc(test, code->check_bytes + 2) + 1;
}

/* The redundancy of the good page */
u8 *codes_seal(struct kunit *test, const struct pgsa_code *code)
{
	struct codes_test *ct = test->priv;
	u8 *check = codes_alloc_check(test, code);

	pgsa_encode(code, ct->good, check);
	return check;
}

const struct pgsa_code *codes_get(struct kunit *test, const char *name)
{
	const struct pgsa_code *code = pgsa_code_find(name);

	if (!code)
		kunit_skip(test, "%s is not built in", name);
	return code;
}

static void codes_fill(struct codes_test *ct, unsigned int i)
{
	if (i < NR_PGSA_PATTERNS)
		pgsa_pattern_fill(i, ct->page);
	else
		pgsa_random_fill(&ct->random, ct->page, PGSA_CODE_PAGE_SIZE);
}

/* A code without a reference would not be compared with its definition. */
static void encode_has_reference(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	unsigned int i, references = 0;

	for (i = 0; i < ARRAY_SIZE(pgsa_code_references); i++)
		references += !strcmp(pgsa_code_references[i].name, code->name);
	KUNIT_EXPECT_EQ(test, references, 1);
}

static void encode_known_pages(struct kunit *test)
{
	const struct pgsa_code_reference *ref = test->param_value;
	const struct pgsa_code *code = codes_get(test, ref->name);
	u8 *check = codes_alloc_check(test, code);
	struct codes_test *ct = test->priv;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, ct->page);
		pgsa_encode(code, ct->page, check);
		KUNIT_EXPECT_EQ_MSG(test, ref->number[i],
				    pgsa_check_number(check, code->check_bytes),
				    "pattern %u", i);
	}
}

static void encode_by_definition(struct kunit *test)
{
	const struct pgsa_code_reference *ref = test->param_value;
	const struct pgsa_code *code = codes_get(test, ref->name);
	u8 *expect = codes_alloc_check(test, code);
	u8 *check = codes_alloc_check(test, code);
	struct codes_test *ct = test->priv;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS + RANDOM_PAGES; i++) {
		codes_fill(ct, i);
		ref->compute(ct->page, expect);
		pgsa_encode_variant(codes_generic(code), ct->page, check);
		KUNIT_EXPECT_MEMEQ(test, check, expect, code->check_bytes);
	}
}

/* No byte more, no byte left out, and the page stays as it is */
static void encode_bounds(struct kunit *test)
{
	const struct pgsa_code_variant *variant = test->param_value;
	const struct pgsa_code *code = codes_of_variant(variant);
	u8 *check = codes_alloc_check(test, code);
	u8 *again = codes_alloc_check(test, code);
	struct codes_test *ct = test->priv;

	memset(check - 1, 0x55, code->check_bytes + 2);
	memset(again - 1, 0xaa, code->check_bytes + 2);
	pgsa_encode_variant(variant, ct->page, check);
	pgsa_encode_variant(variant, ct->page, again);

	KUNIT_EXPECT_MEMEQ(test, check, again, code->check_bytes);
	KUNIT_EXPECT_EQ(test, check[-1], 0x55);
	KUNIT_EXPECT_EQ(test, again[-1], 0xaa);
	KUNIT_EXPECT_EQ(test, check[code->check_bytes], 0x55);
	KUNIT_EXPECT_EQ(test, again[code->check_bytes], 0xaa);
	KUNIT_EXPECT_TRUE(test, codes_page_good(ct));
}

static void encode_like_generic(struct kunit *test)
{
	const struct pgsa_code_variant *variant = test->param_value;
	const struct pgsa_code *code = codes_of_variant(variant);
	u8 *expect = codes_alloc_check(test, code);
	u8 *check = codes_alloc_check(test, code);
	struct codes_test *ct = test->priv;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS + RANDOM_PAGES; i++) {
		codes_fill(ct, i);
		pgsa_encode_variant(codes_generic(code), ct->page, expect);
		pgsa_encode_variant(variant, ct->page, check);
		KUNIT_EXPECT_MEMEQ(test, check, expect, code->check_bytes);
	}
}

/*
 * The codes are linear, but for a constant. A variant that agrees in all pages
 * with one bit has forgotten no bit and misplaced none.
 */
static void encode_single_bits(struct kunit *test)
{
	const struct pgsa_code_variant *variant = test->param_value;
	const struct pgsa_code *code = codes_of_variant(variant);
	u8 *expect = codes_alloc_check(test, code);
	u8 *check = codes_alloc_check(test, code);
	struct codes_test *ct = test->priv;
	unsigned int bit;

	memset(ct->page, 0, PGSA_CODE_PAGE_SIZE);
	for (bit = 0; bit < PGSA_PAGE_BITS; bit++) {
		pgsa_flip_bit(ct->page, bit);
		pgsa_encode_variant(codes_generic(code), ct->page, expect);
		pgsa_encode_variant(variant, ct->page, check);
		pgsa_flip_bit(ct->page, bit);
		KUNIT_ASSERT_TRUE_MSG(test, !memcmp(check, expect,
						    code->check_bytes),
				      "bit %u", bit);
		cond_resched();
	}
}

/* Two codes in one visit give the same as each alone. */
static void encode_both_alike(struct kunit *test)
{
	const struct pgsa_code *correct = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_alloc_check(test, correct), *seal, *expect, *now;
	unsigned int i, d;

	expect = codes_alloc_check(test, correct);
	seal = codes_alloc(test, MAX_DETECT_BYTES);
	now = codes_alloc(test, MAX_DETECT_BYTES);
	for (d = 0; ct->detect[d]; d++) {
		for (i = 0; i < NR_PGSA_PATTERNS + RANDOM_PAGES; i++) {
			codes_fill(ct, i);
			pgsa_encode(ct->detect[d], ct->page, seal);
			pgsa_encode(correct, ct->page, expect);
			pgsa_encode_both(ct->detect[d], correct, ct->page, now,
					 check);
			KUNIT_EXPECT_MEMEQ(test, now, seal,
					   ct->detect[d]->check_bytes);
			KUNIT_EXPECT_MEMEQ(test, check, expect,
					   correct->check_bytes);
		}
	}
}

int codes_suite_init(struct kunit_suite *suite)
{
	if (!seed)
		seed = get_random_u32();
	kunit_log(KERN_INFO, suite, KUNIT_SUBTEST_INDENT "# seed %u\n", seed);
	return 0;
}

/* Seal the good page by all detecting codes. */
static void codes_seal_all(struct kunit *test, struct codes_test *ct)
{
	const struct pgsa_code *code = NULL;
	unsigned int d = 0;

	while ((code = pgsa_code_next(code))) {
		if (code->correct)
			continue;
		KUNIT_ASSERT_LT(test, d, MAX_DETECTING);
		KUNIT_ASSERT_LE(test, code->check_bytes, MAX_DETECT_BYTES);
		pgsa_encode(code, ct->good, ct->seal[d]);
		ct->detect[d++] = code;
	}
}

int codes_init(struct kunit *test)
{
	struct codes_test *ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ct);
	ct->good = codes_alloc(test, PGSA_CODE_PAGE_SIZE);
	ct->page = codes_alloc(test, PGSA_CODE_PAGE_SIZE);
	ct->damaged = codes_alloc(test, PGSA_CODE_PAGE_SIZE);
	ct->random = seed;
	pgsa_random_fill(&ct->random, ct->good, PGSA_CODE_PAGE_SIZE);
	codes_restore(ct);
	codes_seal_all(test, ct);
	test->priv = ct;
	return 0;
}

static struct kunit_case codes_cases[] = {
	KUNIT_CASE_PARAM(encode_has_reference, codes_all),
	KUNIT_CASE_PARAM(encode_known_pages, codes_reference_gen_params),
	KUNIT_CASE_PARAM(encode_by_definition, codes_reference_gen_params),
	KUNIT_CASE_PARAM(encode_bounds, codes_variants),
	KUNIT_CASE_PARAM(encode_like_generic, codes_other_variants),
	KUNIT_CASE_PARAM_ATTR(encode_single_bits, codes_other_variants,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM(encode_both_alike, codes_correcting),
	{}
};

static struct kunit_suite codes_suite = {
	.name = "pgsa_codes",
	.suite_init = codes_suite_init,
	.init = codes_init,
	.test_cases = codes_cases,
};

kunit_test_suite(codes_suite);
