/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Special pages for the tests of codes.
 *
 * Shared by the KUnit suites and by tools/testing/pgsa/codes/.
 */
#ifndef __MM_PGSA_TESTS_CODES_PAGES_H
#define __MM_PGSA_TESTS_CODES_PAGES_H

#include "../codes/code.h"

enum pgsa_pattern {
	PGSA_PATTERN_ZEROES,
	PGSA_PATTERN_ONES,
	PGSA_PATTERN_INCREMENTING,
	PGSA_PATTERN_TEXT,
	PGSA_PATTERN_HASH,
	PGSA_PATTERN_LAST_BIT,
	NR_PGSA_PATTERNS
};

static inline u8 pgsa_pattern_byte(enum pgsa_pattern pattern, unsigned int i)
{
	switch (pattern) {
	case PGSA_PATTERN_ONES:
		return 0xff;
	case PGSA_PATTERN_INCREMENTING:
		return i;
	case PGSA_PATTERN_TEXT:
		return "123456789"[i % 9];
	case PGSA_PATTERN_HASH:
		return i * 2654435761U >> 24;
	case PGSA_PATTERN_LAST_BIT:
		return i == PGSA_CODE_PAGE_SIZE - 1 ? 0x80 : 0;
	default:
		return 0;
	}
}

static inline void pgsa_pattern_fill(enum pgsa_pattern pattern, u8 *page)
{
	unsigned int i;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i++)
		page[i] = pgsa_pattern_byte(pattern, i);
}

#endif /* __MM_PGSA_TESTS_CODES_PAGES_H */
