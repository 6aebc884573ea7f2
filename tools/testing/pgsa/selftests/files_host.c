// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the host: the guest's root file system (hostfs, 9p), which can only
 * be read, and hostfs mounted to be written to.
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

/* A directory of the host that goes with the guest: see tools/testing/pgsa/guest. */
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

/* It writes through: pages never become dirty. */
static void change_write(struct file *file, unsigned int round)
{
	size_t at = random_word() % (file->size - 2 * PGSA_PAGE);

	if (round % 2)
		file_write(file, at, 1 + random_word() % PGSA_PAGE);
	else
		file_write(file, 0, file->end);
}

void test_hostfs(void)
{
	struct file file = new_hostfs();

	flip_repaired(file.map);
	file_rounds(&file, change_write);
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
