// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine of a frame: one table, and one function that changes the
 * word. Knows nothing of pages, so that the tests can drive it with records
 * of their own.
 */
#include <linux/bug.h>
#include <linux/crc16.h>
#include <linux/processor.h>
#include <kunit/visibility.h>
#include <trace/events/pgsa.h>

#include "frame.h"

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

static const char * const pgsa_frame_names[NR_PGSA_FRAME_STATES] = {
	[PGSA_FRAME_NONE]	= "NONE",
	[PGSA_FRAME_OPEN]	= "OPEN",
	[PGSA_FRAME_SEALING]	= "SEALING",
	[PGSA_FRAME_SEALED]	= "SEALED",
	[PGSA_FRAME_CHECKING]	= "CHECKING",
	[PGSA_FRAME_BAD]	= "BAD",
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

/**
 * pgsa_frame_state_name - name of a state, as users see it
 * @state: the state
 *
 * Context: Any context.
 * Return: the name; "?" for a value that is no state (a damaged record).
 */
const char *pgsa_frame_state_name(enum pgsa_frame_state state)
{
	return state < NR_PGSA_FRAME_STATES ? pgsa_frame_names[state] : "?";
}

#define PGSA_WORD_CODES	(PGSA_WORD_DETECT | PGSA_WORD_CORRECT)

/* The word after a move: leaving for OPEN or NONE makes all checks stale. */
static __always_inline u64 pgsa_word_moved(u64 word, enum pgsa_frame_state to)
{
	/* No move carries a lock: one that is found here is a damaged bit. */
	u64 new = (word & ~(PGSA_WORD_STATE | PGSA_WORD_LOCK)) |
		  FIELD_PREP(PGSA_WORD_STATE, to);

	if (to == PGSA_FRAME_OPEN || to == PGSA_FRAME_NONE) {
		u64 next = word + PGSA_WORD_AGE;

		new &= ~(PGSA_WORD_CODES | PGSA_WORD_GENERATION);
		new |= next & PGSA_WORD_GENERATION;
	}
	return new;
}

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

	if (from != to && WARN_ON_ONCE(!pgsa_frame_may_move(from, to)))
		return false;
	if (!atomic64_try_cmpxchg(&frame->word, (s64 *)word, new))
		return false;
	if (from != to)
		trace_pgsa_frame_state(pfn, from, to,
				       pgsa_word_generation(new));
	*word = new;
	return true;
}

/* In any other state than BAD the lock bit is a damaged bit. */
static bool pgsa_word_locked(u64 word)
{
	return word & PGSA_WORD_LOCK && pgsa_word_state(word) == PGSA_FRAME_BAD;
}

/* A repair holds the lock for microseconds, with interrupts off. */
static u64 pgsa_frame_wait_unlocked(struct pgsa_frame *frame)
{
	return smp_cond_load_acquire((u64 *)&frame->word.counter,
				     !pgsa_word_locked(VAL));
}

static bool pgsa_word_broken(u64 word)
{
	return FIELD_GET(PGSA_WORD_WRITERS, word) == PGSA_WRITERS_BROKEN;
}

