/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of frames with which something is wrong that could not be confirmed yet.
 */
#ifndef _PGSA_DOUBT_H
#define _PGSA_DOUBT_H

#include <linux/time64.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "frame.h"

/* For so long references hold a confirmation up. */
#define PGSA_UNCONFIRMED_NS	(2 * NSEC_PER_SEC)

/**
 * struct pgsa_doubt - a frame with a mismatch that could not be confirmed
 * @word: its word then; with another generation the frame has been opened since
 * @content: the page did not match; else only its record is damaged
 * @unproved: whether an entry can write it was not to be found out
 * @told: the log has a line of it
 * @due_ns: from then on references do not matter, in ns of ktime_get()
 * @rcu: for who still looks at it
 */
struct pgsa_doubt {
	u64 word;
	bool content;
	bool unproved;
	bool told;
	u64 due_ns;
	struct rcu_head rcu;
};

extern struct xarray pgsa_doubts;

/* The caller holds rcu_read_lock(). */
static inline struct pgsa_doubt *pgsa_doubt(unsigned long pfn, u64 word)
{
	struct pgsa_doubt *doubt = xa_load(&pgsa_doubts, pfn);

	return doubt && doubt->word == word ? doubt : NULL;
}

/* No event has opened the frame since. */
static inline bool pgsa_doubt_lasts(const struct pgsa_doubt *doubt, u64 word)
{
	return pgsa_word_generation(word) == pgsa_word_generation(doubt->word);
}

/* An event has opened the frame since, and nobody has freed or claimed it. */
static inline bool pgsa_doubt_opened(const struct pgsa_doubt *doubt, u64 word)
{
	return READ_ONCE(doubt->content) &&
	       pgsa_status_mended(pgsa_word_status(word)) == PGSA_STATUS_OPEN &&
	       pgsa_word_generation(word) ==
	       pgsa_word_generation(doubt->word + PGSA_WORD_AGE);
}

/*
 * Is the time over for which references hold the confirmation up? A time that is
 * further away than it can be is that of a damaged entry, and does not hold it up
 * for ever.
 */
static inline bool pgsa_doubt_due(const struct pgsa_doubt *doubt, u64 now_ns)
{
	return READ_ONCE(doubt->due_ns) - now_ns - 1 >= PGSA_UNCONFIRMED_NS;
}

struct pgsa_doubt *pgsa_doubt_at(unsigned long pfn);
bool pgsa_doubt_drop(unsigned long pfn, struct pgsa_doubt *doubt);

#endif /* _PGSA_DOUBT_H */
