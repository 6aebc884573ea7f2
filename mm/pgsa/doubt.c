// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of frames with which something is wrong that could not be confirmed
 * yet, and what becomes of it.
 */

/**
 * DOC: What is known of a frame
 *
 * An entry of the table says that a frame with that very word did not match. It
 * must not outlive that, for copies of the page count as damaged, and must not
 * get lost, for damage would be sealed as good:
 *
 * - Who confirms takes the entry away when the frame is his and BAD, or before it
 *   is SEALED again, and once more when he has done. Who adds one looks at the
 *   frame again afterwards, and drops it if the frame is not as it was. So either
 *   he sees what became of it, or his entry is seen, although the word is the same
 *   after a repair.
 * - Who finds that the page matches again drops it, and reports a transient error.
 * - Who wants to claim the frame looks for an entry of the generation before, and so
 *   does who trims: an event has opened the frame. If it was not freed as well,
 *   which would be one more generation, its content is what was damaged, or what
 *   has been written to a part of it since. Nobody can tell, and nobody can repair
 *   it any more: it is reported as unresolved, and the frame hurt. That is done
 *   only if the frame has not been freed since its word was looked at, for then
 *   it may be another's; and reported by the one who gives it up. Nobody claims it
 *   before: else an event and the next claim could make the entry one of a generation
 *   that nobody looks for any more.
 * - Until then, who copies the page has to know, for his copy gets what is wrong
 *   with it, and nobody will find that there. So an entry of the generation before
 *   counts for copies as well, and the mark, BAD or hurt, is there before the
 *   entry goes: who looks for the entry first and for the mark then finds one. An
 *   event turns BAD into hurt.
 *
 * An entry is stored before its adder looks at the word again, with a full barrier
 * between. It stays if he saw the word from before the event. Who wants to claim the
 * frame has seen the word from after it, and then looks for the entry: on most
 * machines he finds it. Where others may see the event before they see the entry
 * (not multi-copy atomic), that takes a full barrier between his two looks, and that
 * is the claim itself. So he looks again when he has claimed it; only there, and for
 * the few instructions in between, those who copy find neither entry nor mark.
 */

#include <linux/cleanup.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "doubt.h"
#include "record.h"
#include "verify.h"

/* By frame number. Those of frames that have been opened stay until the next trim. */
DEFINE_XARRAY(pgsa_doubts);

/**
 * pgsa_doubt_at - what is known of a frame as it is now
 * @pfn: its number
 *
 * Context: Any context, within rcu_read_lock() for as long as the result is used.
 * Return: the entry, or NULL.
 */
struct pgsa_doubt *pgsa_doubt_at(unsigned long pfn)
{
	struct pgsa_frame *frame = pgsa_frame_at(pfn);

	return frame ? pgsa_doubt(pfn, pgsa_frame_word(frame)) : NULL;
}

/**
 * pgsa_doubt_drop - take an entry away
 * @pfn: number of the frame
 * @doubt: the entry
 *
 * Context: Any context but interrupts, within rcu_read_lock().
 * Return: true for the one who does it.
 */
bool pgsa_doubt_drop(unsigned long pfn, struct pgsa_doubt *doubt)
{
	if (xa_cmpxchg(&pgsa_doubts, pfn, doubt, NULL, GFP_NOWAIT) != doubt)
		return false;
	kfree_rcu(doubt, rcu);
	return true;
}

/**
 * pgsa_unconfirmed_at - is something known of a frame that nobody could confirm?
 * @pfn: its number
 *
 * Context: Any context.
 * Return: true if it did not match so far, or its record is damaged.
 */
bool pgsa_unconfirmed_at(unsigned long pfn)
{
	if (likely(xa_empty(&pgsa_doubts)))
		return false;
	guard(rcu)();
	return pgsa_doubt_at(pfn);
}

/**
 * pgsa_unconfirmed_content - has a frame a mismatch that nobody could confirm?
 * @pfn: its number
 *
 * Context: Any context.
 * Return: true if its content did not match so far, or did not when an event opened
 * the frame; that its record is damaged says nothing of the content.
 */
bool pgsa_unconfirmed_content(unsigned long pfn)
{
	struct pgsa_doubt *doubt;
	struct pgsa_frame *frame;
	u64 word;

	if (likely(xa_empty(&pgsa_doubts)))
		return false;
	guard(rcu)();
	doubt = xa_load(&pgsa_doubts, pfn);
	frame = doubt ? pgsa_frame_at(pfn) : NULL;
	if (!frame || !READ_ONCE(doubt->content))
		return false;
	word = pgsa_frame_word(frame);
	return pgsa_doubt_lasts(doubt, word) || pgsa_doubt_opened(doubt, word);
}

/**
 * pgsa_unconfirmed_forget - it is being settled what is wrong with a frame
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

/**
 * pgsa_unconfirmed_known - what was known of a frame before its page is read
 * @pfn: its number
 *
 * Context: Any context, within rcu_read_lock() for as long as the result is used.
 * Return: the entry, or NULL.
 */
struct pgsa_doubt *pgsa_unconfirmed_known(unsigned long pfn)
{
	struct pgsa_doubt *doubt;

