// SPDX-License-Identifier: GPL-2.0
/*
 * An error is told to the targets of every live policy that map the frame,
 * whoever has found it, and whatever the frame is.
 */
#include "agents.h"

#define FLIPS		1000
#define FOUND_PAGES	20

/* The search of all memory finds most of them first. */
void test_found_by_sweep(void)
{
	unsigned long long swept;
	struct victim victim;
	unsigned int i;

	alarm(3 * TEST_SECONDS);
	handle(SIGBUS);
	victim = victim_start(FOUND_PAGES);
	second_make(victim.pid, "0");
	second_set("enable", "1");
	for (i = 0; i < FLIPS; i++) {
		char *page = victim.pages + i % FOUND_PAGES * PGSA_PAGE;

		flip_in_is_repaired(victim.pid, page, i * 31 % PAGE_BITS);
		expect_signal(i + 1, SIGBUS, page);
	}
	second_expect_errors(FLIPS);
	swept = policy_stat("errors");
	diag("the sweep found %llu of %u", swept, FLIPS);
	check(swept && swept + second_stat("errors") == FLIPS,
	      "found: %llu and %llu", swept, second_stat("errors"));
	check(second_stat("signals") == FLIPS && !policy_stat("signals"),
	      "signals: %llu and %llu", second_stat("signals"),
	      policy_stat("signals"));
	check(!second_stat("untold") && !policy_stat("untold"),
	      "some were not told");
	second_remove();
}

static void second_only_tells(pid_t pid)
{
	second_make(pid, "10");
	/* It is live, but will not come by again. */
	second_set("interval_ms", "86400000");
	second_set("enable", "1");
}

/* One page after the other of what this process maps. */
static void expect_told(const char *pages, unsigned int nr)
{
	unsigned int i, before = got.nr;

	for (i = 0; i < nr; i++) {
		const char *page = pages + i * PGSA_PAGE;

		flip_is_repaired(page, i * 997 + 1);
		expect_signal(before + i + 1, SIGUSR1, page);
	}
	second_expect_errors(got.nr);
}

/* Those that a task finds when it is about to run */
void test_found_by_tasks(void)
{
	char *pages;

	handle(SIGUSR1);
	policy_must_set("enable", "0");
	policy_must_set("strategy", "schedule");
	policy_must_set("frames_per_switch", "256");
	policy_must_set("enable", "1");
	pages = (char *)new_pages(8, PROT_READ);
	second_only_tells(getpid());
	expect_told(pages, 8);
	second_remove();
}

/* Nobody maps it, so nobody is told, and no search goes on for ever. */
void test_found_unmapped(void)
{
	struct victim victim = victim_start(1);

	handle(SIGUSR1);
	second_only_tells(getpid());
	flip_in_is_repaired(victim.pid, victim.pages, 77);
	wait_cycles(2);
	second_expect_errors(0);
	check(!got.nr && !second_stat("signals"), "another's error was told");
	second_remove();
}

#define KSM	"/sys/kernel/mm/ksm"

/* Both pages are one, so an error is one, and of both processes. */
void test_found_merged(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	char *pages = (char *)new_pages(2, PROT_READ | PROT_WRITE);

	if (access(KSM "/run", W_OK))
		skip("no KSM");
	handle(SIGUSR1);
	memcpy(pages + PGSA_PAGE, pages, PGSA_PAGE);
	madvise(pages, 2 * PGSA_PAGE, MADV_MERGEABLE);
	pgsa_write(KSM "/sleep_millisecs", "0");
	pgsa_write(KSM "/run", "1");
	while (pfn_of(pages) != pfn_of(pages + PGSA_PAGE)) {
		check(now_s() < limit, "the pages are not merged");
		sleep_ms(5);
	}
	pgsa_write(KSM "/run", "0");
	second_only_tells(getpid());
	/* The lower one of both addresses */
	expect_told(pages, 1);
	second_remove();
	pgsa_write(KSM "/run", "2");
}

