// SPDX-License-Identifier: GPL-2.0
/*
 * Second program of the 2009 thesis: prints a counter. The counter is data that
 * changes; the label before it is constant.
 *
 * usage: counter [interval in ms]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char label[] = "The counter stands at ";

int main(int argc, char **argv)
{
	unsigned int interval_ms = argc > 1 ? atoi(argv[1]) : 1000;
	unsigned long counter;

	for (counter = 0; ; counter++) {
		fputs(label, stdout);
		printf("%lu\n", counter);
		fflush(stdout);
		usleep(interval_ms * 1000);
	}
}
