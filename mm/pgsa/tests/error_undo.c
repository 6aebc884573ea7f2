// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_error: what was written is wrong, and taken back; and nothing else.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/string.h>

#include "error_kunit.h"

/* What is written is wrong, and must be taken back before the next look. */
static void damage_copy(struct error_test *et)
{
	if (et->looks == 1)
		((u64 *)et->search.repaired)[ERROR_BIT / 64] ^= 1;
	if (et->looks == 2)
		KUNIT_EXPECT_NE(kunit_get_current_test(),
				memcmp(et->content, et->left, PAGE_SIZE), 0);
	if (et->looks == 3)
		KUNIT_EXPECT_EQ(kunit_get_current_test(),
				memcmp(et->content, et->left, PAGE_SIZE), 0);
}

void copy_is_damaged(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "hamming");
	error_flip(et, ERROR_BIT);
	error_confirm(test);
	et->before_look = damage_copy;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
	KUNIT_EXPECT_GT(test, et->looks, 3);
}

/* A word that has healed was not written, so there is nothing to take back. */
void copy_is_damaged_words_healed(struct kunit *test)
{
	struct error_test *et = test->priv;

	error_seal(test, "lane");
	error_flip_lane(et, 3);
	error_confirm(test);
	error_flip(et, ERROR_LINE + 64 * 2 + 8 * 3 + 2);
	et->before_look = damage_copy;
	error_run(test, PGSA_CORRECTED);
	error_expect_good(test);
	KUNIT_EXPECT_GT(test, et->looks, 3);
}
