// SPDX-License-Identifier: GPL-2.0
/*
 * The consistency check: with the machine stopped, count again the entries that
 * can write each frame, in the page tables of every mm, and compare with the
 * records: both the counts of writers, and the marks, for no entry may write a frame
 * that is claimed. There is no race to excuse a difference: page table entries change
 * together with the records under spinlocks, which nobody holds while the
 * machine is stopped. Only a table that khugepaged has detached is not found.
 */
#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pgsa.h>
#include <linux/pgtable.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>

#include "entry.h"
#include "mark.h"
#include "oracle.h"
#include "pgsa.h"
#include "record.h"

#define PGSA_DIFFERENCES_SHOWN	16
#define PGSA_RECOUNTS		10
#define PGSA_RECOUNT_MS		20

/* Every mm from its creation until it is freed, whoever holds it. */
static LIST_HEAD(pgsa_mms);
static DEFINE_SPINLOCK(pgsa_mms_lock);

/**
 * pgsa_mm_init - a new mm has been set up
 * @mm: the mm
 *
 * Context: Process context.
 */
void pgsa_mm_init(struct mm_struct *mm)
{
	unsigned long flags;

	INIT_LIST_HEAD(&mm->pgsa_node);
	if (!pgsa_on())
		return;
	spin_lock_irqsave(&pgsa_mms_lock, flags);
	list_add(&mm->pgsa_node, &pgsa_mms);
	spin_unlock_irqrestore(&pgsa_mms_lock, flags);
}

/**
 * pgsa_mm_drop - an mm is about to be freed; it has no page tables any more
 * @mm: the mm
 *
 * Context: Any context but hard interrupts.
 */
void pgsa_mm_drop(struct mm_struct *mm)
{
	unsigned long flags;

	if (list_empty(&mm->pgsa_node))
		return;
	spin_lock_irqsave(&pgsa_mms_lock, flags);
	list_del(&mm->pgsa_node);
	spin_unlock_irqrestore(&pgsa_mms_lock, flags);
}

struct pgsa_difference {
	unsigned long pfn;
	unsigned int counted, recorded;
};

struct pgsa_recount {
	u32 *counts;		/* by frame number */
	unsigned long nr;	/* of them */
	unsigned long mms, entries, frames, too_low, too_high;
	unsigned long marked, marked_writable, unmarked;
	bool busy;		/* an mm is locked for writing, maybe */
	unsigned int shown;
	struct pgsa_difference differences[PGSA_DIFFERENCES_SHOWN];
};

static void pgsa_recount_add(struct pgsa_recount *recount, unsigned long pfn,
			     unsigned long nr)
{
	for (; nr && pfn < recount->nr; nr--, pfn++) {
		recount->counts[pfn]++;
		recount->entries++;
	}
}

static void pgsa_recount_ptes(struct pgsa_recount *recount, pmd_t *pmd)
{
	pte_t *ptep = pte_offset_kernel(pmd, 0);
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++) {
		pte_t pte = ptep_get(ptep + i);

		if (pgsa_pte_writes(pte))
			pgsa_recount_add(recount, pte_pfn(pte), 1);
	}
}

static void pgsa_recount_pmd(struct pgsa_recount *recount, pmd_t *pmdp)
{
	pmd_t pmd = pmdp_get(pmdp);

	if (pmd_none(pmd))
		return;
	if (pgsa_pmd_writes(pmd)) {
		/* hugetlb entries do not come through the PMD hooks. */
		if (pfn_valid(pmd_pfn(pmd)) &&
		    !PageHuge(pfn_to_page(pmd_pfn(pmd))))
			pgsa_recount_add(recount, pmd_pfn(pmd),
					 PMD_SIZE >> PAGE_SHIFT);
	} else if (pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd)) {
		pgsa_recount_ptes(recount, pmdp);
	}
}

static void pgsa_recount_pud(struct pgsa_recount *recount, pud_t *pudp)
{
	pmd_t *pmdp;
	int i;

	if (pud_none(*pudp) || pud_leaf(*pudp) || pud_bad(*pudp))
		return;
	pmdp = pmd_offset(pudp, 0);
	for (i = 0; i < PTRS_PER_PMD; i++)
		pgsa_recount_pmd(recount, pmdp + i);
}

static void pgsa_recount_p4d(struct pgsa_recount *recount, p4d_t *p4dp)
{
	pud_t *pudp;
	int i;

	if (p4d_none(*p4dp) || p4d_bad(*p4dp))
		return;
	pudp = pud_offset(p4dp, 0);
	for (i = 0; i < PTRS_PER_PUD; i++)
		pgsa_recount_pud(recount, pudp + i);
}

static void pgsa_recount_mm(struct pgsa_recount *recount, struct mm_struct *mm)
{
	unsigned long addr, next;

	for (addr = 0; addr < TASK_SIZE; addr = next) {
		pgd_t *pgdp = pgd_offset(mm, addr);
		p4d_t *p4dp;
		int i;

		next = pgd_addr_end(addr, TASK_SIZE);
		if (pgd_none(*pgdp) || pgd_bad(*pgdp))
			continue;
		p4dp = p4d_offset(pgdp, 0);
		for (i = 0; i < PTRS_PER_P4D; i++)
			pgsa_recount_p4d(recount, p4dp + i);
	}
	recount->busy |= rwsem_is_locked(&mm->mmap_lock);
	recount->mms++;
}

