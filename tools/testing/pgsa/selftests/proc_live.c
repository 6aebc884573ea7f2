// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/pgsa is read in many pieces, while areas and processes come and go.
 */
#include "proc.h"

#include <pthread.h>

#define AREA_PAGES	4

/* So many lines that they do not fit into one buffer of the kernel. */
static char *many_areas(unsigned int nr)
{
	char *area = mmap(NULL, nr * AREA_PAGES * PGSA_PAGE, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < nr; i += 2) {
		protect(area + i * AREA_PAGES * PGSA_PAGE,
			AREA_PAGES * PGSA_PAGE, PROT_READ | PROT_WRITE);
		area[i * AREA_PAGES * PGSA_PAGE] = 'a';
	}
	return area;
}

static void expect_same(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && i < table.len && text[i] == table.raw[i])
		i++;
	check(i == len && i == table.len,
	      "%zu and %zu bytes, from byte %zu on \"%.40s\" and \"%.40s\"",
	      table.len, len, i, table.raw + i, text + i);
}

/* However it is read, a process that does nothing gives the same text. */
void test_chunks(void)
{
	static const size_t chunks[] = { 1, 7, 100, 4095, 4097, 65536 };
	char byte;
	pid_t pid;
	size_t i;
	off_t at;
	int fd;

	many_areas(200);
	pid = fork_idle();
	search_ended();
	read_table(pid, &table);
	check(table.nr > 200, "%u lines", table.nr);
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		fd = open_table(pid);
		expect_same(table.text,
			    read_chunks(fd, table.text, TABLE_TEXT, chunks[i]));
		for (at = table.len; at > 0; at -= 997)
			check(pread(fd, &byte, 1, at - 1) == 1 &&
			      byte == table.raw[at - 1], "offset %ld", at - 1);
		check(!pread(fd, &byte, 1, table.len), "more than there is");
		close(fd);
	}
	end_child(pid);
}

/* The lines that are left tell of what is left. */
void test_unmapped_between(void)
{
	const unsigned int nr = 400;
	const size_t size = AREA_PAGES * PGSA_PAGE;
	char *area = many_areas(nr);
	unsigned long end = (unsigned long)area + nr * size;
	unsigned int i, left = 0;
	int fd = open_table(getpid());

	table.len = read_chunks(fd, table.raw, 5000, 100);
	munmap(area + nr / 2 * size, (nr / 2 - 10) * size);
	table.len += read_chunks(fd, table.raw + table.len,
				 TABLE_TEXT - 1 - table.len, 100);
	close(fd);
	parse_table(&table);
	for (i = 0; i < table.nr; i++) {
		if (table.rows[i].start >= end - 10 * size &&
		    table.rows[i].end <= end)
			left++;
		check(table.rows[i].end <= (unsigned long)area + nr / 2 * size ||
		      table.rows[i].start >= end - 10 * size,
		      "this was unmapped: %s", table.rows[i].line);
	}
	check(left == 10, "%u of 10 areas at the end", left);
}

static void *churn(void *arg)
{
	const unsigned int nr = 300;
	const size_t size = AREA_PAGES * PGSA_PAGE;
	unsigned int round, i;
	char *area;

	for (round = 0; !*(volatile bool *)arg; round++) {
		area = many_areas(nr);
		for (i = round % 7; i < nr; i += 3)
			munmap(area + i * size, size);
		sched_yield();
		munmap(area, nr * size);
	}
	return NULL;
}

/* parse_table() checks that the lines are in order and possible. */
void test_churn(void)
{
	double limit = now_s() + 3;
	unsigned int rounds = 0;
	bool stop = false;
	pthread_t thread;
	int fd;

	check(!pthread_create(&thread, NULL, churn, &stop), "pthread_create");
	for (; now_s() < limit; rounds++) {
		fd = open_table(getpid());
		table.len = read_chunks(fd, table.raw, TABLE_TEXT - 1,
					rounds % 2 ? 333 : TABLE_TEXT);
		close(fd);
		parse_table(&table);
		check(table.nr, "no lines");
	}
	stop = true;
	pthread_join(thread, NULL);
	diag("%u tables read", rounds);
}

/* It ends in the middle of a read, and becomes another program before. */
static pid_t fork_short(unsigned int round)
{
	pid_t pid = fork_child();

	if (!pid) {
		many_areas(200);
		if (round % 3 == 0)
			execl("/bin/true", "true", NULL);
		if (round % 3 == 1)
			sleep_ms(round % 5);
		_exit(0);
	}
	return pid;
}

void test_exits(void)
{
	unsigned int round, empty = 0;
	pid_t pid;
	int fd;

	for (round = 0; round < 300; round++) {
		pid = fork_short(round);
		fd = open_table(pid);
		table.len = read_chunks(fd, table.raw, TABLE_TEXT - 1,
					1 + round * 37);
		close(fd);
		parse_table(&table);
		empty += !table.len;
		check(waitpid(pid, NULL, 0) == pid, "waitpid: %s",
		      strerror(errno));
	}
	diag("%u processes, %u had ended before the first line", round, empty);
}

/* Who has the file open does not keep the memory of a process that has ended. */
void test_gone(void)
{
	pid_t pid = fork_child();
	char byte;
	int fd;

	if (!pid) {
		own_pages(64, PROT_READ);
		for (;;)
			pause();
	}
	fd = open_table(pid);
	check(read(fd, &byte, 1) == 1 && byte == 'v', "no line");
	kill(pid, SIGKILL);
	check(!waitid(P_PID, pid, NULL, WEXITED | WNOWAIT), "waitid: %s",
	      strerror(errno));
	check(!pread(fd, &byte, 1, 0), "a table of a process that has ended");
	read_table(pid, &table);
	check(!table.len, "a table of a zombie");
	waitpid(pid, NULL, 0);
	check(!pread(fd, &byte, 1, 0), "a table of a process that was reaped");
	close(fd);
	check(pgsa_open_proc(pid, "pgsa") == -ENOENT, "still there");
	read_table(2, &table);
	check(!table.len, "a table of a kernel thread");
}

/* Time and memory depend on the pages there are, not on the addresses. */
void test_sparse(void)
{
	size_t size = 1UL << 46, i;
	double start, took;
	char *area;

	policy_must_set("enable", "0");
	do {
		size /= 2;
		area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	} while (area == MAP_FAILED && size > 1UL << 30);
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(area, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += size / 256)
		area[i + i / 1024] = 's';
	start = now_s();
	expect_row(getpid(), area, 256, 0, 0);
	took = now_s() - start;
	diag("%zu GiB in %.1f ms", size >> 30, took * 1000);
	check(took < 2 * slowness(), "%.1f s", took);
}
