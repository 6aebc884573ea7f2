// SPDX-License-Identifier: GPL-2.0
/*
 * Files that change under read-only mappings: append, truncate, holes, moved
 * blocks, rewriting, stores through other mappings, unlinking. What the file has
 * to contain is known byte by byte.
 */
#include "load.h"

#define FILE_PAGES	48
#define FILE_SIZE	(FILE_PAGES * PAGE)
#define BLOCK		PAGE

/* Linux's numbers; the C library has them only with other headers. */
#define KEEP_SIZE	0x01
#define PUNCH_HOLE	0x02
#define COLLAPSE_RANGE	0x08
#define ZERO_RANGE	0x10
#define INSERT_RANGE	0x20

struct file {
	char path[256];
	int fd;			/* open for writing while >= 0 */
	int memfd;		/* a file without name, or -1 */
	size_t size;
	char content[FILE_SIZE];
	const char *shared;	/* both read-only, of FILE_SIZE */
	const char *private;
};

static void file_name_for(struct file *file, const char *dir)
{
	static unsigned int nr;

	snprintf(file->path, sizeof(file->path), "%s/file-%08x-%u", dir,
		 unique_number(), nr++);
}

static void file_open(struct file *file)
{
	if (file->memfd >= 0)
		snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d",
			 file->memfd);
	file->fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	want(file->fd >= 0, "%s: %s", file->path, strerror(errno));
}

static void file_close(struct file *file)
{
	close(file->fd);
	file->fd = -1;
}

static void file_map(struct file *file)
{
	file->shared = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, file->fd, 0);
	file->private = mmap(NULL, FILE_SIZE, PROT_READ, MAP_PRIVATE, file->fd,
			     0);
	want(file->shared != MAP_FAILED && file->private != MAP_FAILED,
	     "mmap: %s", strerror(errno));
}

static void file_unmap(struct file *file)
{
	munmap((void *)file->shared, FILE_SIZE);
	munmap((void *)file->private, FILE_SIZE);
}

static void file_check(const struct file *file)
{
	size_t i;

	for (i = 0; i < file->size; i++) {
		want(file->shared[i] == file->content[i],
		     "byte %zu of %zu: %#hhx instead of %#hhx", i, file->size,
		     file->shared[i], file->content[i]);
		want(file->private[i] == file->content[i],
		     "byte %zu of %zu: %#hhx instead of %#hhx, private", i,
		     file->size, file->private[i], file->content[i]);
	}
	/* The rest of the last page reads as zeros. */
	for (; i % PAGE; i++)
		want(!file->shared[i], "byte %zu behind the end at %zu", i,
		     file->size);
}

/* Operations; each changes the file and what is known of it. */

static void file_write(struct file *file, size_t where, size_t size)
{
	memset(file->content + where, random_word(), size);
	want(pwrite(file->fd, file->content + where, size, where) ==
	     (ssize_t)size, "pwrite: %s", strerror(errno));
	if (where + size > file->size)
		file->size = where + size;
}

static void op_rewrite(struct file *file)
{
	size_t where = random_below(FILE_SIZE), size = random_below(3 * PAGE);

	if (where > file->size)
		where = file->size;
	if (size > FILE_SIZE - where)
		size = FILE_SIZE - where;
	file_write(file, where, size);
}

static void op_append(struct file *file)
{
	size_t size = random_below(2 * PAGE);

	if (size > FILE_SIZE - file->size)
		size = FILE_SIZE - file->size;
	file_write(file, file->size, size);
}

static void op_truncate(struct file *file)
{
	size_t size = random_below(FILE_SIZE);

	want(!ftruncate(file->fd, size), "ftruncate: %s", strerror(errno));
	if (size < file->size)
		memset(file->content + size, 0, file->size - size);
	file->size = size;
}

/* 0 if the file system cannot do it. */
static int file_allocate(struct file *file, int mode, size_t where, size_t size)
{
	if (!fallocate(file->fd, mode, where, size))
		return 1;
	want(errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSPC,
	     "fallocate %d: %s", mode, strerror(errno));
	return 0;
}

