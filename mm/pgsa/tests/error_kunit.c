// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_error: a confirmed error, in a page and with a record of the
 * test's own.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "error_kunit.h"

/* Throw: other bits of the byte stay as they are, whoever has written them. */
void error_flip(struct error_test *et, unsigned int bit)
{
	((u8 *)et->content)[bit / 8] ^= 1 << bit % 8;
	et->left[bit / 64] = et->content[bit / 64];
}

static bool error_copy(void *to, struct page *page)
{
	struct error_test *et = kunit_get_current_test()->priv;

	et->looks++;
	if (et->before_look)
		et->before_look(et);
	memcpy(to, page_address(page), PAGE_SIZE);
	return !et->unreadable;
}

static int error_decode(const struct pgsa_code *code, void *page,
			const u8 *redundancy)
{
	struct error_test *et = kunit_get_current_test()->priv;

	et->decodes++;
	return code->correct(page, redundancy);
}

static void error_flush(struct page *page)
{
	struct error_test *et = kunit_get_current_test()->priv;

	et->flushes++;
	if (et->after_flush)
		et->after_flush(et);
}

/* Seal the page and let it be found BAD, as it is then. */
void error_seal(struct kunit *test, const char *correct)
{
	struct error_test *et = test->priv;
	const struct pgsa_code *detect = pgsa_code_find("crc32c");
	unsigned long pfn = page_to_pfn(et->page);
	union pgsa_check check = {};
	u8 *stored = check.correct;
	u64 word = 0;

	et->correct = correct ? pgsa_code_find(correct) : NULL;
	if (pgsa_code_stored(et->correct)) {
		KUNIT_ASSERT_EQ(test, pgsa_store_open(et->correct), 0);
		KUNIT_ASSERT_TRUE(test, pgsa_store_prepare(et->correct, pfn,
							   GFP_KERNEL));
		stored = pgsa_store_find(et->correct, pfn);
	}
	pgsa_encode_both(detect, et->correct, et->content, check.detect,
			 stored);
	if (stored != check.correct)
		pgsa_store_check(et->correct, stored, check.correct);
	KUNIT_ASSERT_TRUE(test, pgsa_frame_claim(&et->frame, pfn, &word,
						 pgsa_code_id(detect),
						 pgsa_code_id(et->correct)));
	check.guard = pgsa_frame_guard(pfn, word, &check);
	et->frame.check = check.raw;
	KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&et->frame, pfn, &word,
						PGSA_FRAME_SEALED));
}

/* The page is found damaged as it is now. */
void error_confirm(struct kunit *test)
{
	struct error_test *et = test->priv;
	unsigned long pfn = page_to_pfn(et->page);
	u64 word = pgsa_frame_word(&et->frame);

	KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&et->frame, pfn, &word,
						PGSA_FRAME_CHECKING));
	memcpy(et->search.damaged, et->content, PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, pgsa_frame_move(&et->frame, pfn, &word,
						PGSA_FRAME_BAD));
	et->word = word;
}

void error_run(struct kunit *test, enum pgsa_result result)
{
	struct error_test *et = test->priv;

	et->finding.result = PGSA_NO_ERROR;
	rcu_read_lock();
	pgsa_error(&et->search, et->page, &et->frame, et->word);
	rcu_read_unlock();
	KUNIT_EXPECT_STREQ(test, pgsa_result_name(et->finding.result),
			   pgsa_result_name(result));
	KUNIT_EXPECT_EQ(test, et->finding.pfn, page_to_pfn(et->page));
}

bool error_is_good(struct kunit *test)
{
	struct error_test *et = test->priv;

	return !memcmp(et->content, et->good, PAGE_SIZE);
}

u64 error_counted(struct kunit *test, enum pgsa_stat stat)
{
	struct error_test *et = test->priv;

	return pgsa_stat_read(&et->policy, stat);
}

