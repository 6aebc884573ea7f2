// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames may be sealed.
 *
 * A frame is admitted only if every legitimate way to write to it is known and
 * hooked. What is not named here as admitted is refused.
 */
#include <linux/fs.h>
#include <linux/memblock.h>
#include <linux/magic.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "debug.h"
#include "pgsa.h"

static const char * const pgsa_refusal_names[] = {
	[PGSA_ADMITTED]			= "ok",
	[PGSA_REFUSED_NOT_LRU]		= "not_lru",
	[PGSA_REFUSED_UNMAPPED]		= "unmapped",
	[PGSA_REFUSED_GONE]		= "gone",
	[PGSA_REFUSED_DEVICE]		= "device",
	[PGSA_REFUSED_HUGETLB]		= "hugetlb",
	[PGSA_REFUSED_POISONED]		= "poisoned",
	[PGSA_REFUSED_NOT_UPTODATE]	= "not_uptodate",
	[PGSA_REFUSED_MOVABLE]		= "movable",
	[PGSA_REFUSED_CACHE]		= "cache",
	[PGSA_REFUSED_NOT_REGULAR]	= "not_regular",
	[PGSA_REFUSED_FILESYSTEM]	= "filesystem",
	[PGSA_REFUSED_DIRTY]		= "dirty",
	[PGSA_REFUSED_WRITE_OPEN]	= "write_open",
	[PGSA_REFUSED_REFERENCED]	= "referenced",
	[PGSA_REFUSED_LOCKED]		= "locked",
	[PGSA_REFUSED_WRITABLE]		= "writable",
	[PGSA_REFUSED_UNPROVED]		= "unproved",
	[PGSA_REFUSED_SHARED]		= "shared_with_device",
};

static_assert(ARRAY_SIZE(pgsa_refusal_names) == NR_PGSA_REFUSALS);

/**
 * pgsa_refusal_name - name of a reason, as users see it
 * @refusal: the reason
 *
 * Context: Any context.
 * Return: its name; "ok" for PGSA_ADMITTED.
 */
const char *pgsa_refusal_name(enum pgsa_refusal refusal)
{
	return pgsa_refusal_names[refusal];
}

/**
 * pgsa_filesystem_known - are all writes to files of a file system known?
 * @sb: the file system
 *
 * Those to an uptodate folio must go through a hooked helper
 * (copy_page_from_iter_atomic(), zero_user_segments(), ...).
 *
 * Context: Any context.
 * Return: true if they are.
 */
bool pgsa_filesystem_known(const struct super_block *sb)
{
	switch (sb->s_magic) {
	case EXT4_SUPER_MAGIC:
	case HOSTFS_SUPER_MAGIC:
	case V9FS_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return pgsa_dropped(PGSA_RULE_FILESYSTEM);
	}
}

/* The page cache has the folio, and nobody moves it while it is locked. */
static bool pgsa_folio_cached(struct folio *folio,
			      struct address_space *mapping)
{
	return xa_load(&mapping->i_pages, folio->index) == folio ||
	       pgsa_dropped(PGSA_RULE_CACHE);
}

/* Memory of tmpfs is always dirty, for it has no other place. */
static bool pgsa_folio_clean(struct folio *folio, struct address_space *mapping)
{
	return shmem_mapping(mapping) || !folio_test_dirty(folio) ||
	       pgsa_dropped(PGSA_RULE_CLEAN);
}

/*
 * A device, a compressor or a checksum reads it just now, perhaps twice, and a
 * repair in between would give it neither the one nor the other. PG_private_2 is
 * set while a network file system writes to its local cache.
 */
static bool pgsa_folio_being_written(const struct folio *folio)
{
	return (folio_test_writeback(folio) || folio_test_private_2(folio)) &&
	       !pgsa_dropped(PGSA_RULE_WRITEBACK);
}

/*
 * Page cache of the kernel's own, which it writes to as it likes, without lock
 * or dirt: ext4 keeps its buddy bitmaps in an inode that nobody can look up and
 * whose mode may be that of a regular file that had its memory before. Files
 * for drivers are on mounts of tmpfs that are no user's, as memfd is; inodes of
 * tmpfs that are anybody's need not be hashed.
 */
static bool pgsa_inode_private(struct inode *inode)
{
	if (pgsa_dropped(PGSA_RULE_PRIVATE))
		return false;
	if (shmem_mapping(inode->i_mapping))
		return inode->i_sb->s_flags & SB_NOUSER;
	return inode_unhashed(inode);
}

static bool pgsa_folio_complete(struct folio *folio)
{
	return folio_test_uptodate(folio) || pgsa_dropped(PGSA_RULE_UPTODATE);
}

/* The folio is locked, so its mapping stays. */
static enum pgsa_refusal pgsa_file_refusal(struct folio *folio)
{
	struct address_space *mapping = folio->mapping;