static void op_hole(struct file *file)
{
	size_t where = random_below(file->size), size;
	int mode = random_below(2) ? PUNCH_HOLE : ZERO_RANGE;

	size = 1 + random_below(file->size - where);
	if (file_allocate(file, mode | KEEP_SIZE, where, size))
		memset(file->content + where, 0, size);
}

static void op_collapse(struct file *file)
{
	size_t blocks = file->size / BLOCK;
	size_t where = random_below(blocks + 1) * BLOCK, size;

	size = (1 + random_below(4)) * BLOCK;
	if (where + size >= file->size ||
	    !file_allocate(file, COLLAPSE_RANGE, where, size))
		return;
	memmove(file->content + where, file->content + where + size,
		file->size - where - size);
	file->size -= size;
	memset(file->content + file->size, 0, size);
}

static void op_insert(struct file *file)
{
	size_t where = random_below(file->size / BLOCK + 1) * BLOCK, size;

	size = (1 + random_below(4)) * BLOCK;
	if (where >= file->size || file->size + size > FILE_SIZE ||
	    !file_allocate(file, INSERT_RANGE, where, size))
		return;
	memmove(file->content + where + size, file->content + where,
		file->size - where);
	memset(file->content + where, 0, size);
	file->size += size;
}

static void op_store(struct file *file)
{
	char *map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 file->fd, 0);
	unsigned int i;
	size_t where;

	want(map != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < 8; i++) {
		where = random_below(file->size);
		file->content[where] = random_word();
		map[where] = file->content[where];
		if (!random_below(8))
			protect(map, FILE_SIZE, PROT_READ | PROT_WRITE);
	}
	protect(map, FILE_SIZE, PROT_READ);
	want(map[where] == file->content[where], "a store is lost");
	munmap(map, FILE_SIZE);
}

static void op_sync(struct file *file)
{
	want(!fdatasync(file->fd), "fdatasync: %s", strerror(errno));
	if (random_below(2))
		posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void file_change(struct file *file)
{
	static void (*const ops[])(struct file *file) = {
		op_rewrite, op_rewrite, op_append, op_truncate, op_hole,
		op_collapse, op_insert, op_store, op_sync,
	};

	if (!file->size)
		file_write(file, 0, 4 * PAGE);
	ops[random_below(ARRAY_SIZE(ops))](file);
}

/* A file with another content takes the name; the old one lives on, mapped. */
static void file_replace(struct file *file, const char *dir)
{
	static struct file old;

	old = *file;
	file_name_for(file, dir);
	if (random_below(2))
		unlink(old.path);
	file->memfd = -1;
	file->size = 0;
	memset(file->content, 0, sizeof(file->content));
	file_open(file);
	file_write(file, 0, FILE_SIZE / 2);
	if (random_below(2))
		want(!fsync(file->fd), "fsync: %s", strerror(errno));
	want(!rename(file->path, old.path), "rename: %s", strerror(errno));
	memcpy(file->path, old.path, sizeof(file->path));
	file_map(file);
	file_close(file);
	sleep_ms(random_below(20));
	file_check(&old);
	file_unmap(&old);
}

/* Only while nobody has the file open for writing may its pages be sealed. */
static void file_round(struct file *file, const char *dir)
{
	unsigned int i;

	file_open(file);
	if (!file->shared)
		file_map(file);
	for (i = random_below(6); i < 8; i++)
		file_change(file);
	file_close(file);
	file_check(file);
	sleep_ms(random_below(40));
	file_check(file);
	if (file->memfd < 0 && !random_below(10))
		file_replace(file, dir);
}

static void named_round(struct file *file, const char *dir)
{
	if (!file->path[0]) {
		file->memfd = -1;
		file_name_for(file, dir);
	}
	file_round(file, dir);
}

void load_file(void)
{
	static struct file file;

	named_round(&file, directory);
}

void load_tmpfs(void)
{
	static struct file file;

	named_round(&file, "/dev/shm");
}

void load_overlay(void)
{
	static struct file file;

	mkdir("/var/tmp/pgsa-stress", 0700);
	named_round(&file, "/var/tmp/pgsa-stress");
}

void load_memfd(void)
{
	static struct file file;

	if (!file.shared) {
		file.memfd = memfd_create("load", MFD_CLOEXEC);
		want(file.memfd >= 0, "memfd: %s", strerror(errno));
	}
	file_round(&file, NULL);
}
