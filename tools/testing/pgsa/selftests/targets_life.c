// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that end while they are targets, and directories that come and go.
 */
#include "targets.h"

#include <pthread.h>

static void expect_ended(const char *name)
{
	expect_value(name, "comm", "");
	expect_value(name, "pid", "0");
	wait_cycles(2);
	check(!target_number(name, "frames"), "frames: %llu",
	      target_number(name, "frames"));
}

/* Also one that nobody has waited for. */
void test_ends(void)
{
	struct victim victim;
	char text[16];

	search_targets();
	victim = victim_start(1);
	target_of("victim", victim.pid);
	snprintf(text, sizeof(text), "%d", victim.pid);
	expect_value("victim", "pid", text);
	expect_value("victim", "comm", "targets");
	wait_sealed_in(victim.pid, victim.pages);
	kill(victim.pid, SIGKILL);
	waitid(P_PID, victim.pid, NULL, WEXITED | WNOWAIT);
	expect_ended("victim");
	target_make("late");
	check(target_set("late", "pid", text) == -ESRCH, "a zombie is a target");
	waitpid(victim.pid, NULL, 0);
	expect_ended("victim");
	check(target_set("late", "pid", text) == -ESRCH, "nobody is a target");
	check(target_set("victim", "pid", "1") == -EBUSY, "it is used again");
	policy_must_set("enable", "0");
	target_must_set("victim", "pid", "0");
	target_set_pid("victim", "pid", getpid());
}

/* /proc shows nothing of an address space whose main thread has gone. */
static void *stay(void *line)
{
	sleep_ms(100);
	check(!pgsa_write(PGSA_DEBUGFS "/inject_pfn", line), "injection failed");
	for (;;)
		pause();
	return NULL;
}

static void leave_thread(void)
{
	static char line[64];
	uint32_t *page = new_pages(1, PROT_READ);
	pthread_t thread;

	target_of("self", getpid());
	snprintf(line, sizeof(line), "%#lx 0 1\n", wait_sealed(page));
	check(!pthread_create(&thread, NULL, stay, line), "pthread_create");
	pthread_exit(NULL);
}

