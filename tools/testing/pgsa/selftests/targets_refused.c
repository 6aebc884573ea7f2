// SPDX-License-Identifier: GPL-2.0
/*
 * What may not be written to a target's files, and that it changes nothing.
 */
#include "targets.h"

#include <linux/capability.h>
#include <sys/syscall.h>

static const char *const attributes[] = {
	"pid", "agent", "signal_number", "cgroup",
};

static const struct {
	const char *attr, *text;
	int err;
} wrong[] = {
	{ "pid", "\n", EINVAL }, { "pid", "x", EINVAL },
	{ "pid", "-1", EINVAL }, { "pid", "1 1", EINVAL },
	{ "pid", "1\n\n", EINVAL }, { "pid", "0x1", EINVAL },
	{ "pid", "2147483648", EINVAL }, { "pid", "4294967297", EINVAL },
	{ "pid", "99999999999999999999", EINVAL },
	{ "pid", "4194303", ESRCH }, { "pid", "2147483647", ESRCH },
	{ "pid", "2", EINVAL },
	{ "agent", "\n", EINVAL }, { "agent", "self", EINVAL },
	{ "agent", "-1", EINVAL }, { "agent", "4194303", ESRCH },
	{ "agent", "2", EINVAL },
	{ "signal_number", "\n", EINVAL }, { "signal_number", "-1", EINVAL },
	{ "signal_number", "65", EINVAL }, { "signal_number", "SIGBUS", EINVAL },
	{ "signal_number", "9", EINVAL }, { "signal_number", "19", EINVAL },
	{ "signal_number", "4294967303", EINVAL },
	{ "cgroup", "nosuch", EINVAL }, { "cgroup", "/nosuch", ENOENT },
	{ "cgroup", "/\n\n", EINVAL }, { "cgroup", "/\n/", EINVAL },
	{ "cgroup", "/ ", ENOENT }, { "cgroup", " /", EINVAL },
	{ "cgroup", "/cgroup.procs", ENOENT },
};

static void snapshot(const char *name, char *text, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		char value[64];

		target_get(name, attributes[i], value, sizeof(value));
		len += snprintf(text + len, size - len, "%s=%s ", attributes[i],
				value);
	}
}

static void expect_refused(const char *name, const char *attr, const char *text,
			   int expected)
{
	char before[256], after[256];
	int err;

	snapshot(name, before, sizeof(before));
	err = -target_set(name, attr, text);
	check(err == expected, "%s: \"%s\" gave %s instead of %s", attr, text,
	      strerror(err), strerror(expected));
	snapshot(name, after, sizeof(after));
	check(!strcmp(before, after), "%s: \"%s\": %s became %s", attr, text,
	      before, after);
}

static void expect_all_refused(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_refused(name, wrong[i].attr, wrong[i].text,
			       wrong[i].err);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	check(!syscall(SYS_capset, &header, data), "capset: %s",
	      strerror(errno));
}

static void try_without_capability(void)
{
	pid_t pid = fork_child();

	if (!pid) {
		drop_capabilities();
		expect_refused("t", "pid", "1", EPERM);
		expect_refused("t", "agent", "1", EPERM);
		expect_refused("t", "signal_number", "10", EPERM);
		expect_refused("t", "cgroup", "/", EPERM);
		check(mkdir(TARGETS_DIR "/x", 0755) && errno == EPERM, "mkdir: %s",
		      strerror(errno));
		_exit(TEST_PASS);
	}
	expect_exit(pid);
}

void test_refused(void)
{
	char path[160];
	size_t i;

	target_make("t");
	expect_all_refused("t");
	try_without_capability();
	target_set_pid("t", "agent", getpid());
	target_must_set("t", "signal_number", "64");
	policy_must_set("enable", "0");
	target_set_pid("t", "pid", getpid());
	expect_all_refused("t");
	expect_refused("t", "cgroup", "/", EINVAL);
	target_must_set("t", "pid", "0");
	target_must_set("t", "cgroup", "/");
	expect_refused("t", "pid", "1", EINVAL);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), TARGETS_DIR "/t/%s",
			 i == 0 ? "comm" : i == 1 ? "frames" : "errors");
		check(pgsa_write(path, "1"), "%s was written", path);
	}
	check(mkdir(TARGETS_DIR "/t", 0755) && errno == EEXIST, "twice t");
	check(mkdir(TARGETS_DIR "/t/x", 0755), "a directory in a target");
	check(rmdir(TARGETS_DIR) && rmdir(POLICY_DIR), "rmdir");
}

/* Fixed from the moment in which it is complete and the policy live. */
void test_in_use(void)
{
	search_targets();
	target_make("t");
	target_set_pid("t", "agent", getpid());
	target_must_set("t", "agent", "0");
	target_must_set("t", "signal_number", "10");
	target_must_set("t", "signal_number", "0\n");
	target_set_pid("t", "pid", getpid());
	expect_refused("t", "pid", "0", EBUSY);
	expect_refused("t", "pid", "1", EBUSY);
	expect_refused("t", "agent", "1", EBUSY);
	expect_refused("t", "signal_number", "10", EBUSY);
	expect_refused("t", "cgroup", "/", EBUSY);
	policy_must_set("enable", "0");
	target_must_set("t", "pid", "1");
	target_must_set("t", "agent", "1");
	target_must_set("t", "signal_number", "10");
	policy_must_set("enable", "1");
	expect_refused("t", "agent", "0", EBUSY);
	expect_value("t", "pid", "1");
}
