// SPDX-License-Identifier: GPL-2.0
/*
 * lane: a code over GF(2^8) which locates one damaged word or device lane.
 */

/**
 * DOC: lane
 *
 * Corrects any damage inside one aligned word of eight bytes, or inside one
 * lane. A lane is byte k of each of the eight words of a line of 64 bytes: what
 * one memory device of eight data pins delivers in one burst of a 64-bit
 * channel. 48 bytes a page.
 *
 * A line is a matrix of eight words of eight bytes. A word is one of its rows,
 * a lane one of its columns. The page has 64 lines l, so 512 words (l, j) and
 * 512 lanes (l, k).
 *
 * Take words first. Let w(l, j) be the words of the page, and read a word as
 * eight elements of GF(2^8). The redundancy is three words::
 *
 *     P = sum of all w(l, j)
 *     Q = sum of l * w(l, j)
 *     R = sum of j * w(l, j)
 *
 * Addition is XOR, and the product of a number and a word is that of each of
 * its bytes and the element whose bits are the number. P and Q are those of
 * RAID-6 (H. P. Anvin, "The mathematics of RAID-6", 2004), except that the
 * powers of the generator, which mark the disks there, are replaced by the
 * numbers themselves: any distinct elements do. As with RAID-6, this is a
 * Reed-Solomon code with symbols marked by locators (I. S. Reed and G. Solomon,
 * "Polynomial Codes over Certain Finite Fields", SIAM Journal 8, 1960), here
 * with two coordinates, because a byte cannot name 512 words. Correction of
 * bytes, not of bits, for memory of devices several bits wide is the subject of
 * C. L. Chen and M. Y. Hsiao, "Error-Correcting Codes for Semiconductor Memory
 * Applications: A State-of-the-Art Review", IBM Journal of Research and
 * Development 28, 1984.
 *
 * The redundancy is linear, so the difference between what is stored and what
 * is computed from the damaged page, the syndrome, depends on the damage alone.
 * Damage e in word (l, j) gives P = e, Q = l * e and R = j * e. In a field, and
 * with at least one byte of e not zero, that yields l and j, and P is what has
 * to be added to the word.
 *
 * Lanes are treated likewise, with rows and columns exchanged: P', Q' and R'
 * are the sums of the 512 lanes, times 1, l and k.
 *
 * No damage to one word looks like other damage to one word or lane. Let a word
 * (l, j) with damage e and a lane (l', k) with damage f have the same syndrome.
 * For the sums of words the lane is damage to byte k alone, so e is in byte k
 * alone, and as e is not zero, Q gives l = l'. By the same argument f is in
 * word j alone, and the sum of its bytes is that of e: it is the same damage to
 * the same byte. Hence a correction is made only if it explains all 48 bytes of
 * the syndrome, and there is never more than one. If there is none, the damage
 * is beyond the code.
 *
 * Larger damage can look like that to one word or lane, as with every code; the
 * detecting code uncovers it. Of two flips only those do that differ in their
 * lines and bits but neither in j nor in k: in three of ten cases they look
 * like damage to that byte of a third line. These are 0.4 % of all pairs, and
 * crc32c uncovers every one of the 2179072 wrong corrections that follow.
 *
 * Little is multiplied. With l_b the bits of l,
 *
 *     Q = sum over b of x^b * (sum of the words of lines with l_b = 1)
 *
 * and struct pgsa_fold has these sums, so that the pass over the page is one of
 * XORs. Sums over l of whole lines serve words and lanes. The last step adds
 * the rows of the two matrices of 64 bytes that are left, and again of those
 * matrices transposed.
 */

#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "crc32c.h"
#include "fold_value.h"
#include "x86/x86.h"

#define PGSA_LANE_LINES		64
#define PGSA_LANE_SYMBOLS	8	/* words or lanes in a line */

/* Where in the redundancy */
#define PGSA_LANE_WORD_SUMS	0
#define PGSA_LANE_LANE_SUMS	24
#define PGSA_LANE_BYTES		48

/**
 * struct pgsa_lane_sums - sums over symbols, which are words or lanes
 * @all: of all symbols
 * @by_line: of all symbols, each times the number of its line
 * @by_symbol: of all symbols, each times its number in the line
 */
