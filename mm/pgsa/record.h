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
void pgsa_frames_free(unsigned long pfn, unsigned long nr);

#endif /* _PGSA_RECORD_H */
