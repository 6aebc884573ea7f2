// SPDX-License-Identifier: GPL-2.0
/*
 * Data that comes to a file from elsewhere in the kernel, and files that are
 * replaced, unlinked, copied up or used below something else.
 */
#include "files.h"

#include <endian.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/swap.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define PAGES		8
#define SWAP_PAGES	256

static struct file new_file(void)
{
	begin();
	mount_device("ext4");
	return file_new("ext4/file", PAGES);
}

static void change_write(struct file *file, unsigned int round)
{
	file_write(file, round % 2 ? random_word() % PGSA_PAGE : 0,
		   (PAGES - 1) * PGSA_PAGE);
}

/* The content of a file of its own that sendfile() and its like read from. */
static int new_source(struct file *file, size_t len)
{
	int fd = open("ext4/source", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0600);

	check(fd >= 0, "ext4/source: %s", strerror(errno));
	fill_random(file->model, len);
	check(write(fd, file->model, len) == (ssize_t)len &&
	      !lseek(fd, 0, SEEK_SET), "source: %s", strerror(errno));
	return fd;
}

static ssize_t splice_through_pipe(int from, int to, size_t len)
{
	ssize_t n, done = 0;
	int fds[2];

	check(!pipe(fds), "pipe: %s", strerror(errno));
	while ((size_t)done < len) {
		n = splice(from, NULL, fds[1], NULL, len - done, 0);
		if (n <= 0 || splice(fds[0], NULL, to, NULL, n, 0) != n)
			break;
		done += n;
	}
	close(fds[0]);
	close(fds[1]);
	return done;
}

static void change_splice(struct file *file, unsigned int round)
{
	size_t len = file->size - random_word() % PGSA_PAGE;
	int from = new_source(file, len);
	int to = file_open(file, O_WRONLY);
	ssize_t done;

	switch (round % 3) {
	case 0:
		done = splice_through_pipe(from, to, len);
		break;
	case 1:
		done = sendfile(to, from, NULL, len);
		break;
	default:
		done = copy_file_range(from, NULL, to, NULL, len, 0);
		break;
	}
	check(done == (ssize_t)len, "round %u: %zd of %zu bytes: %s", round,
	      done, len, strerror(errno));
	close(from);
	file_close(file, to);
}

void test_splice(void)
{
	struct file file = new_file();

	file_rounds(&file, change_splice);
}

/* As package managers do: the new file takes the name, the old one stays mapped. */
void test_replaced(void)
{
	struct file old = new_file(), new;
	unsigned int round;

	file_settle(&old);
	for (round = 0; round < 3; round++) {
		new = file_new("ext4/file.new", PAGES);
		check(!rename(new.path, old.path), "rename: %s",
		      strerror(errno));
		snprintf(new.path, sizeof(new.path), "%s", old.path);
		file_check(&old);
		flip_repaired(old.map);
		munmap((void *)old.map, old.size);
		old = new;
		file_settle(&old);
		change_write(&old, round);
		end();
	}
	file_check(&new);
}

void test_unlinked(void)
{
	struct file file = new_file();

	file_settle(&file);
	file_keep_open(&file);
	check(!unlink(file.path), "unlink: %s", strerror(errno));
	change_write(&file, 0);
	close(file.fd);
	end();
	flip_repaired(file.map);
	file_check(&file);
	munmap((void *)file.map, file.size);
	end();
}

static void write_swap_header(struct file *file, const uint32_t *info)
{
	int fd = file_open(file, O_WRONLY);

	memset(file->model, 0, PGSA_PAGE);
	memcpy(file->model + 1024, info, 3 * sizeof(*info));
	memcpy(file->model + PGSA_PAGE - 10, "SWAPSPACE2", 10);
	check(pwrite(fd, file->model, PGSA_PAGE, 0) == PGSA_PAGE, "write: %s",
	      strerror(errno));
	file_close(file, fd);
}

static const uint32_t swap_info[] = { 1, SWAP_PAGES - 1, 0 };

static struct file new_swapfile(const uint32_t *info)
{
	struct file file;

	begin();
	mount_device("ext4");
	file = file_new("ext4/swap", SWAP_PAGES);
	write_swap_header(&file, info);
	file_settle(&file);
	if (swapon(file.path, 0))
		skip("cannot swap to a file");
	return file;
}

