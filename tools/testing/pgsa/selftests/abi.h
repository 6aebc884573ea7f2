/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the program abi share.
 */
#ifndef PGSA_ABI_H
#define PGSA_ABI_H

#include "pgsa_selftest.h"

/* abi_drop.c */
void test_drop(void);
void test_drop_refused(void);

#endif /* PGSA_ABI_H */
