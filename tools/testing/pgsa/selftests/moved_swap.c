// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged pages and swap: from there, damage would come back as good.
 */
#include "moved.h"
#include "swap.h"

/* The page tables do not tell it of shared memory. */
static unsigned int count_out(const uint32_t *area, unsigned int nr)
{
	unsigned char in[nr];
	unsigned int out = 0;

	check(!mincore((void *)area, nr * PGSA_PAGE, in), "mincore: %s",
	      strerror(errno));
	while (nr)
		out += !(in[--nr] & 1);
	return out;
}

/* It stays in memory while its neighbours go to swap. */
static void expect_kept(const uint32_t *area, unsigned int nr,
			const uint32_t *page, unsigned long pfn)
{
	unsigned int out;

	madvise((void *)area, nr * PGSA_PAGE, MADV_PAGEOUT);
	out = count_out(area, nr);
	diag("%u of %u pages swapped out", out, nr);
	check(out, "nothing was swapped out");
	check(pfn_of(page) == pfn && is_hurt(page),
	      "pfn %#lx became %#lx by way of swap", pfn, pfn_of(page));
	swapoff(ZRAM);
	check(pfn_of(page) == pfn && is_hurt(page),
	      "pfn %#lx became %#lx by way of swapoff", pfn, pfn_of(page));
	stays_open(page, 200);
}

void test_swap_hurt(void)
{
	uint32_t *area;
	unsigned long pfn;

	need_swap();
	area = new_pages(16, PROT_READ);
	pfn = hurt(area + 7 * WORDS);
	expect_kept(area, 16, area + 7 * WORDS, pfn);
}

/* A page that has its place in swap already: a pipe has kept it from going there. */
static uint32_t *new_cached(void)
{
	uint32_t *area = new_pages(16, PROT_READ);
	int fds[2];

	hold_page(fds, area);
	madvise(area, PGSA_PAGE, MADV_PAGEOUT);
	pfn_of(area);	/* back again */
	let_go(fds);
	return area;
}

/* The damage comes when it has yet to be written there. */
void test_swap_cached(void)
{
	unsigned long pfn;
	uint32_t *area;

	need_swap();
	area = new_cached();
	pfn = hurt(area);
	expect_kept(area, 16, area, pfn);
}

void test_swap_shared(void)
{
	uint32_t *area;
	unsigned long pfn;
	unsigned int i;

	need_swap();
	area = mmap(NULL, 16 * PGSA_PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must_map(area);
	for (i = 0; i < 16 * WORDS; i++)
		area[i] = i;
	madvise(area, 16 * PGSA_PAGE, MADV_COLD);
	protect(area, 16 * PGSA_PAGE, PROT_READ);
	pfn = hurt(area + 3 * WORDS);
	expect_kept(area, 16, area + 3 * WORDS, pfn);
}

/*
 * A reader has kept the error from being confirmed, and has gone. Swap does not get
 * the page then; nobody has written to it, so it is repaired when it is looked at.
 */
static void expect_repaired_after_pageout(uint32_t *page)
{
	unsigned long pfn = wait_sealed(page);
	int fds[2];

	hold_page(fds, page);
	flip(page, 88);
	wait_unconfirmed();
	policy_must_set("enable", "0");
	let_go(fds);
	madvise(page, PGSA_PAGE, MADV_PAGEOUT);
	check(pfn_of(page) == pfn, "pfn %#lx became %#lx by way of swap", pfn,
	      pfn_of(page));
	policy_must_set("enable", "1");
	expect_report(pfn, 88, "corrected");
	check(!policy_stat("unresolved"), "it was given up");
}

void test_swap_unconfirmed(void)
{
	need_swap();
	expect_repaired_after_pageout(new_cached());
}

/* It has been written to by write(2): an entry that was written by is an event. */
void test_swap_unconfirmed_shared(void)
{
	uint32_t content[WORDS] = { 1, 2, 3 }, *page;
	int fd = memfd_create("pgsa", MFD_CLOEXEC);

	need_swap();
	check(write(fd, content, PGSA_PAGE) == PGSA_PAGE, "memfd: %s",
	      strerror(errno));
	page = mmap(NULL, PGSA_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	must_map(page);
	expect_repaired_after_pageout(page);
}
