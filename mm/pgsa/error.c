// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a confirmed error: does the record prove anything, can the page
 * be repaired, and what became of it.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <kunit/visibility.h>
#include <trace/events/pgsa.h>

#include "error.h"

static const char * const pgsa_result_names[] = {
	[PGSA_NO_ERROR]		= "none",
	[PGSA_CORRECTED]	= "corrected",
	[PGSA_TRANSIENT]	= "transient",
	[PGSA_UNRESOLVED]	= "unresolved",
};

static_assert(ARRAY_SIZE(pgsa_result_names) == NR_PGSA_RESULTS);

/**
 * pgsa_result_name - name of a result, as users see it
 * @result: the result
 *
 * Context: Any context.
 * Return: its name.
 */
const char *pgsa_result_name(enum pgsa_result result)
{
	return pgsa_result_names[result];
}

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

/* Report the repaired words, and tell which bit of the page was wrong first. */
static int pgsa_trace_repair(const struct pgsa_case *c)
{
	unsigned int i;
	int bit = -1;

	for_each_set_bit(i, c->written, PGSA_PAGE_WORDS) {
		u64 mask = le64_to_cpu((__force __le64)(c->damaged[i] ^
							c->repaired[i]));

		if (bit < 0)
			bit = i * 64 + __ffs64(mask);
		trace_pgsa_repair(page_to_pfn(c->page), i * sizeof(u64), mask,
				  c->correct->name);
	}
	return bit;
}

static void pgsa_count(struct pgsa_policy *policy,
		       const struct pgsa_finding *finding)
{
	atomic64_inc(&pgsa_errors[finding->result]);
	trace_pgsa_error(finding->pfn, pgsa_policy_name(policy), finding->code,
			 finding->bit, pgsa_result_name(finding->result),
			 finding->delay_ns);
}

/**
 * pgsa_error_apart - count and trace an error that no search has found
 * @finding: the error
 *
 * Context: Any context.
 */
void pgsa_error_apart(const struct pgsa_finding *finding)
{
	pgsa_count(NULL, finding);
}

/* Who is to be told is told later, when nobody has to wait for it. */
static void pgsa_found(struct pgsa_search *search,
		       const struct pgsa_finding *finding)
{
	static const enum pgsa_stat stats[NR_PGSA_RESULTS] = {
		[PGSA_CORRECTED]	= PGSA_STAT_CORRECTED,
		[PGSA_TRANSIENT]	= PGSA_STAT_TRANSIENT,
		[PGSA_UNRESOLVED]	= PGSA_STAT_UNRESOLVED,
	};
	struct pgsa_policy *policy = search->policy;
	const char *held_up = search->finding->held_up;
	struct pgsa_mended mended = search->finding->mended;

	pgsa_stat_add(policy, stats[finding->result], 1);
	if (finding->result != PGSA_TRANSIENT)
		pgsa_stat_add(policy, PGSA_STAT_ERRORS, 1);
	pgsa_count(policy, finding);
	*search->finding = *finding;
	search->finding->held_up = held_up;
	search->finding->mended = mended;
}

/*
 * The redundancy of the correcting code is wherever it has room; it has a check of
 * its own there. NULL if there is none that can be used.
 */
static const u8 *pgsa_redundancy(const struct pgsa_case *c)
{
	u8 check[PGSA_CORRECT_BYTES];
	const u8 *stored;

	if (!pgsa_code_stored(c->correct))
		return c->check.correct;
	stored = pgsa_store_find(c->correct, page_to_pfn(c->page));
	if (!stored)
		return NULL;
	pgsa_store_check(c->correct, stored, check);
	return memcmp(check, c->check.correct, sizeof(check)) ? NULL : stored;
}

/*
 * Check bytes that may be damaged prove nothing. Without redundancy the detecting
 * code still says whether the page is right by now.
 */
static bool pgsa_record_good(struct pgsa_case *c)
{
	struct pgsa_codes codes;

	if (!pgsa_record_valid(page_to_pfn(c->page), c->word, &c->check,
			       &codes))
		return false;
	c->redundancy = pgsa_redundancy(c);
	return true;
}

