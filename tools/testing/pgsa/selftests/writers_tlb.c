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

#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

#define STALE_TABLES	4096
#define STALE_SIZE	(STALE_TABLES * HUGE_SIZE)
#define STALE_ROUNDS	5	/* or more, until there is a hit */
#define STALE_HITS	3	/* are enough */
#define STALE_SECONDS	3	/* for one round at most */
#define STALE_LIMIT	30	/* for all of them */

#define WRITER_CPU	0
#define CHANGER_CPU	1

static uint32_t *stale_page;		/* the first of a large area */
static const uint32_t *stale_view;	/* the same, wherever it can be read */
static volatile uint32_t *stale_word;	/* the writer's, in that page */
static volatile uint32_t written;	/* last value that arrived there */
static unsigned long stale_pfn;
static unsigned int hits;		/* rounds in which it was sealed in time */
static atomic_bool running, stopped, changed;
static sigjmp_buf fault;

void stay_on(pid_t tid, int cpu)
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

/* Takes the right to write from all pages, and gives it back. */
struct change {
	void (*begin)(void);
	void (*end)(void);
};

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
	write_until_sealed();
	stopped = true;
	return NULL;
}

static void set_policy(pid_t tid, int policy)
{
	struct sched_param param = { 0 };

	check(!sched_setscheduler(tid, policy, &param), "scheduler: %s",
	      strerror(errno));
}

/*
 * Leaves next to nothing of the CPU to the main thread until the frame is sealed,
 * and until the writer has noticed. If all is well that will not happen, for it
 * has got a fault.
 */
static void *spinner(void *unused)
{
	double limit = now_s() + STALE_SECONDS;
	struct pgsa_frame frame;

	(void)unused;
	stay_on(0, CHANGER_CPU);
	do {
		frame = frame_of(stale_pfn);
	} while (!changed && !is_sealed(&frame) && now_s() < limit);
	if (is_sealed(&frame) && !changed) {
		hits++;
		limit = now_s() + 0.2;
	}
	while (now_s() < limit && !changed && !stopped)
		;
	set_policy(getpid(), SCHED_OTHER);
	return NULL;
}

static void stale_round(const struct change *change)
{
	pthread_t threads[2];

	/* Once before, for the LRU lists; see new_sealed(). */
	protect(stale_page, PGSA_PAGE, PROT_READ);
	stale_pfn = wait_sealed(stale_page);
	protect(stale_page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	running = false;
	stopped = false;
	changed = false;
	check(!pthread_create(&threads[0], NULL, writer, NULL) &&
	      !pthread_create(&threads[1], NULL, spinner, NULL), "no thread");
	while (!running) {
		check(!stopped, "the writer could not even begin");
		sched_yield();
	}
	set_policy(0, SCHED_IDLE);
	change->begin();
	set_policy(0, SCHED_OTHER);
	changed = true;
	wait_cycles(1);
	if (change->end)
		change->end();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	check(stale_view[100] == written, "%u was written, but it is %u",
	      written, stale_view[100]);
}

/* Many page tables with one entry each; at the same address as before. */
static void map_tables(int flags, int fd)
{
	char *area = mmap(stale_page, STALE_SIZE, PROT_READ | PROT_WRITE,
			  flags | MAP_NORESERVE | (stale_page ? MAP_FIXED : 0),
			  fd, 0);
	unsigned int i;

	must_map(area);
	madvise(area, STALE_SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < STALE_TABLES; i++)
		area[i * HUGE_SIZE]++;
	stale_page = (uint32_t *)area;
	stale_word = stale_page + 100;
}

static void stale_threads(void)
{
	struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &action, NULL);
	searcher_awake();
	stay_on(searcher(), WRITER_CPU);
	stay_on(0, CHANGER_CPU);
}

static void need_two_cpus(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("needs two CPUs");
}

static void stale_prepare(void)
{
	need_two_cpus();
	map_tables(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	stale_view = stale_page;
	stale_threads();
}

static void stale_rounds(const struct change *change)
{
	double limit = now_s() + STALE_LIMIT;
	unsigned int i;

	for (i = 0; i < STALE_ROUNDS || (!hits && now_s() < limit); i++) {
		if (hits == STALE_HITS)
			break;
		stale_round(change);
	}
	diag("sealed in time in %u of %u rounds", hits, i);
	expect_no_errors(100);
	if (!hits)
		skip("no frame was sealed in time");
}

static void protect_all(void)
{
	protect(stale_page, STALE_SIZE, PROT_READ);
}

static void unprotect_all(void)
{
	protect(stale_page, STALE_SIZE, PROT_READ | PROT_WRITE);
}

void test_tlb_mprotect(void)
{
	stale_prepare();
	stale_rounds(&(struct change) { protect_all, unprotect_all });
}

static pid_t stale_child;

/* The child keeps the frame; the parent's next write copies it. */
static void begin_child(void)
{
	stale_child = fork_child();
	while (!stale_child)
		pause();
}

static void end_child(void)
{
	kill(stale_child, SIGKILL);
	waitpid(stale_child, NULL, 0);
}

void test_tlb_fork(void)
{
	stale_prepare();
	stale_rounds(&(struct change) { begin_child, end_child });
}

static void forget_writes(void)
{
	int err = pgsa_write("/proc/self/clear_refs", "4");

	check(!err, "clear_refs: %s", strerror(-err));
}

/* The next write gives the right to write back. */
void test_tlb_clear_refs(void)
{
	stale_prepare();
	if (pgsa_write("/proc/self/clear_refs", "4"))
		skip("no soft-dirty bits");
	stale_rounds(&(struct change) { forget_writes, NULL });
}

static int stale_uffd;

static void guard_all(void)
{
	uffd_protect(stale_uffd, stale_page, STALE_SIZE, true);
}

static void unguard_all(void)
{
	uffd_protect(stale_uffd, stale_page, STALE_SIZE, false);
}

/* Who writes without the right to, waits. */
void test_tlb_uffd(void)
{
	stale_prepare();
	stale_uffd = uffd_register(stale_page, STALE_SIZE,
				   UFFDIO_REGISTER_MODE_WP,
				   UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	stale_rounds(&(struct change) { guard_all, unguard_all });
}

static int stale_file;

static void unmap_all(void)
{
	munmap(stale_page, STALE_SIZE);
}

static void map_all(void)
{
	map_tables(MAP_SHARED, stale_file);
}

/* The frame stays, in a file, and somebody else maps it. */
void test_tlb_munmap(void)
{
	need_two_cpus();
	stale_file = syscall(SYS_memfd_create, "tables", 0);
	check(stale_file >= 0 && !ftruncate(stale_file, STALE_SIZE),
	      "memfd: %s", strerror(errno));
	map_all();
	stale_view = mmap(NULL, PGSA_PAGE, PROT_READ, MAP_SHARED, stale_file, 0);
	must_map(stale_view);
	written = stale_view[100];
	stale_threads();
	stale_rounds(&(struct change) { unmap_all, map_all });
}
