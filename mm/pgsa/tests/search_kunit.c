// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_search: the governor in simulated time, and the order in
 * which the strategy sweep goes through memory.
 */
#include <kunit/test.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/prandom.h>
#include <linux/swap.h>
#include <linux/time64.h>

#include "../mark.h"
#include "../pgsa.h"

#define DAY_NS			(86400ULL * NSEC_PER_SEC)
#define GOVERNOR_BURST_NS	(5 * NSEC_PER_MSEC)
#define GOVERNOR_STEPS		200000

#define SWEEP_STEP_MAX		1000
#define SWEEP_CYCLES		3
#define SWEEP_BLOCKS		64
#define SWEEP_ORDER_MAX		6

/* A thread in simulated time */
struct governed {
	struct pgsa_governor governor;
	unsigned int permille;
	u64 wall_ns;
	u64 cpu_ns;
	struct rnd_state rnd;
};

static struct governed *governed_start(struct kunit *test,
				       unsigned int permille)
{
	struct governed *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	g->permille = permille;
	/* Neither clock begins at zero. */
	g->wall_ns = 3 * DAY_NS;
	g->cpu_ns = 7 * NSEC_PER_SEC;
	prandom_seed_state(&g->rnd, 2009);
	pgsa_governor_start(&g->governor, g->wall_ns, g->cpu_ns);
	return g;
}

static u64 governed_pause(struct governed *g)
{
	return pgsa_governor_pause(&g->governor, g->wall_ns, g->cpu_ns,
				   g->permille);
}

static void governed_work(struct governed *g, u64 ns)
{
	g->wall_ns += ns;
	g->cpu_ns += ns;
}

/* Work in steps without a pause; returns the CPU time until there is one */
static u64 governed_work_until_pause(struct governed *g, u64 step_ns)
{
	u64 cpu_ns = g->cpu_ns;
	unsigned int i = 0;

	do {
		governed_work(g, step_ns);
	} while (!governed_pause(g) && i++ < GOVERNOR_STEPS);
	return g->cpu_ns - cpu_ns;
}

/*
 * Work and sleep as told, where a sleep takes up to one @late-th longer, and
 * expect a share that is right within one per cent.
 */
static void governed_expect_share(struct kunit *test, struct governed *g,
				  u32 step_ns, u32 late)
{
	u64 wall_ns = g->wall_ns, cpu_ns = g->cpu_ns, pause_ns, due;
	unsigned int i;

	for (i = 0; i < GOVERNOR_STEPS; i++) {
		governed_work(g, 1 + prandom_u32_state(&g->rnd) % step_ns);
		pause_ns = governed_pause(g);
		g->wall_ns += pause_ns;
		if (late)
			g->wall_ns += prandom_u32_state(&g->rnd) %
				      (pause_ns / late + 1);
	}
	due = (g->wall_ns - wall_ns) * g->permille;
	cpu_ns = (g->cpu_ns - cpu_ns) * 1000;
	KUNIT_EXPECT_GE_MSG(test, cpu_ns, due / 100 * 99, "step %u", step_ns);
	KUNIT_EXPECT_LE_MSG(test, cpu_ns, due / 100 * 101, "step %u", step_ns);
}

static const unsigned int search_shares[] = { 1, 10, 50, 200, 999, 1000 };
static const unsigned int search_steps[] = { 1, 7, 64, SWEEP_STEP_MAX };

static void search_number_desc(const unsigned int *number, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *number);
}

KUNIT_ARRAY_PARAM(search_shares, search_shares, search_number_desc);
KUNIT_ARRAY_PARAM(search_steps, search_steps, search_number_desc);

