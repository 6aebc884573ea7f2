// SPDX-License-Identifier: GPL-2.0
/*
 * Whom an error has hurt: it is counted for the targets that map the frame, and
 * their agents are told.
 */

/**
 * DOC: Who is told about an error
 *
 * An error is of everybody who maps the frame, and not of the policy whose search
 * came by first: all live policies are asked for targets that do. Each target is
 * looked at once, in the order of ids, so that it counts an error once, and its
 * agent is told once, however many processes it has and wherever they map the
 * frame.
 *
 * The reverse mapping tells which address spaces map the frame. A target with a
 * process has one of them or has not, whoever else runs in it: threads, or other
 * processes (vfork(), or clone() with CLONE_VM), which may be other targets. For
 * targets with a cgroup all processes are looked at, by ascending number, and the
 * first in a cgroup that maps the frame gives the address for it and for all
 * cgroups above.
 *
 * A live policy stays on the list while somebody reads it under SRCU. It leaves
 * when it stops, which waits for them: later it tells nobody. Its targets are
 * looked up step by step under RCU, and may come and go between two steps.
 */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include "mappers.h"
#include "targets.h"

#define PGSA_HURT_GFP	(GFP_NOWAIT | __GFP_NOWARN)

static LIST_HEAD(pgsa_live);			/* policies, by pgsa_policy.live */
static DEFINE_MUTEX(pgsa_live_lock);		/* for changes of the list */
DEFINE_STATIC_SRCU(pgsa_live_srcu);		/* for readers; they may sleep */

/**
 * struct pgsa_hurt - one error
 * @mappers: the address spaces that map the frame
 * @begin_ns: when it had been found, and nobody had been told
 * @cgroups: by cgroup, the number of the page at which its first process does
 * @all: nothing is missing
 */
struct pgsa_hurt {
	struct pgsa_mappers mappers;
	u64 begin_ns;
	struct xarray cgroups;
	bool all;
};

/* Has any live policy targets, and any of them a cgroup? */
static bool pgsa_live_targets(bool with_cgroup)
{
	struct pgsa_policy *policy;

	list_for_each_entry_srcu(policy, &pgsa_live, live,
				 srcu_read_lock_held(&pgsa_live_srcu))
		if (with_cgroup ? READ_ONCE(policy->targets.nr_cgroups) :
				  !xa_empty(&policy->targets.by_id))
			return true;
	return false;
}

/* Where does a process map the frame? */
static const struct pgsa_mapper *pgsa_hurt_mapper(struct pgsa_hurt *hurt,
						  struct task_struct *process)
{
	struct task_struct *thread = find_lock_task_mm(process);
	const struct pgsa_mapper *mapper;

	if (!thread)
		return NULL;
	__acquire(&thread->alloc_lock);	/* sparse has not seen it */
	mapper = pgsa_mapper_of(&hurt->mappers, thread->mm);
	task_unlock(thread);
	return mapper;
}

/* Where a cgroup is known, those above are. */
static void pgsa_hurt_process(struct pgsa_hurt *hurt,
			      struct task_struct *process, unsigned long addr)
{
	struct cgroup *cgroup = pgsa_process_cgroup(process);

	for (; cgroup; cgroup = pgsa_cgroup_above(cgroup)) {
		int err = xa_insert(&hurt->cgroups, pgsa_cgroup_nr(cgroup),
				    xa_mk_value(addr >> PAGE_SHIFT),
				    PGSA_HURT_GFP);

		if (err == -EBUSY)
			return;
		if (err)
			hurt->all = false;
	}
}

/* Looks at some processes; returns false after the last. */
static bool pgsa_hurt_processes(struct pgsa_hurt *hurt, unsigned int *nr)
{
	unsigned int looks = PGSA_LOOKS;
	struct task_struct *process;

	guard(rcu)();
	while ((process = pgsa_next_process(nr, &looks))) {
		const struct pgsa_mapper *mapper =
			pgsa_hurt_mapper(hurt, process);

		if (mapper)
			pgsa_hurt_process(hurt, process, mapper->addr);
		++*nr;
	}
	return !looks;
}

/* Does a target map the frame, and where? */
static bool pgsa_hurt_addr(struct pgsa_hurt *hurt, struct pgsa_target *target,
			   unsigned long *addr)
{
	struct pid *pid = rcu_dereference(target->pid);
	struct cgroup *cgroup = rcu_dereference(target->cgroup);
	struct task_struct *process = pgsa_target_process(pid);
	const struct pgsa_mapper *mapper;
	void *entry;

	if (process) {
		mapper = pgsa_hurt_mapper(hurt, process);
		if (mapper)
			*addr = mapper->addr;
		return mapper;
	}
	entry = cgroup ? xa_load(&hurt->cgroups, pgsa_cgroup_nr(cgroup)) : NULL;
	if (entry)
		*addr = xa_to_value(entry) << PAGE_SHIFT;
	return entry;
}

