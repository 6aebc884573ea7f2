/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of agents, one file for each subject, and what they share: signals
 * that this process gets, and a second policy beside the one of all tests.
 */
#ifndef PGSA_AGENTS_H
#define PGSA_AGENTS_H

#include "targets.h"

#ifndef BUS_MCEERR_AO
#define BUS_MCEERR_AO	5
#endif

/* agents_found.c */
void test_found_by_sweep(void);
void test_found_by_tasks(void);
void test_found_unmapped(void);
void test_found_merged(void);
void test_found_shared(void);
void test_found_huge(void);
void test_found_at_0(void);
void test_not_enabled(void);
void test_come_and_go(void);
void test_found_busy_file(void);
void test_many_processes(void);

/* agents_space.c */
void test_one_space(void);
void test_vfork(void);
void test_one_space_left(void);
void test_any_thread(void);

/* agents_readers.c */
void test_readers(void);
void test_readers_pid_ns(void);
void test_readers_32(void);
void test_readers_32_pid_ns(void);
void test_sender(void);

/* Signals */

struct got {
	int nr, signal, code, lsb;
	char *addr;
	pid_t pid;
	uid_t uid;
	char *by_signal[65];	/* the last address */
};

#pragma weak got
struct got got;

static inline void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	got.signal = signal;
	got.code = info->si_code;
	got.addr = signal == SIGBUS ? info->si_addr : info->si_ptr;
	got.by_signal[signal] = got.addr;
	got.lsb = info->si_addr_lsb;
	got.pid = info->si_pid;
	got.uid = info->si_uid;
	__atomic_add_fetch(&got.nr, 1, __ATOMIC_RELEASE);
}

static inline void handle(int signal)
{
	struct sigaction action = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigfillset(&action.sa_mask);
	check(!sigaction(signal, &action, NULL), "sigaction: %s",
	      strerror(errno));
}

static inline void expect_signals(int nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (__atomic_load_n(&got.nr, __ATOMIC_ACQUIRE) < nr) {
		check(now_s() < limit, "%d signals instead of %d, the last %d",
		      got.nr, nr, got.signal);
		sleep_ms(1);
	}
	check(got.nr == nr, "%d signals instead of %d", got.nr, nr);
}

static inline void expect_signal(int nr, int signal, const char *page)
{
	expect_signals(nr);
	check(got.signal == signal, "signal %d instead of %d", got.signal,
	      signal);
	check(got.addr == page, "address %p instead of %p", got.addr, page);
	if (signal == SIGBUS) {
		check(got.code == BUS_MCEERR_AO, "si_code %d", got.code);
		check(got.lsb == 12, "si_addr_lsb %d", got.lsb);
	} else {
		check(got.code == SI_QUEUE, "si_code %d", got.code);
		check(!got.pid && !got.uid, "from process %d of user %d",
		      got.pid, got.uid);
	}
}

/* Of the policy "selftest" */
static inline void target_with_agent(const char *name, pid_t pid, pid_t agent,
				     int signal)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", signal);
	target_make(name);
	target_set_pid(name, "agent", agent);
	target_must_set(name, "signal_number", text);
	target_set_pid(name, "pid", pid);
}

/* The second policy */

#define SECOND		PGSA_CONFIGFS "/second"
#define SECOND_TARGET	SECOND "/targets/target"

static inline void second_remove(void)
{
	rmdir(SECOND_TARGET);
	rmdir(SECOND);
}

static inline void second_set(const char *attr, const char *value)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), SECOND "/%s", attr);
	err = pgsa_write(path, value);
	check(!err, "%s=%s: %s", path, value, strerror(-err));
}

static inline unsigned long long second_stat(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), SECOND "/stats/%s", name);
	return read_number(path);
}

static inline void second_set_pid(const char *attr, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	second_set(attr, text);
}

/* Searches a target, whose agent this process is. */
static inline void second_make(pid_t pid, const char *signal)
{
	second_remove();
	check(!mkdir(SECOND, 0755) && !mkdir(SECOND_TARGET, 0755), "mkdir: %s",
	      strerror(errno));
	second_set("strategy", "registered");
	second_set("cpu_permille", "0");
	second_set("interval_ms", "0");
	second_set_pid("targets/target/agent", getpid());
	second_set("targets/target/signal_number", signal);
	second_set_pid("targets/target/pid", pid);
}

static inline void second_expect_errors(unsigned long long nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (read_number(SECOND_TARGET "/errors") < nr) {
		check(now_s() < limit, "%llu errors instead of %llu",
		      read_number(SECOND_TARGET "/errors"), nr);
		sleep_ms(1);
	}
	check(read_number(SECOND_TARGET "/errors") == nr,
	      "%llu errors instead of %llu",
	      read_number(SECOND_TARGET "/errors"), nr);
}

#endif /* PGSA_AGENTS_H */
