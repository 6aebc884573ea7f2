// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out. Every allocation that a call makes is made to fail, one after
 * the other: the call fails with ENOMEM and has changed nothing, or succeeds
 * without what it could not get. Nothing is lost, and afterwards all works.
 */
#include "pgsa_selftest.h"
#include "faults.h"
#include "nomem.h"

#define LEAK_ROUNDS	40
#define LEAK_MAX	(LEAK_ROUNDS * 1024 / 4)	/* bytes */

/* A name that does not fit into a config_item and is allocated. */
#define OTHER_DIR	PGSA_CONFIGFS "/another-policy-with-a-long-name"

/* A second policy, next to the one that every test has. */

static int call_mkdir(void)
{
	return mkdir(OTHER_DIR, 0755) ? -errno : 0;
}

static int call_rmdir(void)
{
	return rmdir(OTHER_DIR) ? -errno : 0;
}

static int call_enable(void)
{
	return pgsa_write(OTHER_DIR "/enable", "1");
}

static int call_disable(void)
{
	return pgsa_write(OTHER_DIR "/enable", "0");
}

static void other_create(void)
{
	rmdir(OTHER_DIR);
	check(!call_mkdir(), "mkdir: %s", strerror(errno));
	check(!pgsa_write(OTHER_DIR "/cpu_permille", "0") &&
	      !pgsa_write(OTHER_DIR "/interval_ms", "0"), "no limits");
}

static bool other_exists(void)
{
	return !access(OTHER_DIR, F_OK);
}

static bool other_enabled(void)
{
	return read_number(OTHER_DIR "/enable");
}

static void other_works(void)
{
	unsigned long long cycles;
	unsigned int i;

	check(!call_enable(), "it cannot be enabled");
	cycles = read_number(OTHER_DIR "/stats/cycles");
	for (i = 0; i < WAIT_MS / 2U; i++) {
		if (read_number(OTHER_DIR "/stats/cycles") > cycles + 1)
			return;
		sleep_ms(2);
	}
	check(false, "it does not search");
}

static void look_mkdir(int err)
{
	check(other_exists() == !err, "%s, but the directory is %s",
	      err ? "failed" : "done", err ? "there" : "not there");
	if (!err) {
		check(!other_enabled(), "enabled from the start");
		check(!call_enable() && !call_disable(), "it does not start");
		check(!call_rmdir(), "rmdir: %s", strerror(errno));
	}
}

static void test_mkdir(void)
{
	need_faults();
	rmdir(OTHER_DIR);
	diag("mkdir: %u allocations", fail_each(call_mkdir, look_mkdir));
	other_create();
	other_works();
	check(!call_rmdir(), "rmdir: %s", strerror(errno));
}

static void look_enable(int err)
{
	check(other_enabled() == !err, "%s, but the policy is %s",
	      err ? "failed" : "done", err ? "enabled" : "not enabled");
	check(!call_disable(), "it does not stop");
}

static void test_enable(void)
{
	need_faults();
	other_create();
	diag("enable: %u allocations", fail_each(call_enable, look_enable));
	other_works();
	check(!call_rmdir(), "rmdir: %s", strerror(errno));
}

static void look_disable(int err)
{
	check(other_enabled() == !!err, "%s, but the policy is %s",
	      err ? "failed" : "done", err ? "stopped" : "enabled");
	check(!call_enable(), "it cannot be enabled");
}

static void look_rmdir(int err)
{
	check(other_exists() == !!err, "%s, but the directory is %s",
	      err ? "failed" : "done", err ? "gone" : "there");
	if (err)
		check(other_enabled(), "failed, but the policy has stopped");
	else
		other_create();
	check(!call_enable(), "it cannot be enabled");
}

static void test_stop(void)
{
	need_faults();
	other_create();
	other_works();
	diag("disable: %u allocations", fail_each(call_disable, look_disable));
	diag("rmdir: %u allocations", fail_each(call_rmdir, look_rmdir));
	other_works();
	check(!call_rmdir(), "rmdir: %s", strerror(errno));
}

/* Attributes */

static struct {
	const char *path, *value, *other;
} attribute;

static int call_store(void)
{
	return pgsa_write(attribute.path, attribute.other);
}

