// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners who are asked before a file is read (fanotify), and do not answer.
 */
#include "proc.h"

#include <sys/fanotify.h>

void test_elf_listener(void)
{
	char path[] = "/run/pgsa-listener-XXXXXX";
	int listener, fd = mkstemp(path);
	pid_t pid;
	char *area;

	policy_must_set("enable", "0");
	check(fd >= 0, "%s: %s", path, strerror(errno));
	close(fd);
	copy_self(path);
	area = map_path(path);
	listener = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK,
				 O_RDONLY);
	if (listener < 0)
		skip("no fanotify");
	check(!fanotify_mark(listener, FAN_MARK_ADD, FAN_ACCESS_PERM, AT_FDCWD,
			     path),
	      "fanotify: %s", strerror(errno));
	pid = fork_child();
	if (!pid) {
		alarm(5);
		check(strstr(row_of(getpid(), area)->line, "headers,interp"),
		      "%s", row_of(getpid(), area)->line);
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	close(listener);
	unlink(path);
}
