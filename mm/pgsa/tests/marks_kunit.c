// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_marks: the mark of a frame that is claimed, which is all that most
 * events look at.
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pgsa.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "../mark.h"
#include "../pgsa.h"
#include "../record.h"

#define MARK_ORDER	9		/* that of a huge page */
#define MARK_FRAMES	BIT(MARK_ORDER)
#define MARK_CLAIMS	100000
#define MARK_FRAME	215		/* any one of the folio */

struct mark_test {
	struct page *page;
	unsigned long pfn;
};

static u64 mark_word(unsigned long pfn)
{
	return pgsa_frame_word_at(pfn);
}

/* As a searcher does; nobody else wants these frames. */
static bool mark_claim(unsigned long pfn)
{
	struct pgsa_frame *frame;
	bool claimed = false;
	u64 word;

	guard(rcu)();
	frame = pgsa_frame_at(pfn);
	if (frame && pgsa_mark_set(pfn)) {
		word = pgsa_frame_word(frame);
		claimed = pgsa_frame_claim(frame, pfn, &word, 1, 0);
	}
	return claimed;
}

/* A claim marks, an event opens and takes the mark away, and no other one */
static void claim_marks(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	unsigned long pfn = mt->pfn + MARK_FRAME;

	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn));
	KUNIT_ASSERT_TRUE(test, mark_claim(pfn));
	KUNIT_ASSERT_TRUE(test, mark_claim(pfn + 1));
	KUNIT_EXPECT_TRUE(test, pgsa_mark_test(pfn));
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn - 1));

	/* Events elsewhere open nothing else. */
	pgsa_marked_write(mt->pfn, MARK_FRAME);
	pgsa_marked_write(pfn + 1, MARK_FRAMES - MARK_FRAME - 1);
	KUNIT_EXPECT_TRUE(test, pgsa_mark_test(pfn));
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn + 1));
	KUNIT_EXPECT_EQ(test, pgsa_word_state(mark_word(pfn)),
			PGSA_FRAME_SEALING);
	KUNIT_EXPECT_EQ(test, pgsa_word_state(mark_word(pfn + 1)),
			PGSA_FRAME_OPEN);

	pgsa_marked_write(mt->pfn, MARK_FRAMES);
	KUNIT_EXPECT_EQ(test, pgsa_word_state(mark_word(pfn)), PGSA_FRAME_OPEN);
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn));
}

/* Whatever the event is */
static void every_event_clears(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	unsigned long pfn = mt->pfn + MARK_FRAME;

	KUNIT_ASSERT_TRUE(test, mark_claim(pfn));
	pgsa_frame_add_writer_at(pfn);
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn));
	pgsa_frame_sub_writer_at(pfn);

	KUNIT_ASSERT_TRUE(test, mark_claim(pfn));
	pgsa_frames_add_writer(mt->pfn, MARK_FRAMES);
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn));
	pgsa_frames_sub_writer(mt->pfn, MARK_FRAMES);

	KUNIT_ASSERT_TRUE(test, mark_claim(pfn));
	pgsa_frame_free_at(pfn);
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn));
	KUNIT_EXPECT_EQ(test, pgsa_word_state(mark_word(pfn)), PGSA_FRAME_NONE);

	KUNIT_ASSERT_TRUE(test, mark_claim(pfn));
	pgsa_frame_mark_hurt_at(pfn);
	KUNIT_EXPECT_FALSE(test, pgsa_mark_test(pfn));
	pgsa_frame_free_at(pfn);
}

/* Any frame, and events on any part that has it */
static void every_frame_is_opened(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	unsigned long i, first, nr;

	for (i = 0; i < MARK_FRAMES; i++) {
		KUNIT_ASSERT_TRUE(test, mark_claim(mt->pfn + i));
		first = i & ~15UL;
		nr = i % 3 ? 16 : MARK_FRAMES - first;
		pgsa_marked_write(mt->pfn + first, nr);
		KUNIT_EXPECT_EQ(test, pgsa_word_state(mark_word(mt->pfn + i)),
				PGSA_FRAME_OPEN);
	}
}

/* The next one of some, at both ends and none */
static void next_is_found(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	unsigned long pfn = mt->pfn, end = mt->pfn + MARK_FRAMES;

	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn, end), end);
	pgsa_mark_set(pfn);
	pgsa_mark_set(pfn + MARK_FRAME);
	pgsa_mark_set(end - 1);
	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn, end), pfn);
	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn + 1, end), pfn + MARK_FRAME);
	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn + MARK_FRAME + 1, end),
			end - 1);
	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn + 1, pfn + MARK_FRAME),
			pfn + MARK_FRAME);
	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn, pfn), pfn);
	pgsa_mark_clear(pfn);
	pgsa_mark_clear(pfn + MARK_FRAME);
	pgsa_mark_clear(end - 1);
}

/*
 * An event that has opened the frame, and is late to clear the mark: by then it is that
 * of the next claim. The event after that finds no mark, and leaves the word of that
 * claim alone: only the mark tells that it must not be sealed.
 */
static void late_event(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	unsigned long pfn = mt->pfn + MARK_FRAME;
	struct pgsa_frame *frame;

	KUNIT_ASSERT_TRUE(test, mark_claim(pfn));
	KUNIT_EXPECT_FALSE(test, pgsa_mark_lost(pfn));
	scoped_guard(rcu) {
		frame = pgsa_frame_at(pfn);
		pgsa_frame_write(frame, pfn);
		KUNIT_EXPECT_TRUE(test, mark_claim(pfn));
		pgsa_mark_clear(pfn);
	}
	pgsa_marked_write(mt->pfn, MARK_FRAMES);
	KUNIT_EXPECT_EQ(test, pgsa_word_state(mark_word(pfn)),
			PGSA_FRAME_SEALING);
	KUNIT_EXPECT_TRUE(test, pgsa_mark_lost(pfn));
}