struct pgsa_lane_sums {
	u64 all;
	u64 by_line;
	u64 by_symbol;
};

/* Multiply each byte by a number, whose bits are those of the element */
static u64 pgsa_lane_multiply(u64 bytes, unsigned int number)
{
	u64 product = 0;

	for (; number; number >>= 1) {
		if (number & 1)
			product ^= bytes;
		bytes = pgsa_fold_double(bytes);
	}
	return product;
}

/* Exchange the bits of b that @mask selects with those @shift higher in a */
static __always_inline void pgsa_lane_exchange(u64 *a, u64 *b,
					       unsigned int shift, u64 mask)
{
	u64 change = (*a >> shift ^ *b) & mask;

	*a ^= change << shift;
	*b ^= change;
}

/**
 * pgsa_lane_transpose() - exchange rows and columns of a line
 * @row: the rows
 * @column: takes the columns: byte j of column k is byte k of row j
 *
 * The three steps exchange squares of 4x4, 2x2 and 1x1 bytes. There is no loop,
 * so that all happens in registers.
 *
 * Context: Any context.
 */
static __always_inline void pgsa_lane_transpose(const u64 *row, u64 *column)
{
	u64 c0 = row[0], c1 = row[1], c2 = row[2], c3 = row[3];
	u64 c4 = row[4], c5 = row[5], c6 = row[6], c7 = row[7];

	pgsa_lane_exchange(&c0, &c4, 32, 0x00000000ffffffffULL);
	pgsa_lane_exchange(&c1, &c5, 32, 0x00000000ffffffffULL);
	pgsa_lane_exchange(&c2, &c6, 32, 0x00000000ffffffffULL);
	pgsa_lane_exchange(&c3, &c7, 32, 0x00000000ffffffffULL);

	pgsa_lane_exchange(&c0, &c2, 16, 0x0000ffff0000ffffULL);
	pgsa_lane_exchange(&c1, &c3, 16, 0x0000ffff0000ffffULL);
	pgsa_lane_exchange(&c4, &c6, 16, 0x0000ffff0000ffffULL);
	pgsa_lane_exchange(&c5, &c7, 16, 0x0000ffff0000ffffULL);

	pgsa_lane_exchange(&c0, &c1, 8, 0x00ff00ff00ff00ffULL);
	pgsa_lane_exchange(&c2, &c3, 8, 0x00ff00ff00ff00ffULL);
	pgsa_lane_exchange(&c4, &c5, 8, 0x00ff00ff00ff00ffULL);
	pgsa_lane_exchange(&c6, &c7, 8, 0x00ff00ff00ff00ffULL);

	column[0] = c0;
	column[1] = c1;
	column[2] = c2;
	column[3] = c3;
	column[4] = c4;
	column[5] = c5;
	column[6] = c6;
	column[7] = c7;
}

/* Add the rows of two sums of lines, the second of lines times their numbers */
static void pgsa_lane_add_rows(const u64 *all, const u64 *by_line,
			       struct pgsa_lane_sums *sums)
{
	u64 half[PGSA_WORD_BITS] = {}, unused[PGSA_WORD_BITS] = {};

	sums->all = pgsa_fold_eight(all, half);
	sums->by_line = pgsa_fold_eight(by_line, unused);
	sums->by_symbol = half[0] ^
		pgsa_fold_double(half[1] ^ pgsa_fold_double(half[2]));
}

static void pgsa_lane_put_sums(const struct pgsa_lane_sums *sums, u8 *check)
{
	put_unaligned_le64(sums->all, check);
	put_unaligned_le64(sums->by_line, check + 8);
	put_unaligned_le64(sums->by_symbol, check + 16);
}

static void pgsa_lane_get_sums(const u8 *check, struct pgsa_lane_sums *sums)
{
	sums->all = get_unaligned_le64(check);
	sums->by_line = get_unaligned_le64(check + 8);
	sums->by_symbol = get_unaligned_le64(check + 16);
}

/**
 * pgsa_lane_put() - compute the redundancy from sums of lines
 * @all: the sum of all lines, little-endian
 * @by_line: the sum of all lines, each times its number
 * @check: takes the redundancy
 *
 * Context: Any context.
 */