static void pgsa_recount_compare(struct pgsa_recount *recount,
				 unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	struct pgsa_frame *frame = page ? pgsa_frame_get(page) : NULL;
	unsigned int recorded;
	u64 word;

	if (!frame)
		return;
	word = pgsa_frame_word(frame);
	recorded = pgsa_word_writers(word);
	pgsa_frame_put(frame);

	recount->frames++;
	if (pgsa_word_state(word) > PGSA_FRAME_OPEN && pgsa_mark_test(pfn)) {
		recount->marked++;
		recount->marked_writable += !!recount->counts[pfn];
	}
	/* A claim may lose its mark: then it is not sealed. */
	if (pgsa_word_state(word) >= PGSA_FRAME_SEALED && pgsa_mark_lost(pfn))
		recount->unmarked++;
	if (recorded == recount->counts[pfn])
		return;
	if (recorded < recount->counts[pfn])
		recount->too_low++;
	else
		recount->too_high++;
	if (recount->shown < PGSA_DIFFERENCES_SHOWN)
		recount->differences[recount->shown++] =
			(struct pgsa_difference) {
				pfn, recount->counts[pfn], recorded,
			};
}

static int pgsa_recount_stopped(void *data)
{
	struct pgsa_recount *recount = data;
	struct mm_struct *mm;
	unsigned long pfn;

	list_for_each_entry(mm, &pgsa_mms, pgsa_node)
		pgsa_recount_mm(recount, mm);
	for (pfn = 0; pfn < recount->nr; pfn++)
		pgsa_recount_compare(recount, pfn);
	return 0;
}

static void pgsa_recount_show(struct seq_file *seq,
			      const struct pgsa_recount *recount)
{
	unsigned int i;
	bool wrong;

	seq_printf(seq, "mms %lu\nentries %lu\nframes %lu\n", recount->mms,
		   recount->entries, recount->frames);
	seq_printf(seq, "writers_too_low %lu\nwriters_too_high %lu\n",
		   recount->too_low, recount->too_high);
	seq_printf(seq, "marked %lu\nmarked_writable %lu\nsealed_unmarked %lu\nproofs_refuted %lu\n",
		   recount->marked, recount->marked_writable, recount->unmarked,
		   pgsa_oracle_refuted());
	for (i = 0; i < recount->shown; i++) {
		const struct pgsa_difference *d = &recount->differences[i];

		seq_printf(seq, "pfn 0x%lx counted %u recorded %u %s\n",
			   d->pfn, d->counted, d->recorded,
			   d->recorded < d->counted ? "too_low" : "too_high");
	}
	wrong = recount->too_low || recount->too_high ||
		recount->marked_writable || recount->unmarked ||
		pgsa_oracle_refuted();
	seq_puts(seq, wrong ? "INCONSISTENT\n" : "consistent\n");
}

static int pgsa_recount_once(struct pgsa_recount *recount)
{
	*recount = (struct pgsa_recount) { .nr = max_pfn };
	recount->counts = kvcalloc(recount->nr, sizeof(*recount->counts),
				   GFP_KERNEL | __GFP_NOWARN);
	if (!recount->counts)
		return -ENOMEM;
	stop_machine_cpuslocked(pgsa_recount_stopped, recount, NULL);
	kvfree(recount->counts);
	return 0;
}

/*
 * While khugepaged collapses a table it has it in its hands, with entries that
 * are still counted, and holds the lock of the mm. Count again then.
 */
static bool pgsa_recount_again(const struct pgsa_recount *recount)
{
	return recount->too_high && !recount->too_low && recount->busy;
}

static int pgsa_consistency_show(struct seq_file *seq, void *unused)
{
	struct pgsa_recount recount = {};
	int tries, ret = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	/* Where spinlocks sleep, somebody may hold one while the machine is stopped. */
	if (!pgsa_on() || IS_ENABLED(CONFIG_PREEMPT_RT))
		return -EOPNOTSUPP;
	/* In the order of memory hotplug. */
	cpus_read_lock();
	get_online_mems();
	for (tries = 0; tries < PGSA_RECOUNTS && !ret; tries++) {
		if (tries)
			msleep(PGSA_RECOUNT_MS);
		ret = pgsa_recount_once(&recount);
		if (!pgsa_recount_again(&recount))
			break;
	}
	put_online_mems();
	cpus_read_unlock();
	if (!ret)
		pgsa_recount_show(seq, &recount);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(pgsa_consistency);

/**
 * pgsa_consistency_init - create the file "consistency"
 * @dir: directory of PGSA in debugfs
 *
 * Context: Boot.
 */
void __init pgsa_consistency_init(struct dentry *dir)
{
	debugfs_create_file("consistency", 0400, dir, NULL,
			    &pgsa_consistency_fops);
}
