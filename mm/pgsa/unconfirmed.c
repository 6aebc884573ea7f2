// SPDX-License-Identifier: GPL-2.0
/*
 * Mismatches that cannot be confirmed yet, and damaged records that cannot be put
 * right yet.
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
 *   frame was sealed, and before one is, that is announced. Where that is
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
 * Pins are respected for as long as they last. They, too, are those of readers,
 * unless a driver breaks the rules; but what a device does with a page is seen by
 * nobody, and there are readers whose pages are written to. Memory that is mapped
 * for a device in both directions, as ib_umem_get() does also when the device may
 * only read, may get a bounce buffer (swiotlb), and back from it, in the end, all
 * that it held in the beginning. That changes nothing but if there was a repair in
 * between: it is undone.
 *
 * So whoever can pin a page can keep it from being repaired, and any user can:
 * write(2) with O_DIRECT pins what it writes, and a FUSE server of his own answers
 * when it likes. That may be all of the C library; it is not locked memory, and not
 * limited as such. No page is damaged by that, and no damage is hidden: it is
 * counted, and there is a line in the log. His processes have to end.
 *
 * A page that is no part of a larger folio has no count of pins, but 1024
 * references for each. 1024 others look like one, but for those of the entries that
 * map the page, which are known. They take 4 pipes of 1 MiB, or many small ones.
 *
 * Nor is it for ever that the proof which is asked for again, that no entry can write
 * the page (proof.c), may have no result: anybody can map a file of his on tmpfs as
 * often as he likes. It is a second line there, for hooks that were missing.
 *
 * A damaged record is put right by the same rule: it is valid only with the
 * generation that its word has, which each event changes, so that none has
 * opened the frame either. See guard.c.
 */

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <trace/events/pgsa.h>

#include "doubt.h"
#include "proof.h"
#include "record.h"
#include "verify.h"

/*
 * For so long after the first everybody tries again: checks that find the same
 * error at the same time hold each other up, for microseconds.
 */
#define PGSA_UNCONFIRMED_FRESH_NS	NSEC_PER_MSEC

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
	bool unproved;

	if (likely(xa_empty(&pgsa_doubts)))
		return false;
	scoped_guard(rcu) {
		doubt = pgsa_doubt_at(pfn);
		if (!doubt)
			return false;
		due_ns = READ_ONCE(doubt->due_ns);
		unproved = doubt->unproved;
	}
	now_ns = ktime_get_ns();
	if (now_ns >= due_ns ||
	    due_ns - now_ns >= PGSA_UNCONFIRMED_NS - PGSA_UNCONFIRMED_FRESH_NS)
		return false;
	/* To ask for the proof again is what would cost much. */
	return unproved ||
	       pgsa_page_refusal(pfn_to_page(pfn), unmapped) != PGSA_ADMITTED;
}

/* Is the frame still as it was when something was found to be wrong with it? */
static bool pgsa_still_wrong(struct page *page, struct pgsa_frame *frame,
			     u64 word)
{
	struct folio *folio;
	int ret;

	if (pgsa_word_state(word) != PGSA_FRAME_SEALED)
		return pgsa_frame_word(frame) == word;
	folio = pgsa_page_hold(page);
	if (!folio)
		return false;
	ret = pgsa_compare(page, frame, word);
	folio_put(folio);
	return ret < 0;
}

/* Without memory, nobody is spared anything. */
static void pgsa_doubt_add(struct pgsa_search *search, struct page *page,
			   struct pgsa_frame *frame, u64 word, bool content,
			   enum pgsa_refusal refusal)
{
	struct pgsa_doubt *doubt = kzalloc(sizeof(*doubt),
					   GFP_NOWAIT | __GFP_NOWARN);
	unsigned long pfn = page_to_pfn(page);
	struct pgsa_doubt *old = xa_load(&pgsa_doubts, pfn);

	if (!doubt)
		return;
	doubt->word = word;
	doubt->content = content || (old && pgsa_doubt_lasts(old, word) &&
				     READ_ONCE(old->content));
	doubt->unproved = refusal == PGSA_REFUSED_UNPROVED;
	doubt->due_ns = ktime_get_ns() + PGSA_UNCONFIRMED_NS;
	/* Somebody else may have been faster, or there may be no memory. */
	if (xa_cmpxchg(&pgsa_doubts, pfn, old, doubt,
		       GFP_NOWAIT | __GFP_NOWARN) != old) {
		kfree(doubt);
		return;
	}
	if (old)
		kfree_rcu(old, rcu);
	/* Pairs with the claim, see doubt.c. */
	smp_mb();
	if (!pgsa_still_wrong(page, frame, word)) {
		pgsa_doubt_drop(pfn, doubt);
		return;
	}
	pgsa_stat_add(search->policy, PGSA_STAT_UNCONFIRMED, 1);
	trace_pgsa_unconfirmed(pfn, pgsa_policy_name(search->policy),
			       pgsa_refusal_name(refusal));
}

