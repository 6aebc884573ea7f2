// SPDX-License-Identifier: GPL-2.0
/*
 * Which address spaces map a frame, and where: asked once for an error, however
 * many want to know.
 */

/**
 * DOC: Locks of the reverse mapping
 *
 * They are waited for, after some tries: whoever maps and unmaps a file all the time
 * would otherwise keep agents from being told of errors in it.
 *
 * That cannot end in a deadlock. The locks are taken within the folio lock and
 * within mem_hotplug_lock as offlining memory does, which migrates pages: so nobody
 * who has one of them waits for a folio lock, nor for get_online_mems(), or the
 * kernel would be wrong without us. The caller holds nothing else but SRCU, of
 * pgsa_live and of pgsa_switchers. Whoever waits for that (pgsa_hurt_stop() and
 * pgsa_switch_stop()) has the lock of a policy and those of configfs, within which
 * no lock of the reverse mapping is taken, and which nobody asks for who has one.
 *
 * The folio lock is only tried for, though for longer: it may be held until storage
 * or somebody's server has answered, and memory cannot go offline meanwhile.
 */

#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "mappers.h"
#include "pgsa.h"
#include "record.h"

#define PGSA_MAPPERS_BITS	8	/* of the table, at first: a page */
#define PGSA_MAPPERS_BITS_MORE	2	/* if that was not enough */
#define PGSA_MAPPERS_BITS_MAX	18	/* BITS and a multiple of BITS_MORE */
#define PGSA_MAPPERS_CHUNK	1024	/* slots freed at a time */
#define PGSA_MAPPERS_TRIES	100	/* for the folio lock, a millisecond each */
#define PGSA_MAPPERS_WAIT	90	/* of which the last wait for other locks */

/* Nobody is killed, and nobody waits for long, in order that one be told. */
#define PGSA_MAPPERS_GFP	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/* The slot of an mm, or an empty one for it: the table is never full. */
static struct pgsa_mapper *pgsa_mapper_slot(const struct pgsa_mappers *mappers,
					    struct mm_struct *mm)
{
	unsigned int mask = (1U << mappers->bits) - 1;
	unsigned int i = hash_ptr(mm, mappers->bits);

	while (mappers->slots[i].mm && mappers->slots[i].mm != mm)
		i = (i + 1) & mask;
	return &mappers->slots[i];
}

static void pgsa_mappers_add(struct pgsa_mappers *mappers, struct mm_struct *mm,
			     unsigned long addr)
{
	struct pgsa_mapper *mapper = pgsa_mapper_slot(mappers, mm);

	if (mapper->mm) {
		mapper->addr = min(mapper->addr, addr);
		return;
	}
	if (mappers->nr == 1U << mappers->bits >> 1) {
		mappers->full = true;
		return;
	}
	/* Another that gets its memory must not be taken for it. */
	mmgrab(mm);
	mapper->mm = mm;
	mapper->addr = addr;
	mappers->nr++;
}

static bool pgsa_mappers_area(struct folio *folio, struct vm_area_struct *vma,
			      unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(walk, folio, vma, addr, 0);
	struct pgsa_mappers *mappers = arg;

	while (page_vma_mapped_walk(&walk)) {
		unsigned long offset = 0;

		if (!walk.pte)
			offset = mappers->pfn - folio_pfn(folio);
		else if (pte_pfn(ptep_get(walk.pte)) != mappers->pfn)
			continue;
		pgsa_mappers_add(mappers, vma->vm_mm,
				 walk.address + offset * PAGE_SIZE);
		page_vma_mapped_walk_done(&walk);
		break;
	}
	return !mappers->full;
}

/*
 * Is the frame still that of the error? Whose it is otherwise has nothing to do with
 * it. A frame that is hurt is so until it is freed.
 */
static bool pgsa_mappers_concerned(const struct pgsa_finding *finding)
{
	u64 word = pgsa_frame_word_at(finding->pfn);

	if (finding->result == PGSA_UNRESOLVED)
		return pgsa_word_maybe_hurt(word);
	return pgsa_word_generation(word) ==
	       pgsa_word_generation(finding->word) ||
	       pgsa_word_kept(finding->word, word);
}

/* Page cache is there whether somebody maps it or not. The folio is locked. */
static bool pgsa_mappers_of_file(struct folio *folio)
{
	return folio->mapping && !folio_test_anon(folio);
}

/*
 * Returns 0, or -EAGAIN if a lock was not free or nobody maps the folio though it is
 * somebody's: then it is being moved, or a copy that has yet to be mapped, or was on
 * its way to swap. -ESTALE if it holds something else by now.
 */
