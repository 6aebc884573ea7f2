// SPDX-License-Identifier: GPL-2.0
/* Loads on anonymous memory: permissions, moves, copies, forced writes. */
#include "load.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>

/*
 * Threads write while their memory becomes read-only and writable again: what
 * still writes through a stale TLB entry must not be taken for an error. It is
 * spread over many page tables, and the one who changes it is often interrupted,
 * since the TLB is flushed at the very end.
 */
#define TLB_PAGES	1024
#define TLB_SIZE	(TLB_PAGES * HUGE)
#define TLB_HOT		64	/* pages that a thread writes to for a while */
#define TLB_THREADS	2

static char *tlb_area;
static __thread sigjmp_buf tlb_back;

/* One page of each table, never at the same place, as TLBs have few ways. */
static char *tlb_page(unsigned int nr)
{
	return tlb_area + nr * HUGE + nr % (HUGE / PAGE) * PAGE;
}

static void tlb_fault(int signal)
{
	(void)signal;
	siglongjmp(tlb_back, 1);
}

/* Every thread has a word of its own in each page. */
static void *tlb_write(void *arg)
{
	volatile uint32_t *written = calloc(TLB_PAGES, sizeof(*written));
	volatile uint32_t *word;
	volatile unsigned long turn = (uintptr_t)arg * 1000;
	unsigned int page;

	if (sigsetjmp(tlb_back, 0))
		sched_yield();
	for (;;) {
		turn++;
		page = (turn >> 18) * 11 % (TLB_PAGES / TLB_HOT) * TLB_HOT +
		       turn % TLB_HOT;
		word = (uint32_t *)tlb_page(page) + (uintptr_t)arg;
		want(*word == written[page], "page %u: %u instead of %u", page,
		     *word, written[page]);
		*word = written[page] + 1;
		written[page]++;
	}
	return NULL;
}

