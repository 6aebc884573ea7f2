// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_error: the repair, while the page changes.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "error_kunit.h"

#define ERROR_ROUNDS	5000

void damaged_as_copied(struct kunit *test)
{
	error_seal(test, "hamming");
	error_flip(test->priv, ERROR_BIT);
	error_confirm(test);
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_CORRECTED), 1);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_ERRORS), 1);
}

void healed_meanwhile(struct kunit *test)
{
	error_seal(test, "hamming");
	error_flip(test->priv, ERROR_BIT);
	error_confirm(test);
	error_flip(test->priv, ERROR_BIT);
	error_run(test, PGSA_TRANSIENT);
	error_expect_good(test);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_TRANSIENT), 1);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_ERRORS), 0);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_UNRESOLVED), 0);
}

/* No code could repair it, and none has to. */
void healed_before_it_is_given_up(struct kunit *test)
{
	error_seal(test, NULL);
	error_flip(test->priv, ERROR_BIT);
	error_confirm(test);
	error_flip(test->priv, ERROR_BIT);
	error_run(test, PGSA_TRANSIENT);
	error_expect_good(test);
}

static void heal_at_last_look(struct error_test *et)
{
	if (et->looks != PGSA_REPAIR_TRIES)
		return;
	error_flip(et, ERROR_BIT);
	error_flip(et, ERROR_NEAR);
}

void healed_at_the_last_look(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_flip(et, ERROR_NEAR);
	error_confirm(test);
	et->before_look = heal_at_last_look;
	error_run(test, PGSA_TRANSIENT);
	error_expect_good(test);
}

/* What is right for the rest of the page is known, so it is not given up. */
static void expect_untouched_at_second_look(struct error_test *et)
{
	if (et->looks <= 2)
		KUNIT_EXPECT_EQ(kunit_get_current_test(),
				memcmp(et->content, et->left, PAGE_SIZE), 0);
}

void damaged_elsewhere_meanwhile(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	error_flip(et, ERROR_OTHER);
	et->before_look = expect_untouched_at_second_look;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
}

void damaged_more_in_the_same_word(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	error_flip(et, ERROR_NEAR);
	et->before_look = expect_untouched_at_second_look;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
}

void damaged_beyond_the_code(struct kunit *test)
{
	error_seal(test, "hamming");
	error_flip(test->priv, ERROR_BIT);
	error_flip(test->priv, ERROR_OTHER);
	error_confirm(test);
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_UNRESOLVED), 1);
	KUNIT_EXPECT_EQ(test, error_counted(test, PGSA_STAT_ERRORS), 1);
	/* To try the same once more gives the same, and takes as long. */
	KUNIT_EXPECT_EQ(test, ((struct error_test *)test->priv)->decodes, 1);
}

static void flip_more_at_third_look(struct error_test *et)
{
	if (et->looks == 3)
		error_flip(et, ERROR_NEAR);
}

/* Another content is another chance, once. */
void damaged_more_beyond_the_code(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_flip(et, ERROR_OTHER);
	error_confirm(test);
	et->before_look = flip_more_at_third_look;
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
	KUNIT_EXPECT_EQ(test, et->decodes, 2);
}

static void flip_more_at_each_look(struct error_test *et)
{
	error_flip(et, ERROR_NEAR);
}

/* Not at each look: preemption is off, and that is all of 16. */
void toggles_beyond_the_code(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_flip(et, ERROR_OTHER);
	error_confirm(test);
	et->before_look = flip_more_at_each_look;
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
	KUNIT_EXPECT_EQ(test, et->looks, PGSA_REPAIR_TRIES);
	KUNIT_EXPECT_EQ(test, et->decodes, PGSA_REPAIR_DECODES);
}

/* The writer goes first: it may have written already. */
void written_meanwhile(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	pgsa_frame_write(&et->frame, page_to_pfn(et->page));
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
}

void written_and_healed_meanwhile(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	pgsa_frame_write(&et->frame, page_to_pfn(et->page));
	error_flip(et, ERROR_BIT);
	error_run(test, PGSA_TRANSIENT);
	KUNIT_EXPECT_TRUE(test, error_is_good(test));
	error_expect_state(test, PGSA_FRAME_OPEN, false);
}

/* A cell that does not take what is written: at each flush it shows again. */
static void stick(struct error_test *et)
{
	((u8 *)et->content)[ERROR_BIT / 8] &= ~(1 << ERROR_BIT % 8);
	((u8 *)et->content)[ERROR_BIT / 8] |=
		~((u8 *)et->good)[ERROR_BIT / 8] & (1 << ERROR_BIT % 8);
}

void stuck(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	et->after_flush = stick;
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
}

static void flip_after_first_flush(struct error_test *et)
{
	if (et->flushes == 1)
		error_flip(et, ERROR_BIT);
}

