// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that move, go away and come back, and pages that are never admitted.
 */
#include "writers.h"

#include <ftw.h>
#include <sys/auxv.h>

#define AREA_PAGES	1024
#define REUSE_PAGES	4096UL

/* Twice the size of a page table: whole tables change their place. */
void test_mremap_large(void)
{
	const size_t size = 2 * HUGE_SIZE;
	char *place, *area, *from, *to;
	unsigned int i;

	area = mmap(NULL, 5 * HUGE_SIZE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must_map(area);
	place = (char *)(((uintptr_t)area + HUGE_SIZE - 1) & -HUGE_SIZE);
	from = mmap(place, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	must_map(from);
	memset(from, 'a', size);
	protect(from, size, PROT_READ);
	for (i = 0; i < 6; i++, from = to) {
		wait_sealed(from + i * PGSA_PAGE);
		to = mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    place + (i % 2 ? 0 : 2 * HUGE_SIZE));
		must_map(to);
		wait_sealed(to + i * PGSA_PAGE);
		protect(to, size, PROT_READ | PROT_WRITE);
		to[i * PGSA_PAGE] = 'b';
		protect(to, size, PROT_READ);
	}
	wait_cycles(1);
	expect_no_errors(0);
	for (i = 0; i < 6; i++)
		check(from[i * PGSA_PAGE] == 'b' &&
		      from[i * PGSA_PAGE + 1] == 'a', "page %u is wrong", i);
}

void test_madvise_free(void)
{
	const unsigned int nr = 64;
	uint32_t *area = new_sealed(nr, PROT_READ | PROT_WRITE);
	unsigned int round, i;

	for (round = 1; round < 4; round++) {
		check(!madvise(area, nr * PGSA_PAGE, MADV_FREE), "MADV_FREE: %s",
		      strerror(errno));
		protect(area, nr * PGSA_PAGE, PROT_READ);
		wait_cycles(1);
		if (round % 2)
			madvise(area, nr * PGSA_PAGE, MADV_PAGEOUT);
		protect(area, nr * PGSA_PAGE, PROT_READ | PROT_WRITE);
		for (i = 0; i < nr; i++)
			area[i * WORDS] = round;
		wait_cycles(1);
		for (i = 0; i < nr; i++)
			check(area[i * WORDS] == round, "page %u is wrong", i);
	}
	expect_no_errors(0);
}

void test_compaction(void)
{
	uint32_t *area = new_pages(AREA_PAGES, PROT_READ);
	unsigned int i, moved = 0;
	unsigned long *pfns;
	uint32_t *copy;

	copy = malloc(AREA_PAGES * PGSA_PAGE);
	pfns = calloc(AREA_PAGES, sizeof(*pfns));
	memcpy(copy, area, AREA_PAGES * PGSA_PAGE);
	/* Holes, to make it worth while. */
	for (i = 1; i < AREA_PAGES; i += 2)
		madvise(area + i * WORDS, PGSA_PAGE, MADV_DONTNEED);
	for (i = 0; i < AREA_PAGES; i += 2)
		pfns[i] = wait_sealed(area + i * WORDS);
	if (pgsa_write("/proc/sys/vm/compact_memory", "1"))
		skip("no compaction");
	for (i = 0; i < AREA_PAGES; i += 2) {
		moved += wait_sealed(area + i * WORDS) != pfns[i];
		check(!memcmp(area + i * WORDS, copy + i * WORDS, PGSA_PAGE),
		      "page %u has changed", i);
	}
	diag("%u of %u pages were moved", moved, AREA_PAGES / 2);
	wait_cycles(1);
	expect_no_errors(0);
}

/* The frame is given up, its page goes on in another. */
void test_soft_offline(void)
{
	const char *path = "/sys/devices/system/memory/soft_offline_page";
	uint32_t content[WORDS], *page = new_pages(1, PROT_READ);
	unsigned long pfn = wait_sealed(page);
	double limit = now_s() + WAIT_MS / 1000.0;
	char where[32];

	if (access(path, W_OK))
		skip("no soft offline");
	memcpy(content, page, PGSA_PAGE);
	snprintf(where, sizeof(where), "%#lx", pfn * PGSA_PAGE);
	/* It fails for the moment when the searcher looks at the page. */
	while (pgsa_write(path, where))
		check(now_s() < limit, "soft offline failed");
	check(pfn_of(page) != pfn, "the page did not move");
	check(!memcmp(content, page, PGSA_PAGE), "the page has changed");
	wait_sealed(page);
	expect_no_errors(0);
	flip_is_repaired(page, 555);
}

/* A frame is protected while none of those who map it may write. */
void test_shared(void)
{
	uint32_t *page = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0), i;
	pid_t pid;

	must_map(page);
	page[0] = 1;
	protect(page, PGSA_PAGE, PROT_READ);
	flip_is_repaired(page, 11);
	for (i = 1; i < 4; i++) {
		pid = fork_child();
		if (!pid) {
			protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
			page[0]++;
			wait_cycles(1);
			page[0]++;
			_exit(TEST_PASS);
		}
		expect_exit(pid);
		check(page[0] == 1 + 2 * i, "a write is lost");
		flip_is_repaired(page, 11 + i);
	}
	expect_no_report(0);
	check(policy_stat("errors") == 4, "%llu errors", policy_stat("errors"));
}

