/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What sealing and verifying share, and what is done when a seal does not match or
 * does not suffice.
 */
#ifndef _PGSA_VERIFY_H
#define _PGSA_VERIFY_H

#include "pgsa.h"

/* seal.c */

/**
 * struct pgsa_place - where what is said of a frame's content goes
 * @pfn: number of the frame
 * @word: its word
 * @codes: the codes that it names
 * @stored: place outside the record for that of the correcting code, or NULL
 */
struct pgsa_place {
	unsigned long pfn;
	u64 word;
	struct pgsa_codes codes;
	u8 *stored;
};

bool pgsa_seal_place(struct pgsa_place *place, unsigned long pfn, u64 word);
void pgsa_seal_encode(const struct pgsa_place *place, const void *content,
		      union pgsa_check *check);
bool pgsa_seal_finish(struct pgsa_frame *frame, unsigned long pfn, u64 word,
		      const union pgsa_check *check);

/* verify.c */

int pgsa_check_equal(unsigned long pfn, u64 word,
		     const union pgsa_check *check, const void *content);
int pgsa_compare(struct page *page, struct pgsa_frame *frame, u64 word);

/* strengthen.c */

bool pgsa_too_weak(const struct pgsa_search *search, u64 word);
void pgsa_strengthen(struct pgsa_search *search, struct page *page,
		     struct pgsa_frame *frame, u64 word);

/* doubt.c */

struct pgsa_doubt;

bool pgsa_unconfirmed_at(unsigned long pfn);
bool pgsa_unconfirmed_content(unsigned long pfn);
void pgsa_unconfirmed_forget(unsigned long pfn);
struct pgsa_doubt *pgsa_unconfirmed_known(unsigned long pfn);
void pgsa_unconfirmed_gone(struct pgsa_search *search, struct page *page,
			   u64 word, struct pgsa_doubt *known);
bool pgsa_unconfirmed_opened(struct pgsa_search *search,
			     struct pgsa_frame *frame, unsigned long pfn,
			     u64 word);
bool pgsa_unconfirmed_claimed(struct pgsa_search *search,
			      struct pgsa_frame *frame, unsigned long pfn,
			      u64 word);
void pgsa_unconfirmed_trim(struct pgsa_search *search);
unsigned long pgsa_unconfirmed_count(void);

/* unconfirmed.c */

bool pgsa_unconfirmed_waits(unsigned long pfn, bool unmapped);
struct folio *pgsa_unconfirmed_lock(struct pgsa_search *search,
				    struct page *page,
				    struct pgsa_frame *frame, u64 word,
				    bool content);
void pgsa_unconfirmed_tell(struct pgsa_policy *policy,
			   const struct pgsa_finding *finding);

#endif /* _PGSA_VERIFY_H */
