// SPDX-License-Identifier: GPL-2.0
/*
 * The searcher: a policy's thread kpgsad/<policy>, which asks the strategy for
 * frames, visits them, and sleeps as its governor says.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/memory_hotplug.h>
#include <linux/printk.h>
#include <linux/sched/cputime.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <uapi/linux/sched/types.h>
#include <trace/events/pgsa.h>

#include "pgsa.h"

#define KPGSAD_STEP_FRAMES	64	/* between two looks at the clock */
#define KPGSAD_CLAIM_AGE_NS	NSEC_PER_SEC
#define KPGSAD_DRAIN_NS		NSEC_PER_SEC

static u64 kpgsad_cpu_ns(void)
{
	return task_sched_runtime(current);
}

/*
 * Sleep, but not longer than until the policy stops or a limit changes. The
 * caller has set the task's state before it looked at the limits, so that no
 * change is missed.
 */
static void kpgsad_sleep(u64 ns)
{
	ktime_t timeout = ns_to_ktime(ns);

	if (ns && !kthread_should_stop())
		schedule_hrtimeout_range(&timeout, min(ns >> 4, NSEC_PER_MSEC),
					 HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
}

static void kpgsad_begin_cycle(struct pgsa_search *search)
{
	search->cycle_ns = ktime_get_ns();
	search->cycle_cpu_ns = kpgsad_cpu_ns();
	search->cycle_frames = 0;
	search->cycle_checked = 0;

	/* Pages wait in per-CPU LRU caches, with a reference that we refuse. */
	if (search->cycle_ns - search->drain_ns > KPGSAD_DRAIN_NS) {
		lru_add_drain_all();
		search->drain_ns = search->cycle_ns;
	}
}

static void kpgsad_end_cycle(struct pgsa_search *search)
{
	struct pgsa_policy *policy = search->policy;
	u64 ns = ktime_get_ns() - search->cycle_ns;

	if (pgsa_code_stored(policy->correct))
		pgsa_store_trim(policy->correct);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_FRAMES, search->cycle_checked);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_NS, ns);
	pgsa_stat_add(policy, PGSA_STAT_CYCLES, 1);
	trace_pgsa_cycle(pgsa_policy_name(policy), search->cycle_frames,
			 search->cycle_checked, ns,
			 kpgsad_cpu_ns() - search->cycle_cpu_ns);
}

/* Wait until the next cycle may begin. */
static void kpgsad_rest(struct pgsa_search *search)
{
	u64 ns, interval_ns;

	while (!kthread_freezable_should_stop(NULL)) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		interval_ns = READ_ONCE(search->policy->interval_ms) *
			      NSEC_PER_MSEC;
		ns = ktime_get_ns() - search->cycle_ns;
		if (ns >= interval_ns)
			break;
		kpgsad_sleep(interval_ns - ns);
	}
	__set_current_state(TASK_RUNNING);
}

/*
 * Visit the next frames. Claims wait for others, to share the costs of sealing,
 * but not for long. Returns false at the end of a cycle.
 */
static bool kpgsad_step(struct pgsa_search *search)
{
	unsigned long pfns[KPGSAD_STEP_FRAMES];
	unsigned int i, nr;

	get_online_mems();
	nr = search->policy->strategy->fill(&search->cursor, pfns,
					    ARRAY_SIZE(pfns));
	for (i = 0; i < nr; i++) {
		pgsa_visit(search, pfns[i]);
		cond_resched();
	}
	search->cycle_frames += nr;
	if (!nr || search->nr_claims > PGSA_CLAIMS_MAX - KPGSAD_STEP_FRAMES ||
	    (search->nr_claims &&
	     ktime_get_ns() - search->first_claim_ns > KPGSAD_CLAIM_AGE_NS))
		pgsa_seal_claimed(search);
	put_online_mems();

	return nr;
}

