// SPDX-License-Identifier: GPL-2.0
/*
 * An agent for agents_readers.c: waits for one signal in the way that it is told,
 * and answers what came with it. The same source is also built for 32 bits, where
 * there is no C library: it makes its system calls itself, also since the library
 * keeps some signals from programs.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/prctl.h>
#include <linux/signalfd.h>

#include "agent_protocol.h"

#define SIGNALS		64

/* What the kernel takes, for whatever the library calls struct sigaction. */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
#ifdef SA_RESTORER
	void (*restorer)(void);
#endif
	unsigned long mask[SIGNALS / (8 * sizeof(long))];
};

#ifdef AGENT_32
static long syscall4(long nr, long a, const void *b, const void *c, long d)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) : "a" (nr), "b" (a), "c" (b),
		     "d" (c), "S" (d) : "memory");
	return ret;
}

#define syscall(nr, a, b, c, d)	\
	syscall4(nr, (long)(a), (const void *)(b), (const void *)(c), (long)(d))
/* The other one is in kernels with CONFIG_COMPAT_32BIT_TIME only. */
#define NR_SIGTIMEDWAIT		__NR_rt_sigtimedwait_time64
#define RETURN_FROM_HANDLER	"mov $173, %eax; int $0x80"	/* rt_sigreturn */
#else
long syscall(long nr, ...);
#define RETURN_FROM_HANDLER	"mov $15, %eax; syscall"
#define NR_SIGTIMEDWAIT		__NR_rt_sigtimedwait
#endif

#ifdef SA_RESTORER
void restorer(void);
asm("restorer: " RETURN_FROM_HANDLER);
#endif

static struct agent_answer answer;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	answer.signal = info->si_signo;
	answer.code = info->si_code;
	answer.pid = info->si_pid;
	answer.uid = info->si_uid;
	answer.value = info->si_int;
	answer.ptr = (unsigned long)info->si_ptr;
	answer.addr = (unsigned long)info->si_addr;
	answer.lsb = info->si_addr_lsb;
}

static void mask_set(unsigned long *mask, int signal)
{
	unsigned int bit = signal - 1;

	mask[bit / (8 * sizeof(long))] |= 1UL << bit % (8 * sizeof(long));
}

static int handle(int signal)
{
	struct kernel_action action = {
		.handler = on_signal,
#ifdef SA_RESTORER
		.restorer = restorer,
		.flags = SA_SIGINFO | SA_RESTORER,
#else
		.flags = SA_SIGINFO,
#endif
	};

	return syscall(__NR_rt_sigaction, signal, &action, 0, SIGNALS / 8);
}

static int wait_by_handler(int signal)
{
	struct kernel_action all = { 0 };
	int i;

	for (i = 1; i <= SIGNALS; i++)
		if (i != signal)
			mask_set(all.mask, i);
	syscall(__NR_rt_sigsuspend, all.mask, SIGNALS / 8, 0, 0);
	return answer.signal != signal;
}

static int wait_by_sigwaitinfo(int signal)
{
	struct kernel_action one = { 0 };
	siginfo_t info = { 0 };

	mask_set(one.mask, signal);
	if (syscall(NR_SIGTIMEDWAIT, one.mask, &info, 0, SIGNALS / 8) !=
	    signal)
		return 1;
	on_signal(signal, &info, 0);
	return 0;
}

static int wait_by_signalfd(int signal)
{
	struct kernel_action one = { 0 };
	struct signalfd_siginfo info;
	int fd;

	mask_set(one.mask, signal);
	fd = syscall(__NR_signalfd4, -1, one.mask, SIGNALS / 8, 0);
	if (fd < 0 || syscall(__NR_read, fd, &info, sizeof(info), 0) != sizeof(info))
		return 1;
	syscall(__NR_close, fd, 0, 0, 0);
	answer.signal = info.ssi_signo;
	answer.code = info.ssi_code;
	answer.pid = info.ssi_pid;
	answer.uid = info.ssi_uid;
	answer.value = info.ssi_int;
	answer.ptr = info.ssi_ptr;
	answer.addr = info.ssi_addr;
	answer.lsb = info.ssi_addr_lsb;
	return 0;
}

/* Nothing comes before it is waited for. */
static void block_all(void)
{
	struct kernel_action all = { 0 };
	int i;

	for (i = 1; i <= SIGNALS; i++)
		mask_set(all.mask, i);
	syscall(__NR_rt_sigprocmask, SIG_SETMASK, all.mask, 0, SIGNALS / 8);
}

static int serve(void)
{
	static int (*const waits[NR_READERS])(int signal) = {
		[READ_BY_HANDLER] = wait_by_handler,
		[READ_BY_SIGWAITINFO] = wait_by_sigwaitinfo,
		[READ_BY_SIGNALFD] = wait_by_signalfd,
	};
	struct agent_request request;
	char ready = 'r';

	syscall(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
	block_all();
	while (syscall(__NR_read, 0, &request, sizeof(request), 0) ==
	       sizeof(request)) {
		int (*wait)(int signal) = waits[request.reader];

		answer.signal = 0;
		if (handle(request.signal) ||
		    syscall(__NR_write, 1, &ready, 1, 0) != 1 ||
		    wait(request.signal) ||
		    syscall(__NR_write, 1, &answer, sizeof(answer), 0) !=
		    sizeof(answer))
			return 1;
	}
	return 0;
}

#ifdef AGENT_32
void _start(void);
void _start(void)
{
	syscall(__NR_exit, serve(), 0, 0, 0);
	__builtin_unreachable();
}
#else
int main(void)
{
	return serve();
}
#endif
