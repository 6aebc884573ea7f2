// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: a seal that gives way to another.
 */
#include "frame_kunit.h"

/* The codes change, the generation does not: nothing was written */
void move_codes_and_back(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 old = frame_reach(test, PGSA_FRAME_SEALED), word = old;

	KUNIT_EXPECT_TRUE(test, pgsa_frame_move_codes(&ft->frame, FRAME_PFN,
						      &word,
						      PGSA_FRAME_CHECKING,
						      FRAME_DETECT + 1,
						      FRAME_CORRECT + 1));
	ft->want.state = PGSA_FRAME_CHECKING;
	ft->want.detect = FRAME_DETECT + 1;
	ft->want.correct = FRAME_CORRECT + 1;
	KUNIT_EXPECT_EQ(test, word, frame_model_word(&ft->want));
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_move_codes(&ft->frame, FRAME_PFN,
						      &word, PGSA_FRAME_SEALED,
						      FRAME_DETECT,
						      FRAME_CORRECT));
	KUNIT_EXPECT_EQ(test, word, old);
	KUNIT_EXPECT_EQ(test, pgsa_frame_word(&ft->frame), old);
}

/* A write between the first move and the last opens the frame, as any time */
void move_codes_overtaken(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = frame_reach(test, PGSA_FRAME_SEALED);

	KUNIT_EXPECT_TRUE(test, pgsa_frame_move_codes(&ft->frame, FRAME_PFN,
						      &word,
						      PGSA_FRAME_CHECKING,
						      FRAME_DETECT,
						      FRAME_CORRECT + 1));
	pgsa_frame_write(&ft->frame, FRAME_PFN);
	frame_model_leave(&ft->want, PGSA_FRAME_OPEN);
	frame_expect(test);
	KUNIT_EXPECT_FALSE(test, pgsa_frame_move(&ft->frame, FRAME_PFN, &word,
						 PGSA_FRAME_SEALED));
	frame_expect(test);
}
