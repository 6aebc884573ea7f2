// SPDX-License-Identifier: GPL-2.0
/*
 * Verifying frames. The protocol is described in seal.c.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/string.h>

#include "claim.h"
#include "debug.h"
#include "mark.h"
#include "oracle.h"
#include "proof.h"
#include "record.h"
#include "verify.h"
#include "warn.h"

#define PGSA_PREFETCH_BYTES	1024

/**
 * pgsa_check_equal - is a content the one that was sealed?
 * @pfn: number of the frame
 * @word: its word
 * @check: its check bytes
 * @content: the content
 *
 * Context: Any context.
 * Return: 1 if it is, 0 if not, -EUCLEAN if nobody knows, for the record is
 * damaged itself.
 */
int pgsa_check_equal(unsigned long pfn, u64 word,
		     const union pgsa_check *check, const void *content)
{
	u8 now[PGSA_DETECT_BYTES];
	struct pgsa_codes codes;

	if (!pgsa_record_valid(pfn, word, check, &codes))
		return -EUCLEAN;
	pgsa_encode(codes.detect, content, now);
	return !memcmp(now, check->detect, sizeof(now));
}

/* Whoever reads it again may be killed, so there is no second look. */
static void pgsa_unreadable(struct pgsa_search *search,
			    struct pgsa_frame *frame, unsigned long pfn,
			    u64 word)
{
	pgsa_error_lost(search, frame, pfn, word,
			pgsa_code_name(FIELD_GET(PGSA_WORD_DETECT, word)),
			"unreadable");
}

/*
 * Errors that were dealt with, by frame number: who sees that a page is right again
 * wants to know whether it was put right by somebody else meanwhile.
 */
#define PGSA_ERRORS_BITS	6

static atomic_t pgsa_errors_seen[1 << PGSA_ERRORS_BITS];

static atomic_t *pgsa_errors_of(unsigned long pfn)
{
	return &pgsa_errors_seen[hash_long(pfn, PGSA_ERRORS_BITS)];
}

/*
 * With the folio locked. The frame may have been opened since it was compared: then
 * nothing is taken for proved, although it did not match while its word stayed the
 * same. It was compared without the lock, maybe in the middle of a write under the
 * lock, of which the kernel tells at the latest when it marks the folio dirty
 * (PGSA_WRITE_DIRTY), afterwards: that event comes next. Each such write should have
 * passed another hook before; but if one had not, it must not look like damage.
 * So damage that is found in the very moment before an event is lost, and counted as
 * stale, unless it was known before.
 */
static void pgsa_confirm_locked(struct pgsa_search *search, struct page *page,
				struct pgsa_frame *frame, u64 word, int errors)
{
	unsigned long pfn = page_to_pfn(page);
	u64 sealed = word;
	union pgsa_check check;
	bool known;
	int equal;

	if (!pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_CHECKING)) {
		pgsa_stat_add(search->policy, PGSA_STAT_STALE, 1);
		return;
	}
	known = pgsa_unconfirmed_content(pfn);
	check.raw = READ_ONCE(frame->check);
	if (!pgsa_content_copy(search->damaged, page)) {
		pgsa_unreadable(search, frame, pfn, word);
		pgsa_unconfirmed_forget(pfn);
		return;
	}
	equal = pgsa_check_equal(pfn, word, &check, search->damaged);
	if (equal) {
		pgsa_unconfirmed_forget(pfn);
		/* A record that has just been damaged is seen at the next visit. */
		if (!pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_SEALED) ||
		    equal < 0)
			return;
		if (atomic_read(pgsa_errors_of(pfn)) == errors)
			pgsa_error_gone(search, page, word);
		else
			pgsa_stat_add(search->policy, PGSA_STAT_STALE, 1);
	} else if (pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_BAD)) {
		pgsa_unconfirmed_forget(pfn);
		pgsa_error(search, page, frame, word);
		atomic_inc(pgsa_errors_of(pfn));
		pgsa_unconfirmed_forget(pfn);
	} else if (known) {
		pgsa_error_opened(search, pfn, frame, sealed, word);
		pgsa_unconfirmed_forget(pfn);
	} else {
		pgsa_stat_add(search->policy, PGSA_STAT_STALE, 1);
	}
}

/*
 * Before a mismatch counts as an error, it is proved again that no entry can write the
 * frame. If a walk finds one that can, it was not announced: a bit of a page table has
 * flipped, or the mark was lost. Nobody knows then who has written to the page.
 */