/*
 * An agent that has been told may make another target at once, which the error is
 * none of. A time that has not come yet is that of a damaged target.
 */
static bool pgsa_target_is_new(const struct pgsa_target *target,
			       const struct pgsa_hurt *hurt)
{
	u64 since_ns = READ_ONCE(target->since_ns);

	return since_ns > hurt->begin_ns && since_ns <= ktime_get_ns();
}

/* Looks at some targets from an id on; returns false after the last. */
static bool pgsa_hurt_targets(struct pgsa_hurt *hurt,
			      struct pgsa_policy *policy, unsigned long *id)
{
	unsigned int looks;
	unsigned long addr;

	guard(rcu)();
	for (looks = PGSA_LOOKS; looks; looks--) {
		struct pgsa_target *target = pgsa_target_from(policy, id);

		if (!target)
			return false;
		++*id;
		if (pgsa_target_is_new(target, hurt) ||
		    !pgsa_hurt_addr(hurt, target, &addr))
			continue;
		atomic64_inc(&target->errors);
		pgsa_agent_tell(target, addr);
	}
	return true;
}

static void pgsa_hurt_tell(struct pgsa_hurt *hurt)
{
	struct pgsa_policy *policy;
	unsigned int nr = 0;

	if (pgsa_live_targets(true))
		while (pgsa_hurt_processes(hurt, &nr))
			cond_resched();
	list_for_each_entry_srcu(policy, &pgsa_live, live,
				 srcu_read_lock_held(&pgsa_live_srcu)) {
		unsigned long id = PGSA_TARGET_FIRST;

		while (pgsa_hurt_targets(hurt, policy, &id))
			cond_resched();
	}
}

static void pgsa_hurt_count_untold(struct pgsa_policy *policy)
{
	if (!policy)
		policy = list_first_or_null_rcu(&pgsa_live, struct pgsa_policy,
						live);
	if (policy)
		pgsa_stat_add(policy, PGSA_STAT_UNTOLD, 1);
}

/**
 * pgsa_targets_hurt - an error was found
 * @policy: the policy that found it, or NULL
 * @finding: the error
 *
 * Counts it for each target of any live policy that maps the frame and was there
 * before, and tells the target's agent, if it has one.
 *
 * Context: Process context, may sleep. The caller keeps memory from going
 *	    offline and holds no lock. See pgsa_mappers_find() for those that it
 *	    takes; if it does not find all, not all are told, which @policy counts,
 *	    or without it the first that is live.
 */
void pgsa_targets_hurt(struct pgsa_policy *policy,
		       const struct pgsa_finding *finding)
{
	struct pgsa_hurt hurt;
	int idx = srcu_read_lock(&pgsa_live_srcu);

	if (!pgsa_live_targets(false))
		goto unlock;
	hurt.begin_ns = ktime_get_ns();
	xa_init(&hurt.cgroups);
	hurt.all = pgsa_mappers_find(&hurt.mappers, finding);
	if (hurt.mappers.nr)
		pgsa_hurt_tell(&hurt);
	if (!hurt.all)
		pgsa_hurt_count_untold(policy);
	pgsa_mappers_free(&hurt.mappers);
	xa_destroy(&hurt.cgroups);
unlock:
	srcu_read_unlock(&pgsa_live_srcu, idx);
}

/**
 * pgsa_hurt_start - let a policy's targets know of errors
 * @policy: the policy, locked, which goes live
 *
 * Context: Process context, may sleep.
 */
void pgsa_hurt_start(struct pgsa_policy *policy)
{
	lockdep_assert_held(&policy->lock);
	guard(mutex)(&pgsa_live_lock);
	list_add_tail_rcu(&policy->live, &pgsa_live);
}

/**
 * pgsa_hurt_stop - end what pgsa_hurt_start() began
 * @policy: the policy, locked
 *
 * Context: Process context; sleeps until nobody is about to tell its targets.
 */
void pgsa_hurt_stop(struct pgsa_policy *policy)
{
	lockdep_assert_held(&policy->lock);
	scoped_guard(mutex, &pgsa_live_lock)
		list_del_rcu(&policy->live);
	synchronize_srcu(&pgsa_live_srcu);
}
