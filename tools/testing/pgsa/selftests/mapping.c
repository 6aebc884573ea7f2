// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that enter and leave the protected set: what was written by right must
 * never be taken for an error, and what came back must be protected again.
 */
#include "pgsa_selftest.h"

static void check_writers(const void *page, unsigned int writers)
{
	struct pgsa_frame frame = frame_of(pfn_of(page));

	check(frame.writers == writers, "pfn %#lx: %u writers instead of %u",
	      frame.pfn, frame.writers, writers);
	check(!writers || !is_sealed(&frame), "pfn %#lx: sealed, %u writers",
	      frame.pfn, frame.writers);
}

/*
 * A frame that nobody maps any more is no longer protected, at the latest when
 * the searcher, which may look at it just now, has let go of it.
 */
static void check_unsealed(const struct pgsa_frame *before)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame = frame_of(before->pfn);

	while (is_sealed(&frame) && frame.generation == before->generation) {
		check(now_s() < limit, "pfn %#lx: the seal outlived the page",
		      frame.pfn);
		sleep_ms(1);
		frame = frame_of(before->pfn);
	}
}

static void cow_child(uint32_t *page, const uint32_t *content)
{
	unsigned long pfn = pfn_of(page);

	page[5] = 123456;
	check(pfn_of(page) != pfn, "no copy on write");
	check_writers(page, 1);
	check(page[5] == 123456 && page[4] == content[4], "wrong copy");
	wait_cycles(2);
	check(page[5] == 123456, "the child's copy was changed");
	protect(page, PGSA_PAGE, PROT_READ);
	flip_is_repaired(page, 31000);
}

