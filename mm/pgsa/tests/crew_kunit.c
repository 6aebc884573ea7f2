// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_crew: the searchers of a policy in simulated time, with a
 * strategy that goes through a made-up memory.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/math64.h>
#include <linux/prandom.h>
#include <linux/time64.h>

#include "../pgsa.h"

#define CREW_FRAMES	5000
#define CREW_WORKERS	7
#define CREW_CHUNK	13
#define CREW_BEGIN_NS	(5 * NSEC_PER_SEC)

/* A searcher: in the cycle or not, with frames that it has yet to visit */
struct worker {
	bool joined;
	unsigned int nr;
	unsigned long pfns[CREW_CHUNK];
	struct pgsa_tally done;
};

struct crew_test {
	struct pgsa_policy policy;
	struct pgsa_crew crew;
	struct worker workers[CREW_WORKERS];
	struct rnd_state rnd;
	u64 now_ns;
	u64 interval_ns;
	unsigned int again_percent;	/* of the strategy's calls find nothing */
	unsigned int cycles;
	struct pgsa_report report;
	DECLARE_BITMAP(present, CREW_FRAMES);
	unsigned int visits[CREW_FRAMES];
};

static unsigned int crew_random(struct crew_test *ct, unsigned int below)
{
	return prandom_u32_state(&ct->rnd) % below;
}

/* The frames that are present, in the order of their numbers */
static int fake_fill(struct pgsa_cursor *cursor, unsigned long *pfns,
		     unsigned int nr)
{
	struct crew_test *ct = container_of(cursor->policy, struct crew_test,
					    policy);
	unsigned int i;

	if (crew_random(ct, 100) < ct->again_percent)
		return -EAGAIN;
	for (i = 0; i < nr; i++) {
		unsigned long pfn = find_next_bit(ct->present, CREW_FRAMES,
						  cursor->pfn);

		if (pfn >= CREW_FRAMES)
			break;
		pfns[i] = pfn;
		cursor->pfn = pfn + 1;
	}
	if (!i)
		cursor->pfn = 0;
	return i;
}

static const struct pgsa_strategy fake_strategy = {
	.name = "fake",
	.fill = fake_fill,
};

static void worker_leave(struct kunit *test, struct worker *worker)
{
	struct crew_test *ct = test->priv;

	worker->joined = false;
	if (pgsa_crew_leave(&ct->crew, ct->now_ns, &worker->done, &ct->report))
		ct->cycles++;
}

static void worker_take(struct kunit *test, struct worker *worker)
{
	struct crew_test *ct = test->priv;
	enum pgsa_purpose purpose;
	int ret = pgsa_crew_take(&ct->crew, worker->pfns, CREW_CHUNK,
				 &purpose);

	KUNIT_ASSERT_LE(test, ret, CREW_CHUNK);
	if (ret > 0)
		worker->nr = ret;
	else if (!ret)
		worker_leave(test, worker);
	else
		KUNIT_ASSERT_EQ(test, ret, -EAGAIN);
}

/* One small thing that a searcher does */
static void worker_act(struct kunit *test, struct worker *worker)
{
	struct crew_test *ct = test->priv;

	if (!worker->joined) {
		worker->done = (struct pgsa_tally) {};
		worker->joined = !pgsa_crew_join(&ct->crew, ct->now_ns,
						 ct->interval_ns);
	} else if (!worker->nr) {
		worker_take(test, worker);
	} else {
		ct->visits[worker->pfns[--worker->nr]]++;
		worker->done.frames++;
		worker->done.checked += ct->now_ns & 1;
	}
	ct->now_ns++;
}

/* All act in random order until a cycle is complete. */
static void crew_cycle(struct kunit *test, unsigned int workers)
{
	struct crew_test *ct = test->priv;
	unsigned int cycles = ct->cycles, i;

	for (i = 0; ct->cycles == cycles && i < 200 * CREW_FRAMES; i++)
		worker_act(test, &ct->workers[crew_random(ct, workers)]);
	KUNIT_ASSERT_EQ(test, ct->cycles, cycles + 1);
}

