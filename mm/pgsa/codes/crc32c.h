/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_PGSA_CRC32C_H
#define __MM_PGSA_CRC32C_H

#include <linux/unaligned.h>

#include "code.h"

extern const struct pgsa_code pgsa_crc32c;

/* The register starts with all ones and is inverted at the end. */
#define PGSA_CRC32C_SEED	(~0U)

static inline void pgsa_crc32c_put(u32 crc, u8 *check)
{
	put_unaligned_le32(~crc, check);
}

#endif /* __MM_PGSA_CRC32C_H */
