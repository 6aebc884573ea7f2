// SPDX-License-Identifier: GPL-2.0
/*
 * Every number that an agent may choose for its signal, and every way to read
 * what comes with it: the address is where the document says.
 */
#include "agents.h"

#include <libgen.h>

#include "agent_protocol.h"

#define SIGNALS	64

static const char *const reader_names[] = {
	[READ_BY_HANDLER] = "handler",
	[READ_BY_SIGWAITINFO] = "sigwaitinfo",
	[READ_BY_SIGNALFD] = "signalfd",
};

struct agent {
	pid_t pid;
	int to, from;
	bool bits_32;
};

/* Beside this program */
static void agent_path(char *path, size_t size, const char *name)
{
	char self[256] = "";

	check(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "readlink");
	snprintf(path, size, "%s/%s", dirname(self), name);
}

/* Did the agent begin? Its end of the pipe is closed by that, or else written to. */
static bool agent_began(int failed)
{
	char byte;
	bool began = read(failed, &byte, 1) == 0;

	close(failed);
	return began;
}

static struct agent agent_start(const char *name, bool bits_32)
{
	struct agent agent = { .bits_32 = bits_32 };
	int to[2], from[2], failed[2];
	char path[300];

	agent_path(path, sizeof(path), name);
	if (access(path, X_OK))
		skip("that agent was not built for this platform");
	check(!pipe(to) && !pipe(from) && !pipe2(failed, O_CLOEXEC), "pipe: %s",
	      strerror(errno));
	agent.pid = fork_child();
	if (!agent.pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execl(path, name, NULL);
		dprintf(failed[1], "!");
		_exit(TEST_FAIL);
	}
	close(to[0]);
	close(from[1]);
	close(failed[1]);
	if (!agent_began(failed[0])) {
		check(bits_32, "the agent does not begin");
		skip("the kernel runs no programs of 32 bits");
	}
	agent.to = to[1];
	agent.from = from[0];
	return agent;
}

static void agent_ask(const struct agent *agent, int signal, int reader)
{
	struct agent_request request = { .signal = signal, .reader = reader };
	char ready;

	if (write(agent->to, &request, sizeof(request)) != sizeof(request) ||
	    read(agent->from, &ready, 1) != 1)
		check(0, "the agent does not answer");
}

/* What it gets of an address: a pointer of its own. */
static unsigned long long agent_pointer(const struct agent *agent,
					const char *page)
{
	unsigned long addr = (unsigned long)page;

	return agent->bits_32 ? (uint32_t)addr : addr;
}

static void check_answer(const struct agent *agent, int signal, int reader,
			 const char *page)
{
	unsigned long long pointer = agent_pointer(agent, page);
	const char *name = reader_names[reader];
	struct agent_answer answer;

	check(read(agent->from, &answer, sizeof(answer)) == sizeof(answer),
	      "signal %d, %s: no answer", signal, name);
	check(answer.signal == signal, "%s: signal %d instead of %d", name,
	      answer.signal, signal);
	/* A signalfd has room for all of it, whoever reads. */
	if (reader == READ_BY_SIGNALFD)
		pointer = (unsigned long)page;
	if (signal == SIGBUS) {
		check(answer.code == BUS_MCEERR_AO && answer.addr == pointer &&
		      answer.lsb == 12,
		      "%s: SIGBUS code %d addr %#llx instead of %#llx lsb %d",
		      name, answer.code, answer.addr, pointer, answer.lsb);
		return;
	}
	check(answer.code == SI_QUEUE && answer.ptr == pointer,
	      "%s: signal %d code %d ptr %#llx instead of %#llx", name, signal,
	      answer.code, answer.ptr, pointer);
	check((uint32_t)answer.value == (uint32_t)pointer,
	      "%s: signal %d int %#x", name, signal, answer.value);
	check(!answer.pid && !answer.uid,
	      "%s: signal %d of process %d of user %u", name, signal,
	      answer.pid, answer.uid);
}

