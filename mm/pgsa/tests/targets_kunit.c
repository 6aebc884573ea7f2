// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_targets: the walk of the address space of the test's own thread,
 * and which frames of it a search by targets visits.
 */
#include <kunit/test.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/sched/coredump.h>
#include <linux/string.h>

#include "../record.h"
#include "../targets.h"

#define TARGETS_PAGES	300

struct targets_test {
	struct pgsa_policy policy;
	struct pgsa_target one;
	struct pgsa_target two;
	struct pgsa_cursor cursor;
	unsigned long pfns[4 * TARGETS_PAGES];
	unsigned int nr;	/* of them */
	unsigned int max;	/* that a step takes */
};

/* Pages that the mm cannot write, though they are its own */
static unsigned long targets_map(struct kunit *test, unsigned int pages,
				 unsigned long step)
{
	unsigned long addr, at;
	u32 i;

	addr = kunit_vm_mmap(test, NULL, 0, pages * step, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	KUNIT_ASSERT_FALSE(test, !addr || IS_ERR_VALUE(addr));
	set_bit(MMF_DISABLE_THP, &current->mm->flags);	/* pages only */
	for (i = 0, at = addr; i < pages; i++, at += step)
		KUNIT_ASSERT_EQ(test, access_remote_vm(current->mm, at, &i,
						       sizeof(i), FOLL_WRITE |
						       FOLL_FORCE),
				sizeof(i));
	return addr;
}

static bool targets_take(struct page *page, void *arg)
{
	struct targets_test *tt = arg;

	if (tt->nr == tt->max)
		return false;
	tt->pfns[tt->nr++] = page_to_pfn(page);
	return true;
}

/* Walks all, some pages in a step; returns how many steps that took */
static unsigned int targets_walk(struct kunit *test, unsigned int pages)
{
	struct targets_test *tt = test->priv;
	unsigned long addr = 0, before;
	unsigned int steps = 0;
	int ret;

	tt->nr = 0;
	do {
		before = addr;
		tt->max = tt->nr + pages;
		ret = pgsa_walk_mm(current->mm, &addr, targets_take, tt);
		if (ret == 1)
			KUNIT_EXPECT_GT(test, addr, before);
		KUNIT_ASSERT_LT(test, ++steps, 10000);
	} while (ret == 1);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, addr, 0);
	return steps;
}

/* The pages of an area, in its order, are those that were found */
static void targets_expect(struct kunit *test, unsigned long addr,
			   unsigned int pages, unsigned long step)
{
	struct targets_test *tt = test->priv;
	struct page *page;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, tt->nr, pages);
	for (i = 0; i < pages; i++) {
		KUNIT_ASSERT_EQ(test, get_user_pages_fast(addr + i * step, 1, 0,
							  &page), 1);
		KUNIT_EXPECT_EQ(test, tt->pfns[i], page_to_pfn(page));
		put_page(page);
	}
}

static void walk_all(struct kunit *test)
{
	unsigned long addr = targets_map(test, TARGETS_PAGES, PAGE_SIZE);
	unsigned int pages;

	for (pages = 1; pages < 2 * TARGETS_PAGES; pages = pages * 3 + 1) {
		KUNIT_EXPECT_GE(test, targets_walk(test, pages),
				TARGETS_PAGES / pages);
		targets_expect(test, addr, TARGETS_PAGES, PAGE_SIZE);
	}
}

