// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the host: the guest's root file system (hostfs, 9p), which can only
 * be read, and a directory of the host that goes with the guest.
 */
#include "files.h"

#include <sys/mount.h>

#define PAGES	8
#define LIBC	"/lib/x86_64-linux-gnu/libc.so.6"

/* The root is an overlay above what the host gives. */
void test_root_copy_up(void)
{
	struct file file = { .fd = -1, .size = PAGES * PGSA_PAGE, .path = LIBC };
	int fd;

	begin();
	fd = open(file.path, O_RDONLY | O_CLOEXEC);
	file.model = malloc(file.size);
	if (pread(fd, file.model, file.size, 0) != (ssize_t)file.size)
		skip("no " LIBC);
	file.end = file.size;
	file_map(&file, PROT_READ);
	file_settle(&file);
	flip_repaired(file.map);
	close(fd);
	/* To open it for writing copies it up. */
	fd = open(file.path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		skip("cannot write to " LIBC);
	close(fd);
	file_check(&file);
	file_settle(&file);
	flip_repaired(file.map);
	end();
}

static struct file new_hostfs(void)
{
	char cmdline[4096], dir[128];

	begin();
	pgsa_read("/proc/cmdline", cmdline, sizeof(cmdline));
	pgsa_field(cmdline, "PGSA_GUEST", dir, sizeof(dir));
	mkdir("host", 0700);
	if (!dir[0] || mount("none", "host", "hostfs", 0, dir))
		skip("no hostfs of a guest");
	return file_new("host/file", PAGES);
}

/* As the root, so that data stays in the page cache until it is written back. */
static struct file new_9p(void)
{
	begin();
	mkdir("host", 0700);
	if (mount("guest", "host", "9p", 0,
		  "trans=virtio,version=9p2000.L,cache=loose"))
		skip("no 9p of a guest");
	return file_new("host/file", PAGES);
}

void test_hostfs(void)
{
	struct file file = new_hostfs();

	flip_repaired(file.map);
	file_rounds(&file, file_change);
	flip_repaired(file.map);
	unlink(file.path);
}

static void change_truncate(struct file *file, unsigned int round)
{
	if (round % 2)
		file_write(file, 0, file->end);
	else
		file_cut(file, random_word() % file->size);
}

void test_hostfs_truncate(void)
{
	struct file file = new_hostfs();

	file_rounds(&file, change_truncate);
	unlink(file.path);
}

void test_9p(void)
{
	struct file file = new_9p();

	flip_repaired(file.map);
	file_rounds(&file, file_change);
	flip_repaired(file.map);
	unlink(file.path);
}

void test_9p_truncate(void)
{
	struct file file = new_9p();

	file_rounds(&file, change_truncate);
	unlink(file.path);
}
