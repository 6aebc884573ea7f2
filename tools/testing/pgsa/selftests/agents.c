// SPDX-License-Identifier: GPL-2.0
/*
 * Agents: who is told about errors in a target, by which policies, and how.
 */
#include "agents.h"

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

static void test_agent(void)
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

static void test_agent_number(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", SIGUSR1);
	expect_number(text, SIGUSR1);
	snprintf(text, sizeof(text), "%d\n", SIGRTMAX);
	expect_number(text, SIGRTMAX);
	snprintf(text, sizeof(text), "%d", SIGBUS);
	expect_number(text, SIGBUS);
}

static void test_agent_self(void)
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
static void test_agent_mute(void)
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

static void test_agent_death(void)
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
static void test_agent_shared(void)
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

static const struct selftest tests[] = {
	{ "agent gets SIGBUS", test_agent },
	{ "agent gets another signal", test_agent_number },
	{ "agent and target in one", test_agent_self },
	{ "an agent without handler lives on", test_agent_mute },
	{ "an agent dies", test_agent_death },
	{ "agent of several targets", test_agent_shared },
	{ "errors that another policy finds", test_found_by_sweep },
	{ "errors that tasks find", test_found_by_tasks },
	{ "error in an unmapped page", test_found_unmapped },
	{ "error in a merged page", test_found_merged },
	{ "error in shared memory", test_found_shared },
	{ "error in a huge page", test_found_huge },
	{ "error at address 0", test_found_at_0 },
	{ "a policy that is not enabled", test_not_enabled },
	{ "policies come and go", test_come_and_go },
	{ "error in a file that is mapped all the time", test_found_busy_file },
	{ "many processes have the page", test_many_processes },
	{ "two processes in one address space", test_one_space },
	{ "vfork", test_vfork },
	{ "two processes in one address space, first thread gone",
	  test_one_space_left },
	{ "any thread's number", test_any_thread },
	{ "every signal, every reader", test_readers },
	{ "every signal, in a pid namespace", test_readers_pid_ns },
	{ "every signal, 32 bits", test_readers_32 },
	{ "every signal, 32 bits, in a pid namespace", test_readers_32_pid_ns },
	{ "the signal's sender", test_sender },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
