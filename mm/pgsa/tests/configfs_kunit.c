// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_configfs: what may be written to the files of a policy, and
 * that a refused write changes nothing.
 *
 * Each refusal is also a line in the log. They must not become too many: the
 * console of UML loses output when the reader of a full pipe is slow, and with
 * it results of tests.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../pgsa.h"
#include "configfs_kunit.h"

struct policy_test {
	struct pgsa_policy policy;
	struct pgsa_policy want;
	struct pgsa_crew *crew;		/* of nobody, to make a policy live */
	char *text;			/* a page */
};

/* Compare all that the files show, and what they must not touch */
static void policy_expect(struct kunit *test, const char *text)
{
	struct policy_test *pt = test->priv;

	KUNIT_EXPECT_MEMEQ_MSG(test, &pt->policy.strategy, &pt->want.strategy,
			       sizeof(pt->policy) -
			       offsetof(struct pgsa_policy, strategy),
			       "'%s'", text);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&pt->policy.lock));
}

/* A policy whose values are all different from those in policy_files */
static void policy_odd(struct kunit *test)
{
	struct policy_test *pt = test->priv;

	pt->policy.strategy = NULL;
	pt->policy.detect = NULL;
	pt->policy.correct = NULL;
	pgsa_setting_set(&pt->policy.scope_pagecache, true);
	pgsa_setting_set(&pt->policy.cpu_permille, 777);
	pgsa_setting_set(&pt->policy.interval_ms, 777);
	pgsa_setting_set(&pt->policy.frames_per_switch, 77);
	pgsa_setting_set(&pt->policy.searchers, 7);
	pt->want = pt->policy;
}

static void policy_set_refused(struct kunit *test, policy_set_t set,
			       const char *text, int err)
{
	struct policy_test *pt = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, set(&pt->policy, text), err, "'%s'", text);
	policy_expect(test, text);
}

static void policy_set_accepted(struct kunit *test, policy_set_t set,
				const char *text)
{
	struct policy_test *pt = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, set(&pt->policy, text), 0, "'%s'", text);
	policy_expect(test, text);
}

static void init_defaults(struct kunit *test)
{
	struct policy_test *pt = test->priv;

	KUNIT_EXPECT_STREQ(test, pt->policy.strategy->name, "sweep");
	KUNIT_EXPECT_STREQ(test, pt->policy.detect->name, "crc32c");
	KUNIT_EXPECT_STREQ(test, pt->policy.correct->name, "hamming");
	KUNIT_EXPECT_FALSE(test, pgsa_wants_pagecache(&pt->policy));
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&pt->policy.cpu_permille), 10);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&pt->policy.interval_ms), 250);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&pt->policy.frames_per_switch), 16);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&pt->policy.searchers),
			num_online_nodes());
	KUNIT_EXPECT_NULL(test, pt->policy.crew);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&pt->policy.lock));
}

static void set_nonsense(struct kunit *test)
{
	const struct policy_file *file = test->param_value;
	unsigned int i;

	policy_odd(test);
	for (i = 0; i < ARRAY_SIZE(policy_nonsense); i++)
		policy_set_refused(test, file->set, policy_nonsense[i],
				   file->err);
}

static void set_refused(struct kunit *test)
{
	const struct policy_refusal *refusal = test->param_value;
	struct policy_test *pt = test->priv;

	policy_set_refused(test, refusal->set, refusal->text, refusal->err);
	policy_odd(test);
	snprintf(pt->text, PAGE_SIZE, "%s\n", refusal->text);
	policy_set_refused(test, refusal->set, pt->text, refusal->err);
}

/* As long as a file can give it, and with a good beginning */
static void set_long_text(struct kunit *test)
{
	const struct policy_file *file = test->param_value;
	struct policy_test *pt = test->priv;
	char fill;

	for (fill = '0'; fill <= '1'; fill++) {
		memset(pt->text, fill, PAGE_SIZE - 1);
		memcpy(pt->text, file->good, strlen(file->good));
		KUNIT_EXPECT_EQ(test, file->set(&pt->policy, pt->text),
				file->err);
		policy_expect(test, "long");
	}
}

