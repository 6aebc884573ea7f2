/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The walk of address spaces, and which frames it has met.
 */
#ifndef _PGSA_WALK_H
#define _PGSA_WALK_H

#include <linux/types.h>

struct mm_struct;
struct page;
struct pgsa_walk;

/* walk.c */

#define PGSA_WALK_TABLES	32	/* last-level tables in one step */

int pgsa_walk_mm(struct mm_struct *mm, unsigned long *addr,
		 bool (*fn)(struct page *page, void *arg), void *arg);
int pgsa_walk_mm_timed(struct mm_struct *mm, unsigned long *addr,
		       bool (*fn)(struct page *page, void *arg), void *arg,
		       u64 *held_ns);

/* seen.c */

bool pgsa_seen_frame(struct pgsa_walk *walk, unsigned long pfn);
void pgsa_walk_next_target(struct pgsa_walk *walk, unsigned long target);
void pgsa_walk_next_cycle(struct pgsa_walk *walk);
void pgsa_walk_init(struct pgsa_walk *walk);
void pgsa_walk_exit(struct pgsa_walk *walk);

#endif /* _PGSA_WALK_H */
