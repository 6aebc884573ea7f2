// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/pgsa as a table, checked line by line while it is taken apart.
 */
#include "proc.h"

#include <ctype.h>

struct table table;

/* The file */

int open_table(pid_t pid)
{
	int fd = pgsa_open_proc(pid, "pgsa");

	check(fd >= 0, "/proc/%d/pgsa: %s", pid, strerror(-fd));
	return fd;
}

/* As much as fits. */
ssize_t read_chunks(int fd, char *text, size_t size, size_t chunk)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, text + len, chunk < size - len ? chunk : size - len);
		check(n >= 0, "read: %s", strerror(errno));
		if (!n)
			break;
		len += n;
	}
	return len;
}

static void parse_share(struct row *row)
{
	unsigned int whole, tenths;
	char value[32];

	pgsa_field(row->line, "share", value, sizeof(value));
	check(sscanf(value, "%u.%1u", &whole, &tenths) == 2, "share: %s",
	      row->line);
	row->permille = whole * 10 + tenths;
	check(row->permille ==
	      (row->resident ? row->set * 1000 / row->resident : 0),
	      "wrong share: %s", row->line);
}

static void parse_row(struct row *row, const char *line)
{
	row->line = line;
	row->resident = pgsa_number(line, "resident");
	row->set = pgsa_number(line, "set");
	row->sealed = pgsa_number(line, "sealed");
	check(row->sealed <= row->set && row->set <= row->resident,
	      "more than there can be: %s", line);
	parse_share(row);
}

static void parse_area(struct table *t, const char *line)
{
	struct row *row = &t->rows[t->nr];

	check(t->nr < TABLE_ROWS, "too many lines");
	check(sscanf(line, "vma=%lx-%lx ", &row->start, &row->end) == 2 &&
	      row->start < row->end, "line %u: %s", t->nr, line);
	check(!t->nr || row->start >= row[-1].end, "line %u overlaps: %s",
	      t->nr, line);
	parse_row(row, line);
	check(row->resident <= (row->end - row->start) / PGSA_PAGE,
	      "more than there can be: %s", line);
	t->nr++;
}

/* Any line that is not as documented fails the test. An empty table is one. */
void parse_table(struct table *t)
{
	char *line, *end;
	size_t i;

	t->nr = 0;
	t->sum.line = NULL;
	for (i = 0; i < t->len; i++)
		check(t->raw[i] == '\n' || !iscntrl((unsigned char)t->raw[i]),
		      "byte %zu is 0x%x", i, (unsigned char)t->raw[i]);
	memcpy(t->text, t->raw, t->len);
	t->text[t->len] = '\0';
	for (line = t->text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (t->sum.line) {
			parse_area(t, line);
			continue;
		}
		check(!strncmp(line, "vmas=", 5), "first line: %s", line);
		t->vmas = pgsa_number(line, "vmas");
		parse_row(&t->sum, line);
	}
	check(!*line, "no end of line: %s", line);
}

void read_table(pid_t pid, struct table *t)
{
	int fd = open_table(pid);

	t->len = read_chunks(fd, t->raw, TABLE_TEXT - 1, TABLE_TEXT);
	close(fd);
	parse_table(t);
}

const struct row *find_row(const struct table *t, const void *addr)
{
	unsigned long at = (unsigned long)addr;
	unsigned int i;

	for (i = 0; i < t->nr; i++)
		if (t->rows[i].start <= at && at < t->rows[i].end)
			return &t->rows[i];
	return NULL;
}

const struct row *row_of(pid_t pid, const void *addr)
{
	const struct row *row;

	read_table(pid, &table);
	row = find_row(&table, addr);
	check(row, "no line for %p", addr);
	return row;
}

/* A page may be on its way to an LRU list, or in the searcher's hands. */
void expect_row(pid_t pid, const void *area, unsigned long resident,
		unsigned long set, unsigned long sealed)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	const struct row *row;

	do {
		row = row_of(pid, area);
		if (row->resident == resident && row->set == set &&
		    row->sealed == sealed)
			return;
		sleep_ms(2);
	} while (now_s() < limit);
	check(false, "not %lu, %lu, %lu: %s", resident, set, sealed, row->line);
}

/* Areas */

/* Between two pages without access, so that no other area joins this one. */
void *own_pages(unsigned int nr, int prot)
{
	char *area = mmap(NULL, (nr + 2) * PGSA_PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	area += PGSA_PAGE;
	protect(area, nr * PGSA_PAGE, PROT_READ | PROT_WRITE);
	memset(area, 'p', nr * PGSA_PAGE);
	madvise(area, nr * PGSA_PAGE, MADV_COLD);
	if (!(prot & PROT_WRITE))
		protect(area, nr * PGSA_PAGE, prot);
	return area;
}

/* Processes */

pid_t fork_idle(void)
{
	pid_t pid = fork_child();

	while (!pid)
		pause();
	return pid;
}

void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * After two cycles the pages of a process that does nothing are where they stay:
 * the searcher empties the batches of pages that wait for their LRU list.
 */
void search_ended(void)
{
	wait_cycles(2);
	sleep_ms(50);
	policy_must_set("enable", "0");
}
