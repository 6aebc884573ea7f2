// SPDX-License-Identifier: GPL-2.0
/*
 * scope=pagecache: page cache that no process maps is sealed and verified, and
 * what the kernel writes to it is not taken for an error. The kernel's writers
 * are those of files.c, here with files that nobody maps.
 *
 * PGSA_BLOCKDEV    block device with an ext4 file system, see files_place.c
 */
#include "files.h"

#include <sys/mount.h>

#define PAGES		8
#define MANY_PAGES	256
#define SLACK		32	/* frames of others, in such numbers */
#define MANY_FILES	200	/* so that inodes fill some slabs */

static struct file new_file(unsigned int pages)
{
	begin();
	mount_device("ext4");
	return file_new("ext4/file", pages);
}

/* The set */

/* At least so many more than there were, before long. */
static void expect_sealed(unsigned long long nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned long long sealed;

	while ((sealed = sysfs_stat("exact/frames_sealed_unmapped")) < nr) {
		check(now_s() < limit, "%llu frames are sealed, not %llu",
		      sealed, nr);
		sleep_ms(20);
	}
}

/* Written and read, but mapped by nobody: only numbers tell. */
static void test_never_mapped(void)
{
	unsigned long long before, after;
	struct file file;

	begin();
	mount_device("ext4");
	wait_cycles(2);
	before = sysfs_stat("exact/frames_sealed_unmapped");
	file = file_new("ext4/file", MANY_PAGES);
	expect_sealed(before + MANY_PAGES - SLACK);
	before = sysfs_stat("exact/frames_sealed_unmapped");
	file_cut(&file, 0);
	/* The kernel counts no more than ten times a second. */
	sleep_ms(200);
	after = sysfs_stat("exact/frames_sealed_unmapped");
	diag("%llu frames with the file, %llu without", before, after);
	check(after + MANY_PAGES - SLACK <= before,
	      "%llu frames of %d have gone", before - after, MANY_PAGES);
	end();
}

static void test_flips(void)
{
	struct file file = new_file(PAGES);
	unsigned int i;

	for (i = 0; i < 4 * PAGES; i++)
		flip_repaired(file.map + i % PAGES * PGSA_PAGE);
	end();
	file_check(&file);
}

/* As it is when no searcher has it in its hands. */
static struct pgsa_frame frame_at_rest(unsigned long pfn)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame;

	do {
		frame = frame_of(pfn);
	} while ((!strcmp(frame.admit, "locked") ||
		  !strcmp(frame.admit, "referenced")) && now_s() < limit);
	return frame;
}

static void expect_states(const unsigned long *pfns, bool sealed,
			  const char *admit)
{
	struct pgsa_frame frame;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		frame = frame_at_rest(pfns[i]);
		check(is_sealed(&frame) == sealed &&
		      !strcmp(frame.admit, admit), "pfn %#lx: %s, admit=%s",
		      frame.pfn, frame.state, frame.admit);
	}
}

/* Sealed while it is mapped, it stays so, but nobody looks at it. */
static void test_scope_mapped(void)
{
	struct file file = new_file(PAGES);
	unsigned long pfns[PAGES], pfn;
	char *map;

	file_cut(&file, 0);
	file_write(&file, 0, file.size);
	unmapped_pfns(file.map, pfns, PAGES);
	search_scope("mapped");
	wait_cycles(3);
	expect_states(pfns, false, "unmapped");

	map = mmap(NULL, file.size, PROT_READ, MAP_SHARED,
		   file_open(&file, O_RDONLY), 0);
	check(map != MAP_FAILED, "mmap: %s", strerror(errno));
	pfn = wait_sealed(map);
	munmap(map, file.size);
	flip_frame(pfn, 4711);
	wait_cycles(3);
	expect_no_report(0);
	search_scope("pagecache");
	expect_report(pfn, 4711, "corrected");
	file_check(&file);
}

