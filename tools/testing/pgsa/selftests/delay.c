// SPDX-License-Identifier: GPL-2.0
/*
 * How soon a policy finds a flip that nobody has set anything for: mkdir, enable,
 * and about as many sealed frames as in 2009, when it took 275 ms on average with
 * a search that left nothing for others. A measurement for a quiet machine, and no
 * part of "run": it fails only if a flip is not found.
 */
#include "pgsa_selftest.h"

#define PAGES		17000
#define FLIPS		100
#define APART_MS	700	/* at most */
#define LOOK_MS		100
#define GOAL_MS		275.0

static void start_default_policy(void)
{
	policy_remove();
	check(!mkdir(POLICY_DIR, 0755), "mkdir: %s", strerror(errno));
	policy_must_set("enable", "1");
}

/* One bit, at a moment that has nothing to do with the search. */
static double flip_delay_ms(const char *pages)
{
	const char *page = pages + (size_t)(rand() % PAGES) * PGSA_PAGE;
	struct report report;
	char text[64];
	int i;

	wait_sealed(page);
	sleep_ms(rand() % APART_MS);
	snprintf(text, sizeof(text), "%d %#lx %#x", getpid(),
		 (unsigned long)page + rand() % PGSA_PAGE / 8 * 8,
		 1 << rand() % 8);
	check(!pgsa_write(PGSA_DEBUGFS "/inject_vaddr", text), "%s", text);
	/* To look more often would keep the search from its CPU and its caches. */
	for (i = 0; !trace_wait(&report, 0); i++) {
		check(i < WAIT_MS / LOOK_MS, "not found: %s", text);
		sleep_ms(LOOK_MS);
	}
	check(report.delay_ns > 0, "no delay");
	return report.delay_ns / 1e6;
}

static void show_cost(double seconds, unsigned long long cpu_ns,
		      unsigned long long cycles)
{
	diag("%.1f per mille of a CPU, %.2f ms of it a cycle, cycles %.0f ms apart",
	     cpu_ns / 1e6 / seconds, cpu_ns / 1e6 / cycles,
	     seconds * 1e3 / cycles);
}

static void test_default(void)
{
	double sum = 0, worst = 0, delay, start;
	unsigned long long cpu, cycles;
	const char *pages;
	unsigned int i;

	alarm(10 * TEST_SECONDS);
	srand(2009);
	pages = (const char *)new_pages(PAGES, PROT_READ);
	wait_sealed(pages + (PAGES - 1) * PGSA_PAGE);
	start_default_policy();
	wait_cycles(3);
	start = now_s();
	cpu = policy_stat("cpu_ns");
	cycles = policy_stat("cycles");
	for (i = 0; i < FLIPS; i++) {
		delay = flip_delay_ms(pages);
		sum += delay;
		worst = delay > worst ? delay : worst;
	}
	show_cost(now_s() - start, policy_stat("cpu_ns") - cpu,
		  policy_stat("cycles") - cycles);
	diag("%llu frames verified in a cycle", policy_stat("last_cycle_frames"));
	diag("found after %.0f ms on average, %.0f at most: goal %.0f, %s",
	     sum / FLIPS, worst, GOAL_MS,
	     sum / FLIPS < GOAL_MS ? "reached" : "missed");
}

static const struct selftest tests[] = {
	{ "delay of a policy with all defaults", test_default },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
