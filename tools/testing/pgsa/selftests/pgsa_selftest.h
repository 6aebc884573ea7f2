/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the selftests share: TAP output, a policy, the error reports, and a flip
 * that has to be repaired.
 *
 * Every test runs in a process of its own with a fresh policy "selftest" that
 * searches without pause, unless no_search is set. check() and skip() end that
 * process, so a test is read from top to bottom. Processes a test forks die with
 * it. To be included before all other headers.
 */
#ifndef PGSA_SELFTEST_H
#define PGSA_SELFTEST_H

#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../pgsa_user.h"

#define POLICY		"selftest"
#define POLICY_DIR	PGSA_CONFIGFS "/" POLICY
#define TRACE_DIR	"/sys/kernel/tracing/instances/pgsa-selftest"

#define PAGE_BITS	(PGSA_PAGE * 8)
#define TEST_SECONDS	(120 * slowness())	/* for one test, by default */
#define WAIT_MS		(10000 * slowness()) /* for a seal or a report */

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Exit codes of a test process and of the whole program, as in kselftest. */
#define TEST_PASS	0
#define TEST_FAIL	1
#define TEST_SKIP	4

struct selftest {
	const char *name;
	void (*run)(void);
};

/* One pgsa_error report. */
struct report {
	unsigned long pfn;
	int bit;
	long long delay_ns;
	char result[16];
	char code[32];
};

/* One of each for a whole program, of however many files it is made. */
#pragma weak skip_reason
#pragma weak trace_fd
#pragma weak errors_before
#pragma weak no_search
char *skip_reason;			/* shared with the test's process */
int trace_fd = -1;
unsigned long long errors_before;	/* this test */
bool no_search;				/* the tests do without a policy */

/* How many times slower than others this kernel is: SELFTEST_SLOW. */
static inline int slowness(void)
{
	const char *times = getenv("SELFTEST_SLOW");

	return times && atoi(times) > 0 ? atoi(times) : 1;
}

/* Diagnosis: a comment line of TAP. */
static inline void diag(const char *format, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

#define check(condition, format, ...)					\
do {									\
	if (!(condition)) {						\
		diag("%s:%d: " format, __FILE__, __LINE__, ##__VA_ARGS__); \
		_exit(TEST_FAIL);					\
	}								\
} while (0)

static inline void skip(const char *reason)
{
	snprintf(skip_reason, PGSA_PAGE, "%s", reason);
	_exit(TEST_SKIP);
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static inline double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Policies */

static inline int policy_set(const char *attr, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), POLICY_DIR "/%s", attr);
	return pgsa_write(path, value);
}

static inline void policy_must_set(const char *attr, const char *value)
{
	int err = policy_set(attr, value);

	check(!err, "%s=%s: %s", attr, value, strerror(-err));
}

static inline unsigned long long read_number(const char *path)
{
	char text[64];
	ssize_t n = pgsa_read(path, text, sizeof(text));

	check(n > 0, "%s: %s", path, strerror(n < 0 ? -n : ENODATA));
	return strtoull(text, NULL, 10);
}

static inline unsigned long long policy_stat(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), POLICY_DIR "/stats/%s", name);
	return read_number(path);
}

static inline unsigned long long sysfs_stat(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), PGSA_SYSFS "/%s", name);
	return read_number(path);
}

static inline void policy_remove(void)
{
	DIR *dir = opendir(POLICY_DIR "/targets");
	struct dirent *entry;
	char path[320];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), POLICY_DIR "/targets/%s",
			 entry->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
	rmdir(POLICY_DIR);
}

static inline void policy_create(void)
{
	policy_remove();
	check(!mkdir(POLICY_DIR, 0755), "mkdir %s: %s", POLICY_DIR,
	      strerror(errno));
	policy_must_set("cpu_permille", "0");
	policy_must_set("interval_ms", "0");
}

/* Whole cycles from now on: the one that runs has seen only part of our frames. */
static inline void wait_cycles(unsigned int nr)
{
	unsigned long long goal = policy_stat("cycles") + nr + 1;
	int ms = WAIT_MS * (1 + nr / 5);
	double limit = now_s() + ms / 1000.0;

	while (policy_stat("cycles") < goal) {
		check(now_s() < limit, "no %u cycles in %d ms", nr, ms);
		sleep_ms(2);
	}
}

/* The policy's kernel thread, or 0. One that has been stopped may still be seen. */
static inline pid_t searcher(void)
{
	char path[300], comm[64];
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	pid_t pid = 0;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (atoi(entry->d_name) > 0 &&
		    pgsa_read(path, comm, sizeof(comm)) > 0 &&
		    !strcmp(comm, "kpgsad/" POLICY))
			pid = atoi(entry->d_name);
	}
	closedir(dir);
	return pid;
}

/* By default it waits for all others, and so for tests that are busy. */
static inline void searcher_awake(void)
{
	struct sched_param param = { 0 };
	pid_t pid = searcher();

	check(pid && !sched_setscheduler(pid, SCHED_OTHER, &param),
	      "no thread kpgsad/" POLICY);
}

/* Reports */

