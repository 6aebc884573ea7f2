// SPDX-License-Identifier: GPL-2.0
/*
 * Which targets a policy has, and who belongs to them.
 *
 * There may be thousands. A search goes on with the target that follows the last
 * one, which the array of ids finds; a task that was switched in asks whether it
 * belongs to any, which the hash table tells from its process and the cgroups
 * above it. Neither takes longer for who has many targets.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "targets.h"

/* Who is on the way out of the table may get another name meanwhile. */
static int pgsa_member_differs(struct rhashtable_compare_arg *arg,
			       const void *member)
{
	const void *const *whom = arg->key;

	return READ_ONCE(((const struct pgsa_member *)member)->whom) != *whom;
}

static const struct rhashtable_params pgsa_by_whom = {
	.key_len = sizeof_field(struct pgsa_member, whom),
	.key_offset = offsetof(struct pgsa_member, whom),
	.head_offset = offsetof(struct pgsa_member, kin),
	.obj_cmpfn = pgsa_member_differs,
	.automatic_shrinking = true,
};

/**
 * pgsa_targets_init - make an empty set
 * @set: the set, zeroed
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pgsa_targets_init(struct pgsa_target_set *set)
{
	xa_init_flags(&set->by_id, XA_FLAGS_ALLOC1);
	return rhltable_init(&set->by_whom, &pgsa_by_whom);
}

/**
 * pgsa_targets_exit - undo pgsa_targets_init()
 * @set: the set, which is empty
 *
 * Context: Process context, may sleep.
 */
void pgsa_targets_exit(struct pgsa_target_set *set)
{
	WARN_ON_ONCE(!xa_empty(&set->by_id));
	rhltable_destroy(&set->by_whom);
	xa_destroy(&set->by_id);
}

/* A flipped bit in one of the numbers shall not count for ever. */
static void pgsa_targets_recount(struct pgsa_target_set *set)
{
	if (!xa_empty(&set->by_id))
		return;
	set->nr = 0;
	WRITE_ONCE(set->nr_cgroups, 0);
}

/* Of no multiple of this but 0 a flipped bit makes 0: no cgroup, nobody to look for. */
#define PGSA_TARGET_CGROUP	3

/* One beyond the last is no id, and not the first. 0 is none, says XA_FLAGS_ALLOC1. */
#define PGSA_TARGET_IDS		xa_limit_32b

/**
 * pgsa_targets_add - a target was made
 * @policy: the policy, locked
 * @target: the target, of nobody yet; gets its id
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOSPC if the policy has PGSA_TARGETS_MAX targets; -ENOMEM.
 */
int pgsa_targets_add(struct pgsa_policy *policy, struct pgsa_target *target)
{
	struct pgsa_target_set *set = &policy->targets;
	int err;

	lockdep_assert_held(&policy->lock);
	pgsa_targets_recount(set);
	if (set->nr >= PGSA_TARGETS_MAX)
		return -ENOSPC;
	target->policy = policy;
	err = xa_alloc_cyclic(&set->by_id, &target->id, target, PGSA_TARGET_IDS,
			      &set->next, GFP_KERNEL);
	if (err < 0)
		return err;
	set->nr++;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_targets_add);

/**
 * pgsa_targets_list - a target is of somebody, or of somebody else
 * @target: the target, its policy locked
 * @pid: the process, or NULL
 * @cgroup: the cgroup, or NULL; not both
 *
 * What is there of both stays until this is called again, and the target says so
 * until afterwards. The new comes in before the old goes, so that a failure changes
 * nothing.
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pgsa_targets_list(struct pgsa_target *target, struct pid *pid,
		      struct cgroup *cgroup)
{
	struct pgsa_target_set *set = &target->policy->targets;
	struct pgsa_member *old = target->member, *new = NULL;

	lockdep_assert_held(&target->policy->lock);
	if (pid || cgroup) {
		new = &target->members[old == &target->members[0]];
		WRITE_ONCE(new->whom, pid ? (void *)pid : cgroup);
		if (rhltable_insert(&set->by_whom, &new->kin, pgsa_by_whom))
			return -ENOMEM;
	}
	WRITE_ONCE(target->since_ns, ktime_get_ns());
	if (old)
		rhltable_remove(&set->by_whom, &old->kin, pgsa_by_whom);
	WRITE_ONCE(set->nr_cgroups, set->nr_cgroups + PGSA_TARGET_CGROUP *
		   (!!cgroup - !!rcu_access_pointer(target->cgroup)));
	target->member = new;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_targets_list);

/* What a target says itself may be damaged, and be the id of another. */
static void pgsa_target_erase(const struct pgsa_target *target)
{
	struct xarray *by_id = &target->policy->targets.by_id;
	struct pgsa_target *found;
	unsigned long id;

	if (xa_load(by_id, target->id) == target) {
		xa_erase(by_id, target->id);
		return;
	}
	pgsa_stat_add(target->policy, PGSA_STAT_RECORDS_DAMAGED, 1);
	xa_for_each(by_id, id, found)
		if (found == target)
			xa_erase(by_id, id);
}

