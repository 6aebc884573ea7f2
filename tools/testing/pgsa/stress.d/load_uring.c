// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring with a registered buffer: the kernel holds its pages, and writes to
 * them long after the process has made them read-only.
 */
#include "load.h"

#include <linux/io_uring.h>

#define BUFFER_PAGES	16
#define BUFFER_SIZE	(BUFFER_PAGES * PAGE)
#define ENTRIES		4

static int ring_fd = -1;
static struct io_uring_sqe *ring_sqes;
static char *ring_sq, *ring_cq;
static struct io_uring_params ring;

static void *ring_map(size_t size, off_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, ring_fd, offset);

	want(map != MAP_FAILED, "mmap of the ring: %s", strerror(errno));
	return map;
}

static void ring_start(void)
{
	ring_fd = syscall(SYS_io_uring_setup, ENTRIES, &ring);
	if (ring_fd < 0)
		skip("no io_uring: %s", strerror(errno));
	ring_sq = ring_map(ring.sq_off.array + ENTRIES * sizeof(uint32_t),
			   IORING_OFF_SQ_RING);
	ring_cq = ring_map(ring.cq_off.cqes + ring.cq_entries *
			   sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring_sqes = ring_map(ENTRIES * sizeof(*ring_sqes), IORING_OFF_SQES);
}

static uint32_t *ring_word(char *base, uint32_t offset)
{
	return (uint32_t *)(base + offset);
}

/* One read into the registered buffer, and wait for it. */
static void ring_read(int fd, void *where, size_t size, off_t offset)
{
	uint32_t *tail = ring_word(ring_sq, ring.sq_off.tail);
	uint32_t *head = ring_word(ring_cq, ring.cq_off.head);
	uint32_t mask = *ring_word(ring_sq, ring.sq_off.ring_mask);
	uint32_t slot = *tail & mask;
	struct io_uring_cqe *cqe;

	ring_sqes[slot] = (struct io_uring_sqe){
		.opcode = IORING_OP_READ_FIXED, .fd = fd, .off = offset,
		.addr = (uintptr_t)where, .len = size, .buf_index = 0,
	};
	ring_word(ring_sq, ring.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	want(syscall(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS,
		     NULL, 0) == 1, "io_uring_enter: %s", strerror(errno));
	want(__atomic_load_n(ring_word(ring_cq, ring.cq_off.tail),
			     __ATOMIC_ACQUIRE) != *head, "no completion");
	mask = *ring_word(ring_cq, ring.cq_off.ring_mask);
	cqe = (struct io_uring_cqe *)(ring_cq + ring.cq_off.cqes) +
	      (*head & mask);
	want(cqe->res == (int)size, "read into the buffer: %d", cqe->res);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
}

/* A file of pages that the buffer will have to contain. */
static int new_file(uint64_t key)
{
	int fd = memfd_create("uring", MFD_CLOEXEC);
	char content[PAGE];
	unsigned int i;

	for (i = 0; i < BUFFER_PAGES; i++) {
		fill_page(content, key + i);
		want(pwrite(fd, content, PAGE, i * PAGE) == PAGE, "write: %s",
		     strerror(errno));
	}
	return fd;
}

void load_uring(void)
{
	static char *area;
	struct iovec iov;
	uint64_t key = random_word();
	unsigned int i, page;
	int fd = new_file(key);

	if (ring_fd < 0) {
		ring_start();
		area = new_area(BUFFER_SIZE, PAGE);
	}
	protect(area, BUFFER_SIZE, PROT_READ | PROT_WRITE);
	memset(area, 1, BUFFER_SIZE);
	iov = (struct iovec){ area, BUFFER_SIZE };
	want(!syscall(SYS_io_uring_register, ring_fd, IORING_REGISTER_BUFFERS,
		      &iov, 1), "register: %s", strerror(errno));
	protect(area, BUFFER_SIZE, PROT_READ);
	sleep_ms(random_below(100));
	for (i = 0; i < BUFFER_PAGES; i++) {
		ring_read(fd, area + i * PAGE, PAGE, i * PAGE);
		page = random_below(i + 1);
		check_page(area + page * PAGE, key + page);
		if (!random_below(4))
			sleep_ms(random_below(30));
	}
	want(!syscall(SYS_io_uring_register, ring_fd,
		      IORING_UNREGISTER_BUFFERS, NULL, 0), "unregister: %s",
	     strerror(errno));
	sleep_ms(random_below(60));
	for (i = 0; i < BUFFER_PAGES; i++)
		check_page(area + i * PAGE, key + i);
	close(fd);
}
