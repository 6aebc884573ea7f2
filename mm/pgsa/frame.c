// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine of a frame: one table, and one function that changes the
 * word. Knows nothing of pages, so that the tests can drive it with records
 * of their own.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/bug.h>
#include <linux/spinlock.h>
#include <kunit/visibility.h>
#include <trace/events/pgsa.h>

#include "frame_word.h"
#include "warn.h"

#define TO(state)	BIT(PGSA_FRAME_##state)

/*
 * Every state is left for NONE when the frame is freed, and every state but
 * NONE and OPEN for OPEN when a write may follow.
 */
static const u8 pgsa_frame_moves[NR_PGSA_FRAME_STATES] = {
	[PGSA_FRAME_NONE]	= TO(OPEN) | TO(SEALING),
	[PGSA_FRAME_OPEN]	= TO(NONE) | TO(SEALING),
	[PGSA_FRAME_SEALING]	= TO(NONE) | TO(OPEN) | TO(SEALED),
	[PGSA_FRAME_SEALED]	= TO(NONE) | TO(OPEN) | TO(CHECKING),
	[PGSA_FRAME_CHECKING]	= TO(NONE) | TO(OPEN) | TO(SEALED) | TO(BAD),
	[PGSA_FRAME_BAD]	= TO(NONE) | TO(OPEN) | TO(SEALED),
};

/**
 * pgsa_frame_may_move - is there such a transition?
 * @from: state it is in
 * @to: state it would go to
 *
 * A flipped bit in the record can make a state that is none. Events lead out
 * of it, and nothing else.
 *
 * Context: Any context.
 * Return: true if the transition table has it; a state never moves to itself.
 */
bool pgsa_frame_may_move(enum pgsa_frame_state from, enum pgsa_frame_state to)
{
	if (from >= NR_PGSA_FRAME_STATES)
		return to == PGSA_FRAME_OPEN || to == PGSA_FRAME_NONE;
	return to < NR_PGSA_FRAME_STATES && pgsa_frame_moves[from] & BIT(to);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_may_move);

/*
 * The one place where a word changes. Fully ordered when it succeeds: an event
 * is visible before the write that follows it, and a claim before the page is
 * looked at.
 */
static __always_inline bool
pgsa_frame_change(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		  u64 new)
{
	enum pgsa_frame_state from = pgsa_word_state(*word);
	enum pgsa_frame_state to = pgsa_word_state(new);

	if (from != to && !pgsa_frame_may_move(from, to)) {
		WARN_ON_ONCE(from < NR_PGSA_FRAME_STATES);
		return false;
	}
	if (!atomic64_try_cmpxchg(&frame->word, (s64 *)word, new))
		return false;
	if (from != to)
		trace_pgsa_frame_state(pfn, from, to,
				       pgsa_word_generation(new));
	*word = new;
	return true;
}

/*
 * Held by who repairs a frame, from pgsa_frame_lock() to pgsa_frame_unlock().
 * Repairs are rare, and so one lock for all is enough. It makes waiting for a
 * repair exact: a frame that is still locked when the waiter has this lock is
 * being repaired by nobody, its record is damaged. No limit of time could tell
 * that from a virtual CPU that does not run.
 */
static DEFINE_RAW_SPINLOCK(pgsa_repair_lock);

/*
 * The word of a frame that nobody is repairing, or that some event has opened
 * since: then it has got another generation, and the caller's compare-and-exchange
 * fails. Any damaged status may be that of a locked frame.
 */
static u64 pgsa_frame_settled(struct pgsa_frame *frame, unsigned long pfn)
{
	u64 word = atomic64_read_acquire(&frame->word);
	unsigned long flags;

	if (likely(pgsa_word_state(word) < PGSA_FRAME_BAD))
		return word;
	raw_spin_lock_irqsave(&pgsa_repair_lock, flags);
	word = atomic64_read(&frame->word);
	raw_spin_unlock_irqrestore(&pgsa_repair_lock, flags);
	if (pgsa_word_state(word) == NR_PGSA_FRAME_STATES ||
	    pgsa_word_status(word) == PGSA_STATUS_LOCKED)
		pgsa_deferred_warn_ratelimited("pfn 0x%lx: its record is damaged (word 0x%016llx), opened\n",
					       pfn, word);
	return word;
}

