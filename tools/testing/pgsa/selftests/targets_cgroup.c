// SPDX-License-Identifier: GPL-2.0
/*
 * A cgroup as a target: its processes are found as they come and go.
 */
#include "targets.h"

#include <pthread.h>
#include <sys/mount.h>

#define CGROUP_NAME	"pgsa-selftest"

static char cgroup_root[32];

static void cgroup_file(char *path, size_t size, const char *cgroup,
			const char *file)
{
	snprintf(path, size, "%s%s/%s", cgroup_root, cgroup, file);
}

/* Mounted in a place of its own, which goes with the test's process. */
static void need_cgroups(void)
{
	char path[128];

	snprintf(cgroup_root, sizeof(cgroup_root), "/tmp/pgsa-cgroup-XXXXXX");
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(cgroup_root) ||
	    mount("none", cgroup_root, "cgroup2", 0, NULL))
		skip("no cgroup2");
	cgroup_file(path, sizeof(path), "/" CGROUP_NAME "/below", "");
	rmdir(path);
	cgroup_file(path, sizeof(path), "/" CGROUP_NAME, "");
	rmdir(path);
	check(!mkdir(path, 0755), "mkdir %s: %s", path, strerror(errno));
}

static void cgroup_move(const char *cgroup, pid_t pid)
{
	char path[128], text[16];
	int err;

	cgroup_file(path, sizeof(path), cgroup, "cgroup.procs");
	snprintf(text, sizeof(text), "%d", pid);
	err = pgsa_write(path, text);
	check(!err, "%s: %s", path, strerror(-err));
}

static void cgroup_remove(const char *cgroup)
{
	char path[128];

	cgroup_file(path, sizeof(path), cgroup, "");
	check(!rmdir(path), "rmdir %s: %s", path, strerror(errno));
}

/* A victim that is in the cgroup before it has pages. */
static struct victim victim_in(const char *cgroup)
{
	struct victim victim;

	cgroup_move(cgroup, getpid());
	victim = victim_start(2);
	cgroup_move("", getpid());
	return victim;
}

void test_cgroup(void)
{
	struct victim before, after, outside;

	need_cgroups();
	search_targets();
	before = victim_in("/" CGROUP_NAME);
	outside = victim_start(2);
	target_make("group");
	target_must_set("group", "cgroup", "/" CGROUP_NAME "\n");
	expect_value("group", "cgroup", "/" CGROUP_NAME);
	expect_value("group", "comm", CGROUP_NAME);
	flip_in_is_repaired(before.pid, before.pages, 4711);
	after = victim_in("/" CGROUP_NAME);
	flip_in_is_repaired(after.pid, after.pages, 4711);
	victim_end(&before);
	flip_in_is_repaired(after.pid, after.pages + PGSA_PAGE, 11);
	let_search();
	expect_open(outside.pid, outside.pages);
	expect_errors("group", 3);
	cgroup_move("/" CGROUP_NAME, outside.pid);
	flip_in_is_repaired(outside.pid, outside.pages, 12);
	expect_no_report(100);
	victim_end(&outside);
	victim_end(&after);
	cgroup_remove("/" CGROUP_NAME);
}

void test_cgroup_below(void)
{
	struct victim victim;
	char path[128];

	need_cgroups();
	cgroup_file(path, sizeof(path), "/" CGROUP_NAME "/below", "");
	check(!mkdir(path, 0755), "mkdir %s: %s", path, strerror(errno));
	search_targets();
	target_make("group");
	target_must_set("group", "cgroup", "/" CGROUP_NAME);
	victim = victim_in("/" CGROUP_NAME "/below");
	flip_in_is_repaired(victim.pid, victim.pages, 815);
	/* Whoever leaves is left alone, but for what is sealed already. */
	cgroup_move("", victim.pid);
	wait_cycles(2);
	check(!target_number("group", "frames"), "frames: %llu",
	      target_number("group", "frames"));
	target_remove("group");
	target_make("root");
	target_must_set("root", "cgroup", "/");
	flip_in_is_repaired(victim.pid, victim.pages, 816);
	victim_end(&victim);
	cgroup_remove("/" CGROUP_NAME "/below");
	cgroup_remove("/" CGROUP_NAME);
}

void test_cgroup_gone(void)
{
	struct victim victim;

	need_cgroups();
	search_targets();
	target_make("group");
	target_must_set("group", "cgroup", "/" CGROUP_NAME);
	victim = victim_in("/" CGROUP_NAME);
	wait_sealed_in(victim.pid, victim.pages);
	victim_end(&victim);
	cgroup_remove("/" CGROUP_NAME);
	expect_value("group", "comm", "");
	wait_cycles(2);
	check(!target_number("group", "frames"), "frames: %llu",
	      target_number("group", "frames"));
	check(target_set("group", "cgroup", "/") == -EBUSY, "it can be changed");
	policy_must_set("enable", "0");
	check(target_set("group", "cgroup", "/" CGROUP_NAME) == -ENOENT,
	      "a cgroup that is gone");
	target_must_set("group", "cgroup", "\n");
	expect_value("group", "cgroup", "");
}

/* Of two processes that share all, each is where it is. */
static int sleep_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

void test_cgroup_space(void)
{
	static alignas(16) char stack[65536];
	char *page = (char *)new_pages(1, PROT_READ);
	pid_t pid;

	need_cgroups();
	search_targets();
	pid = clone(sleep_for_ever, stack + sizeof(stack), CLONE_VM | SIGCHLD,
		    NULL);
	check(pid > 0, "clone: %s", strerror(errno));
	cgroup_move("/" CGROUP_NAME, pid);
	target_make("group");
	target_must_set("group", "cgroup", "/" CGROUP_NAME);
	target_of("self", getpid());
	flip_is_repaired(page, 4711);
	expect_errors("group", 1);
	expect_errors("self", 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	flip_is_repaired(page, 4712);
	expect_errors("self", 2);
	expect_errors("group", 1);
	target_remove("group");
	cgroup_remove("/" CGROUP_NAME);
}

static void *tell_and_stay(void *said)
{
	char *page = (char *)new_pages(1, PROT_READ);

	sleep_ms(50);	/* for the main thread to end */
	__atomic_store_n((char **)said, page, __ATOMIC_RELEASE);
	sleep_for_ever(NULL);
	return NULL;
}

/* The threads that are left can be moved; what has ended stays where it was. */
void test_cgroup_left(void)
{
	char **said = victim_place();
	struct victim victim;
	pthread_t thread;

	need_cgroups();
	search_targets();
	target_make("group");
	target_must_set("group", "cgroup", "/" CGROUP_NAME);
	victim.pid = fork_child();
	if (!victim.pid) {
		check(!pthread_create(&thread, NULL, tell_and_stay, said),
		      "pthread_create");
		pthread_exit(NULL);
	}
	victim_wait(&victim, said, 1);
	cgroup_move("/" CGROUP_NAME, victim.pid);
	let_search();
	check(target_number("group", "frames") > 10, "frames: %llu",
	      target_number("group", "frames"));
	victim_end(&victim);
	target_remove("group");
	cgroup_remove("/" CGROUP_NAME);
}
