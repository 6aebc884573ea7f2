// SPDX-License-Identifier: GPL-2.0
/*
 * What is done about a damaged record: put it right, open the frame, or give it
 * up. Why that is safe is said in guard.c.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "pgsa.h"
#include "mark.h"
#include "record.h"
#include "verify.h"

/*
 * Claims are sealed or given back within seconds, or what the slowest searcher
 * with the slowest code needs for as many as it can have. One that is older is on
 * nobody's list any more. To be wrong about that costs a seal, no more.
 */
#define PGSA_CLAIM_LIFE		(300 * HZ)

/* Redundancy outside the record is looked at once in so many cycles. */
#define PGSA_REDUNDANCY_TURNS	16

/**
 * struct pgsa_mending - the record of a sealed frame, which may be damaged
 * @search: who looks; its buffer @damaged takes the page as it is now
 * @page: the page, its folio locked and admitted
 * @frame: its record
 * @word: the word as it was found
 * @check: the check bytes as they were found
 * @flipped: as pgsa_record_mend() says
 * @was_word: the word without the flip
 * @was_check: the check bytes without the flip
 * @codes: the codes that @was_word names
 * @now_check: the check bytes of the present content
 * @stored: the present content's redundancy outside the record
 */
struct pgsa_mending {
	struct pgsa_search *search;
	struct page *page;
	struct pgsa_frame *frame;
	u64 word;
	union pgsa_check check;
	u64 flipped;
	u64 was_word;
	union pgsa_check was_check;
	struct pgsa_codes codes;
	union pgsa_check now_check;
	u8 stored[PGSA_STORED_BYTES];
};

/* Told when the folio is unlocked: the log may have a slow console. */
static void pgsa_mend_count(struct pgsa_search *search, unsigned long pfn,
			    u64 word, const char *result)
{
	pgsa_stat_add(search->policy, PGSA_STAT_RECORDS_DAMAGED, 1);
	search->finding->mended = (struct pgsa_mended) {
		.pfn = pfn, .word = word, .result = result,
	};
}

/* The codes of the present content. False if the record names none. */
static bool pgsa_mend_encode(struct pgsa_mending *m)
{
	bool stored;

	if (!pgsa_word_codes(m->was_word, &m->codes))
		return false;
	stored = pgsa_code_stored(m->codes.correct);
	m->now_check.raw = 0;
	pgsa_encode_both(m->codes.detect, m->codes.correct, m->search->damaged,
			 m->now_check.detect,
			 stored ? m->stored : m->now_check.correct);
	if (stored)
		pgsa_store_check(m->codes.correct, m->stored,
				 m->now_check.correct);
	m->now_check.guard = pgsa_frame_guard(page_to_pfn(m->page),
					      m->was_word, &m->now_check);
	return true;
}

static bool pgsa_mend_agrees(const struct pgsa_mending *m)
{
	return !memcmp(m->now_check.detect, m->was_check.detect,
		       sizeof(m->now_check.detect));
}

/*
 * Does the content agree with the record? A copy in a cache may have been wrong: only
 * what does not agree at a second look, at the memory itself, does not. -EIO if it
 * cannot be read.
 */
static int pgsa_mend_right(struct pgsa_mending *m)
{
	unsigned int looks;

	for (looks = 0; looks < 2; looks++) {
		if (looks)
			pgsa_content_flush(m->page);
		if (!pgsa_content_copy(m->search->damaged, m->page))
			return -EIO;
		if (pgsa_mend_encode(m) && pgsa_mend_agrees(m))
			return 1;
	}
	return 0;
}

/* Is the redundancy outside the record, if there is any, as it ought to be? */
static bool pgsa_mend_stored(const struct pgsa_mending *m)
{
	const u8 *stored;

	if (!pgsa_code_stored(m->codes.correct))
		return true;
	stored = pgsa_store_find(m->codes.correct, page_to_pfn(m->page));
	return stored && !memcmp(stored, m->stored,
				 m->codes.correct->check_bytes);
}

