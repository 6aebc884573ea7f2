// SPDX-License-Identifier: GPL-2.0
/*
 * Giving a damaged page its right content back.
 */

/**
 * DOC: Repair
 *
 * A repair never makes a page worse. What is wrong may be right again at any
 * moment: a cached copy was wrong and has been dropped, a cell answers again,
 * whoever disturbs the memory has gone. And what was right may be wrong a moment
 * later. So nothing that was read is relied upon when the page is written to:
 *
 * 1. The right content is computed on a copy, and accepted only if the detecting
 *    code agrees. It stays the right content until a write event comes.
 * 2. Writers are held back by the lock in the frame's word, with interrupts off,
 *    and all words of the page are compared before the first is written. Each
 *    must be what was read, or right already. If one is neither, nothing is
 *    written: what was read is out of date.
 * 3. A word that is right is left. One that is wrong is replaced by compare-and-
 *    exchange: if it has changed since 2, it is not what was read, and is left.
 * 4. The lines of the page are flushed from the caches, so that the memory itself
 *    must give back what was written, and the detecting code is asked whether the
 *    page is right.
 * 5. If it is not, the memory did not take what was written, or more damage has
 *    come. The words that were written are right all the same, and to take them
 *    back would damage the page - unless the copy in 1 has been damaged in turn:
 *    it is proven once more, and if that fails, each word that was written gets
 *    back what was found there, and no other word is touched.
 *
 * After a failure the page is read again, from memory. It may be right by now,
 * or the same steps may succeed with what was read last. That is tried a few
 * times, but for the first step, which takes longest and is done twice at most;
 * and only then the frame is given up.
 */

#include <linux/mm.h>
#include <linux/string.h>

#include "error.h"

/* What became of one try */
enum pgsa_try {
	PGSA_TRY_RIGHT,		/* the page is proven */
	PGSA_TRY_DIFFERS,	/* it is not what was read */
	PGSA_TRY_UNPROVEN,	/* it does not hold what was written */
	PGSA_TRY_OPENED,	/* a write event has come */
};

static bool pgsa_proven(const struct pgsa_case *c, const void *content)
{
	u8 now[PGSA_DETECT_BYTES];

	pgsa_encode(c->detect, content, now);
	return !memcmp(now, c->check.detect, sizeof(now));
}

/* Step 1. */
static bool pgsa_correct_copy(struct pgsa_case *c)
{
	if (c->known)
		return true;
	if (!c->correct || !c->redundancy) {
		c->reason = c->correct ? "redundancy" : "no_code";
		return false;
	}
	/* The same again would give the same, and preemption is off. */
	if (!c->hopeless && c->decodes < PGSA_REPAIR_DECODES) {
		c->decodes++;
		memcpy(c->repaired, c->damaged, PAGE_SIZE);
		c->known = pgsa_decode(c->correct, c->repaired,
				       c->redundancy) > 0 &&
			   pgsa_proven(c, c->repaired);
		c->hopeless = !c->known;
	}
	if (!c->known)
		c->reason = "uncorrectable";
	return c->known;
}

/* Step 2: is every word what was read, or right? */
static bool pgsa_words_expected(const struct pgsa_case *c)
{
	unsigned int i;

	for (i = 0; i < PGSA_PAGE_WORDS; i++)
		if (c->now[i] != c->damaged[i] && c->now[i] != c->repaired[i])
			return false;
	return true;
}

/* Step 3: true if all are right now, as far as one can see. */
static bool pgsa_write_words(struct pgsa_case *c)
{
	u64 *content = page_address(c->page);
	unsigned int i;

	for (i = 0; i < PGSA_PAGE_WORDS; i++) {
		u64 found = c->damaged[i];

		if (c->now[i] == c->repaired[i])
			continue;
		if (try_cmpxchg(&content[i], &found, c->repaired[i]))
			__set_bit(i, c->written);
		else if (found != c->repaired[i])
			return false;
	}
	return true;
}