static void set_names(struct kunit *test)
{
	struct policy_test *pt = test->priv;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		policy_odd(test);
		pt->want.strategy = pgsa_strategy_find("sweep");
		policy_set_accepted(test, pgsa_policy_set_strategy,
				    i ? "sweep\n" : "sweep");
		pt->want.detect = pgsa_code_find("crc32");
		policy_set_accepted(test, pgsa_policy_set_detect,
				    i ? "crc32\n" : "crc32");
		pt->want.correct = pgsa_code_find("hamming");
		policy_set_accepted(test, pgsa_policy_set_correct,
				    i ? "hamming\n" : "hamming");
		pt->want.correct = NULL;
		policy_set_accepted(test, pgsa_policy_set_correct,
				    i ? "none\n" : "none");
		pgsa_setting_set(&pt->want.scope_pagecache, false);
		policy_set_accepted(test, pgsa_policy_set_scope,
				    i ? "mapped\n" : "mapped");
		pgsa_setting_set(&pt->want.scope_pagecache, true);
		policy_set_accepted(test, pgsa_policy_set_scope,
				    i ? "pagecache\n" : "pagecache");
	}
}

static void policy_set_number(struct kunit *test, policy_set_t set,
			      struct pgsa_setting *want, unsigned int number)
{
	struct policy_test *pt = test->priv;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		policy_odd(test);
		pgsa_setting_set(want, number);
		snprintf(pt->text, PAGE_SIZE, "%u%s", number, i ? "\n" : "");
		policy_set_accepted(test, set, pt->text);
	}
}

static void set_cpu_permille(struct kunit *test)
{
	static const unsigned int numbers[] = { 0, 1, 9, 10, 999, 1000 };
	struct policy_test *pt = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		policy_set_number(test, pgsa_policy_set_cpu_permille,
				  &pt->want.cpu_permille, numbers[i]);
}

static void set_interval_ms(struct kunit *test)
{
	static const unsigned int numbers[] = {
		0, 1, 999, 1000, 86399999, 86400000,
	};
	struct policy_test *pt = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		policy_set_number(test, pgsa_policy_set_interval_ms,
				  &pt->want.interval_ms, numbers[i]);
}

static void set_frames_per_switch(struct kunit *test)
{
	static const unsigned int numbers[] = { 0, 1, 16, 255, 256 };
	struct policy_test *pt = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		policy_set_number(test, pgsa_policy_set_frames_per_switch,
				  &pt->want.frames_per_switch, numbers[i]);
}

static void set_searchers(struct kunit *test)
{
	static const unsigned int numbers[] = { 1, 2, 63, 64 };
	struct policy_test *pt = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		policy_set_number(test, pgsa_policy_set_searchers,
				  &pt->want.searchers, numbers[i]);
}

static void policy_make_live(struct kunit *test)
{
	struct policy_test *pt = test->priv;

	pt->policy.crew = pt->crew;
	pt->want = pt->policy;
}

static void set_while_live(struct kunit *test)
{
	const struct policy_file *file = test->param_value;
	struct policy_test *pt = test->priv;

	policy_odd(test);
	policy_make_live(test);
	if (file->fixed) {
		policy_set_refused(test, file->set, file->good, -EBUSY);
		return;
	}
	if (file->set == pgsa_policy_set_cpu_permille)
		pgsa_setting_set(&pt->want.cpu_permille, 20);
	if (file->set == pgsa_policy_set_interval_ms)
		pgsa_setting_set(&pt->want.interval_ms, 20);
	if (file->set == pgsa_policy_set_frames_per_switch)
		pgsa_setting_set(&pt->want.frames_per_switch, 20);
	policy_set_accepted(test, file->set, file->good);
}

