// SPDX-License-Identifier: GPL-2.0
/*
 * codes-test: what every code promises, for every variant that this processor
 * can run, in user space under ASan and UBSan. Redundancy has its exact size and
 * an odd address, so that no access outside it goes unseen.
 *
 * Usage: codes-test [SEED [CODE]]. Output: TAP. With CODES_TEST_SLOW=1 in the
 * environment each correcting code meets 10^6 random damages.
 */
#include <linux/array_size.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "registry.h"
#include "tests/codes_damage.h"
#include "tests/codes_reference.h"

#define MAX_CHECK	4096
#define RANDOM_PAGES	64
#define DAMAGES		10000
#define DAMAGES_SLOW	1000000
#define DAMAGED_CHECKS	3000

static u8 *good;	/* a random page */
static u8 *page;	/* the same page, to be damaged */
static u64 random_state;
static unsigned int nr_tests, nr_failed;

static void *get_memory(size_t alignment, size_t size)
{
	void *memory = NULL;

	if (posix_memalign(&memory, alignment, size)) {
		puts("Bail out! no memory");
		exit(1);
	}
	return memory;
}

static void report(bool ok, const struct pgsa_code *code, const char *what,
		   const char *variant)
{
	nr_tests++;
	nr_failed += !ok;
	printf("%sok %u %s %s%s%s\n", ok ? "" : "not ", nr_tests, code->name,
	       what, *variant ? " " : "", variant);
	fflush(stdout);
}

/* At an odd address, and nothing after it; before it a byte to stay 0x55 */
static u8 *get_check(const struct pgsa_code *code)
{
	u8 *check = get_memory(16, 1 + code->check_bytes);

	memset(check, 0x55, 1 + code->check_bytes);
	return check + 1;
}

static bool put_check(u8 *check)
{
	bool ok = check[-1] == 0x55;

	free(check - 1);
	return ok;
}

/* The one that all others are compared with, itself compared by definition */
static const struct pgsa_code_variant *generic(const struct pgsa_code *code)
{
	const struct pgsa_code_variant *variant = code->variants;

	while (variant[1].name)
		variant++;
	return variant;
}

static void encode(const struct pgsa_code *code, const void *from, u8 *check)
{
	pgsa_code_fast(code)->encode(from, check);
}

static bool page_good(void)
{
	return !memcmp(page, good, PGSA_CODE_PAGE_SIZE);
}

static void restore_page(void)
{
	memcpy(page, good, PGSA_CODE_PAGE_SIZE);
}

static void random_page(void)
{
	pgsa_random_fill(&random_state, good, PGSA_CODE_PAGE_SIZE);
	restore_page();
}

static const struct pgsa_code_reference *
find_reference(const struct pgsa_code *code)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgsa_code_references); i++)
		if (!strcmp(pgsa_code_references[i].name, code->name))
			return &pgsa_code_references[i];
	return NULL;
}

static bool test_known_pages(const struct pgsa_code *code,
			     const struct pgsa_code_reference *ref)
{
	u8 *check = get_check(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, page);
		generic(code)->encode(page, check);
		ok &= pgsa_check_number(check, code->check_bytes) ==
		      ref->number[i];
		ref->compute(page, check);
		ok &= pgsa_check_number(check, code->check_bytes) ==
		      ref->number[i];
	}
	return put_check(check) && ok;
}

static bool test_definition(const struct pgsa_code *code,
			    const struct pgsa_code_reference *ref)
{
	u8 *check = get_check(code), *expect = get_check(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < RANDOM_PAGES; i++) {
		random_page();
		generic(code)->encode(page, check);
		ref->compute(page, expect);
		ok &= !memcmp(check, expect, code->check_bytes);
	}
	return put_check(expect) && put_check(check) && ok;
}

