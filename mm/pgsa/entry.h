/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page table entries count as writers.
 *
 * The hooks and the recount of the consistency check must use the same rule.
 * Entries of hugetlb pages, devices and raw frame numbers never count: such
 * frames are never admitted. Only _PAGE_PRESENT will do for a PMD, since
 * pmd_present() is true for one that has been invalidated.
 */
#ifndef _PGSA_ENTRY_H
#define _PGSA_ENTRY_H

#include <linux/pgtable.h>

/* Bits of an entry that never counts: _PAGE_PSE is hugetlb in a PTE's guise. */
#ifdef _PAGE_SPECIAL
#define PGSA_ENTRY_OTHER	(_PAGE_SPECIAL | _PAGE_DEVMAP | _PAGE_PSE)
#else
#define PGSA_ENTRY_OTHER	0	/* there are none */
#endif

static inline bool pgsa_pte_writes(pte_t pte)
{
	return (pte_val(pte) &
		(_PAGE_PRESENT | _PAGE_USER | PGSA_ENTRY_OTHER)) ==
	       (_PAGE_PRESENT | _PAGE_USER) && pte_write(pte);
}

static inline bool pgsa_pmd_writes(pmd_t pmd)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	return pmd_leaf(pmd) && pmd_val(pmd) & _PAGE_PRESENT &&
	       pmd_val(pmd) & _PAGE_USER && pmd_write(pmd) &&
	       !pmd_special(pmd) && !pmd_devmap(pmd);
#else
	return false;
#endif
}

#endif /* _PGSA_ENTRY_H */
