// SPDX-License-Identifier: GPL-2.0
/*
 * What all policies together may take: each alone keeps to its own limits, and so
 * do many, to the end of the machine.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "pgsa.h"

#define PGSA_MEMORY_SHARE	64	/* one part of so many, for searchers */
#define PGSA_TARGET_BYTES	2048	/* with what configfs has for it */

static DEFINE_MUTEX(pgsa_limits_lock);	/* innermost of the mutexes; for all below */
static LIST_HEAD(pgsa_limited);		/* live policies, by pgsa_policy.limited */
static struct pgsa_setting pgsa_pagecache;	/* does any of them want it? */

static unsigned long pgsa_bytes_max(void)
{
	return (totalram_pages() << PAGE_SHIFT) / PGSA_MEMORY_SHARE;
}

static unsigned int pgsa_permille_max(void)
{
	return num_online_cpus() * PGSA_PERMILLE_MAX;
}

/* The strategy may have a search for tasks beside the threads. */
static struct pgsa_share pgsa_share_wanted(const struct pgsa_policy *policy)
{
	unsigned int searchers = pgsa_setting_get(&policy->searchers);
	unsigned int searches = searchers + policy->strategy->seals_only;

	return (struct pgsa_share) {
		.searchers = searchers,
		.permille = pgsa_setting_get(&policy->cpu_permille),
		.pagecache = pgsa_wants_pagecache(policy),
		.bytes = searches * pgsa_search_bytes(),
	};
}

/* Added up each time: a flipped bit in a sum would stay for ever. */
static struct pgsa_share pgsa_taken(void)
{
	struct pgsa_share sum = {};
	struct pgsa_policy *policy;

	list_for_each_entry(policy, &pgsa_limited, limited) {
		sum.searchers += policy->taken.searchers;
		sum.permille += policy->taken.permille;
		sum.pagecache |= policy->taken.pagecache;
		sum.bytes += policy->taken.bytes;
	}
	return sum;
}

static int pgsa_limits_check(struct pgsa_policy *policy,
			     const struct pgsa_share *want)
{
	const char *name = pgsa_policy_name(policy);
	struct pgsa_share taken = pgsa_taken();
	unsigned long bytes = taken.bytes + want->bytes;
	unsigned int permille = taken.permille + want->permille;
	unsigned int searchers = taken.searchers + want->searchers;

	if (want->searchers && searchers > PGSA_SEARCHERS_ALL_MAX) {
		pr_info("%s: enable refused: live policies would have %u searchers, at most %u are allowed\n",
			name, searchers, PGSA_SEARCHERS_ALL_MAX);
		return -ENOSPC;
	}
	if (want->permille && permille > pgsa_permille_max()) {
		pr_info("%s: refused: the cpu_permille of live policies would be %u in sum, at most %u are allowed (1000 for each online CPU)\n",
			name, permille, pgsa_permille_max());
		return -ENOSPC;
	}
	if (want->bytes && bytes > pgsa_bytes_max()) {
		pr_info("%s: enable refused: the searchers of live policies would take %lu KiB, at most %lu KiB are allowed (1/%u of memory)\n",
			name, bytes >> 10, pgsa_bytes_max() >> 10,
			PGSA_MEMORY_SHARE);
		return -ENOMEM;
	}
	return 0;
}

/**
 * pgsa_policies_want_pagecache - does any live policy have scope=pagecache?
 *
 * Context: Any context. The answer may be outdated at once.
 * Return: true if one has: unmapped page cache may be sealed then.
 */
bool pgsa_policies_want_pagecache(void)
{
	return pgsa_setting_get(&pgsa_pagecache);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policies_want_pagecache);

/**
 * pgsa_limits_enter - a policy wants to go live
 * @policy: the policy, locked
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOSPC if live policies would have too many searchers or too large
 * shares of CPUs in sum, -ENOMEM if their searchers would take too much memory. A
 * line in the log says which, and what is allowed.
 */
int pgsa_limits_enter(struct pgsa_policy *policy)
{
	struct pgsa_share want = pgsa_share_wanted(policy);
	int ret;

	lockdep_assert_held(&policy->lock);
	guard(mutex)(&pgsa_limits_lock);
	ret = pgsa_limits_check(policy, &want);
	if (ret)
		return ret;
	policy->taken = want;
	list_add(&policy->limited, &pgsa_limited);
	pgsa_setting_set(&pgsa_pagecache, pgsa_taken().pagecache);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_limits_enter);

/**
 * pgsa_limits_leave - a policy is no longer live
 * @policy: the policy, locked, which pgsa_limits_enter() has let in
 *
 * Context: Process context, may sleep.
 */
void pgsa_limits_leave(struct pgsa_policy *policy)
{
	lockdep_assert_held(&policy->lock);
	guard(mutex)(&pgsa_limits_lock);
	list_del(&policy->limited);
	policy->taken = (struct pgsa_share) {};
	pgsa_setting_set(&pgsa_pagecache, pgsa_taken().pagecache);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_limits_leave);

/**
 * pgsa_limits_set_permille - a live policy wants another share of a CPU
 * @policy: the policy, locked, which pgsa_limits_enter() has let in
 * @permille: the share, 0 for what nobody else wants
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOSPC if the shares would be too large in sum: a line in the log
 * says so, and nothing has changed.
 */
int pgsa_limits_set_permille(struct pgsa_policy *policy, unsigned int permille)
{
	struct pgsa_share more = {};
	int ret = 0;

	lockdep_assert_held(&policy->lock);
	guard(mutex)(&pgsa_limits_lock);
	if (permille > policy->taken.permille) {
		more.permille = permille - policy->taken.permille;
		ret = pgsa_limits_check(policy, &more);
	}
	if (ret)
		return ret;
	policy->taken.permille = permille;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_limits_set_permille);

/**
 * pgsa_limits_policy - may there be another policy?
 * @nr: how many there are
 * @name: its name
 *
 * Context: Process context.
 * Return: 0; -ENOSPC if there are too many, and a line in the log says so.
 */
int pgsa_limits_policy(unsigned long nr, const char *name)
{
	if (nr < PGSA_POLICIES_MAX)
		return 0;
	pr_info("%*pE: refused: there are %u policies, and no more are allowed\n",
		(int)strlen(name), name, PGSA_POLICIES_MAX);
	return -ENOSPC;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_limits_policy);

/**
 * pgsa_limits_target - may there be another target?
 * @nr: how many all policies have
 * @name: name of the policy that is to have it
 *
 * Context: Process context.
 * Return: 0; -ENOMEM if targets would take too large a part of memory: a line in
 * the log says so.
 */
int pgsa_limits_target(unsigned long nr, const char *name)
{
	unsigned long max = pgsa_bytes_max() / PGSA_TARGET_BYTES;

	if (nr < max)
		return 0;
	pr_info("%s: a target was refused: all policies have %lu, at most %lu are allowed (%u bytes each, 1/%u of memory)\n",
		name, nr, max, PGSA_TARGET_BYTES, PGSA_MEMORY_SHARE);
	return -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_limits_target);