static bool pgsa_confirm_proved(struct pgsa_search *search, struct folio *folio,
				struct page *page, struct pgsa_frame *frame,
				u64 word)
{
	unsigned long pfn = page_to_pfn(page);
	enum pgsa_refusal refusal = pgsa_proof(folio, page);

	/* How long that may be put off, unconfirmed.c has decided. */
	if (refusal == PGSA_ADMITTED || refusal == PGSA_REFUSED_UNPROVED ||
	    pgsa_dropped(PGSA_PROOF_AGAIN))
		return true;
	/* Just now; it is found to be so at the next visit. */
	if (refusal != PGSA_REFUSED_WRITABLE)
		return false;
	if (pgsa_frame_move(frame, pfn, &word, PGSA_FRAME_OPEN)) {
		pgsa_mark_clear(pfn);
		pgsa_deferred_warn_ratelimited("pfn 0x%lx: an entry that can write it was not announced; damaged page table?\n",
					       pfn);
	}
	pgsa_stat_add(search->policy, PGSA_STAT_STALE, 1);
	return false;
}

/*
 * A mismatch was seen, when @errors had been dealt with. Is it an error? A folio
 * that cannot be held now is left SEALED and looked at again in the next cycle:
 * nothing was proved. If that is because somebody reads it, it is not put off for
 * ever.
 */
static void pgsa_confirm(struct pgsa_search *search, struct page *page,
			 struct pgsa_frame *frame, u64 word, int errors)
{
	struct folio *folio = pgsa_unconfirmed_lock(search, page, frame, word,
						    true);

	if (!folio)
		return;
	if (pgsa_confirm_proved(search, folio, page, frame, word))
		pgsa_confirm_locked(search, page, frame, word, errors);
	pgsa_folio_unlock(folio);
}

/**
 * pgsa_compare - does a page have the content that was sealed?
 * @page: the page, which is held
 * @frame: its record
 * @word: its word, as last seen
 *
 * Context: Any context but interrupts, within rcu_read_lock().
 * Return: 1 if it has; 0 if it is not sealed or has been opened meanwhile;
 * -EBADMSG if not, and that has yet to be confirmed; -EUCLEAN if nobody knows, for
 * the record is damaged itself; -EIO if nor will anybody, for it cannot be read.
 */
int pgsa_compare(struct page *page, struct pgsa_frame *frame, u64 word)
{
	union pgsa_check check = { .raw = READ_ONCE(frame->check) };
	unsigned long pfn = page_to_pfn(page);
	const void *content;
	int equal;

	if (pgsa_word_state(word) != PGSA_FRAME_SEALED ||
	    pgsa_frame_word(frame) != word || pgsa_mark_lost(pfn))
		return 0;
	content = pgsa_content_begin(page);
	if (!content)
		return -EIO;
	equal = pgsa_check_equal(pfn, word, &check, content);
	pgsa_content_end(page, content);

	/* Pairs with the full barrier of the event before any write. */
	smp_rmb();
	if (pgsa_frame_word(frame) != word || pgsa_mark_lost(pfn))
		return 0;
	return equal ?: -EBADMSG;
}

static void pgsa_verify(struct pgsa_search *search, struct page *page,
			struct pgsa_frame *frame, u64 word)
{
	int ret, errors = atomic_read(pgsa_errors_of(page_to_pfn(page)));
	struct pgsa_doubt *known = pgsa_unconfirmed_known(page_to_pfn(page));
	struct folio *folio = pgsa_page_hold(page);

	if (!folio)
		return;
	/* The errors were looked at before: who got the folio is fully ordered. */
	ret = pgsa_compare(page, frame, word);
	if (ret == -EIO)
		pgsa_unreadable(search, frame, page_to_pfn(page), word);
	folio_put(folio);

	if (ret == -EIO)
		return;
	if (!ret) {
		pgsa_stat_add(search->policy, PGSA_STAT_STALE, 1);
		return;
	}
	search->done.checked++;
	if (ret > 0)
		pgsa_unconfirmed_gone(search, page, word, known);
	if (ret == -EBADMSG)
		pgsa_confirm(search, page, frame, word, errors);
	else if (ret < 0 ||
		 !pgsa_redundancy_good(search, page_to_pfn(page), frame, word))
		pgsa_mend(search, page, frame, word);
	else
		pgsa_strengthen(search, page, frame, word);
}

/*
 * Somebody else has found a mismatch, and is about to confirm or repair it; or
 * the frame was sealed, before its record was damaged.
 */
static bool pgsa_word_disputed(u64 word)
{
	u64 status = pgsa_status_mended(pgsa_word_status(word));

	return status == PGSA_STATUS_CHECKING || status == PGSA_STATUS_BAD ||
	       status == PGSA_STATUS_LOCKED ||
	       (status == PGSA_STATUS_SEALED &&
		status != pgsa_word_status(word));
}

/**
 * pgsa_page_matches - is a page as it was sealed?
 * @page: the page, to which the caller has a reference
 *
 * A mismatch is not an error yet: pgsa_visit() confirms it.
 *
 * Context: Any context but interrupts.
 * Return: 1 if it is; 0 if it is not sealed, or not any more; -EBADMSG if not,
 * also while it is being repaired, or if its record is damaged or it cannot be read;
 * -EAGAIN if it is
 * known that it was not, and could not be confirmed.
 */
