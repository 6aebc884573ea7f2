// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: random sequences of events and moves, compared with
 * the model after each step.
 */
#include <linux/prandom.h>

#include "frame_kunit.h"

#define RANDOM_STEPS	300000
#define RANDOM_WRITERS	6

struct random_walk {
	struct pgsa_frame *frame;
	struct frame_model *want;
	struct rnd_state rnd;
	u64 seen;		/* a word from some time ago */
};

static u32 random_below(struct random_walk *walk, u32 limit)
{
	return prandom_u32_state(&walk->rnd) % limit;
}

/* Each step does one thing, and returns if the function told what it should. */

static bool random_add_writer(struct random_walk *walk)
{
	if (walk->want->writers == RANDOM_WRITERS)
		return true;
	if (random_below(walk, 2) || !pgsa_frame_try_add_writer(walk->frame))
		pgsa_frame_add_writer(walk->frame, FRAME_PFN);
	frame_model_open(walk->want);
	if (!walk->want->broken)
		walk->want->writers++;
	return true;
}

static bool random_sub_writer(struct random_walk *walk)
{
	struct frame_model *want = walk->want;

	if (want->broken)
		return pgsa_frame_sub_writer(walk->frame);
	if (want->writers) {
		want->writers--;
		return (random_below(walk, 2) &&
			pgsa_frame_try_sub_writer(walk->frame)) ||
		       pgsa_frame_sub_writer(walk->frame);
	}
	/* Seldom, since nothing can be claimed afterwards. */
	if (random_below(walk, 50))
		return true;
	want->broken = true;
	return !pgsa_frame_sub_writer(walk->frame);
}

static bool random_write(struct random_walk *walk)
{
	pgsa_frame_write(walk->frame, FRAME_PFN);
	if (frame_is_taken(walk->want->state))
		frame_model_open(walk->want);
	return true;
}

static bool random_free(struct random_walk *walk)
{
	struct frame_model *want = walk->want;
	unsigned int left = 0;
	bool good;

	if (random_below(walk, 2) || !pgsa_frame_try_free(walk->frame))
		left = pgsa_frame_free(walk->frame, FRAME_PFN);
	good = want->broken || left == want->writers;
	if (want->state != PGSA_FRAME_NONE)
		frame_model_leave(want, PGSA_FRAME_NONE);
	want->writers = 0;
	want->broken = false;
	want->hurt = false;
	return good;
}

static bool random_give_up(struct random_walk *walk)
{
	if (random_below(walk, 4))
		return true;
	pgsa_frame_give_up(walk->frame, FRAME_PFN,
			   pgsa_frame_word(walk->frame));
	if (walk->want->state != PGSA_FRAME_NONE) {
		frame_model_open(walk->want);
		walk->want->hurt = true;
	}
	return true;
}

static bool random_mark_hurt(struct random_walk *walk)
{
	if (random_below(walk, 4))
		return true;
	pgsa_frame_mark_hurt(walk->frame, FRAME_PFN);
	frame_model_open(walk->want);
	walk->want->hurt = true;
	return true;
}

static bool random_claim(struct random_walk *walk)
{
	struct frame_model *want = walk->want;
	u64 word = pgsa_frame_word(walk->frame);
	unsigned int detect = 1 + random_below(walk, 15);
	unsigned int correct = random_below(walk, 16);
	bool may = !frame_is_taken(want->state) && !want->writers &&
		   !want->hurt && !want->broken;

	if (may) {
		want->state = PGSA_FRAME_SEALING;
		want->detect = detect;
		want->correct = correct;
	}
	return may == pgsa_frame_claim(walk->frame, FRAME_PFN, &word, detect,
				       correct);
}

static void random_moved(struct random_walk *walk, unsigned int to)
{
	if (frame_is_taken(to))
		walk->want->state = to;
	else
		frame_model_leave(walk->want, to);
}

