// SPDX-License-Identifier: GPL-2.0
/*
 * Sealing frames.
 */

/**
 * DOC: Protocol
 *
 * A seal is right if the content it describes is what software left there last,
 * and if every later write is announced by an event. Events are announced
 * before the write. That is not enough: when the count of writers of a frame is
 * zero, it may still be written
 *
 * - through a TLB entry that outlives its page table entry, since fork(),
 *   mprotect(), reclaim and others flush long after they have changed entries;
 * - by one who looked up the page while it was writable: get_user_pages() and
 *   its users, as long as they hold a reference;
 * - by one who is between announcing a write and having written: a hook comes
 *   before the store to the page table, a file system holds the folio lock.
 *
 * So sealing has two phases, and a batch of frames shares what is costly:
 *
 * 1. claim, with the folio locked: the frame is admissible. It gets a mark, and
 *    then it is proved that no entry of a page table can write it: see mark.c and
 *    proof.c. One compare-and-exchange of the word moves it to SEALING. Every
 *    event from here on moves it to OPEN.
 * 2. A grace period: page table entries change inside RCU read-side sections
 *    or under spinlocks, so every change that was under way is stored now, and no
 *    event is left that has opened the word before the claim and has yet to clear
 *    the mark.
 * 3. flush_tlb_all(): no CPU has a writable translation from before, and stores
 *    made through one are visible. Its interrupts also wait for
 *    get_user_pages_fast(), which runs with interrupts off; whoever succeeded
 *    there holds a reference that is visible now.
 * 4. With the folio locked, the frame must be admissible again, which includes
 *    that no unknown reference exists, its word unchanged, and its mark still set;
 *    and that no entry can write it is proved once more. Writers under
 *    the folio lock are excluded here; their dirt or their event is visible.
 * 5. The codes are computed and stored, and compare-and-exchange moves the
 *    frame from the claimed word to SEALED. It fails if any event came since 1.
 *
 * Hence all stores that software made to the page before 5 were visible in 4,
 * and any later one is announced by an event that finds the frame SEALED.
 *
 * A check reads word, page, word. An event orders its change of the word before
 * the write that follows (it is a full barrier), and the check its reads, so a
 * check that saw any of the written data sees the changed word as well and is
 * stale, not an error. So is one that does not find the mark, before or after. A
 * mismatch is confirmed on a copy with the folio locked and the frame admissible, after
 * it was proved again that no entry can write it, and the move to BAD proves that the
 * word had not changed after the copy.
 */

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/string.h>
#include <asm/tlbflush.h>
#include <kunit/visibility.h>
#include <trace/events/pgsa.h>

#include "claim.h"
#include "debug.h"
#include "mark.h"
#include "oracle.h"
#include "proof.h"
#include "record.h"
#include "verify.h"

/**
 * pgsa_seal_place - where does the redundancy of a frame go?
 * @place: takes the answer, which is good within the caller's rcu_read_lock()
 * @pfn: number of the frame
 * @word: its word, with the ids of the codes; the caller has it in SEALING or
 *	  CHECKING, so that nobody else does this
 *
 * Context: Within rcu_read_lock(). On PREEMPT_RT this may wait for a lock, so it
 *	    has to come before pgsa_content_begin().
 * Return: false if there is no place, or if the word names no codes.
 */
bool pgsa_seal_place(struct pgsa_place *place, unsigned long pfn, u64 word)
{
	place->pfn = pfn;
	place->word = word;
	place->stored = NULL;
	if (!pgsa_word_codes(word, &place->codes))
		return false;
	if (!pgsa_code_stored(place->codes.correct))
		return true;
	place->stored = pgsa_store_keep(place->codes.correct, pfn);
	return place->stored;
}

/**
 * pgsa_seal_encode - compute what a frame's record says of its content
 * @place: what pgsa_seal_place() has said
 * @content: the content
 * @check: takes the check bytes
 *
 * Redundancy that does not fit into a record is stored, with a check of its own.
 *
 * Context: As pgsa_seal_place(), in the same rcu_read_lock(). Does not sleep.
 */
void pgsa_seal_encode(const struct pgsa_place *place, const void *content,
		      union pgsa_check *check)
{
	const struct pgsa_code *correct = place->codes.correct;

	check->raw = 0;
	pgsa_encode_both(place->codes.detect, correct, content, check->detect,
			 place->stored ?: check->correct);
	if (place->stored)
		pgsa_store_check(correct, place->stored, check->correct);
	check->guard = pgsa_frame_guard(place->pfn, place->word, check);
}

