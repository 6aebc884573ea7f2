// SPDX-License-Identifier: GPL-2.0
/*
 * How far a check on the way back to user mode goes: round the address space of
 * the task, in bounded steps.
 */
#include <linux/minmax.h>
#include <kunit/visibility.h>

#include "pgsa.h"

/* Steps that end short of a full batch: the end, or many tables for little */
#define PGSA_ROUND_SHORT_STEPS	2

/**
 * pgsa_round_begin - begin a check
 * @round: filled in
 * @address: where to begin
 * @frames: how many frames to verify at most
 *
 * Context: Any context.
 */
void pgsa_round_begin(struct pgsa_round *round, unsigned long address,
		      unsigned int frames)
{
	*round = (struct pgsa_round) {
		.start = address, .address = address, .left = frames,
	};
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_round_begin);

/**
 * pgsa_round_batch - how many frames to verify in the next step
 * @round: the check
 *
 * Context: Any context.
 * Return: 1 to PGSA_ROUND_BATCH.
 */
unsigned int pgsa_round_batch(const struct pgsa_round *round)
{
	return min(round->left, PGSA_ROUND_BATCH);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_round_batch);

/**
 * pgsa_round_goes_on - is there another step to be done?
 * @round: the check
 * @more: what pgsa_walk_mm() has returned
 * @nr: how many frames there were in this step
 *
 * A check goes on at the beginning when it comes to the end, but it does not
 * know where the walk passes the place at which it began. It need not: when
 * it comes to the end a second time, the next check begins at the beginning,
 * and sees all in one go from then on if there is so little.
 *
 * Context: Any context.
 * Return: false when the check has done its work.
 */
bool pgsa_round_goes_on(struct pgsa_round *round, int more, unsigned int nr)
{
	bool full = nr == pgsa_round_batch(round);

	round->left -= nr;
	if (more < 0 || !round->left)
		return false;
	if (!more) {
		if (round->wrapped || !round->start)
			return false;
		round->wrapped = true;
	}
	return full || ++round->short_steps < PGSA_ROUND_SHORT_STEPS;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_round_goes_on);
