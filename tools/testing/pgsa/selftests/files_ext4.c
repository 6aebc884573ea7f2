// SPDX-License-Identifier: GPL-2.0
/*
 * Writers of ext4's page cache.
 */
#include "files.h"

#define PAGES	8

static struct file new_file(void)
{
	begin();
	mount_device("ext4");
	return file_new("ext4/file", PAGES);
}

void test_write(void)
{
	struct file file = new_file();

	flip_repaired(file.map);
	file_rounds(&file, file_change);
	flip_repaired(file.map);
}

/* Many writers and no pause, to meet the searcher in the middle of a write. */
void test_write_races(void)
{
	struct file files[2] = { new_file(), file_new("ext4/other", PAGES) };
	double limit = now_s() + 1.5;
	unsigned int round = 0;
	pid_t pid = fork_child();

	for (; now_s() < limit; round++) {
		file_change(&files[!pid], round);
		file_check(&files[!pid]);
		if (round % 8 == 0)
			sleep_ms(random_word() % 30);
	}
	if (!pid)
		_exit(TEST_PASS);
	expect_exit(pid);
	end();
}

/* While a writer has the file open, its pages are not to be sealed. */
void test_kept_open(void)
{
	struct file file = new_file();

	file_keep_open(&file);
	file.refused = true;
	file_rounds(&file, file_change);
}

static void change_append(struct file *file, unsigned int round)
{
	size_t len = 1 + random_word() % 300;
	int fd;

	if (round % 16 == 15 || file->end + len > file->size) {
		file->end = file->size - PGSA_PAGE + 100;
		file_cut(file, file->end);
		return;
	}
	fd = file_open(file, O_WRONLY | O_APPEND);
	fill_random(file->model + file->end, len);
	check(write(fd, file->model + file->end, len) == (ssize_t)len,
	      "append: %s", strerror(errno));
	file->end += len;
	file_close(file, fd);
}

void test_append(void)
{
	struct file file = new_file();

	file_rounds(&file, change_append);
}

static void change_truncate(struct file *file, unsigned int round)
{
	size_t at = random_word() % file->size;

	if (round % 2) {
		file_write(file, 0, file->end);
		return;
	}
	file_cut(file, at);
}

void test_truncate(void)
{
	struct file file = new_file();

	file_rounds(&file, change_truncate);
}

/* Blocks move: what follows the range comes down and the end becomes a hole. */
static void collapse_range(struct file *file, size_t at, size_t len)
{
	int fd = file_open(file, O_WRONLY);

	check(!fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, at, len) &&
	      !ftruncate(fd, file->end), "collapse: %s", strerror(errno));
	memmove(file->model + at, file->model + at + len,
		file->size - at - len);
	memset(file->model + file->size - len, 0, len);
	file_close(file, fd);
}

/* A hole of @len is put in at @at, and what is pushed out is cut off. */
static void insert_range(struct file *file, size_t at, size_t len)
{
	int fd = file_open(file, O_WRONLY);

	check(!fallocate(fd, FALLOC_FL_INSERT_RANGE, at, len) &&
	      !ftruncate(fd, file->end), "insert: %s", strerror(errno));
	memmove(file->model + at + len, file->model + at,
		file->size - at - len);
	memset(file->model + at, 0, len);
	file_close(file, fd);
}

static void change_fallocate(struct file *file, unsigned int round)
{
	size_t at = random_word() % (file->size - 2 * PGSA_PAGE);
	size_t len = 1 + random_word() % (2 * PGSA_PAGE);

	switch (round % 5) {
	case 0:
		file_zero(file, FALLOC_FL_PUNCH_HOLE, at, len);
		break;
	case 1:
		file_zero(file, FALLOC_FL_ZERO_RANGE, at, len);
		break;
	case 2:
		file_write(file, 0, file->end);
		break;
	case 3:
		collapse_range(file, at / PGSA_PAGE * PGSA_PAGE, PGSA_PAGE);
		break;
	case 4:
		insert_range(file, at / PGSA_PAGE * PGSA_PAGE, PGSA_PAGE);
		break;
	}
}

void test_fallocate(void)
{
	struct file file = new_file();

	file_rounds(&file, change_fallocate);
}

/* Four blocks in a page: buffers of a page are written one by one. */
static void change_blocks(struct file *file, unsigned int round)
{
	size_t at = random_word() % (file->size - PGSA_PAGE);

	if (round % 3 == 0)
		file_zero(file, FALLOC_FL_PUNCH_HOLE, at,
			  1 + random_word() % 2000);
	else if (round % 3 == 1)
		file_write(file, at, 1 + random_word() % 2000);
	else
		change_truncate(file, random_word());
}

