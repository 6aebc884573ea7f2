// SPDX-License-Identifier: GPL-2.0
/*
 * The searchers: a policy's threads kpgsad/<policy>, which ask the strategy for
 * frames, visit them, and sleep as their governor says.
 */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/memory_hotplug.h>
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/swap.h>
#include <trace/events/pgsa.h>

#include "verify.h"

#define KPGSAD_STEP_NS		(50 * NSEC_PER_USEC)
#define KPGSAD_LOOK_FRAMES	8	/* between two looks at the clock */
#define KPGSAD_BATCH_NS		(20 * NSEC_PER_MSEC)
#define KPGSAD_GRACE_NS		(100 * NSEC_PER_MSEC)
#define KPGSAD_CLAIM_AGE_NS	NSEC_PER_SEC
#define KPGSAD_RETRY_NS		(200 * NSEC_PER_USEC)
#define KPGSAD_SLEEP_MIN_NS	(500 * NSEC_PER_USEC)
#define KPGSAD_BURST_NS		NSEC_PER_MSEC
#define KPGSAD_BURST_END_NS	(20 * NSEC_PER_USEC)
#define KPGSAD_PUT_OFF_NS	(100 * NSEC_PER_MSEC)
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

/*
 * Pages wait in per-CPU LRU caches, with a reference that we refuse. To empty them
 * wakes up a worker on each CPU: once in a while, for all policies. Others wait for
 * who does it.
 */
static void kpgsad_drain(struct pgsa_search *search)
{
	static atomic64_t drained_ns;	/* when it was done last */
	s64 last = atomic64_read(&drained_ns), now = ktime_get_ns();

	/* A time in the future is a damaged number. */
	if ((u64)(now - last) <= KPGSAD_DRAIN_NS ||
	    !atomic64_try_cmpxchg(&drained_ns, &last, now))
		return;
	pgsa_search_hurry(search, true);
	lru_add_drain_all();
	pgsa_search_hurry(search, false);
}

static u64 kpgsad_interval_ns(const struct pgsa_search *search)
{
	return pgsa_setting_get(&search->policy->interval_ms) * NSEC_PER_MSEC;
}

/* Wait until there is a cycle to take part in; false if we are to stop. */
static bool kpgsad_join(struct pgsa_search *search)
{
	u64 ns;

	search->done = (struct pgsa_tally) {};
	pgsa_settings_mend(search->policy);
	pgsa_search_set_codes(search);
	while (!kthread_freezable_should_stop(NULL)) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		ns = pgsa_crew_join(search->crew, ktime_get_ns(),
				    kpgsad_interval_ns(search));
		if (!ns) {
			__set_current_state(TASK_RUNNING);
			search->turn++;
			kpgsad_drain(search);
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
			       pgsa_setting_get(&search->policy->cpu_permille));
}

/*
 * Sleep as long as the governor says, and @ns at least. To sleep costs others some
 * microseconds, of timer and switches, that no share pays for, and ourselves what
 * is in the caches. So less than what @burst_ns of work have to pay for is put off,
 * but not beyond a tenth of a second: the governor remembers it, and a small share is
 * used up in fewer and longer pieces.
 */
static void kpgsad_pause(struct pgsa_search *search, u64 ns, u64 burst_ns)
{
	unsigned int permille = pgsa_setting_get(&search->policy->cpu_permille);
	u64 governed_ns, least_ns;

	least_ns = div_u64(burst_ns * PGSA_PERMILLE_MAX, max(permille, 1U));
	least_ns = clamp(least_ns, KPGSAD_SLEEP_MIN_NS, KPGSAD_PUT_OFF_NS);
	set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	governed_ns = kpgsad_account(search);
	if (governed_ns >= least_ns)
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
	pgsa_unconfirmed_trim(search);
	if (policy->strategy->visits_all && report.round)
		pgsa_census_publish(&report.total.census);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_FRAMES,
		      report.total.checked);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_NS, report.ns);
	pgsa_stat_add(policy, PGSA_STAT_CYCLES, 1);
	trace_pgsa_cycle(pgsa_policy_name(policy), report.total.frames,
			 report.total.checked, report.ns, report.cpu_ns);
	pgsa_search_wake(search->crew);
}

