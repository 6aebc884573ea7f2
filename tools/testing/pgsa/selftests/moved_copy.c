// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged content that is copied for who writes to a part of it: what is wrong with
 * the rest is known of the copy as well.
 */
#include "moved.h"

/* Whoever writes to a part of it gets all the rest as it is. */
void test_copy_on_write(void)
{
	uint32_t *page = new_pages(1, PROT_READ);
	unsigned long pfn = hurt(page);
	pid_t pid = fork_child();

	if (pid) {
		expect_exit(pid);
		check(pfn_of(page) == pfn && is_hurt(page), "the mark is lost");
		return;
	}
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[0]++;
	protect(page, PGSA_PAGE, PROT_READ);
	expect_hurt(page, pfn);
	_exit(TEST_PASS);
}

/* The child's copy has a flip that nobody can correct there. */
static void copy_unconfirmed(uint32_t *page)
{
	unsigned long long unresolved = sysfs_stat("errors_unresolved");
	unsigned long pfn = pfn_of(page);
	struct report report;

	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[0]++;
	check(pfn_of(page) != pfn && is_hurt(page),
	      "the copy of pfn %#lx is not marked as damaged", pfn);
	expect_listed(pfn_of(page), "copied");
	check(trace_wait(&report, WAIT_MS) && report.pfn == pfn_of(page) &&
	      !strcmp(report.result, "unresolved"), "it was not reported");
	check(sysfs_stat("errors_unresolved") == unresolved + 1,
	      "it was not counted");
	stays_open(page, 200);
	check(is_hurt(page), "the mark is lost");
}

/*
 * The page is in a pipe, so that its error is known and cannot be confirmed. When it
 * has been repaired, the copy has its damage still.
 */
void test_copy_of_unconfirmed(void)
{
	uint32_t *page = new_pages(1, PROT_READ);
	unsigned long pfn = wait_sealed(page);
	struct report report;
	pid_t pid;
	int fds[2];

	hold_page(fds, page);
	flip(page, 800 * 8);
	wait_unconfirmed();
	pid = fork_child();
	if (!pid) {
		copy_unconfirmed(page);
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	check(!is_hurt(page) && !listed(pfn), "pfn %#lx was given up", pfn);
	let_go(fds);
	while (trace_wait(&report, WAIT_MS) && report.pfn != pfn)
		;
	check(report.pfn == pfn && !strcmp(report.result, "corrected"),
	      "pfn %#lx: %s", report.pfn, report.result);
}

/*
 * Before anybody could confirm it, software has written to another word: whatever
 * the page is copied to after that has the flip as well.
 */
void test_copy_of_opened(void)
{
	uint32_t *page = new_pages(1, PROT_READ);
	unsigned long pfn = wait_sealed(page);
	int fds[2];
	pid_t pid;

	hold_page(fds, page);
	flip(page, 800 * 8);
	wait_unconfirmed();
	policy_must_set("enable", "0");
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[1]++;
	check(pfn_of(page) == pfn, "the page was copied");
	pid = fork_child();
	if (!pid) {
		page[2]++;
		check(pfn_of(page) != pfn && is_hurt(page),
		      "the copy of pfn %#lx is not marked as damaged", pfn);
		expect_listed(pfn_of(page), "copied");
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	policy_must_set("enable", "1");
	wait_cycles(1);
	check(is_hurt(page), "pfn %#lx was not given up", pfn);
	expect_listed(pfn, "opened");
}

void test_copy_of_file(void)
{
	int fd = memfd_create("pgsa", MFD_CLOEXEC);
	uint32_t *page, content[WORDS] = { 1, 2, 3 };
	unsigned long pfn;

	check(write(fd, content, PGSA_PAGE) == PGSA_PAGE, "memfd: %s",
	      strerror(errno));
	page = mmap(NULL, PGSA_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	must_map(page);
	pfn = hurt(page);
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[0]++;
	protect(page, PGSA_PAGE, PROT_READ);
	expect_hurt(page, pfn);
}
