/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests without memory that are in files of their own.
 */
#ifndef PGSA_NOMEM_H
#define PGSA_NOMEM_H

/* nomem_targets.c */
void test_target(void);
void test_target_searcher(void);

#endif /* PGSA_NOMEM_H */