static void test_cow(void)
{
	uint32_t *page = new_pages(1, PROT_READ | PROT_WRITE);
	uint32_t content[PGSA_PAGE / 4];
	pid_t pid;

	memcpy(content, page, PGSA_PAGE);
	check_writers(page, 1);
	pid = fork_child();
	if (!pid) {
		check_writers(page, 0);
		flip_is_repaired(page, 99);
		cow_child(page, content);
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	check(!memcmp(content, page, PGSA_PAGE), "the parent's copy changed");
	flip_is_repaired(page, 100);
	page[7]++;
	check_writers(page, 1);
	expect_no_report(200);
	check(page[7] == content[7] + 1, "the parent's write is lost");
}

static void test_mprotect(void)
{
	uint32_t *page = new_pages(1, PROT_READ);
	unsigned int i;

	for (i = 0; i < 5; i++) {
		flip_is_repaired(page, i * 5000);
		protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
		page[i] = i;
		check_writers(page, 1);
		wait_cycles(1);
		page[i + 100] = i;
		protect(page, PGSA_PAGE, PROT_READ);
		check_writers(page, 0);
	}
	for (i = 0; i < 5; i++)
		check(page[i] == i && page[i + 100] == i, "a write is lost");
	flip_is_repaired(page, 9);
	expect_no_report(100);
}

/* Many times between two looks of the searcher, and in the middle of one. */
static void test_mprotect_fast(void)
{
	const unsigned int nr = 64, words = PGSA_PAGE / 4;
	uint32_t *area = new_pages(nr, PROT_READ);
	unsigned int round, i;

	for (round = 0; round < 2000; round++) {
		if (round % 100 == 0)
			wait_sealed(area + round % nr * words);
		protect(area, nr * PGSA_PAGE, PROT_READ | PROT_WRITE);
		for (i = 0; i < nr; i++)
			area[i * words + round % words] = round;
		protect(area, nr * PGSA_PAGE, PROT_READ);
		if (round % 10 == 0)
			sched_yield();
		for (i = 0; i < nr; i++)
			check(area[i * words + round % words] == round,
			      "round %u: the write to page %u is lost", round, i);
	}
	expect_no_report(200);
	flip_is_repaired(area, 30);
}

static void test_mremap(void)
{
	uint32_t *page = new_pages(1, PROT_READ), *target, *moved;
	unsigned long pfn = wait_sealed(page);

	target = new_pages(1, PROT_READ);
	moved = mremap(page, PGSA_PAGE, PGSA_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       target);
	check(moved == target, "mremap: %s", strerror(errno));
	check(pfn_of(moved) == pfn, "the frame changed");
	flip_is_repaired(moved, 4242);
	check(pgsa_inject(getpid(), (unsigned long)page, 1) == -EFAULT,
	      "a flip went to the old address");
}

/* What a page table maps by itself. */
#define TABLE_SIZE	(2UL << 20)

static char *map_at(char *addr)
{
	char *area = mmap(addr, TABLE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
			  MAP_NORESERVE, -1, 0);

	check(area == addr, "mmap: %s", strerror(errno));
	return area;
}

/*
 * An empty page table takes the place of a full one. Nothing of what the old one
 * mapped may show through: these frames are free.
 */
static void test_mremap_over(void)
{
	char *range = mmap(NULL, 6 * TABLE_SIZE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *full, *sparse;
	size_t i;

	check(range != MAP_FAILED, "mmap: %s", strerror(errno));
	range = (char *)(((uintptr_t)range + TABLE_SIZE) & -TABLE_SIZE);
	full = map_at(range);
	sparse = map_at(range + 3 * TABLE_SIZE);
	memset(full, 'f', TABLE_SIZE);
	sparse[0] = 's';
	check(mremap(sparse, TABLE_SIZE, TABLE_SIZE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, full) == full,
	      "mremap: %s", strerror(errno));
	check(full[0] == 's', "the page was not moved");
	for (i = PGSA_PAGE; i < TABLE_SIZE; i += PGSA_PAGE)
		check(!full[i], "offset %#zx still shows a freed frame", i);
}

static void test_munmap(void)
{
	uint32_t *area = new_pages(16, PROT_READ);
	struct pgsa_frame before[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		before[i] = frame_of(wait_sealed(area + i * PGSA_PAGE / 4));
	munmap(area, 16 * PGSA_PAGE);
	for (i = 0; i < 16; i++)
		check_unsealed(&before[i]);
	expect_no_report(300);
	check(pgsa_inject(getpid(), (unsigned long)area, 1) == -EFAULT,
	      "a flip went to unmapped memory");
}

/* The page goes away with its flip: whoever gets the frame must be unharmed. */
static void test_munmap_flipped(void)
{
	const unsigned int nr = 32, words = PGSA_PAGE / 4;
	struct report report;
	unsigned int i;
	uint32_t *area;

	area = new_pages(nr, PROT_READ);
	for (i = 0; i < nr; i++)
		wait_sealed(area + i * words);
	for (i = 0; i < nr; i++)
		flip(area + i * words, i);
	munmap(area, nr * PGSA_PAGE);
	area = new_pages(4 * nr, PROT_READ | PROT_WRITE);
	for (i = 0; i < 4 * nr * words; i++)
		area[i] = i;
	protect(area, 4 * nr * PGSA_PAGE, PROT_READ);
	wait_cycles(3);
	while (trace_next(&report))
		check(!strcmp(report.result, "corrected"), "pfn %#lx: %s",
		      report.pfn, report.result);
	for (i = 0; i < 4 * nr * words; i++)
		check(area[i] == i, "word %u became %u", i, area[i]);
	expect_no_report(200);
}

static void test_dontneed(void)
{
	uint32_t *page = new_pages(1, PROT_READ | PROT_WRITE);
	struct pgsa_frame before;

	protect(page, PGSA_PAGE, PROT_READ);
	before = frame_of(wait_sealed(page));
	check(!madvise(page, PGSA_PAGE, MADV_DONTNEED), "madvise");
	check_unsealed(&before);
	check(!page[0], "the page is not empty");
	expect_no_report(200);
}

/* /proc/PID/mem writes through a read-only entry, as debuggers do. */
static void test_forced_write(void)
{
	int fd = open("/proc/self/mem", O_RDWR);
	uint32_t *page = new_pages(1, PROT_READ);
	uint32_t i;

	check(fd >= 0, "/proc/self/mem: %s", strerror(errno));
	for (i = 0; i < 200; i++) {
		if (i % 20 == 0)
			flip_is_repaired(page, i * 100);
		check(pwrite(fd, &i, 4, (off_t)(unsigned long)&page[i]) == 4,
		      "forced write: %s", strerror(errno));
		check(page[i] == i, "forced write %u is lost", i);
		sched_yield();
	}
	expect_no_report(200);
	for (i = 0; i < 200; i++)
		check(page[i] == i, "forced write %u was taken back", i);
}

/* A private mapping of a file: writing makes a copy, the file's page stays. */
static void test_private_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	uint32_t *shared, *private;

	shared = mmap(NULL, PGSA_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	private = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		       0);
	check(shared != MAP_FAILED && private != MAP_FAILED, "mmap: %s",
	      strerror(errno));
	check(private[1] == shared[1], "different content");
	flip_is_repaired(shared, 50);
	private[1]++;
	check(private[1] == shared[1] + 1, "no copy on write");
	check_writers(private, 1);
	check_writers(shared, 0);
	flip_is_repaired(shared, 51);
	expect_no_report(100);
}

alignas(PGSA_PAGE) static const char const_page[PGSA_PAGE] = "mapping";

/*
 * What test_exec() becomes: told which frame its predecessor had, and where to
 * read the reports, since trace_pipe can be opened only once.
 */
static int exec_main(char **argv)
{
	struct pgsa_frame before = {
		.pfn = strtoul(argv[1], NULL, 10),
		.generation = strtoul(argv[2], NULL, 10),
	};

	trace_fd = atoi(argv[3]);
	check_unsealed(&before);
	flip_is_repaired(new_pages(1, PROT_READ), 1002);
	flip_is_repaired(const_page, 1003);
	expect_no_report(100);
	return TEST_PASS;
}

static void test_exec(void)
{
	char pfn[32], generation[32], reports[32];
	struct pgsa_frame before;
	uint32_t *page;
	pid_t pid;

	page = new_pages(1, PROT_READ);
	flip_is_repaired(page, 1000);
	pid = fork_child();
	if (!pid) {
		before = frame_of(wait_sealed(new_pages(1, PROT_READ)));
		snprintf(pfn, sizeof(pfn), "%lu", before.pfn);
		snprintf(generation, sizeof(generation), "%u",
			 before.generation);
		snprintf(reports, sizeof(reports), "%d", dup(trace_fd));
		execl("/proc/self/exe", "mapping", pfn, generation, reports,
		      NULL);
		_exit(TEST_FAIL);
	}
	expect_exit(pid);
	flip_is_repaired(page, 1001);
	expect_no_report(100);
}

static void test_exit(void)
{
	const unsigned int nr = 16;
	struct pgsa_frame *before;
	uint32_t *area;
	unsigned int i;
	pid_t pid;

	before = mmap(NULL, nr * sizeof(*before), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(before != MAP_FAILED, "mmap: %s", strerror(errno));
	pid = fork_child();
	if (!pid) {
		area = new_pages(nr, PROT_READ);
		for (i = 0; i < nr; i++)
			before[i] = frame_of(wait_sealed(area + i * PGSA_PAGE / 4));
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	for (i = 0; i < nr; i++)
		check_unsealed(&before[i]);
	expect_no_report(300);
}

static const struct selftest tests[] = {
	{ "copy on write after fork", test_cow },
	{ "mprotect both ways", test_mprotect },
	{ "mprotect both ways, in a hurry", test_mprotect_fast },
	{ "mremap", test_mremap },
	{ "mremap over a full page table", test_mremap_over },
	{ "munmap", test_munmap },
	{ "munmap with a flip in the page", test_munmap_flipped },
	{ "madvise(MADV_DONTNEED)", test_dontneed },
	{ "forced write through /proc/PID/mem", test_forced_write },
	{ "private mapping of a file", test_private_file },
	{ "exec", test_exec },
	{ "exit", test_exit },
};

int main(int argc, char **argv)
{
	if (argc == 4)
		return exec_main(argv);
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
