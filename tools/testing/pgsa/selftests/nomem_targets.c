// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out while a target is made, chosen, searched and removed.
 */
#include "pgsa_selftest.h"
#include "faults.h"
#include "nomem.h"

/* A name that does not fit into a config_item and is allocated. */
#define TARGET_DIR	POLICY_DIR "/targets/a-target-with-a-long-name"

static const char *store_path, *store_text;

static int call_mkdir_target(void)
{
	return mkdir(TARGET_DIR, 0755) ? -errno : 0;
}

static int call_rmdir_target(void)
{
	return rmdir(TARGET_DIR) ? -errno : 0;
}

static void look_mkdir_target(int err)
{
	check(!access(TARGET_DIR, F_OK) == !err, "%s, but the directory is %s",
	      err ? "failed" : "done", err ? "there" : "not there");
	check(err || !call_rmdir_target(), "rmdir: %s", strerror(errno));
}

static void look_rmdir_target(int err)
{
	check(!access(TARGET_DIR, F_OK) == !!err, "%s, but the directory is %s",
	      err ? "failed" : "done", err ? "not there" : "there");
	check(err || !call_mkdir_target(), "mkdir: %s", strerror(errno));
}

static int call_store_target(void)
{
	return pgsa_write(store_path, store_text);
}

static void look_store_target(int err)
{
	char text[64];

	pgsa_read(store_path, text, sizeof(text));
	check(err || !strcmp(text, store_text), "%s is %s", store_path, text);
	check(!err || strcmp(text, store_text), "%s is %s after a failure",
	      store_path, text);
	check(!pgsa_write(store_path, strstr(store_path, "cgroup") ? "\n" : "0"),
	      "%s", store_path);
}

static void store_target(const char *path, const char *text)
{
	store_path = path;
	store_text = text;
	diag("%s: %u allocations", path,
	     fail_each(call_store_target, look_store_target));
}

void test_target(void)
{
	char pid[16];

	need_faults();
	policy_must_set("enable", "0");
	diag("mkdir: %u allocations",
	     fail_each(call_mkdir_target, look_mkdir_target));
	check(!call_mkdir_target(), "mkdir: %s", strerror(errno));
	snprintf(pid, sizeof(pid), "%d", getpid());
	store_target(TARGET_DIR "/pid", pid);
	store_target(TARGET_DIR "/agent", pid);
	store_target(TARGET_DIR "/signal_number", "10");
	store_target(TARGET_DIR "/cgroup", "/");
	diag("rmdir: %u allocations",
	     fail_each(call_rmdir_target, look_rmdir_target));
}

/* Nothing to remember frames in: they are visited all the same. */
void test_target_searcher(void)
{
	const uint32_t *page = new_pages(1, PROT_READ);
	char pid[16];
	int i;

	need_faults();
	policy_must_set("enable", "0");
	policy_must_set("strategy", "registered");
	policy_must_set("enable", "1");
	fail_all(searcher());
	check(!call_mkdir_target(), "mkdir: %s", strerror(errno));
	snprintf(pid, sizeof(pid), "%d", getpid());
	check(!pgsa_write(TARGET_DIR "/pid", pid), "pid");
	for (i = 0; i < 16; i++)
		flip_is_repaired(page, i * 2000);
	fail_all(0);
	flip_is_repaired(new_pages(1, PROT_READ), 1);
	/* It is counted after the report. */
	for (i = 0; !read_number(TARGET_DIR "/errors"); i++) {
		check(i < WAIT_MS, "no errors");
		sleep_ms(1);
	}
}
