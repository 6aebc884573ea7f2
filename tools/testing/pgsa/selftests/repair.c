// SPDX-License-Identifier: GPL-2.0
/*
 * What the repair does with memory that does not take it, which pages it leaves
 * alone, and what the kernel says about it.
 */
#include "pgsa_selftest.h"
#include "swap.h"

#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>

#define STUCK		PGSA_DEBUGFS "/stuck_pfn"
#define LOG_BYTES	1048576
#define LOG_FLIPS	399
#define PLACE		"/tmp/pgsa-writeback"

static char kernel_log[LOG_BYTES];

/* How often a text stands in the kernel's log since it was cleared */
static unsigned int log_count(const char *text)
{
	int n = klogctl(3 /* read all */, kernel_log, sizeof(kernel_log) - 1);
	unsigned int count = 0;
	const char *at = kernel_log;

	check(n >= 0, "klogctl: %s", strerror(errno));
	kernel_log[n] = '\0';
	while ((at = strstr(at, text))) {
		count++;
		at++;
	}
	return count;
}

static bool log_says(const char *text)
{
	double limit = now_s() + 8;

	while (!log_count(text)) {
		if (now_s() > limit)
			return false;
		sleep_ms(50);
	}
	return true;
}

/* Until the limits of the log have forgotten what was before */
static void log_clear(void)
{
	sleep_ms(5500);
	klogctl(5 /* clear */, NULL, 0);
}

/* The line of a frame in the list of those that were given up, or "" */
static const char *hurt_line(unsigned long pfn)
{
	static char line[256];
	FILE *list = fopen(PGSA_SYSFS "/hurt", "re");
	char begin[32];

	check(list, "hurt: %s", strerror(errno));
	snprintf(begin, sizeof(begin), "pfn=%#lx ", pfn);
	while (fgets(line, sizeof(line), list))
		if (!strncmp(line, begin, strlen(begin)))
			break;
	if (feof(list))
		line[0] = '\0';
	fclose(list);
	return line;
}

static void stick(unsigned long pfn, unsigned int bit, unsigned int value)
{
	char text[64];

	snprintf(text, sizeof(text), "%#lx %u %u", pfn, bit, value);
	check(!pgsa_write(STUCK, text), "stuck_pfn: %s", text);
}

/* A cell that holds what it wants is not "corrected" each time anew. */
static void test_stuck(void)
{
	const unsigned int bit = 4711;
	char *page = (char *)new_pages(1, PROT_READ);
	unsigned long pfn = wait_sealed(page);
	bool is = page[bit / 8] >> bit % 8 & 1;

	if (access(STUCK, W_OK))
		skip("no stuck_pfn");
	stick(pfn, bit, !is);
	wait_cycles(5);
	check(policy_stat("unresolved") == 1, "unresolved: %llu",
	      policy_stat("unresolved"));
	check(!policy_stat("corrected"), "corrected: %llu",
	      policy_stat("corrected"));
	check(frame_of(pfn).hurt, "the frame is not given up");
	check(strstr(hurt_line(pfn), "reason=stuck"), "hurt: %s",
	      hurt_line(pfn));
	check(!pgsa_write(STUCK, "\n"), "cannot clear stuck_pfn");
}

static void test_stuck_refused(void)
{
	static const char *const bad[] = {
		"1", "1 2", "x 1 1", "0x100 32768 1", "0x100 1 2",
		"0x100 1 1 1", "0xffffffffffffff 1 1",
	};
	unsigned int i;

	if (access(STUCK, W_OK))
		skip("no stuck_pfn");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		check(pgsa_write(STUCK, bad[i]), "\"%s\" was taken", bad[i]);
}

/* One that cannot be repaired, among many that can */
static void test_log(void)
{
	char *pages = (char *)new_pages(4, PROT_READ), line[128];
	unsigned long pfn = wait_sealed(pages + 3 * PGSA_PAGE);
	double begin = now_s();
	unsigned int i;
	bool many;

	log_clear();
	for (i = 0; i < LOG_FLIPS; i++) {
		if (i == LOG_FLIPS / 2)
			check(!pgsa_inject(getpid(), (uintptr_t)pages +
					   3 * PGSA_PAGE, 0x11), "injection");
		flip(pages + i % 3 * PGSA_PAGE, i * 7);
		while (policy_stat("corrected") <= i)
			sleep_ms(1);
	}
	/* Two a second get a line each: then none is left out. */
	many = now_s() - begin < LOG_FLIPS / 4;
	snprintf(line, sizeof(line), "error: pfn=%#lx ", pfn);
	check(log_says(line), "nothing in the log about pfn %#lx", pfn);
	if (!many)
		skip("too slow for more errors than lines");
	check(log_says("errors left out of the log"), "nobody says that lines are left out");
	i = log_count("result=corrected");
	check(i && i < LOG_FLIPS, "%u lines about corrected errors", i);
	diag("%u lines about %u corrected errors", i, LOG_FLIPS);
}