static unsigned int search_param(const struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

static void pause_gives_share(struct kunit *test)
{
	struct governed *g = governed_start(test, search_param(test));

	governed_expect_share(test, g, 20 * NSEC_PER_USEC, 0);
	governed_expect_share(test, g, 5 * NSEC_PER_MSEC, 0);
}

static void pause_gives_share_to_late_sleeper(struct kunit *test)
{
	struct governed *g = governed_start(test, search_param(test));

	governed_expect_share(test, g, 200 * NSEC_PER_USEC, 16);
}

static void pause_to_the_nanosecond(struct kunit *test)
{
	struct governed *g = governed_start(test, 10);
	u64 pause_ns = 99 * NSEC_PER_MSEC;

	KUNIT_EXPECT_EQ(test, governed_pause(g), 0);
	governed_work(g, NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, governed_pause(g), pause_ns);
	/* To ask again does not change the answer while no time passes. */
	KUNIT_EXPECT_EQ(test, governed_pause(g), pause_ns);
	g->wall_ns += pause_ns / 3;
	KUNIT_EXPECT_EQ(test, governed_pause(g), pause_ns - pause_ns / 3);
	g->wall_ns += pause_ns - pause_ns / 3;
	KUNIT_EXPECT_EQ(test, governed_pause(g), 0);
	KUNIT_EXPECT_EQ(test, g->governor.debt_ns, 0);
}

static void pause_unlimited(struct kunit *test)
{
	struct governed *g = governed_start(test, 0);
	unsigned int i;

	for (i = 0; i < GOVERNOR_STEPS; i++) {
		governed_work(g, NSEC_PER_MSEC);
		KUNIT_ASSERT_EQ(test, governed_pause(g), 0);
	}
	/* A limit holds from now on, for what is done from now on. */
	g->permille = 10;
	governed_work(g, NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, governed_pause(g), 99 * NSEC_PER_MSEC);
	g->permille = 0;
	KUNIT_EXPECT_EQ(test, governed_pause(g), 0);
}

/* Made up for after a time without a CPU: as much as the cap, and no more */
static void pause_credit_is_capped(struct kunit *test)
{
	static const unsigned int shares[] = { 1, 10, 200, 999 };
	u64 step_ns = 50 * NSEC_PER_USEC, cpu_ns, due_ns;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		struct governed *g = governed_start(test, shares[i]);

		g->wall_ns += 10 * NSEC_PER_SEC;
		KUNIT_EXPECT_EQ(test, governed_pause(g), 0);
		cpu_ns = governed_work_until_pause(g, step_ns);
		due_ns = GOVERNOR_BURST_NS * 1000 / (1000 - shares[i]);
		KUNIT_EXPECT_GE(test, cpu_ns, due_ns);
		KUNIT_EXPECT_LE(test, cpu_ns, due_ns + step_ns);
	}
}

/* Also a time whose product with the share is just too large for 64 bits */
static void pause_after_long_idle(struct kunit *test)
{
	unsigned int permille = search_param(test), i;
	struct governed *g = governed_start(test, permille);
	const u64 idle_ns[] = {
		U64_MAX / max(permille, 10) + 1, DAY_NS, 50 * 365 * DAY_NS,
	};

	for (i = 0; i < ARRAY_SIZE(idle_ns); i++) {
		g->wall_ns += idle_ns[i];
		KUNIT_EXPECT_EQ(test, governed_pause(g), 0);
		KUNIT_EXPECT_EQ(test, g->governor.debt_ns,
				-(s64)GOVERNOR_BURST_NS);
	}
	governed_expect_share(test, g, 5 * NSEC_PER_MSEC, 0);
}

/* 0.1 s of work are paid for; more cannot be, and is a damaged number */
static void pause_after_long_work(struct kunit *test)
{
	struct governed *g = governed_start(test, 1);

	governed_work(g, 100 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, governed_pause(g), 99900 * NSEC_PER_MSEC);
	g->wall_ns += 99900 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, governed_pause(g), 0);

	governed_work(g, 3600 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, governed_pause(g), 100 * NSEC_PER_SEC);
	g->wall_ns += 100 * NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, governed_pause(g), 0);
}

static const struct pgsa_strategy *sweep_get(struct kunit *test)
{
	const struct pgsa_strategy *sweep = pgsa_strategy_find("sweep");

	if (!sweep)
		kunit_skip(test, "sweep is not built in");
	return sweep;
}

