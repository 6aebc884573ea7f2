// SPDX-License-Identifier: GPL-2.0
/*
 * One flip in each kind of page PGSA protects: found at the right bit, repaired,
 * seen by all who map the page. Two flips: reported, and nothing made worse.
 */
#include "pgsa_selftest.h"

#include <sys/uio.h>

alignas(PGSA_PAGE) static const char const_page[PGSA_PAGE] = "constant data";

/* Never called: a page of code that is ours alone begins in or at it. */
static void code(void)
{
	asm(".balign 4096\n\t.fill 4096, 1, 0xc3");
}

static const char *text_page(void)
{
	return (const char *)(((uintptr_t)code + PGSA_PAGE - 1) & -PGSA_PAGE);
}

static void test_file_text(void)
{
	flip_is_repaired(text_page(), 12345);
}

static void test_file_rodata(void)
{
	flip_is_repaired(const_page, 3);
}

static void test_file_mapped(void)
{
	const char *page;
	int fd = open("/proc/self/exe", O_RDONLY);

	check(fd >= 0, "/proc/self/exe: %s", strerror(errno));
	page = mmap(NULL, PGSA_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	check(page != MAP_FAILED, "mmap: %s", strerror(errno));
	close(fd);
	flip_is_repaired(page, 777);
}

static void test_anon(void)
{
	flip_is_repaired(new_pages(1, PROT_READ), 20000);
}

static void test_edges(void)
{
	const uint32_t *area = new_pages(3, PROT_READ);
	const uint32_t *page = area + PGSA_PAGE / sizeof(*area);

	flip_is_repaired(page, 0);
	flip_is_repaired(page, 7);
	flip_is_repaired(page, PAGE_BITS - 8);
	flip_is_repaired(page, PAGE_BITS - 1);
	flip_is_repaired(text_page(), 0);
	flip_is_repaired(text_page(), PAGE_BITS - 1);
}

static void test_many_bits(void)
{
	const uint32_t *page = new_pages(1, PROT_READ);
	unsigned int i;

	srandom(getpid());
	for (i = 0; i < 64; i++)
		flip_is_repaired(page, random() % PAGE_BITS);
}

static void test_many_pages(void)
{
	const unsigned int nr = 64;
	char *area = (char *)new_pages(nr, PROT_READ);
	char copy[nr * PGSA_PAGE];
	struct report report;
	unsigned int i, n;

	memcpy(copy, area, sizeof(copy));
	for (i = 0; i < nr; i++)
		wait_sealed(area + i * PGSA_PAGE);
	for (i = 0; i < nr; i++)
		flip(area + i * PGSA_PAGE, i * 511);
	for (n = 0; n < nr && trace_wait(&report, WAIT_MS); n++)
		check(!strcmp(report.result, "corrected"), "pfn %#lx: %s",
		      report.pfn, report.result);
	check(n == nr, "%u reports for %u flips", n, nr);
	expect_no_report(100);
	check(!memcmp(copy, area, sizeof(copy)), "content changed");
}

static void look_twice(const char *page, const char *content, int ready, int go)
{
	bool wrong = memcmp(content, page, PGSA_PAGE);
	char byte = 0;

	if (wrong || write(ready, &byte, 1) != 1)
		_exit(TEST_FAIL);
	while (read(go, &byte, 1) == 1)
		;
	_exit(memcmp(content, page, PGSA_PAGE) ? TEST_FAIL : TEST_PASS);
}

/* Processes that map @page look at it before the flip and after the repair. */
static void share_and_flip(const char *page, unsigned int bit)
{
	char content[PGSA_PAGE], byte;
	int ready[2], go[2];
	pid_t children[4];
	unsigned int i;

	memcpy(content, page, PGSA_PAGE);
	check(!pipe(ready) && !pipe(go), "pipe: %s", strerror(errno));
	for (i = 0; i < 4; i++) {
		children[i] = fork_child();
		if (!children[i]) {
			close(go[1]);
			look_twice(page, content, ready[1], go[0]);
		}
	}
	for (i = 0; i < 4; i++)
		check(read(ready[0], &byte, 1) == 1, "read: %s", strerror(errno));
	flip_is_repaired(page, bit);
	close(go[1]);
	for (i = 0; i < 4; i++)
		expect_exit(children[i]);
}

static void test_shared_file(void)
{
	share_and_flip(text_page(), 4711);
}

static void test_shared_anon(void)
{
	share_and_flip((const char *)new_pages(1, PROT_READ), 815);
}

/* Two bits, flipped at once. The kernel must not touch what it cannot repair. */
static void expect_unresolved(char *page, const char *damaged,
			      unsigned long pfn)
{
	struct pgsa_frame frame;
	unsigned int i;

	expect_report(pfn, -1, "unresolved");
	for (i = 0; i < 4; i++) {
		wait_cycles(3);
		frame = frame_of(pfn);
		check(!is_sealed(&frame), "sealed as good");
		check(frame.hurt, "the frame does not remember that it is hurt");
	}
	expect_no_report(300);
	check(!memcmp(damaged, page, PGSA_PAGE),
	      "the content is neither the original nor what the flips made of it");
}

static void test_double(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	unsigned long long before = policy_stat("unresolved");
	char damaged[PGSA_PAGE];
	unsigned long pfn;

	memcpy(damaged, page, PGSA_PAGE);
	damaged[2048] ^= 0x41;
	pfn = wait_sealed(page);
	check(!pgsa_inject(getpid(), (unsigned long)page + 2048, 0x41),
	      "injection failed");
	expect_unresolved(page, damaged, pfn);
	check(policy_stat("unresolved") == before + 1, "unresolved: %llu",
	      policy_stat("unresolved"));
	check(!policy_stat("corrected"), "corrected: %llu",
	      policy_stat("corrected"));
}

/* The searcher rests, so that both flips are there when it looks. */
static void test_double_far(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	char damaged[PGSA_PAGE];
	unsigned long pfn = wait_sealed(page);
	unsigned long long cycles;

	memcpy(damaged, page, PGSA_PAGE);
	damaged[0] ^= 1;
	damaged[PGSA_PAGE - 1] ^= 0x80;
	policy_must_set("interval_ms", "3000");
	cycles = policy_stat("cycles");
	while (policy_stat("cycles") == cycles)
		sleep_ms(1);
	check(wait_sealed(page) == pfn, "the page moved");
	flip(page, 0);
	flip(page, PAGE_BITS - 1);
	policy_must_set("interval_ms", "0");
	expect_unresolved(page, damaged, pfn);
}

/* A detecting code alone must not repair, nor claim to. */
static void test_detect_only(void)
{
	char *page, damaged[PGSA_PAGE];
	unsigned long pfn;

	policy_must_set("enable", "0");
	policy_must_set("correct", "none");
	policy_must_set("enable", "1");
	page = (char *)new_pages(1, PROT_READ);
	memcpy(damaged, page, PGSA_PAGE);
	damaged[100] ^= 4;
	pfn = wait_sealed(page);
	flip(page, 802);
	expect_unresolved(page, damaged, pfn);
}

static void read_other(pid_t pid, char *page)
{
	char copy[PGSA_PAGE];
	struct iovec local = { copy, PGSA_PAGE }, remote = { page, PGSA_PAGE };

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != PGSA_PAGE)
		_exit(TEST_FAIL);
}

