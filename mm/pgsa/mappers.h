/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which address spaces map a frame, and where.
 */
#ifndef _PGSA_MAPPERS_H
#define _PGSA_MAPPERS_H

#include <linux/types.h>

struct mm_struct;
struct pgsa_finding;

/**
 * struct pgsa_mapper - an address space that maps the frame
 * @mm: the address space, which stays until pgsa_mappers_free(); NULL if empty
 * @addr: the lowest address that was found there
 */
struct pgsa_mapper {
	struct mm_struct *mm;
	unsigned long addr;
};

/**
 * struct pgsa_mappers - all that map a frame
 * @pfn: number of the frame
 * @bits: binary logarithm of the number of @slots
 * @nr: how many of them are taken
 * @full: there are more, for which there was no room
 * @slots: a hash table by the address of the mm, with open addressing
 */
struct pgsa_mappers {
	unsigned long pfn;
	unsigned int bits;
	unsigned int nr;
	bool full;
	struct pgsa_mapper *slots;
};

bool pgsa_mappers_find(struct pgsa_mappers *mappers,
		       const struct pgsa_finding *finding);
const struct pgsa_mapper *pgsa_mapper_of(const struct pgsa_mappers *mappers,
					 struct mm_struct *mm);
void pgsa_mappers_free(struct pgsa_mappers *mappers);

#endif /* _PGSA_MAPPERS_H */
