// SPDX-License-Identifier: GPL-2.0
/*
 * codes-test: the promises of every code, in user space under ASan and UBSan.
 * Buffers have the exact size, so that no access outside them goes unseen.
 *
 * Usage: codes-test [SEED]. Output: TAP.
 */
#include <linux/array_size.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "registry.h"
#include "tests/codes_reference.h"

#define RANDOM_PAGES	256
#define RANDOM_FLIPS	100000

static u8 *good;	/* a random page */
static u8 *page;	/* the same page, to be damaged */
static u64 random_state;

/* S. Vigna's splitmix64 */
static u64 random_u64(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static void *get_memory(size_t alignment, size_t size)
{
	void *memory = NULL;

	if (posix_memalign(&memory, alignment, size)) {
		puts("Bail out! no memory");
		exit(1);
	}
	return memory;
}

static u8 *seal(const struct pgsa_code *code)
{
	u8 *check = get_memory(sizeof(void *), code->check_bytes);

	code->encode(good, check);
	return check;
}

static bool page_good(void)
{
	return !memcmp(page, good, PGSA_CODE_PAGE_SIZE);
}

static void random_page(void)
{
	unsigned int i;
	u64 word;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i += sizeof(word)) {
		word = random_u64();
		memcpy(good + i, &word, sizeof(word));
	}
	memcpy(page, good, PGSA_CODE_PAGE_SIZE);
}

static void flip(const unsigned int *bit, unsigned int nr)
{
	while (nr--)
		pgsa_flip_bit(page, bit[nr]);
}

/* Flip different bits of the page, and tell which */
static void flip_random(unsigned int *bit, unsigned int nr)
{
	unsigned int i, k;

	for (i = 0; i < nr; i++) {
		do {
			bit[i] = random_u64() % PGSA_PAGE_BITS;
			for (k = 0; bit[k] != bit[i]; k++)
				;
		} while (k < i);
	}
	flip(bit, nr);
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

static bool encode_known_pages(const struct pgsa_code *code)
{
	const struct pgsa_code_reference *ref = find_reference(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, page);
		ok &= pgsa_code_number(code, page) == ref->check[i];
		ok &= ref->compute(page) == ref->check[i];
	}
	return ok;
}

static bool encode_random_pages(const struct pgsa_code *code)
{
	const struct pgsa_code_reference *ref = find_reference(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < RANDOM_PAGES; i++) {
		random_page();
		ok &= pgsa_code_number(code, page) == ref->compute(page);
	}
	return ok;
}

static bool encode_any_one_flip(const struct pgsa_code *code)
{
	u8 *check = seal(code), *now = seal(code);
	bool ok = true;
	unsigned int i;

	for (i = 0; i < PGSA_PAGE_BITS; i++) {
		flip(&i, 1);
		code->encode(page, now);
		ok &= !!memcmp(check, now, code->check_bytes);
		flip(&i, 1);
	}
	free(now);
	free(check);
	return ok;
}

static bool encode_up_to_three_flips(const struct pgsa_code *code)
{
	u8 *check = seal(code), *now = seal(code);
	unsigned int bit[3], i, nr;
	bool ok = true;

	for (i = 0; i < RANDOM_FLIPS; i++) {
		nr = 1 + i % 3;
		flip_random(bit, nr);
		code->encode(page, now);
		ok &= !!memcmp(check, now, code->check_bytes);
		flip(bit, nr);
	}
	free(now);
	free(check);
	return ok;
}

static bool correct_any_one_flip(const struct pgsa_code *code)
{
	u8 *check = seal(code);
	bool ok = true;
	unsigned int i;

	ok &= code->correct(page, check) == 0 && page_good();
	for (i = 0; i < PGSA_PAGE_BITS; i++) {
		flip(&i, 1);
		ok &= code->correct(page, check) == 1 && page_good();
	}
	free(check);
	return ok;
}

/* Either right again, or refused and left alone */
static bool correct_two_flips(const struct pgsa_code *code)
{
	unsigned int bit[2], i, refused = 0;
	u8 *check = seal(code);
	bool ok = true;

	for (i = 0; i < RANDOM_FLIPS && ok; i++) {
		flip_random(bit, 2);
		if (code->correct(page, check) == -EBADMSG) {
			flip(bit, 2);
			refused++;
		}
		ok = page_good();
	}
	printf("# %s refused %u of %u\n", code->name, refused, i);
	if (!strcmp(code->name, "hamming"))
		ok &= refused == RANDOM_FLIPS;
	free(check);
	return ok;
}

/* A wrong correction must not pass the proof by crc32 */
static bool correct_three_flips(const struct pgsa_code *code)
{
	const struct pgsa_code *detect = pgsa_code_find("crc32");
	u8 *check = seal(code), *crc = seal(detect), *now = seal(detect);
	unsigned int bit[3], i, tried = 0, wrong = 0;

	for (i = 0; i < RANDOM_FLIPS; i++) {
		flip_random(bit, 3);
		if (code->correct(page, check) != -EBADMSG) {
			tried++;
			detect->encode(page, now);
			wrong += !memcmp(crc, now, detect->check_bytes) &&
				 !page_good();
		}
		memcpy(page, good, PGSA_CODE_PAGE_SIZE);
	}
	printf("# %s changed %u of %u, proof accepted %u wrong pages\n",
	       code->name, tried, i, wrong);
	free(now);
	free(crc);
	free(check);
	return !wrong;
}

static const struct {
	const char *name;
	bool (*run)(const struct pgsa_code *code);
	bool needs_reference;
	bool needs_correct;
} tests[] = {
	{ "encode_known_pages", encode_known_pages, true, false },
	{ "encode_random_pages", encode_random_pages, true, false },
	{ "encode_any_one_flip", encode_any_one_flip, false, false },
	{ "encode_up_to_three_flips", encode_up_to_three_flips, false, false },
	{ "correct_any_one_flip", correct_any_one_flip, false, true },
	{ "correct_two_flips", correct_two_flips, false, true },
	{ "correct_three_flips", correct_three_flips, false, true },
	{}
};

static bool applies(unsigned int i, const struct pgsa_code *code)
{
	return (!tests[i].needs_reference || find_reference(code)) &&
	       (!tests[i].needs_correct || code->correct);
}

/* Run all tests of all codes, or only count them */
static unsigned int for_all(bool run, unsigned int *failed)
{
	const struct pgsa_code *code = NULL;
	unsigned int i, nr = 0;
	bool ok;

	while ((code = pgsa_code_next(code))) {
		for (i = 0; tests[i].run; i++) {
			if (!applies(i, code))
				continue;
			nr++;
			if (!run)
				continue;
			random_page();
			ok = tests[i].run(code);
			*failed += !ok;
			printf("%sok %u %s %s\n", ok ? "" : "not ", nr,
			       code->name, tests[i].name);
			fflush(stdout);
		}
	}
	return nr;
}

int main(int argc, char **argv)
{
	unsigned int failed = 0;

	random_state = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	good = get_memory(64, PGSA_CODE_PAGE_SIZE);
	page = get_memory(64, PGSA_CODE_PAGE_SIZE);
	printf("TAP version 13\n1..%u\n# seed %llu\n", for_all(false, NULL),
	       (unsigned long long)random_state);
	for_all(true, &failed);
	free(page);
	free(good);
	return !!failed;
}
