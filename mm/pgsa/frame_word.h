/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the word of a frame becomes. For frame.c alone, which changes it.
 */
#ifndef _PGSA_FRAME_WORD_H
#define _PGSA_FRAME_WORD_H

#include "frame.h"

/*
 * The word after a move: leaving for OPEN or NONE makes all checks stale. Marks
 * of another state are left behind, and so are damaged bits.
 */
static __always_inline u64 pgsa_word_moved(u64 word, enum pgsa_frame_state to)
{
	u64 new = (word & ~PGSA_WORD_STATUS) | pgsa_statuses[to];

	if (to == PGSA_FRAME_OPEN || to == PGSA_FRAME_NONE) {
		u64 next = word + PGSA_WORD_AGE;

		new &= ~(PGSA_WORD_CODES | PGSA_WORD_GENERATION);
		new |= next & PGSA_WORD_GENERATION;
	}
	if (to == PGSA_FRAME_OPEN && pgsa_word_maybe_hurt(word))
		new ^= PGSA_STATUS_OPEN ^ PGSA_STATUS_HURT;
	return new;
}

/*
 * The word after an event. Content that is known to be damaged, and in the error path,
 * is given up by it: nobody can say any more what is right, and who copies the page
 * has to know.
 */
static __always_inline u64 pgsa_word_opened(u64 word)
{
	u64 new = pgsa_word_moved(word, PGSA_FRAME_OPEN);

	if (unlikely(pgsa_word_state(word) >= PGSA_FRAME_BAD) &&
	    pgsa_word_maybe_bad(word))
		new = (new & ~PGSA_WORD_STATUS) | PGSA_STATUS_HURT;
	return new;
}

/* Whatever else is wrong with the word is put right: nobody comes back to it. */
static inline u64 pgsa_word_given_up(u64 word)
{
	if (pgsa_word_state(word) != PGSA_FRAME_OPEN)
		word = pgsa_word_moved(word, PGSA_FRAME_OPEN);
	if (pgsa_word_miscounted(word))
		word = pgsa_word_break(word);
	return (word & ~(PGSA_WORD_STATUS | PGSA_WORD_CODES)) |
	       PGSA_STATUS_HURT;
}

#endif /* _PGSA_FRAME_WORD_H */
