// SPDX-License-Identifier: GPL-2.0
/*
 * Times the operations that PGSA's hooks are in: process creation, page faults
 * and changes of mappings. One line an operation: name and ns per operation,
 * the best of several rounds, since disturbances only ever add.
 *
 * usage: mmbench [ROUNDS [OPERATION]]
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096UL
#define PAGES	512UL
#define LENGTH	(PAGES * PAGE)

static volatile char sink;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static char *map(size_t length, int prot, int flags, int fd)
{
	char *area = mmap(NULL, length, prot, flags, fd, 0);

	if (area == MAP_FAILED)
		err(1, "mmap");
	/* One operation a page, whatever the machine's defaults are. */
	madvise(area, length, MADV_NOHUGEPAGE);
	return area;
}

static void write_pages(char *area)
{
	for (size_t i = 0; i < LENGTH; i += PAGE)
		area[i] = 1;
}

static void read_pages(const char *area)
{
	for (size_t i = 0; i < LENGTH; i += PAGE)
		sink = area[i];
}

static int this_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/self/exe", O_RDONLY);
	if (fd < 0)
		err(1, "/proc/self/exe");
	return fd;
}

/* Pages that a child gets, and that stay shared. */
static void pages_to_inherit(void)
{
	static char *area;

	if (area)
		return;
	area = map(LENGTH, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	write_pages(area);
}

static uint64_t fork_exit(void)
{
	pid_t pid;

	pages_to_inherit();
	pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return 1;
}

static uint64_t fork_exec(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execl("/proc/self/exe", "mmbench", "exit", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	return 1;
}

/* Map, write and unmap: a fault and a freed page each. */
static uint64_t fault_anon(void)
{
	char *area = map(LENGTH, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	write_pages(area);
	munmap(area, LENGTH);
	return PAGES;
}

static uint64_t fault_file(void)
{
	char *area = map(PAGE, PROT_READ, MAP_PRIVATE, this_file());

	sink = area[0];
	munmap(area, PAGE);
	return 1;
}

/* The child's writes break the sharing of pages that the parent has written. */
static uint64_t fault_cow(void)
{
	char *area = map(LENGTH, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t pid;

	write_pages(area);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		write_pages(area);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	munmap(area, LENGTH);
	return PAGES;
}

static uint64_t map_unmap_1(void)
{
	char *area = map(PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	area[0] = 1;
	munmap(area, PAGE);
	return 1;
}

static uint64_t map_unmap_512(void)
{
	char *area = map(LENGTH, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);

	munmap(area, LENGTH);
	return 1;
}

/* No child gets the pages, or else the right to write would not come back. */
static uint64_t mprotect_pair(void)
{
	static char *area;

	if (!area) {
		area = map(LENGTH, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1);
		madvise(area, LENGTH, MADV_DONTFORK);
		write_pages(area);
	}
	if (mprotect(area, LENGTH, PROT_READ) ||
	    mprotect(area, LENGTH, PROT_READ | PROT_WRITE))
		err(1, "mprotect");
	read_pages(area);
	return PAGES;
}

/*
 * A huge page of tmpfs that small entries map, for its addresses do not fit: the
 * page becomes dirty once for each of them when they are unmapped. Without huge
 * pages 512 small ones become dirty once each.
 */
static uint64_t unmap_dirty(void)
{
	static char *space;
	static int fd = -1;
	char *area;

	if (fd < 0) {
		fd = memfd_create("mmbench", 0);
		if (fd < 0 || ftruncate(fd, 2 * LENGTH))
			err(1, "memfd");
		space = map(4 * LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1);
	}
	area = (char *)(((uintptr_t)space + LENGTH) & ~(LENGTH - 1)) + PAGE;
	area = mmap(area, LENGTH, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0);
	if (area == MAP_FAILED)
		err(1, "mmap");
	madvise(area, LENGTH, MADV_HUGEPAGE);
	write_pages(area);
	munmap(area, LENGTH);
	return PAGES;
}

/* Two tasks wake each other: the ends of pipes that lead to the other one. */
static void play(int in, int out)
{
	char byte = 0;

	while (write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1)
		;
	_exit(0);
}

static uint64_t switch_task(void)
{
	static int there[2], back[2];
	static pid_t pid;
	char byte = 0;

	if (!pid) {
		if (pipe(there) || pipe(back))
			err(1, "pipe");
		pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			close(there[1]);
			play(there[0], back[1]);
		}
		close(back[1]);
	}
	if (read(back[0], &byte, 1) != 1 || write(there[1], &byte, 1) != 1)
		err(1, "pipe");
	return 2;
}

static const struct {
	const char *name;
	uint64_t (*run)(void);
	unsigned int times;
} operations[] = {
	{ "fork_exit", fork_exit, 40 },
	{ "fork_exec", fork_exec, 20 },
	{ "fault_anon", fault_anon, 10 },
	{ "fault_file", fault_file, 500 },
	{ "fault_cow", fault_cow, 4 },
	{ "map_unmap_1", map_unmap_1, 1000 },
	{ "map_unmap_512", map_unmap_512, 10 },
	{ "mprotect_pair", mprotect_pair, 20 },
	{ "unmap_dirty", unmap_dirty, 10 },
	{ "switch_task", switch_task, 1000 },
};

#define OPERATIONS	(sizeof(operations) / sizeof(operations[0]))

static double measure(unsigned int i)
{
	uint64_t start = now_ns(), done = 0;

	for (unsigned int n = 0; n < operations[i].times; n++)
		done += operations[i].run();
	return (double)(now_ns() - start) / done;
}

/* Huge pages for who asks for them, where there are any. */
static void allow_huge_memfd(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
			   "w");

	if (!file)
		return;
	fputs("advise", file);
	fclose(file);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 20;
	double best[OPERATIONS] = {};

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	if (!rounds)
		errx(2, "usage: mmbench [ROUNDS [OPERATION]]");
	allow_huge_memfd();
	for (unsigned int r = 0; r <= rounds; r++) {
		for (unsigned int i = 0; i < OPERATIONS; i++) {
			double ns;

			if (argc > 2 && strcmp(argv[2], operations[i].name))
				continue;
			ns = measure(i);
			/* The first round only warms up. */
			if (r && (best[i] == 0 || ns < best[i]))
				best[i] = ns;
		}
	}
	for (unsigned int i = 0; i < OPERATIONS; i++)
		if (best[i] > 0)
			printf("%-14s %10.1f\n", operations[i].name, best[i]);
	return 0;
}
