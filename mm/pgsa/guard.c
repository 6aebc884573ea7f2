// SPDX-License-Identifier: GPL-2.0
/*
 * Is the record of a sealed frame what it was when the frame was sealed? If not,
 * which bit of it has flipped? Knows nothing of pages.
 */

/**
 * DOC: Damaged records
 *
 * The records are as likely to be hit as any other memory of their size. Each
 * bit of a record is covered by one of three codes, and each tells which bit it
 * was that flipped:
 *
 * - the status (state, lock, hurt) by the three bits of its proof,
 * - the writers, which are zero in a sealed frame, by that,
 * - codes, generation and check bytes by the guard, which covers the number of
 *   the frame as well.
 *
 * No field of a record is used before all of them have been found valid. A
 * record that is not is put right if there is one bit, and only one, without
 * whose flip it would be valid, and if the content of the frame then agrees with
 * it: 32 bits that cannot do so by chance. That is done with the folio locked and
 * the frame admissible, as is all else with a sealed frame.
 *
 * Such a record describes the frame as it is. Each event moves a frame whose
 * status is not exactly NONE or OPEN to OPEN, damaged or not, and that changes
 * the generation. So if the guard matches the generation, no event has opened
 * the frame since it was sealed, and its content is the one that was sealed,
 * whatever the status says now. It takes three flips to make OPEN look like
 * SEALED, and the generation is another one even then. For the same reason a
 * record that is only valid with another generation than it has is not put
 * right: its frame is opened, and sealed by the ordinary way if it may be.
 */
#include <linux/array_size.h>
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/byteorder/generic.h>
#include <kunit/visibility.h>

#include "pgsa.h"

static const char * const pgsa_frame_names[NR_PGSA_FRAME_STATES] = {
	[PGSA_FRAME_NONE]	= "NONE",
	[PGSA_FRAME_OPEN]	= "OPEN",
	[PGSA_FRAME_SEALING]	= "SEALING",
	[PGSA_FRAME_SEALED]	= "SEALED",
	[PGSA_FRAME_CHECKING]	= "CHECKING",
	[PGSA_FRAME_BAD]	= "BAD",
};

/**
 * pgsa_frame_state_name - name of a state, as users see it
 * @state: the state
 *
 * Context: Any context.
 * Return: the name; "?" for a value that is no state (a damaged record).
 */
const char *pgsa_frame_state_name(enum pgsa_frame_state state)
{
	return state < NR_PGSA_FRAME_STATES ? pgsa_frame_names[state] : "?";
}

/* By state; then those with a mark */
const u64 pgsa_statuses[NR_PGSA_FRAME_STATES + 2] = {
	[PGSA_FRAME_NONE]	= PGSA_STATUS_NONE,
	[PGSA_FRAME_OPEN]	= PGSA_STATUS_OPEN,
	[PGSA_FRAME_SEALING]	= PGSA_STATUS_SEALING,
	[PGSA_FRAME_SEALED]	= PGSA_STATUS_SEALED,
	[PGSA_FRAME_CHECKING]	= PGSA_STATUS_CHECKING,
	[PGSA_FRAME_BAD]	= PGSA_STATUS_BAD,
	PGSA_STATUS_HURT,
	PGSA_STATUS_LOCKED,
};

/**
 * pgsa_status_mended - what a status was before a bit of it flipped
 * @status: bits of PGSA_WORD_STATUS
 *
 * Context: Any context.
 * Return: the value that it is or from which it differs in one bit; else
 * PGSA_STATUS_HURT, for nothing is known about the content.
 */
u64 pgsa_status_mended(u64 status)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgsa_statuses); i++)
		if (hweight64(status ^ pgsa_statuses[i]) <= 1)
			return pgsa_statuses[i];
	return PGSA_STATUS_HURT;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_status_mended);

/**
 * pgsa_word_maybe_hurt - was a frame hurt, as far as one can tell?
 * @word: its word
 *
 * Context: Any context.
 * Return: true also in doubt: damaged content must not pass for good.
 */
bool pgsa_word_maybe_hurt(u64 word)
{
	return pgsa_word_hurt(word) ||
	       (unlikely(pgsa_word_state(word) == NR_PGSA_FRAME_STATES) &&
		pgsa_status_mended(pgsa_word_status(word)) == PGSA_STATUS_HURT);
}

/**
 * pgsa_word_maybe_bad - is the content of a frame damaged, as far as one can tell?
 * @word: its word
 *
 * Context: Any context.
 * Return: true if it was given up, or is in the error path.
 */
bool pgsa_word_maybe_bad(u64 word)
{
	switch (pgsa_status_mended(pgsa_word_status(word))) {
	case PGSA_STATUS_HURT:
	case PGSA_STATUS_BAD:
	case PGSA_STATUS_LOCKED:
		return true;
	default:
		return false;
	}
}

