// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that is written wrongly, or by somebody who may not, is refused
 * with the right errno and changes nothing.
 */
#include "abi.h"

#include <linux/capability.h>
#include <sys/syscall.h>

struct wrong_write {
	const char *file;
	const char *text;
	int error;
};

/* Where the interface leaves a choice. */
#define EITHER(a, b)	((a) | (b) << 8)

const char *const attributes[NR_ATTRIBUTES] = {
	"enable", "strategy", "detect", "correct", "scope", "cpu_permille",
	"interval_ms", "frames_per_switch", "searchers",
};

static const struct wrong_write wrong_config[] = {
	{ "enable", "2", EINVAL }, { "enable", "-1", EINVAL },
	{ "enable", "x", EINVAL }, { "enable", "\n", EINVAL },
	{ "enable", "1 0", EINVAL }, { "enable", "1\n\n", EINVAL },
	{ "strategy", "nosuch", ENOENT }, { "strategy", "swee", ENOENT },
	{ "strategy", "sweepy", ENOENT }, { "strategy", "SWEEP", ENOENT },
	{ "strategy", "none", ENOENT }, { "strategy", "\n", EITHER(ENOENT, EINVAL) },
	{ "strategy", "sweep sweep", EITHER(ENOENT, EINVAL) },
	{ "detect", "nosuch", ENOENT }, { "detect", "none", EITHER(ENOENT, EINVAL) },
	{ "detect", "hamming", EINVAL }, { "detect", "\n", EITHER(ENOENT, EINVAL) },
	{ "correct", "nosuch", ENOENT }, { "correct", "crc32", EINVAL },
	{ "correct", "\n", EITHER(ENOENT, EINVAL) },
	{ "scope", "nosuch", ENOENT }, { "scope", "page", ENOENT },
	{ "scope", "mapped pagecache", ENOENT }, { "scope", "\n", EITHER(ENOENT, EINVAL) },
	{ "cpu_permille", "1001", EINVAL }, { "cpu_permille", "-1", EINVAL },
	{ "cpu_permille", "10x", EINVAL }, { "cpu_permille", "\n", EINVAL },
	{ "cpu_permille", "1 1", EINVAL }, { "cpu_permille", "1.5", EINVAL },
	{ "cpu_permille", "4294967297", EINVAL },
	{ "cpu_permille", "99999999999999999999999", EINVAL },
	{ "interval_ms", "86400001", EINVAL }, { "interval_ms", "-1", EINVAL },
	{ "interval_ms", "x", EINVAL }, { "interval_ms", "\n", EINVAL },
	{ "interval_ms", "4294967296", EINVAL },
	{ "interval_ms", "18446744073709551616", EINVAL },
	{ "searchers", "0", EINVAL }, { "searchers", "65", EINVAL },
	{ "searchers", "x", EINVAL }, { "searchers", "\n", EINVAL },
	{ "searchers", "4294967297", EINVAL },
};

static const struct wrong_write wrong_live[] = {
	{ "strategy", "sweep", EBUSY }, { "detect", "crc32", EBUSY },
	{ "correct", "none", EBUSY }, { "correct", "hamming", EBUSY },
	{ "scope", "mapped", EBUSY }, { "scope", "pagecache", EBUSY },
	{ "enable", "2", EINVAL }, { "searchers", "2", EBUSY },
	{ "cpu_permille", "1001", EINVAL }, { "interval_ms", "-5", EINVAL },
};

