// SPDX-License-Identifier: GPL-2.0
/*
 * Loads that give pages another frame, or none: swapping, reclaim, merging,
 * compaction, migration, memory that goes offline.
 */
#include "load.h"

#include <dirent.h>

#define SWAPPED		0x4000000000000000ULL	/* in /proc/PID/pagemap */

/* Some pages, of which each is known to contain what follows from its key. */
struct pages {
	char *area;
	unsigned int nr;
	uint64_t *key;
};

static void pages_new(struct pages *pages, unsigned int nr)
{
	unsigned int i;

	pages->area = new_area(nr * PAGE, PAGE);
	pages->key = calloc(nr, sizeof(*pages->key));
	want(pages->key, "out of memory");
	pages->nr = nr;
	for (i = 0; i < nr; i++) {
		pages->key[i] = random_word();
		fill_page(pages->area + i * PAGE, pages->key[i]);
	}
}

static void pages_check(const struct pages *pages)
{
	unsigned int i;

	for (i = 0; i < pages->nr; i++)
		check_page(pages->area + i * PAGE, pages->key[i]);
}

/* Write to a few, and make all read-only again. */
static void pages_change(struct pages *pages, unsigned int nr)
{
	unsigned int i;

	protect(pages->area, pages->nr * PAGE, PROT_READ | PROT_WRITE);
	while (nr--) {
		i = random_below(pages->nr);
		check_page(pages->area + i * PAGE, pages->key[i]);
		pages->key[i] = random_word();
		fill_page(pages->area + i * PAGE, pages->key[i]);
	}
	if (random_below(4))
		protect(pages->area, pages->nr * PAGE, PROT_READ);
}

/* Swap, by the wish of the process. */

static unsigned long swapped;

void load_swap(void)
{
	static struct pages pages;
	unsigned long long entry[512];
	int i, n;

	if (!pages.nr)
		pages_new(&pages, 512);
	pages_change(&pages, 16);
	sleep_ms(random_below(30));
	madvise(pages.area, pages.nr * PAGE, MADV_PAGEOUT);
	n = pgsa_pagemap(getpid(), (unsigned long)pages.area, entry, 512);
	for (i = 0; i < n; i++)
		swapped += !!(entry[i] & SWAPPED);
	if (random_below(2))
		madvise(pages.area, pages.nr * PAGE, MADV_WILLNEED);
	pages_check(&pages);
	sleep_ms(random_below(30));
}

void finish_swap(void)
{
	want(swapped, "no page was ever swapped out");
	printf("swap: %lu pages were swapped out\n", swapped);
}

/* Swap and reclaim because a group of processes may not have enough memory. */
#define RECLAIM_MIB	12

static void enter_group(void)
{
	char path[128], text[160];

	snprintf(path, sizeof(path), "/sys/fs/cgroup/stress-reclaim-%x",
		 unique_number());
	if (mkdir(path, 0755))
		skip("no cgroup: %s", strerror(errno));
	snprintf(text, sizeof(text), "%s/memory.max", path);
	if (pgsa_write(text, "12M"))
		skip("no memory controller");
	snprintf(text, sizeof(text), "%s/cgroup.procs", path);
	want(!pgsa_write(text, "0"), "cannot enter %s", path);
}

void load_reclaim(void)
{
	static struct pages pages;
	const char *name;
	static const char *file;
	unsigned int i;
	int fd;

	if (!pages.nr) {
		enter_group();
		pages_new(&pages, 2 * RECLAIM_MIB * 256);
		name = file_name("reclaim");
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		for (i = 0; i < pages.nr / 2; i++)
			want(write(fd, pages.area + i * PAGE, PAGE) == PAGE,
			     "write: %s", strerror(errno));
		file = mmap(NULL, pages.nr / 2 * PAGE, PROT_READ, MAP_SHARED,
			    fd, 0);
		want(file != MAP_FAILED, "mmap: %s", strerror(errno));
		unlink(name);
		close(fd);
		/* The file keeps what the first half is now. */
		pages.key = realloc(pages.key,
				    2 * pages.nr * sizeof(*pages.key));
		want(pages.key, "out of memory");
		memcpy(pages.key + pages.nr, pages.key,
		       pages.nr * sizeof(*pages.key));
	}
	pages_change(&pages, 8);
	for (i = 0; i < 512; i++) {
		unsigned int page = random_below(pages.nr);

		check_page(pages.area + page * PAGE, pages.key[page]);
		page /= 2;
		check_page(file + page * PAGE, pages.key[pages.nr + page]);
	}
}

