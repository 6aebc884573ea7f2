// SPDX-License-Identifier: GPL-2.0
/*
 * Third program of the 2009 thesis: calls two functions in turn, and each prints
 * its name. Here it is the code that must not change.
 *
 * usage: calls [interval in ms]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void first_function(void)
{
	printf("%s was called\n", __func__);
}

static void second_function(void)
{
	printf("%s was called\n", __func__);
}

/* Called through a table, or the compiler would make one function of all. */
static void (*const functions[])(void) = { first_function, second_function };

int main(int argc, char **argv)
{
	unsigned int interval_ms = argc > 1 ? atoi(argv[1]) : 1000;
	unsigned int i;

	for (i = 0; ; i = !i) {
		functions[i]();
		fflush(stdout);
		usleep(interval_ms * 1000);
	}
}