/* Even if it is what the policy has already, and also to nothing */
static void set_same_while_live(struct kunit *test)
{
	policy_make_live(test);
	policy_set_refused(test, pgsa_policy_set_strategy, "sweep", -EBUSY);
	policy_set_refused(test, pgsa_policy_set_detect, "crc32", -EBUSY);
	policy_set_refused(test, pgsa_policy_set_correct, "hamming", -EBUSY);
	policy_set_refused(test, pgsa_policy_set_correct, "none", -EBUSY);
	policy_set_refused(test, pgsa_policy_set_scope, "mapped", -EBUSY);
	policy_set_refused(test, pgsa_policy_set_scope, "pagecache", -EBUSY);
}

static void set_refused_while_live(struct kunit *test)
{
	const struct policy_refusal *refusal = test->param_value;
	struct policy_test *pt = test->priv;

	policy_make_live(test);
	KUNIT_EXPECT_LT(test, refusal->set(&pt->policy, refusal->text), 0);
	policy_expect(test, refusal->text);
}

static void set_without_capability(struct kunit *test)
{
	const struct policy_file *file = test->param_value;
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_SYS_ADMIN);
	old = override_creds(cred);
	if (capable(CAP_SYS_ADMIN)) {
		revert_creds(old);
		put_cred(cred);
		kunit_skip(test, "this kernel knows no capabilities");
	}
	policy_odd(test);
	policy_set_refused(test, file->set, file->good, -EPERM);
	revert_creds(old);
	put_cred(cred);
}

static void enable_without_detect(struct kunit *test)
{
	struct policy_test *pt = test->priv;

	pt->policy.detect = NULL;
	pt->want = pt->policy;
	policy_set_refused(test, pgsa_policy_set_enable, "1", -ENOENT);
}

static void enable_without_strategy(struct kunit *test)
{
	struct policy_test *pt = test->priv;

	pt->policy.strategy = NULL;
	pt->want = pt->policy;
	policy_set_refused(test, pgsa_policy_set_enable, "1", -ENOENT);
}

static void policy_stop(void *policy)
{
	pgsa_policy_stop(policy);
}

/* A case with a searcher, as is the next; no process runs yet whose frames it sees */
static void enable_starts_and_stops(struct kunit *test)
{
	struct policy_test *pt = test->priv;
	struct pgsa_policy *policy = &pt->policy;
	struct pgsa_crew *crew;

	pgsa_setting_set(&pt->want.searchers, 3);
	policy_set_accepted(test, pgsa_policy_set_searchers, "3");
	policy_set_accepted(test, pgsa_policy_set_enable, "0");
	policy_set_accepted(test, pgsa_policy_set_enable, "0\n");
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, policy_stop, policy), 0);

	KUNIT_EXPECT_EQ(test, pgsa_policy_set_enable(policy, "1\n"), 0);
	crew = policy->crew;
	KUNIT_ASSERT_NOT_NULL(test, crew);
	KUNIT_EXPECT_NOT_NULL(test, crew->searches[2]);
	KUNIT_EXPECT_NULL(test, crew->searches[3]);
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_enable(policy, "1"), 0);
	KUNIT_EXPECT_PTR_EQ(test, policy->crew, crew);
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_strategy(policy, "sweep"),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_cpu_permille(policy, "0"), 0);
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_interval_ms(policy, "5000"), 0);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&policy->cpu_permille), 0);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&policy->interval_ms), 5000);

	KUNIT_EXPECT_EQ(test, pgsa_policy_set_enable(policy, "0"), 0);
	KUNIT_EXPECT_NULL(test, policy->crew);
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_correct(policy, "none"), 0);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(policy, PGSA_STAT_ERRORS), 0);
}