int pgsa_page_matches(struct page *page)
{
	struct pgsa_frame *frame;
	int ret = 0;

	/* To read memory that is known to be broken may be fatal. */
	if (PageHWPoison(page))
		return 0;
	pgsa_preempt_disable();
	frame = pgsa_frame_get(page);
	if (frame) {
		if (pgsa_unconfirmed_at(page_to_pfn(page)))
			ret = -EAGAIN;
		else
			ret = pgsa_compare(page, frame, pgsa_frame_word(frame));
		if (ret == -EUCLEAN || ret == -EIO ||
		    (!ret && pgsa_word_disputed(pgsa_frame_word(frame))))
			ret = -EBADMSG;
		pgsa_frame_put(frame);
	}
	pgsa_preempt_enable();
	return ret;
}

static void pgsa_visit_open(struct pgsa_search *search, struct page *page,
			    u64 word)
{
	enum pgsa_refusal refusal = PGSA_REFUSED_NOT_LRU;

	if (pgsa_page_plausible(page) && !(word & PGSA_WORD_HURT)) {
		if (word & PGSA_WORD_WRITERS)
			pgsa_oracle_ask(search, page, word);
		else
			refusal = pgsa_seal_claim(search, page_to_pfn(page),
						  word);
	}
	if (search->purpose != PGSA_VISIT_VERIFY)
		pgsa_census_refusal(&search->done.census, word, refusal);
}

/* To read memory that is known to be broken may be fatal. */
static void pgsa_visit_sealed(struct pgsa_search *search, struct page *page,
			      struct pgsa_frame *frame, u64 word)
{
	bool unmapped = pgsa_wants_pagecache(search->policy);
	unsigned long pfn = page_to_pfn(page);

	if (pgsa_mark_lost(pfn))
		pgsa_mend_mark(search, frame, pfn, word);
	else if ((search->purpose != PGSA_VISIT_DISCOVER ||
		  pgsa_dropped(PGSA_RULE_MARK)) &&
		 pgsa_page_in_scope(page, unmapped) && !PageHWPoison(page) &&
		 !pgsa_unconfirmed_waits(pfn, unmapped))
		pgsa_verify(search, page, frame, word);
}

static void pgsa_visit_frame(struct pgsa_search *search, struct page *page,
			     struct pgsa_frame *frame)
{
	u64 word = pgsa_frame_word(frame);

	if (search->purpose != PGSA_VISIT_VERIFY)
		pgsa_census_frame(&search->done.census, page, word);
	switch (pgsa_word_state(word)) {
	case PGSA_FRAME_NONE:
	case PGSA_FRAME_OPEN:
		if (unlikely(pgsa_word_damaged(word)))
			pgsa_mend_word(search, page, frame, word);
		else
			pgsa_visit_open(search, page, word);
		break;
	case PGSA_FRAME_SEALING:
		if (unlikely(pgsa_claim_lost(frame)))
			pgsa_mend_claim(search, page, frame, word);
		break;
	case PGSA_FRAME_SEALED:
		if (search->thread && search->policy->strategy->seals_only &&
		    !pgsa_too_weak(search, word) &&
		    pgsa_redundancy_good(search, page_to_pfn(page), frame, word))
			break;
		pgsa_visit_sealed(search, page, frame, word);
		break;
	case PGSA_FRAME_CHECKING:
	case PGSA_FRAME_BAD:
		/* Another searcher is at it, unless its folio is not locked. */
		pgsa_mend(search, page, frame, word);
		break;
	default:
		pgsa_mend_word(search, page, frame, word);
		break;
	}
}

/**
 * pgsa_prefetch - a frame will be visited next
 * @pfn: number of the frame, which is online
 *
 * Codes ask for all of a page when they begin with it. What they must wait for is
 * its beginning, so that is fetched while they compute the frame before.
 *
 * Context: As pgsa_visit().
 */
void pgsa_prefetch(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	struct pgsa_frame *frame = pgsa_frame_get(page);

	if (!frame)
		return;
	if (pgsa_word_state(pgsa_frame_word(frame)) == PGSA_FRAME_SEALED)
		prefetch_range(page_address(page), PGSA_PREFETCH_BYTES);
	pgsa_frame_put(frame);
}

/**
 * pgsa_visit - do what is to be done with one frame now
 * @search: the search, with room for one more claim
 * @pfn: number of the frame, which is online
 *
 * Context: The searcher's thread, which keeps memory from going offline. Does
 *	    not sleep.
 */
void pgsa_visit(struct pgsa_search *search, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	struct pgsa_frame *frame;

	pgsa_preempt_disable();
	frame = pgsa_frame_get(page);
	if (frame) {
		pgsa_visit_frame(search, page, frame);
		pgsa_frame_put(frame);
	}
	pgsa_preempt_enable();
}