static void kpgsad_account(struct pgsa_search *search)
{
	pgsa_stat_set(search->policy, PGSA_STAT_CPU_NS,
		      search->cpu_ns_before + kpgsad_cpu_ns());
}

/* Sleep as long as the governor says. */
static void kpgsad_pause(struct pgsa_search *search)
{
	u64 ns;

	set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	ns = pgsa_governor_pause(&search->governor, ktime_get_ns(),
				 kpgsad_cpu_ns(),
				 READ_ONCE(search->policy->cpu_permille));
	if (ns)
		kpgsad_account(search);
	kpgsad_sleep(ns);
}

static int kpgsad(void *data)
{
	struct pgsa_search *search = data;

	set_freezable();
	pgsa_governor_start(&search->governor, ktime_get_ns(), kpgsad_cpu_ns());
	kpgsad_begin_cycle(search);
	while (!kthread_freezable_should_stop(NULL)) {
		if (!kpgsad_step(search)) {
			kpgsad_end_cycle(search);
			kpgsad_account(search);
			kpgsad_rest(search);
			kpgsad_begin_cycle(search);
		}
		kpgsad_pause(search);
	}
	get_online_mems();
	pgsa_seal_abandon(search);
	put_online_mems();
	kpgsad_account(search);
	return 0;
}

static void pgsa_search_free(struct pgsa_search *search)
{
	if (!search)
		return;
	if (pgsa_code_stored(search->policy->correct))
		pgsa_store_close(search->policy->correct);
	kfree(search->damaged);
	kfree(search->repaired);
	kvfree(search);
}

static struct pgsa_search *pgsa_search_alloc(struct pgsa_policy *policy)
{
	struct pgsa_search *search = kvzalloc(sizeof(*search), GFP_KERNEL);

	if (!search)
		return NULL;
	if (pgsa_code_stored(policy->correct) &&
	    pgsa_store_open(policy->correct)) {
		kvfree(search);
		return NULL;
	}
	search->policy = policy;
	search->cpu_ns_before = policy->stats[PGSA_STAT_CPU_NS];
	search->detect_id = pgsa_code_id(policy->detect);
	search->correct_id = pgsa_code_id(policy->correct);
	search->damaged = kmalloc(PAGE_SIZE, GFP_KERNEL);
	search->repaired = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (search->damaged && search->repaired)
		return search;
	pgsa_search_free(search);
	return NULL;
}

/**
 * pgsa_search_start - start the searcher of a policy
 * @policy: the policy, locked, without a searcher
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOMEM or -EINTR if there can be no thread; nothing has changed
 * then.
 */
int pgsa_search_start(struct pgsa_policy *policy)
{
	struct sched_param param = {};
	struct pgsa_search *search;

	lockdep_assert_held(&policy->lock);
	search = pgsa_search_alloc(policy);
	if (!search)
		return -ENOMEM;
	search->thread = kthread_create(kpgsad, search, "kpgsad/%s",
					pgsa_policy_name(policy));
	if (IS_ERR(search->thread)) {
		int ret = PTR_ERR(search->thread);

		pgsa_search_free(search);
		return ret;
	}
	sched_setscheduler_nocheck(search->thread, SCHED_IDLE, &param);
	policy->search = search;
	wake_up_process(search->thread);
	return 0;
}

/**
 * pgsa_search_stop - stop the searcher of a policy
 * @policy: the policy, locked, with a searcher
 *
 * Context: Process context; sleeps until the thread has finished its step.
 */
void pgsa_search_stop(struct pgsa_policy *policy)
{
	lockdep_assert_held(&policy->lock);
	kthread_stop(policy->search->thread);
	pgsa_search_free(policy->search);
	policy->search = NULL;
}

/**
 * pgsa_search_wake - a limit has changed
 * @search: the search, which is being kept from stopping
 *
 * Context: Any context.
 */
void pgsa_search_wake(struct pgsa_search *search)
{
	wake_up_process(search->thread);
}
