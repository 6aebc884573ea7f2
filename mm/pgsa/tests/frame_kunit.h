/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the KUnit suite pgsa_frame share: a frame record of the
 * test's own beside a model of it, and a way to bring both into any state.
 */
#ifndef __MM_PGSA_TESTS_FRAME_KUNIT_H
#define __MM_PGSA_TESTS_FRAME_KUNIT_H

#include <kunit/test.h>
#include <linux/types.h>

#include "../frame.h"

#define FRAME_PFN		0x12345UL
#define FRAME_DETECT		5
#define FRAME_CORRECT		10
#define FRAME_GENERATION	41	/* of every frame at first */
#define FRAME_GENERATIONS	0x100000

/* Values of the word's three lowest bits that are no state */
#define FRAME_NO_STATE		6
#define FRAME_STATE_VALUES	8

/* What a word must hold; packed by other means than those of frame.h */
struct frame_model {
	unsigned int state;
	bool lock;
	bool hurt;
	bool broken;		/* the count of writers */
	unsigned int detect;
	unsigned int correct;
	unsigned int generation;
	unsigned int writers;
};

struct frame_test {
	struct pgsa_frame frame;
	struct frame_model want;
};

/* What goes with a state, or with a mark that it may have */
static inline u64 frame_model_proof(const struct frame_model *model)
{
	static const u8 proofs[FRAME_STATE_VALUES] = { 0, 3, 6, 5, 5, 6, 5, 5 };

	if (model->hurt && model->state == PGSA_FRAME_OPEN)
		return 4;
	if (model->lock && model->state == PGSA_FRAME_BAD)
		return 0;
	return proofs[model->state];
}

static inline u64 frame_model_word(const struct frame_model *model)
{
	u64 writers = model->broken ? 0xffffffe : model->writers * 3ULL;

	return model->state | model->lock << 3 | model->hurt << 4 |
	       model->detect << 5 | model->correct << 9 |
	       frame_model_proof(model) << 13 |
	       (u64)model->generation << 16 | writers << 36;
}

/* Leave for OPEN or NONE: whatever is known about the content is void */
static inline void frame_model_leave(struct frame_model *model,
				     unsigned int state)
{
	model->state = state;
	model->lock = false;
	if (state == PGSA_FRAME_NONE)
		model->hurt = false;
	model->detect = 0;
	model->correct = 0;
	model->generation = (model->generation + 1) % FRAME_GENERATIONS;
}

/*
 * A write may follow: only an OPEN frame is prepared for it. What was known to be
 * damaged is damaged for good.
 */
static inline void frame_model_open(struct frame_model *model)
{
	if (model->state == PGSA_FRAME_BAD)
		model->hurt = true;
	if (model->state != PGSA_FRAME_OPEN)
		frame_model_leave(model, PGSA_FRAME_OPEN);
}

/* The state that a case is repeated for */
static inline unsigned int frame_param(const struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

/* A searcher has it, and nobody may write it */
static inline bool frame_is_taken(unsigned int state)
{
	return state != PGSA_FRAME_NONE && state != PGSA_FRAME_OPEN;
}

bool frame_table_has(unsigned int from, unsigned int to);
void frame_set(struct kunit *test);
u64 frame_reach(struct kunit *test, unsigned int state);
void frame_expect(struct kunit *test);
bool frame_may_be_claimed(struct kunit *test);
bool frame_give_up(struct kunit *test);
u32 frame_seed(void);

/* frame_events.c */
void add_writer_opens(struct kunit *test);
void claim_from_state(struct kunit *test);
void claim_with_writer(struct kunit *test);
void free_forgets(struct kunit *test);
void free_with_writers(struct kunit *test);
void generation_grows_each_time(struct kunit *test);
void generation_wraps(struct kunit *test);
void generation_wraps_the_long_way(struct kunit *test);
void give_up_freed(struct kunit *test);
void give_up_from_state(struct kunit *test);
void give_up_lasts_until_free(struct kunit *test);
void give_up_opened(struct kunit *test);
void heal_from_state(struct kunit *test);
void give_up_opened_after_claim(struct kunit *test);
void mark_hurt_from_state(struct kunit *test);
void sub_writer_stays_open(struct kunit *test);
void write_opens_taken(struct kunit *test);
void write_with_writers(struct kunit *test);

/* frame_guard.c, frame_damage.c */
void add_writer_lock_bit_damaged(struct kunit *test);
void add_writer_no_state(struct kunit *test);
void add_writer_overflow(struct kunit *test);
void claim_writers_damaged(struct kunit *test);
void free_no_state(struct kunit *test);
void events_any_status(struct kunit *test);
void claim_ids_damaged(struct kunit *test);
void guard_any_one_flip(struct kunit *test);
void guard_any_two_flips(struct kunit *test);
void guard_numbers(struct kunit *test);
void guard_other_frame(struct kunit *test);
void guard_same_in_all_states(struct kunit *test);
void may_move_no_state(struct kunit *test);
void move_damaged(struct kunit *test);
void record_any_one_flip(struct kunit *test);
void record_codes_damaged(struct kunit *test);
void statuses_apart(struct kunit *test);
void unlock_any_status(struct kunit *test);
void give_up_damaged(struct kunit *test);
void unlock_writers_broken(struct kunit *test);
void sub_writer_none_left(struct kunit *test);
void write_no_state(struct kunit *test);

/* frame_anew.c */
void move_codes_and_back(struct kunit *test);
void move_codes_overtaken(struct kunit *test);

/* frame_random.c */
void random_events_as_model(struct kunit *test);

/* frame_lock.c */
void add_writer_waits_for_unlock(struct kunit *test);
void write_waits_for_unlock(struct kunit *test);

/* frame_race.c */
void concurrent_movers(struct kunit *test);
void concurrent_movers_dense(struct kunit *test);
void concurrent_writers(struct kunit *test);

#endif /* __MM_PGSA_TESTS_FRAME_KUNIT_H */
