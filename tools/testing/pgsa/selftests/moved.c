// SPDX-License-Identifier: GPL-2.0
/*
 * Damage that could not be repaired is known as such for as long as somebody has
 * it, wherever the content goes: into a frame that takes the place of the damaged
 * one, into a copy, to swap and back. It is never sealed as good.
 */
#include "moved.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

bool is_hurt(const void *page)
{
	return frame_of(pfn_of(page)).hurt;
}

#define HURT_LIST	"/sys/kernel/mm/pgsa/hurt"
#define HURT_SIZE	(32 * PGSA_PAGE)

/* The reason why a frame was given up, as the list says; NULL if it is not there. */
const char *listed(unsigned long pfn)
{
	static char list[HURT_SIZE], reason[32];
	const char *line;
	char want[32];

	check(pgsa_read(HURT_LIST, list, sizeof(list)) >= 0, "no " HURT_LIST);
	snprintf(want, sizeof(want), "pfn=%#lx ", pfn);
	line = strstr(list, want);
	if (!line || sscanf(line, "%*s time=%*s reason=%31s", reason) != 1)
		return NULL;
	return reason;
}

void expect_listed(unsigned long pfn, const char *want)
{
	const char *reason = listed(pfn);

	check(reason && !strcmp(reason, want), "pfn %#lx: %s instead of %s",
	      pfn, reason ? reason : "not listed", want);
}

/* A sealed page gets damage that is left alone. */
unsigned long hurt(const void *page)
{
	unsigned long pfn = wait_sealed(page);

	check(!pgsa_inject(getpid(), (uintptr_t)page + 800, DAMAGE),
	      "injection at %p", page);
	expect_report(pfn, -1, "unresolved");
	check(pfn_of(page) == pfn && is_hurt(page),
	      "pfn %#lx is not marked as damaged", pfn);
	expect_listed(pfn, "uncorrectable");
	return pfn;
}

/* The page is elsewhere now, and still known as damaged. */
void expect_hurt(const void *page, unsigned long old_pfn)
{
	unsigned long pfn = pfn_of(page);

	check(pfn != old_pfn, "pfn %#lx: the page did not move", pfn);
	check(is_hurt(page), "pfn %#lx has the damage, but not the mark of %#lx",
	      pfn, old_pfn);
	expect_listed(pfn, "uncorrectable");
	stays_open(page, 200);
}

/* Neither is known as damaged what was only beside it. */
static void expect_healthy(const void *page)
{
	wait_sealed(page);
	check(!is_hurt(page), "pfn %#lx is marked as damaged", pfn_of(page));
}

static void test_soft_offline_hurt(void)
{
	const char *path = "/sys/devices/system/memory/soft_offline_page";
	uint32_t *page = new_pages(1, PROT_READ);
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned long pfn;
	char where[32];

	if (access(path, W_OK))
		skip("no soft offline");
	pfn = hurt(page);
	snprintf(where, sizeof(where), "%#lx", pfn * PGSA_PAGE);
	/* It fails for the moment when the searcher looks at the page. */
	while (pgsa_write(path, where))
		check(now_s() < limit, "soft offline failed");
	expect_hurt(page, pfn);
}

#define NODES_MOVE	2	/* MPOL_MF_MOVE */

static void test_move_pages(void)
{
	uint32_t *area = new_pages(2, PROT_READ);
	void *addresses[2] = { area, area + WORDS };
	int nodes[2], status[2] = {};
	unsigned long pfn;

	if (access("/sys/devices/system/node/node1", F_OK))
		skip("there is one NUMA node only");
	pfn = hurt(area);
	check(!syscall(SYS_move_pages, 0, 2, addresses, NULL, status, 0),
	      "move_pages: %s", strerror(errno));
	nodes[0] = !status[0];
	nodes[1] = !status[1];
	check(!syscall(SYS_move_pages, 0, 2, addresses, nodes, status,
		       NODES_MOVE), "move_pages: %s", strerror(errno));
	expect_hurt(area, pfn);
	expect_healthy(area + WORDS);
}