/* What this process may injure is a page of its own; %s is "pid address". */
static const struct wrong_write wrong_debugfs[] = {
	{ "inject_vaddr", "\n", EINVAL }, { "inject_vaddr", "x", EINVAL },
	{ "inject_vaddr", "%s", EINVAL }, { "inject_vaddr", "%s 0", EINVAL },
	{ "inject_vaddr", "%s x", EINVAL }, { "inject_vaddr", "%s -1", EINVAL },
	{ "inject_vaddr", "%s 1 1", EINVAL }, { "inject_vaddr", "%s 1x", EINVAL },
	{ "inject_vaddr", "%s 0x10000000000000000", EINVAL },
	{ "inject_vaddr", "%sffd 0xff000000", EINVAL },
	{ "inject_vaddr", "%sfff 0x100", EINVAL },
	{ "inject_vaddr", "%sff8 0x8000000000000000 1", EINVAL },
	{ "inject_vaddr", "4194303 0x1000 1", ESRCH },
	{ "inject_vaddr", "99999999999 0x1000 1", EITHER(EINVAL, ESRCH) },
	{ "inject_vaddr", "-1 0x1000 1", EITHER(EINVAL, ESRCH) },
	{ "inject_vaddr", "0 0x1000 1", EITHER(ESRCH, EINVAL) },
	{ "inject_vaddr", "%s000000000000000 1", EITHER(EINVAL, EFAULT) },
	{ "inject_pfn", "\n", EINVAL }, { "inject_pfn", "1", EINVAL },
	{ "inject_pfn", "1 1", EINVAL }, { "inject_pfn", "1 1 0", EINVAL },
	{ "inject_pfn", "1 4096 1", EINVAL }, { "inject_pfn", "1 -1 1", EINVAL },
	{ "inject_pfn", "1 4095 0x100", EINVAL },
	{ "inject_pfn", "1 4089 0x8000000000000000", EINVAL },
	{ "inject_pfn", "x 1 1", EINVAL }, { "inject_pfn", "1 1 1 1", EINVAL },
	{ "inject_pfn", "0xfffffffffffff 1 1", ENXIO },
	{ "inject_pfn", "0xffffffffffffffff 1 1", ENXIO },
	{ "frame", "\n", EINVAL }, { "frame", "x", EINVAL },
	{ "frame", "-1", EITHER(EINVAL, ENXIO) }, { "frame", "1 1", EINVAL },
	{ "frame", "0xffffffffffffffff", EITHER(ENXIO, EINVAL) },
};

static const char *const read_only[] = {
	PGSA_CONFIGFS "/available_strategies", PGSA_CONFIGFS "/available_codes",
	POLICY_DIR "/stats/cycles", POLICY_DIR "/stats/frames_checked",
	POLICY_DIR "/stats/last_cycle_frames", POLICY_DIR "/stats/last_cycle_ns",
	POLICY_DIR "/stats/cpu_ns", POLICY_DIR "/stats/sealed",
	POLICY_DIR "/stats/errors", POLICY_DIR "/stats/corrected",
	POLICY_DIR "/stats/transient",
	POLICY_DIR "/stats/unresolved", POLICY_DIR "/stats/unconfirmed",
	POLICY_DIR "/stats/records_damaged",
	POLICY_DIR "/stats/stale",
	POLICY_DIR "/stats/signals", POLICY_DIR "/stats/signals_withheld",
	POLICY_DIR "/stats/untold",
	POLICY_DIR "/stats/walks_skipped", POLICY_DIR "/stats/walk_max_ns",
	POLICY_DIR "/stats/checks_skipped",
	PGSA_SYSFS "/enabled", PGSA_SYSFS "/frames_tracked",
	PGSA_SYSFS "/frames_readonly", PGSA_SYSFS "/frames_writable",
	PGSA_SYSFS "/frames_sealed", PGSA_SYSFS "/frames_sealed_unmapped",
	PGSA_SYSFS "/frames_unconfirmed",
	PGSA_SYSFS "/bytes_redundancy", PGSA_SYSFS "/counted_ns",
	PGSA_SYSFS "/exact/frames_tracked", PGSA_SYSFS "/exact/frames_sealed",
	PGSA_SYSFS "/errors_detected", PGSA_SYSFS "/errors_corrected",
	PGSA_SYSFS "/errors_unresolved", PGSA_SYSFS "/errors_unreadable",
	PGSA_DEBUGFS "/consistency",
};

void snapshot(char *text, size_t size)
{
	char path[128], value[64];
	size_t len = 0, i;
	ssize_t n;

	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), POLICY_DIR "/%s", attributes[i]);
		n = pgsa_read(path, value, sizeof(value));
		check(n > 0, "%s: %s", path, strerror(-n));
		len += snprintf(text + len, size - len, "%s=%s ", attributes[i],
				value);
	}
}

static void expect_error(const char *dir, const struct wrong_write *wrong,
			 const char *own)
{
	char path[128], text[128];
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, wrong->file);
	if (!strncmp(wrong->text, "%s", 2))
		snprintf(text, sizeof(text), "%s%s", own, wrong->text + 2);
	else
		snprintf(text, sizeof(text), "%s", wrong->text);
	err = -pgsa_write(path, text);
	check(err && (err == (wrong->error & 0xff) || err == wrong->error >> 8),
	      "%s: \"%s\" gave %s instead of %s", wrong->file, text,
	      strerror(err), strerror(wrong->error & 0xff));
}

