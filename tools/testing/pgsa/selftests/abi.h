/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the program "abi" share.
 */
#ifndef ABI_H
#define ABI_H

#include "pgsa_selftest.h"

/* Attributes that may be written, in the state policy_create() leaves them in. */
#define NR_ATTRIBUTES	9
extern const char *const attributes[NR_ATTRIBUTES];

/* abi.c */
void snapshot(char *text, size_t size);

/* abi_text.c */
void test_incomplete(void);
void test_incomplete_target(void);
void test_incomplete_debugfs(void);
void test_names(void);

/* abi_told.c */
void test_modes(void);
void test_told(void);
void test_told_unsealed(void);
void test_inject_program(void);
void test_no_threads(void);

/* abi_drop.c */
void test_drop(void);
void test_drop_refused(void);

#endif /* ABI_H */
