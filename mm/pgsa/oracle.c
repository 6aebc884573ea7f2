// SPDX-License-Identifier: GPL-2.0
/*
 * Two answers to one question: can an entry of a page table write this frame? The
 * count of writers says so from what all hooks have told since boot, the proof from
 * what it finds now. A frame is sealed only if both say no. Here the proof is asked
 * about frames that the count refuses: if it admits one, and after a grace period
 * neither has changed its mind, one of them is wrong.
 *
 * In between, entries that are counted may go, which changes the count, and others
 * may come, which clears the mark. A count that lags behind an entry which has just
 * gone does so under the lock of its page table, so not for longer than a grace period;
 * nor does one that is about to be made read-only by fork().
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "claim.h"
#include "mark.h"
#include "oracle.h"
#include "proof.h"
#include "record.h"
#include "warn.h"

#define PGSA_ORACLE_BITS	5	/* a cycle asks about one frame in 2^5 */

static atomic_long_t pgsa_oracle_wrong;

/**
 * pgsa_oracle_refuted - how often has the count refuted the proof?
 *
 * Context: Any context.
 * Return: the number, since boot or pgsa_oracle_reset().
 */
unsigned long pgsa_oracle_refuted(void)
{
	return atomic_long_read(&pgsa_oracle_wrong);
}

/**
 * pgsa_oracle_reset - forget what came of a part that was dropped
 *
 * Context: Any context.
 */
void pgsa_oracle_reset(void)
{
	atomic_long_set(&pgsa_oracle_wrong, 0);
}

static bool pgsa_oracle_turn(const struct pgsa_search *search,
			     unsigned long pfn)
{
	return search->thread &&
	       search->nr_claims < pgsa_claims_max() / 2 &&
	       !hash_long(pfn + search->turn, PGSA_ORACLE_BITS);
}

/**
 * pgsa_oracle_ask - would the proof admit a frame that has writers?
 * @search: the search
 * @page: the frame
 * @word: its word, as last seen, with writers
 *
 * If so it is claimed, but its word stays: see pgsa_oracle_judge().
 *
 * Context: As pgsa_visit().
 */
void pgsa_oracle_ask(struct pgsa_search *search, struct page *page, u64 word)
{
	unsigned long pfn = page_to_pfn(page);
	enum pgsa_refusal refusal;
	struct folio *folio;

	if (!pgsa_oracle_turn(search, pfn) || pgsa_word_broken(word))
		return;
	folio = pgsa_sealing_lock(page, pgsa_wants_pagecache(search->policy),
				  &refusal);
	if (!folio)
		return;
	if (pgsa_frame_word_at(pfn) == word && pgsa_mark_set(pfn)) {
		if (pgsa_proof(folio, page) == PGSA_ADMITTED)
			pgsa_claim_add(search, pfn, word);
		else
			pgsa_mark_clear(pfn);
	}
	pgsa_folio_unlock(folio);
}

/**
 * pgsa_oracle_judge - a grace period later: who was right?
 * @folio: the folio, locked and admitted
 * @page: the frame
 * @word: its word, the same as before, with writers
 *
 * Context: As pgsa_visit().
 */
void pgsa_oracle_judge(struct folio *folio, struct page *page, u64 word)
{
	unsigned long pfn = page_to_pfn(page);

	if (!pgsa_mark_test(pfn) || pgsa_proof(folio, page) != PGSA_ADMITTED)
		return;
	atomic_long_inc(&pgsa_oracle_wrong);
	pgsa_deferred_warn_ratelimited("pfn 0x%lx: no entry is found that can write it, but %u are counted\n",
				       pfn, pgsa_word_writers(word));
}