static void refuse_all(const struct wrong_write *wrong, unsigned int nr)
{
	char before[512], after[512];

	snapshot(before, sizeof(before));
	for (; nr; nr--, wrong++) {
		expect_error(POLICY_DIR, wrong, "");
		snapshot(after, sizeof(after));
		check(!strcmp(before, after), "%s: \"%s\" changed %s to %s",
		      wrong->file, wrong->text, before, after);
	}
}

static void test_wrong_config(void)
{
	policy_must_set("enable", "0");
	refuse_all(wrong_config, ARRAY_SIZE(wrong_config));
}

static void test_wrong_live(void)
{
	refuse_all(wrong_live, ARRAY_SIZE(wrong_live));
	policy_must_set("enable", "1");
}

static void test_right_config(void)
{
	static const char *const right[][2] = {
		{ "enable", "0" }, { "enable", "0\n" }, { "strategy", "sweep\n" },
		{ "strategy", "sweep" }, { "detect", "crc32\n" },
		{ "correct", "none\n" }, { "correct", "hamming" },
		{ "scope", "pagecache\n" }, { "scope", "mapped" }, { "cpu_permille", "1000\n" },
		{ "cpu_permille", "0" }, { "interval_ms", "86400000\n" },
		{ "interval_ms", "0" }, { "enable", "1\n" }, { "enable", "1" },
		{ "cpu_permille", "999" }, { "interval_ms", "1" },
	};
	char path[128], value[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(right); i++) {
		policy_must_set(right[i][0], right[i][1]);
		snprintf(path, sizeof(path), POLICY_DIR "/%s", right[i][0]);
		check(pgsa_read(path, value, sizeof(value)) > 0, "%s", path);
		check(!strncmp(value, right[i][1], strlen(value)),
		      "%s: wrote %s, read %s", path, right[i][1], value);
	}
}

static void test_defaults(void)
{
	static const char *const defaults[] = {
		"0", "sweep", "crc32c", "hamming", "mapped", "10", "250",
		"16", "1",
	};
	char path[128], value[64];
	unsigned int i;

	policy_remove();
	check(!mkdir(POLICY_DIR, 0755), "mkdir: %s", strerror(errno));
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), POLICY_DIR "/%s", attributes[i]);
		check(pgsa_read(path, value, sizeof(value)) > 0, "%s", path);
		check(!strcmp(value, defaults[i]), "%s is %s", path, value);
	}
}

static void test_wrong_debugfs(void)
{
	uint32_t *page = new_pages(1, PROT_READ), copy[PGSA_PAGE / 4];
	char own[64];
	unsigned int i;

	memcpy(copy, page, PGSA_PAGE);
	/* Without its last three digits, so that the table can add an offset. */
	snprintf(own, sizeof(own), "%d %#lx", getpid(),
		 (unsigned long)page / PGSA_PAGE);
	for (i = 0; i < ARRAY_SIZE(wrong_debugfs); i++)
		expect_error(PGSA_DEBUGFS, &wrong_debugfs[i], own);
	check(!memcmp(copy, page, PGSA_PAGE), "a refused injection hit the page");
	munmap(page, PGSA_PAGE);
	check(pgsa_inject(getpid(), (unsigned long)page, 1) == -EFAULT,
	      "unmapped address: not EFAULT");
	check(pgsa_inject(getpid(), 0xffff888000000000UL, 1) == -EFAULT,
	      "kernel address: not EFAULT");
	expect_no_report(200);
}

static void test_read_only(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		err = -pgsa_write(read_only[i], "0");
		check(err == EACCES || err == EPERM || err == EINVAL,
		      "%s: a write gave %s", read_only[i], strerror(err));
	}
}

/* Writes what is valid to every file: it is the writer who is wrong. */
static void expect_forbidden(int error, int or_error)
{
	static const char *const valid[][2] = {
		{ POLICY_DIR "/enable", "1" },
		{ POLICY_DIR "/strategy", "sweep" },
		{ POLICY_DIR "/detect", "crc32" },
		{ POLICY_DIR "/correct", "none" },
		{ POLICY_DIR "/scope", "mapped" },
		{ POLICY_DIR "/cpu_permille", "5" },
		{ POLICY_DIR "/interval_ms", "5" },
		{ PGSA_DEBUGFS "/inject_vaddr", "1 0 1" },
		{ PGSA_DEBUGFS "/inject_pfn", "0xfffffffffffff 0 1" },
		{ PGSA_DEBUGFS "/frame", "1" },
	};
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(valid); i++) {
		err = -pgsa_write(valid[i][0], valid[i][1]);
		check(err == error || err == or_error, "%s: %s", valid[i][0],
		      strerror(err));
	}
	check(mkdir(PGSA_CONFIGFS "/forbidden", 0755), "mkdir succeeded");
	check(errno == error || errno == or_error, "mkdir: %s", strerror(errno));
}

