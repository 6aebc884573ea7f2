// SPDX-License-Identifier: GPL-2.0
/*
 * Writers of FUSE's page cache. They never mark a page dirty, and the server
 * stores without having the file open. So FUSE is not admitted; the hooks for
 * it are tested nevertheless, on kernels that admit it.
 */
#include "files_fused.h"

static int server;

static struct file new_fuse_file(void)
{
	struct file file;

	begin();
	server = fused_mount("fuse");
	file = file_new("fuse/" FUSED_NAME, FUSED_PAGES);
	file.refused = true;
	return file;
}

/* A page comes to an LRU list with others, if not by itself in a second. */
static void wait_listed(unsigned long pfn)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (!strcmp(frame_of(pfn).admit, "not_lru") && now_s() < limit)
		wait_cycles(1);
}

static void check_refused(const struct file *file, const char *reason)
{
	struct pgsa_frame frame;
	size_t at;

	for (at = 0; at < file->size; at += PGSA_PAGE) {
		wait_listed(pfn_of(file->map + at));
		frame = frame_of(pfn_of(file->map + at));
		check(!is_sealed(&frame) && !strcmp(frame.admit, reason),
		      "pfn %#lx: %s, admit=%s instead of %s", frame.pfn,
		      frame.state, frame.admit, reason);
	}
}

void test_fuse_refused(void)
{
	struct file file = new_fuse_file();

	wait_cycles(3);
	check_refused(&file, "filesystem");
}

static void change_write(struct file *file, unsigned int round)
{
	size_t at = round % 2 ? random_word() % PGSA_PAGE : 0;

	file_write(file, at, (FUSED_PAGES - 1) * PGSA_PAGE);
}

void test_fuse_write(void)
{
	struct file file = new_fuse_file();

	file_rounds(&file, change_write);
}

static void change_store(struct file *file, unsigned int round)
{
	size_t at = round % 2 ? random_word() % PGSA_PAGE : 0;
	size_t len = (FUSED_PAGES - 1) * PGSA_PAGE;

	fill_random(file->model + at, len);
	fused_store(server, at, file->model + at, len);
}

void test_fuse_store(void)
{
	struct file file = new_fuse_file();

	file_rounds(&file, change_store);
}
