// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames a search by targets has met in its cycle, so that a frame which
 * many processes map is visited once.
 *
 * One bit for each frame in chunks that are allocated when a frame of theirs is
 * met first, and freed after a cycle in which none was. Without memory for a
 * chunk its frames may be visited more than once, which does no harm.
 */
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <kunit/visibility.h>

#include "pgsa.h"

/*
 * A chunk is small, since all of it is cleared when the first frame of it is met
 * again, and the frames of a process may be anywhere.
 */
#define PGSA_SEEN_BYTES		256
#define PGSA_SEEN_FRAMES	((PGSA_SEEN_BYTES - 2 * sizeof(u64)) / 2 * \
				 BITS_PER_BYTE)

/**
 * struct pgsa_seen - a chunk of frames
 * @cycle: the cycle for which @in_cycle is right, see struct pgsa_walk
 * @visit: the visit to a target for which @in_target is right
 * @in_cycle: a bit for each frame that was met in the cycle
 * @in_target: a bit for each frame that was met in the target
 */
struct pgsa_seen {
	u64 cycle;
	u64 visit;
	DECLARE_BITMAP(in_cycle, PGSA_SEEN_FRAMES);
	DECLARE_BITMAP(in_target, PGSA_SEEN_FRAMES);
};

static_assert(sizeof(struct pgsa_seen) == PGSA_SEEN_BYTES);

static struct pgsa_seen *pgsa_seen_new(struct pgsa_walk *walk,
				       unsigned long index)
{
	struct pgsa_seen *seen = kzalloc(sizeof(*seen), GFP_NOWAIT | __GFP_NOWARN);

	if (seen && xa_is_err(xa_store(&walk->seen, index, seen,
				       GFP_NOWAIT | __GFP_NOWARN))) {
		kfree(seen);
		seen = NULL;
	}
	return seen;
}

static struct pgsa_seen *pgsa_seen_chunk(struct pgsa_walk *walk,
					 unsigned long index)
{
	struct pgsa_seen *seen = walk->last;

	if (!seen || walk->last_index != index) {
		seen = xa_load(&walk->seen, index);
		if (!seen)
			seen = pgsa_seen_new(walk, index);
		walk->last = seen;
		walk->last_index = index;
	}
	return seen;
}

/**
 * pgsa_seen_frame - a frame was met
 * @walk: the walk, begun
 * @pfn: number of the frame
 *
 * Context: Any context but interrupts. Who has the walk calls.
 * Return: true if the frame is met for the first time in this cycle.
 */
bool pgsa_seen_frame(struct pgsa_walk *walk, unsigned long pfn)
{
	struct pgsa_seen *seen = pgsa_seen_chunk(walk, pfn / PGSA_SEEN_FRAMES);

	if (!seen) {
		walk->frames++;
		return true;
	}
	if (seen->cycle != walk->cycle) {
		bitmap_zero(seen->in_cycle, PGSA_SEEN_FRAMES);
		seen->cycle = walk->cycle;
	}
	if (seen->visit != walk->visit) {
		bitmap_zero(seen->in_target, PGSA_SEEN_FRAMES);
		seen->visit = walk->visit;
	}
	if (!__test_and_set_bit(pfn % PGSA_SEEN_FRAMES, seen->in_target))
		walk->frames++;
	return !__test_and_set_bit(pfn % PGSA_SEEN_FRAMES, seen->in_cycle);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_seen_frame);

/* Frees the chunks that the cycle which ends has not used, or all. */
static void pgsa_seen_free(struct pgsa_walk *walk, bool all)
{
	struct pgsa_seen *seen;
	unsigned long index;

	xa_for_each(&walk->seen, index, seen) {
		/* There is a chunk for every 960 frames of memory, in the worst case. */
		cond_resched();
		if (!all && seen->cycle == walk->cycle)
			continue;
		xa_erase(&walk->seen, index);
		kfree(seen);
	}
	walk->last = NULL;
}

/**
 * pgsa_walk_next_target - a walk comes to another target
 * @walk: the walk
 * @target: id of the target
 *
 * Context: Any context. Who has the walk calls.
 */
void pgsa_walk_next_target(struct pgsa_walk *walk, unsigned long target)
{
	walk->target = target;
	walk->process = 0;
	walk->addr = 0;
	walk->tries = 0;
	walk->frames = 0;
	walk->visit++;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_walk_next_target);

/**
 * pgsa_walk_next_cycle - a walk begins anew, and has met no frame
 * @walk: the walk
 *
 * Context: Process context, may give up the CPU. Who has the walk calls.
 */
void pgsa_walk_next_cycle(struct pgsa_walk *walk)
{
	pgsa_seen_free(walk, false);
	walk->cycle++;
	pgsa_walk_next_target(walk, 0);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_walk_next_cycle);

/**
 * pgsa_walk_init - get a walk ready
 * @walk: the walk, zeroed
 *
 * Context: Any context.
 */
void pgsa_walk_init(struct pgsa_walk *walk)
{
	xa_init(&walk->seen);
	/* A new chunk is of no cycle and no visit. */
	walk->cycle = 1;
	walk->visit = 1;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_walk_init);

/**
 * pgsa_walk_exit - free what a walk has allocated
 * @walk: the walk, which has been initialised
 *
 * Context: Process context, may give up the CPU.
 */
void pgsa_walk_exit(struct pgsa_walk *walk)
{
	pgsa_seen_free(walk, true);
	xa_destroy(&walk->seen);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_walk_exit);