static void walk_nothing(struct kunit *test)
{
	targets_map(test, 1, PAGE_SIZE);
	kunit_vm_mmap(test, NULL, 0, SZ_1G, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	KUNIT_EXPECT_LE(test, targets_walk(test, 10), 2);
	KUNIT_EXPECT_EQ(test, ((struct targets_test *)test->priv)->nr, 1);
}

/* A table for each page: a step ends after some of them */
static void walk_sparse(struct kunit *test)
{
	const unsigned int pages = 4 * PGSA_WALK_TABLES;
	unsigned long addr = targets_map(test, pages, PMD_SIZE);
	unsigned int steps = targets_walk(test, TARGETS_PAGES);

	targets_expect(test, addr, pages, PMD_SIZE);
	KUNIT_EXPECT_GE(test, steps, 4);
	KUNIT_EXPECT_LE(test, steps, 6);
}

static void walk_writable(struct kunit *test)
{
	struct targets_test *tt = test->priv;
	unsigned long addr, i;

	targets_map(test, 1, PAGE_SIZE);
	addr = kunit_vm_mmap(test, NULL, 0, 16 * PAGE_SIZE,
			     PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	for (i = 0; i < 16; i++)
		KUNIT_ASSERT_EQ(test, access_remote_vm(current->mm, addr +
						       i * PAGE_SIZE, &i,
						       sizeof(i), FOLL_WRITE),
				sizeof(i));
	targets_walk(test, TARGETS_PAGES);
	KUNIT_EXPECT_EQ(test, tt->nr, 1);
}

static void walk_locked(struct kunit *test)
{
	struct targets_test *tt = test->priv;
	unsigned long addr = targets_map(test, 1, PAGE_SIZE);

	tt->max = 1;
	mmap_write_lock(current->mm);
	KUNIT_EXPECT_EQ(test, pgsa_walk_mm(current->mm, &addr, targets_take, tt),
			-EAGAIN);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_NE(test, addr, 0);
	KUNIT_EXPECT_EQ(test, tt->nr, 0);
}

static void seen_once(struct kunit *test)
{
	static const unsigned long pfns[] = {
		0, 1, 63, 64, 959, 960, 961, 1 << 20, ULONG_MAX >> 12,
	};
	struct targets_test *tt = test->priv;
	struct pgsa_walk *walk = &tt->cursor.walk;
	unsigned int i, cycle;

	for (cycle = 0; cycle < 3; cycle++) {
		for (i = 0; i < ARRAY_SIZE(pfns); i++)
			KUNIT_EXPECT_TRUE(test, pgsa_seen_frame(walk, pfns[i]));
		for (i = 0; i < ARRAY_SIZE(pfns); i++)
			KUNIT_EXPECT_FALSE(test, pgsa_seen_frame(walk, pfns[i]));
		KUNIT_EXPECT_EQ(test, walk->frames, ARRAY_SIZE(pfns));
		pgsa_walk_next_target(walk, 7);
		KUNIT_EXPECT_FALSE(test, pgsa_seen_frame(walk, pfns[3]));
		KUNIT_EXPECT_FALSE(test, pgsa_seen_frame(walk, pfns[3]));
		KUNIT_EXPECT_EQ(test, walk->frames, 1);
		pgsa_walk_next_cycle(walk);
		KUNIT_EXPECT_EQ(test, walk->target, 0);
	}
}

static void seen_freed(struct kunit *test)
{
	struct targets_test *tt = test->priv;
	struct pgsa_walk *walk = &tt->cursor.walk;

	pgsa_seen_frame(walk, 1);
	pgsa_seen_frame(walk, 1 << 20);
	pgsa_walk_next_cycle(walk);
	KUNIT_EXPECT_TRUE(test, pgsa_seen_frame(walk, 1));
	pgsa_walk_next_cycle(walk);
	KUNIT_EXPECT_NOT_NULL(test, xa_load(&walk->seen, 0));
	KUNIT_EXPECT_FALSE(test, xa_empty(&walk->seen));
	pgsa_walk_next_cycle(walk);
	KUNIT_EXPECT_TRUE(test, xa_empty(&walk->seen));
}

/* Who goes over many chunks gives up the CPU in between */
static void seen_yields(struct kunit *test)
{
	struct targets_test *tt = test->priv;
	struct pgsa_walk *walk = &tt->cursor.walk;

	for (unsigned long i = 0; i < 1000; i++)
		pgsa_seen_frame(walk, i << 10);
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	pgsa_walk_next_cycle(walk);
	KUNIT_EXPECT_FALSE(test, test_tsk_need_resched(current));
	KUNIT_EXPECT_FALSE(test, xa_empty(&walk->seen));
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	pgsa_walk_exit(walk);
	KUNIT_EXPECT_FALSE(test, test_tsk_need_resched(current));
	KUNIT_EXPECT_TRUE(test, xa_empty(&walk->seen));
}

/* Goes on until the cycle has ended, at most @max frames at a time */
static void targets_cycle(struct kunit *test, unsigned int max)
{
	struct targets_test *tt = test->priv;
	int ret;

	tt->nr = 0;
	do {
		max = min(max, ARRAY_SIZE(tt->pfns) - tt->nr);
		KUNIT_ASSERT_GT(test, max, 0);
		ret = pgsa_targets_fill(&tt->cursor, tt->pfns + tt->nr, max,
					false);
		KUNIT_ASSERT_LE(test, ret, (int)max);
		tt->nr += max(ret, 0);
	} while (ret);
}

/* A kernel thread with an address space; its number would be refused */
static void targets_add(struct kunit *test, struct pgsa_target *target,
			struct pid *pid)
{
	struct targets_test *tt = test->priv;
	int err;

	mutex_lock(&tt->policy.lock);
	err = pgsa_targets_add(&tt->policy, target) ?:
	      pgsa_targets_list(target, pid, NULL);
	mutex_unlock(&tt->policy.lock);
	KUNIT_ASSERT_EQ(test, err, 0);
	rcu_assign_pointer(target->pid, pid);
}

static void targets_remove(struct kunit *test, struct pgsa_target *target)
{
	struct targets_test *tt = test->priv;

	mutex_lock(&tt->policy.lock);
	pgsa_targets_remove(target);
	mutex_unlock(&tt->policy.lock);
}

static void fill_cycles(struct kunit *test)
{
	unsigned long addr = targets_map(test, TARGETS_PAGES, PAGE_SIZE);
	struct targets_test *tt = test->priv;
	unsigned int max;

	targets_cycle(test, 1);
	KUNIT_EXPECT_EQ(test, tt->nr, 0);
	targets_add(test, &tt->one, task_tgid(current));
	targets_add(test, &tt->two, task_tgid(current));
	for (max = 1; max < 2 * TARGETS_PAGES; max = max * 3 + 1) {
		targets_cycle(test, max);
		targets_expect(test, addr, TARGETS_PAGES, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, tt->one.frames, TARGETS_PAGES);
		KUNIT_EXPECT_EQ(test, tt->two.frames, TARGETS_PAGES);
	}
}

/* The cycle goes on with what is left */
static void fill_removed(struct kunit *test)
{
	unsigned long addr = targets_map(test, TARGETS_PAGES, PAGE_SIZE);
	struct targets_test *tt = test->priv;

	targets_add(test, &tt->one, task_tgid(current));
	targets_add(test, &tt->two, task_tgid(current));
	KUNIT_EXPECT_EQ(test, pgsa_targets_fill(&tt->cursor, tt->pfns, 100,
						false), 100);
	targets_remove(test, &tt->one);
	KUNIT_EXPECT_EQ(test, pgsa_targets_fill(&tt->cursor, tt->pfns + 100,
						1000, false),
			TARGETS_PAGES - 100);
	tt->nr = TARGETS_PAGES;
	targets_expect(test, addr, TARGETS_PAGES, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tt->one.frames, 0);
	targets_remove(test, &tt->two);
	KUNIT_EXPECT_EQ(test, pgsa_targets_fill(&tt->cursor, tt->pfns, 1, false),
			0);
	targets_cycle(test, 100);
	KUNIT_EXPECT_EQ(test, tt->nr, 0);
}

/* Only for a while */
static void fill_locked(struct kunit *test)
{
	struct targets_test *tt = test->priv;
	unsigned int tries = 0;
	int ret;

	targets_map(test, 1, PAGE_SIZE);
	targets_add(test, &tt->one, task_tgid(current));
	mmap_write_lock(current->mm);
	do
		ret = pgsa_targets_fill(&tt->cursor, tt->pfns, 100, false);
	while (ret == -EAGAIN && ++tries < 1000);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GT(test, tries, 1);
	KUNIT_EXPECT_LT(test, tries, 1000);
	targets_cycle(test, 100);
	KUNIT_EXPECT_EQ(test, tt->nr, 1);
}

/* The longest is that which was set, whatever the CPUs are thought to have counted */
static void fill_max(struct kunit *test)
{
	struct targets_test *tt = test->priv;
	struct pgsa_policy *policy = &tt->policy;

	targets_map(test, 1, PAGE_SIZE);
	targets_add(test, &tt->one, task_tgid(current));
	pgsa_stat_add(policy, PGSA_STAT_WALK_MAX_NS, U32_MAX);
	targets_cycle(test, 100);
	KUNIT_EXPECT_GT(test, atomic64_read(&policy->values[PGSA_STAT_WALK_MAX_NS]),
			0);
}

static void targets_error_at(struct kunit *test, unsigned long addr)
{
	struct pgsa_finding finding = {};
	struct targets_test *tt = test->priv;
	struct page *page;

	KUNIT_ASSERT_EQ(test, get_user_pages_fast(addr, 1, 0, &page), 1);
	finding.pfn = page_to_pfn(page);
	finding.word = pgsa_frame_word_at(finding.pfn);
	scoped_guard(mutex, &tt->policy.lock)
		pgsa_hurt_start(&tt->policy);
	get_online_mems();
	pgsa_targets_hurt(&tt->policy, &finding);
	put_online_mems();
	scoped_guard(mutex, &tt->policy.lock)
		pgsa_hurt_stop(&tt->policy);
	put_page(page);
}

/* Each target counts it once, whatever one of them says of its id */
static void hurt_ids_damaged(struct kunit *test)
{
	unsigned long addr = targets_map(test, 1, PAGE_SIZE);
	struct targets_test *tt = test->priv;
	unsigned int bit;

	targets_add(test, &tt->one, task_tgid(current));
	targets_add(test, &tt->two, task_tgid(current));
	for (bit = 0; bit < 8; bit++) {
		tt->two.id ^= BIT(bit);
		targets_error_at(test, addr);
		tt->two.id ^= BIT(bit);
		KUNIT_EXPECT_EQ(test, atomic64_read(&tt->one.errors), bit + 1);
		KUNIT_EXPECT_EQ(test, atomic64_read(&tt->two.errors), bit + 1);
	}
}

/* What is no number of a signal any more is none to look for a handler of */
static void hurt_signal_damaged(struct kunit *test)
{
	static const int signals[] = { _NSIG + 1, 128, 1 << 30, INT_MIN, -1,
				       SIGKILL, SIGSTOP };
	unsigned long addr = targets_map(test, 1, PAGE_SIZE);
	struct targets_test *tt = test->priv;
	unsigned int i;

	targets_add(test, &tt->one, task_tgid(current));
	rcu_assign_pointer(tt->one.agent, task_tgid(current));
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		pgsa_setting_set(&tt->one.signal, signals[i]);
		targets_error_at(test, addr);
	}
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(&tt->policy, PGSA_STAT_RECORDS_DAMAGED),
			i);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(&tt->policy, PGSA_STAT_SIGNALS_WITHHELD),
			i);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(&tt->policy, PGSA_STAT_SIGNALS), 0);
}

