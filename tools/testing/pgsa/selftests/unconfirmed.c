// SPDX-License-Identifier: GPL-2.0
/*
 * Errors in pages that somebody holds. Who reads delays a repair by a bounded time,
 * in which nobody pays for it; who has pinned the page holds it up for as long as
 * he likes. All of it is counted, traced and told.
 */
#include "unconfirmed.h"

/* A memfd is open for writing; not so if it is opened by name and closed. */
static int reopen(int *fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	again = open(path, flags | O_CLOEXEC);
	check(again >= 0, "%s: %s", path, strerror(errno));
	return again;
}

#define FLIPPED		8

static void expect_waiting(const uint32_t *area, const uint32_t *content)
{
	unsigned int i;

	check(sysfs_stat("frames_unconfirmed") == FLIPPED, "%llu frames now",
	      sysfs_stat("frames_unconfirmed"));
	check(policy_stat("unconfirmed") == FLIPPED, "%llu were counted",
	      policy_stat("unconfirmed"));
	for (i = 0; i < FLIPPED; i++) {
		check(traced(pfn_of(area + i * WORDS), "referenced") == 1,
		      "page %u was not traced once", i);
		check(memcmp(area + i * WORDS, content + i * WORDS, PGSA_PAGE),
		      "page %u has no flip", i);
	}
}

static void expect_repaired(const uint32_t *area, const uint32_t *content)
{
	struct report report;
	unsigned int i;

	for (i = 0; i < FLIPPED; i++) {
		check(trace_wait(&report, WAIT_MS), "%u of %u reports", i,
		      FLIPPED);
		check(!strcmp(report.result, "corrected"), "pfn %#lx: %s",
		      report.pfn, report.result);
		check(report.delay_ns >= (DELAY_MS - 100) * 1000000LL,
		      "pfn %#lx: after %lld ns", report.pfn, report.delay_ns);
	}
	check(!memcmp(area, content, PIPE_PAGES * PGSA_PAGE), "wrong content");
	check(!sysfs_stat("frames_unconfirmed"), "%llu frames are left",
	      sysfs_stat("frames_unconfirmed"));
}

/* What is in the pipe is right, too, when it is read. */
static void test_readers(void)
{
	uint32_t *area, *content = malloc(PIPE_PAGES * PGSA_PAGE);
	uint32_t *piped = malloc(PIPE_PAGES * PGSA_PAGE);
	const size_t size = PIPE_PAGES * PGSA_PAGE;
	unsigned int i;
	int fd, fds[2];
	loff_t offset = 0;

	listen();
	area = new_file(&fd, PIPE_PAGES);
	memcpy(content, area, size);
	check(!pipe(fds) && splice(fd, &offset, fds[1], NULL, size, 0) ==
	      (ssize_t)size, "splice: %s", strerror(errno));
	for (i = 0; i < FLIPPED; i++)
		flip(area + i * WORDS, 1000 * i);
	wait_unconfirmed(FLIPPED);
	expect_no_report(DELAY_MS / 2);
	expect_waiting(area, content);
	expect_repaired(area, content);
	for (i = 0; i < FLIPPED; i++)
		expect_lines(pfn_of(area + i * WORDS), "referenced",
			     "confirmed", 1);
	check(read(fds[0], piped, size) == (ssize_t)size &&
	      !memcmp(piped, content, size), "damage came out of the pipe");
}

/* Nobody waits for the end of the time when the reader has gone. */
static void test_reader_leaves(void)
{
	uint32_t *page = new_sealed(1, PROT_READ);
	unsigned long pfn = pfn_of(page);
	struct report report;
	int fds[2];

	listen();
	check(!pipe(fds), "pipe: %s", strerror(errno));
	hold(fds[1], page, 1);
	flip(page, 77);
	wait_unconfirmed(1);
	close(fds[0]);
	close(fds[1]);
	check(trace_wait(&report, WAIT_MS) && report.pfn == pfn &&
	      !strcmp(report.result, "corrected"), "not corrected");
	check(report.delay_ns < DELAY_MS * 1000000LL * slowness(),
	      "after %lld ns", report.delay_ns);
	check(!told(pfn, "referenced", "confirmed"), "it was told");
	check(!sysfs_stat("frames_unconfirmed"), "it is still unconfirmed");
}

/* Not only references keep an error from being confirmed. */
static int held = -1;

