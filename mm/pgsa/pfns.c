// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames there are, in the order of their numbers: holes, and blocks that
 * are free, are passed over as a whole.
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <kunit/visibility.h>

#include "../internal.h"
#include "mark.h"
#include "pgsa.h"

#define PGSA_FILL_LOOKS	512UL	/* at frames, holes and blocks, without result */
#define PGSA_FILL_MARKS	BIT(22)	/* looked at in one go: 512 KiB of them */
#define PGSA_DISCOVER_LOOKS	32768UL	/* in each cycle, at least */

/* Holes begin and end at the granularity of the memory map. */
static unsigned long pgsa_hole_granule(void)
{
	return min_t(unsigned long, 512, pageblock_nr_pages);
}

/* Where a hole ends at the earliest: that of a whole section at its end. */
static unsigned long pgsa_hole_end(unsigned long pfn)
{
#ifdef CONFIG_SPARSEMEM
	if (!online_section_nr(pfn_to_section_nr(pfn)))
		return ALIGN(pfn + 1, PAGES_PER_SECTION);
#endif
	return ALIGN(pfn + 1, pgsa_hole_granule());
}

/*
 * How many frames are free from this one on, in a block of the page allocator; 0
 * if it does not begin one.
 *
 * Nobody is kept from taking the block meanwhile, or merging it. To take the frames
 * for free is right all the same: what was sealed before has lost its seal when it
 * was freed, and a frame that is used from now on is met in the next cycle, like
 * one that is behind us. A size that is torn is one that no block can have, or is
 * that of another block: then up to MAX_ORDER_NR_PAGES frames wait for the next
 * cycle as well.
 */
static unsigned long pgsa_free_frames(struct page *page, unsigned long pfn)
{
	unsigned long order;

	/* Racing as said above. */
	if (!data_race(PageBuddy(page)))
		return 0;
	order = buddy_order_unsafe(page);
	if (order > MAX_PAGE_ORDER || !IS_ALIGNED(pfn, 1UL << order))
		return 0;
	return 1UL << order;
}

/**
 * pgsa_pass_over - are there frames to be passed over?
 * @pass: where we are. @pass->pfn moves on if there are some, and @pass->free
 *	  grows by those that exist, and are free
 *
 * Context: The caller keeps memory from going offline, from one call to the next
 *	    or until it sets @pass->checked to false.
 * Return: true if so; false if the frame @pass->pfn is to be looked at.
 */
bool pgsa_pass_over(struct pgsa_pass *pass)
{
	unsigned long pfn = pass->pfn, free;

	/* Once in a granule; a memory map without sections ends anywhere. */
	if (!pass->checked || !IS_ENABLED(CONFIG_SPARSEMEM) ||
	    IS_ALIGNED(pfn, pgsa_hole_granule())) {
		pass->checked = pfn_to_online_page(pfn);
		if (!pass->checked) {
			pass->pfn = pgsa_hole_end(pfn);
			return true;
		}
	}
	free = pgsa_free_frames(pfn_to_page(pfn), pfn);
	pass->pfn += free;
	pass->free += free;
	return free;
}

/*
 * Puts the numbers of frames that are not free from @pass on to @pfns, at most @nr, and
 * looks at no more than @looks frames, holes and blocks; returns how many frames.
 */
static unsigned int pgsa_fill_pass(struct pgsa_cursor *cursor,
				   struct pgsa_pass *pass, unsigned long *pfns,
				   unsigned int nr, unsigned long *looks,
				   bool (*due)(const struct pgsa_cursor *cursor,
					       unsigned long pfn))
{
	unsigned int i = 0;

	for (; i < nr && pass->pfn < max_pfn && *looks; --*looks) {
		if (pgsa_pass_over(pass))
			continue;
		if (!due || due(cursor, pass->pfn))
			pfns[i++] = pass->pfn;
		pass->pfn++;
	}
	cursor->free += pass->free;
	return i;
}

/**
 * pgsa_fill_used - the next frames that are not free
 * @cursor: where the strategy is in its cycle
 * @pfns: takes their numbers
 * @nr: so many at most
 * @due: whether a frame is due in this cycle; NULL: all are
 *
 * Context: As for the method fill of struct pgsa_strategy.
 * Return: as that. The cursor is at the beginning again when it returns 0; the
 * number of frames that were passed over since they were free stays until the next
 * call.
 */
