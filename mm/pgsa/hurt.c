// SPDX-License-Identifier: GPL-2.0
/*
 * Whom an error has hurt: it is counted for the targets that map the frame, and
 * their agents get a signal.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pagemap.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/xarray.h>

#include "targets.h"

#define PGSA_HURT_MMS	4096	/* that are told apart, for one error */
#define PGSA_HURT_TRIES	10	/* for locks, a millisecond each */

#define PGSA_HURT_GFP	(GFP_NOWAIT | __GFP_NOWARN)

/**
 * struct pgsa_hurt - one error and who has it before his eyes
 * @policy: the policy that found it
 * @pfn: number of the frame
 * @mms: where each mm maps it, as a page number, by pgsa_mm_index()
 * @nr: how many these are
 * @told: the ids of the targets that have been dealt with
 */
struct pgsa_hurt {
	struct pgsa_policy *policy;
	unsigned long pfn;
	struct xarray mms;
	unsigned int nr;
	struct xarray told;
};

/* Neighbours share what the array needs for them. */
static unsigned long pgsa_mm_index(struct mm_struct *mm)
{
	return (unsigned long)mm / L1_CACHE_BYTES;
}

static void pgsa_hurt_add(struct pgsa_hurt *hurt, struct mm_struct *mm,
			  unsigned long addr)
{
	if (hurt->nr == PGSA_HURT_MMS ||
	    xa_insert(&hurt->mms, pgsa_mm_index(mm),
		      xa_mk_value(addr >> PAGE_SHIFT), PGSA_HURT_GFP))
		return;
	/* Another that gets its memory must not be taken for it. */
	mmgrab(mm);
	hurt->nr++;
}

static void pgsa_hurt_free(struct pgsa_hurt *hurt)
{
	unsigned long index;
	void *entry;

	xa_for_each(&hurt->mms, index, entry)
		mmdrop((struct mm_struct *)(index * L1_CACHE_BYTES));
	xa_destroy(&hurt->mms);
	xa_destroy(&hurt->told);
}

static bool pgsa_hurt_area(struct folio *folio, struct vm_area_struct *vma,
			   unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(walk, folio, vma, addr, 0);
	struct pgsa_hurt *hurt = arg;

	while (page_vma_mapped_walk(&walk)) {
		unsigned long offset = 0;

		if (!walk.pte)
			offset = hurt->pfn - folio_pfn(folio);
		else if (pte_pfn(ptep_get(walk.pte)) != hurt->pfn)
			continue;
		pgsa_hurt_add(hurt, vma->vm_mm,
			      walk.address + offset * PAGE_SIZE);
		page_vma_mapped_walk_done(&walk);
		break;
	}
	return true;
}

/* Returns false if a lock was not free. */
static bool pgsa_hurt_find(struct pgsa_hurt *hurt, struct folio *folio)
{
	struct rmap_walk_control walk = {
		.arg = hurt,
		.rmap_one = pgsa_hurt_area,
		.try_lock = true,
	};

	if (!folio_trylock(folio))
		return false;
	/* The page may have been given back, and be anything now. */
	if (folio_mapped(folio))
		rmap_walk(folio, &walk);
	folio_unlock(folio);
	return !walk.contended;
}

static void pgsa_hurt_find_mms(struct pgsa_hurt *hurt)
{
	struct page *page = pfn_to_online_page(hurt->pfn);
	unsigned int tries;

	for (tries = 0; page && tries < PGSA_HURT_TRIES; tries++) {
		struct folio *folio = pgsa_page_hold(page);
		bool found = !folio || pgsa_hurt_find(hurt, folio);

		if (folio)
			folio_put(folio);
		if (found)
			break;
		usleep_range(500, 1000);
	}
}

/* The default action of a signal may be to kill. */
static bool pgsa_handles(const struct sighand_struct *sighand, int signal)
{
	__sighandler_t handler = sighand->action[signal - 1].sa.sa_handler;

	return handler != SIG_DFL && handler != SIG_IGN;
}

