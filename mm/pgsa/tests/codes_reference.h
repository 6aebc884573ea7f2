/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the codes must compute: references by definition, bit by bit, and
 * constants computed by another program (crc32: zlib's; all: Python).
 *
 * Shared by the KUnit suites and by tools/testing/pgsa/codes/.
 */
#ifndef __MM_PGSA_TESTS_CODES_REFERENCE_H
#define __MM_PGSA_TESTS_CODES_REFERENCE_H

#include <linux/string.h>

#include "codes_pages.h"

static inline void pgsa_put_le(u8 *check, unsigned int bytes, u32 number)
{
	for (; bytes--; number >>= 8)
		*check++ = number;
}

/* Polynomial division, lowest bit first, by a reflected polynomial */
static inline u32 pgsa_crc(const u8 *data, unsigned int bytes, u32 polynomial)
{
	u32 crc = ~0U;
	unsigned int i;

	for (i = 0; i < bytes * 8; i++) {
		crc ^= data[i / 8] >> i % 8 & 1;
		crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	}
	return ~crc;
}

/* 0x04c11db7 reflected */
static inline void pgsa_reference_crc32(const u8 *page, u8 *check)
{
	pgsa_put_le(check, 4, pgsa_crc(page, PGSA_CODE_PAGE_SIZE, 0xedb88320));
}

/* 0x1edc6f41 reflected */
static inline void pgsa_reference_crc32c(const u8 *page, u8 *check)
{
	pgsa_put_le(check, 4, pgsa_crc(page, PGSA_CODE_PAGE_SIZE, 0x82f63b78));
}

/* XOR of the numbers of all set bits, parity in bit 15 */
static inline void pgsa_reference_hamming(const u8 *page, u8 *check)
{
	u16 sum = 0;
	unsigned int i;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE * 8; i++)
		if (page[i / 8] >> i % 8 & 1)
			sum ^= 0x8000 | i;
	pgsa_put_le(check, 2, sum);
}

/* Product in GF(2^8) modulo 0x11d */
static inline u8 pgsa_gf_mul(u8 a, u8 b)
{
	u8 product = 0;

	for (; b; b >>= 1) {
		if (b & 1)
			product ^= a;
		a = a << 1 ^ (a & 0x80 ? 0x1d : 0);
	}
	return product;
}

/*
 * Six sums of eight bytes: over all words, plain, times the number of the line
 * and times that of the word in its line; then the same for lanes.
 */
static inline void pgsa_reference_lane(const u8 *page, u8 *check)
{
	unsigned int i, line, word, byte;

	memset(check, 0, 48);
	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i++) {
		line = i / 64;
		word = i / 8 % 8;
		byte = i % 8;
		check[byte] ^= page[i];
		check[8 + byte] ^= pgsa_gf_mul(page[i], line);
		check[16 + byte] ^= pgsa_gf_mul(page[i], word);
		check[24 + word] ^= page[i];
		check[32 + word] ^= pgsa_gf_mul(page[i], line);
		check[40 + word] ^= pgsa_gf_mul(page[i], byte);
	}
}

/* The product of (x - 2^i) for i < @parity, highest coefficient (1) left out */
static inline void pgsa_rs_generator(unsigned int parity, u8 *generator)
{
	unsigned int i, k;
	u8 root = 1;

	memset(generator, 0, parity);
	for (i = 0; i < parity; i++) {
		/* The highest coefficient is in no byte: first step is apart. */
		generator[i] = pgsa_gf_mul(i ? generator[i - 1] : 1, root);
		for (k = i; k-- > 1;)
			generator[k] ^= pgsa_gf_mul(generator[k - 1], root);
		if (i)
			generator[0] ^= root;
		root = pgsa_gf_mul(root, 2);
	}
}

/* Polynomial division of each 32nd byte, symbol by symbol */
static inline void pgsa_reference_rs(const u8 *page, u8 *check,
				     unsigned int parity)
{
	u8 generator[8], *rest, lead;
	unsigned int i, k;

	pgsa_rs_generator(parity, generator);
	memset(check, 0, parity * 32);
	for (i = 0; i < PGSA_CODE_PAGE_SIZE; i++) {
		rest = check + i % 32;
		lead = page[i] ^ rest[0];
		for (k = 0; k < parity; k++)
			rest[k * 32] = (k + 1 < parity ? rest[k * 32 + 32] : 0) ^
				       pgsa_gf_mul(lead, generator[k]);
	}
}

static inline void pgsa_reference_rs2(const u8 *page, u8 *check)
{
	pgsa_reference_rs(page, check, 2);
}

