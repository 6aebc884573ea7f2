/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sums over the lines of a page, from which hamming and lane are computed.
 */
#ifndef __MM_PGSA_FOLD_H
#define __MM_PGSA_FOLD_H

#include <linux/prefetch.h>

#include "code.h"

#define PGSA_LINE_BYTES		64
#define PGSA_LINE_WORDS		8	/* 64-bit words in a line */
#define PGSA_LINE_BITS		6	/* of the number of a line */
#define PGSA_WORD_BITS		3	/* of the number of a word in a line */

/**
 * struct pgsa_fold - sums of lines of a page, by XOR
 * @all: of all lines
 * @half: half[k] is of the lines whose number has bit k set
 *
 * The words are as the machine reads them. Aligned for vectors.
 */
struct pgsa_fold {
	u64 all[PGSA_LINE_WORDS];
	u64 half[PGSA_LINE_BITS][PGSA_LINE_WORDS];
} __aligned(64);

/**
 * pgsa_fold_prefetch() - fetch all of a page
 * @page: the page
 *
 * In the order of addresses, as the prefetchers of processors expect it; codes
 * visit several places of a page in turn. The page is not used again soon, and
 * should not displace what others have in the caches; prefetch() of x86 asks
 * for that as well.
 *
 * Context: Any context.
 */
static inline void pgsa_fold_prefetch(const void *page)
{
	unsigned int i;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i += PGSA_LINE_BYTES)
		prefetch(page + i);
}

void pgsa_fold(const void *page, struct pgsa_fold *fold);

#endif /* __MM_PGSA_FOLD_H */
