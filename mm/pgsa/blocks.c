// SPDX-License-Identifier: GPL-2.0
/*
 * Which blocks of frames may have one that is claimed or sealed.
 */

/**
 * DOC: Blocks
 *
 * A large folio that becomes dirty is announced as a whole, and rmap does so once
 * for each of its entries: to look at the words of all its frames each time would
 * be 512 x 512 for one huge page, under the lock of a page table. So there is a
 * mark for each block of 16 frames, and the words are looked at only where it is
 * set. A folio of 16 frames or more consists of whole blocks, whose marks go with
 * the first of its entries, whatever is sealed next to it. A smaller one has so
 * few words that they may be looked at each time.
 *
 * Rule: while any frame of a block is beyond OPEN, the block is marked.
 *
 * - Only a claim leads beyond OPEN (the table in frame.c). It sets the mark first
 *   and then moves the word, both under the lock of the mark.
 * - The mark is cleared under the same lock, when all words of the block have been
 *   found not to be beyond OPEN. No claim can come in between, and without one no
 *   word gets there.
 *
 * A hook that finds no mark has the same excuse as one that finds a word OPEN:
 * the frame is claimed later, if at all. The mark was set before the word was
 * moved, a grace period and more before the frame is sealed, so whoever reads it
 * too early to see it holds the folio lock or a reference that phase 4 of seal.c
 * waits for or finds, or has written before the codes are computed.
 *
 * A mark is a byte with all bits set: no flipped bit makes a hook blind. One that
 * is not 0 and not as it was written is never cleared, which costs time only. There
 * are three copies of the number of marks.
 *
 * The marks take a byte for 64 KiB of memory. Memory that is added later has marks
 * as well, if it was announced at boot and if its marks take no more than a 4096th
 * part of what there is; otherwise all of it has one, which is never cleared.
 */

#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "debug.h"
#include "policy.h"
#include "record.h"

#define PGSA_BLOCK_MARKED	0xff
#define PGSA_BLOCK_MANY		0xaa	/* set for a block that shares the mark */

#define PGSA_BLOCKS_SPARE	4096	/* one part of memory, for what may be added */
#define PGSA_BLOCK_LOCKS	16

/*
 * One mark behind them stands for all blocks that have none. Without memory for
 * marks it is the only one.
 */
static u8 pgsa_blocks_all;
static u8 *pgsa_blocks __ro_after_init = &pgsa_blocks_all;
static struct pgsa_setting pgsa_blocks_nr __ro_after_init;

static raw_spinlock_t pgsa_block_locks[PGSA_BLOCK_LOCKS] = {
	[0 ... PGSA_BLOCK_LOCKS - 1] =
		__RAW_SPIN_LOCK_UNLOCKED(pgsa_block_locks),
};

static unsigned long pgsa_block_index(unsigned long pfn)
{
	return min(pfn / PGSA_BLOCK_FRAMES,
		   (unsigned long)pgsa_setting_get(&pgsa_blocks_nr));
}

/* Blocks with the same mark have the same lock. */
static raw_spinlock_t *pgsa_block_lock(unsigned long pfn)
{
	return &pgsa_block_locks[pgsa_block_index(pfn) % PGSA_BLOCK_LOCKS];
}

/**
 * pgsa_blocks_wanted - how many blocks have a mark of their own?
 * @end: number of frames; those below have been there since boot
 * @possible: the same with memory that may be added
 * @pages: how much memory there is, in pages
 *
 * Context: Any context.
 * Return: the number: as many as there are below @end, or more; but not for more than
 * 256 TiB.
 */
