// SPDX-License-Identifier: GPL-2.0
/*
 * A file, mapped read-only, that is changed in rounds: its pages are sealed,
 * the kernel writes to them, and what is seen is compared with a model.
 */
#include "files.h"

#include <sys/mount.h>

#define ROUND_SECONDS	0.5
#define HURRY_SECONDS	0.2
#define MIN_ROUNDS	3

static unsigned int injected;

/*
 * Mounts of our own go with the process, however it ends. The searcher shall
 * not wait for the load, as it would under SCHED_IDLE.
 */
void begin(void)
{
	mkdir(WORK_DIR, 0700);
	check(!unshare(CLONE_NEWNS) &&
	      !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL),
	      "a mount namespace: %s", strerror(errno));
	check(!mount("tmpfs", WORK_DIR, "tmpfs", 0, "mode=700") &&
	      !chdir(WORK_DIR), WORK_DIR ": %s", strerror(errno));
	search_scope(files_unmapped ? "pagecache" : "mapped");
}

/* A search begins with draining the LRU caches, whose pages are not sealed. */
void restart_search(void)
{
	policy_must_set("enable", "0");
	policy_must_set("enable", "1");
	searcher_awake();
}

void search_scope(const char *scope)
{
	policy_must_set("enable", "0");
	policy_must_set("scope", scope);
	restart_search();
}

unsigned long long false_errors(void)
{
	return sysfs_stat("errors_detected") - errors_before - injected;
}

void flip_repaired(const void *page)
{
	unsigned int bit = random_word() % PAGE_BITS;

	if (files_unmapped)
		unmapped_flip_is_repaired(page, bit);
	else
		flip_is_repaired(page, bit);
	injected++;
}

/* What was written while a frame was sealed has been looked at after that. */
void end(void)
{
	struct report report = { 0 };

	wait_cycles(2);
	check(!false_errors() && policy_stat("errors") == injected,
	      "%llu false errors, the first for pfn %#lx", false_errors(),
	      trace_next(&report) ? report.pfn : 0);
	expect_no_report(0);
}

uint32_t random_word(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32;
}

void fill_random(char *to, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = random_word() | 1;
}

int file_open(const struct file *file, int flags)
{
	int fd;

	if (file->fd >= 0)
		return file->fd;
	fd = open(file->path, flags | O_CLOEXEC, 0600);
	check(fd >= 0, "%s: %s", file->path, strerror(errno));
	return fd;
}

/* Written back, so that the pages are clean again and may be sealed. */
void file_close(const struct file *file, int fd)
{
	check(!fsync(fd) || errno == EINVAL, "fsync %s: %s", file->path,
	      strerror(errno));
	if (fd != file->fd)
		close(fd);
}

static void new_model(struct file *file)
{
	file->model = mmap(NULL, file->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(file->model != MAP_FAILED, "mmap: %s", strerror(errno));
	fill_random(file->model, file->size);
}

void file_map(struct file *file, int prot)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);

	check(fd >= 0, "%s: %s", file->path, strerror(errno));
	if (files_unmapped) {
		unmapped_view(file, fd);
	} else {
		file->map = mmap(NULL, file->size, prot, MAP_SHARED, fd, 0);
		check(file->map != MAP_FAILED, "mmap %s: %s", file->path,
		      strerror(errno));
		close(fd);
	}
	file_check(file);
	restart_search();
}

struct file file_new(const char *path, unsigned int pages)
{
	struct file file = { .fd = -1, .size = pages * PGSA_PAGE };
	int fd;

	snprintf(file.path, sizeof(file.path), "%s", path);
	file.end = file.size;
	new_model(&file);
	fd = file_open(&file, O_RDWR | O_CREAT | O_TRUNC);
	check(write(fd, file.model, file.size) == (ssize_t)file.size,
	      "write %s: %s", path, strerror(errno));
	file_close(&file, fd);
	file_map(&file, PROT_READ);
	return file;
}

/* An open file without a name, to be written through this @fd only. */
struct file file_of_fd(int fd, unsigned int pages)
{
	struct file file = { .fd = fd, .size = pages * PGSA_PAGE };

	check(fd >= 0, "no file: %s", strerror(errno));
	snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", fd);
	file.end = file.size;
	new_model(&file);
	check(pwrite(fd, file.model, file.size, 0) == (ssize_t)file.size,
	      "write: %s", strerror(errno));
	file_map(&file, PROT_READ);
	return file;
}

