// SPDX-License-Identifier: GPL-2.0
/*
 * Can an entry of a page table write this frame? The answer for each class of memory,
 * as the reason for which a frame is not sealed, and what happens to the seal when the
 * answer changes. And what can be written is never proved not to be: the count of
 * writers, which is another witness, is asked as well.
 */
#include "pgsa_selftest.h"

#include <sys/mount.h>
#include <sys/wait.h>

#define AREAS_MANY	2100	/* more than are looked at for one frame */
#define BUSY_PAGES	2048
#define BUSY_CYCLES	100

static void expect_admit(const void *page, const char *admit)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame;

	do {
		frame = frame_of(pfn_of(page));
		if (!strcmp(frame.admit, admit) && !is_sealed(&frame))
			return;
		sleep_ms(2);
	} while (now_s() < limit);
	check(0, "pfn %#lx: %s, admit=%s instead of %s", frame.pfn, frame.state,
	      frame.admit, admit);
}

static void expect_open(const void *page)
{
	struct pgsa_frame frame = frame_of(pfn_of(page));

	check(!is_sealed(&frame), "pfn %#lx is %s", frame.pfn, frame.state);
}

static void test_exclusive(void)
{
	char *page = (char *)new_pages(1, PROT_READ | PROT_WRITE);

	expect_admit(page, "writable");
	protect(page, PGSA_PAGE, PROT_READ);
	wait_sealed(page);
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[0]++;
	expect_open(page);
	expect_admit(page, "writable");
}

/* Two areas that nobody may write, and then one of the two processes may again */
static void test_fork(void)
{
	char *page = (char *)new_pages(1, PROT_READ | PROT_WRITE);
	unsigned long pfn = pfn_of(page);
	pid_t child = fork_child();

	if (!child) {
		pause();
		_exit(TEST_PASS);
	}
	check(wait_sealed(page) == pfn, "another page");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	check(wait_sealed(page) == pfn, "another page");
	page[0]++;		/* it may be a copy, if a searcher has the page */
	expect_open(page);
	expect_admit(page, "writable");
}

/* A file on tmpfs that nobody can write any more, but that can be mapped */
static int new_memfd(unsigned int pages)
{
	int fd = memfd_create("proof", 0), reader;
	char path[64];
	unsigned int i;

	check(fd >= 0, "memfd_create: %s", strerror(errno));
	for (i = 0; i < pages * PGSA_PAGE / sizeof(i); i++)
		check(write(fd, &i, sizeof(i)) == sizeof(i), "write: %s",
		      strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY);
	check(reader >= 0, "%s: %s", path, strerror(errno));
	close(fd);
	return reader;
}

static char *map_file(int fd, unsigned int pages, int prot)
{
	char *area = mmap(NULL, pages * PGSA_PAGE, prot, MAP_SHARED, fd, 0);

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	return area;
}

static void test_tmpfs(void)
{
	int fd = new_memfd(1), writer;
	char *page = map_file(fd, 1, PROT_READ), *other, path[64];
	unsigned long pfn;

	(void)*(volatile char *)page;
	pfn = wait_sealed(page);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writer = open(path, O_RDWR);
	check(writer >= 0, "%s: %s", path, strerror(errno));
	other = map_file(writer, 1, PROT_READ | PROT_WRITE);
	other[0]++;
	check(pfn_of(other) == pfn, "another page");
	expect_open(page);
	expect_admit(page, "write_open");
	munmap(other, PGSA_PAGE);
	close(writer);
	check(wait_sealed(page) == pfn, "another page");
	close(fd);
}

/* Nobody looks at so many areas with a lock of the file's in his hands */
static void test_many_areas(void)
{
	int fd = new_memfd(1);
	char *pages[AREAS_MANY];
	unsigned int i;

	for (i = 0; i < AREAS_MANY; i++) {
		pages[i] = map_file(fd, 1, PROT_READ);
		(void)*(volatile char *)pages[i];
	}
	expect_admit(pages[0], "unproved");
	for (i = 1; i < AREAS_MANY; i++)
		munmap(pages[i], PGSA_PAGE);
	wait_sealed(pages[0]);
	close(fd);
}

