// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_codes: what every registered code promises, and that crc32
 * and hamming compute what they are said to compute.
 *
 * Random damage differs from run to run; the log names the seed, and booting
 * with pgsa_codes.seed= repeats it.
 */
#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/string.h>

#include "../pgsa.h"
#include "../codes/code.h"
#include "codes_reference.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"pgsa_codes."

#define RANDOM_PAGES	64
#define BURST_BITS	32
#define BURSTS		10000
#define FLIPS		10000
#define TWO_FLIPS	100000
#define THREE_FLIPS	10000

struct codes_test {
	u8 *good;		/* a random page */
	u8 *page;		/* the same page, to be damaged */
	struct rnd_state rnd;
};

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random damage (0: another one each time)");

static const void *codes_all(const void *prev, char *desc)
{
	const struct pgsa_code *code = pgsa_code_next(prev);

	if (code)
		strscpy(desc, code->name, KUNIT_PARAM_DESC_SIZE);
	return code;
}

static const void *codes_correcting(const void *prev, char *desc)
{
	const struct pgsa_code *code = codes_all(prev, desc);

	while (code && !code->correct)
		code = codes_all(code, desc);
	return code;
}

static const void *codes_detecting(const void *prev, char *desc)
{
	const struct pgsa_code *code = codes_all(prev, desc);

	while (code && code->correct)
		code = codes_all(code, desc);
	return code;
}

KUNIT_ARRAY_PARAM_DESC(codes_reference, pgsa_code_references, name);

static u8 *codes_alloc(struct kunit *test, size_t size)
{
	u8 *bytes = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	return bytes;
}

/* The redundancy of the good page */
static u8 *codes_seal(struct kunit *test, const struct pgsa_code *code)
{
	struct codes_test *ct = test->priv;
	u8 *check = codes_alloc(test, code->check_bytes);

	code->encode(ct->good, check);
	return check;
}

static const struct pgsa_code *codes_get(struct kunit *test, const char *name)
{
	const struct pgsa_code *code = pgsa_code_find(name);

	if (!code)
		kunit_skip(test, "%s is not built in", name);
	return code;
}

static bool codes_page_good(const struct codes_test *ct)
{
	return !memcmp(ct->page, ct->good, PGSA_CODE_PAGE_SIZE);
}

static void codes_flip(struct codes_test *ct, const unsigned int *bit,
		       unsigned int nr)
{
	while (nr--)
		pgsa_flip_bit(ct->page, bit[nr]);
}

/* Flip different bits of the page, and tell which */
static void codes_flip_random(struct codes_test *ct, unsigned int *bit,
			      unsigned int nr)
{
	unsigned int i, k;

	for (i = 0; i < nr; i++) {
		do {
			bit[i] = prandom_u32_state(&ct->rnd) % PGSA_PAGE_BITS;
			for (k = 0; bit[k] != bit[i]; k++)
				;
		} while (k < i);
	}
	codes_flip(ct, bit, nr);
}

static void encode_known_pages(struct kunit *test)
{
	const struct pgsa_code_reference *ref = test->param_value;
	const struct pgsa_code *code = codes_get(test, ref->name);
	struct codes_test *ct = test->priv;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, ct->page);
		KUNIT_EXPECT_EQ_MSG(test, pgsa_code_number(code, ct->page),
				    ref->check[i], "pattern %u", i);
		KUNIT_EXPECT_EQ_MSG(test, ref->compute(ct->page),
				    ref->check[i], "pattern %u", i);
	}
}

static void encode_random_pages(struct kunit *test)
{
	const struct pgsa_code_reference *ref = test->param_value;
	const struct pgsa_code *code = codes_get(test, ref->name);
	struct codes_test *ct = test->priv;
	unsigned int i;

	for (i = 0; i < RANDOM_PAGES; i++) {
		prandom_bytes_state(&ct->rnd, ct->page, PGSA_CODE_PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, pgsa_code_number(code, ct->page),
				ref->compute(ct->page));
	}
}

/* Equal pages, equal redundancy: no byte more, no byte left out */
static void encode_same_page_twice(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_alloc(test, code->check_bytes + 1);
	u8 *again = codes_alloc(test, code->check_bytes + 1);

	memset(check, 0x55, code->check_bytes + 1);
	memset(again, 0xaa, code->check_bytes + 1);
	code->encode(ct->good, check);
	code->encode(ct->page, again);

	KUNIT_EXPECT_MEMEQ(test, check, again, code->check_bytes);
	KUNIT_EXPECT_EQ(test, check[code->check_bytes], 0x55);
	KUNIT_EXPECT_EQ(test, again[code->check_bytes], 0xaa);
	KUNIT_EXPECT_TRUE(test, codes_page_good(ct));
}

