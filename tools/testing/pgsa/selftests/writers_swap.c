// SPDX-License-Identifier: GPL-2.0
/*
 * Swapping out and in.
 */
#include "writers.h"

#include <sys/swap.h>

#define SWAP_PAGES	256
#define ZRAM		"/dev/zram0"
#define PAGEMAP_SWAPPED	0x4000000000000000ULL

/* What mkswap does. */
static void make_swap(const char *device, unsigned int pages)
{
	char header[PGSA_PAGE] = {};
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open(device, O_WRONLY | O_CLOEXEC);

	info[0] = 1;			/* version */
	info[1] = pages - 1;		/* the last one */
	memcpy(header + PGSA_PAGE - 10, "SWAPSPACE2", 10);
	check(write(fd, header, sizeof(header)) == sizeof(header), "%s: %s",
	      device, strerror(errno));
	close(fd);
}

static void need_swap(void)
{
	char swaps[512];
	ssize_t n = pgsa_read("/proc/swaps", swaps, sizeof(swaps));

	if (n > 0 && strstr(swaps, "/dev/"))
		return;
	if (n < 0 || pgsa_write("/sys/block/zram0/disksize", "64M"))
		skip("no zram to swap to");
	make_swap(ZRAM, (64UL << 20) / PGSA_PAGE);
	if (swapon(ZRAM, 0))
		skip("swapon failed");
}

static unsigned int count_swapped(const uint32_t *area)
{
	unsigned long long entries[SWAP_PAGES] = {};
	unsigned int i, n = 0;

	pgsa_pagemap(getpid(), (uintptr_t)area, entries, SWAP_PAGES);
	for (i = 0; i < SWAP_PAGES; i++)
		n += !!(entries[i] & PAGEMAP_SWAPPED);
	return n;
}

/* Out; in again by reading; flipped, and in every second round written. */
static void swap_round(uint32_t *area, uint32_t *copy, unsigned int round)
{
	const size_t size = SWAP_PAGES * PGSA_PAGE;
	unsigned int i, out;

	madvise(area, size, MADV_PAGEOUT);
	out = count_swapped(area);
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
