/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_UNALIGNED_H
#define _SHIM_LINUX_UNALIGNED_H

#include <endian.h>
#include <linux/types.h>
#include <string.h>

static inline u16 get_unaligned_le16(const void *p)
{
	u16 value;

	memcpy(&value, p, sizeof(value));
	return le16toh(value);
}

static inline u64 get_unaligned_le64(const void *p)
{
	u64 value;

	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

static inline void put_unaligned_le16(u16 value, void *p)
{
	value = htole16(value);
	memcpy(p, &value, sizeof(value));
}

static inline void put_unaligned_le64(u64 value, void *p)
{
	value = htole64(value);
	memcpy(p, &value, sizeof(value));
}

static inline void put_unaligned_le32(u32 value, void *p)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
}

#endif /* _SHIM_LINUX_UNALIGNED_H */
