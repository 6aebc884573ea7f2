// SPDX-License-Identifier: GPL-2.0
/*
 * How soon a flip in a target is found, and how fast a large target is searched.
 *
 * SELFTEST_PAGES   pages of the large target (default 32768)
 */
#include "targets.h"
#include "delays.h"

#include <sys/rseq.h>
#include <sys/syscall.h>

#define DELAYS		300
#define DELAYS_S	12
#define SHARE		"20"	/* per mille of a CPU */

static inline long raw_syscall(long number, long first, long second)
{
	long ret;

	__asm__ volatile("syscall" : "=a" (ret)
			 : "a" (number), "D" (first), "S" (second)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * Leaves the caller's process with two areas, one of them the page of this
 * function, which uses nothing but registers: there is no stack any more.
 */
__attribute__((noreturn, noinline, aligned(PGSA_PAGE)))
static void stay_alone(unsigned long low, unsigned long low_end,
		       unsigned long high, unsigned long high_end,
		       unsigned long top)
{
	raw_syscall(SYS_munmap, PGSA_PAGE, low - PGSA_PAGE);
	raw_syscall(SYS_munmap, low_end, high - low_end);
	raw_syscall(SYS_munmap, high_end, top - high_end);
	for (;;)
		raw_syscall(SYS_pause, 0, 0);
}

/* The kernel would kill a process whose registered area it cannot write. */
static void forget_rseq(void)
{
	if (__rseq_size)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset,
			sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

/* Where the last area ends that a process can have. */
static unsigned long top_of_areas(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned long end, top = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*x-%lx", &end) == 1 && (long)end > 0)
			top = end;
	if (file)
		fclose(file);
	return top;
}

/* A victim that has no more than @nr pages and one of code. */
static struct victim victim_alone(unsigned int nr)
{
	char **said = victim_place();
	struct victim victim;

	victim.pid = fork_child();
	if (!victim.pid) {
		unsigned long code = (unsigned long)stay_alone;
		unsigned long top = top_of_areas();
		unsigned long pages, end;

		pages = (unsigned long)new_pages(nr, PROT_READ);
		end = pages + nr * PGSA_PAGE;
		forget_rseq();
		__atomic_store_n(said, (char *)pages, __ATOMIC_RELEASE);
		if (pages < code)
			stay_alone(pages, end, code, code + PGSA_PAGE, top);
		stay_alone(code, code + PGSA_PAGE, pages, end, top);
	}
	victim_wait(&victim, said, nr);
	return victim;
}

/*
 * Time that the host takes from a guest is CPU time to the governor, and a tenth
 * of a second of it makes for a pause of five.
 */
static void wait_report(struct report *report)
{
	if (trace_wait(report, WAIT_MS / 2))
		return;
	diag("not found in %d ms", WAIT_MS / 2);
	policy_must_set("cpu_permille", "0");
	check(trace_wait(report, WAIT_MS), "no report");
	policy_must_set("cpu_permille", SHARE);
}

/* A target with @nr pages of its own, and @most frames in all. */
static void measure_delay(const char *name, struct victim victim,
			  unsigned int nr, unsigned int most)
{
	unsigned long long cpu_ns, cycles;
	long long delays[DELAYS];
	struct report report;
	unsigned int i, bit;
	unsigned long pfn;
	const char *page;
	double start;

	target_of(name, victim.pid);
	for (i = 0; i < nr; i++)
		wait_sealed_in(victim.pid, victim.pages + i * PGSA_PAGE);
	let_search();
	check(target_number(name, "frames") <= most, "%llu frames",
	      target_number(name, "frames"));
	policy_must_set("cpu_permille", SHARE);
	cpu_ns = policy_stat("cpu_ns");
	cycles = policy_stat("cycles");
	start = now_s();
	/* Fewer where all is slow */
	for (i = 0; i < DELAYS && now_s() < start + DELAYS_S; i++) {
		/* At any moment, and seldom: a repair costs time, too */
		usleep(random() % 40000);
		page = victim.pages + random() % nr * PGSA_PAGE;
		bit = random() % PAGE_BITS;
		pfn = wait_sealed_in(victim.pid, page);
		flip_in(victim.pid, page, bit);
		wait_report(&report);
		check(report.pfn == pfn && report.bit == (int)bit &&
		      !strcmp(report.result, "corrected"),
		      "pfn %#lx bit %d %s instead of %#lx %u", report.pfn,
		      report.bit, report.result, pfn, bit);
		delays[i] = report.delay_ns;
	}
	cpu_ns = policy_stat("cpu_ns") - cpu_ns;
	cycles = policy_stat("cycles") - cycles;
	diag("%s: %llu frames, cycle of %.0f us, %.1f per mille of a CPU", name,
	     target_number(name, "frames"), (now_s() - start) * 1e6 / cycles,
	     cpu_ns / (now_s() - start) / 1e6);
	delays_print(name, delays, i);
	diag("longest lock of an address space %llu ns",
	     policy_stat("walk_max_ns"));
	policy_must_set("cpu_permille", "0");
	expect_errors(name, i);
	target_remove(name);
	victim_end(&victim);
}

void test_delay(void)
{
	struct victim small;

	search_targets();
	small = victim_alone(16);
	measure_delay("small", small, 16, 17);
	measure_delay("ordinary", victim_start(16), 16, 1000);
}

/* The least of what a cycle took, so that others on the machine do not count. */
void test_rate(void)
{
	const char *text = getenv("SELFTEST_PAGES");
	unsigned int nr = text ? atoi(text) : 16384, i;
	unsigned long long ns, least = -1ULL, frames = 0;
	struct victim victim;

	alarm(3 * TEST_SECONDS);
	search_targets();
	victim = victim_start(nr);
	target_of("large", victim.pid);
	wait_sealed_in(victim.pid, victim.pages + (nr - 1L) * PGSA_PAGE);
	for (i = 0; i < 5; i++) {
		wait_cycles(1);
		frames = policy_stat("last_cycle_frames");
		ns = policy_stat("last_cycle_ns");
		if (ns < least)
			least = ns;
	}
	check(frames >= nr, "%llu frames in a cycle", frames);
	diag("%llu frames in %llu us: %.3f us each, longest lock %llu ns", frames,
	     least / 1000, least / 1e3 / frames, policy_stat("walk_max_ns"));
}
