// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: threads that change the same frames at the same time.
 *
 * Each frame has a content, so that the tests can tell not only if the words
 * are right but also what they are for: that sealed content does not change.
 */
#include <kunit/resource.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/prandom.h>

#include "frame_kunit.h"

#define RACE_FRAMES	4
#define RACE_THREADS_MIN 4
#define RACE_WRITERS	2	/* of each thread at a time */
#define RACE_TIMEOUT	(120 * HZ)

struct race_frame {
	struct pgsa_frame frame;
	struct mutex folio;	/* stands for the folio lock */
	atomic64_t content;
	u64 seal;		/* the content when it was sealed */
};

enum race_count { SEALED, CHECKED, LOCKED, STALE, NR_RACE_COUNTS };

struct race_thread;
typedef void (*race_step_t)(struct race_thread *thread, struct race_frame *rf);

/* What threads do, and what must come of it */
struct race_plan {
	const race_step_t *step;	/* one of these at a time */
	unsigned int nr_step;
	unsigned int steps;		/* of each thread */
	unsigned int frames;
	bool pauses;			/* between any two steps, sometimes */
	enum race_count counts;		/* how many counts must be above 0 */
};

struct race_thread {
	struct race *race;
	struct task_struct *task;
	struct rnd_state rnd;
	unsigned int writers[RACE_FRAMES];
	unsigned int count[NR_RACE_COUNTS];
	const char *wrong;	/* the first thing that was */
	u64 word;		/* with it */
};

struct race {
	struct race_frame frame[RACE_FRAMES];
	const struct race_plan *plan;
	struct completion start;
	struct completion finished;
	unsigned int nr_threads;
	struct race_thread thread[] __counted_by(nr_threads);
};

static void race_expect(struct race_thread *thread, bool good, u64 word,
			const char *what)
{
	if (good || thread->wrong)
		return;
	thread->wrong = what;
	thread->word = word;
}

/* Let others overtake us now and then, also where there is only one CPU */
static void race_pause(struct race_thread *thread)
{
	if (thread->race->plan->pauses &&
	    !(prandom_u32_state(&thread->rnd) & 0x7f))
		usleep_range(1, 20);
	cond_resched();
}

static void race_look(struct race_thread *thread, struct race_frame *rf)
{
	u64 word = pgsa_frame_word(&rf->frame);
	unsigned int state = word & 7;

	race_expect(thread, state < NR_PGSA_FRAME_STATES, word, "no state");
	race_expect(thread, word >> 36 == 0 || !frame_is_taken(state), word,
		    "sealed with writers");
	race_expect(thread, (word >> 36) % 3 == 0, word, "no count");
	race_expect(thread, !(word & 1 << 3) || state == PGSA_FRAME_BAD, word,
		    "locked but not BAD");
	race_expect(thread, !(word & 1 << 4) || state == PGSA_FRAME_OPEN, word,
		    "hurt but not OPEN");
}

static void race_add_writer(struct race_thread *thread, struct race_frame *rf)
{
	unsigned int *writers = &thread->writers[rf - thread->race->frame];

	if (*writers == RACE_WRITERS)
		return;
	pgsa_frame_add_writer(&rf->frame, FRAME_PFN);
	++*writers;
	atomic64_inc(&rf->content);
}

static void race_sub_writer(struct race_thread *thread, struct race_frame *rf)
{
	unsigned int *writers = &thread->writers[rf - thread->race->frame];

	if (!*writers)
		return;
	atomic64_inc(&rf->content);
	--*writers;
	race_expect(thread, pgsa_frame_sub_writer(&rf->frame),
		    pgsa_frame_word(&rf->frame), "writer got lost");
}

static void race_write(struct race_thread *thread, struct race_frame *rf)
{
	if (!mutex_trylock(&rf->folio))
		return;
	pgsa_frame_write(&rf->frame, FRAME_PFN);
	race_pause(thread);
	atomic64_inc(&rf->content);
	mutex_unlock(&rf->folio);
}

