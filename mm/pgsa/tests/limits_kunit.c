// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_limits: what all live policies together may take.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../pgsa.h"

#define LIMITS_POLICIES	(PGSA_SEARCHERS_ALL_MAX + 1)

struct limits_test {
	struct pgsa_policy *policies;
	unsigned int entered;
};

static struct pgsa_policy *limits_policy(struct kunit *test, unsigned int i)
{
	struct limits_test *lt = test->priv;

	return &lt->policies[i];
}

static int limits_enter(struct kunit *test, unsigned int permille,
			unsigned int searchers)
{
	struct limits_test *lt = test->priv;
	struct pgsa_policy *policy = limits_policy(test, lt->entered);
	int ret;

	pgsa_setting_set(&policy->cpu_permille, permille);
	pgsa_setting_set(&policy->searchers, searchers);
	mutex_lock(&policy->lock);
	ret = pgsa_limits_enter(policy);
	mutex_unlock(&policy->lock);
	lt->entered += !ret;
	return ret;
}

static void limits_leave(struct kunit *test)
{
	struct limits_test *lt = test->priv;
	struct pgsa_policy *policy = limits_policy(test, --lt->entered);

	mutex_lock(&policy->lock);
	pgsa_limits_leave(policy);
	mutex_unlock(&policy->lock);
}

static int limits_set(struct kunit *test, unsigned int i, unsigned int permille)
{
	struct pgsa_policy *policy = limits_policy(test, i);
	int ret;

	mutex_lock(&policy->lock);
	ret = pgsa_limits_set_permille(policy, permille);
	mutex_unlock(&policy->lock);
	return ret;
}

/* The shares of all cannot be more than there are CPUs */
static void shares_in_sum(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < num_online_cpus(); i++)
		KUNIT_ASSERT_EQ(test, limits_enter(test, 1000, 1), 0);
	KUNIT_EXPECT_EQ(test, limits_enter(test, 1, 1), -ENOSPC);
	/* Who takes only what is left is let in. */
	KUNIT_EXPECT_EQ(test, limits_enter(test, 0, 1), 0);
	limits_leave(test);
	limits_leave(test);
	KUNIT_EXPECT_EQ(test, limits_enter(test, 999, 1), 0);
	KUNIT_EXPECT_EQ(test, limits_enter(test, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, limits_enter(test, 1, 1), -ENOSPC);
}

/* Nor may they become more when one is changed */
static void shares_changed(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < num_online_cpus(); i++)
		KUNIT_ASSERT_EQ(test, limits_enter(test, 1000, 1), 0);
	KUNIT_EXPECT_EQ(test, limits_set(test, 0, 400), 0);
	KUNIT_ASSERT_EQ(test, limits_enter(test, 600, 1), 0);
	KUNIT_EXPECT_EQ(test, limits_set(test, 0, 401), -ENOSPC);
	KUNIT_EXPECT_EQ(test, limits_set(test, 0, 400), 0);
	KUNIT_EXPECT_EQ(test, limits_set(test, i, 0), 0);
	KUNIT_EXPECT_EQ(test, limits_set(test, 0, 1000), 0);

	/* Memory that has gone since is no reason to refuse what takes none. */
	limits_policy(test, 0)->taken.bytes = ULONG_MAX / 2;
	KUNIT_EXPECT_EQ(test, limits_set(test, 0, 400), 0);
	KUNIT_EXPECT_EQ(test, limits_set(test, 0, 1000), 0);
}

static void searchers_in_sum(struct kunit *test)
{
	unsigned int nr = PGSA_SEARCHERS_ALL_MAX / PGSA_SEARCHERS_MAX, i;

	for (i = 0; i < nr; i++) {
		int ret = limits_enter(test, 0, PGSA_SEARCHERS_MAX);

		if (ret == -ENOMEM)
			kunit_skip(test, "too little memory");
		KUNIT_ASSERT_EQ(test, ret, 0);
	}
	KUNIT_EXPECT_EQ(test, limits_enter(test, 0, 1), -ENOSPC);
	limits_leave(test);
	KUNIT_EXPECT_EQ(test, limits_enter(test, 0, 1), 0);
}

