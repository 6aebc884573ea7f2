// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache of a block device, below a mounted file system that changes
 * its metadata there without a word to anybody.
 */
#include "files.h"

#include <sys/mount.h>

#define PAGES	512

/* A mounted ext4, and a look at the first part of its device. */
static struct file new_device(void)
{
	struct file file = { .fd = -1, .size = PAGES * PGSA_PAGE };
	char line[256];
	FILE *mounts;

	begin();
	mount_image("ext4", "4096", "extents", NULL);
	mounts = fopen("/proc/self/mounts", "r");
	while (fgets(line, sizeof(line), mounts)) {
		if (strstr(line, " " WORK_DIR "/ext4 "))
			sscanf(line, "%63s", file.path);
	}
	fclose(mounts);
	file.map = mmap(NULL, file.size, PROT_READ, MAP_SHARED,
			file_open(&file, O_RDONLY), 0);
	check(file.map != MAP_FAILED, "mmap %s: %s", file.path,
	      strerror(errno));
	check(!madvise((void *)file.map, file.size, MADV_POPULATE_READ),
	      "populate: %s", strerror(errno));
	file.refused = true;
	restart_search();
	return file;
}

void test_block_refused(void)
{
	struct file file = new_device();
	struct pgsa_frame frame;
	size_t at;

	wait_cycles(3);
	for (at = 0; at < file.size; at += PGSA_PAGE) {
		frame = frame_of(pfn_of(file.map + at));
		check(!is_sealed(&frame), "pfn %#lx is sealed", frame.pfn);
	}
}

static void change_metadata(unsigned int round)
{
	char name[32];
	unsigned int i;
	int fd;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "ext4/%u", i);
		if (round % 2) {
			unlink(name);
			continue;
		}
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		check(fd >= 0 && write(fd, name, sizeof(name)) > 0, "%s: %s",
		      name, strerror(errno));
		close(fd);
	}
	sync();
}

void test_block_metadata(void)
{
	struct file file = new_device();
	double limit = now_s() + 3;
	unsigned int round = 0;

	for (; now_s() < limit; round++) {
		wait_cycles(1);
		change_metadata(round);
	}
	check(file.map[1024 + 56] == 0x53, "no ext4 on %s", file.path);
	end();
}

/* What only a file system reads, in buffers, is refused for what it is. */
void test_block_reason(void)
{
	begin();
	mount_image("ext4", "4096", "extents", NULL);
	change_metadata(0);
	search_scope("pagecache");
	restart_search();
	wait_cycles(2);
	check(sysfs_stat("refused/not_regular") > 0, "no page of the device");
	check(sysfs_stat("refused/not_uptodate") < 4, "%llu are not up to date",
	      sysfs_stat("refused/not_uptodate"));
	search_scope("mapped");
	end();
}