#define COMPACT_PAGES	1024
#define COMPACT_HURT	32
#define COMPACT_STEP	(COMPACT_PAGES / COMPACT_HURT)

/* Holes make it worth while; which pages move is up to the kernel. */
static void test_compaction_hurt(void)
{
	uint32_t *area = new_pages(COMPACT_PAGES, PROT_READ), *page;
	unsigned long pfns[COMPACT_HURT];
	unsigned int i, moved = 0;

	for (i = 1; i < COMPACT_PAGES; i += 2)
		madvise(area + i * WORDS, PGSA_PAGE, MADV_DONTNEED);
	for (i = 0; i < COMPACT_HURT; i++)
		pfns[i] = hurt(area + i * COMPACT_STEP * WORDS);
	if (pgsa_write("/proc/sys/vm/compact_memory", "1"))
		skip("no compaction");
	for (i = 0; i < COMPACT_HURT; i++) {
		page = area + i * COMPACT_STEP * WORDS;
		moved += pfn_of(page) != pfns[i];
		check(is_hurt(page), "pfn %#lx, which was %#lx, has no mark",
		      pfn_of(page), pfns[i]);
	}
	diag("%u of %u damaged pages were moved", moved, COMPACT_HURT);
	if (!moved)
		skip("none of the pages was moved");
	expect_healthy(area + 2 * WORDS);
}

static uint32_t *aligned_area(void)
{
	char *area = mmap(NULL, 2 * HUGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must_map(area);
	return (uint32_t *)(((uintptr_t)area + HUGE_SIZE - 1) & -HUGE_SIZE);
}

/* It fails for the moment when the searcher looks at one of the pages. */
static void collapse(uint32_t *area)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (madvise(area, HUGE_SIZE, MADV_COLLAPSE))
		check(errno == EAGAIN && now_s() < limit, "MADV_COLLAPSE: %s",
		      strerror(errno));
}

static void test_collapse(void)
{
	uint32_t *area, *page;
	unsigned long pfn;
	unsigned int i;

	need_huge_pages();
	area = aligned_area();
	page = area + 5 * WORDS;
	madvise(area, HUGE_SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < HUGE_SIZE / sizeof(*area); i++)
		area[i] = i;
	protect(page, PGSA_PAGE, PROT_READ);
	pfn = hurt(page);
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	madvise(area, HUGE_SIZE, MADV_HUGEPAGE);
	collapse(area);
	protect(area, HUGE_SIZE, PROT_READ);
	expect_hurt(page, pfn);
	expect_healthy(page - WORDS);
	expect_healthy(page + WORDS);
}

#define KSM		"/sys/kernel/mm/ksm"

/* Two pages that happen to equal the damaged one become one, it does not. */
static void test_ksm_hurt(void)
{
	uint32_t *damaged = new_pages(1, PROT_READ);
	uint32_t *others = new_pages(2, PROT_READ | PROT_WRITE);
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned long pfn;

	if (access(KSM "/run", W_OK))
		skip("no KSM");
	pfn = hurt(damaged);
	memcpy(others, damaged, PGSA_PAGE);
	memcpy(others + WORDS, damaged, PGSA_PAGE);
	madvise(damaged, PGSA_PAGE, MADV_MERGEABLE);
	madvise(others, 2 * PGSA_PAGE, MADV_MERGEABLE);
	pgsa_write(KSM "/pages_to_scan", "1000");
	pgsa_write(KSM "/sleep_millisecs", "2");
	check(!pgsa_write(KSM "/run", "1"), "KSM does not run");
	while (pfn_of(others) != pfn_of(others + WORDS)) {
		check(now_s() < limit, "KSM does not merge");
		sleep_ms(5);
	}
	sleep_ms(200);
	check(pfn_of(damaged) == pfn && pfn_of(others) != pfn,
	      "pfn %#lx was merged with %#lx", pfn, pfn_of(others));
	pgsa_write(KSM "/run", "2");
	stays_open(damaged, 100);
}

#define SHELL_READY	"/tmp/pgsa-shell-ready"

