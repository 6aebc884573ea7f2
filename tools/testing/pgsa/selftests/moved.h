/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the selftest moved share: pages with damage that stays.
 */
#ifndef _PGSA_MOVED_H
#define _PGSA_MOVED_H

#include "writers.h"

#include <sys/uio.h>

#define DAMAGE		0x11ULL	/* two bits, too many for the code hamming */

/* A pipe takes a page as it is. */
static inline void hold_page(int fds[2], uint32_t *page)
{
	struct iovec iov = { page, PGSA_PAGE };

	check(!pipe(fds) && vmsplice(fds[1], &iov, 1, 0) == PGSA_PAGE,
	      "vmsplice: %s", strerror(errno));
}

static inline void let_go(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static inline void wait_unconfirmed(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (!policy_stat("unconfirmed")) {
		check(now_s() < limit, "nothing is unconfirmed");
		sleep_ms(2);
	}
}

bool is_hurt(const void *page);
const char *listed(unsigned long pfn);
void expect_listed(unsigned long pfn, const char *want);
unsigned long hurt(const void *page);
void expect_hurt(const void *page, unsigned long old_pfn);

/* moved_copy.c */
void test_copy_of_file(void);
void test_copy_of_opened(void);
void test_copy_of_unconfirmed(void);
void test_copy_on_write(void);

/* moved_swap.c */
void test_swap_cached(void);
void test_swap_hurt(void);
void test_swap_shared(void);
void test_swap_unconfirmed(void);
void test_swap_unconfirmed_shared(void);

#endif /* _PGSA_MOVED_H */
