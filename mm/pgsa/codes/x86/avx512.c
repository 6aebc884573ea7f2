// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-32C by carry-less multiplication of vectors of 64 bytes, sums over the
 * lines of a page, and both together.
 */
#define PGSA_VALUE_BYTES	64

#include "../fold_value.h"
#include "crc32q.h"
#include "x86.h"

/*
 * To move sixteen bytes by n bits, the first eight of them are multiplied by
 * x^(n + 31) and the second by x^(n - 33), modulo the polynomial, with the
 * lowest power in the highest bit: the first are 64 bits ahead, and the product
 * of two numbers with that order of bits is x^33 times theirs.
 */
static const u64 pgsa_avx512_one_line[PGSA_LINE_WORDS] __aligned(64) = {
	0x740eef02, 0x9e4addf8, 0x740eef02, 0x9e4addf8,
	0x740eef02, 0x9e4addf8, 0x740eef02, 0x9e4addf8,
};

static const u64 pgsa_avx512_four_lines[PGSA_LINE_WORDS] __aligned(64) = {
	0xdcb17aa4, 0xb9e02b86, 0xdcb17aa4, 0xb9e02b86,
	0xdcb17aa4, 0xb9e02b86, 0xdcb17aa4, 0xb9e02b86,
};

/* What is added to the first line of the page */
static const u64 pgsa_avx512_seed[PGSA_LINE_WORDS] __aligned(64) = {
	PGSA_CRC32C_SEED
};

/* Four lines with the same CRC as all lines so far */
struct pgsa_avx512_crc {
	pgsa_value rest[4];
};

static __always_inline pgsa_value pgsa_avx512_load(const u64 *word)
{
	return *(const pgsa_value *)word;
}

/* Move a line by as many bits as the factors say, and add another */
static __always_inline pgsa_value pgsa_avx512_move(pgsa_value line,
						   pgsa_value factors,
						   pgsa_value other)
{
	pgsa_value first, second;

	asm("vpclmulqdq $0x00, %2, %1, %0"
	    : "=v" (first) : "v" (line), "v" (factors));
	asm("vpclmulqdq $0x11, %2, %1, %0"
	    : "=v" (second) : "v" (line), "v" (factors));
	return first ^ second ^ other;
}

static __always_inline void pgsa_avx512_start(struct pgsa_avx512_crc *c,
					      const pgsa_value *line)
{
	c->rest[0] = line[0] ^ pgsa_avx512_load(pgsa_avx512_seed);
	c->rest[1] = line[1];
	c->rest[2] = line[2];
	c->rest[3] = line[3];
}

/* Add four lines to the CRC */
static __always_inline void pgsa_avx512_add(struct pgsa_avx512_crc *c,
					    const pgsa_value *line)
{
	pgsa_value factors = pgsa_avx512_load(pgsa_avx512_four_lines);

	c->rest[0] = pgsa_avx512_move(c->rest[0], factors, line[0]);
	c->rest[1] = pgsa_avx512_move(c->rest[1], factors, line[1]);
	c->rest[2] = pgsa_avx512_move(c->rest[2], factors, line[2]);
	c->rest[3] = pgsa_avx512_move(c->rest[3], factors, line[3]);
}

/* Reduce the four lines to one, and its eight words by the instruction */
static __always_inline u32 pgsa_avx512_crc_end(const struct pgsa_avx512_crc *c)
{
	pgsa_value factors = pgsa_avx512_load(pgsa_avx512_one_line);
	pgsa_value rest = c->rest[0];
	unsigned int i;
	u64 crc = 0;

	rest = pgsa_avx512_move(rest, factors, c->rest[1]);
	rest = pgsa_avx512_move(rest, factors, c->rest[2]);
	rest = pgsa_avx512_move(rest, factors, c->rest[3]);
	for (i = 0; i < PGSA_LINE_WORDS; i++)
		crc = pgsa_crc32q(crc, (const u64 *)&rest + i);
	return crc;
}

/**
 * pgsa_avx512_crc() - compute the CRC of a page
 * @page: the page
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 * Return: The CRC before inversion.
 */
u32 pgsa_avx512_crc(const void *page)
{
	const pgsa_value *line = page;
	struct pgsa_avx512_crc c;
	unsigned int i;

	pgsa_fold_prefetch(page);
	pgsa_avx512_start(&c, line);
	for (i = 4; i < PGSA_CODE_PAGE_SIZE / PGSA_LINE_BYTES; i += 4)
		pgsa_avx512_add(&c, line + i);
	return pgsa_avx512_crc_end(&c);
}

/**
 * pgsa_avx512_fold() - fold a page
 * @page: the page
 * @fold: takes the sums
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_avx512_fold(const void *page, struct pgsa_fold *fold)
{
	struct pgsa_column column = {};

	pgsa_fold_prefetch(page);
	pgsa_fold_column(&column, page);
	pgsa_fold_put(&column, 0, fold);
}

static __always_inline void pgsa_avx512_both(struct pgsa_avx512_crc *c,
					     struct pgsa_column *column,
					     const pgsa_value *line,
					     unsigned int block)
{
	if (block)
		pgsa_avx512_add(c, line + block * PGSA_BLOCK);
	else
		pgsa_avx512_start(c, line);
	pgsa_avx512_add(c, line + block * PGSA_BLOCK + 4);
	pgsa_fold_block(column, line, block);
}

/**
 * pgsa_avx512_fold_crc() - fold a page and compute its CRC
 * @page: the page
 * @fold: takes the sums
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 * Return: The CRC before inversion.
 */
u32 pgsa_avx512_fold_crc(const void *page, struct pgsa_fold *fold)
{
	struct pgsa_column column = {};
	struct pgsa_avx512_crc c;

	pgsa_fold_prefetch(page);
	pgsa_avx512_both(&c, &column, page, 0);
	pgsa_avx512_both(&c, &column, page, 1);
	pgsa_avx512_both(&c, &column, page, 2);
	pgsa_avx512_both(&c, &column, page, 3);
	pgsa_avx512_both(&c, &column, page, 4);
	pgsa_avx512_both(&c, &column, page, 5);
	pgsa_avx512_both(&c, &column, page, 6);
	pgsa_avx512_both(&c, &column, page, 7);
	pgsa_fold_put(&column, 0, fold);
	return pgsa_avx512_crc_end(&c);
}

/**
 * pgsa_avx512_weigh() - compute the sum of lines, each times its number
 * @fold: the sums of the page; half[0] takes the sum
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_avx512_weigh(struct pgsa_fold *fold)
{
	pgsa_fold_weigh((pgsa_value *)fold->half);
}
