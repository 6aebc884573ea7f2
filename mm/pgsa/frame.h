/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record of one page frame and the rules by which it changes.
 */
#ifndef _PGSA_FRAME_H
#define _PGSA_FRAME_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/types.h>

/**
 * enum pgsa_frame_state - what PGSA knows about a frame's content
 * @PGSA_FRAME_NONE: nothing yet, or the frame is free; page_ext starts zeroed
 * @PGSA_FRAME_OPEN: may change at any time, or it is not known that it may not
 * @PGSA_FRAME_SEALING: a searcher wants to seal it
 * @PGSA_FRAME_SEALED: stable, and described by its check bytes
 * @PGSA_FRAME_CHECKING: sealed, and a searcher is confirming a mismatch
 * @PGSA_FRAME_BAD: a confirmed mismatch is in the error path
 * @NR_PGSA_FRAME_STATES: number of states
 */
enum pgsa_frame_state {
	PGSA_FRAME_NONE,
	PGSA_FRAME_OPEN,
	PGSA_FRAME_SEALING,
	PGSA_FRAME_SEALED,
	PGSA_FRAME_CHECKING,
	PGSA_FRAME_BAD,
	NR_PGSA_FRAME_STATES
};

/*
 * The word of a frame. State and writers share it, so that "nobody can write
 * this frame" and "this frame is sealed" are decided by one atomic operation.
 *
 * Writers are counted in steps of three: no single flipped bit in the record
 * turns a count of writers into "none" (an AN code, Brown 1960).
 */
#define PGSA_WORD_STATE		GENMASK_ULL(2, 0)
#define PGSA_WORD_LOCK		BIT_ULL(3)	/* content is being repaired */
#define PGSA_WORD_HURT		BIT_ULL(4)	/* damage not repaired: never seal */
#define PGSA_WORD_DETECT	GENMASK_ULL(8, 5)
#define PGSA_WORD_CORRECT	GENMASK_ULL(12, 9)
#define PGSA_WORD_PROOF		GENMASK_ULL(15, 13)	/* of the first three */
#define PGSA_WORD_GENERATION	GENMASK_ULL(35, 16)
#define PGSA_WORD_WRITERS	GENMASK_ULL(63, 36)

#define PGSA_WORD_AGE		BIT_ULL(16)	/* one generation */
#define PGSA_WRITER		(3ULL << 36)	/* one writer */
#define PGSA_WRITERS_BROKEN	(GENMASK_ULL(27, 0) - 1) /* no multiple of 3 */

/*
 * State, lock and hurt together are the status, which has eight values. Any two
 * of them differ in at least three bits, for which the proof is chosen: no one or
 * two flips make another value, and after one flip it is known what the value was.
 */
#define PGSA_WORD_STATUS	(PGSA_WORD_STATE | PGSA_WORD_LOCK | \
				 PGSA_WORD_HURT | PGSA_WORD_PROOF)
