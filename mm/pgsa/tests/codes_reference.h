/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the codes must compute: references by definition, bit by bit, and
 * constants computed by another program (crc32: zlib's; both: Python).
 *
 * Shared by the KUnit suite pgsa_codes and by tools/testing/pgsa/codes/.
 */
#ifndef __MM_PGSA_TESTS_CODES_REFERENCE_H
#define __MM_PGSA_TESTS_CODES_REFERENCE_H

#include "../codes/code.h"

#define PGSA_PAGE_BITS	(PGSA_CODE_PAGE_SIZE * 8)

enum pgsa_pattern {
	PGSA_PATTERN_ZEROES,
	PGSA_PATTERN_ONES,
	PGSA_PATTERN_INCREMENTING,
	PGSA_PATTERN_TEXT,
	PGSA_PATTERN_HASH,
	PGSA_PATTERN_LAST_BIT,
	NR_PGSA_PATTERNS
};

struct pgsa_code_reference {
	const char *name;
	u32 (*compute)(const u8 *page);
	u32 check[NR_PGSA_PATTERNS];	/* redundancy as little-endian number */
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

static inline void pgsa_flip_bit(u8 *page, unsigned int bit)
{
	page[bit / 8] ^= 1 << bit % 8;
}

/* Polynomial division, lowest bit first, by the reflected 0x04c11db7 */
static inline u32 pgsa_reference_crc32(const u8 *page)
{
	u32 crc = ~0U;
	unsigned int i;

	for (i = 0; i < PGSA_PAGE_BITS; i++) {
		crc ^= page[i / 8] >> i % 8 & 1;
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

/* XOR of the numbers of all set bits, parity in bit 15 */
static inline u32 pgsa_reference_hamming(const u8 *page)
{
	u32 check = 0;
	unsigned int i;

	for (i = 0; i < PGSA_PAGE_BITS; i++)
		if (page[i / 8] >> i % 8 & 1)
			check ^= 0x8000 | i;
	return check;
}

static const struct pgsa_code_reference pgsa_code_references[] = {
	{
		.name = "crc32",
		.compute = pgsa_reference_crc32,
		.check = {
			[PGSA_PATTERN_ZEROES] = 0xc71c0011,
			[PGSA_PATTERN_ONES] = 0xf154670a,
			[PGSA_PATTERN_INCREMENTING] = 0xa2912082,
			[PGSA_PATTERN_TEXT] = 0xc741bcf4,
			[PGSA_PATTERN_HASH] = 0x3d270474,
			[PGSA_PATTERN_LAST_BIT] = 0x2aa48331,
		},
	},
	{
		.name = "hamming",
		.compute = pgsa_reference_hamming,
		.check = {
			[PGSA_PATTERN_ZEROES] = 0x0000,
			[PGSA_PATTERN_ONES] = 0x0000,
			[PGSA_PATTERN_INCREMENTING] = 0x0000,
			[PGSA_PATTERN_TEXT] = 0x1248,
			[PGSA_PATTERN_HASH] = 0x138f,
			[PGSA_PATTERN_LAST_BIT] = 0xffff,
		},
	},
};

/* The redundancy of a code with up to four bytes of it, as a number */
static inline u32 pgsa_code_number(const struct pgsa_code *code, const u8 *page)
{
	u8 check[sizeof(u32)] = {};

	code->encode(page, check);
	return check[0] | check[1] << 8 | check[2] << 16 | (u32)check[3] << 24;
}

#endif /* __MM_PGSA_TESTS_CODES_REFERENCE_H */
