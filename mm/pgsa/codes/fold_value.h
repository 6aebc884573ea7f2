/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a page is folded, for words and for vectors alike. A file that is
 * compiled for vectors defines their size, PGSA_VALUE_BYTES, before it includes
 * this one.
 */
#ifndef __MM_PGSA_FOLD_VALUE_H
#define __MM_PGSA_FOLD_VALUE_H

#include "fold.h"

#ifdef PGSA_VALUE_BYTES
typedef u64 pgsa_value
	__attribute__((vector_size(PGSA_VALUE_BYTES), may_alias));
#define PGSA_VALUE_SETTLE(value)	asm("" : "+v"(value))
#else
typedef u64 pgsa_value;
#define PGSA_VALUE_SETTLE(value)	asm("" : "+r"(value))
#endif

/* A page is folded in eight blocks of eight lines. */
#define PGSA_BLOCKS		8
#define PGSA_BLOCK_LINES	8

/* x^8 + x^4 + x^3 + x^2 + 1, the polynomial of RAID-6, without x^8 */
#define PGSA_FOLD_POLYNOMIAL	0x1d

#define PGSA_FOLD_BYTES(byte)	((byte) * 0x0101010101010101ULL)

/* Values in a line and in a block */
#define PGSA_LINE		(PGSA_LINE_BYTES / sizeof(pgsa_value))
#define PGSA_BLOCK		(PGSA_BLOCK_LINES * PGSA_LINE)

/**
 * pgsa_fold_eight() - reduce eight values to their sum
 * @value: the values
 * @half: half[k] takes, by XOR, the values whose index has bit k set; k < 3
 *
 * Context: Any context.
 * Return: The XOR of the eight values.
 */
static __always_inline pgsa_value pgsa_fold_eight(const pgsa_value *value,
						  pgsa_value *half)
{
	pgsa_value pair0 = value[0] ^ value[1];
	pgsa_value pair1 = value[2] ^ value[3];
	pgsa_value pair2 = value[4] ^ value[5];
	pgsa_value pair3 = value[6] ^ value[7];

	half[0] ^= value[1] ^ value[3] ^ value[5] ^ value[7];
	half[1] ^= pair1 ^ pair3;
	half[2] ^= pair2 ^ pair3;
	return pair0 ^ pair1 ^ pair2 ^ pair3;
}

/* Sums over one column of the lines, as in struct pgsa_fold */
struct pgsa_column {
	pgsa_value all;
	pgsa_value half[PGSA_LINE_BITS];
};

/*
 * Compilers would put the sums off until they are needed, and keep all the page
 * on the stack up to then.
 */
static __always_inline void pgsa_fold_settle(struct pgsa_column *column)
{
	PGSA_VALUE_SETTLE(column->all);
	PGSA_VALUE_SETTLE(column->half[0]);
	PGSA_VALUE_SETTLE(column->half[1]);
	PGSA_VALUE_SETTLE(column->half[2]);
	PGSA_VALUE_SETTLE(column->half[3]);
	PGSA_VALUE_SETTLE(column->half[4]);
	PGSA_VALUE_SETTLE(column->half[5]);
}

/**
 * pgsa_fold_block() - add a block to the sums of a column
 * @column: the sums
 * @first: the column in line 0 of the page
 * @block: number of the block, a constant
 *
 * Context: Any context.
 */
static __always_inline void pgsa_fold_block(struct pgsa_column *column,
					    const pgsa_value *first,
					    unsigned int block)
{
	const pgsa_value *line = first + block * PGSA_BLOCK;
	pgsa_value odd0 = line[1 * PGSA_LINE];
	pgsa_value odd1 = line[3 * PGSA_LINE];
	pgsa_value odd2 = line[5 * PGSA_LINE];
	pgsa_value odd3 = line[7 * PGSA_LINE];
	pgsa_value pair0 = odd0 ^ line[0 * PGSA_LINE];
	pgsa_value pair1 = odd1 ^ line[2 * PGSA_LINE];
	pgsa_value pair2 = odd2 ^ line[4 * PGSA_LINE];
	pgsa_value pair3 = odd3 ^ line[6 * PGSA_LINE];
	pgsa_value sum = pair0 ^ pair1 ^ pair2 ^ pair3;

	column->all ^= sum;
	column->half[0] ^= odd0 ^ odd1 ^ odd2 ^ odd3;
	column->half[1] ^= pair1 ^ pair3;
	column->half[2] ^= pair2 ^ pair3;
	if (block & 1)
		column->half[3] ^= sum;
	if (block & 2)
		column->half[4] ^= sum;
	if (block & 4)
		column->half[5] ^= sum;
	pgsa_fold_settle(column);
}

/* Add all blocks. Not in a loop: what to add depends on the number. */
static __always_inline void pgsa_fold_column(struct pgsa_column *column,
					     const pgsa_value *first)
{
	pgsa_fold_block(column, first, 0);
	pgsa_fold_block(column, first, 1);
	pgsa_fold_block(column, first, 2);
	pgsa_fold_block(column, first, 3);
	pgsa_fold_block(column, first, 4);
	pgsa_fold_block(column, first, 5);
	pgsa_fold_block(column, first, 6);
	pgsa_fold_block(column, first, 7);
}

static __always_inline void pgsa_fold_put(const struct pgsa_column *column,
					  unsigned int c,
					  struct pgsa_fold *fold)
{
	pgsa_value *value = (pgsa_value *)fold + c;

	value[0] = column->all;
	value[1 * PGSA_LINE] = column->half[0];
	value[2 * PGSA_LINE] = column->half[1];
	value[3 * PGSA_LINE] = column->half[2];
	value[4 * PGSA_LINE] = column->half[3];
	value[5 * PGSA_LINE] = column->half[4];
	value[6 * PGSA_LINE] = column->half[5];
}

/* Multiply each byte, an element of GF(2^8), by x */
static __always_inline pgsa_value pgsa_fold_double(pgsa_value bytes)
{
	pgsa_value high = bytes & PGSA_FOLD_BYTES(0x80);

	/* All ones in the bytes that overflow */
	high = (high << 1) - (high >> 7);
	return (bytes & PGSA_FOLD_BYTES(0x7f)) << 1 ^
	       (high & PGSA_FOLD_BYTES(PGSA_FOLD_POLYNOMIAL));
}

/**
 * pgsa_fold_weigh() - compute the sum of lines, each times its number
 * @half: the column of half[0]; takes the sum
 *
 * A number stands for the element of GF(2^8) that has its bits, so the sum is
 * that of x^k times half[k].
 *
 * Context: Any context.
 */
static __always_inline void pgsa_fold_weigh(pgsa_value *half)
{
	pgsa_value sum = half[5 * PGSA_LINE];

	sum = half[4 * PGSA_LINE] ^ pgsa_fold_double(sum);
	sum = half[3 * PGSA_LINE] ^ pgsa_fold_double(sum);
	sum = half[2 * PGSA_LINE] ^ pgsa_fold_double(sum);
	sum = half[1 * PGSA_LINE] ^ pgsa_fold_double(sum);
	half[0] ^= pgsa_fold_double(sum);
}

#endif /* __MM_PGSA_FOLD_VALUE_H */