/* Seals outlive the policy, but other policies need not look at them. */
static void test_stopped(void)
{
	struct file file = new_file(PAGES);
	unsigned long pfns[PAGES];
	unsigned long long sealed;

	file_settle(&file);
	unmapped_pfns(file.map, pfns, PAGES);
	sealed = sysfs_stat("exact/frames_sealed_unmapped");
	check(sealed >= PAGES, "%llu frames are sealed", sealed);
	expect_states(pfns, true, "unmapped");
	flip_frame(pfns[1], 1234);
	search_scope("mapped");
	wait_cycles(3);
	expect_no_report(0);
	expect_states(pfns, true, "unmapped");
	check(sysfs_stat("exact/refused/unmapped"), "nothing is unmapped");

	search_scope("pagecache");
	expect_report(pfns[1], 1234, "corrected");
	expect_states(pfns, true, "ok");
	file_check(&file);
}

/* Drivers' files look like this, too; nobody knows who writes there. */
static void test_memfd_unmapped(void)
{
	unsigned long pfns[PAGES];
	struct file file;

	begin();
	file = file_of_fd(memfd_create("pgsa", MFD_CLOEXEC), PAGES);
	unmapped_pfns(file.map, pfns, PAGES);
	restart_search();
	wait_cycles(3);
	expect_states(pfns, false, "unmapped");
	file.refused = true;
	file_rounds(&file, file_change);
}

/*
 * ext4 keeps its buddy bitmaps in page cache of an inode of its own, and does not
 * set its mode: that of a file may be left from before.
 */
static void make_files(unsigned int nr)
{
	char name[32], bytes[3 * PGSA_PAGE];
	unsigned int i;
	int fd;

	fill_random(bytes, sizeof(bytes));
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "ext4/%u", i);
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		check(fd >= 0 &&
		      write(fd, bytes, sizeof(bytes)) == sizeof(bytes),
		      "%s: %s", name, strerror(errno));
		close(fd);
	}
	sync();
}

static void test_buddy(void)
{
	unsigned int round;

	for (round = 0; round < 4; round++) {
		if (round)
			check(!umount("ext4"), "umount: %s", strerror(errno));
		else
			begin();
		mount_image("ext4", "4096", "extents", NULL);
		make_files(MANY_FILES);
		restart_search();
		wait_cycles(2);
		make_files(MANY_FILES);
		end();
	}
}

static const struct selftest tests[] = {
	{ "sealed without being mapped", test_never_mapped },
	{ "flips are repaired", test_flips },
	{ "scope=mapped: not sealed", test_scope_mapped },
	{ "policy stopped", test_stopped },
	{ "memfd: not sealed", test_memfd_unmapped },
	{ "ext4: buddy bitmaps", test_buddy },
	{ "ext4: stores", test_stores },
	{ "pages dropped", test_drop_caches },
	{ "memory pressure", test_pressure },
	{ "tmpfs: swap", test_tmpfs_swap },
	{ "file below a loop device", test_loop },
	{ "pages in a pipe and a socket", test_sent },
	{ "ext4: write", test_write },
	{ "ext4: races of writers and searcher", test_write_races },
	{ "ext4: write, file kept open", test_kept_open },
	{ "ext4: append", test_append },
	{ "ext4: truncate and extend", test_truncate },
	{ "ext4: fallocate", test_fallocate },
	{ "ext4: small blocks", test_small_blocks },
	{ "ext4: hole filled", test_hole },
	{ "ext4: writeback zeroes beyond the end", test_end_of_file },
	{ "ext4: direct write", test_direct },
	{ "ext4: journalled data", test_journal },
	{ "ext4: inline data, write", test_inline },
	{ "ext4: inline data, truncate", test_inline_truncate },
	{ "splice, sendfile, copy_file_range", test_splice },
	{ "file replaced", test_replaced },
	{ "file unlinked", test_unlinked },
	{ "file used for swap", test_swapfile },
	{ "overlay on ext4", test_overlay_ext4 },
	{ "overlay on tmpfs", test_overlay_tmpfs },
	{ "hostfs: write", test_hostfs },
	{ "hostfs: truncate and extend", test_hostfs_truncate },
	{ "9p: write", test_9p },
	{ "9p: truncate and extend", test_9p_truncate },
	{ "tmpfs: write", test_tmpfs },
	{ "tmpfs: truncate, holes", test_tmpfs_zero },
	{ "tmpfs: write, file kept open", test_tmpfs_kept_open },
};

int main(int argc, char **argv)
{
	files_unmapped = true;
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
