// SPDX-License-Identifier: GPL-2.0
/*
 * Verification on the way back to user mode, for the strategy schedule.
 */

/**
 * DOC: Verification on the way back to user mode
 *
 * The scheduler tells that a task was switched in, and nothing more happens
 * there than that a task_work is queued. It runs when the task is about to
 * return to user mode, in process context and without locks, and verifies the
 * next frames that the task maps read-only, going round its address space.
 *
 * A task that is switched out during its check is switched in again. Since its
 * work counts as queued until the check has ended, that does not queue it once
 * more; instead, the check begins anew where it began, but not again and again.
 *
 * Frames are verified in batches. The references that are taken to them under
 * the page table lock keep them from being freed and memory from going offline,
 * but they also keep an error from being confirmed, here and by others: they
 * are dropped before that. Preemption stays off while they are held, since
 * others should not have to wait until this task runs again.
 *
 * Then memory has to be kept from going offline, but not by get_online_mems(), for
 * which the task would wait while memory goes offline. That may be waiting for a
 * folio that is being read, and for the task: a server in user space that has to
 * provide its content (FUSE). So tasks begin nothing while memory goes offline, and
 * it does not begin to before they have ended what they began; that waits for nobody
 * who could wait for them. What they do not get to is found again.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/pgsa.h>
#include <linux/rculist.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/task_work.h>

#include "verify.h"

/* Checks that begin anew, since the task lost its CPU meanwhile */
#define PGSA_SWITCH_RESTARTS	2

/* For the error to be confirmed, while others hold the folio */
#define PGSA_SETTLE_TRIES	10
#define PGSA_SETTLE_SLEEP_US	50

/**
 * struct pgsa_switcher - a live policy that verifies in the tasks themselves
 * @node: on the list of all, under RCU
 * @policy: the policy
 * @search: what is needed to confirm and repair
 */
struct pgsa_switcher {
	struct list_head node;
	struct pgsa_policy *policy;
	/** @mutex: protects @search; inside pgsa_offline_sem */
	struct mutex mutex;
	struct pgsa_search *search;
};

DEFINE_STATIC_KEY_FALSE(pgsa_schedule_key);

/* Protects the number. Not held in between, for notifiers have a lock of their own. */
static DECLARE_RWSEM(pgsa_offline_sem);
static struct pgsa_setting pgsa_going_offline;

static LIST_HEAD(pgsa_switchers);
static DEFINE_MUTEX(pgsa_switchers_lock);	/* for changes of the list */
DEFINE_STATIC_SRCU(pgsa_switch_srcu);		/* for readers; they may sleep */

/* Pages from one step of the walk, each with a reference. */
struct pgsa_batch {
	struct page *pages[PGSA_ROUND_BATCH];
	unsigned long wrong[PGSA_ROUND_BATCH];
	unsigned int max;
	unsigned int nr;
	unsigned int nr_wrong;
	unsigned int checked;
};

static bool pgsa_batch_add(struct page *page, void *arg)
{
	struct pgsa_batch *batch = arg;

	if (batch->nr == batch->max)
		return false;
	get_page(page);
	batch->pages[batch->nr++] = page;
	return true;
}

/* Verifies and drops the pages; keeps the numbers of those that do not match. */
static void pgsa_batch_verify(struct pgsa_batch *batch)
{
	unsigned int i;
	int ret;

	for (i = 0; i < batch->nr; i++) {
		struct page *page = batch->pages[i];

		ret = pgsa_page_matches(page);
		if (ret < 0)
			batch->wrong[batch->nr_wrong++] = page_to_pfn(page);
		batch->checked += ret && ret != -EAGAIN;
		put_page(page);
	}
}

/* Is there nothing (more) to be repaired? */
static bool pgsa_settled(struct page *page)
{
	struct folio *folio = pgsa_page_hold(page);
	bool settled;

	if (!folio)
		return true;
	settled = pgsa_page_matches(page) >= 0;
	folio_put(folio);
	return settled;
}

/* A frame that is no longer sealed by now is claimed by the visit. */
static bool pgsa_settle_once(struct pgsa_switcher *switcher, unsigned long pfn)
{
	struct pgsa_search *search = switcher->search;
	struct page *page = pfn_to_online_page(pfn);
	struct pgsa_finding finding = { .result = PGSA_NO_ERROR };

	if (!page || pgsa_settled(page))
		return true;
	mutex_lock(&switcher->mutex);
	search->finding = &finding;
	pgsa_visit(search, pfn);
	pgsa_seal_abandon(search);
	mutex_unlock(&switcher->mutex);
	pgsa_tell(switcher->policy, &finding);
	return pgsa_settled(page);
}

