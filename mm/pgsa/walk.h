/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far a search by targets has come; a part of every cursor.
 */
#ifndef _PGSA_WALK_H
#define _PGSA_WALK_H

#include <linux/types.h>
#include <linux/xarray.h>

struct mm_struct;
struct page;
struct pgsa_seen;

/**
 * struct pgsa_walk - how far a search by targets has come in its cycle
 * @target: id of the target; those with lower ids have been walked
 * @process: number of the process in the first pid namespace, in a target of
 *	     many; lower ones have been walked
 * @addr: address in that process to go on with
 * @tries: how many times in a row the lock of that process was not free
 * @frames: different frames of the target met so far
 * @seen: which frames were met, a struct pgsa_seen for each chunk of them
 * @last: the chunk that was looked up last, or NULL
 * @last_index: its index
 * @cycle: number of the cycle; in another one a chunk's contents are void
 * @visit: the same for targets
 *
 * Belongs to who runs the strategy. The first five are zero when a cycle
 * begins.
 */
struct pgsa_walk {
	u64 target;
	unsigned int process;
	unsigned long addr;
	unsigned int tries;
	u64 frames;
	struct xarray seen;
	struct pgsa_seen *last;
	unsigned long last_index;
	u64 cycle;
	u64 visit;
};

/* walk.c */

#define PGSA_WALK_TABLES	32	/* last-level tables in one step */

int pgsa_walk_mm(struct mm_struct *mm, unsigned long *addr,
		 bool (*fn)(struct page *page, void *arg), void *arg);
int pgsa_walk_mm_timed(struct mm_struct *mm, unsigned long *addr,
		       bool (*fn)(struct page *page, void *arg), void *arg,
		       u64 *held_ns);

/* seen.c */

bool pgsa_seen_frame(struct pgsa_walk *walk, unsigned long pfn);
void pgsa_walk_next_target(struct pgsa_walk *walk, u64 target);
void pgsa_walk_next_cycle(struct pgsa_walk *walk);
void pgsa_walk_init(struct pgsa_walk *walk);
void pgsa_walk_exit(struct pgsa_walk *walk);

#endif /* _PGSA_WALK_H */
