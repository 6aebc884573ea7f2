// SPDX-License-Identifier: GPL-2.0
/*
 * Pacing of a searcher by the CPU time it has really used: a leaky bucket.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "pgsa.h"

/*
 * Share that was not used, since the thread had nothing to do or no CPU, may be
 * made up for, but only this much CPU time of it in one go.
 */
#define PGSA_CREDIT_MAX_NS	(5 * NSEC_PER_MSEC)

/*
 * No thread uses more between two looks. A larger debt is a damaged number, or was
 * made by one, which must not put the next cycle off for minutes.
 */
#define PGSA_DEBT_MAX_NS	((s64)(100 * NSEC_PER_MSEC))

/**
 * pgsa_governor_start - begin to count
 * @governor: the governor
 * @wall_ns: the time, in ns
 * @cpu_ns: CPU time used so far by the thread, in ns
 *
 * Context: Any context.
 */
void pgsa_governor_start(struct pgsa_governor *governor, u64 wall_ns,
			 u64 cpu_ns)
{
	*governor = (struct pgsa_governor) {
		.wall_ns = wall_ns, .cpu_ns = cpu_ns,
	};
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_governor_start);

/**
 * pgsa_governor_pause - how long must the thread sleep now?
 * @governor: the governor
 * @wall_ns: the time, in ns
 * @cpu_ns: CPU time used so far by the thread, in ns
 * @permille: its share of one CPU, 0 for unlimited
 *
 * Context: Any context; one caller at a time.
 * Return: time to sleep in ns, 0 to go on.
 */
u64 pgsa_governor_pause(struct pgsa_governor *governor, u64 wall_ns,
			u64 cpu_ns, unsigned int permille)
{
	u64 earned_ns = mul_u64_u64_div_u64(wall_ns - governor->wall_ns,
					    permille, PGSA_PERMILLE_MAX);

	governor->debt_ns += cpu_ns - governor->cpu_ns;
	governor->debt_ns -= earned_ns;
	governor->debt_ns = clamp_t(s64, governor->debt_ns, -PGSA_CREDIT_MAX_NS,
				    PGSA_DEBT_MAX_NS);
	governor->wall_ns = wall_ns;
	governor->cpu_ns = cpu_ns;

	if (!permille)
		governor->debt_ns = 0;
	if (governor->debt_ns <= 0)
		return 0;
	return div_u64(governor->debt_ns * PGSA_PERMILLE_MAX, permille);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_governor_pause);
