// SPDX-License-Identifier: GPL-2.0
/*
 * Agents: who is told about errors in a target, and how.
 */
#include "targets.h"

#ifndef BUS_MCEERR_AO
#define BUS_MCEERR_AO	5
#endif

static struct {
	int nr, signal, code, lsb;
	char *addr;
} got;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	got.signal = signal;
	got.code = info->si_code;
	got.addr = info->si_addr;
	got.lsb = info->si_addr_lsb;
	__atomic_add_fetch(&got.nr, 1, __ATOMIC_RELEASE);
}

static void handle(int signal)
{
	struct sigaction action = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	check(!sigaction(signal, &action, NULL), "sigaction: %s",
	      strerror(errno));
}

static void expect_signal(int nr, int signal, const char *page)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (__atomic_load_n(&got.nr, __ATOMIC_ACQUIRE) < nr) {
		check(now_s() < limit, "%d signals instead of %d", got.nr, nr);
		sleep_ms(1);
	}
	check(got.nr == nr, "%d signals instead of %d", got.nr, nr);
	check(got.signal == signal, "signal %d instead of %d", got.signal,
	      signal);
	check(got.code == BUS_MCEERR_AO, "si_code %d", got.code);
	check(got.addr == page, "si_addr %p instead of %p", got.addr, page);
	check(got.lsb == 12, "si_addr_lsb %d", got.lsb);
}

/* A victim whose errors this process is told about. */
static struct victim watched(const char *signal)
{
	struct victim victim = victim_start(4);

	search_targets();
	target_make("victim");
	target_set_pid("victim", "agent", getpid());
	target_must_set("victim", "signal_number", signal);
	target_set_pid("victim", "pid", victim.pid);
	return victim;
}

void test_agent(void)
{
	struct victim victim;
	int i;

	handle(SIGBUS);
	victim = watched("0");
	for (i = 0; i < 8; i++) {
		char *page = victim.pages + i % 4 * PGSA_PAGE;

		flip_in_is_repaired(victim.pid, page, i * 4001);
		expect_signal(i + 1, SIGBUS, page);
	}
	check(policy_stat("signals") == 8 && !policy_stat("signals_withheld"),
	      "signals: %llu, withheld %llu", policy_stat("signals"),
	      policy_stat("signals_withheld"));
}

static void expect_number(const char *text, int signal)
{
	struct victim victim;

	handle(signal);
	victim = watched(text);
	flip_in_is_repaired(victim.pid, victim.pages, 4711);
	expect_signal(1, signal, victim.pages);
	target_remove("victim");
	victim_end(&victim);
	got.nr = 0;
}

void test_agent_number(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", SIGUSR1);
	expect_number(text, SIGUSR1);
	snprintf(text, sizeof(text), "%d\n", SIGRTMAX);
	expect_number(text, SIGRTMAX);
	snprintf(text, sizeof(text), "%d", SIGBUS);
	expect_number(text, SIGBUS);
}

void test_agent_self(void)
{
	char *page;

	handle(SIGBUS);
	search_targets();
	target_make("self");
	target_set_pid("self", "agent", getpid());
	target_set_pid("self", "pid", getpid());
	page = (char *)new_pages(1, PROT_READ);
	flip_is_repaired(page, 31999);
	expect_signal(1, SIGBUS, page);
}

static void expect_withheld(unsigned long long nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (policy_stat("signals_withheld") < nr) {
		check(now_s() < limit, "withheld: %llu instead of %llu",
		      policy_stat("signals_withheld"), nr);
		sleep_ms(1);
	}
	check(!policy_stat("signals"), "signals: %llu", policy_stat("signals"));
}

/* It would be the end of it; and what is ignored need not be sent. */
void test_agent_mute(void)
{
	struct victim victim = watched("0"), agent;

	agent = victim_start(1);
	target_remove("victim");
	target_make("victim");
	target_set_pid("victim", "agent", agent.pid);
	target_set_pid("victim", "pid", victim.pid);
	flip_in_is_repaired(victim.pid, victim.pages, 1);
	expect_withheld(1);
	check(!kill(agent.pid, 0) && !waitpid(agent.pid, NULL, WNOHANG),
	      "the agent is dead");
	target_remove("victim");
	signal(SIGBUS, SIG_IGN);
	target_make("victim");
	target_set_pid("victim", "agent", getpid());
	target_set_pid("victim", "pid", victim.pid);
	flip_in_is_repaired(victim.pid, victim.pages, 2);
	expect_withheld(2);
}

void test_agent_death(void)
{
	struct victim victim = victim_start(1), agent = victim_start(1);
	char text[16];

	search_targets();
	target_make("victim");
	target_set_pid("victim", "agent", agent.pid);
	target_set_pid("victim", "pid", victim.pid);
	snprintf(text, sizeof(text), "%d", agent.pid);
	expect_value("victim", "agent", text);
	kill(agent.pid, SIGKILL);
	waitid(P_PID, agent.pid, NULL, WEXITED | WNOWAIT);
	expect_value("victim", "agent", "0");
	flip_in_is_repaired(victim.pid, victim.pages, 1);
	waitpid(agent.pid, NULL, 0);
	expect_value("victim", "agent", "0");
	flip_in_is_repaired(victim.pid, victim.pages, 2);
	wait_cycles(1);
	expect_errors("victim", 2);
	check(!policy_stat("signals") && !policy_stat("signals_withheld"),
	      "a dead agent got a signal");
}

/* A page of two targets is one error of each. */
void test_agent_shared(void)
{
	struct victim child;
	char *page;

	handle(SIGBUS);
	search_targets();
	page = (char *)new_pages(1, PROT_READ);
	child = victim_start(1);
	target_make("parent");
	target_set_pid("parent", "pid", getpid());
	target_make("child");
	target_set_pid("child", "agent", getpid());
	target_set_pid("child", "pid", child.pid);
	flip_is_repaired(page, 5);
	expect_signal(1, SIGBUS, page);
	expect_errors("child", 1);
	expect_errors("parent", 1);
	flip_in_is_repaired(child.pid, child.pages, 5);
	expect_signal(2, SIGBUS, child.pages);
	check(target_number("parent", "errors") == 1, "an error of another's");
}
