// SPDX-License-Identifier: GPL-2.0
/*
 * The machine sleeps, is written to disk and read again, or starts another kernel,
 * and all the time a policy is live.
 *
 * Needs a guest of its own: a root file system by 9p does not survive that its
 * device is suspended. So this program is linked statically and runs from a copy
 * in memory, and what must run after it is read beforehand.
 *
 * usage: power [KERNEL]	KERNEL: the one to start by kexec, in the end
 */
#include "pgsa_selftest.h"

#include <linux/kexec.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/syscall.h>

#define POWER		"/sys/power"
#define SWAP_DEVICE	"/dev/image0"
#define COPY		"/dev/shm/pgsa-power"
#define KEXEC_MARK	"pgsa_kexec=1"

/* Never called: a page of code that is ours alone begins in or at it. */
static void code(void)
{
	asm(".balign 4096\n\t.fill 4096, 1, 0xc3");
}

/* Pages that have to live through it. */

static struct subject {
	const char *page;
	char content[PGSA_PAGE];
	struct pgsa_frame frame;
	unsigned int bit;
	bool reported;
} subjects[2];

static void expect_reports(void)
{
	struct report report;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		check(trace_wait(&report, WAIT_MS), "%u reports", i);
		for (j = 0; j < ARRAY_SIZE(subjects); j++)
			if (subjects[j].frame.pfn == report.pfn)
				break;
		check(j < ARRAY_SIZE(subjects) && !subjects[j].reported,
		      "pfn %#lx wrongly reported", report.pfn);
		check(report.bit == (int)subjects[j].bit &&
		      !strcmp(report.result, "corrected"), "pfn %#lx bit %d %s",
		      report.pfn, report.bit, report.result);
		subjects[j].reported = true;
	}
}

/* Seal the pages, let the searcher rest, and damage them. */
static void fall_asleep(void)
{
	unsigned int i;

	alarm(4 * TEST_SECONDS);
	subjects[0].page = (const char *)new_pages(1, PROT_READ);
	subjects[1].page = (const char *)(((uintptr_t)code + PGSA_PAGE - 1) &
					  -PGSA_PAGE);
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		memcpy(subjects[i].content, subjects[i].page, PGSA_PAGE);
		wait_sealed(subjects[i].page);
	}
	wait_cycles(2);
	policy_must_set("interval_ms", "80000000");
	sleep_ms(500);
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		subjects[i].frame = frame_of(pfn_of(subjects[i].page));
		subjects[i].bit = 1234 + 7 * i;
		check(is_sealed(&subjects[i].frame), "pfn %#lx is %s",
		      subjects[i].frame.pfn, subjects[i].frame.state);
		flip(subjects[i].page, subjects[i].bit);
	}
	expect_no_report(100);
}

/* The pages are sealed as they were, and what happened before is found now. */
static void wake_up(void)
{
	struct pgsa_frame now;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		now = frame_of(pfn_of(subjects[i].page));
		check(now.pfn == subjects[i].frame.pfn && is_sealed(&now) &&
		      now.generation == subjects[i].frame.generation,
		      "pfn %#lx generation %u became pfn %#lx %s generation %u",
		      subjects[i].frame.pfn, subjects[i].frame.generation,
		      now.pfn, now.state, now.generation);
	}
	policy_must_set("interval_ms", "0");
	expect_reports();
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		check(!memcmp(subjects[i].content, subjects[i].page, PGSA_PAGE),
		      "content changed");
		flip_is_repaired(subjects[i].page, 4321);
	}
	expect_no_report(500);
	check(sysfs_stat("errors_detected") - errors_before ==
	      2 * ARRAY_SIZE(subjects), "%llu errors",
	      sysfs_stat("errors_detected") - errors_before);
	expect_consistent();
}

/* Sleep */

static void need(const char *file, const char *word, const char *reason)
{
	char text[256] = "";

	pgsa_read(file, text, sizeof(text));
	if (!strstr(text, word))
		skip(reason);
}

static void test_level(const char *level, const char *state)
{
	int err;

	need(POWER "/pm_test", level, "no CONFIG_PM_DEBUG");
	need(POWER "/state", state, "no such sleep state");
	pgsa_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	pgsa_write("/sys/module/hibernate/parameters/pm_test_delay", "1");
	check(!pgsa_write(POWER "/pm_test", level), "pm_test=%s", level);
	fall_asleep();
	err = pgsa_write(POWER "/state", state);
	pgsa_write(POWER "/pm_test", "none");
	check(!err, "%s: %s", state, strerror(-err));
	wake_up();
}

static void test_freezer(void)
{
	test_level("freezer", "mem");
}

static void test_devices(void)
{
	test_level("devices", "mem");
}

/* All of it, but that the machine stays on: other CPUs off, interrupts off. */
static void test_core(void)
{
	test_level("core", "mem");
}

/* Hibernation */

