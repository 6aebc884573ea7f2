// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: records that are damaged themselves. A flipped bit in
 * a record may cost a seal, but never lets a frame that can be written pass for
 * one that cannot, never a record for another, and stops nobody for ever.
 */
#include <linux/string.h>

#include "frame_kunit.h"

#define WRITERS_SHIFT		36
#define WRITERS_MAX		0x5555554	/* whose triple fits 28 bits */

/* What a guard is for: the number of the frame, and parts of its record */
struct guard_input {
	unsigned long pfn;
	u64 word;
	union pgsa_check check;
};

enum guard_bits {
	GUARD_PFN	= 0,
	GUARD_WORD	= GUARD_PFN + 64,	/* 8 of codes, 20 of generation */
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

void guard_any_two_flips(struct kunit *test)
{
	struct guard_input in = guard_good(test);
	unsigned int bit, other;

	for (bit = 0; bit < GUARD_BITS; bit++) {
		guard_flip(&in, bit);
		for (other = 0; other < bit; other++) {
			guard_flip(&in, other);
			KUNIT_EXPECT_FALSE_MSG(test, guard_accepts(&in),
					       "bits %u %u", bit, other);
			guard_flip(&in, other);
		}
		guard_flip(&in, bit);
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

/* A damaged count is "no writers" neither at once nor when all have gone */
void claim_writers_damaged(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int writers, bit, i;
	u64 word;

	for (writers = 1; writers <= 5; writers++) {
		for (bit = WRITERS_SHIFT; bit < 64; bit++) {
			frame_reach(test, PGSA_FRAME_OPEN);
			ft->want.writers = writers;
			word = frame_model_word(&ft->want) ^ 1ULL << bit;
			atomic64_set(&ft->frame.word, word);
			KUNIT_EXPECT_FALSE_MSG(test, frame_may_be_claimed(test),
					       "%u, bit %u", writers, bit);
			for (i = 0; i < writers; i++)
				pgsa_frame_sub_writer(&ft->frame);
			KUNIT_EXPECT_FALSE_MSG(test, frame_may_be_claimed(test),
					       "%u, bit %u", writers, bit);
		}
	}
}

void add_writer_overflow(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int i;

	frame_reach(test, PGSA_FRAME_OPEN);
	ft->want.writers = WRITERS_MAX - 1;
	frame_set(test);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	ft->want.writers = WRITERS_MAX;
	frame_expect(test);

	ft->want.broken = true;
	for (i = 0; i < 3; i++) {
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		frame_expect(test);
	}
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
		frame_expect(test);
	}
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	KUNIT_EXPECT_NE(test, pgsa_frame_free(&ft->frame, FRAME_PFN), 0);
	frame_model_leave(&ft->want, PGSA_FRAME_NONE);
	ft->want.broken = false;
	ft->want.writers = 0;
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
}

/* Reported once; the frame is not sealed again until it has been free */
void sub_writer_none_left(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	ft->want.broken = true;
	KUNIT_EXPECT_FALSE(test, pgsa_frame_sub_writer(&ft->frame));
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
	frame_expect(test);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	frame_model_open(&ft->want);
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
	frame_expect(test);
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));

	KUNIT_EXPECT_NE(test, pgsa_frame_free(&ft->frame, FRAME_PFN), 0);
	frame_model_leave(&ft->want, PGSA_FRAME_NONE);
	ft->want.broken = false;
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
}

/* Nobody unlocks a frame that nobody has locked: it must not be waited for */
void add_writer_lock_bit_damaged(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int state;

	for (state = 0; state < PGSA_FRAME_BAD; state++) {
		frame_reach(test, state);
		ft->want.lock = true;
		frame_set(test);
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		frame_model_open(&ft->want);
		ft->want.writers = 1;
		frame_expect(test);
	}
}

void move_drops_damaged_lock_bit(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word;

	frame_reach(test, PGSA_FRAME_CHECKING);
	ft->want.lock = true;
	frame_set(test);
	word = pgsa_frame_word(&ft->frame);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_move(&ft->frame, FRAME_PFN, &word,
						PGSA_FRAME_BAD));
	ft->want.state = PGSA_FRAME_BAD;
	ft->want.lock = false;
	frame_expect(test);
}

/* Events always succeed, so they must lead out of what is no state as well */
void may_move_no_state(struct kunit *test)
{
	unsigned int from, to;

	for (from = FRAME_NO_STATE; from < FRAME_STATE_VALUES; from++)
		for (to = 0; to < FRAME_STATE_VALUES; to++)
			KUNIT_EXPECT_EQ_MSG(test, pgsa_frame_may_move(from, to),
					    !frame_is_taken(to), "%u to %u",
					    from, to);
}

/* An event would try for ever to leave a state that cannot be left */
static void frame_set_no_state(struct kunit *test, unsigned int state)
{
	struct frame_test *ft = test->priv;

	KUNIT_ASSERT_TRUE(test, pgsa_frame_may_move(state, PGSA_FRAME_OPEN));
	KUNIT_ASSERT_TRUE(test, pgsa_frame_may_move(state, PGSA_FRAME_NONE));
	frame_reach(test, PGSA_FRAME_SEALED);
	ft->want.state = state;
	frame_set(test);
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
}

void add_writer_no_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int state;

	for (state = FRAME_NO_STATE; state < FRAME_STATE_VALUES; state++) {
		frame_set_no_state(test, state);
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		frame_model_open(&ft->want);
		ft->want.writers = 1;
		frame_expect(test);
	}
}

void write_no_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int state;

	for (state = FRAME_NO_STATE; state < FRAME_STATE_VALUES; state++) {
		frame_set_no_state(test, state);
		pgsa_frame_write(&ft->frame, FRAME_PFN);
		frame_model_open(&ft->want);
		frame_expect(test);
	}
}

void free_no_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int state;

	for (state = FRAME_NO_STATE; state < FRAME_STATE_VALUES; state++) {
		frame_set_no_state(test, state);
		KUNIT_EXPECT_EQ(test, pgsa_frame_free(&ft->frame, FRAME_PFN),
				0);
		frame_model_leave(&ft->want, PGSA_FRAME_NONE);
		frame_expect(test);
	}
}