static void targets_exit(void *data)
{
	struct targets_test *tt = data;
	struct pgsa_target *target;
	unsigned long id;

	scoped_guard(mutex, &tt->policy.lock)
		xa_for_each(&tt->policy.targets.by_id, id, target)
			pgsa_targets_remove(target);
	pgsa_walk_exit(&tt->cursor.walk);
	pgsa_policy_exit(&tt->policy);
}

static int targets_init(struct kunit *test)
{
	struct targets_test *tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tt);
	KUNIT_ASSERT_EQ(test, pgsa_policy_init(&tt->policy), 0);
	tt->cursor.policy = &tt->policy;
	pgsa_walk_init(&tt->cursor.walk);
	test->priv = tt;
	return kunit_add_action_or_reset(test, targets_exit, tt);
}

static struct kunit_case targets_cases[] = {
	KUNIT_CASE(walk_all),
	KUNIT_CASE(walk_nothing),
	KUNIT_CASE(walk_sparse),
	KUNIT_CASE(walk_writable),
	KUNIT_CASE(walk_locked),
	KUNIT_CASE(seen_once),
	KUNIT_CASE(seen_freed),
	KUNIT_CASE(seen_yields),
	KUNIT_CASE(fill_cycles),
	KUNIT_CASE(fill_removed),
	KUNIT_CASE(fill_locked),
	KUNIT_CASE(fill_max),
	KUNIT_CASE(hurt_ids_damaged),
	KUNIT_CASE(hurt_signal_damaged),
	{}
};

static struct kunit_suite targets_suite = {
	.name = "pgsa_targets",
	.init = targets_init,
	.test_cases = targets_cases,
};

kunit_test_suite(targets_suite);
