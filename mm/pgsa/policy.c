// SPDX-License-Identifier: GPL-2.0
/*
 * A policy: what users may set, and what they may not.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "debug.h"
#include "pgsa.h"
#include "text.h"

#define PGSA_DEFAULT_STRATEGY		"sweep"
#define PGSA_DEFAULT_DETECT		"crc32c"
#define PGSA_DEFAULT_CORRECT		"hamming"
#define PGSA_DEFAULT_CPU_PERMILLE	10
#define PGSA_DEFAULT_INTERVAL_MS	250
#define PGSA_DEFAULT_SWITCH_FRAMES	16

#define PGSA_ENABLE_VALID	"0, or 1 once strategy and detect are set"

#define PGSA_NAMES_MAX	256	/* room for all names of a kind */

/**
 * pgsa_policy_init - give a new policy its defaults
 * @policy: the policy, zeroed
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM; in this case there is nothing to be undone.
 */
int pgsa_policy_init(struct pgsa_policy *policy)
{
	int ret = pgsa_stats_init(policy);

	if (ret)
		return ret;
	ret = pgsa_targets_init(&policy->targets);
	if (ret) {
		pgsa_stats_exit(policy);
		return ret;
	}
	mutex_init(&policy->lock);
	policy->strategy = pgsa_strategy_find(PGSA_DEFAULT_STRATEGY);
	policy->detect = pgsa_code_find(PGSA_DEFAULT_DETECT);
	policy->correct = pgsa_code_find(PGSA_DEFAULT_CORRECT);
	pgsa_setting_set(&policy->cpu_permille, PGSA_DEFAULT_CPU_PERMILLE);
	pgsa_setting_set(&policy->interval_ms, PGSA_DEFAULT_INTERVAL_MS);
	pgsa_setting_set(&policy->frames_per_switch,
			 PGSA_DEFAULT_SWITCH_FRAMES);
	/* Each node has CPUs and a memory controller of its own. */
	pgsa_setting_set(&policy->searchers,
			 min(num_online_nodes(), PGSA_SEARCHERS_MAX));
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_init);

/**
 * pgsa_policy_exit - end what pgsa_policy_init() began
 * @policy: the policy, which is not live and has no targets
 *
 * Context: Process context, may sleep.
 */
void pgsa_policy_exit(struct pgsa_policy *policy)
{
	mutex_destroy(&policy->lock);
	pgsa_targets_exit(&policy->targets);
	pgsa_stats_exit(policy);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_exit);

static int pgsa_policy_start_locked(struct pgsa_policy *policy)
{
	int ret;

	pgsa_drops_hold();
	/* All errors that its searchers find are told. */
	pgsa_hurt_start(policy);
	ret = pgsa_search_start(policy);
	if (ret) {
		pgsa_hurt_stop(policy);
		pgsa_drops_release();
		pgsa_limits_leave(policy);
	}
	return ret;
}

static void pgsa_policy_stop_locked(struct pgsa_policy *policy)
{
	pgsa_search_stop(policy);
	pgsa_hurt_stop(policy);
	pgsa_limits_leave(policy);
	pgsa_drops_release();
}

static int pgsa_parse_uint(const char *text, unsigned int max,
			   unsigned int *value)
{
	u64 parsed;
	int ret = pgsa_parse_decimal(text, max, &parsed);

	if (!ret)
		*value = parsed;
	return ret;
}

/**
 * pgsa_policy_set_enable - go live, or stop
 * @policy: the policy
 * @text: "0" or "1"
 *
 * Context: Process context, may sleep.
 * Return: 0, also if nothing changes; -EINVAL for another text; -ENOENT if the
 * policy lacks a strategy or a detecting code, since none is built in; -EPERM
 * without CAP_SYS_ADMIN; -ENOSPC or -ENOMEM if the live policies would take more
 * of the machine than is allowed; -ENOMEM, or -EAGAIN if there may be no more
 * threads, or -EINTR if a signal would end the writer.
 */