static void pgsa_lane_put(const u64 *all, const u64 *by_line, u8 *check)
{
	u64 column[PGSA_LINE_WORDS] __uninitialized;
	u64 column_by_line[PGSA_LINE_WORDS] __uninitialized;
	struct pgsa_lane_sums sums;

	pgsa_lane_add_rows(all, by_line, &sums);
	pgsa_lane_put_sums(&sums, check + PGSA_LANE_WORD_SUMS);
	pgsa_lane_transpose(all, column);
	pgsa_lane_transpose(by_line, column_by_line);
	pgsa_lane_add_rows(column, column_by_line, &sums);
	pgsa_lane_put_sums(&sums, check + PGSA_LANE_LANE_SUMS);
}

/* Compute the sum by line in half[0], little-endian as all that follows */
static void pgsa_lane_weigh(struct pgsa_fold *fold)
{
	u64 *word = fold->all;
	unsigned int c;

	for (c = 0; c < sizeof(*fold) / sizeof(*word); c++)
		word[c] = get_unaligned_le64(&word[c]);
	for (c = 0; c < PGSA_LINE_WORDS; c++)
		pgsa_fold_weigh(&fold->half[0][c]);
}

static void pgsa_lane_encode(const void *page, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_fold(page, &fold);
	pgsa_lane_weigh(&fold);
	pgsa_lane_put(fold.all, fold.half[0], check);
}

#ifdef CONFIG_X86_64
static void pgsa_lane_both_crc32q(const void *page, u8 *detect, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_crc32c_put(pgsa_crc32q_fold_crc(page, &fold), detect);
	pgsa_lane_weigh(&fold);
	pgsa_lane_put(fold.all, fold.half[0], check);
}
#endif

#ifdef CONFIG_PGSA_CODE_SIMD
static void pgsa_lane_encode_avx2(const void *page, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_avx2_fold(page, &fold);
	pgsa_avx2_weigh(&fold);
	pgsa_lane_put(fold.all, fold.half[0], check);
}

static void pgsa_lane_both_avx2(const void *page, u8 *detect, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_crc32c_put(pgsa_avx2_fold_crc(page, &fold), detect);
	pgsa_avx2_weigh(&fold);
	pgsa_lane_put(fold.all, fold.half[0], check);
}

static void pgsa_lane_encode_avx512(const void *page, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_avx512_fold(page, &fold);
	pgsa_avx512_weigh(&fold);
	pgsa_lane_put(fold.all, fold.half[0], check);
}

static void pgsa_lane_both_avx512(const void *page, u8 *detect, u8 *check)
{
	struct pgsa_fold fold __uninitialized;

	pgsa_crc32c_put(pgsa_avx512_fold_crc(page, &fold), detect);
	pgsa_avx512_weigh(&fold);
	pgsa_lane_put(fold.all, fold.half[0], check);
}
#endif

/**
 * struct pgsa_lane_damage - what is wrong with one line
 * @line: its number
 * @word: what has to be added to its words, little-endian
 */
struct pgsa_lane_damage {
	unsigned int line;
	u64 word[PGSA_LINE_WORDS];
};

/* The number by which @all gives @weighted, or @limit if none below it does */
static unsigned int pgsa_lane_number(u64 all, u64 weighted, unsigned int limit)
{
	unsigned int number;

	for (number = 0; number < limit; number++)
		if (pgsa_lane_multiply(all, number) == weighted)
			break;
	return number;
}

/**
 * pgsa_lane_locate() - find the one symbol whose damage gives the sums
 * @sums: syndrome of words or of lanes
 * @damage: takes the number of the line, and the damage in row of the symbol
 *
 * Context: Any context.
 * Return: true if there is such a symbol.
 */
static bool pgsa_lane_locate(const struct pgsa_lane_sums *sums,
			     struct pgsa_lane_damage *damage)
{
	unsigned int symbol;

	if (!sums->all)
		return false;
	damage->line = pgsa_lane_number(sums->all, sums->by_line,
					PGSA_LANE_LINES);
	symbol = pgsa_lane_number(sums->all, sums->by_symbol,
				  PGSA_LANE_SYMBOLS);
	if (damage->line == PGSA_LANE_LINES || symbol == PGSA_LANE_SYMBOLS)
		return false;

