// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_target_set: which targets a policy has, who belongs to them, and
 * that neither is a question of how many there are.
 */
#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../targets.h"

struct set_test {
	struct pgsa_policy policy;
	struct pgsa_target one;
	struct pgsa_target two;
	struct pgsa_cursor cursor;
};

static void set_empty(void *data)
{
	struct pgsa_policy *policy = data;
	struct pgsa_target *target;
	unsigned long id;

	mutex_lock(&policy->lock);
	xa_for_each(&policy->targets.by_id, id, target)
		pgsa_targets_remove(target);
	mutex_unlock(&policy->lock);
}

/* Those who may have found them have gone before */
static void set_free(void *targets)
{
	kvfree(targets);
}

static void targets_list(struct kunit *test, struct pgsa_target *target,
			 struct pid *pid)
{
	int err;

	mutex_lock(&target->policy->lock);
	err = pgsa_targets_list(target, pid, NULL);
	mutex_unlock(&target->policy->lock);
	KUNIT_ASSERT_EQ(test, err, 0);
}

static void targets_add(struct kunit *test, struct pgsa_target *target,
			struct pid *pid)
{
	struct set_test *st = test->priv;
	int err;

	mutex_lock(&st->policy.lock);
	err = pgsa_targets_add(&st->policy, target);
	mutex_unlock(&st->policy.lock);
	KUNIT_ASSERT_EQ(test, err, 0);
	targets_list(test, target, pid);
}

static void targets_remove(struct kunit *test, struct pgsa_target *target)
{
	struct set_test *st = test->priv;

	mutex_lock(&st->policy.lock);
	pgsa_targets_remove(target);
	mutex_unlock(&st->policy.lock);
}

#define SET_CALLS_MAX	100000

/* A whole cycle, of targets that have no frames; returns how many calls it took */
static unsigned int set_cycle(struct kunit *test)
{
	struct set_test *st = test->priv;
	unsigned int calls = 0;
	unsigned long pfn;
	int ret;

	do {
		ret = pgsa_targets_fill(&st->cursor, &pfn, 1, false);
	} while (++calls < SET_CALLS_MAX && ret == -EAGAIN);
	KUNIT_EXPECT_EQ(test, ret, 0);
	return calls;
}

#define TARGETS_FEW	1000
#define TARGETS_MANY	10000

/* Of nobody, so that the search does nothing but look for the next one */
static void targets_add_many(struct kunit *test, unsigned int nr)
{
	struct pgsa_target *targets = kvcalloc(nr, sizeof(*targets), GFP_KERNEL);
	struct set_test *st = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, targets);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, set_free,
							targets), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, set_empty,
							&st->policy), 0);
	while (nr--)
		targets_add(test, targets++, NULL);
}

/* The least of some, since others may have the CPU in between */
static u64 targets_cycle_ns(struct kunit *test)
{
	u64 least = U64_MAX;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		u64 begin = ktime_get_ns();

		set_cycle(test);
		least = min(least, ktime_get_ns() - begin);
	}
	return least;
}

/* Ten times as many take ten times as long, not a hundred times */
static void fill_many(struct kunit *test)
{
	u64 few, many;

	targets_add_many(test, TARGETS_FEW);
	few = targets_cycle_ns(test);
	targets_add_many(test, TARGETS_MANY - TARGETS_FEW);
	many = targets_cycle_ns(test);
	kunit_info(test, "%u targets: %llu us, %u: %llu us", TARGETS_FEW,
		   few / NSEC_PER_USEC, TARGETS_MANY, many / NSEC_PER_USEC);
	KUNIT_EXPECT_LT(test, many, 40 * few);
}

/* Nor does one of nobody cost a look at each process there is */
static void fill_empty(struct kunit *test)
{
	const unsigned int looks = PGSA_STEPS * PGSA_LOOKS;

	targets_add_many(test, TARGETS_MANY);
	KUNIT_EXPECT_LE(test, set_cycle(test), TARGETS_MANY / looks + 2);
}

static u64 targets_have_ns(struct kunit *test, bool have)
{
	struct set_test *st = test->priv;
	u64 least = U64_MAX;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		u64 begin = ktime_get_ns();

		KUNIT_EXPECT_EQ(test, pgsa_targets_have(&st->policy, current),
				have);
		least = min(least, ktime_get_ns() - begin);
	}
	return least;
}

/* A task asks at each switch */
static void have_many(struct kunit *test)
{
	struct set_test *st = test->priv;
	u64 none, some;

	targets_add_many(test, TARGETS_MANY);
	none = targets_have_ns(test, false);
	targets_add(test, &st->one, task_tgid(current));
	some = targets_have_ns(test, true);
	kunit_info(test, "%u targets: %llu ns for who is one, %llu for others",
		   TARGETS_MANY, some, none);
	KUNIT_EXPECT_LT(test, none, 10 * NSEC_PER_USEC);
	KUNIT_EXPECT_LT(test, some, 10 * NSEC_PER_USEC);
	targets_remove(test, &st->one);
	targets_have_ns(test, false);
}

