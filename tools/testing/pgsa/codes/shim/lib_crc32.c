// SPDX-License-Identifier: GPL-2.0
/*
 * CRCs with eight tables, the method of the kernel's lib/crc32.c, so that their
 * rate is near to what the kernel reaches (M. E. Kounavis and F. L. Berry, "A
 * Systematic Approach to Building High Performance Software-Based CRC
 * Generators", ISCC 2005).
 */
#include <endian.h>
#include <linux/crc32.h>
#include <string.h>

#define CRC32_POLY_LE	0xedb88320U
#define CRC32C_POLY_LE	0x82f63b78U

typedef u32 crc_table[8][256];

static crc_table crc32_table, crc32c_table;

static void fill_table(crc_table table, u32 polynomial)
{
	unsigned int i, k;
	u32 crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
		table[0][i] = crc;
	}
	for (k = 1; k < 8; k++) {
		for (i = 0; i < 256; i++) {
			crc = table[k - 1][i];
			table[k][i] = crc >> 8 ^ table[0][crc & 0xff];
		}
	}
}

/* The priority puts it before the initcalls. */
static void __attribute__((constructor(101))) fill_tables(void)
{
	fill_table(crc32_table, CRC32_POLY_LE);
	fill_table(crc32c_table, CRC32C_POLY_LE);
}

static u32 add_word(u32 crc, const unsigned char *p, const crc_table table)
{
	u32 low, high;

	memcpy(&low, p, sizeof(low));
	memcpy(&high, p + sizeof(low), sizeof(high));
	low = le32toh(low) ^ crc;
	high = le32toh(high);

	return table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^
	       table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
	       table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
	       table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
}

static u32 add_bytes(u32 crc, const unsigned char *p, size_t len,
		     const crc_table table)
{
	for (; len >= 8; len -= 8, p += 8)
		crc = add_word(crc, p, table);
	while (len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return crc;
}

u32 crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	return add_bytes(crc, p, len, (const u32 (*)[256])crc32_table);
}

u32 __crc32c_le(u32 crc, const unsigned char *p, size_t len)
{
	return add_bytes(crc, p, len, (const u32 (*)[256])crc32c_table);
}

/* A shift by a byte is the same as adding a zero. */
u32 __crc32c_le_shift(u32 crc, size_t len)
{
	while (len--)
		crc = crc >> 8 ^ crc32c_table[0][crc & 0xff];
	return crc;
}
