/* SPDX-License-Identifier: GPL-2.0 */
/* The code registry of user space: the functions mm/pgsa/pgsa.h declares. */
#ifndef _CODES_REGISTRY_H
#define _CODES_REGISTRY_H

#include "codes/code.h"

const struct pgsa_code *pgsa_code_next(const struct pgsa_code *prev);
const struct pgsa_code *pgsa_code_find(const char *name);

/* What the kernel chooses where it may not use the FPU, and where it may */
const struct pgsa_code_variant *pgsa_code_plain(const struct pgsa_code *code);
const struct pgsa_code_variant *pgsa_code_fast(const struct pgsa_code *code);

/* The next variant that this machine can use; the first for NULL */
const struct pgsa_code_variant *
pgsa_code_next_variant(const struct pgsa_code *code,
		       const struct pgsa_code_variant *prev);

#endif /* _CODES_REGISTRY_H */
