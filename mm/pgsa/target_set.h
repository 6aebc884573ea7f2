/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which targets a policy has, and who belongs to them.
 */
#ifndef _PGSA_TARGET_SET_H
#define _PGSA_TARGET_SET_H

#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct cgroup;
struct pgsa_policy;
struct pgsa_target;
struct pid;
struct task_struct;

#define PGSA_TARGETS_MAX	65536	/* of one policy */
#define PGSA_TARGET_FIRST	1UL	/* the lowest id */

/**
 * struct pgsa_target_set - the targets of a policy; changed under its lock
 * @by_id: all, by their ids; read under RCU
 * @by_whom: a struct pgsa_member for each that has a process or a cgroup, by
 *	     that; read under RCU
 * @next: where to look for the id of the next
 * @nr: how many there are
 * @nr_cgroups: three times how many of them have a cgroup; read lockless
 */
struct pgsa_target_set {
	struct xarray by_id;
	struct rhltable by_whom;
	u32 next;
	unsigned int nr;
	unsigned int nr_cgroups;
};

int pgsa_targets_init(struct pgsa_target_set *set);
void pgsa_targets_exit(struct pgsa_target_set *set);
int pgsa_targets_add(struct pgsa_policy *policy, struct pgsa_target *target);
void pgsa_targets_remove(struct pgsa_target *target);
int pgsa_targets_list(struct pgsa_target *target, struct pid *pid,
		      struct cgroup *cgroup);
struct pgsa_target *pgsa_target_from(struct pgsa_policy *policy,
				     unsigned long *id);
struct task_struct *pgsa_target_process(struct pid *pid);
struct cgroup *pgsa_process_cgroup(struct task_struct *process);
bool pgsa_target_has(struct pgsa_target *target, struct task_struct *process);
bool pgsa_targets_have(struct pgsa_policy *policy, struct task_struct *task);

#endif /* _PGSA_TARGET_SET_H */
