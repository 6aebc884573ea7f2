/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the codes promise: which damage each one detects, repairs or refuses.
 *
 * Shared by the KUnit suites and by tools/testing/pgsa/codes/.
 */
#ifndef __MM_PGSA_TESTS_CODES_DAMAGE_H
#define __MM_PGSA_TESTS_CODES_DAMAGE_H

#include <linux/bitops.h>
#include <linux/string.h>

#include "../codes/code.h"

#define PGSA_PAGE_BITS		(PGSA_CODE_PAGE_SIZE * 8)
#define PGSA_PAGE_WORDS		(PGSA_CODE_PAGE_SIZE / 8)
#define PGSA_LINE_SIZE		64
#define PGSA_PAGE_LINES		(PGSA_CODE_PAGE_SIZE / PGSA_LINE_SIZE)
#define PGSA_CHANGES		12	/* to eight bytes */
#define PGSA_RS_INTERLEAVE	32

/* S. Vigna's splitmix64 */
static inline u64 pgsa_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline unsigned int pgsa_random_below(u64 *state, unsigned int limit)
{
	return (pgsa_random(state) >> 32) * limit >> 32;
}

static inline void pgsa_random_fill(u64 *state, u8 *bytes, unsigned int nr)
{
	while (nr--)
		*bytes++ = pgsa_random(state);
}

static inline void pgsa_flip_bit(u8 *page, unsigned int bit)
{
	page[bit / 8] ^= 1 << bit % 8;
}

/* How many bits differ between two pages, both aligned to words */
static inline unsigned int pgsa_distance(const u8 *a, const u8 *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;
	unsigned int i, bits = 0;

	for (i = 0; i < PGSA_PAGE_WORDS; i++)
		bits += hweight64(x[i] ^ y[i]);
	return bits;
}

/* Never zero: all ones, random, two bits, one bit, one byte */
static inline u64 pgsa_change(unsigned int kind, u64 *random)
{
	unsigned int bit = pgsa_random_below(random, 64);

	switch (kind) {
	case 0:
		return ~0ULL;
	case 1:
		return pgsa_random(random) | 1ULL << bit;
	case 2:
		return 1ULL << bit |
		       1ULL << (bit + 1 + pgsa_random_below(random, 63)) % 64;
	case 3:
		return 1ULL << bit;
	default:
		return (1ULL + pgsa_random_below(random, 255)) <<
		       kind % 8 * 8;
	}
}

/* Change eight bytes that are @stride apart. */
static inline void pgsa_damage_eight(u8 *byte, unsigned int stride, u64 change)
{
	for (; change; change >>= 8, byte += stride)
		*byte ^= change;
}

static inline void pgsa_damage_bit(u8 *page, unsigned int place,
				   unsigned int size, u64 *random)
{
	pgsa_flip_bit(page, place);
}

/* Exactly @size different bits */
static inline void pgsa_damage_bits(u8 *page, unsigned int place,
				    unsigned int size, u64 *random)
{
	unsigned int bit[8], i, k;

	for (i = 0; i < size; i++) {
		do {
			bit[i] = pgsa_random_below(random, PGSA_PAGE_BITS);
			for (k = 0; bit[k] != bit[i]; k++)
				;
		} while (k < i);
		pgsa_flip_bit(page, bit[i]);
	}
}

/* Bits whose ends are less than @size apart; the page cuts them off. */
static inline void pgsa_damage_bit_burst(u8 *page, unsigned int place,
					 unsigned int size, u64 *random)
{
	u64 burst = pgsa_random(random) | 1;
	unsigned int i;

	for (i = 0; i < size && place + i < PGSA_PAGE_BITS; i++)
		if (burst >> i & 1)
			pgsa_flip_bit(page, place + i);
}

/* An aligned word of eight bytes */
static inline void pgsa_damage_word(u8 *page, unsigned int place,
				    unsigned int size, u64 *random)
{
	pgsa_damage_eight(page + place / PGSA_CHANGES * 8, 1,
			  pgsa_change(place % PGSA_CHANGES, random));
}

/* What one device of eight bits contributes to a line */
static inline void pgsa_damage_lane(u8 *page, unsigned int place,
				    unsigned int size, u64 *random)
{
	unsigned int lane = place / PGSA_CHANGES;

	pgsa_damage_eight(page + lane / 8 * PGSA_LINE_SIZE + lane % 8, 8,
			  pgsa_change(place % PGSA_CHANGES, random));
}