static inline void pgsa_reference_rs4(const u8 *page, u8 *check)
{
	pgsa_reference_rs(page, check, 4);
}

static inline void pgsa_reference_rs8(const u8 *page, u8 *check)
{
	pgsa_reference_rs(page, check, 8);
}

/**
 * struct pgsa_code_reference - what a code must compute
 * @name: name of the code
 * @compute: its redundancy by definition
 * @number: pgsa_check_number() of its redundancy for each pattern
 */
struct pgsa_code_reference {
	const char *name;
	void (*compute)(const u8 *page, u8 *check);
	u32 number[NR_PGSA_PATTERNS];
};

static const struct pgsa_code_reference pgsa_code_references[] = {
	{
		.name = "crc32",
		.compute = pgsa_reference_crc32,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0xc71c0011,
			[PGSA_PATTERN_ONES] = 0xf154670a,
			[PGSA_PATTERN_INCREMENTING] = 0xa2912082,
			[PGSA_PATTERN_TEXT] = 0xc741bcf4,
			[PGSA_PATTERN_HASH] = 0x3d270474,
			[PGSA_PATTERN_LAST_BIT] = 0x2aa48331,
		},
	},
	{
		.name = "crc32c",
		.compute = pgsa_reference_crc32c,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0x98f94189,
			[PGSA_PATTERN_ONES] = 0x25c1fe13,
			[PGSA_PATTERN_INCREMENTING] = 0x9c71fe32,
			[PGSA_PATTERN_TEXT] = 0x2ffd48d8,
			[PGSA_PATTERN_HASH] = 0x4ad81553,
			[PGSA_PATTERN_LAST_BIT] = 0x1a0f7af1,
		},
	},
	{
		.name = "hamming",
		.compute = pgsa_reference_hamming,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0x0000,
			[PGSA_PATTERN_ONES] = 0x0000,
			[PGSA_PATTERN_INCREMENTING] = 0x0000,
			[PGSA_PATTERN_TEXT] = 0x1248,
			[PGSA_PATTERN_HASH] = 0x138f,
			[PGSA_PATTERN_LAST_BIT] = 0xffff,
		},
	},
	{
		.name = "lane",
		.compute = pgsa_reference_lane,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0xf288b395,
			[PGSA_PATTERN_ONES] = 0xf288b395,
			[PGSA_PATTERN_INCREMENTING] = 0xf288b395,
			[PGSA_PATTERN_TEXT] = 0x17813240,
			[PGSA_PATTERN_HASH] = 0x141fab3c,
			[PGSA_PATTERN_LAST_BIT] = 0x2234ddc0,
		},
	},
	{
		.name = "reed-solomon-2",
		.compute = pgsa_reference_rs2,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0x758d6336,
			[PGSA_PATTERN_ONES] = 0xb2dd1375,
			[PGSA_PATTERN_INCREMENTING] = 0x442a267f,
			[PGSA_PATTERN_TEXT] = 0x11fd9222,
			[PGSA_PATTERN_HASH] = 0xebae2bcf,
			[PGSA_PATTERN_LAST_BIT] = 0x36705c6e,
		},
	},
	{
		.name = "reed-solomon",
		.compute = pgsa_reference_rs4,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0xc2a8fa9d,
			[PGSA_PATTERN_ONES] = 0xe82ad880,
			[PGSA_PATTERN_INCREMENTING] = 0x0cd00cce,
			[PGSA_PATTERN_TEXT] = 0xfa24e191,
			[PGSA_PATTERN_HASH] = 0x04226926,
			[PGSA_PATTERN_LAST_BIT] = 0xb0acef02,
		},
	},
	{
		.name = "reed-solomon-8",
		.compute = pgsa_reference_rs8,
		.number = {
			[PGSA_PATTERN_ZEROES] = 0x0d968558,
			[PGSA_PATTERN_ONES] = 0xa726a5a6,
			[PGSA_PATTERN_INCREMENTING] = 0xab12e72a,
			[PGSA_PATTERN_TEXT] = 0x46b2193c,
			[PGSA_PATTERN_HASH] = 0xa1b8ab5d,
			[PGSA_PATTERN_LAST_BIT] = 0x2579b87c,
		},
	},
};

/* Redundancy as a number: up to four bytes as they are, more by their CRC-32 */
static inline u32 pgsa_check_number(const u8 *check, unsigned int bytes)
{
	u32 number = 0;

	if (bytes > sizeof(number))
		return pgsa_crc(check, bytes, 0xedb88320);
	while (bytes--)
		number = number << 8 | check[bytes];
	return number;
}

#endif /* __MM_PGSA_TESTS_CODES_REFERENCE_H */
