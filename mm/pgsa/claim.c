// SPDX-License-Identifier: GPL-2.0
/*
 * Claiming frames that are to be sealed: phase 1 of seal.c.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "claim.h"
#include "mark.h"
#include "oracle.h"
#include "proof.h"
#include "record.h"
#include "verify.h"

/**
 * pgsa_sealing_lock - pgsa_folio_lock() for who wants to seal a frame
 * @page: the frame, which must be online
 * @unmapped: admit page cache that no process maps
 * @refusal: why not; PGSA_ADMITTED otherwise
 *
 * Context: As pgsa_folio_lock().
 * Return: the folio, locked and referenced, or NULL.
 */
struct folio *pgsa_sealing_lock(struct page *page, bool unmapped,
				enum pgsa_refusal *refusal)
{
	struct folio *folio = pgsa_folio_lock(page, unmapped, refusal);

	if (!folio || !pgsa_devices_share_mm())
		return folio;
	pgsa_folio_unlock(folio);
	*refusal = PGSA_REFUSED_SHARED;
	return NULL;
}

/**
 * pgsa_sealing_refusal - would a frame be sealed if it were claimed now?
 * @page: the frame, which must be online
 * @unmapped: admit page cache that no process maps
 *
 * Context: As pgsa_folio_lock(). The answer may be outdated at once.
 * Return: PGSA_ADMITTED or the reason why not.
 */
enum pgsa_refusal pgsa_sealing_refusal(struct page *page, bool unmapped)
{
	enum pgsa_refusal refusal;
	struct folio *folio;

	pgsa_preempt_disable();
	folio = pgsa_sealing_lock(page, unmapped, &refusal);
	if (folio) {
		refusal = pgsa_proof(folio, page);
		pgsa_folio_unlock(folio);
	}
	pgsa_preempt_enable();
	return refusal;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_sealing_refusal);

/**
 * pgsa_claim_frame - pgsa_frame_claim(), which tests look at
 * @frame: as there
 * @pfn: as there
 * @word: as there
 * @detect: as there
 * @correct: as there
 *
 * Context: Any context.
 * Return: as there.
 */
bool pgsa_claim_frame(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct)
{
	KUNIT_STATIC_STUB_REDIRECT(pgsa_claim_frame, frame, pfn, word, detect,
				   correct);
	return pgsa_frame_claim(frame, pfn, word, detect, correct);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_claim_frame);

/**
 * pgsa_claim_timed - claim a frame, and leave the time in its record
 * @search: the search, whose codes are to seal it
 * @frame: its record
 * @pfn: its number
 * @word: its word, as last seen; the present one on return
 *
 * The check bytes of a frame that is SEALING say since when, so that a claim that
 * got lost is found. The time must be there before anybody can see the claim: else
 * he would take for it what the check bytes were before, and the claim for an old
 * one. But the check bytes of a frame that somebody has sealed are not ours.
 *
 * It is not sealed: in this RCU section its word has been read and was NONE or OPEN,
 * so whoever claims it later than that has to wait for a grace period that does not
 * end before our section does. All that we may overwrite is the time of another's
 * claim, which is as new as ours.
 *
 * Context: Within rcu_read_lock().
 * Return: true if the frame is SEALING now.
 */
bool pgsa_claim_timed(const struct pgsa_search *search,
		      struct pgsa_frame *frame, unsigned long pfn, u64 *word)
{
	if (search->nr_claims >= pgsa_claims_max() ||
	    pgsa_word_state(*word) > PGSA_FRAME_OPEN ||
	    pgsa_frame_word(frame) != *word)
		return false;
	/* The claim is a full barrier. */
	WRITE_ONCE(frame->check, get_jiffies_64());
	return pgsa_claim_frame(frame, pfn, word, search->detect_id,
				search->correct_id);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_claim_timed);

/**
 * pgsa_claim_add - put a frame on the list of those to be sealed
 * @search: the search, with room for one more claim
 * @pfn: number of the frame, which has a mark
 * @word: its word
 *
 * Context: The searcher's thread.
 */
