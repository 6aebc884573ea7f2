/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of frames with which something is wrong that could not be confirmed yet.
 */
#ifndef _PGSA_DOUBT_H
#define _PGSA_DOUBT_H

#include <linux/types.h>
#include <linux/xarray.h>

#include "frame.h"

/**
 * struct pgsa_doubt - a frame with a mismatch that could not be confirmed
 * @word: its word then; with another generation the frame has been opened since
 * @content: the page did not match; else only its record is damaged
 * @told: the log has a line of it
 * @due_ns: from then on references do not matter, in ns of ktime_get()
 * @rcu: for who still looks at it
 */
struct pgsa_doubt {
	u64 word;
	bool content;
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

struct pgsa_doubt *pgsa_doubt_at(unsigned long pfn);
bool pgsa_doubt_drop(unsigned long pfn, struct pgsa_doubt *doubt);

#endif /* _PGSA_DOUBT_H */
