/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of legitimate writers, one file for each kind, and what they share.
 *
 * All have one pattern: the searcher gets the time to seal a frame wherever its
 * rules would let it; then something writes that does not go through a page
 * table entry; then the searcher gets the time to look. Nothing may be reported,
 * and the content must be what was written last.
 */
#ifndef PGSA_WRITERS_H
#define PGSA_WRITERS_H

#include "pgsa_selftest.h"

#include <sys/syscall.h>

#define WORDS		((unsigned int)(PGSA_PAGE / sizeof(uint32_t)))
#define HUGE_SIZE	(2UL << 20)
#define LRU_MS		1200	/* until new pages reach the LRU lists, and more */

/* writers_tlb.c */
void test_tlb_mprotect(void);
void test_tlb_fork(void);
void test_tlb_clear_refs(void);
void test_tlb_uffd(void);
void test_tlb_munmap(void);
void stay_on(pid_t tid, int cpu);

/* writers_debugger.c */
void test_forced(void);
void test_forced_thp(void);
void test_breakpoints(void);

/* writers_pinned.c */
void test_vm_writev(void);
void test_fixed_buffer(void);
void test_fixed_buffer_fork(void);

/* writers_direct.c */
void test_direct_read(void);
void test_direct_read_fork(void);
void test_direct_bio(void);

/* writers_rings.c */
void test_aio_ring(void);
void test_uring_ring(void);
void test_uring_user_ring(void);
void test_perf_ring(void);
void test_packet_ring(void);
void test_trace_ring(void);

/* writers_uprobe.c */
void test_uprobe(void);

/* writers_ksm.c */
void test_ksm(void);

/* writers_thp.c */
void test_thp(void);
void test_thp_split(void);
void test_thp_collapse(void);
void test_large(void);
uint32_t *new_huge(int prot);

/* writers_swap.c */
void test_swap(void);

/* writers_uffd.c */
void test_uffd_wp(void);
void test_uffd_move(void);
void test_pagemap_scan(void);
int uffd_register(void *area, size_t size, uint64_t mode, uint64_t features);
void uffd_protect(int uffd, void *area, size_t size, bool on);

/* writers_area.c */
void test_mremap_large(void);
void test_madvise_free(void);
void test_compaction(void);
void test_soft_offline(void);
void test_shared(void);
void test_reuse(void);
void test_vdso(void);
void test_hugetlb(void);

/* writers_uring.c */
struct uring {
	int fd;
	unsigned int entries;
	void *rings;		/* both of them */
	size_t size;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

void uring_open(struct uring *uring, unsigned int entries);
void uring_register(struct uring *uring, void *buffer, size_t size);
void uring_unregister(struct uring *uring);
void uring_queue(struct uring *uring, unsigned int opcode, int fd, void *buffer,
		 size_t size);
void uring_submit(struct uring *uring);

/* writers_stall.c: a page whose first reader waits until it is told to go on. */
struct stall {
	int uffd;
	void *page;
};

void stall_prepare(struct stall *stall);
void stall_wait(struct stall *stall);
void stall_end(struct stall *stall, const void *content);

/* writers_fuse.c: a file that is read when the test allows it. */
#define SLOW_DIR	"/tmp/pgsa-slow"
#define SLOW_BYTE	'A'	/* its content at the first read; then the next */

struct slow_file {
	int fd;
	int waiting, go;
	pid_t server;
};

void slow_open(struct slow_file *file, bool direct);
void slow_wait(struct slow_file *file);
void slow_go(struct slow_file *file);
void slow_close(struct slow_file *file);

static inline unsigned long wait_sealed_in(pid_t pid, const void *addr)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame;
	unsigned long pfn;
	int err;

	do {
		err = pgsa_pfn(pid, (uintptr_t)addr, &pfn);
		check(!err, "pagemap of %p: %s", addr, strerror(-err));
		frame = frame_of(pfn);
		if (is_sealed(&frame))
			return pfn;
		sleep_ms(2);
	} while (now_s() < limit);
	check(false, "pfn %#lx stays %s, writers=%u admit=%s", pfn, frame.state,
	      frame.writers, frame.admit);
	return 0;
}

/*
 * A page that the searcher has seen on an LRU list, admitted and sealed: from
 * now on it is sealed within one cycle whenever the rules let it.
 */
static inline uint32_t *new_sealed(unsigned int nr, int prot)
{
	uint32_t *area = new_pages(nr, PROT_READ);
	unsigned int i;

	for (i = 0; i < nr; i++)
		wait_sealed(area + i * WORDS);
	if (prot & PROT_WRITE)
		protect(area, nr * PGSA_PAGE, prot);
	return area;
}

/* Frames that are sealed at no time, although nobody has a writable entry. */
static inline void stays_open(const void *page, unsigned int ms)
{
	double end = now_s() + ms / 1000.0;
	struct pgsa_frame frame;

	do {
		frame = frame_of(pfn_of(page));
		check(!is_sealed(&frame), "pfn %#lx was sealed", frame.pfn);
		sleep_ms(1);
	} while (now_s() < end);
	wait_cycles(1);
}

static inline void must_map(const void *area)
{
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
}

#endif /* PGSA_WRITERS_H */
