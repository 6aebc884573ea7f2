// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a confirmed error: correct it by code, prove the correction,
 * undo it if unproven, report.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/highmem.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>
#include <trace/events/pgsa.h>

#include "pgsa.h"

#define PGSA_WORDS	(PAGE_SIZE / sizeof(u64))

static const char * const pgsa_result_names[] = {
	[PGSA_CORRECTED]	= "corrected",
	[PGSA_UNRESOLVED]	= "unresolved",
};

static_assert(ARRAY_SIZE(pgsa_result_names) == NR_PGSA_RESULTS);

static atomic64_t pgsa_errors[NR_PGSA_RESULTS];

/**
 * pgsa_errors_total - errors since boot, whoever found them
 * @result: which
 *
 * Context: Any context.
 * Return: number of errors with that result.
 */
u64 pgsa_errors_total(enum pgsa_result result)
{
	return atomic64_read(&pgsa_errors[result]);
}

/**
 * struct pgsa_case - one error on its way through this file
 * @search: who found it
 * @page: the damaged page, its folio locked
 * @frame: its record
 * @word: the word of the frame, as last seen; BAD at first
 * @check: its check bytes
 * @detect: the code that found the error
 * @correct: the code that may correct it, or NULL
 * @redundancy: that of @correct
 * @record_damaged: the record does not match its guard: its check bytes prove
 *		    nothing, neither that the page is damaged nor how
 * @delay_ns: time since it was injected, -1 if it was not
 */
struct pgsa_case {
	struct pgsa_search *search;
	struct page *page;
	struct pgsa_frame *frame;
	u64 word;
	union pgsa_check check;
	const struct pgsa_code *detect;
	const struct pgsa_code *correct;
	const u8 *redundancy;
	bool record_damaged;
	s64 delay_ns;
};

static bool pgsa_proven(const struct pgsa_case *c, const void *content)
{
	u8 now[PGSA_DETECT_BYTES];

	pgsa_encode(c->detect, content, now);
	return !memcmp(now, c->check.detect, c->detect->check_bytes);
}

/* Correct a copy, and accept it only if the detecting code agrees. */
static bool pgsa_correct_copy(const struct pgsa_case *c)
{
	void *repaired = c->search->repaired;

	if (!c->correct)
		return false;
	memcpy(repaired, c->search->damaged, PAGE_SIZE);
	return c->correct->correct(repaired, c->redundancy) > 0 &&
	       pgsa_proven(c, repaired);
}

/* Store @to wherever it differs from @from, which the page must hold there. */
static bool pgsa_replace_words(const struct pgsa_case *c, const u64 *from,
			       const u64 *to)
{
	u64 *content = page_address(c->page);
	bool held = true;
	int i;

	for (i = 0; i < PGSA_WORDS; i++) {
		if (from[i] == to[i])
			continue;
		held &= READ_ONCE(content[i]) == from[i];
		WRITE_ONCE(content[i], to[i]);
	}
	return held;
}

/*
 * Writers are held back, so nobody else changes the page: if it is not the
 * proven content now, the memory did not take what was written.
 */
static bool pgsa_write_back(struct pgsa_case *c)
{
	bool good;
	unsigned long flags;

	local_irq_save(flags);
	if (!pgsa_frame_lock(c->frame, &c->word)) {
		local_irq_restore(flags);
		return false;
	}
	good = pgsa_replace_words(c, c->search->damaged, c->search->repaired) &&
	       pgsa_proven(c, page_address(c->page));
	if (!good)
		pgsa_replace_words(c, c->search->repaired, c->search->damaged);
	pgsa_frame_unlock(c->frame, &c->word);
	local_irq_restore(flags);

	if (good)
		flush_dcache_page(c->page);
	return good;
}

static enum pgsa_result pgsa_resolve(struct pgsa_case *c)
{
	unsigned long pfn = page_to_pfn(c->page);