/* Both methods of a variant against those of the generic ones, for this page */
static bool variant_agrees(const struct pgsa_code *code,
			   const struct pgsa_code_variant *variant,
			   u8 *check, const u8 *expect)
{
	u8 *detect, *expect_detect;
	bool ok;

	memset(check, 0xaa, code->check_bytes);
	variant->encode(page, check);
	ok = !memcmp(check, expect, code->check_bytes);
	if (!variant->encode_both)
		return ok;

	detect = get_check(code->with);
	expect_detect = get_check(code->with);
	generic(code->with)->encode(page, expect_detect);
	memset(check, 0xaa, code->check_bytes);
	variant->encode_both(page, detect, check);
	ok &= !memcmp(check, expect, code->check_bytes) &&
	      !memcmp(detect, expect_detect, code->with->check_bytes);
	return put_check(expect_detect) && put_check(detect) && ok;
}

static bool test_special_pages(const struct pgsa_code *code,
			       const struct pgsa_code_variant *variant)
{
	u8 *check = get_check(code), *expect = get_check(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS + RANDOM_PAGES; i++) {
		if (i < NR_PGSA_PATTERNS)
			pgsa_pattern_fill(i, good);
		else
			pgsa_random_fill(&random_state, good,
					 PGSA_CODE_PAGE_SIZE);
		restore_page();
		generic(code)->encode(page, expect);
		ok &= variant_agrees(code, variant, check, expect) &&
		      page_good();
	}
	return put_check(expect) && put_check(check) && ok;
}

/*
 * The codes are linear, but for a constant: pages with one bit tell all. A
 * variant that agrees in these has forgotten no bit and misplaced none.
 */
static bool test_single_bits(const struct pgsa_code *code,
			     const struct pgsa_code_variant *variant)
{
	u8 *check = get_check(code), *expect = get_check(code);
	bool ok = true;
	unsigned int i;

	memset(page, 0, PGSA_CODE_PAGE_SIZE);
	for (i = 0; i < PGSA_PAGE_BITS; i++) {
		pgsa_flip_bit(page, i);
		generic(code)->encode(page, expect);
		ok &= variant_agrees(code, variant, check, expect);
		pgsa_flip_bit(page, i);
	}
	return put_check(expect) && put_check(check) && ok;
}

static bool keeps_promise(const struct pgsa_code *code, const u8 *check,
			  u8 *now, enum pgsa_outcome outcome)
{
	u8 damaged[PGSA_CODE_PAGE_SIZE];
	int bits = pgsa_distance(page, good);

	if (outcome == PGSA_REPAIRED)
		return code->correct(page, check) == bits && page_good();
	if (outcome == PGSA_REFUSED) {
		memcpy(damaged, page, sizeof(damaged));
		return code->correct(page, check) == -EBADMSG &&
		       !memcmp(page, damaged, sizeof(damaged));
	}
	encode(code, page, now);
	return memcmp(check, now, code->check_bytes);
}

static bool test_promise(const struct pgsa_code *code,
			 const struct pgsa_promise *promise)
{
	u8 *check = get_check(code), *now = get_check(code);
	bool ok = true;
	unsigned int i;

	random_page();
	encode(code, good, check);
	for (i = 0; i < promise->places && ok; i++) {
		promise->damage(page, i, promise->size, &random_state);
		ok = keeps_promise(code, check, now, promise->outcome);
		restore_page();
	}
	if (!ok)
		printf("# broken at place %u of %u\n", i - 1, promise->places);
	return put_check(now) && put_check(check) && ok;
}

static bool test_clean_pages(const struct pgsa_code *code)
{
	u8 *check = get_check(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, good);
		restore_page();
		encode(code, page, check);
		ok &= code->correct(page, check) == 0 && page_good();
	}
	return put_check(check) && ok;
}

/* What became of damages that no code promised to repair */
struct tally {
	unsigned int repaired;
	unsigned int refused;
	unsigned int uncovered;	/* "corrected", but no detecting code agrees */
	unsigned int wrong;	/* a detecting code accepts a wrong page */
	unsigned int touched;	/* refused, but not left alone */
};

static bool accepts(const struct pgsa_code *detect)
{
	u8 seal[MAX_CHECK], now[MAX_CHECK];

	encode(detect, good, seal);
	encode(detect, page, now);
	return !memcmp(seal, now, detect->check_bytes);
}

static bool any_accepts(void)
{
	const struct pgsa_code *code = NULL;

	while ((code = pgsa_code_next(code)))
		if (!code->correct && accepts(code))
			return true;
	return false;
}

