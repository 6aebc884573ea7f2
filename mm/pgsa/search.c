// SPDX-License-Identifier: GPL-2.0
/*
 * The searchers: a policy's threads kpgsad/<policy>, which ask the strategy for
 * frames, visit them, and sleep as their governor says.
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
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <uapi/linux/sched/types.h>
#include <trace/events/pgsa.h>

#include "pgsa.h"

#define KPGSAD_STEP_NS		(50 * NSEC_PER_USEC)
#define KPGSAD_LOOK_FRAMES	8	/* between two looks at the clock */
#define KPGSAD_BATCH_NS		(20 * NSEC_PER_MSEC)
#define KPGSAD_GRACE_NS		(100 * NSEC_PER_MSEC)
#define KPGSAD_CLAIM_AGE_NS	NSEC_PER_SEC
#define KPGSAD_RETRY_NS		(200 * NSEC_PER_USEC)
#define KPGSAD_SLEEP_MIN_NS	(500 * NSEC_PER_USEC)
#define KPGSAD_DRAIN_NS		NSEC_PER_SEC

/*
 * Sleep, but not longer than until the policy stops or a limit changes. The
 * caller has set the task's state before it looked at the limits, so that no
 * change is missed.
 */
static void kpgsad_sleep(u64 ns)
{
	ktime_t timeout = ns_to_ktime(ns);

	if (ns == PGSA_CREW_WAIT && !kthread_should_stop())
		schedule();
	else if (ns && !kthread_should_stop())
		schedule_hrtimeout_range(&timeout, min(ns >> 4, NSEC_PER_MSEC),
					 HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
}

/* Pages wait in per-CPU LRU caches, with a reference that we refuse. */
static void kpgsad_drain(struct pgsa_crew *crew)
{
	u64 now = ktime_get_ns();
	bool due;

	scoped_guard(spinlock, &crew->lock) {
		due = now - crew->drain_ns > KPGSAD_DRAIN_NS;
		if (due)
			crew->drain_ns = now;
	}
	if (due)
		lru_add_drain_all();
}

static u64 kpgsad_interval_ns(const struct pgsa_search *search)
{
	return READ_ONCE(search->policy->interval_ms) * NSEC_PER_MSEC;
}

/* Wait until there is a cycle to take part in; false if we are to stop. */
static bool kpgsad_join(struct pgsa_search *search)
{
	u64 ns;

	search->done = (struct pgsa_tally) {};
	while (!kthread_freezable_should_stop(NULL)) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		ns = pgsa_crew_join(search->crew, ktime_get_ns(),
				    kpgsad_interval_ns(search));
		if (!ns) {
			__set_current_state(TASK_RUNNING);
			kpgsad_drain(search->crew);
			return true;
		}
		kpgsad_sleep(ns);
	}
	return false;
}

/* Account the CPU time used; returns how long the governor lets us sleep. */
static u64 kpgsad_account(struct pgsa_search *search)
{
	u64 now_ns = task_sched_runtime(current);
	u64 used_ns = now_ns - search->cpu_ns;

	search->cpu_ns = now_ns;
	pgsa_stat_add(search->policy, PGSA_STAT_CPU_NS, used_ns);
	return pgsa_crew_pause(search->crew, ktime_get_ns(), used_ns,
			       READ_ONCE(search->policy->cpu_permille));
}

/*
 * Sleep as long as the governor says, and @ns at least. Less than is worth the
 * switches is put off: the governor remembers it.
 */
static void kpgsad_pause(struct pgsa_search *search, u64 ns)
{
	u64 governed_ns;

	set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	governed_ns = kpgsad_account(search);
	if (governed_ns >= KPGSAD_SLEEP_MIN_NS)
		ns = max(ns, governed_ns);
	kpgsad_sleep(ns);
}

static void kpgsad_leave(struct pgsa_search *search)
{
	struct pgsa_policy *policy = search->policy;
	struct pgsa_report report;

	if (!pgsa_crew_leave(search->crew, ktime_get_ns(), &search->done,
			     &report))
		return;
	if (pgsa_code_stored(policy->correct))
		pgsa_store_trim(policy->correct);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_FRAMES,
		      report.total.checked);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_NS, report.ns);
	pgsa_stat_add(policy, PGSA_STAT_CYCLES, 1);
	trace_pgsa_cycle(pgsa_policy_name(policy), report.total.frames,
			 report.total.checked, report.ns, report.cpu_ns);
	pgsa_search_wake(search->crew);
}

static bool kpgsad_rests(const struct pgsa_search *search)
{
	return kpgsad_interval_ns(search) > KPGSAD_BATCH_NS;
}

static bool kpgsad_full(const struct pgsa_search *search)
{
	return search->nr_claims > PGSA_CLAIMS_MAX - PGSA_CHUNK_FRAMES;
}

