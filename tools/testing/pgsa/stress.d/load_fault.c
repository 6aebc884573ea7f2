// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd: pages that another thread provides, moves into place or
 * write-protects.
 */
#include "load.h"

#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>

#define FAULT_PAGES	64

/* Newer than the C library's kernel headers. */
#ifndef UFFDIO_MOVE
#define UFFD_FEATURE_MOVE	0x10000

struct uffdio_move {
	__u64 dst, src, len, mode;
	__s64 move;
};

#define UFFDIO_MOVE	_IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

static int fault_fd = -1;
static char *fault_area, *fault_source;
static uint64_t fault_key[FAULT_PAGES];
static __u64 fault_features;

static void fault_copy(unsigned long address, unsigned int page)
{
	static char content[PAGE];
	struct uffdio_copy copy = {
		.dst = address, .src = (uintptr_t)content, .len = PAGE,
	};

	fill_page(content, fault_key[page]);
	want(!ioctl(fault_fd, UFFDIO_COPY, &copy) || errno == EEXIST,
	     "UFFDIO_COPY: %s", strerror(errno));
}

static void fault_zero(unsigned long address)
{
	struct uffdio_zeropage zero = {
		.range = { address, PAGE },
	};

	want(!ioctl(fault_fd, UFFDIO_ZEROPAGE, &zero) || errno == EEXIST,
	     "UFFDIO_ZEROPAGE: %s", strerror(errno));
}

/* The page changes its place; false if it could not be moved just now. */
static bool fault_move(unsigned long address, unsigned int page)
{
	struct uffdio_move move = {
		.dst = address, .src = (uintptr_t)fault_source, .len = PAGE,
	};

	if (!(fault_features & UFFD_FEATURE_MOVE))
		return false;
	protect(fault_source, PAGE, PROT_READ | PROT_WRITE);
	fill_page(fault_source, fault_key[page]);
	return !ioctl(fault_fd, UFFDIO_MOVE, &move);
}

static int fault_protect(unsigned long address, unsigned int nr, __u64 mode)
{
	struct uffdio_writeprotect wp = {
		.range = { address, nr * PAGE }, .mode = mode,
	};

	return ioctl(fault_fd, UFFDIO_WRITEPROTECT, &wp);
}

static void fault_resolve(const struct uffd_msg *msg)
{
	unsigned long address = msg->arg.pagefault.address & -PAGE;
	unsigned int page = (address - (unsigned long)fault_area) / PAGE;

	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
		want(!fault_protect(address, 1, 0), "UFFDIO_WRITEPROTECT: %s",
		     strerror(errno));
	else if (!fault_key[page])
		fault_zero(address);
	else if (random_below(2) || !fault_move(address, page))
		fault_copy(address, page);
}

static void *fault_serve(void *arg)
{
	struct pollfd pollfd = { .fd = fault_fd, .events = POLLIN };
	struct uffd_msg msg;

	(void)arg;
	for (;;) {
		poll(&pollfd, 1, -1);
		if (read(fault_fd, &msg, sizeof(msg)) == sizeof(msg) &&
		    msg.event == UFFD_EVENT_PAGEFAULT)
			fault_resolve(&msg);
	}
	return NULL;
}

/* Asks for all there is, then again for what was granted. */
static void fault_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		skip("the kernel has no userfaultfd: %s", strerror(errno));
	want(!ioctl(fd, UFFDIO_API, &api), "UFFDIO_API: %s", strerror(errno));
	fault_features = api.features & (UFFD_FEATURE_PAGEFAULT_FLAG_WP |
					 UFFD_FEATURE_MOVE);
	close(fd);
	fault_fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	api = (struct uffdio_api){ .api = UFFD_API, .features = fault_features };
	want(fault_fd >= 0 && !ioctl(fault_fd, UFFDIO_API, &api),
	     "UFFDIO_API: %s", strerror(errno));
}

static void fault_start(void)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	fault_open();
	fault_area = new_area(FAULT_PAGES * PAGE, PAGE);
	fault_source = new_area(PAGE, PAGE);
	madvise(fault_area, FAULT_PAGES * PAGE, MADV_NOHUGEPAGE);
	reg.range.start = (uintptr_t)fault_area;
	reg.range.len = FAULT_PAGES * PAGE;
	if (fault_features & UFFD_FEATURE_PAGEFAULT_FLAG_WP)
		reg.mode |= UFFDIO_REGISTER_MODE_WP;
	want(!ioctl(fault_fd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER: %s",
	     strerror(errno));
	want(!pthread_create(&thread, NULL, fault_serve, NULL), "no thread");
}

void load_userfault(void)
{
	unsigned int page, i, nr;
	char *where;

	if (fault_fd < 0)
		fault_start();
	page = random_below(FAULT_PAGES);
	nr = 1 + random_below(FAULT_PAGES - page);
	where = fault_area + page * PAGE;
	if (!random_below(4)) {
		for (i = page; i < page + nr; i++)
			fault_key[i] = random_below(4) ? random_word() : 0;
		madvise(where, nr * PAGE, MADV_DONTNEED);
	}
	for (i = page; i < page + nr; i++)
		check_page(fault_area + i * PAGE, fault_key[i]);
	if (fault_features & UFFD_FEATURE_PAGEFAULT_FLAG_WP)
		want(!fault_protect((uintptr_t)where, nr,
				    UFFDIO_WRITEPROTECT_MODE_WP),
		     "UFFDIO_WRITEPROTECT: %s", strerror(errno));
	else
		protect(where, nr * PAGE, PROT_READ);
	sleep_ms(random_below(20));
	for (i = page; i < page + nr; i++)
		check_page(fault_area + i * PAGE, fault_key[i]);
	protect(where, nr * PAGE, PROT_READ | PROT_WRITE);
	fault_key[page] = random_word();
	fill_page(where, fault_key[page]);
	check_page(where, fault_key[page]);
}