	memset(damage->word, 0, sizeof(damage->word));
	damage->word[symbol] = sums->all;
	return true;
}

/* Does the damage give all of the syndrome? */
static bool pgsa_lane_explains(const struct pgsa_lane_damage *damage,
			       const u8 *syndrome)
{
	u64 by_line[PGSA_LINE_WORDS];
	u8 check[PGSA_LANE_BYTES];
	unsigned int j;

	for (j = 0; j < PGSA_LINE_WORDS; j++)
		by_line[j] = pgsa_lane_multiply(damage->word[j], damage->line);
	pgsa_lane_put(damage->word, by_line, check);
	return !memcmp(check, syndrome, PGSA_LANE_BYTES);
}

/* The one word or lane whose damage gives the syndrome, if there is one */
static bool pgsa_lane_find(const u8 *syndrome, struct pgsa_lane_damage *damage)
{
	struct pgsa_lane_sums sums;

	pgsa_lane_get_sums(syndrome + PGSA_LANE_WORD_SUMS, &sums);
	if (pgsa_lane_locate(&sums, damage) &&
	    pgsa_lane_explains(damage, syndrome))
		return true;

	pgsa_lane_get_sums(syndrome + PGSA_LANE_LANE_SUMS, &sums);
	if (!pgsa_lane_locate(&sums, damage))
		return false;
	pgsa_lane_transpose(damage->word, damage->word);
	return pgsa_lane_explains(damage, syndrome);
}

/* Undo the damage, and count its bits */
static int pgsa_lane_repair(void *page, const struct pgsa_lane_damage *damage)
{
	u8 *byte = page + damage->line * PGSA_LINE_BYTES;
	unsigned int j;
	int bits = 0;

	for (j = 0; j < PGSA_LINE_WORDS; j++, byte += sizeof(u64)) {
		put_unaligned_le64(get_unaligned_le64(byte) ^ damage->word[j],
				   byte);
		bits += hweight64(damage->word[j]);
	}
	return bits;
}

/**
 * pgsa_lane_correct() - correct one word or lane of a page
 * @page: the page
 * @check: the redundancy computed when the page was right
 *
 * Context: Any context.
 * Return: The number of bits that were flipped back, 0 if page and redundancy
 * agree, -EBADMSG if the damage is not inside one word or lane; then the page
 * is untouched.
 */
static int pgsa_lane_correct(void *page, const u8 *check)
{
	u8 syndrome[PGSA_LANE_BYTES], wrong = 0;
	struct pgsa_lane_damage damage;
	unsigned int i;

	pgsa_lane_encode(page, syndrome);
	for (i = 0; i < PGSA_LANE_BYTES; i++) {
		syndrome[i] ^= check[i];
		wrong |= syndrome[i];
	}
	if (!wrong)
		return 0;
	if (!pgsa_lane_find(syndrome, &damage))
		return -EBADMSG;
	return pgsa_lane_repair(page, &damage);
}

static const struct pgsa_code_variant pgsa_lane_variants[] = {
#ifdef CONFIG_PGSA_CODE_SIMD
	{
		.name = "avx512",
		.fpu = true,
		.usable = pgsa_has_avx512,
		.encode = pgsa_lane_encode_avx512,
		.encode_both = pgsa_lane_both_avx512,
	},
	{
		.name = "avx2",
		.fpu = true,
		.usable = pgsa_has_avx2,
		.encode = pgsa_lane_encode_avx2,
		.encode_both = pgsa_lane_both_avx2,
	},
#endif
#ifdef CONFIG_X86_64
	{
		.name = "crc32q",
		.usable = pgsa_has_crc32q,
		.encode = pgsa_lane_encode,
		.encode_both = pgsa_lane_both_crc32q,
	},
#endif
	{
		.name = "generic",
		.encode = pgsa_lane_encode,
	},
	{}
};

static const struct pgsa_code pgsa_lane = {
	.name = "lane",
	.check_bytes = PGSA_LANE_BYTES,
	.variants = pgsa_lane_variants,
	.with = &pgsa_crc32c,
	.correct = pgsa_lane_correct,
};

static int __init pgsa_lane_init(void)
{
	return pgsa_code_register(&pgsa_lane);
}
subsys_initcall(pgsa_lane_init);
