// SPDX-License-Identifier: GPL-2.0
/*
 * The slow halves of the hooks of <linux/pgsa.h>.
 *
 * A writer is counted before its entry is stored, and no longer counted before
 * or after the entry goes. Either order is right for the latter: that nobody
 * counts as a writer proves nothing before the grace period and the TLB flush
 * of seal.c.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgsa.h>

#include "debug.h"
#include "entry.h"
#include "mark.h"
#include "pgsa.h"
#include "record.h"
#include "verify.h"

/* The kernel's own mappings are not users'. */
static bool pgsa_mm_counts(const struct mm_struct *mm)
{
	return mm != &init_mm;
}

void __pgsa_page_free(struct page *page, unsigned int order)
{
	if (pgsa_dropped(PGSA_HOOK_FREE))
		return;
	if (order)
		pgsa_frames_free(page_to_pfn(page), 1UL << order);
	else
		pgsa_frame_free_at(page_to_pfn(page));
}

static void pgsa_pte_add(const struct mm_struct *mm, pte_t pte)
{
	if (pgsa_pte_writes(pte) && pgsa_mm_counts(mm))
		pgsa_frame_add_writer_at(pte_pfn(pte));
}

static void pgsa_pte_sub(const struct mm_struct *mm, pte_t pte)
{
	if (pgsa_pte_writes(pte) && pgsa_mm_counts(mm))
		pgsa_frame_sub_writer_at(pte_pfn(pte));
}

static void pgsa_pte_replace(const struct mm_struct *mm, pte_t old, pte_t new)
{
	if (pgsa_pte_writes(old) && pgsa_pte_writes(new) &&
	    pte_pfn(old) == pte_pfn(new))
		return;
	pgsa_pte_add(mm, new);
	pgsa_pte_sub(mm, old);
}

void __pgsa_ptes_set(struct mm_struct *mm, pte_t *ptep, pte_t pte,
		     unsigned int nr)
{
	pte_t old = ptep_get(ptep);

	if (pgsa_dropped(PGSA_HOOK_PTES_SET))
		return;
	/* More than one entry is only ever stored where there was none. */
	if (nr > 1 && pgsa_pte_writes(pte) && pgsa_mm_counts(mm))
		pgsa_frames_add_writer(pte_pfn(pte), nr);
	else if (nr == 1 && pgsa_pte_writes(old))
		pgsa_pte_replace(mm, old, pte);
	else if (nr == 1)
		pgsa_pte_add(mm, pte);
}
EXPORT_SYMBOL(__pgsa_ptes_set);

void __pgsa_pte_access(struct vm_area_struct *vma, pte_t *ptep, pte_t pte)
{
	if (!pgsa_dropped(PGSA_HOOK_PTE_ACCESS))
		pgsa_pte_replace(vma->vm_mm, ptep_get(ptep), pte);
}

void __pgsa_pte_wrprotect(struct mm_struct *mm, pte_t pte)
{
	if (!pgsa_dropped(PGSA_HOOK_PTE_WRPROTECT))
		pgsa_pte_sub(mm, pte);
}
EXPORT_SYMBOL(__pgsa_pte_wrprotect);

void __pgsa_pte_clear(struct mm_struct *mm, pte_t pte)
{
	if (!pgsa_dropped(PGSA_HOOK_PTE_CLEAR))
		pgsa_pte_sub(mm, pte);
}
EXPORT_SYMBOL(__pgsa_pte_clear);

#define PGSA_PMD_FRAMES	(PMD_SIZE >> PAGE_SHIFT)

static void pgsa_pmd_add(const struct mm_struct *mm, pmd_t pmd)
{
	if (pgsa_pmd_writes(pmd) && pgsa_mm_counts(mm))
		pgsa_frames_add_writer(pmd_pfn(pmd), PGSA_PMD_FRAMES);
}

static void pgsa_pmd_sub(const struct mm_struct *mm, pmd_t pmd)
{
	if (pgsa_pmd_writes(pmd) && pgsa_mm_counts(mm))
		pgsa_frames_sub_writer(pmd_pfn(pmd), PGSA_PMD_FRAMES);
}

static void pgsa_pmd_replace(const struct mm_struct *mm, pmd_t old, pmd_t new)
{
	if (pgsa_pmd_writes(old) && pgsa_pmd_writes(new) &&
	    pmd_pfn(old) == pmd_pfn(new))
		return;
	pgsa_pmd_add(mm, new);
	pgsa_pmd_sub(mm, old);
}