/* The main thread's end is not that of the process. */
void test_last_thread(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	pid_t pid;

	search_targets();
	pid = fork_child();
	if (!pid)
		leave_thread();
	while (access(TARGETS_DIR "/self", F_OK) ||
	       !target_number("self", "errors")) {
		check(now_s() < limit, "no error was found");
		sleep_ms(5);
	}
	expect_value("self", "comm", "targets");
	wait_cycles(2);
	check(target_number("self", "frames") > 10, "frames: %llu",
	      target_number("self", "frames"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect_ended("self");
}

#define REUSE_PAGES	300

/* A victim with a number that another had. */
static struct victim victim_numbered(pid_t pid)
{
	struct victim victim;
	unsigned int tries;
	char text[16];

	snprintf(text, sizeof(text), "%d", pid - 1);
	for (tries = 0; tries < 20; tries++) {
		if (pgsa_write("/proc/sys/kernel/ns_last_pid", text))
			skip("no /proc/sys/kernel/ns_last_pid");
		victim = victim_start(REUSE_PAGES);
		if (victim.pid == pid)
			return victim;
		victim_end(&victim);
	}
	skip("the number is not to be had again");
	return victim;
}

/*
 * What the searcher had in its hands when the first process ended may be the
 * second one's now.
 */
static unsigned int sealed_pages(const struct victim *victim)
{
	unsigned int i, nr = 0;

	for (i = 0; i < REUSE_PAGES; i++) {
		struct pgsa_frame frame =
			frame_in(victim->pid, victim->pages + i * PGSA_PAGE);

		nr += is_sealed(&frame);
	}
	return nr;
}

void test_reuse(void)
{
	struct victim victim, agent, again;

	search_targets();
	victim = victim_start(2);
	agent = victim_start(1);
	target_make("victim");
	target_set_pid("victim", "agent", agent.pid);
	target_set_pid("victim", "pid", victim.pid);
	wait_sealed_in(victim.pid, victim.pages);
	victim_end(&victim);
	again = victim_numbered(victim.pid);
	let_search();
	check(sealed_pages(&again) <= 64, "%u pages are sealed",
	      sealed_pages(&again));
	expect_ended("victim");
	target_of("again", again.pid);
	wait_sealed_in(again.pid, again.pages);
	expect_ended("victim");
}

/* In the middle of its many pages, and of a cycle that takes long. */
void test_killed(void)
{
	struct victim victim;
	unsigned int i;
	char name[16];

	search_targets();
	for (i = 0; i < 20; i++) {
		victim = victim_start(4096);
		snprintf(name, sizeof(name), "victim%u", i);
		target_of(name, victim.pid);
		wait_sealed_in(victim.pid, victim.pages);
		policy_must_set("cpu_permille", "5");
		sleep_ms(10 + i);
		victim_end(&victim);
		policy_must_set("cpu_permille", "0");
		expect_value(name, "comm", "");
		wait_cycles(1);
	}
	expect_no_errors(100);
}

#define MANY	64

static void renew(struct victim *victim, unsigned int i, bool again)
{
	char name[16];

	snprintf(name, sizeof(name), "t%u", i);
	if (again) {
		if (random() % 2)
			victim_end(victim);
		target_remove(name);
		victim_end(victim);
	}
	*victim = victim_start(4);
	target_of(name, victim->pid);
}

/* A report may come from a victim that is dead by now; none may be bad news. */
static unsigned int take_reports(void)
{
	struct report report;
	unsigned int nr;

	for (nr = 0; trace_next(&report); nr++)
		check(!strcmp(report.result, "corrected"), "pfn %#lx: %s",
		      report.pfn, report.result);
	return nr;
}

/* A second flip might come before the first has been repaired. */
static bool hit_once(const struct victim *victim, unsigned int nr, pid_t *hit)
{
	char *page = victim->pages + nr * PGSA_PAGE;
	struct pgsa_frame frame = frame_in(victim->pid, page);

	if (*hit == victim->pid || !is_sealed(&frame))
		return false;
	*hit = victim->pid;
	return !pgsa_inject(victim->pid, (unsigned long)page + random() % 4096,
			    1 << random() % 8);
}

void test_kill_many(void)
{
	struct victim victims[MANY];
	unsigned int i, round, flips = 0, found = 0;
	pid_t hit[MANY][4] = {};

	alarm(3 * TEST_SECONDS);
	search_targets();
	for (i = 0; i < MANY; i++)
		renew(&victims[i], i, false);
	for (round = 0; round < 1000; round++) {
		struct victim *victim = &victims[random() % MANY];
		unsigned int page = random() % 4;

		flips += hit_once(victim, page, &hit[victim - victims][page]);
		if (random() % 4 == 0)
			renew(victim, victim - victims, true);
		if (random() % 8 == 0)
			sleep_ms(1);
		found += take_reports();
	}
	sleep_ms(500);
	found += take_reports();
	diag("%u flips, %u found before the victim's end", flips, found);
	for (i = 0; i < MANY; i++)
		wait_sealed_in(victims[i].pid, victims[i].pages);
}

/* Makes the searcher's life hard. */
static void load(void)
{
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			new_pages(64, PROT_READ);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

#define LOOP	PGSA_CONFIGFS "/loop"

static void loop_once(unsigned int round, const char *pid)
{
	static const char *const names[] = { "a", "b", "c" };
	char path[128];
	unsigned int i;

	check(!mkdir(LOOP, 0755), "mkdir: %s", strerror(errno));
	check(!pgsa_write(LOOP "/strategy", "registered") &&
	      !pgsa_write(LOOP "/interval_ms", "0"), "attributes");
	for (i = 0; i < 3; i++) {
		if (i == round % 4)
			check(!pgsa_write(LOOP "/enable", "1"), "enable");
		snprintf(path, sizeof(path), LOOP "/targets/%s", names[i]);
		check(!mkdir(path, 0755), "mkdir: %s", strerror(errno));
		snprintf(path, sizeof(path), LOOP "/targets/%s/pid", names[i]);
		check(!pgsa_write(path, i ? pid : "1"), "pid");
	}
	check(rmdir(LOOP) && errno == ENOTEMPTY, "a policy with targets went");
	sleep_ms(round % 3);
	for (i = 0; i < 3; i++) {
		if (i == round % 5)
			check(!pgsa_write(LOOP "/enable", "0"), "disable");
		snprintf(path, sizeof(path), LOOP "/targets/%s", names[i]);
		check(!rmdir(path), "rmdir: %s", strerror(errno));
	}
	check(!rmdir(LOOP), "rmdir: %s", strerror(errno));
}

void test_loop(void)
{
	const uint32_t *page;
	unsigned int i;
	char text[16];

	alarm(3 * TEST_SECONDS);
	for (i = 0; i < 2; i++)
		if (!fork_child())
			load();
	search_targets();
	searcher_awake();
	target_of("self", getpid());
	page = new_pages(1, PROT_READ);
	snprintf(text, sizeof(text), "%d", getpid());
	for (i = 0; i < 300; i++) {
		loop_once(i, text);
		if (i % 50 == 0)
			flip_is_repaired(page, i);
	}
}
