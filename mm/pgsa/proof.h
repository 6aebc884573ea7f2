/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Can a page table entry write a frame? See proof.c.
 */
#ifndef _PGSA_PROOF_H
#define _PGSA_PROOF_H

#include "page.h"

enum pgsa_refusal pgsa_proof(struct folio *folio, struct page *page);

#endif /* _PGSA_PROOF_H */
