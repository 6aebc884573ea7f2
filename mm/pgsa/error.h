/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One error on its way from confirmation to its end.
 */
#ifndef _PGSA_ERROR_H
#define _PGSA_ERROR_H

#include <linux/bitmap.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include "pgsa.h"

#define PGSA_PAGE_WORDS	(PAGE_SIZE / sizeof(u64))

/*
 * Memory that toggles as fast as we look is right at one look in two. A cell that is
 * stuck costs all of them, once: some tenths of a millisecond.
 */
#define PGSA_REPAIR_TRIES	16

/*
 * A content that the correcting code cannot make anything of may be another one at
 * the next look, and at each: some of the codes take as long to find out as a repair
 * may take, and preemption is off.
 */
#define PGSA_REPAIR_DECODES	2

/**
 * struct pgsa_case - one error
 * @page: the damaged page, its folio locked
 * @frame: its record
 * @word: the word of the frame, as last seen; BAD at first
 * @check: its check bytes
 * @detect: the code that found the error
 * @correct: the code that may correct it, or NULL
 * @redundancy: that of @correct; NULL if it is damaged, or has gone
 * @damaged: what was read; where a word has been right since, what it was before
 * @repaired: the right content, if @known
 * @now: what the page holds, at the last look
 * @known: @repaired has been proven by @detect
 * @hopeless: @correct cannot make anything of @damaged
 * @decodes: how often it has tried
 * @written: the words that were written, and not taken back
 * @reason: why it could not be repaired so far
 */
struct pgsa_case {
	struct page *page;
	struct pgsa_frame *frame;
	u64 word;
	union pgsa_check check;
	const struct pgsa_code *detect;
	const struct pgsa_code *correct;
	const u8 *redundancy;
	u64 *damaged;
	u64 *repaired;
	u64 *now;
	bool known;
	bool hopeless;
	unsigned int decodes;
	DECLARE_BITMAP(written, PGSA_PAGE_WORDS);
	const char *reason;
};

/* repair.c */

enum pgsa_result pgsa_repair(struct pgsa_case *c);

#endif /* _PGSA_ERROR_H */
