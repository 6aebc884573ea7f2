/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CRC-32C of the four quarters of a page by the instruction crc32q.
 */
#ifndef __MM_PGSA_CRC32Q_H
#define __MM_PGSA_CRC32Q_H

#include "../crc32c.h"

/* Words in a quarter of a page */
#define PGSA_CRC32Q_QUARTER	(PGSA_CODE_PAGE_SIZE / 4 / sizeof(u64))

/* The registers of the four quarters; the instruction takes 64-bit ones. */
struct pgsa_crc32q {
	u64 crc[4];
};

#define PGSA_CRC32Q_START	{ .crc = { PGSA_CRC32C_SEED } }

static __always_inline u64 pgsa_crc32q(u64 crc, const u64 *word)
{
	asm("crc32q %1, %0" : "+r"(crc) : "m"(*word));
	return crc;
}

/**
 * pgsa_crc32q_add() - add a word to the CRC of each quarter
 * @c: the registers
 * @word: the word of the first quarter
 *
 * Context: Any context.
 */
static __always_inline void pgsa_crc32q_add(struct pgsa_crc32q *c,
					    const u64 *word)
{
	c->crc[0] = pgsa_crc32q(c->crc[0], word);
	c->crc[1] = pgsa_crc32q(c->crc[1], word + PGSA_CRC32Q_QUARTER);
	c->crc[2] = pgsa_crc32q(c->crc[2], word + 2 * PGSA_CRC32Q_QUARTER);
	c->crc[3] = pgsa_crc32q(c->crc[3], word + 3 * PGSA_CRC32Q_QUARTER);
}

u32 pgsa_crc32q_combine(const struct pgsa_crc32q *c);

#endif /* __MM_PGSA_CRC32Q_H */