/* Is a cycle to end with all sealed that was claimed in it? */
static bool kpgsad_rests(const struct pgsa_search *search)
{
	return kpgsad_interval_ns(search) > KPGSAD_BATCH_NS ||
	       !pgsa_setting_get(&search->policy->cpu_permille);
}

/* Are there frames left? No more than have room, whatever the numbers say. */
static bool kpgsad_left(const struct pgsa_search *search)
{
	return search->next_pfn < search->nr_pfns &&
	       search->nr_pfns <= PGSA_CHUNK_FRAMES;
}

static bool kpgsad_full(const struct pgsa_search *search)
{
	return search->nr_claims > pgsa_claims_max() - PGSA_CHUNK_FRAMES;
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

/**
 * pgsa_search_tell - pgsa_tell() of what a searcher has found
 * @search: the search
 * @finding: as there
 *
 * To tell of an error takes the folio's lock, and those of the reverse mapping.
 *
 * Context: As pgsa_tell().
 */
void pgsa_search_tell(struct pgsa_search *search,
		      const struct pgsa_finding *finding)
{
	/* Without a crew we are in the thread of somebody else. */
	bool hurry = search->crew && finding->result != PGSA_NO_ERROR;

	if (hurry)
		pgsa_search_hurry(search, true);
	pgsa_tell(search->policy, finding);
	if (hurry)
		pgsa_search_hurry(search, false);
}

/* Memory may have gone offline since the frame was taken. */
static void kpgsad_visit_next(struct pgsa_search *search)
{
	unsigned long pfn = search->pfns[search->next_pfn++];
	struct pgsa_finding finding = { .result = PGSA_NO_ERROR };

	search->finding = &finding;
	if (kpgsad_left(search) && search->purpose != PGSA_VISIT_DISCOVER &&
	    pfn_to_online_page(search->pfns[search->next_pfn]))
		pgsa_prefetch(search->pfns[search->next_pfn]);
	if (pfn_to_online_page(pfn))
		pgsa_visit(search, pfn);
	pgsa_search_tell(search, &finding);
	search->done.frames++;
}

/*
 * Visit the next frames. Returns 0 at the end of the cycle, -EAGAIN if there are
 * none just now.
 */
static int kpgsad_visit(struct pgsa_search *search, u64 until_ns)
{
	if (!kpgsad_left(search)) {
		int ret = pgsa_crew_take(search->crew, search->pfns,
					 PGSA_CHUNK_FRAMES, &search->purpose);

		if (ret <= 0)
			return ret;
		search->nr_pfns = ret;
		search->next_pfn = 0;
	}
	do {
		kpgsad_visit_next(search);
		cond_resched();
	} while (kpgsad_left(search) &&
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

	if (pgsa_code_stored(search->policy->correct))
		pgsa_store_trim(search->policy->correct);
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

/*
 * One small step after the other, until there is no more to be done. A cycle that
 * is broken off is not left, for it must not pass for a complete one.
 */
static void kpgsad_cycle(struct pgsa_search *search)
{
	int ret;

	for (;;) {
		if (kthread_freezable_should_stop(NULL))
			return;
		ret = kpgsad_step(search);
		if (!ret && !(search->nr_claims && kpgsad_rests(search)))
			break;
		kpgsad_pause(search, ret == -EAGAIN ? KPGSAD_RETRY_NS : 0,
			     KPGSAD_BURST_NS);
	}
	/*
	 * A cycle without frames costs no time that the governor could see. One of
	 * few frames is over early, and the next not put off for long: they have
	 * been chosen to be looked at often.
	 */
	kpgsad_pause(search, search->done.frames ? 0 : KPGSAD_SLEEP_MIN_NS,
		     KPGSAD_BURST_END_NS);
	kpgsad_leave(search);
}

/**
 * kpgsad - what the thread of a searcher does
 * @data: the search
 *
 * Context: The thread.
 * Return: 0.
 */
int kpgsad(void *data)
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
