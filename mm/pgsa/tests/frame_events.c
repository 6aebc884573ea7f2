// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: each event, and each way to claim a frame or to give
 * it up, from every state.
 */
#include "frame_kunit.h"

void add_writer_opens(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	frame_model_open(&ft->want);
	for (ft->want.writers = 1; ft->want.writers <= 3; ft->want.writers++) {
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		frame_expect(test);
	}
	KUNIT_EXPECT_EQ(test, pgsa_word_writers(pgsa_frame_word(&ft->frame)),
			3);
}

/* Whoever has lost the entry may still be writing: only a searcher finds out */
void sub_writer_stays_open(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	frame_model_open(&ft->want);
	for (ft->want.writers = 1; ; ft->want.writers--) {
		KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
		frame_expect(test);
		if (!ft->want.writers)
			break;
	}
}

void write_opens_taken(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	if (frame_is_taken(frame_param(test)))
		frame_model_open(&ft->want);
	pgsa_frame_write(&ft->frame, FRAME_PFN);
	frame_expect(test);
	pgsa_frame_write(&ft->frame, FRAME_PFN);
	frame_expect(test);
}

void write_with_writers(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, PGSA_FRAME_OPEN);
	ft->want.writers = 2;
	frame_set(test);
	pgsa_frame_write(&ft->frame, FRAME_PFN);
	frame_expect(test);
}

void free_forgets(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	if (ft->want.state != PGSA_FRAME_NONE)
		frame_model_leave(&ft->want, PGSA_FRAME_NONE);
	KUNIT_EXPECT_EQ(test, pgsa_frame_free(&ft->frame, FRAME_PFN), 0);
	frame_expect(test);
}

void free_with_writers(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	frame_model_open(&ft->want);
	ft->want.writers = 3;
	frame_set(test);
	KUNIT_EXPECT_EQ(test, pgsa_frame_free(&ft->frame, FRAME_PFN), 3);
	frame_model_leave(&ft->want, PGSA_FRAME_NONE);
	ft->want.writers = 0;
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
}

void generation_grows_each_time(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int i;

	frame_reach(test, PGSA_FRAME_OPEN);
	for (i = 0; i < 1000; i++) {
		KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
		pgsa_frame_write(&ft->frame, FRAME_PFN);
		frame_model_leave(&ft->want, PGSA_FRAME_OPEN);
		frame_expect(test);
	}
}

void generation_wraps(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, PGSA_FRAME_SEALED);
	ft->want.generation = FRAME_GENERATIONS - 1;
	frame_set(test);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	frame_model_open(&ft->want);
	ft->want.writers = 1;
	KUNIT_EXPECT_EQ(test, ft->want.generation, 0);
	frame_expect(test);
}

/* The short ways leave it to the long ones, which keep it from the writers */
void generation_wraps_the_long_way(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, PGSA_FRAME_NONE);
	ft->want.generation = FRAME_GENERATIONS - 1;
	frame_set(test);
	KUNIT_EXPECT_FALSE(test, pgsa_frame_try_add_writer(&ft->frame));
	frame_expect(test);
	ft->want.state = PGSA_FRAME_OPEN;
	frame_set(test);
	KUNIT_EXPECT_FALSE(test, pgsa_frame_try_free(&ft->frame));
	frame_expect(test);
}

void claim_from_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = frame_reach(test, frame_param(test));
	bool may = !frame_is_taken(frame_param(test));

	KUNIT_EXPECT_EQ(test, may, pgsa_frame_claim(&ft->frame, FRAME_PFN,
						    &word, 15, 0));
	if (may) {
		ft->want.state = PGSA_FRAME_SEALING;
		ft->want.detect = 15;
		ft->want.correct = 0;
		KUNIT_EXPECT_EQ(test, word, frame_model_word(&ft->want));
	}
	frame_expect(test);
}

void claim_with_writer(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, PGSA_FRAME_OPEN);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	ft->want.writers = 1;
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
}

/* A free frame has no content that could be hurt */
void give_up_from_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	if (ft->want.state != PGSA_FRAME_NONE) {
		frame_model_open(&ft->want);
		ft->want.hurt = true;
	}
	frame_give_up(test);
	frame_expect(test);
	frame_give_up(test);
	frame_expect(test);
}