static void crew_expect_visits(struct kunit *test, unsigned int each)
{
	struct crew_test *ct = test->priv;
	unsigned int pfn;

	for (pfn = 0; pfn < CREW_FRAMES; pfn++)
		KUNIT_ASSERT_EQ_MSG(test, ct->visits[pfn],
				    test_bit(pfn, ct->present) ? each : 0,
				    "frame %u", pfn);
}

static const unsigned int crew_sizes[] = { 1, 2, 3, CREW_WORKERS };

static void crew_size_desc(const unsigned int *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u searchers", *size);
}

KUNIT_ARRAY_PARAM(crew_sizes, crew_sizes, crew_size_desc);

static unsigned int crew_size(const struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

static void each_frame_once_in_cycle(struct kunit *test)
{
	struct crew_test *ct = test->priv;
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		crew_cycle(test, crew_size(test));
		crew_expect_visits(test, i);
		KUNIT_EXPECT_EQ(test, ct->report.total.frames,
				bitmap_weight(ct->present, CREW_FRAMES));
	}
}

/* A strategy that finds nothing for the moment has not come to its end. */
static void nothing_just_now(struct kunit *test)
{
	struct crew_test *ct = test->priv;

	ct->again_percent = 70;
	each_frame_once_in_cycle(test);
}