/* Put it there. False if it has no place any more. */
static bool pgsa_mend_store(const struct pgsa_mending *m)
{
	u8 *stored;

	if (!pgsa_code_stored(m->codes.correct))
		return true;
	stored = pgsa_store_keep(m->codes.correct, page_to_pfn(m->page));
	if (stored)
		memcpy(stored, m->stored, m->codes.correct->check_bytes);
	return stored;
}

/* The content agrees: make the record describe it, SEALED. */
static void pgsa_mend_seal(struct pgsa_mending *m)
{
	unsigned long pfn = page_to_pfn(m->page);
	u64 sealed = (m->was_word & ~PGSA_WORD_STATUS) | PGSA_STATUS_SEALED;
	u64 word = m->word;

	if (sealed == word && m->now_check.raw == m->check.raw &&
	    pgsa_mend_stored(m))
		return;
	/* As in a check: nobody looks at the rest while we write it. */
	sealed ^= PGSA_STATUS_SEALED ^ PGSA_STATUS_CHECKING;
	if (!pgsa_frame_mend(m->frame, pfn, &word, sealed))
		return;
	if (!pgsa_mend_store(m)) {
		pgsa_frame_move(m->frame, pfn, &word, PGSA_FRAME_OPEN);
		pgsa_mend_count(m->search, pfn, m->word, "opened");
		return;
	}
	WRITE_ONCE(m->frame->check, m->now_check.raw);
	if (pgsa_frame_move(m->frame, pfn, &word, PGSA_FRAME_SEALED))
		pgsa_mend_count(m->search, pfn, m->word, "sealed");
}

/*
 * A searcher's move that got lost, since a bit of the word flipped meanwhile. False if
 * the record is right and only the page is not, or if an event was faster: what is
 * known of the page must outlive that, see doubt.c.
 */
static bool pgsa_mend_error(struct pgsa_mending *m)
{
	unsigned long pfn = page_to_pfn(m->page);
	u64 word = m->word;

	/* That is for who looks for errors. */
	if (pgsa_word_state(word) == PGSA_FRAME_SEALED && !m->flipped &&
	    m->was_check.raw == m->check.raw)
		return false;
	pgsa_mend_count(m->search, pfn, word, "error");
	if (pgsa_word_state(word) == PGSA_FRAME_CHECKING &&
	    !pgsa_frame_move(m->frame, pfn, &word, PGSA_FRAME_BAD))
		return false;
	/* Not before the frame is BAD: see doubt.c. */
	if (pgsa_word_state(word) == PGSA_FRAME_BAD)
		pgsa_unconfirmed_forget(pfn);
	pgsa_error(m->search, m->page, m->frame, word);
	return true;
}

/*
 * With the folio locked and admitted, nobody else is at this record. False if what is
 * known of the page is still to be settled.
 */
static bool pgsa_mend_locked(struct pgsa_mending *m)
{
	unsigned long pfn = page_to_pfn(m->page);
	u64 word = m->word;
	int right;

	m->check.raw = READ_ONCE(m->frame->check);
	m->was_word = m->word;
	m->was_check = m->check;
	m->flipped = pgsa_record_mend(pfn, &m->was_word, &m->was_check);

	right = pgsa_mend_right(m);
	if (right > 0)
		pgsa_unconfirmed_forget(pfn);
	if (right < 0) {
		pgsa_error_lost(m->search, m->frame, pfn, m->word, "record",
				"unreadable");
	} else if (!right) {
		return pgsa_mend_error(m);
	} else if (m->flipped == U64_MAX ||
		   m->flipped & PGSA_WORD_GENERATION) {
		if (pgsa_frame_move(m->frame, pfn, &word, PGSA_FRAME_OPEN))
			pgsa_mend_count(m->search, pfn, m->word, "opened");
	} else {
		pgsa_mend_seal(m);
	}
	return true;
}

/*
 * A valid record proves that nobody may have written since the frame was sealed,
 * and only its redundancy is wrong, of which the page knows nothing: who reads it
 * is not in the way. That needs no haste, and is nothing to be remembered.
 */
