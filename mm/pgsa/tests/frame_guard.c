// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: the guard of a record, and what it tells about a record
 * that is damaged.
 */
#include <linux/prandom.h>
#include <linux/string.h>

#include "frame_kunit.h"
#include "../pgsa.h"

#define GUARD_INPUTS	20	/* random ones */

/* What a guard is for: the number of the frame, and parts of its record */
struct guard_input {
	unsigned long pfn;
	u64 word;
	union pgsa_check check;
};

enum guard_bits {
	GUARD_PFN	= 0,
	GUARD_WORD	= GUARD_PFN + 52,	/* 8 of codes, 20 of generation */
	GUARD_CHECK	= GUARD_WORD + 28,	/* 48, and 16 of the guard */
	GUARD_BITS	= GUARD_CHECK + 64,
};

static void guard_flip(struct guard_input *in, unsigned int bit)
{
	if (bit < GUARD_WORD)
		in->pfn ^= 1UL << (bit - GUARD_PFN);
	else if (bit < GUARD_WORD + 8)
		in->word ^= 1ULL << (5 + bit - GUARD_WORD);
	else if (bit < GUARD_CHECK)
		in->word ^= 1ULL << (16 + bit - GUARD_WORD - 8);
	else
		((u8 *)&in->check)[(bit - GUARD_CHECK) / 8] ^=
			1 << (bit - GUARD_CHECK) % 8;
}

static bool guard_accepts(const struct guard_input *in)
{
	return in->check.guard ==
	       pgsa_frame_guard(in->pfn, in->word, &in->check);
}

static struct guard_input guard_good(struct kunit *test)
{
	struct guard_input in = {
		.pfn = FRAME_PFN,
		.word = frame_reach(test, PGSA_FRAME_SEALED),
		.check.raw = 0x0000c3a5f0123456,
	};

	in.check.guard = pgsa_frame_guard(in.pfn, in.word, &in.check);
	KUNIT_ASSERT_TRUE(test, guard_accepts(&in));
	return in;
}

static struct guard_input guard_random(struct kunit *test,
				       struct rnd_state *rnd)
{
	struct guard_input in = guard_good(test);

	in.pfn = prandom_u32_state(rnd);
	in.word ^= (u64)(prandom_u32_state(rnd) >> 12) << 16;
	in.check.raw = prandom_u32_state(rnd) |
		       (u64)prandom_u32_state(rnd) << 32;
	in.check.guard = pgsa_frame_guard(in.pfn, in.word, &in.check);
	return in;
}

void guard_any_one_flip(struct kunit *test)
{
	struct guard_input in = guard_good(test);
	unsigned int bit;

	for (bit = 0; bit < GUARD_BITS; bit++) {
		guard_flip(&in, bit);
		KUNIT_EXPECT_FALSE_MSG(test, guard_accepts(&in), "bit %u", bit);
		guard_flip(&in, bit);
	}
	KUNIT_EXPECT_TRUE(test, guard_accepts(&in));
}

static void guard_two_flips(struct kunit *test, struct guard_input *in)
{
	unsigned int bit, other;

	for (bit = 0; bit < GUARD_BITS; bit++) {
		guard_flip(in, bit);
		for (other = 0; other < bit; other++) {
			guard_flip(in, other);
			KUNIT_EXPECT_FALSE_MSG(test, guard_accepts(in),
					       "bits %u %u", bit, other);
			guard_flip(in, other);
		}
		guard_flip(in, bit);
	}
}

void guard_any_two_flips(struct kunit *test)
{
	struct guard_input in = guard_good(test);
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, frame_seed());
	for (i = 0; i < GUARD_INPUTS; i++) {
		guard_two_flips(test, &in);
		in = guard_random(test, &rnd);
	}
}

/* What a bit, or two, add to the sum: too far from a multiple of 2^64? */
static bool guard_changes(u64 change)
{
	return change >= 1ULL << 48 && change <= -(1ULL << 48);
}

/* Is it none of the changes that one flip of the guard makes? */
static bool guard_not_itself(u64 change)
{
	unsigned int bit;

	for (bit = 0; bit < 16; bit++) {
		u16 by = 1 << bit;

		/* The 48 bits below may carry one. */
		if ((u16)(change >> 48) == by ||
		    (u16)((change >> 48) + 1) == by)
			return false;
	}
	return true;
}

static u64 guard_weight(unsigned int bit)
{
	if (bit < GUARD_WORD)
		return PGSA_GUARD_PFN << bit;
	if (bit < GUARD_WORD + 8)
		return PGSA_GUARD_WORD << (5 + bit - GUARD_WORD);
	if (bit < GUARD_CHECK)
		return PGSA_GUARD_WORD << (16 + bit - GUARD_WORD - 8);
	return PGSA_GUARD_CHECK << (bit - GUARD_CHECK);
}

