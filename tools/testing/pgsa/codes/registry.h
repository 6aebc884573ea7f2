/* SPDX-License-Identifier: GPL-2.0 */
/* The code registry of user space: the functions mm/pgsa/pgsa.h declares. */
#ifndef _CODES_REGISTRY_H
#define _CODES_REGISTRY_H

#include "codes/code.h"

const struct pgsa_code *pgsa_code_next(const struct pgsa_code *prev);
const struct pgsa_code *pgsa_code_find(const char *name);

#endif /* _CODES_REGISTRY_H */
