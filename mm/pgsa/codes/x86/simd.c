// SPDX-License-Identifier: GPL-2.0
/*
 * Which vectors this machine has. Not in the files of vectors themselves,
 * because those are compiled for machines that have them.
 */
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#include "x86.h"

#define PGSA_AVX_STATE		(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM)

/**
 * pgsa_has_avx2() - may AVX2 be used, and crc32q?
 *
 * Context: Any context.
 * Return: true if it may.
 */
bool pgsa_has_avx2(void)
{
	return pgsa_has_crc32q() && boot_cpu_has(X86_FEATURE_AVX2) &&
	       cpu_has_xfeatures(PGSA_AVX_STATE, NULL);
}

/**
 * pgsa_has_avx512() - may AVX-512 be used, with carry-less multiplication?
 *
 * Processors from Ice Lake and Zen 4 on have it.
 *
 * Context: Any context.
 * Return: true if it may.
 */
bool pgsa_has_avx512(void)
{
	return pgsa_has_avx2() && boot_cpu_has(X86_FEATURE_AVX512F) &&
	       boot_cpu_has(X86_FEATURE_AVX512BW) &&
	       boot_cpu_has(X86_FEATURE_AVX512VL) &&
	       boot_cpu_has(X86_FEATURE_VPCLMULQDQ) &&
	       cpu_has_xfeatures(PGSA_AVX_STATE | XFEATURE_MASK_AVX512, NULL);
}
