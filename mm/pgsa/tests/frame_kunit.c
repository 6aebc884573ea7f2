// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: the state machine of a frame, driven with records of
 * the tests' own.
 *
 * Random sequences differ from run to run; the log names the seed, and booting
 * with pgsa_frame.seed= repeats it.
 */
#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/string.h>

#include "frame_kunit.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"pgsa_frame."

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random events (0: another one each time)");

/* All moves there are, by state: to NONE OPEN SEALING SEALED CHECKING BAD */
static const char * const frame_table[] = {
	[PGSA_FRAME_NONE]	= "- x x - - -",
	[PGSA_FRAME_OPEN]	= "x - x - - -",
	[PGSA_FRAME_SEALING]	= "x x - x - -",
	[PGSA_FRAME_SEALED]	= "x x - - x -",
	[PGSA_FRAME_CHECKING]	= "x x - x - x",
	[PGSA_FRAME_BAD]	= "x x - x - -",
};

static const unsigned int frame_states[] = { 0, 1, 2, 3, 4, 5 };
static const char * const frame_names[] = {
	"NONE", "OPEN", "SEALING", "SEALED", "CHECKING", "BAD",
};

static void frame_state_desc(const unsigned int *state, char *desc)
{
	strscpy(desc, frame_names[*state], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(frame_states, frame_states, frame_state_desc);

bool frame_table_has(unsigned int from, unsigned int to)
{
	return frame_table[from][2 * to] == 'x';
}

u32 frame_seed(void)
{
	return seed;
}

/* Make the record what the model says */
void frame_set(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	atomic64_set(&ft->frame.word, frame_model_word(&ft->want));
}

void frame_expect(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	KUNIT_EXPECT_EQ(test, pgsa_frame_word(&ft->frame),
			frame_model_word(&ft->want));
}

/* Begin anew, and bring the frame into a state by moves; returns its word */
u64 frame_reach(struct kunit *test, unsigned int state)
{
	struct frame_test *ft = test->priv;
	struct frame_model *want = &ft->want;
	unsigned int next = PGSA_FRAME_SEALED;
	u64 word;

	*want = (struct frame_model) { .generation = FRAME_GENERATION };
	frame_set(test);
	word = pgsa_frame_word(&ft->frame);
	if (state == PGSA_FRAME_NONE)
		return word;

	KUNIT_ASSERT_TRUE(test, pgsa_frame_claim(&ft->frame, FRAME_PFN, &word,
						 FRAME_DETECT, FRAME_CORRECT));
	want->detect = FRAME_DETECT;
	want->correct = FRAME_CORRECT;
	want->state = PGSA_FRAME_SEALING;
	while (want->state != state) {
		if (state == PGSA_FRAME_OPEN) {
			frame_model_leave(want, state);
			next = state;
		} else {
			want->state = next;
		}
		KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&ft->frame, FRAME_PFN,
							&word, next++));
	}
	KUNIT_ASSERT_EQ(test, word, frame_model_word(want));
	frame_expect(test);
	return word;
}

bool frame_may_be_claimed(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = pgsa_frame_word(&ft->frame);

	return pgsa_frame_claim(&ft->frame, FRAME_PFN, &word, FRAME_DETECT,
				FRAME_CORRECT);
}

/* It has been known for no time at all */
bool frame_give_up(struct kunit *test)
{
	struct frame_test *ft = test->priv;

	return pgsa_frame_give_up(&ft->frame, FRAME_PFN,
				  pgsa_frame_word(&ft->frame));
}

static void state_name_all_values(struct kunit *test)
{
	unsigned int state;

	for (state = 0; state < ARRAY_SIZE(frame_names); state++)
		KUNIT_EXPECT_STREQ(test, pgsa_frame_state_name(state),
				   frame_names[state]);
	for (; state < FRAME_STATE_VALUES; state++)
		KUNIT_EXPECT_STREQ(test, pgsa_frame_state_name(state), "?");
}