void error_expect_state(struct kunit *test, enum pgsa_frame_state state,
			bool hurt)
{
	struct error_test *et = test->priv;
	u64 word = pgsa_frame_word(&et->frame);

	KUNIT_EXPECT_EQ(test, pgsa_word_state(word), state);
	KUNIT_EXPECT_EQ(test, !!(word & PGSA_WORD_HURT), hurt);
	KUNIT_EXPECT_FALSE(test, word & PGSA_WORD_LOCK);
}

void error_expect_good(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, error_is_good(test));
	error_expect_state(test, PGSA_FRAME_SEALED, false);
}

/* Nobody but the thrower has changed anything. */
void error_expect_left(struct kunit *test)
{
	struct error_test *et = test->priv;

	KUNIT_EXPECT_EQ(test, memcmp(et->content, et->left, PAGE_SIZE), 0);
	error_expect_state(test, PGSA_FRAME_OPEN, true);
}

static int error_init(struct kunit *test)
{
	struct error_test *et = kunit_kzalloc(test, sizeof(*et), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, et);
	test->priv = et;
	KUNIT_ASSERT_EQ(test, pgsa_stats_init(&et->policy), 0);
	et->search.policy = &et->policy;
	et->search.finding = &et->finding;
	et->search.damaged = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	et->search.repaired = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	et->search.now = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	et->good = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	et->left = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	et->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, et->search.damaged && et->search.repaired &&
			  et->search.now && et->good && et->left && et->page);
	et->content = page_address(et->page);
	prandom_seed_state(&et->rnd, 146);
	prandom_bytes_state(&et->rnd, et->good, PAGE_SIZE);
	memcpy(et->content, et->good, PAGE_SIZE);
	memcpy(et->left, et->good, PAGE_SIZE);
	kunit_activate_static_stub(test, pgsa_content_copy, error_copy);
	kunit_activate_static_stub(test, pgsa_content_flush, error_flush);
	kunit_activate_static_stub(test, pgsa_decode, error_decode);
	return 0;
}

static void error_exit(struct kunit *test)
{
	struct error_test *et = test->priv;

	if (!et)
		return;
	if (pgsa_code_stored(et->correct))
		pgsa_store_close(et->correct);
	if (et->page)
		__free_page(et->page);
	pgsa_stats_exit(&et->policy);
}

static struct kunit_case error_cases[] = {
	KUNIT_CASE(damaged_as_copied),
	KUNIT_CASE(healed_meanwhile),
	KUNIT_CASE(healed_before_it_is_given_up),
	KUNIT_CASE(healed_at_the_last_look),
	KUNIT_CASE(damaged_elsewhere_meanwhile),
	KUNIT_CASE(damaged_more_in_the_same_word),
	KUNIT_CASE(damaged_beyond_the_code),
	KUNIT_CASE(damaged_more_beyond_the_code),
	KUNIT_CASE(toggles_beyond_the_code),
	KUNIT_CASE(written_meanwhile),
	KUNIT_CASE(written_and_healed_meanwhile),
	KUNIT_CASE(stuck),
	KUNIT_CASE(damaged_again_once),
	KUNIT_CASE(damaged_elsewhere_during_the_repair),
	KUNIT_CASE(copy_is_damaged),
	KUNIT_CASE(copy_is_damaged_words_healed),
	KUNIT_CASE(some_words_healed),
	KUNIT_CASE(all_words_healed),
	KUNIT_CASE(one_word_of_many_unexpected),
	KUNIT_CASE(record_is_damaged),
	KUNIT_CASE(stored_redundancy_is_damaged),
	KUNIT_CASE(redundancy_damaged_page_healed),
	KUNIT_CASE(redundancy_gone_page_healed),
	KUNIT_CASE(unreadable),
	KUNIT_CASE(never_worse),
	{}
};

static struct kunit_suite error_suite = {
	.name = "pgsa_error",
	.init = error_init,
	.exit = error_exit,
	.test_cases = error_cases,
};

kunit_test_suite(error_suite);