/* Step 5, for the case that nothing proves any more what was written. */
static void pgsa_undo_words(struct pgsa_case *c)
{
	u64 *content = page_address(c->page);
	unsigned int i;

	for_each_set_bit(i, c->written, PGSA_PAGE_WORDS)
		WRITE_ONCE(content[i], c->damaged[i]);
	bitmap_zero(c->written, PGSA_PAGE_WORDS);
	c->known = false;
}

/* Steps 2 to 5, with writers held back. */
static enum pgsa_try pgsa_write_back(struct pgsa_case *c)
{
	if (!pgsa_content_copy(c->now, c->page) || !pgsa_words_expected(c))
		return PGSA_TRY_DIFFERS;
	if (!pgsa_write_words(c))
		return PGSA_TRY_DIFFERS;
	pgsa_content_flush(c->page);
	if (pgsa_content_copy(c->now, c->page) && pgsa_proven(c, c->now))
		return PGSA_TRY_RIGHT;
	if (!pgsa_proven(c, c->repaired))
		pgsa_undo_words(c);
	return PGSA_TRY_UNPROVEN;
}

static enum pgsa_try pgsa_try_repair(struct pgsa_case *c)
{
	enum pgsa_try ret = PGSA_TRY_OPENED;
	unsigned long flags;

	local_irq_save(flags);
	if (pgsa_word_state(c->word) == PGSA_FRAME_BAD &&
	    pgsa_frame_lock(c->frame, &c->word)) {
		ret = pgsa_write_back(c);
		pgsa_frame_unlock(c->frame, page_to_pfn(c->page), &c->word,
				  ret == PGSA_TRY_RIGHT);
	}
	local_irq_restore(flags);
	return ret;
}

/*
 * Is the page right by now? Else the next try begins with what it holds; but what
 * was wrong with a word that has been right since is kept, for the report.
 */
static bool pgsa_look_again(struct pgsa_case *c)
{
	unsigned int i;

	pgsa_content_flush(c->page);
	if (!pgsa_content_copy(c->now, c->page)) {
		c->reason = "unreadable";
		return false;
	}
	if (pgsa_proven(c, c->now))
		return true;
	for (i = 0; i < PGSA_PAGE_WORDS; i++) {
		if (c->now[i] == c->damaged[i] ||
		    (c->known && c->now[i] == c->repaired[i]))
			continue;
		c->damaged[i] = c->now[i];
		c->hopeless = false;
	}
	return false;
}

static bool pgsa_right_by_now(struct pgsa_case *c)
{
	static const char * const reasons[] = {
		[PGSA_TRY_DIFFERS]	= "unsteady",
		[PGSA_TRY_UNPROVEN]	= "stuck",
		[PGSA_TRY_OPENED]	= "written",
	};
	enum pgsa_try ret;

	if (pgsa_correct_copy(c)) {
		ret = pgsa_try_repair(c);
		if (ret == PGSA_TRY_RIGHT)
			return true;
		c->reason = reasons[ret];
	}
	return pgsa_look_again(c);
}

/**
 * pgsa_repair - give a page its right content back, and seal it again
 * @c: the error; its record proves what is right. Takes the reason why it could
 *     not be repaired
 *
 * Context: The searcher's thread, within rcu_read_lock(), with the folio locked
 *	    and the frame BAD. Does not sleep.
 * Return: PGSA_CORRECTED; PGSA_TRANSIENT if the page turned out to be right
 * without a word having been written; PGSA_UNRESOLVED if it is not right.
 */
enum pgsa_result pgsa_repair(struct pgsa_case *c)
{
	unsigned int tries = PGSA_REPAIR_TRIES;

	while (!pgsa_right_by_now(c))
		if (!--tries)
			return PGSA_UNRESOLVED;

	/* Right without us; or an event has opened the frame, and taken it for lost. */
	if (pgsa_word_state(c->word) == PGSA_FRAME_BAD)
		pgsa_frame_move(c->frame, page_to_pfn(c->page), &c->word,
				PGSA_FRAME_SEALED);
	pgsa_frame_heal(c->frame, page_to_pfn(c->page), &c->word);
	return bitmap_empty(c->written, PGSA_PAGE_WORDS) ? PGSA_TRANSIENT :
							    PGSA_CORRECTED;
}
