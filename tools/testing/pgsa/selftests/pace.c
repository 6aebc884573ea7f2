// SPDX-License-Identifier: GPL-2.0
/*
 * The searcher keeps to its limits: share of a CPU, pause between cycles, and
 * priority; and it stops at once.
 */
#include "pgsa_selftest.h"

#define MEASURE_S	6.0

/* The share of one CPU the searcher uses, in per mille. */
static double measure_permille(double seconds)
{
	double start = now_s();
	unsigned long long cpu = policy_stat("cpu_ns");

	sleep_ms(seconds * 1000);
	cpu = policy_stat("cpu_ns") - cpu;
	return cpu / 1e6 / (now_s() - start);
}

/*
 * What the host takes from a guest in the middle of a step looks like time that
 * the guest used. That passes; a governor that is wrong is wrong every time.
 */
static void check_permille(const char *limit)
{
	double wanted = atoi(limit), found;
	unsigned int tries = 3;

	alarm(3 * TEST_SECONDS);
	policy_must_set("cpu_permille", limit);
	do {
		sleep_ms(wanted < 10 ? 3000 : 1000);
		found = measure_permille(wanted < 10 ? 10 : MEASURE_S);
		diag("cpu_permille=%s: %.1f measured", limit, found);
	} while ((found < wanted * 0.8 || found > wanted * 1.2) && --tries);
	check(tries, "%.1f per mille of a CPU instead of %s", found, limit);
}

static void test_idle_machine(void)
{
	check_permille("1");
	check_permille("10");
	check_permille("50");
	check_permille("200");
}

/* Two who want all of it for each CPU. */
static void test_busy_machine(void)
{
	long i, hogs = 2 * sysconf(_SC_NPROCESSORS_ONLN);

	for (i = 0; i < hogs; i++)
		if (!fork_child())
			for (;;)
				;
	check_permille("1");
	check_permille("10");
	check_permille("50");
	check_permille("200");
}

static void test_common_share(void)
{
	policy_must_set("enable", "0");
	policy_must_set("searchers", "3");
	policy_must_set("enable", "1");
	check_permille("100");
}

#define SWITCH_S	(0.0001 * slowness())	/* in an emulator; else far less */
#define SWITCH_DIR	"/sys/kernel/tracing/instances/pgsa-pace"
#define SWITCH_EVENT	SWITCH_DIR "/events/sched/sched_switch"

/* Seconds the searcher was on a CPU, by the clock of the trace. */
static double switched_in_s(unsigned int *times)
{
	FILE *trace = fopen(SWITCH_DIR "/trace", "re");
	double sum = 0, in = 0, when;
	char line[512], *text;

	check(trace, "trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), trace)) {
		text = strstr(line, ": sched_switch: ");
		if (!text)
			continue;
		*text = '\0';
		when = atof(strrchr(line, ' '));
		if (strstr(text + 1, "next_comm=kpgsad/"))
			in = when;
		else if (in)
			sum += when - in;
		(*times)++;
	}
	fclose(trace);
	return sum;
}

/* stats/cpu_ns rests on the scheduler's books: compare with a finer clock. */
static void test_cpu_ns(void)
{
	unsigned int times = 0;
	double own, other;

	mkdir(SWITCH_DIR, 0755);
	if (pgsa_write(SWITCH_EVENT "/filter",
		       "prev_comm ~ \"kpgsad*\" || next_comm ~ \"kpgsad*\""))
		skip("no tracepoint sched_switch");
	check(!pgsa_write(SWITCH_DIR "/trace_clock", "mono"), "no mono clock");
	policy_must_set("cpu_permille", "50");
	sleep_ms(500);
	own = policy_stat("cpu_ns");
	pgsa_write(SWITCH_EVENT "/enable", "1");
	sleep_ms(MEASURE_S * 1000);
	pgsa_write(SWITCH_EVENT "/enable", "0");
	own = (policy_stat("cpu_ns") - own) / 1e9;
	other = switched_in_s(&times);
	rmdir(SWITCH_DIR);
	diag("stats/cpu_ns %.3f s, sched_switch %.3f s", own, other);
	/* The switch itself is accounted, too, but not between two events. */
	check(own > other * 0.8 && own < other * 1.2 + times * SWITCH_S,
	      "stats/cpu_ns %.3f s, but sched_switch %.3f s", own, other);
}

static void test_interval(void)
{
	unsigned long long cycles, slow;
	double start;

	policy_must_set("interval_ms", "500");
	wait_cycles(1);
	start = now_s();
	cycles = policy_stat("cycles");
	sleep_ms(MEASURE_S * 1000);
	cycles = policy_stat("cycles") - cycles;
	slow = (now_s() - start) / 0.5;
	diag("interval_ms=500: %llu cycles in %.0f s, last %.1f ms", cycles,
	     MEASURE_S, policy_stat("last_cycle_ns") / 1e6);
	check(cycles <= slow + 1, "%llu cycles instead of %llu", cycles, slow);
	/* A cycle may itself take as long as the pause, or on slow kernels longer. */
	check(cycles >= slow / 2 / slowness(), "%llu cycles instead of %llu",
	      cycles, slow);
}

static void test_no_interval(void)
{
	unsigned long long cycles = policy_stat("cycles");

	sleep_ms(3000 * slowness());
	cycles = policy_stat("cycles") - cycles;
	check(cycles > 8, "%llu cycles in %d s without limits", cycles,
	      3 * slowness());
}

/* A long pause must not delay a new, shorter one, nor the end. */
static void test_stop(void)
{
	double start;

	policy_must_set("interval_ms", "86400000");
	sleep_ms(500);
	policy_must_set("interval_ms", "100");
	wait_cycles(2);
	policy_must_set("interval_ms", "86400000");
	sleep_ms(500);
	start = now_s();
	policy_must_set("enable", "0");
	check(now_s() - start < 0.5, "enable=0 took %.1f s", now_s() - start);
	check(!searcher(), "the thread outlived its policy");
}

#define LOOKS	50	/* 10 ms apart */

/* How many of them find a thread in a scheduling class? */
static unsigned int looks_at_class(pid_t pid, int class)
{
	unsigned int i, found = 0;

	for (i = 0; i < LOOKS; i++) {
		found += sched_getscheduler(pid) == class;
		sleep_ms(10);
	}
	return found;
}

/* What others wait for it does in a hurry, so not all looks find it idle. */
static void test_priority(void)
{
	pid_t pid = searcher();
	unsigned int looks;

	check(pid, "no thread kpgsad/" POLICY);
	looks = looks_at_class(pid, SCHED_IDLE);
	check(looks > LOOKS / 2, "SCHED_IDLE in %u of %u looks", looks, LOOKS);
	policy_must_set("cpu_permille", "50");
	sleep_ms(500);
	looks = looks_at_class(pid, SCHED_OTHER);
	check(looks == LOOKS, "SCHED_OTHER in %u of %u looks", looks, LOOKS);
}

static const struct selftest tests[] = {
	{ "cpu_permille on an idle machine", test_idle_machine },
	{ "cpu_permille on a busy machine", test_busy_machine },
	{ "cpu_permille for several searchers", test_common_share },
	{ "stats/cpu_ns is true", test_cpu_ns },
	{ "interval_ms=500", test_interval },
	{ "interval_ms=0", test_no_interval },
	{ "a resting searcher can be woken and stopped", test_stop },
	{ "only a searcher without limit is SCHED_IDLE", test_priority },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