static void may_move_per_table(struct kunit *test)
{
	unsigned int from = frame_param(test), to;

	for (to = 0; to < NR_PGSA_FRAME_STATES; to++)
		KUNIT_EXPECT_EQ_MSG(test, pgsa_frame_may_move(from, to),
				    frame_table_has(from, to), "to %s",
				    frame_names[to]);
	for (; to < FRAME_STATE_VALUES; to++)
		KUNIT_EXPECT_FALSE(test, pgsa_frame_may_move(from, to));
}

static void move_per_table(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int from = frame_param(test), to;
	u64 word;

	for (to = 0; to < NR_PGSA_FRAME_STATES; to++) {
		if (!frame_table_has(from, to))
			continue;
		word = frame_reach(test, from);
		KUNIT_EXPECT_TRUE_MSG(test,
				      pgsa_frame_move(&ft->frame, FRAME_PFN,
						      &word, to),
				      "to %s", frame_names[to]);
		if (frame_is_taken(to))
			ft->want.state = to;
		else
			frame_model_leave(&ft->want, to);
		frame_expect(test);
		KUNIT_EXPECT_EQ(test, word, frame_model_word(&ft->want));
	}
}

/* A move fails once a write was announced, and tells the present word */
static void move_overtaken_by_writer(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int from = frame_param(test), to;
	u64 word;

	for (to = 0; to < NR_PGSA_FRAME_STATES; to++) {
		if (!frame_table_has(from, to))
			continue;
		word = frame_reach(test, from);
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		frame_model_open(&ft->want);
		ft->want.writers = 1;
		KUNIT_EXPECT_FALSE(test, pgsa_frame_move(&ft->frame, FRAME_PFN,
							 &word, to));
		frame_expect(test);
		KUNIT_EXPECT_EQ(test, word, frame_model_word(&ft->want));
	}
}

/* The same state again, but of another generation, is not the same word */
static void move_after_reopening(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	unsigned int from = frame_param(test), to;
	u64 word, seen;

	for (to = 0; to < NR_PGSA_FRAME_STATES; to++) {
		if (!frame_table_has(from, to))
			continue;
		seen = frame_reach(test, from);
		pgsa_frame_add_writer(&ft->frame, FRAME_PFN);
		KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(&ft->frame));
		pgsa_frame_free(&ft->frame, FRAME_PFN);
		word = pgsa_frame_word(&ft->frame);
		KUNIT_EXPECT_NE(test, pgsa_word_generation(word),
				pgsa_word_generation(seen));

		ft->want.generation = pgsa_word_generation(word);
		ft->want.state = from;
		ft->want.detect = FIELD_GET(PGSA_WORD_DETECT, seen);
		ft->want.correct = FIELD_GET(PGSA_WORD_CORRECT, seen);
		frame_set(test);
		KUNIT_EXPECT_FALSE(test, pgsa_frame_move(&ft->frame, FRAME_PFN,
							 &seen, to));
		frame_expect(test);
	}
}

static void lock_and_unlock(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = frame_reach(test, PGSA_FRAME_BAD);

	KUNIT_ASSERT_TRUE(test, pgsa_frame_lock(&ft->frame, &word));
	ft->want.lock = true;
	frame_expect(test);
	KUNIT_EXPECT_EQ(test, word, frame_model_word(&ft->want));
	pgsa_frame_unlock(&ft->frame, FRAME_PFN, &word, false);
	ft->want.lock = false;
	frame_expect(test);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_move(&ft->frame, FRAME_PFN, &word,
						PGSA_FRAME_SEALED));
	ft->want.state = PGSA_FRAME_SEALED;
	frame_expect(test);
}

static void lock_overtaken(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	u64 word = frame_reach(test, PGSA_FRAME_BAD);

	pgsa_frame_write(&ft->frame, FRAME_PFN);
	frame_model_open(&ft->want);
	KUNIT_EXPECT_FALSE(test, pgsa_frame_lock(&ft->frame, &word));
	KUNIT_EXPECT_EQ(test, word, frame_model_word(&ft->want));
	frame_expect(test);
}

