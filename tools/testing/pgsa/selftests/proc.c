// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/pgsa: the numbers are exact for areas whose pages the test knows,
 * agree with smaps, and are shown to whom smaps is.
 */
#include "proc.h"

#include <sys/mount.h>

static void test_anonymous(void)
{
	char *readonly, *writable, *some;

	policy_must_set("enable", "0");
	readonly = own_pages(16, PROT_READ);
	writable = own_pages(8, PROT_READ | PROT_WRITE);
	some = own_pages(16, PROT_READ);
	madvise(some + 3 * PGSA_PAGE, 9 * PGSA_PAGE, MADV_DONTNEED);
	(void)*(volatile char *)(some + 4 * PGSA_PAGE);	/* the zero page */

	expect_row(getpid(), readonly, 16, 16, 0);
	expect_row(getpid(), writable, 8, 0, 0);
	expect_row(getpid(), some, 7, 7, 0);
	expect_row(getpid(), readonly - 1, 0, 0, 0);
	check(!strncmp(strstr(row_of(getpid(), writable)->line, "perms="),
		       "perms=rw-p ", 11), "%s", row_of(getpid(), writable)->line);

	policy_must_set("enable", "1");
	expect_row(getpid(), readonly, 16, 16, 16);
	expect_row(getpid(), writable, 8, 0, 0);
	protect(readonly, 4 * PGSA_PAGE, PROT_READ | PROT_WRITE);
	memset(readonly, 'w', 4 * PGSA_PAGE);
	expect_row(getpid(), readonly, 4, 0, 0);
	expect_row(getpid(), readonly + 4 * PGSA_PAGE, 12, 12, 12);
}

/* The area can be written, its pages cannot be without a copy. */
static void test_cow(void)
{
	char *area = own_pages(8, PROT_READ | PROT_WRITE);
	pid_t pid;

	policy_must_set("enable", "0");
	expect_row(getpid(), area, 8, 0, 0);
	pid = fork_child();
	if (!pid) {
		memset(area, 'c', 3 * PGSA_PAGE);
		for (;;)
			pause();
	}
	expect_row(pid, area, 8, 5, 0);
	expect_row(getpid(), area, 8, 8, 0);
	memset(area, 'w', 2 * PGSA_PAGE);
	expect_row(getpid(), area, 8, 6, 0);
	expect_row(pid, area, 8, 5, 0);
	policy_must_set("enable", "1");
	expect_row(getpid(), area, 8, 6, 6);
	expect_row(pid, area, 8, 5, 5);
	end_child(pid);
}

static char *map_file(int fd, unsigned int nr, int prot, int flags)
{
	char *area = mmap(NULL, nr * PGSA_PAGE, prot, flags | MAP_POPULATE, fd,
			  0);

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(area, nr * PGSA_PAGE, MADV_COLD);
	return area;
}

static int write_file(const char *path, unsigned int nr)
{
	int fd = path ? open(path, O_RDWR | O_CREAT, 0600) :
			memfd_create("proc file", 0);
	char page[PGSA_PAGE];

	check(fd >= 0, "%s: %s", path ?: "memfd", strerror(errno));
	memset(page, 'f', sizeof(page));
	for (; nr; nr--)
		check(write(fd, page, sizeof(page)) == sizeof(page), "write: %s",
		      strerror(errno));
	return fd;
}

/* A page counts in every area that maps it. */
static void test_file(void)
{
	int fd = write_file(NULL, 16);
	char *shared, *private, *part;
	char value[64];

	policy_must_set("enable", "0");
	shared = map_file(fd, 16, PROT_READ, MAP_SHARED);
	private = map_file(fd, 16, PROT_READ, MAP_PRIVATE);
	part = map_file(fd, 16, PROT_READ, MAP_SHARED);
	madvise(part, 6 * PGSA_PAGE, MADV_DONTNEED);
	expect_row(getpid(), shared, 16, 16, 0);
	expect_row(getpid(), private, 16, 16, 0);
	expect_row(getpid(), part, 10, 10, 0);

	protect(private, 16 * PGSA_PAGE, PROT_READ | PROT_WRITE);
	memset(private, 'w', 5 * PGSA_PAGE);
	expect_row(getpid(), private, 16, 11, 0);
	expect_row(getpid(), shared, 16, 16, 0);
	expect_path(shared, "/memfd:proc\\040file\\040(deleted)");

	munmap(part, 2 * PGSA_PAGE);
	part += 2 * PGSA_PAGE;
	expect_row(getpid(), part, 10, 10, 0);
	pgsa_field(row_of(getpid(), part)->line, "offset", value,
		   sizeof(value));
	check(!strcmp(value, "0x2000"), "offset=%s", value);
}

