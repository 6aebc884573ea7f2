// SPDX-License-Identifier: GPL-2.0
/*
 * Starting and stopping the searchers of a policy.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "pgsa.h"

/**
 * pgsa_search_free - free a searcher that no longer runs
 * @search: the search
 *
 * Context: Process context, may sleep.
 */
void pgsa_search_free(struct pgsa_search *search)
{
	if (pgsa_code_stored(search->policy->correct))
		pgsa_store_close(search->policy->correct);
	kvfree(search->claims);
	kfree(search->damaged);
	kfree(search->repaired);
	kfree(search->now);
	kfree(search);
}

/*
 * Room for claims that a searcher has: a small machine has few frames that can
 * be sealed at a time. One number for all, for memory may be added meanwhile; and
 * three copies of it, for it tells where an array ends.
 */
static struct pgsa_setting pgsa_claims_room __ro_after_init;

static int __init pgsa_claims_init(void)
{
	pgsa_setting_set(&pgsa_claims_room,
			 clamp(totalram_pages() / 32, PGSA_CLAIMS_MIN,
			       PGSA_CLAIMS_MAX));
	return 0;
}
subsys_initcall(pgsa_claims_init);

/**
 * pgsa_claims_max - how many claims has a searcher room for?
 *
 * Context: Any context.
 * Return: the number.
 */
unsigned int pgsa_claims_max(void)
{
	return pgsa_setting_get(&pgsa_claims_room);
}

/**
 * pgsa_search_bytes - memory that a searcher takes, with its thread
 *
 * Context: Any context.
 * Return: number of bytes.
 */
unsigned long pgsa_search_bytes(void)
{
	return sizeof(struct pgsa_search) +
	       pgsa_claims_max() * sizeof(struct pgsa_claim) + 3 * PAGE_SIZE +
	       THREAD_SIZE + sizeof(struct task_struct);
}

/**
 * pgsa_search_set_codes - let a searcher claim frames for its policy's codes
 * @search: the search
 *
 * Also now and then while it searches: with a flipped bit in one of the ids, there
 * may be no such code, and nothing would ever be sealed again.
 *
 * Context: Any context; the searcher's thread, if it has begun.
 */
void pgsa_search_set_codes(struct pgsa_search *search)
{
	search->detect_id = pgsa_code_id(search->policy->detect);
	search->correct_id = pgsa_code_id(search->policy->correct);
}

/* Rather none than to end processes for it. */
#define PGSA_SEARCH_GFP	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/**
 * pgsa_search_alloc - make a searcher without a thread
 * @policy: the policy it works for, locked
 *
 * Context: Process context, may sleep.
 * Return: the search, or NULL if there is no memory.
 */
struct pgsa_search *pgsa_search_alloc(struct pgsa_policy *policy)
{
	struct pgsa_search *search = kzalloc(sizeof(*search), PGSA_SEARCH_GFP);

	if (!search)
		return NULL;
	if (pgsa_code_stored(policy->correct) &&
	    pgsa_store_open(policy->correct)) {
		kfree(search);
		return NULL;
	}
	search->policy = policy;
	pgsa_search_set_codes(search);
	search->claims = kvcalloc(pgsa_claims_max(), sizeof(*search->claims),
				  PGSA_SEARCH_GFP);
	search->damaged = kmalloc(PAGE_SIZE, PGSA_SEARCH_GFP);
	search->repaired = kmalloc(PAGE_SIZE, PGSA_SEARCH_GFP);
	search->now = kmalloc(PAGE_SIZE, PGSA_SEARCH_GFP);
	if (search->claims && search->damaged && search->repaired &&
	    search->now)
		return search;
	pgsa_search_free(search);
	return NULL;
}

/*
 * A named share is to be had on a busy machine, too, where SCHED_IDLE gets next
 * to nothing. Without limit the searcher only takes what nobody wants.
 */
static void kpgsad_set_class(struct task_struct *thread, unsigned int permille)
{
	struct sched_param param = {};

	sched_setscheduler_nocheck(thread, permille ? SCHED_NORMAL : SCHED_IDLE,
				   &param);
}

static int kpgsad_create(struct pgsa_crew *crew, struct pgsa_policy *policy,
			 unsigned int nr)
{
	struct pgsa_search *search = pgsa_search_alloc(policy);
	const char *name = pgsa_policy_name(policy);
	struct task_struct *thread;

	if (!search)
		return -ENOMEM;
	thread = nr ? kthread_create(kpgsad, search, "kpgsad%u/%s", nr, name) :
		      kthread_create(kpgsad, search, "kpgsad/%s", name);
	if (IS_ERR(thread)) {
		pgsa_search_free(search);
		return PTR_ERR(thread);
	}
	search->crew = crew;
	/* The others may wake it after it has ended. */
	search->thread = get_task_struct(thread);
	crew->searches[nr] = search;
	kpgsad_set_class(thread, pgsa_setting_get(&policy->cpu_permille));
	return 0;
}