/* Nor does he who maps it so often keep an error from being repaired */
static void test_many_areas_error(void)
{
	int fd = new_memfd(1);
	char *page = map_file(fd, 1, PROT_READ);
	unsigned int i;

	(void)*(volatile char *)page;
	wait_sealed(page);
	for (i = 0; i < AREAS_MANY; i++)
		(void)*(volatile char *)map_file(fd, 1, PROT_READ);
	flip_is_repaired(page, 4711);
	check(policy_stat("unconfirmed"), "it was proved at once");
	close(fd);
}

/* An entry is found wherever it has moved to, together with its table or alone */
static void test_moved(void)
{
	const size_t table = 512 * PGSA_PAGE;
	char *area = (char *)new_pages(1024, PROT_READ), *to;
	unsigned long pfn = wait_sealed(area + 700 * PGSA_PAGE);

	to = mmap(NULL, 4 * table, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	check(to != MAP_FAILED, "mmap: %s", strerror(errno));
	to = (char *)(((uintptr_t)to + table - 1) & -table) +
	     (uintptr_t)area % table;
	to = mremap(area, 2 * table, 2 * table, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to);
	check(to != MAP_FAILED, "mremap: %s", strerror(errno));
	check(wait_sealed(to + 700 * PGSA_PAGE) == pfn, "another page");
	protect(to, 2 * table, PROT_READ | PROT_WRITE);
	to[700 * PGSA_PAGE]++;
	expect_open(to + 700 * PGSA_PAGE);
	expect_admit(to + 700 * PGSA_PAGE, "writable");
	munmap(to, 2 * table);
}

/* Writable all the time, while cycles go on that ask for a proof */
static void stay_writable(char *area, unsigned int pages)
{
	unsigned int round, i;

	for (round = 0; round < BUSY_CYCLES; round++) {
		for (i = 0; i < pages; i++)
			area[i * PGSA_PAGE + round]++;
		wait_cycles(1);
	}
	for (i = 0; i < pages; i++)
		expect_open(area + i * PGSA_PAGE);
	expect_no_errors(50);
	expect_consistent();
}

static void test_memory_written(void)
{
	stay_writable((char *)new_pages(BUSY_PAGES, PROT_READ | PROT_WRITE),
		      BUSY_PAGES);
}

static void test_huge_written(void)
{
	const size_t huge = 512 * PGSA_PAGE;
	char *area = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need_huge_pages();
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	area = (char *)(((uintptr_t)area + huge - 1) & -huge);
	madvise(area, huge, MADV_HUGEPAGE);
	area[0] = 1;
	stay_writable(area, 512);
}

static void test_file_written(void)
{
	const char *dir = "/tmp/proof";
	char *area;
	int fd;

	mkdir(dir, 0700);
	if (mount("/dev/image0", dir, "ext4", 0, NULL))
		skip("no device with ext4");
	fd = open("/tmp/proof/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	check(fd >= 0, "open: %s", strerror(errno));
	check(!ftruncate(fd, 64 * PGSA_PAGE), "ftruncate: %s", strerror(errno));
	area = map_file(fd, 64, PROT_READ | PROT_WRITE);
	close(fd);
	umount2(dir, MNT_DETACH);
	stay_writable(area, 64);
}

static const struct selftest tests[] = {
	{ "memory of one process", test_exclusive },
	{ "memory of parent and child", test_fork },
	{ "file on tmpfs", test_tmpfs },
	{ "file on tmpfs in many areas", test_many_areas },
	{ "error in a file in many areas", test_many_areas_error },
	{ "areas that are moved", test_moved },
	{ "memory that is written", test_memory_written },
	{ "huge pages that are written", test_huge_written },
	{ "files that are written", test_file_written },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
