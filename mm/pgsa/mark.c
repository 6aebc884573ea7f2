// SPDX-License-Identifier: GPL-2.0
/*
 * The marks: which frames are claimed or sealed, in one bit each.
 */

/**
 * DOC: Marks
 *
 * Where the kernel is about to write to a frame, it asks whether that has a mark, and
 * nearly always it has none: then there is nothing to be opened. Those of a huge page
 * are in one cache line, so that an event for all of it is one look at 64 bytes.
 *
 * Mark and word are two objects, and no instruction changes both. Rules:
 *
 * 1. A searcher sets and clears marks with the folio locked. It sets the mark before
 *    it proves that no entry can write the frame, and before it moves the word to
 *    SEALING.
 * 2. An event moves the word to OPEN or NONE and then clears the mark, both in one
 *    RCU read-side section. So does who gives a claim back and has not got the folio.
 * 3. A frame is sealed a grace period after its word has become SEALING, and only if
 *    its mark is still set.
 * 4. A sealed frame is verified only if its mark is set, before and after. One that
 *    is SEALED and has no mark is damaged: it is opened, and nothing else.
 *
 * What follows:
 *
 * - An event that finds no mark has nothing to open. If it comes before the mark is
 *   set, what it announces is what the proof, the folio's lock or the references of
 *   phase 4 find: see seal.c.
 * - An event that has opened the word and is delayed clears the mark of a newer claim.
 *   Until it does so, other events find the mark; afterwards they find none, and leave
 *   the new claim's word alone. But the section in which it clears the mark began
 *   before the new claim, and so the grace period of that claim ends after it: by rule
 *   3 the claim is not sealed.
 * - If it cleared the mark first, another event could pass before the word is opened.
 * - A mark that is lost to a flipped bit makes hooks blind for its frame. By rule 4
 *   nobody verifies it any more: its content may have changed.
 * - A mark too many costs a look at the record.
 *
 * There are marks for all memory there is at boot, and for what may be added if that
 * was announced at boot and its marks take no more than a 4096th part of memory.
 * Frames beyond have none, and are not sealed. How many there are is kept in three
 * copies, and in one more that hooks look at: too small, it only makes them slow; too
 * large, it is as bad as a damaged pointer, for frames that there are not.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "debug.h"
#include "mark.h"
#include "policy.h"
#include "record.h"

#define PGSA_MARKS_SPARE	4096	/* one part of memory, for what may be added */

/* Without memory for marks, nothing is ever sealed. */
unsigned long *pgsa_marks __ro_after_init;
EXPORT_SYMBOL_IF_KUNIT(pgsa_marks);
unsigned long pgsa_marks_end __ro_after_init;
EXPORT_SYMBOL_IF_KUNIT(pgsa_marks_end);

/* In words, for a setting has 32 bits. */
static struct pgsa_setting pgsa_marks_words __ro_after_init;

static unsigned long pgsa_marks_frames(void)
{
	return (unsigned long)pgsa_setting_get(&pgsa_marks_words) *
	       BITS_PER_LONG;
}

/**
 * pgsa_marks_wanted - how many frames have a mark?
 * @end: number of frames; those below have been there since boot
 * @possible: the same with memory that may be added
 * @pages: how much memory there is, in pages
 *
 * Context: Any context.
 * Return: the number: as many as there are below @end, or more; but not more than
 * those of 64 TiB.
 */
unsigned long pgsa_marks_wanted(unsigned long end, u64 possible,
				unsigned long pages)
{
	u64 spare = (u64)pages * PAGE_SIZE / PGSA_MARKS_SPARE * BITS_PER_BYTE;
	u64 nr = end;

	if (possible > nr && possible <= spare)
		nr = possible;
	nr = round_up(nr, BITS_PER_LONG);
	return min_t(u64, nr, (u64)INT_MAX / sizeof(long) * BITS_PER_LONG);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_marks_wanted);

/**
 * pgsa_marks_init - provide marks for all memory there is
 *
 * Context: Boot.
 */
void __init pgsa_marks_init(void)
{
	unsigned long nr = pgsa_marks_wanted(max_pfn, max_possible_pfn,
					     totalram_pages());
	unsigned long *marks = kvzalloc(nr / BITS_PER_BYTE,
					GFP_KERNEL | __GFP_NOWARN);

	if (!marks) {
		pr_warn("no memory for marks: nothing will be sealed\n");
		return;
	}
	pgsa_marks = marks;
	pgsa_setting_set(&pgsa_marks_words, nr / BITS_PER_LONG);
	pgsa_marks_end = nr;
}

/**
 * pgsa_mark_set - mark a frame that is to be claimed
 * @pfn: number of the frame
 *
 * Context: Any context; the folio is locked.
 * Return: false if it can have no mark. Else a full barrier.
 */
bool pgsa_mark_set(unsigned long pfn)
{
	if (pfn >= pgsa_marks_frames())
		return false;
	if (!pgsa_dropped(PGSA_RULE_MARK))
		set_bit(pfn, pgsa_marks);
	/* Whoever does not see it did before what the proof looks for. */
	smp_mb__after_atomic();
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mark_set);

/**
 * pgsa_mark_lost - is the mark of a frame gone that is claimed or sealed?
 * @pfn: number of the frame
 *
 * Context: Any context. Who sees it gone because of an event sees another word as
 *	    well if he looks at that afterwards, behind smp_rmb().
 * Return: true if so.
 */
bool pgsa_mark_lost(unsigned long pfn)
{
	return unlikely(!pgsa_mark_test(pfn)) && !pgsa_dropped(PGSA_RULE_MARK);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mark_lost);

/**
 * pgsa_mark_clear - a frame is not claimed or sealed any more
 * @pfn: number of the frame
 *
 * Context: Any context; the folio is locked, or the word has become OPEN or NONE in
 *	    the RCU read-side section that we are in.
 */
void pgsa_mark_clear(unsigned long pfn)
{
	if (pfn >= pgsa_marks_frames())
		return;
	/* The word is first. */
	smp_mb__before_atomic();
	clear_bit(pfn, pgsa_marks);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mark_clear);

/**
 * pgsa_mark_next - the next frame with a mark
 * @pfn: number of the first that may be it
 * @end: number of the first that is too far
 *
 * Context: Any context.
 * Return: its number; @end if there is none.
 */
unsigned long pgsa_mark_next(unsigned long pfn, unsigned long end)
{
	unsigned long marks = min(end, pgsa_marks_frames());
	unsigned long next;

	if (pfn >= marks)
		return end;
	/* Marks come and go meanwhile: the answer is that of a moment. */
	next = data_race(find_next_bit(pgsa_marks, marks, pfn));
	return next < marks ? next : end;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mark_next);

/**
 * pgsa_marked_write - pgsa_frames_write() for those of some frames that have a mark
 * @pfn: number of the first
 * @nr: how many
 *
 * Context: Any context. Frames without a record are passed over.
 */
void pgsa_marked_write(unsigned long pfn, unsigned long nr)
{
	unsigned long end = pfn + nr;

	/* Most announce a write to one frame, which is not sealed. */
	if (nr == 1 && !pgsa_mark_test(pfn))
		return;
	while ((pfn = pgsa_mark_next(pfn, end)) < end)
		pgsa_frames_write(pfn++, 1);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_marked_write);