static int pgsa_mappers_walk(struct pgsa_mappers *mappers, struct folio *folio,
			     const struct pgsa_finding *finding, bool wait)
{
	struct rmap_walk_control walk = {
		.arg = mappers,
		.rmap_one = pgsa_mappers_area,
		.try_lock = !wait,
	};
	int ret = -EAGAIN;

	if (!folio_trylock(folio))
		return ret;
	if (!pgsa_mappers_concerned(finding)) {
		ret = -ESTALE;
	} else if (folio_mapped(folio)) {
		rmap_walk(folio, &walk);
		ret = walk.contended ? -EAGAIN : 0;
	} else if (pgsa_mappers_of_file(folio)) {
		ret = 0;
	}
	folio_unlock(folio);
	return ret;
}

/* Without memory, what was found before stays. */
static bool pgsa_mappers_empty_table(struct pgsa_mappers *mappers,
				     unsigned int bits)
{
	struct pgsa_mapper *slots = kvcalloc(1UL << bits, sizeof(*slots),
					     PGSA_MAPPERS_GFP);

	if (!slots)
		return false;
	pgsa_mappers_free(mappers);
	mappers->slots = slots;
	mappers->bits = bits;
	return true;
}

/* One look at who maps the frame; returns as pgsa_mappers_walk(). */
static int pgsa_mappers_look(struct pgsa_mappers *mappers,
			     const struct pgsa_finding *finding, bool wait)
{
	struct page *page = pfn_to_online_page(mappers->pfn);
	struct folio *folio;
	int ret;

	if (!page || !pgsa_mappers_concerned(finding))
		return -ESTALE;
	folio = pgsa_page_hold(page);
	if (!folio)
		return -EAGAIN;
	ret = pgsa_mappers_walk(mappers, folio, finding, wait);
	folio_put(folio);
	return ret;
}

/**
 * pgsa_mappers_find - find out which address spaces map the frame of an error
 * @mappers: filled in; also to be freed if not all were found
 * @finding: the error
 *
 * Context: Process context, may sleep. The caller keeps memory from going
 *	    offline and holds no lock. Tries for the folio's lock, and waits for
 *	    those of the reverse mapping.
 * Return: true if these are all; false if the folio's lock was not free within some
 * 0.1 s, or nobody mapped memory that is somebody's; if the content has left the frame,
 * memory is short, or there are 131072 already.
 */
bool pgsa_mappers_find(struct pgsa_mappers *mappers,
		       const struct pgsa_finding *finding)
{
	unsigned int bits = PGSA_MAPPERS_BITS, tries = PGSA_MAPPERS_TRIES;

	*mappers = (struct pgsa_mappers) { .pfn = finding->pfn };
	while (tries && bits <= PGSA_MAPPERS_BITS_MAX &&
	       pgsa_mappers_empty_table(mappers, bits)) {
		int ret = pgsa_mappers_look(mappers, finding,
					    tries <= PGSA_MAPPERS_WAIT);

		if (ret == -ESTALE || (!ret && !mappers->full))
			return !ret;
		if (!ret) {
			bits += PGSA_MAPPERS_BITS_MORE;
			continue;
		}
		tries--;
		usleep_range(500, 1000);
	}
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mappers_find);

/**
 * pgsa_mapper_of - does an address space map the frame?
 * @mappers: as found
 * @mm: the address space, which is only compared
 *
 * Context: Any context.
 * Return: where it does, or NULL.
 */
const struct pgsa_mapper *pgsa_mapper_of(const struct pgsa_mappers *mappers,
					 struct mm_struct *mm)
{
	const struct pgsa_mapper *mapper;

	if (!mappers->nr)
		return NULL;
	mapper = pgsa_mapper_slot(mappers, mm);
	return mapper->mm ? mapper : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mapper_of);

/**
 * pgsa_mappers_free - free what pgsa_mappers_find() has found
 * @mappers: none are found any more
 *
 * Context: Process context, may sleep.
 */
void pgsa_mappers_free(struct pgsa_mappers *mappers)
{
	unsigned long i;

	for (i = 0; mappers->nr && i < 1UL << mappers->bits; i++) {
		if (i % PGSA_MAPPERS_CHUNK == 0)
			cond_resched();
		if (!mappers->slots[i].mm)
			continue;
		mmdrop(mappers->slots[i].mm);
		mappers->nr--;
	}
	kvfree(mappers->slots);
	mappers->slots = NULL;
	mappers->full = false;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mappers_free);
