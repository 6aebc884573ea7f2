// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_doubt: what is known of a frame that did not match and could not
 * be confirmed, when an event opens it or it is freed. The record is the test's own.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../doubt.h"
#include "../record.h"
#include "../verify.h"

struct doubt_test {
	struct pgsa_policy policy;
	struct pgsa_search search;
	struct pgsa_finding finding;
	struct page *page;
	unsigned long pfn;
	struct pgsa_frame frame;
};

static struct pgsa_frame *doubt_frame_at(unsigned long pfn)
{
	struct doubt_test *dt = kunit_get_current_test()->priv;

	return pfn == dt->pfn ? &dt->frame : NULL;
}

static u64 doubt_word(struct doubt_test *dt)
{
	return pgsa_frame_word(&dt->frame);
}

static bool doubt_claim(struct doubt_test *dt)
{
	u64 word = doubt_word(dt);

	return pgsa_frame_claim(&dt->frame, dt->pfn, &word, 1, 0);
}

static void doubt_write(struct doubt_test *dt)
{
	pgsa_frame_write(&dt->frame, dt->pfn);
}

static void doubt_free(struct doubt_test *dt)
{
	pgsa_frame_free(&dt->frame, dt->pfn);
}

/* The frame is SEALED, and its page has been found not to match. */
static void doubt_begin(struct kunit *test, bool content)
{
	struct doubt_test *dt = test->priv;
	struct pgsa_doubt *doubt = kzalloc(sizeof(*doubt), GFP_KERNEL);
	u64 word;

	KUNIT_ASSERT_NOT_NULL(test, doubt);
	KUNIT_ASSERT_TRUE(test, doubt_claim(dt));
	word = doubt_word(dt);
	KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&dt->frame, dt->pfn, &word,
						PGSA_FRAME_SEALED));
	doubt->word = word;
	doubt->content = content;
	KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store(&pgsa_doubts, dt->pfn,
						    doubt, GFP_KERNEL)));
}

static bool doubt_is_there(struct doubt_test *dt)
{
	return xa_load(&pgsa_doubts, dt->pfn);
}

static void expect_unresolved(struct kunit *test, unsigned int nr)
{
	struct doubt_test *dt = test->priv;

	KUNIT_EXPECT_EQ(test, pgsa_stat_read(&dt->policy,
					     PGSA_STAT_UNRESOLVED), nr);
	KUNIT_EXPECT_EQ(test, pgsa_word_hurt(doubt_word(dt)), nr > 0);
}

static void time_of_readers(struct kunit *test)
{
	struct pgsa_doubt doubt = { .due_ns = 1000 * NSEC_PER_SEC };
	unsigned int bit;

	KUNIT_EXPECT_FALSE(test, pgsa_doubt_due(&doubt, doubt.due_ns -
						PGSA_UNCONFIRMED_NS));
	KUNIT_EXPECT_FALSE(test, pgsa_doubt_due(&doubt, doubt.due_ns - 1));
	KUNIT_EXPECT_TRUE(test, pgsa_doubt_due(&doubt, doubt.due_ns));
	KUNIT_EXPECT_TRUE(test, pgsa_doubt_due(&doubt, doubt.due_ns +
					       1000 * NSEC_PER_SEC));
	/* Whichever bit of it flips, it is over after that time. */
	for (bit = 0; bit < 64; bit++) {
		u64 end_ns = doubt.due_ns + PGSA_UNCONFIRMED_NS;
		struct pgsa_doubt flipped = {
			.due_ns = doubt.due_ns ^ BIT_ULL(bit),
		};

		KUNIT_EXPECT_TRUE_MSG(test, pgsa_doubt_due(&flipped, end_ns),
				      "bit %u", bit);
	}
}

/* Who copies the page has to know for as long as it may be damaged. */
static void content_until_freed(struct kunit *test)
{
	struct doubt_test *dt = test->priv;

	doubt_begin(test, true);
	KUNIT_EXPECT_TRUE(test, pgsa_unconfirmed_content(dt->pfn));
	doubt_write(dt);
	KUNIT_EXPECT_TRUE(test, pgsa_unconfirmed_content(dt->pfn));
	pgsa_frame_add_writer(&dt->frame, dt->pfn);
	KUNIT_EXPECT_TRUE(test, pgsa_unconfirmed_content(dt->pfn));
	doubt_free(dt);
	KUNIT_EXPECT_FALSE(test, pgsa_unconfirmed_content(dt->pfn));
	pgsa_frame_add_writer(&dt->frame, dt->pfn);
	KUNIT_EXPECT_FALSE(test, pgsa_unconfirmed_content(dt->pfn));
	pgsa_unconfirmed_trim(&dt->search);
	KUNIT_EXPECT_FALSE(test, doubt_is_there(dt));
	expect_unresolved(test, 0);
}