/*
 * The threads may have run or not. Who stops them does not wait until nobody else
 * wants a CPU.
 */
static void pgsa_crew_free(struct pgsa_crew *crew)
{
	unsigned int i;

	WRITE_ONCE(crew->stopping, true);
	for (i = 0; crew->searches[i]; i++) {
		kpgsad_set_class(crew->searches[i]->thread, PGSA_PERMILLE_MAX);
		kthread_stop(crew->searches[i]->thread);
	}
	for (i = 0; crew->searches[i]; i++) {
		put_task_struct(crew->searches[i]->thread);
		pgsa_search_free(crew->searches[i]);
	}
	pgsa_walk_exit(&crew->cursor.walk);
	mutex_destroy(&crew->cursor_lock);
	kfree(crew);
}

static struct pgsa_crew *pgsa_crew_create(struct pgsa_policy *policy)
{
	unsigned int i, nr = pgsa_setting_get(&policy->searchers);
	struct pgsa_crew *crew = kzalloc(struct_size(crew, searches, nr + 1),
					 GFP_KERNEL);
	int ret;

	if (!crew)
		return ERR_PTR(-ENOMEM);
	pgsa_crew_init(crew, policy, ktime_get_ns());
	for (i = 0; i < nr; i++) {
		ret = kpgsad_create(crew, policy, i);
		if (ret) {
			pgsa_crew_free(crew);
			return ERR_PTR(ret);
		}
	}
	return crew;
}

/**
 * pgsa_search_start - start the searchers of a policy
 * @policy: the policy, locked, without searchers
 *
 * Context: Process context, may sleep.
 * Return: 0; if there can be no thread -ENOMEM, -EINTR, or -EAGAIN for lack of
 * process numbers; or what the strategy returned when it refused. Nothing has
 * changed then.
 */
int pgsa_search_start(struct pgsa_policy *policy)
{
	const struct pgsa_strategy *strategy = policy->strategy;
	struct pgsa_crew *crew;
	int ret = 0;

	lockdep_assert_held(&policy->lock);
	crew = pgsa_crew_create(policy);
	if (IS_ERR(crew))
		return PTR_ERR(crew);
	if (strategy->start)
		ret = strategy->start(policy);
	if (ret) {
		pgsa_crew_free(crew);
		return ret;
	}
	policy->crew = crew;
	pgsa_search_wake(crew);
	return 0;
}

/**
 * pgsa_search_stop - stop the searchers of a policy
 * @policy: the policy, locked, with searchers
 *
 * Context: Process context; sleeps until each has finished its step.
 */
void pgsa_search_stop(struct pgsa_policy *policy)
{
	const struct pgsa_strategy *strategy = policy->strategy;

	lockdep_assert_held(&policy->lock);
	pgsa_crew_free(policy->crew);
	policy->crew = NULL;
	if (strategy->stop)
		strategy->stop(policy);
}

/* Is it to have its share on a busy machine, too? */
static bool kpgsad_is_normal(const struct pgsa_search *search)
{
	return pgsa_setting_get(&search->policy->cpu_permille) ||
	       READ_ONCE(search->crew->stopping);
}

/**
 * pgsa_search_hurry - take locks that others wait for, or have given them back
 * @search: the search; the caller is its thread
 * @hurry: take them
 *
 * A thread that gets only what nobody wants would keep those others waiting for as
 * long as a third wants the CPU.
 *
 * Context: Process context, without spinlocks.
 */
void pgsa_search_hurry(struct pgsa_search *search, bool hurry)
{
	bool normal, idle;

	/* Who changes the share changes the class afterwards: one of us sees it. */
	do {
		normal = hurry || kpgsad_is_normal(search);
		idle = current->policy == SCHED_IDLE;
		if (normal == idle)
			kpgsad_set_class(current, normal);
	} while (!hurry && normal != kpgsad_is_normal(search));
}

/**
 * pgsa_search_set_share - the share of a CPU has changed
 * @crew: the searchers, which are being kept from stopping
 * @permille: the share, 0 for unlimited; the policy says so already
 *
 * Context: Process context, may sleep.
 */
void pgsa_search_set_share(struct pgsa_crew *crew, unsigned int permille)
{
	unsigned int i;

	for (i = 0; crew->searches[i]; i++)
		kpgsad_set_class(crew->searches[i]->thread, permille);
}

/**
 * pgsa_search_wake - a limit has changed, or a cycle is complete
 * @crew: the searchers, which are being kept from stopping
 *
 * Context: Any context.
 */
void pgsa_search_wake(struct pgsa_crew *crew)
{
	unsigned int i;

	for (i = 0; crew->searches[i]; i++)
		wake_up_process(crew->searches[i]->thread);
}
