// SPDX-License-Identifier: GPL-2.0
/*
 * The frames of a policy's targets.
 */

/**
 * DOC: Targets
 *
 * A target is a thread group or a cgroup, which stands for all thread groups in
 * it and its descendants. Nothing is kept about the members of a cgroup: the
 * search goes through all processes by ascending number, and looks who belongs.
 *
 * The search goes on from step to step by numbers: the id of the target, the
 * number of the process in a cgroup, the address. Between two steps it holds
 * nothing of a target, a process or an address space, so that they may come to
 * an end at any time; the next step goes on with what comes after. If another
 * process has got the number meanwhile, a part of it is left out until the next
 * cycle.
 *
 * A step runs with preemption disabled. It has the last reference to the address
 * space if the process ends meanwhile; mmput_async() leaves what is to be done
 * then to others. Targets are looked up under RCU, and come and go under the
 * policy's lock, which a searcher never takes.
 */

#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <kunit/visibility.h>

#include "targets.h"

#define PGSA_TRIES	16	/* for a lock, in as many calls */

/**
 * struct pgsa_batch - the frames that a call gathers
 * @walk: how far the search has come
 * @pfns: their numbers
 * @nr: how many there are
 * @max: how many there may be
 */
struct pgsa_batch {
	struct pgsa_walk *walk;
	unsigned long *pfns;
	unsigned int nr;
	unsigned int max;
};

static bool pgsa_batch_add(struct page *page, void *arg)
{
	struct pgsa_batch *batch = arg;
	unsigned long pfn = page_to_pfn(page);

	if (batch->nr == batch->max)
		return false;
	if (pgsa_seen_frame(batch->walk, pfn))
		batch->pfns[batch->nr++] = pfn;
	return true;
}

/**
 * pgsa_next_process - look for a process by number
 * @nr: number in the first pid namespace; becomes that of the process, or of
 *	the first that has not been looked at
 * @looks: how many may be looked at; one less for each, and for a miss
 *
 * Context: RCU read-side section.
 * Return: the first process from that number on that is none of the kernel's;
 * NULL, with @looks 0, if all looks were used up; else NULL if there is none.
 */
struct task_struct *pgsa_next_process(unsigned int *nr, unsigned int *looks)
{
	/* There is none beyond the limit, and whoever asks for one is warned. */
	while (*looks && *nr < PID_MAX_LIMIT) {
		struct pid *pid = find_ge_pid(*nr, &init_pid_ns);
		struct task_struct *process;

		if (!pid)
			return NULL;
		--*looks;
		*nr = pid_nr(pid);
		process = pgsa_target_process(pid);
		if (process && !(process->flags & PF_KTHREAD))
			return process;
		++*nr;
	}
	return NULL;
}

/* The process of a target to go on with, or NULL. */
static struct task_struct *pgsa_target_next(struct pgsa_target *target,
					    struct pgsa_walk *walk,
					    unsigned int *looks)
{
	struct task_struct *process;
	struct pid *pid = target ? rcu_dereference(target->pid) : NULL;

	if (pid || (target && !rcu_access_pointer(target->cgroup))) {
		--*looks;
		return walk->process ? NULL : pgsa_target_process(pid);
	}
	while ((process = pgsa_next_process(&walk->process, looks))) {
		if (!target || pgsa_target_has(target, process))
			return process;
		walk->process++;
	}
	return NULL;
}

/* The end of what the walk is at, except that a target may have others. */
static void pgsa_walk_next_process(struct pgsa_walk *walk)
{
	walk->process++;
	walk->addr = 0;
	walk->tries = 0;
}

/*
 * The process to go on with. NULL, with looks left, at the end of the cycle;
 * NULL without looks if it was not found so soon.
 */
