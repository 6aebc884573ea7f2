// SPDX-License-Identifier: GPL-2.0
/*
 * A probe in this program's own text: the kernel replaces the page.
 */
#include "writers.h"

#define TRACING		"/sys/kernel/tracing"
#define PROBE		"pgsa_test/probed"

static volatile unsigned int calls;

static void probed(void)
{
	calls++;
}

/* By way of memory, so that the compiler cannot put it in place. */
static void (*volatile call_probe)(void) = probed;

/* Where a function lies in the program's file. */
static unsigned long file_offset(void (*function)(void))
{
	unsigned long start, end, offset, where = (uintptr_t)function;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end,
			   &offset) == 3 && where >= start && where < end) {
			fclose(maps);
			return where - start + offset;
		}
	check(false, "the program's text is not mapped");
	return 0;
}

static void make_probe(void)
{
	char path[256], line[300];
	int err, n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	check(n > 0, "/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	snprintf(line, sizeof(line), "p:" PROBE " %s:%#lx\n", path,
		 file_offset(probed));
	pgsa_write(TRACING "/uprobe_events", "-:" PROBE "\n");
	err = pgsa_write(TRACING "/uprobe_events", line);
	check(!err, "uprobe_events: %s", strerror(-err));
}

static void set_probe(const char *value)
{
	int err = pgsa_write(TRACING "/events/" PROBE "/enable", value);

	check(!err, "enabling the probe: %s", strerror(-err));
}

static unsigned long probe_hits(void)
{
	unsigned long hits = 0;
	char text[512];

	pgsa_read(TRACING "/uprobe_profile", text, sizeof(text));
	check(sscanf(text, "%*s %*s %lu", &hits) == 1, "uprobe_profile: %s",
	      text);
	return hits;
}

static void call_probed(void)
{
	unsigned int before = calls;

	call_probe();
	check(calls == before + 1, "the function does not work");
}

void test_uprobe(void)
{
	unsigned long with, without;
	unsigned int i;

	if (access(TRACING "/uprobe_events", W_OK))
		skip("no uprobes");
	make_probe();
	for (i = 0; i < 4; i++) {
		call_probed();
		without = wait_sealed((void *)probed);
		set_probe("1");
		call_probed();
		with = wait_sealed((void *)probed);
		check(with != without, "the probe did not replace the page");
		call_probed();
		wait_cycles(1);
		set_probe("0");
		call_probed();
	}
	check(probe_hits() == 2 * i, "%lu hits", probe_hits());
	wait_cycles(1);
	pgsa_write(TRACING "/uprobe_events", "-:" PROBE "\n");
	expect_no_errors(0);
}