static struct folio *pgsa_mend_lock(struct pgsa_mending *m)
{
	union pgsa_check check = { .raw = READ_ONCE(m->frame->check) };
	bool unmapped = pgsa_wants_pagecache(m->search->policy);
	enum pgsa_refusal refusal;
	struct pgsa_codes codes;

	if (pgsa_word_state(m->word) == PGSA_FRAME_SEALED &&
	    pgsa_record_valid(page_to_pfn(m->page), m->word, &check, &codes))
		return pgsa_folio_lock_unpinned(m->page, unmapped, &refusal);
	return pgsa_unconfirmed_lock(m->search, m->page, m->frame, m->word,
				     false);
}

/**
 * pgsa_mend - look closely at the record of a frame that is or was sealed
 * @search: the search
 * @page: the frame's page
 * @frame: its record
 * @word: its word, as last seen; not NONE, OPEN or SEALING
 *
 * If the content agrees with the record, but for one flipped bit in the latter,
 * the record is put right. If it agrees and more than that is wrong, the frame is
 * opened. If it does not agree, it is given up as an error.
 *
 * A frame found CHECKING or BAD though its folio is not locked has been left
 * behind: a damaged bit has made a move fail.
 *
 * Context: As pgsa_visit(). Does nothing if the word has changed, and nothing but
 *	    to remember the frame if the folio cannot be had now.
 */
void pgsa_mend(struct pgsa_search *search, struct page *page,
	       struct pgsa_frame *frame, u64 word)
{
	struct pgsa_mending m = {
		.search = search, .page = page, .frame = frame, .word = word,
	};
	unsigned long pfn = page_to_pfn(page);
	struct folio *folio;

	folio = pgsa_mend_lock(&m);
	if (!folio)
		return;
	if (pgsa_frame_word(frame) == word && pgsa_mend_locked(&m))
		pgsa_unconfirmed_forget(pfn);
	pgsa_folio_unlock(folio);
}

/**
 * pgsa_redundancy_good - is what is kept outside the record as it was?
 * @search: the search
 * @pfn: number of the frame
 * @frame: its record
 * @word: its word, SEALED
 *
 * That costs as much as a verification, so it is only looked at in one cycle of
 * several. Damage to it is no danger, but would make an error uncorrectable.
 *
 * Context: Within rcu_read_lock().
 * Return: false if it is not, or has gone; pgsa_mend() has to look.
 */
bool pgsa_redundancy_good(const struct pgsa_search *search, unsigned long pfn,
			  struct pgsa_frame *frame, u64 word)
{
	union pgsa_check check = { .raw = READ_ONCE(frame->check) };
	u8 now[PGSA_CORRECT_BYTES];
	struct pgsa_codes codes;
	const u8 *stored;

	if ((pfn + search->turn) % PGSA_REDUNDANCY_TURNS ||
	    !pgsa_record_valid(pfn, word, &check, &codes) ||
	    !pgsa_code_stored(codes.correct))
		return true;
	stored = pgsa_store_find(codes.correct, pfn);
	if (!stored)
		return false;
	pgsa_store_check(codes.correct, stored, now);
	return !memcmp(now, check.correct, sizeof(now));
}

/**
 * pgsa_mend_mark - a frame is sealed and has no mark
 * @search: the search
 * @frame: the frame's record
 * @pfn: number of the frame
 * @word: its word, as last seen, SEALED
 *
 * No event would have found anything to open: nothing is known of the content.
 *
 * Context: As pgsa_visit().
 */
void pgsa_mend_mark(struct pgsa_search *search, struct pgsa_frame *frame,
		    unsigned long pfn, u64 word)
{
	u64 now = word;

	/* Who clears the mark has opened the word before. */
	smp_rmb();
	if (pgsa_frame_word(frame) == word &&
	    pgsa_frame_move(frame, pfn, &now, PGSA_FRAME_OPEN))
		pgsa_mend_count(search, pfn, word, "opened");
}

