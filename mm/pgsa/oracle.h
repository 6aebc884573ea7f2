/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The count of writers as a witness against the proof: see oracle.c.
 */
#ifndef _PGSA_ORACLE_H
#define _PGSA_ORACLE_H

#include "frame.h"

struct folio;
struct page;
struct pgsa_search;

#ifdef CONFIG_PGSA_DEBUG
/* A frame that has writers is never claimed for anything else. */
static inline bool pgsa_oracle_claim(u64 word)
{
	return word & PGSA_WORD_WRITERS;
}

void pgsa_oracle_ask(struct pgsa_search *search, struct page *page, u64 word);
void pgsa_oracle_judge(struct folio *folio, struct page *page, u64 word);
unsigned long pgsa_oracle_refuted(void);
void pgsa_oracle_reset(void);
#else
static inline bool pgsa_oracle_claim(u64 word)
{
	return false;
}

static inline void pgsa_oracle_ask(struct pgsa_search *search,
				   struct page *page, u64 word) {}
static inline void pgsa_oracle_judge(struct folio *folio, struct page *page,
				     u64 word) {}

static inline unsigned long pgsa_oracle_refuted(void)
{
	return 0;
}
#endif

#endif /* _PGSA_ORACLE_H */
