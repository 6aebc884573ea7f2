// SPDX-License-Identifier: GPL-2.0
/*
 * Many policies, and many processes: what all of them may take is limited, and
 * what they take does not grow with their number. Also meant for a guest with
 * little memory (guest -m 64).
 */
#include "pgsa_selftest.h"

#define POLICIES_MAX	64
#define CROWD_DIR	PGSA_CONFIGFS "/crowd"
#define PAGES		2048
#define SLEEPERS	5000
#define SLEEPER_KIB	40		/* that one of them takes, at most */
#define SLEEPER_STACK	1024

static void crowd_path(char *path, unsigned int i, const char *attr)
{
	snprintf(path, 128, CROWD_DIR "%u%s", i, attr);
}

static int crowd_set(unsigned int i, const char *attr, const char *value)
{
	char path[128];

	crowd_path(path, i, attr);
	return pgsa_write(path, value);
}

static int crowd_make(unsigned int i)
{
	char path[128];

	crowd_path(path, i, "");
	return mkdir(path, 0755) ? -errno : 0;
}

static void crowd_remove(void)
{
	char path[128];
	unsigned int i;

	for (i = 0; i < 2 * POLICIES_MAX; i++) {
		crowd_path(path, i, "");
		rmdir(path);
	}
}

/* One of them is the test's own, and there may be others. */
static void test_directories(void)
{
	unsigned int i = 0;
	int ret;

	crowd_remove();
	while (!(ret = crowd_make(i)))
		check(++i < POLICIES_MAX, "%u policies", i);
	check(ret == -ENOSPC, "policy %u: %s", i, strerror(-ret));
	check(i > POLICIES_MAX / 2, "only %u policies", i);
	crowd_remove();
	check(!crowd_make(0), "one after all have gone: %s", strerror(errno));
	crowd_remove();
}

/* The machine goes on: memory for others, and a search that finds a flip. */
static void machine_works(void)
{
	char *page = (char *)new_pages(256, PROT_READ);
	struct pgsa_frame frame;
	char text[64];

	wait_sealed(page);
	frame = frame_of(wait_sealed(page + PGSA_PAGE));
	snprintf(text, sizeof(text), "%#lx 8 0x1", frame.pfn);
	check(!pgsa_write(PGSA_DEBUGFS "/inject_pfn", text), "%s", text);
	expect_report(frame.pfn, 64, "corrected");
	munmap(page, 256 * PGSA_PAGE);
}

/* As many live ones as are allowed, and not one that brings the machine down. */
static void test_live(void)
{
	unsigned int i, live = 0, refused = 0;
	int ret;

	alarm(2 * TEST_SECONDS);
	crowd_remove();
	for (i = 0; i < POLICIES_MAX - 2; i++) {
		check(!crowd_make(i), "policy %u: %s", i, strerror(errno));
		ret = crowd_set(i, "/enable", "1");
		check(!ret || ret == -ENOMEM || ret == -ENOSPC,
		      "policy %u: %s", i, strerror(-ret));
		live += !ret;
		refused += !!ret;
	}
	diag("%u live, %u refused", live, refused);
	check(live > 4, "only %u live", live);
	machine_works();
	crowd_remove();
	check(!crowd_make(0) && !crowd_set(0, "/enable", "1"),
	      "one after all have gone");
	crowd_remove();
	machine_works();
}

/* Shares of CPUs that there are not. */
static void test_shares(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), i;

	crowd_remove();
	for (i = 0; i <= cpus; i++)
		check(!crowd_make(i) &&
		      !crowd_set(i, "/interval_ms", "1000") &&
		      !crowd_set(i, "/cpu_permille", i < cpus ? "1000" : "1"),
		      "policy %ld", i);
	for (i = 0; i < cpus; i++)
		check(!crowd_set(i, "/enable", "1"), "policy %ld is refused",
		      i);
	check(crowd_set(cpus, "/enable", "1") == -ENOSPC,
	      "more than all CPUs have");
	check(!crowd_set(0, "/cpu_permille", "999"), "less");
	check(!crowd_set(cpus, "/enable", "1"), "just all CPUs have");
	check(crowd_set(0, "/cpu_permille", "1000") == -ENOSPC,
	      "more than all CPUs have");
	check(crowd_set(cpus, "/cpu_permille", "2") == -ENOSPC,
	      "more than all CPUs have");
	check(!crowd_set(cpus, "/cpu_permille", "0") &&
	      !crowd_set(0, "/cpu_permille", "1000"),
	      "who takes what is left takes no share");
	crowd_remove();
}

