// SPDX-License-Identifier: GPL-2.0
/*
 * reed-solomon: interleaved Reed-Solomon codes over a page, for long bursts.
 */

/**
 * DOC: reed-solomon
 *
 * Corrects bursts. reed-solomon-2, reed-solomon and reed-solomon-8 keep two,
 * four and eight parity symbols a word, 64, 128 and 256 bytes a page, and
 * correct any damage in up to 32, 64 and 128 consecutive bytes, wherever it
 * begins.
 *
 * A symbol is a byte, an element of the field GF(2^8) that the polynomial 0x11d
 * generates. The page is 32 words of 128 symbols: byte i of the page is symbol
 * i / 32 of word i % 32. A word is a polynomial, its first symbol the highest
 * coefficient. It is extended by p parity symbols, the remainder of d(x) * x^p
 * modulo g(x) = (x - a^0)(x - a^1)...(x - a^(p-1)), where a = 2 generates the
 * field. So the word with its parity is a multiple of g(x): a code word of the
 * code of I. S. Reed and G. Solomon ("Polynomial Codes over Certain Finite
 * Fields", Journal of the SIAM 8, 1960) in systematic form, shortened from 255
 * symbols. Two code words differ in more than p symbols, hence up to p / 2 wrong
 * symbols of a word, parity included, are found and corrected. Neighbouring
 * bytes belong to different words, so a burst of 32 * p / 2 bytes puts no more
 * than p / 2 symbols into any word.
 *
 * Encoding is division by g(x). The remainder of a word so far is kept as a
 * little-endian number, its highest coefficient in the lowest byte. One step
 * shifts it down by a byte and adds that multiple of g(x) which the byte shifted
 * out, plus the next symbol, calls for; a table has all 256 multiples. This is
 * how CRCs are computed since D. V. Sarwate ("Computation of Cyclic Redundancy
 * Checks via Table Look-Up", Communications of the ACM 31, 1988). The 32 words
 * do not wait for each other. With vectors one step is for all 32 at once; its
 * tables are those of half a byte.
 *
 * Decoding is left to lib/reed_solomon, after the code of P. Karn. It gets zeros
 * as data, and as parity the difference between what was stored and what the
 * page has now: a word and its stored parity differ from a code word by just
 * that, so the syndromes are the same, and words without a difference need no
 * decoding. The decoder also takes more than p / 2 symbols for corrected, if they
 * happen to fit. They would be a guess, and are refused here.
 *
 * A word with more wrong symbols than p / 2 often looks like another code word
 * with few: of random damage to one word about one case in two with two parity
 * symbols, in eight with four, in three hundred with eight. Only the proof by a
 * detecting code uncovers it.
 *
 * Without vectors the rate is far below that of the other codes, and 128 bytes a
 * page are much. The code is for chosen targets whose loss is dear, where long
 * bursts are to be feared; not for a search through all memory.
 */

#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/printk.h>
#include <linux/rslib.h>
#include <linux/spinlock.h>

#include "reed_solomon.h"
#include "x86/x86.h"

#define PGSA_RS_SYMBOL_BITS	8
#define PGSA_RS_SYMBOL_VALUES	256
#define PGSA_RS_POLYNOMIAL	0x11d
#define PGSA_RS_FIRST_ROOT	0
#define PGSA_RS_PRIMITIVE	1

static_assert(PGSA_RS_DATA + PGSA_RS_MAX_PARITY < PGSA_RS_SYMBOL_VALUES,
	      "lib/reed_solomon stops the machine when a word is too long");
static_assert(sizeof(u64) >= PGSA_RS_MAX_PARITY,
	      "the remainder of a word is kept in one number");

/**
 * struct pgsa_rs_damage - what is wrong with a page
 * @diff: parity stored XOR parity now
 * @nr_fixes: number of wrong bytes found so far
 * @fix: the wrong bytes: which, and what to change by XOR
 */
struct pgsa_rs_damage {
	u8 diff[PGSA_RS_MAX_PARITY * PGSA_RS_WORDS];
	unsigned int nr_fixes;
	struct {
		u16 byte;
		u8 flip;
	} fix[PGSA_RS_MAX_PARITY / 2 * PGSA_RS_WORDS];
};

/*
 * Covers pgsa_rs_damage, which is too large for the stack, and the buffers that
 * lib/reed_solomon keeps in the rs_controls. Errors are rare, so one lock does
 * for all. It is a raw one because preemption is off already.
 */
static DEFINE_RAW_SPINLOCK(pgsa_rs_lock);
static struct pgsa_rs_damage pgsa_rs_damage;

