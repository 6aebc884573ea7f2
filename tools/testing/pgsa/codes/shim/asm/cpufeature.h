/* SPDX-License-Identifier: GPL-2.0 */
/* The names of features are strings here. */
#ifndef _SHIM_ASM_CPUFEATURE_H
#define _SHIM_ASM_CPUFEATURE_H

#define boot_cpu_has(feature)	(!!__builtin_cpu_supports(feature))

#define X86_FEATURE_XMM4_2	"sse4.2"
#define X86_FEATURE_AVX2	"avx2"
#define X86_FEATURE_AVX512F	"avx512f"
#define X86_FEATURE_AVX512BW	"avx512bw"
#define X86_FEATURE_AVX512VL	"avx512vl"
#define X86_FEATURE_VPCLMULQDQ	"vpclmulqdq"

#endif /* _SHIM_ASM_CPUFEATURE_H */
