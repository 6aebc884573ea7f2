/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target: whose frames a policy searches, and who is told about errors there.
 */
#ifndef _PGSA_TARGETS_H
#define _PGSA_TARGETS_H

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "pgsa.h"

#define PGSA_LOOKS	64	/* processes looked at without a break */

/**
 * struct pgsa_target - one directory below a policy's targets/
 */
struct pgsa_target {
	/** @item: the directory; its reference count is our lifetime */
	struct config_item item;
	/** @node: among the policy's targets, by ascending @id */
	struct list_head node;
	/** @rcu: readers of the list may have us a little longer */
	struct rcu_head rcu;
	/** @policy: the policy, which outlives us */
	struct pgsa_policy *policy;
	/** @id: given in the order of creation, never again */
	u64 id;
	/** @pid: thread group, or NULL. Writers hold the policy's lock. */
	struct pid __rcu *pid;
	/** @cgroup: all thread groups below it, or NULL; as @pid */
	struct cgroup __rcu *cgroup;
	/** @agent: thread group to be told, or NULL; as @pid */
	struct pid __rcu *agent;
	/** @signal: how, 0 for SIGBUS; read lockless */
	int signal;
	/** @frames: met in the last complete walk; lockless */
	u64 frames;
	/** @errors: confirmed in frames that it maps */
	atomic64_t errors;
};

int pgsa_target_set_pid(struct pgsa_target *target, const char *text);
int pgsa_target_set_cgroup(struct pgsa_target *target, const char *text);
int pgsa_target_set_agent(struct pgsa_target *target, const char *text);
int pgsa_target_set_signal_number(struct pgsa_target *target, const char *text);
struct task_struct *pgsa_target_process(struct pid *pid);
struct task_struct *pgsa_next_process(unsigned int *nr, unsigned int *looks);
bool pgsa_target_has(struct pgsa_target *target, struct task_struct *process);

#ifdef CONFIG_CGROUPS
static inline struct cgroup *pgsa_cgroup_get(const char *path)
{
	return cgroup_get_from_path(path);
}

static inline void pgsa_cgroup_put(struct cgroup *cgroup)
{
	if (cgroup)
		cgroup_put(cgroup);
}

/* Paths are those that the caller sees, as in /proc/self/cgroup. */
static inline void pgsa_cgroup_path(struct cgroup *cgroup, char *buf,
				    size_t size)
{
	cgroup_path_ns(cgroup, buf, size, current->nsproxy->cgroup_ns);
}

static inline void pgsa_cgroup_name(struct cgroup *cgroup, char *buf,
				    size_t size)
{
	if (cgroup->self.flags & CSS_ONLINE)
		cgroup_name(cgroup, buf, size);
}
#else
static inline struct cgroup *pgsa_cgroup_get(const char *path)
{
	return ERR_PTR(-ENOENT);
}

static inline void pgsa_cgroup_put(struct cgroup *cgroup)
{
}

static inline void pgsa_cgroup_path(struct cgroup *cgroup, char *buf,
				    size_t size)
{
}

static inline void pgsa_cgroup_name(struct cgroup *cgroup, char *buf,
				    size_t size)
{
}
#endif

#endif /* _PGSA_TARGETS_H */
