// SPDX-License-Identifier: GPL-2.0
/*
 * Offers pages that belong to nobody else: anonymous memory, filled and then
 * made read-only. What two flips destroy here, no other process will miss.
 * Prints the range and sleeps.
 *
 * usage: victim [pages]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096UL

int main(int argc, char **argv)
{
	size_t words, size = (argc > 1 ? atoi(argv[1]) : 32) * PAGE, i;
	unsigned long *area;

	area = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED) {
		perror("victim: mmap");
		return 1;
	}
	words = size / sizeof(*area);
	for (i = 0; i < words; i++)
		area[i] = i * 0x9e3779b97f4a7c15UL;
	if (mprotect(area, size, PROT_READ)) {
		perror("victim: mprotect");
		return 1;
	}
	printf("%lx-%lx\n", (unsigned long)area, (unsigned long)area + size);
	fflush(stdout);
	for (;;)
		pause();
}
