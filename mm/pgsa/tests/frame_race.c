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
#include <linux/sched.h>

#include "frame_kunit.h"

#define RACE_FRAMES	4
#define RACE_THREADS_MIN 4
#define RACE_STEPS	20000	/* of each thread */
#define RACE_WRITERS	2	/* of each thread at a time */
#define RACE_TIMEOUT	(120 * HZ)

#define WAIT_ROUNDS	10
#define WAIT_HELD_US	2000

struct race_frame {
	struct pgsa_frame frame;
	struct mutex folio;	/* stands for the folio lock */
	atomic64_t content;
	u64 seal;		/* the content when it was sealed */
};

enum race_count { SEALED, CHECKED, LOCKED, STALE, NR_RACE_COUNTS };

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
	if (!(prandom_u32_state(&thread->rnd) & 0x7f))
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
	race_expect(thread, !(word & 1 << 4), word, "hurt");
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
		pgsa_frame_unlock(&rf->frame, word);
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
	}
unlock:
	mutex_unlock(&rf->folio);
}

static void (* const race_steps[])(struct race_thread *thread,
				   struct race_frame *rf) = {
	race_look, race_look, race_add_writer, race_sub_writer,
	race_sub_writer, race_sub_writer, race_sub_writer, race_write,
	race_seal, race_seal, race_seal, race_seal,
	race_check, race_check, race_repair, race_repair,
};

static void race_wait_for_stop(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
}

static int race_run(void *data)
{
	struct race_thread *thread = data;
	struct race *race = thread->race;
	unsigned int i;
	u32 random;

	for (i = 0; i < RACE_STEPS && !kthread_should_stop(); i++) {
		random = prandom_u32_state(&thread->rnd);
		race_steps[(random >> 8) % ARRAY_SIZE(race_steps)]
			(thread, &race->frame[(random >> 16) % RACE_FRAMES]);
		race_pause(thread);
	}
	complete(&race->finished);
	race_wait_for_stop();
	return 0;
}

static void race_stop(void *data)
{
	struct race *race = data;
	unsigned int i;

	for (i = 0; i < race->nr_threads; i++)
		if (!IS_ERR_OR_NULL(race->thread[i].task))
			kthread_stop(race->thread[i].task);
}

static struct race *race_start(struct kunit *test)
{
	unsigned int nr = max(2 * num_online_cpus(), RACE_THREADS_MIN), i;
	struct race *race = kunit_kzalloc(test, struct_size(race, thread, nr),
					  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->nr_threads = nr;
	init_completion(&race->finished);
	for (i = 0; i < RACE_FRAMES; i++)
		mutex_init(&race->frame[i].folio);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, race_stop, race), 0);
	for (i = 0; i < nr; i++) {
		struct race_thread *thread = &race->thread[i];

		thread->race = race;
		prandom_seed_state(&thread->rnd, frame_seed() + i);
		thread->task = kthread_run(race_run, thread, "pgsa_race/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(thread->task));
	}
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

void concurrent_movers(struct kunit *test)
{
	struct race *race = race_start(test);
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
	kunit_info(test, "%u threads: %u seals, %u checks, %u locks, %u stale\n",
		   race->nr_threads, count[SEALED], count[CHECKED],
		   count[LOCKED], count[STALE]);
	for (k = 0; k < NR_RACE_COUNTS; k++)
		KUNIT_EXPECT_GT_MSG(test, count[k], 0, "count %u", k);
}

/* An event on another CPU */
struct waiting {
	struct pgsa_frame *frame;
	void (*event)(struct pgsa_frame *frame, unsigned long pfn);
	struct completion ready;
	bool locked;		/* the event may begin, and has to wait */
	bool done;
};

static int waiting_run(void *data)
{
	struct waiting *waiting = data;

	preempt_disable();
	complete(&waiting->ready);
	while (!READ_ONCE(waiting->locked))
		cpu_relax();
	waiting->event(waiting->frame, FRAME_PFN);
	WRITE_ONCE(waiting->done, true);
	preempt_enable();
	race_wait_for_stop();
	return 0;
}

static void waiting_stop(void *task)
{
	kthread_stop(task);
}

/* Lock while the event is being tried; returns if it waited */
static bool waiting_held(struct waiting *waiting, u64 *word)
{
	unsigned long flags;
	bool held;

	local_irq_save(flags);
	held = pgsa_frame_lock(waiting->frame, word);
	WRITE_ONCE(waiting->locked, true);
	udelay(WAIT_HELD_US);
	held &= !READ_ONCE(waiting->done);
	held &= pgsa_frame_word(waiting->frame) == *word;
	pgsa_frame_unlock(waiting->frame, word);
	local_irq_restore(flags);
	return held;
}

/*
 * The event spins, so it must have a CPU of its own: whoever is to unlock the
 * frame must not wait for that CPU.
 */
static void waiting_once(struct kunit *test,
			 void (*event)(struct pgsa_frame *, unsigned long))
{
	struct frame_test *ft = test->priv;
	struct waiting *waiting = kunit_kzalloc(test, sizeof(*waiting),
						GFP_KERNEL);
	u64 word = frame_reach(test, PGSA_FRAME_BAD);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, waiting);
	waiting->frame = &ft->frame;
	waiting->event = event;
	init_completion(&waiting->ready);
	task = kthread_create(waiting_run, waiting, "pgsa_wait");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, waiting_stop, task), 0);

	migrate_disable();
	kthread_bind(task, cpumask_any_but(cpu_online_mask,
					   smp_processor_id()));
	wake_up_process(task);
	wait_for_completion(&waiting->ready);
	KUNIT_EXPECT_TRUE(test, waiting_held(waiting, &word));
	migrate_enable();
	kunit_release_action(test, waiting_stop, task);

	KUNIT_EXPECT_TRUE(test, waiting->done);
	frame_model_open(&ft->want);
}

static void waiting_many(struct kunit *test, unsigned int writers,
			 void (*event)(struct pgsa_frame *, unsigned long))
{
	struct frame_test *ft = test->priv;
	unsigned int i;

	if (num_online_cpus() == 1)
		kunit_skip(test, "needs a second CPU");
	for (i = 0; i < WAIT_ROUNDS; i++) {
		waiting_once(test, event);
		ft->want.writers = writers;
		frame_expect(test);
	}
}

void add_writer_waits_for_unlock(struct kunit *test)
{
	waiting_many(test, 1, pgsa_frame_add_writer);
}

void write_waits_for_unlock(struct kunit *test)
{
	waiting_many(test, 0, pgsa_frame_write);
}
