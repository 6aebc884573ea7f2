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
 * Correcting Codes", Bell System Technical Journal 29, 1950): check bit k is
 * the parity of all positions that have bit k set, and an overall parity bit is
 * added to tell double errors from single ones. M. Y. Hsiao ("A Class of
 * Optimal Minimum Odd-weight-column SEC-DED Codes", IBM Journal of Research and
 * Development 14, 1970) arranges the same promise for short words in hardware.
 *
 * A flipped bit changes the parity, and the XOR by its own number. Two flipped
 * bits leave the parity as it was, and change the XOR, because their numbers
 * differ. Three look like one: a wrong correction, which only the proof by a
 * detecting code uncovers.
 *
 * The bits of the redundancy have no number of their own. A flipped one makes
 * an intact page look uncorrectable, or, if it is the parity bit, looks like
 * bit 0 of the page; there too the proof fails.
 *
 * No bit is looked at alone. A check bit is the parity of a sum of words: bits
 * 9 to 14 of a number say in which of 64 lines the bit is, bits 6 to 8 in which
 * of the eight words of the line, and bits 0 to 5 where in the word. struct
 * pgsa_fold has the sums of lines; sums of the eight words in those, and masks
 * for the last six bits, give sixteen words, of which the parities are taken
 * together. The pass over the page is therefore one of XORs of whole lines,
 * less than two a word, and the same as for lane.
 */

#include <linux/unaligned.h>

#include "crc32c.h"
#include "fold_value.h"
#include "x86/x86.h"

#define PGSA_HAMMING_POSITION		0x7fff
#define PGSA_HAMMING_PARITY		0x8000

/* The bits of a word whose number in the word has bit k set */
static const u64 pgsa_hamming_mask[] = {
	0xaaaaaaaaaaaaaaaaULL,
	0xccccccccccccccccULL,
	0xf0f0f0f0f0f0f0f0ULL,
	0xff00ff00ff00ff00ULL,
	0xffff0000ffff0000ULL,
	0xffffffff00000000ULL,
};

/*
 * Reduce two words to one whose bits belong to either in turn, and are sums of
 * two bits of theirs; step by step, groups of 1 << @step bits are such a bit.
 */
static __always_inline u64 pgsa_hamming_merge(u64 even, u64 odd,
					      unsigned int step)
{
	unsigned int shift = 1 << step;
	u64 mask = pgsa_hamming_mask[step];

	return ((even ^ even >> shift) & ~mask) | ((odd ^ odd << shift) & mask);
}

static __always_inline u64 pgsa_hamming_merge_four(const u64 *word)
{
	return pgsa_hamming_merge(pgsa_hamming_merge(word[0], word[1], 0),
				  pgsa_hamming_merge(word[2], word[3], 0), 1);
}

/* Bit n is the parity of word n; in the last merge, so are bits 16 + n, ... */
static __always_inline u16 pgsa_hamming_parities(const u64 *word)
{
	u64 low = pgsa_hamming_merge(pgsa_hamming_merge_four(word),
				     pgsa_hamming_merge_four(word + 4), 2);
	u64 high = pgsa_hamming_merge(pgsa_hamming_merge_four(word + 8),
				      pgsa_hamming_merge_four(word + 12), 2);
	u64 all = pgsa_hamming_merge(low, high, 3);

	all ^= all >> 32;
	return all ^ all >> 16;
}

static __always_inline u64 pgsa_hamming_sum(const u64 *word)
{
	return word[0] ^ word[1] ^ word[2] ^ word[3] ^
	       word[4] ^ word[5] ^ word[6] ^ word[7];
}

/**
 * pgsa_hamming_check() - compute the redundancy of a page
 * @fold: the sums of the page
 *
 * The byte order of the machine matters only for the position within a word:
 * XOR and parity of whole words do not depend on it.
 *
 * Context: Any context.
 * Return: The XOR of the positions of all set bits, and the overall parity.
 */
