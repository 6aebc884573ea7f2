/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the selftest moved share: pages with damage that stays.
 */
#ifndef _PGSA_MOVED_H
#define _PGSA_MOVED_H

#include "writers.h"

#define DAMAGE		0x11ULL	/* two bits, too many for the code hamming */

bool is_hurt(const void *page);
const char *listed(unsigned long pfn);
void expect_listed(unsigned long pfn, const char *want);
unsigned long hurt(const void *page);
void expect_hurt(const void *page, unsigned long old_pfn);

/* moved_copy.c */
void test_copy_of_file(void);
void test_copy_of_unconfirmed(void);
void test_copy_on_write(void);

#endif /* _PGSA_MOVED_H */
