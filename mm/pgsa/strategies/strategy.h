/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a search strategy sees of PGSA.
 */
#ifndef _PGSA_STRATEGY_H
#define _PGSA_STRATEGY_H

#include <linux/types.h>

/**
 * struct pgsa_cursor - how far a strategy has come in its cycle
 * @pfn: next frame number to look at; zeroed before the first cycle
 */
struct pgsa_cursor {
	unsigned long pfn;
};

/**
 * struct pgsa_strategy - in which order frames are searched
 * @name: what users write to a policy's "strategy"
 * @fill: put the numbers of the next frames, at most @nr and all online, to
 *	  @pfns; return how many. 0 ends the cycle, and the next call begins
 *	  another. Called by the searcher only, which holds no lock but keeps
 *	  memory from going offline; may not sleep.
 */
struct pgsa_strategy {
	const char *name;
	unsigned int (*fill)(struct pgsa_cursor *cursor, unsigned long *pfns,
			     unsigned int nr);
};

int pgsa_strategy_register(const struct pgsa_strategy *strategy);

unsigned long pgsa_next_online_pfn(unsigned long pfn);

#endif /* _PGSA_STRATEGY_H */
