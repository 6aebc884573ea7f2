// SPDX-License-Identifier: GPL-2.0
/*
 * Mixed load, no flips, an unlimited search: whatever is reported is false.
 *
 * SELFTEST_SOAK    seconds (default 60)
 * PGSA_BLOCKDEV    block device with an ext4 file system for the file writers
 *                  (default: the guest's first image, /dev/image0)
 */
#include "pgsa_selftest.h"

#include <sys/mount.h>
#include <sys/uio.h>

#define FILE_PAGES	64
#define FILE_SIZE	(FILE_PAGES * PGSA_PAGE)
#define MOUNT_POINT	"/tmp/pgsa-soak"

static uint32_t random_word(void)
{
	static uint64_t state;

	if (!state)
		state = getpid();
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32;
}

/* One round of each load; each is repeated in a process of its own. */

static void load_exec(void)
{
	pid_t pid = fork_child();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", "ls -l / | sort | wc -c >/dev/null",
		      NULL);
		_exit(TEST_FAIL);
	}
	expect_exit(pid);
}

static void load_fork(void)
{
	static uint32_t *area;
	unsigned int i, words = 16 * PGSA_PAGE / 4;
	pid_t pids[4];

	if (!area)
		area = new_pages(16, PROT_READ | PROT_WRITE);
	for (i = 0; i < 4; i++) {
		pids[i] = fork_child();
		if (!pids[i]) {
			area[random_word() % words]++;
			sched_yield();
			area[random_word() % words]++;
			_exit(TEST_PASS);
		}
		area[random_word() % words]++;
	}
	for (i = 0; i < 4; i++)
		expect_exit(pids[i]);
}

static void load_mprotect(void)
{
	static uint32_t *area;
	uint32_t *page, word = random_word();

	if (!area)
		area = new_pages(64, PROT_READ);
	page = area + word % 64 * (PGSA_PAGE / 4);
	protect(page, PGSA_PAGE, PROT_READ | PROT_WRITE);
	page[word % 1000] = word;
	sched_yield();
	protect(page, PGSA_PAGE, PROT_READ);
	sched_yield();
	check(page[word % 1000] == word, "a write is lost");
}

static void load_mmap(void)
{
	uint32_t *area = new_pages(32, PROT_READ), *moved;

	sched_yield();
	moved = mremap(area, 32 * PGSA_PAGE, 64 * PGSA_PAGE, MREMAP_MAYMOVE);
	check(moved != MAP_FAILED, "mremap: %s", strerror(errno));
	protect(moved, 64 * PGSA_PAGE, PROT_READ | PROT_WRITE);
	moved[40 * PGSA_PAGE / 4] = 1;
	madvise(moved, 8 * PGSA_PAGE, MADV_DONTNEED);
	munmap(moved, 64 * PGSA_PAGE);
}

static void load_forced(void)
{
	static uint32_t *area;
	static int fd;
	uint32_t word = random_word(), *target;

	if (!area) {
		area = new_pages(16, PROT_READ);
		fd = open("/proc/self/mem", O_RDWR);
	}
	target = area + word % (16 * PGSA_PAGE / 4);
	check(pwrite(fd, &word, 4, (off_t)(uintptr_t)target) == 4,
	      "forced write: %s", strerror(errno));
	sched_yield();
	check(*target == word, "a forced write is lost");
}

/* Ends in read-only memory what began as a write into it, as a device does. */
static void load_pipe(void)
{
	static uint32_t *area;
	struct iovec iov;
	int fds[2];

	if (!area)
		area = new_pages(16, PROT_READ);
	check(!pipe(fds), "pipe: %s", strerror(errno));
	iov = (struct iovec){ area, 8 * PGSA_PAGE };
	check(vmsplice(fds[1], &iov, 1, 0) > 0, "vmsplice: %s", strerror(errno));
	sched_yield();
	protect(area, 16 * PGSA_PAGE, PROT_READ | PROT_WRITE);
	check(read(fds[0], area + 8 * PGSA_PAGE / 4, 8 * PGSA_PAGE) > 0,
	      "read: %s", strerror(errno));
	protect(area, 16 * PGSA_PAGE, PROT_READ);
	close(fds[0]);
	close(fds[1]);
}

