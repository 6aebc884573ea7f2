// SPDX-License-Identifier: GPL-2.0
/*
 * Mismatches that cannot be confirmed yet.
 */
#define pr_fmt(fmt) "pgsa: " fmt

/**
 * DOC: References of readers
 *
 * A mismatch is confirmed only while nobody has the page for a purpose that is
 * not known, although the proof of the protocol asks for that at sealing alone:
 * it costs nothing, and catches whoever breaks the rules of the kernel. But
 * anybody can have any page that he may read, for as long as he likes: in a
 * pipe, in a socket that is not read from. So a reference delays a repair, and
 * cannot prevent it. When the page has been found to differ for
 * PGSA_UNCONFIRMED_NS, what references there are does not matter any more,
 * with the exception of pins.
 *
 * That is safe, since no reference is that of a writer. When the frame was
 * sealed there was none that was not accounted for. Whoever got one later either
 * wanted to write, or not:
 *
 * - Who wants to write to user memory asks for it (FOLL_WRITE), and gets a
 *   reference only through an entry that is writable. No entry was when the
 *   frame was sealed, and before one is, its writer is counted. Where that is
 *   not asked for (FOLL_FORCE) there is a hook in its place.
 * - Who writes to the page cache looks the folio up, whoever else holds it, and
 *   passes a hook each time before it writes; a driver that gets shared memory
 *   to write to, once when it gets it.
 * - Who got the page to read it may pass it on: a pipe to the next one, to a
 *   socket, or to the page cache of FUSE, which takes it out of that of the
 *   file. None of these writes to it, and neither does who gets it then:
 *   writers to that page cache pass their hooks as well, and no frame of a file
 *   of FUSE is admitted here.
 *
 * Each of these events opens the frame, which makes whatever was found stale.
 * Migration, KSM, reclaim and compaction hold references to pages that they
 * move, not to write to them, and keep them locked.
 *
 * Pins are respected because nobody pins a page for a moment: what a device does
 * with it is seen by nobody. For a page that is no part of a larger folio, 1024
 * references look like a pin, so that whoever can take that many of a page (4
 * pipes of 1 MiB) can delay its repair for as long as he keeps them; the limits
 * of pipes (16384 pages for each user) allow him 16 such pages.
 */

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <trace/events/pgsa.h>

#include "record.h"
#include "verify.h"

/* For so long references hold a confirmation up. */
#define PGSA_UNCONFIRMED_NS	(2 * NSEC_PER_SEC)

/*
 * For so long after the first everybody tries again: checks that find the same
 * error at the same time hold each other up, for microseconds.
 */
#define PGSA_UNCONFIRMED_FRESH_NS	NSEC_PER_MSEC

/**
 * struct pgsa_doubt - a frame with a mismatch that could not be confirmed
 * @generation: of its word then; with another one the frame has been opened since
 * @told: the log has a line of it
 * @due_ns: from then on references do not matter, in ns of ktime_get()
 * @rcu: for who still looks at it
 */
struct pgsa_doubt {
	unsigned int generation;
	bool told;
	u64 due_ns;
	struct rcu_head rcu;
};

/* By frame number. Those of frames that have been opened stay until the next count. */
static DEFINE_XARRAY(pgsa_doubts);

/* The caller holds rcu_read_lock(). */
static struct pgsa_doubt *pgsa_doubt(unsigned long pfn, u64 word)
{
	struct pgsa_doubt *doubt = xa_load(&pgsa_doubts, pfn);

	if (!doubt || pgsa_word_state(word) != PGSA_FRAME_SEALED ||
	    doubt->generation != pgsa_word_generation(word))
		return NULL;
	return doubt;
}

static struct pgsa_doubt *pgsa_doubt_at(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	struct pgsa_frame *frame = page ? pgsa_frame_get(page) : NULL;
	struct pgsa_doubt *doubt;

	if (!frame)
		return NULL;
	doubt = pgsa_doubt(pfn, pgsa_frame_word(frame));
	pgsa_frame_put(frame);
	return doubt;
}

/**
 * pgsa_unconfirmed_at - has a frame a mismatch that nobody could confirm so far?
 * @pfn: its number
 *
 * Context: Any context.
 * Return: true if that is known.
 */
bool pgsa_unconfirmed_at(unsigned long pfn)
{
	if (likely(xa_empty(&pgsa_doubts)))
		return false;
	guard(rcu)();
	return pgsa_doubt_at(pfn);
}

/**
 * pgsa_unconfirmed_forget - a frame's mismatch is being confirmed
 * @pfn: its number
 *
 * Context: Any context but interrupts.
 */
void pgsa_unconfirmed_forget(unsigned long pfn)
{
	struct pgsa_doubt *doubt;

	if (likely(xa_empty(&pgsa_doubts)))
		return;
	doubt = xa_erase(&pgsa_doubts, pfn);
	if (doubt)
		kfree_rcu(doubt, rcu);
}

static void pgsa_doubt_drop(unsigned long pfn, struct pgsa_doubt *doubt)
{
	if (xa_cmpxchg(&pgsa_doubts, pfn, doubt, NULL, GFP_NOWAIT) == doubt)
		kfree_rcu(doubt, rcu);
}

/**
 * pgsa_unconfirmed_trim - forget mismatches of frames that have been opened since
 *
 * Context: Process context, may sleep.
 * Return: number of frames with a mismatch that nobody could confirm so far.
 */