static void test_snapshot(void)
{
	need(POWER "/state", "disk", "no CONFIG_HIBERNATION");
	check(!pgsa_write(POWER "/disk", "shutdown"), "no /sys/power/disk");
	test_level("core", "disk");
}

static void swap_on(void)
{
	char header[PGSA_PAGE] = "";
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open(SWAP_DEVICE, O_RDWR | O_CLOEXEC);
	off_t size;

	if (fd < 0)
		skip("no device " SWAP_DEVICE " to write to");
	size = lseek(fd, 0, SEEK_END);
	info[0] = 1;
	info[1] = size / PGSA_PAGE - 1;
	memcpy(header + PGSA_PAGE - 10, "SWAPSPACE2", 10);
	check(pwrite(fd, header, PGSA_PAGE, 0) == PGSA_PAGE && !fsync(fd),
	      SWAP_DEVICE ": %s", strerror(errno));
	close(fd);
	check(!swapon(SWAP_DEVICE, 0), "swapon: %s", strerror(errno));
}

/* Memory is written to disk, read again, and put in place of what is there. */
static void test_restore(void)
{
	int err;

	need(POWER "/state", "disk", "no CONFIG_HIBERNATION");
	need(POWER "/disk", "test_resume", "no test_resume");
	check(!pgsa_write(POWER "/disk", "test_resume"), "test_resume");
	/* Keep in memory what can no longer be read. */
	pgsa_write(POWER "/image_size", "4000000000");
	swap_on();
	fall_asleep();
	err = pgsa_write(POWER "/state", "disk");
	check(!err, "hibernation: %s", strerror(-err));
	wake_up();
	check(!swapoff(SWAP_DEVICE), "swapoff: %s", strerror(errno));
}

/* Another kernel */

static const char *no_kexec = "no kernel was given";

static bool after_kexec(void)
{
	char text[4096] = "";

	pgsa_read("/proc/cmdline", text, sizeof(text));
	return strstr(text, KEXEC_MARK);
}

/* While files can be read. */
static void load_kernel(const char *kernel)
{
	int fd = open(kernel, O_RDONLY | O_CLOEXEC);
	char line[4096] = "";

	no_kexec = "no CONFIG_KEXEC_FILE";
	if (access("/sys/kernel/kexec_loaded", F_OK))
		return;
	pgsa_read("/proc/cmdline", line, sizeof(line) - sizeof(KEXEC_MARK) - 1);
	strcat(line, " " KEXEC_MARK);
	no_kexec = NULL;
	if (syscall(SYS_kexec_file_load, fd, -1, strlen(line) + 1, line,
		    KEXEC_FILE_NO_INITRAMFS))
		diag("kexec_file_load: %s", strerror(errno));
	close(fd);
}

static void test_kexec(void)
{
	if (after_kexec()) {
		/* The records have begun with nothing. */
		fall_asleep();
		wake_up();
		return;
	}
	if (no_kexec)
		skip(no_kexec);
	wait_sealed(new_pages(16, PROT_READ));
	sync();
	sleep_ms(200);
	reboot(RB_KEXEC);
	check(false, "kexec: %s", strerror(errno));
}

/* All that the first process is made of shall be in the page cache. */
static void read_init(void)
{
	struct pgsa_area area;
	FILE *maps = fopen("/proc/1/maps", "r");
	char buffer[65536];
	char *path;
	int fd;

	while (maps && pgsa_next_area(maps, &area)) {
		path = strchr(area.path, '/');
		fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		while (fd >= 0 && read(fd, buffer, sizeof(buffer)) > 0)
			;
		close(fd);
	}
	if (maps)
		fclose(maps);
}

/* Even to close a file of that root file system would take forever. */
static void run_from_memory(char **argv)
{
	char buffer[65536];
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(COPY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ssize_t n;

	if (out < 0)
		return;		/* this is the copy */
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, n) != n)
			break;
	close(out);
	execv(COPY, argv);
}

static const struct selftest tests[] = {
	{ "processes are frozen", test_freezer },
	{ "devices are suspended", test_devices },
	{ "suspend, but for switching off", test_core },
	{ "a snapshot for hibernation", test_snapshot },
	{ "hibernation and resume", test_restore },
	{ "another kernel by kexec", test_kexec },
};

int main(int argc, char **argv)
{
	const struct selftest *last = &tests[ARRAY_SIZE(tests) - 1];
	unsigned int failed = 0, skipped = 0;

	run_from_memory(argv);
	if (!after_kexec()) {
		if (argc > 1)
			load_kernel(argv[1]);
		read_init();
		mlockall(MCL_CURRENT);
		return run_tests(1, argv, tests, ARRAY_SIZE(tests));
	}
	/* All others have been run by the kernel before. */
	prepare_tests();
	check(!missing(), "%s", missing());
	run_test(last, ARRAY_SIZE(tests), &failed, &skipped);
	return failed ? TEST_FAIL : TEST_PASS;
}
