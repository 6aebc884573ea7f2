/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of an error, who is told, and how a damaged page is read.
 */
#ifndef _PGSA_REPORT_H
#define _PGSA_REPORT_H

#include <linux/types.h>

struct page;
struct pgsa_frame;
struct pgsa_policy;
struct pgsa_search;

/* error.c */

/**
 * enum pgsa_result - what became of an error
 * @PGSA_NO_ERROR: there was none
 * @PGSA_CORRECTED: the frame has its right content again
 * @PGSA_TRANSIENT: it had it again before anything was written to it
 * @PGSA_UNRESOLVED: the frame or its record is damaged; it will not be sealed
 *		     again
 * @NR_PGSA_RESULTS: number of results
 */
enum pgsa_result {
	PGSA_NO_ERROR,
	PGSA_CORRECTED,
	PGSA_TRANSIENT,
	PGSA_UNRESOLVED,
	NR_PGSA_RESULTS
};

/**
 * struct pgsa_mended - a record or redundancy that was damaged, and has yet to be told
 * @pfn: number of the frame
 * @word: the word of its record, as it was found
 * @result: what was done about it, or NULL if there is nothing to tell
 */
struct pgsa_mended {
	unsigned long pfn;
	u64 word;
	const char *result;
};

/**
 * struct pgsa_finding - an error that was dealt with, and has yet to be told
 * @pfn: number of the frame
 * @result: what became of it; PGSA_NO_ERROR if there is nothing to tell
 * @code: name of the code that corrected it, else of that which found it, or
 *	  "record" if the frame's record was damaged and proves nothing
 * @bit: number of the first wrong bit in the page, -1 if not known
 * @delay_ns: time since it was injected, -1 if it was not
 * @reason: why it could not be repaired, for PGSA_UNRESOLVED
 * @held_up: what has kept it from being confirmed for long, or NULL
 * @waits: and still does
 * @word: the word of the frame's record when it was dealt with
 * @mended: damage that was found on the way, also without an error
 */
struct pgsa_finding {
	unsigned long pfn;
	enum pgsa_result result;
	const char *code;
	int bit;
	s64 delay_ns;
	const char *reason;
	const char *held_up;
	bool waits;
	u64 word;
	struct pgsa_mended mended;
};

const char *pgsa_result_name(enum pgsa_result result);
void pgsa_error(struct pgsa_search *search, struct page *page,
		struct pgsa_frame *frame, u64 word);
void pgsa_error_gone(struct pgsa_search *search, struct page *page, u64 word);
bool pgsa_error_opened(struct pgsa_search *search, unsigned long pfn,
		       struct pgsa_frame *frame, u64 word, u64 since);
bool pgsa_error_lost(struct pgsa_search *search, struct pgsa_frame *frame,
		     unsigned long pfn, u64 word, const char *code,
		     const char *reason);
void pgsa_error_apart(const struct pgsa_finding *finding);
u64 pgsa_errors_total(enum pgsa_result result);

/* content.c */

bool pgsa_content_copy(void *to, struct page *page);
const void *pgsa_content_begin(struct page *page);
void pgsa_content_end(struct page *page, const void *content);
void pgsa_content_flush(struct page *page);
u64 pgsa_content_lost(void);

/* report.c */

void pgsa_tell_left_out(enum pgsa_result result);
void pgsa_tell(struct pgsa_policy *policy, const struct pgsa_finding *finding);

/* hurt_frames.c */

bool pgsa_hurt_give_up(struct pgsa_frame *frame, u64 since, const char *policy,
		       const struct pgsa_finding *finding);
bool pgsa_hurt_known(unsigned long pfn);
void pgsa_hurt_copied(unsigned long from, unsigned long to);
ssize_t pgsa_hurt_read(char *buf, loff_t pos, size_t count);

#endif /* _PGSA_REPORT_H */