/**
 * pgsa_targets_remove - a target goes
 * @target: the target, its policy locked; who has found it may still look
 *
 * Context: Process context.
 */
void pgsa_targets_remove(struct pgsa_target *target)
{
	struct pgsa_target_set *set = &target->policy->targets;

	pgsa_targets_list(target, NULL, NULL);
	pgsa_target_erase(target);
	set->nr--;
	pgsa_targets_recount(set);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_targets_remove);

/**
 * pgsa_target_from - look for a target by its id
 * @policy: the policy
 * @id: the id; becomes that of the target, as the set has it
 *
 * Who goes from one to the next goes by @id, and not by what the target says, for
 * a flipped bit there would lead back, and round for ever.
 *
 * Context: RCU read-side section.
 * Return: the target with that id or the next higher one, or NULL.
 */
struct pgsa_target *pgsa_target_from(struct pgsa_policy *policy,
				     unsigned long *id)
{
	unsigned long from = *id;
	struct pgsa_target *target = xa_find(&policy->targets.by_id, id,
					     PGSA_TARGET_IDS.max, XA_PRESENT);

	return *id >= from ? target : NULL;
}

/**
 * pgsa_target_process - a thread group that has not ended
 * @pid: its number, or NULL
 *
 * Context: RCU read-side section.
 * Return: its leader, which may have ended before the others; NULL if all have.
 */
struct task_struct *pgsa_target_process(struct pid *pid)
{
	struct task_struct *process = pid_task(pid, PIDTYPE_TGID);

	KUNIT_STATIC_STUB_REDIRECT(pgsa_target_process, pid);
	return process && atomic_read(&process->signal->live) ? process : NULL;
}

/**
 * pgsa_process_cgroup - where does a process belong?
 * @process: leader of a thread group
 *
 * That is where its main thread is; but one that has ended stays where it was
 * when the others are moved.
 *
 * Context: RCU read-side section.
 * Return: the cgroup, in the unified hierarchy; NULL without cgroups.
 */
struct cgroup *pgsa_process_cgroup(struct task_struct *process)
{
	struct task_struct *thread;

	for_each_thread(process, thread)
		if (!(READ_ONCE(thread->flags) & PF_EXITING))
			return pgsa_cgroup_of(thread);
	return pgsa_cgroup_of(process);
}

/**
 * pgsa_target_has - does a process belong to a target?
 * @target: the target
 * @process: leader of a thread group
 *
 * Context: RCU read-side section. Never sleeps.
 * Return: true if it does.
 */
bool pgsa_target_has(struct pgsa_target *target, struct task_struct *process)
{
	struct pid *pid = rcu_dereference(target->pid);
	struct cgroup *cgroup = rcu_dereference(target->cgroup);

	if (pid)
		return pid == task_tgid(process);
	return cgroup && pgsa_cgroup_below(pgsa_process_cgroup(process),
					   cgroup);
}

static bool pgsa_targets_of(struct pgsa_target_set *set, const void *whom)
{
	return rhltable_lookup(&set->by_whom, &whom, pgsa_by_whom);
}

/**
 * pgsa_targets_have - is a task one of those whose frames a policy searches?
 * @policy: the policy
 * @task: the task
 *
 * Context: Any context. Never sleeps.
 * Return: true if its thread group belongs to a target, or if the policy has no
 * target at all.
 */
bool pgsa_targets_have(struct pgsa_policy *policy, struct task_struct *task)
{
	struct pgsa_target_set *set = &policy->targets;
	struct cgroup *cgroup;

	guard(rcu)();
	if (xa_empty(&set->by_id) || pgsa_targets_of(set, task_tgid(task)))
		return true;
	if (!READ_ONCE(set->nr_cgroups))
		return false;
	for (cgroup = pgsa_process_cgroup(task->group_leader); cgroup;
	     cgroup = pgsa_cgroup_above(cgroup))
		if (pgsa_targets_of(set, cgroup))
			return true;
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_targets_have);
