/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What users write: names and numbers.
 */
#ifndef _PGSA_TEXT_H
#define _PGSA_TEXT_H

#include <linux/types.h>

#define PGSA_TEXT_CUT	4096	/* SIMPLE_ATTR_SIZE of configfs */
#define PGSA_TEXT_SHOWN	40UL	/* of a refused text, in the log */

bool pgsa_text_complete(const char *text, size_t count);
int pgsa_parse_decimal(const char *text, u64 max, u64 *number);
int pgsa_parse_number(const char *text, u64 *number);
int pgsa_check_name(const char *kind, const char *name);

#endif /* _PGSA_TEXT_H */
