// SPDX-License-Identifier: GPL-2.0
/*
 * Writes by those who got hold of a page while it was writable, and write when
 * it no longer is. Only their references tell.
 */
#include "writers.h"

#include <linux/io_uring.h>
#include <pthread.h>
#include <sys/uio.h>

static struct stall stall;
static uint32_t *target;

/* Takes both pages, writes the first, and then waits for the source. */
static void *write_stalled(void *source)
{
	struct iovec local[2] = {
		{ source, PGSA_PAGE },
		{ stall.page, PGSA_PAGE },
	};
	struct iovec remote = { target, 2 * PGSA_PAGE };

	if (process_vm_writev(getpid(), local, 2, &remote, 1, 0) !=
	    2 * PGSA_PAGE)
		return strerror(errno);
	return NULL;
}

void test_vm_writev(void)
{
	uint32_t *source = new_pages(2, PROT_READ);
	pthread_t thread;
	void *error;

	stall_prepare(&stall);
	target = new_sealed(2, PROT_READ | PROT_WRITE);
	check(!pthread_create(&thread, NULL, write_stalled, source),
	      "no thread");
	stall_wait(&stall);
	protect(target, 2 * PGSA_PAGE, PROT_READ);
	wait_cycles(1);
	stall_end(&stall, source + WORDS);
	pthread_join(thread, &error);
	check(!error, "process_vm_writev: %s", (char *)error);
	wait_cycles(1);
	expect_no_errors(0);
	check(!memcmp(target, source, 2 * PGSA_PAGE), "the write is lost");
	wait_sealed(target + WORDS);
}

/* A file that is only a source of changing data. */
static int data_file(void)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	check(fd >= 0, "/dev/urandom: %s", strerror(errno));
	return fd;
}

static void read_fixed(struct uring *uring, uint32_t *buffer)
{
	uint32_t before[WORDS];

	memcpy(before, buffer, PGSA_PAGE);
	uring_queue(uring, IORING_OP_READ_FIXED, data_file(), buffer, PGSA_PAGE);
	uring_submit(uring);
	check(memcmp(before, buffer, PGSA_PAGE), "nothing was read");
	memcpy(before, buffer, PGSA_PAGE);
	wait_cycles(1);
	check(!memcmp(before, buffer, PGSA_PAGE), "what was read is lost");
}

void test_fixed_buffer(void)
{
	uint32_t *buffer;
	struct uring uring;
	unsigned int i;

	uring_open(&uring, 4);
	buffer = new_sealed(1, PROT_READ | PROT_WRITE);
	uring_register(&uring, buffer, PGSA_PAGE);
	protect(buffer, PGSA_PAGE, PROT_READ);
	wait_cycles(1);
	for (i = 0; i < 3; i++)
		read_fixed(&uring, buffer);
	expect_no_errors(0);
	uring_unregister(&uring);
	flip_is_repaired(buffer, 1234);
}

/* The child gets a copy of what is pinned, and of nothing else. */
void test_fixed_buffer_fork(void)
{
	uint32_t content[WORDS], *buffer;
	struct uring uring;
	unsigned int i;
	pid_t pid;

	uring_open(&uring, 4);
	buffer = new_sealed(1, PROT_READ | PROT_WRITE);
	uring_register(&uring, buffer, PGSA_PAGE);
	memcpy(content, buffer, PGSA_PAGE);
	pid = fork_child();
	if (!pid) {
		wait_cycles(3);
		_exit(memcmp(content, buffer, PGSA_PAGE) ? TEST_FAIL :
							   TEST_PASS);
	}
	for (i = 0; i < 2; i++)
		read_fixed(&uring, buffer);
	protect(buffer, PGSA_PAGE, PROT_READ);
	wait_cycles(1);
	read_fixed(&uring, buffer);
	expect_exit(pid);
	expect_no_errors(0);
}
