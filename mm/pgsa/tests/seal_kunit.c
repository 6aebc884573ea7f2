// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_seal: when a batch of claims is sealed, and when it is given
 * back.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pgsa_iommu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../pgsa.h"

#define SEAL_CLAIMS	3	/* of which all but one wait */

struct seal_test {
	struct pgsa_policy policy;
	struct pgsa_search *search;
};

/* Claims of a frame that nobody may seal. */
static void seal_begin(struct kunit *test, struct seal_test *st)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NE(test, page, 0UL);
	for (i = 0; i < SEAL_CLAIMS; i++) {
		if (i == SEAL_CLAIMS - 1)
			pgsa_seal_begin(st->search);
		st->search->claims[st->search->nr_claims++].pfn =
			PHYS_PFN(__pa(page));
	}
	free_page(page);
	/* An expedited grace period, as while the kernel boots, is not enough. */
	while (!poll_state_synchronize_rcu(st->search->grace))
		schedule_timeout_uninterruptible(1);
}

static bool seal_step(struct seal_test *st)
{
	bool more;

	get_online_mems();
	more = pgsa_seal_step(st->search, U64_MAX);
	put_online_mems();
	return more;
}

/* Without devices those that have waited are dealt with, and no others */
static void seal_without_device(struct kunit *test)
{
	struct seal_test *st = test->priv;

	if (pgsa_devices_share_mm())
		kunit_skip(test, "there is a device with page tables");
	seal_begin(test, st);
	KUNIT_EXPECT_FALSE(test, seal_step(st));
	KUNIT_EXPECT_EQ(test, st->search->nr_waiting, 0);
	KUNIT_EXPECT_EQ(test, st->search->nr_claims, 1);
}

/* A device may keep entries that no flush reaches: all is given back */
static void seal_with_device(struct kunit *test)
{
	struct seal_test *st = test->priv;
	bool shared;

	seal_begin(test, st);
	pgsa_mm_device_add();
	shared = pgsa_devices_share_mm();
	KUNIT_EXPECT_FALSE(test, seal_step(st));
	pgsa_mm_device_drop();
	KUNIT_EXPECT_TRUE(test, shared);
	KUNIT_EXPECT_EQ(test, st->search->nr_waiting, 0);
	KUNIT_EXPECT_EQ(test, st->search->nr_claims, 0);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(&st->policy, PGSA_STAT_SEALED), 0);
}

/* One address space of two is gone: the other is still shared */
static void seal_counts_devices(struct kunit *test)
{
	bool one, two;

	if (pgsa_devices_share_mm())
		kunit_skip(test, "there is a device with page tables");
	pgsa_mm_device_add();
	pgsa_mm_device_add();
	two = pgsa_devices_share_mm();
	pgsa_mm_device_drop();
	one = pgsa_devices_share_mm();
	pgsa_mm_device_drop();
	KUNIT_EXPECT_TRUE(test, two);
	KUNIT_EXPECT_TRUE(test, one);
	KUNIT_EXPECT_FALSE(test, pgsa_devices_share_mm());
}

static void seal_exit(void *data)
{
	struct seal_test *st = data;

	if (st->search)
		pgsa_search_free(st->search);
	pgsa_policy_exit(&st->policy);
}

static int seal_init(struct kunit *test)
{
	struct seal_test *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, st);
	KUNIT_ASSERT_EQ(test, pgsa_policy_init(&st->policy), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, seal_exit, st),
			0);
	mutex_lock(&st->policy.lock);
	st->search = pgsa_search_alloc(&st->policy);
	mutex_unlock(&st->policy.lock);
	KUNIT_ASSERT_NOT_NULL(test, st->search);
	test->priv = st;
	return 0;
}

static struct kunit_case seal_cases[] = {
	KUNIT_CASE(seal_without_device),
	KUNIT_CASE(seal_with_device),
	KUNIT_CASE(seal_counts_devices),
	{}
};

static struct kunit_suite seal_suite = {
	.name = "pgsa_seal",
	.init = seal_init,
	.test_cases = seal_cases,
};

kunit_test_suite(seal_suite);
