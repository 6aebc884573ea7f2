// SPDX-License-Identifier: GPL-2.0
/*
 * What a policy counts: on each CPU for itself, and summed up for who reads it.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <kunit/visibility.h>

#include "pgsa.h"

/**
 * pgsa_stats_init - let a policy count
 * @policy: the policy, zeroed
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pgsa_stats_init(struct pgsa_policy *policy)
{
	policy->counts = alloc_percpu(struct pgsa_counts);
	return policy->counts ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_stats_init);

/**
 * pgsa_stats_exit - end what pgsa_stats_init() began
 * @policy: the policy; nobody counts for it any more
 *
 * Context: Process context.
 */
void pgsa_stats_exit(struct pgsa_policy *policy)
{
	free_percpu(policy->counts);
	policy->counts = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_stats_exit);

/**
 * pgsa_stat_read - what a policy has counted
 * @policy: the policy
 * @stat: what
 *
 * CPUs that count meanwhile are read at different moments: the sum is one that
 * the count had some time between the beginning of the call and its end.
 *
 * Context: Any context.
 * Return: the sum of all CPUs, or the value that was set last.
 */
u64 pgsa_stat_read(const struct pgsa_policy *policy, enum pgsa_stat stat)
{
	u64 sum = atomic64_read(&policy->values[stat]);
	int cpu;

	/* A CPU that has gone offline has counted before. */
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(policy->counts, cpu)->nr[stat]);
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_stat_read);
