// SPDX-License-Identifier: GPL-2.0
/*
 * Flips in frame records: each one is found and put right, or at least does no
 * harm; a flip in the content that comes afterwards is repaired as ever.
 */
#include "pgsa_selftest.h"
#include "pgsa_pages.h"

#define WORD_BITS	64
#define OPEN_STATUS	0x6001ULL
#define LOCKED_STATUS	0x000dULL	/* BAD, and being repaired */

/* Until the page is sealed once more, whatever happens meanwhile */
static void wait_mended(const char *page, unsigned long long damaged)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (policy_stat("records_damaged") == damaged) {
		check(now_s() < limit, "the flip was not seen");
		sleep_ms(1);
	}
	wait_sealed(page);
}

static void each_bit(const char *correct, unsigned int first, unsigned int step)
{
	char *page = (char *)new_pages(1, PROT_READ);
	unsigned long long damaged;
	unsigned int bit;
	unsigned long pfn;

	policy_must_set("enable", "0");
	policy_must_set("correct", correct);
	policy_must_set("enable", "1");
	for (bit = first; bit < first + WORD_BITS; bit += step) {
		pfn = wait_sealed(page);
		damaged = policy_stat("records_damaged");
		flip_record(pfn, bit / WORD_BITS, 1ULL << bit % WORD_BITS);
		wait_mended(page, damaged);
		flip(page, bit * 100);
		expect_report(pfn, bit * 100, "corrected");
	}
}

static void test_word(void)
{
	each_bit("hamming", 0, 1);
}

static void test_check(void)
{
	each_bit("hamming", WORD_BITS, 1);
}

static void test_word_stored(void)
{
	each_bit("lane", 0, 4);
}

/* It must not be laundered: what was sealed is not what is there now. */
static void test_with_content(void)
{
	char *page = (char *)new_pages(1, PROT_READ), damaged[PGSA_PAGE];
	struct report report;
	unsigned long pfn = wait_sealed(page);

	memcpy(damaged, page, PGSA_PAGE);
	damaged[100] ^= 4;
	policy_must_set("enable", "0");
	flip_record(pfn, 1, 4);
	flip(page, 802);
	policy_must_set("enable", "1");
	check(trace_wait(&report, WAIT_MS), "no report");
	check(report.pfn == pfn && !strcmp(report.code, "record") &&
	      !strcmp(report.result, "unresolved"), "pfn %#lx %s by %s",
	      report.pfn, report.result, report.code);
	check(!memcmp(damaged, page, PGSA_PAGE), "the content was changed");
}

/* The frame was opened, says its generation: it is sealed by the long way. */
static void test_generation(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	unsigned long pfn = wait_sealed(page);
	unsigned long long damaged = policy_stat("records_damaged");
	unsigned int before = frame_of(pfn).generation;

	flip_record(pfn, 0, 1ULL << 20);
	wait_mended(page, damaged);
	check(frame_of(pfn).generation != before, "it was not opened");
}

/* Nobody repairs it, and so nobody must wait until that is done. */
static void test_locked(void)
{
	char *page = (char *)new_pages(1, PROT_READ | PROT_WRITE);
	unsigned long pfn;

	policy_must_set("enable", "0");
	page[0] = 1;
	check(!pgsa_pfn(getpid(), (unsigned long)page, &pfn), "no frame");
	check(!strcmp(frame_of(pfn).state, "OPEN"), "state %s",
	      frame_of(pfn).state);
	flip_record(pfn, 0, OPEN_STATUS ^ LOCKED_STATUS);
	check(!strcmp(frame_of(pfn).state, "BAD"), "state %s",
	      frame_of(pfn).state);
	/* One writer less and one more; the latter is an event. */
	check(!mprotect(page, PGSA_PAGE, PROT_READ) &&
	      !mprotect(page, PGSA_PAGE, PROT_READ | PROT_WRITE), "mprotect");
	page[0] = 2;
	check(!strcmp(frame_of(pfn).state, "OPEN"), "state %s",
	      frame_of(pfn).state);
}

static const struct selftest tests[] = {
	{ "each bit of a word", test_word },
	{ "each bit of the check bytes", test_check },
	{ "bits of a word, with redundancy elsewhere", test_word_stored },
	{ "record and content damaged: left alone", test_with_content },
	{ "another generation: sealed anew", test_generation },
	{ "locked, and nobody is repairing it", test_locked },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
