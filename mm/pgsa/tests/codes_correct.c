// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_codes_correct: every registered code keeps its promises, and
 * whatever the damage, no page ends up wrong and accepted.
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "../pgsa.h"
#include "codes_damage.h"
#include "codes_kunit.h"
#include "codes_pages.h"

#define MAX_SAMPLES		2000
#define DAMAGES			5000
#define SHORT_CHECK		48	/* bytes */
#define DAMAGES_FAST		1000000	/* for codes with no more than that */
#define DAMAGES_SLOW		50000
#define DAMAGED_CHECKS		2000

static void codes_promise_desc(const struct pgsa_promise *promise, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s", promise->code,
		 promise->what);
}

KUNIT_ARRAY_PARAM(codes_promise, pgsa_promises, codes_promise_desc);

static bool codes_keeps_promise(struct codes_test *ct,
				const struct pgsa_code *code, const u8 *check,
				u8 *now, enum pgsa_outcome outcome)
{
	int bits = pgsa_distance(ct->page, ct->good);

	if (outcome == PGSA_REPAIRED)
		return code->correct(ct->page, check) == bits &&
		       codes_page_good(ct);
	if (outcome == PGSA_REFUSED) {
		memcpy(ct->damaged, ct->page, PGSA_CODE_PAGE_SIZE);
		return code->correct(ct->page, check) == -EBADMSG &&
		       !memcmp(ct->page, ct->damaged, PGSA_CODE_PAGE_SIZE);
	}
	pgsa_encode(code, ct->page, now);
	return memcmp(check, now, code->check_bytes);
}

static void keep_promise(struct kunit *test)
{
	const struct pgsa_promise *promise = test->param_value;
	const struct pgsa_code *code = codes_get(test, promise->code);
	u8 *check = codes_seal(test, code), *now = codes_alloc_check(test, code);
	struct codes_test *ct = test->priv;
	unsigned int i, places = promise->places;

	if (promise->sampled)
		places = min(places, MAX_SAMPLES);
	for (i = 0; i < places; i++) {
		promise->damage(ct->page, i, promise->size, &ct->random);
		KUNIT_ASSERT_TRUE_MSG(test, codes_keeps_promise(ct, code, check,
								now, promise->outcome),
				      "place %u", i);
		codes_restore(ct);
		cond_resched();
	}
}

/* A code without a promise would not be tested. */
static void promise_something(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	unsigned int i, promises = 0;

	for (i = 0; i < ARRAY_SIZE(pgsa_promises); i++)
		promises += !strcmp(pgsa_promises[i].code, code->name);
	KUNIT_EXPECT_GT(test, promises, 0);
}

static void correct_clean_page(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	struct codes_test *ct = test->priv;
	unsigned int i;
	u8 *check;

	for (i = 0; i < NR_PGSA_PATTERNS; i++) {
		pgsa_pattern_fill(i, ct->good);
		codes_restore(ct);
		check = codes_seal(test, code);
		KUNIT_EXPECT_EQ(test, code->correct(ct->page, check), 0);
		KUNIT_EXPECT_TRUE(test, codes_page_good(ct));
	}
}

/* Is there a detecting code that takes the page for the good one? */
static bool codes_any_accepts(const struct codes_test *ct)
{
	u8 now[MAX_DETECT_BYTES];
	unsigned int d;

	for (d = 0; ct->detect[d]; d++) {
		pgsa_encode(ct->detect[d], ct->page, now);
		if (!memcmp(now, ct->seal[d], ct->detect[d]->check_bytes))
			return true;
	}
	return false;
}

/* Whatever the code does, no detecting code may accept a wrong page. */
static void codes_correct_and_prove(struct kunit *test,
				    const struct pgsa_code *code,
				    const u8 *check, unsigned int i)
{
	struct codes_test *ct = test->priv;

	memcpy(ct->damaged, ct->page, PGSA_CODE_PAGE_SIZE);
	if (code->correct(ct->page, check) == -EBADMSG) {
		KUNIT_ASSERT_TRUE_MSG(test, !memcmp(ct->page, ct->damaged,
						    PGSA_CODE_PAGE_SIZE),
				      "refused page changed, case %u", i);
		ct->refused++;
	} else if (codes_page_good(ct)) {
		ct->repaired++;
	} else {
		KUNIT_ASSERT_FALSE_MSG(test, codes_any_accepts(ct),
				       "wrong page accepted, case %u", i);
		ct->uncovered++;
	}
	codes_restore(ct);
	cond_resched();
}

static void codes_report(struct kunit *test)
{
	struct codes_test *ct = test->priv;

	kunit_info(test, "%u repaired, %u refused, %u uncovered, 0 wrong\n",
		   ct->repaired, ct->refused, ct->uncovered);
}

static void codes_damage_randomly(struct kunit *test,
				  const struct pgsa_code *code, unsigned int nr)
{
	u8 *check = codes_seal(test, code);
	struct codes_test *ct = test->priv;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pgsa_damage_any(ct->page, i, 0, &ct->random);
		codes_correct_and_prove(test, code, check, i);
	}
	codes_report(test);
}

static void correct_random_damage(struct kunit *test)
{
	codes_damage_randomly(test, test->param_value, DAMAGES);
}

/* Long redundancy means slow decoding: codes-test does as many there. */
static void correct_much_random_damage(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	bool slow = code->check_bytes > SHORT_CHECK;

	codes_damage_randomly(test, code, slow ? DAMAGES_SLOW : DAMAGES_FAST);
}

/*
 * The redundancy is memory too: each of its bits alone, then random damage to
 * it and to the page.
 */
static void correct_damaged_check(struct kunit *test)
{
	const struct pgsa_code *code = test->param_value;
	u8 *right = codes_seal(test, code), *check = codes_seal(test, code);
	unsigned int i, bits = code->check_bytes * 8;
	struct codes_test *ct = test->priv;

	for (i = 0; i < bits + DAMAGED_CHECKS; i++) {
		memcpy(check, right, code->check_bytes);
		if (i < bits) {
			pgsa_flip_bit(check, i);
		} else {
			check[i % code->check_bytes] = pgsa_random(&ct->random);
			pgsa_damage_any(ct->page, i, 0, &ct->random);
		}
		codes_correct_and_prove(test, code, check, i);
	}
	codes_report(test);
}

static struct kunit_case codes_correct_cases[] = {
	KUNIT_CASE_PARAM(promise_something, codes_all),
	KUNIT_CASE_PARAM_ATTR(keep_promise, codes_promise_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM(correct_clean_page, codes_correcting),
	KUNIT_CASE_PARAM(correct_random_damage, codes_correcting),
	KUNIT_CASE_PARAM(correct_damaged_check, codes_correcting),
	KUNIT_CASE_PARAM_ATTR(correct_much_random_damage, codes_correcting,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite codes_correct_suite = {
	.name = "pgsa_codes_correct",
	.suite_init = codes_suite_init,
	.init = codes_init,
	.test_cases = codes_correct_cases,
};

kunit_test_suite(codes_correct_suite);