/*
 * Claims share the costs of sealing, so they wait for others, but not for long.
 * We wait for the grace period only when there is nothing else to do.
 */
static void kpgsad_begin_sealing(struct pgsa_search *search, bool over)
{
	u64 age_ns = ktime_get_ns() - search->first_claim_ns;
	bool now = kpgsad_full(search) || (over && kpgsad_rests(search));

	if (!search->nr_claims)
		return;
	if (!search->nr_waiting &&
	    (now || age_ns > KPGSAD_CLAIM_AGE_NS ||
	     (over && age_ns > KPGSAD_BATCH_NS)))
		pgsa_seal_begin(search);
	if (now || age_ns > KPGSAD_CLAIM_AGE_NS + KPGSAD_GRACE_NS)
		pgsa_seal_wait(search);
}

/* Memory may have gone offline since the frame was taken. */
static void kpgsad_visit_next(struct pgsa_search *search)
{
	unsigned long pfn = search->pfns[search->next_pfn++];

	if (search->next_pfn < search->nr_pfns &&
	    pfn_to_online_page(search->pfns[search->next_pfn]))
		pgsa_prefetch(search->pfns[search->next_pfn]);
	if (pfn_to_online_page(pfn))
		pgsa_visit(search, pfn);
	if (search->hurt) {
		search->hurt = false;
		pgsa_targets_hurt(search->policy, pfn);
	}
	search->done.frames++;
}

/*
 * Visit the next frames. Returns 0 at the end of the cycle, -EAGAIN if there are
 * none just now.
 */
static int kpgsad_visit(struct pgsa_search *search, u64 until_ns)
{
	if (search->next_pfn == search->nr_pfns) {
		int ret = pgsa_crew_take(search->crew, search->pfns,
					 PGSA_CHUNK_FRAMES);

		if (ret <= 0)
			return ret;
		search->nr_pfns = ret;
		search->next_pfn = 0;
	}
	do {
		kpgsad_visit_next(search);
		cond_resched();
	} while (search->next_pfn < search->nr_pfns &&
		 (search->next_pfn % KPGSAD_LOOK_FRAMES ||
		  local_clock() < until_ns));
	return 1;
}

/*
 * A bounded piece of work: seal what has waited long enough, else visit frames.
 * Returns as kpgsad_visit().
 */
static int kpgsad_step(struct pgsa_search *search)
{
	u64 checked = search->done.checked;
	u64 until_ns = local_clock() + KPGSAD_STEP_NS;
	int ret = 1;

	get_online_mems();
	if (!pgsa_seal_step(search, until_ns)) {
		if (!kpgsad_full(search))
			ret = kpgsad_visit(search, until_ns);
		kpgsad_begin_sealing(search, !ret);
	}
	put_online_mems();
	pgsa_stat_add(search->policy, PGSA_STAT_FRAMES_CHECKED,
		      search->done.checked - checked);
	return ret;
}

/* Before a long rest, all that was claimed in the cycle is sealed. */
static void kpgsad_cycle(struct pgsa_search *search)
{
	int ret;

	while (!kthread_freezable_should_stop(NULL)) {
		ret = kpgsad_step(search);
		if (!ret && !(search->nr_claims && kpgsad_rests(search)))
			break;
		kpgsad_pause(search, ret == -EAGAIN ? KPGSAD_RETRY_NS : 0);
	}
	/* A cycle without frames costs no time that the governor could see. */
	kpgsad_pause(search, search->done.frames ? 0 : KPGSAD_SLEEP_MIN_NS);
	kpgsad_leave(search);
}

static int kpgsad(void *data)
{
	struct pgsa_search *search = data;

	set_freezable();
	while (kpgsad_join(search))
		kpgsad_cycle(search);
	get_online_mems();
	pgsa_seal_abandon(search);
	put_online_mems();
	kpgsad_account(search);
	return 0;
}

/**
 * pgsa_search_free - free a searcher that no longer runs
 * @search: the search, or NULL
 *
 * Context: Process context, may sleep.
 */
void pgsa_search_free(struct pgsa_search *search)
{
	if (!search)
		return;
	if (pgsa_code_stored(search->policy->correct))
		pgsa_store_close(search->policy->correct);
	kfree(search->damaged);
	kfree(search->repaired);
	kvfree(search);
}

/**
 * pgsa_search_alloc - make a searcher without a thread
 * @policy: the policy it works for, locked
 *
 * Context: Process context, may sleep.
 * Return: the search, or NULL if there is no memory.
 */