static unsigned char freed[1UL << 20];	/* by frame number; 4 GiB are enough */
static size_t to_map;
static unsigned int reused;

/* Maps files until there is enough, and counts frames we have given up. */
static int map_file(const char *path, const struct stat *stat, int type,
		    struct FTW *ftw)
{
	unsigned long pfn;
	size_t i;
	char *map;
	int fd;

	(void)ftw;
	if (type != FTW_F || (size_t)stat->st_size < 16 * PGSA_PAGE)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	map = mmap(NULL, stat->st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
		   fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return 0;
	for (i = 0; i < stat->st_size / PGSA_PAGE; i++)
		if (!pgsa_pfn(getpid(), (uintptr_t)map + i * PGSA_PAGE, &pfn) &&
		    pfn < sizeof(freed))
			reused += freed[pfn];
	to_map -= i < to_map ? i : to_map;
	return !to_map;
}

/* The new content comes from the disk, and no entry was ever writable. */
void test_reuse(void)
{
	uint32_t *area;
	unsigned int i;

	pgsa_write("/proc/sys/vm/drop_caches", "1");
	area = new_pages(REUSE_PAGES, PROT_READ);
	for (i = 0; i < REUSE_PAGES; i++)
		freed[wait_sealed(area + i * WORDS) % sizeof(freed)] = 1;
	munmap(area, REUSE_PAGES * PGSA_PAGE);
	to_map = 2 * REUSE_PAGES;
	nftw("/usr/lib", map_file, 16, FTW_PHYS);
	diag("%u of %lu frames hold pages of files now", reused, REUSE_PAGES);
	check(reused, "no frame was used again");
	wait_cycles(2);
	expect_no_errors(0);
}

void test_vdso(void)
{
	const void *vdso = (void *)getauxval(AT_SYSINFO_EHDR);

	if (!vdso)
		skip("no vDSO");
	stays_open(vdso, LRU_MS);
	expect_no_errors(0);
}

void test_hugetlb(void)
{
	char *page;

	pgsa_write("/proc/sys/vm/nr_hugepages", "2");
	page = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (page == MAP_FAILED)
		skip("no hugetlb page");
	memset(page, 'h', HUGE_SIZE);
	protect(page, HUGE_SIZE, PROT_READ);
	stays_open(page, LRU_MS);
	stays_open(page + PGSA_PAGE, 0);
	munmap(page, HUGE_SIZE);
	pgsa_write("/proc/sys/vm/nr_hugepages", "0");
	expect_no_errors(0);
}
