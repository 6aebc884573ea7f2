/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the KUnit suite pgsa_error share: a page and a record of the
 * test's own, and a thrower that changes the page at chosen moments.
 */
#ifndef __MM_PGSA_TESTS_ERROR_KUNIT_H
#define __MM_PGSA_TESTS_ERROR_KUNIT_H

#include <kunit/test.h>
#include <linux/prandom.h>

#include "../error.h"

#define ERROR_BIT	(1000 * 8 + 3)	/* wrong in most cases */
#define ERROR_OTHER	(3000 * 8 + 5)	/* in another word */
#define ERROR_NEAR	(1000 * 8 + 9)	/* in the same word */
#define ERROR_LINE	(2048 * 8)	/* a line, for the code lane */

struct error_test {
	struct pgsa_policy policy;
	struct pgsa_search search;
	struct pgsa_finding finding;
	struct pgsa_frame frame;
	u64 word;		/* of the frame when it was found BAD */
	const struct pgsa_code *correct;
	struct page *page;
	u64 *content;
	u64 *good;		/* what was sealed */
	u64 *left;		/* what the thrower has left */
	struct rnd_state rnd;
	unsigned int looks;	/* at the page, so far */
	unsigned int flushes;
	unsigned int decodes;
	bool unreadable;	/* the memory has lost what it held */
	void (*before_look)(struct error_test *et);
	void (*after_flush)(struct error_test *et);
};

void error_flip(struct error_test *et, unsigned int bit);
void error_seal(struct kunit *test, const char *correct);
void error_confirm(struct kunit *test);
void error_run(struct kunit *test, enum pgsa_result result);
bool error_is_good(struct kunit *test);
u64 error_counted(struct kunit *test, enum pgsa_stat stat);
void error_expect_state(struct kunit *test, enum pgsa_frame_state state,
			bool hurt);
void error_expect_good(struct kunit *test);
void error_expect_left(struct kunit *test);

/* error_repair.c */
void error_flip_lane(struct error_test *et, unsigned int byte);
void all_words_healed(struct kunit *test);
void damaged_again_once(struct kunit *test);
void damaged_as_copied(struct kunit *test);
void damaged_beyond_the_code(struct kunit *test);
void damaged_elsewhere_during_the_repair(struct kunit *test);
void damaged_elsewhere_meanwhile(struct kunit *test);
void damaged_more_beyond_the_code(struct kunit *test);
void damaged_more_in_the_same_word(struct kunit *test);
void healed_at_the_last_look(struct kunit *test);
void healed_before_it_is_given_up(struct kunit *test);
void healed_meanwhile(struct kunit *test);
void never_worse(struct kunit *test);
void redundancy_damaged_page_healed(struct kunit *test);
void redundancy_gone_page_healed(struct kunit *test);
void one_word_of_many_unexpected(struct kunit *test);
void record_is_damaged(struct kunit *test);
void some_words_healed(struct kunit *test);
void stored_redundancy_is_damaged(struct kunit *test);
void stuck(struct kunit *test);
void toggles_beyond_the_code(struct kunit *test);
void unreadable(struct kunit *test);
void written_and_healed_meanwhile(struct kunit *test);
void written_meanwhile(struct kunit *test);

/* error_undo.c */
void copy_is_damaged(struct kunit *test);
void copy_is_damaged_words_healed(struct kunit *test);

#endif /* __MM_PGSA_TESTS_ERROR_KUNIT_H */