static int frame_suite_init(struct kunit_suite *suite)
{
	if (!seed)
		seed = get_random_u32();
	kunit_log(KERN_INFO, suite, KUNIT_SUBTEST_INDENT "# seed %u\n", seed);
	return 0;
}

static int frame_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct frame_test), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return 0;
}

static struct kunit_case frame_cases[] = {
	KUNIT_CASE(state_name_all_values),
	KUNIT_CASE_PARAM(may_move_per_table, frame_states_gen_params),
	KUNIT_CASE(may_move_no_state),
	KUNIT_CASE_PARAM(move_per_table, frame_states_gen_params),
	KUNIT_CASE_PARAM(move_overtaken_by_writer, frame_states_gen_params),
	KUNIT_CASE_PARAM(move_after_reopening, frame_states_gen_params),
	KUNIT_CASE(move_damaged),
	KUNIT_CASE(statuses_apart),
	KUNIT_CASE(events_any_status),
	KUNIT_CASE(unlock_any_status),
	KUNIT_CASE(give_up_damaged),
	KUNIT_CASE(unlock_writers_broken),
	KUNIT_CASE_PARAM(add_writer_opens, frame_states_gen_params),
	KUNIT_CASE(add_writer_overflow),
	KUNIT_CASE(add_writer_lock_bit_damaged),
	KUNIT_CASE(add_writer_no_state),
	KUNIT_CASE_PARAM(sub_writer_stays_open, frame_states_gen_params),
	KUNIT_CASE_PARAM(sub_writer_none_left, frame_states_gen_params),
	KUNIT_CASE_PARAM(write_opens_taken, frame_states_gen_params),
	KUNIT_CASE(write_with_writers),
	KUNIT_CASE(write_no_state),
	KUNIT_CASE_PARAM(free_forgets, frame_states_gen_params),
	KUNIT_CASE_PARAM(free_with_writers, frame_states_gen_params),
	KUNIT_CASE(free_no_state),
	KUNIT_CASE(generation_grows_each_time),
	KUNIT_CASE(generation_wraps),
	KUNIT_CASE(generation_wraps_the_long_way),
	KUNIT_CASE_PARAM(claim_from_state, frame_states_gen_params),
	KUNIT_CASE(claim_with_writer),
	KUNIT_CASE(claim_ids_damaged),
	KUNIT_CASE(claim_writers_damaged),
	KUNIT_CASE_PARAM(give_up_from_state, frame_states_gen_params),
	KUNIT_CASE(give_up_lasts_until_free),
	KUNIT_CASE_PARAM(give_up_freed, frame_states_gen_params),
	KUNIT_CASE_PARAM(give_up_opened, frame_states_gen_params),
	KUNIT_CASE_PARAM(heal_from_state, frame_states_gen_params),
	KUNIT_CASE(give_up_opened_after_claim),
	KUNIT_CASE_PARAM(mark_hurt_from_state, frame_states_gen_params),
	KUNIT_CASE(move_codes_and_back),
	KUNIT_CASE(move_codes_overtaken),
	KUNIT_CASE(lock_and_unlock),
	KUNIT_CASE(lock_overtaken),
	KUNIT_CASE(add_writer_waits_for_unlock),
	KUNIT_CASE(write_waits_for_unlock),
	KUNIT_CASE(guard_any_one_flip),
	KUNIT_CASE(guard_any_two_flips),
	KUNIT_CASE(guard_numbers),
	KUNIT_CASE(guard_other_frame),
	KUNIT_CASE(guard_same_in_all_states),
	KUNIT_CASE(record_any_one_flip),
	KUNIT_CASE(record_codes_damaged),
	KUNIT_CASE(random_events_as_model),
	KUNIT_CASE_SLOW(concurrent_movers),
	KUNIT_CASE(concurrent_movers_dense),
	KUNIT_CASE(concurrent_writers),
	{}
};

static struct kunit_suite frame_suite = {
	.name = "pgsa_frame",
	.suite_init = frame_suite_init,
	.init = frame_init,
	.test_cases = frame_cases,
};

kunit_test_suite(frame_suite);
