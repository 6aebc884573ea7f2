// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to page cache that nobody maps, besides what files.c has: it is
 * stored to and unmapped, thrown out, swapped out, used below a loop device, sent.
 */
#include "files.h"

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/swap.h>

#define PAGES		8
#define MANY_PAGES	256
#define SWAP_PAGES	1024
#define SPARE_KB	(64 << 10)
#define CACHE_KB	(200 << 10)

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

static struct file new_file(unsigned int pages)
{
	begin();
	mount_device("ext4");
	return file_new("ext4/file", pages);
}

/* A process stores and unmaps: the last of it is still on its way. */
static void change_stored(struct file *file, unsigned int round)
{
	size_t at = random_word() % (file->size - PGSA_PAGE);
	int fd = file_open(file, O_RDWR);
	char *map = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);

	check(map != MAP_FAILED, "mmap: %s", strerror(errno));
	fill_random(file->model + at, 1 + round % PGSA_PAGE);
	memcpy(map + at, file->model + at, 1 + round % PGSA_PAGE);
	munmap(map, file->size);
	file_close(file, fd);
}

void test_stores(void)
{
	struct file file = new_file(PAGES);

	file_rounds(&file, change_stored);
}

static void change_drop(struct file *file, unsigned int round)
{
	check(!pgsa_write("/proc/sys/vm/drop_caches", "1"), "drop_caches");
	if (round % 2)
		file_change(file, round);
}

void test_drop_caches(void)
{
	struct file file = new_file(PAGES);

	file_rounds(&file, change_drop);
}

static unsigned long kilobytes(const char *name)
{
	char text[4096], *line;

	check(pgsa_read("/proc/meminfo", text, sizeof(text)) > 0,
	      "no /proc/meminfo");
	line = strstr(text, name);
	return line ? strtoul(line + strlen(name) + 1, NULL, 10) : 0;
}

/*
 * Takes all memory but little, and lets it go: in a file that cannot be written
 * back, for a process could not have so many mappings on User Mode Linux.
 */
static void press(void)
{
	static char bytes[64 * PGSA_PAGE];
	unsigned long size = kilobytes("MemAvailable:"), done = 0;
	int fd = open("pressure/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	check(fd >= 0, "pressure/file: %s", strerror(errno));
	while (done + SPARE_KB < size &&
	       write(fd, bytes, sizeof(bytes)) == sizeof(bytes))
		done += sizeof(bytes) >> 10;
	close(fd);
	unlink("pressure/file");
	diag("%lu of %lu KiB taken", done, size);
}

/* Page cache that can be given up: a file without blocks takes no time. */
static void fill_cache(void)
{
	static char bytes[64 * PGSA_PAGE];
	int fd = open("ext4/hole", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	check(fd >= 0 && !ftruncate(fd, CACHE_KB << 10), "ext4/hole: %s",
	      strerror(errno));
	close(fd);
	fd = open("ext4/hole", O_RDONLY | O_CLOEXEC);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	close(fd);
}

void test_pressure(void)
{
	struct file file = new_file(MANY_PAGES);
	unsigned int round;

	mkdir("pressure", 0700);
	check(!mount("tmpfs", "pressure", "tmpfs", 0, "size=100%"),
	      "pressure: %s", strerror(errno));
	for (round = 0; round < 3; round++) {
		fill_cache();
		file_settle(&file);
		press();
		file_check(&file);
		file_change(&file, round);
	}
	end();
}

static void new_swap(void)
{
	char *const mkswap[] = { "/sbin/mkswap", "ext4/swap", NULL };
	struct file swap;

	mount_device("ext4");
	swap = file_new("ext4/swap", SWAP_PAGES);
	if (run_program(mkswap) || swapon(swap.path, 0))
		skip("cannot swap to a file");
}

/* Out to the swap file and in again, with the page cache's part between. */
static void change_swapped(struct file *file, unsigned int round)
{
	int fd = file_open(file, O_RDWR);
	char *map = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);

	check(map != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(map, file->size, MADV_POPULATE_READ);
	madvise(map, file->size, MADV_PAGEOUT);
	munmap(map, file->size);
	file_close(file, fd);
	if (round % 2)
		file_change(file, round);
}

void test_tmpfs_swap(void)
{
	unsigned long before;
	struct file file;

	begin();
	new_swap();
	file = file_new("file", PAGES);
	file_settle(&file);
	before = kilobytes("SwapFree:");
	change_swapped(&file, 0);
	if (kilobytes("SwapFree:") >= before)
		diag("nothing was swapped out");
	file_rounds(&file, change_swapped);
	check(!swapoff("ext4/swap"), "swapoff: %s", strerror(errno));
	end();
	file_check(&file);
}

/* A loop device for the time of one change. */
static void change_through_loop(struct file *file, unsigned int round)
{
	size_t at = random_word() % PGSA_PAGE, len = (PAGES - 1) * PGSA_PAGE;
	int backing = file_open(file, O_RDWR), fd;
	struct loop_config config = {
		.fd = backing,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR |
				 (round % 4 == 3 ? LO_FLAGS_DIRECT_IO : 0),
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	char path[32];

	if (control < 0)
		skip("no loop devices");
	snprintf(path, sizeof(path), "/dev/loop%d",
		 ioctl(control, LOOP_CTL_GET_FREE));
	fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config), "%s: %s", path,
	      strerror(errno));
	fill_random(file->model + at, len);
	check(pwrite(fd, file->model + at, len, at) == (ssize_t)len &&
	      !fsync(fd), "%s: %s", path, strerror(errno));
	close(fd);
	close(control);
	file_close(file, backing);
}

void test_loop(void)
{
	struct file file = new_file(PAGES);

	file_rounds(&file, change_through_loop);
}

/* Pages go to a pipe and a socket as they are, and are written meanwhile. */
static void change_sent(struct file *file, unsigned int round)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC), pipes[2], sockets[2];
	char bytes[PGSA_PAGE];
	loff_t from = 0;

	check(fd >= 0 && !pipe(pipes) &&
	      !socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "%s",
	      strerror(errno));
	check(splice(fd, &from, pipes[1], NULL, 4 * PGSA_PAGE, 0) > 0 &&
	      sendfile(sockets[1], fd, NULL, 4 * PGSA_PAGE) > 0, "splice: %s",
	      strerror(errno));
	file_change(file, round);
	wait_cycles(0);
	check(read(pipes[0], bytes, sizeof(bytes)) > 0 &&
	      read(sockets[0], bytes, sizeof(bytes)) > 0, "read: %s",
	      strerror(errno));
	close(pipes[0]);
	close(pipes[1]);
	close(sockets[0]);
	close(sockets[1]);
	close(fd);
}

void test_sent(void)
{
	struct file file = new_file(PAGES);

	file_rounds(&file, change_sent);
}
