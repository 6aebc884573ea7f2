// SPDX-License-Identifier: GPL-2.0
/*
 * As much of io_uring as the tests need.
 */
#include "writers.h"

#include <linux/io_uring.h>
#include <stdatomic.h>

void uring_open(struct uring *uring, unsigned int entries)
{
	struct io_uring_params params = {};
	char *rings;
	size_t size;

	uring->fd = syscall(SYS_io_uring_setup, entries, &params);
	if (uring->fd < 0)
		skip("no io_uring");
	check(params.features & IORING_FEAT_SINGLE_MMAP, "two rings");
	uring->entries = params.sq_entries;
	uring->size = params.sq_off.array +
		      params.sq_entries * sizeof(*uring->sq_array);
	size = params.cq_off.cqes + params.cq_entries * sizeof(*uring->cqes);
	if (uring->size < size)
		uring->size = size;
	rings = mmap(NULL, uring->size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, uring->fd, IORING_OFF_SQ_RING);
	uring->sqes = mmap(NULL, params.sq_entries * sizeof(*uring->sqes),
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			   uring->fd, IORING_OFF_SQES);
	must_map(rings);
	must_map(uring->sqes);
	uring->rings = rings;
	uring->sq_tail = (void *)(rings + params.sq_off.tail);
	uring->sq_array = (void *)(rings + params.sq_off.array);
	uring->cq_head = (void *)(rings + params.cq_off.head);
	uring->cq_tail = (void *)(rings + params.cq_off.tail);
	uring->cqes = (void *)(rings + params.cq_off.cqes);
}

void uring_register(struct uring *uring, void *buffer, size_t size)
{
	struct iovec iov = { buffer, size };

	check(!syscall(SYS_io_uring_register, uring->fd,
		       IORING_REGISTER_BUFFERS, &iov, 1),
	      "io_uring_register: %s", strerror(errno));
}

void uring_unregister(struct uring *uring)
{
	check(!syscall(SYS_io_uring_register, uring->fd,
		       IORING_UNREGISTER_BUFFERS, NULL, 0),
	      "io_uring_register: %s", strerror(errno));
}

void uring_queue(struct uring *uring, unsigned int opcode, int fd, void *buffer,
		 size_t size)
{
	unsigned int tail = *uring->sq_tail, slot = tail % uring->entries;

	uring->sqes[slot] = (struct io_uring_sqe) {
		.opcode = opcode,
		.fd = fd,
		.addr = (uintptr_t)buffer,
		.len = size,
	};
	uring->sq_array[slot] = slot;
	atomic_thread_fence(memory_order_release);
	*uring->sq_tail = tail + 1;
}

/* Submits one that is queued and waits for it. */
void uring_submit(struct uring *uring)
{
	unsigned int done = *(volatile unsigned int *)uring->cq_tail;
	long n = syscall(SYS_io_uring_enter, uring->fd, 1, 1,
			 IORING_ENTER_GETEVENTS, NULL, 0);

	check(n == 1, "io_uring_enter: %s", strerror(errno));
	while (*(volatile unsigned int *)uring->cq_tail == done)
		sched_yield();
	atomic_thread_fence(memory_order_acquire);
	check(uring->cqes[done % (2 * uring->entries)].res >= 0, "io_uring: %s",
	      strerror(-uring->cqes[done % (2 * uring->entries)].res));
}
