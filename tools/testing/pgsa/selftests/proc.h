/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the selftest proc share: /proc/PID/pgsa as a table.
 */
#ifndef PROC_H
#define PROC_H

#include "pgsa_selftest.h"

#define TABLE_ROWS	8192
#define TABLE_TEXT	(4UL << 20)

struct row {
	unsigned long start, end;	/* 0 in the sum */
	unsigned long resident, set, sealed;
	unsigned int permille;
	const char *line;
};

struct table {
	unsigned int nr;		/* of rows, without the sum */
	unsigned long vmas;
	struct row sum;
	struct row rows[TABLE_ROWS];
	char text[TABLE_TEXT];
	char raw[TABLE_TEXT];		/* as it was read */
	size_t len;
};

/* For one at a time: of a test's own process. */
extern struct table table;

/* proc_table.c */
int open_table(pid_t pid);
void parse_table(struct table *t);
void read_table(pid_t pid, struct table *t);
ssize_t read_chunks(int fd, char *text, size_t size, size_t chunk);
const struct row *find_row(const struct table *t, const void *addr);
const struct row *row_of(pid_t pid, const void *addr);
void expect_row(pid_t pid, const void *area, unsigned long resident,
		unsigned long set, unsigned long sealed);
void *own_pages(unsigned int nr, int prot);
pid_t fork_idle(void);
void end_child(pid_t pid);
void search_ended(void);

/* proc_elf.c */
void expect_path(const void *addr, const char *expected);
void test_own_segments(void);
void test_elf_hostile(void);
void test_elf_many(void);
void test_elf_random(void);
void test_elf_changing(void);
void test_elf_unknown(void);
void copy_self(const char *path);
char *map_path(const char *path);

/* proc_listener.c */
void test_elf_listener(void);

/* proc_live.c */
void test_chunks(void);
void test_unmapped_between(void);
void test_churn(void);
void test_exits(void);
void test_gone(void);
void test_sparse(void);

#endif /* PROC_H */