/* Nobody can write these pages, but nobody vouches for their file system. */
static void test_file_refused(void)
{
	char dir[] = "/run/pgsa-proc-XXXXXX", path[64];
	char *area;

	check(mkdtemp(dir) && !mount("ramfs", dir, "ramfs", 0, NULL),
	      "ramfs: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/file", dir);
	area = map_file(write_file(path, 4), 4, PROT_READ, MAP_SHARED);
	wait_cycles(2);
	expect_row(getpid(), area, 4, 0, 0);
	expect_path(area, path);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

/* Damage that cannot be repaired takes the page out of the set. */
static void test_hurt(void)
{
	char *area = own_pages(4, PROT_READ);

	policy_must_set("enable", "0");
	policy_must_set("correct", "none");
	policy_must_set("enable", "1");
	expect_row(getpid(), area, 4, 4, 4);
	flip(area + PGSA_PAGE, 7);
	expect_report(pfn_of(area + PGSA_PAGE), -1, "unresolved");
	expect_row(getpid(), area, 4, 3, 3);
}

static void test_huge_page(void)
{
	const size_t size = 2UL << 20;
	char *area, *page;

	need_huge_pages();
	policy_must_set("enable", "0");
	area = mmap(NULL, 3 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	page = (char *)(((uintptr_t)area + size) & -size);
	protect(page, size, PROT_READ | PROT_WRITE);
	madvise(page, size, MADV_HUGEPAGE);
	memset(page, 'h', size);
	protect(page, size, PROT_READ);
	expect_row(getpid(), page, 512, 512, 0);
	protect(page, size, PROT_READ | PROT_WRITE);
	page[0] = 'w';
	expect_row(getpid(), page, 512, 0, 0);
	/* Split: from here on it is mapped by entries for 4 KiB. */
	madvise(page + PGSA_PAGE, PGSA_PAGE, MADV_DONTNEED);
	protect(page, size, PROT_READ);
	expect_row(getpid(), page, 511, 511, 0);
}

/* Rss in smaps, of the next area that is in the table, too. */
static bool next_smap(FILE *smaps, unsigned long *start, unsigned long *end,
		      unsigned long *rss)
{
	char line[512];
	bool known = false;

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", start, end) == 2)
			known = *start < 1UL << 63;	/* no vsyscall */
		if (known && sscanf(line, "Rss: %lu kB", rss) == 1)
			return true;
	}
	return false;
}

static void test_sum(void)
{
	unsigned long start, end, rss, resident = 0, set = 0, sealed = 0;
	unsigned int i = 0;
	char path[64];
	FILE *smaps;
	pid_t pid;

	own_pages(100, PROT_READ);
	own_pages(50, PROT_READ | PROT_WRITE);
	pid = fork_idle();
	search_ended();
	read_table(pid, &table);
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	smaps = fopen(path, "r");
	check(smaps, "%s: %s", path, strerror(errno));
	for (; next_smap(smaps, &start, &end, &rss); i++) {
		check(i < table.nr && table.rows[i].start == start &&
		      table.rows[i].end == end, "%lx-%lx is not line %u", start,
		      end, i);
		check(table.rows[i].resident == rss * 1024 / PGSA_PAGE,
		      "Rss %lu kB, but %s", rss, table.rows[i].line);
		resident += table.rows[i].resident;
		set += table.rows[i].set;
		sealed += table.rows[i].sealed;
	}
	fclose(smaps);
	check(i == table.nr && i == table.vmas, "%u in smaps, %u lines, %s", i,
	      table.nr, table.sum.line);
	check(resident == table.sum.resident && set == table.sum.set &&
	      sealed == table.sum.sealed, "the lines give %lu, %lu, %lu: %s",
	      resident, set, sealed, table.sum.line);
	end_child(pid);
}

/* Who may read it */

static void expect_refused(pid_t pid)
{
	int smaps = pgsa_open_proc(pid, "smaps");
	int pgsa = pgsa_open_proc(pid, "pgsa");

	check(smaps < 0 && pgsa == smaps, "smaps: %d, pgsa: %d", smaps, pgsa);
}

static pid_t fork_other(unsigned int id)
{
	pid_t pid = fork_child();

	if (!pid) {
		check(!setresgid(id, id, id) && !setresuid(id, id, id),
		      "setresuid: %s", strerror(errno));
		prctl(PR_SET_DUMPABLE, 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* forgotten by now */
	}
	return pid;
}

static void test_permission(void)
{
	pid_t root = getpid(), other, reader;
	struct stat smaps, pgsa;

	check(!stat("/proc/self/smaps", &smaps) &&
	      !stat("/proc/self/pgsa", &pgsa) && smaps.st_mode == pgsa.st_mode &&
	      smaps.st_uid == pgsa.st_uid, "not the mode of smaps");
	check(pgsa_write("/proc/self/pgsa", "1") < 0, "it can be written");
	other = fork_other(60001);
	while (!other)
		pause();
	reader = fork_other(60001);
	if (!reader) {
		sleep_ms(50);
		expect_refused(root);
		expect_refused(1);
		read_table(other, &table);
		check(table.nr, "the own user's process is empty");
		read_table(getpid(), &table);
		_exit(TEST_PASS);
	}
	expect_exit(reader);
	reader = fork_other(60002);
	if (!reader) {
		sleep_ms(50);
		expect_refused(root);
		expect_refused(other);
		_exit(TEST_PASS);
	}
	expect_exit(reader);
	read_table(other, &table);
	end_child(other);
}

static const struct selftest tests[] = {
	{ "anonymous memory", test_anonymous },
	{ "copy on write after fork", test_cow },
	{ "files", test_file },
	{ "files of a file system that is not known", test_file_refused },
	{ "a page with damage", test_hurt },
	{ "huge page", test_huge_page },
	{ "the sum, and smaps", test_sum },
	{ "permission", test_permission },
	{ "segments of this program and its libraries", test_own_segments },
	{ "ELF files with wrong headers", test_elf_hostile },
	{ "ELF files with many segments", test_elf_many },
	{ "ELF files with random damage", test_elf_random },
	{ "ELF files that change meanwhile", test_elf_changing },
	{ "ELF files that are not read", test_elf_unknown },
	{ "ELF file with a listener", test_elf_listener },
	{ "reading in small pieces", test_chunks },
	{ "areas unmapped between two reads", test_unmapped_between },
	{ "areas that come and go", test_churn },
	{ "processes that come and go", test_exits },
	{ "processes that have gone", test_gone },
	{ "large and sparse areas", test_sparse },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