static unsigned long *sweep_alloc(struct kunit *test)
{
	unsigned long *pfns = kunit_kcalloc(test, SWEEP_STEP_MAX + 1,
					    sizeof(*pfns), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pfns);
	return pfns;
}

/* Blocks of frames in use, which a sweep may not leave out */
struct sweep_blocks {
	struct page *pages[SWEEP_BLOCKS];
	unsigned long met;
};

static unsigned int sweep_order(unsigned int i)
{
	return i % (SWEEP_ORDER_MAX + 1);
}

static void sweep_blocks_free(void *data)
{
	struct sweep_blocks *blocks = data;
	unsigned int i;

	for (i = 0; i < SWEEP_BLOCKS; i++)
		if (blocks->pages[i])
			__free_pages(blocks->pages[i], sweep_order(i / 2));
}

/* Every other one is free, so that free blocks of each size lie in between. */
static struct sweep_blocks *sweep_blocks_alloc(struct kunit *test)
{
	struct sweep_blocks *blocks = kunit_kzalloc(test, sizeof(*blocks),
						    GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, blocks);
	for (i = 0; i < SWEEP_BLOCKS; i++)
		blocks->pages[i] = alloc_pages(GFP_KERNEL | __GFP_NOWARN,
					       sweep_order(i / 2));
	for (i = 0; i < SWEEP_BLOCKS; i += 2) {
		if (blocks->pages[i])
			__free_pages(blocks->pages[i], sweep_order(i / 2));
		blocks->pages[i] = NULL;
	}
	return blocks;
}

static bool sweep_blocks_have(const struct sweep_blocks *blocks,
			      unsigned long pfn)
{
	unsigned int i;

	for (i = 1; i < SWEEP_BLOCKS; i += 2)
		if (blocks->pages[i] &&
		    pfn - page_to_pfn(blocks->pages[i]) <
		    1UL << sweep_order(i / 2))
			return true;
	return false;
}

static unsigned long sweep_blocks_frames(const struct sweep_blocks *blocks)
{
	unsigned long frames = 0;
	unsigned int i;

	for (i = 1; i < SWEEP_BLOCKS; i += 2)
		if (blocks->pages[i])
			frames += 1UL << sweep_order(i / 2);
	return frames;
}

/*
 * A round of discovery, in one cycle or several; returns how many frames there were
 * until the first wrong one.
 */
static unsigned long sweep_round(const struct pgsa_strategy *sweep,
				 struct pgsa_cursor *cursor,
				 struct sweep_blocks *blocks,
				 unsigned long *pfns, unsigned int step)
{
	unsigned long next = 0, count = 0;
	int nr, i;

	blocks->met = 0;
	do {
		pfns[step] = 0x2009;
		nr = sweep->fill(cursor, pfns, step);
		if (nr > (int)step || pfns[step] != 0x2009)
			return 0;
		for (i = 0; i < nr; i++, count++) {
			if (pfns[i] < next || !pfn_to_online_page(pfns[i]))
				return 0;
			blocks->met += sweep_blocks_have(blocks, pfns[i]);
			next = pfns[i] + 1;
		}
		cond_resched();
	} while (nr || !cursor->discovery.complete);
	return count;
}

/* Each frame that is in use once, in order; the others are counted */
static void sweep_each_frame_once(struct kunit *test)
{
	const struct pgsa_strategy *sweep = sweep_get(test);
	struct sweep_blocks *blocks = sweep_blocks_alloc(test);
	unsigned long pfn, count = 0, found;
	unsigned long *pfns = sweep_alloc(test);
	struct pgsa_cursor cursor = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, sweep_blocks_free, blocks),
			0);
	get_online_mems();
	for (pfn = 0; pfn < max_pfn; pfn++)
		count += !!pfn_to_online_page(pfn);
	for (i = 0; i < SWEEP_CYCLES; i++) {
		found = sweep_round(sweep, &cursor, blocks, pfns,
				    search_param(test));
		KUNIT_EXPECT_EQ_MSG(test, found + cursor.free, count,
				    "round %u", i);
		KUNIT_EXPECT_EQ(test, blocks->met, sweep_blocks_frames(blocks));
	}
	put_online_mems();
	KUNIT_EXPECT_GE(test, count, totalram_pages());
	/* Most is free in the kernel of these tests, and most of that in blocks. */
	KUNIT_EXPECT_GT(test, cursor.free, nr_free_pages() / 2);
}

