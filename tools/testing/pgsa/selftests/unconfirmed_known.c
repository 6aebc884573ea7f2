// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of a page does not outlive what it says, and is not forgotten before:
 * the page is right again, only its record is damaged, it is opened or freed.
 */
#include "unconfirmed.h"

#define BIT		77	/* the one that is wrong */

static int fds[2];

static void let_go(void)
{
	close(fds[0]);
	close(fds[1]);
}

/* A page with a wrong bit that a pipe holds. */
static uint32_t *new_held(void)
{
	uint32_t *page = new_sealed(1, PROT_READ);

	listen();
	check(!pipe(fds), "pipe: %s", strerror(errno));
	hold(fds[1], page, 1);
	flip(page, BIT);
	wait_unconfirmed(1);
	return page;
}

static void expect_forgotten(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (sysfs_stat("frames_unconfirmed")) {
		check(now_s() < limit, "it is still unconfirmed");
		sleep_ms(2);
	}
}

/* A copy of what is not damaged is not marked, or it would not be sealed. */
static void expect_good_copy(uint32_t *page)
{
	unsigned long pfn = pfn_of(page);
	pid_t pid = fork_child();

	if (!pid) {
		protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
		page[0]++;
		protect(page, PGSA_PAGE, PROT_READ);
		check(pfn_of(page) != pfn, "it was not copied");
		madvise(page, PGSA_PAGE, MADV_COLD);
		wait_sealed(page);
		_exit(TEST_PASS);
	}
	expect_exit(pid);
}

static void expect_right_again(uint32_t *page)
{
	unsigned long pfn = pfn_of(page);

	expect_report(pfn, -1, "transient");
	expect_forgotten();
	check(policy_stat("transient") == 1, "%llu were transient",
	      policy_stat("transient"));
	check(policy_stat("unconfirmed") == 1, "%llu were counted",
	      policy_stat("unconfirmed"));
	expect_no_errors(100);
	expect_good_copy(page);
}

void test_right_again(void)
{
	uint32_t *page = new_held();

	flip(page, BIT);
	let_go();
	expect_right_again(page);
	flip_is_repaired(page, BIT);
}

/* Nobody looks before the time of readers is over. */
void test_right_again_held(void)
{
	uint32_t *page = new_held();

	flip(page, BIT);
	expect_right_again(page);
	check(!told(pfn_of(page), "referenced", "confirmed"), "it was told");
}

void test_right_again_schedule(void)
{
	double before, after;
	uint32_t *page;

	use_schedule();
	before = round_us();
	page = new_held();
	flip(page, BIT);
	let_go();
	expect_right_again(page);
	after = round_us();
	diag("a round takes %.0f us, and %.0f us afterwards", before, after);
	check(after < 2 * before + 500, "%.0f us more for each round",
	      after - before);
}

/* It is put right when the readers' time is over; until then it costs nothing. */
static void expect_record(uint32_t *page, unsigned int word, uint64_t mask)
{
	unsigned long long counted = policy_stat("unconfirmed");
	unsigned long long damaged = policy_stat("records_damaged");
	double limit = now_s() + (DELAY_MS + WAIT_MS) / 1000.0, before, held_us;
	unsigned long pfn = wait_sealed(page);

	check(!pipe(fds), "pipe: %s", strerror(errno));
	hold(fds[1], page, 1);
	before = round_us();
	flip_record(pfn, word, mask);
	wait_unconfirmed(counted + 1);
	held_us = round_us();
	check(held_us < 2 * before + 500, "%.0f us more for each round",
	      held_us - before);
	check(policy_stat("records_damaged") == damaged, "put right at once");
	check(sysfs_stat("frames_unconfirmed") == 1, "%llu frames",
	      sysfs_stat("frames_unconfirmed"));
	while (policy_stat("records_damaged") == damaged) {
		check(now_s() < limit, "the record stays damaged");
		sleep_ms(2);
	}
	wait_sealed(page);
	expect_forgotten();
	check(policy_stat("records_damaged") == damaged + 1 &&
	      policy_stat("unconfirmed") == counted + 1, "counted more than once");
	let_go();
	flip_is_repaired(page, BIT);
}

static void each_record(void)
{
	uint32_t *page = new_sealed(1, PROT_READ);
	unsigned long pfn = pfn_of(page);

	listen();
	expect_record(page, 1, 4);		/* of the detecting code */
	check(traced(pfn, "referenced") == 1, "it was not traced once");
	expect_lines(pfn, "referenced", "confirmed", 1);
	expect_record(page, 0, 1);		/* of the state */
	expect_lines(pfn, "referenced", "confirmed", 2);
}

void test_record(void)
{
	each_record();
}

void test_record_schedule(void)
{
	use_schedule();
	each_record();
}

/* It says so, and takes what is there for good no more. */
static void expect_lost(uint32_t *page, unsigned long pfn)
{
	static char list[1 << 16];
	char want[64];

	expect_report(pfn, -1, "unresolved");
	snprintf(want, sizeof(want), "pfn=%#lx ", pfn);
	check(pgsa_read(PGSA_SYSFS "/hurt", list, sizeof(list)) > 0 &&
	      strstr(list, want) && strstr(strstr(list, want), "reason=opened"),
	      "not in the list of hurt frames: %s", list);
	expect_forgotten();
	check(policy_stat("unresolved") == 1 && policy_stat("errors") == 1,
	      "%llu errors", policy_stat("errors"));
	let_go();
	check(pfn_of(page) == pfn, "it has moved");
	stays_open(page, 500);
	expect_no_report(100);
}

void test_opened(void)
{
	uint32_t *page = new_held();
	unsigned long pfn = pfn_of(page);

	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	protect(page, PGSA_PAGE, PROT_READ);
	expect_lost(page, pfn);
}

void test_opened_still(void)
{
	uint32_t *page = new_held();
	unsigned long pfn = pfn_of(page);

	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	expect_lost(page, pfn);
}

/* Nothing is left that could be damaged. */
void test_freed(void)
{
	uint32_t *page = new_held();

	policy_must_set("enable", "0");
	check(sysfs_stat("frames_unconfirmed") == 1, "%llu frames",
	      sysfs_stat("frames_unconfirmed"));
	munmap(page, PGSA_PAGE);
	let_go();
	policy_must_set("enable", "1");
	expect_forgotten();
	wait_cycles(2);
	expect_no_errors(100);
}
