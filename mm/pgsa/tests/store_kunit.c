// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_store: where redundancy is kept that does not fit into a frame
 * record. Run with pgsa=off no frame has a record, so that none wants its entry.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "../pgsa.h"

#define STORE_FRAMES	500
#define STORE_MANY	20000
#define STORE_DISTANCE	8192
#define STORE_WAIT_MS	5000

struct store_test {
	const struct pgsa_code *code;
	unsigned long before;		/* bytes */
};

static u8 *store_entry(struct kunit *test, unsigned long pfn)
{
	struct store_test *st = test->priv;
	u8 *entry;

	rcu_read_lock();
	entry = pgsa_store_find(st->code, pfn);
	rcu_read_unlock();
	return entry;
}

static u8 *store_prepare(struct kunit *test, unsigned long pfn)
{
	struct store_test *st = test->priv;

	KUNIT_ASSERT_TRUE(test, pgsa_store_prepare(st->code, pfn, GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, store_entry(test, pfn));
	return store_entry(test, pfn);
}

static unsigned long store_bytes(struct kunit *test)
{
	struct store_test *st = test->priv;

	return pgsa_store_bytes() - st->before;
}

static void each_frame_has_its_own(struct kunit *test)
{
	struct store_test *st = test->priv;
	unsigned long pfn;

	for (pfn = 0; pfn < STORE_FRAMES; pfn++)
		memset(store_prepare(test, pfn), pfn, st->code->check_bytes);
	for (pfn = 0; pfn < STORE_FRAMES; pfn++) {
		u8 *entry = store_entry(test, pfn);

		KUNIT_EXPECT_PTR_EQ(test, store_prepare(test, pfn), entry);
		KUNIT_EXPECT_EQ(test, entry[0], (u8)pfn);
		KUNIT_EXPECT_EQ(test, entry[st->code->check_bytes - 1],
				(u8)pfn);
	}
	KUNIT_EXPECT_EQ(test, store_bytes(test),
			STORE_FRAMES * st->code->check_bytes);
}

static bool store_close_by(const u8 *entry, unsigned long pfn)
{
	return __pa(entry) / STORE_DISTANCE == PFN_PHYS(pfn) / STORE_DISTANCE;
}

/* A frame that is sealed is no slab itself, so only one of the two can be one. */
static bool store_between_slabs(unsigned long pfn)
{
	return PageSlab(pfn_to_page(pfn)) && PageSlab(pfn_to_page(pfn ^ 1));
}

/* Frames close by those that the entries come from */
static void never_close_to_the_frame(struct kunit *test)
{
	unsigned long pfn = 0, near = 0, i;

	for (i = 0; i < STORE_FRAMES; i++) {
		const u8 *entry = store_prepare(test, pfn);
		bool close = store_close_by(entry, pfn);

		KUNIT_EXPECT_TRUE(test, !close || store_between_slabs(pfn));
		pfn = __pa(entry) / PAGE_SIZE;
		near += !store_entry(test, pfn);
		pfn ^= i & 1;
	}
	KUNIT_EXPECT_GT(test, near, 0);
}

static void trim_takes_what_nobody_wants(struct kunit *test)
{
	struct store_test *st = test->priv;
	unsigned long pfn;

	for (pfn = 0; pfn < STORE_FRAMES; pfn++)
		store_prepare(test, pfn * 64);
	msleep(60);
	pgsa_store_trim(st->code);
	KUNIT_EXPECT_EQ(test, store_bytes(test), 0);
	for (pfn = 0; pfn < STORE_FRAMES; pfn++)
		KUNIT_EXPECT_NULL(test, store_entry(test, pfn * 64));
}

/* However many there are, one call does little, and the next one goes on */
static void trim_goes_in_steps(struct kunit *test)
{
	struct store_test *st = test->priv;
	unsigned long pfn, left, steps = 0, all;

	for (pfn = 0; pfn < STORE_MANY; pfn++)
		KUNIT_ASSERT_TRUE(test, pgsa_store_prepare(st->code, pfn * 7,
							   GFP_KERNEL));
	all = store_bytes(test);
	for (left = all; left && steps < STORE_MANY / 100; steps++) {
		msleep(60);
		pgsa_store_trim(st->code);
		/* At once again: it is too early. */
		pgsa_store_trim(st->code);
		KUNIT_EXPECT_LE(test, left - store_bytes(test), all / 10);
		left = store_bytes(test);
	}
	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_GT(test, steps, 10);
}

/* What the one who is not the last leaves to the others */
static void close_leaves_it_to_the_last(struct kunit *test)
{
	struct store_test *st = test->priv;

	store_prepare(test, 1);
	KUNIT_ASSERT_EQ(test, pgsa_store_open(st->code), 0);
	pgsa_store_close(st->code);
	msleep(20);
	KUNIT_EXPECT_EQ(test, store_bytes(test), st->code->check_bytes);
}

static void check_tells_any_one_flip(struct kunit *test)
{
	struct store_test *st = test->priv;
	u8 *entry = store_prepare(test, 1);
	u8 good[PGSA_CORRECT_BYTES], now[PGSA_CORRECT_BYTES];
	unsigned int bit;

	pgsa_store_check(st->code, entry, good);
	for (bit = 0; bit < st->code->check_bytes * 8; bit++) {
		entry[bit / 8] ^= 1 << bit % 8;
		pgsa_store_check(st->code, entry, now);
		KUNIT_EXPECT_NE(test, memcmp(good, now, sizeof(now)), 0);
		entry[bit / 8] ^= 1 << bit % 8;
	}
}

static int store_init(struct kunit *test)
{
	struct store_test *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, st);
	st->code = pgsa_code_find("lane");
	if (!st->code)
		kunit_skip(test, "the code lane is not built in");
	KUNIT_ASSERT_TRUE(test, pgsa_code_stored(st->code));
	KUNIT_ASSERT_EQ(test, pgsa_store_open(st->code), 0);
	st->before = pgsa_store_bytes();
	test->priv = st;
	return 0;
}

static void store_exit(struct kunit *test)
{
	struct store_test *st = test->priv;
	unsigned int ms;

	if (!st)
		return;
	pgsa_store_close(st->code);
	for (ms = 0; store_bytes(test) && ms < STORE_WAIT_MS; ms++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, store_bytes(test), 0);
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE(each_frame_has_its_own),
	KUNIT_CASE(never_close_to_the_frame),
	KUNIT_CASE(trim_takes_what_nobody_wants),
	KUNIT_CASE_SLOW(trim_goes_in_steps),
	KUNIT_CASE(close_leaves_it_to_the_last),
	KUNIT_CASE(check_tells_any_one_flip),
	{}
};

static struct kunit_suite store_suite = {
	.name = "pgsa_store",
	.init = store_init,
	.exit = store_exit,
	.test_cases = store_cases,
};

kunit_test_suite(store_suite);