static void close_held(void)
{
	close(held);
}

static void test_open_for_writing(void)
{
	uint32_t *page;
	int fd;

	listen();
	page = new_file(&fd, 1);
	held = reopen(&fd, O_RDWR);
	wait_sealed(page);
	expect_held(page, "write_open", "write_open", close_held);
}

/*
 * What makes it safe to repair in spite of readers: writers are noticed, no matter
 * who else has the page.
 */
static void expect_written(const uint32_t *page, const uint32_t *content)
{
	expect_no_errors(DELAY_MS + 1500);
	check(!memcmp(page, content, PGSA_PAGE), "what was written is gone");
	check(!policy_stat("unconfirmed"), "a write looked like an error");
}

static void test_reader_and_write(void)
{
	uint32_t *page, content[WORDS];
	loff_t offset = 0;
	int fd, fds[2];

	page = new_file(&fd, 1);
	check(!pipe(fds) && splice(fd, &offset, fds[1], NULL, PGSA_PAGE, 0) ==
	      (ssize_t)PGSA_PAGE, "splice: %s", strerror(errno));
	memcpy(content, page, PGSA_PAGE);
	content[100]++;
	check(pwrite(fd, content, PGSA_PAGE, 0) == (ssize_t)PGSA_PAGE,
	      "pwrite: %s", strerror(errno));
	expect_written(page, content);
}

static void test_reader_and_store(void)
{
	uint32_t *page = new_sealed(1, PROT_READ), content[WORDS];
	unsigned long pfn = pfn_of(page);
	int fds[2];

	check(!pipe(fds), "pipe: %s", strerror(errno));
	hold(fds[1], page, 1);
	memcpy(content, page, PGSA_PAGE);
	content[100]++;
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[100]++;
	protect(page, PGSA_PAGE, PROT_READ);
	check(pfn_of(page) == pfn, "the page was copied");
	expect_written(page, content);
}

static void test_reader_and_debugger(void)
{
	uint32_t *page = new_sealed(1, PROT_READ), content[WORDS];
	int fds[2], mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	check(!pipe(fds), "pipe: %s", strerror(errno));
	hold(fds[1], page, 1);
	memcpy(content, page, PGSA_PAGE);
	content[100]++;
	check(pwrite(mem, content + 100, 4, (uintptr_t)(page + 100)) == 4,
	      "/proc/self/mem: %s", strerror(errno));
	expect_written(page, content);
}

/* With the strategy schedule, each task verifies what it maps itself. */
static void test_schedule(void)
{
	uint32_t *page = new_sealed(1, PROT_READ);
	unsigned long pfn = pfn_of(page);
	double before, held_us;
	int fds[2];

	check(!pipe(fds), "pipe: %s", strerror(errno));
	use_schedule();
	wait_sealed(page);
	before = round_us();
	hold(fds[1], page, 1);
	flip(page, 99);
	wait_unconfirmed(1);
	held_us = round_us();
	diag("a round takes %.0f us, %.0f us while an error waits", before,
	     held_us);
	/* Ten tries are 2 ms more; an emulated CPU is that slow by itself. */
	check(held_us < 2 * before + 500, "%.0f us more for each round",
	      held_us - before);
	check(policy_stat("unconfirmed") == 1, "%llu were counted",
	      policy_stat("unconfirmed"));
	expect_report(pfn, 99, "corrected");
}

static const struct selftest tests[] = {
	{ "readers", test_readers },
	{ "reader that goes", test_reader_leaves },
	{ "pin", test_pin },
	{ "pin of a page that is mapped 1100 times", test_pin_many_mappings },
	{ "1024 references look like a pin", test_many_references },
	{ "mapped 1100 times", test_many_mappings },
	{ "reader of a page that is mapped 1100 times",
	  test_reader_many_mappings },
	{ "file that is open for writing", test_open_for_writing },
	{ "reader and write", test_reader_and_write },
	{ "reader and store", test_reader_and_store },
	{ "reader and debugger", test_reader_and_debugger },
	{ "schedule", test_schedule },
	{ "right again", test_right_again },
	{ "right again while it is held", test_right_again_held },
	{ "right again, schedule", test_right_again_schedule },
	{ "record", test_record },
	{ "record, schedule", test_record_schedule },
	{ "opened, and not written to", test_opened },
	{ "opened, and opened still", test_opened_still },
	{ "freed", test_freed },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
