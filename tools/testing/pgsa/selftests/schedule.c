// SPDX-License-Identifier: GPL-2.0
/*
 * Strategy schedule: what is flipped while a task sleeps is repaired before its
 * code runs again, by the task itself, for the policy's thread only seals.
 */
#include "schedule.h"
#include "delays.h"

#include <pthread.h>

#define SAMPLES		300
#define TARGETS_DIR	POLICY_DIR "/targets"

/* Most of each is the time until the sleeper is woken. */
static long long delays[SAMPLES];
static unsigned int nr_delays;

static void target_add(const char *dir, pid_t pid)
{
	char path[128], text[16];
	int err;

	snprintf(path, sizeof(path), "%s/targets/%d", dir, pid);
	check(!mkdir(path, 0755), "mkdir %s: %s", path, strerror(errno));
	strcat(path, "/pid");
	snprintf(text, sizeof(text), "%d", pid);
	err = pgsa_write(path, text);
	check(!err, "%s: %s", path, strerror(-err));
}

static void target_remove(const char *dir, pid_t pid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/targets/%d", dir, pid);
	check(!rmdir(path), "rmdir %s: %s", path, strerror(errno));
}

static void schedule_create(const char *frames_per_switch)
{
	policy_create();
	policy_must_set("strategy", "schedule");
	policy_must_set("frames_per_switch", frames_per_switch);
}

static void schedule_start(const char *frames_per_switch, pid_t target)
{
	schedule_create(frames_per_switch);
	if (target)
		target_add(POLICY_DIR, target);
	policy_must_set("enable", "1");
}

/* Flips that the sleeper must not see. Wakes it a moment later. */
static void expect_unseen(struct sleeper *s, unsigned int samples)
{
	struct report report;
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < samples; i++) {
		pfn = sleeper_flip(s, random() % s->nr, random() % PAGE_BITS);
		check(sleeper_wake(s) == LOOK_GOOD,
		      "sample %u: the sleeper saw the flip in pfn %#lx", i, pfn);
		check(trace_wait(&report, WAIT_MS), "no report for %#lx", pfn);
		check(report.pfn == pfn && !strcmp(report.result, "corrected"),
		      "pfn %#lx: %s, instead of %#lx", report.pfn,
		      report.result, pfn);
		delays[nr_delays++] = report.delay_ns;
	}
}

static void test_target(void)
{
	struct sleeper s;

	sleeper_start(&s, 8);
	schedule_start(FRAMES_MAX, s.pid);
	expect_unseen(&s, SAMPLES);
	delays_print("after a sleep", delays, nr_delays);
	expect_no_report(100);
	sleeper_end(&s);
}

/* Nobody but the tasks verifies, so what no task looks for is not found. */
static void test_control(void)
{
	unsigned int i, seen = 0, page, bit;
	struct sleeper s;

	sleeper_start(&s, 8);
	schedule_start("0", s.pid);
	for (i = 0; i < 20; i++) {
		page = random() % s.nr;
		bit = random() % PAGE_BITS;
		sleeper_flip(&s, page, bit);
		seen += sleeper_wake(&s) == LOOK_WRONG;
		sleeper_flip(&s, page, bit);
	}
	check(seen == 20, "only %u of 20 flips were seen", seen);
	expect_no_report(200);
	sleeper_flip(&s, 0, 0);
	policy_must_set("frames_per_switch", FRAMES_MAX);
	check(sleeper_wake(&s) == LOOK_GOOD, "frames_per_switch did not change");
	sleeper_end(&s);
}

static void test_other_is_no_target(void)
{
	struct sleeper s, other;

	sleeper_start(&s, 2);
	sleeper_start(&other, 2);
	schedule_create(FRAMES_MAX);
	policy_must_set("enable", "1");
	sleeper_wait_sealed(&other, 0);
	policy_must_set("enable", "0");
	target_add(POLICY_DIR, s.pid);
	policy_must_set("enable", "1");
	sleeper_flip(&other, 0, 77);
	check(sleeper_wake(&other) == LOOK_WRONG, "it was verified");
	sleeper_flip(&s, 1, 88);
	check(sleeper_wake(&s) == LOOK_GOOD, "the target saw a flip");
	sleeper_end(&other);
	sleeper_end(&s);
}

/* All that it may have to verify, and more: writable pages count here as well. */
static unsigned int resident(pid_t pid)
{
	char path[32], text[128];
	unsigned int pages;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	check(pgsa_read(path, text, sizeof(text)) > 0 &&
	      sscanf(text, "%*u %u", &pages) == 1, "%s", path);
	return pages;
}

