// SPDX-License-Identifier: GPL-2.0
/*
 * Reed-Solomon encoding by AVX2: one step for all 32 words of a page. Products
 * with the coefficients of the generator are looked up for each half of a byte
 * (J. S. Plank, K. M. Greenan and E. L. Miller, "Screaming Fast Galois Field
 * Arithmetic Using Intel SIMD Instructions", FAST 2013).
 */
#include <linux/compiler.h>

#include "../reed_solomon.h"

/* A symbol of each word; only XOR, AND and shifts look at it as numbers */
typedef u64 pgsa_row __attribute__((vector_size(PGSA_RS_WORDS)));

#define PGSA_RS_LOW_NIBBLES	0x0f0f0f0f0f0f0f0fULL

static __always_inline pgsa_row pgsa_row_get(const u8 *from)
{
	pgsa_row row;

	asm("vmovdqu %1, %0" : "=x" (row) : "m" (*(const u8 (*)[PGSA_RS_WORDS])from));
	return row;
}

static __always_inline void pgsa_row_put(pgsa_row row, u8 *to)
{
	asm("vmovdqu %1, %0" : "=m" (*(u8 (*)[PGSA_RS_WORDS])to) : "x" (row));
}

/* The entry of the table for each nibble */
static __always_inline pgsa_row pgsa_row_look_up(const u8 *table,
						 pgsa_row nibbles)
{
	pgsa_row row;

	asm("vpshufb %2, %1, %0" : "=x" (row)
				 : "x" (pgsa_row_get(table)), "x" (nibbles));
	return row;
}

/**
 * struct pgsa_rs_lead - the symbols that one step divides
 * @low: their low nibbles
 * @high: their high nibbles
 */
struct pgsa_rs_lead {
	pgsa_row low;
	pgsa_row high;
};

/* Byte @k of the multiples of the generator that cancel the symbols */
static __always_inline pgsa_row pgsa_rs_cancel(const struct pgsa_rs *rs, int k,
					       struct pgsa_rs_lead lead)
{
	return pgsa_row_look_up(rs->low[k], lead.low) ^
	       pgsa_row_look_up(rs->high[k], lead.high);
}

static __always_inline void pgsa_rs_step(const struct pgsa_rs *rs, int parity,
					 pgsa_row *rest, pgsa_row symbols)
{
	struct pgsa_rs_lead lead;

	symbols ^= rest[0];
	lead.low = symbols & PGSA_RS_LOW_NIBBLES;
	lead.high = symbols >> 4 & PGSA_RS_LOW_NIBBLES;

	/* Written out, so that the rest stays in registers; rest[parity] is 0 */
	rest[0] = rest[1] ^ pgsa_rs_cancel(rs, 0, lead);
	rest[1] = rest[2] ^ pgsa_rs_cancel(rs, 1, lead);
	if (parity == 2)
		return;
	rest[2] = rest[3] ^ pgsa_rs_cancel(rs, 2, lead);
	rest[3] = rest[4] ^ pgsa_rs_cancel(rs, 3, lead);
	if (parity == 4)
		return;
	rest[4] = rest[5] ^ pgsa_rs_cancel(rs, 4, lead);
	rest[5] = rest[6] ^ pgsa_rs_cancel(rs, 5, lead);
	rest[6] = rest[7] ^ pgsa_rs_cancel(rs, 6, lead);
	rest[7] = rest[8] ^ pgsa_rs_cancel(rs, 7, lead);
}

static __always_inline void pgsa_rs_encode_rows(const struct pgsa_rs *rs,
						int parity, const void *page,
						u8 *check)
{
	pgsa_row rest[PGSA_RS_MAX_PARITY + 1] = {};
	const pgsa_row *row = page;
	int i;

	for (i = 0; i < PGSA_RS_DATA; i++) {
		/* The tables are not to be kept in registers: there are too few. */
		OPTIMIZER_HIDE_VAR(rs);
		pgsa_rs_step(rs, parity, rest, row[i]);
	}
	for (i = 0; i < parity; i++)
		pgsa_row_put(rest[i], check + i * PGSA_RS_WORDS);
}

/**
 * pgsa_rs2_avx2() - compute two parity symbols for each word of a page
 * @rs: the code
 * @page: the page
 * @check: takes the parity
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_rs2_avx2(const struct pgsa_rs *rs, const void *page, u8 *check)
{
	pgsa_rs_encode_rows(rs, 2, page, check);
}

/**
 * pgsa_rs4_avx2() - compute four parity symbols for each word of a page
 * @rs: the code
 * @page: the page
 * @check: takes the parity
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_rs4_avx2(const struct pgsa_rs *rs, const void *page, u8 *check)
{
	pgsa_rs_encode_rows(rs, 4, page, check);
}

/**
 * pgsa_rs8_avx2() - compute eight parity symbols for each word of a page
 * @rs: the code
 * @page: the page
 * @check: takes the parity
 *
 * Context: Between kernel_fpu_begin() and kernel_fpu_end().
 */
void pgsa_rs8_avx2(const struct pgsa_rs *rs, const void *page, u8 *check)
{
	pgsa_rs_encode_rows(rs, 8, page, check);
}
