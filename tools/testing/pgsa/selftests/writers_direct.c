// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O that is under way when its buffer becomes read-only. A slow file
 * makes sure of that.
 */
#include "writers.h"

#include <linux/loop.h>
#include <pthread.h>
#include <sys/ioctl.h>

static struct slow_file slow;
static uint32_t *buffer;
static int source;

/* One page, so that there is one request. */
static void *read_slowly(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)read(source, buffer, PGSA_PAGE);
}

static pthread_t begin_read(void)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, read_slowly, NULL), "no thread");
	slow_wait(&slow);
	return thread;
}

static void end_read(pthread_t thread)
{
	void *result;

	wait_cycles(1);
	slow_go(&slow);
	pthread_join(thread, &result);
	check((intptr_t)result == PGSA_PAGE, "read: %ld", (long)result);
	wait_cycles(1);
}

static void check_buffer(unsigned int reads)
{
	const char *bytes = (char *)buffer;
	unsigned int i;

	for (i = 0; i < PGSA_PAGE; i++)
		check(bytes[i] == (char)(SLOW_BYTE + reads),
		      "byte %u is %#x", i, bytes[i]);
}

/* In this order: the server shall not share the buffer. */
static void prepare(bool direct)
{
	slow_open(&slow, direct);
	source = slow.fd;
	buffer = new_sealed(1, PROT_READ | PROT_WRITE);
}

void test_direct_read(void)
{
	pthread_t thread;

	prepare(true);
	thread = begin_read();
	protect(buffer, PGSA_PAGE, PROT_READ);
	end_read(thread);
	slow_close(&slow);
	expect_no_errors(0);
	check_buffer(0);
	flip_is_repaired(buffer, 99);
}

void test_direct_read_fork(void)
{
	pthread_t thread;
	pid_t pid;

	prepare(true);
	thread = begin_read();
	pid = fork_child();
	while (!pid)
		pause();
	end_read(thread);
	slow_close(&slow);
	expect_no_errors(0);
	check_buffer(0);
	kill(pid, SIGKILL);
}

/* A block device whose file is the slow one. */
static int open_loop(int *device)
{
	int number, control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	char path[32];

	number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	if (number < 0)
		skip("no loop device");
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	*device = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	check(*device >= 0, "%s: %s", path, strerror(errno));
	return ioctl(*device, LOOP_SET_FD, slow.fd);
}

void test_direct_bio(void)
{
	pthread_t thread;

	prepare(false);
	check(!open_loop(&source), "LOOP_SET_FD: %s", strerror(errno));
	thread = begin_read();
	protect(buffer, PGSA_PAGE, PROT_READ);
	end_read(thread);
	ioctl(source, LOOP_CLR_FD);
	close(source);
	slow_close(&slow);
	expect_no_errors(0);
	check_buffer(0);
	flip_is_repaired(buffer, 99);
}