/* Every one of @size bytes is wrong; the page cuts them off. */
static inline void pgsa_damage_burst(u8 *page, unsigned int place,
				     unsigned int size, u64 *random)
{
	unsigned int i;

	for (i = 0; i < size && place + i < PGSA_CODE_PAGE_SIZE; i++)
		page[place + i] ^= 1 + pgsa_random_below(random, 255);
}

/* Up to @size wrong symbols in each word of a Reed-Solomon code */
static inline void pgsa_damage_symbols(u8 *page, unsigned int place,
				       unsigned int size, u64 *random)
{
	unsigned int i, w, symbol;

	for (w = 0; w < PGSA_RS_INTERLEAVE; w++) {
		for (i = 0; i < size; i++) {
			symbol = pgsa_random_below(random, PGSA_CODE_PAGE_SIZE /
						   PGSA_RS_INTERLEAVE);
			page[symbol * PGSA_RS_INTERLEAVE + w] ^=
				pgsa_random(random);
		}
	}
}

/* What row faults leave: one device is wrong in @size lines. */
static inline void pgsa_damage_device(u8 *page, unsigned int place,
				      unsigned int size, u64 *random)
{
	unsigned int i, device = pgsa_random_below(random, 8);

	for (i = 0; i < size; i++)
		pgsa_damage_eight(page + (place + i) % PGSA_PAGE_LINES *
				  PGSA_LINE_SIZE + device, 8,
				  pgsa_random(random));
}

/*
 * The same byte of @size lines: wrong symbols of one word of a Reed-Solomon code,
 * and for lane often like damage to one byte of still another line
 */
static inline void pgsa_damage_column(u8 *page, unsigned int place,
				      unsigned int size, u64 *random)
{
	while (size--)
		page[pgsa_random_below(random, PGSA_PAGE_LINES) *
		     PGSA_LINE_SIZE + place] ^= pgsa_random(random);
}

/* Another page altogether */
static inline void pgsa_damage_all(u8 *page, unsigned int place,
				   unsigned int size, u64 *random)
{
	pgsa_random_fill(random, page, size);
}

/* Words, lanes or bytes, or fewer where two meet */
static inline void pgsa_damage_few(u8 *page, unsigned int kind,
				   unsigned int size, u64 *random)
{
	while (size--) {
		if (kind == 0)
			pgsa_damage_word(page, PGSA_CHANGES *
					 pgsa_random_below(random, 512) + 1,
					 0, random);
		else if (kind == 1)
			pgsa_damage_lane(page, PGSA_CHANGES *
					 pgsa_random_below(random, 512) + 1,
					 0, random);
		else
			pgsa_damage_burst(page,
					  pgsa_random_below(random,
							    PGSA_CODE_PAGE_SIZE),
					  1, random);
	}
}

/* Any kind, mostly more than a code can repair */
static inline void pgsa_damage_any(u8 *page, unsigned int place,
				   unsigned int size, u64 *random)
{
	unsigned int kind = place % 9;

	size = 1 + pgsa_random_below(random, 8);
	place = pgsa_random_below(random, PGSA_PAGE_LINES);
	switch (kind) {
	case 0:
	case 1:
	case 2:
		pgsa_damage_few(page, kind, size, random);
		break;
	case 3:
		pgsa_damage_bits(page, 0, size, random);
		break;
	case 4:
		size = 1 + pgsa_random_below(random, 512);
		place = pgsa_random_below(random, PGSA_CODE_PAGE_SIZE);
		pgsa_damage_burst(page, place, size, random);
		break;
	case 5:
		pgsa_damage_device(page, place, size, random);
		break;
	case 6:
		pgsa_damage_symbols(page, 0, size, random);
		break;
	case 7:
		pgsa_damage_column(page, place, size, random);
		break;
	default:
		memset(page + place * PGSA_LINE_SIZE, size % 2 ? 0xff : 0,
		       PGSA_LINE_SIZE);
	}
}

enum pgsa_outcome {
	PGSA_DETECTED,	/* the redundancy changes */
	PGSA_REPAIRED,	/* the page is right again */
	PGSA_REFUSED,	/* the page stays as it is */
};

