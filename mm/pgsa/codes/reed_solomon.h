/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the variants of the codes reed-solomon share.
 */
#ifndef __MM_PGSA_REED_SOLOMON_H
#define __MM_PGSA_REED_SOLOMON_H

#include "code.h"

#define PGSA_RS_WORDS		32
#define PGSA_RS_DATA		(PGSA_CODE_PAGE_SIZE / PGSA_RS_WORDS)
#define PGSA_RS_MAX_PARITY	8
#define PGSA_RS_SYMBOL_VALUES	256
#define PGSA_RS_NIBBLE_VALUES	16

struct rs_control;

/**
 * struct pgsa_rs - a code of this family
 * @low: low[k] has byte k of the multiples of symbols that are a low nibble
 * @high: the same for those that are a high nibble. Both tables are there
 *	  twice, because vectors are looked up by halves
 * @multiple: the multiple of the generator that cancels a symbol, its highest
 *	      coefficient, which is the symbol, left out
 * @control: for lib/reed_solomon; its buffers are under pgsa_rs_lock
 * @parity: parity symbols a word
 *
 * All is set at boot, and only read afterwards.
 */
struct pgsa_rs {
	u8 low[PGSA_RS_MAX_PARITY][2 * PGSA_RS_NIBBLE_VALUES];
	u8 high[PGSA_RS_MAX_PARITY][2 * PGSA_RS_NIBBLE_VALUES];
	u64 multiple[PGSA_RS_SYMBOL_VALUES];
	struct rs_control *control;
	int parity;
};

void pgsa_rs2_avx2(const struct pgsa_rs *rs, const void *page, u8 *check);
void pgsa_rs4_avx2(const struct pgsa_rs *rs, const void *page, u8 *check);
void pgsa_rs8_avx2(const struct pgsa_rs *rs, const void *page, u8 *check);

#endif /* __MM_PGSA_REED_SOLOMON_H */