/* One process may be several targets, and a target somebody else's */
static void have_again(struct kunit *test)
{
	struct set_test *st = test->priv;
	struct pid *pid = task_tgid(current);

	targets_add(test, &st->one, pid);
	targets_add(test, &st->two, pid);
	targets_list(test, &st->one, task_tgid(&init_task));
	KUNIT_EXPECT_TRUE(test, pgsa_targets_have(&st->policy, current));
	targets_list(test, &st->two, NULL);
	KUNIT_EXPECT_FALSE(test, pgsa_targets_have(&st->policy, current));
	targets_list(test, &st->one, pid);
	KUNIT_EXPECT_TRUE(test, pgsa_targets_have(&st->policy, current));
	targets_remove(test, &st->one);
	KUNIT_EXPECT_FALSE(test, pgsa_targets_have(&st->policy, current));
	targets_remove(test, &st->two);
	KUNIT_EXPECT_TRUE(test, pgsa_targets_have(&st->policy, current));
}

/* No more than are promised, and none of them is harmed */
static void add_limit(struct kunit *test)
{
	struct set_test *st = test->priv;
	int err;

	targets_add_many(test, 2);
	mutex_lock(&st->policy.lock);
	st->policy.targets.nr += PGSA_TARGETS_MAX - 2;
	err = pgsa_targets_add(&st->policy, &st->one);
	st->policy.targets.nr -= PGSA_TARGETS_MAX - 2;
	mutex_unlock(&st->policy.lock);
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_EQ(test, st->policy.targets.nr, 2);
	targets_add(test, &st->one, NULL);
	KUNIT_EXPECT_EQ(test, st->one.id, 3);
}

/* Whatever a target says of its id, the search comes to the end of all */
static void ids_damaged(struct kunit *test)
{
	struct set_test *st = test->priv;
	unsigned int bit;

	targets_add(test, &st->one, NULL);
	targets_add(test, &st->two, NULL);
	for (bit = 0; bit < BITS_PER_TYPE(st->two.id); bit++) {
		st->two.id ^= BIT(bit);
		KUNIT_ASSERT_LE_MSG(test, set_cycle(test), 2, "bit %u", bit);
		st->two.id ^= BIT(bit);
	}
}

/* And the one that goes is it, and no other */
static void remove_damaged(struct kunit *test)
{
	struct set_test *st = test->priv;
	struct pgsa_target_set *set = &st->policy.targets;

	targets_add(test, &st->one, NULL);
	targets_add(test, &st->two, NULL);
	st->two.id = st->one.id;
	targets_remove(test, &st->two);
	KUNIT_EXPECT_PTR_EQ(test, xa_load(&set->by_id, 1), (void *)&st->one);
	KUNIT_EXPECT_NULL(test, xa_load(&set->by_id, 2));
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(&st->policy,
					     PGSA_STAT_RECORDS_DAMAGED), 1);
	st->one.id ^= BIT(20);
	targets_remove(test, &st->one);
	KUNIT_EXPECT_TRUE(test, xa_empty(&set->by_id));
}

/* What a flipped bit has made of the counts is right again with the last target */
static void counts_damaged(struct kunit *test)
{
	struct set_test *st = test->priv;
	struct pgsa_target_set *set = &st->policy.targets;

	targets_add(test, &st->one, NULL);
	set->nr ^= BIT(12);
	set->nr_cgroups ^= BIT(3);
	set->next = 1;
	targets_add(test, &st->two, NULL);
	KUNIT_EXPECT_EQ(test, st->two.id, 2);
	targets_remove(test, &st->two);
	targets_remove(test, &st->one);
	KUNIT_EXPECT_EQ(test, set->nr, 0);
	KUNIT_EXPECT_EQ(test, set->nr_cgroups, 0);
}

static void have_targets(struct kunit *test)
{
	struct set_test *st = test->priv;

	KUNIT_EXPECT_TRUE(test, pgsa_targets_have(&st->policy, current));
	KUNIT_EXPECT_TRUE(test, pgsa_targets_have(&st->policy, &init_task));
	targets_add(test, &st->two, NULL);
	KUNIT_EXPECT_FALSE(test, pgsa_targets_have(&st->policy, current));
	targets_add(test, &st->one, task_tgid(current));
	KUNIT_EXPECT_TRUE(test, pgsa_targets_have(&st->policy, current));
	KUNIT_EXPECT_FALSE(test, pgsa_targets_have(&st->policy, &init_task));
}

static void set_exit(void *data)
{
	struct set_test *st = data;

	set_empty(&st->policy);
	pgsa_walk_exit(&st->cursor.walk);
	pgsa_policy_exit(&st->policy);
}

static int set_init(struct kunit *test)
{
	struct set_test *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, st);
	KUNIT_ASSERT_EQ(test, pgsa_policy_init(&st->policy), 0);
	st->cursor.policy = &st->policy;
	pgsa_walk_init(&st->cursor.walk);
	test->priv = st;
	return kunit_add_action_or_reset(test, set_exit, st);
}

static struct kunit_case set_cases[] = {
	KUNIT_CASE(have_targets),
	KUNIT_CASE(have_again),
	KUNIT_CASE(have_many),
	KUNIT_CASE(fill_many),
	KUNIT_CASE(fill_empty),
	KUNIT_CASE(add_limit),
	KUNIT_CASE(ids_damaged),
	KUNIT_CASE(remove_damaged),
	KUNIT_CASE(counts_damaged),
	{}
};

static struct kunit_suite set_suite = {
	.name = "pgsa_target_set",
	.init = set_init,
	.test_cases = set_cases,
};

kunit_test_suite(set_suite);