static void tlb_start(void)
{
	struct sigaction action = {
		.sa_handler = tlb_fault, .sa_flags = SA_NODEFER,
	};
	pthread_t thread;
	uintptr_t i;

	tlb_area = mmap(NULL, TLB_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	want(tlb_area != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(tlb_area, TLB_SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < TLB_PAGES; i++)
		memset(tlb_page(i), 0, 64);
	sigaction(SIGSEGV, &action, NULL);
	for (i = 0; i < TLB_THREADS; i++)
		want(!pthread_create(&thread, NULL, tlb_write, (void *)i),
		     "no thread");
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		setpriority(PRIO_PROCESS, syscall(SYS_gettid), 15);
}

void load_tlb(void)
{
	unsigned int nr = random_below(8) ? TLB_HOT : TLB_PAGES;
	char *area;

	if (!tlb_area)
		tlb_start();
	area = tlb_area + random_below(TLB_PAGES - nr + 1) * HUGE;
	protect(area, nr * HUGE, PROT_READ);
	/* Now and then long enough for the searcher to come again. */
	sleep_ms(random_below(8) ? random_below(10) : random_below(500));
	protect(area, nr * HUGE, PROT_READ | PROT_WRITE);
	sleep_ms(random_below(8));
}

/* Moves of pages and of whole page tables. */
#define MREMAP_SIZE	(2 * HUGE)

static void mremap_check(const char *area, uint64_t key)
{
	unsigned int i, page;

	for (i = 0; i < 16; i++) {
		page = random_below(MREMAP_SIZE / PAGE);
		check_page(area + page * PAGE, key + page);
	}
}

void load_mremap(void)
{
	static uint64_t key = 1;
	static char *area, *moved;
	unsigned int i;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (!area || !random_below(20)) {
		if (area)
			munmap(area, MREMAP_SIZE);
		key = random_word();
		area = new_area(MREMAP_SIZE, HUGE);
		for (i = 0; i < MREMAP_SIZE / PAGE; i++)
			fill_page(area + i * PAGE, key + i);
	}
	protect(area, MREMAP_SIZE, random_below(4) ? PROT_READ :
				   PROT_READ | PROT_WRITE);
	sleep_ms(random_below(20));
	moved = new_area(MREMAP_SIZE + HUGE, random_below(2) ? HUGE : PAGE);
	if (random_below(2))
		flags |= MREMAP_DONTUNMAP;
	want(mremap(area, MREMAP_SIZE, MREMAP_SIZE, flags, moved) == moved,
	     "mremap: %s", strerror(errno));
	if (flags & MREMAP_DONTUNMAP) {
		check_page(area + random_below(MREMAP_SIZE / PAGE) * PAGE, 0);
		munmap(area, MREMAP_SIZE);
	}
	munmap(moved + MREMAP_SIZE, HUGE);
	area = moved;
	mremap_check(area, key);
}

/* Fork storms: every process sees what it wrote itself. */
#define COW_PAGES	48

static char *cow_area;
static uint64_t cow_key[COW_PAGES];

static void cow_write(unsigned int nr)
{
	unsigned int page;

	while (nr--) {
		page = random_below(COW_PAGES);
		check_page(cow_area + page * PAGE, cow_key[page]);
		cow_key[page] = random_word();
		fill_page(cow_area + page * PAGE, cow_key[page]);
	}
}

static void cow_child(void)
{
	unsigned int i;
	pid_t pid;

	sleep_ms(random_below(8));
	cow_write(4);
	if (!random_below(3)) {
		pid = fork_child();
		if (!pid) {
			cow_write(4);
			_exit(EXIT_SUCCESS);
		}
		cow_write(2);
		expect_exit(pid);
	}
	for (i = 0; i < COW_PAGES; i++)
		check_page(cow_area + i * PAGE, cow_key[i]);
	_exit(EXIT_SUCCESS);
}

void load_cow(void)
{
	pid_t pids[4];
	unsigned int i;

	if (!cow_area)
		cow_area = new_area(COW_PAGES * PAGE, PAGE);
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork_child();
		if (!pids[i])
			cow_child();
		cow_write(2);
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		expect_exit(pids[i]);
}

/* Exit storms: processes that are killed whatever they are doing. */
#define EXIT_SIZE	(8 * HUGE / 4)

static void exit_child(void)
{
	char *area = new_area(EXIT_SIZE, PAGE);
	size_t i;

	for (i = 0; i < EXIT_SIZE; i += PAGE)
		area[i] = 1;
	protect(area, EXIT_SIZE / 2, PROT_READ);
	if (!fork())
		area[EXIT_SIZE - 1] = 1;
	for (;;)
		area[EXIT_SIZE / 2 + random_below(EXIT_SIZE / 2)]++;
}

void load_exit(void)
{
	pid_t pids[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork_child();
		if (!pids[i]) {
			setpgid(0, 0);
			exit_child();
		}
		setpgid(pids[i], pids[i]);
	}
	sleep_ms(random_below(30));
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		kill(-pids[i], SIGKILL);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		waitpid(pids[i], NULL, 0);
}

/* Whatever madvise() may be told; what it may lose is written anew. */
#define MADVISE_PAGES	128

static void madvise_page(char *page, uint64_t *key)
{
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_FREE, MADV_COLD, MADV_PAGEOUT,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_DONTFORK,
		MADV_DOFORK, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_COLLAPSE, MADV_PAGEOUT,
	};
	int advice = advices[random_below(ARRAY_SIZE(advices))];

	if (madvise(page, PAGE, advice))
		want(errno != ENOMEM && errno != EFAULT, "madvise %d: %s",
		     advice, strerror(errno));
	else if (advice == MADV_DONTNEED)
		*key = 0;
	else if (advice == MADV_FREE)
		*key = random_word();
	else
		return;
	protect(page, PAGE, PROT_READ | PROT_WRITE);
	if (advice == MADV_FREE)
		fill_page(page, *key);
}

void load_madvise(void)
{
	static uint64_t keys[MADVISE_PAGES];
	static char *area;
	unsigned int page = random_below(MADVISE_PAGES);
	char *where;

	if (!area)
		area = new_area(MADVISE_PAGES * PAGE, PAGE);
	where = area + page * PAGE;
	protect(where, PAGE, PROT_READ | PROT_WRITE);
	check_page(where, keys[page]);
	keys[page] = random_word();
	fill_page(where, keys[page]);
	protect(where, PAGE, PROT_READ);
	if (!random_below(8))
		sleep_ms(random_below(20));
	madvise_page(where, &keys[page]);
	check_page(where, keys[page]);
	page = random_below(MADVISE_PAGES);
	check_page(area + page * PAGE, keys[page]);
}

/* Writes by /proc/PID/mem to memory that is read-only for its owner. */
#define FORCED_PAGES	32

void load_forced(void)
{
	static uint64_t keys[FORCED_PAGES];
	static char *area;
	static int fd = -1;
	unsigned int page = random_below(FORCED_PAGES);
	char content[PAGE];

	if (!area) {
		area = new_area(FORCED_PAGES * PAGE, PAGE);
		protect(area, FORCED_PAGES * PAGE, PROT_READ);
		fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	}
	check_page(area + page * PAGE, keys[page]);
	keys[page] = random_word();
	fill_page(content, keys[page]);
	want(pwrite(fd, content, PAGE, (off_t)(area + page * PAGE)) == PAGE,
	     "forced write: %s", strerror(errno));
	sleep_ms(random_below(3));
	check_page(area + page * PAGE, keys[page]);
}

/* Ends in read-only memory what began as a write into it, as a device does. */
#define PIPE_PAGES	16

void load_pipe(void)
{
	static uint64_t key;
	static char *area;
	char *half;
	struct iovec iov;
	int fds[2];
	unsigned int i;

	if (!area)
		area = new_area(PIPE_PAGES * PAGE, PAGE);
	half = area + PIPE_PAGES / 2 * PAGE;
	protect(area, PIPE_PAGES * PAGE, PROT_READ | PROT_WRITE);
	key = random_word();
	for (i = 0; i < PIPE_PAGES / 2; i++)
		fill_page(area + i * PAGE, key + i);
	protect(area, PIPE_PAGES * PAGE, PROT_READ);
	want(!pipe(fds), "pipe: %s", strerror(errno));
	iov = (struct iovec){ area, half - area };
	want(vmsplice(fds[1], &iov, 1, 0) == half - area, "vmsplice: %s",
	     strerror(errno));
	sleep_ms(random_below(4));
	protect(half, half - area, PROT_READ | PROT_WRITE);
	want(read(fds[0], half, half - area) == half - area, "read: %s",
	     strerror(errno));
	protect(half, half - area, PROT_READ);
	for (i = 0; i < PIPE_PAGES; i++)
		check_page(area + i * PAGE, key + i % (PIPE_PAGES / 2));
	close(fds[0]);
	close(fds[1]);
}