/* Writes, stores and truncates; the pages stay mapped in @seen all the time. */
static void change_file(int fd, const char *seen)
{
	char buf[3 * PGSA_PAGE], *map;
	off_t where = random_word() % (FILE_SIZE - sizeof(buf));

	memset(buf, random_word(), sizeof(buf));
	check(pwrite(fd, buf, sizeof(buf), where) == sizeof(buf), "pwrite: %s",
	      strerror(errno));
	check(!memcmp(seen + where, buf, sizeof(buf)), "a write is lost");
	map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	map[random_word() % FILE_SIZE]++;
	munmap(map, FILE_SIZE);
	if (random_word() % 4)
		return;
	where = random_word() % FILE_SIZE;
	check(!ftruncate(fd, where) && !ftruncate(fd, FILE_SIZE),
	      "ftruncate: %s", strerror(errno));
	check(!seen[where], "what was cut off is back");
}

/* Only while nobody has the file open for writing may its pages be sealed. */
static void load_file(void)
{
	static char *seen;
	int fd = open(MOUNT_POINT "/file", O_RDWR | O_CREAT, 0600);
	unsigned int i;

	check(fd >= 0 && !ftruncate(fd, FILE_SIZE), "file: %s", strerror(errno));
	if (!seen)
		seen = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	for (i = 0; i < 8; i++)
		change_file(fd, seen);
	if (random_word() % 2)
		fdatasync(fd);
	close(fd);
	madvise(seen, FILE_SIZE, MADV_POPULATE_READ);
	sleep_ms(random_word() % 50);
}

static void (*const loads[])(void) = {
	load_exec, load_fork, load_mprotect, load_mmap, load_forced, load_pipe,
	load_file,
};

static bool mount_ext4(void)
{
	const char *device = getenv("PGSA_BLOCKDEV");

	mkdir(MOUNT_POINT, 0700);
	return !mount(device ? device : "/dev/image0", MOUNT_POINT, "ext4", 0,
		      NULL);
}

/* One load until the end, counting its rounds. */
static void run_load(unsigned int i, double end, unsigned long *rounds)
{
	while (now_s() < end) {
		loads[i]();
		rounds[i]++;
	}
	_exit(TEST_PASS);
}

static void soak(unsigned int seconds, unsigned int nr_loads)
{
	unsigned long long frames = policy_stat("frames_checked");
	unsigned long *rounds = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double end = now_s() + seconds;
	pid_t pids[ARRAY_SIZE(loads)];
	unsigned int i;

	for (i = 0; i < nr_loads; i++) {
		pids[i] = fork_child();
		if (!pids[i])
			run_load(i, end, rounds);
	}
	expect_no_report(seconds * 1000);
	for (i = 0; i < nr_loads; i++)
		expect_exit(pids[i]);
	expect_no_report(500);
	diag("%u s: rounds exec %lu fork %lu mprotect %lu mmap %lu forced %lu pipe %lu file %lu",
	     seconds, rounds[0], rounds[1], rounds[2], rounds[3], rounds[4],
	     rounds[5], rounds[6]);
	frames = policy_stat("frames_checked") - frames;
	diag("%llu cycles, %llu frames checked, %llu sealed, %llu stale",
	     policy_stat("cycles"), frames, policy_stat("sealed"),
	     policy_stat("stale"));
	check(frames > 1000, "the searcher hardly ran");
	check(!policy_stat("errors"), "%llu errors", policy_stat("errors"));
}

static void test_soak(void)
{
	const char *text = getenv("SELFTEST_SOAK");
	unsigned int seconds = text ? atoi(text) : 60;
	bool ext4 = mount_ext4();

	alarm(seconds + TEST_SECONDS);
	searcher_awake();
	if (!ext4)
		diag("no ext4 block device: without file writes");
	soak(seconds, ext4 ? ARRAY_SIZE(loads) : ARRAY_SIZE(loads) - 1);
	if (ext4)
		umount(MOUNT_POINT);
}

static const struct selftest tests[] = {
	{ "no report under mixed load without injection", test_soak },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
