// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_round: which frames a task verifies when it is switched in,
 * in address spaces of all shapes.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "../pgsa.h"

#define SPACE_PAGES	4096
#define SPACE_TABLE	16	/* pages that a table maps */
#define SPACE_TABLES	4	/* tables in one step */

/* An address space: an address is the number of a page. */
struct space {
	DECLARE_BITMAP(readonly, SPACE_PAGES);
	unsigned int pages;
	unsigned long address;
	unsigned int seen[SPACE_PAGES];
	unsigned int verified;
	unsigned int steps;
	bool busy;
};

static struct space *space_alloc(struct kunit *test, unsigned int pages)
{
	struct space *space = kunit_kzalloc(test, sizeof(*space), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, space);
	space->pages = pages;
	return space;
}

/* As pgsa_walk_mm(). */
static int space_walk(struct space *space, unsigned long *address,
		      unsigned int max, unsigned int *nr)
{
	unsigned long page = *address, end;

	*nr = 0;
	if (space->busy)
		return -EAGAIN;
	end = rounddown(page, SPACE_TABLE) + SPACE_TABLES * SPACE_TABLE;
	for (; page < min(end, space->pages); page++) {
		if (!test_bit(page, space->readonly))
			continue;
		if (*nr == max)
			break;
		space->seen[page]++;
		(*nr)++;
	}
	*address = page < space->pages ? page : 0;
	return page < space->pages;
}

/* Returns how many different frames were verified. */
static unsigned int space_switch(struct kunit *test, struct space *space,
				 unsigned int frames)
{
	struct pgsa_round round;
	unsigned int nr, i, different = 0;
	int more;

	memset(space->seen, 0, sizeof(space->seen));
	space->verified = 0;
	space->steps = 0;
	pgsa_round_begin(&round, space->address, frames);
	do {
		more = space_walk(space, &round.address,
				  pgsa_round_batch(&round), &nr);
		space->verified += nr;
		space->steps++;
	} while (pgsa_round_goes_on(&round, more, nr));
	space->address = round.address;
	for (i = 0; i < space->pages; i++)
		different += !!space->seen[i];
	KUNIT_EXPECT_EQ(test, space->verified, frames - round.left);
	KUNIT_EXPECT_LE(test, space->steps, frames / PGSA_ROUND_BATCH + 3);
	return different;
}

/* All of a small one, wherever it begins, and each once from the third on. */
static void round_small_is_seen_whole(struct kunit *test)
{
	unsigned int pages = SPACE_TABLES * SPACE_TABLE, i, begin;
	struct space *space = space_alloc(test, pages);

	bitmap_fill(space->readonly, pages);
	for (begin = 0; begin < pages; begin++) {
		space->address = begin;
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_EQ(test, space_switch(test, space, 256),
					pages);
		KUNIT_EXPECT_EQ(test, space->verified, pages);
		KUNIT_EXPECT_EQ(test, space->address, 0);
	}
}

/* As many frames as may be verified, but no more: all of them each time. */
static void round_exact_is_seen_whole(struct kunit *test)
{
	unsigned int pages = SPACE_TABLES * SPACE_TABLE, begin;
	struct space *space = space_alloc(test, pages);

	bitmap_fill(space->readonly, pages);
	for (begin = 0; begin < pages; begin++) {
		space->address = begin;
		KUNIT_EXPECT_EQ(test, space_switch(test, space, pages), pages);
		KUNIT_EXPECT_EQ(test, space_switch(test, space, pages), pages);
	}
}

