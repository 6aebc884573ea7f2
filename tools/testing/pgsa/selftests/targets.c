// SPDX-License-Identifier: GPL-2.0
/*
 * The strategy registered and its targets: their frames are found, and no
 * others; errors are counted (and told to agents, see agents.c); targets and
 * processes may come and go at any time.
 */
#include "targets.h"

/* Only the target's own pages, though all processes have some. */
static void test_only(void)
{
	struct victim victim, other;
	int i;

	search_targets();
	victim = victim_start(8);
	other = victim_start(8);
	target_of("one", victim.pid);
	for (i = 0; i < 8; i++)
		wait_sealed_in(victim.pid, victim.pages + i * PGSA_PAGE);
	let_search();
	for (i = 0; i < 8; i++)
		expect_open(other.pid, other.pages + i * PGSA_PAGE);
	check(target_number("one", "frames") >= 8, "frames: %llu",
	      target_number("one", "frames"));
	target_of("two", other.pid);
	for (i = 0; i < 8; i++)
		wait_sealed_in(other.pid, other.pages + i * PGSA_PAGE);
}

static void test_found(void)
{
	const uint32_t *area;
	unsigned int i;

	search_targets();
	target_of("self", getpid());
	area = new_pages(4, PROT_READ);
	for (i = 0; i < 32; i++)
		flip_is_repaired(area + i % 4 * (PGSA_PAGE / 4), i * 1021);
	expect_errors("self", 32);
	check(policy_stat("errors") == 32, "errors of the policy: %llu",
	      policy_stat("errors"));
}

static void test_none(void)
{
	struct victim victim;

	search_targets();
	victim = victim_start(1);
	let_search();
	expect_open(victim.pid, victim.pages);
	target_make("empty");
	let_search();
	expect_open(victim.pid, victim.pages);
	check(!target_number("empty", "frames"), "frames of nothing");
}

/* A child has the parent's pages, which are found, and its own, which are not. */
static void test_fork(void)
{
	struct victim child;

	search_targets();
	target_of("self", getpid());
	child = victim_start(2);
	wait_sealed(new_pages(1, PROT_READ));
	let_search();
	expect_open(child.pid, child.pages);
}

static void make_victims(struct victim *victims, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		victims[i] = victim_start(1);
}

static unsigned long long checked_in_cycle(void)
{
	let_search();
	return policy_stat("last_cycle_frames");
}

/* What ten processes map alike is visited once; each has a page of its own. */
static void test_once(void)
{
	const unsigned int nr = 2000;
	unsigned long long one, all;
	const uint32_t *area;
	struct victim victims[10];
	char name[16];
	int i;

	search_targets();
	area = new_pages(nr, PROT_READ);
	make_victims(victims, 10);
	target_of("t0", victims[0].pid);
	wait_sealed(area + (nr - 1) * (PGSA_PAGE / 4));
	one = checked_in_cycle();
	check(one >= nr && one < 2 * nr, "%llu frames in a cycle", one);
	for (i = 1; i < 10; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		target_of(name, victims[i].pid);
	}
	all = checked_in_cycle();
	diag("%llu frames of one process, %llu of ten", one, all);
	check(all >= one && all < one + nr / 2, "frames are visited twice");
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		check(target_number(name, "frames") >= nr, "%s: %llu frames",
		      name, target_number(name, "frames"));
	}
}

/* Two policies have the same process, and both know about each error. */
static void test_two_policies(void)
{
	const char *second = PGSA_CONFIGFS "/second";
	const uint32_t *page;
	char text[16];
	unsigned int i;

	search_targets();
	rmdir(PGSA_CONFIGFS "/second/targets/self");
	rmdir(second);
	snprintf(text, sizeof(text), "%d", getpid());
	check(!mkdir(second, 0755) &&
	      !mkdir(PGSA_CONFIGFS "/second/targets/self", 0755) &&
	      !pgsa_write(PGSA_CONFIGFS "/second/targets/self/pid", text) &&
	      !pgsa_write(PGSA_CONFIGFS "/second/strategy", "registered") &&
	      !pgsa_write(PGSA_CONFIGFS "/second/cpu_permille", "0") &&
	      !pgsa_write(PGSA_CONFIGFS "/second/interval_ms", "0") &&
	      !pgsa_write(PGSA_CONFIGFS "/second/enable", "1"), "second policy");
	target_of("self", getpid());
	page = new_pages(1, PROT_READ);
	for (i = 0; i < 20; i++)
		flip_is_repaired(page, i * 1500);
	expect_no_report(200);
	expect_errors("self", 20);
	check(read_number(PGSA_CONFIGFS "/second/targets/self/errors") == 20,
	      "errors: %llu",
	      read_number(PGSA_CONFIGFS "/second/targets/self/errors"));
	check(rmdir(second) && errno == ENOTEMPTY, "a policy with a target went");
	check(!rmdir(PGSA_CONFIGFS "/second/targets/self") && !rmdir(second),
	      "rmdir: %s", strerror(errno));
}

/* A directory may go while the search is in it, and others are not harmed. */
static void test_remove(void)
{
	struct victim victim;
	const uint32_t *page;
	unsigned int i;

	search_targets();
	target_of("self", getpid());
	page = new_pages(1, PROT_READ);
	victim = victim_start(1000);
	for (i = 0; i < 100; i++) {
		target_of("other", victim.pid);
		sleep_ms(i % 4);
		target_remove("other");
		if (i % 10 == 0)
			flip_is_repaired(page, i * 300);
	}
	expect_no_report(100);
}

static const struct selftest tests[] = {
	{ "only the target's pages are protected", test_only },
	{ "flips in a target are found", test_found },
	{ "without targets nothing is done", test_none },
	{ "the child of a target is none", test_fork },
	{ "each frame is visited once", test_once },
	{ "delay in a small target", test_delay },
	{ "rate in a large target", test_rate },
	{ "two policies have one target", test_two_policies },
	{ "a target is removed while it is searched", test_remove },
	{ "cgroup", test_cgroup },
	{ "cgroups below a cgroup", test_cgroup_below },
	{ "a cgroup is removed", test_cgroup_gone },
	{ "an address space in two cgroups", test_cgroup_space },
	{ "a cgroup of those whose main thread has gone", test_cgroup_left },
	{ "a target ends", test_ends },
	{ "a target ends with its last thread", test_last_thread },
	{ "another process gets the number", test_reuse },
	{ "a target is killed while it is searched", test_killed },
	{ "64 targets are killed at random", test_kill_many },
	{ "policies and targets in a loop", test_loop },
	{ "an address space changes", test_changes },
	{ "a target calls exec", test_exec },
	{ "an address space is sparse", test_sparse },
	{ "huge pages", test_huge },
	{ "an address space is always locked", test_contended },
	{ "what is refused", test_refused },
	{ "a target in use is fixed", test_in_use },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