int pgsa_policy_set_enable(struct pgsa_policy *policy, const char *text)
{
	unsigned int on;
	int ret = pgsa_parse_uint(text, 1, &on);

	if (!ret && !capable(CAP_SYS_ADMIN))
		ret = -EPERM;
	if (ret)
		return pgsa_refuse(policy, "enable", text, ret, "0 or 1");

	guard(mutex)(&policy->lock);
	if (on == !!policy->crew)
		return 0;
	if (!on) {
		pgsa_policy_stop_locked(policy);
		return 0;
	}
	if (!policy->strategy || !policy->detect)
		return pgsa_refuse(policy, "enable", text, -ENOENT,
				   PGSA_ENABLE_VALID);
	ret = pgsa_limits_enter(policy);
	if (ret)
		return ret;
	ret = pgsa_policy_start_locked(policy);
	return ret ? pgsa_refuse(policy, "enable", text, ret,
				 PGSA_ENABLE_VALID) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_enable);

/**
 * pgsa_policy_stop - stop a policy if it is live
 * @policy: the policy
 *
 * Context: Process context, may sleep.
 */
void pgsa_policy_stop(struct pgsa_policy *policy)
{
	guard(mutex)(&policy->lock);
	if (policy->crew)
		pgsa_policy_stop_locked(policy);
}

/* May what is fixed while live be changed now? @err: 0 if its text is valid */
static int pgsa_check_fixed(struct pgsa_policy *policy, int err)
{
	lockdep_assert_held(&policy->lock);
	if (!err && !capable(CAP_SYS_ADMIN))
		err = -EPERM;
	if (!err && policy->crew)
		err = -EBUSY;
	return err;
}

/* @names: writes the valid ones to a buffer */
static int pgsa_set_fixed(struct pgsa_policy *policy, const char *attr,
			  const char *text, const void **field,
			  const void *value, int err,
			  void (*names)(char *buf, size_t size))
{
	char valid[PGSA_NAMES_MAX];

	guard(mutex)(&policy->lock);
	err = pgsa_check_fixed(policy, err);
	if (err) {
		names(valid, sizeof(valid));
		return pgsa_refuse(policy, attr, text, err, valid);
	}
	*field = value;
	return 0;
}

static void pgsa_detecting_names(char *buf, size_t size)
{
	pgsa_code_names(false, buf, size);
}

static void pgsa_correcting_names(char *buf, size_t size)
{
	int len = scnprintf(buf, size, "none ");

	pgsa_code_names(true, buf + len, size - len);
}

/**
 * pgsa_policy_set_strategy - choose the search strategy
 * @policy: the policy
 * @text: name of a strategy
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOENT for an unknown name; -EBUSY while live; -EPERM without
 * CAP_SYS_ADMIN.
 */
int pgsa_policy_set_strategy(struct pgsa_policy *policy, const char *text)
{
	const struct pgsa_strategy *strategy = pgsa_strategy_find(text);

	return pgsa_set_fixed(policy, "strategy", text,
			      (const void **)&policy->strategy, strategy,
			      strategy ? 0 : -ENOENT, pgsa_strategy_names);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_strategy);

/**
 * pgsa_policy_set_detect - choose the detecting code
 * @policy: the policy
 * @text: name of a code that detects
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOENT for an unknown name; -EINVAL for a correcting code; -EBUSY
 * while live; -EPERM without CAP_SYS_ADMIN.
 */
int pgsa_policy_set_detect(struct pgsa_policy *policy, const char *text)
{
	const struct pgsa_code *code = pgsa_code_find(text);
	int err = !code ? -ENOENT : code->correct ? -EINVAL : 0;

	return pgsa_set_fixed(policy, "detect", text,
			      (const void **)&policy->detect, code, err,
			      pgsa_detecting_names);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_detect);

/**
 * pgsa_policy_set_correct - choose the correcting code
 * @policy: the policy
 * @text: name of a code that corrects, or "none"
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOENT for an unknown name; -EINVAL for a code that only detects;
 * -EBUSY while live; -EPERM without CAP_SYS_ADMIN.
 */
int pgsa_policy_set_correct(struct pgsa_policy *policy, const char *text)
{
	const struct pgsa_code *code = pgsa_code_find(text);
	int err = 0;

	if (!sysfs_streq(text, "none"))
		err = !code ? -ENOENT : !code->correct ? -EINVAL : 0;
	return pgsa_set_fixed(policy, "correct", text,
			      (const void **)&policy->correct, code, err,
			      pgsa_correcting_names);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_correct);

/**
 * pgsa_policy_set_scope - choose which frames are in the set
 * @policy: the policy
 * @text: "mapped": frames that a process maps; "pagecache": also page cache
 *	  that no process maps
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOENT for another text; -EBUSY while live; -EPERM without
 * CAP_SYS_ADMIN.
 */
