// SPDX-License-Identifier: GPL-2.0
/*
 * All that is done to page tables, and after each step a recount: the records
 * must know every writable entry. Nothing is sealed meanwhile, so that a kernel
 * with a hook missing does not repair what is no error.
 */
#include "pgsa_selftest.h"

#include <sys/syscall.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define HUGE_SIZE	(2UL << 20)
#define AREA_SIZE	(64 * PGSA_PAGE)

/* Prints what is different: see debugfs-pgsa. */
static void recount(const char *after)
{
	char text[2048], *line;
	ssize_t n = pgsa_read(PGSA_DEBUGFS "/consistency", text, sizeof(text));

	check(n > 0, "consistency: %s", strerror(n < 0 ? -n : ENODATA));
	if (!strstr(text, "INCONSISTENT"))
		return;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		diag("INCONSISTENT: %s", line);
	check(false, "after %s", after);
}

static char *map(size_t size, int flags, int fd)
{
	char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	return area;
}

static char *map_anonymous(size_t size)
{
	return map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Ends when this process does, or is told to. */
static pid_t fork_idle(void)
{
	pid_t pid = fork_child();

	while (!pid)
		pause();
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int memory_file(size_t size)
{
	int fd = syscall(SYS_memfd_create, "recount", 0);

	check(fd >= 0 && !ftruncate(fd, size), "memfd: %s", strerror(errno));
	return fd;
}

/* The file keeps its pages when they are unmapped. */
static void test_map(void)
{
	int fd = memory_file(AREA_SIZE);
	char *area = map(AREA_SIZE, MAP_SHARED, fd);
	char *again = map(AREA_SIZE, MAP_SHARED, fd);

	memset(area, 1, AREA_SIZE);
	recount("writing to pages");
	memset(again, 2, AREA_SIZE);
	recount("writing to the same pages elsewhere");
	munmap(again, AREA_SIZE);
	recount("munmap");
	madvise(area, AREA_SIZE, MADV_DONTNEED);
	recount("madvise(MADV_DONTNEED)");
}

static void test_protect(void)
{
	char *area = map_anonymous(AREA_SIZE), *moved;

	memset(area, 1, AREA_SIZE);
	protect(area + 8 * PGSA_PAGE, 16 * PGSA_PAGE, PROT_READ);
	recount("mprotect");
	protect(area, 16 * PGSA_PAGE, PROT_NONE);
	recount("mprotect to nothing");
	protect(area, AREA_SIZE, PROT_READ | PROT_WRITE);
	recount("mprotect back");
	moved = mremap(area, AREA_SIZE, 2 * AREA_SIZE, MREMAP_MAYMOVE);
	check(moved != MAP_FAILED, "mremap: %s", strerror(errno));
	recount("mremap");
	memset(moved, 2, 2 * AREA_SIZE);
	madvise(moved, AREA_SIZE, MADV_FREE);
	recount("madvise(MADV_FREE)");
}

static void test_fork(void)
{
	char *area = map_anonymous(AREA_SIZE);
	pid_t pid;

	memset(area, 1, AREA_SIZE);
	pid = fork_idle();
	recount("fork");
	memset(area, 2, AREA_SIZE / 2);
	recount("copies on write");
	end_child(pid);
	recount("the child's end");
}

/* What nobody else maps any more becomes writable in place. */
static void test_reuse(void)
{
	char *area = map_anonymous(AREA_SIZE);

	memset(area, 1, AREA_SIZE);
	end_child(fork_idle());
	memset(area, 2, AREA_SIZE / 2);
	recount("writing to pages that were shared");
	protect(area, AREA_SIZE, PROT_READ);
	recount("mprotect");
}

/* A fork() that a signal ends leaves an address space that is half a copy. */
static void test_fork_cut(void)
{
	unsigned int round, i;
	char *area;
	pid_t pid;

	for (i = 0; i < 16; i++) {
		area = map_anonymous(HUGE_SIZE);
		memset(area, 1, HUGE_SIZE);
		protect(area, PGSA_PAGE, PROT_READ);
	}
	for (round = 0; round < 60; round++) {
		pid = fork_child();
		while (!pid)
			if (!fork_child())
				_exit(TEST_PASS);
		sleep_ms(1 + round / 2);
		end_child(pid);
		if (round % 20 == 19)
			recount("forks that were cut short");
	}
}

static char *map_huge(void)
{
	char *area = map_anonymous(3 * HUGE_SIZE);

	need_huge_pages();
	area += -(uintptr_t)area % HUGE_SIZE;
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	memset(area, 1, HUGE_SIZE);
	if (pfn_of(area) % 512 ||
	    pfn_of(area + HUGE_SIZE - 1) != pfn_of(area) + 511)
		skip("no huge page was free");
	return area;
}

static void test_huge(void)
{
	char *area = map_huge();

	recount("writing to a huge page");
	protect(area, HUGE_SIZE, PROT_READ);
	recount("mprotect");
	protect(area, HUGE_SIZE, PROT_READ | PROT_WRITE);
	recount("mprotect back");
	protect(area + PGSA_PAGE, PGSA_PAGE, PROT_READ);
	recount("a split by mprotect");
	munmap(area + HUGE_SIZE / 2, HUGE_SIZE / 2);
	recount("munmap of a part");
}

static void test_huge_move(void)
{
	char *area = map_huge(), *target = area + HUGE_SIZE;

	check(mremap(area, HUGE_SIZE, HUGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     target) == target, "mremap: %s", strerror(errno));
	recount("mremap of a huge page");
	munmap(target, HUGE_SIZE);
	recount("munmap of a huge page");
}

static void test_huge_fork(void)
{
	char *area = map_huge();
	pid_t pid = fork_idle();

	recount("fork");
	area[0] = 2;
	recount("a copy on write");
	end_child(pid);
	recount("the child's end");
}

static void test_huge_reuse(void)
{
	char *area = map_huge();

	end_child(fork_idle());
	area[0] = 2;
	recount("writing to a huge page that was shared");
}

/* Pages of a file in memory too: their page tables go all at once. */
static void test_collapse(void)
{
	char *area = map_anonymous(3 * HUGE_SIZE), *shared;
	int fd = memory_file(2 * HUGE_SIZE);

	need_huge_pages();
	area += -(uintptr_t)area % HUGE_SIZE;
	madvise(area, HUGE_SIZE, MADV_NOHUGEPAGE);
	memset(area, 1, HUGE_SIZE);
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	check(!madvise(area, HUGE_SIZE, MADV_COLLAPSE), "MADV_COLLAPSE: %s",
	      strerror(errno));
	recount("a collapse of anonymous pages");
	shared = mmap(area + HUGE_SIZE, HUGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, fd, 0);
	check(shared != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(shared, 1, HUGE_SIZE);
	if (fork_idle() && madvise(shared, HUGE_SIZE, MADV_COLLAPSE))
		diag("shared pages do not collapse: %s", strerror(errno));
	recount("a collapse of shared pages");
	shared[5 * PGSA_PAGE] = 2;
	recount("writing to them");
}

/* Many entries at a time. */
static void test_large(void)
{
	const size_t size = 16 * PGSA_PAGE;
	char *area;
	pid_t pid;

	need_large_pages(64);
	area = map_anonymous(HUGE_SIZE);
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	memset(area, 1, HUGE_SIZE);
	recount("writing to large pages");
	pid = fork_idle();
	recount("fork");
	memset(area, 2, HUGE_SIZE / 2);
	recount("copies on write");
	end_child(pid);
	memset(area, 3, HUGE_SIZE);
	recount("writing to pages that were shared");
	protect(area, HUGE_SIZE - 5 * PGSA_PAGE, PROT_READ);
	recount("mprotect");
	madvise(area + HUGE_SIZE / 2, size / 2, MADV_DONTNEED);
	recount("madvise(MADV_DONTNEED) of a half");
	munmap(area + PGSA_PAGE, size);
	recount("munmap of parts");
}

/* One after the other, without end. */
static void load(void)
{
	char *area;

	for (;;) {
		area = map_anonymous(2 * HUGE_SIZE);
		memset(area, 1, HUGE_SIZE + 5 * PGSA_PAGE);
		end_child(fork_idle());
		area[PGSA_PAGE] = 2;
		protect(area, HUGE_SIZE / 2, PROT_READ);
		madvise(area, HUGE_SIZE, MADV_COLLAPSE);
		area = mremap(area, 2 * HUGE_SIZE, 4 * HUGE_SIZE,
			      MREMAP_MAYMOVE);
		madvise(area, HUGE_SIZE, MADV_PAGEOUT);
		munmap(area, 4 * HUGE_SIZE);
	}
}

static void test_load(void)
{
	double end = now_s() + 2;
	pid_t pids[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork_child();
		if (!pids[i])
			load();
	}
	while (now_s() < end)
		recount("a while");
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		end_child(pids[i]);
}

static const struct selftest tests[] = {
	{ "mapping and unmapping", test_map },
	{ "mprotect and mremap", test_protect },
	{ "fork", test_fork },
	{ "copy on write", test_reuse },
	{ "fork, cut short by a signal", test_fork_cut },
	{ "huge page", test_huge },
	{ "huge page, moved", test_huge_move },
	{ "huge page, fork", test_huge_fork },
	{ "huge page, copy on write", test_huge_reuse },
	{ "huge page, collapsed", test_collapse },
	{ "large pages", test_large },
	{ "under load", test_load },
};

int main(int argc, char **argv)
{
	no_search = true;
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
