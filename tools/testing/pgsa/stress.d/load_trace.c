// SPDX-License-Identifier: GPL-2.0
/* Loads as debuggers make them: pokes, breakpoints, uprobes, soft-dirty bits. */
#include "load.h"

#include <sys/ptrace.h>
#include <sys/user.h>

#define BREAKPOINT	0xcc

static void new_counter(void)
{
	probed_counter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	want(probed_counter != MAP_FAILED, "mmap: %s", strerror(errno));
}

static pid_t start_tracee(void)
{
	pid_t pid = fork_child();

	if (!pid)
		for (;;) {
			probed_function();
			if (*probed_counter % 1024 == 0)
				sleep_ms(1);
		}
	return pid;
}

static void stop_tracee(pid_t pid)
{
	int status;

	want(!ptrace(PTRACE_ATTACH, pid, NULL, NULL), "attach: %s",
	     strerror(errno));
	want(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status),
	     "the process did not stop: %#x", status);
}

static void write_word(pid_t pid, const void *where, unsigned long word)
{
	want(!ptrace(PTRACE_POKEDATA, pid, where, (void *)word),
	     "POKEDATA: %s", strerror(errno));
}

static unsigned long peek(pid_t pid, const void *where)
{
	errno = 0;
	return ptrace(PTRACE_PEEKDATA, pid, where, NULL);
}

static void want_trap(pid_t pid)
{
	int status;

	do {
		want(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status),
		     "no trap but %#x", status);
		if (WSTOPSIG(status) == SIGTRAP)
			return;
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	} while (1);
}

/* Set a breakpoint, hit it, step over it, and take it away, as gdb does. */
static void break_once(pid_t pid)
{
	void *where = (void *)probed_function;
	unsigned long text = peek(pid, where);
	struct user_regs_struct regs;

	write_word(pid, where, (text & ~0xffUL) | BREAKPOINT);
	want(!ptrace(PTRACE_CONT, pid, NULL, NULL), "cont: %s", strerror(errno));
	want_trap(pid);
	want(!ptrace(PTRACE_GETREGS, pid, NULL, &regs), "registers: %s",
	     strerror(errno));
	want(regs.rip == (uintptr_t)where + 1, "stopped at %#llx",
	     (unsigned long long)regs.rip);
	regs.rip--;
	want(!ptrace(PTRACE_SETREGS, pid, NULL, &regs), "registers: %s",
	     strerror(errno));
	write_word(pid, where, text);
	want(!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), "step: %s",
	     strerror(errno));
	want_trap(pid);
}

void load_ptrace(void)
{
	static char *data;
	static uint64_t key = 1;
	static pid_t pid;
	unsigned long word;
	unsigned int i;

	if (!pid) {
		new_counter();
		data = new_area(4 * PAGE, PAGE);
		for (i = 0; i < 4; i++)
			fill_page(data + i * PAGE, key);
		protect(data, 4 * PAGE, PROT_READ);
		pid = start_tracee();
	}
	stop_tracee(pid);
	for (i = 0; i < 4; i++)
		break_once(pid);
	for (i = 0; i < 8; i++) {
		char *where = data + random_below(4 * PAGE / 8) * 8;

		word = random_word();
		write_word(pid, where, word);
		want(peek(pid, where) == word, "a poke is lost");
	}
	want(!ptrace(PTRACE_DETACH, pid, NULL, NULL), "detach: %s",
	     strerror(errno));
	for (i = 0; i < 4; i++)
		check_page(data + i * PAGE, key);
	sleep_ms(random_below(40));
}

/* The target of uprobes: a copy of this program that does nothing else. */
void load_probed(void)
{
	probed_function();
	sleep_ms(1);
}

#define TRACING	"/sys/kernel/tracing"

/* Where the function is in this program's file. */
static unsigned long probed_offset(void)
{
	unsigned long address = (unsigned long)probed_function, offset = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end, at;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &at) == 3 &&
		    start <= address && address < end)
			offset = at + address - start;
	if (maps)
		fclose(maps);
	want(offset, "this program is not mapped");
	return offset;
}

static void start_probed(const char *copy)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (!fork_child()) {
			execl(copy, "load", "-t", "100000", "probed", NULL);
			_exit(EXIT_FAILURE);
		}
}

void load_uprobe(void)
{
	static char event[400], name[64], enable[256];
	static bool started;
	char profile[512];
	const char *copy;
	double limit;

	if (access(TRACING "/uprobe_events", W_OK))
		skip("the kernel has no uprobes");
	if (!started) {
		copy = file_name("probed");
		copy_file(program, copy);
		start_probed(copy);
		snprintf(name, sizeof(name), "stress%x", unique_number());
		snprintf(event, sizeof(event), "p:%s/hit %s:%#lx\n", name, copy,
			 probed_offset());
		snprintf(enable, sizeof(enable), TRACING "/events/%s/hit/enable",
			 name);
		started = true;
	}
	want(!pgsa_write(TRACING "/uprobe_events", event), "%s refused", event);
	want(!pgsa_write(enable, "1"), "%s: %s", enable, strerror(errno));
	limit = now_s() + 20;
	do {
		sleep_ms(10 + random_below(30));
		want(now_s() < limit, "the probe was never hit");
	} while (pgsa_read(TRACING "/uprobe_profile", profile,
			   sizeof(profile)) < 0 ||
		 read_counter(TRACING "/uprobe_profile", "hit ") <= 0);
	want(!pgsa_write(enable, "0"), "%s: %s", enable, strerror(errno));
	snprintf(profile, sizeof(profile), "-:%s/hit\n", name);
	want(!pgsa_write(TRACING "/uprobe_events", profile), "%s refused",
	     profile);
	sleep_ms(random_below(40));
}

/* The longest time between write-protecting and flushing the TLB. */
#define SOFTDIRTY_PAGES	2048

void load_softdirty(void)
{
	static char *area;
	static pid_t pid;
	char path[64];
	unsigned int i;

	if (!pid) {
		area = new_area(SOFTDIRTY_PAGES * PAGE, PAGE);
		pid = fork_child();
		if (!pid)
			for (i = 0;; i = (i + 7) % SOFTDIRTY_PAGES) {
				fill_page(area + i * PAGE, i + 1);
				check_page(area + i * PAGE, i + 1);
			}
	}
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	want(!pgsa_write(path, random_below(4) ? "4" : "1"), "%s: %s", path,
	     strerror(errno));
	want(!waitpid(pid, NULL, WNOHANG), "the writer ended");
	sleep_ms(random_below(10));
}
