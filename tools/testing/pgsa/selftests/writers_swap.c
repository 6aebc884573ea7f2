// SPDX-License-Identifier: GPL-2.0
/*
 * Swapping out and in.
 */
#include "writers.h"
#include "swap.h"

#define SWAP_PAGES	256

/* Out; in again by reading; flipped, and in every second round written. */
static void swap_round(uint32_t *area, uint32_t *copy, unsigned int round)
{
	const size_t size = SWAP_PAGES * PGSA_PAGE;
	unsigned int i, out;

	madvise(area, size, MADV_PAGEOUT);
	out = count_swapped(area, SWAP_PAGES);
	diag("%u of %u pages swapped out", out, SWAP_PAGES);
	check(out, "nothing was swapped out");
	check(!memcmp(area, copy, size), "not what was swapped out");
	flip_is_repaired(area + round * 10 * WORDS, round * 1000);
	if (round % 2)
		return;
	protect(area, size, PROT_READ | PROT_WRITE);
	for (i = 0; i < SWAP_PAGES; i += 3) {
		area[i * WORDS] = round;
		copy[i * WORDS] = round;
	}
	wait_cycles(1);
	check(!memcmp(area, copy, size), "not what was written");
	protect(area, size, PROT_READ);
}

/*
 * A page that a process has to itself gets a writable entry where it may be
 * written, though it was swapped in by reading: it is not protected.
 */
static void swapped_in_to_write(void)
{
	uint32_t *area = new_pages(SWAP_PAGES, PROT_READ | PROT_WRITE);
	unsigned int i, out, open = 0;
	volatile uint32_t sum = 0;

	madvise(area, SWAP_PAGES * PGSA_PAGE, MADV_PAGEOUT);
	out = count_swapped(area, SWAP_PAGES);
	check(out, "nothing was swapped out");
	for (i = 0; i < SWAP_PAGES; i++)
		sum += area[i * WORDS];
	for (i = 0; i < SWAP_PAGES; i++)
		open += frame_of(pfn_of(area + i * WORDS)).writers > 0;
	diag("%u of %u pages swapped out, %u writable when swapped in", out,
	     SWAP_PAGES, open);
	check(open == SWAP_PAGES, "%u pages have no writer", SWAP_PAGES - open);
	munmap(area, SWAP_PAGES * PGSA_PAGE);
}

void test_swap(void)
{
	uint32_t *area, *copy;
	unsigned int i;

	need_swap();
	area = new_sealed(SWAP_PAGES, PROT_READ);
	copy = malloc(SWAP_PAGES * PGSA_PAGE);
	memcpy(copy, area, SWAP_PAGES * PGSA_PAGE);
	for (i = 0; i < 4; i++)
		swap_round(area, copy, i);
	swapped_in_to_write();
	expect_no_report(0);
	check(policy_stat("errors") == 4, "%llu errors", policy_stat("errors"));
	swapoff(ZRAM);
}