static void test_other_user(void)
{
	char before[512], after[512];
	pid_t pid;

	policy_must_set("enable", "0");
	snapshot(before, sizeof(before));
	pid = fork_child();
	if (!pid) {
		check(!setgid(65534) && !setuid(65534), "setuid: %s",
		      strerror(errno));
		expect_forbidden(EACCES, EPERM);
		check(rmdir(POLICY_DIR), "rmdir succeeded");
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	snapshot(after, sizeof(after));
	check(!strcmp(before, after), "%s became %s", before, after);
}

/* Root in the files' eyes, but without CAP_SYS_ADMIN. */
static void test_no_capability(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	char before[512], after[512];
	pid_t pid;

	policy_must_set("enable", "0");
	snapshot(before, sizeof(before));
	pid = fork_child();
	if (!pid) {
		check(!syscall(SYS_capget, &header, data), "capget: %s",
		      strerror(errno));
		data[0].effective &= ~(1U << CAP_SYS_ADMIN);
		check(!syscall(SYS_capset, &header, data), "capset: %s",
		      strerror(errno));
		expect_forbidden(EPERM, EPERM);
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	snapshot(after, sizeof(after));
	check(!strcmp(before, after), "%s became %s", before, after);
}

static void test_loops(void)
{
	unsigned int i;

	for (i = 0; i < 60; i++) {
		policy_must_set("enable", i % 2 ? "1" : "0");
		if (i % 7 == 0)
			sleep_ms(i);
		if (i % 3 == 0) {
			check(!rmdir(POLICY_DIR), "rmdir: %s", strerror(errno));
			policy_create();
		}
		if (i % 10 == 0)
			check(mkdir(POLICY_DIR, 0755) && errno == EEXIST,
			      "the same name twice");
	}
	check(rmdir(POLICY_DIR "/stats"), "rmdir stats succeeded");
	expect_no_report(100);
}

/* Files held open, or used, while their policy goes. */
static void test_remove_in_use(void)
{
	int fd = open(POLICY_DIR "/stats/cycles", O_RDONLY);
	char text[64];
	pid_t pid;

	check(fd >= 0, "stats/cycles: %s", strerror(errno));
	pid = fork_child();
	while (!pid) {
		pgsa_read(POLICY_DIR "/stats/cpu_ns", text, sizeof(text));
		pgsa_write(POLICY_DIR "/enable", "1");
		sched_yield();
	}
	sleep_ms(50);
	check(!rmdir(POLICY_DIR), "rmdir: %s", strerror(errno));
	sleep_ms(50);
	if (pread(fd, text, sizeof(text), 0) < 0)
		diag("a file of a removed policy: %s", strerror(errno));
	kill(pid, SIGKILL);
	close(fd);
}

static const struct selftest tests[] = {
	{ "defaults of a new policy", test_defaults },
	{ "valid writes to configfs", test_right_config },
	{ "wrong writes to configfs", test_wrong_config },
	{ "wrong writes to a live policy", test_wrong_live },
	{ "wrong writes to debugfs", test_wrong_debugfs },
	{ "dropping rules", test_drop },
	{ "wrong writes to drop", test_drop_refused },
	{ "writes to files that are only read", test_read_only },
	{ "another user", test_other_user },
	{ "root without CAP_SYS_ADMIN", test_no_capability },
	{ "texts with a NUL or a sign, or too long", test_incomplete },
	{ "the same, to the files of a target", test_incomplete_target },
	{ "the same, to debugfs", test_incomplete_debugfs },
	{ "names that are more than names", test_names },
	{ "files that tell of processes", test_modes },
	{ "a refused write says what is valid", test_told },
	{ "a flip outside of sealed frames is told", test_told_unsealed },
	{ "a flip in the kernel's program", test_inject_program },
	{ "no more threads", test_no_threads },
	{ "enable, disable, remove in loops", test_loops },
	{ "removing a policy in use", test_remove_in_use },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
