// SPDX-License-Identifier: GPL-2.0
/*
 * Writes through read-only entries, as debuggers make them: /proc/PID/mem and
 * ptrace(). The entry never becomes writable.
 */
#include "writers.h"

#include <sys/ptrace.h>
#include <sys/user.h>

static int mem_fd;

static void force(uint32_t *where, uint32_t value)
{
	check(pwrite(mem_fd, &value, 4, (off_t)(uintptr_t)where) == 4,
	      "forced write: %s", strerror(errno));
	check(*where == value, "a forced write is lost");
}

/* Slowly, that each write finds a seal, and then as fast as can be. */
static void force_all(uint32_t *area, unsigned int pages)
{
	uint32_t i, words = pages * WORDS;

	mem_fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	check(mem_fd >= 0, "/proc/self/mem: %s", strerror(errno));
	for (i = 0; i < 3; i++) {
		wait_sealed(area + i * WORDS % words);
		force(area + i * WORDS % words + i, i);
		wait_cycles(1);
	}
	for (i = 0; i < 2000; i++) {
		force(area + i * 3 * WORDS % words + i % WORDS, i);
		if (i % 16 == 0)
			sched_yield();
	}
	wait_cycles(1);
	expect_no_errors(0);
	for (i = 2000 - WORDS; i < 2000; i++)
		check(area[i * 3 * WORDS % words + i % WORDS] == i,
		      "forced write %u was taken back", i);
}

void test_forced(void)
{
	force_all(new_pages(4, PROT_READ), 4);
}

void test_forced_thp(void)
{
	force_all(new_huge(PROT_READ), 512);
}

#ifdef __x86_64__

#define BREAKPOINTS	6

static volatile unsigned int calls;

static void traced(void)
{
	calls++;
}

/* By way of memory, so that the compiler cannot put it in place. */
static void (*volatile call_traced)(void) = traced;

static void traced_child(void)
{
	unsigned int i;

	check(!ptrace(PTRACE_TRACEME, 0, NULL, NULL), "ptrace: %s",
	      strerror(errno));
	raise(SIGSTOP);
	for (i = 0; i < BREAKPOINTS; i++)
		call_traced();
	_exit(calls == BREAKPOINTS ? TEST_PASS : TEST_FAIL);
}

static void set_text(pid_t pid, long word)
{
	check(!ptrace(PTRACE_POKETEXT, pid, traced, word), "POKETEXT: %s",
	      strerror(errno));
	check(ptrace(PTRACE_PEEKTEXT, pid, traced, NULL) == word,
	      "the new text is lost");
	wait_cycles(1);
}

static void continue_to_stop(pid_t pid, int request, int signal)
{
	int status;

	check(!ptrace(request, pid, NULL, NULL) &&
	      waitpid(pid, &status, 0) == pid, "ptrace: %s", strerror(errno));
	check(WIFSTOPPED(status) && WSTOPSIG(status) == signal,
	      "the child's status is %#x", status);
}

/* The child has run into the breakpoint: step over it, as a debugger does. */
static void step_over(pid_t pid, long text, long trap)
{
	struct user_regs_struct regs;

	check(!ptrace(PTRACE_GETREGS, pid, NULL, &regs), "GETREGS: %s",
	      strerror(errno));
	check(regs.rip == (uintptr_t)traced + 1, "stopped at %#llx", regs.rip);
	wait_sealed_in(pid, traced);
	set_text(pid, text);
	regs.rip--;
	check(!ptrace(PTRACE_SETREGS, pid, NULL, &regs), "SETREGS: %s",
	      strerror(errno));
	continue_to_stop(pid, PTRACE_SINGLESTEP, SIGTRAP);
	wait_sealed_in(pid, traced);
	set_text(pid, trap);
}

void test_breakpoints(void)
{
	pid_t pid = fork_child();
	long text, trap;
	unsigned int i;

	if (!pid)
		traced_child();
	check(waitpid(pid, NULL, WUNTRACED) == pid, "waitpid: %s",
	      strerror(errno));
	text = ptrace(PTRACE_PEEKTEXT, pid, traced, NULL);
	trap = (text & ~0xffL) | 0xcc;
	set_text(pid, trap);
	for (i = 0; i < BREAKPOINTS; i++) {
		continue_to_stop(pid, PTRACE_CONT, SIGTRAP);
		step_over(pid, text, trap);
	}
	check(!ptrace(PTRACE_DETACH, pid, NULL, NULL), "DETACH: %s",
	      strerror(errno));
	expect_exit(pid);
	expect_no_errors(0);
}

#else

void test_breakpoints(void)
{
	skip("only written for x86-64");
}

#endif