static void pgsa_rs_encode(const struct pgsa_rs *rs, const void *page,
			   u8 *check)
{
	u64 parity[PGSA_RS_WORDS] = {};
	const u8 *symbol = page;
	int i, w;

	for (i = 0; i < PGSA_RS_DATA; i++)
		for (w = 0; w < PGSA_RS_WORDS; w++)
			parity[w] = parity[w] >> PGSA_RS_SYMBOL_BITS ^
				    rs->multiple[(u8)parity[w] ^ *symbol++];

	for (i = 0; i < rs->parity; i++)
		for (w = 0; w < PGSA_RS_WORDS; w++)
			*check++ = parity[w] >> i * PGSA_RS_SYMBOL_BITS;
}

static void pgsa_rs_compare(const struct pgsa_rs *rs, const void *page,
			    const u8 *check, struct pgsa_rs_damage *damage)
{
	int i;

	pgsa_rs_encode(rs, page, damage->diff);
	for (i = 0; i < rs->parity * PGSA_RS_WORDS; i++)
		damage->diff[i] ^= check[i];
	damage->nr_fixes = 0;
}

/* Find the wrong bytes of word @w; those of the parity need no fix. */
static int pgsa_rs_decode(const struct pgsa_rs *rs, unsigned int w,
			  struct pgsa_rs_damage *damage)
{
	static u8 zeros[PGSA_RS_DATA];	/* only read */
	u16 parity[PGSA_RS_MAX_PARITY], flip[PGSA_RS_MAX_PARITY], any = 0;
	int position[PGSA_RS_MAX_PARITY], nr, i;

	for (i = 0; i < rs->parity; i++) {
		parity[i] = damage->diff[i * PGSA_RS_WORDS + w];
		any |= parity[i];
	}
	if (!any)
		return 0;

	nr = decode_rs8(rs->control, zeros, parity, PGSA_RS_DATA, NULL, 0,
			position, 0, flip);
	if (nr < 0 || nr > rs->parity / 2)
		return -EBADMSG;

	for (i = 0; i < nr; i++) {
		if (position[i] >= PGSA_RS_DATA)
			continue;
		damage->fix[damage->nr_fixes].byte =
			position[i] * PGSA_RS_WORDS + w;
		damage->fix[damage->nr_fixes].flip = flip[i];
		damage->nr_fixes++;
	}
	return 0;
}

static int pgsa_rs_fix(u8 *page, const struct pgsa_rs_damage *damage)
{
	unsigned int i;
	int bits = 0;

	for (i = 0; i < damage->nr_fixes; i++) {
		page[damage->fix[i].byte] ^= damage->fix[i].flip;
		bits += hweight8(damage->fix[i].flip);
	}
	return bits;
}

/*
 * Nothing is changed before all words are decoded. Damage to the parity alone
 * leaves nothing to correct in the page.
 */
static int pgsa_rs_correct(const struct pgsa_rs *rs, void *page,
			   const u8 *check)
{
	unsigned int w;
	int ret = 0;

	raw_spin_lock(&pgsa_rs_lock);
	pgsa_rs_compare(rs, page, check, &pgsa_rs_damage);
	for (w = 0; w < PGSA_RS_WORDS && !ret; w++)
		ret = pgsa_rs_decode(rs, w, &pgsa_rs_damage);
	if (!ret)
		ret = pgsa_rs_fix(page, &pgsa_rs_damage);
	raw_spin_unlock(&pgsa_rs_lock);
	return ret;
}

/* The generator is the decoder's own, so encoder and decoder agree. */
static u64 __init pgsa_rs_multiple(struct rs_codec *codec, u8 symbol)
{
	u64 multiple = 0;
	int i;

	if (!symbol)
		return 0;
	for (i = 0; i < codec->nroots; i++) {
		multiple <<= PGSA_RS_SYMBOL_BITS;
		multiple |= codec->alpha_to[rs_modnn(codec,
						     codec->index_of[symbol] +
						     codec->genpoly[i])];
	}
	return multiple;
}

/* Look-up by nibbles: a multiple is the sum of those of its two nibbles. */
static void __init pgsa_rs_split(struct pgsa_rs *rs)
{
	int i, k, nibble;

	for (k = 0; k < rs->parity; k++) {
		for (i = 0; i < 2 * PGSA_RS_NIBBLE_VALUES; i++) {
			nibble = i % PGSA_RS_NIBBLE_VALUES;
			rs->low[k][i] = rs->multiple[nibble] >> k * 8;
			rs->high[k][i] = rs->multiple[nibble << 4] >> k * 8;
		}
	}
}

