// SPDX-License-Identifier: GPL-2.0
/*
 * Writers of shared memory: memfd, tmpfs, shared anonymous memory, SysV. Its
 * pages are always dirty, which does not keep them from being sealed.
 */
#include "files.h"

#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/uio.h>

#define PAGES		8
#define HUGE_FILES	32	/* of HUGE_SIZE, as one file */

static void change_zero(struct file *file, unsigned int round)
{
	size_t at = random_word() % (file->size - 2 * PGSA_PAGE);

	if (round % 3 == 0)
		file_zero(file, FALLOC_FL_PUNCH_HOLE, at,
			  1 + random_word() % (2 * PGSA_PAGE));
	else if (round % 3 == 1)
		file_cut(file, at);
	else
		file_write(file, 0, file->end);
}

/* A memfd is open for writing all its life, without being counted as such. */
static struct file new_memfd(void)
{
	begin();
	return file_of_fd(memfd_create("pgsa", MFD_CLOEXEC), PAGES);
}

void test_memfd(void)
{
	struct file file = new_memfd();

	flip_repaired(file.map);
	file_rounds(&file, file_change);
	flip_repaired(file.map + PGSA_PAGE);
}

void test_memfd_zero(void)
{
	struct file file = new_memfd();

	file_rounds(&file, change_zero);
}

static struct file new_tmpfs(void)
{
	begin();
	return file_new("file", PAGES);
}

void test_tmpfs(void)
{
	struct file file = new_tmpfs();

	flip_repaired(file.map);
	file_rounds(&file, file_change);
	flip_repaired(file.map + PGSA_PAGE);
}

void test_tmpfs_zero(void)
{
	struct file file = new_tmpfs();

	file_rounds(&file, change_zero);
}

void test_tmpfs_kept_open(void)
{
	struct file file = new_tmpfs();

	file_keep_open(&file);
	file.refused = true;
	file_rounds(&file, file_change);
}

/* Stores by a process that can write, then write(2) where that is possible. */
static void stores(struct file *file, char *shared, unsigned int round)
{
	size_t at = random_word() % file->size;

	protect(shared, file->size, PROT_READ | PROT_WRITE);
	fill_random(file->model + at, 1);
	shared[at] = file->model[at];
	if (round % 2)
		sched_yield();
	protect(shared, file->size, PROT_READ);
}

static char *shared_area;

static void change_anon(struct file *file, unsigned int round)
{
	if (round % 2)
		stores(file, shared_area, round / 2);
	else
		file_change(file, round / 2);
}

/* Its file has no name but can be opened through /proc. */
void test_shared_anon(void)
{
	struct file file = { .fd = -1, .size = PAGES * PGSA_PAGE };

	begin();
	file.end = file.size;
	file.model = calloc(1, file.size);
	shared_area = mmap(NULL, file.size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(file.model && shared_area != MAP_FAILED, "mmap");
	memset(shared_area, 0, file.size);
	protect(shared_area, file.size, PROT_READ);
	snprintf(file.path, sizeof(file.path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)shared_area,
		 (unsigned long)shared_area + file.size);
	file_map(&file, PROT_READ);
	file_settle(&file);
	flip_repaired(shared_area);
	file_rounds(&file, change_anon);
}

static int shm_id;

static void change_sysv(struct file *file, unsigned int round)
{
	char *area = shmat(shm_id, NULL, 0);

	check(area != (char *)-1, "shmat: %s", strerror(errno));
	stores(file, area, round);
	shmdt(area);
}

void test_sysv(void)
{
	struct file file = { .fd = -1, .size = PAGES * PGSA_PAGE };

	begin();
	file.end = file.size;
	file.model = calloc(1, file.size);
	shm_id = shmget(IPC_PRIVATE, file.size, 0600 | IPC_CREAT);
	file.map = shmat(shm_id, NULL, SHM_RDONLY);
	check(file.model && file.map != (char *)-1, "shmat: %s",
	      strerror(errno));
	shmctl(shm_id, IPC_RMID, NULL);
	file_settle(&file);
	flip_repaired(file.map);
	file_rounds(&file, change_sysv);
}

static void mount_huge(void)
{
	begin();
	mkdir("huge", 0700);
	if (mount("tmpfs", "huge", "tmpfs", 0, "huge=always,mode=700"))
		skip("no huge pages in tmpfs");
}

static bool is_huge(const char *map)
{
	unsigned long first = pfn_of(map);

	return first % 512 == 0 && pfn_of(map + HUGE_SIZE - PGSA_PAGE) ==
	       first + 511;
}

static void change_huge(struct file *file, unsigned int round)
{
	size_t at = random_word() % HUGE_SIZE;

	if (round % 4 == 1)
		file_zero(file, FALLOC_FL_PUNCH_HOLE, at, 5000);
	else if (round % 4)
		file_write(file, at, 5000);
	else
		file_write(file, 0, file->end);
}

/* One entry maps 512 frames, and a hole splits them. */
void test_tmpfs_huge(void)
{
	struct file file;

	mount_huge();
	file = file_new("huge/file", 2 * HUGE_SIZE / PGSA_PAGE);
	if (!is_huge(file.map))
		skip("got no huge page");
	flip_repaired(file.map + 300 * PGSA_PAGE);
	file_rounds(&file, change_huge);
}

/* The same two million bytes everywhere. */
static void write_everywhere(const struct file *file, char *bytes)
{
	int fd = open(file->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct iovec iov[HUGE_FILES];
	unsigned int i;

	for (i = 0; i < HUGE_FILES; i++)
		iov[i] = (struct iovec){ bytes, HUGE_SIZE };
	check(pwritev(fd, iov, HUGE_FILES, 0) == (ssize_t)file->size,
	      "%s: %s", file->path, strerror(errno));
	close(fd);
}

static struct file new_big_file(char *bytes)
{
	struct file file = {
		.path = "huge/file",
		.size = HUGE_FILES * HUGE_SIZE,
	};
	int fd;

	mount_huge();
	write_everywhere(&file, bytes);
	fd = open(file.path, O_RDONLY | O_CLOEXEC);
	file.map = mmap(NULL, file.size, PROT_READ, MAP_SHARED, fd, 0);
	check(file.map != MAP_FAILED &&
	      !madvise((void *)file.map, file.size, MADV_POPULATE_READ),
	      "mmap: %s", strerror(errno));
	close(fd);
	restart_search();
	return file;
}

/*
 * A write to a huge page takes long, and is known to be over only when the page
 * is marked dirty: the searcher meets it in the middle now and then.
 */
void test_tmpfs_huge_races(void)
{
	char *bytes = malloc(HUGE_SIZE);
	struct file file = new_big_file(bytes);
	double limit = now_s() + 4;
	unsigned int round;

	if (!is_huge(file.map))
		skip("got no huge page");
	for (round = 0; now_s() < limit; round++) {
		file_settle_page(&file, 0);
		file_settle_page(&file, file.size - PGSA_PAGE);
		sleep_ms(random_word() % 100);
		fill_random(bytes, HUGE_SIZE);
		write_everywhere(&file, bytes);
	}
	end();
	check(!memcmp(file.map, bytes, HUGE_SIZE), "wrong content");
	diag("%u rounds", round);
}
