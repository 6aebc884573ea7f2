/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user-space tools of PGSA share: the paths of its interface, and the
 * way from an address in a process to the record of the frame behind it.
 *
 * Every function returns 0 (or a length) on success and a negative errno value
 * on failure.
 */
#ifndef PGSA_USER_H
#define PGSA_USER_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define PGSA_PAGE	4096UL
#define PGSA_CONFIGFS	"/sys/kernel/config/pgsa"
#define PGSA_SYSFS	"/sys/kernel/mm/pgsa"
#define PGSA_DEBUGFS	"/sys/kernel/debug/pgsa"

/* Entries of /proc/PID/pagemap. */
#define PAGEMAP_PRESENT	0x8000000000000000ULL
#define PAGEMAP_PFN	0x007fffffffffffffULL

/* One line of /proc/PID/maps. */
struct pgsa_area {
	unsigned long start;
	unsigned long end;
	char perms[5];
	bool file;
	char path[96];
};

/* What debugfs says about one frame. */
struct pgsa_frame {
	unsigned long pfn;
	char state[12];
	unsigned int writers;
	unsigned int generation;
	unsigned int hurt;
	char correct[32];	/* empty while it is not sealed */
	unsigned long stored;	/* frame of its redundancy, or 0 */
	unsigned int stored_offset;
	unsigned long record;	/* frame of its record */
	unsigned int record_offset;
	char admit[32];
};

static inline int pgsa_write(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		err = -errno;
	else if ((size_t)n != len)
		err = -EIO;
	close(fd);
	return err;
}

/* The text has its last newline cut off and always ends with a 0 byte. */
static inline ssize_t pgsa_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0)
			n = -errno;
		if (n <= 0)
			break;
		len += n;
	}
	close(fd);
	if (n < 0)
		return n;
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return len;
}

static inline int pgsa_open_proc(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The pagemap entries of @nr pages from @addr on. Returns how many were read. */
static inline int pgsa_pagemap(pid_t pid, unsigned long addr,
			       unsigned long long *entry, unsigned int nr)
{
	off_t offset = addr / PGSA_PAGE * sizeof(*entry);
	int fd = pgsa_open_proc(pid, "pagemap");
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, entry, nr * sizeof(*entry), offset);
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : n / (ssize_t)sizeof(*entry);
}

/* -ENXIO: no page there now. -EPERM: the kernel hides frame numbers from us. */
static inline int pgsa_pfn(pid_t pid, unsigned long addr, unsigned long *pfn)
{
	unsigned long long entry;
	int n = pgsa_pagemap(pid, addr, &entry, 1);

	if (n < 0)
		return n;
	if (!n || !(entry & PAGEMAP_PRESENT))
		return -ENXIO;
	*pfn = entry & PAGEMAP_PFN;
	return *pfn ? 0 : -EPERM;
}

/* Copies the value of " key=" in @line to @value, "" where there is none. */
static inline void pgsa_field(const char *line, const char *key, char *value,
			      size_t size)
{
	size_t len = strlen(key), n = 0;
	const char *p = line;

	while ((p = strstr(p, key))) {
		if ((p == line || p[-1] == ' ') && p[len] == '=')
			break;
		p += len;
	}
	if (p) {
		p += len + 1;
		n = strcspn(p, "\n ");
		if (n >= size)
			n = size - 1;
		memcpy(value, p, n);
	}
	value[n] = '\0';
}

static inline unsigned long long pgsa_number(const char *line, const char *key)
{
	char value[32];

	pgsa_field(line, key, value, sizeof(value));
	return strtoull(value, NULL, 0);
}

static inline void pgsa_parse_frame(const char *line, struct pgsa_frame *frame)
{
	frame->pfn = pgsa_number(line, "pfn");
	frame->writers = pgsa_number(line, "writers");
	frame->generation = pgsa_number(line, "generation");
	frame->hurt = pgsa_number(line, "hurt");
	frame->stored = pgsa_number(line, "stored");
	frame->stored_offset = pgsa_number(line, "stored_offset");
	frame->record = pgsa_number(line, "record");
	frame->record_offset = pgsa_number(line, "record_offset");
	pgsa_field(line, "correct", frame->correct, sizeof(frame->correct));
	pgsa_field(line, "state", frame->state, sizeof(frame->state));
	pgsa_field(line, "admit", frame->admit, sizeof(frame->admit));
}

/* The file answers the reader for the pfn written through the same open file. */
static inline int pgsa_frame(unsigned long pfn, struct pgsa_frame *frame)
{
	static __thread int fd = -1;
	char line[320];
	ssize_t n;

	if (fd < 0)
		fd = open(PGSA_DEBUGFS "/frame", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = snprintf(line, sizeof(line), "%#lx\n", pfn);
	if (pwrite(fd, line, n, 0) < 0)
		return -errno;
	n = pread(fd, line, sizeof(line) - 1, 0);
	if (n < 0)
		return -errno;
	line[n] = '\0';
	pgsa_parse_frame(line, frame);
	return frame->pfn == pfn && frame->state[0] ? 0 : -EBADMSG;
}

static inline int pgsa_inject(pid_t pid, unsigned long addr,
			      unsigned long long mask)
{
	char line[64];

	snprintf(line, sizeof(line), "%d %#lx %#llx\n", pid, addr, mask);
	return pgsa_write(PGSA_DEBUGFS "/inject_vaddr", line);
}

/* The next area of an open maps file; false at its end. */
static inline bool pgsa_next_area(FILE *maps, struct pgsa_area *area)
{
	unsigned long inode;
	char line[512];
	int n;

	while (fgets(line, sizeof(line), maps)) {
		area->path[0] = '\0';
		n = sscanf(line, "%lx-%lx %4s %*x %*s %lu %95[^\n]",
			   &area->start, &area->end, area->perms, &inode,
			   area->path);
		if (n < 4)
			continue;
		area->file = inode != 0;
		return true;
	}
	return false;
}

#endif /* PGSA_USER_H */