/* Searchers take at most one part in 64 of memory */
static void memory_in_sum(struct kunit *test)
{
	unsigned long max = (totalram_pages() << PAGE_SHIFT) / 64, bytes = 0;
	int ret;

	do {
		ret = limits_enter(test, 0, 1);
		bytes += pgsa_search_bytes();
	} while (!ret && bytes < 2 * max);
	if (ret == -ENOSPC)
		kunit_skip(test, "enough memory for all searchers");
	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	KUNIT_EXPECT_GT(test, bytes, max);
	KUNIT_EXPECT_LE(test, bytes - pgsa_search_bytes(), max);
}

/* What was added goes again, also if a bit of what asked for it has flipped */
static void pagecache_damaged(struct kunit *test)
{
	struct pgsa_policy *policy = limits_policy(test, 0);

	KUNIT_EXPECT_FALSE(test, pgsa_policies_want_pagecache());
	pgsa_setting_set(&policy->scope_pagecache, true);
	KUNIT_ASSERT_EQ(test, limits_enter(test, 1, 1), 0);
	KUNIT_EXPECT_TRUE(test, pgsa_policies_want_pagecache());
	pgsa_setting_set(&policy->scope_pagecache, false);
	limits_leave(test);
	KUNIT_EXPECT_FALSE(test, pgsa_policies_want_pagecache());
	KUNIT_ASSERT_EQ(test, limits_enter(test, 1, 1), 0);
	pgsa_setting_set(&policy->scope_pagecache, true);
	policy->taken.pagecache = true;
	limits_leave(test);
	KUNIT_EXPECT_FALSE(test, pgsa_policies_want_pagecache());
}

static void limits_exit(struct kunit *test)
{
	struct limits_test *lt = test->priv;
	unsigned int i;

	while (lt && lt->entered)
		limits_leave(test);
	for (i = 0; lt && i < LIMITS_POLICIES && lt->policies[i].counts; i++)
		pgsa_policy_exit(&lt->policies[i]);
}

static int limits_init(struct kunit *test)
{
	struct limits_test *lt = kunit_kzalloc(test, sizeof(*lt), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, lt);
	lt->policies = kunit_kcalloc(test, LIMITS_POLICIES,
				     sizeof(*lt->policies), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lt->policies);
	test->priv = lt;
	for (i = 0; i < LIMITS_POLICIES; i++)
		KUNIT_ASSERT_EQ(test, pgsa_policy_init(&lt->policies[i]), 0);
	if (!lt->policies[0].strategy)
		kunit_skip(test, "sweep is not built in");
	return 0;
}

/* Targets take up to 1/64 of memory, whosever they are */
static void targets_in_sum(struct kunit *test)
{
	unsigned long most = totalram_pages() * PAGE_SIZE / 64;

	KUNIT_EXPECT_EQ(test, pgsa_limits_target(0, "test"), 0);
	KUNIT_EXPECT_EQ(test, pgsa_limits_target(most / 2048 - 1, "test"), 0);
	KUNIT_EXPECT_EQ(test, pgsa_limits_target(most / 2048, "test"), -ENOMEM);
	KUNIT_EXPECT_EQ(test, pgsa_limits_target(ULONG_MAX, "test"), -ENOMEM);
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(shares_in_sum),
	KUNIT_CASE(shares_changed),
	KUNIT_CASE(searchers_in_sum),
	KUNIT_CASE(memory_in_sum),
	KUNIT_CASE(pagecache_damaged),
	KUNIT_CASE(targets_in_sum),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "pgsa_limits",
	.init = limits_init,
	.exit = limits_exit,
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);