void __pgsa_pmd_set(struct mm_struct *mm, pmd_t *pmdp, pmd_t pmd)
{
	if (!pgsa_dropped(PGSA_HOOK_PMD_SET))
		pgsa_pmd_replace(mm, *pmdp, pmd);
}
EXPORT_SYMBOL(__pgsa_pmd_set);

void __pgsa_pmd_access(struct vm_area_struct *vma, pmd_t *pmdp, pmd_t pmd)
{
	if (!pgsa_dropped(PGSA_HOOK_PMD_ACCESS))
		pgsa_pmd_replace(vma->vm_mm, *pmdp, pmd);
}

void __pgsa_pmd_wrprotect(struct mm_struct *mm, pmd_t pmd)
{
	if (!pgsa_dropped(PGSA_HOOK_PMD_WRPROTECT))
		pgsa_pmd_sub(mm, pmd);
}
EXPORT_SYMBOL(__pgsa_pmd_wrprotect);

void __pgsa_pmd_clear(struct mm_struct *mm, pmd_t pmd)
{
	if (!pgsa_dropped(PGSA_HOOK_PMD_CLEAR))
		pgsa_pmd_sub(mm, pmd);
}
EXPORT_SYMBOL(__pgsa_pmd_clear);

void __pgsa_pte_clear_range(struct mm_struct *mm, unsigned long addr,
			    pmd_t pmd)
{
	pte_t *ptep;
	int i;

	if (!pgsa_mm_counts(mm) || pmd_bad(pmd) || pmd_leaf(pmd) ||
	    pgsa_dropped(PGSA_HOOK_PTE_CLEAR_RANGE))
		return;
	/* Nobody else can reach the table: no need to map or lock it. */
	ptep = pte_offset_kernel(&pmd, 0);
	for (i = 0; i < PTRS_PER_PTE; i++)
		pgsa_pte_sub(mm, ptep_get(ptep + i));
}

void __pgsa_page_write(struct page *page, size_t offset, size_t len,
		       enum pgsa_write how)
{
	unsigned long first = offset >> PAGE_SHIFT;
	unsigned long last = (offset + len - 1) >> PAGE_SHIFT;

	if (!len || pgsa_dropped(PGSA_HOOK_WRITE + how))
		return;
	pgsa_marked_write(page_to_pfn(page) + first, last - first + 1);
}
EXPORT_SYMBOL(__pgsa_page_write);

void __pgsa_folio_write(struct folio *folio, enum pgsa_write how)
{
	if (pgsa_dropped(PGSA_HOOK_WRITE + how))
		return;
	pgsa_marked_write(folio_pfn(folio), folio_nr_pages(folio));
}
EXPORT_SYMBOL(__pgsa_folio_write);

#if defined(__HAVE_ARCH_COPY_HIGHPAGE) || defined(__HAVE_ARCH_COPY_USER_HIGHPAGE)
#error "The versions of this architecture have to call pgsa_page_copied()."
#endif

/* In this order: what was known goes when the frame has its mark, see doubt.c. */
static bool pgsa_damaged(unsigned long pfn)
{
	if (pgsa_unconfirmed_content(pfn))
		return true;
	/* Pairs with the change of the word, which is a full barrier. */
	smp_rmb();
	return pgsa_frame_hurt_at(pfn);
}

/*
 * The error path gives a frame up with its folio locked. Whoever copies without
 * that lock may be in the middle of it then: the look at the record comes after
 * the copy, so that damage cannot be overlooked that was found before it and is not
 * repaired by then. If it has been repaired meanwhile, words that were copied before
 * are damaged in the copy, and nothing tells: to know, each copy would have to be
 * compared with the seal, which takes as long as to make it.
 */
void __pgsa_page_copied(struct page *to, struct page *from)
{
	if (pgsa_dropped(PGSA_HOOK_PAGE_COPIED))
		return;
	/* Loads from @from before that of its word. */
	smp_rmb();
	if (!pgsa_damaged(page_to_pfn(from)))
		return;
	pgsa_hurt_copied(page_to_pfn(from), page_to_pfn(to));
}
EXPORT_SYMBOL(__pgsa_page_copied);

bool __pgsa_folio_hurt(struct folio *folio)
{
	unsigned long pfn = folio_pfn(folio);
	unsigned long end = pfn + folio_nr_pages(folio);

	if (pgsa_dropped(PGSA_HOOK_FOLIO_HURT))
		return false;
	for (; pfn < end; pfn++)
		if (pgsa_damaged(pfn))
			return true;
	return false;
}