/* As long as it is live, whose set has unmapped page cache */
static void enable_counts_scope(struct kunit *test)
{
	struct policy_test *pt = test->priv;
	struct pgsa_policy *policy = &pt->policy;

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, policy_stop, policy), 0);
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_enable(policy, "1"), 0);
	KUNIT_EXPECT_FALSE(test, pgsa_policies_want_pagecache());
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_enable(policy, "0"), 0);

	KUNIT_EXPECT_EQ(test, pgsa_policy_set_scope(policy, "pagecache"), 0);
	KUNIT_EXPECT_FALSE(test, pgsa_policies_want_pagecache());
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_enable(policy, "1"), 0);
	KUNIT_EXPECT_TRUE(test, pgsa_policies_want_pagecache());
	KUNIT_EXPECT_EQ(test, pgsa_policy_set_scope(policy, "mapped"), -EBUSY);
	pgsa_policy_stop(policy);
	KUNIT_EXPECT_FALSE(test, pgsa_policies_want_pagecache());
}

/* What CPUs count is added up, and what is set takes the place of the last */
static void stats_add_up(struct kunit *test)
{
	struct policy_test *pt = test->priv;
	struct pgsa_policy *policy = &pt->policy;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		per_cpu_ptr(policy->counts, cpu)->nr[PGSA_STAT_STALE] = cpu + 1;
		sum += cpu + 1;
	}
	pgsa_stat_add(policy, PGSA_STAT_STALE, 1000);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(policy, PGSA_STAT_STALE),
			sum + 1000);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(policy, PGSA_STAT_ERRORS), 0);

	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_NS, 70);
	pgsa_stat_set(policy, PGSA_STAT_LAST_CYCLE_NS, 7);
	KUNIT_EXPECT_EQ(test, pgsa_stat_read(policy, PGSA_STAT_LAST_CYCLE_NS),
			7);
}

/* A policy that a test only called live has taken a share all the same. */
static void policy_exit(void *data)
{
	struct pgsa_policy *policy = data;

	mutex_lock(&policy->lock);
	pgsa_limits_set_permille(policy, 0);
	mutex_unlock(&policy->lock);
	pgsa_policy_exit(policy);
}

static int policy_init(struct kunit *test)
{
	struct policy_test *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	pt->text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt->text);
	pt->crew = kunit_kzalloc(test, struct_size(pt->crew, searches, 2),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt->crew);
	pt->crew->searches[0] = kunit_kzalloc(test, sizeof(struct pgsa_search),
					      GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt->crew->searches[0]);
	/* Whom a changed limit wakes */
	pt->crew->searches[0]->thread = current;
	KUNIT_ASSERT_EQ(test, pgsa_policy_init(&pt->policy), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, policy_exit,
							&pt->policy), 0);
	pt->want = pt->policy;
	test->priv = pt;
	if (!pt->policy.strategy || !pt->policy.detect || !pt->policy.correct)
		kunit_skip(test, "a code or strategy is not built in");
	return 0;
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(init_defaults),
	KUNIT_CASE_PARAM(set_nonsense, policy_files_gen_params),
	KUNIT_CASE_PARAM(set_refused, policy_refusals_gen_params),
	KUNIT_CASE_PARAM(set_long_text, policy_files_gen_params),
	KUNIT_CASE(set_names),
	KUNIT_CASE(set_cpu_permille),
	KUNIT_CASE(set_interval_ms),
	KUNIT_CASE(set_frames_per_switch),
	KUNIT_CASE(set_searchers),
	KUNIT_CASE_PARAM(set_while_live, policy_files_gen_params),
	KUNIT_CASE(set_same_while_live),
	KUNIT_CASE_PARAM(set_refused_while_live, policy_refusals_gen_params),
	KUNIT_CASE_PARAM(set_without_capability, policy_files_gen_params),
	KUNIT_CASE(enable_without_detect),
	KUNIT_CASE(enable_without_strategy),
	KUNIT_CASE(enable_starts_and_stops),
	KUNIT_CASE(enable_counts_scope),
	KUNIT_CASE(stats_add_up),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "pgsa_configfs",
	.init = policy_init,
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
