// SPDX-License-Identifier: GPL-2.0
/*
 * crc32c: the cyclic redundancy check of G. Castagnoli over a page.
 */

/**
 * DOC: crc32c
 *
 * Detects, and corrects nothing. Four bytes a page.
 *
 * A CRC with 32 check bits misses no burst of up to 32 bits (W. W. Peterson and
 * D. T. Brown, "Cyclic Codes for Error Detection", Proceedings of the IRE 49,
 * 1961). The polynomial 0x1edc6f41 is of G. Castagnoli, S. Bräuer and M.
 * Herrmann ("Optimization of Cyclic Redundancy-Check Codes with 24 and 32
 * Parity Bits", IEEE Transactions on Communications 41, 1993). It contains the
 * factor x + 1, so no odd number of flipped bits is missed, and its Hamming
 * distance is 4 for pages of 32768 bits (P. Koopman, "32-Bit Cyclic Redundancy
 * Codes for Internet Applications", DSN 2002): no pattern of up to three
 * flipped bits is missed. Of random damage one case in 2^32 is.
 *
 * The value is that of iSCSI (RFC 3720), ext4 and btrfs: the register starts
 * with all ones and is inverted at the end.
 *
 * x86-64 has an instruction for this polynomial which takes eight bytes, gives
 * its result three cycles later and can be started every cycle. A page is
 * therefore cut into four quarters whose CRCs are computed side by side and
 * then combined (V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial
 * Using CRC32 Instruction", Intel, 2011). A CRC is linear: with start value 0
 * for all quarters but the first, the CRC of the page is the sum of the CRCs of
 * its quarters, each multiplied by x to the power of the number of bits that
 * follow it. The factor is the same for each step from one quarter to the next,
 * so a small table does.
 *
 * With carry-less multiplication of vectors, four lines of 64 bytes are kept as
 * a polynomial that is congruent to all that came before. To add the next four,
 * each sixteen bytes are multiplied by x^2048, their two halves by a constant
 * of 32 bits each (V. Gopal et al., "Fast CRC Computation for Generic
 * Polynomials Using PCLMULQDQ Instruction", Intel, 2009). In the end the four
 * lines are added up to one in the same way, and the CRC of that is computed by
 * the instruction.
 *
 * The variant "generic" is __crc32c_le() of lib/crc32, with tables, or with the
 * instructions of the processor on arm64 and riscv.
 */

#include <linux/crc32.h>

#include "crc32c.h"
#include "x86/x86.h"

static void pgsa_crc32c_encode(const void *page, u8 *check)
{
	u32 crc = __crc32c_le(PGSA_CRC32C_SEED, page, PGSA_CODE_PAGE_SIZE);

	pgsa_crc32c_put(crc, check);
}

#ifdef CONFIG_X86_64
static void pgsa_crc32c_encode_crc32q(const void *page, u8 *check)
{
	pgsa_crc32c_put(pgsa_crc32q_crc(page), check);
}
#endif

#ifdef CONFIG_PGSA_CODE_SIMD
static void pgsa_crc32c_encode_avx512(const void *page, u8 *check)
{
	pgsa_crc32c_put(pgsa_avx512_crc(page), check);
}
#endif

static const struct pgsa_code_variant pgsa_crc32c_variants[] = {
#ifdef CONFIG_PGSA_CODE_SIMD
	{
		.name = "avx512",
		.fpu = true,
		.usable = pgsa_has_avx512,
		.encode = pgsa_crc32c_encode_avx512,
	},
#endif
#ifdef CONFIG_X86_64
	{
		.name = "crc32q",
		.usable = pgsa_has_crc32q,
		.encode = pgsa_crc32c_encode_crc32q,
	},
#endif
	{
		.name = "generic",
		.encode = pgsa_crc32c_encode,
	},
	{}
};

const struct pgsa_code pgsa_crc32c = {
	.name = "crc32c",
	.check_bytes = sizeof(u32),
	.variants = pgsa_crc32c_variants,
};

static int __init pgsa_crc32c_init(void)
{
	return pgsa_code_register(&pgsa_crc32c);
}
subsys_initcall(pgsa_crc32c_init);