	if (!mapping || !mapping->host || !pgsa_folio_cached(folio, mapping))
		return PGSA_REFUSED_CACHE;
	if (!S_ISREG(mapping->host->i_mode) && !pgsa_dropped(PGSA_RULE_REGULAR))
		return PGSA_REFUSED_NOT_REGULAR;
	if (!pgsa_filesystem_known(mapping->host->i_sb))
		return PGSA_REFUSED_FILESYSTEM;
	/*
	 * Only now, for a block device reads single buffers: its folios may never
	 * be complete, and it is not the reason that they are missing here.
	 */
	if (!pgsa_folio_complete(folio))
		return PGSA_REFUSED_NOT_UPTODATE;
	/* What a process maps is no secret of the kernel. */
	if (!folio_mapped(folio) && pgsa_inode_private(mapping->host))
		return PGSA_REFUSED_UNMAPPED;
	if (!pgsa_folio_clean(folio, mapping))
		return PGSA_REFUSED_DIRTY;
	if (atomic_read(&mapping->host->i_writecount) > 0 &&
	    !pgsa_dropped(PGSA_RULE_WRITE_OPEN))
		return PGSA_REFUSED_WRITE_OPEN;
	return PGSA_ADMITTED;
}

static int pgsa_expected_refs(const struct folio *folio)
{
	int refs = folio_mapcount(folio);

	if (folio_test_anon(folio))
		return refs + (folio_test_swapcache(folio) ?
			       folio_nr_pages(folio) : 0);
	return refs + folio_nr_pages(folio) + folio_test_private(folio);
}

/*
 * References beyond ours and those that are accounted for. Negative if that cannot
 * be told: entries may come and go while we count, so two equal looks are asked
 * for.
 */
static int pgsa_unknown_refs(const struct folio *folio)
{
	int expected = pgsa_expected_refs(folio) + 1;	/* ours */
	int refs = folio_ref_count(folio);

	/* Neither look may be moved before the other. */
	smp_rmb();
	if (expected != pgsa_expected_refs(folio) + 1 ||
	    refs != folio_ref_count(folio))
		return -1;
	return refs - expected;
}

/*
 * Each pin of a page that is no part of a larger folio is GUP_PIN_COUNTING_BIAS
 * references, and those that are accounted for are not among them: each entry that
 * maps the page has one, and anybody may have as many entries as he likes. So
 * folio_maybe_dma_pinned(), which looks at their sum, tells nothing here. Pins of
 * a large folio are counted apart as well.
 */
static bool pgsa_refs_pin(struct folio *folio, int unknown)
{
	if (folio_test_large(folio))
		return folio_maybe_dma_pinned(folio);
	return unknown >= (int)GUP_PIN_COUNTING_BIAS;
}

/*
 * Somebody who got a reference while the page was writable may write to it
 * now: O_DIRECT, io_uring buffers, RDMA, ... Pins are references, too. This is
 * asked twice: here and again after the grace period.
 */
static bool pgsa_refs_known(struct folio *folio)
{
	return (!pgsa_unknown_refs(folio) && !pgsa_refs_pin(folio, 0)) ||
	       pgsa_dropped(PGSA_RULE_REFERENCES);
}

/* Nobody writes to unmapped anonymous memory but devices that have it. */
static bool pgsa_folio_in_scope(struct folio *folio, bool unmapped)
{
	return folio_mapped(folio) || (unmapped && !folio_test_anon(folio));
}

/*
 * A device may write at any time to what is pinned. Of a page that everybody maps
 * and unmaps all the time, two looks may well differ, but hardly many times.
 */
static bool pgsa_folio_unpinned(struct folio *folio)
{
	unsigned int looks = 8;
	int unknown;

	do {
		unknown = pgsa_unknown_refs(folio);
	} while (unknown < 0 && --looks);

	return (unknown >= 0 && !pgsa_refs_pin(folio, unknown)) ||
	       pgsa_dropped(PGSA_RULE_PINS);
}

static enum pgsa_refusal pgsa_folio_refusal(struct folio *folio, bool unmapped,
					    bool readers)
{
	enum pgsa_refusal refusal;

	if (folio_is_zone_device(folio))
		return PGSA_REFUSED_DEVICE;
	if (folio_test_hugetlb(folio))
		return PGSA_REFUSED_HUGETLB;
	if (folio_test_hwpoison(folio) ||
	    (folio_test_large(folio) && folio_test_has_hwpoisoned(folio)))
		return PGSA_REFUSED_POISONED;
	if (!folio_test_lru(folio) && !pgsa_dropped(PGSA_RULE_LRU))
		return PGSA_REFUSED_NOT_LRU;
	if (!pgsa_folio_in_scope(folio, unmapped))
		return PGSA_REFUSED_UNMAPPED;
	if (__folio_test_movable(folio))
		return PGSA_REFUSED_MOVABLE;
	if (pgsa_folio_being_written(folio))
		return PGSA_REFUSED_DIRTY;
	if (!folio_test_anon(folio)) {
		refusal = pgsa_file_refusal(folio);
		if (refusal != PGSA_ADMITTED)
			return refusal;
	} else if (!pgsa_folio_complete(folio)) {
		return PGSA_REFUSED_NOT_UPTODATE;
	}
	if (pgsa_refs_known(folio) || (readers && pgsa_folio_unpinned(folio)))
		return PGSA_ADMITTED;
	return PGSA_REFUSED_REFERENCED;
}

