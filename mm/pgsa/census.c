// SPDX-License-Identifier: GPL-2.0
/*
 * Counting frames: by searchers while they visit them, at no cost, and for those
 * who need to know exactly.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pgsa.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <kunit/visibility.h>

#include "claim.h"
#include "pgsa.h"
#include "record.h"

/* So many frames are looked at before memory may go offline. */
#define PGSA_CENSUS_STEP	32768

/* What the last complete cycle of a strategy that visits all has counted. */
static DEFINE_SPINLOCK(pgsa_census_lock);	/* for both */
static struct pgsa_census pgsa_census;
static u64 pgsa_census_ns;

/**
 * pgsa_census_frame - count a frame by its state
 * @census: where
 * @page: the frame, which is online
 * @word: its word
 *
 * Context: Any context.
 */
void pgsa_census_frame(struct pgsa_census *census, struct page *page, u64 word)
{
	enum pgsa_frame_state state = pgsa_word_state(word);
	bool sealed = state == PGSA_FRAME_SEALED ||
		      state == PGSA_FRAME_CHECKING;
	bool mapped;

	census->tracked++;
	if (word & PGSA_WORD_WRITERS) {
		census->writable++;
		/* Both may change meanwhile: it is a count of a moment. */
	} else if (data_race(PageLRU(page))) {
		mapped = page_mapped(page);
		census->readonly += mapped;
		census->sealed += mapped && sealed;
		census->sealed_unmapped += !mapped && sealed;
	}
}

/**
 * pgsa_census_refusal - count why a frame is not sealed
 * @census: where
 * @word: its word
 * @refusal: what was found if the word says nothing
 *
 * Context: Any context.
 */
void pgsa_census_refusal(struct pgsa_census *census, u64 word,
			 enum pgsa_refusal refusal)
{
	if (word & PGSA_WORD_WRITERS)
		census->refused[PGSA_REFUSED_WRITABLE]++;
	else if (word & PGSA_WORD_HURT)
		census->hurt++;
	else
		census->refused[refusal]++;
}

/**
 * pgsa_census_free - count frames that are free
 * @census: where
 * @nr: how many
 *
 * Context: Any context.
 */
void pgsa_census_free(struct pgsa_census *census, unsigned long nr)
{
	census->tracked += nr;
	census->refused[PGSA_REFUSED_NOT_LRU] += nr;
}

/**
 * pgsa_census_add - add what one searcher has counted
 * @census: the sum
 * @more: what is added
 *
 * Context: Any context.
 */
void pgsa_census_add(struct pgsa_census *census, const struct pgsa_census *more)
{
	enum pgsa_refusal refusal;

	census->tracked += more->tracked;
	census->readonly += more->readonly;
	census->writable += more->writable;
	census->sealed += more->sealed;
	census->sealed_unmapped += more->sealed_unmapped;
	census->hurt += more->hurt;
	for (refusal = 0; refusal < NR_PGSA_REFUSALS; refusal++)
		census->refused[refusal] += more->refused[refusal];
}

/**
 * pgsa_census_publish - a cycle over all frames is complete
 * @census: what was counted in it
 *
 * Context: Any context but interrupts.
 */
void pgsa_census_publish(const struct pgsa_census *census)
{
	spin_lock(&pgsa_census_lock);
	pgsa_census = *census;
	pgsa_census_ns = ktime_get_boottime_ns();
	spin_unlock(&pgsa_census_lock);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_census_publish);

/**
 * pgsa_census_last - what was counted in the last such cycle
 * @census: set to it, to zeroes if there was none
 *
 * Context: Any context but interrupts.
 * Return: when the cycle ended, in ns since boot; 0 if there was none.
 */
u64 pgsa_census_last(struct pgsa_census *census)
{
	u64 ns;

	spin_lock(&pgsa_census_lock);
	*census = pgsa_census;
	ns = pgsa_census_ns;
	spin_unlock(&pgsa_census_lock);
	return ns;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_census_last);

static void pgsa_census_look(struct pgsa_census *census, struct page *page)
{
	struct pgsa_frame *frame = pgsa_frame_get(page);
	bool unmapped = pgsa_policies_want_pagecache();
	enum pgsa_frame_state state;
	u64 word;

	if (!frame)
		return;
	word = pgsa_frame_word(frame);
	pgsa_frame_put(frame);
	pgsa_census_frame(census, page, word);
	state = pgsa_word_state(word);
	if (state != PGSA_FRAME_SEALED && state != PGSA_FRAME_CHECKING)
		pgsa_census_refusal(census, word,
				    pgsa_sealing_refusal(page, unmapped));
}

/* Part of the way; true if there is more. */
static bool pgsa_census_step(struct pgsa_census *census, struct pgsa_pass *pass)
{
	unsigned int looks = PGSA_CENSUS_STEP;

	pass->checked = false;
	while (pass->pfn < max_pfn && looks--) {
		if (!pgsa_pass_over(pass))
			pgsa_census_look(census, pfn_to_page(pass->pfn++));
		cond_resched();
		if (fatal_signal_pending(current))
			return false;
	}
	return pass->pfn < max_pfn;
}

/**
 * pgsa_census_take - count all frames now
 * @census: set to what was found
 *
 * Takes folio locks for moments: not for anybody, nor for many at a time.
 *
 * Context: Process context, sleeps.
 * Return: 0, or -EINTR for a fatal signal.
 */
int pgsa_census_take(struct pgsa_census *census)
{
	struct pgsa_pass pass = {};
	bool more = pgsa_on();

	*census = (struct pgsa_census) {};
	while (more) {
		get_online_mems();
		more = pgsa_census_step(census, &pass);
		put_online_mems();
	}
	pgsa_census_free(census, pass.free);
	return fatal_signal_pending(current) ? -EINTR : 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_census_take);