/* Does no memory go offline until up_read()? */
static bool pgsa_keep_online(void)
{
	if (!down_read_trylock(&pgsa_offline_sem))
		return false;
	if (!pgsa_setting_get(&pgsa_going_offline))
		return true;
	up_read(&pgsa_offline_sem);
	return false;
}

/*
 * A frame does not match. Have it confirmed, repaired and reported before user
 * code sees it; but if its folio is not to be had, not at any price, and if that
 * is known, at none.
 */
static void pgsa_settle(struct pgsa_switcher *switcher, unsigned long pfn)
{
	unsigned int tries = PGSA_SETTLE_TRIES;

	if (!pgsa_keep_online()) {
		pgsa_stat_add(switcher->policy, PGSA_STAT_CHECKS_SKIPPED, 1);
		return;
	}
	if (pgsa_unconfirmed_waits(pfn, pgsa_wants_pagecache(switcher->policy)))
		tries = 0;
	while (tries && !pgsa_settle_once(switcher, pfn) && --tries)
		usleep_range(PGSA_SETTLE_SLEEP_US, 2 * PGSA_SETTLE_SLEEP_US);
	up_read(&pgsa_offline_sem);
}

/* When others object, that is told even if it has not been told before. */
static int pgsa_memory_notify(struct notifier_block *block,
			      unsigned long action, void *arg)
{
	switch (action) {
	case MEM_GOING_OFFLINE:
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		down_write(&pgsa_offline_sem);
		pgsa_setting_set(&pgsa_going_offline,
				 action == MEM_GOING_OFFLINE);
		up_write(&pgsa_offline_sem);
		break;
	}
	return NOTIFY_OK;
}

static int __init pgsa_switch_init(void)
{
	return pgsa_on() ? hotplug_memory_notifier(pgsa_memory_notify,
						   DEFAULT_CALLBACK_PRI) : 0;
}
subsys_initcall(pgsa_switch_init);

/* The next pages: at most a batch, and those of a bounded number of tables. */
static int pgsa_switch_step(struct pgsa_switcher *switcher,
			    struct pgsa_round *round, unsigned int *nr)
{
	struct pgsa_batch batch = { .max = pgsa_round_batch(round) };
	unsigned int i;
	int more;

	pgsa_preempt_disable();
	more = pgsa_walk_mm(current->mm, &round->address, pgsa_batch_add,
			    &batch);
	pgsa_batch_verify(&batch);
	pgsa_preempt_enable();

	for (i = 0; i < batch.nr_wrong; i++)
		pgsa_settle(switcher, batch.wrong[i]);
	pgsa_stat_add(switcher->policy, PGSA_STAT_FRAMES_CHECKED,
		      batch.checked);
	*nr = batch.nr;
	return more;
}

/* Verifies the task's next frames; returns where to go on. */
static unsigned long pgsa_switch_check(struct pgsa_switcher *switcher,
				       unsigned long address,
				       unsigned int frames)
{
	struct pgsa_round round;
	unsigned int nr;
	int more;

	pgsa_round_begin(&round, address, frames);
	do {
		more = pgsa_switch_step(switcher, &round, &nr);
	} while (pgsa_round_goes_on(&round, more, nr));
	if (more == -EAGAIN)
		pgsa_stat_add(switcher->policy, PGSA_STAT_CHECKS_SKIPPED, 1);
	return round.address;
}

/*
 * The first policy that has the task, and the most frames that any one wants
 * that has it. Such a policy stays until srcu_read_unlock().
 */
static struct pgsa_switcher *pgsa_switcher_of(struct task_struct *task,
					      unsigned int *frames)
{
	struct pgsa_switcher *switcher, *first = NULL;

	*frames = 0;
	list_for_each_entry_srcu(switcher, &pgsa_switchers, node,
				 srcu_read_lock_held(&pgsa_switch_srcu)) {
		if (!pgsa_targets_have(switcher->policy, task))
			continue;
		*frames = max(*frames,
			      pgsa_setting_get(&switcher->policy->frames_per_switch));
		first = first ?: switcher;
	}
	return first;
}