unsigned long pgsa_unconfirmed_trim(void)
{
	struct pgsa_doubt *doubt;
	unsigned long pfn, nr = 0;

	xa_for_each(&pgsa_doubts, pfn, doubt) {
		if (pgsa_unconfirmed_at(pfn))
			nr++;
		else
			pgsa_doubt_drop(pfn, doubt);
		cond_resched();
	}
	return nr;
}

/**
 * pgsa_unconfirmed_waits - is it too early to look at a frame again?
 * @pfn: number of the frame, which is online
 * @unmapped: as for pgsa_folio_lock()
 *
 * Spares those who visit the frame to find out the same each time.
 *
 * Context: As pgsa_folio_lock(). The caller has no reference to the page. The
 *	    answer may be outdated at once.
 * Return: true if a mismatch is known, and what kept it from being confirmed
 * still does.
 */
bool pgsa_unconfirmed_waits(unsigned long pfn, bool unmapped)
{
	struct pgsa_doubt *doubt;
	u64 now_ns, due_ns;

	if (likely(xa_empty(&pgsa_doubts)))
		return false;
	scoped_guard(rcu) {
		doubt = pgsa_doubt_at(pfn);
		if (!doubt)
			return false;
		due_ns = READ_ONCE(doubt->due_ns);
	}
	now_ns = ktime_get_ns();
	return now_ns < due_ns &&
	       due_ns - now_ns < PGSA_UNCONFIRMED_NS - PGSA_UNCONFIRMED_FRESH_NS &&
	       pgsa_page_refusal(pfn_to_page(pfn), unmapped) != PGSA_ADMITTED;
}

/* Without memory, nobody is spared anything. */
static void pgsa_doubt_add(struct pgsa_search *search, unsigned long pfn,
			   u64 word, enum pgsa_refusal refusal)
{
	struct pgsa_doubt *doubt = kzalloc(sizeof(*doubt),
					   GFP_NOWAIT | __GFP_NOWARN);
	struct pgsa_doubt *old = xa_load(&pgsa_doubts, pfn);

	if (!doubt)
		return;
	doubt->generation = pgsa_word_generation(word);
	doubt->due_ns = ktime_get_ns() + PGSA_UNCONFIRMED_NS;
	/* Somebody else may have been faster, or there may be no memory. */
	if (xa_cmpxchg(&pgsa_doubts, pfn, old, doubt,
		       GFP_NOWAIT | __GFP_NOWARN) != old) {
		kfree(doubt);
		return;
	}
	if (old)
		kfree_rcu(old, rcu);
	pgsa_stat_add(search->policy, PGSA_STAT_UNCONFIRMED, 1);
	trace_pgsa_unconfirmed(pfn, pgsa_policy_name(search->policy),
			       pgsa_refusal_name(refusal));
}

/* Once for each frame, however long it takes. */
static void pgsa_doubt_tell(struct pgsa_search *search, unsigned long pfn,
			    struct pgsa_doubt *doubt, enum pgsa_refusal refusal)
{
	bool confirmed = refusal == PGSA_ADMITTED;
	const char *reason = confirmed ? "referenced" :
			     refusal == PGSA_REFUSED_REFERENCED ? "pinned" :
			     pgsa_refusal_name(refusal);

	if (READ_ONCE(doubt->told))
		return;
	WRITE_ONCE(doubt->told, true);
	pr_warn_ratelimited("unconfirmed: pfn=0x%lx policy=%s reason=%s seconds=%lu now=%s\n",
			    pfn, pgsa_policy_name(search->policy), reason,
			    PGSA_UNCONFIRMED_NS / NSEC_PER_SEC,
			    confirmed ? "confirmed" : "waits");
}

/* Others may be at the folio for a moment: that is nothing to remember. */
static bool pgsa_refusal_brief(enum pgsa_refusal refusal)
{
	return refusal == PGSA_REFUSED_LOCKED || refusal == PGSA_REFUSED_GONE;
}

/**
 * pgsa_unconfirmed_lock - a mismatch cannot be confirmed now
 * @search: the search that found it
 * @page: the page
 * @word: the word of the frame, as last seen; SEALED
 * @refusal: why not
 *
 * Remembers the frame when that happens for the first time, which is counted
 * and traced. When that is long ago, references do not matter any more unless
 * they are pins, and one line in the log tells what became of it.
 *
 * Context: As pgsa_folio_lock(), within rcu_read_lock().
 * Return: the folio, locked and referenced, or NULL.
 */
struct folio *pgsa_unconfirmed_lock(struct pgsa_search *search,
				    struct page *page, u64 word,
				    enum pgsa_refusal refusal)
{
	unsigned long pfn = page_to_pfn(page);
	struct pgsa_doubt *doubt = pgsa_doubt(pfn, word);
	struct folio *folio;

	if (pgsa_refusal_brief(refusal))
		return NULL;
	if (!doubt) {
		pgsa_doubt_add(search, pfn, word, refusal);
		return NULL;
	}
	if (ktime_get_ns() < READ_ONCE(doubt->due_ns))
		return NULL;
	folio = pgsa_folio_lock_unpinned(page, search->policy->scope_pagecache,
					 &refusal);
	if (pgsa_refusal_brief(refusal))
		return NULL;
	pgsa_doubt_tell(search, pfn, doubt, refusal);
	/* Everybody has had the chance to try. */
	if (!folio)
		WRITE_ONCE(doubt->due_ns, ktime_get_ns() + PGSA_UNCONFIRMED_NS -
					  PGSA_UNCONFIRMED_FRESH_NS);
	return folio;
}