/**
 * struct pgsa_promise - what a code does about a kind of damage
 * @code: name of the code
 * @what: the damage, for people
 * @outcome: what becomes of it
 * @damage: does the damage; a function of all its parameters
 * @size: how much
 * @places: where: there are so many places, or random samples
 * @sampled: the places are samples, and tests in a hurry may take fewer
 */
struct pgsa_promise {
	const char *code;
	const char *what;
	enum pgsa_outcome outcome;
	void (*damage)(u8 *page, unsigned int place, unsigned int size,
		       u64 *random);
	unsigned int size;
	unsigned int places;
	bool sampled;
};

#define PGSA_ANY_BIT(name, is)						\
	{ name, "any bit", is, pgsa_damage_bit, 1, PGSA_PAGE_BITS, false }
#define PGSA_BITS(name, is, nr)						\
	{ name, #nr " bits", is, pgsa_damage_bits, nr, 20000, true }
#define PGSA_BIT_BURST(name, is, nr)					\
	{ name, "burst of " #nr " bits", is, pgsa_damage_bit_burst, nr,	\
	  PGSA_PAGE_BITS, false }
#define PGSA_BURST(name, is, nr)					\
	{ name, "burst of " #nr " bytes", is, pgsa_damage_burst, nr,	\
	  PGSA_CODE_PAGE_SIZE, false }
#define PGSA_SYMBOLS(name, is, nr)					\
	{ name, #nr " symbols a word", is, pgsa_damage_symbols, nr,	\
	  2000, true }
#define PGSA_OTHER_PAGE(name, is)					\
	{ name, "another page", is, pgsa_damage_all,			\
	  PGSA_CODE_PAGE_SIZE, 500, true }

static const struct pgsa_promise pgsa_promises[] __maybe_unused = {
	PGSA_ANY_BIT("crc32", PGSA_DETECTED),
	PGSA_BITS("crc32", PGSA_DETECTED, 2),
	PGSA_BITS("crc32", PGSA_DETECTED, 3),
	PGSA_BIT_BURST("crc32", PGSA_DETECTED, 32),

	PGSA_ANY_BIT("crc32c", PGSA_DETECTED),
	PGSA_BITS("crc32c", PGSA_DETECTED, 2),
	PGSA_BITS("crc32c", PGSA_DETECTED, 3),
	PGSA_BITS("crc32c", PGSA_DETECTED, 5),
	PGSA_BIT_BURST("crc32c", PGSA_DETECTED, 32),

	PGSA_ANY_BIT("hamming", PGSA_REPAIRED),
	PGSA_BITS("hamming", PGSA_REFUSED, 2),

	PGSA_ANY_BIT("lane", PGSA_REPAIRED),
	{ "lane", "any word", PGSA_REPAIRED, pgsa_damage_word, 8,
	  PGSA_PAGE_WORDS * PGSA_CHANGES, false },
	{ "lane", "any lane", PGSA_REPAIRED, pgsa_damage_lane, 8,
	  PGSA_PAGE_WORDS * PGSA_CHANGES, false },
	PGSA_OTHER_PAGE("lane", PGSA_REFUSED),

	PGSA_ANY_BIT("reed-solomon-2", PGSA_REPAIRED),
	PGSA_BURST("reed-solomon-2", PGSA_REPAIRED, 32),
	PGSA_SYMBOLS("reed-solomon-2", PGSA_REPAIRED, 1),
	PGSA_OTHER_PAGE("reed-solomon-2", PGSA_REFUSED),

	PGSA_ANY_BIT("reed-solomon", PGSA_REPAIRED),
	PGSA_BITS("reed-solomon", PGSA_REPAIRED, 2),
	PGSA_BURST("reed-solomon", PGSA_REPAIRED, 64),
	PGSA_SYMBOLS("reed-solomon", PGSA_REPAIRED, 2),
	PGSA_OTHER_PAGE("reed-solomon", PGSA_REFUSED),

	PGSA_ANY_BIT("reed-solomon-8", PGSA_REPAIRED),
	PGSA_BITS("reed-solomon-8", PGSA_REPAIRED, 4),
	PGSA_BURST("reed-solomon-8", PGSA_REPAIRED, 128),
	PGSA_SYMBOLS("reed-solomon-8", PGSA_REPAIRED, 4),
	PGSA_OTHER_PAGE("reed-solomon-8", PGSA_REFUSED),
};

#endif /* __MM_PGSA_TESTS_CODES_DAMAGE_H */