static void race_seal(struct race_thread *thread, struct race_frame *rf)
{
	u64 word;

	if (!mutex_trylock(&rf->folio))
		return;
	word = pgsa_frame_word(&rf->frame);
	if (!pgsa_frame_claim(&rf->frame, FRAME_PFN, &word, FRAME_DETECT, 0))
		goto unlock;
	race_pause(thread);
	WRITE_ONCE(rf->seal, atomic64_read(&rf->content));
	race_pause(thread);
	if (pgsa_frame_move(&rf->frame, FRAME_PFN, &word, PGSA_FRAME_SEALED))
		thread->count[SEALED]++;
	else
		thread->count[STALE]++;
unlock:
	mutex_unlock(&rf->folio);
}

static void race_check(struct race_thread *thread, struct race_frame *rf)
{
	u64 word = pgsa_frame_word(&rf->frame);
	u64 seal, content;

	if (pgsa_word_state(word) != PGSA_FRAME_SEALED)
		return;
	seal = READ_ONCE(rf->seal);
	race_pause(thread);
	content = atomic64_read(&rf->content);
	/* Pairs with the full barrier of the event before any write. */
	smp_rmb();
	if (pgsa_frame_word(&rf->frame) != word) {
		thread->count[STALE]++;
		return;
	}
	thread->count[CHECKED]++;
	race_expect(thread, content == seal, word, "sealed content changed");
}

static void race_lock(struct race_thread *thread, struct race_frame *rf,
		      u64 *word)
{
	unsigned long flags;
	int i;

	local_irq_save(flags);
	if (pgsa_frame_lock(&rf->frame, word)) {
		for (i = 0; i < 20; i++)
			race_expect(thread,
				    atomic64_read(&rf->content) == rf->seal,
				    *word, "locked content changed");
		pgsa_frame_unlock(&rf->frame, FRAME_PFN, word, false);
		thread->count[LOCKED]++;
	}
	local_irq_restore(flags);
}

static void race_repair(struct race_thread *thread, struct race_frame *rf)
{
	u64 word;

	if (!mutex_trylock(&rf->folio))
		return;
	word = pgsa_frame_word(&rf->frame);
	if (pgsa_word_state(word) != PGSA_FRAME_SEALED ||
	    !pgsa_frame_move(&rf->frame, FRAME_PFN, &word, PGSA_FRAME_CHECKING))
		goto unlock;
	race_pause(thread);
	if (pgsa_frame_move(&rf->frame, FRAME_PFN, &word, PGSA_FRAME_BAD)) {
		race_pause(thread);
		race_lock(thread, rf, &word);
		race_pause(thread);
		if (pgsa_word_state(word) == PGSA_FRAME_BAD)
			pgsa_frame_move(&rf->frame, FRAME_PFN, &word,
					PGSA_FRAME_SEALED);
		pgsa_frame_heal(&rf->frame, FRAME_PFN, &word);
	}
unlock:
	mutex_unlock(&rf->folio);
}

static const race_step_t race_steps[] = {
	race_look, race_look, race_add_writer, race_sub_writer,
	race_sub_writer, race_sub_writer, race_sub_writer, race_write,
	race_seal, race_seal, race_seal, race_seal,
	race_check, race_check, race_repair, race_repair,
};

static void race_hammer(struct race_thread *thread, struct race_frame *rf)
{
	int i;

	for (i = 0; i < 16; i++) {
		pgsa_frame_add_writer(&rf->frame, FRAME_PFN);
		race_expect(thread, pgsa_frame_sub_writer(&rf->frame),
			    pgsa_frame_word(&rf->frame), "writer got lost");
	}
}

static const race_step_t race_hammer_step[] = { race_hammer };

static int race_run(void *data)
{
	struct race_thread *thread = data;
	struct race *race = thread->race;
	const struct race_plan *plan = race->plan;
	unsigned int i;

	wait_for_completion(&race->start);
	for (i = 0; i < plan->steps && !kthread_should_stop(); i++) {
		u32 random = prandom_u32_state(&thread->rnd);

		plan->step[(random >> 8) % plan->nr_step]
			(thread, &race->frame[(random >> 16) % plan->frames]);
		race_pause(thread);
	}
	complete(&race->finished);
	while (!kthread_should_stop())
		usleep_range(100, 1000);
	return 0;
}

static void race_stop(void *data)
{
	struct race *race = data;
	unsigned int i;

	complete_all(&race->start);
	for (i = 0; i < race->nr_threads; i++)
		if (!IS_ERR_OR_NULL(race->thread[i].task))
			kthread_stop(race->thread[i].task);
}

