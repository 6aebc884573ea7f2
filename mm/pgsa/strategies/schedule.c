// SPDX-License-Identifier: GPL-2.0
/*
 * Strategy schedule: each task verifies frames of its own after it was switched
 * in and before it runs user code. The policy's thread only seals.
 */
#include <linux/init.h>

#include "strategy.h"

static int pgsa_schedule_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
			      unsigned int nr)
{
	return pgsa_targets_fill(cursor, pfns, nr, true);
}

static const struct pgsa_strategy pgsa_schedule = {
	.name = "schedule",
	.fill = pgsa_schedule_fill,
	.seals_only = true,
	.start = pgsa_switch_start,
	.stop = pgsa_switch_stop,
};

static int __init pgsa_schedule_init(void)
{
	return pgsa_strategy_register(&pgsa_schedule);
}
subsys_initcall(pgsa_schedule_init);