static bool pgsa_signal(struct task_struct *process, int signal,
			unsigned long addr)
{
	struct sighand_struct *sighand;
	struct kernel_siginfo info;
	unsigned long flags;
	bool sent;

	clear_siginfo(&info);
	info.si_signo = signal;
	info.si_code = BUS_MCEERR_AO;
	info.si_addr = (void __user *)addr;
	info.si_addr_lsb = PAGE_SHIFT;

	sighand = lock_task_sighand(process, &flags);
	if (!sighand)
		return false;
	sent = pgsa_handles(sighand, signal) &&
	       !send_signal_locked(signal, &info, process, PIDTYPE_TGID);
	unlock_task_sighand(process, &flags);
	return sent;
}

static void pgsa_tell_agent(struct pgsa_target *target, unsigned long addr)
{
	struct task_struct *agent =
		pgsa_target_process(rcu_dereference(target->agent));
	bool sent;

	if (!agent)
		return;
	sent = pgsa_signal(agent, READ_ONCE(target->signal) ?: SIGBUS, addr);
	pgsa_stat_add(target->policy, sent ? PGSA_STAT_SIGNALS :
		      PGSA_STAT_SIGNALS_WITHHELD, 1);
}

/* One error counts once for a target, however many processes it has. */
static void pgsa_hurt_process(struct pgsa_hurt *hurt,
			      struct task_struct *process, unsigned long addr)
{
	struct pgsa_target *target;

	list_for_each_entry_rcu(target, &hurt->policy->targets, node) {
		if (!pgsa_target_has(target, process) ||
		    xa_insert(&hurt->told, target->id, xa_mk_value(0),
			      PGSA_HURT_GFP) == -EBUSY)
			continue;
		atomic64_inc(&target->errors);
		pgsa_tell_agent(target, addr);
	}
}

/* Where does a process map the frame? 0: nowhere, as far as we know. */
static unsigned long pgsa_hurt_addr(struct pgsa_hurt *hurt,
				    struct task_struct *process)
{
	struct task_struct *thread = find_lock_task_mm(process);
	void *entry;

	if (!thread)
		return 0;
	__acquire(&thread->alloc_lock);	/* sparse has not seen it */
	entry = xa_load(&hurt->mms, pgsa_mm_index(thread->mm));
	task_unlock(thread);
	return entry ? xa_to_value(entry) << PAGE_SHIFT : 0;
}

/* Looks at some processes; returns false after the last. */
static bool pgsa_hurt_some(struct pgsa_hurt *hurt, unsigned int *nr)
{
	unsigned int looks = PGSA_LOOKS;
	struct task_struct *process;

	guard(rcu)();
	while ((process = pgsa_next_process(nr, &looks))) {
		unsigned long addr = pgsa_hurt_addr(hurt, process);

		if (addr)
			pgsa_hurt_process(hurt, process, addr);
		++*nr;
	}
	return !looks;
}

/**
 * pgsa_targets_hurt - an error was found
 * @policy: the policy that found it
 * @pfn: number of the frame
 *
 * Counts it for each target of the policy that maps the frame, and sends a
 * signal to the target's agent, if it has one that has a handler.
 *
 * Context: Process context, may sleep. The caller keeps memory from going
 *	    offline and holds no lock. Tries for the folio's lock and for those
 *	    of the reverse mapping; what is not free within some milliseconds
 *	    is left out.
 */
void pgsa_targets_hurt(struct pgsa_policy *policy, unsigned long pfn)
{
	struct pgsa_hurt hurt = { .policy = policy, .pfn = pfn };
	unsigned int nr = 0;

	if (list_empty(&policy->targets))
		return;
	xa_init(&hurt.mms);
	xa_init(&hurt.told);
	pgsa_hurt_find_mms(&hurt);
	while (hurt.nr && pgsa_hurt_some(&hurt, &nr))
		cond_resched();
	pgsa_hurt_free(&hurt);
}