static bool random_move(struct random_walk *walk)
{
	u64 word = pgsa_frame_word(walk->frame);
	unsigned int to = random_below(walk, NR_PGSA_FRAME_STATES);

	/* Only a claim may lead to SEALING, and there are events enough. */
	if (to == PGSA_FRAME_SEALING || !frame_table_has(word & 7, to) ||
	    (!frame_is_taken(to) && random_below(walk, 10)))
		return true;
	random_moved(walk, to);
	return pgsa_frame_move(walk->frame, FRAME_PFN, &word, to) &&
	       word == frame_model_word(walk->want);
}

/* From a word seen some time ago, which may or may not be out of date */
static bool random_move_late(struct random_walk *walk)
{
	u64 word = walk->seen;
	unsigned int to = random_below(walk, NR_PGSA_FRAME_STATES);
	bool may = word == frame_model_word(walk->want);

	if (to == PGSA_FRAME_SEALING || !frame_table_has(word & 7, to))
		return true;
	if (may)
		random_moved(walk, to);
	return may == pgsa_frame_move(walk->frame, FRAME_PFN, &word, to) &&
	       word == frame_model_word(walk->want);
}

static bool random_look(struct random_walk *walk)
{
	walk->seen = pgsa_frame_word(walk->frame);
	return true;
}

static bool random_lock(struct random_walk *walk)
{
	u64 word = pgsa_frame_word(walk->frame);

	if (walk->want->state != PGSA_FRAME_BAD)
		return true;
	walk->want->lock = true;
	return pgsa_frame_lock(walk->frame, &word);
}

static bool random_unlock(struct random_walk *walk)
{
	u64 word = pgsa_frame_word(walk->frame);

	walk->want->lock = false;
	pgsa_frame_unlock(walk->frame, FRAME_PFN, &word, false);
	return word == frame_model_word(walk->want);
}

/* How often each is done: moves mostly, so that all states are seen. */
static const struct {
	const char *name;
	bool (*run)(struct random_walk *walk);
	unsigned int weight;
} random_steps[] = {
	{ "move", random_move, 20 },
	{ "claim", random_claim, 8 },
	{ "sub_writer", random_sub_writer, 5 },
	{ "late move", random_move_late, 4 },
	{ "look", random_look, 4 },
	{ "add_writer", random_add_writer, 2 },
	{ "free", random_free, 2 },
	{ "lock", random_lock, 2 },
	{ "write", random_write, 1 },
	{ "give_up", random_give_up, 1 },
	{ "mark_hurt", random_mark_hurt, 1 },
};

static unsigned int random_pick(struct random_walk *walk)
{
	unsigned int i, all = 0;
	u32 random;

	for (i = 0; i < ARRAY_SIZE(random_steps); i++)
		all += random_steps[i].weight;
	random = random_below(walk, all);
	for (i = 0; random >= random_steps[i].weight; i++)
		random -= random_steps[i].weight;
	return i;
}

void random_events_as_model(struct kunit *test)
{
	struct frame_test *ft = test->priv;
	struct random_walk walk = { .frame = &ft->frame, .want = &ft->want };
	unsigned int in_state[NR_PGSA_FRAME_STATES] = {};
	unsigned int i, step, state;
	bool good;

	prandom_seed_state(&walk.rnd, frame_seed());
	frame_reach(test, PGSA_FRAME_NONE);
	for (i = 0; i < RANDOM_STEPS; i++) {
		u64 before = pgsa_frame_word(&ft->frame);

		step = random_pick(&walk);
		/* Everything else would wait for ever, and is held back. */
		good = ft->want.lock ? random_unlock(&walk) :
				       random_steps[step].run(&walk);
		if (!good || pgsa_frame_word(&ft->frame) !=
			     frame_model_word(&ft->want)) {
			KUNIT_FAIL(test, "seed %u, step %u, %s: %#llx became %#llx, not %#llx",
				   frame_seed(), i, random_steps[step].name,
				   before, pgsa_frame_word(&ft->frame),
				   frame_model_word(&ft->want));
			return;
		}
		in_state[ft->want.state]++;
	}
	for (state = 0; state < NR_PGSA_FRAME_STATES; state++)
		KUNIT_EXPECT_GT_MSG(test, in_state[state], RANDOM_STEPS / 1000,
				    "hardly ever %s",
				    pgsa_frame_state_name(state));
}