/* Any @n frames that are dense enough are verified in n / frames checks. */
static void round_large_takes_turns(struct kunit *test)
{
	static const unsigned int budgets[] = { 1, 5, 16, 17, 100, 256 };
	struct space *space = space_alloc(test, SPACE_PAGES);
	unsigned int i, n, switches, *seen;

	seen = kunit_kcalloc(test, SPACE_PAGES, sizeof(*seen), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	bitmap_fill(space->readonly, SPACE_PAGES);
	for (i = 0; i < ARRAY_SIZE(budgets); i++) {
		memset(seen, 0, SPACE_PAGES * sizeof(*seen));
		switches = DIV_ROUND_UP(SPACE_PAGES, budgets[i]);
		space->address = 1234;
		while (switches--) {
			KUNIT_EXPECT_EQ(test, space_switch(test, space,
							   budgets[i]),
					budgets[i]);
			for (n = 0; n < SPACE_PAGES; n++)
				seen[n] += space->seen[n];
		}
		for (n = 0; n < SPACE_PAGES && seen[n]; n++)
			;
		KUNIT_EXPECT_EQ_MSG(test, n, SPACE_PAGES, "%u a switch",
				    budgets[i]);
	}
}

/* Few frames among many pages: the number of steps is bounded nevertheless. */
static void round_sparse_is_bounded(struct kunit *test)
{
	struct space *space = space_alloc(test, SPACE_PAGES);
	unsigned int i, switches = 0;

	for (i = 0; i < 3; i++) {
		set_bit(1000 * i + 7, space->readonly);
		do {
			space_switch(test, space, 16);
			KUNIT_EXPECT_LE(test, space->steps, 2);
			switches++;
		} while (!space->seen[1000 * i + 7] && switches < 1000);
	}
	KUNIT_EXPECT_LE(test, switches,
			3 * SPACE_PAGES / (SPACE_TABLE * SPACE_TABLES));
}

static void round_nothing_there(struct kunit *test)
{
	struct space *space = space_alloc(test, 0);

	KUNIT_EXPECT_EQ(test, space_switch(test, space, 16), 0);
	KUNIT_EXPECT_EQ(test, space->steps, 1);
	space->address = 99;
	KUNIT_EXPECT_EQ(test, space_switch(test, space, 16), 0);
	KUNIT_EXPECT_EQ(test, space->steps, 2);
	KUNIT_EXPECT_EQ(test, space->address, 0);
}

static void round_lock_not_free(struct kunit *test)
{
	struct space *space = space_alloc(test, SPACE_PAGES);

	bitmap_fill(space->readonly, SPACE_PAGES);
	space->address = 99;
	space->busy = true;
	KUNIT_EXPECT_EQ(test, space_switch(test, space, 16), 0);
	KUNIT_EXPECT_EQ(test, space->steps, 1);
	KUNIT_EXPECT_EQ(test, space->address, 99);
	space->busy = false;
	KUNIT_EXPECT_EQ(test, space_switch(test, space, 16), 16);
	KUNIT_EXPECT_EQ(test, space->seen[99], 1);
}

/* The space changes all the time: nothing is missed for long. */
static void round_random(struct kunit *test)
{
	struct space *space = space_alloc(test, SPACE_PAGES);
	unsigned int i, page, waited;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 2009);
	for (i = 0; i < 200; i++) {
		space->pages = 1 + prandom_u32_state(&rnd) % SPACE_PAGES;
		bitmap_zero(space->readonly, SPACE_PAGES);
		for (page = 0; page < space->pages; page++)
			if (prandom_u32_state(&rnd) % 3)
				set_bit(page, space->readonly);
		page = prandom_u32_state(&rnd) % space->pages;
		set_bit(page, space->readonly);
		for (waited = 0; waited < SPACE_PAGES; waited++) {
			space_switch(test, space,
				     1 + prandom_u32_state(&rnd) % 256);
			if (space->seen[page])
				break;
		}
		KUNIT_EXPECT_LT(test, waited, SPACE_PAGES);
	}
}

static struct kunit_case round_cases[] = {
	KUNIT_CASE(round_small_is_seen_whole),
	KUNIT_CASE(round_exact_is_seen_whole),
	KUNIT_CASE(round_large_takes_turns),
	KUNIT_CASE(round_sparse_is_bounded),
	KUNIT_CASE(round_nothing_there),
	KUNIT_CASE(round_lock_not_free),
	KUNIT_CASE(round_random),
	{}
};

static struct kunit_suite round_suite = {
	.name = "pgsa_round",
	.test_cases = round_cases,
};

kunit_test_suite(round_suite);