static void content_while_confirmed(struct kunit *test)
{
	struct doubt_test *dt = test->priv;
	u64 word;

	doubt_begin(test, true);
	word = doubt_word(dt);
	KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&dt->frame, dt->pfn, &word,
						PGSA_FRAME_CHECKING));
	KUNIT_EXPECT_TRUE(test, pgsa_unconfirmed_content(dt->pfn));
}

static void content_of_damaged_record(struct kunit *test)
{
	struct doubt_test *dt = test->priv;

	doubt_begin(test, false);
	KUNIT_EXPECT_FALSE(test, pgsa_unconfirmed_content(dt->pfn));
	doubt_write(dt);
	KUNIT_EXPECT_FALSE(test, pgsa_unconfirmed_content(dt->pfn));
	pgsa_unconfirmed_trim(&dt->search);
	expect_unresolved(test, 0);
}

static void trim_opened(struct kunit *test)
{
	struct doubt_test *dt = test->priv;

	doubt_begin(test, true);
	pgsa_unconfirmed_trim(&dt->search);
	KUNIT_EXPECT_TRUE(test, doubt_is_there(dt));
	expect_unresolved(test, 0);
	doubt_write(dt);
	pgsa_unconfirmed_trim(&dt->search);
	KUNIT_EXPECT_FALSE(test, doubt_is_there(dt));
	expect_unresolved(test, 1);
}

/* He looks for it after his claim, and must find it. */
static void trim_leaves_it_to_who_claims(struct kunit *test)
{
	struct doubt_test *dt = test->priv;
	bool given_up;
	u64 word;

	doubt_begin(test, true);
	doubt_write(dt);
	word = doubt_word(dt);
	KUNIT_ASSERT_TRUE(test, doubt_claim(dt));
	pgsa_unconfirmed_trim(&dt->search);
	KUNIT_EXPECT_TRUE(test, doubt_is_there(dt));
	/* It has taken what is to be told. */
	dt->search.finding = &dt->finding;
	scoped_guard(rcu)
		given_up = pgsa_unconfirmed_claimed(&dt->search, &dt->frame,
						    dt->pfn, word);
	KUNIT_EXPECT_TRUE(test, given_up);
	KUNIT_EXPECT_FALSE(test, doubt_is_there(dt));
	expect_unresolved(test, 1);
}

/* Else an event and a second claim could pass between the first and his look. */
static void given_up_before_the_claim(struct kunit *test)
{
	struct doubt_test *dt = test->priv;
	bool given_up;

	doubt_begin(test, true);
	doubt_write(dt);
	scoped_guard(rcu)
		given_up = pgsa_unconfirmed_opened(&dt->search, &dt->frame,
						   dt->pfn, doubt_word(dt));
	KUNIT_EXPECT_TRUE(test, given_up);
	KUNIT_EXPECT_FALSE(test, doubt_claim(dt));
	expect_unresolved(test, 1);
}

/* Freed between the claim and the look, and another's since */
static void claimed_and_freed(struct kunit *test)
{
	struct doubt_test *dt = test->priv;
	u64 word;

	doubt_begin(test, true);
	doubt_write(dt);
	word = doubt_word(dt);
	KUNIT_ASSERT_TRUE(test, doubt_claim(dt));
	doubt_free(dt);
	pgsa_frame_add_writer(&dt->frame, dt->pfn);
	scoped_guard(rcu)
		pgsa_unconfirmed_claimed(&dt->search, &dt->frame, dt->pfn, word);
	KUNIT_EXPECT_FALSE(test, doubt_is_there(dt));
	expect_unresolved(test, 0);
}

static void doubt_exit(struct kunit *test)
{
	struct doubt_test *dt = test->priv;

	if (!dt || !dt->page)
		return;
	pgsa_unconfirmed_forget(dt->pfn);
	pgsa_stats_exit(&dt->policy);
	__free_page(dt->page);
}

static int doubt_init(struct kunit *test)
{
	struct doubt_test *dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dt);
	test->priv = dt;
	KUNIT_ASSERT_EQ(test, pgsa_stats_init(&dt->policy), 0);
	dt->search.policy = &dt->policy;
	dt->search.finding = &dt->finding;
	/* It stands for one that nobody else has. */
	dt->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dt->page);
	dt->pfn = page_to_pfn(dt->page);
	kunit_activate_static_stub(test, pgsa_frame_at, doubt_frame_at);
	return 0;
}

static struct kunit_case doubt_cases[] = {
	KUNIT_CASE(time_of_readers),
	KUNIT_CASE(content_until_freed),
	KUNIT_CASE(content_while_confirmed),
	KUNIT_CASE(content_of_damaged_record),
	KUNIT_CASE(trim_opened),
	KUNIT_CASE(trim_leaves_it_to_who_claims),
	KUNIT_CASE(given_up_before_the_claim),
	KUNIT_CASE(claimed_and_freed),
	{}
};

static struct kunit_suite doubt_suite = {
	.name = "pgsa_doubt",
	.init = doubt_init,
	.exit = doubt_exit,
	.test_cases = doubt_cases,
};

kunit_test_suite(doubt_suite);
