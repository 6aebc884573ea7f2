// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_frame: events on another CPU have to wait while a frame is
 * locked.
 */
#include <kunit/resource.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>

#include "frame_kunit.h"

#define WAIT_ROUNDS	10
#define WAIT_HELD_US	2000

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
	while (!kthread_should_stop())
		usleep_range(100, 1000);
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
	pgsa_frame_unlock(waiting->frame, FRAME_PFN, word, false);
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