	if (!c->record_damaged && pgsa_correct_copy(c) && pgsa_write_back(c)) {
		/* Fails if a write has opened the frame since. */
		pgsa_frame_move(c->frame, pfn, &c->word, PGSA_FRAME_SEALED);
		return PGSA_CORRECTED;
	}
	pgsa_frame_give_up(c->frame, pfn);
	return PGSA_UNRESOLVED;
}

/* Report the repaired words, and tell which bit of the page was wrong first. */
static int pgsa_trace_repair(const struct pgsa_case *c)
{
	const __le64 *damaged = c->search->damaged;
	const __le64 *repaired = c->search->repaired;
	int i, bit = -1;

	for (i = 0; i < PGSA_WORDS; i++) {
		u64 mask = le64_to_cpu(damaged[i] ^ repaired[i]);

		if (!mask)
			continue;
		if (bit < 0)
			bit = i * 64 + __ffs64(mask);
		trace_pgsa_repair(page_to_pfn(c->page), i * sizeof(u64), mask,
				  c->correct->name);
	}
	return bit;
}

static void pgsa_report(const struct pgsa_case *c, enum pgsa_result result)
{
	struct pgsa_policy *policy = c->search->policy;
	const char *name = pgsa_policy_name(policy);
	const char *code = c->record_damaged ? "record" : c->detect->name;
	unsigned long pfn = page_to_pfn(c->page);
	int bit = -1;

	if (result == PGSA_CORRECTED) {
		code = c->correct->name;
		bit = pgsa_trace_repair(c);
		pgsa_stat_add(policy, PGSA_STAT_CORRECTED, 1);
	} else {
		pgsa_stat_add(policy, PGSA_STAT_UNRESOLVED, 1);
	}
	pgsa_stat_add(policy, PGSA_STAT_ERRORS, 1);
	atomic64_inc(&pgsa_errors[result]);
	trace_pgsa_error(pfn, name, code, bit, pgsa_result_names[result],
			 c->delay_ns);
	pr_err_ratelimited("error: pfn=0x%lx policy=%s code=%s bit=%d result=%s delay_ns=%lld\n",
			   pfn, name, code, bit, pgsa_result_names[result],
			   c->delay_ns);
}

/* The check bytes are wherever the code has room; all have a check of theirs. */
static bool pgsa_record_good(struct pgsa_case *c)
{
	unsigned long pfn = page_to_pfn(c->page);
	u8 check[PGSA_CORRECT_BYTES];

	if (!c->detect ||
	    c->check.guard != pgsa_frame_guard(pfn, c->word, &c->check))
		return false;
	c->redundancy = c->check.correct;
	if (!pgsa_code_stored(c->correct))
		return true;
	c->redundancy = pgsa_store_find(c->correct, pfn);
	if (!c->redundancy)
		return false;
	pgsa_store_check(c->correct, c->redundancy, check);
	return !memcmp(check, c->check.correct, sizeof(check));
}

/**
 * pgsa_error - deal with a confirmed error
 * @search: the search that found it; its buffer @damaged holds the page
 * @page: the damaged page, with its folio locked and admitted
 * @frame: its record
 * @word: its word, in state BAD
 *
 * Afterwards the frame is SEALED with its right content, or OPEN and marked so
 * that it will not be sealed again.
 *
 * Context: The searcher's thread, within rcu_read_lock(). Does not sleep.
 */
void pgsa_error(struct pgsa_search *search, struct page *page,
		struct pgsa_frame *frame, u64 word)
{
	struct pgsa_case c = {
		.search = search,
		.page = page,
		.frame = frame,
		.word = word,
		.check.raw = READ_ONCE(frame->check),
		.detect = pgsa_code_by_id(FIELD_GET(PGSA_WORD_DETECT, word)),
		.correct = pgsa_code_by_id(FIELD_GET(PGSA_WORD_CORRECT, word)),
		.delay_ns = pgsa_inject_delay_ns(page_to_pfn(page), word),
	};

	c.record_damaged = !pgsa_record_good(&c);
	search->hurt = true;
	pgsa_report(&c, pgsa_resolve(&c));
}
