/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of recordflips share, and its part on the host. */
#ifndef RECORDFLIPS_H
#define RECORDFLIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "pgsa_user.h"

#define RECORDFLIPS_AGAIN	3	/* exit status: go on in another guest */

enum kind {
	RECORD, REDUNDANCY, POLICY, TARGET, CREW, SEARCH, CLAIMS, MARKS, NR_KINDS
};

enum count {
	FLIPS, POINTERS, CORRECTED, UNRESOLVED, UNPROTECTED, MISSED, STALLED,
	WRONG, CHANGED, FALSE_REPAIRS, NR_COUNTS
};

/* Shared with the host; the same numbers are in recordflips */
struct box {
	uint64_t magic;
	uint64_t asked;		/* so many flips have been asked for */
	uint64_t done;		/* and made, says the host */
	uint64_t phys;		/* what the last one is to hit */
	uint64_t mask;
	uint64_t pointer;	/* a pointer or lock is damaged now */
	uint64_t kind;
	uint64_t offset;	/* in an object of that kind */
	uint64_t next;		/* of the bits that are flipped in order */
	uint64_t count[NR_KINDS][NR_COUNTS];
};

/* A bit of what PGSA keeps */
struct place {
	enum kind kind;
	bool pointer;		/* in a pointer or lock */
	uint64_t offset;	/* of its word, in an object of that kind */
	uint64_t phys;		/* of its word */
	unsigned int bit;	/* in that word */
};

extern const char * const kind_names[NR_KINDS];

int kind_of(const char *name);
void load_objects(void);
bool random_place(enum kind kind, struct place *place);
bool place_of_mark(uint64_t pfn, struct place *place);
bool next_place(enum kind kind, uint64_t *next, struct place *place);

#endif
