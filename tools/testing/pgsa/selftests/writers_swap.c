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
	expect_no_report(0);
	check(policy_stat("errors") == 4, "%llu errors", policy_stat("errors"));
	swapoff(ZRAM);
}
