// SPDX-License-Identifier: GPL-2.0
/*
 * Writes through a TLB entry that outlives its page table entry.
 *
 * mprotect(), fork() and others take the right to write from all page table
 * entries first, and flush the TLBs of other CPUs at the very end. Until then a
 * thread on another CPU goes on writing. To make that time long, there are many
 * nearly empty page tables to look through, and whoever does it has to share its
 * CPU with a thread that is far more important, and that waits for the frame to
 * be sealed. The writer has another CPU. If the searcher has flushed that, it can
 * no longer write when the frame is sealed; else it can, at least once more.
 */
#include "writers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define STALE_TABLES	4096
#define STALE_SIZE	(STALE_TABLES * HUGE_SIZE)
#define STALE_ROUNDS	5
#define STALE_HITS	2	/* are enough */

#define WRITER_CPU	0
#define CHANGER_CPU	1

static uint32_t *stale_page;		/* the first of a large area */
static volatile uint32_t *stale_word;	/* the writer's, in that page */
static uint32_t written;		/* last value that arrived there */
static unsigned long stale_pfn;
static unsigned int hits;		/* rounds in which it was sealed in time */
static atomic_bool running, changed;
static sigjmp_buf fault;

static void stay_on(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(!sched_setaffinity(tid, sizeof(set), &set), "CPU %d: %s", cpu,
	      strerror(errno));
}

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

static void write_word(void)
{
	*stale_word = written + 1;
	written++;
}

static void write_until_sealed(void)
{
	struct pgsa_frame frame;

	if (sigsetjmp(fault, 1))
		return;		/* no right to write any more */
	do {
		write_word();
		running = true;
		frame = frame_of(stale_pfn);
	} while (!changed && !is_sealed(&frame));
	if (!changed)
		write_word();
}

static void *writer(void *unused)
{
	(void)unused;
	stay_on(0, WRITER_CPU);
	setpriority(PRIO_PROCESS, gettid(), 0);
	write_until_sealed();
	return NULL;
}

/* Leaves little of the CPU to others until the frame is sealed, and a bit more. */
static void *spinner(void *unused)
{
	struct pgsa_frame frame;
	double end;

	(void)unused;
	stay_on(0, CHANGER_CPU);
	setpriority(PRIO_PROCESS, gettid(), 0);
	do {
		frame = frame_of(stale_pfn);
	} while (!changed && !is_sealed(&frame));
	hits += !changed;
	for (end = now_s() + 0.02; now_s() < end && !changed;)
		;
	return NULL;
}

/* Writes while change() takes the right to write from all pages, slowly. */
static void stale_round(void (*change)(void))
{
	double begin;
	pthread_t threads[2];

	/* Once before, for the LRU lists; see new_sealed(). */
	protect(stale_page, PGSA_PAGE, PROT_READ);
	stale_pfn = wait_sealed(stale_page);
	protect(stale_page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	running = false;
	changed = false;
	check(!pthread_create(&threads[0], NULL, writer, NULL) &&
	      !pthread_create(&threads[1], NULL, spinner, NULL), "no thread");
	while (!running)
		sched_yield();
	begin = now_s();
	change();
	diag("%.3f s", now_s() - begin);
	changed = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	wait_cycles(1);
	check(*stale_word == written, "%u was written, but it is %u", written,
	      *stale_word);
}

/* Many page tables with one entry each. */
static void map_tables(void)
{
	char *area = mmap(NULL, STALE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned int i;

	must_map(area);
	madvise(area, STALE_SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < STALE_TABLES; i++)
		area[i * HUGE_SIZE] = 1;
	stale_page = (uint32_t *)area;
	stale_word = stale_page + 100;
}

static void stale_prepare(void)
{
	struct sigaction action = { .sa_handler = on_fault };

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("needs two CPUs");
	map_tables();
	sigaction(SIGSEGV, &action, NULL);
	searcher_awake();
	stay_on(searcher(), WRITER_CPU);
	stay_on(0, CHANGER_CPU);
	setpriority(PRIO_PROCESS, 0, 19);
}

static void stale_end(void)
{
	diag("sealed in time in %u rounds", hits);
	expect_no_errors(100);
	if (!hits)
		skip("no frame was sealed in time");
}

static void change_mprotect(void)
{
	protect(stale_page, STALE_SIZE, PROT_READ);
}

void test_tlb_mprotect(void)
{
	unsigned int i;

	stale_prepare();
	for (i = 0; i < STALE_ROUNDS && hits < STALE_HITS; i++) {
		stale_round(change_mprotect);
		protect(stale_page, STALE_SIZE, PROT_READ | PROT_WRITE);
	}
	stale_end();
}

static pid_t stale_child;

/* The child keeps the frame; the parent's next write copies it. */
static void change_fork(void)
{
	stale_child = fork_child();
	while (!stale_child)
		pause();
}

void test_tlb_fork(void)
{
	unsigned int i;

	stale_prepare();
	for (i = 0; i < STALE_ROUNDS && hits < STALE_HITS; i++) {
		stale_round(change_fork);
		kill(stale_child, SIGKILL);
		waitpid(stale_child, NULL, 0);
	}
	stale_end();
}

static void change_clear_refs(void)
{
	int err = pgsa_write("/proc/self/clear_refs", "4");

	check(!err, "clear_refs: %s", strerror(-err));
}

void test_tlb_clear_refs(void)
{
	unsigned int i;

	stale_prepare();
	if (pgsa_write("/proc/self/clear_refs", "4"))
		skip("no soft-dirty bits");
	for (i = 0; i < STALE_ROUNDS && hits < STALE_HITS; i++)
		stale_round(change_clear_refs);
	stale_end();
}