#define PGSA_STATUS(state, proof) \
	(PGSA_FRAME_##state | FIELD_PREP_CONST(PGSA_WORD_PROOF, proof))
#define PGSA_STATUS_NONE	PGSA_STATUS(NONE, 0)
#define PGSA_STATUS_OPEN	PGSA_STATUS(OPEN, 3)
#define PGSA_STATUS_HURT	(PGSA_STATUS(OPEN, 4) | PGSA_WORD_HURT)
#define PGSA_STATUS_SEALING	PGSA_STATUS(SEALING, 6)
#define PGSA_STATUS_SEALED	PGSA_STATUS(SEALED, 5)
#define PGSA_STATUS_CHECKING	PGSA_STATUS(CHECKING, 5)
#define PGSA_STATUS_BAD		PGSA_STATUS(BAD, 6)
#define PGSA_STATUS_LOCKED	(PGSA_STATUS(BAD, 0) | PGSA_WORD_LOCK)

#define PGSA_WORD_CODES		(PGSA_WORD_DETECT | PGSA_WORD_CORRECT)

/* Check bytes in the record: a detecting code, a correcting one, a guard. */
#define PGSA_DETECT_BYTES	4
#define PGSA_CORRECT_BYTES	2

/**
 * union pgsa_check - the codes of a sealed frame
 * @raw: all of it, read and written in one access
 * @detect: check bytes of the detecting code
 * @correct: check bytes of the correcting code
 * @guard: check value over the rest of the record; damage to the record must
 *	   never be taken for damage to the frame
 */
union pgsa_check {
	u64 raw;
	struct {
		u8 detect[PGSA_DETECT_BYTES];
		u8 correct[PGSA_CORRECT_BYTES];
		u16 guard;
	};
};

/**
 * struct pgsa_frame - the record of one page frame, kept in page_ext
 */
struct pgsa_frame {
	/** @word: see PGSA_WORD_*; lockless, its state changes in frame.c */
	atomic64_t word;
	/**
	 * @check: a union pgsa_check; written with the folio locked by the
	 * CPU that has the frame in SEALING, valid from SEALED to BAD. In
	 * SEALING, the time of the claim: see pgsa_claim_timed()
	 */
	u64 check;
};

static __always_inline u64 pgsa_word_status(u64 word)
{
	return word & PGSA_WORD_STATUS;
}

/* NR_PGSA_FRAME_STATES for a status that is none: the record is damaged. */
static inline enum pgsa_frame_state pgsa_word_state(u64 word)
{
	switch (pgsa_word_status(word)) {
	case PGSA_STATUS_NONE:
	case PGSA_STATUS_OPEN:
	case PGSA_STATUS_HURT:
	case PGSA_STATUS_SEALING:
	case PGSA_STATUS_SEALED:
	case PGSA_STATUS_CHECKING:
	case PGSA_STATUS_BAD:
	case PGSA_STATUS_LOCKED:
		return FIELD_GET(PGSA_WORD_STATE, word);
	default:
		return NR_PGSA_FRAME_STATES;
	}
}

static inline bool pgsa_word_hurt(u64 word)
{
	return pgsa_word_status(word) == PGSA_STATUS_HURT;
}

static inline unsigned int pgsa_word_generation(u64 word)
{
	return FIELD_GET(PGSA_WORD_GENERATION, word);
}

static inline unsigned int pgsa_word_writers(u64 word)
{
	return FIELD_GET(PGSA_WORD_WRITERS, word) / 3;
}

static inline bool pgsa_word_broken(u64 word)
{
	return FIELD_GET(PGSA_WORD_WRITERS, word) == PGSA_WRITERS_BROKEN;
}

/* Has a bit of the count of writers flipped? */
static inline bool pgsa_word_miscounted(u64 word)
{
	return FIELD_GET(PGSA_WORD_WRITERS, word) % 3 && !pgsa_word_broken(word);
}

/* The count of writers is wrong, and will be until the frame is freed. */
static inline u64 pgsa_word_break(u64 word)
{
	return (word & ~PGSA_WORD_WRITERS) |
	       FIELD_PREP(PGSA_WORD_WRITERS, PGSA_WRITERS_BROKEN);
}

static inline u64 pgsa_frame_word(const struct pgsa_frame *frame)
{
	return atomic64_read_acquire(&frame->word);
}

/*
 * Is a frame that had a word then still in use, and not been freed meanwhile? Who
 * frees it makes it NONE, of the next generation, and the next event after that OPEN,
 * of the one after. One event alone leads to OPEN of the next generation. Claims
 * keep the generation, and so does who seals.
 */
static inline bool pgsa_word_kept(u64 then, u64 now)
{
	switch (pgsa_word_state(now)) {
	case PGSA_FRAME_NONE:
		return false;
	case PGSA_FRAME_OPEN:
		if (pgsa_word_generation(now) ==
		    pgsa_word_generation(then + PGSA_WORD_AGE))
			return true;
		fallthrough;
	default:
		return pgsa_word_generation(now) == pgsa_word_generation(then);
	}
}

bool pgsa_frame_may_move(enum pgsa_frame_state from, enum pgsa_frame_state to);
const char *pgsa_frame_state_name(enum pgsa_frame_state state);

/* Events: they always succeed. */
void pgsa_frame_add_writer(struct pgsa_frame *frame, unsigned long pfn);
bool pgsa_frame_sub_writer(struct pgsa_frame *frame);
void pgsa_frame_write(struct pgsa_frame *frame, unsigned long pfn);
unsigned int pgsa_frame_free(struct pgsa_frame *frame, unsigned long pfn);

/*
 * The short way of most events, which change nothing that was sealed: a frame
 * that is OPEN gets a writer more or less, one of which nothing is known becomes
 * OPEN with its first writer, and one without writers is freed. They do what the
 * events do, but are not traced. False: take the long way.
 */
#define PGSA_WORD_FULL		((PGSA_WRITERS_BROKEN - 3) << 36)

/* The last generation, from which the count would run into the writers. */
static __always_inline bool pgsa_word_oldest(u64 word)
{
	return (word & PGSA_WORD_GENERATION) == PGSA_WORD_GENERATION;
}

static __always_inline bool pgsa_frame_try_add_writer(struct pgsa_frame *frame)
{
	u64 word = atomic64_read(&frame->word);
	u64 new = word + PGSA_WRITER;

	if (pgsa_word_status(word) == PGSA_STATUS_NONE &&
	    !pgsa_word_oldest(word))
		new += PGSA_WORD_AGE + PGSA_STATUS_OPEN;
	else if (pgsa_word_status(word) != PGSA_STATUS_OPEN)
		return false;
	return word < PGSA_WORD_FULL &&
	       atomic64_try_cmpxchg(&frame->word, (s64 *)&word, new);
}

static __always_inline bool pgsa_frame_try_sub_writer(struct pgsa_frame *frame)
{
	u64 word = atomic64_read(&frame->word);

	return word >= PGSA_WRITER && word < PGSA_WORD_FULL &&
	       atomic64_try_cmpxchg(&frame->word, (s64 *)&word,
				    word - PGSA_WRITER);
}

static __always_inline bool pgsa_frame_try_free(struct pgsa_frame *frame)
{
	u64 word = atomic64_read(&frame->word);
	u64 left = word & (PGSA_WORD_STATUS | PGSA_WORD_WRITERS);

	if (left == PGSA_STATUS_NONE)
		return true;
	return left == PGSA_STATUS_OPEN && !pgsa_word_oldest(word) &&
	       atomic64_try_cmpxchg(&frame->word, (s64 *)&word,
				    word + PGSA_WORD_AGE - PGSA_STATUS_OPEN);
}

/* Moves by a searcher: true if the word was still the one given. */
bool pgsa_frame_move(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		     enum pgsa_frame_state to);
bool pgsa_frame_move_codes(struct pgsa_frame *frame, unsigned long pfn,
			   u64 *word, enum pgsa_frame_state to,
			   unsigned int detect, unsigned int correct);
bool pgsa_frame_claim(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct);
bool pgsa_frame_mend(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		     u64 mended);
bool pgsa_frame_give_up(struct pgsa_frame *frame, unsigned long pfn, u64 since);
void pgsa_frame_heal(struct pgsa_frame *frame, unsigned long pfn, u64 *word);
void pgsa_frame_mark_hurt(struct pgsa_frame *frame, unsigned long pfn);
bool pgsa_frame_lock(struct pgsa_frame *frame, u64 *word);
void pgsa_frame_unlock(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		       bool right);

/* guard.c */

/*
 * Odd numbers for which the guard keeps its promise; found by trying some. The
 * sum of three products changes with a bit by a power of two times one of them,
 * and with two bits by the sum or the difference of two such numbers. As long as
 * none of these is within 2^48 of a multiple of 2^64, the highest 16 bits of the
 * sum change. The tests go through all of them.
 */
#define PGSA_GUARD_PFN		0x1e2feb89414c343dULL
#define PGSA_GUARD_WORD		0xc2ce6f447ed4d57bULL
#define PGSA_GUARD_CHECK	0x78e510617311d8a3ULL
#define PGSA_GUARD_ZERO		0x9e3779b97f4a7c15ULL	/* of all zeroes */

extern const u64 pgsa_statuses[NR_PGSA_FRAME_STATES + 2];

struct pgsa_code;

/**
 * struct pgsa_codes - the codes that a word names
 * @detect: the detecting code
 * @correct: the correcting code, or NULL
 */
struct pgsa_codes {
	const struct pgsa_code *detect;
	const struct pgsa_code *correct;
};

u64 pgsa_status_mended(u64 status);
bool pgsa_word_maybe_hurt(u64 word);
bool pgsa_word_maybe_bad(u64 word);
bool pgsa_word_damaged(u64 word);
u16 pgsa_frame_guard(unsigned long pfn, u64 word,
		     const union pgsa_check *check);
bool pgsa_word_codes(u64 word, struct pgsa_codes *codes);
bool pgsa_record_valid(unsigned long pfn, u64 word,
		       const union pgsa_check *check, struct pgsa_codes *codes);
u64 pgsa_record_mend(unsigned long pfn, u64 *word, union pgsa_check *check);

#endif /* _PGSA_FRAME_H */