/**
 * pgsa_error - deal with a confirmed error
 * @search: the search that found it; its buffer @damaged holds the page. Takes
 *	    what is to be told about it
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
		.page = page,
		.frame = frame,
		.word = word,
		.check.raw = READ_ONCE(frame->check),
		.detect = pgsa_code_by_id(FIELD_GET(PGSA_WORD_DETECT, word)),
		.correct = pgsa_code_by_id(FIELD_GET(PGSA_WORD_CORRECT, word)),
		.damaged = search->damaged,
		.repaired = search->repaired,
		.now = search->now,
		.reason = "record",
	};
	struct pgsa_finding finding = {
		.pfn = page_to_pfn(page),
		.result = PGSA_UNRESOLVED,
		.code = "record",
		.bit = -1,
		.delay_ns = pgsa_inject_delay_ns(page_to_pfn(page), word),
		.word = word,
	};

	if (pgsa_record_good(&c)) {
		finding.code = c.detect->name;
		finding.result = pgsa_repair(&c);
	}
	if (finding.result == PGSA_CORRECTED) {
		finding.code = c.correct->name;
		finding.bit = pgsa_trace_repair(&c);
	} else if (finding.result == PGSA_UNRESOLVED) {
		finding.reason = c.reason;
		pgsa_hurt_give_up(frame, pgsa_frame_word(frame),
				  pgsa_policy_name(search->policy), &finding);
	}
	pgsa_found(search, &finding);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_error);

/**
 * pgsa_error_gone - a page did not match, and does now, though nobody wrote to it
 * @search: the search that found it. Takes what is to be told about it
 * @page: the page
 * @word: the word of its record
 *
 * Context: As pgsa_error().
 */
void pgsa_error_gone(struct pgsa_search *search, struct page *page, u64 word)
{
	struct pgsa_finding finding = {
		.pfn = page_to_pfn(page),
		.result = PGSA_TRANSIENT,
		.code = pgsa_code_name(FIELD_GET(PGSA_WORD_DETECT, word)),
		.bit = -1,
		.delay_ns = pgsa_inject_delay_ns(page_to_pfn(page), word),
	};

	pgsa_found(search, &finding);
}

/* Gives a frame up of which nobody can say what it ought to hold. */
static bool pgsa_lost(struct pgsa_search *search, struct pgsa_frame *frame,
		      u64 since, struct pgsa_finding *finding, u64 word)
{
	finding->result = PGSA_UNRESOLVED;
	finding->bit = -1;
	if (!pgsa_hurt_give_up(frame, since, pgsa_policy_name(search->policy),
			       finding))
		return false;
	finding->delay_ns = pgsa_inject_delay_ns(finding->pfn, word);
	pgsa_found(search, finding);
	return true;
}

/**
 * pgsa_error_lost - give a frame up of which nobody can say what it ought to hold
 * @search: the search that found out. Takes what is to be told about it
 * @frame: its record
 * @pfn: its number
 * @word: its word, as it was when the error was found
 * @code: what found it, see struct pgsa_finding
 * @reason: why
 *
 * Context: As pgsa_error(), but for the folio.
 * Return: as pgsa_frame_give_up(); if false, there is nothing to be told.
 */
bool pgsa_error_lost(struct pgsa_search *search, struct pgsa_frame *frame,
		     unsigned long pfn, u64 word, const char *code,
		     const char *reason)
{
	struct pgsa_finding finding = {
		.pfn = pfn, .code = code, .reason = reason,
	};

	return pgsa_lost(search, frame, word, &finding, word);
}

/**
 * pgsa_error_opened - a page did not match when an event opened its frame
 * @search: the search that found out. Takes what is to be told about it
 * @pfn: number of the frame
 * @frame: its record
 * @word: its word when the mismatch was found, SEALED
 * @since: its word, as last seen; the frame had not been freed in between
 *
 * Nobody could confirm or repair it before, and nobody can now, for software may
 * have written. The frame is given up.
 *
 * Context: Process context, within rcu_read_lock(). Does not sleep.
 * Return: as pgsa_frame_give_up(); if false, there is nothing to be told.
 */
bool pgsa_error_opened(struct pgsa_search *search, unsigned long pfn,
		       struct pgsa_frame *frame, u64 word, u64 since)
{
	struct pgsa_finding finding = {
		.pfn = pfn,
		.code = pgsa_code_name(FIELD_GET(PGSA_WORD_DETECT, word)),
		.reason = "opened",
	};

	return pgsa_lost(search, frame, since, &finding, word);
}
