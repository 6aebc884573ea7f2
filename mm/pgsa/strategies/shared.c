// SPDX-License-Identifier: GPL-2.0
/*
 * Strategy shared: where an error would hurt most, it is searched for most often.
 * Frames that several processes map are visited in every cycle, the others in
 * every eighth.
 */
#include <linux/init.h>

#include "strategy.h"

#define PGSA_SHARED_CYCLES	8

static bool pgsa_shared_due(const struct pgsa_cursor *cursor,
			    unsigned long pfn)
{
	return pgsa_pfn_shared(pfn) ||
	       pfn % PGSA_SHARED_CYCLES == cursor->state % PGSA_SHARED_CYCLES;
}

static int pgsa_shared_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
			    unsigned int nr)
{
	int ret = pgsa_fill_used(cursor, pfns, nr, pgsa_shared_due);

	if (!ret)
		cursor->state++;	/* the next eighth */
	return ret;
}

static const struct pgsa_strategy pgsa_shared = {
	.name = "shared",
	.fill = pgsa_shared_fill,
};

static int __init pgsa_shared_init(void)
{
	return pgsa_strategy_register(&pgsa_shared);
}
subsys_initcall(pgsa_shared_init);
