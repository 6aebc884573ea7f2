// SPDX-License-Identifier: GPL-2.0
/*
 * Strategy sweep: all frames that are sealed, in the order of their numbers, and some
 * of those that might be.
 */
#include <linux/init.h>

#include "strategy.h"

static int pgsa_sweep_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
			   unsigned int nr)
{
	return pgsa_fill_sweep(cursor, pfns, nr);
}

static const struct pgsa_strategy pgsa_sweep = {
	.name = "sweep",
	.fill = pgsa_sweep_fill,
	.visits_all = true,
};

static int __init pgsa_sweep_init(void)
{
	return pgsa_strategy_register(&pgsa_sweep);
}
subsys_initcall(pgsa_sweep_init);
