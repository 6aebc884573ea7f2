// SPDX-License-Identifier: GPL-2.0
/*
 * crc32: the IEEE 802.3 cyclic redundancy check of a page, by lib/crc32.
 */

/**
 * DOC: crc32
 *
 * Detects, and corrects nothing. Four bytes a page.
 *
 * A CRC with 32 check bits misses no burst of up to 32 bits (W. W. Peterson and
 * D. T. Brown, "Cyclic Codes for Error Detection", Proceedings of the IRE 49,
 * 1961). With the IEEE 802.3 polynomial the Hamming distance is 4 for up to
 * 91607 bits of data (P. Koopman, "32-Bit Cyclic Redundancy Codes for Internet
 * Applications", DSN 2002), and a page has 32768: no pattern of up to three
 * flipped bits is missed. Of random damage one case in 2^32 is.
 */

#include <linux/crc32.h>
#include <linux/unaligned.h>

#include "code.h"

/**
 * pgsa_crc32_encode() - compute the CRC-32 of a page
 * @page: the page
 * @check: takes the four bytes of the CRC, least significant first
 *
 * The value is the CRC-32 that Ethernet, gzip and PNG use: the register starts
 * with all ones and is inverted at the end.
 *
 * Context: Any context.
 */
static void pgsa_crc32_encode(const void *page, u8 *check)
{
	put_unaligned_le32(~crc32_le(~0, page, PGSA_CODE_PAGE_SIZE), check);
}

static const struct pgsa_code_variant pgsa_crc32_variants[] = {
	{
		.name = "generic",
		.encode = pgsa_crc32_encode,
	},
	{}
};

static const struct pgsa_code pgsa_crc32 = {
	.name = "crc32",
	.check_bytes = sizeof(u32),
	.variants = pgsa_crc32_variants,
};

static int __init pgsa_crc32_init(void)
{
	return pgsa_code_register(&pgsa_crc32);
}
subsys_initcall(pgsa_crc32_init);