void test_small_blocks(void)
{
	struct file file;

	begin();
	mount_image("ext4", "1024", "extents", NULL);
	file = file_new("ext4/file", PAGES);
	file_rounds(&file, change_blocks);
}

static void change_hole(struct file *file, unsigned int round)
{
	size_t page = round % PAGES * PGSA_PAGE;

	if (!page) {
		file_zero(file, FALLOC_FL_PUNCH_HOLE, 0, file->size);
		return;
	}
	file_write(file, page + random_word() % 1000, 1 + random_word() % 2000);
}

/* A page of zeros with nothing on disk, until somebody writes to it. */
void test_hole(void)
{
	struct file file = new_file();

	change_hole(&file, 0);
	file_check(&file);
	file_rounds(&file, change_hole);
}

static void store_beyond_end(struct file *file, unsigned int len)
{
	int fd = file_open(file, O_RDWR);
	char *map = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);

	check(map != MAP_FAILED, "mmap: %s", strerror(errno));
	fill_random(map + file->end, len);
	munmap(map, file->size);
	close(fd);
}

/* What programs store beyond the end of a file is zeroed by writeback. */
static void change_end(struct file *file, unsigned int round)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);

	store_beyond_end(file, 1 + round % 1000);
	/* It is dirty, so it may not be sealed. If it is, it is by now. */
	wait_cycles(1);
	file_close(file, fd);
}

void test_end_of_file(void)
{
	struct file file = new_file();

	file.end -= PGSA_PAGE / 2;
	file_cut(&file, file.end);
	file_rounds(&file, change_end);
}

static char *stored;

/* The entry was writable, fsync() made it read-only, now it is written again. */
static void change_stored(struct file *file, unsigned int round)
{
	size_t at = random_word() % file->size;

	file->model[at]++;
	stored[at]++;
	if (round % 2)
		wait_cycles(0);
	check(!msync(stored, file->size, MS_SYNC), "msync: %s",
	      strerror(errno));
}

void test_cleaned(void)
{
	struct file file = new_file();
	int fd = file_open(&file, O_RDWR);

	stored = mmap(NULL, file.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      0);
	check(stored != MAP_FAILED, "mmap: %s", strerror(errno));
	close(fd);
	file.refused = true;
	file_rounds(&file, change_stored);

	munmap(stored, file.size);
	file.refused = false;
	file_settle(&file);
	flip_repaired(file.map);
}

/* O_DIRECT goes past the page cache, whose pages are thrown out. */
static void change_direct(struct file *file, unsigned int round)
{
	size_t at = round % (PAGES - 1) * PGSA_PAGE;
	int fd = file_open(file, O_WRONLY | O_DIRECT);

	fill_random(file->model + at, 2 * PGSA_PAGE);
	check(pwrite(fd, file->model + at, 2 * PGSA_PAGE, at) ==
	      2 * PGSA_PAGE, "direct write: %s", strerror(errno));
	file_close(file, fd);
}

void test_direct(void)
{
	struct file file = new_file();

	file_rounds(&file, change_direct);
}

/* Data goes through the journal; only a checkpoint makes the pages clean. */
static void change_journal(struct file *file, unsigned int round)
{
	int fd;

	if (round % 2)
		change_truncate(file, round / 2);
	else
		file_change(file, round / 2);
	fd = open(file->path, O_RDONLY | O_CLOEXEC);
	check(!syncfs(fd), "syncfs: %s", strerror(errno));
	close(fd);
}

void test_journal(void)
{
	struct file file;

	begin();
	mount_image("ext4", "4096", "extents", "data=journal");
	file = file_new("ext4/file", PAGES);
	file_rounds(&file, change_journal);
}

/* Data in the inode: pages are written to without ever being marked dirty. */
static struct file new_inline(void)
{
	struct file file;

	begin();
	mount_image("ext4", "4096", "inline_data", NULL);
	file = file_new("ext4/file", 1);
	file.end = 600;
	check(!unlink(file.path), "unlink: %s", strerror(errno));
	memset(file.model + file.end, 0, file.size - file.end);
	close(open(file.path, O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	file_write(&file, 0, file.end);
	file_map(&file, PROT_READ);
	return file;
}

static void change_inline(struct file *file, unsigned int round)
{
	size_t at = random_word() % 300;

	file_write(file, at, 1 + round % 300);
}

void test_inline(void)
{
	struct file file = new_inline();

	flip_repaired(file.map);
	file_rounds(&file, change_inline);
}

static void change_inline_truncate(struct file *file, unsigned int round)
{
	if (round % 2) {
		file_write(file, 0, file->end);
		return;
	}
	file_cut(file, 50 + random_word() % 300);
}

void test_inline_truncate(void)
{
	struct file file = new_inline();

	file_rounds(&file, change_inline_truncate);
}