/* The promise for all records, whatever they hold */
void guard_numbers(struct kunit *test)
{
	unsigned int bit, other;

	for (bit = 0; bit < GUARD_CHECK + 48; bit++) {
		u64 one = guard_weight(bit);

		KUNIT_EXPECT_TRUE_MSG(test, guard_changes(one), "%u", bit);
		KUNIT_EXPECT_TRUE_MSG(test, guard_not_itself(one) &&
				      guard_not_itself(-one), "%u", bit);
		for (other = 0; other < bit; other++) {
			u64 two = guard_weight(other);

			KUNIT_EXPECT_TRUE_MSG(test, guard_changes(one + two) &&
					      guard_changes(one - two),
					      "%u %u", bit, other);
		}
	}
}

/* A record of all zeroes, as of a frame that was never sealed */
void guard_other_frame(struct kunit *test)
{
	struct guard_input in = guard_good(test);
	struct guard_input zero = {};

	KUNIT_EXPECT_FALSE(test, guard_accepts(&zero));
	in.pfn++;
	KUNIT_EXPECT_FALSE(test, guard_accepts(&in));
}

/* What changes between sealing and repair is not part of it */
void guard_same_in_all_states(struct kunit *test)
{
	struct guard_input in = guard_good(test);
	unsigned int state;

	for (state = 0; state < FRAME_STATE_VALUES; state++) {
		struct frame_test *ft = test->priv;
		struct frame_model as = ft->want;

		as.state = state;
		as.lock = state & 1;
		as.hurt = state & 2;
		as.writers = state;
		in.word = frame_model_word(&as);
		KUNIT_EXPECT_TRUE(test, guard_accepts(&in));
	}
}

/* A valid record, with codes that there are */
static struct guard_input record_good(struct kunit *test)
{
	struct guard_input in = guard_good(test);
	struct pgsa_codes codes;

	in.word &= ~(PGSA_WORD_DETECT | PGSA_WORD_CORRECT);
	in.word |= FIELD_PREP(PGSA_WORD_DETECT,
			      pgsa_code_id(pgsa_code_find("crc32c"))) |
		   FIELD_PREP(PGSA_WORD_CORRECT,
			      pgsa_code_id(pgsa_code_find("hamming")));
	in.check.guard = pgsa_frame_guard(in.pfn, in.word, &in.check);
	KUNIT_ASSERT_TRUE(test, pgsa_record_valid(in.pfn, in.word, &in.check,
						  &codes));
	return in;
}

/* Each one is found, and put right */
void record_any_one_flip(struct kunit *test)
{
	struct guard_input good = record_good(test);
	struct pgsa_codes codes;
	unsigned int bit;

	for (bit = 0; bit < 128; bit++) {
		struct guard_input in = good;

		if (bit < 64)
			in.word ^= 1ULL << bit;
		else
			in.check.raw ^= 1ULL << (bit - 64);
		KUNIT_EXPECT_FALSE_MSG(test,
				       pgsa_record_valid(in.pfn, in.word,
							 &in.check, &codes),
				       "bit %u", bit);
		KUNIT_EXPECT_EQ_MSG(test, pgsa_record_mend(in.pfn, &in.word,
							   &in.check),
				    bit < 64 ? 1ULL << bit : 0, "bit %u", bit);
		KUNIT_EXPECT_EQ(test, in.word, good.word);
		KUNIT_EXPECT_EQ(test, in.check.raw, good.check.raw);
	}
}

/* A code that has no room in the record, or corrects nothing, is none */
void record_codes_damaged(struct kunit *test)
{
	struct guard_input in = record_good(test);
	struct pgsa_codes codes;
	unsigned int id;

	for (id = 0; id < 16; id++) {
		const struct pgsa_code *code = pgsa_code_by_id(id);
		u64 word = in.word & ~(u64)PGSA_WORD_DETECT;

		word |= FIELD_PREP(PGSA_WORD_DETECT, id);
		KUNIT_EXPECT_EQ_MSG(test, pgsa_word_codes(word, &codes),
				    code && !code->correct, "id %u", id);
		word = in.word & ~(u64)PGSA_WORD_CORRECT;
		word |= FIELD_PREP(PGSA_WORD_CORRECT, id);
		KUNIT_EXPECT_EQ_MSG(test, pgsa_word_codes(word, &codes),
				    !id || (code && code->correct), "id %u", id);
	}
}
