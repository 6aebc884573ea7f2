/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which frames may be sealed, and why others may not.
 */
#ifndef _PGSA_PAGE_H
#define _PGSA_PAGE_H

#include <linux/types.h>

struct folio;
struct page;
struct super_block;

/* page.c */

/**
 * enum pgsa_refusal - why a frame may not be sealed now
 * @PGSA_ADMITTED: it may
 * @PGSA_REFUSED_NOT_LRU: not on an LRU list: no page cache or anonymous memory
 * @PGSA_REFUSED_UNMAPPED: no process maps it, and it is not page cache that is
 *			   admitted all the same
 * @PGSA_REFUSED_GONE: it was freed or became part of another folio meanwhile
 * @PGSA_REFUSED_DEVICE: device memory
 * @PGSA_REFUSED_HUGETLB: part of a hugetlb page
 * @PGSA_REFUSED_POISONED: known to be broken
 * @PGSA_REFUSED_NOT_UPTODATE: being read from storage
 * @PGSA_REFUSED_MOVABLE: movable memory of a driver
 * @PGSA_REFUSED_CACHE: its page cache entry is not the usual one
 * @PGSA_REFUSED_NOT_REGULAR: not of a regular file
 * @PGSA_REFUSED_FILESYSTEM: of a file system whose writers are not all known
 * @PGSA_REFUSED_DIRTY: dirty, or being written back
 * @PGSA_REFUSED_WRITE_OPEN: of a file that is open for writing
 * @PGSA_REFUSED_REFERENCED: somebody holds a reference that may be a writer's
 * @PGSA_REFUSED_LOCKED: the folio is locked
 * @PGSA_REFUSED_WRITABLE: a page table entry can write it
 * @PGSA_REFUSED_UNPROVED: whether an entry can write it was not to be found out
 * @PGSA_REFUSED_SHARED: nothing is sealed, for a device walks page tables of a
 *			 process; only when it is to be sealed
 * @NR_PGSA_REFUSALS: number of reasons
 */
enum pgsa_refusal {
	PGSA_ADMITTED,
	PGSA_REFUSED_NOT_LRU,
	PGSA_REFUSED_UNMAPPED,
	PGSA_REFUSED_GONE,
	PGSA_REFUSED_DEVICE,
	PGSA_REFUSED_HUGETLB,
	PGSA_REFUSED_POISONED,
	PGSA_REFUSED_NOT_UPTODATE,
	PGSA_REFUSED_MOVABLE,
	PGSA_REFUSED_CACHE,
	PGSA_REFUSED_NOT_REGULAR,
	PGSA_REFUSED_FILESYSTEM,
	PGSA_REFUSED_DIRTY,
	PGSA_REFUSED_WRITE_OPEN,
	PGSA_REFUSED_REFERENCED,
	PGSA_REFUSED_LOCKED,
	PGSA_REFUSED_WRITABLE,
	PGSA_REFUSED_UNPROVED,
	PGSA_REFUSED_SHARED,
	NR_PGSA_REFUSALS
};

const char *pgsa_refusal_name(enum pgsa_refusal refusal);
bool pgsa_filesystem_known(const struct super_block *sb);
bool pgsa_page_plausible(const struct page *page);
bool pgsa_page_in_scope(struct page *page, bool unmapped);
enum pgsa_refusal pgsa_page_refusal(struct page *page, bool unmapped);
struct folio *pgsa_folio_lock(struct page *page, bool unmapped,
			      enum pgsa_refusal *refusal);
struct folio *pgsa_folio_lock_unpinned(struct page *page, bool unmapped,
				       enum pgsa_refusal *refusal);
void pgsa_folio_unlock(struct folio *folio);
struct folio *pgsa_page_hold(struct page *page);

#endif /* _PGSA_PAGE_H */