/* A shell that has all it needs before the library is damaged. */
static FILE *start_shell(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	FILE *shell = popen("exec /bin/bash", "w");

	check(shell, "no /bin/bash: %s", strerror(errno));
	unlink(SHELL_READY);
	fputs("echo $((1 << 12)) >" SHELL_READY "\n", shell);
	fflush(shell);
	while (access(SHELL_READY, F_OK)) {
		check(now_s() < limit, "/bin/bash does not begin");
		sleep_ms(10);
	}
	return shell;
}

/* Every program needs its C library. */
static bool programs_run(void)
{
	int status = system("/bin/true 2>/dev/null");

	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static const char *find_library(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	struct pgsa_area area;

	while (maps && pgsa_next_area(maps, &area))
		if (strstr(area.path, "/libc.so.6") ||
		    strstr(area.path, "/libc-2."))
			return (const char *)area.start;
	skip("no C library");
	return NULL;
}

#define HARD_OFFLINE	"/sys/devices/system/memory/hard_offline_page"

static void hard_offline(const char *page)
{
	FILE *shell = start_shell();
	unsigned long pfn;
	double limit;

	check(programs_run(), "/bin/true does not run");
	pfn = wait_sealed(page);
	check(!pgsa_inject(getpid(), (uintptr_t)page, DAMAGE), "injection");
	expect_report(pfn, -1, "unresolved");
	check(!programs_run(), "programs run with a damaged library");
	fprintf(shell, "echo $((%#lx << 12)) >" HARD_OFFLINE "\n", pfn);
	fflush(shell);
	limit = now_s() + WAIT_MS / 1000.0;
	while (!programs_run()) {
		check(now_s() < limit, "programs do not run again");
		sleep_ms(10);
	}
	check(!memcmp(page, "\177ELF", 4), "the page is still damaged");
	check(pfn_of(page) != pfn, "pfn %#lx is still in use", pfn);
	expect_healthy(page);
	check(!pclose(shell), "the shell failed");
}

/*
 * The first bytes of the C library are damaged, so that no program can be started.
 * What the documentation says is done by the only one who can, a shell without any
 * other program; then the page is read again. Should that fail, the damage is taken
 * back: other tests need programs, too.
 */
static void test_hard_offline(void)
{
	const char *page = find_library();
	int status;
	pid_t pid;

	if (access(HARD_OFFLINE, W_OK))
		skip("no CONFIG_MEMORY_FAILURE");
	pid = fork_child();
	if (!pid) {
		hard_offline(page);
		_exit(TEST_PASS);
	}
	check(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	if (memcmp(page, "\177ELF", 4))
		pgsa_inject(getpid(), (uintptr_t)page, DAMAGE);
	check(!status, "status %#x", status);
}

/* A frame that has been freed is as good as any other. */
static void test_freed(void)
{
	uint32_t *page = new_pages(1, PROT_READ);
	unsigned long pfn = hurt(page);

	munmap(page, PGSA_PAGE);
	check(!frame_of(pfn).hurt, "pfn %#lx is still marked", pfn);
}

static const struct selftest tests[] = {
	{ "soft offline", test_soft_offline_hurt },
	{ "move_pages", test_move_pages },
	{ "compaction", test_compaction_hurt },
	{ "copy on write", test_copy_on_write },
	{ "copy on write of a file", test_copy_of_file },
	{ "copy of an unconfirmed page", test_copy_of_unconfirmed },
	{ "copy of an unconfirmed page that was opened",
	  test_copy_of_opened },
	{ "collapse", test_collapse },
	{ "swap", test_swap_hurt },
	{ "swap, already in the swap cache", test_swap_cached },
	{ "swap of shared memory", test_swap_shared },
	{ "swap of an unconfirmed page", test_swap_unconfirmed },
	{ "swap of unconfirmed shared memory",
	  test_swap_unconfirmed_shared },
	{ "KSM", test_ksm_hurt },
	{ "hard offline of a library", test_hard_offline },
	{ "freed", test_freed },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