static int __init pgsa_rs_register(struct pgsa_rs *rs,
				   const struct pgsa_code *code)
{
	unsigned int i;

	rs->control = init_rs(PGSA_RS_SYMBOL_BITS, PGSA_RS_POLYNOMIAL,
			      PGSA_RS_FIRST_ROOT, PGSA_RS_PRIMITIVE,
			      rs->parity);
	if (!rs->control)
		return -ENOMEM;
	for (i = 0; i < PGSA_RS_SYMBOL_VALUES; i++)
		rs->multiple[i] = pgsa_rs_multiple(rs->control->codec, i);
	pgsa_rs_split(rs);
	return pgsa_code_register(code);
}

/* The methods of a code are not told whose they are, so each has its own. */
static struct pgsa_rs pgsa_rs2 __ro_after_init = { .parity = 2 };
static struct pgsa_rs pgsa_rs4 __ro_after_init = { .parity = 4 };
static struct pgsa_rs pgsa_rs8 __ro_after_init = { .parity = 8 };

static void pgsa_rs2_encode(const void *page, u8 *check)
{
	pgsa_rs_encode(&pgsa_rs2, page, check);
}

static void pgsa_rs4_encode(const void *page, u8 *check)
{
	pgsa_rs_encode(&pgsa_rs4, page, check);
}

static void pgsa_rs8_encode(const void *page, u8 *check)
{
	pgsa_rs_encode(&pgsa_rs8, page, check);
}

#ifdef CONFIG_PGSA_CODE_SIMD
static void pgsa_rs2_encode_avx2(const void *page, u8 *check)
{
	pgsa_rs2_avx2(&pgsa_rs2, page, check);
}

static void pgsa_rs4_encode_avx2(const void *page, u8 *check)
{
	pgsa_rs4_avx2(&pgsa_rs4, page, check);
}

static void pgsa_rs8_encode_avx2(const void *page, u8 *check)
{
	pgsa_rs8_avx2(&pgsa_rs8, page, check);
}
#endif

static int pgsa_rs2_correct(void *page, const u8 *check)
{
	return pgsa_rs_correct(&pgsa_rs2, page, check);
}

static int pgsa_rs4_correct(void *page, const u8 *check)
{
	return pgsa_rs_correct(&pgsa_rs4, page, check);
}

static int pgsa_rs8_correct(void *page, const u8 *check)
{
	return pgsa_rs_correct(&pgsa_rs8, page, check);
}

static const struct pgsa_code_variant pgsa_rs2_variants[] = {
#ifdef CONFIG_PGSA_CODE_SIMD
	{
		.name = "avx2",
		.fpu = true,
		.usable = pgsa_has_avx2,
		.encode = pgsa_rs2_encode_avx2,
	},
#endif
	{
		.name = "generic",
		.encode = pgsa_rs2_encode,
	},
	{}
};

static const struct pgsa_code_variant pgsa_rs4_variants[] = {
#ifdef CONFIG_PGSA_CODE_SIMD
	{
		.name = "avx2",
		.fpu = true,
		.usable = pgsa_has_avx2,
		.encode = pgsa_rs4_encode_avx2,
	},
#endif
	{
		.name = "generic",
		.encode = pgsa_rs4_encode,
	},
	{}
};

static const struct pgsa_code_variant pgsa_rs8_variants[] = {
#ifdef CONFIG_PGSA_CODE_SIMD
	{
		.name = "avx2",
		.fpu = true,
		.usable = pgsa_has_avx2,
		.encode = pgsa_rs8_encode_avx2,
	},
#endif
	{
		.name = "generic",
		.encode = pgsa_rs8_encode,
	},
	{}
};

static const struct pgsa_code pgsa_rs2_code = {
	.name = "reed-solomon-2",
	.check_bytes = 2 * PGSA_RS_WORDS,
	.variants = pgsa_rs2_variants,
	.correct = pgsa_rs2_correct,
};

static const struct pgsa_code pgsa_rs4_code = {
	.name = "reed-solomon",
	.check_bytes = 4 * PGSA_RS_WORDS,
	.variants = pgsa_rs4_variants,
	.correct = pgsa_rs4_correct,
};

static const struct pgsa_code pgsa_rs8_code = {
	.name = "reed-solomon-8",
	.check_bytes = 8 * PGSA_RS_WORDS,
	.variants = pgsa_rs8_variants,
	.correct = pgsa_rs8_correct,
};

static int __init pgsa_rs_init(void)
{
	int ret = pgsa_rs_register(&pgsa_rs4, &pgsa_rs4_code) ?:
		  pgsa_rs_register(&pgsa_rs2, &pgsa_rs2_code) ?:
		  pgsa_rs_register(&pgsa_rs8, &pgsa_rs8_code);

	if (ret)
		pr_warn("reed-solomon: a code is missing: error %d\n", ret);
	return ret;
}
subsys_initcall(pgsa_rs_init);