/**
 * pgsa_seal_finish - the last step of sealing
 * @frame: the record of the frame
 * @pfn: its number
 * @word: its word; as for pgsa_seal_place()
 * @check: the check bytes
 *
 * Context: Any context.
 * Return: true if the word was still @word and the frame is SEALED now.
 */
bool pgsa_seal_finish(struct pgsa_frame *frame, unsigned long pfn, u64 word,
		      const union pgsa_check *check)
{
	u32 crc;

	/* Read only after the word has become SEALED, by the move below. */
	WRITE_ONCE(frame->check, check->raw);
	if (!pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_SEALED))
		return false;
	memcpy(&crc, check->detect, sizeof(crc));
	trace_pgsa_seal(pfn, pgsa_code_name(FIELD_GET(PGSA_WORD_DETECT, word)),
			pgsa_code_name(FIELD_GET(PGSA_WORD_CORRECT, word)), crc);
	return true;
}

/*
 * Phase 4. The word comes first: once it is known that no event has opened the frame,
 * the only one who could have cleared the mark is a delayed event of before the claim,
 * and those are through.
 */
static bool pgsa_seal_allowed(struct folio *folio, struct pgsa_frame *frame,
			      struct page *page, u64 word)
{
	if (pgsa_frame_word(frame) != word)
		return false;
	if (pgsa_oracle_claim(word)) {
		pgsa_oracle_judge(folio, page, word);
		return false;
	}
	if (pgsa_mark_lost(page_to_pfn(page)))
		return false;
	return pgsa_proof(folio, page) == PGSA_ADMITTED ||
	       pgsa_dropped(PGSA_PROOF_AGAIN);
}

/* Phase 4 and 5, with the folio locked and admitted. */
static bool pgsa_seal_frame(struct folio *folio, struct pgsa_frame *frame,
			    struct page *page, u64 word)
{
	unsigned long pfn = page_to_pfn(page);
	struct pgsa_place place;
	union pgsa_check check;
	const void *content;

	if (!pgsa_seal_allowed(folio, frame, page, word) ||
	    !pgsa_seal_place(&place, pfn, word))
		return false;
	/* Who has given his reference back has written before. */
	smp_rmb();
	content = pgsa_content_begin(page);
	if (!content)
		return false;
	pgsa_seal_encode(&place, content, &check);
	pgsa_content_end(page, content);
	return pgsa_seal_finish(frame, pfn, word, &check);
}

/**
 * pgsa_seal_prepare - provide a place for the redundancy, if it needs one
 * @search: the search
 * @pfn: number of the frame
 *
 * Memory is not fought for: nobody else's is worth less than redundancy, and who
 * reclaims it holds locks, which an idle searcher would hold for long.
 *
 * Context: Any context in which interrupts are on.
 * Return: false if there is no memory, which is counted.
 */
bool pgsa_seal_prepare(struct pgsa_search *search, unsigned long pfn)
{
	const struct pgsa_code *correct = search->policy->correct;

	if (!pgsa_code_stored(correct) ||
	    pgsa_store_prepare(correct, pfn, GFP_NOWAIT | __GFP_NOWARN))
		return true;
	pgsa_stat_add(search->policy, PGSA_STAT_REDUNDANCY_FAILURES, 1);
	return false;
}

static bool pgsa_seal_one(struct pgsa_search *search,
			  const struct pgsa_claim *claim)
{
	struct page *page = pfn_to_online_page(claim->pfn);
	struct pgsa_frame *frame;
	enum pgsa_refusal refusal;
	struct folio *folio;
	u64 word = pgsa_claim_word(claim);
	bool sealed, prepared;

	if (!page)
		return false;
	prepared = pgsa_seal_prepare(search, claim->pfn);
	pgsa_preempt_disable();
	folio = prepared ?
		pgsa_folio_lock(page, pgsa_wants_pagecache(search->policy),
				&refusal) : NULL;
	if (folio && !pgsa_oracle_claim(word))
		pgsa_debug_unwritable(folio, claim);
	frame = pgsa_frame_get(page);
	sealed = frame && folio && pgsa_seal_frame(folio, frame, page, word);
	if (frame && !sealed)
		pgsa_claim_give_back(frame, claim->pfn, word);
	if (frame)
		pgsa_frame_put(frame);
	if (folio)
		pgsa_folio_unlock(folio);
	pgsa_preempt_enable();
	return sealed;
}

