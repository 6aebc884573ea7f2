// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_targets_files: what may be written to the files of a target,
 * and that a refused write changes nothing.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "../targets.h"

typedef int (*target_set_t)(struct pgsa_target *target, const char *text);

static const struct target_write {
	const char *what;
	target_set_t set;
	const char *text;
	int err;
} target_writes[] = {
	{ "pid empty", pgsa_target_set_pid, "", -EINVAL },
	{ "pid text", pgsa_target_set_pid, "init", -EINVAL },
	{ "pid negative", pgsa_target_set_pid, "-1", -EINVAL },
	{ "pid signed", pgsa_target_set_pid, "+1", -EINVAL },
	{ "pid two", pgsa_target_set_pid, "1 1", -EINVAL },
	{ "pid 2^31", pgsa_target_set_pid, "2147483648", -EINVAL },
	{ "pid 2^32+1", pgsa_target_set_pid, "4294967297", -EINVAL },
	{ "pid of nobody", pgsa_target_set_pid, "2147483647", -ESRCH },
	{ "pid of kthreadd", pgsa_target_set_pid, "2", -EINVAL },
	{ "agent text", pgsa_target_set_agent, "me", -EINVAL },
	{ "agent nobody", pgsa_target_set_agent, "2147483647", -ESRCH },
	{ "agent kthreadd", pgsa_target_set_agent, "2\n", -EINVAL },
	{ "signal text", pgsa_target_set_signal_number, "BUS", -EINVAL },
	{ "signal -1", pgsa_target_set_signal_number, "-1", -EINVAL },
	{ "signal signed", pgsa_target_set_signal_number, "+10", -EINVAL },
	{ "signal 65", pgsa_target_set_signal_number, "65", -EINVAL },
	{ "SIGKILL", pgsa_target_set_signal_number, "9", -EINVAL },
	{ "SIGSTOP", pgsa_target_set_signal_number, "19", -EINVAL },
	{ "cgroup relative", pgsa_target_set_cgroup, "x", -EINVAL },
	{ "cgroup two lines", pgsa_target_set_cgroup, "/\n/", -EINVAL },
	{ "cgroup unknown", pgsa_target_set_cgroup, "/nosuch", -ENOENT },
};

KUNIT_ARRAY_PARAM_DESC(target_writes, target_writes, what);

struct files_test {
	struct pgsa_policy policy;
	struct pgsa_target target;
	struct pgsa_target want;
	struct pgsa_crew crew;	/* of nobody, to make the policy live */
	struct task_struct *gone;	/* whose number is nobody's any more */
};

static void files_set(struct kunit *test, target_set_t set, const char *text,
		      int err)
{
	struct files_test *ft = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, set(&ft->target, text), err, "'%s'", text);
	if (err)
		KUNIT_EXPECT_MEMEQ_MSG(test, &ft->target, &ft->want,
				       sizeof(ft->want), "'%s'", text);
	ft->want = ft->target;
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&ft->policy.lock));
}

static void set_refused(struct kunit *test)
{
	const struct target_write *write = test->param_value;

	files_set(test, write->set, write->text, write->err);
	files_set(test, pgsa_target_set_pid, "1", 0);
	files_set(test, pgsa_target_set_agent, "1\n", 0);
	files_set(test, pgsa_target_set_signal_number, "64", 0);
	files_set(test, write->set, write->text, write->err);
}

static void set_and_clear(struct kunit *test)
{
	struct files_test *ft = test->priv;

	files_set(test, pgsa_target_set_pid, "1", 0);
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(ft->target.pid),
			    find_pid_ns(1, &init_pid_ns));
	files_set(test, pgsa_target_set_pid, "0", 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(ft->target.pid));
	files_set(test, pgsa_target_set_agent, "1", 0);
	files_set(test, pgsa_target_set_agent, "0\n", 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(ft->target.agent));
	files_set(test, pgsa_target_set_signal_number, "1", 0);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&ft->target.signal), 1);
	files_set(test, pgsa_target_set_signal_number, "0", 0);
	KUNIT_EXPECT_EQ(test, pgsa_setting_get(&ft->target.signal), 0);
}

static struct task_struct *files_reaped(struct pid *pid)
{
	struct kunit *test = kunit_get_current_test();
	struct files_test *ft = test->priv;

	return ft->gone;
}

/* Somebody reaps it between the look and the use: what was looked at is used */
static void set_reaped(struct kunit *test)
{
	struct files_test *ft = test->priv;

	ft->gone = kunit_kzalloc(test, sizeof(*ft->gone), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ft->gone);
	ft->gone->signal = kunit_kzalloc(test, sizeof(*ft->gone->signal),
					 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ft->gone->signal);
	kunit_activate_static_stub(test, pgsa_target_process, files_reaped);
	files_set(test, pgsa_target_set_pid, "1", 0);
	files_set(test, pgsa_target_set_agent, "1", 0);
	kunit_deactivate_static_stub(test, pgsa_target_process);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(ft->target.pid));
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(ft->target.agent));
}

static void set_both(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_CGROUPS))
		kunit_skip(test, "no cgroups");
	files_set(test, pgsa_target_set_pid, "1", 0);
	files_set(test, pgsa_target_set_cgroup, "/", -EINVAL);
	files_set(test, pgsa_target_set_pid, "0", 0);
	files_set(test, pgsa_target_set_cgroup, "/\n", 0);
	files_set(test, pgsa_target_set_pid, "1", -EINVAL);
	files_set(test, pgsa_target_set_agent, "1", 0);
	files_set(test, pgsa_target_set_cgroup, "\n", 0);
	files_set(test, pgsa_target_set_pid, "1", 0);
}

static void set_while_live(struct kunit *test)
{
	struct files_test *ft = test->priv;

	ft->policy.crew = &ft->crew;
	files_set(test, pgsa_target_set_agent, "1", 0);
	files_set(test, pgsa_target_set_signal_number, "10", 0);
	files_set(test, pgsa_target_set_pid, "1", 0);
	files_set(test, pgsa_target_set_agent, "0", -EBUSY);
	files_set(test, pgsa_target_set_signal_number, "11", -EBUSY);
	files_set(test, pgsa_target_set_cgroup, "\n", -EBUSY);
	files_set(test, pgsa_target_set_pid, "0", -EBUSY);
	files_set(test, pgsa_target_set_pid, "1", -EBUSY);
}

static void files_exit(void *data)
{
	struct files_test *ft = data;

	ft->policy.crew = NULL;
	pgsa_target_set_pid(&ft->target, "0");
	pgsa_target_set_agent(&ft->target, "0");
	pgsa_target_set_cgroup(&ft->target, "\n");
	pgsa_policy_exit(&ft->policy);
}

static int files_set_up(struct kunit *test)
{
	struct files_test *ft = kunit_kzalloc(test, sizeof(*ft), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ft);
	KUNIT_ASSERT_EQ(test, pgsa_policy_init(&ft->policy), 0);
	ft->target.policy = &ft->policy;
	ft->want = ft->target;
	test->priv = ft;
	return kunit_add_action_or_reset(test, files_exit, ft);
}

static struct kunit_case files_cases[] = {
	KUNIT_CASE_PARAM(set_refused, target_writes_gen_params),
	KUNIT_CASE(set_and_clear),
	KUNIT_CASE(set_reaped),
	KUNIT_CASE(set_both),
	KUNIT_CASE(set_while_live),
	{}
};

static struct kunit_suite files_suite = {
	.name = "pgsa_targets_files",
	.init = files_set_up,
	.test_cases = files_cases,
};

kunit_test_suite(files_suite);
