// SPDX-License-Identifier: GPL-2.0
/*
 * Transparent huge pages: protected whole, written in part, split and collapsed.
 */
#include "writers.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define HUGE_PAGES	(HUGE_SIZE / PGSA_PAGE)

static char *aligned_area(void)
{
	char *area = mmap(NULL, 2 * HUGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must_map(area);
	return (char *)(((uintptr_t)area + HUGE_SIZE - 1) & -HUGE_SIZE);
}

static bool is_huge(const uint32_t *area)
{
	unsigned long pfn = pfn_of(area);

	return pfn % HUGE_PAGES == 0 &&
	       pfn_of(area + (HUGE_PAGES - 1) * WORDS) == pfn + HUGE_PAGES - 1;
}

static void fill(uint32_t *area)
{
	unsigned int i;

	for (i = 0; i < HUGE_SIZE / sizeof(*area); i++)
		area[i] = i * 2654435761U;
}

static void check_filled(const uint32_t *area, unsigned int first,
			 unsigned int end)
{
	unsigned int i;

	for (i = first * WORDS; i < end * WORDS; i++)
		check(area[i] == i * 2654435761U, "word %u became %u", i,
		      area[i]);
}

uint32_t *new_huge(int prot)
{
	uint32_t *area = (uint32_t *)aligned_area();

	need_huge_pages();
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	fill(area);
	if (!is_huge(area))
		skip("no huge page was free");
	protect(area, HUGE_SIZE, prot);
	return area;
}

static void flips(const uint32_t *area)
{
	static const unsigned int pages[] = { 0, 1, 255, 511 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		flip_is_repaired(area + pages[i] * WORDS, 77 * pages[i] % 32768);
}

static void no_more_errors(unsigned int injected)
{
	expect_no_report(0);
	check(policy_stat("errors") == injected, "%llu errors",
	      policy_stat("errors"));
}

void test_thp(void)
{
	uint32_t *area = new_huge(PROT_READ);
	unsigned int i;

	searcher_awake();
	flips(area);
	for (i = 0; i < 3; i++) {
		protect(area, HUGE_SIZE, PROT_READ | PROT_WRITE);
		check(frame_of(pfn_of(area)).writers == 1, "no writer");
		area[i * 100 * WORDS] = 0;
		wait_cycles(1);
		area[i * 100 * WORDS] = i * 100 * WORDS * 2654435761U;
		protect(area, HUGE_SIZE, PROT_READ);
		wait_sealed(area + i * 100 * WORDS);
	}
	check(is_huge(area), "the huge page was split");
	flips(area);
	check_filled(area, 0, HUGE_PAGES);
	no_more_errors(8);
}

void test_thp_split(void)
{
	uint32_t *area = new_huge(PROT_READ), *middle = area + 100 * WORDS;

	searcher_awake();
	wait_sealed(middle);
	check(!munmap(area + 256 * WORDS, HUGE_SIZE / 2), "munmap: %s",
	      strerror(errno));
	flip_is_repaired(middle, 50);
	protect(middle, PGSA_PAGE, PROT_READ | PROT_WRITE);
	check(frame_of(pfn_of(middle)).writers == 1 &&
	      !frame_of(pfn_of(middle + WORDS)).writers, "wrong writers");
	middle[0]++;
	wait_cycles(1);
	middle[0]--;
	flip_is_repaired(middle + WORDS, 60);
	/* What is left of the huge page gives its unused half back. */
	madvise(area, 256 * PGSA_PAGE, MADV_PAGEOUT);
	protect(middle, PGSA_PAGE, PROT_READ);
	flip_is_repaired(middle, 70);
	check_filled(area, 0, 256);
	no_more_errors(3);
}

/* It fails for the moment when the searcher looks at one of the pages. */
static void collapse(uint32_t *area)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (madvise(area, HUGE_SIZE, MADV_COLLAPSE))
		check(errno == EAGAIN && now_s() < limit, "MADV_COLLAPSE: %s",
		      strerror(errno));
}

/* All entries but one are read-only, as after fork(): a collapse wants one. */
void test_thp_collapse(void)
{
	uint32_t *area = (uint32_t *)aligned_area();
	pid_t pid;

	need_huge_pages();
	madvise(area, HUGE_SIZE, MADV_NOHUGEPAGE);
	fill(area);
	searcher_awake();
	pid = fork_child();
	if (!pid)
		_exit(TEST_PASS);
	expect_exit(pid);
	area[0] = 0;
	flip_is_repaired(area + 5 * WORDS, 5);
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	collapse(area);
	check(is_huge(area), "no huge page");
	check(frame_of(pfn_of(area)).writers == 1, "no writer");
	wait_cycles(1);
	area[5 * WORDS] = 5 * WORDS * 2654435761U;
	protect(area, HUGE_SIZE, PROT_READ);
	flip_is_repaired(area + 5 * WORDS, 6);
	check_filled(area, 1, HUGE_PAGES);
	no_more_errors(2);
}

#define LARGE_KIB	64
#define LARGE_PAGES	(LARGE_KIB * 1024 / PGSA_PAGE)
#define LARGE_AREA	(4 * LARGE_PAGES)

/* Smaller than a page table, but more than one page. */
static uint32_t *new_large(void)
{
	uint32_t *area = (uint32_t *)aligned_area();
	unsigned int i;

	need_large_pages(LARGE_KIB);
	madvise(area, LARGE_AREA * PGSA_PAGE, MADV_HUGEPAGE);
	for (i = 0; i < LARGE_AREA * WORDS; i++)
		area[i] = i * 2654435761U;
	if (pfn_of(area) % LARGE_PAGES ||
	    pfn_of(area + (LARGE_PAGES - 1) * WORDS) !=
	    pfn_of(area) + LARGE_PAGES - 1)
		skip("no large page was free");
	return area;
}

static void copy_large(uint32_t *area)
{
	pid_t pid = fork_child();

	if (pid) {
		expect_exit(pid);
		return;
	}
	wait_sealed(area + 5 * WORDS);
	area[5 * WORDS]++;
	protect(area, LARGE_AREA * PGSA_PAGE, PROT_READ);
	flip_is_repaired(area + 5 * WORDS, 3);
	flip_is_repaired(area + 6 * WORDS, 4);
	_exit(TEST_PASS);
}

void test_large(void)
{
	uint32_t *area = new_large(), *last = area + 3 * LARGE_PAGES * WORDS;

	searcher_awake();
	protect(area, LARGE_AREA * PGSA_PAGE, PROT_READ);
	flip_is_repaired(area + 7 * WORDS, 1);
	flip_is_repaired(last - WORDS, 2);
	protect(area, LARGE_AREA * PGSA_PAGE, PROT_READ | PROT_WRITE);
	copy_large(area);
	area[9 * WORDS]++;
	wait_cycles(1);
	area[9 * WORDS]--;
	check(!munmap(last, 3 * PGSA_PAGE), "munmap: %s", strerror(errno));
	protect(area, 3 * LARGE_PAGES * PGSA_PAGE, PROT_READ);
	flip_is_repaired(area + 9 * WORDS, 5);
	flip_is_repaired(area + 10 * WORDS, 6);
	check_filled(area, 0, 3 * LARGE_PAGES);
	no_more_errors(6);
}
