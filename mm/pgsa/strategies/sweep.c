// SPDX-License-Identifier: GPL-2.0
/*
 * Strategy sweep: all frames in the order of their numbers.
 */
#include <linux/init.h>
#include <linux/limits.h>

#include "strategy.h"

static int pgsa_sweep_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
			   unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long pfn = pgsa_next_online_pfn(cursor->pfn);

		if (pfn == ULONG_MAX)
			break;
		pfns[i] = pfn;
		cursor->pfn = pfn + 1;
	}
	if (!i)
		cursor->pfn = 0;
	return i;
}

static const struct pgsa_strategy pgsa_sweep = {
	.name = "sweep",
	.fill = pgsa_sweep_fill,
};

static int __init pgsa_sweep_init(void)
{
	return pgsa_strategy_register(&pgsa_sweep);
}
subsys_initcall(pgsa_sweep_init);