static u64 pgsa_word_break(u64 word)
{
	return (word & ~PGSA_WORD_WRITERS) |
	       FIELD_PREP(PGSA_WORD_WRITERS, PGSA_WRITERS_BROKEN);
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
		word = pgsa_frame_wait_unlocked(frame);
		new = word;
		if (pgsa_word_state(word) != PGSA_FRAME_OPEN)
			new = pgsa_word_moved(word, PGSA_FRAME_OPEN);
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
		word = pgsa_frame_wait_unlocked(frame);
		if (pgsa_word_state(word) <= PGSA_FRAME_OPEN ||
		    pgsa_frame_change(frame, pfn, &word,
				      pgsa_word_moved(word, PGSA_FRAME_OPEN)))
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
		if (!(word & (PGSA_WORD_STATE | PGSA_WORD_WRITERS |
			      PGSA_WORD_HURT)))
			return 0;
		new = word;
		if (pgsa_word_state(word) != PGSA_FRAME_NONE)
			new = pgsa_word_moved(word, PGSA_FRAME_NONE);
		new &= ~(PGSA_WORD_WRITERS | PGSA_WORD_HURT);
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
 * Return: true if the word was still @word and the frame has moved.
 */
bool pgsa_frame_move(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		     enum pgsa_frame_state to)
{
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
 * Return: true if the word was still @word and the frame has moved.
 */
bool pgsa_frame_move_codes(struct pgsa_frame *frame, unsigned long pfn,
			   u64 *word, enum pgsa_frame_state to,
			   unsigned int detect, unsigned int correct)
{
	u64 new = pgsa_word_moved(*word, to) & ~PGSA_WORD_CODES;

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
 * Context: Any context.
 * Return: true if nobody can write the frame, it has not been given up, and
 * it is SEALING now.
 */
bool pgsa_frame_claim(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct)
{
	if (pgsa_word_state(*word) > PGSA_FRAME_OPEN ||
	    *word & (PGSA_WORD_WRITERS | PGSA_WORD_HURT))
		return false;
	return pgsa_frame_move_codes(frame, pfn, word, PGSA_FRAME_SEALING,
				     detect, correct);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_claim);

/**
 * pgsa_frame_give_up - the damage of a frame cannot be repaired
 * @frame: its record
 * @pfn: its number, for the trace
 *
 * A BAD frame becomes OPEN, one that an event has opened meanwhile stays so;
 * neither will be sealed again before it has been freed: its content must not
 * pass for good.
 *
 * Context: Any context.
 */
void pgsa_frame_give_up(struct pgsa_frame *frame, unsigned long pfn)
{
	u64 word = pgsa_frame_word(frame);
	u64 new;

	do {
		if (pgsa_word_state(word) == PGSA_FRAME_NONE)
			return;
		new = word;
		if (pgsa_word_state(word) != PGSA_FRAME_OPEN)
			new = pgsa_word_moved(word, PGSA_FRAME_OPEN);
		new |= PGSA_WORD_HURT;
	} while (!pgsa_frame_change(frame, pfn, &word, new));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_give_up);

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
		word = pgsa_frame_wait_unlocked(frame);
		new = word;
		if (pgsa_word_state(word) != PGSA_FRAME_OPEN)
			new = pgsa_word_moved(word, PGSA_FRAME_OPEN);
		new |= PGSA_WORD_HURT;
	} while (!pgsa_frame_change(frame, pfn, &word, new));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_mark_hurt);

/**
 * pgsa_frame_lock - hold back writers of a BAD frame
 * @frame: its record
 * @word: the word last seen; the present one on return
 *
 * Whoever wants to write to the frame waits in the event that announces it,
 * so the caller may change the content as if it were a writer itself.
 *
 * Context: Interrupts off, until pgsa_frame_unlock() a few microseconds later.
 * Return: true if the word was still @word.
 */
bool pgsa_frame_lock(struct pgsa_frame *frame, u64 *word)
{
	if (WARN_ON_ONCE(pgsa_word_state(*word) != PGSA_FRAME_BAD))
		return false;
	return pgsa_frame_change(frame, 0, word, *word | PGSA_WORD_LOCK);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_lock);

/**
 * pgsa_frame_unlock - let writers go on
 * @frame: its record
 * @word: the word pgsa_frame_lock() returned; the present one on return
 *
 * Context: As pgsa_frame_lock(). The full barrier orders the caller's stores
 *	    to the page before the release.
 */
void pgsa_frame_unlock(struct pgsa_frame *frame, u64 *word)
{
	u64 new = *word & ~PGSA_WORD_LOCK;

	/* Only sub_writer could interfere, and there is no writer. */
	WARN_ON_ONCE(!pgsa_frame_change(frame, 0, word, new));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_unlock);

/**
 * pgsa_frame_guard - check value over a record's own content
 * @pfn: frame number, so that a record of another frame is not accepted
 * @word: the word; only codes and generation count
 * @check: check bytes of the codes
 *
 * CRC-16 detects every single and double flip in these few bytes.
 *
 * Context: Any context.
 * Return: the value for @check->guard.
 */
u16 pgsa_frame_guard(unsigned long pfn, u64 word,
		     const union pgsa_check *check)
{
	u64 fixed[2] = {
		pfn,
		word & (PGSA_WORD_DETECT | PGSA_WORD_CORRECT |
			PGSA_WORD_GENERATION),
	};
	u16 crc = crc16(0xffff, (const u8 *)fixed, sizeof(fixed));

	return crc16(crc, check->detect,
		     PGSA_DETECT_BYTES + PGSA_CORRECT_BYTES);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_guard);
