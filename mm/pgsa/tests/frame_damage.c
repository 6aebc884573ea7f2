// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: records that are damaged themselves. A flipped bit in
 * a record may cost a seal, but never lets a frame that can be written pass for
 * one that cannot, never a record for another, and stops nobody for ever.
 */
#include <linux/bitops.h>
#include <linux/irqflags.h>
#include <linux/string.h>

#include "frame_kunit.h"

#define WRITERS_SHIFT		36
#define WRITERS_MAX		0x5555554	/* whose triple fits 28 bits */

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

	for (state = 0; state <= PGSA_FRAME_BAD; state++) {
		frame_reach(test, state);
		ft->want.lock = true;
		frame_set(test);
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		frame_model_leave(&ft->want, PGSA_FRAME_OPEN);
		ft->want.hurt = state == PGSA_FRAME_BAD;
		ft->want.writers = 1;
		frame_expect(test);
	}
}

/* Only an event leads out of a damaged status */
void move_damaged(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word;

	frame_reach(test, PGSA_FRAME_CHECKING);
	ft->want.lock = true;
	frame_set(test);
	word = pgsa_frame_word(&ft->frame);
	KUNIT_EXPECT_FALSE(test, pgsa_frame_move(&ft->frame, FRAME_PFN, &word,
						 PGSA_FRAME_BAD));
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_move(&ft->frame, FRAME_PFN, &word,
						PGSA_FRAME_OPEN));
	frame_model_open(&ft->want);
	frame_expect(test);
}

/* The bits of a status, spread over the word */
static u64 status_spread(unsigned int bits)
{
	return (bits & 0x1f) | (u64)(bits >> 5) << 13;
}

/* NONE, OPEN, OPEN and hurt, SEALING, SEALED, CHECKING, BAD, BAD and locked */
static const u8 statuses[] = {
	0, 1 | 3 << 5, 0x11 | 4 << 5, 2 | 6 << 5, 3 | 5 << 5, 4 | 5 << 5,
	5 | 6 << 5, 0xd,
};

static bool status_valid(unsigned int bits)
{
	return memchr(statuses, bits, sizeof(statuses));
}

/* The one that it is, or was before one flip; -1 if there is none */
static int status_nearest(unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		if (hweight8(statuses[i] ^ bits) <= 1)
			return statuses[i];
	return -1;
}

void statuses_apart(struct kunit *test)
{
	unsigned int bits, i, k;

	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		for (k = 0; k < i; k++)
			KUNIT_EXPECT_GE_MSG(test, hweight8(statuses[i] ^
							   statuses[k]), 3,
					    "%#x %#x", statuses[i], statuses[k]);
	for (bits = 0; bits < 256; bits++) {
		int nearest = status_nearest(bits);

		KUNIT_EXPECT_EQ(test,
				pgsa_word_state(status_spread(bits)) ==
				NR_PGSA_FRAME_STATES, !status_valid(bits));
		KUNIT_EXPECT_EQ_MSG(test,
				    pgsa_status_mended(status_spread(bits)),
				    status_spread(nearest < 0 ? statuses[2] :
						  nearest), "%#x", bits);
	}
}

/* A sealed frame whose status has become another; what an event makes of it */
static void status_set(struct kunit *test, unsigned int bits)
{
	struct frame_test *ft = test->priv;
	int nearest = status_nearest(bits);
	u64 word = frame_reach(test, PGSA_FRAME_SEALED);

	word = (word & ~status_spread(0xff)) | status_spread(bits);
	/* A free frame names no codes. */
	if (!bits)
		word &= ~(u64)PGSA_WORD_CODES;
	atomic64_set(&ft->frame.word, word);
	/* In doubt it is hurt; and so is what was BAD when an event comes. */
	ft->want.hurt = nearest < 0 || nearest == statuses[2] ||
			nearest == statuses[6] || nearest == statuses[7];
	if (bits == statuses[1] || bits == statuses[2])
		ft->want.state = PGSA_FRAME_OPEN;
	else
		frame_model_leave(&ft->want, PGSA_FRAME_OPEN);
}