/* The sleeper is switched in once for each time it is woken. */
static void test_round(void)
{
	const unsigned int frames = 16, nr = 512;
	unsigned int limit, wakes, most = 0, sum = 0, i;
	struct report report;
	struct sleeper s;

	sleeper_start(&s, nr);
	schedule_start("16", s.pid);
	for (i = 0; i < nr; i++)
		sleeper_wait_sealed(&s, i);
	limit = resident(s.pid) / frames + 2;
	for (i = 0; i < 100; i++) {
		sleeper_flip(&s, random() % nr, random() % PAGE_BITS);
		for (wakes = 0; !trace_next(&report); wakes++) {
			check(wakes <= limit, "not found by %u times %u frames of %u",
			      wakes, frames, resident(s.pid));
			sleeper_wake(&s);
			sleeper_wait_asleep(&s);
		}
		most = wakes > most ? wakes : most;
		sum += wakes;
	}
	diag("%u pages, %u a switch: %.1f switches, at most %u (limit %u)",
	     resident(s.pid), frames, sum / 100.0, most, limit);
	sleeper_end(&s);
}

static void test_all_tasks(void)
{
	struct sleeper s[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s); i++)
		sleeper_start(&s[i], 4);
	schedule_start(FRAMES_MAX, 0);
	for (i = 0; i < 100; i++)
		expect_unseen(&s[i % ARRAY_SIZE(s)], 1);
	delays_print("after a sleep", delays, nr_delays);
	for (i = 0; i < ARRAY_SIZE(s); i++)
		sleeper_end(&s[i]);
}

/* It takes the most frames of all that have the task; each error counts once. */
static void test_two_policies(void)
{
	const char *second = PGSA_CONFIGFS "/second";
	unsigned long long errors;
	struct sleeper s;

	sleeper_start(&s, 8);
	schedule_start("1", s.pid);
	check(!mkdir(second, 0755), "mkdir: %s", strerror(errno));
	check(!pgsa_write(PGSA_CONFIGFS "/second/strategy", "schedule") &&
	      !pgsa_write(PGSA_CONFIGFS "/second/frames_per_switch",
			  FRAMES_MAX), "second policy");
	target_add(second, s.pid);
	check(!pgsa_write(PGSA_CONFIGFS "/second/enable", "1"), "second policy");
	expect_unseen(&s, 50);
	errors = read_number(PGSA_CONFIGFS "/second/stats/errors");
	check(policy_stat("errors") + errors == 50, "%llu and %llu errors",
	      policy_stat("errors"), errors);
	target_remove(second, s.pid);
	check(!rmdir(second), "rmdir: %s", strerror(errno));
	sleeper_end(&s);
}

/* What it waits for is there already when it is continued. */
static void stop_and_flip(struct sleeper *s, unsigned int page)
{
	unsigned long addr = (unsigned long)s->pages + page * PGSA_PAGE;
	int status;

	sleeper_wait_asleep(s);
	s->asleep = false;
	check(!kill(s->pid, SIGSTOP), "kill: %s", strerror(errno));
	check(waitpid(s->pid, &status, WUNTRACED) == s->pid &&
	      WIFSTOPPED(status), "waitpid: status %#x", status);
	sleeper_wait_asleep(s);
	sleeper_wait_sealed(s, page);
	check(!pgsa_inject(s->pid, addr + random() % PGSA_PAGE / 8 * 8, 2),
	      "injection at %#lx", addr);
	sleeper_go(s, true);
	kill(s->pid, SIGCONT);
	check(sleeper_answer(s) == LOOK_GOOD, "it saw the flip");
}

static void test_stopped(void)
{
	struct sleeper s;
	unsigned int i;

	sleeper_start(&s, 4);
	schedule_start(FRAMES_MAX, s.pid);
	for (i = 0; i < 100; i++)
		stop_and_flip(&s, i % s.nr);
	check(policy_stat("corrected") == 100, "%llu of 100 flips corrected",
	      policy_stat("corrected"));
	sleeper_end(&s);
}

static pid_t start_load(void (*load)(void))
{
	pid_t parent = getpid(), pid = fork_child();

	if (!pid) {
		/* It may have ended before we asked to end with it. */
		if (getppid() != parent)
			_exit(TEST_FAIL);
		load();
		_exit(TEST_PASS);
	}
	return pid;
}

static void end_load(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status), "the load ended by itself: %#x", status);
}