/* Once for each frame, however long it takes; told when the folio is unlocked. */
static void pgsa_doubt_note(struct pgsa_search *search, unsigned long pfn,
			    struct pgsa_doubt *doubt, enum pgsa_refusal before,
			    enum pgsa_refusal refusal)
{
	struct pgsa_finding *finding = search->finding;

	if (READ_ONCE(doubt->told))
		return;
	WRITE_ONCE(doubt->told, true);
	finding->pfn = pfn;
	finding->waits = refusal != PGSA_ADMITTED;
	if (!finding->waits)
		finding->held_up = pgsa_refusal_name(before);
	else if (refusal == PGSA_REFUSED_REFERENCED)
		finding->held_up = "pinned";
	else
		finding->held_up = pgsa_refusal_name(refusal);
}

/**
 * pgsa_unconfirmed_tell - tell of an error that somebody has held up for long
 * @policy: the policy whose search found that
 * @finding: what it found
 *
 * Context: As pgsa_tell().
 */
void pgsa_unconfirmed_tell(struct pgsa_policy *policy,
			   const struct pgsa_finding *finding)
{
	if (finding->held_up)
		pr_warn_ratelimited("unconfirmed: pfn=0x%lx policy=%s reason=%s seconds=%lu now=%s\n",
				    finding->pfn, pgsa_policy_name(policy),
				    finding->held_up,
				    PGSA_UNCONFIRMED_NS / NSEC_PER_SEC,
				    finding->waits ? "waits" : "confirmed");
}

/*
 * Others may be at the folio for a moment: that is nothing to remember. Nor is the
 * record of a frame that has left the set.
 */
static bool pgsa_refusal_brief(enum pgsa_refusal refusal, bool content)
{
	return refusal == PGSA_REFUSED_LOCKED || refusal == PGSA_REFUSED_GONE ||
	       (!content && (refusal == PGSA_REFUSED_NOT_LRU ||
			     refusal == PGSA_REFUSED_UNMAPPED));
}

/*
 * As pgsa_folio_lock(), and if it is about the content, it can be found out whether an
 * entry can write it.
 */
static struct folio *pgsa_unconfirmed_try(struct page *page, bool unmapped,
					  bool content,
					  enum pgsa_refusal *refusal)
{
	struct folio *folio = pgsa_folio_lock(page, unmapped, refusal);

	if (!folio || !content)
		return folio;
	*refusal = pgsa_proof(folio, page);
	/* An entry that can write it is a matter of its own: see verify.c. */
	if (*refusal == PGSA_ADMITTED || *refusal == PGSA_REFUSED_WRITABLE)
		return folio;
	pgsa_folio_unlock(folio);
	return NULL;
}

/**
 * pgsa_unconfirmed_lock - hold the folio of a frame with which something is wrong
 * @search: the search that found it
 * @page: the page
 * @frame: the record of the frame
 * @word: its word, as last seen; SEALED if @content
 * @content: the page does not match; else the record is damaged
 *
 * Remembers the frame when that is not possible for the first time, which is
 * counted and traced. When that is long ago, references do not matter any more
 * unless they are pins, nor does what could not be proved again, and one line in the
 * log tells what became of it.
 *
 * Context: As pgsa_folio_lock(), within rcu_read_lock().
 * Return: the folio, locked and referenced, or NULL.
 */
struct folio *pgsa_unconfirmed_lock(struct pgsa_search *search,
				    struct page *page,
				    struct pgsa_frame *frame, u64 word,
				    bool content)
{
	bool unmapped = pgsa_wants_pagecache(search->policy);
	unsigned long pfn = page_to_pfn(page);
	enum pgsa_refusal before, refusal;
	struct pgsa_doubt *doubt;
	struct folio *folio;

	folio = pgsa_unconfirmed_try(page, unmapped, content, &refusal);
	before = refusal;
	if (folio || pgsa_refusal_brief(refusal, content))
		return folio;
	doubt = pgsa_doubt(pfn, word);
	if (!doubt) {
		pgsa_doubt_add(search, page, frame, word, content, refusal);
		return NULL;
	}
	if (content)
		WRITE_ONCE(doubt->content, true);
	if (!pgsa_doubt_due(doubt, ktime_get_ns()))
		return NULL;
	folio = pgsa_folio_lock_unpinned(page, unmapped, &refusal);
	if (pgsa_refusal_brief(refusal, content))
		return NULL;
	pgsa_doubt_note(search, pfn, doubt, before, refusal);
	/* Everybody has had the chance to try. */
	if (!folio)
		WRITE_ONCE(doubt->due_ns, ktime_get_ns() + PGSA_UNCONFIRMED_NS -
					  PGSA_UNCONFIRMED_FRESH_NS);
	return folio;
}
