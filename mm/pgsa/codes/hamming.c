// SPDX-License-Identifier: GPL-2.0
/*
 * hamming: an extended Hamming code over a whole page.
 */

/**
 * DOC: hamming
 *
 * Corrects one flipped bit and detects two (SEC-DED). Two bytes a page.
 *
 * The 32768 bits of a page are numbered byte * 8 + bit. The redundancy is the
 * XOR of the numbers of all bits that are set (15 bits), and the parity of the
 * page in bit 15. This is the code of R. W. Hamming ("Error Detecting and Error
 * Correcting Codes", Bell System Technical Journal 29, 1950): check bit k is the
 * parity of all positions that have bit k set, and an overall parity bit is
 * added to tell double errors from single ones. M. Y. Hsiao ("A Class of Optimal
 * Minimum Odd-weight-column SEC-DED Codes", IBM Journal of Research and
 * Development 14, 1970) arranges the same promise for short words in hardware.
 *
 * A flipped bit changes the parity, and the XOR by its own number. Two flipped
 * bits leave the parity as it was, and change the XOR, because their numbers
 * differ. Three look like one: a wrong correction, which only the proof by a
 * detecting code uncovers.
 *
 * The bits of the redundancy have no number of their own. A flipped one makes an
 * intact page look uncorrectable, or, if it is the parity bit, looks like bit 0
 * of the page; there too the proof fails.
 *
 * No bit is looked at alone. Bits 6 to 14 of a number say in which 64-bit word
 * the bit is, so each is the parity of the XOR of half the words; bits 0 to 5
 * are parities within the XOR of all words. A page is eight blocks of eight
 * lines of eight words, and one step, pgsa_hamming_fold(), reduces eight values
 * to their XOR and collects three of the halves on the way. Applied to the words
 * of a line, the lines of a block and the blocks of the page it visits each word
 * once, in the order of addresses, with less than two XORs a word.
 */

#include <linux/build_bug.h>
#include <linux/unaligned.h>

#include "code.h"

#define PGSA_HAMMING_RADIX		8
#define PGSA_HAMMING_WORD_BITS		6	/* number of a bit in its word */
#define PGSA_HAMMING_PAGE_BITS		9	/* number of a word in its page */

#define PGSA_HAMMING_POSITION		0x7fff
#define PGSA_HAMMING_PARITY		0x8000

static_assert(PGSA_HAMMING_RADIX * PGSA_HAMMING_RADIX * PGSA_HAMMING_RADIX *
	      sizeof(u64) == PGSA_CODE_PAGE_SIZE,
	      "three levels of folding cover the page");

/* The bits of a word whose number in the word has bit k set */
static const u64 pgsa_hamming_mask[PGSA_HAMMING_WORD_BITS] = {
	0xaaaaaaaaaaaaaaaaULL,
	0xccccccccccccccccULL,
	0xf0f0f0f0f0f0f0f0ULL,
	0xff00ff00ff00ff00ULL,
	0xffff0000ffff0000ULL,
	0xffffffff00000000ULL,
};

/**
 * pgsa_hamming_fold() - reduce eight words to one
 * @word: the eight words
 * @half: half[k] takes, by XOR, the words whose index has bit k set; k < 3
 *
 * Context: Any context.
 * Return: The XOR of the eight words.
 */
static __always_inline u64 pgsa_hamming_fold(const u64 *word, u64 *half)
{
	u64 pair0 = word[0] ^ word[1];
	u64 pair1 = word[2] ^ word[3];
	u64 pair2 = word[4] ^ word[5];
	u64 pair3 = word[6] ^ word[7];

	half[0] ^= word[1] ^ word[3] ^ word[5] ^ word[7];
	half[1] ^= pair1 ^ pair3;
	half[2] ^= pair2 ^ pair3;
	return pair0 ^ pair1 ^ pair2 ^ pair3;
}

static unsigned int pgsa_hamming_parity(u64 word)
{
	u32 fold = word ^ word >> 32;

	fold ^= fold >> 16;
	fold ^= fold >> 8;
	fold ^= fold >> 4;
	/* Bit n of this constant is the parity of n. */
	return 0x6996 >> (fold & 0xf) & 1;
}

/**
 * pgsa_hamming_check() - compute the redundancy of a page
 * @page: the page
 *
 * The byte order of the machine matters only for the position within a word:
 * XOR and parity of whole words do not depend on it.
 *
 * Context: Any context.
 * Return: The XOR of the positions of all set bits, and the overall parity.
 */
static u16 pgsa_hamming_check(const void *page)
{
	u64 block[PGSA_HAMMING_RADIX], line[PGSA_HAMMING_RADIX], all;
	u64 half[PGSA_HAMMING_PAGE_BITS] = {};
	const u64 *word = page;
	unsigned int b, l, k;
	u16 check;

	for (b = 0; b < PGSA_HAMMING_RADIX; b++) {
		for (l = 0; l < PGSA_HAMMING_RADIX; l++) {
			line[l] = pgsa_hamming_fold(word, half);
			word += PGSA_HAMMING_RADIX;
		}
		block[b] = pgsa_hamming_fold(line, half + 3);
	}
	all = pgsa_hamming_fold(block, half + 6);
	all = get_unaligned_le64(&all);

	check = pgsa_hamming_parity(all) * PGSA_HAMMING_PARITY;
	for (k = 0; k < PGSA_HAMMING_WORD_BITS; k++)
		check |= pgsa_hamming_parity(all & pgsa_hamming_mask[k]) << k;
	for (k = 0; k < PGSA_HAMMING_PAGE_BITS; k++)
		check |= pgsa_hamming_parity(half[k]) <<
			 (PGSA_HAMMING_WORD_BITS + k);
	return check;
}

/**
 * pgsa_hamming_encode() - compute the redundancy of a page as bytes
 * @page: the page
 * @check: takes the two bytes of the redundancy, least significant first
 *
 * Context: Any context.
 */
static void pgsa_hamming_encode(const void *page, u8 *check)
{
	put_unaligned_le16(pgsa_hamming_check(page), check);
}

/**
 * pgsa_hamming_correct() - correct one flipped bit of a page
 * @page: the page
 * @check: the redundancy computed when the page was right
 *
 * Context: Any context.
 * Return: 1 if a bit was flipped back, 0 if page and redundancy agree,
 * -EBADMSG if an even number of bits is wrong; then the page is untouched.
 */
static int pgsa_hamming_correct(void *page, const u8 *check)
{
	u16 syndrome = pgsa_hamming_check(page) ^ get_unaligned_le16(check);
	unsigned int position = syndrome & PGSA_HAMMING_POSITION;
	u8 *byte = page;

	if (!syndrome)
		return 0;
	if (!(syndrome & PGSA_HAMMING_PARITY))
		return -EBADMSG;

	byte[position / 8] ^= 1 << position % 8;
	return 1;
}

static const struct pgsa_code pgsa_hamming = {
	.name = "hamming",
	.check_bytes = sizeof(u16),
	.encode = pgsa_hamming_encode,
	.correct = pgsa_hamming_correct,
};

static int __init pgsa_hamming_init(void)
{
	return pgsa_code_register(&pgsa_hamming);
}
subsys_initcall(pgsa_hamming_init);
