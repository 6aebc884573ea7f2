// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_seal: when a batch of claims is sealed, and when it is given
 * back.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/pgsa_iommu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "../claim.h"
#include "../mark.h"
#include "../pgsa.h"
#include "../proof.h"
#include "../record.h"

#define SEAL_CLAIMS	3	/* of which all but one wait */

#define SEAL_PFN	0x12345UL
#define SEAL_CHECK	0x0123456789abcdefULL

struct seal_test {
	struct pgsa_policy policy;
	struct pgsa_search *search;
	struct pgsa_frame frame;
	bool lost;		/* at the moment when the frame is claimed */
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

/* Whoever sees the claim sees when it was made. */
static bool seal_claim_frame(struct pgsa_frame *frame, unsigned long pfn,
			     u64 *word, unsigned int detect,
			     unsigned int correct)
{
	struct seal_test *st = kunit_get_current_test()->priv;

	st->lost = pgsa_claim_lost(frame);
	return pgsa_frame_claim(frame, pfn, word, detect, correct);
}

static bool seal_claim(struct seal_test *st, u64 word)
{
	guard(rcu)();
	return pgsa_claim_timed(st->search, &st->frame, SEAL_PFN, &word);
}

static void seal_time_comes_first(struct kunit *test)
{
	struct seal_test *st = test->priv;

	kunit_activate_static_stub(test, pgsa_claim_frame, seal_claim_frame);
	st->frame.check = SEAL_CHECK;
	st->lost = true;
	KUNIT_EXPECT_TRUE(test, pgsa_claim_lost(&st->frame));
	KUNIT_EXPECT_TRUE(test, seal_claim(st, 0));
	KUNIT_EXPECT_FALSE(test, st->lost);
	KUNIT_EXPECT_FALSE(test, pgsa_claim_lost(&st->frame));
}

/* Somebody else was faster, however little is known of that */
static void seal_check_is_kept(struct kunit *test)
{
	struct seal_test *st = test->priv;
	u64 open, word = 0;

	kunit_activate_static_stub(test, pgsa_claim_frame, seal_claim_frame);
	pgsa_frame_add_writer(&st->frame, SEAL_PFN);
	pgsa_frame_sub_writer(&st->frame);
	open = pgsa_frame_word(&st->frame);
	word = open;
	KUNIT_ASSERT_TRUE(test, pgsa_frame_claim(&st->frame, SEAL_PFN, &word, 1,
						 0));
	KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&st->frame, SEAL_PFN, &word,
						PGSA_FRAME_SEALED));
	st->frame.check = SEAL_CHECK;
	KUNIT_EXPECT_FALSE(test, seal_claim(st, open));
	KUNIT_EXPECT_FALSE(test, seal_claim(st, word));
	KUNIT_EXPECT_EQ(test, st->frame.check, SEAL_CHECK);
}

/* A page that would be sealed: anonymous memory of a process */
static struct page *seal_page(struct kunit *test)
{
	unsigned long addr;
	struct page *page;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_NE(test, addr, 0);
	KUNIT_ASSERT_EQ(test, put_user(1, (int __user *)addr), 0);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast(addr, 1, 0, &page), 1);
	put_page(page);
	lru_add_drain_all();
	return page;
}

/* It is not even looked at closely, and that is the reason which is counted */
static void device_is_a_reason(struct kunit *test)
{
	struct page *page = seal_page(test);
	enum pgsa_refusal before, shared, after;

	if (pgsa_devices_share_mm())
		kunit_skip(test, "there is a device with page tables");
	get_online_mems();
	before = pgsa_sealing_refusal(page, false);
	pgsa_mm_device_add();
	shared = pgsa_sealing_refusal(page, false);
	pgsa_mm_device_drop();
	after = pgsa_sealing_refusal(page, false);
	put_online_mems();
	KUNIT_EXPECT_STREQ(test, pgsa_refusal_name(before), "writable");
	KUNIT_EXPECT_STREQ(test, pgsa_refusal_name(shared),
			   "shared_with_device");
	KUNIT_EXPECT_STREQ(test, pgsa_refusal_name(after), "writable");
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
	KUNIT_CASE(seal_time_comes_first),
	KUNIT_CASE(seal_check_is_kept),
	KUNIT_CASE(device_is_a_reason),
	{}
};

static struct kunit_suite seal_suite = {
	.name = "pgsa_seal",
	.init = seal_init,
	.test_cases = seal_cases,
};

kunit_test_suite(seal_suite);