static void check_signal(const struct agent *agent, const struct victim *victim,
			 int signal)
{
	char name[16];
	int reader;

	snprintf(name, sizeof(name), "signal%d", signal);
	target_with_agent(name, victim->pid, agent->pid, signal);
	for (reader = 0; reader < NR_READERS; reader++) {
		agent_ask(agent, signal, reader);
		flip_in_is_repaired(victim->pid, victim->pages,
				    signal * NR_READERS + reader);
		check_answer(agent, signal, reader, victim->pages);
	}
	expect_errors(name, NR_READERS);
	target_remove(name);
}

static void check_readers(const char *program, bool bits_32, bool pid_ns)
{
	struct victim victim;
	struct agent agent;
	int signal;

	alarm(3 * TEST_SECONDS);
	search_targets();
	victim = victim_start(1);
	if (pid_ns) {
		if (unshare(CLONE_NEWPID))
			skip("no pid namespaces");
		/* The first one there, which has rights of its own */
		if (!fork_child())
			for (;;)
				pause();
	}
	agent = agent_start(program, bits_32);
	for (signal = 1; signal <= SIGNALS; signal++)
		if (signal != SIGKILL && signal != SIGSTOP)
			check_signal(&agent, &victim, signal);
	check(policy_stat("signals") == (SIGNALS - 2) * NR_READERS &&
	      !policy_stat("signals_withheld"), "signals: %llu, withheld %llu",
	      policy_stat("signals"), policy_stat("signals_withheld"));
}

void test_readers(void)
{
	check_readers("agent", false, false);
}

void test_readers_pid_ns(void)
{
	check_readers("agent", false, true);
}

void test_readers_32(void)
{
	check_readers("agent32", true, false);
}

void test_readers_32_pid_ns(void)
{
	check_readers("agent32", true, true);
}

/* Wakes up for each byte that it is sent. */
static void live_as_another_user(int go, int answer)
{
	char byte = 'u';

	if (unshare(CLONE_NEWUSER) || write(answer, &byte, 1) != 1)
		_exit(TEST_FAIL);
	while (read(go, &byte, 1) == 1)
		;
	_exit(TEST_PASS);
}

/* In a user namespace whose root is somebody else outside */
static pid_t start_as_another_user(int *go)
{
	int to[2], from[2];
	char path[64], byte;
	pid_t pid;

	check(!pipe(to) && !pipe(from), "pipe: %s", strerror(errno));
	pid = fork_child();
	if (!pid) {
		close(to[1]);
		live_as_another_user(to[0], from[1]);
	}
	close(from[1]);
	if (read(from[0], &byte, 1) != 1)
		skip("no user namespaces");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	check(!pgsa_write(path, "0 1000 1"), "%s", path);
	*go = to[1];
	return pid;
}

/* The process is woken until a visit at one of its switches reaches the page. */
static void wake_until_told(int go, int nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (__atomic_load_n(&got.nr, __ATOMIC_ACQUIRE) < nr && now_s() < limit) {
		check(write(go, "x", 1) == 1, "write: %s", strerror(errno));
		sleep_ms(1);
	}
}

/*
 * A task that finds an error itself tells the agent, but it is no sender: neither
 * its number nor its user is told.
 */
void test_sender(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	pid_t pid;
	int go, i;

	handle(SIGUSR1);
	policy_must_set("enable", "0");
	policy_must_set("strategy", "schedule");
	policy_must_set("frames_per_switch", "256");
	pid = start_as_another_user(&go);
	target_with_agent("other", pid, getpid(), SIGUSR1);
	policy_must_set("enable", "1");
	for (i = 0; i < 10; i++) {
		wait_sealed_in(pid, page);
		flip_in(pid, page, i * 100);
		wake_until_told(go, i + 1);
		expect_signal(i + 1, SIGUSR1, page);
	}
}
