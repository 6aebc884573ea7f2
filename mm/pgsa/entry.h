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

static inline bool pgsa_pte_writes(pte_t pte)
{
	if (!pte_present(pte) || !pte_write(pte) || pte_special(pte) ||
	    pte_devmap(pte))
		return false;
#ifdef _PAGE_PSE
	/* A hugetlb entry in the guise of a PTE. */
	if (pte_val(pte) & _PAGE_PSE)
		return false;
#endif
	return pte_val(pte) & _PAGE_USER;
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