/* Also of a lock that nobody has; and whatever it was, nothing is sealed now */
void events_any_status(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int bits;

	for (bits = 0; bits < 256; bits++) {
		status_set(test, bits);
		if (pgsa_frame_try_add_writer(&ft->frame))
			KUNIT_EXPECT_TRUE(test, status_valid(bits));
		else
			pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		ft->want.writers = 1;
		frame_expect(test);

		status_set(test, bits);
		pgsa_frame_write(&ft->frame, FRAME_PFN);
		if (bits)
			frame_expect(test);

		status_set(test, bits);
		if (!pgsa_frame_try_free(&ft->frame))
			pgsa_frame_free(&ft->frame, FRAME_PFN);
		KUNIT_EXPECT_EQ(test, frame_may_be_claimed(test), true);

		status_set(test, bits);
		frame_give_up(test);
		KUNIT_EXPECT_EQ(test, frame_may_be_claimed(test), !bits);
	}
}

/* Whatever it has become while it was locked, nobody waits for it any more */
void unlock_any_status(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int bits;
	unsigned long flags;
	u64 word;

	for (bits = 0; bits < 256; bits++) {
		word = frame_reach(test, PGSA_FRAME_BAD);
		local_irq_save(flags);
		KUNIT_EXPECT_TRUE(test, pgsa_frame_lock(&ft->frame, &word));
		atomic64_set(&ft->frame.word, (word & ~status_spread(0xff)) |
			     status_spread(bits));
		pgsa_frame_unlock(&ft->frame, FRAME_PFN, &word, false);
		local_irq_restore(flags);
		KUNIT_EXPECT_FALSE(test, pgsa_frame_word(&ft->frame) &
					 PGSA_WORD_LOCK);
		KUNIT_EXPECT_EQ(test, bits == statuses[7],
				pgsa_word_state(word) == PGSA_FRAME_BAD);
		pgsa_frame_write(&ft->frame, FRAME_PFN);
		KUNIT_EXPECT_LE(test,
				pgsa_word_state(pgsa_frame_word(&ft->frame)),
				PGSA_FRAME_OPEN);
	}
}

/* A damaged page table: an entry goes that was never counted */
void unlock_writers_broken(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = frame_reach(test, PGSA_FRAME_BAD);
	unsigned long flags;

	local_irq_save(flags);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_lock(&ft->frame, &word));
	KUNIT_EXPECT_FALSE(test, pgsa_frame_sub_writer(&ft->frame));
	pgsa_frame_unlock(&ft->frame, FRAME_PFN, &word, false);
	local_irq_restore(flags);
	frame_model_open(&ft->want);
	ft->want.broken = true;
	frame_expect(test);
	KUNIT_EXPECT_FALSE(test, pgsa_frame_move(&ft->frame, FRAME_PFN, &word,
						 PGSA_FRAME_SEALED));
	frame_expect(test);
}

static void give_up_again(struct kunit *test, u64 flip)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, PGSA_FRAME_OPEN);
	frame_give_up(test);
	atomic64_xor(flip, &ft->frame.word);
	frame_give_up(test);
}

/* Else whoever comes by would find it damaged each time, for ever */
void give_up_damaged(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int bit;
	u64 word;

	for (bit = 0; bit < 64; bit++) {
		give_up_again(test, BIT_ULL(bit));
		word = pgsa_frame_word(&ft->frame);
		KUNIT_EXPECT_TRUE_MSG(test, pgsa_word_hurt(word), "bit %u", bit);
		KUNIT_EXPECT_FALSE_MSG(test, pgsa_word_damaged(word), "bit %u",
				       bit);
		KUNIT_EXPECT_EQ_MSG(test, pgsa_word_broken(word),
				    bit >= WRITERS_SHIFT, "bit %u", bit);
	}
}

/* They must not run over into the next fields */
void claim_ids_damaged(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int bit;
	u64 word;

	for (bit = 4; bit < 32; bit++) {
		word = frame_reach(test, PGSA_FRAME_OPEN);
		KUNIT_EXPECT_FALSE(test,
				   pgsa_frame_claim(&ft->frame, FRAME_PFN,
						    &word, 5 | 1U << bit, 10));
		KUNIT_EXPECT_FALSE(test,
				   pgsa_frame_claim(&ft->frame, FRAME_PFN,
						    &word, 5, 10 | 1U << bit));
		frame_expect(test);
	}
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