/* Those with a mark are given out to be verified, before all others are looked at */
static void sweep_marks_first(struct kunit *test)
{
	const struct pgsa_strategy *sweep = sweep_get(test);
	unsigned long *pfns = sweep_alloc(test);
	struct pgsa_cursor cursor = {};
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	unsigned long pfn;
	int nr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	if (!pgsa_mark_set(pfn + 1) || !pgsa_mark_set(pfn + 6))
		kunit_skip(test, "needs pgsa=on");
	get_online_mems();
	nr = sweep->fill(&cursor, pfns, SWEEP_STEP_MAX);
	KUNIT_EXPECT_EQ(test, nr, 2);
	KUNIT_EXPECT_EQ(test, pfns[0], pfn + 1);
	KUNIT_EXPECT_EQ(test, pfns[1], pfn + 6);
	KUNIT_EXPECT_EQ(test, cursor.purpose, PGSA_VISIT_VERIFY);
	nr = sweep->fill(&cursor, pfns, SWEEP_STEP_MAX);
	KUNIT_EXPECT_NE(test, nr, 0);
	KUNIT_EXPECT_EQ(test, cursor.purpose, PGSA_VISIT_DISCOVER);
	put_online_mems();
	pgsa_mark_clear(pfn + 1);
	pgsa_mark_clear(pfn + 6);
	__free_pages(page, 3);
}

/* One entry maps all pages of a huge page, and is not in their own counts */
static void huge_page_is_shared(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	bool none, one, two, own;
	struct folio *folio;
	unsigned long last;

	KUNIT_ASSERT_NOT_NULL(test, page);
	folio = page_folio(page);
	last = page_to_pfn(page) + 3;
	none = pgsa_pfn_shared(last);
	atomic_inc(&folio->_entire_mapcount);
	one = pgsa_pfn_shared(last);
	atomic_inc(&folio->_entire_mapcount);
	two = pgsa_pfn_shared(last);
	atomic_dec(&folio->_entire_mapcount);
	atomic_inc(&pfn_to_page(last)->_mapcount);
	own = pgsa_pfn_shared(last) && !pgsa_pfn_shared(last - 1);
	atomic_dec(&pfn_to_page(last)->_mapcount);
	atomic_dec(&folio->_entire_mapcount);
	__free_pages(page, 2);
	KUNIT_EXPECT_FALSE(test, none);
	KUNIT_EXPECT_FALSE(test, one);
	KUNIT_EXPECT_TRUE(test, two);
	KUNIT_EXPECT_TRUE(test, own);
}

static struct kunit_case search_cases[] = {
	KUNIT_CASE_PARAM(pause_gives_share, search_shares_gen_params),
	KUNIT_CASE_PARAM(pause_gives_share_to_late_sleeper,
			 search_shares_gen_params),
	KUNIT_CASE(pause_to_the_nanosecond),
	KUNIT_CASE(pause_unlimited),
	KUNIT_CASE(pause_credit_is_capped),
	KUNIT_CASE_PARAM(pause_after_long_idle, search_shares_gen_params),
	KUNIT_CASE(pause_after_long_work),
	KUNIT_CASE_PARAM(sweep_each_frame_once, search_steps_gen_params),
	KUNIT_CASE(sweep_marks_first),
	KUNIT_CASE(huge_page_is_shared),
	{}
};

static struct kunit_suite search_suite = {
	.name = "pgsa_search",
	.test_cases = search_cases,
};

kunit_test_suite(search_suite);
