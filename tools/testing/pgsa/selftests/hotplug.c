// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of memory go offline and come back, while a policy is live and other
 * processes use memory. Their frames' records go and come with them, or else the
 * memory does not come back.
 */
#include "pgsa_selftest.h"
#include "faults.h"

#define BLOCKS		"/sys/devices/system/memory"
#define BLOCKS_MAX	256

/* Somebody who uses memory all the time, until the test ends. */
static void load(void)
{
	const size_t size = 4 << 20;
	pid_t pid = fork_child();
	char *area;
	size_t i;

	while (!pid) {
		area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (i = 0; area != MAP_FAILED && i < size; i += 512)
			area[i] = i / 512;
		mprotect(area, size, PROT_READ);
		sleep_ms(20);
		munmap(area, size);
	}
}

static int block_set(unsigned int block, const char *state)
{
	char path[128];

	snprintf(path, sizeof(path), BLOCKS "/memory%u/state", block);
	return pgsa_write(path, state);
}

static bool block_online(unsigned int block)
{
	char path[128], text[16] = "";

	snprintf(path, sizeof(path), BLOCKS "/memory%u/state", block);
	pgsa_read(path, text, sizeof(text));
	return !strcmp(text, "online");
}

/* One that could be taken offline before; somebody may use it now. */
static void take_offline(unsigned int block)
{
	int tries = 100;

	while (block_set(block, "offline") && --tries)
		sleep_ms(50);
	check(tries, "block %u does not go offline again", block);
}

static unsigned int next_block;

static int call_online(void)
{
	return block_set(next_block, "online");
}

static void look_online(int err)
{
	check(block_online(next_block) == !err, "%s, but the block is %s",
	      err ? "failed" : "done", err ? "online" : "not online");
	expect_consistent();
	if (!err)
		take_offline(next_block);
}

/*
 * Not even the records of its frames can be allocated: the block stays away. The
 * kernel complains of that with a backtrace, which is no news either.
 */
static void online_without_pages(void)
{
	char path[128], printk[64] = "";
	int fd, n;

	pgsa_read("/proc/sys/kernel/printk", printk, sizeof(printk));
	snprintf(path, sizeof(path), BLOCKS "/memory%u/state", next_block);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	check(!pgsa_write("/proc/self/make-it-fail", "1"), "no make-it-fail");
	pgsa_write("/proc/sys/kernel/printk", "4");
	pgsa_write(FAULTS_DIR "fail_page_alloc/ignore-gfp-highmem", "N");
	pgsa_write(FAULTS_DIR "fail_page_alloc/probability", "100");
	n = write(fd, "online", 6);
	pgsa_write(FAULTS_DIR "fail_page_alloc/probability", "0");
	pgsa_write(FAULTS_DIR "fail_page_alloc/ignore-gfp-highmem", "Y");
	pgsa_write("/proc/sys/kernel/printk", printk);
	check(n < 0 && errno == ENOMEM, "online without pages: %s",
	      strerror(errno));
	close(fd);
	look_online(-ENOMEM);
}

/* The next block from @block on that goes offline; BLOCKS_MAX if there is none. */
static unsigned int next_offline(unsigned int block)
{
	while (block < BLOCKS_MAX && block_set(block, "offline"))
		block++;
	return block;
}

static void need_hotplug(void)
{
	if (access(BLOCKS "/memory0/state", F_OK))
		skip("no CONFIG_MEMORY_HOTREMOVE");
	alarm(4 * TEST_SECONDS);
}

/* An exact count is good for a tenth of a second: not for what comes within it. */
static unsigned long long count_tracked(void)
{
	sleep_ms(150);
	return sysfs_stat("exact/frames_tracked");
}

static void test_hotplug(void)
{
	const char *page = (const char *)new_pages(64, PROT_READ);
	unsigned long long tracked = count_tracked();
	unsigned int block, round, moved = 0;

	need_hotplug();
	load();
	for (round = 0; round < 3; round++) {
		for (block = next_offline(0); block < BLOCKS_MAX;
		     block = next_offline(block + 1)) {
			moved++;
			check(count_tracked() < tracked,
			      "records of memory that is offline");
			expect_consistent();
			flip_is_repaired(page, block);
			check(!block_set(block, "online"), "block %u is lost",
			      block);
			check(count_tracked() == tracked,
			      "%llu frames, there were %llu",
			      count_tracked(), tracked);
			expect_consistent();
			flip_is_repaired(page, block);
		}
	}
	expect_no_report(100);
	if (!moved)
		skip("no memory could be taken offline");
	diag("%u times, a block went and came", moved);
}

static void test_no_memory(void)
{
	need_hotplug();
	need_faults();
	next_block = next_offline(0);
	if (next_block == BLOCKS_MAX)
		skip("no memory could be taken offline");
	diag("online: %u allocations", fail_each(call_online, look_online));
	online_without_pages();
	check(!call_online(), "block %u is lost", next_block);
	expect_consistent();
}

static const struct selftest tests[] = {
	{ "memory goes offline and comes back", test_hotplug },
	{ "no memory for the records of memory", test_no_memory },
};

int main(int argc, char **argv)
{
	int status;

	faults_set_up();
	status = run_tests(argc, argv, tests, ARRAY_SIZE(tests));
	faults_put_back();
	return status;
}