void pgsa_claim_add(struct pgsa_search *search, unsigned long pfn, u64 word)
{
	if (!search->nr_claims)
		search->first_claim_ns = ktime_get_ns();
	search->claims[search->nr_claims++] = (struct pgsa_claim) {
		.pfn = pfn, .mixed = pgsa_claim_mix(pfn, word),
	};
}

/* Claimed, or of no use any more. The frame has a mark and is proved. */
static bool pgsa_claim_proved(struct pgsa_search *search,
			      struct pgsa_frame *frame, unsigned long pfn,
			      u64 word)
{
	u64 before = word;

	if (pgsa_unconfirmed_opened(search, frame, pfn, word) ||
	    !pgsa_claim_timed(search, frame, pfn, &word))
		return false;
	if (pgsa_unconfirmed_claimed(search, frame, pfn, before))
		return false;
	pgsa_claim_add(search, pfn, word);
	return true;
}

/*
 * Nobody else claims a frame of this folio now, and an event can only open it: so as
 * long as the word is not that of a claim, the mark is ours, or nobody's.
 */
static enum pgsa_refusal pgsa_claim_locked(struct pgsa_search *search,
					   struct folio *folio,
					   struct pgsa_frame *frame,
					   struct page *page, u64 word)
{
	unsigned long pfn = page_to_pfn(page);
	enum pgsa_refusal refusal;

	if (pgsa_frame_word(frame) != word)
		return PGSA_ADMITTED;
	if (!pgsa_mark_set(pfn))
		return PGSA_REFUSED_UNPROVED;
	refusal = pgsa_proof(folio, page);
	if (refusal != PGSA_ADMITTED ||
	    !pgsa_claim_proved(search, frame, pfn, word))
		pgsa_mark_clear(pfn);
	return refusal;
}

/**
 * pgsa_seal_claim - claim a frame that is to be sealed
 * @search: the search, with room for one more claim
 * @pfn: number of the frame
 * @word: its word, as last seen
 *
 * Context: The searcher's thread, which keeps memory from going offline.
 * Return: why not, if it may not be sealed; PGSA_ADMITTED otherwise, also if an
 * event has come in between.
 */
enum pgsa_refusal pgsa_seal_claim(struct pgsa_search *search, unsigned long pfn,
				  u64 word)
{
	bool unmapped = pgsa_wants_pagecache(search->policy);
	struct page *page = pfn_to_page(pfn);
	enum pgsa_refusal refusal;
	struct pgsa_frame *frame;
	struct folio *folio;

	folio = pgsa_sealing_lock(page, unmapped, &refusal);
	if (!folio)
		return refusal;
	frame = pgsa_frame_get(page);
	if (frame) {
		refusal = pgsa_claim_locked(search, folio, frame, page, word);
		pgsa_frame_put(frame);
	}
	pgsa_folio_unlock(folio);
	return refusal;
}

/**
 * pgsa_claim_give_back - a claimed frame is not sealed
 * @frame: its record
 * @pfn: its number
 * @word: its word when it was claimed
 *
 * If the word is another one, either an event has opened the frame, or a bit of it has
 * flipped: nobody would ever come back to it. That it may be somebody else's claim by
 * now does no harm.
 *
 * Context: Within rcu_read_lock(), see mark.c.
 */
void pgsa_claim_give_back(struct pgsa_frame *frame, unsigned long pfn,
			  u64 word)
{
	bool opened;

	if (pgsa_oracle_claim(word)) {
		if (pgsa_frame_word(frame) == word)
			pgsa_mark_clear(pfn);
		return;
	}
	opened = pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_OPEN);
	if (!opened && (pgsa_word_state(word) == PGSA_FRAME_SEALING ||
			pgsa_word_state(word) == NR_PGSA_FRAME_STATES))
		opened = pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_OPEN);
	if (opened)
		pgsa_mark_clear(pfn);
}
