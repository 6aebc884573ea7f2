// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that KSM merges, and that writes take apart again.
 */
#include "writers.h"

#define KSM		"/sys/kernel/mm/ksm"
#define KSM_PAGES	32

static void fill(uint32_t *area)
{
	unsigned int i;

	for (i = 0; i < KSM_PAGES * WORDS; i++)
		area[i] = i % WORDS * 2654435761U + getpid();
}

static void wait_merged(const uint32_t *area)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned int i;

	for (i = 1; i < KSM_PAGES; i++)
		while (pfn_of(area) != pfn_of(area + i * WORDS)) {
			check(now_s() < limit, "page %u is not merged", i);
			sleep_ms(5);
		}
}

/* Each writer gets a page of its own; the merged one stays as it is. */
static void take_apart(uint32_t *area, unsigned long merged)
{
	uint32_t copy[WORDS];
	unsigned int i;

	memcpy(copy, area, PGSA_PAGE);
	for (i = 0; i < KSM_PAGES / 2; i++) {
		area[i * WORDS + i] = i;
		check(pfn_of(area + i * WORDS) != merged, "page %u is shared", i);
		if (i % 8 == 0)
			wait_cycles(1);
	}
	for (i = 0; i < KSM_PAGES / 2; i++) {
		check(area[i * WORDS + i] == i, "the write to page %u is lost",
		      i);
		area[i * WORDS + i] = copy[i];
	}
	for (i = 0; i < KSM_PAGES; i++)
		check(!memcmp(area + i * WORDS, copy, PGSA_PAGE),
		      "page %u has changed", i);
}

void test_ksm(void)
{
	uint32_t *last, *area = new_pages(KSM_PAGES, PROT_READ | PROT_WRITE);
	unsigned long merged;

	if (access(KSM "/run", W_OK))
		skip("no KSM");
	last = area + (KSM_PAGES - 1) * WORDS;
	fill(area);
	check(!madvise(area, KSM_PAGES * PGSA_PAGE, MADV_MERGEABLE),
	      "MADV_MERGEABLE: %s", strerror(errno));
	pgsa_write(KSM "/pages_to_scan", "1000");
	pgsa_write(KSM "/sleep_millisecs", "2");
	check(!pgsa_write(KSM "/run", "1"), "KSM does not run");
	wait_merged(area);
	flip_is_repaired(last, 1000);
	merged = pfn_of(last);
	pgsa_write(KSM "/run", "0");
	take_apart(area, merged);
	flip_is_repaired(last, 2000);
	check(!madvise(area, KSM_PAGES * PGSA_PAGE, MADV_UNMERGEABLE),
	      "MADV_UNMERGEABLE: %s", strerror(errno));
	check(pfn_of(last) != merged, "still merged");
	wait_cycles(1);
	expect_no_report(0);
	check(policy_stat("errors") == 2, "%llu errors", policy_stat("errors"));
}
