/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of codes and strategies, how codes are computed, and where redundancy is
 * that does not fit into a frame record.
 */
#ifndef _PGSA_CODING_H
#define _PGSA_CODING_H

#include <linux/types.h>

#include "codes/code.h"

struct pgsa_strategy;

/* registry.c */

#define PGSA_REGISTRY_MAX	15	/* ids 1..15 fit the frame word */

/**
 * struct pgsa_registry - named operations; filled at boot, then only read
 * @entry: the entries; the id of one is its index plus one. Those that have no name
 *	   are free
 */
struct pgsa_registry {
	struct {
		const char *name;
		const void *ops;
	} entry[PGSA_REGISTRY_MAX];
};

int pgsa_registry_add(struct pgsa_registry *registry, const char *name,
		      const void *ops);
unsigned int pgsa_registry_id(const struct pgsa_registry *registry,
			      const char *name);
ssize_t pgsa_registry_list(const struct pgsa_registry *registry, char *buf);

const struct pgsa_code *pgsa_code_find(const char *name);
const struct pgsa_code *pgsa_code_next(const struct pgsa_code *prev);
const struct pgsa_code *pgsa_code_by_id(unsigned int id);
unsigned int pgsa_code_id(const struct pgsa_code *code);
const char *pgsa_code_name(unsigned int id);
ssize_t pgsa_code_list(char *buf);
void pgsa_code_names(bool correct, char *buf, size_t size);
const struct pgsa_strategy *pgsa_strategy_find(const char *name);
ssize_t pgsa_strategy_list(char *buf);
void pgsa_strategy_names(char *buf, size_t size);

/* encode.c */

bool pgsa_variant_usable(const struct pgsa_code_variant *variant);
const char *pgsa_encode_names(const struct pgsa_code *code, const char **fast);
bool pgsa_encode_variant(const struct pgsa_code_variant *variant,
			 const void *page, u8 *check);
void pgsa_encode(const struct pgsa_code *code, const void *page, u8 *check);
void pgsa_encode_both(const struct pgsa_code *detect,
		      const struct pgsa_code *correct, const void *page,
		      u8 *detect_check, u8 *correct_check);
int pgsa_decode(const struct pgsa_code *code, void *page, const u8 *redundancy);

/* store.c */

#define PGSA_STORED_BYTES	256	/* at most, for one frame */

bool pgsa_code_stored(const struct pgsa_code *code);
bool pgsa_code_stronger(const struct pgsa_code *code,
			const struct pgsa_code *than);
int pgsa_store_open(const struct pgsa_code *code);
void pgsa_store_close(const struct pgsa_code *code);
bool pgsa_store_prepare(const struct pgsa_code *code, unsigned long pfn,
			gfp_t gfp);
u8 *pgsa_store_find(const struct pgsa_code *code, unsigned long pfn);
u8 *pgsa_store_keep(const struct pgsa_code *code, unsigned long pfn);
void pgsa_store_check(const struct pgsa_code *code, const u8 *stored,
		      u8 *check);
void pgsa_store_trim(const struct pgsa_code *code);
unsigned long pgsa_store_bytes(void);

#endif /* _PGSA_CODING_H */