static void test_hurt_list(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	unsigned long pfn = wait_sealed(page);
	struct stat st;

	check(!stat(PGSA_SYSFS "/hurt", &st) && (st.st_mode & 0777) == 0400,
	      "hurt has the mode %o", st.st_mode & 0777);
	check(!*hurt_line(pfn), "hurt before: %s", hurt_line(pfn));
	check(!pgsa_inject(getpid(), (uintptr_t)page, 0x11), "injection");
	expect_report(pfn, -1, "unresolved");
	wait_cycles(1);
	check(strstr(hurt_line(pfn), " reason=uncorrectable code=crc32") &&
	      strstr(hurt_line(pfn), " policy=selftest\n"), "hurt: %s",
	      hurt_line(pfn));
	munmap(page, PGSA_PAGE);
	wait_cycles(1);
	check(!*hurt_line(pfn), "hurt after it was freed: %s", hurt_line(pfn));
}

/*
 * The device is cleared after its last user, so it is left open; but only to be
 * read, or it could not be mounted.
 */
static void attach(const char *path, char *device, size_t size)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int fd, nr;

	nr = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (nr < 0)
		skip("no loop device");
	close(control);
	snprintf(device, size, "/dev/loop%d", nr);
	fd = open(device, O_RDWR | O_CLOEXEC);
	config.fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config), "%s: %s", path,
	      strerror(errno));
	check(open(device, O_RDONLY | O_CLOEXEC) >= 0, "%s: %s", device,
	      strerror(errno));
	close(config.fd);
	close(fd);
}

static void make_file(const char *path, size_t size, bool filled)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	check(fd >= 0 && !(filled ? posix_fallocate(fd, 0, size) :
			   ftruncate(fd, size)), "%s: %s", path,
	      strerror(errno));
	close(fd);
}

/* Swap in a file of a file system that can be frozen; returns its directory. */
static int make_slow_swap(char *swap, size_t size)
{
	char disk[32];
	int place;

	mkdir(PLACE, 0700);
	check(!mount("place", PLACE, "tmpfs", 0, NULL), "tmpfs: %s",
	      strerror(errno));
	make_file(PLACE "/disk", 64 << 20, false);
	if (system("/sbin/mke2fs -q -F -t ext4 " PLACE "/disk >/dev/null 2>&1"))
		skip("no mke2fs");
	attach(PLACE "/disk", disk, sizeof(disk));
	check(!mount(disk, PLACE, "ext4", 0, NULL), "ext4: %s", strerror(errno));
	make_file(PLACE "/swap", 16 << 20, true);
	attach(PLACE "/swap", swap, size);
	make_swap(swap, (16 << 20) / PGSA_PAGE);
	check(!swapon(swap, SWAP_FLAG_PREFER | 1000), "swapon: %s",
	      strerror(errno));
	place = open(PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(place >= 0, "%s: %s", PLACE, strerror(errno));
	return place;
}

/*
 * A page that is on its way to swap, and mapped again meanwhile: a frozen file
 * system keeps it under way for as long as is wanted.
 */
static void test_swap_writeback(void)
{
	char *page = (char *)new_pages(1, PROT_READ);
	char swap[32], copy[PGSA_PAGE];
	unsigned long pfn = wait_sealed(page);
	struct pgsa_frame frame;
	int place = make_slow_swap(swap, sizeof(swap));
	double limit = now_s() + WAIT_MS / 1000.0;

	memcpy(copy, page, PGSA_PAGE);
	check(!ioctl(place, FIFREEZE, 0), "FIFREEZE: %s", strerror(errno));
	/*
	 * It waits in a list of its CPU until a searcher empties that. Nothing is paged
	 * out that somebody has just now, as a searcher may.
	 */
	do {
		madvise(page, PGSA_PAGE, MADV_PAGEOUT);
		check(!memcmp(page, copy, PGSA_PAGE) && pfn_of(page) == pfn,
		      "the page has not come back from the swap cache");
		wait_cycles(3);
		frame = frame_of(pfn);
	} while (strcmp(frame.admit, "dirty") && now_s() < limit);
	ioctl(place, FITHAW, 0);
	close(place);
	diag("under writeback: state=%s admit=%s", frame.state, frame.admit);
	check(!strcmp(frame.admit, "dirty"), "admit=%s", frame.admit);
	check(!is_sealed(&frame), "sealed while it is being written");
	wait_sealed(page);
	swapoff(swap);
	umount2(PLACE, MNT_DETACH);
	umount2(PLACE, MNT_DETACH);
}

static const struct selftest tests[] = {
	{ "a stuck cell is given up, and not corrected each time", test_stuck },
	{ "bad input to stuck_pfn", test_stuck_refused },
	{ "an error that stays is not lost among many corrected ones", test_log },
	{ "frames that were given up are listed until they are freed",
	  test_hurt_list },
	{ "a page on its way to swap is left alone", test_swap_writeback },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, sizeof(tests) / sizeof(*tests));
}
