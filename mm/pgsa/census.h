/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many frames are in which state, and why others are not sealed.
 */
#ifndef _PGSA_CENSUS_H
#define _PGSA_CENSUS_H

#include <linux/types.h>

#include "page.h"

struct page;

/**
 * struct pgsa_census - numbers of frames
 * @tracked: with a record
 * @readonly: on an LRU list, mapped, and no entry can write them
 * @writable: an entry can write them
 * @sealed: those of @readonly that are sealed
 * @sealed_unmapped: on an LRU list, not mapped, and sealed
 * @hurt: given up, since they could not be repaired
 * @refused: others that are not sealed, by reason
 */
struct pgsa_census {
	unsigned long tracked, readonly, writable, sealed, sealed_unmapped;
	unsigned long hurt, refused[NR_PGSA_REFUSALS];
};

void pgsa_census_frame(struct pgsa_census *census, struct page *page, u64 word);
void pgsa_census_refusal(struct pgsa_census *census, u64 word,
			 enum pgsa_refusal refusal);
void pgsa_census_free(struct pgsa_census *census, unsigned long nr);
void pgsa_census_add(struct pgsa_census *census,
		     const struct pgsa_census *more);
void pgsa_census_publish(const struct pgsa_census *census);
u64 pgsa_census_last(struct pgsa_census *census);
int pgsa_census_take(struct pgsa_census *census);

#endif /* _PGSA_CENSUS_H */