static u16 pgsa_hamming_check(const struct pgsa_fold *fold)
{
	u64 half[PGSA_WORD_BITS] = {};
	u64 native = pgsa_fold_eight(fold->all, half);
	u64 all = get_unaligned_le64(&native);
	const u64 word[] = {
		all & pgsa_hamming_mask[0],
		all & pgsa_hamming_mask[1],
		all & pgsa_hamming_mask[2],
		all & pgsa_hamming_mask[3],
		all & pgsa_hamming_mask[4],
		all & pgsa_hamming_mask[5],
		half[0],
		half[1],
		half[2],
		pgsa_hamming_sum(fold->half[0]),
		pgsa_hamming_sum(fold->half[1]),
		pgsa_hamming_sum(fold->half[2]),
		pgsa_hamming_sum(fold->half[3]),
		pgsa_hamming_sum(fold->half[4]),
		pgsa_hamming_sum(fold->half[5]),
		all,
	};

	return pgsa_hamming_parities(word);
}

static void pgsa_hamming_put(const struct pgsa_fold *fold, u8 *check)
{
	put_unaligned_le16(pgsa_hamming_check(fold), check);
}

static void pgsa_hamming_encode(const void *page, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_fold(page, &fold);
	pgsa_hamming_put(&fold, check);
}

#ifdef CONFIG_X86_64
static void pgsa_hamming_both_crc32q(const void *page, u8 *detect, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_crc32c_put(pgsa_crc32q_fold_crc(page, &fold), detect);
	pgsa_hamming_put(&fold, check);
}
#endif

#ifdef CONFIG_PGSA_CODE_SIMD
static void pgsa_hamming_encode_avx2(const void *page, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_avx2_fold(page, &fold);
	pgsa_hamming_put(&fold, check);
}

static void pgsa_hamming_both_avx2(const void *page, u8 *detect, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_crc32c_put(pgsa_avx2_fold_crc(page, &fold), detect);
	pgsa_hamming_put(&fold, check);
}

static void pgsa_hamming_encode_avx512(const void *page, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_avx512_fold(page, &fold);
	pgsa_hamming_put(&fold, check);
}

static void pgsa_hamming_both_avx512(const void *page, u8 *detect, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_crc32c_put(pgsa_avx512_fold_crc(page, &fold), detect);
	pgsa_hamming_put(&fold, check);
}
#endif

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
	struct pgsa_fold fold __uninitialized;
	unsigned int position;
	u8 *byte = page;
	u16 syndrome;

	pgsa_fold(page, &fold);
	syndrome = pgsa_hamming_check(&fold) ^ get_unaligned_le16(check);
	if (!syndrome)
		return 0;
	if (!(syndrome & PGSA_HAMMING_PARITY))
		return -EBADMSG;

	position = syndrome & PGSA_HAMMING_POSITION;
	byte[position / 8] ^= 1 << position % 8;
	return 1;
}

static const struct pgsa_code_variant pgsa_hamming_variants[] = {
#ifdef CONFIG_PGSA_CODE_SIMD
	{
		.name = "avx512",
		.fpu = true,
		.usable = pgsa_has_avx512,
		.encode = pgsa_hamming_encode_avx512,
		.encode_both = pgsa_hamming_both_avx512,
	},
	{
		.name = "avx2",
		.fpu = true,
		.usable = pgsa_has_avx2,
		.encode = pgsa_hamming_encode_avx2,
		.encode_both = pgsa_hamming_both_avx2,
	},
#endif
#ifdef CONFIG_X86_64
	{
		.name = "crc32q",
		.usable = pgsa_has_crc32q,
		.encode = pgsa_hamming_encode,
		.encode_both = pgsa_hamming_both_crc32q,
	},
#endif
	{
		.name = "generic",
		.encode = pgsa_hamming_encode,
	},
	{}
};

static const struct pgsa_code pgsa_hamming = {
	.name = "hamming",
	.check_bytes = sizeof(u16),
	.variants = pgsa_hamming_variants,
	.with = &pgsa_crc32c,
	.correct = pgsa_hamming_correct,
};

static int __init pgsa_hamming_init(void)
{
	return pgsa_code_register(&pgsa_hamming);
}
subsys_initcall(pgsa_hamming_init);