/**
 * pgsa_word_damaged - has the word of a frame that is not sealed been damaged?
 * @word: the word, NONE or OPEN
 *
 * Context: Any context.
 * Return: true if it names codes, or a count of writers that is none.
 */
bool pgsa_word_damaged(u64 word)
{
	return word & PGSA_WORD_CODES || pgsa_word_miscounted(word);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_word_damaged);

/**
 * pgsa_frame_guard - check value over a record's own content
 * @pfn: frame number, so that a record of another frame is not accepted
 * @word: the word; only codes and generation count
 * @check: check bytes of the codes
 *
 * It is looked at with each verification, so it must be had in a few
 * nanoseconds: a multilinear hash (Carter and Wegman 1981), which here changes
 * with every single and double flip. A CRC-16 promises the same, and takes a
 * quarter of the time that a CRC-32C of the whole page takes.
 *
 * Context: Any context.
 * Return: the value for @check->guard.
 */
u16 pgsa_frame_guard(unsigned long pfn, u64 word,
		     const union pgsa_check *check)
{
	union pgsa_check rest = *check;

	rest.guard = 0;
	return (PGSA_GUARD_ZERO + pfn * PGSA_GUARD_PFN +
		(word & (PGSA_WORD_CODES | PGSA_WORD_GENERATION)) *
		PGSA_GUARD_WORD +
		le64_to_cpu((__force __le64)rest.raw) * PGSA_GUARD_CHECK) >> 48;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_guard);

/**
 * pgsa_word_codes - the codes that a word names
 * @word: the word
 * @codes: takes the codes
 *
 * Context: Any context.
 * Return: true if there is such a detecting code, and such a correcting one or
 * none. False for a damaged word.
 */
bool pgsa_word_codes(u64 word, struct pgsa_codes *codes)
{
	unsigned int correct = FIELD_GET(PGSA_WORD_CORRECT, word);

	codes->detect = pgsa_code_by_id(FIELD_GET(PGSA_WORD_DETECT, word));
	codes->correct = pgsa_code_by_id(correct);
	return codes->detect && !codes->detect->correct &&
	       codes->detect->check_bytes <= PGSA_DETECT_BYTES &&
	       (codes->correct ? !!codes->correct->correct : !correct);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_word_codes);

/**
 * pgsa_record_valid - is a record that of a sealed frame, and undamaged?
 * @pfn: number of the frame
 * @word: the word
 * @check: its check bytes
 * @codes: takes its codes
 *
 * Context: Any context.
 * Return: true if the frame is SEALED, CHECKING or BAD, all fields are possible
 * and the guard matches. Only then may @codes and @check be used.
 */
bool pgsa_record_valid(unsigned long pfn, u64 word,
		       const union pgsa_check *check, struct pgsa_codes *codes)
{
	enum pgsa_frame_state state = pgsa_word_state(word);

	return state >= PGSA_FRAME_SEALED && state < NR_PGSA_FRAME_STATES &&
	       !(word & PGSA_WORD_WRITERS) && pgsa_word_codes(word, codes) &&
	       check->guard == pgsa_frame_guard(pfn, word, check);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_record_valid);

static bool pgsa_record_tried(unsigned long pfn, u64 *word,
			      union pgsa_check *check, u64 in_word,
			      u64 in_check)
{
	union pgsa_check other = { .raw = check->raw ^ in_check };
	struct pgsa_codes codes;

	if (!pgsa_record_valid(pfn, *word ^ in_word, &other, &codes))
		return false;
	*word ^= in_word;
	check->raw = other.raw;
	return true;
}

/**
 * pgsa_record_mend - find the bit of a sealed frame's record that has flipped
 * @pfn: number of the frame
 * @word: the word; becomes what it was
 * @check: its check bytes; become what they were
 *
 * At most one flip of a word and check bytes makes them valid. That is an answer
 * of 16 bits at best: it has to be proved by the content.
 *
 * Context: Any context; takes a microsecond.
 * Return: the bit of the word that has been flipped back, 0 if it was one of the
 * check bytes or none; U64_MAX if no one flip makes the record valid, and then
 * nothing has changed.
 */
u64 pgsa_record_mend(unsigned long pfn, u64 *word, union pgsa_check *check)
{
	unsigned int bit;

	if (pgsa_record_tried(pfn, word, check, 0, 0))
		return 0;
	for (bit = 0; bit < 64; bit++)
		if (pgsa_record_tried(pfn, word, check, BIT_ULL(bit), 0))
			return BIT_ULL(bit);
	for (bit = 0; bit < 64; bit++)
		if (pgsa_record_tried(pfn, word, check, 0, BIT_ULL(bit)))
			return 0;
	return U64_MAX;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_record_mend);