static void look_store(int err)
{
	char text[64] = "";

	pgsa_read(attribute.path, text, sizeof(text));
	check(!strcmp(text, err ? attribute.value : attribute.other),
	      "%s is %s after %s", attribute.path, text,
	      err ? "a failure" : "success");
	check(!pgsa_write(attribute.path, attribute.value), "%s=%s",
	      attribute.path, attribute.value);
}

static void test_store(void)
{
	static const char *const attributes[][3] = {
		{ "strategy", "sweep", "sweep" },
		{ "detect", "crc32c", "crc32" },
		{ "correct", "hamming", "none" },
		{ "scope", "mapped", "pagecache" },
		{ "cpu_permille", "0", "17" },
		{ "interval_ms", "0", "4711" },
		{ "searchers", "1", "4" },
	};
	char path[128];
	unsigned int i;

	need_faults();
	other_create();
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), OTHER_DIR "/%s", attributes[i][0]);
		attribute.path = path;
		attribute.value = attributes[i][1];
		attribute.other = attributes[i][2];
		diag("%s: %u allocations", attributes[i][0],
		     fail_each(call_store, look_store));
	}
	check(!call_rmdir(), "rmdir: %s", strerror(errno));
}

/* Reading */

static const char *read_path;
static char read_text[2 * PGSA_PAGE];
static bool read_empty;		/* so it was when there was memory */

static int call_read(void)
{
	ssize_t n = pgsa_read(read_path, read_text, sizeof(read_text));

	return n < 0 ? n : 0;
}

static void look_read(int err)
{
	check(err || read_empty == !read_text[0], "%s: \"%s\"", read_path,
	      read_text);
	if (!err && strstr(read_path, "consistency"))
		check(!strstr(read_text, "INCONSISTENT"), "%s", read_text);
}

static void read_all(const char *directory)
{
	struct dirent *entry;
	DIR *dir = opendir(directory);
	char path[600];

	check(dir, "%s: %s", directory, strerror(errno));
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		read_path = path;
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			read_all(path);
		} else if (slowness() > 1 && strstr(path, "_bench")) {
			diag("%s: not measured on a slow kernel", path);
		} else if (entry->d_type == DT_REG && !call_read()) {
			read_empty = !read_text[0];
			fail_each(call_read, look_read);
		}
	}
	closedir(dir);
}

static void test_read(void)
{
	struct pgsa_frame frame = frame_of(pfn_of(new_pages(1, PROT_READ)));

	need_faults();
	alarm(5 * TEST_SECONDS);	/* one of the files measures all codes */
	check(frame.pfn, "no frame");
	read_all(PGSA_CONFIGFS);
	read_all(PGSA_SYSFS);
	read_all(PGSA_DEBUGFS);
}

/* Injection */

static const uint32_t *victim;
static char victim_content[PGSA_PAGE];

static int call_inject(void)
{
	return pgsa_inject(getpid(), (unsigned long)victim + 100, 16);
}

static void look_inject(int err)
{
	if (err) {
		check(!memcmp(victim, victim_content, PGSA_PAGE),
		      "a refused injection has changed the page");
		return;
	}
	expect_report(pfn_of(victim), 804, "corrected");
	check(!memcmp(victim, victim_content, PGSA_PAGE), "not repaired");
}

static void test_inject(void)
{
	need_faults();
	victim = new_pages(1, PROT_READ);
	memcpy(victim_content, victim, PGSA_PAGE);
	wait_sealed(victim);
	diag("injection: %u allocations", fail_each(call_inject, look_inject));
	expect_no_report(100);
}

/* The searcher gets no memory at all for what it does. */
static void test_searcher(void)
{
	const uint32_t *page = new_pages(1, PROT_READ);
	int i;

	need_faults();
	fail_all(searcher());
	for (i = 0; i < 16; i++)
		flip_is_repaired(page, i * 2000);
	flip_is_repaired(new_pages(1, PROT_READ), 1);
	wait_cycles(5);
}

/* Without memory for its redundancy a frame is not sealed, but later it is. */
static void test_redundancy(void)
{
	const uint32_t *page;
	struct pgsa_frame frame;

	need_faults();
	policy_must_set("enable", "0");
	policy_must_set("correct", "lane");
	policy_must_set("enable", "1");
	wait_cycles(1);
	fail_all(searcher());
	page = new_pages(1, PROT_READ);
	while (!policy_stat("redundancy_failures"))
		sleep_ms(10);
	wait_cycles(3);
	frame = frame_of(pfn_of(page));
	check(!is_sealed(&frame), "sealed without redundancy");
	fail_all(0);
	flip_is_repaired(page, 4711);
}

