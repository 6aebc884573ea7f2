// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces that are large, or change while they are searched.
 */
#include "targets.h"

#define GIB		(1024 * 1024 * 1024UL)

static void *map_none(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* One round: everything that is possible with the same pages. */
static void change(unsigned int round)
{
	const size_t size = 64 * PGSA_PAGE;
	uint32_t *area = new_pages(64, PROT_READ), *moved;
	uint32_t content = area[round];

	sched_yield();
	check(area[round] == content, "content changed");
	protect(area, size, PROT_READ | PROT_WRITE);
	area[round] = round;
	protect(area, size, PROT_READ);
	moved = mremap(area, size, 2 * size, MREMAP_MAYMOVE);
	check(moved != MAP_FAILED, "mremap: %s", strerror(errno));
	protect(moved, size / 2, PROT_READ | PROT_WRITE);
	moved[round]++;
	round++;
	check(moved[round - 1] == round, "a write is lost");
	protect(moved, size, round % 2 ? PROT_NONE : PROT_READ);
	munmap(moved + 8 * PGSA_PAGE / sizeof(*moved), 4 * PGSA_PAGE);
	sched_yield();
	munmap(moved, 2 * size);
}

void test_changes(void)
{
	const uint32_t *page;
	unsigned int i;

	search_targets();
	searcher_awake();
	target_of("self", getpid());
	page = new_pages(1, PROT_READ);
	wait_sealed(page);
	for (i = 0; i < 800; i++)
		change(i % 1000);
	expect_no_errors(100);
	flip_is_repaired(page, 17);
}

/* It is the same process, with nothing of what it had. */
void test_exec(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	char comm[32] = "";
	pid_t pid;

	search_targets();
	pid = fork_child();
	if (!pid) {
		flip_is_repaired((target_of("self", getpid()),
				  new_pages(2000, PROT_READ)), 99);
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(TEST_FAIL);
	}
	while (strcmp(comm, "sleep")) {
		check(now_s() < limit, "no exec");
		sleep_ms(2);
		if (!access(TARGETS_DIR "/self", F_OK))
			target_get("self", "comm", comm, sizeof(comm));
	}
	let_search();
	check(target_number("self", "frames") > 10 &&
	      target_number("self", "frames") < 2000, "frames: %llu",
	      target_number("self", "frames"));
	kill(pid, SIGKILL);
}

/* Pages far from each other, with a table for each, and none in between. */
static void sparse(unsigned long size, unsigned long step)
{
	char *area = map_none(size);
	unsigned long at, nr = 0;

	if (area == MAP_FAILED) {
		diag("%lu GiB cannot be mapped", size / GIB);
		return;
	}
	for (at = 0; at < size; at += step, nr++)
		area[at] = nr;
	madvise(area, size, MADV_COLD);
	protect(area, size, PROT_READ);
	let_search();
	diag("%lu pages in %lu GiB: cycle %llu us, longest lock %llu us", nr,
	     size / GIB, policy_stat("last_cycle_ns") / 1000,
	     policy_stat("walk_max_ns") / 1000);
	check(target_number("self", "frames") >= nr, "frames: %llu",
	      target_number("self", "frames"));
	flip_is_repaired(area, 4);
	flip_is_repaired(area + size - step, 4);
	munmap(area, size);
}

void test_sparse(void)
{
	search_targets();
	target_of("self", getpid());
	sparse(4 * GIB, 64UL << 20);
	sparse(4 * GIB, 2UL << 20);
	sparse(64 * GIB, GIB);
	sparse(4096 * GIB, GIB);
}

#define HUGE_SIZE	(2UL << 20)

void test_huge(void)
{
	char *area = map_none(3 * HUGE_SIZE);
	unsigned int i;

	need_huge_pages();
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	area += -(uintptr_t)area % HUGE_SIZE;
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	memset(area, 1, HUGE_SIZE);
	if (pfn_of(area) % 512 ||
	    pfn_of(area + HUGE_SIZE - 1) != pfn_of(area) + 511)
		skip("no huge page was free");
	protect(area, HUGE_SIZE, PROT_READ);
	search_targets();
	target_of("self", getpid());
	let_search();
	check(target_number("self", "frames") >= 512, "frames: %llu",
	      target_number("self", "frames"));
	for (i = 0; i < 512; i += 73)
		flip_is_repaired(area + i * PGSA_PAGE, i);
	/* An error is counted after its repair. */
	wait_cycles(2);
	check(target_number("self", "errors") == 8, "errors: %llu",
	      target_number("self", "errors"));
}

/* Threads that want the lock for writing all the time. */
void test_contended(void)
{
	struct victim victim;
	const uint32_t *page;
	unsigned int i;

	search_targets();
	target_of("self", getpid());
	page = new_pages(1, PROT_READ);
	victim = victim_start(1);
	target_of("other", victim.pid);
	wait_sealed(page);
	for (i = 0; i < 20000; i++)
		munmap(map_none(PGSA_PAGE), PGSA_PAGE);
	flip_in_is_repaired(victim.pid, victim.pages, 1);
	flip_is_repaired(page, 1);
	diag("left out %llu times", policy_stat("walks_skipped"));
}
