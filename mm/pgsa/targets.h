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
#define PGSA_STEPS	16	/* of a search, in one call, at most */

/**
 * struct pgsa_member - whose frames are searched, for who asks by that
 * @whom: a struct pid or a struct cgroup; read lockless
 * @kin: among those of the policy that have the same
 */
struct pgsa_member {
	const void *whom;
	struct rhlist_head kin;
};

/**
 * struct pgsa_target - one directory below a policy's targets/
 */
struct pgsa_target {
	/** @item: the directory; its reference count is our lifetime */
	struct config_item item;
	/** @rcu: who has found us may have us a little longer */
	struct rcu_head rcu;
	/** @policy: the policy, which outlives us */
	struct pgsa_policy *policy;
	/** @id: where the policy's set has it; from 1 on, and not soon again */
	u32 id;
	/** @pid: thread group, or NULL. Writers hold the policy's lock. */
	struct pid __rcu *pid;
	/** @cgroup: all thread groups below it, or NULL; as @pid */
	struct cgroup __rcu *cgroup;
	/** @agent: thread group to be told, or NULL; as @pid */
	struct pid __rcu *agent;
	/** @since_ns: when @pid or @cgroup was set; lockless */
	u64 since_ns;
	/** @member: that of @members which stands for @pid or @cgroup, or NULL */
	struct pgsa_member *member;
	/** @members: one that is in use, one for what comes next */
	struct pgsa_member members[2];
	/** @signal: how, 0 for SIGBUS; read lockless */
	struct pgsa_setting signal;
	/** @frames: met in the last complete walk; lockless */
	u64 frames;
	/** @errors: confirmed in frames that it maps */
	atomic64_t errors;
};

/* configfs_targets.c */

int pgsa_target_set_pid(struct pgsa_target *target, const char *text);
int pgsa_target_set_cgroup(struct pgsa_target *target, const char *text);
int pgsa_target_set_agent(struct pgsa_target *target, const char *text);
int pgsa_target_set_signal_number(struct pgsa_target *target, const char *text);

/* refuse.c */

int pgsa_target_refuse(struct pgsa_target *target, const char *attr,
		       const char *text, int err, const char *valid);
int pgsa_target_refuse_incomplete(struct pgsa_target *target, const char *attr,
				  const char *text, size_t count);

/* targets.c */

struct task_struct *pgsa_next_process(unsigned int *nr, unsigned int *looks);

/* agent.c */

bool pgsa_signal_valid(int signal);
void pgsa_agent_tell(struct pgsa_target *target, unsigned long addr);

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

static inline bool pgsa_cgroup_below(struct cgroup *cgroup,
				     struct cgroup *above)
{
	return cgroup_is_descendant(cgroup, above);
}

/* Under RCU */
static inline struct cgroup *pgsa_cgroup_of(struct task_struct *task)
{
	return task_dfl_cgroup(task);
}

static inline struct cgroup *pgsa_cgroup_above(struct cgroup *cgroup)
{
	return cgroup_parent(cgroup);
}

static inline unsigned long pgsa_cgroup_nr(struct cgroup *cgroup)
{
	return cgroup_id(cgroup);
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

static inline bool pgsa_cgroup_below(struct cgroup *cgroup,
				     struct cgroup *above)
{
	return false;
}

static inline struct cgroup *pgsa_cgroup_of(struct task_struct *task)
{
	return NULL;
}

static inline struct cgroup *pgsa_cgroup_above(struct cgroup *cgroup)
{
	return NULL;
}

static inline unsigned long pgsa_cgroup_nr(struct cgroup *cgroup)
{
	return 0;
}
#endif

#endif /* _PGSA_TARGETS_H */
