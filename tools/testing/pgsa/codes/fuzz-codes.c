// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz-codes: any damage to a page and to its redundancy, for every code and
 * variant. The input is a seed of the page, the number of a code, and a list of
 * changed bytes. Whatever the input, all variants agree, no promise is broken,
 * and no detecting code accepts a wrong page.
 *
 * Built with -DFUZZ_STANDALONE it has a main() of its own:
 *
 *   fuzz-codes FILE...          run these inputs, "-" is stdin (for AFL++)
 *   fuzz-codes [-s SEED]        random inputs for FUZZ_SECONDS (default 10)
 *
 * and without, libFuzzer brings one (clang -fsanitize=fuzzer).
 */
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "registry.h"
#include "tests/codes_damage.h"

#define MAX_CHECK	4096
#define MAX_INPUT	4096
#define HEADER		9	/* bytes of seed and code number */
#define CHANGE		3	/* bytes of a change: where (2), what (1) */

struct input {
	const struct pgsa_code *code;
	u8 *good, *page;
	u8 *damaged;		/* the page before an attempt to correct it */
	u8 right[MAX_CHECK];	/* redundancy of the good page */
	u8 check[MAX_CHECK];	/* the same, with its changes */
};

static struct input in;
static const u8 *raw;
static size_t raw_size;

static void fail(const char *what)
{
	FILE *file = fopen("fuzz-codes.failed", "wb");

	fprintf(stderr, "%s: %s; the input is in fuzz-codes.failed\n",
		in.code->name, what);
	if (file) {
		fwrite(raw, 1, raw_size, file);
		fclose(file);
	}
	abort();
}

static const struct pgsa_code *choose_code(unsigned int number)
{
	const struct pgsa_code *code = NULL;

	for (number++; number; number--)
		code = pgsa_code_next(code) ?: pgsa_code_next(NULL);
	return code;
}

/* Page and redundancy are one range of bytes to the list of changes. */
static void change(const u8 *data)
{
	unsigned int where = data[0] | data[1] << 8;

	where %= PGSA_CODE_PAGE_SIZE + in.code->check_bytes;
	if (where < PGSA_CODE_PAGE_SIZE)
		in.page[where] ^= data[2];
	else
		in.check[where - PGSA_CODE_PAGE_SIZE] ^= data[2];
}

static void read_input(const u8 *data, size_t size)
{
	u64 seed;

	memcpy(&seed, data, sizeof(seed));
	in.code = choose_code(data[sizeof(seed)]);
	pgsa_random_fill(&seed, in.good, PGSA_CODE_PAGE_SIZE);
	pgsa_code_plain(in.code)->encode(in.good, in.right);
	memcpy(in.page, in.good, PGSA_CODE_PAGE_SIZE);
	memcpy(in.check, in.right, in.code->check_bytes);

	data += HEADER;
	for (size -= HEADER; size >= CHANGE; size -= CHANGE, data += CHANGE)
		change(data);
	memcpy(in.damaged, in.page, PGSA_CODE_PAGE_SIZE);
}

/* Each variant, alone and together with the detecting code, as the plain one */
static void check_variants(void)
{
	const struct pgsa_code *code = in.code;
	const struct pgsa_code_variant *variant = NULL;
	u8 expect[MAX_CHECK], check[MAX_CHECK], seal[MAX_CHECK], now[MAX_CHECK];

	pgsa_code_plain(code)->encode(in.page, expect);
	if (code->with)
		pgsa_code_plain(code->with)->encode(in.page, seal);
	while ((variant = pgsa_code_next_variant(code, variant))) {
		variant->encode(in.page, check);
		if (memcmp(check, expect, code->check_bytes))
			fail(variant->name);
		if (!variant->encode_both)
			continue;
		variant->encode_both(in.page, now, check);
		if (memcmp(check, expect, code->check_bytes) ||
		    memcmp(now, seal, code->with->check_bytes))
			fail(variant->name);
	}
}

static bool any_accepts(void)
{
	const struct pgsa_code *code = NULL;
	u8 seal[MAX_CHECK], now[MAX_CHECK];

	while ((code = pgsa_code_next(code))) {
		if (code->correct)
			continue;
		pgsa_code_plain(code)->encode(in.good, seal);
		pgsa_code_plain(code)->encode(in.page, now);
		if (!memcmp(seal, now, code->check_bytes))
			return true;
	}
	return false;
}

/* Is all damage inside one word, or one lane? */
static bool in_one_symbol(bool lane)
{
	unsigned int i, symbol, found = PGSA_PAGE_WORDS;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i++) {
		if (in.damaged[i] == in.good[i])
			continue;
		symbol = i / 8;
		if (lane)
			symbol = i / PGSA_LINE_SIZE * 8 + i % 8;
		if (found != PGSA_PAGE_WORDS && found != symbol)
			return false;
		found = symbol;
	}
	return true;
}