unsigned long pgsa_blocks_wanted(unsigned long end, u64 possible,
				 unsigned long pages)
{
	u64 more = DIV_ROUND_UP_ULL(possible, PGSA_BLOCK_FRAMES);
	unsigned long nr = DIV_ROUND_UP(end, PGSA_BLOCK_FRAMES);

	if (more > nr && more <= (u64)pages * PAGE_SIZE / PGSA_BLOCKS_SPARE)
		nr = more;
	return min_t(unsigned long, nr, UINT_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_blocks_wanted);

/**
 * pgsa_blocks_init - provide marks for all memory there is
 *
 * Context: Boot.
 */
void __init pgsa_blocks_init(void)
{
	unsigned long nr = pgsa_blocks_wanted(max_pfn, max_possible_pfn,
					      totalram_pages());
	u8 *marks = kvzalloc(nr + 1, GFP_KERNEL | __GFP_NOWARN);

	if (!marks)
		return;
	pgsa_blocks = marks;
	pgsa_setting_set(&pgsa_blocks_nr, nr);
}

static void pgsa_block_mark(unsigned long pfn)
{
	u8 *mark = &pgsa_blocks[pgsa_block_index(pfn)];

	lockdep_assert_held(pgsa_block_lock(pfn));
	if (pgsa_block_index(pfn) == pgsa_setting_get(&pgsa_blocks_nr))
		WRITE_ONCE(*mark, PGSA_BLOCK_MANY);
	else if (!*mark)
		WRITE_ONCE(*mark, PGSA_BLOCK_MARKED);
}

/**
 * pgsa_block_claim - pgsa_frame_claim() of a frame that hooks know
 * @frame: as there
 * @pfn: as there
 * @word: as there
 * @detect: as there
 * @correct: as there
 *
 * Context: Any context.
 * Return: as there. The block of the frame is marked then.
 */
bool pgsa_block_claim(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct)
{
	raw_spinlock_t *lock = pgsa_block_lock(pfn);
	unsigned long flags;
	bool claimed;

	KUNIT_STATIC_STUB_REDIRECT(pgsa_block_claim, frame, pfn, word, detect,
				   correct);

	raw_spin_lock_irqsave(lock, flags);
	if (!pgsa_dropped(PGSA_RULE_BLOCK))
		pgsa_block_mark(pfn);
	claimed = pgsa_frame_claim(frame, pfn, word, detect, correct);
	raw_spin_unlock_irqrestore(lock, flags);
	return claimed;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_block_claim);

/**
 * pgsa_block_marked - may a frame of a block be claimed or sealed?
 * @pfn: number of any of its frames
 *
 * Context: Any context.
 * Return: false if certainly none is.
 */
bool pgsa_block_marked(unsigned long pfn)
{
	return READ_ONCE(pgsa_blocks[pgsa_block_index(pfn)]);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_block_marked);

/*
 * The frames of a whole block were opened just now, so the mark has probably done
 * its duty. If a claim is about to be made, it stays.
 */
static void pgsa_block_tidy(unsigned long pfn)
{
	u8 *mark = &pgsa_blocks[pgsa_block_index(pfn)];
	raw_spinlock_t *lock = pgsa_block_lock(pfn);
	unsigned long flags;

	if (!raw_spin_trylock_irqsave(lock, flags))
		return;
	if (*mark == PGSA_BLOCK_MARKED &&
	    pgsa_frames_open(pfn, PGSA_BLOCK_FRAMES))
		WRITE_ONCE(*mark, 0);
	raw_spin_unlock_irqrestore(lock, flags);
}

/**
 * pgsa_blocks_write - pgsa_frames_write() for many frames, often for nothing
 * @pfn: number of the first
 * @nr: how many
 *
 * Context: Any context. Frames without a record are passed over.
 */
void pgsa_blocks_write(unsigned long pfn, unsigned long nr)
{
	while (nr) {
		unsigned long left = PGSA_BLOCK_FRAMES -
				     pfn % PGSA_BLOCK_FRAMES;
		unsigned long part = min(nr, left);

		if (pgsa_block_marked(pfn)) {
			pgsa_frames_write(pfn, part);
			if (part == PGSA_BLOCK_FRAMES)
				pgsa_block_tidy(pfn);
		}
		pfn += part;
		nr -= part;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_blocks_write);
