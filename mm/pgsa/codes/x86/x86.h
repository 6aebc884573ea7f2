/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What x86-64 does faster. The functions fold a page (see fold.h), or return
 * its CRC-32C before the final inversion, or both. Those of vectors need the
 * FPU.
 */
#ifndef __MM_PGSA_X86_H
#define __MM_PGSA_X86_H

#include "../fold.h"

bool pgsa_has_crc32q(void);
u32 pgsa_crc32q_crc(const void *page);
u32 pgsa_crc32q_fold_crc(const void *page, struct pgsa_fold *fold);

bool pgsa_has_avx2(void);
void pgsa_avx2_fold(const void *page, struct pgsa_fold *fold);
u32 pgsa_avx2_fold_crc(const void *page, struct pgsa_fold *fold);
void pgsa_avx2_weigh(struct pgsa_fold *fold);

bool pgsa_has_avx512(void);
u32 pgsa_avx512_crc(const void *page);
void pgsa_avx512_fold(const void *page, struct pgsa_fold *fold);
u32 pgsa_avx512_fold_crc(const void *page, struct pgsa_fold *fold);
void pgsa_avx512_weigh(struct pgsa_fold *fold);

#endif /* __MM_PGSA_X86_H */