/* The redundancy of a frame record may start at any address */
static void encode_odd_address(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	u8 *odd = codes_alloc(test, code->check_bytes + 1) + 1;

	code->encode(ct->good, odd);
	KUNIT_EXPECT_MEMEQ(test, check, odd, code->check_bytes);
	if (code->correct)
		KUNIT_EXPECT_EQ(test, code->correct(ct->page, odd), 0);
}

static void encode_any_one_flip(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	u8 *now = codes_alloc(test, code->check_bytes);
	unsigned int bit;

	for (bit = 0; bit < PGSA_PAGE_BITS; bit++) {
		pgsa_flip_bit(ct->page, bit);
		code->encode(ct->page, now);
		KUNIT_ASSERT_TRUE_MSG(test, memcmp(check, now, code->check_bytes),
				      "bit %u", bit);
		pgsa_flip_bit(ct->page, bit);
	}
}

static void encode_up_to_three_flips(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	u8 *now = codes_alloc(test, code->check_bytes);
	unsigned int bit[3] = {}, i, nr;

	for (i = 0; i < FLIPS; i++) {
		nr = 1 + i % 3;
		codes_flip_random(ct, bit, nr);
		code->encode(ct->page, now);
		KUNIT_ASSERT_TRUE_MSG(test, memcmp(check, now, code->check_bytes),
				      "%u of bits %u %u %u", nr, bit[0], bit[1],
				      bit[2]);
		codes_flip(ct, bit, nr);
	}
}

/* Any pattern of changes whose ends are less than 32 bits apart */
static void encode_burst(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	u8 *now = codes_alloc(test, code->check_bytes);
	unsigned int bit[BURST_BITS], first, i, k, nr;
	u32 burst;

	for (i = 0; i < BURSTS; i++) {
		first = prandom_u32_state(&ct->rnd) %
			(PGSA_PAGE_BITS - BURST_BITS + 1);
		burst = prandom_u32_state(&ct->rnd) | 1;
		for (k = 0, nr = 0; k < BURST_BITS; k++)
			if (burst >> k & 1)
				bit[nr++] = first + k;
		codes_flip(ct, bit, nr);
		code->encode(ct->page, now);
		KUNIT_ASSERT_TRUE_MSG(test, memcmp(check, now, code->check_bytes),
				      "burst %#x at %u", burst, first);
		codes_flip(ct, bit, nr);
	}
}

static void correct_clean_page(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	unsigned int i;
	u8 *check;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, ct->good);
		pgsa_pattern_fill(i, ct->page);
		check = codes_seal(test, code);
		KUNIT_EXPECT_EQ(test, code->correct(ct->page, check), 0);
		KUNIT_EXPECT_TRUE(test, codes_page_good(ct));
	}
}

static void correct_any_one_flip(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	unsigned int bit;

	for (bit = 0; bit < PGSA_PAGE_BITS; bit++) {
		pgsa_flip_bit(ct->page, bit);
		KUNIT_ASSERT_EQ_MSG(test, code->correct(ct->page, check), 1,
				    "bit %u", bit);
		KUNIT_ASSERT_TRUE_MSG(test, codes_page_good(ct), "bit %u", bit);
	}
}

/* Each page must end right again, or refused and left alone: how many were? */
static unsigned int codes_refuse_two_flips(struct kunit *test,
					   const struct pgsa_code *code)
{
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	unsigned int bit[2], i, refused = 0;

	for (i = 0; i < TWO_FLIPS; i++) {
		codes_flip_random(ct, bit, 2);
		if (code->correct(ct->page, check) == -EBADMSG) {
			codes_flip(ct, bit, 2);
			refused++;
		}
		KUNIT_ASSERT_TRUE_MSG(test, codes_page_good(ct), "bits %u %u",
				      bit[0], bit[1]);
	}
	return refused;
}

static void correct_two_flips(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;

	kunit_info(test, "%s refused %u of %u\n", code->name,
		   codes_refuse_two_flips(test, code), TWO_FLIPS);
}

static void hamming_correct_two_flips(struct kunit *test)
{
	const struct pgsa_code *code = codes_get(test, "hamming");

	KUNIT_EXPECT_EQ(test, codes_refuse_two_flips(test, code), TWO_FLIPS);
}