/* Frames go away in the middle of a cycle; the others are visited as before. */
static void removal_in_cycle(struct kunit *test)
{
	struct crew_test *ct = test->priv;
	unsigned int i, pfn, wrong = 0;

	for (i = 0; i < 40 * CREW_FRAMES && !ct->cycles; i++) {
		worker_act(test, &ct->workers[crew_random(ct, crew_size(test))]);
		if (i == CREW_FRAMES / 4)
			bitmap_clear(ct->present, 0, CREW_FRAMES / 8);
		if (i == CREW_FRAMES / 3)
			bitmap_clear(ct->present, CREW_FRAMES / 2,
				     CREW_FRAMES / 2);
	}
	KUNIT_ASSERT_EQ(test, ct->cycles, 1);
	for (pfn = CREW_FRAMES / 8; pfn < CREW_FRAMES / 2; pfn++)
		wrong += ct->visits[pfn] != test_bit(pfn, ct->present);
	for (pfn = CREW_FRAMES / 2 + CREW_WORKERS * CREW_CHUNK;
	     pfn < CREW_FRAMES; pfn++)
		wrong += ct->visits[pfn];
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* A cycle is complete, and the next begins, only when the last has left. */
static void cycle_waits_for_last(struct kunit *test)
{
	struct crew_test *ct = test->priv;
	struct worker *slow = &ct->workers[0], *fast = &ct->workers[1];

	worker_act(test, slow);
	worker_act(test, slow);
	KUNIT_ASSERT_EQ(test, slow->nr, CREW_CHUNK);
	while (!ct->crew.over)
		worker_act(test, fast);
	KUNIT_EXPECT_FALSE(test, fast->joined);
	KUNIT_EXPECT_EQ(test, ct->cycles, 0);
	KUNIT_EXPECT_EQ(test, pgsa_crew_join(&ct->crew, ct->now_ns, 0),
			PGSA_CREW_WAIT);
	while (slow->joined)
		worker_act(test, slow);
	KUNIT_EXPECT_EQ(test, ct->cycles, 1);
	crew_expect_visits(test, 1);
	KUNIT_EXPECT_EQ(test, pgsa_crew_join(&ct->crew, ct->now_ns, 0), 0);
}

/* Who comes late takes part in what is left. */
static void late_joiner_leaves_at_once(struct kunit *test)
{
	struct crew_test *ct = test->priv;
	struct worker *late = &ct->workers[1];

	while (!ct->crew.over)
		worker_act(test, &ct->workers[0]);
	KUNIT_ASSERT_FALSE(test, late->joined);
	worker_act(test, late);
	KUNIT_EXPECT_EQ(test, late->nr, 0);
	crew_expect_visits(test, 1);
}

static void interval_from_begin_to_begin(struct kunit *test)
{
	struct crew_test *ct = test->priv;
	u64 begin_ns = ct->crew.cycle_ns;

	ct->interval_ns = NSEC_PER_SEC;
	crew_cycle(test, 1);
	KUNIT_ASSERT_LT(test, ct->now_ns, begin_ns + NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, ct->report.ns, ct->now_ns - 1 - begin_ns);
	KUNIT_EXPECT_EQ(test,
			pgsa_crew_join(&ct->crew, ct->now_ns, NSEC_PER_SEC),
			begin_ns + NSEC_PER_SEC - ct->now_ns);
	/* A shorter one holds at once. */
	KUNIT_EXPECT_EQ(test, pgsa_crew_join(&ct->crew, begin_ns + 1, 10), 9);
	ct->now_ns = begin_ns + NSEC_PER_SEC;
	crew_cycle(test, 1);
	crew_expect_visits(test, 2);
}

/* All together get the share of one, whatever each does and when it asks. */
static void share_is_common(struct kunit *test)
{
	struct crew_test *ct = test->priv;
	unsigned int workers = crew_size(test), i, w;
	u64 due, used = 0, wake_ns[CREW_WORKERS] = {};
	u64 begin_ns = ct->now_ns;

	for (i = 0; i < 100000; i++) {
		u64 work = 1 + crew_random(ct, 50 * NSEC_PER_USEC), pause;

		for (w = 0; w < workers && wake_ns[w] > ct->now_ns; w++)
			;
		if (w == workers) {
			ct->now_ns += 1000;
			continue;
		}
		used += work;
		/* The clock is read before others who have come first. */
		pause = pgsa_crew_pause(&ct->crew,
					ct->now_ns - crew_random(ct, 500),
					work, 200);
		wake_ns[w] = ct->now_ns + max(work, pause);
	}
	due = div_u64((ct->now_ns - begin_ns) * 200, 1000);
	KUNIT_EXPECT_GE(test, used, due / 100 * 95);
	KUNIT_EXPECT_LE(test, used, due / 100 * 105 + 4 * NSEC_PER_MSEC);
}

static int crew_init(struct kunit *test)
{
	struct crew_test *ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);
	unsigned int pfn;

	KUNIT_ASSERT_NOT_NULL(test, ct);
	prandom_seed_state(&ct->rnd, 2009);
	ct->now_ns = CREW_BEGIN_NS;
	ct->policy.strategy = &fake_strategy;
	for (pfn = 0; pfn < CREW_FRAMES; pfn++)
		__assign_bit(pfn, ct->present, crew_random(ct, 4));
	pgsa_crew_init(&ct->crew, &ct->policy, ct->now_ns);
	test->priv = ct;
	return 0;
}

static struct kunit_case crew_cases[] = {
	KUNIT_CASE_PARAM(each_frame_once_in_cycle, crew_sizes_gen_params),
	KUNIT_CASE_PARAM(nothing_just_now, crew_sizes_gen_params),
	KUNIT_CASE_PARAM(removal_in_cycle, crew_sizes_gen_params),
	KUNIT_CASE(cycle_waits_for_last),
	KUNIT_CASE(late_joiner_leaves_at_once),
	KUNIT_CASE(interval_from_begin_to_begin),
	KUNIT_CASE_PARAM(share_is_common, crew_sizes_gen_params),
	{}
};

static struct kunit_suite crew_suite = {
	.name = "pgsa_crew",
	.init = crew_init,
	.test_cases = crew_cases,
};

kunit_test_suite(crew_suite);
