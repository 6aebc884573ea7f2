// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that cost too much for a kernel in use, and the boot parameter that
 * takes parts of PGSA out.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/init.h>
#include <linux/kcsan-checks.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rmap.h>
#include <linux/string.h>

#include "debug.h"
#include "entry.h"
#include "pgsa.h"
#include "record.h"

static const char * const pgsa_part_names[NR_PGSA_PARTS] = {
	[PGSA_HOOK_FREE]		= "free",
	[PGSA_HOOK_PTES_SET]		= "ptes_set",
	[PGSA_HOOK_PTE_CLEAR]		= "pte_clear",
	[PGSA_HOOK_PTE_CLEAR_RANGE]	= "pte_clear_range",
	[PGSA_HOOK_PTE_WRPROTECT]	= "pte_wrprotect",
	[PGSA_HOOK_PTE_ACCESS]		= "pte_access",
	[PGSA_HOOK_PMD_SET]		= "pmd_set",
	[PGSA_HOOK_PMD_CLEAR]		= "pmd_clear",
	[PGSA_HOOK_PMD_WRPROTECT]	= "pmd_wrprotect",
	[PGSA_HOOK_PMD_ACCESS]		= "pmd_access",
	[PGSA_HOOK_PAGE_COPIED]		= "page_copied",
	[PGSA_HOOK_FOLIO_HURT]		= "folio_hurt",
	[PGSA_HOOK_WRITE + PGSA_WRITE_COPY]	= "copy",
	[PGSA_HOOK_WRITE + PGSA_WRITE_ZERO]	= "zero",
	[PGSA_HOOK_WRITE + PGSA_WRITE_MEMCPY]	= "memcpy",
	[PGSA_HOOK_WRITE + PGSA_WRITE_FUSE]	= "fuse",
	[PGSA_HOOK_WRITE + PGSA_WRITE_FORCE]	= "force",
	[PGSA_HOOK_WRITE + PGSA_WRITE_PIN]	= "pin",
	[PGSA_HOOK_WRITE + PGSA_WRITE_DIRTY]	= "dirty",
	[PGSA_RULE_LRU]			= "lru",
	[PGSA_RULE_UPTODATE]		= "uptodate",
	[PGSA_RULE_CACHE]		= "cache",
	[PGSA_RULE_REGULAR]		= "regular",
	[PGSA_RULE_PRIVATE]		= "private",
	[PGSA_RULE_FILESYSTEM]		= "filesystem",
	[PGSA_RULE_CLEAN]		= "clean",
	[PGSA_RULE_WRITE_OPEN]		= "write_open",
	[PGSA_RULE_REFERENCES]		= "references",
	[PGSA_RULE_LOCK]		= "lock",
	[PGSA_RULE_GRACE]		= "grace",
	[PGSA_RULE_FLUSH]		= "flush",
};

u64 pgsa_drops __ro_after_init;

static int __init pgsa_drop_setup(char *arg)
{
	char *name;
	int part;

	while ((name = strsep(&arg, ","))) {
		part = match_string(pgsa_part_names, NR_PGSA_PARTS, name);
		if (part < 0) {
			pr_warn("pgsa_drop=%s: there is no such part, ignored\n",
				name);
			continue;
		}
		pgsa_drops |= BIT_ULL(part);
		pr_warn("without %s, as asked for: reports will be wrong\n",
			name);
	}
	return 0;
}
early_param("pgsa_drop", pgsa_drop_setup);

static bool pgsa_still_claimed(const struct pgsa_claim *claim)
{
	struct pgsa_frame *frame = pgsa_frame_get(pfn_to_page(claim->pfn));
	bool claimed = frame && pgsa_frame_word(frame) == claim->word;

	if (frame)
		pgsa_frame_put(frame);
	return claimed;
}

/* The page table lock is held, so the entry does not change while we look. */
static bool pgsa_walk_found_writer(const struct page_vma_mapped_walk *walk,
				   unsigned long pfn)
{
	pte_t pte;

	if (!walk->pte)
		return walk->pmd && pgsa_pmd_writes(*walk->pmd);
	pte = ptep_get(walk->pte);
	return pgsa_pte_writes(pte) && pte_pfn(pte) == pfn;
}

static bool pgsa_vma_unwritable(struct folio *folio, struct vm_area_struct *vma,
				unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(walk, folio, vma, addr, 0);
	const struct pgsa_claim *claim = arg;

	while (page_vma_mapped_walk(&walk))
		WARN_ONCE(pgsa_walk_found_writer(&walk, claim->pfn) &&
			  pgsa_still_claimed(claim),
			  "pgsa: pfn 0x%lx can be written at 0x%lx\n",
			  claim->pfn, walk.address);
	return true;
}

/**
 * pgsa_debug_unwritable - warn if an entry can write a frame without a writer
 * @folio: the folio, locked
 * @claim: the frame in it, which is being sealed
 *
 * An entry is counted before it is stored, so one that is found while the claim
 * still holds was never counted.
 *
 * Context: Between pgsa_preempt_disable() and pgsa_preempt_enable(); may sleep
 *	    all the same. Passes over what is locked by others.
 */
void pgsa_debug_unwritable(struct folio *folio, const struct pgsa_claim *claim)
{
	struct rmap_walk_control walk = {
		.arg = (void *)claim,
		.rmap_one = pgsa_vma_unwritable,
		.try_lock = true,
	};

	if (pgsa_dropped(PGSA_RULE_LOCK))
		return;
	pgsa_preempt_enable();
	/* Every such walk looks at areas that others may be changing. */
	kcsan_disable_current();
	rmap_walk(folio, &walk);
	kcsan_enable_current();
	pgsa_preempt_disable();
}
