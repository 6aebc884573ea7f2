// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_blocks: the marks of blocks that may have a claimed frame, for
 * those who announce a write to all frames of a large folio.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pgsa.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "../pgsa.h"
#include "../record.h"

#define BLOCK_ORDER	9		/* that of a huge page */
#define BLOCK_FRAMES	BIT(BLOCK_ORDER)
#define BLOCK_CLAIMS	100000
#define BLOCK_FRAME	215		/* any one of the folio */

struct block_test {
	struct page *page;
	unsigned long pfn;
};

static u64 block_word(unsigned long pfn)
{
	struct pgsa_frame *frame = pgsa_frame_get(pfn_to_page(pfn));
	u64 word = pgsa_frame_word(frame);

	pgsa_frame_put(frame);
	return word;
}

static bool block_claim(unsigned long pfn)
{
	struct pgsa_frame *frame = pgsa_frame_get(pfn_to_page(pfn));
	u64 word = pgsa_frame_word(frame);
	bool claimed = pgsa_block_claim(frame, pfn, &word, 1, 0);

	pgsa_frame_put(frame);
	return claimed;
}

/* A claim marks, an event opens; the mark goes when the whole block is open */
static void claim_marks(struct kunit *test)
{
	struct block_test *bt = test->priv;
	unsigned long pfn = bt->pfn + BLOCK_FRAME;

	KUNIT_ASSERT_TRUE(test, block_claim(pfn));
	KUNIT_EXPECT_TRUE(test, pgsa_block_marked(pfn));
	KUNIT_EXPECT_EQ(test, pgsa_word_state(block_word(pfn)),
			PGSA_FRAME_SEALING);

	/* An event elsewhere in the block opens nothing else. */
	pgsa_blocks_write(bt->pfn, BLOCK_FRAME);
	pgsa_blocks_write(pfn + 1, BLOCK_FRAMES - BLOCK_FRAME - 1);
	KUNIT_EXPECT_TRUE(test, pgsa_block_marked(pfn));
	KUNIT_EXPECT_EQ(test, pgsa_word_state(block_word(pfn)),
			PGSA_FRAME_SEALING);

	pgsa_blocks_write(bt->pfn, BLOCK_FRAMES);
	KUNIT_EXPECT_EQ(test, pgsa_word_state(block_word(pfn)),
			PGSA_FRAME_OPEN);
	KUNIT_EXPECT_FALSE(test, pgsa_block_marked(pfn));
}

/* Any frame of the block, and events on any part that has it */
static void every_frame_is_opened(struct kunit *test)
{
	struct block_test *bt = test->priv;
	unsigned long i, first, nr;

	for (i = 0; i < BLOCK_FRAMES; i++) {
		KUNIT_ASSERT_TRUE(test, block_claim(bt->pfn + i));
		first = i & ~15UL;
		nr = i % 3 ? 16 : BLOCK_FRAMES - first;
		pgsa_blocks_write(bt->pfn + first, nr);
		KUNIT_EXPECT_EQ(test, pgsa_word_state(block_word(bt->pfn + i)),
				PGSA_FRAME_OPEN);
	}
}

/* Opens the block again and again, which clears the mark when it may. */
static int block_opener(void *data)
{
	struct block_test *bt = data;

	while (!kthread_should_stop()) {
		pgsa_blocks_write(bt->pfn, BLOCK_FRAMES);
		cond_resched();
	}
	return 0;
}

/*
 * However claims and events meet: while a frame is claimed its block is marked.
 * The mark is read between two looks at the word, of which the second tells that
 * nobody has opened the frame before.
 */
static void claim_against_clearing(struct kunit *test)
{
	struct block_test *bt = test->priv;
	unsigned long claims, blind = 0, seen = 0;
	struct task_struct *opener = kthread_run(block_opener, bt, "opener");

	KUNIT_ASSERT_FALSE(test, IS_ERR(opener));
	for (claims = 0; claims < BLOCK_CLAIMS; claims++) {
		unsigned long pfn = bt->pfn + claims % BLOCK_FRAMES;
		bool marked;
		u64 word;

		if (!block_claim(pfn))
			continue;
		word = block_word(pfn);
		marked = pgsa_block_marked(pfn);
		smp_rmb();	/* the mark before the second look */
		if (pgsa_word_state(word) == PGSA_FRAME_SEALING &&
		    block_word(pfn) == word) {
			seen++;
			blind += !marked;
		}
		if (claims % 64 == 0)
			cond_resched();
	}
	kthread_stop(opener);
	KUNIT_EXPECT_EQ(test, blind, 0);
	KUNIT_EXPECT_GT(test, seen, 0);
}

