// SPDX-License-Identifier: GPL-2.0
/*
 * Searching, with every strategy and with several searchers: flips are found with
 * the right frame and bit, after how long, and each frame is visited once in a
 * cycle.
 */
#include "delays.h"

#define FLIPS		300
#define FLIPS_S		20

/* One flip; returns its detection delay in nanoseconds. */
static long long one_delay(const void *page, unsigned int bit)
{
	char content[PGSA_PAGE];
	struct report report;
	unsigned long pfn;

	memcpy(content, page, PGSA_PAGE);
	pfn = wait_sealed(page);
	flip(page, bit);
	check(trace_wait(&report, WAIT_MS), "no report for pfn %#lx", pfn);
	check(report.pfn == pfn && report.bit == (int)bit,
	      "pfn %#lx bit %d instead of %#lx %u", report.pfn, report.bit,
	      pfn, bit);
	check(!strcmp(report.result, "corrected"), "%s", report.result);
	check(!memcmp(content, page, PGSA_PAGE), "the content is wrong");
	return report.delay_ns;
}

static void measure_delays(const char *what)
{
	const char *pages = (const char *)new_pages(16, PROT_READ);
	double start = now_s();
	long long ns[FLIPS];
	unsigned int i;

	/* Fewer where all is slow */
	for (i = 0; i < FLIPS && now_s() < start + FLIPS_S; i++) {
		/* At any moment of a cycle */
		usleep(random() % 5000);
		ns[i] = one_delay(pages + i % 16 * PGSA_PAGE,
				  random() % PAGE_BITS);
	}
	delays_print(what, ns, i);
}

static void check_strategy(const char *name)
{
	char names[256] = "";

	pgsa_read(PGSA_CONFIGFS "/available_strategies", names, sizeof(names));
	if (!strstr(names, name))
		skip("it is not built in");
	policy_must_set("enable", "0");
	policy_must_set("strategy", name);
	policy_must_set("enable", "1");
	measure_delays(name);
}

static void test_sweep(void)
{
	check_strategy("sweep");
}

static void test_shared(void)
{
	check_strategy("shared");
}

static void use_searchers(const char *nr)
{
	policy_must_set("enable", "0");
	policy_must_set("searchers", nr);
	policy_must_set("enable", "1");
}

static void test_several(void)
{
	use_searchers("5");
	check(searcher(), "no thread kpgsad/" POLICY);
	measure_delays("sweep, 5 searchers");
}

/* However many there are, they verify what one verifies. */
static void test_once(void)
{
	const uint32_t *area = new_pages(1000, PROT_READ);
	unsigned long long frames[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		use_searchers(i ? "5" : "1");
		wait_sealed(area);
		wait_sealed(area + 999 * PGSA_PAGE / sizeof(*area));
		policy_must_set("interval_ms", "100");
		wait_cycles(5);
		frames[i] = policy_stat("last_cycle_frames");
		policy_must_set("interval_ms", "0");
	}
	diag("verified in a cycle: %llu by one, %llu by five", frames[0],
	     frames[1]);
	check(frames[0] >= 1000 && frames[1] > frames[0] * 0.9 &&
	      frames[1] < frames[0] * 1.1,
	      "verified in a cycle: %llu by one, %llu by five", frames[0],
	      frames[1]);
}

/* They may not be in each other's way; to be faster they need idle CPUs. */
static void test_speed(void)
{
	static const char * const numbers[] = { "1", "2", "4" };
	unsigned long long checked, first = 0;
	unsigned int i;

	new_pages(4000, PROT_READ);
	for (i = 0; i < 3; i++) {
		use_searchers(numbers[i]);
		wait_cycles(3);
		checked = policy_stat("frames_checked");
		sleep_ms(2000);
		checked = policy_stat("frames_checked") - checked;
		diag("%s searchers: %llu frames/s", numbers[i], checked / 2);
		if (!i)
			first = checked;
		check(checked && checked >= first / 2,
		      "%s searchers: %llu frames, %llu by one", numbers[i],
		      checked, first);
	}
}

/* Stopped in the middle of anything, also while some wait for others. */
static void test_stop_and_go(void)
{
	const uint32_t *page = new_pages(1, PROT_READ);
	unsigned int i;

	for (i = 0; i < 200; i++) {
		policy_must_set("enable", "0");
		policy_must_set("searchers", i % 2 ? "16" : "3");
		policy_must_set("interval_ms", i % 3 ? "0" : "3");
		policy_must_set("enable", "1");
		usleep(random() % 3000);
	}
	flip_is_repaired(page, 4711);
	policy_must_set("enable", "0");
	check(!searcher(), "a thread outlived its policy");
}

static const struct selftest tests[] = {
	{ "strategy sweep", test_sweep },
	{ "strategy shared", test_shared },
	{ "several searchers", test_several },
	{ "several searchers visit each frame once", test_once },
	{ "several searchers do not hinder each other", test_speed },
	{ "several searchers stop and go", test_stop_and_go },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
