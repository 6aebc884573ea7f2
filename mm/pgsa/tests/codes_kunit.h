/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit suites pgsa_codes and pgsa_codes_correct share: a good page, and
 * one to be damaged.
 */
#ifndef __MM_PGSA_TESTS_CODES_KUNIT_H
#define __MM_PGSA_TESTS_CODES_KUNIT_H

#include <kunit/test.h>
#include <linux/string.h>

#include "../codes/code.h"

#define MAX_DETECTING		8
#define MAX_DETECT_BYTES	16

struct codes_test {
	u8 *good;		/* a random page */
	u8 *page;		/* the same page, to be damaged */
	u8 *damaged;		/* what it was before an attempt to correct it */
	u64 random;

	/* The redundancy of the good page by all detecting codes */
	const struct pgsa_code *detect[MAX_DETECTING + 1];
	u8 seal[MAX_DETECTING][MAX_DETECT_BYTES];

	/* What became of damages that no code promised to repair */
	unsigned int repaired;
	unsigned int refused;
	unsigned int uncovered;	/* "corrected", but no detecting code agrees */
};

static inline bool codes_page_good(const struct codes_test *ct)
{
	return !memcmp(ct->page, ct->good, PGSA_CODE_PAGE_SIZE);
}

static inline void codes_restore(struct codes_test *ct)
{
	memcpy(ct->page, ct->good, PGSA_CODE_PAGE_SIZE);
}

const void *codes_all(const void *prev, char *desc);
const void *codes_correcting(const void *prev, char *desc);
u8 *codes_alloc_check(struct kunit *test, const struct pgsa_code *code);
u8 *codes_seal(struct kunit *test, const struct pgsa_code *code);
const struct pgsa_code *codes_get(struct kunit *test, const char *name);
int codes_suite_init(struct kunit_suite *suite);
int codes_init(struct kunit *test);

#endif /* __MM_PGSA_TESTS_CODES_KUNIT_H */