static void correct_and_prove(const struct pgsa_code *code, const u8 *check,
			      struct tally *tally)
{
	u8 damaged[PGSA_CODE_PAGE_SIZE];

	memcpy(damaged, page, sizeof(damaged));
	if (code->correct(page, check) == -EBADMSG) {
		tally->refused++;
		tally->touched += !!memcmp(page, damaged, sizeof(damaged));
	} else if (page_good()) {
		tally->repaired++;
	} else if (any_accepts()) {
		tally->wrong++;
	} else {
		tally->uncovered++;
	}
	restore_page();
}

static bool report_tally(const struct pgsa_code *code,
			 const struct tally *tally)
{
	printf("# %s: %u repaired, %u refused, %u uncovered, %u wrong\n",
	       code->name, tally->repaired, tally->refused, tally->uncovered,
	       tally->wrong);
	return !tally->wrong && !tally->touched;
}

static bool test_random_damage(const struct pgsa_code *code)
{
	unsigned int i, nr = getenv("CODES_TEST_SLOW") ? DAMAGES_SLOW : DAMAGES;
	struct tally tally = {};
	u8 *check = get_check(code);

	random_page();
	encode(code, good, check);
	for (i = 0; i < nr; i++) {
		pgsa_damage_any(page, i, 0, &random_state);
		correct_and_prove(code, check, &tally);
	}
	return put_check(check) && report_tally(code, &tally);
}

/*
 * The redundancy is memory too: each of its bits alone, then random damage to
 * it and to the page.
 */
static bool test_damaged_check(const struct pgsa_code *code)
{
	unsigned int i, bits = code->check_bytes * 8;
	struct tally tally = {};
	u8 *check = get_check(code);

	random_page();
	for (i = 0; i < bits + DAMAGED_CHECKS; i++) {
		encode(code, good, check);
		if (i < bits) {
			pgsa_flip_bit(check, i);
		} else {
			check[i % code->check_bytes] = pgsa_random(&random_state);
			pgsa_damage_any(page, i, 0, &random_state);
		}
		correct_and_prove(code, check, &tally);
	}
	return put_check(check) && report_tally(code, &tally);
}

static void test_encoding(const struct pgsa_code *code)
{
	const struct pgsa_code_reference *ref = find_reference(code);
	const struct pgsa_code_variant *variant = NULL;

	report(ref && test_known_pages(code, ref), code, "known pages", "");
	report(ref && test_definition(code, ref), code, "definition", "");
	while ((variant = pgsa_code_next_variant(code, variant))) {
		if (variant == generic(code))
			continue;
		report(test_special_pages(code, variant), code,
		       "special and random pages", variant->name);
		report(test_single_bits(code, variant), code,
		       "pages with one bit", variant->name);
	}
}

static void test_promises(const struct pgsa_code *code)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(pgsa_promises); i++) {
		if (strcmp(pgsa_promises[i].code, code->name))
			continue;
		nr++;
		report(test_promise(code, &pgsa_promises[i]), code,
		       pgsa_promises[i].what, "");
	}
	report(nr > 0, code, "promises something", "");
}

static void test_correcting(const struct pgsa_code *code)
{
	report(test_clean_pages(code), code, "clean pages", "");
	report(test_random_damage(code), code, "random damage", "");
	report(test_damaged_check(code), code, "damaged redundancy", "");
}

int main(int argc, char **argv)
{
	const struct pgsa_code *code = NULL;

	random_state = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	good = get_memory(64, PGSA_CODE_PAGE_SIZE);
	page = get_memory(64, PGSA_CODE_PAGE_SIZE);
	printf("TAP version 13\n# seed %llu\n",
	       (unsigned long long)random_state);
	while ((code = pgsa_code_next(code))) {
		if (argc > 2 && strcmp(argv[2], code->name))
			continue;
		test_encoding(code);
		test_promises(code);
		if (code->correct)
			test_correcting(code);
	}
	printf("1..%u\n", nr_tests);
	free(page);
	free(good);
	return !!nr_failed;
}
