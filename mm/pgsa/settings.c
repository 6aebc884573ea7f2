// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers that users set for a policy.
 */
#define pr_fmt(fmt) "pgsa: " fmt

/**
 * DOC: Settings
 *
 * A number that users set stays in memory for months, and decides when the next
 * cycle begins: a flipped bit in it could end the search without a word. So there
 * are three copies of each, and what two of them say holds, bit by bit. Searchers
 * look for one that differs when they begin a cycle.
 *
 * Readers need no lock. While the copies are being written, under the policy's lock,
 * each of them is the old number or the new one, and so is the result.
 */

#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "pgsa.h"

static const struct {
	const char *name;
	size_t offset;
} pgsa_settings[] = {
	{ "cpu_permille", offsetof(struct pgsa_policy, cpu_permille) },
	{ "interval_ms", offsetof(struct pgsa_policy, interval_ms) },
	{ "frames_per_switch", offsetof(struct pgsa_policy, frames_per_switch) },
	{ "pagecache in scope", offsetof(struct pgsa_policy, scope_pagecache) },
	{ "searchers", offsetof(struct pgsa_policy, searchers) },
};

/**
 * pgsa_setting_set - change a number
 * @setting: the number
 * @number: what it is from now on
 *
 * Context: Any context; with the policy's lock, if others know the policy.
 */
void pgsa_setting_set(struct pgsa_setting *setting, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(setting->copies); i++)
		WRITE_ONCE(setting->copies[i], number);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_setting_set);

static struct pgsa_setting *pgsa_setting(struct pgsa_policy *policy,
					 unsigned int i)
{
	return (void *)policy + pgsa_settings[i].offset;
}

static bool pgsa_setting_damaged(const struct pgsa_setting *setting)
{
	unsigned int first = READ_ONCE(setting->copies[0]);

	return READ_ONCE(setting->copies[1]) != first ||
	       READ_ONCE(setting->copies[2]) != first;
}

static void pgsa_setting_mend(struct pgsa_policy *policy, unsigned int i)
{
	struct pgsa_setting *setting = pgsa_setting(policy, i);
	unsigned int number = pgsa_setting_get(setting);

	pgsa_setting_set(setting, number);
	pgsa_stat_add(policy, PGSA_STAT_RECORDS_DAMAGED, 1);
	pr_warn("%s: %s was damaged in memory, and is %u again\n",
		pgsa_policy_name(policy), pgsa_settings[i].name, number);
}

/**
 * pgsa_settings_mend - restore damaged copies of a policy's numbers
 * @policy: the policy
 *
 * Context: Process context. Tries for the policy's lock: who has it may be changing
 *	    a number, or waiting for us to end.
 */
void pgsa_settings_mend(struct pgsa_policy *policy)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgsa_settings); i++) {
		if (likely(!pgsa_setting_damaged(pgsa_setting(policy, i))))
			continue;
		if (!mutex_trylock(&policy->lock))
			return;
		if (pgsa_setting_damaged(pgsa_setting(policy, i)))
			pgsa_setting_mend(policy, i);
		mutex_unlock(&policy->lock);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_settings_mend);
