/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes of a test. For pgsa_selftest.h alone.
 */
#ifndef PGSA_PROCESS_H
#define PGSA_PROCESS_H

/* The child ends with its parent, which others may have ended already. */
static inline pid_t fork_child(void)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	check(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* 0: the first process of a pid namespace does not see it. */
		if (getppid() && getppid() != parent)
			_exit(TEST_FAIL);
	}
	return pid;
}

static inline void expect_exit(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	check(!status, "process %d ended with status %#x", pid, status);
}

#endif /* PGSA_PROCESS_H */