static inline void trace_open(void)
{
	mkdir(TRACE_DIR, 0755);
	pgsa_write(TRACE_DIR "/events/pgsa/pgsa_error/enable", "1");
	trace_fd = open(TRACE_DIR "/trace_pipe",
			O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static inline void trace_close(void)
{
	close(trace_fd);
	rmdir(TRACE_DIR);
}

/* The next report, if there is one; reads a byte at a time, they are rare. */
static inline bool trace_next(struct report *report)
{
	static char line[512];
	static size_t len;
	char value[32];

	while (read(trace_fd, line + len, 1) == 1) {
		if (line[len] != '\n' && len < sizeof(line) - 2) {
			len++;
			continue;
		}
		line[len] = '\0';
		len = 0;
		if (!strstr(line, "pgsa_error:"))
			continue;
		report->pfn = pgsa_number(line, "pfn");
		pgsa_field(line, "bit", value, sizeof(value));
		report->bit = atoi(value);
		pgsa_field(line, "delay_ns", value, sizeof(value));
		report->delay_ns = atoll(value);
		pgsa_field(line, "code", report->code, sizeof(report->code));
		pgsa_field(line, "result", report->result,
			   sizeof(report->result));
		return true;
	}
	return false;
}

static inline bool trace_wait(struct report *report, unsigned int ms)
{
	double limit = now_s() + ms / 1000.0;

	do {
		if (trace_next(report))
			return true;
		sleep_ms(2);
	} while (now_s() < limit);
	return false;
}

static inline void expect_report(unsigned long pfn, int bit, const char *result)
{
	struct report report;

	check(trace_wait(&report, WAIT_MS), "no report for pfn %#lx", pfn);
	check(report.pfn == pfn, "report for pfn %#lx instead of %#lx",
	      report.pfn, pfn);
	check(bit < 0 || report.bit == bit, "pfn %#lx: %s bit %d, not %d", pfn,
	      report.result, report.bit, bit);
	check(!strcmp(report.result, result), "pfn %#lx: %s instead of %s", pfn,
	      report.result, result);
	check(report.delay_ns >= 0, "pfn %#lx: no detection delay", pfn);
}

static inline void expect_no_report(unsigned int ms)
{
	struct report report;

	check(!trace_wait(&report, ms), "pfn %#lx bit %d wrongly reported %s",
	      report.pfn, report.bit, report.result);
}

/* Nothing was injected, so nothing may be found. */
static inline void expect_no_errors(unsigned int ms)
{
	expect_no_report(ms);
	check(!policy_stat("errors"), "false report: %llu errors",
	      policy_stat("errors"));
	check(sysfs_stat("errors_detected") == errors_before,
	      "false report: %llu errors since boot, %llu before the test",
	      sysfs_stat("errors_detected"), errors_before);
}

#include "pgsa_pages.h"

/* The frame records agree with the page tables. */
static inline void expect_consistent(void)
{
	static char text[4 * PGSA_PAGE];
	ssize_t n = pgsa_read(PGSA_DEBUGFS "/consistency", text, sizeof(text));

	check(n > 0, "consistency: %s", strerror(-n));
	check(!strstr(text, "INCONSISTENT"), "%s", text);
}

#include "pgsa_process.h"

/* The programs' main() */

static inline void run_test(const struct selftest *test, unsigned int nr,
			    unsigned int *failed, unsigned int *skipped)
{
	struct report report;
	int status = -1;
	pid_t pid;

	while (trace_next(&report))
		;
	pid = fork_child();
	if (!pid) {
		alarm(TEST_SECONDS);
		errors_before = sysfs_stat("errors_detected");
		if (!no_search) {
			policy_create();
			policy_must_set("enable", "1");
		}
		test->run();
		_exit(TEST_PASS);
	}
	waitpid(pid, &status, 0);
	policy_remove();
	if (WIFSIGNALED(status))
		diag("killed by signal %d", WTERMSIG(status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_SKIP) {
		printf("ok %u - %s # SKIP %s\n", nr, test->name, skip_reason);
		(*skipped)++;
	} else if (status) {
		printf("not ok %u - %s\n", nr, test->name);
		(*failed)++;
	} else {
		printf("ok %u - %s\n", nr, test->name);
	}
	fflush(stdout);
}

static inline const char *missing(void)
{
	char enabled[8] = "";

	if (geteuid())
		return "needs root";
	if (access(PGSA_CONFIGFS, F_OK))
		return "no PGSA in configfs";
	pgsa_read(PGSA_SYSFS "/enabled", enabled, sizeof(enabled));
	if (strcmp(enabled, "1"))
		return "PGSA is off, boot with pgsa=on";
	if (access(PGSA_DEBUGFS "/inject_vaddr", W_OK))
		return "no CONFIG_PGSA_INJECT, or debugfs not mounted";
	if (trace_fd < 0)
		return "no tracepoint pgsa_error, or tracefs not mounted";
	return NULL;
}

static inline const struct selftest *find_test(const struct selftest *tests,
					       unsigned int nr, const char *name)
{
	for (; nr; nr--, tests++)
		if (!strcmp(tests->name, name))
			return tests;
	return NULL;
}

static inline void prepare_tests(void)
{
	skip_reason = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	trace_open();
}

/* All of the tests, or the one that argv[1] names. */
static inline int run_tests(int argc, char **argv,
			    const struct selftest *tests, unsigned int nr)
{
	unsigned int i, failed = 0, skipped = 0;

	if (argc > 1) {
		tests = find_test(tests, nr, argv[1]);
		nr = 1;
	}
	if (!tests) {
		printf("Bail out! There is no test \"%s\"\n", argv[1]);
		return TEST_FAIL;
	}
	prepare_tests();
	if (missing()) {
		printf("1..0 # SKIP %s\n", missing());
		return TEST_SKIP;
	}
	printf("1..%u\n", nr);
	for (i = 0; i < nr; i++)
		run_test(&tests[i], i + 1, &failed, &skipped);
	trace_close();
	if (failed)
		return TEST_FAIL;
	return skipped == nr ? TEST_SKIP : TEST_PASS;
}

#endif /* PGSA_SELFTEST_H */