/* Once more, if the task was not on its CPU all the time? */
static bool pgsa_switch_done(struct task_struct *task, unsigned long switches,
			     bool last)
{
	/* A switch after this look finds the work not queued. */
	guard(preempt)();
	if (!last && task->nvcsw + task->nivcsw != switches)
		return false;
	WRITE_ONCE(task->pgsa.work.next, &task->pgsa.work);
	return true;
}

static void pgsa_switch_repeat(struct task_struct *task)
{
	unsigned long switches, address = task->pgsa.address;
	unsigned int restarts = 0, frames;
	struct pgsa_switcher *switcher;
	u64 begin_ns;
	int idx;

	do {
		switches = task->nvcsw + task->nivcsw;
		begin_ns = local_clock();
		idx = srcu_read_lock(&pgsa_switch_srcu);
		switcher = pgsa_switcher_of(task, &frames);
		if (frames) {
			task->pgsa.address = pgsa_switch_check(switcher,
							       address, frames);
			pgsa_stat_add(switcher->policy, PGSA_STAT_CPU_NS,
				      local_clock() - begin_ns);
		}
		srcu_read_unlock(&pgsa_switch_srcu, idx);
	} while (!pgsa_switch_done(task, switches,
				   restarts++ == PGSA_SWITCH_RESTARTS));
}

/* The address space is gone before the last works of a task run. */
static void pgsa_switch_work(struct callback_head *work)
{
	struct task_struct *task = container_of(work, struct task_struct,
						pgsa.work);

	if (!(task->flags & PF_EXITING))
		pgsa_switch_repeat(task);
}

/*
 * Not for those who never return to user mode. Fails for tasks that have no
 * more use for it.
 */
void __pgsa_sched_in(struct task_struct *task)
{
	struct callback_head *work = &task->pgsa.work;

	if (!task->mm || READ_ONCE(work->next) != work ||
	    task->flags & (PF_KTHREAD | PF_USER_WORKER | PF_EXITING))
		return;
	task_work_add(task, work, TWA_RESUME | TWAF_NO_ALLOC);
}

/**
 * pgsa_task_init - prepare a task that is a copy of its parent
 * @task: the task, which has not run yet
 *
 * Context: Any context.
 */
void pgsa_task_init(struct task_struct *task)
{
	init_task_work(&task->pgsa.work, pgsa_switch_work);
	task->pgsa.work.next = &task->pgsa.work;
}

/**
 * pgsa_switch_start - let tasks verify their frames when they are switched in
 * @policy: the policy, locked, which goes live
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pgsa_switch_start(struct pgsa_policy *policy)
{
	struct pgsa_switcher *switcher = kzalloc(sizeof(*switcher), GFP_KERNEL);

	lockdep_assert_held(&policy->lock);
	if (!switcher)
		return -ENOMEM;
	switcher->search = pgsa_search_alloc(policy);
	if (!switcher->search) {
		kfree(switcher);
		return -ENOMEM;
	}
	switcher->policy = policy;
	mutex_init(&switcher->mutex);
	scoped_guard(mutex, &pgsa_switchers_lock)
		list_add_tail_rcu(&switcher->node, &pgsa_switchers);
	static_branch_inc(&pgsa_schedule_key);
	return 0;
}

static struct pgsa_switcher *pgsa_switcher_take(struct pgsa_policy *policy)
{
	struct pgsa_switcher *switcher;

	guard(mutex)(&pgsa_switchers_lock);
	list_for_each_entry(switcher, &pgsa_switchers, node) {
		if (switcher->policy != policy)
			continue;
		list_del_rcu(&switcher->node);
		return switcher;
	}
	return NULL;
}

/**
 * pgsa_switch_stop - end what pgsa_switch_start() began
 * @policy: the policy, locked
 *
 * Context: Process context; sleeps until no task is at a check for it.
 */
void pgsa_switch_stop(struct pgsa_policy *policy)
{
	struct pgsa_switcher *switcher = pgsa_switcher_take(policy);

	lockdep_assert_held(&policy->lock);
	if (WARN_ON_ONCE(!switcher))
		return;
	static_branch_dec(&pgsa_schedule_key);
	synchronize_srcu(&pgsa_switch_srcu);
	pgsa_search_free(switcher->search);
	mutex_destroy(&switcher->mutex);
	kfree(switcher);
}