void damaged_again_once(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	et->after_flush = flip_after_first_flush;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
}

static void flip_other_after_flush(struct error_test *et)
{
	if (et->flushes == 1)
		error_flip(et, ERROR_OTHER);
}

/* The word that was right by then must not be damaged again. */
void damaged_elsewhere_during_the_repair(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	et->after_flush = flip_other_after_flush;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
}

/* Byte @byte of each word of a line, as when one of its memory devices fails */
void error_flip_lane(struct error_test *et, unsigned int byte)
{
	unsigned int word;

	for (word = 0; word < 8; word++)
		error_flip(et, ERROR_LINE + 64 * word + 8 * byte + word);
}

void some_words_healed(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip_lane(et, 3);
	error_confirm(test);
	error_flip(et, ERROR_LINE + 64 * 2 + 8 * 3 + 2);
	error_flip(et, ERROR_LINE + 64 * 7 + 8 * 3 + 7);
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
}

void all_words_healed(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip_lane(et, 0);
	error_confirm(test);
	error_flip_lane(et, 0);
	error_run(test, PGSA_TRANSIENT);
	error_expect_good(test);
}

/* The last of them: none of those before may have been written by then. */
void one_word_of_many_unexpected(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip_lane(et, 7);
	error_confirm(test);
	error_flip(et, ERROR_LINE + 64 * 7 + 1);
	et->before_look = expect_untouched_at_second_look;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
}

void record_is_damaged(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	et->frame.check ^= BIT_ULL(40);
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
}

void stored_redundancy_is_damaged(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	pgsa_store_find(et->correct, page_to_pfn(et->page))[11] ^= 0x10;
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
	KUNIT_EXPECT_STREQ(test, et->finding.reason, "redundancy");
	KUNIT_EXPECT_STREQ(test, et->finding.code, "crc32c");
	KUNIT_EXPECT_EQ(test, et->decodes, 0);
}

/* The detecting code needs no redundancy to say that the page is right. */
void redundancy_damaged_page_healed(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	error_flip(et, ERROR_BIT);
	pgsa_store_find(et->correct, page_to_pfn(et->page))[11] ^= 0x10;
	error_run(test, PGSA_TRANSIENT);
	error_expect_good(test);
}

void redundancy_gone_page_healed(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	error_flip(et, ERROR_BIT);
	/* The machine knows of no seal: an entry that nobody wants goes. */
	pgsa_store_close(et->correct);
	while (pgsa_store_bytes())
		schedule_timeout_uninterruptible(1);
	error_run(test, PGSA_TRANSIENT);
	error_expect_good(test);
	et->correct = NULL;
}

/* Nothing is written to memory of which nobody knows what it holds. */
void unreadable(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	et->unreadable = true;
	error_run(test, PGSA_UNRESOLVED);
	error_expect_left(test);
}

static void throw(struct error_test *et)
{
	static const unsigned int bits[] = {
		ERROR_BIT, ERROR_NEAR, ERROR_OTHER, 0, 8 * PAGE_SIZE - 1,
	};
	u32 random = prandom_u32_state(&et->rnd);

	if (random % 4 == 0)
		error_flip(et, bits[random / 4 % ARRAY_SIZE(bits)]);
}

static void error_expect_no_worse(struct kunit *test)
{
	struct error_test *et = test->priv;
	unsigned int i;

	for (i = 0; i < PGSA_PAGE_WORDS; i++)
		if (et->content[i] != et->good[i])
			KUNIT_ASSERT_EQ(test, et->content[i], et->left[i]);
}

static void error_throw_round(struct kunit *test)
{
	struct error_test *et = test->priv;

	memcpy(et->content, et->good, PAGE_SIZE);
	memcpy(et->left, et->good, PAGE_SIZE);
	memset(&et->frame, 0, sizeof(et->frame));
	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	throw(et);
	rcu_read_lock();
	pgsa_error(&et->search, et->page, &et->frame, et->word);
	rcu_read_unlock();
	error_expect_no_worse(test);
	KUNIT_ASSERT_EQ(test, error_is_good(test),
			pgsa_word_state(pgsa_frame_word(&et->frame)) ==
			PGSA_FRAME_SEALED);
}

/* Whatever comes when: no word is worse than the thrower has left it. */
void never_worse(struct kunit *test)
{
	struct error_test *et = test->priv;
	unsigned int round;

	prandom_seed_state(&et->rnd, 2009);
	et->before_look = throw;
	et->after_flush = throw;
	for (round = 0; round < ERROR_ROUNDS; round++)
		error_throw_round(test);
	KUNIT_EXPECT_GT(test, error_counted(test, PGSA_STAT_CORRECTED), 1000);
	KUNIT_EXPECT_GT(test, error_counted(test, PGSA_STAT_TRANSIENT), 100);
}
