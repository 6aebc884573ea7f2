// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "registry.h"

#define MAX_CODES	32

static const struct pgsa_code *codes[MAX_CODES + 1];	/* ends with NULL */

int pgsa_code_register(const struct pgsa_code *code)
{
	unsigned int i;

	for (i = 0; codes[i]; i++)
		if (!strcmp(codes[i]->name, code->name))
			return -EEXIST;
	if (i == MAX_CODES)
		return -ENOSPC;
	codes[i] = code;
	return 0;
}

const struct pgsa_code *pgsa_code_next(const struct pgsa_code *prev)
{
	unsigned int i;

	if (!prev)
		return codes[0];
	for (i = 0; codes[i] != prev; i++)
		;
	return codes[i + 1];
}

const struct pgsa_code *pgsa_code_find(const char *name)
{
	const struct pgsa_code *code = NULL;

	while ((code = pgsa_code_next(code)))
		if (!strcmp(code->name, name))
			break;
	return code;
}

const struct pgsa_code_variant *
pgsa_code_next_variant(const struct pgsa_code *code,
		       const struct pgsa_code_variant *prev)
{
	const struct pgsa_code_variant *v = prev ? prev + 1 : code->variants;

	while (v->name && v->usable && !v->usable())
		v++;
	return v->name ? v : NULL;
}

const struct pgsa_code_variant *pgsa_code_fast(const struct pgsa_code *code)
{
	return pgsa_code_next_variant(code, NULL);
}

const struct pgsa_code_variant *pgsa_code_plain(const struct pgsa_code *code)
{
	const struct pgsa_code_variant *v = pgsa_code_fast(code);

	while (v->fpu)
		v = pgsa_code_next_variant(code, v);
	return v;
}
