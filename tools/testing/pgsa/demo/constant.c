// SPDX-License-Identifier: GPL-2.0
/*
 * First program of the 2009 thesis: prints a constant string again and again.
 * The string lies in .rodata, which no software may write.
 *
 * usage: constant [interval in ms]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char text[] = "This constant string never changes, says the kernel.";

int main(int argc, char **argv)
{
	unsigned int interval_ms = argc > 1 ? atoi(argv[1]) : 1000;

	for (;;) {
		puts(text);
		fflush(stdout);
		usleep(interval_ms * 1000);
	}
}
