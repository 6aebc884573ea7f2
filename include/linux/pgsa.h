/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PGSA - finds and repairs soft errors in page frames that software may not
 * write.
 *
 * This is all that the rest of the kernel sees of it: the events after which
 * the content of a frame may change. A hook must come before the content can
 * change, may be called in any context including with interrupts off, and
 * costs one patched-out branch unless the kernel was booted with pgsa=on. Two
 * more keep known damage from passing for good elsewhere, and one tells of
 * tasks that are switched in, if there is a policy that asks.
 *
 * Included from page_table_check.h, and so from the middle of asm/pgtable.h:
 * pte_t and pmd_t must be known, so other files include <linux/mm.h> first.
 */
#ifndef _LINUX_PGSA_H
#define _LINUX_PGSA_H

#include <linux/compiler.h>
#include <linux/jump_label.h>
#include <linux/types.h>

struct file;
struct folio;
struct inode;
struct mm_struct;
struct page;
struct page_ext_operations;
struct task_struct;
struct vm_area_struct;

/**
 * enum pgsa_write - how the kernel is about to write to a page
 * @PGSA_WRITE_COPY: copy_page_from_iter_atomic(): write(2)
 * @PGSA_WRITE_ZERO: zero_user_segments(): truncation, holes, ends of files
 * @PGSA_WRITE_MEMCPY: the other helpers of highmem.h
 * @PGSA_WRITE_FUSE: data from a FUSE server
 * @PGSA_WRITE_FORCE: FOLL_FORCE: debuggers, /proc/PID/mem
 * @PGSA_WRITE_PIN: a driver gets a reference to shared memory, to write by
 * @PGSA_WRITE_DIRTY: the folio becomes dirty; the write may have been before
 * @NR_PGSA_WRITES: number of ways
 */
enum pgsa_write {
	PGSA_WRITE_COPY,
	PGSA_WRITE_ZERO,
	PGSA_WRITE_MEMCPY,
	PGSA_WRITE_FUSE,
	PGSA_WRITE_FORCE,
	PGSA_WRITE_PIN,
	PGSA_WRITE_DIRTY,
	NR_PGSA_WRITES
};

#ifdef CONFIG_PGSA

DECLARE_STATIC_KEY_FALSE(pgsa_key);
DECLARE_STATIC_KEY_FALSE(pgsa_schedule_key);
extern struct page_ext_operations pgsa_page_ext_ops;

void __pgsa_page_free(struct page *page, unsigned int order);
void __pgsa_ptes_set(struct mm_struct *mm, pte_t *ptep, pte_t pte,
		     unsigned int nr);
void __pgsa_pte_access(struct vm_area_struct *vma, pte_t *ptep, pte_t pte);
void __pgsa_pte_wrprotect(struct mm_struct *mm, pte_t pte);
void __pgsa_pte_clear(struct mm_struct *mm, pte_t pte);
void __pgsa_pmd_set(struct mm_struct *mm, pmd_t *pmdp, pmd_t pmd);
void __pgsa_pmd_access(struct vm_area_struct *vma, pmd_t *pmdp, pmd_t pmd);
void __pgsa_pmd_wrprotect(struct mm_struct *mm, pmd_t pmd);
void __pgsa_pmd_clear(struct mm_struct *mm, pmd_t pmd);
void __pgsa_pte_clear_range(struct mm_struct *mm, unsigned long addr,
			    pmd_t pmd);
void __pgsa_page_write(struct page *page, size_t offset, size_t len,
		       enum pgsa_write how);
void __pgsa_folio_write(struct folio *folio, enum pgsa_write how);
void __pgsa_page_copied(struct page *to, struct page *from);
bool __pgsa_folio_hurt(struct folio *folio);
void __pgsa_sched_in(struct task_struct *task);
void pgsa_task_init(struct task_struct *task);

/* For fs/proc/base.c alone. */
int pgsa_proc_open(struct file *file, struct mm_struct *mm);
int pgsa_proc_release(struct inode *inode, struct file *file);

/**
 * pgsa_on - is the kernel keeping frame records?
 *
 * Context: Any context.
 * Return: true when booted with pgsa=on.
 */
static __always_inline bool pgsa_on(void)
{
	return static_branch_unlikely(&pgsa_key);
}

/*
 * Without any of these bits an entry cannot write. That saves most calls: those
 * for entries of files and, after fork(), of anonymous memory. A shadow stack is
 * written through entries that are dirty and not writable. Not pte_write(), which
 * is defined further down in asm/pgtable.h.
 */
