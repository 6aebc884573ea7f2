// SPDX-License-Identifier: GPL-2.0
/*
 * What userfaultfd does to page tables: it protects pages from being written,
 * and moves them.
 */
#include "writers.h"

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>

/* Newer than some of the headers that this is built with. */
#define FEATURE_WP_ASYNC	0x08000
#define FEATURE_MOVE		0x10000

struct move {			/* struct uffdio_move */
	uint64_t dst, src, len, mode;
	int64_t move;
};

#define IOCTL_MOVE		_IOWR(UFFDIO, 5, struct move)

struct scan {			/* struct pm_scan_arg */
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask;
	uint64_t return_mask;
};

#define IOCTL_SCAN		_IOWR('f', 16, struct scan)
#define SCAN_PROTECT		1	/* PM_SCAN_WP_MATCHING */
#define SCAN_WRITTEN		2	/* PAGE_IS_WRITTEN */

int uffd_register(void *area, size_t size, uint64_t mode, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = {
		.range = { (uintptr_t)area, size },
		.mode = mode,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		skip("userfaultfd cannot do that here");
	return uffd;
}

void uffd_protect(int uffd, void *area, size_t size, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)area, size },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	check(!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp), "WRITEPROTECT: %s",
	      strerror(errno));
}

static uint32_t *guarded;

static void *write_guarded(void *unused)
{
	guarded[10]++;
	return unused;
}

void test_uffd_wp(void)
{
	struct uffd_msg msg;
	pthread_t thread;
	uint32_t before;
	unsigned int i;
	int uffd;

	guarded = new_sealed(1, PROT_READ | PROT_WRITE);
	before = guarded[10];
	uffd = uffd_register(guarded, PGSA_PAGE, UFFDIO_REGISTER_MODE_WP,
			     UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	for (i = 1; i <= 3; i++) {
		uffd_protect(uffd, guarded, PGSA_PAGE, true);
		wait_sealed(guarded);
		pthread_create(&thread, NULL, write_guarded, NULL);
		check(read(uffd, &msg, sizeof(msg)) == sizeof(msg), "read: %s",
		      strerror(errno));
		wait_cycles(1);
		uffd_protect(uffd, guarded, PGSA_PAGE, false);
		pthread_join(thread, NULL);
		wait_cycles(1);
		check(guarded[10] == before + i, "the write is lost");
	}
	expect_no_errors(0);
}

/* A write protection that ends by itself; the entry tells of the write. */
static void scan(const void *area)
{
	struct { uint64_t start, end, categories; } region;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct scan arg = {
		.size = sizeof(arg),
		.flags = SCAN_PROTECT,
		.start = (uintptr_t)area,
		.end = (uintptr_t)area + PGSA_PAGE,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = SCAN_WRITTEN,
		.return_mask = SCAN_WRITTEN,
	};

	check(ioctl(fd, IOCTL_SCAN, &arg) == 1, "no page found written: %s",
	      strerror(errno));
	close(fd);
}

void test_pagemap_scan(void)
{
	uint32_t *page = new_sealed(1, PROT_READ | PROT_WRITE), before, i;
	int uffd = uffd_register(page, PGSA_PAGE, UFFDIO_REGISTER_MODE_WP,
				 FEATURE_WP_ASYNC);

	before = page[10];
	for (i = 1; i <= 3; i++) {
		scan(page);
		wait_sealed(page);
		page[10]++;
		wait_cycles(1);
		check(page[10] == before + i, "the write is lost");
	}
	expect_no_errors(0);
	close(uffd);
}

static void move(int uffd, uint32_t *to, uint32_t *from)
{
	struct move arg = {
		.dst = (uintptr_t)to,
		.src = (uintptr_t)from,
		.len = PGSA_PAGE,
	};
	double limit = now_s() + WAIT_MS / 1000.0;

	/* It fails for the moment when the searcher looks at the page. */
	while (ioctl(uffd, IOCTL_MOVE, &arg))
		check((errno == EAGAIN || errno == EBUSY) && now_s() < limit,
		      "UFFDIO_MOVE: %s", strerror(errno));
}

/* Both places must be registered; the page's is free again when it has gone. */
void test_uffd_move(void)
{
	uint32_t *area = new_sealed(2, PROT_READ | PROT_WRITE), *from, *to, i;
	int uffd = uffd_register(area, 2 * PGSA_PAGE,
				 UFFDIO_REGISTER_MODE_MISSING, FEATURE_MOVE);

	madvise(area + WORDS, PGSA_PAGE, MADV_DONTNEED);
	for (i = 0; i < 4; i++) {
		from = area + i % 2 * WORDS;
		to = area + !(i % 2) * WORDS;
		from[10] = i;
		protect(area, 2 * PGSA_PAGE, PROT_READ);
		wait_sealed(from);
		protect(area, 2 * PGSA_PAGE, PROT_READ | PROT_WRITE);
		move(uffd, to, from);
		check(frame_of(pfn_of(to)).writers == 1, "no writer");
		to[11] = i;
		wait_cycles(1);
		check(to[10] == i && to[11] == i, "the page has changed");
	}
	expect_no_errors(0);
	close(uffd);
}
