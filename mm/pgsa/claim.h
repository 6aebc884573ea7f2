/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims of a searcher.
 */
#ifndef _PGSA_CLAIM_H
#define _PGSA_CLAIM_H

#include "pgsa.h"

struct folio *pgsa_sealing_lock(struct page *page, bool unmapped,
				enum pgsa_refusal *refusal);
enum pgsa_refusal pgsa_sealing_refusal(struct page *page, bool unmapped);
bool pgsa_claim_frame(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct);
bool pgsa_claim_timed(const struct pgsa_search *search,
		      struct pgsa_frame *frame, unsigned long pfn, u64 *word);
void pgsa_claim_add(struct pgsa_search *search, unsigned long pfn, u64 word);
enum pgsa_refusal pgsa_seal_claim(struct pgsa_search *search, unsigned long pfn,
				  u64 word);
void pgsa_claim_give_back(struct pgsa_frame *frame, unsigned long pfn,
			  u64 word);

#endif /* _PGSA_CLAIM_H */
