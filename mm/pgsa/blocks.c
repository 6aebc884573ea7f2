// SPDX-License-Identifier: GPL-2.0
/*
 * Which blocks of frames may have one that is claimed or sealed.
 */

/**
 * DOC: Blocks
 *
 * A large folio that becomes dirty is announced as a whole, and rmap does so once
 * for each of its entries: to look at the words of all its frames each time would
 * be 512 x 512 for one huge page. So there is a mark for each block of 2 MiB, and
 * the words are looked at only where it is set.
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
 * is not 0 and not as it was written is never cleared, which costs time only.
 */

#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "debug.h"
#include "record.h"

#define PGSA_BLOCK_MARKED	0xff
#define PGSA_BLOCK_MANY		0xaa	/* set for a block that shares the mark */

#define PGSA_BLOCKS_MAX		1048576UL	/* marks; of 2 TiB */
#define PGSA_BLOCK_LOCKS	16

/*
 * Frames that are added later may lie beyond the marks: a mark then stands for
 * several blocks, and is not cleared any more. With memory for one mark only, it
 * stands for all.
 */
static u8 pgsa_blocks_all;
static u8 *pgsa_blocks __ro_after_init = &pgsa_blocks_all;
static unsigned long pgsa_blocks_mask __ro_after_init;	/* their number - 1 */

static raw_spinlock_t pgsa_block_locks[PGSA_BLOCK_LOCKS] = {
	[0 ... PGSA_BLOCK_LOCKS - 1] =
		__RAW_SPIN_LOCK_UNLOCKED(pgsa_block_locks),
};

static unsigned long pgsa_block_index(unsigned long pfn)
{
	return pfn / PGSA_BLOCK_FRAMES & pgsa_blocks_mask;
}

/* Blocks with the same mark have the same lock. */
static raw_spinlock_t *pgsa_block_lock(unsigned long pfn)
{
	return &pgsa_block_locks[pgsa_block_index(pfn) % PGSA_BLOCK_LOCKS];
}

/**
 * pgsa_blocks_init - provide marks for all memory there is
 *
 * Context: Boot.
 */
void __init pgsa_blocks_init(void)
{
	unsigned long blocks = DIV_ROUND_UP(max_pfn, PGSA_BLOCK_FRAMES);
	unsigned long nr = min(roundup_pow_of_two(blocks), PGSA_BLOCKS_MAX);
	u8 *marks = kzalloc(nr, GFP_KERNEL | __GFP_NOWARN);

	if (!marks)
		return;
	pgsa_blocks = marks;
	pgsa_blocks_mask = nr - 1;
}

static void pgsa_block_mark(unsigned long pfn)
{
	u8 *mark = &pgsa_blocks[pgsa_block_index(pfn)];

	lockdep_assert_held(pgsa_block_lock(pfn));
	if (pfn / PGSA_BLOCK_FRAMES > pgsa_blocks_mask)
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
