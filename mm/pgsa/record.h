/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From frame numbers to frame records.
 */
#ifndef _PGSA_RECORD_H
#define _PGSA_RECORD_H

#include <linux/types.h>

#include "frame.h"

struct page;

struct pgsa_frame *pgsa_frame_get(const struct page *page);
void pgsa_frame_put(struct pgsa_frame *frame);
struct pgsa_frame *pgsa_frame_at(unsigned long pfn);

void pgsa_frame_add_writer_at(unsigned long pfn);
void pgsa_frame_sub_writer_at(unsigned long pfn);
void pgsa_frame_free_at(unsigned long pfn);
bool pgsa_frame_hurt_at(unsigned long pfn);
u64 pgsa_frame_word_at(unsigned long pfn);
void pgsa_frame_mark_hurt_at(unsigned long pfn);
void pgsa_frames_add_writer(unsigned long pfn, unsigned long nr);
void pgsa_frames_sub_writer(unsigned long pfn, unsigned long nr);
void pgsa_frames_write(unsigned long pfn, unsigned long nr);
bool pgsa_frames_open(unsigned long pfn, unsigned long nr);
void pgsa_frames_free(unsigned long pfn, unsigned long nr);

/* blocks.c */

#define PGSA_BLOCK_FRAMES	16UL

unsigned long pgsa_blocks_wanted(unsigned long end, u64 possible,
				 unsigned long pages);
void pgsa_blocks_init(void);
bool pgsa_block_claim(struct pgsa_frame *frame, unsigned long pfn, u64 *word,
		      unsigned int detect, unsigned int correct);
bool pgsa_block_marked(unsigned long pfn);
void pgsa_blocks_write(unsigned long pfn, unsigned long nr);

#endif /* _PGSA_RECORD_H */