/* Policies come and go while tasks are at checks for them. */
static void test_restart(void)
{
	pid_t pids[] = { start_load(ping_pong), start_load(ping_pong) };
	double end = now_s() + 10;
	unsigned int i;

	for (i = 0; i < 10 || now_s() < end; i++) {
		schedule_start(i % 2 ? FRAMES_MAX : "16", i % 3 ? 0 : pids[0]);
		sleep_ms(i % 5);
		if (i % 4 == 1) {
			policy_must_set("enable", "0");
			policy_must_set("enable", "1");
		}
		if (!(i % 3))
			target_remove(POLICY_DIR, pids[0]);
		check(!rmdir(POLICY_DIR), "rmdir: %s", strerror(errno));
	}
	diag("%u times", i);
	policy_create();
	expect_no_errors(100);
	end_load(pids[0]);
	end_load(pids[1]);
	expect_consistent();
}

static void fork_and_exec(void)
{
	unsigned int i;

	for (;;) {
		for (i = 0; i < 4; i++) {
			if (fork_child())
				continue;
			if (i % 2)
				execl("/bin/true", "true", NULL);
			_exit(TEST_PASS);
		}
		while (wait(NULL) > 0)
			;
	}
}

static void *do_nothing(void *arg)
{
	sched_yield();
	return arg;
}

static void vfork_and_threads(void)
{
	pthread_t threads[4];
	unsigned int i;
	pid_t pid;

	for (;;) {
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			check(!pthread_create(&threads[i], NULL, do_nothing,
					      NULL), "pthread_create");
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			pthread_join(threads[i], NULL);
		pid = vfork();
		if (!pid)
			execl("/bin/true", "true", NULL);
		waitpid(pid, NULL, 0);
	}
}

/* New tasks, and such as end while they verify. */
static void test_storm(void)
{
	pid_t pids[] = {
		start_load(fork_and_exec), start_load(ping_pong),
		start_load(vfork_and_threads),
	};
	double end = now_s() + 5;
	struct sleeper s;
	unsigned int i;

	schedule_start(FRAMES_MAX, 0);
	while (now_s() < end) {
		sleeper_start(&s, 64);
		for (i = 0; i < 20; i++)
			check(sleeper_wake(&s) == LOOK_GOOD, "wrong content");
		sleeper_go(&s, true);
		kill(s.pid, SIGKILL);
		close(s.go);
		close(s.answer);
		waitpid(s.pid, NULL, 0);
	}
	sleeper_start(&s, 4);
	expect_unseen(&s, 10);
	delays_print("after a sleep", delays, nr_delays);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		end_load(pids[i]);
	expect_consistent();
}

#define BUSY_SIZE	(32UL << 20)

/* Holds the lock of its address space for writing most of the time. */
static void *protect_all(void *arg)
{
	char *area = mmap(NULL, BUSY_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
			  MAP_NORESERVE | MAP_POPULATE, -1, 0);
	unsigned int i;

	for (i = 0; area != MAP_FAILED; i++)
		protect(area, BUSY_SIZE, i % 2 ? PROT_READ : PROT_NONE);
	return arg;
}

static void busy_process(void)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, protect_all, NULL),
	      "pthread_create");
	for (;;)
		sleep_ms(1);
}

/* Who cannot have the lock does without the check, and does not wait. */
static void test_busy_lock(void)
{
	pid_t pid = start_load(busy_process);
	double end = now_s() + WAIT_MS / 1000.0;

	schedule_start(FRAMES_MAX, pid);
	while (!policy_stat("checks_skipped") && now_s() < end)
		sleep_ms(10);
	diag("%llu checks skipped, %llu frames checked", policy_stat("checks_skipped"),
	     policy_stat("frames_checked"));
	check(policy_stat("checks_skipped"), "no check was skipped");
	end_load(pid);
	expect_no_errors(100);
}

static const struct selftest tests[] = {
	{ "a target does not see what is flipped while it sleeps", test_target },
	{ "with frames_per_switch=0 it does", test_control },
	{ "who is no target is not verified", test_other_is_no_target },
	{ "a large target is searched in turns", test_round },
	{ "without targets all tasks verify", test_all_tasks },
	{ "two policies, one task", test_two_policies },
	{ "a target that is stopped and continued", test_stopped },
	{ "policies come and go while tasks switch", test_restart },
	{ "tasks come and go", test_storm },
	{ "an address space that is busy", test_busy_lock },
};

int main(int argc, char **argv)
{
	int ret;

	no_search = true;
	keep_switched_on();
	ret = run_tests(argc, argv, tests, ARRAY_SIZE(tests));
	keep_no_longer();
	return ret;
}
