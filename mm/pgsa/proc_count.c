// SPDX-License-Identifier: GPL-2.0
/*
 * How many pages of an address space are protected.
 *
 * The page tables are walked in steps of PGSA_PROC_STEP entries. Only within a
 * step are the lock of the address space and a reference to it held, so that a
 * reader keeps nobody from mapping memory or from exiting for longer than that;
 * the processor is given to others between the steps, not within.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagewalk.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "pgsa.h"
#include "proc.h"
#include "record.h"

#define PGSA_PROC_STEP	4096	/* entries, of 8 last tables */

/**
 * struct pgsa_proc_walk - a walk through page tables
 * @count: what was found so far
 * @next: where to go on
 * @budget: entries to look at in this step
 */
struct pgsa_proc_walk {
	struct pgsa_proc_count *count;
	unsigned long next;
	long budget;
};

/*
 * What would be refused now, because it is dirty or of a file system that is
 * not known, is not in the set; what is sealed needs no such look.
 */
static void pgsa_proc_count_page(struct pgsa_proc_count *count,
				 struct page *page)
{
	struct pgsa_frame *frame = pgsa_frame_get(page);
	u64 word;

	count->resident++;
	if (!frame)
		return;
	word = pgsa_frame_word(frame);
	pgsa_frame_put(frame);

	if (pgsa_word_state(word) == PGSA_FRAME_SEALED ||
	    pgsa_word_state(word) == PGSA_FRAME_CHECKING) {
		count->sealed++;
		count->set++;
	} else if (!(word & (PGSA_WORD_WRITERS | PGSA_WORD_HURT))) {
		count->set += pgsa_page_refusal(page, false) ==
			      PGSA_ADMITTED;
	}
}

/* Ends the step when it has done enough. Below 0, or the walk would go on. */
static int pgsa_proc_charge(struct pgsa_proc_walk *walk, unsigned long next,
			    unsigned long entries)
{
	walk->next = next;
	walk->budget -= entries;
	return walk->budget > 0 ? 0 : -EAGAIN;
}

static void pgsa_proc_count_pmd(struct pgsa_proc_count *count,
				struct vm_area_struct *vma, pmd_t pmd,
				unsigned long addr, unsigned long end)
{
	struct page *page;

	if (!pmd_present(pmd))
		return;
	page = vm_normal_page_pmd(vma, addr, pmd);
	if (!page)
		return;
	page = nth_page(page, (addr & ~PMD_MASK) >> PAGE_SHIFT);
	for (; addr < end; addr += PAGE_SIZE, page = nth_page(page, 1))
		pgsa_proc_count_page(count, page);
}

static void pgsa_proc_count_ptes(struct pgsa_proc_count *count,
				 struct vm_area_struct *vma, pte_t *ptep,
				 unsigned long addr, unsigned long end)
{
	struct page *page;
	pte_t pte;

	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte = ptep_get(ptep);
		if (!pte_present(pte))
			continue;
		page = vm_normal_page(vma, addr, pte);
		if (page)
			pgsa_proc_count_page(count, page);
	}
}

/* The page table lock, for the time of one table, keeps the pages mapped. */
static int pgsa_proc_pmd_entry(pmd_t *pmd, unsigned long addr,
			       unsigned long end, struct mm_walk *mm_walk)
{
	struct pgsa_proc_walk *walk = mm_walk->private;
	spinlock_t *ptl;	/* of the table or the huge page */
	pte_t *ptep;

	ptl = pmd_trans_huge_lock(pmd, mm_walk->vma);
	if (ptl) {
		pgsa_proc_count_pmd(walk->count, mm_walk->vma, *pmd, addr, end);
		spin_unlock(ptl);
	} else {
		ptep = pte_offset_map_lock(mm_walk->mm, pmd, addr, &ptl);
		if (!ptep) {
			mm_walk->action = ACTION_AGAIN;
			return 0;
		}
		pgsa_proc_count_ptes(walk->count, mm_walk->vma, ptep, addr,
				     end);
		pte_unmap_unlock(ptep, ptl);
	}
	return pgsa_proc_charge(walk, end, 1 + ((end - addr) >> PAGE_SHIFT));
}

static int pgsa_proc_pte_hole(unsigned long addr, unsigned long next, int depth,
			      struct mm_walk *mm_walk)
{
	return pgsa_proc_charge(mm_walk->private, next, 1);
}

/* Neither memory of devices nor hugetlb pages count as resident in smaps. */
static int pgsa_proc_test_walk(unsigned long addr, unsigned long next,
			       struct mm_walk *mm_walk)
{
	if (!(mm_walk->vma->vm_flags & (VM_PFNMAP | VM_HUGETLB)))
		return 0;
	return pgsa_proc_charge(mm_walk->private, next, 1) ?: 1;
}

static const struct mm_walk_ops pgsa_proc_walk_ops = {
	.pmd_entry = pgsa_proc_pmd_entry,
	.pte_hole = pgsa_proc_pte_hole,
	.test_walk = pgsa_proc_test_walk,
	.walk_lock = PGWALK_RDLOCK,
};

/**
 * pgsa_proc_lock - begin a bounded step in an address space
 * @mm: the address space, grabbed by the caller
 *
 * Context: Process context, sleeps.
 * Return: 0, -ESRCH when the last process that used it has gone, or -EINTR for
 * a fatal signal.
 */
int pgsa_proc_lock(struct mm_struct *mm)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	if (!mmap_read_lock_killable(mm))
		return 0;
	mmput(mm);
	return -EINTR;
}

/**
 * pgsa_proc_unlock - end what pgsa_proc_lock() began
 * @mm: the address space
 *
 * Context: Process context. If its last user has gone meanwhile, the address
 * space is taken down here.
 */
void pgsa_proc_unlock(struct mm_struct *mm)
{
	mmap_read_unlock(mm);
	mmput(mm);
}

/**
 * pgsa_proc_count - count the pages that are mapped in a range of addresses
 * @count: the result
 * @mm: the address space, grabbed by the caller
 * @start: first address
 * @end: address behind the last
 *
 * Context: As pgsa_proc_lock(), not locked.
 * Return: As pgsa_proc_lock().
 */
int pgsa_proc_count(struct pgsa_proc_count *count, struct mm_struct *mm,
		    unsigned long start, unsigned long end)
{
	struct pgsa_proc_walk walk = { .count = count, .next = start };
	int ret;

	*count = (struct pgsa_proc_count) {};
	while (walk.next < end) {
		ret = pgsa_proc_lock(mm);
		if (ret)
			return ret;
		walk.budget = PGSA_PROC_STEP;
		ret = walk_page_range(mm, walk.next, end, &pgsa_proc_walk_ops,
				      &walk);
		pgsa_proc_unlock(mm);
		if (ret != -EAGAIN)
			break;
		cond_resched();
	}
	return 0;
}
