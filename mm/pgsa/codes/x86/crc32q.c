// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-32C by the instruction of SSE 4.2, which works on general registers.
 */
#include <asm/cpufeature.h>
#include <linux/cache.h>
#include <linux/crc32.h>

#include "../fold_value.h"
#include "crc32q.h"
#include "x86.h"

#define PGSA_NIBBLES	(sizeof(u32) * 2)

/* A CRC n << 4 * i, multiplied by x to the number of bits of a quarter */
static u32 pgsa_crc32q_shift[PGSA_NIBBLES][16] __ro_after_init;

/**
 * pgsa_has_crc32q() - has this machine got the instruction?
 *
 * Context: Any context.
 * Return: true if it has.
 */
bool pgsa_has_crc32q(void)
{
	return boot_cpu_has(X86_FEATURE_XMM4_2);
}

/**
 * pgsa_crc32q_combine() - combine the CRCs of the quarters
 * @c: the CRCs
 *
 * Context: Any context.
 * Return: The CRC of the page.
 */
u32 pgsa_crc32q_combine(const struct pgsa_crc32q *c)
{
	u32 crc = c->crc[0], shifted;
	unsigned int q, i;

	for (q = 1; q < 4; q++) {
		shifted = 0;
		for (i = 0; i < PGSA_NIBBLES; i++)
			shifted ^= pgsa_crc32q_shift[i][crc >> 4 * i & 15];
		crc = shifted ^ c->crc[q];
	}
	return crc;
}

/**
 * pgsa_crc32q_crc() - compute the CRC of a page
 * @page: the page
 *
 * Context: Any context.
 * Return: The CRC before inversion.
 */
u32 pgsa_crc32q_crc(const void *page)
{
	struct pgsa_crc32q crc = PGSA_CRC32Q_START;
	const u64 *word = page;
	unsigned int i;

	pgsa_fold_prefetch(page);
	for (i = 0; i < PGSA_CRC32Q_QUARTER; i++)
		pgsa_crc32q_add(&crc, word + i);
	return pgsa_crc32q_combine(&crc);
}

/* Fold a block of a column, and add two words of each quarter to the CRC */
static __always_inline void pgsa_crc32q_both(struct pgsa_column *column,
					     struct pgsa_crc32q *crc,
					     const u64 *page, unsigned int c,
					     unsigned int block)
{
	const u64 *word = page + (c * PGSA_BLOCKS + block) * 2;

	pgsa_fold_block(column, page + c, block);
	pgsa_crc32q_add(crc, word);
	pgsa_crc32q_add(crc, word + 1);
}

/**
 * pgsa_crc32q_fold_crc() - fold a page and compute its CRC
 * @page: the page
 * @fold: takes the sums
 *
 * The instruction for the CRC has one execution unit, with a short queue, so
 * the others have to be mixed with it finely.
 *
 * Context: Any context.
 * Return: The CRC before inversion.
 */
u32 pgsa_crc32q_fold_crc(const void *page, struct pgsa_fold *fold)
{
	struct pgsa_crc32q crc = PGSA_CRC32Q_START;
	unsigned int c;

	pgsa_fold_prefetch(page);
	for (c = 0; c < PGSA_LINE_WORDS; c++) {
		struct pgsa_column column = {};

		pgsa_crc32q_both(&column, &crc, page, c, 0);
		pgsa_crc32q_both(&column, &crc, page, c, 1);
		pgsa_crc32q_both(&column, &crc, page, c, 2);
		pgsa_crc32q_both(&column, &crc, page, c, 3);
		pgsa_crc32q_both(&column, &crc, page, c, 4);
		pgsa_crc32q_both(&column, &crc, page, c, 5);
		pgsa_crc32q_both(&column, &crc, page, c, 6);
		pgsa_crc32q_both(&column, &crc, page, c, 7);
		pgsa_fold_put(&column, c, fold);
	}
	return pgsa_crc32q_combine(&crc);
}

static int __init pgsa_crc32q_init(void)
{
	unsigned int i, n;

	for (i = 0; i < PGSA_NIBBLES; i++)
		for (n = 0; n < 16; n++)
			pgsa_crc32q_shift[i][n] =
				__crc32c_le_shift(n << 4 * i,
						  PGSA_CODE_PAGE_SIZE / 4);
	return 0;
}
core_initcall(pgsa_crc32q_init);