/* Opens all frames again and again, which clears their marks. */
static int mark_opener(void *data)
{
	struct mark_test *mt = data;

	while (!kthread_should_stop()) {
		pgsa_marked_write(mt->pfn, MARK_FRAMES);
		cond_resched();
	}
	return 0;
}

/* However claims and events meet: who still has a mark in the end is opened by one. */
static void claim_against_clearing(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	unsigned long i, claims = 0, open = 0, lost = 0;
	struct task_struct *opener;

	opener = kthread_run(mark_opener, mt, "opener");
	KUNIT_ASSERT_FALSE(test, IS_ERR(opener));
	for (i = 0; i < MARK_CLAIMS; i++) {
		claims += mark_claim(mt->pfn + i % MARK_FRAMES);
		if (i % 64 == 0)
			cond_resched();
	}
	kthread_stop(opener);
	for (i = 0; i < MARK_FRAMES; i++) {
		bool marked = pgsa_mark_test(mt->pfn + i);

		pgsa_marked_write(mt->pfn + i, 1);
		if (pgsa_word_state(mark_word(mt->pfn + i)) <= PGSA_FRAME_OPEN)
			open++;
		else
			lost += !marked;
	}
	kunit_info(test, "%lu claims, %lu that lost their mark only\n", claims,
		   lost);
	KUNIT_EXPECT_GT(test, claims, MARK_FRAMES);
	KUNIT_EXPECT_EQ(test, open + lost, MARK_FRAMES);
}

static u64 mark_measure(void (*write)(unsigned long pfn, unsigned long nr),
			unsigned long pfn)
{
	u64 ns = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < MARK_FRAMES; i++)
		write(pfn, MARK_FRAMES);
	return ktime_get_ns() - ns;
}

/* A huge page is marked dirty once for each of its entries */
static void many_events_are_cheap(struct kunit *test)
{
	struct mark_test *mt = test->priv;
	u64 all, marked;

	KUNIT_ASSERT_TRUE(test, mark_claim(mt->pfn + MARK_FRAME));
	all = mark_measure(pgsa_frames_write, mt->pfn);
	marked = mark_measure(pgsa_marked_write, mt->pfn);
	kunit_info(test, "%lu events on as many frames: %llu ns, by frame %llu ns\n",
		   MARK_FRAMES, marked, all);
	KUNIT_EXPECT_LT(test, marked * 8, all);
}

/* However much memory there is, and as far as is cheap, what may be added */
static void every_frame_has_a_mark(struct kunit *test)
{
	const unsigned long gib = SZ_1G / PAGE_SIZE, tib = 1024 * gib;

	KUNIT_EXPECT_EQ(test, pgsa_marks_wanted(1, 0, 1), BITS_PER_LONG);
	KUNIT_EXPECT_EQ(test, pgsa_marks_wanted(gib + 1, 0, gib),
			gib + BITS_PER_LONG);
	KUNIT_EXPECT_EQ(test, pgsa_marks_wanted(24 * tib, 0, 24 * tib),
			24 * tib);
	KUNIT_EXPECT_EQ(test, pgsa_marks_wanted(tib, 4 * tib, tib), 4 * tib);
	KUNIT_EXPECT_EQ(test, pgsa_marks_wanted(gib, 64 * tib, gib), gib);
}

/* One that cannot have a mark is never claimed, and hooks look closely */
static void beyond_the_end(struct kunit *test)
{
	const unsigned long pfn = ULONG_MAX / PAGE_SIZE;

	KUNIT_EXPECT_TRUE(test, pgsa_mark_test(pfn));
	KUNIT_EXPECT_FALSE(test, pgsa_mark_set(pfn));
	pgsa_mark_clear(pfn);
	KUNIT_EXPECT_EQ(test, pgsa_mark_next(pfn, pfn + 2), pfn + 2);
	pgsa_marked_write(pfn, 2);
}

static void mark_exit(void *data)
{
	struct mark_test *mt = data;

	pgsa_frames_write(mt->pfn, MARK_FRAMES);
	__free_pages(mt->page, MARK_ORDER);
}

static int mark_init(struct kunit *test)
{
	struct mark_test *mt = kunit_kzalloc(test, sizeof(*mt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mt);
	if (!pgsa_on())
		kunit_skip(test, "needs pgsa=on");
	mt->page = alloc_pages(GFP_KERNEL, MARK_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, mt->page);
	mt->pfn = page_to_pfn(mt->page);
	test->priv = mt;
	return kunit_add_action_or_reset(test, mark_exit, mt);
}

static struct kunit_case mark_cases[] = {
	KUNIT_CASE(claim_marks),
	KUNIT_CASE(every_event_clears),
	KUNIT_CASE(every_frame_is_opened),
	KUNIT_CASE(next_is_found),
	KUNIT_CASE(late_event),
	KUNIT_CASE(claim_against_clearing),
	KUNIT_CASE(many_events_are_cheap),
	KUNIT_CASE(every_frame_has_a_mark),
	KUNIT_CASE(beyond_the_end),
	{}
};

static struct kunit_suite mark_suite = {
	.name = "pgsa_marks",
	.init = mark_init,
	.test_cases = mark_cases,
};

kunit_test_suite(mark_suite);