/* Correct the page, and tell if a detecting code accepts the result */
static bool codes_proven(struct codes_test *ct, const struct pgsa_code *code,
			 const u8 *check, const struct pgsa_code *detect,
			 const u8 *seal, u8 *now)
{
	if (code->correct(ct->page, check) == -EBADMSG)
		return false;
	detect->encode(ct->page, now);
	return !memcmp(seal, now, detect->check_bytes);
}

static void codes_prove_three_flips(struct kunit *test,
				    const struct pgsa_code *code,
				    const struct pgsa_code *detect)
{
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	u8 *seal = codes_seal(test, detect);
	u8 *now = codes_alloc(test, detect->check_bytes);
	unsigned int bit[3], i, proven = 0;

	for (i = 0; i < THREE_FLIPS; i++) {
		codes_flip_random(ct, bit, 3);
		if (codes_proven(ct, code, check, detect, seal, now)) {
			KUNIT_ASSERT_TRUE_MSG(test, codes_page_good(ct),
					      "bits %u %u %u", bit[0], bit[1],
					      bit[2]);
			proven++;
		}
		memcpy(ct->page, ct->good, PGSA_CODE_PAGE_SIZE);
	}
	kunit_info(test, "%s with %s: %u of %u corrected, none wrongly\n",
		   code->name, detect->name, proven, i);
}

static void correct_three_flips(struct kunit *test)
{
	const struct pgsa_code *detect;
	char desc[KUNIT_PARAM_DESC_SIZE];

	for (detect = codes_detecting(NULL, desc); detect;
	     detect = codes_detecting(detect, desc))
		codes_prove_three_flips(test, test->param_value, detect);
}

/* The redundancy is memory too: a wrong one must not make a page wrong */
static void correct_damaged_check(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	const struct pgsa_code *detect = codes_get(test, "crc32");
	struct codes_test *ct = test->priv;
	u8 *check = codes_seal(test, code);
	u8 *seal = codes_seal(test, detect);
	u8 *now = codes_alloc(test, detect->check_bytes);
	unsigned int bit;

	for (bit = 0; bit < code->check_bytes * 8; bit++) {
		pgsa_flip_bit(check, bit);
		if (codes_proven(ct, code, check, detect, seal, now))
			KUNIT_EXPECT_TRUE_MSG(test, codes_page_good(ct),
					      "bit %u", bit);
		pgsa_flip_bit(check, bit);
		memcpy(ct->page, ct->good, PGSA_CODE_PAGE_SIZE);
	}
}

static int codes_suite_init(struct kunit_suite *suite)
{
	if (!seed)
		seed = get_random_u32();
	kunit_log(KERN_INFO, suite, KUNIT_SUBTEST_INDENT "# seed %u\n", seed);
	return 0;
}

static int codes_init(struct kunit *test)
{
	struct codes_test *ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ct);
	ct->good = codes_alloc(test, PGSA_CODE_PAGE_SIZE);
	ct->page = codes_alloc(test, PGSA_CODE_PAGE_SIZE);
	prandom_seed_state(&ct->rnd, seed);
	prandom_bytes_state(&ct->rnd, ct->good, PGSA_CODE_PAGE_SIZE);
	memcpy(ct->page, ct->good, PGSA_CODE_PAGE_SIZE);
	test->priv = ct;
	return 0;
}

static struct kunit_case codes_cases[] = {
	KUNIT_CASE_PARAM(encode_known_pages, codes_reference_gen_params),
	KUNIT_CASE_PARAM(encode_random_pages, codes_reference_gen_params),
	KUNIT_CASE_PARAM(encode_same_page_twice, codes_all),
	KUNIT_CASE_PARAM(encode_odd_address, codes_all),
	KUNIT_CASE_PARAM_ATTR(encode_any_one_flip, codes_all,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(encode_up_to_three_flips, codes_all,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(encode_burst, codes_detecting,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM(correct_clean_page, codes_correcting),
	KUNIT_CASE_PARAM_ATTR(correct_any_one_flip, codes_correcting,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(correct_two_flips, codes_correcting,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_SLOW(hamming_correct_two_flips),
	KUNIT_CASE_PARAM_ATTR(correct_three_flips, codes_correcting,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM(correct_damaged_check, codes_correcting),
	{}
};

static struct kunit_suite codes_suite = {
	.name = "pgsa_codes",
	.suite_init = codes_suite_init,
	.init = codes_init,
	.test_cases = codes_cases,
};

kunit_test_suite(codes_suite);