void file_keep_open(struct file *file)
{
	file->fd = file_open(file, O_RDWR);
}

void file_write(struct file *file, size_t at, size_t len)
{
	int fd = file_open(file, O_WRONLY);

	fill_random(file->model + at, len);
	check(pwrite(fd, file->model + at, len, at) == (ssize_t)len,
	      "write %s: %s", file->path, strerror(errno));
	file_close(file, fd);
}

/* Cut off at @at, and as long as before: zeros come back. */
void file_cut(struct file *file, size_t at)
{
	int fd = file_open(file, O_WRONLY);

	check(!ftruncate(fd, at) && !ftruncate(fd, file->end),
	      "ftruncate %s: %s", file->path, strerror(errno));
	memset(file->model + at, 0, file->size - at);
	file_close(file, fd);
}

/* @mode: one of fallocate()'s that leave zeros. */
void file_zero(struct file *file, int mode, size_t at, size_t len)
{
	int fd = file_open(file, O_WRONLY);

	if (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, at, len)) {
		check(errno == EOPNOTSUPP, "fallocate %s, mode %#x: %s",
		      file->path, mode, strerror(errno));
		skip("no such fallocate() here");
	}
	memset(file->model + at, 0, len);
	file_close(file, fd);
}

void file_check(const struct file *file)
{
	const char *seen = file->map;
	char *copy = NULL;
	size_t i;

	if (files_unmapped) {
		copy = malloc(file->size);
		check(copy, "out of memory");
		unmapped_read(file->map, copy, file->size);
		seen = copy;
	}
	for (i = 0; i < file->size; i++)
		check(seen[i] == file->model[i],
		      "%s: byte %zu is %#x instead of %#x, %llu false errors",
		      file->path, i, seen[i] & 255, file->model[i] & 255,
		      false_errors());
	free(copy);
}

static void settle_page(const struct file *file, size_t at, double limit)
{
	unsigned int looks = 0, restart = 64;
	struct pgsa_frame frame;

	for (;;) {
		frame = frame_of(pfn_of(file->map + at));
		if (is_sealed(&frame))
			return;
		if (false_errors())
			end();
		if (now_s() > limit)
			break;
		/* Rarely, since the search begins anew. */
		if (++looks == restart) {
			restart_search();
			restart *= 4;
		}
		sleep_ms(2);
	}
	check(file->refused, "%s: pfn %#lx stays %s, writers=%u admit=%s",
	      file->path, frame.pfn, frame.state, frame.writers, frame.admit);
}

/* Until the page at @at is sealed. */
void file_settle_page(const struct file *file, size_t at)
{
	settle_page(file, at, now_s() + WAIT_MS / 1000.0);
}

/* Until all pages are sealed or, if they are refused, would have been. */
void file_settle(const struct file *file)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	size_t at;

	if (files_unmapped) {
		unmapped_settle(file);
		return;
	}
	/* Pages that were thrown out are not mapped. */
	madvise((void *)file->map, file->size, MADV_POPULATE_READ);
	if (file->refused) {
		wait_cycles(1);
		limit = now_s();
	}
	for (at = 0; at < file->size; at += PGSA_PAGE)
		settle_page(file, at, limit);
}

/* Sealed before each change at first, then in a hurry, whatever comes of it. */
void file_rounds(struct file *file, change_fn change)
{
	double begin = now_s(), limit = begin + ROUND_SECONDS;
	unsigned int round, sealed;

	for (round = 0; round < MIN_ROUNDS || now_s() < limit; round++) {
		file_settle(file);
		change(file, round);
		file_check(file);
		if (round < MIN_ROUNDS)
			wait_cycles(1);
	}
	sealed = round;
	for (limit = now_s() + HURRY_SECONDS; now_s() < limit; round++) {
		change(file, round);
		file_check(file);
		sched_yield();
	}
	file_settle(file);
	end();
	file_check(file);
	diag("%u rounds, %u more in a hurry, %.1f s", sealed, round - sealed,
	     now_s() - begin);
}

/* For file_rounds(): all pages in turn with a few bytes across two of them. */
void file_change(struct file *file, unsigned int round)
{
	size_t at = random_word() % (file->size - 2 * PGSA_PAGE);

	if (round % 2)
		file_write(file, at, 1 + random_word() % PGSA_PAGE);
	else
		file_write(file, 0, file->end);
}
