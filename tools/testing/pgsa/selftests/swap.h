/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory to swap to, for the tests that need it.
 */
#ifndef PGSA_SWAP_H
#define PGSA_SWAP_H

#include "pgsa_selftest.h"

#include <sys/swap.h>

#define ZRAM		"/dev/zram0"
#define PAGEMAP_SWAPPED	0x4000000000000000ULL

/* What mkswap does. */
static inline void make_swap(const char *device, unsigned int pages)
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

static inline void need_swap(void)
{
	char swaps[512];
	ssize_t n = pgsa_read("/proc/swaps", swaps, sizeof(swaps));

	if (n > 0 && strstr(swaps, "/dev/"))
		return;
	if (n < 0)
		skip("no swap");
	/* One that had been in use before has its size still. */
	pgsa_write("/sys/block/zram0/reset", "1");
	if (pgsa_write("/sys/block/zram0/disksize", "64M"))
		skip("no zram to swap to");
	make_swap(ZRAM, (64UL << 20) / PGSA_PAGE);
	if (swapon(ZRAM, 0))
		skip("swapon failed");
}

static inline unsigned int count_swapped(const void *area, unsigned int nr)
{
	unsigned long long entry;
	unsigned int n = 0;

	while (nr--) {
		entry = 0;
		pgsa_pagemap(getpid(), (uintptr_t)area + nr * PGSA_PAGE, &entry,
			     1);
		n += !!(entry & PAGEMAP_SWAPPED);
	}
	return n;
}

#endif /* PGSA_SWAP_H */
