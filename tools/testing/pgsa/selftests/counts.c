// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of /sys/kernel/mm/pgsa/: what anybody may read costs nothing, and
 * is what the last cycle has counted; what is exact is root's.
 */
#include "pgsa_selftest.h"

#define PAGES		2048
#define SLACK		256	/* pages that come and go meanwhile */

static const char * const files[] = {
	"frames_tracked", "frames_readonly", "frames_writable",
	"frames_sealed", "frames_sealed_unmapped", "refused/writable",
	"refused/not_lru", "refused/unmapped", "refused/dirty", "refused/hurt",
};

/* Cycles that begin and end from now on. */
static void count_again(void)
{
	wait_cycles(2);
}

/* The two ways to count agree, as far as the machine is quiet meanwhile. */
static void test_agree(void)
{
	unsigned long long last, exact, tracked;
	unsigned int i;
	char path[64];

	wait_sealed((char *)new_pages(PAGES, PROT_READ) +
		    (PAGES - 1) * PGSA_PAGE);
	count_again();
	tracked = sysfs_stat("exact/frames_tracked");
	check(tracked > PAGES, "%llu frames", tracked);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		last = sysfs_stat(files[i]);
		snprintf(path, sizeof(path), "exact/%s", files[i]);
		exact = sysfs_stat(path);
		check(last <= exact + SLACK + tracked / 50 &&
		      exact <= last + SLACK + tracked / 50,
		      "%s: %llu in the last cycle, %llu now", files[i], last,
		      exact);
	}
}

/* What was sealed shows up, and goes. */
static void test_follow(void)
{
	unsigned long long before, with, without;
	char *pages;

	count_again();
	before = sysfs_stat("frames_sealed");
	pages = (char *)new_pages(PAGES, PROT_READ);
	wait_sealed(pages + (PAGES - 1) * PGSA_PAGE);
	count_again();
	with = sysfs_stat("frames_sealed");
	check(with + SLACK >= before + PAGES, "%llu sealed, %llu before", with,
	      before);
	munmap(pages, PAGES * PGSA_PAGE);
	count_again();
	without = sysfs_stat("frames_sealed");
	check(without + PAGES <= with + SLACK, "%llu sealed, %llu before",
	      without, with);
}

/* The time of the last cycle: it goes on with them, and stays when they end. */
static void test_time(void)
{
	unsigned long long first, second;
	struct timespec now;

	count_again();
	first = sysfs_stat("counted_ns");
	count_again();
	second = sysfs_stat("counted_ns");
	clock_gettime(CLOCK_BOOTTIME, &now);
	check(first && first < second, "counted at %llu and at %llu", first,
	      second);
	check(second <= now.tv_sec * 1000000000ULL + now.tv_nsec,
	      "counted at %llu, in the future", second);
	policy_must_set("enable", "0");
	first = sysfs_stat("counted_ns");
	sleep_ms(50);
	second = sysfs_stat("counted_ns");
	check(first == second, "counted at %llu without a search", second);
	check(sysfs_stat("frames_tracked"), "the counts have gone");
}

/* A strategy that does not visit all frames cannot count them. */
static void test_targets_do_not_count(void)
{
	unsigned long long counted;

	count_again();
	policy_must_set("enable", "0");
	policy_must_set("strategy", "registered");
	counted = sysfs_stat("counted_ns");
	policy_must_set("enable", "1");
	wait_cycles(2);
	check(sysfs_stat("counted_ns") == counted, "counted by registered");
}

/* Nobody goes through memory for who reads a file: it would see more then. */
static void test_not_counted(void)
{
	unsigned long long last, exact, now;

	count_again();
	policy_must_set("enable", "0");
	last = sysfs_stat("frames_readonly");
	exact = sysfs_stat("exact/frames_readonly");
	new_pages(PAGES, PROT_READ);
	/* The exact ones are good for a tenth of a second. */
	sleep_ms(200);
	now = sysfs_stat("exact/frames_readonly");
	check(now + SLACK >= exact + PAGES, "%llu frames, %llu before", now,
	      exact);
	now = sysfs_stat("frames_readonly");
	check(now == last, "counted for a reader: %llu, not %llu", now, last);
}

static void check_modes(void)
{
	char path[128];
	struct stat st;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), PGSA_SYSFS "/exact/%s", files[i]);
		check(!stat(path, &st) && (st.st_mode & 0777) == 0400,
		      "mode of %s: %o", path, st.st_mode & 0777);
		snprintf(path, sizeof(path), PGSA_SYSFS "/%s", files[i]);
		check(!stat(path, &st) && (st.st_mode & 0777) == 0444,
		      "mode of %s: %o", path, st.st_mode & 0777);
	}
}

/* Who is not root reads what was counted, and makes nobody count. */
static void test_modes(void)
{
	pid_t pid;

	check_modes();
	pid = fork_child();
	if (!pid) {
		check(!setgid(65534) && !setuid(65534), "setuid: %s",
		      strerror(errno));
		check(access(PGSA_SYSFS "/exact/frames_sealed", R_OK),
		      "anybody may read exact/");
		sysfs_stat("frames_sealed");
		sysfs_stat("refused/dirty");
		sysfs_stat("counted_ns");
		_exit(TEST_PASS);
	}
	expect_exit(pid);
}

/* One reader counts at a time, and whoever waits or counts can be killed. */
static void test_killed(void)
{
	pid_t pids[8];
	unsigned int i;
	double start;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork_child();
		for (; !pids[i]; sleep_ms(1))
			sysfs_stat("exact/frames_sealed");
	}
	sleep_ms(300);
	start = now_s();
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		check(waitpid(pids[i], NULL, 0) == pids[i], "waitpid: %s",
		      strerror(errno));
	check(now_s() - start < 2 * slowness(), "killed in %.1f s",
	      now_s() - start);
	sysfs_stat("exact/frames_sealed");
}

static const struct selftest tests[] = {
	{ "counts of the last cycle agree with exact ones", test_agree },
	{ "counts follow what is sealed", test_follow },
	{ "time of the counts", test_time },
	{ "a search by targets does not count", test_targets_do_not_count },
	{ "nothing is counted for a reader", test_not_counted },
	{ "exact counts are root's", test_modes },
	{ "readers can be killed", test_killed },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
