// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a file that are lent to a device.
 */
#include "files.h"

#include <linux/udmabuf.h>
#include <sys/ioctl.h>

#define PAGES	8

static int udmabuf;

/* The entries of its mapping are special: nobody counts them as writers. */
static void change_udmabuf(struct file *file, unsigned int round)
{
	struct udmabuf_create create = {
		.memfd = file->fd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = file->size,
	};
	int fd = ioctl(udmabuf, UDMABUF_CREATE, &create);
	size_t at = random_word() % (file->size - 100);
	char *map;

	check(fd >= 0, "udmabuf: %s", strerror(errno));
	map = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(map != MAP_FAILED, "mmap: %s", strerror(errno));
	fill_random(file->model + at, 100);
	memcpy(map + at, file->model + at, 100);
	if (round % 2)
		wait_cycles(1);
	munmap(map, file->size);
	close(fd);
}

void test_udmabuf(void)
{
	int fd = memfd_create("pgsa", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct file file;

	udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (udmabuf < 0)
		skip("no /dev/udmabuf");
	begin();
	file = file_of_fd(fd, PAGES);
	check(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), "seal: %s",
	      strerror(errno));
	file_rounds(&file, change_udmabuf);
}