/* KSM: pages become the same, are merged, and become different again. */
#define KSM_CONTENTS	3

static long ksm_most;

void load_ksm(void)
{
	static struct pages pages;
	unsigned int i, n;
	long sharing;
	pid_t pid;

	if (!pages.nr) {
		pages_new(&pages, 192);
		if (madvise(pages.area, pages.nr * PAGE, MADV_MERGEABLE))
			skip("the kernel has no KSM");
	}
	protect(pages.area, pages.nr * PAGE, PROT_READ | PROT_WRITE);
	for (n = 0; n < 48; n++) {
		i = random_below(pages.nr);
		check_page(pages.area + i * PAGE, pages.key[i]);
		pages.key[i] = 77 + random_below(KSM_CONTENTS);
		if (!random_below(8))
			pages.key[i] = random_word();
		fill_page(pages.area + i * PAGE, pages.key[i]);
	}
	if (random_below(2))
		protect(pages.area, pages.nr * PAGE, PROT_READ);
	pid = fork_child();
	if (!pid) {
		pages_change(&pages, 4);
		sleep_ms(random_below(100));
		pages_check(&pages);
		_exit(EXIT_SUCCESS);
	}
	sleep_ms(50 + random_below(200));
	pages_check(&pages);
	expect_exit(pid);
	sharing = read_counter("/sys/kernel/mm/ksm/pages_sharing", NULL);
	if (sharing > ksm_most)
		ksm_most = sharing;
}

void finish_ksm(void)
{
	want(ksm_most > 0, "KSM never merged a page");
	printf("ksm: up to %ld pages merged\n", ksm_most);
}

/* Compaction of memory that has holes, and an emptied page cache. */
#define COMPACT_PAGES	2048

void load_compact(void)
{
	struct pages pages;
	unsigned int i;

	pages_new(&pages, COMPACT_PAGES);
	for (i = random_below(2); i < COMPACT_PAGES; i += 2) {
		madvise(pages.area + i * PAGE, PAGE, MADV_DONTNEED);
		pages.key[i] = 0;
	}
	protect(pages.area, COMPACT_PAGES * PAGE, PROT_READ);
	sleep_ms(random_below(100));
	if (pgsa_write("/proc/sys/vm/compact_memory", "1"))
		skip("the kernel has no compaction");
	pages_check(&pages);
	if (!random_below(3))
		pgsa_write("/proc/sys/vm/drop_caches",
			   random_below(2) ? "1" : "3");
	munmap(pages.area, COMPACT_PAGES * PAGE);
	free(pages.key);
}

/* Migration between NUMA nodes, of single pages and of the whole process. */
#define MOVE_PAGES	128
#define MOVE_ALL	4	/* MPOL_MF_MOVE_ALL */

static void move_some(const struct pages *pages)
{
	void *addresses[MOVE_PAGES];
	int nodes[MOVE_PAGES], status[MOVE_PAGES];
	unsigned int i;

	for (i = 0; i < MOVE_PAGES; i++) {
		addresses[i] = pages->area + i * PAGE;
		nodes[i] = random_below(2);
	}
	want(syscall(SYS_move_pages, 0, MOVE_PAGES, addresses, nodes, status,
		     MOVE_ALL) >= 0, "move_pages: %s", strerror(errno));
}

