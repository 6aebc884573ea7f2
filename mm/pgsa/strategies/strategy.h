/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a search strategy sees of PGSA.
 */
#ifndef _PGSA_STRATEGY_H
#define _PGSA_STRATEGY_H

#include <linux/types.h>
#include <linux/xarray.h>

struct pgsa_policy;
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
	unsigned long target;
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

/**
 * enum pgsa_purpose - what frames are to be visited for
 * @PGSA_VISIT_ALL: whatever is to be done with them
 * @PGSA_VISIT_VERIFY: they are sealed, most of them, and will be verified
 * @PGSA_VISIT_DISCOVER: some may be sealed; those that are so already have been verified
 */
enum pgsa_purpose {
	PGSA_VISIT_ALL,
	PGSA_VISIT_VERIFY,
	PGSA_VISIT_DISCOVER
};

/**
 * struct pgsa_discovery - how far the discovery of frames has come, over many cycles
 * @pfn: next frame number to look at
 * @looks: so many more frames, holes and free blocks in this cycle
 * @complete: it has come to the end in this cycle
 */
struct pgsa_discovery {
	unsigned long pfn;
	unsigned long looks;
	bool complete;
};

/**
 * struct pgsa_cursor - how far a strategy has come in its cycle
 * @policy: the policy that is searched for
 * @pfn: next frame number to look at; the strategy's own, as is
 * @state: what else it has to remember; both are 0 before the first cycle
 * @free: frames that pgsa_fill_used() has passed over in this cycle, or
 *	  pgsa_fill_sweep() in its discovery
 * @purpose: of the frames that were given out last
 * @discovery: for pgsa_fill_sweep()
 * @walk: how far pgsa_targets_fill() has come
 */
struct pgsa_cursor {
	struct pgsa_policy *policy;
	unsigned long pfn;
	unsigned long state;
	unsigned long free;
	enum pgsa_purpose purpose;
	struct pgsa_discovery discovery;
	struct pgsa_walk walk;
};

/**
 * struct pgsa_strategy - in which order frames are searched
 * @name: what users write to a policy's "strategy"
 * @fill: put the numbers of the next frames, at most @nr and all online, to
 *	  @pfns; return how many. 0 ends the cycle, and the next call begins
 *	  another; -EAGAIN means none this time, call again in a moment. Called
 *	  by one searcher of the policy at a time, which holds a mutex and keeps
 *	  memory from going offline: a call must be short, and must not wait
 *	  for a lock that others hold for long.
 * @visits_all: each round of discovery takes every frame that is not free
 * @seals_only: the searchers seal frames, but others verify them
 * @start: optional: a policy goes live, its searchers start next; 0, or an errno
 *	   that is the result of the write to "enable". May sleep.
 * @stop: optional: its searchers have ended. May sleep.
 */
struct pgsa_strategy {
	const char *name;
	int (*fill)(struct pgsa_cursor *cursor, unsigned long *pfns,
		    unsigned int nr);
	bool visits_all;
	bool seals_only;
	int (*start)(struct pgsa_policy *policy);
	void (*stop)(struct pgsa_policy *policy);
};

int pgsa_strategy_register(const struct pgsa_strategy *strategy);

int pgsa_fill_used(struct pgsa_cursor *cursor, unsigned long *pfns,
		   unsigned int nr,
		   bool (*due)(const struct pgsa_cursor *cursor,
			       unsigned long pfn));
int pgsa_fill_sweep(struct pgsa_cursor *cursor, unsigned long *pfns,
		    unsigned int nr);
bool pgsa_pfn_shared(unsigned long pfn);
int pgsa_targets_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
		      unsigned int nr, bool all_without);
int pgsa_switch_start(struct pgsa_policy *policy);
void pgsa_switch_stop(struct pgsa_policy *policy);

#endif /* _PGSA_STRATEGY_H */