/*
 * Others read the page all the time; that is no reason to miss a flip. The first
 * read gives us another frame, for only what nobody else maps is pinned, and
 * fork() has shared the page. A flip just before it would be copied.
 */
static void test_readers(void)
{
	char *page = (char *)new_pages(1, PROT_READ), byte;
	pid_t parent = getpid(), pid;
	unsigned int i;
	int ready[2];

	check(!pipe(ready), "pipe: %s", strerror(errno));
	pid = fork_child();
	if (!pid)
		read_other(parent, page);
	if (!pid && write(ready[1], "", 1) != 1)
		_exit(TEST_FAIL);
	/* A reader that lost its CPU keeps its reference: pause without one. */
	for (i = 1; !pid; i++) {
		read_other(parent, page);
		if (i % 64)
			sched_yield();
		else
			sleep_ms(1);
	}
	close(ready[1]);
	check(read(ready[0], &byte, 1) == 1, "no reader");
	for (i = 0; i < 50; i++)
		flip_is_repaired(page, i * 600);
	kill(pid, SIGKILL);
}

static void test_two_policies(void)
{
	const char *second = PGSA_CONFIGFS "/second";
	const uint32_t *page = new_pages(1, PROT_READ);
	unsigned int i;

	rmdir(second);
	check(!mkdir(second, 0755), "mkdir: %s", strerror(errno));
	check(!pgsa_write(PGSA_CONFIGFS "/second/cpu_permille", "0") &&
	      !pgsa_write(PGSA_CONFIGFS "/second/interval_ms", "0") &&
	      !pgsa_write(PGSA_CONFIGFS "/second/enable", "1"), "second policy");
	for (i = 0; i < 10; i++)
		flip_is_repaired(page, i * 3000);
	expect_no_report(200);
	check(!rmdir(second), "rmdir: %s", strerror(errno));
}

/* What a stopped policy sealed is still true when it goes on. */
static void test_stop_and_go(void)
{
	const uint32_t *page = new_pages(1, PROT_READ);

	flip_is_repaired(page, 1);
	policy_must_set("enable", "0");
	expect_no_report(100);
	policy_must_set("enable", "1");
	flip_is_repaired(page, 2);
}

static const struct selftest tests[] = {
	{ "page of program text", test_file_text },
	{ "page of constants of a program", test_file_rodata },
	{ "file mapped read-only", test_file_mapped },
	{ "anonymous read-only page", test_anon },
	{ "first and last byte of a page", test_edges },
	{ "64 bits of one page, one after the other", test_many_bits },
	{ "64 pages at once", test_many_pages },
	{ "file page shared by several processes", test_shared_file },
	{ "anonymous page shared by several processes", test_shared_anon },
	{ "double flip in one word is reported once", test_double },
	{ "double flip far apart is reported once", test_double_far },
	{ "without correcting code nothing is repaired", test_detect_only },
	{ "a flip is found while others read the page", test_readers },
	{ "two policies report a flip once", test_two_policies },
	{ "a policy can be stopped and started again", test_stop_and_go },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