/* A second process has them at another place. */
void test_found_shared(void)
{
	int fd = memfd_create("pgsa", MFD_CLOEXEC);
	char *there, *here, byte;
	int pipes[2];
	pid_t pid;

	check(!pipe(pipes), "pipe: %s", strerror(errno));
	check(fd >= 0 && !ftruncate(fd, 2 * PGSA_PAGE), "memfd: %s",
	      strerror(errno));
	there = mmap(NULL, 2 * PGSA_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	check(there != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(there, 0x5a, 2 * PGSA_PAGE);
	munmap(there, 2 * PGSA_PAGE);
	here = mmap(NULL, 2 * PGSA_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	there = mmap(NULL, 2 * PGSA_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	handle(SIGUSR1);
	handle(SIGUSR2);
	check(here[0] == 0x5a && here[PGSA_PAGE] == 0x5a, "content");
	pid = fork_child();
	if (!pid) {
		munmap(here, 2 * PGSA_PAGE);
		check(there[0] == 0x5a && there[PGSA_PAGE] == 0x5a, "content");
		check(write(pipes[1], "r", 1) == 1, "write");
		for (;;)
			pause();
	}
	check(read(pipes[0], &byte, 1) == 1, "the child does not begin");
	munmap(there, 2 * PGSA_PAGE);
	second_only_tells(pid);
	target_with_agent("self", getpid(), getpid(), SIGUSR2);
	flip_is_repaired(here + PGSA_PAGE, 4097);
	expect_signals(2);
	check(got.by_signal[SIGUSR1] == there + PGSA_PAGE &&
	      got.by_signal[SIGUSR2] == here + PGSA_PAGE, "%p and %p",
	      got.by_signal[SIGUSR1], got.by_signal[SIGUSR2]);
	expect_errors("self", 1);
	second_expect_errors(1);
	second_remove();
}

#define HUGE_SIZE	(2UL << 20)

void test_found_huge(void)
{
	char *area = mmap(NULL, 2 * HUGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need_huge_pages();
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	handle(SIGUSR1);
	area += -(uintptr_t)area % HUGE_SIZE;
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	memset(area, 1, HUGE_SIZE);
	if (pfn_of(area) % 512 ||
	    pfn_of(area + HUGE_SIZE - 1) != pfn_of(area) + 511)
		skip("no huge page was free");
	protect(area, HUGE_SIZE, PROT_READ);
	second_only_tells(getpid());
	expect_told(area + HUGE_SIZE - 4 * PGSA_PAGE, 4);
	/* Mapped page by page from now on, and moved to another place */
	munmap(area, PGSA_PAGE);
	expect_told(area + HUGE_SIZE - 4 * PGSA_PAGE, 4);
	second_remove();
}

/* Which is an address like all others, for who may use it. */
void test_found_at_0(void)
{
	char *page;

	handle(SIGUSR1);
	pgsa_write("/proc/sys/vm/mmap_min_addr", "0");
	page = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (page == MAP_FAILED)
		skip("nothing can be mapped there");
	check(!madvise(page, PGSA_PAGE, MADV_POPULATE_WRITE), "populate: %s",
	      strerror(errno));
	madvise(page, PGSA_PAGE, MADV_COLD);
	protect(page, PGSA_PAGE, PROT_READ);
	second_only_tells(getpid());
	flip_in_is_repaired(getpid(), page, 815);
	expect_signal(1, SIGUSR1, page);
	second_expect_errors(1);
	second_remove();
}

/* It has targets, but is switched off. */
void test_not_enabled(void)
{
	char *page = (char *)new_pages(1, PROT_READ);

	handle(SIGUSR1);
	second_make(getpid(), "10");
	flip_is_repaired(page, 1);
	wait_cycles(2);
	check(!got.nr, "told before it was enabled");
	second_only_tells(getpid());
	expect_told(page, 1);
	second_set("enable", "0");
	flip_is_repaired(page, 2);
	wait_cycles(2);
	check(got.nr == 1, "told when it was not enabled any more");
	second_expect_errors(1);
	second_remove();
}

/* While errors are found and told */
static void come_and_go(unsigned int nr)
{
	char path[64], pid[16];

	snprintf(path, sizeof(path), PGSA_CONFIGFS "/transient%u", nr);
	snprintf(pid, sizeof(pid), "%d", getppid());
	for (;;) {
		check(!mkdir(path, 0755) && !chdir(path) &&
		      !mkdir("targets/t", 0755) &&
		      !pgsa_write("strategy", "registered") &&
		      !pgsa_write("targets/t/pid", pid) &&
		      !pgsa_write("enable", "1"), "%s: %s", path,
		      strerror(errno));
		sleep_ms(nr);
		check(!pgsa_write("enable", "0") && !rmdir("targets/t") &&
		      !chdir("/") && !rmdir(path), "%s: %s", path,
		      strerror(errno));
	}
}

static void come_and_go_end(pid_t pid, unsigned int nr)
{
	char path[96];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), PGSA_CONFIGFS "/transient%u/targets/t", nr);
	rmdir(path);
	snprintf(path, sizeof(path), PGSA_CONFIGFS "/transient%u", nr);
	rmdir(path);
}

void test_come_and_go(void)
{
	char *pages = (char *)new_pages(4, PROT_READ);
	unsigned int i;
	pid_t pids[2];

	handle(SIGUSR1);
	searcher_awake();
	second_only_tells(getpid());
	for (i = 0; i < 2; i++) {
		pids[i] = fork_child();
		if (!pids[i])
			come_and_go(i);
	}
	for (i = 0; i < 25; i++)
		expect_told(pages, 4);
	for (i = 0; i < 2; i++)
		come_and_go_end(pids[i], i);
	second_remove();
}

#define BUSY_PROCESSES	2
#define BUSY_FLIPS	24

/* It is no file that we have mapped already: an agent is told one address. */
static void *map_busy_file(size_t size)
{
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd,
			 0);

	close(fd);
	return map;
}

/* Others map and unmap the file all the time, as they do their libraries. */
void test_found_busy_file(void)
{
	char *pages = map_busy_file(4 * PGSA_PAGE);
	pid_t pids[BUSY_PROCESSES];
	unsigned int i;

	alarm(3 * TEST_SECONDS);
	check(pages != MAP_FAILED, "mmap: %s", strerror(errno));
	handle(SIGUSR1);
	searcher_awake();
	second_only_tells(getpid());
	for (i = 0; i < BUSY_PROCESSES; i++) {
		pids[i] = fork_child();
		while (!pids[i])
			munmap(map_busy_file(4 * PGSA_PAGE), 4 * PGSA_PAGE);
	}
	for (i = 0; i < BUSY_FLIPS / 4; i++)
		expect_told(pages, 4);
	for (i = 0; i < BUSY_PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	check(!second_stat("untold") && !policy_stat("untold"),
	      "some were not told");
	second_remove();
}

#define MANY_PROCESSES	400

/* More than there is room for at first, and one agent for the last of them. */
void test_many_processes(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	pid_t pid = 0;
	unsigned int i;

	handle(SIGUSR1);
	for (i = 0; i < MANY_PROCESSES; i++) {
		pid = fork_child();
		while (!pid)
			pause();
	}
	second_only_tells(pid);
	expect_told(page, 1);
	check(!policy_stat("untold"), "it is not told to all");
	second_remove();
}