static void end_swapfile(struct file *file)
{
	check(!swapoff(file->path), "swapoff: %s", strerror(errno));
	file_settle(file);
	end();
	file_check(file);
}

/* Swapping changes the disk below the page cache, not the page cache. */
void test_swapfile(void)
{
	struct file file = new_swapfile(swap_info);
	uint32_t *area = new_pages(SWAP_PAGES / 2, PROT_READ), sum = 0;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		madvise(area, SWAP_PAGES / 2 * PGSA_PAGE, MADV_PAGEOUT);
		wait_cycles(1);
		sum += area[i * 1000];
	}
	check(sum, "no content");
	end_swapfile(&file);
}

/* swapon(2) turns the numbers of the header round, where they are. */
void test_swapfile_foreign(void)
{
	uint32_t info[3];
	struct file file;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(info); i++)
		info[i] = htobe32(swap_info[i]);
	file = new_swapfile(info);
	memcpy(file.model + 1024, swap_info, sizeof(swap_info));
	end_swapfile(&file);
}

static char loop_device[32];

static void change_through_loop(struct file *file, unsigned int round)
{
	size_t at = random_word() % PGSA_PAGE, len = (PAGES - 1) * PGSA_PAGE;
	int fd = open(loop_device, O_RDWR | O_CLOEXEC);

	if (round % 4 == 3)
		len = 2 * PGSA_PAGE;
	fill_random(file->model + at, len);
	check(pwrite(fd, file->model + at, len, at) == (ssize_t)len &&
	      !fsync(fd), "%s: %s", loop_device, strerror(errno));
	close(fd);
}

/* The file below a loop device: nobody has it open for writing, as it seems. */
void test_loop_backing(void)
{
	struct file file;

	begin();
	file = file_of_fd(memfd_create("pgsa", MFD_CLOEXEC), PAGES);
	make_loop(file.fd, loop_device, sizeof(loop_device));
	file_settle(&file);
	flip_repaired(file.map);
	file_rounds(&file, change_through_loop);
}

/* A lower file is mapped, copied up by the first write, and stays as it was. */
static void run_overlay(const char *base)
{
	struct file lower, upper;
	char path[64];

	mount_overlay(base, "merged");
	snprintf(path, sizeof(path), "%s/lower/file", base);
	lower = file_new(path, PAGES);
	/* Who reads what was opened before sees the upper file later on. */
	if (!files_unmapped) {
		munmap((void *)lower.map, lower.size);
		snprintf(lower.path, sizeof(lower.path), "merged/file");
		file_map(&lower, PROT_READ);
	}
	file_settle(&lower);
	flip_repaired(lower.map);

	upper = file_new("merged/file", PAGES);
	file_check(&lower);
	flip_repaired(lower.map);
	file_rounds(&upper, change_write);
	flip_repaired(upper.map);
	file_check(&lower);
}

void test_overlay_ext4(void)
{
	begin();
	mount_image("ext4", "4096", "extents", NULL);
	run_overlay("ext4");
}

void test_overlay_tmpfs(void)
{
	begin();
	run_overlay(".");
}

/* A huge page of a file on disk is given up when somebody opens it to write. */
void test_file_thp(void)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct file file;
	char *area;

	begin();
	mount_image("ext4", "4096", "extents", NULL);
	file = file_new("ext4/file", HUGE_SIZE / PGSA_PAGE);
	munmap((void *)file.map, file.size);
	area = mmap(NULL, 2 * HUGE_SIZE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	area += -(uintptr_t)area % HUGE_SIZE;
	file.map = mmap(area, file.size, PROT_READ | PROT_EXEC,
			MAP_SHARED | MAP_FIXED,
			open(file.path, O_RDONLY | O_CLOEXEC), 0);
	check(file.map == area, "mmap: %s", strerror(errno));
	file_check(&file);
	/* It fails for the moment when the searcher looks at one of the pages. */
	while (madvise(area, HUGE_SIZE, MADV_COLLAPSE))
		if (errno != EAGAIN || now_s() > limit)
			skip("no huge pages of files");
	restart_search();
	file_settle(&file);
	check(pfn_of(area) + 511 == pfn_of(area + HUGE_SIZE - PGSA_PAGE),
	      "not collapsed");
	flip_repaired(file.map + 100 * PGSA_PAGE);
	file_write(&file, 1000, HUGE_SIZE / 2);
	file_check(&file);
	file_settle(&file);
	end();
}
