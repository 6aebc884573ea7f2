// SPDX-License-Identifier: GPL-2.0
/*
 * Sums over the lines of a page by AVX2, and together with CRC-32C by crc32q,
 * which the processor does at the same time.
 */
#define PGSA_VALUE_BYTES	32

#include "../fold_value.h"
#include "crc32q.h"
#include "x86.h"

/**
 * pgsa_avx2_fold() - fold a page
 * @page: the page
 * @fold: takes the sums
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_avx2_fold(const void *page, struct pgsa_fold *fold)
{
	const pgsa_value *line = page;
	unsigned int c;

	pgsa_fold_prefetch(page);
	for (c = 0; c < PGSA_LINE; c++) {
		struct pgsa_column column = {};

		pgsa_fold_column(&column, line + c);
		pgsa_fold_put(&column, c, fold);
	}
}

/* Fold a block of a column, and add eight words of each quarter to the CRC */
static __always_inline void pgsa_avx2_both(struct pgsa_column *column,
					   struct pgsa_crc32q *crc,
					   const void *page, unsigned int c,
					   unsigned int block)
{
	const u64 *word = (const u64 *)page + (c * PGSA_BLOCKS + block) * 8;
	unsigned int i;

	pgsa_fold_block(column, (const pgsa_value *)page + c, block);
	for (i = 0; i < 8; i++)
		pgsa_crc32q_add(crc, word + i);
}

/**
 * pgsa_avx2_fold_crc() - fold a page and compute its CRC
 * @page: the page
 * @fold: takes the sums
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 * Return: The CRC before inversion.
 */
u32 pgsa_avx2_fold_crc(const void *page, struct pgsa_fold *fold)
{
	struct pgsa_crc32q crc = PGSA_CRC32Q_START;
	unsigned int c;

	pgsa_fold_prefetch(page);
	for (c = 0; c < PGSA_LINE; c++) {
		struct pgsa_column column = {};

		pgsa_avx2_both(&column, &crc, page, c, 0);
		pgsa_avx2_both(&column, &crc, page, c, 1);
		pgsa_avx2_both(&column, &crc, page, c, 2);
		pgsa_avx2_both(&column, &crc, page, c, 3);
		pgsa_avx2_both(&column, &crc, page, c, 4);
		pgsa_avx2_both(&column, &crc, page, c, 5);
		pgsa_avx2_both(&column, &crc, page, c, 6);
		pgsa_avx2_both(&column, &crc, page, c, 7);
		pgsa_fold_put(&column, c, fold);
	}
	return pgsa_crc32q_combine(&crc);
}

/**
 * pgsa_avx2_weigh() - compute the sum of lines, each times its number
 * @fold: the sums of the page; half[0] takes the sum
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_avx2_weigh(struct pgsa_fold *fold)
{
	pgsa_value *half = (pgsa_value *)fold->half;

	pgsa_fold_weigh(half);
	pgsa_fold_weigh(half + 1);
}