#define PGSA_PTE_MAY_WRITE	(_PAGE_RW | _PAGE_DIRTY)

/**
 * pgsa_page_free - a block of frames is about to be freed
 * @page: first page of the block
 * @order: log2 of the number of frames
 *
 * Context: Any context.
 */
static inline void pgsa_page_free(struct page *page, unsigned int order)
{
	if (pgsa_on())
		__pgsa_page_free(page, order);
}

/**
 * pgsa_ptes_set - consecutive page table entries are about to be stored
 * @mm: address space they belong to
 * @ptep: first entry, still with its old value
 * @pte: new value of the first; the next ones map the next frames
 * @nr: number of entries
 *
 * Context: Page table lock held.
 */
static inline void pgsa_ptes_set(struct mm_struct *mm, pte_t *ptep, pte_t pte,
				 unsigned int nr)
{
	if (pgsa_on() &&
	    (pte.pte | READ_ONCE(ptep->pte)) & PGSA_PTE_MAY_WRITE)
		__pgsa_ptes_set(mm, ptep, pte, nr);
}

/**
 * pgsa_pte_access - one entry is about to be changed in place, by a fault
 * @vma: area it belongs to
 * @ptep: the entry, still with its old value
 * @pte: its new value, for the same frame
 *
 * Context: Page table lock held.
 */
static inline void pgsa_pte_access(struct vm_area_struct *vma, pte_t *ptep,
				   pte_t pte)
{
	if (pgsa_on())
		__pgsa_pte_access(vma, ptep, pte);
}

/**
 * pgsa_pte_wrprotect - one entry has been made read-only in place
 * @mm: address space it belongs to
 * @pte: the value it had
 *
 * Context: Page table lock held.
 */
static inline void pgsa_pte_wrprotect(struct mm_struct *mm, pte_t pte)
{
	if (pgsa_on() && pte.pte & PGSA_PTE_MAY_WRITE)
		__pgsa_pte_wrprotect(mm, pte);
}

/**
 * pgsa_pte_clear - one entry has been cleared
 * @mm: address space it belongs to
 * @pte: the value it had
 *
 * Context: Page table lock held.
 */
static inline void pgsa_pte_clear(struct mm_struct *mm, pte_t pte)
{
	if (pgsa_on() && pte.pte & PGSA_PTE_MAY_WRITE)
		__pgsa_pte_clear(mm, pte);
}

/**
 * pgsa_pmd_set - a PMD that may be a leaf is about to be stored
 * @mm: address space it belongs to
 * @pmdp: the entry, still with its old value
 * @pmd: its new value
 *
 * Context: PMD lock held.
 */
static inline void pgsa_pmd_set(struct mm_struct *mm, pmd_t *pmdp, pmd_t pmd)
{
	if (pgsa_on())
		__pgsa_pmd_set(mm, pmdp, pmd);
}

/**
 * pgsa_pmd_access - as pgsa_pte_access(), for a PMD that is a leaf
 * @vma: area it belongs to
 * @pmdp: the entry, still with its old value
 * @pmd: its new value, for the same frames
 *
 * Context: PMD lock held.
 */
static inline void pgsa_pmd_access(struct vm_area_struct *vma, pmd_t *pmdp,
				   pmd_t pmd)
{
	if (pgsa_on())
		__pgsa_pmd_access(vma, pmdp, pmd);
}

/**
 * pgsa_pmd_wrprotect - as pgsa_pte_wrprotect(), for a PMD that is a leaf
 * @mm: address space it belongs to
 * @pmd: the value it had
 *
 * Context: PMD lock held.
 */
static inline void pgsa_pmd_wrprotect(struct mm_struct *mm, pmd_t pmd)
{
	if (pgsa_on())
		__pgsa_pmd_wrprotect(mm, pmd);
}

/**
 * pgsa_pmd_clear - a PMD that may have been a leaf has been cleared
 * @mm: address space it belongs to
 * @pmd: the value it had
 *
 * Context: PMD lock held.
 */
static inline void pgsa_pmd_clear(struct mm_struct *mm, pmd_t pmd)
{
	if (pgsa_on())
		__pgsa_pmd_clear(mm, pmd);
}

/**
 * pgsa_pte_clear_range - a detached table of entries is given up
 * @mm: address space it belonged to
 * @addr: first address it mapped
 * @pmd: the PMD value that pointed to the table
 *
 * Context: The table is unreachable for others.
 */