/**
 * pgsa_frame_add_writer - one more entry can write the frame
 * @frame: its record
 * @pfn: its number, for the trace
 *
 * Must come before the entry is stored. A count that would overflow is broken
 * for good: such a frame is not sealed until it has been freed.
 *
 * Context: Any context; may spin for the few microseconds of a repair.
 */
void pgsa_frame_add_writer(struct pgsa_frame *frame, unsigned long pfn)
{
	u64 word, new;

	do {
		word = pgsa_frame_settled(frame, pfn);
		new = word;
		if (pgsa_word_state(word) != PGSA_FRAME_OPEN)
			new = pgsa_word_opened(word);
		if (likely(FIELD_GET(PGSA_WORD_WRITERS, word) <
			   PGSA_WRITERS_BROKEN - 3))
			new += PGSA_WRITER;
		else
			new = pgsa_word_break(new);
	} while (!pgsa_frame_change(frame, pfn, &word, new));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_add_writer);

/**
 * pgsa_frame_sub_writer - one entry less can write the frame
 * @frame: its record
 *
 * The frame stays OPEN: the entry may still be cached in a TLB, and whoever
 * used it may still be writing. Only a searcher finds out.
 *
 * Context: Any context.
 * Return: false if there was no writer to take away. A page table must have
 * been damaged; the count is broken for good, as in pgsa_frame_add_writer().
 */
bool pgsa_frame_sub_writer(struct pgsa_frame *frame)
{
	u64 word = atomic64_read(&frame->word);
	u64 new;

	do {
		if (pgsa_word_broken(word))
			return true;
		if (FIELD_GET(PGSA_WORD_WRITERS, word) >= 3)
			new = word - PGSA_WRITER;
		else
			new = pgsa_word_break(word);
	} while (!pgsa_frame_change(frame, 0, &word, new));

	return !pgsa_word_broken(new);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_sub_writer);

/**
 * pgsa_frame_write - the kernel is about to write to the frame
 * @frame: its record
 * @pfn: its number, for the trace
 *
 * Context: Any context; may spin for the few microseconds of a repair.
 */
