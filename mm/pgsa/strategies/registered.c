// SPDX-License-Identifier: GPL-2.0
/*
 * Strategy registered: only the frames that the policy's targets map, in the
 * order of their virtual addresses.
 */
#include <linux/init.h>

#include "strategy.h"

static int pgsa_registered_fill(struct pgsa_cursor *cursor,
				unsigned long *pfns, unsigned int nr)
{
	return pgsa_targets_fill(cursor, pfns, nr, false);
}

static const struct pgsa_strategy pgsa_registered = {
	.name = "registered",
	.fill = pgsa_registered_fill,
};

static int __init pgsa_registered_init(void)
{
	return pgsa_strategy_register(&pgsa_registered);
}
subsys_initcall(pgsa_registered_init);
