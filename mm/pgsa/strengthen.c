// SPDX-License-Identifier: GPL-2.0
/*
 * Sealing anew what has been sealed for a policy that asked for less.
 */

/**
 * DOC: Sealing anew
 *
 * The old seal stands until the new one does. It says what software left in the
 * frame last, and that holds for as long as no event opens the frame: so no
 * writer has to be waited for, and no TLB flushed.
 *
 * 1. Under the folio lock, one compare-and-exchange moves the frame from SEALED
 *    to CHECKING and puts the ids of the new codes into its word. The generation
 *    stays. From now on nobody else works at the frame, redundancy of the new
 *    code is not taken away, and every event opens the frame as ever.
 * 2. A copy of the page is compared with the old seal.
 * 3. The new codes of that copy are computed and stored: a bit that flips in the
 *    page meanwhile does not become a part of the seal.
 * 4. Compare-and-exchange moves the frame back to SEALED. It fails if any event
 *    came since 1.
 *
 * If there is no memory, or the copy does not match, the frame gets its old ids
 * back before anything has been stored. Hence whoever sees the old word again
 * finds the old check bytes, too, and whoever read some of the new ones sees
 * another word afterwards: a check that reads word, check bytes, word, page and
 * word never takes the check bytes of one code for those of another.
 */

#include <linux/mm.h>

#include "record.h"
#include "verify.h"

/**
 * pgsa_too_weak - has a frame been sealed for a policy that asked for less?
 * @search: a search of the policy that asks for more
 * @word: the word of the frame, which is SEALED
 *
 * Context: Any context.
 * Return: true if it has.
 */
bool pgsa_too_weak(const struct pgsa_search *search, u64 word)
{
	return pgsa_code_stronger(search->policy->correct,
				  pgsa_code_by_id(FIELD_GET(PGSA_WORD_CORRECT,
							    word)));
}

/* Steps 2 to 4, with the frame in CHECKING; @old was its word before. */
static bool pgsa_seal_anew(struct pgsa_search *search, struct page *page,
			   struct pgsa_frame *frame, u64 word, u64 old)
{
	union pgsa_check check = { .raw = READ_ONCE(frame->check) };
	unsigned long pfn = page_to_pfn(page);
	struct pgsa_place place;

	if (!pgsa_content_copy(search->damaged, page) ||
	    pgsa_check_equal(pfn, old, &check, search->damaged) <= 0 ||
	    !pgsa_seal_place(&place, pfn, word)) {
		pgsa_frame_move_codes(frame, pfn, &word, PGSA_FRAME_SEALED,
				      FIELD_GET(PGSA_WORD_DETECT, old),
				      FIELD_GET(PGSA_WORD_CORRECT, old));
		return false;
	}
	pgsa_seal_encode(&place, search->damaged, &check);
	return pgsa_seal_finish(frame, pfn, word, &check);
}

/**
 * pgsa_strengthen - seal a frame anew if the policy asks for a stronger code
 * @search: the search
 * @page: the page, which matches its seal
 * @frame: its record
 * @word: its word, as last seen; SEALED
 *
 * Context: The searcher's thread, within rcu_read_lock(). Does not sleep.
 */
void pgsa_strengthen(struct pgsa_search *search, struct page *page,
		     struct pgsa_frame *frame, u64 word)
{
	unsigned long pfn = page_to_pfn(page);
	enum pgsa_refusal refusal;
	struct folio *folio;
	u64 old = word;

	if (!pgsa_too_weak(search, word) ||
	    !pgsa_seal_prepare(search, pfn))
		return;
	folio = pgsa_folio_lock(page, pgsa_wants_pagecache(search->policy),
				&refusal);
	if (!folio)
		return;
	if (pgsa_frame_move_codes(frame, pfn, &word, PGSA_FRAME_CHECKING,
				  search->detect_id, search->correct_id) &&
	    pgsa_seal_anew(search, page, frame, word, old))
		pgsa_stat_add(search->policy, PGSA_STAT_SEALED, 1);
	pgsa_folio_unlock(folio);
}