int pgsa_policy_set_scope(struct pgsa_policy *policy, const char *text)
{
	bool pagecache = sysfs_streq(text, "pagecache");
	int err = pagecache || sysfs_streq(text, "mapped") ? 0 : -ENOENT;

	guard(mutex)(&policy->lock);
	err = pgsa_check_fixed(policy, err);
	if (err)
		return pgsa_refuse(policy, "scope", text, err,
				   "mapped pagecache");
	pgsa_setting_set(&policy->scope_pagecache, pagecache);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_scope);

/* Limits hold from the searcher's next step on: they may change live. */
static int pgsa_set_limit(struct pgsa_policy *policy, const char *attr,
			  const char *text, unsigned int max,
			  struct pgsa_setting *field)
{
	unsigned int value;
	int ret = pgsa_parse_uint(text, max, &value);

	if (!ret && !capable(CAP_SYS_ADMIN))
		ret = -EPERM;
	if (ret)
		return pgsa_refuse_range(policy, attr, text, ret, 0, max);

	guard(mutex)(&policy->lock);
	if (policy->crew && field == &policy->cpu_permille) {
		ret = pgsa_limits_set_permille(policy, value);
		if (ret)
			return ret;
	}
	pgsa_setting_set(field, value);
	if (!policy->crew)
		return 0;
	if (field == &policy->cpu_permille)
		pgsa_search_set_share(policy->crew, value);
	pgsa_search_wake(policy->crew);
	return 0;
}

/**
 * pgsa_policy_set_cpu_permille - set the searcher's share of one CPU
 * @policy: the policy
 * @text: 1 to 1000 per mille, or 0 for no limit
 *
 * Context: Process context.
 * Return: 0; -EINVAL for another text; -EPERM without CAP_SYS_ADMIN; -ENOSPC if
 * the policy is live and the shares of all would be too large in sum.
 */
int pgsa_policy_set_cpu_permille(struct pgsa_policy *policy, const char *text)
{
	return pgsa_set_limit(policy, "cpu_permille", text, PGSA_PERMILLE_MAX,
			      &policy->cpu_permille);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_cpu_permille);

/**
 * pgsa_policy_set_interval_ms - set the least time from cycle to cycle
 * @policy: the policy
 * @text: 0 to PGSA_INTERVAL_MS_MAX milliseconds
 *
 * Context: Process context.
 * Return: 0; -EINVAL for another text; -EPERM without CAP_SYS_ADMIN.
 */
int pgsa_policy_set_interval_ms(struct pgsa_policy *policy, const char *text)
{
	return pgsa_set_limit(policy, "interval_ms", text,
			      PGSA_INTERVAL_MS_MAX, &policy->interval_ms);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_interval_ms);

/**
 * pgsa_policy_set_frames_per_switch - how much is checked when a task is run
 * @policy: the policy
 * @text: 0 to PGSA_SWITCH_FRAMES_MAX frames
 *
 * Context: Process context.
 * Return: 0; -EINVAL for another text; -EPERM without CAP_SYS_ADMIN.
 */
int pgsa_policy_set_frames_per_switch(struct pgsa_policy *policy,
				      const char *text)
{
	return pgsa_set_limit(policy, "frames_per_switch", text,
			      PGSA_SWITCH_FRAMES_MAX,
			      &policy->frames_per_switch);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_frames_per_switch);

/**
 * pgsa_policy_set_searchers - set the number of threads
 * @policy: the policy
 * @text: 1 to PGSA_SEARCHERS_MAX
 *
 * Context: Process context.
 * Return: 0; -EINVAL for another text; -EBUSY while live; -EPERM without
 * CAP_SYS_ADMIN.
 */
int pgsa_policy_set_searchers(struct pgsa_policy *policy, const char *text)
{
	unsigned int value = 0;
	int ret = pgsa_parse_uint(text, PGSA_SEARCHERS_MAX, &value);

	if (!ret && !value)
		ret = -EINVAL;

	guard(mutex)(&policy->lock);
	ret = pgsa_check_fixed(policy, ret);
	if (ret)
		return pgsa_refuse_range(policy, "searchers", text, ret, 1,
					 PGSA_SEARCHERS_MAX);
	pgsa_setting_set(&policy->searchers, value);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_policy_set_searchers);
