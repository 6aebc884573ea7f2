// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/config/pgsa/: the files; what they mean is in policy.c.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/cleanup.h>
#include <linux/capability.h>
#include <linux/configfs.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgsa.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "pgsa.h"
#include "text.h"

static struct pgsa_policy *to_policy(struct config_item *item)
{
	return container_of(to_config_group(item), struct pgsa_policy, group);
}

static struct pgsa_policy *stats_to_policy(struct config_item *item)
{
	return container_of(to_config_group(item), struct pgsa_policy,
			    stats_group);
}

static ssize_t pgsa_show_stat(struct config_item *item, char *page,
			      enum pgsa_stat stat)
{
	return sysfs_emit(page, "%llu\n",
			  pgsa_stat_read(stats_to_policy(item), stat));
}

#define PGSA_STAT(name, stat)						\
static ssize_t pgsa_stats_##name##_show(struct config_item *item,	\
					char *page)			\
{									\
	return pgsa_show_stat(item, page, PGSA_STAT_##stat);		\
}									\
CONFIGFS_ATTR_RO(pgsa_stats_, name)

PGSA_STAT(cycles, CYCLES);
PGSA_STAT(frames_checked, FRAMES_CHECKED);
PGSA_STAT(last_cycle_frames, LAST_CYCLE_FRAMES);
PGSA_STAT(last_cycle_ns, LAST_CYCLE_NS);
PGSA_STAT(cpu_ns, CPU_NS);
PGSA_STAT(sealed, SEALED);
PGSA_STAT(errors, ERRORS);
PGSA_STAT(corrected, CORRECTED);
PGSA_STAT(transient, TRANSIENT);
PGSA_STAT(unresolved, UNRESOLVED);
PGSA_STAT(unconfirmed, UNCONFIRMED);
PGSA_STAT(records_damaged, RECORDS_DAMAGED);
PGSA_STAT(stale, STALE);
PGSA_STAT(redundancy_failures, REDUNDANCY_FAILURES);
PGSA_STAT(signals, SIGNALS);
PGSA_STAT(signals_withheld, SIGNALS_WITHHELD);
PGSA_STAT(untold, UNTOLD);
PGSA_STAT(walks_skipped, WALKS_SKIPPED);
PGSA_STAT(walk_max_ns, WALK_MAX_NS);
PGSA_STAT(checks_skipped, CHECKS_SKIPPED);

static struct configfs_attribute *pgsa_stats_attrs[] = {
	&pgsa_stats_attr_cycles,
	&pgsa_stats_attr_frames_checked,
	&pgsa_stats_attr_last_cycle_frames,
	&pgsa_stats_attr_last_cycle_ns,
	&pgsa_stats_attr_cpu_ns,
	&pgsa_stats_attr_sealed,
	&pgsa_stats_attr_errors,
	&pgsa_stats_attr_corrected,
	&pgsa_stats_attr_transient,
	&pgsa_stats_attr_unresolved,
	&pgsa_stats_attr_unconfirmed,
	&pgsa_stats_attr_records_damaged,
	&pgsa_stats_attr_stale,
	&pgsa_stats_attr_redundancy_failures,
	&pgsa_stats_attr_signals,
	&pgsa_stats_attr_signals_withheld,
	&pgsa_stats_attr_untold,
	&pgsa_stats_attr_walks_skipped,
	&pgsa_stats_attr_walk_max_ns,
	&pgsa_stats_attr_checks_skipped,
	NULL
};

static const struct config_item_type pgsa_stats_type = {
	.ct_attrs = pgsa_stats_attrs,
	.ct_owner = THIS_MODULE,
};

static ssize_t pgsa_policy_enable_show(struct config_item *item, char *page)
{
	struct pgsa_policy *policy = to_policy(item);

	guard(mutex)(&policy->lock);
	return sysfs_emit(page, "%d\n", !!policy->crew);
}

static ssize_t pgsa_policy_strategy_show(struct config_item *item, char *page)
{
	struct pgsa_policy *policy = to_policy(item);

	guard(mutex)(&policy->lock);
	return sysfs_emit(page, "%s\n",
			  policy->strategy ? policy->strategy->name : "none");
}

static ssize_t pgsa_policy_detect_show(struct config_item *item, char *page)
{
	struct pgsa_policy *policy = to_policy(item);

	guard(mutex)(&policy->lock);
	return sysfs_emit(page, "%s\n",
			  policy->detect ? policy->detect->name : "none");
}

static ssize_t pgsa_policy_correct_show(struct config_item *item, char *page)
{
	struct pgsa_policy *policy = to_policy(item);

	guard(mutex)(&policy->lock);
	return sysfs_emit(page, "%s\n",
			  policy->correct ? policy->correct->name : "none");
}

static ssize_t pgsa_policy_scope_show(struct config_item *item, char *page)
{
	struct pgsa_policy *policy = to_policy(item);

	guard(mutex)(&policy->lock);
	return sysfs_emit(page, "%s\n",
			  pgsa_wants_pagecache(policy) ? "pagecache" : "mapped");
}

static ssize_t pgsa_policy_cpu_permille_show(struct config_item *item,
					     char *page)
{
	return sysfs_emit(page, "%u\n",
			  pgsa_setting_get(&to_policy(item)->cpu_permille));
}

static ssize_t pgsa_policy_interval_ms_show(struct config_item *item,
					    char *page)
{
	return sysfs_emit(page, "%u\n",
			  pgsa_setting_get(&to_policy(item)->interval_ms));
}

static ssize_t pgsa_policy_frames_per_switch_show(struct config_item *item,
						  char *page)
{
	return sysfs_emit(page, "%u\n",
			  pgsa_setting_get(&to_policy(item)->frames_per_switch));
}

static ssize_t pgsa_policy_searchers_show(struct config_item *item, char *page)
{
	struct pgsa_policy *policy = to_policy(item);

	guard(mutex)(&policy->lock);
	return sysfs_emit(page, "%u\n",
			  pgsa_setting_get(&policy->searchers));
}

#define PGSA_ATTR(name)							\
static ssize_t pgsa_policy_##name##_store(struct config_item *item,	\
					  const char *page, size_t count) \
{									\
	struct pgsa_policy *policy = to_policy(item);			\
	int ret = pgsa_refuse_incomplete(policy, #name, page, count) ?:	\
		  pgsa_policy_set_##name(policy, page);			\
									\
	return ret ?: count;						\
}									\
CONFIGFS_ATTR(pgsa_policy_, name)

PGSA_ATTR(enable);
PGSA_ATTR(strategy);
PGSA_ATTR(detect);
PGSA_ATTR(correct);
PGSA_ATTR(scope);
PGSA_ATTR(cpu_permille);
PGSA_ATTR(interval_ms);
PGSA_ATTR(frames_per_switch);
PGSA_ATTR(searchers);

static struct configfs_attribute *pgsa_policy_attrs[] = {
	&pgsa_policy_attr_enable,
	&pgsa_policy_attr_strategy,
	&pgsa_policy_attr_detect,
	&pgsa_policy_attr_correct,
	&pgsa_policy_attr_scope,
	&pgsa_policy_attr_cpu_permille,
	&pgsa_policy_attr_interval_ms,
	&pgsa_policy_attr_frames_per_switch,
	&pgsa_policy_attr_searchers,
	NULL
};

static void pgsa_policy_release(struct config_item *item)
{
	struct pgsa_policy *policy = to_policy(item);

	pgsa_policy_exit(policy);
	kfree(policy);
}

static struct configfs_item_operations pgsa_policy_item_ops = {
	.release = pgsa_policy_release,
};

static const struct config_item_type pgsa_policy_type = {
	.ct_item_ops = &pgsa_policy_item_ops,
	.ct_attrs = pgsa_policy_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_group *pgsa_make_policy(struct config_group *group,
					     const char *name)
{
	struct pgsa_policy *policy;
	int ret = pgsa_check_name("policy", name);

	if (ret)
		return ERR_PTR(ret);
	if (!pgsa_on()) {
		pr_info("%s: no policy without pgsa=on on the kernel command line\n",
			name);
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	/* Counted anew each time, so that no damaged number stays. */
	ret = pgsa_limits_policy(list_count_nodes(&group->cg_children), name);
	if (ret)
		return ERR_PTR(ret);
	policy = kzalloc(sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return ERR_PTR(-ENOMEM);
	if (pgsa_policy_init(policy))
		goto free;
	config_group_init_type_name(&policy->group, name, &pgsa_policy_type);
	if (!config_item_name(&policy->group.cg_item))
		goto exit;
	config_group_init_type_name(&policy->stats_group, "stats",
				    &pgsa_stats_type);
	configfs_add_default_group(&policy->stats_group, &policy->group);
	pgsa_targets_add_group(policy);
	return &policy->group;
exit:
	pgsa_policy_exit(policy);
free:
	kfree(policy);
	return ERR_PTR(-ENOMEM);
}

static void pgsa_drop_policy(struct config_group *group,
			     struct config_item *item)
{
	pgsa_policy_stop(to_policy(item));
	config_item_put(item);
}

static struct configfs_group_operations pgsa_root_group_ops = {
	.make_group = pgsa_make_policy,
	.drop_item = pgsa_drop_policy,
};

static ssize_t pgsa_available_strategies_show(struct config_item *item,
					      char *page)
{
	return pgsa_strategy_list(page);
}
CONFIGFS_ATTR_RO(pgsa_, available_strategies);

static ssize_t pgsa_available_codes_show(struct config_item *item, char *page)
{
	return pgsa_code_list(page);
}
CONFIGFS_ATTR_RO(pgsa_, available_codes);

static struct configfs_attribute *pgsa_root_attrs[] = {
	&pgsa_attr_available_strategies,
	&pgsa_attr_available_codes,
	NULL
};

static const struct config_item_type pgsa_root_type = {
	.ct_group_ops = &pgsa_root_group_ops,
	.ct_attrs = pgsa_root_attrs,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem pgsa_subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "pgsa",
			.ci_type = &pgsa_root_type,
		},
	},
	.su_mutex = __MUTEX_INITIALIZER(pgsa_subsystem.su_mutex),
};

/**
 * pgsa_targets_of_all - how many targets do all policies have together?
 *
 * Counted anew each time, so that no damaged sum stays.
 *
 * Context: Process context, in a configfs call that makes or removes an item: these
 *	    hold the subsystem's mutex.
 * Return: the number.
 */
unsigned long pgsa_targets_of_all(void)
{
	struct config_item *item;
	unsigned long nr = 0;

	lockdep_assert_held(&pgsa_subsystem.su_mutex);
	list_for_each_entry(item, &pgsa_subsystem.su_group.cg_children, ci_entry)
		nr += READ_ONCE(to_policy(item)->targets.nr);
	return nr;
}

#ifdef CONFIG_PGSA_DEBUG
/**
 * pgsa_walk_policies - look at all policies
 * @fn: called with each one, locked
 * @arg: its second argument
 *
 * Context: Process context, may sleep.
 */
void pgsa_walk_policies(void (*fn)(struct pgsa_policy *policy, void *arg),
			void *arg)
{
	struct config_group *root = &pgsa_subsystem.su_group;
	struct config_item *item;

	guard(mutex)(&pgsa_subsystem.su_mutex);
	list_for_each_entry(item, &root->cg_children, ci_entry) {
		struct pgsa_policy *policy = to_policy(item);

		scoped_guard(mutex, &policy->lock)
			fn(policy, arg);
	}
}
#endif

static int __init pgsa_configfs_init(void)
{
	config_group_init(&pgsa_subsystem.su_group);
	return configfs_register_subsystem(&pgsa_subsystem);
}
late_initcall(pgsa_configfs_init);