/* Content is put into frames of which nothing is known yet, too */
void mark_hurt_from_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, frame_param(test));
	frame_model_open(&ft->want);
	ft->want.hurt = true;
	pgsa_frame_mark_hurt(&ft->frame, FRAME_PFN);
	frame_expect(test);
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	pgsa_frame_mark_hurt(&ft->frame, FRAME_PFN);
	frame_expect(test);
	KUNIT_EXPECT_EQ(test, pgsa_frame_free(&ft->frame, FRAME_PFN), 0);
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
}

void give_up_lasts_until_free(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	frame_reach(test, PGSA_FRAME_BAD);
	frame_give_up(test);
	frame_model_open(&ft->want);
	ft->want.hurt = true;
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	pgsa_frame_write(&ft->frame, FRAME_PFN);
	KUNIT_EXPECT_FALSE(test, frame_may_be_claimed(test));
	frame_expect(test);

	KUNIT_EXPECT_EQ(test, pgsa_frame_free(&ft->frame, FRAME_PFN), 0);
	frame_model_leave(&ft->want, PGSA_FRAME_NONE);
	ft->want.hurt = false;
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
}

/* An event takes what it finds in the error path for lost. Who is there may know better. */
void heal_from_state(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = frame_reach(test, frame_param(test));

	pgsa_frame_heal(&ft->frame, FRAME_PFN, &word);
	frame_expect(test);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	frame_model_open(&ft->want);
	ft->want.writers = 1;
	frame_expect(test);
	KUNIT_EXPECT_EQ(test, pgsa_word_hurt(pgsa_frame_word(&ft->frame)),
			frame_param(test) == PGSA_FRAME_BAD);
	word = pgsa_frame_word(&ft->frame);
	/* He has seen it before another writer came. */
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	pgsa_frame_heal(&ft->frame, FRAME_PFN, &word);
	ft->want.writers = 2;
	ft->want.hurt = false;
	frame_expect(test);
}

static void expect_not_given_up(struct kunit *test, u64 since)
{
	struct frame_test *ft = test->priv;
	u64 word = pgsa_frame_word(&ft->frame);

	KUNIT_EXPECT_FALSE(test, pgsa_frame_give_up(&ft->frame, FRAME_PFN,
						    since));
	KUNIT_EXPECT_EQ(test, pgsa_frame_word(&ft->frame), word);
}

/* Its next owner's content is not what was damaged, whatever he does with it */
void give_up_freed(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 since = frame_reach(test, frame_param(test));

	pgsa_frame_free(&ft->frame, FRAME_PFN);
	expect_not_given_up(test, since);
	/* A frame that was free before has not been in use in between. */
	if (!frame_param(test))
		return;
	KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
	expect_not_given_up(test, since);
	pgsa_frame_write(&ft->frame, FRAME_PFN);
	expect_not_given_up(test, since);
	pgsa_frame_free(&ft->frame, FRAME_PFN);
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	expect_not_given_up(test, since);
}

void give_up_opened(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 since = frame_reach(test, frame_param(test));

	if (!frame_param(test))
		return;
	pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
	/* What was BAD the event has given up. */
	KUNIT_EXPECT_EQ(test, pgsa_frame_give_up(&ft->frame, FRAME_PFN, since),
			frame_param(test) != PGSA_FRAME_BAD);
	KUNIT_EXPECT_TRUE(test, pgsa_word_hurt(pgsa_frame_word(&ft->frame)));
	/* Who comes second does not tell of it once more. */
	expect_not_given_up(test, since);
}

/* Found OPEN, and then claimed and opened once more by somebody else */
void give_up_opened_after_claim(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int written;
	u64 since;

	for (written = 0; written < 2; written++) {
		since = frame_reach(test, PGSA_FRAME_OPEN);
		KUNIT_EXPECT_TRUE(test, frame_may_be_claimed(test));
		if (written)
			pgsa_frame_write(&ft->frame, FRAME_PFN);
		KUNIT_EXPECT_TRUE(test, pgsa_frame_give_up(&ft->frame,
							   FRAME_PFN, since));
		KUNIT_EXPECT_TRUE(test,
				  pgsa_word_hurt(pgsa_frame_word(&ft->frame)));
	}
	KUNIT_EXPECT_TRUE(test, pgsa_word_kept(PGSA_WORD_GENERATION |
					       PGSA_STATUS_SEALED,
					       PGSA_STATUS_OPEN));
}
