/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts that keep the set of frames right. A debug kernel can go without some
 * of them, to show that a test fails then: pgsa_drop=NAME,... at boot, or the file
 * drop in debugfs.
 */
#ifndef _PGSA_DEBUG_H
#define _PGSA_DEBUG_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/pgsa.h>
#include <linux/types.h>

/**
 * enum pgsa_part - what can be taken out
 * @PGSA_HOOK_FREE: pgsa_page_free()
 * @PGSA_HOOK_PTES_SET: pgsa_ptes_set()
 * @PGSA_HOOK_PTE_CLEAR: pgsa_pte_clear()
 * @PGSA_HOOK_PTE_CLEAR_RANGE: pgsa_pte_clear_range()
 * @PGSA_HOOK_PTE_WRPROTECT: pgsa_pte_wrprotect()
 * @PGSA_HOOK_PTE_ACCESS: pgsa_pte_access()
 * @PGSA_HOOK_PMD_SET: pgsa_pmd_set()
 * @PGSA_HOOK_PMD_CLEAR: pgsa_pmd_clear()
 * @PGSA_HOOK_PMD_WRPROTECT: pgsa_pmd_wrprotect()
 * @PGSA_HOOK_PMD_ACCESS: pgsa_pmd_access()
 * @PGSA_HOOK_PAGE_COPIED: pgsa_page_copied()
 * @PGSA_HOOK_FOLIO_HURT: pgsa_folio_hurt()
 * @PGSA_HOOK_WRITE: pgsa_page_write() and pgsa_folio_write(), the first enum
 *		     pgsa_write; the others follow
 * @PGSA_RULE_LRU: the frame is on an LRU list
 * @PGSA_RULE_UPTODATE: its content has been read
 * @PGSA_RULE_CACHE: the page cache has the folio where the folio says
 * @PGSA_RULE_REGULAR: of a regular file
 * @PGSA_RULE_PRIVATE: of a file that is not the kernel's own, if nobody maps it
 * @PGSA_RULE_FILESYSTEM: on a file system all of whose writes are known
 * @PGSA_RULE_CLEAN: not dirty
 * @PGSA_RULE_WRITEBACK: not being written to storage or swap
 * @PGSA_RULE_WRITE_OPEN: of a file that nobody has open for writing
 * @PGSA_RULE_REFERENCES: nobody unknown holds a reference
 * @PGSA_RULE_PINS: a pin is respected where other references are not
 * @PGSA_RULE_LOCK: the folio is locked by us
 * @PGSA_RULE_MARK: claimed frames have a mark, and hooks find it
 * @PGSA_RULE_GRACE: a grace period passes before frames are sealed
 * @PGSA_RULE_FLUSH: all TLBs are flushed before frames are sealed
 * @PGSA_PROOF_MAPPED: a file that is mapped shared and writable can be written
 * @PGSA_PROOF_EXCLUSIVE: so can exclusive anonymous memory, unless a walk proves it
 * @PGSA_PROOF_WALK: what the walk through the reverse mapping finds counts
 * @PGSA_PROOF_COUNT: and it has to find all entries
 * @PGSA_PROOF_AGAIN: all is proved again when a frame is sealed, and before an error
 * @NR_PGSA_PARTS: number of parts
 */
enum pgsa_part {
	PGSA_HOOK_FREE,
	PGSA_HOOK_PTES_SET,
	PGSA_HOOK_PTE_CLEAR,
	PGSA_HOOK_PTE_CLEAR_RANGE,
	PGSA_HOOK_PTE_WRPROTECT,
	PGSA_HOOK_PTE_ACCESS,
	PGSA_HOOK_PMD_SET,
	PGSA_HOOK_PMD_CLEAR,
	PGSA_HOOK_PMD_WRPROTECT,
	PGSA_HOOK_PMD_ACCESS,
	PGSA_HOOK_PAGE_COPIED,
	PGSA_HOOK_FOLIO_HURT,
	PGSA_HOOK_WRITE,
	PGSA_RULE_LRU = PGSA_HOOK_WRITE + NR_PGSA_WRITES,
	PGSA_RULE_UPTODATE,
	PGSA_RULE_CACHE,
	PGSA_RULE_REGULAR,
	PGSA_RULE_PRIVATE,
	PGSA_RULE_FILESYSTEM,
	PGSA_RULE_CLEAN,
	PGSA_RULE_WRITEBACK,
	PGSA_RULE_WRITE_OPEN,
	PGSA_RULE_REFERENCES,
	PGSA_RULE_PINS,
	PGSA_RULE_LOCK,
	PGSA_RULE_MARK,
	PGSA_RULE_GRACE,
	PGSA_RULE_FLUSH,
	PGSA_PROOF_MAPPED,
	PGSA_PROOF_EXCLUSIVE,
	PGSA_PROOF_WALK,
	PGSA_PROOF_COUNT,
	PGSA_PROOF_AGAIN,
	NR_PGSA_PARTS
};

struct dentry;
struct folio;
struct pgsa_claim;

#ifdef CONFIG_PGSA_DEBUG
extern u64 pgsa_drops;

static inline bool pgsa_dropped(enum pgsa_part part)
{
	return unlikely(READ_ONCE(pgsa_drops) & BIT_ULL(part));
}

void pgsa_drops_hold(void);
void pgsa_drops_release(void);
void pgsa_drops_init(struct dentry *dir);

void pgsa_debug_unwritable(struct folio *folio, const struct pgsa_claim *claim);
#else
static inline bool pgsa_dropped(enum pgsa_part part)
{
	return false;
}

static inline void pgsa_drops_hold(void) {}
static inline void pgsa_drops_release(void) {}
static inline void pgsa_drops_init(struct dentry *dir) {}
static inline void pgsa_debug_unwritable(struct folio *folio,
					 const struct pgsa_claim *claim) {}
#endif

#endif /* _PGSA_DEBUG_H */