/* What another policy has sealed with less is not opened in vain. */
static void test_stronger(void)
{
	unsigned long long failures;
	const uint32_t *page;
	unsigned int i;

	need_faults();
	policy_must_set("enable", "0");
	policy_must_set("correct", "lane");
	policy_must_set("enable", "1");
	fail_all(searcher());
	/* It rests, lest it claims what it cannot seal before the other does. */
	policy_must_set("interval_ms", "86400000");
	other_create();
	check(!call_enable(), "it cannot be enabled");
	page = new_pages(1, PROT_READ);
	wait_sealed(page);
	failures = policy_stat("redundancy_failures");
	policy_must_set("interval_ms", "0");
	while (policy_stat("redundancy_failures") == failures)
		sleep_ms(10);
	for (i = 0; i < 100; i++) {
		struct pgsa_frame frame = frame_of(pfn_of(page));

		check(is_sealed(&frame), "%s for lack of memory", frame.state);
		sleep_ms(2);
	}
	fail_all(0);
	check(!call_rmdir(), "rmdir: %s", strerror(errno));
}

/* Leaks */

/* Bytes that the kernel has allocated for itself, but for caches of files. */
static long long kernel_bytes(void)
{
	static const char *const names[] = {
		"VmallocUsed:", "KernelStack:", "PageTables:",
	};
	unsigned long active, size;
	char line[256], name[64];
	long long bytes = 0;
	FILE *file;
	size_t i;

	file = fopen("/proc/slabinfo", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %lu %*u %lu", name, &active, &size) == 3 &&
		    !strncmp(name, "kmalloc-", 8))
			bytes += active * size;
	}
	if (!file || fclose(file) || !bytes)
		skip("no /proc/slabinfo");
	file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof(line), file)) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (!strncmp(line, names[i], strlen(names[i])))
				bytes += 1024 * atoll(line + strlen(names[i]));
	}
	if (file)
		fclose(file);
	return bytes;
}

static void fail_everything(void)
{
	rmdir(OTHER_DIR);
	fail_each(call_mkdir, look_mkdir);
	other_create();
	fail_each(call_enable, look_enable);
	check(!call_enable(), "it cannot be enabled");
	fail_each(call_disable, look_disable);
	fail_each(call_rmdir, look_rmdir);
	check(!call_rmdir(), "rmdir: %s", strerror(errno));
}

static long long lost_bytes(void)
{
	long long before, after;
	int i;

	sleep_ms(500);
	before = kernel_bytes();
	for (i = 0; i < LEAK_ROUNDS; i++)
		fail_everything();
	sleep_ms(500);
	after = kernel_bytes();
	diag("%d rounds: %lld bytes, then %lld", LEAK_ROUNDS, before, after);
	return after - before;
}

/*
 * Each round would lose at least one object for each fault that leaks. Others
 * allocate, too, the stack of a new kworker for example, but not every time.
 */
static void test_leaks(void)
{
	long long lost;
	int tries = 4;

	/* KASAN keeps some MiB that have been freed, to see who uses them. */
	if (slowness() > 1)
		skip("freed memory may be kept on a slow kernel");
	need_faults();
	alarm(4 * TEST_SECONDS);
	fail_everything();
	fail_everything();
	do {
		lost = lost_bytes();
	} while (lost >= LEAK_MAX && --tries);
	check(tries, "%lld bytes are lost, every time", lost);
}

static const struct selftest tests[] = {
	{ "no memory for a new policy", test_mkdir },
	{ "no memory to start a policy", test_enable },
	{ "no memory to stop and remove a policy", test_stop },
	{ "no memory to change an attribute", test_store },
	{ "no memory to read a file", test_read },
	{ "no memory for an injection", test_inject },
	{ "no memory for the searcher", test_searcher },
	{ "no memory for redundancy", test_redundancy },
	{ "no memory for more redundancy", test_stronger },
	{ "no memory for a target", test_target },
	{ "no memory to search a target", test_target_searcher },
	{ "nothing is lost when memory runs out", test_leaks },
};

int main(int argc, char **argv)
{
	int status;

	faults_set_up();
	status = run_tests(argc, argv, tests, ARRAY_SIZE(tests));
	faults_put_back();
	rmdir(OTHER_DIR);
	return status;
}