static struct task_struct *pgsa_targets_next(struct pgsa_policy *policy,
					     struct pgsa_walk *walk,
					     bool all_without,
					     unsigned int *looks)
{
	unsigned long id = max(walk->target, PGSA_TARGET_FIRST);
	struct pgsa_target *target;
	struct task_struct *process;

	/* This is not for who had targets in this cycle. */
	if (all_without && !walk->target && xa_empty(&policy->targets.by_id))
		return pgsa_target_next(NULL, walk, looks);

	for (; (target = pgsa_target_from(policy, &id)); id++) {
		if (walk->target != id)
			pgsa_walk_next_target(walk, id);
		process = pgsa_target_next(target, walk, looks);
		if (process || !*looks)
			return process;
		WRITE_ONCE(target->frames, walk->frames);
		pgsa_walk_next_target(walk, id + 1);
	}
	return NULL;
}

/* Who has no address space any more is at its end. */
static struct mm_struct *pgsa_process_mm(struct task_struct *process)
{
	struct task_struct *thread = find_lock_task_mm(process);
	struct mm_struct *mm;

	if (!thread)
		return NULL;
	__acquire(&thread->alloc_lock);	/* sparse has not seen it */
	mm = thread->mm;
	mmget(mm);
	task_unlock(thread);
	return mm;
}

static int pgsa_walk_step(struct pgsa_policy *policy, struct mm_struct *mm,
			  struct pgsa_batch *batch)
{
	struct pgsa_walk *walk = batch->walk;
	u64 held_ns;
	int ret = pgsa_walk_mm_timed(mm, &walk->addr, pgsa_batch_add, batch,
				     &held_ns);

	pgsa_stat_max(policy, PGSA_STAT_WALK_MAX_NS, held_ns);
	if (ret == -EAGAIN && ++walk->tries < PGSA_TRIES)
		return ret;
	if (ret == -EAGAIN)
		pgsa_stat_add(policy, PGSA_STAT_WALKS_SKIPPED, 1);
	walk->tries = 0;
	if (ret != 1)
		pgsa_walk_next_process(walk);
	return 1;
}

/* Returns 1 if there is more to come, 0 at the end of the cycle, or -EAGAIN. */
static int pgsa_targets_step(struct pgsa_policy *policy, bool all_without,
			     struct pgsa_batch *batch)
{
	unsigned int looks = PGSA_LOOKS;
	struct pgsa_walk *walk = batch->walk;
	struct task_struct *process;
	struct mm_struct *mm = NULL;
	int ret = 1;

	rcu_read_lock();
	process = pgsa_targets_next(policy, walk, all_without, &looks);
	if (process)
		mm = pgsa_process_mm(process);
	rcu_read_unlock();

	if (!process)
		return !looks;
	if (mm) {
		ret = pgsa_walk_step(policy, mm, batch);
		mmput_async(mm);
	} else {
		pgsa_walk_next_process(walk);
	}
	return ret;
}

/**
 * pgsa_targets_fill - the next frames of a policy's targets
 * @cursor: how far the search has come
 * @pfns: where to put their numbers
 * @nr: how many there is room for
 * @all_without: without any target, all processes are searched
 *
 * Each frame that a target maps read-only comes once in a cycle, unless memory
 * is short.
 *
 * Context: The searcher's thread, which keeps memory from going offline. Does
 *	    not sleep but may give up the CPU, and holds nothing then.
 * Return: how many frames there are; 0 at the end of the cycle, and the next
 * call begins another; -EAGAIN if none was found now, since a lock was not free
 * or much had to be passed over.
 */
int pgsa_targets_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
		      unsigned int nr, bool all_without)
{
	struct pgsa_batch batch = {
		.walk = &cursor->walk, .pfns = pfns, .max = nr,
	};
	unsigned int steps;
	int ret = 1;

	for (steps = 0; steps < PGSA_STEPS && batch.nr < nr && ret > 0; steps++) {
		pgsa_preempt_disable();
		ret = pgsa_targets_step(cursor->policy, all_without, &batch);
		pgsa_preempt_enable();
		cond_resched();
	}
	if (batch.nr)
		return batch.nr;
	if (ret)
		return -EAGAIN;
	pgsa_walk_next_cycle(&cursor->walk);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_targets_fill);
