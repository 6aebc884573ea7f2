/* SPDX-License-Identifier: GPL-2.0 */
/* How long detection took: a histogram and the order statistics. */
#ifndef DELAYS_H
#define DELAYS_H

#include <stdlib.h>

#include "pgsa_selftest.h"

static inline int delay_compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/**
 * delays_print() - show how @nr detection delays are distributed
 * @what: what was measured, the lines begin with it
 * @ns: the delays in nanoseconds; they are sorted
 * @nr: how many, at least one
 *
 * Powers of two in microseconds, then median, 99th percentile and maximum.
 */
static inline void delays_print(const char *what, long long *ns, unsigned int nr)
{
	unsigned int i = 0, n, bucket;

	qsort(ns, nr, sizeof(*ns), delay_compare);
	for (bucket = 0; i < nr; bucket++) {
		for (n = 0; i < nr && ns[i] < (1000LL << bucket); i++)
			n++;
		if (n)
			diag("%s: below %7llu us: %u", what, 1ULL << bucket, n);
	}
	diag("%s: %u flips, delay in us: p50 %.0f p99 %.0f max %.0f", what, nr,
	     ns[nr / 2] / 1e3, ns[nr * 99 / 100] / 1e3, ns[nr - 1] / 1e3);
}

#endif /* DELAYS_H */