/* Processes that sleep */

/* On a stack that is only just large enough for this. */
static int sleeper(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

/*
 * Processes of their own, with little of their own: they share all that processes
 * can share, so that 5000 fit into a small guest.
 */
static void sleepers_start(pid_t *pids)
{
	const char *threads_max = "/proc/sys/kernel/threads-max";
	char *stacks = mmap(NULL, SLEEPERS * SLEEPER_STACK,
			    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	char was[32] = "", text[32];
	unsigned int i;

	check(stacks != MAP_FAILED, "mmap: %s", strerror(errno));
	pgsa_read(threads_max, was, sizeof(was));
	snprintf(text, sizeof(text), "%d", 3 * SLEEPERS);
	check(!pgsa_write(threads_max, text), "%s", threads_max);
	for (i = 0; i < SLEEPERS; i++) {
		pids[i] = clone(sleeper, stacks + (i + 1) * SLEEPER_STACK,
				CLONE_VM | CLONE_FS | CLONE_FILES |
				CLONE_SIGHAND | SIGCHLD, NULL);
		check(pids[i] > 0, "process %u: %s", i, strerror(errno));
	}
	pgsa_write(threads_max, was);
}

/* The next test may need their place. */
static void sleepers_end(const pid_t *pids)
{
	unsigned int i;

	for (i = 0; i < SLEEPERS; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < SLEEPERS; i++)
		waitpid(pids[i], NULL, 0);
}

/* How many of them there are: the number in /proc/loadavg is of all tasks. */
static unsigned int tasks(void)
{
	char text[128] = "", *slash;

	pgsa_read("/proc/loadavg", text, sizeof(text));
	slash = strchr(text, '/');
	return slash ? strtoul(slash + 1, NULL, 10) : 0;
}

/* The searchers seal so many more frames. */
static void wait_more_sealed(unsigned int nr)
{
	unsigned long long end = policy_stat("sealed") + nr;
	char *pages = (char *)new_pages(nr, PROT_READ);

	while (policy_stat("sealed") < end)
		sleep_ms(1);
	munmap(pages, nr * PGSA_PAGE);
}

/* Frames sealed per second of the searchers' CPU time. */
static double sealing_rate(void)
{
	unsigned long long cpu, sealed;
	unsigned int i;

	wait_cycles(2);
	sealed = policy_stat("sealed");
	cpu = policy_stat("cpu_ns");
	for (i = 0; i < 3; i++)
		wait_more_sealed(PAGES);
	sealed = policy_stat("sealed") - sealed;
	return sealed * 1e9 / (policy_stat("cpu_ns") - cpu);
}

/* Their page tables may be a device's as well: that is known without asking. */
static void test_sleepers(void)
{
	unsigned long kib = sysconf(_SC_AVPHYS_PAGES) * (PGSA_PAGE >> 10);
	static pid_t pids[SLEEPERS];
	double alone, crowded;

	alarm(5 * TEST_SECONDS);
	if (kib / SLEEPER_KIB < SLEEPERS)
		skip("too little memory");
	alone = sealing_rate();
	sleepers_start(pids);
	crowded = sealing_rate();
	diag("%.0f frames sealed in a second of CPU time, %.0f with %u tasks; %lu KiB each",
	     alone, crowded, tasks(),
	     (kib - sysconf(_SC_AVPHYS_PAGES) * (PGSA_PAGE >> 10)) / SLEEPERS);
	check(tasks() >= SLEEPERS, "only %u tasks", tasks());
	sleepers_end(pids);
	check(crowded * 4 > alone, "%.0f frames a second", crowded);
}

static const struct selftest tests[] = {
	{ "more policies than are allowed", test_directories },
	{ "more live policies than are allowed", test_live },
	{ "more shares of CPUs than there are", test_shares },
	{ "processes that sleep", test_sleepers },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
