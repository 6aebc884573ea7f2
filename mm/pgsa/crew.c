// SPDX-License-Identifier: GPL-2.0
/*
 * What the searchers of a policy share: the strategy's cursor, the beginning and
 * the end of a cycle, and their share of a CPU.
 *
 * A searcher joins the cycle, takes frames until there are none, and leaves. Who
 * finds that there are none has ended the cycle for all, but each finishes what
 * it has taken. The cycle is complete when the last one has left, and only then
 * another begins.
 */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "pgsa.h"

/**
 * pgsa_crew_init - begin the first cycle
 * @crew: the crew, zeroed
 * @policy: its policy
 * @wall_ns: the time, in ns
 *
 * Context: Process context.
 */
void pgsa_crew_init(struct pgsa_crew *crew, struct pgsa_policy *policy,
		    u64 wall_ns)
{
	mutex_init(&crew->cursor_lock);
	spin_lock_init(&crew->lock);
	crew->strategy = policy->strategy;
	crew->cursor.policy = policy;
	pgsa_walk_init(&crew->cursor.walk);
	crew->cycle_ns = wall_ns;
	pgsa_governor_start(&crew->governor, wall_ns, 0);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_crew_init);

#define PGSA_BUSY	3U	/* one searcher in the count */

/*
 * Does anybody take part in the cycle? A count that is none is forgotten, rather
 * than waited for; then a cycle may pass for complete before all have left it.
 */
static bool pgsa_crew_busy(struct pgsa_crew *crew)
{
	if (crew->busy % PGSA_BUSY)
		crew->busy = 0;
	return crew->busy;
}

static void pgsa_cycle_begin(struct pgsa_crew *crew, u64 wall_ns)
{
	struct pgsa_census census = crew->cycle.census;

	crew->over = false;
	crew->cycle_ns = wall_ns;
	crew->cycle_cpu_ns = crew->cpu_ns;
	crew->cycle = (struct pgsa_tally) {};
	/* What is counted in many cycles goes on. */
	if (!crew->cursor.discovery.complete)
		crew->cycle.census = census;
}

/**
 * pgsa_crew_join - take part in the cycle, or in a new one
 * @crew: the crew
 * @wall_ns: the time, in ns
 * @interval_ns: least time from the beginning of a cycle to that of the next
 *
 * Context: Any context but interrupts.
 * Return: 0 when it is so; else how long to wait and to ask again, in ns, or
 * PGSA_CREW_WAIT until the last searcher has left the cycle and wakes us.
 */
u64 pgsa_crew_join(struct pgsa_crew *crew, u64 wall_ns, u64 interval_ns)
{
	u64 wait_ns = 0;

	spin_lock(&crew->lock);
	if (crew->over && pgsa_crew_busy(crew))
		wait_ns = PGSA_CREW_WAIT;
	/* One that has begun in the future is a damaged number. */
	else if (crew->over && wall_ns - crew->cycle_ns < interval_ns)
		wait_ns = crew->cycle_ns + interval_ns - wall_ns;
	else if (crew->over)
		pgsa_cycle_begin(crew, wall_ns);
	if (!wait_ns)
		crew->busy += PGSA_BUSY;
	spin_unlock(&crew->lock);
	return wait_ns;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_crew_join);

/**
 * pgsa_crew_take - take the next frames of the cycle
 * @crew: the crew, joined by the caller
 * @pfns: room for their numbers
 * @nr: so many at most
 * @purpose: takes what they are to be visited for
 *
 * Context: Process context, may sleep. Keeps memory from going offline.
 * Return: how many; -EAGAIN if the strategy has none just now; 0 if the cycle
 * is over and the caller has to leave.
 */
int pgsa_crew_take(struct pgsa_crew *crew, unsigned long *pfns,
		   unsigned int nr, enum pgsa_purpose *purpose)
{
	int ret;

	guard(mutex)(&crew->cursor_lock);
	/* It stays over until the caller, too, has left. */
	if (READ_ONCE(crew->over))
		return 0;
	ret = crew->strategy->fill(&crew->cursor, pfns, nr);
	*purpose = crew->cursor.purpose;
	if (!ret) {
		spin_lock(&crew->lock);
		WRITE_ONCE(crew->over, true);
		spin_unlock(&crew->lock);
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_crew_take);

/**
 * pgsa_crew_leave - leave a cycle that is over
 * @crew: the crew, joined by the caller
 * @wall_ns: the time, in ns
 * @done: what the caller did in this cycle
 * @report: what all have done who have left it, and how long it took
 *
 * Context: Any context but interrupts.
 * Return: true if the cycle is complete. Those who wait must be woken then.
 */
bool pgsa_crew_leave(struct pgsa_crew *crew, u64 wall_ns,
		     const struct pgsa_tally *done, struct pgsa_report *report)
{
	bool complete, round;

	spin_lock(&crew->lock);
	crew->cycle.frames += done->frames;
	crew->cycle.checked += done->checked;
	pgsa_census_add(&crew->cycle.census, &done->census);
	if (pgsa_crew_busy(crew))
		crew->busy -= PGSA_BUSY;
	complete = !crew->busy;
	/* All have left, so nobody is taking frames. */
	round = complete && crew->cursor.discovery.complete;
	if (round)
		pgsa_census_free(&crew->cycle.census, crew->cursor.free);
	*report = (struct pgsa_report) {
		.total = crew->cycle,
		.round = round,
		.ns = wall_ns - crew->cycle_ns,
		.cpu_ns = crew->cpu_ns - crew->cycle_cpu_ns,
	};
	spin_unlock(&crew->lock);
	return complete;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_crew_leave);

/**
 * pgsa_crew_pause - how long must a searcher sleep now?
 * @crew: the crew
 * @wall_ns: the time, in ns
 * @cpu_ns: CPU time that the searcher has used since it asked last, in ns
 * @permille: the share of one CPU for all searchers, 0 for unlimited
 *
 * Context: Any context but interrupts.
 * Return: time to sleep in ns, 0 to go on.
 */
u64 pgsa_crew_pause(struct pgsa_crew *crew, u64 wall_ns, u64 cpu_ns,
		    unsigned int permille)
{
	u64 pause_ns;

	spin_lock(&crew->lock);
	crew->cpu_ns += cpu_ns;
	/* A time in the future is a damaged number, and would stop us. */
	if (crew->governor.wall_ns > wall_ns + NSEC_PER_SEC)
		crew->governor.wall_ns = wall_ns;
	/* Another searcher may have read the clock later and come first. */
	pause_ns = pgsa_governor_pause(&crew->governor,
				       max(wall_ns, crew->governor.wall_ns),
				       crew->cpu_ns, permille);
	spin_unlock(&crew->lock);
	return pause_ns;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_crew_pause);