/* Was the frame given up before, or is it only now, in doubt? */
static void pgsa_mend_hurt(struct pgsa_search *search, struct pgsa_frame *frame,
			   unsigned long pfn, u64 word)
{
	u64 flips = (word ^ PGSA_STATUS_HURT) & PGSA_WORD_STATUS;

	if (hweight64(flips) <= 1 && pgsa_hurt_known(pfn))
		pgsa_frame_give_up(frame, pfn, word);
	else
		pgsa_error_lost(search, frame, pfn, word, "record", "record");
}

/**
 * pgsa_mend_word - put a word right that says nothing of the content
 * @search: the search
 * @page: the frame's page
 * @frame: its record
 * @word: its word, as last seen: one of a damaged status, or one for which
 *	  pgsa_word_damaged() is true
 *
 * Context: As pgsa_visit(). Leaves it to pgsa_mend() if the frame was sealed.
 */
void pgsa_mend_word(struct pgsa_search *search, struct page *page,
		    struct pgsa_frame *frame, u64 word)
{
	u64 mended = pgsa_status_mended(pgsa_word_status(word));
	unsigned long pfn = page_to_pfn(page);
	u64 now = word;

	switch (mended) {
	case PGSA_STATUS_NONE:
	case PGSA_STATUS_OPEN:
		mended |= word & ~(PGSA_WORD_STATUS | PGSA_WORD_CODES);
		if (pgsa_word_miscounted(word))
			mended = pgsa_word_break(mended);
		if (pgsa_frame_mend(frame, pfn, &now, mended))
			pgsa_mend_count(search, pfn, word, "mended");
		break;
	case PGSA_STATUS_HURT:
		pgsa_mend_hurt(search, frame, pfn, word);
		pgsa_mend_count(search, pfn, word, "hurt");
		break;
	case PGSA_STATUS_SEALING:
		if (pgsa_frame_move(frame, pfn, &now, PGSA_FRAME_OPEN)) {
			pgsa_mark_clear(pfn);
			pgsa_mend_count(search, pfn, word, "opened");
		}
		break;
	default:
		pgsa_mend(search, page, frame, word);
		break;
	}
}

/**
 * pgsa_claim_lost - is a frame SEALING that nobody is going to seal?
 * @frame: its record, SEALING; its check bytes tell when it was claimed
 *
 * Context: Any context.
 * Return: true if it has been so for longer than anybody needs. Also by chance,
 * while its check bytes are being written; and for who gets no CPU for so long.
 */
bool pgsa_claim_lost(const struct pgsa_frame *frame)
{
	u64 claimed = READ_ONCE(frame->check);

	/* Whoever claimed it may have seen a later time than we do. */
	smp_rmb();
	return get_jiffies_64() + HZ - claimed > PGSA_CLAIM_LIFE + HZ;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_claim_lost);

/**
 * pgsa_mend_claim - open a frame that nobody is going to seal
 * @search: the search
 * @page: the frame's page
 * @frame: its record
 * @word: its word, as last seen, SEALING
 *
 * That is not counted: most likely the list of somebody was damaged, but age alone
 * does not prove it. Whoever may rarely use a CPU can be as late, and finds that
 * his claim has gone.
 *
 * Context: As pgsa_visit().
 */
void pgsa_mend_claim(struct pgsa_search *search, struct page *page,
		     struct pgsa_frame *frame, u64 word)
{
	enum pgsa_refusal refusal;
	struct folio *folio;

	/* Check bytes are only written with the folio locked. */
	folio = pgsa_folio_lock(page, pgsa_wants_pagecache(search->policy),
				&refusal);
	if (!folio)
		return;
	if (pgsa_frame_word(frame) == word && pgsa_claim_lost(frame) &&
	    pgsa_frame_move(frame, page_to_pfn(page), &word, PGSA_FRAME_OPEN))
		pgsa_mark_clear(page_to_pfn(page));
	pgsa_folio_unlock(folio);
}