/*
 * No flipped bit may pass claims for such that have waited: neither one of the
 * grace period's number nor one in how many wait for it.
 */
static u64 pgsa_seal_proof(const struct pgsa_search *search)
{
	return ~((u64)search->grace ^ search->nr_waiting * GOLDEN_RATIO_64);
}

static bool pgsa_seal_sane(const struct pgsa_search *search)
{
	return search->nr_claims <= pgsa_claims_max() &&
	       search->nr_waiting <= search->nr_claims &&
	       search->next_claim < search->nr_waiting &&
	       search->proof == pgsa_seal_proof(search);
}

/**
 * pgsa_seal_begin - let all claims wait for a grace period
 * @search: the search, in which none waits yet
 *
 * Context: The searcher's thread.
 */
void pgsa_seal_begin(struct pgsa_search *search)
{
	search->nr_waiting = search->nr_claims;
	search->next_claim = 0;
	search->grace = start_poll_synchronize_rcu();
	search->flushed = 0;
	search->proof = pgsa_seal_proof(search);
}

static bool pgsa_grace_over(const struct pgsa_search *search)
{
	return pgsa_dropped(PGSA_RULE_GRACE) ||
	       poll_state_synchronize_rcu(search->grace);
}

/* Phase 3. False if there may be writers that it does not reach. */
static bool pgsa_seal_flush(struct pgsa_search *search)
{
	if (!pgsa_dropped(PGSA_RULE_FLUSH))
		flush_tlb_all();
	search->flushed = ~search->grace;
	return !pgsa_devices_share_mm();
}

/* Those that came later wait for a grace period of their own. */
static void pgsa_seal_end(struct pgsa_search *search)
{
	search->nr_claims -= search->nr_waiting;
	memmove(search->claims, search->claims + search->nr_waiting,
		search->nr_claims * sizeof(*search->claims));
	search->nr_waiting = 0;
	search->first_claim_ns = ktime_get_ns();
}

/**
 * pgsa_seal_step - seal claims that have waited long enough
 * @search: the search
 * @until_ns: do not begin another one after this time of local_clock(), in ns
 *
 * Context: The searcher's thread, which keeps memory from going offline. May
 *	    sleep.
 * Return: true if there are more for which nobody has to wait.
 */
bool pgsa_seal_step(struct pgsa_search *search, u64 until_ns)
{
	unsigned int sealed = 0;

	if (!search->nr_waiting)
		return false;
	if (!pgsa_seal_sane(search)) {
		pgsa_stat_add(search->policy, PGSA_STAT_RECORDS_DAMAGED, 1);
		pgsa_seal_abandon(search);
		return false;
	}
	if (!pgsa_grace_over(search))
		return false;
	if (search->flushed != ~search->grace && !pgsa_seal_flush(search)) {
		pgsa_seal_abandon(search);
		return false;
	}
	do {
		sealed += pgsa_seal_one(search,
					&search->claims[search->next_claim++]);
		cond_resched();
	} while (search->next_claim < search->nr_waiting &&
		 local_clock() < until_ns);
	pgsa_stat_add(search->policy, PGSA_STAT_SEALED, sealed);
	if (search->next_claim < search->nr_waiting)
		return true;
	pgsa_seal_end(search);
	return false;
}

/**
 * pgsa_seal_wait - wait until those that wait can be sealed
 * @search: the search
 *
 * Context: The searcher's thread. Sleeps for a grace period.
 */
void pgsa_seal_wait(struct pgsa_search *search)
{
	if (search->nr_waiting && !pgsa_grace_over(search))
		synchronize_rcu();
}

/**
 * pgsa_seal_abandon - give all claims back
 * @search: the search
 *
 * Context: The searcher's thread, which keeps memory from going offline.
 */
void pgsa_seal_abandon(struct pgsa_search *search)
{
	search->nr_waiting = 0;
	search->nr_claims = min(search->nr_claims, pgsa_claims_max());
	while (search->nr_claims) {
		struct pgsa_claim *claim = &search->claims[--search->nr_claims];
		struct page *page = pfn_to_online_page(claim->pfn);
		struct pgsa_frame *frame = page ? pgsa_frame_get(page) : NULL;

		if (!frame)
			continue;
		pgsa_claim_give_back(frame, claim->pfn,
				     pgsa_claim_word(claim));
		pgsa_frame_put(frame);
	}
}