/* Is no more than half the number of parity symbols wrong in each word? */
static bool in_few_symbols(void)
{
	unsigned int wrong[PGSA_RS_INTERLEAVE] = {}, i;
	unsigned int parity = in.code->check_bytes / PGSA_RS_INTERLEAVE;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i++)
		wrong[i % PGSA_RS_INTERLEAVE] += in.damaged[i] != in.good[i];
	for (i = 0; i < in.code->check_bytes; i++)
		wrong[i % PGSA_RS_INTERLEAVE] += in.check[i] != in.right[i];
	for (i = 0; i < PGSA_RS_INTERLEAVE; i++)
		if (wrong[i] > parity / 2)
			return false;
	return true;
}

/* Must this damage be repaired? */
static bool promised(void)
{
	if (!strncmp(in.code->name, "reed-solomon", strlen("reed-solomon")))
		return in_few_symbols();
	if (memcmp(in.check, in.right, in.code->check_bytes))
		return false;
	if (!strcmp(in.code->name, "lane"))
		return in_one_symbol(false) || in_one_symbol(true);
	return pgsa_distance(in.damaged, in.good) <= 1;
}

static void check_correct(void)
{
	int ret = in.code->correct(in.page, in.check);
	bool good = !memcmp(in.page, in.good, PGSA_CODE_PAGE_SIZE);
	int changed = pgsa_distance(in.page, in.damaged);

	if (ret < 0 && ret != -EBADMSG)
		fail("unknown error");
	if (changed != (ret < 0 ? 0 : ret))
		fail("other bits changed than were said");
	if (!good && promised())
		fail("a promise is broken");
	if (!good && any_accepts())
		fail("a wrong page is accepted");
}

static void get_pages(void)
{
	in.good = aligned_alloc(64, PGSA_CODE_PAGE_SIZE);
	in.page = aligned_alloc(64, PGSA_CODE_PAGE_SIZE);
	in.damaged = aligned_alloc(64, PGSA_CODE_PAGE_SIZE);
	if (!in.good || !in.page || !in.damaged)
		exit(2);
}

static int run(const u8 *data, size_t size)
{
	if (size < HEADER)
		return 0;
	if (!in.good)
		get_pages();
	raw = data;
	raw_size = size;
	read_input(data, size);
	check_variants();
	if (in.code->correct)
		check_correct();
	return 0;
}

#ifdef FUZZ_STANDALONE
static int run_file(const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	u8 data[MAX_INPUT];
	size_t size;

	if (!file) {
		perror(name);
		return 2;
	}
	size = fread(data, 1, sizeof(data), file);
	if (file != stdin)
		fclose(file);
	return run(data, size);
}

/* Half of the inputs change few bytes, evenly spaced as in a word or a lane. */
static size_t random_input(u8 *data, u64 *random)
{
	static const unsigned int strides[] = { 1, 8, 32, 64 };
	unsigned int stride = strides[pgsa_random_below(random, 4)];
	bool few = pgsa_random(random) & 1;
	unsigned int i, nr = pgsa_random_below(random, few ? 9 : 150);
	unsigned int where = pgsa_random(random);

	pgsa_random_fill(random, data, HEADER + nr * CHANGE);
	for (i = 0; few && i < nr; i++, where += stride) {
		data[HEADER + i * CHANGE] = where;
		data[HEADER + i * CHANGE + 1] = where >> 8;
	}
	return HEADER + nr * CHANGE;
}

static int run_random(u64 seed)
{
	const char *seconds = getenv("FUZZ_SECONDS");
	time_t end = time(NULL) + (seconds ? atoi(seconds) : 10);
	u64 random = seed;
	unsigned long nr = 0;
	u8 data[MAX_INPUT];

	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	for (; time(NULL) < end; nr++)
		run(data, random_input(data, &random));
	printf("%lu inputs, nothing found\n", nr);
	return 0;
}

int main(int argc, char **argv)
{
	int i, ret = 0;

	if (argc == 1)
		return run_random(time(NULL));
	if (argc == 3 && !strcmp(argv[1], "-s"))
		return run_random(strtoull(argv[2], NULL, 0));
	for (i = 1; i < argc; i++)
		ret |= run_file(argv[i]);
	return ret;
}
#else /* FUZZ_STANDALONE */
/* libFuzzer calls it by this name. */
int fuzz_input(const uint8_t *data, size_t size)
	__asm__("LLVMFuzzerTestOneInput");

int fuzz_input(const uint8_t *data, size_t size)
{
	return run(data, size);
}
#endif /* FUZZ_STANDALONE */