static u64 block_measure(void (*write)(unsigned long pfn, unsigned long nr),
			 unsigned long pfn)
{
	u64 ns = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < BLOCK_FRAMES; i++)
		write(pfn, BLOCK_FRAMES);
	return ktime_get_ns() - ns;
}

/* A huge page is marked dirty once for each of its entries */
static void many_events_are_cheap(struct kunit *test)
{
	struct block_test *bt = test->priv;
	u64 all, block;

	KUNIT_ASSERT_TRUE(test, block_claim(bt->pfn + BLOCK_FRAME));
	all = block_measure(pgsa_frames_write, bt->pfn);
	block = block_measure(pgsa_blocks_write, bt->pfn);
	kunit_info(test, "%lu events on as many frames: %llu ns, by frame %llu ns\n",
		   BLOCK_FRAMES, block, all);
	KUNIT_EXPECT_LT(test, block * 8, all);
}

/* So is a smaller folio, whatever is claimed next to it */
static void folio_is_cheap(struct kunit *test)
{
	struct block_test *bt = test->priv;
	unsigned int order;

	for (order = ilog2(PGSA_BLOCK_FRAMES); order < BLOCK_ORDER; order++) {
		unsigned long nr = 1UL << order, pfn = bt->pfn + nr, i;
		unsigned int marks = 0;

		KUNIT_ASSERT_TRUE(test, block_claim(pfn - 1));
		for (i = 0; i < nr; i++)
			KUNIT_ASSERT_TRUE(test, block_claim(pfn + i));
		pgsa_blocks_write(pfn, nr);
		for (i = 0; i < nr; i++)
			marks += pgsa_block_marked(pfn + i);
		KUNIT_EXPECT_EQ_MSG(test, marks, 0, "order %u", order);
		KUNIT_EXPECT_TRUE(test, pgsa_block_marked(pfn - 1));
		pgsa_blocks_write(bt->pfn, BLOCK_FRAMES);
	}
}

/* However much memory there is, and as far as is cheap, what may be added */
static void every_block_has_a_mark(struct kunit *test)
{
	const unsigned long gib = SZ_1G / PAGE_SIZE, tib = 1024 * gib;
	const unsigned long block = PGSA_BLOCK_FRAMES;
	struct block_test *bt = test->priv;

	KUNIT_EXPECT_EQ(test, pgsa_blocks_wanted(1, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, pgsa_blocks_wanted(gib + 1, 0, gib),
			gib / block + 1);
	KUNIT_EXPECT_EQ(test, pgsa_blocks_wanted(24 * tib, 0, 24 * tib),
			24 * tib / block);
	KUNIT_EXPECT_EQ(test, pgsa_blocks_wanted(tib, 4 * tib, tib),
			4 * tib / block);
	KUNIT_EXPECT_EQ(test, pgsa_blocks_wanted(gib, 64 * tib, gib),
			gib / block);
	/* A mark is not that of another block. */
	KUNIT_ASSERT_TRUE(test, block_claim(bt->pfn));
	KUNIT_EXPECT_FALSE(test, pgsa_block_marked(bt->pfn + block));
}

static void block_exit(void *data)
{
	struct block_test *bt = data;

	pgsa_blocks_write(bt->pfn, BLOCK_FRAMES);
	__free_pages(bt->page, BLOCK_ORDER);
}

static int block_init(struct kunit *test)
{
	struct block_test *bt = kunit_kzalloc(test, sizeof(*bt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bt);
	if (!pgsa_on())
		kunit_skip(test, "needs pgsa=on");
	bt->page = alloc_pages(GFP_KERNEL, BLOCK_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, bt->page);
	bt->pfn = page_to_pfn(bt->page);
	test->priv = bt;
	return kunit_add_action_or_reset(test, block_exit, bt);
}

static struct kunit_case block_cases[] = {
	KUNIT_CASE(claim_marks),
	KUNIT_CASE(every_frame_is_opened),
	KUNIT_CASE(claim_against_clearing),
	KUNIT_CASE(many_events_are_cheap),
	KUNIT_CASE(folio_is_cheap),
	KUNIT_CASE(every_block_has_a_mark),
	{}
};

static struct kunit_suite block_suite = {
	.name = "pgsa_blocks",
	.init = block_init,
	.test_cases = block_cases,
};

kunit_test_suite(block_suite);