/**
 * pgsa_page_plausible - could a frame be worth a closer look?
 * @page: the frame, which must be online
 *
 * Context: Any context. Writes nothing, so it costs others nothing.
 * Return: false for most frames: they are free or the kernel's.
 */
bool pgsa_page_plausible(const struct page *page)
{
	return PageLRU(page) || pgsa_dropped(PGSA_RULE_LRU);
}

/**
 * pgsa_page_in_scope - may a frame be of a policy's set, as far as one sees?
 * @page: the frame, which must be online
 * @unmapped: the policy's set has the page cache that no process maps
 *
 * Context: Any context. Writes nothing. The answer may be outdated at once.
 * Return: false if nothing can be proved about the frame now.
 */
bool pgsa_page_in_scope(struct page *page, bool unmapped)
{
	/* All may change meanwhile: this decides whether to look closer. */
	return data_race(pgsa_folio_in_scope(page_folio(page), unmapped));
}

static bool pgsa_folio_trylock(struct folio *folio)
{
	return pgsa_dropped(PGSA_RULE_LOCK) || folio_trylock(folio);
}

static struct folio *pgsa_folio_try(struct page *page, bool unmapped,
				    bool readers, enum pgsa_refusal *refusal)
{
	struct folio *folio;

	*refusal = PGSA_REFUSED_NOT_LRU;
	if (!pgsa_page_plausible(page))
		return NULL;
	*refusal = PGSA_REFUSED_UNMAPPED;
	if (!pgsa_page_in_scope(page, unmapped))
		return NULL;

	*refusal = PGSA_REFUSED_GONE;
	folio = pgsa_page_hold(page);
	if (!folio)
		return NULL;
	*refusal = PGSA_REFUSED_LOCKED;
	if (!pgsa_folio_trylock(folio)) {
		folio_put(folio);
		return NULL;
	}
	*refusal = pgsa_folio_refusal(folio, unmapped, readers);
	if (*refusal == PGSA_ADMITTED)
		return folio;
	pgsa_folio_unlock(folio);
	return NULL;
}

/**
 * pgsa_folio_lock - hold a frame's folio, if the frame may be sealed
 * @page: the frame, which must be online
 * @unmapped: admit page cache that no process maps
 * @refusal: why not; PGSA_ADMITTED otherwise
 *
 * Context: Process context; does not sleep, the lock is only tried.
 * Return: the folio, locked and referenced, or NULL.
 */
struct folio *pgsa_folio_lock(struct page *page, bool unmapped,
			      enum pgsa_refusal *refusal)
{
	return pgsa_folio_try(page, unmapped, false, refusal);
}

/**
 * pgsa_folio_lock_unpinned - pgsa_folio_lock() in spite of those who read
 * @page: the frame, which must be online
 * @unmapped: admit page cache that no process maps
 * @refusal: why not; PGSA_ADMITTED otherwise
 *
 * Only for a frame that is sealed: before, any reference may be a writer's, see
 * unconfirmed.c.
 *
 * Context: As pgsa_folio_lock().
 * Return: the folio, locked and referenced, or NULL.
 */
struct folio *pgsa_folio_lock_unpinned(struct page *page, bool unmapped,
				       enum pgsa_refusal *refusal)
{
	return pgsa_folio_try(page, unmapped, true, refusal);
}

/**
 * pgsa_folio_unlock - end what pgsa_folio_lock() began
 * @folio: the folio
 *
 * Context: As pgsa_folio_lock().
 */
void pgsa_folio_unlock(struct folio *folio)
{
	if (!pgsa_dropped(PGSA_RULE_LOCK))
		folio_unlock(folio);
	folio_put(folio);
}

/**
 * pgsa_page_refusal - is this frame admissible now?
 * @page: the frame, which must be online
 * @unmapped: admit page cache that no process maps
 *
 * Context: As pgsa_folio_lock(). The answer may be outdated at once.
 * Return: PGSA_ADMITTED or the reason why not.
 */
enum pgsa_refusal pgsa_page_refusal(struct page *page, bool unmapped)
{
	enum pgsa_refusal refusal;
	struct folio *folio = pgsa_folio_lock(page, unmapped, &refusal);

	if (folio)
		pgsa_folio_unlock(folio);
	return refusal;
}

/**
 * pgsa_page_hold - make sure that the content of a page can be read
 * @page: the page, which must be online
 *
 * A free page need not be readable: it may have left the kernel's mapping. The
 * page may have been freed before, and be another's now: the caller must look
 * at its word again.
 *
 * Context: Any context.
 * Return: the folio to give to folio_put(), or NULL if the page is free or is
 * becoming part of another folio.
 */
struct folio *pgsa_page_hold(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio_try_get(folio))
		return NULL;
	if (page_folio(page) == folio)
		return folio;
	folio_put(folio);
	return NULL;
}