	if (likely(xa_empty(&pgsa_doubts)))
		return NULL;
	doubt = xa_load(&pgsa_doubts, pfn);
	/* Pairs with xa_cmpxchg() of its adder, who has read the page before. */
	smp_rmb();
	return doubt;
}

/**
 * pgsa_unconfirmed_gone - a page matches its seal
 * @search: the search
 * @page: the page
 * @word: the word of the frame, SEALED, before and after the page was read
 * @known: what was known of it before, or NULL
 *
 * If it did not match before, it does now though nobody wrote to it. That takes a
 * mismatch from before the page was read: one that somebody else sees meanwhile
 * may be younger than what was read.
 *
 * Context: As pgsa_visit(), within rcu_read_lock() since @known was looked up.
 */
void pgsa_unconfirmed_gone(struct pgsa_search *search, struct page *page,
			   u64 word, struct pgsa_doubt *known)
{
	if (known && pgsa_doubt_lasts(known, word) &&
	    pgsa_doubt_drop(page_to_pfn(page), known) &&
	    READ_ONCE(known->content))
		pgsa_error_gone(search, page, word);
}

/**
 * pgsa_unconfirmed_opened - has an event opened a frame with a known mismatch?
 * @search: the search that is about to claim the frame. Takes what is to be told
 * @frame: the record of the frame
 * @pfn: its number
 * @word: its word, NONE or OPEN
 *
 * Context: As pgsa_visit(), within rcu_read_lock().
 * Return: true if so: the frame has been given up, and is not to be claimed.
 */
bool pgsa_unconfirmed_opened(struct pgsa_search *search,
			     struct pgsa_frame *frame, unsigned long pfn,
			     u64 word)
{
	struct pgsa_doubt *doubt;

	if (likely(xa_empty(&pgsa_doubts)))
		return false;
	doubt = xa_load(&pgsa_doubts, pfn);
	if (!doubt || !pgsa_doubt_opened(doubt, word))
		return false;
	pgsa_error_opened(search, pfn, frame, doubt->word, word);
	pgsa_doubt_drop(pfn, doubt);
	return true;
}

/**
 * pgsa_unconfirmed_claimed - pgsa_unconfirmed_opened() after the claim
 * @search: the search that has just claimed the frame. Takes what is to be told
 * @frame: the record of the frame, SEALING
 * @pfn: its number
 * @word: its word before, NONE or OPEN
 *
 * What is known of its former content is of no use any more.
 *
 * Context: As pgsa_visit(), within rcu_read_lock().
 * Return: true if so: the frame has been given up, and is not to be sealed.
 */
bool pgsa_unconfirmed_claimed(struct pgsa_search *search,
			      struct pgsa_frame *frame, unsigned long pfn,
			      u64 word)
{
	if (pgsa_unconfirmed_opened(search, frame, pfn, word))
		return true;
	pgsa_unconfirmed_forget(pfn);
	return false;
}

/*
 * A frame that somebody has just claimed is left to him: he may have yet to look for
 * the entry.
 */
static void pgsa_doubt_trim(struct pgsa_search *search, unsigned long pfn)
{
	struct pgsa_doubt *doubt;
	struct pgsa_frame *frame;
	u64 word = 0;

	guard(rcu)();
	doubt = xa_load(&pgsa_doubts, pfn);
	if (!doubt)
		return;
	frame = pgsa_frame_at(pfn);
	if (frame)
		word = pgsa_frame_word(frame);
	if (frame && (pgsa_doubt_lasts(doubt, word) ||
		      pgsa_word_state(word) == PGSA_FRAME_SEALING))
		return;
	if (frame && pgsa_doubt_opened(doubt, word))
		pgsa_error_opened(search, pfn, frame, doubt->word, word);
	pgsa_doubt_drop(pfn, doubt);
}

/**
 * pgsa_unconfirmed_trim - forget mismatches of frames that have been opened since
 * @search: the search
 *
 * Those that had content that did not match are told of.
 *
 * Context: The searcher's thread. May sleep.
 */
void pgsa_unconfirmed_trim(struct pgsa_search *search)
{
	struct pgsa_doubt *doubt;
	unsigned long pfn;

	xa_for_each(&pgsa_doubts, pfn, doubt) {
		struct pgsa_finding finding = { .result = PGSA_NO_ERROR };

		search->finding = &finding;
		get_online_mems();
		pgsa_doubt_trim(search, pfn);
		pgsa_search_tell(search, &finding);
		put_online_mems();
		cond_resched();
	}
}

/**
 * pgsa_unconfirmed_count - number of frames that nobody could confirm so far
 *
 * Context: Process context, may sleep.
 * Return: number of frames for which pgsa_unconfirmed_at() is true.
 */
unsigned long pgsa_unconfirmed_count(void)
{
	struct pgsa_doubt *doubt;
	unsigned long pfn, nr = 0;

	xa_for_each(&pgsa_doubts, pfn, doubt) {
		nr += pgsa_unconfirmed_at(pfn);
		cond_resched();
	}
	return nr;
}
