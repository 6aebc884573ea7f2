// SPDX-License-Identifier: GPL-2.0
/*
 * crc32_le() with eight tables, the method of the kernel's lib/crc32.c, so that
 * its rate is near to what the kernel reaches (M. E. Kounavis and F. L. Berry,
 * "A Systematic Approach to Building High Performance Software-Based CRC
 * Generators", ISCC 2005).
 */
#include <endian.h>
#include <linux/crc32.h>
#include <string.h>

static u32 crc32_table[8][256];

/* The priority puts it before all constructors that have none. */
static void __attribute__((constructor(101))) crc32_fill_table(void)
{
	unsigned int i, k;
	u32 crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
		crc32_table[0][i] = crc;
	}
	for (k = 1; k < 8; k++) {
		for (i = 0; i < 256; i++) {
			crc = crc32_table[k - 1][i];
			crc32_table[k][i] = crc >> 8 ^ crc32_table[0][crc & 0xff];
		}
	}
}

static u32 crc32_word(u32 crc, const unsigned char *p)
{
	u32 low, high;

	memcpy(&low, p, sizeof(low));
	memcpy(&high, p + sizeof(low), sizeof(high));
	low = le32toh(low) ^ crc;
	high = le32toh(high);

	return crc32_table[7][low & 0xff] ^ crc32_table[6][low >> 8 & 0xff] ^
	       crc32_table[5][low >> 16 & 0xff] ^ crc32_table[4][low >> 24] ^
	       crc32_table[3][high & 0xff] ^ crc32_table[2][high >> 8 & 0xff] ^
	       crc32_table[1][high >> 16 & 0xff] ^ crc32_table[0][high >> 24];
}

u32 crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8)
		crc = crc32_word(crc, p);
	while (len--)
		crc = crc >> 8 ^ crc32_table[0][(crc ^ *p++) & 0xff];
	return crc;
}