struct pgsa_search *pgsa_search_alloc(struct pgsa_policy *policy)
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
	search->detect_id = pgsa_code_id(policy->detect);
	search->correct_id = pgsa_code_id(policy->correct);
	search->damaged = kmalloc(PAGE_SIZE, GFP_KERNEL);
	search->repaired = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (search->damaged && search->repaired)
		return search;
	pgsa_search_free(search);
	return NULL;
}

/*
 * A named share is to be had on a busy machine, too, where SCHED_IDLE gets next
 * to nothing. Without limit the searcher only takes what nobody wants.
 */
static void kpgsad_set_class(struct task_struct *thread, unsigned int permille)
{
	struct sched_param param = {};

	sched_setscheduler_nocheck(thread, permille ? SCHED_NORMAL : SCHED_IDLE,
				   &param);
}

static int kpgsad_create(struct pgsa_crew *crew, struct pgsa_policy *policy,
			 unsigned int nr)
{
	struct pgsa_search *search = pgsa_search_alloc(policy);
	const char *name = pgsa_policy_name(policy);
	struct task_struct *thread;

	if (!search)
		return -ENOMEM;
	thread = nr ? kthread_create(kpgsad, search, "kpgsad%u/%s", nr, name) :
		      kthread_create(kpgsad, search, "kpgsad/%s", name);
	if (IS_ERR(thread)) {
		pgsa_search_free(search);
		return PTR_ERR(thread);
	}
	search->crew = crew;
	search->thread = thread;
	crew->searches[nr] = search;
	kpgsad_set_class(thread, policy->cpu_permille);
	return 0;
}

/* The threads may have run or not. */
static void pgsa_crew_free(struct pgsa_crew *crew)
{
	unsigned int i;

	for (i = 0; i < crew->nr_searches && crew->searches[i]; i++)
		kthread_stop(crew->searches[i]->thread);
	for (i = 0; i < crew->nr_searches; i++)
		pgsa_search_free(crew->searches[i]);
	pgsa_walk_exit(&crew->cursor.walk);
	mutex_destroy(&crew->cursor_lock);
	kfree(crew);
}

static struct pgsa_crew *pgsa_crew_create(struct pgsa_policy *policy)
{
	unsigned int i, nr = policy->searchers;
	struct pgsa_crew *crew = kzalloc(struct_size(crew, searches, nr),
					 GFP_KERNEL);
	int ret;

	if (!crew)
		return ERR_PTR(-ENOMEM);
	crew->nr_searches = nr;
	pgsa_crew_init(crew, policy, ktime_get_ns());
	for (i = 0; i < nr; i++) {
		ret = kpgsad_create(crew, policy, i);
		if (ret) {
			pgsa_crew_free(crew);
			return ERR_PTR(ret);
		}
	}
	return crew;
}

/**
 * pgsa_search_start - start the searchers of a policy
 * @policy: the policy, locked, without searchers
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOMEM or -EINTR if there can be no thread, or what the strategy
 * returned when it refused; nothing has changed then.
 */
int pgsa_search_start(struct pgsa_policy *policy)
{
	const struct pgsa_strategy *strategy = policy->strategy;
	struct pgsa_crew *crew;
	int ret = 0;

	lockdep_assert_held(&policy->lock);
	crew = pgsa_crew_create(policy);
	if (IS_ERR(crew))
		return PTR_ERR(crew);
	if (strategy->start)
		ret = strategy->start(policy);
	if (ret) {
		pgsa_crew_free(crew);
		return ret;
	}
	policy->crew = crew;
	pgsa_search_wake(crew);
	return 0;
}

/**
 * pgsa_search_stop - stop the searchers of a policy
 * @policy: the policy, locked, with searchers
 *
 * Context: Process context; sleeps until each has finished its step.
 */
void pgsa_search_stop(struct pgsa_policy *policy)
{
	const struct pgsa_strategy *strategy = policy->strategy;

	lockdep_assert_held(&policy->lock);
	pgsa_crew_free(policy->crew);
	policy->crew = NULL;
	if (strategy->stop)
		strategy->stop(policy);
}

/**
 * pgsa_search_set_share - the share of a CPU has changed
 * @crew: the searchers, which are being kept from stopping
 * @permille: the share, 0 for unlimited
 *
 * Context: Process context, may sleep.
 */
void pgsa_search_set_share(struct pgsa_crew *crew, unsigned int permille)
{
	unsigned int i;

	for (i = 0; i < crew->nr_searches; i++)
		kpgsad_set_class(crew->searches[i]->thread, permille);
}

/**
 * pgsa_search_wake - a limit has changed, or a cycle is complete
 * @crew: the searchers, which are being kept from stopping
 *
 * Context: Any context.
 */
void pgsa_search_wake(struct pgsa_crew *crew)
{
	unsigned int i;

	for (i = 0; i < crew->nr_searches; i++)
		wake_up_process(crew->searches[i]->thread);
}