static struct race *race_start(struct kunit *test, const struct race_plan *plan)
{
	unsigned int nr = max(2 * num_online_cpus(), RACE_THREADS_MIN), i;
	unsigned int cpu = cpumask_first(cpu_online_mask);
	struct race *race = kunit_kzalloc(test, struct_size(race, thread, nr),
					  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->nr_threads = nr;
	race->plan = plan;
	init_completion(&race->start);
	init_completion(&race->finished);
	for (i = 0; i < RACE_FRAMES; i++)
		mutex_init(&race->frame[i].folio);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, race_stop, race), 0);
	for (i = 0; i < nr; i++) {
		struct race_thread *thread = &race->thread[i];

		thread->race = race;
		prandom_seed_state(&thread->rnd, frame_seed() + i);
		thread->task = kthread_create_on_cpu(race_run, thread, cpu,
						     "pgsa_race/%u");
		KUNIT_ASSERT_FALSE(test, IS_ERR(thread->task));
		wake_up_process(thread->task);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
	complete_all(&race->start);
	return race;
}

/* With all threads at rest: does each frame know exactly who can write it? */
static void race_expect_writers(struct kunit *test, struct race *race,
				unsigned int nr)
{
	struct pgsa_frame *frame = &race->frame[nr].frame;
	unsigned int writers = 0, i;
	u64 word;

	for (i = 0; i < race->nr_threads; i++)
		writers += race->thread[i].writers[nr];
	KUNIT_EXPECT_EQ(test, pgsa_frame_word(frame) >> 36, 3ULL * writers);
	for (i = 0; i < writers; i++)
		KUNIT_EXPECT_TRUE(test, pgsa_frame_sub_writer(frame));
	pgsa_frame_write(frame, FRAME_PFN);
	word = pgsa_frame_word(frame);
	KUNIT_EXPECT_TRUE(test, pgsa_frame_claim(frame, FRAME_PFN, &word, 1, 0));
}

static void race_all(struct kunit *test, const struct race_plan *plan)
{
	struct race *race = race_start(test, plan);
	unsigned int count[NR_RACE_COUNTS] = {}, i, k;

	for (i = 0; i < race->nr_threads; i++)
		KUNIT_ASSERT_NE(test, 0,
				wait_for_completion_timeout(&race->finished,
							    RACE_TIMEOUT));
	kunit_release_action(test, race_stop, race);

	for (i = 0; i < race->nr_threads; i++) {
		struct race_thread *thread = &race->thread[i];

		KUNIT_EXPECT_NULL_MSG(test, thread->wrong, "%s: %#llx",
				      thread->wrong, thread->word);
		for (k = 0; k < NR_RACE_COUNTS; k++)
			count[k] += thread->count[k];
	}
	for (i = 0; i < RACE_FRAMES; i++)
		race_expect_writers(test, race, i);
	if (plan->counts)
		kunit_info(test, "%u seals, %u checks, %u locks, %u stale\n",
			   count[SEALED], count[CHECKED], count[LOCKED],
			   count[STALE]);
	for (k = 0; k < plan->counts; k++)
		KUNIT_EXPECT_GT_MSG(test, count[k], 0, "count %u", k);
}

void concurrent_movers(struct kunit *test)
{
	static const struct race_plan plan = {
		.step = race_steps, .nr_step = ARRAY_SIZE(race_steps),
		.steps = 20000, .frames = RACE_FRAMES, .pauses = true,
		.counts = NR_RACE_COUNTS,
	};

	race_all(test, &plan);
}

/* Nobody stops, so nobody may happen to be overtaken while sealing */
void concurrent_movers_dense(struct kunit *test)
{
	static const struct race_plan plan = {
		.step = race_steps, .nr_step = ARRAY_SIZE(race_steps),
		.steps = 300000, .frames = 1, .counts = STALE,
	};

	race_all(test, &plan);
}

void concurrent_writers(struct kunit *test)
{
	static const struct race_plan plan = {
		.step = race_hammer_step, .nr_step = 1,
		.steps = 100000, .frames = 1,
	};

	race_all(test, &plan);
}
