// SPDX-License-Identifier: GPL-2.0
/* Loads on huge pages: made, split, collapsed; of files, and of hugetlb. */
#include "load.h"

#define THP_SIZE	(2 * HUGE)
#define THP_PAGES	(THP_SIZE / PAGE)
#define SYSFS_THP	"/sys/kernel/mm/transparent_hugepage"

static unsigned long collapsed;

static void thp_check(const char *area, const uint64_t *key, unsigned int nr)
{
	unsigned int page;

	while (nr--) {
		page = random_below(THP_PAGES);
		check_page(area + page * PAGE, key[page]);
	}
}

static void thp_write(char *area, uint64_t *key, unsigned int nr)
{
	unsigned int page;

	while (nr--) {
		page = random_below(THP_PAGES);
		key[page] = random_word();
		fill_page(area + page * PAGE, key[page]);
	}
}

/* Some of the many ways in which a huge page becomes small ones. */
static void thp_split(char *area, uint64_t *key)
{
	unsigned int page = random_below(THP_PAGES);
	char *where = area + page * PAGE;
	char text[128];

	switch (random_below(5)) {
	case 0:
		protect(where, PAGE, PROT_READ | PROT_WRITE);
		key[page] = random_word();
		fill_page(where, key[page]);
		protect(where, PAGE, PROT_READ);
		break;
	case 1:
		want(!madvise(where, PAGE, MADV_DONTNEED), "madvise: %s",
		     strerror(errno));
		key[page] = 0;
		break;
	case 2:
		snprintf(text, sizeof(text), "%d,%#lx,%#lx", getpid(),
			 (unsigned long)area, (unsigned long)area + THP_SIZE);
		pgsa_write("/sys/kernel/debug/split_huge_pages", text);
		break;
	case 3:
		madvise(area, THP_SIZE / 2, MADV_PAGEOUT);
		break;
	default:
		mprotect(where, PAGE, PROT_NONE);
		protect(where, PAGE, PROT_READ);
	}
}

static void thp_child(char *area, uint64_t *key)
{
	protect(area, THP_SIZE, PROT_READ | PROT_WRITE);
	thp_write(area, key, 4);
	thp_check(area, key, 64);
	_exit(EXIT_SUCCESS);
}

static void thp_need(void)
{
	if (access(SYSFS_THP, F_OK))
		skip("the kernel has no transparent huge pages");
}

void load_thp(void)
{
	static uint64_t key[THP_PAGES];
	static char *area;
	pid_t pid;

	if (!area || !random_below(16)) {
		thp_need();
		if (area)
			munmap(area, THP_SIZE);
		area = new_area(THP_SIZE, HUGE);
		memset(key, 0, sizeof(key));
		madvise(area, THP_SIZE, MADV_HUGEPAGE);
	}
	protect(area, THP_SIZE, PROT_READ | PROT_WRITE);
	thp_write(area, key, 16);
	if (!madvise(area, THP_SIZE, MADV_COLLAPSE))
		collapsed++;
	thp_check(area, key, 64);
	protect(area, THP_SIZE, PROT_READ);
	sleep_ms(random_below(60));
	pid = random_below(2) ? fork_child() : -1;
	if (!pid)
		thp_child(area, key);
	thp_split(area, key);
	thp_check(area, key, 64);
	if (pid > 0)
		expect_exit(pid);
}

void finish_thp(void)
{
	want(collapsed, "no huge page was made");
	printf("thp: %lu times collapsed\n", collapsed);
}

/* A file's text as huge pages, which vanish when it is opened for writing. */
void load_filethp(void)
{
	static char name[256];
	static uint64_t key;
	const char *map;
	char *where, content[PAGE];
	unsigned int i;
	int fd;

	if (!name[0]) {
		thp_need();
		snprintf(name, sizeof(name), "%s", file_name("filethp"));
	}
	if (!key || !random_below(4)) {
		key = random_word();
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		for (i = 0; i < THP_PAGES; i++) {
			fill_page(content, key + i);
			want(pwrite(fd, content, PAGE, i * PAGE) == PAGE,
			     "pwrite: %s", strerror(errno));
		}
		want(!fsync(fd), "fsync: %s", strerror(errno));
		close(fd);
	}
	fd = open(name, O_RDONLY | O_CLOEXEC);
	where = new_area(THP_SIZE, HUGE);
	map = mmap(where, THP_SIZE, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_FIXED, fd, 0);
	want(map == where, "mmap: %s", strerror(errno));
	close(fd);
	for (i = 0; i < THP_PAGES; i++)
		check_page(map + i * PAGE, key + i);
	madvise(where, THP_SIZE, MADV_COLLAPSE);
	sleep_ms(random_below(60));
	if (random_below(2))
		madvise(where + random_below(THP_PAGES) * PAGE, PAGE,
			MADV_DONTNEED);
	for (i = 0; i < THP_PAGES; i++)
		check_page(map + i * PAGE, key + i);
	munmap(where, THP_SIZE);
}

/* Pages of hugetlb: not protected, but they come and go among those that are. */
#define NR_HUGETLB	"/proc/sys/vm/nr_hugepages"

void load_hugetlb(void)
{
	unsigned int i;
	char *area;
	pid_t pid;

	if (pgsa_write(NR_HUGETLB, "3"))
		skip("the kernel has no hugetlb");
	area = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (area == MAP_FAILED) {
		sleep_ms(20);	/* memory is too fragmented just now */
		return;
	}
	for (i = 0; i < HUGE / PAGE; i++)
		fill_page(area + i * PAGE, i + 1);
	protect(area, HUGE, PROT_READ);
	pid = fork_child();
	if (!pid) {
		for (i = 0; i < HUGE / PAGE; i++)
			check_page(area + i * PAGE, i + 1);
		_exit(EXIT_SUCCESS);
	}
	sleep_ms(random_below(40));
	expect_exit(pid);
	munmap(area, HUGE);
	if (random_below(2))
		pgsa_write(NR_HUGETLB, "0");
}