void load_migrate(void)
{
	static struct pages pages;
	unsigned long from = 1 + random_below(2), to = 3 - from;

	if (access("/sys/devices/system/node/node1", F_OK))
		skip("there is one NUMA node only");
	if (!pages.nr)
		pages_new(&pages, MOVE_PAGES);
	pages_change(&pages, 8);
	sleep_ms(random_below(30));
	if (random_below(4))
		move_some(&pages);
	else
		want(syscall(SYS_migrate_pages, 0, 8, &from, &to) >= 0,
		     "migrate_pages: %s", strerror(errno));
	pages_check(&pages);
}

/* Memory blocks go offline and come back. */
#define BLOCKS		"/sys/devices/system/memory"
#define OFFLINE_SECONDS	4

static unsigned int blocks_offline, blocks_tried;

static void interrupt(int signal)
{
	(void)signal;
}

/*
 * The kernel tries until it succeeds or is interrupted. It cannot succeed while
 * madvise(MADV_SOFT_OFFLINE) has a reference to a page of the block, and that
 * waits for the end of the attempt.
 */
static int take_offline(const char *path)
{
	struct sigaction action = { .sa_handler = interrupt };
	int err;

	sigaction(SIGALRM, &action, NULL);
	alarm(OFFLINE_SECONDS);
	err = pgsa_write(path, "offline");
	alarm(0);
	return err;
}

static void block_cycle(const char *block)
{
	char path[300];

	snprintf(path, sizeof(path), BLOCKS "/%s/state", block);
	blocks_tried++;
	if (take_offline(path))
		return;
	blocks_offline++;
	sleep_ms(random_below(200));
	want(!pgsa_write(path, "online_movable"), "%s stays offline", block);
}

void load_hotplug(void)
{
	struct dirent *entry;
	char path[300], text[8];
	DIR *dir = opendir(BLOCKS);

	if (!dir)
		skip("memory cannot go offline on this platform");
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), BLOCKS "/%s/removable",
			 entry->d_name);
		if (strncmp(entry->d_name, "memory", 6) ||
		    pgsa_read(path, text, sizeof(text)) <= 0)
			continue;
		/* "removable" says so of any block; most cannot be emptied. */
		snprintf(path, sizeof(path), BLOCKS "/%s/valid_zones",
			 entry->d_name);
		if (pgsa_read(path, text, sizeof(text)) > 0 &&
		    !strncmp(text, "Movable", 7) && random_below(2))
			block_cycle(entry->d_name);
	}
	closedir(dir);
	sleep_ms(random_below(500));
}

void finish_hotplug(void)
{
	printf("hotplug: %u of %u attempts took a block offline\n",
	       blocks_offline, blocks_tried);
	if (!blocks_tried)
		skip("no memory block is movable");
	if (!blocks_offline)
		skip("no memory block could be emptied");
}

/* Frames are retired while they are used: each costs one, so not too fast. */
void load_offline(void)
{
	static struct pages pages;
	unsigned int i;
	char path[64];
	unsigned long pfn;

	if (!pages.nr)
		pages_new(&pages, 64);
	pages_change(&pages, 8);
	sleep_ms(random_below(200));
	i = random_below(pages.nr);
	if (pgsa_pfn(getpid(), (unsigned long)pages.area + i * PAGE, &pfn))
		return;		/* swapped out */
	if (madvise(pages.area + i * PAGE, PAGE, MADV_SOFT_OFFLINE)) {
		if (errno == EINVAL)
			skip("frames cannot be retired on this platform");
		want(errno == EBUSY || errno == EIO || errno == ENXIO,
		     "soft offline: %s", strerror(errno));
	} else {
		snprintf(path, sizeof(path), "%#lx", pfn);
		pgsa_write("/sys/kernel/debug/hwpoison/unpoison-pfn", path);
	}
	pages_check(&pages);
	sleep_ms(random_below(300));
}