static inline void pgsa_pte_clear_range(struct mm_struct *mm,
					unsigned long addr, pmd_t pmd)
{
	if (pgsa_on())
		__pgsa_pte_clear_range(mm, addr, pmd);
}

/**
 * pgsa_page_write - the kernel is about to write to a page
 * @page: the page; with @offset beyond it, one of the same folio
 * @offset: first byte to be written
 * @len: number of bytes
 * @how: the way in which it writes
 *
 * Context: Any context. The writer keeps the folio locked, or holds a
 *	    reference to it, until it has finished writing.
 */
static inline void pgsa_page_write(struct page *page, size_t offset,
				   size_t len, enum pgsa_write how)
{
	if (pgsa_on())
		__pgsa_page_write(page, offset, len, how);
}

/**
 * pgsa_folio_write - the kernel writes, or lets write, anywhere in a folio
 * @folio: the folio
 * @how: the way in which it writes
 *
 * Context: Any context; otherwise as pgsa_page_write().
 */
static inline void pgsa_folio_write(struct folio *folio, enum pgsa_write how)
{
	if (pgsa_on())
		__pgsa_folio_write(folio, how);
}

/**
 * pgsa_page_copied - all of a page has been copied to another
 * @to: the page that has the content now
 * @from: the page that has it, too, or had it
 *
 * If the content is known to be damaged, so is the copy: it is not sealed either
 * before it has been freed.
 *
 * Context: Any context. Nobody has been given @to yet.
 */
static inline void pgsa_page_copied(struct page *to, struct page *from)
{
	if (pgsa_on())
		__pgsa_page_copied(to, from);
}

/**
 * pgsa_folio_hurt - is the content of a folio known to be damaged?
 * @folio: the folio
 *
 * Such a folio must not go where pgsa_page_copied() cannot follow: to swap or
 * to a device.
 *
 * Context: Any context. The answer holds while the folio is locked.
 * Return: true if that of one of its frames is, or may be.
 */
static inline bool pgsa_folio_hurt(struct folio *folio)
{
	return pgsa_on() && __pgsa_folio_hurt(folio);
}

/**
 * pgsa_sched_in - a task has been switched in
 * @task: the task, which is current
 *
 * Context: Preemption disabled, interrupts on, no run queue locked.
 */
static inline void pgsa_sched_in(struct task_struct *task)
{
	if (static_branch_unlikely(&pgsa_schedule_key))
		__pgsa_sched_in(task);
}

#else /* CONFIG_PGSA */

static inline void pgsa_page_free(struct page *page, unsigned int order) {}
static inline void pgsa_ptes_set(struct mm_struct *mm, pte_t *ptep, pte_t pte,
				 unsigned int nr) {}
static inline void pgsa_pte_access(struct vm_area_struct *vma, pte_t *ptep,
				   pte_t pte) {}
static inline void pgsa_pte_wrprotect(struct mm_struct *mm, pte_t pte) {}
static inline void pgsa_pte_clear(struct mm_struct *mm, pte_t pte) {}
static inline void pgsa_pmd_set(struct mm_struct *mm, pmd_t *pmdp, pmd_t pmd)
{
}

static inline void pgsa_pmd_access(struct vm_area_struct *vma, pmd_t *pmdp,
				   pmd_t pmd) {}
static inline void pgsa_pmd_wrprotect(struct mm_struct *mm, pmd_t pmd) {}
static inline void pgsa_pmd_clear(struct mm_struct *mm, pmd_t pmd) {}
static inline void pgsa_pte_clear_range(struct mm_struct *mm,
					unsigned long addr, pmd_t pmd) {}
static inline void pgsa_page_write(struct page *page, size_t offset,
				   size_t len, enum pgsa_write how) {}
static inline void pgsa_folio_write(struct folio *folio, enum pgsa_write how)
{
}

static inline void pgsa_page_copied(struct page *to, struct page *from) {}

static inline bool pgsa_folio_hurt(struct folio *folio)
{
	return false;
}

static inline void pgsa_sched_in(struct task_struct *task) {}
static inline void pgsa_task_init(struct task_struct *task) {}

#endif /* CONFIG_PGSA */

#ifdef CONFIG_PGSA_INJECT
void pgsa_mm_init(struct mm_struct *mm);
void pgsa_mm_drop(struct mm_struct *mm);
#else
static inline void pgsa_mm_init(struct mm_struct *mm) {}
static inline void pgsa_mm_drop(struct mm_struct *mm) {}
#endif

#endif /* _LINUX_PGSA_H */
