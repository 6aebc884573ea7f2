// SPDX-License-Identifier: GPL-2.0
/*
 * Every thread group that maps the frame is hurt, also if it shares its address
 * space with another; and each of its threads stands for it.
 */
#include "agents.h"

#include <pthread.h>
#include <sys/syscall.h>

static pid_t thread_id(void)
{
	return syscall(SYS_gettid);
}

/* Two targets, whose agent is told in different ways. */
static void expect_both(const char *page, pid_t one, pid_t two)
{
	got.nr = 0;
	target_with_agent("one", one, getpid(), SIGUSR1);
	target_with_agent("two", two, getpid(), SIGUSR2);
	flip_in_is_repaired(one, page, 4711);
	expect_signals(2);
	check(got.by_signal[SIGUSR1] == page && got.by_signal[SIGUSR2] == page,
	      "addresses %p and %p instead of %p", got.by_signal[SIGUSR1],
	      got.by_signal[SIGUSR2], page);
	flip_in_is_repaired(one, page, 4712);
	expect_signals(4);
	expect_errors("one", 2);
	expect_errors("two", 2);
	/* In a whole walk */
	wait_cycles(2);
	check(target_number("one", "frames") == target_number("two", "frames") &&
	      target_number("one", "frames"), "frames: %llu and %llu",
	      target_number("one", "frames"), target_number("two", "frames"));
	target_remove("one");
	target_remove("two");
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

static pid_t clone_with_space(void)
{
	static alignas(16) char stack[65536];
	pid_t pid = clone(sleep_for_ever, stack + sizeof(stack),
			  CLONE_VM | SIGCHLD, NULL);

	check(pid > 0, "clone: %s", strerror(errno));
	return pid;
}

void test_one_space(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	pid_t pid;

	handle(SIGUSR1);
	handle(SIGUSR2);
	search_targets();
	pid = clone_with_space();
	expect_both(page, getpid(), pid);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid, "waitpid: %s", strerror(errno));
}

struct family {
	char *page;
	pid_t child;
};

/* Where the processes that share an address space say who they are. */
static struct family *family_place(void)
{
	struct family *family = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(family != MAP_FAILED, "mmap: %s", strerror(errno));
	return family;
}

static void family_wait(struct family *family)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (!__atomic_load_n(&family->child, __ATOMIC_ACQUIRE)) {
		check(now_s() < limit, "there is no child");
		sleep_ms(1);
	}
}

/* The parent waits in the kernel until its child, that shares all, calls exec. */
void test_vfork(void)
{
	struct family *family = family_place();
	pid_t pid;

	handle(SIGUSR1);
	handle(SIGUSR2);
	search_targets();
	pid = fork_child();
	if (!pid) {
		family->page = (char *)new_pages(1, PROT_READ);
		if (!vfork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			__atomic_store_n(&family->child, getpid(),
					 __ATOMIC_RELEASE);
			for (;;)
				pause();
		}
		_exit(TEST_FAIL);
	}
	family_wait(family);
	expect_both(family->page, pid, family->child);
	kill(family->child, SIGKILL);
	kill(pid, SIGKILL);
}

static void *clone_and_stay(void *arg)
{
	struct family *family = arg;

	sleep_ms(50);	/* for the first thread to end */
	__atomic_store_n(&family->child, clone_with_space(), __ATOMIC_RELEASE);
	sleep_for_ever(NULL);
	return NULL;
}

/*
 * In the page tables of a process whose main thread has ended only others can
 * look.
 */
void test_one_space_left(void)
{
	struct family *family = family_place();
	pthread_t thread;
	pid_t pid;

	handle(SIGUSR1);
	handle(SIGUSR2);
	search_targets();
	pid = fork_child();
	if (!pid) {
		family->page = (char *)new_pages(1, PROT_READ);
		check(!pthread_create(&thread, NULL, clone_and_stay, family),
		      "pthread_create");
		pthread_exit(NULL);
	}
	family_wait(family);
	expect_both(family->page, family->child, pid);
	kill(family->child, SIGKILL);
	kill(pid, SIGKILL);
}

static void *tell_and_stay(void *arg)
{
	pid_t *tid = arg;

	__atomic_store_n(tid, thread_id(), __ATOMIC_RELEASE);
	sleep_for_ever(NULL);
	return NULL;
}

/* Written by one thread, read as the process. */
void test_any_thread(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	pthread_t thread;
	pid_t tid = 0;
	char text[16];

	handle(SIGUSR1);
	search_targets();
	check(!pthread_create(&thread, NULL, tell_and_stay, &tid),
	      "pthread_create");
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	check(tid != getpid(), "not a thread");
	target_with_agent("self", tid, tid, SIGUSR1);
	snprintf(text, sizeof(text), "%d", getpid());
	expect_value("self", "pid", text);
	expect_value("self", "agent", text);
	flip_is_repaired(page, 99);
	expect_signal(1, SIGUSR1, page);
	expect_errors("self", 1);
}
