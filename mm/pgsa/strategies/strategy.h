/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a search strategy sees of PGSA.
 */
#ifndef _PGSA_STRATEGY_H
#define _PGSA_STRATEGY_H

#include <linux/types.h>

#include "../walk.h"

struct pgsa_policy;

/**
 * struct pgsa_cursor - how far a strategy has come in its cycle
 * @policy: the policy that is searched for
 * @pfn: next frame number to look at; the strategy's own, as is
 * @state: what else it has to remember; both are 0 before the first cycle
 * @walk: how far pgsa_targets_fill() has come
 */
struct pgsa_cursor {
	struct pgsa_policy *policy;
	unsigned long pfn;
	unsigned long state;
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
 * @seals_only: the searchers seal frames, but others verify them
 * @start: optional: a policy goes live, its searchers start next; 0, or an errno
 *	   that is the result of the write to "enable". May sleep.
 * @stop: optional: its searchers have ended. May sleep.
 */
struct pgsa_strategy {
	const char *name;
	int (*fill)(struct pgsa_cursor *cursor, unsigned long *pfns,
		    unsigned int nr);
	bool seals_only;
	int (*start)(struct pgsa_policy *policy);
	void (*stop)(struct pgsa_policy *policy);
};

int pgsa_strategy_register(const struct pgsa_strategy *strategy);

unsigned long pgsa_next_online_pfn(unsigned long pfn);
int pgsa_targets_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
		      unsigned int nr, bool all_without);
int pgsa_switch_start(struct pgsa_policy *policy);
void pgsa_switch_stop(struct pgsa_policy *policy);

#endif /* _PGSA_STRATEGY_H */
