/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One bit for each frame: is it claimed or sealed? See mark.c.
 */
#ifndef _PGSA_MARK_H
#define _PGSA_MARK_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

extern unsigned long *pgsa_marks;
extern unsigned long pgsa_marks_end;

/**
 * pgsa_mark_test - may a frame be claimed or sealed?
 * @pfn: number of the frame
 *
 * Context: Any context.
 * Return: false if it certainly is not. True also for a number beyond those that
 * have a mark: whoever wants to know more has to look at its record.
 */
static __always_inline bool pgsa_mark_test(unsigned long pfn)
{
	return unlikely(pfn >= READ_ONCE(pgsa_marks_end)) ||
	       READ_ONCE(pgsa_marks[BIT_WORD(pfn)]) & BIT_MASK(pfn);
}

unsigned long pgsa_marks_wanted(unsigned long end, u64 possible,
				unsigned long pages);
void pgsa_marks_init(void);
bool pgsa_mark_set(unsigned long pfn);
bool pgsa_mark_lost(unsigned long pfn);
void pgsa_mark_clear(unsigned long pfn);
unsigned long pgsa_mark_next(unsigned long pfn, unsigned long end);
void pgsa_marked_write(unsigned long pfn, unsigned long nr);

#endif /* _PGSA_MARK_H */
