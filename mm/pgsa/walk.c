// SPDX-License-Identifier: GPL-2.0
/*
 * The page table walk of a process that goes on living meanwhile.
 *
 * The walk goes in steps, since the lock of the address space is held for
 * reading while it runs, and who wants to change the address space waits. A step
 * is bounded by what it looks at: last-level tables, pages in them, and entries
 * of the levels above and areas that are passed over. The lock is only tried for, and the
 * thread cannot lose its CPU while it has it: a thread of the lowest priority
 * might not get it back for long.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagewalk.h>
#include <kunit/visibility.h>

#include "entry.h"
#include "pgsa.h"

#define PGSA_WALK_HOLES		1024	/* passed over in one step */
#define PGSA_WALK_PAGES		4096	/* shown in one step */

/* Areas that are made of anything but the pages of ordinary memory. */
#define PGSA_WALK_NEVER	(VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB)

/**
 * struct pgsa_step - one step of a walk
 * @addr: where to go on
 * @tables: how many more last-level tables may be looked at
 * @holes: how many more empty entries and areas
 * @pages: how many more pages may be shown
 * @fn: to whom
 * @arg: for @fn
 */
struct pgsa_step {
	unsigned long addr;
	unsigned int tables;
	unsigned int holes;
	unsigned int pages;
	bool (*fn)(struct page *page, void *arg);
	void *arg;
};

static bool pgsa_step_page(struct pgsa_step *step, struct page *page)
{
	return step->pages && step->fn(page, step->arg) && step->pages--;
}

/* Nothing of use is there. */
static int pgsa_step_over(struct pgsa_step *step, unsigned long next)
{
	step->addr = next;
	return step->holes-- <= 1;
}

static int pgsa_step_hole(unsigned long addr, unsigned long next, int depth,
			  struct mm_walk *walk)
{
	return pgsa_step_over(walk->private, next);
}

static int pgsa_step_area(unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	struct pgsa_step *step = walk->private;

	step->addr = addr;
	if (!(walk->vma->vm_flags & PGSA_WALK_NEVER))
		return 0;
	/* A positive number leaves the area out, a negative one ends all. */
	return pgsa_step_over(step, next) ? -EINTR : 1;
}

/* Only devices map that much with one entry. */
static int pgsa_step_pud(pud_t *pud, unsigned long addr, unsigned long next,
			 struct mm_walk *walk)
{
	if (!pud_leaf(*pud))
		return 0;
	walk->action = ACTION_CONTINUE;
	return pgsa_step_over(walk->private, next);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* Returns 1 if not all of the page was taken. */
static int pgsa_step_huge(pmd_t pmd, unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	struct pgsa_step *step = walk->private;
	struct page *page = NULL;

	if (pmd_present(pmd) && !pgsa_pmd_writes(pmd))
		page = vm_normal_page_pmd(walk->vma, addr, pmd);
	for (; page && addr < next; addr += PAGE_SIZE) {
		struct page *part = page + (addr & ~PMD_MASK) / PAGE_SIZE;

		if (!pgsa_step_page(step, part))
			break;
	}
	step->addr = page ? addr : next;
	return step->addr < next;
}
#else
static int pgsa_step_huge(pmd_t pmd, unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	return 0;
}
#endif

static int pgsa_step_table(pte_t *ptep, unsigned long addr, unsigned long next,
			   struct mm_walk *walk)
{
	struct pgsa_step *step = walk->private;

	for (; addr < next; addr += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);
		struct page *page;

		if (!pte_present(pte) || pgsa_pte_writes(pte))
			continue;
		page = vm_normal_page(walk->vma, addr, pte);
		if (page && !pgsa_step_page(step, page))
			break;
	}
	step->addr = addr;
	return addr < next;
}

static int pgsa_step_pmd(pmd_t *pmd, unsigned long addr, unsigned long next,
			 struct mm_walk *walk)
{
	struct pgsa_step *step = walk->private;
	spinlock_t *ptl = pmd_trans_huge_lock(pmd, walk->vma);
	pte_t *pte;
	int stop;

	if (ptl) {
		stop = pgsa_step_huge(*pmd, addr, next, walk);
		spin_unlock(ptl);
	} else {
		pte = pte_offset_map_lock(walk->mm, pmd, addr, &ptl);
		if (!pte)	/* it has just gone */
			return pgsa_step_over(step, next);
		stop = pgsa_step_table(pte, addr, next, walk);
		pte_unmap_unlock(pte, ptl);
	}
	return stop || --step->tables == 0;
}

static const struct mm_walk_ops pgsa_step_ops = {
	.pud_entry = pgsa_step_pud,
	.pmd_entry = pgsa_step_pmd,
	.pte_hole = pgsa_step_hole,
	.test_walk = pgsa_step_area,
	.walk_lock = PGWALK_RDLOCK,
};

/**
 * pgsa_walk_mm_timed - one bounded step over the pages that an mm cannot write
 * @mm: the mm; the caller holds it
 * @addr: address to go on with, 0 at first; where to go on next time, 0 at the
 *	  end. It stays as it is when the lock was not free
 * @fn: called for each page that is mapped by an entry that cannot write it, in
 *	the order of addresses, huge pages in parts. False stops the step, and
 *	the page will be the first of the next
 * @arg: for @fn
 * @held_ns: set to the time for which the lock was held
 *
 * Pages that are no ordinary memory are left out. A page that moves to another
 * address meanwhile may be missed, or met twice.
 *
 * Context: Process context; does not sleep. Holds the mmap_lock for reading,
 *	    with preemption disabled, for PGSA_WALK_TABLES tables. Calls @fn
 *	    under a page table lock.
 * Return: 1 if there is more to come, 0 at the end, -EAGAIN if the lock was not
 * free.
 */
int pgsa_walk_mm_timed(struct mm_struct *mm, unsigned long *addr,
		       bool (*fn)(struct page *page, void *arg), void *arg,
		       u64 *held_ns)
{
	const unsigned long end = ULONG_MAX & PAGE_MASK;
	struct pgsa_step step = {
		.addr = *addr,
		.tables = PGSA_WALK_TABLES,
		.holes = PGSA_WALK_HOLES,
		.pages = PGSA_WALK_PAGES,
		.fn = fn,
		.arg = arg,
	};
	bool more;
	u64 ns;

	*held_ns = 0;
	pgsa_preempt_disable();
	if (!mmap_read_trylock(mm)) {
		pgsa_preempt_enable();
		return -EAGAIN;
	}
	ns = ktime_get_ns();
	more = walk_page_range(mm, step.addr, end, &pgsa_step_ops, &step);
	*held_ns = ktime_get_ns() - ns;
	mmap_read_unlock(mm);
	pgsa_preempt_enable();

	more = more && step.addr < end;
	*addr = more ? step.addr : 0;
	return more;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_walk_mm_timed);

/**
 * pgsa_walk_mm - pgsa_walk_mm_timed() for those who do not ask for the time
 * @mm: as there
 * @addr: as there
 * @fn: as there
 * @arg: as there
 *
 * Context: As there.
 * Return: As there.
 */
int pgsa_walk_mm(struct mm_struct *mm, unsigned long *addr,
		 bool (*fn)(struct page *page, void *arg), void *arg)
{
	u64 held_ns;

	return pgsa_walk_mm_timed(mm, addr, fn, arg, &held_ns);
}