void pgsa_frame_write(struct pgsa_frame *frame, unsigned long pfn)
{
	u64 word = atomic64_read(&frame->word);

	/*
	 * Nothing to do while nobody claims that the frame is stable. A claim
	 * that comes after this read is caught by the folio lock or by the
	 * reference which the writer holds, see seal.c.
	 */
	while (pgsa_word_state(word) > PGSA_FRAME_OPEN) {
		word = pgsa_frame_settled(frame, pfn);
		if (pgsa_word_state(word) <= PGSA_FRAME_OPEN ||
		    pgsa_frame_change(frame, pfn, &word,
				      pgsa_word_opened(word)))
			break;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_write);

/**
 * pgsa_frame_free - the frame goes back to the page allocator
 * @frame: its record
 * @pfn: its number, for the trace
 *
 * Context: Any context.
 * Return: number of writers that were left, which ought to be 0.
 */
unsigned int pgsa_frame_free(struct pgsa_frame *frame, unsigned long pfn)
{
	u64 word = atomic64_read(&frame->word);
	unsigned int writers;
	u64 new;

	do {
		writers = pgsa_word_writers(word);
		if (!(word & (PGSA_WORD_STATUS | PGSA_WORD_WRITERS)))
			return 0;
		new = word;
		if (pgsa_word_state(word) != PGSA_FRAME_NONE)
			new = pgsa_word_moved(word, PGSA_FRAME_NONE);
		new &= ~PGSA_WORD_WRITERS;
	} while (!pgsa_frame_change(frame, pfn, &word, new));

	return writers;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_free);

/**
 * pgsa_frame_move - move a frame from the state last seen
 * @frame: its record
 * @pfn: its number, for the trace
 * @word: the word last seen; the present one on return
 * @to: state to go to
 *
 * Context: Any context.
 * Return: true if the word was still @word and the frame has moved; a frame that
 * is hurt is not taken.
 */
bool pgsa_frame_move(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		     enum pgsa_frame_state to)
{
	if (to > PGSA_FRAME_OPEN && pgsa_word_hurt(*word))
		return false;
	return pgsa_frame_change(frame, pfn, word, pgsa_word_moved(*word, to));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_move);

/**
 * pgsa_frame_move_codes - pgsa_frame_move() that names other codes
 * @frame: its record
 * @pfn: its number, for the trace
 * @word: the word last seen; the present one on return
 * @to: state to go to, neither NONE nor OPEN
 * @detect: id of the detecting code
 * @correct: id of the correcting code, 0 for none
 *
 * Context: Any context.
 * Return: true if the word was still @word and the frame has moved. False also
 * for ids that have no room in the word.
 */
bool pgsa_frame_move_codes(struct pgsa_frame *frame, unsigned long pfn,
			   u64 *word, enum pgsa_frame_state to,
			   unsigned int detect, unsigned int correct)
{
	u64 new = pgsa_word_moved(*word, to) & ~PGSA_WORD_CODES;

	if (detect > FIELD_MAX(PGSA_WORD_DETECT) ||
	    correct > FIELD_MAX(PGSA_WORD_CORRECT))
		return false;
	new |= FIELD_PREP(PGSA_WORD_DETECT, detect) |
	       FIELD_PREP(PGSA_WORD_CORRECT, correct);
	return pgsa_frame_change(frame, pfn, word, new);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_move_codes);

/**
 * pgsa_frame_claim - begin to seal a frame
 * @frame: its record
 * @pfn: its number, for the trace
 * @word: the word last seen; the present one on return
 * @detect: id of the detecting code
 * @correct: id of the correcting code, 0 for none
 *
 * The frame has a mark, and it is proved that no entry can write it: see seal.c.
 *
 * Context: Any context.
 * Return: true if nobody can write the frame, it has not been given up, and
 * it is SEALING now. False also for ids that have no room in the word.
 */
bool pgsa_frame_claim(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct)
{
	if ((pgsa_word_status(*word) != PGSA_STATUS_NONE &&
	     pgsa_word_status(*word) != PGSA_STATUS_OPEN) ||
	    *word & PGSA_WORD_WRITERS)
		return false;
	return pgsa_frame_move_codes(frame, pfn, word, PGSA_FRAME_SEALING,
				     detect, correct);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_claim);

/**
 * pgsa_frame_give_up - the damage of a frame cannot be repaired
 * @frame: its record
 * @pfn: its number, for the trace
 * @since: its word, as it was when that was found out
 *
 * A BAD frame becomes OPEN, one that an event has opened meanwhile stays so;
 * neither will be sealed again before it has been freed: its content must not
 * pass for good. No damaged bit is left in the word, or each visit would find it.
 *
 * Context: Any context.
 * Return: false if it has been given up already, or freed since.
 */
bool pgsa_frame_give_up(struct pgsa_frame *frame, unsigned long pfn, u64 since)
{
	u64 new, word = pgsa_frame_word(frame);

	do {
		new = pgsa_word_given_up(word);
		if (!pgsa_word_kept(since, word) || new == word)
			return false;
	} while (!pgsa_frame_change(frame, pfn, &word, new));
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_give_up);

/**
 * pgsa_frame_heal - the content of a frame turned out to be right
 * @frame: its record
 * @pfn: its number, for the trace
 * @word: the word last seen; the present one on return
 *
 * The opposite of what an event has done to a frame in the error path. Does nothing
 * to one that is not hurt.
 *
 * Context: The caller has the frame in the error path, and its folio locked.
 */
void pgsa_frame_heal(struct pgsa_frame *frame, unsigned long pfn, u64 *word)
{
	while (pgsa_word_hurt(*word))
		pgsa_frame_change(frame, pfn, word, *word ^ PGSA_STATUS_HURT ^
						    PGSA_STATUS_OPEN);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_heal);

/**
 * pgsa_frame_mark_hurt - damaged content has been put into a frame
 * @frame: its record
 * @pfn: its number, for the trace
 *
 * As after pgsa_frame_give_up(), the frame is not sealed before it has been
 * freed; but here even one of which nothing is known yet is in use.
 *
 * Context: Any context; may spin for the few microseconds of a repair.
 */
void pgsa_frame_mark_hurt(struct pgsa_frame *frame, unsigned long pfn)
{
	u64 word, new;

	do {
		word = pgsa_frame_settled(frame, pfn);
		new = pgsa_word_given_up(word);
	} while (!pgsa_frame_change(frame, pfn, &word, new));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_mark_hurt);

/**
 * pgsa_frame_mend - put a damaged word right
 * @frame: its record
 * @pfn: its number, for the trace
 * @word: the word last seen; the present one on return
 * @mended: what it ought to be
 *
 * The only change of a word that no event and no transition of the table is. The
 * caller knows what the word was before it was damaged, and that nobody is in
 * the middle of something with the frame.
 *
 * Context: Any context.
 * Return: true if the word was still @word.
 */
bool pgsa_frame_mend(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		     u64 mended)
{
	enum pgsa_frame_state from = pgsa_word_state(*word);

	if (!atomic64_try_cmpxchg(&frame->word, (s64 *)word, mended))
		return false;
	trace_pgsa_frame_state(pfn, from, pgsa_word_state(mended),
			       pgsa_word_generation(mended));
	*word = mended;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_mend);

/**
 * pgsa_frame_lock - hold back writers of a BAD frame
 * @frame: its record
 * @word: the word last seen; the present one on return
 *
 * Whoever wants to write to the frame waits in the event that announces it,
 * so the caller may change the content as if it were a writer itself.
 *
 * Context: Interrupts off, until pgsa_frame_unlock() a few microseconds later.
 *	    Only one frame is locked at a time: others who want to lock one wait.
 * Return: true if the word was still @word.
 */
bool pgsa_frame_lock(struct pgsa_frame *frame, u64 *word)
{
	u64 new = (*word & ~PGSA_WORD_STATUS) | PGSA_STATUS_LOCKED;
	bool locked;

	if (WARN_ON_ONCE(pgsa_word_state(*word) != PGSA_FRAME_BAD))
		return false;
	raw_spin_lock(&pgsa_repair_lock);
	locked = pgsa_frame_change(frame, 0, word, new);
	if (!locked)
		raw_spin_unlock(&pgsa_repair_lock);
	else
		__release(&pgsa_repair_lock);	/* for sparse: it goes on */
	return locked;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_lock);

/**
 * pgsa_frame_unlock - let writers go on
 * @frame: its record
 * @pfn: its number, for the trace
 * @word: the word pgsa_frame_lock() returned; the present one on return
 * @right: the content is right now, and the frame SEALED; else it is still BAD
 *
 * A record that was damaged meanwhile is as after an event.
 *
 * Context: As pgsa_frame_lock(). The full barrier orders the caller's stores
 *	    to the page before the release.
 */
void pgsa_frame_unlock(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		       bool right)
{
	u64 new = pgsa_word_moved(*word, right ? PGSA_FRAME_SEALED :
						 PGSA_FRAME_BAD);

	/* No event changes a locked frame; flipped bits might. */
	if (!pgsa_frame_change(frame, pfn, word, new))
		while (pgsa_word_state(*word) >= PGSA_FRAME_BAD &&
		       !pgsa_frame_change(frame, pfn, word,
					  pgsa_word_opened(*word)))
			;
	__acquire(&pgsa_repair_lock);	/* for sparse: in pgsa_frame_lock() */
	raw_spin_unlock(&pgsa_repair_lock);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_unlock);
