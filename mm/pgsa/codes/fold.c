// SPDX-License-Identifier: GPL-2.0
/*
 * Sums over the lines of a page, for every machine.
 */
#include <linux/build_bug.h>

#include "fold_value.h"

static_assert(PGSA_BLOCKS * PGSA_BLOCK_LINES * PGSA_LINE_BYTES ==
	      PGSA_CODE_PAGE_SIZE, "the blocks cover the page");

/**
 * pgsa_fold() - fold a page
 * @page: the page
 * @fold: takes the sums
 *
 * Column by column, because the sums of one column stay in registers.
 *
 * Context: Any context.
 */
void pgsa_fold(const void *page, struct pgsa_fold *fold)
{
	const u64 *word = page;
	unsigned int c;

	pgsa_fold_prefetch(page);
	for (c = 0; c < PGSA_LINE_WORDS; c++) {
		struct pgsa_column column = {};

		pgsa_fold_column(&column, word + c);
		pgsa_fold_put(&column, c, fold);
	}
}