int pgsa_fill_used(struct pgsa_cursor *cursor, unsigned long *pfns,
		   unsigned int nr,
		   bool (*due)(const struct pgsa_cursor *cursor,
			       unsigned long pfn))
{
	struct pgsa_pass pass = { .pfn = cursor->pfn };
	unsigned long looks = nr + PGSA_FILL_LOOKS;
	unsigned int i;

	if (!pass.pfn)
		cursor->free = 0;
	i = pgsa_fill_pass(cursor, &pass, pfns, nr, &looks, due);
	cursor->pfn = pass.pfn;
	if (!i && pass.pfn < max_pfn)
		return -EAGAIN;
	if (!i)
		cursor->pfn = 0;
	return i;
}

/* The next frames with a mark; the others cost next to nothing. */
static int pgsa_fill_marked(struct pgsa_cursor *cursor, unsigned long *pfns,
			    unsigned int nr)
{
	unsigned long end = min(max_pfn, cursor->pfn + PGSA_FILL_MARKS);
	unsigned int i = 0;

	while (i < nr && cursor->pfn < end) {
		cursor->pfn = pgsa_mark_next(cursor->pfn, end);
		if (cursor->pfn == end)
			break;
		if (pfn_to_online_page(cursor->pfn))
			pfns[i++] = cursor->pfn;
		cursor->pfn++;
	}
	return !i && cursor->pfn < max_pfn ? -EAGAIN : i;
}

/* 0 when enough has been looked at for this cycle, or all */
static int pgsa_fill_discover(struct pgsa_cursor *cursor, unsigned long *pfns,
			      unsigned int nr)
{
	struct pgsa_discovery *discovery = &cursor->discovery;
	struct pgsa_pass pass = { .pfn = discovery->pfn };
	unsigned long most = min(discovery->looks, nr + PGSA_FILL_LOOKS);
	unsigned long looks = most;
	unsigned int i;

	i = pgsa_fill_pass(cursor, &pass, pfns, nr, &looks, NULL);
	discovery->pfn = pass.pfn;
	discovery->looks -= most - looks;
	if (i)
		return i;
	if (pass.pfn < max_pfn && discovery->looks)
		return -EAGAIN;
	discovery->complete = pass.pfn >= max_pfn;
	return 0;
}

/**
 * pgsa_fill_sweep - the next frames that are sealed, or might be
 * @cursor: where the strategy is in its cycle
 * @pfns: takes their numbers
 * @nr: so many at most
 *
 * A cycle is a way through all marks, and the frames that have one are verified. So how
 * soon an error is found depends on how much is sealed, not on how much memory there
 * is. After that some frames are looked at that may be sealed: PGSA_DISCOVER_LOOKS, or
 * twice as many as were verified, where the cycle before has ended. A look at a frame
 * that is not sealed costs a tenth of a verification, or less.
 *
 * Context: As for the method fill of struct pgsa_strategy.
 * Return: as that.
 */
int pgsa_fill_sweep(struct pgsa_cursor *cursor, unsigned long *pfns,
		    unsigned int nr)
{
	struct pgsa_discovery *discovery = &cursor->discovery;
	int ret;

	if (cursor->purpose != PGSA_VISIT_VERIFY &&
	    cursor->purpose != PGSA_VISIT_DISCOVER) {
		cursor->purpose = PGSA_VISIT_VERIFY;
		cursor->pfn = 0;
		cursor->state = 0;
		if (discovery->complete)
			discovery->pfn = 0;
		if (!discovery->pfn)
			cursor->free = 0;
		discovery->complete = false;
	}
	if (cursor->purpose == PGSA_VISIT_VERIFY) {
		ret = pgsa_fill_marked(cursor, pfns, nr);
		if (ret) {
			cursor->state += max(ret, 0);
			return ret;
		}
		cursor->purpose = PGSA_VISIT_DISCOVER;
		discovery->looks = clamp(2 * cursor->state, PGSA_DISCOVER_LOOKS,
					 max(max_pfn, PGSA_DISCOVER_LOOKS));
	}
	ret = pgsa_fill_discover(cursor, pfns, nr);
	if (!ret)
		cursor->purpose = PGSA_VISIT_ALL;	/* the next cycle begins */
	return ret;
}

/**
 * pgsa_pfn_shared - do several entries of page tables map a frame?
 * @pfn: its number; it is online
 *
 * Context: Any context. The answer may be outdated at once.
 * Return: true if at least two do.
 */
bool pgsa_pfn_shared(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	struct folio *folio = page_folio(page);
	/* One less than there are; far below 0 for what cannot be mapped. */
	int entries = atomic_read(&page->_mapcount);

	/* Entries for all of it, one less as well. The folio may be gone by now. */
	if (folio_test_large(folio))
		entries += atomic_read(&folio->_entire_mapcount) + 1;
	return entries > 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_pfn_shared);
