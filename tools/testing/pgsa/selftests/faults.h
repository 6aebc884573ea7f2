/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making the kernel's allocations fail: a chosen one of this process, or all of
 * one task. To be included after pgsa_selftest.h.
 */
#ifndef PGSA_FAULTS_H
#define PGSA_FAULTS_H

#define FAULTS_MAX	1000	/* in one call; there are a few dozen */
#define FAULTS_DIR	"/sys/kernel/debug/"

/* All allocations count, but only of chosen tasks, and a fault is no news. */
static struct {
	const char *path, *value;
	char before[16];
} fault_settings[] = {
	{ FAULTS_DIR "failslab/ignore-gfp-wait", "N", "" },
	{ FAULTS_DIR "failslab/verbose", "0", "" },
	{ FAULTS_DIR "failslab/task-filter", "Y", "" },
	{ FAULTS_DIR "failslab/times", "-1", "" },
	{ FAULTS_DIR "fail_page_alloc/ignore-gfp-wait", "N", "" },
	{ FAULTS_DIR "fail_page_alloc/min-order", "0", "" },
	{ FAULTS_DIR "fail_page_alloc/verbose", "0", "" },
	{ FAULTS_DIR "fail_page_alloc/task-filter", "Y", "" },
	{ FAULTS_DIR "fail_page_alloc/times", "-1", "" },
	{ FAULTS_DIR "failslab/probability", "0", "" },
	{ FAULTS_DIR "fail_page_alloc/probability", "0", "" },
};

static int fail_fd;		/* of the process that runs the test */
static bool faults_possible = true;

static inline void faults_set_up(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fault_settings); i++) {
		if (pgsa_read(fault_settings[i].path, fault_settings[i].before,
			      sizeof(fault_settings[i].before)) < 0 ||
		    pgsa_write(fault_settings[i].path, fault_settings[i].value))
			faults_possible = false;
	}
}

static inline void faults_put_back(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fault_settings); i++)
		if (fault_settings[i].before[0])
			pgsa_write(fault_settings[i].path,
				   fault_settings[i].before);
}

static inline void need_faults(void)
{
	if (!faults_possible)
		skip("no CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC");
	fail_fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		skip("no /proc/self/fail-nth");
}

static inline void fail_set(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	check(pwrite(fail_fd, text, len, 0) == len, "fail-nth: %s",
	      strerror(errno));
}

/*
 * Calls @call with its @nth allocation failing; false if it made fewer. Gives
 * its result in @err.
 */
static inline bool call_failing(int (*call)(void), unsigned int nth, int *err)
{
	char left[16] = "";

	fail_set(nth);
	*err = call();
	check(pread(fail_fd, left, sizeof(left) - 1, 0) > 0, "fail-nth: %s",
	      strerror(errno));
	fail_set(0);
	return !atoi(left);
}

/*
 * Calls @call with each of its allocations failing; @look sees the result each
 * time, and makes it possible to call again. Returns how many there were.
 */
static inline unsigned int fail_each(int (*call)(void), void (*look)(int err))
{
	unsigned int nth;
	int err;

	for (nth = 1; nth < FAULTS_MAX; nth++) {
		bool failed = call_failing(call, nth, &err);

		check(!err || (failed && err == -ENOMEM),
		      "allocation %u: %s", nth, strerror(-err));
		look(err);
		if (!failed)
			return nth - 1;
	}
	check(false, "more than %d allocations", FAULTS_MAX);
	return 0;
}

/* All allocations of one task fail from now on, or none (@pid is 0). */
static inline void fail_all(pid_t pid)
{
	const char *probability = pid ? "100" : "0";
	char path[64];

	if (pid) {
		snprintf(path, sizeof(path), "/proc/%d/make-it-fail", pid);
		check(!pgsa_write(path, "1"), "no %s", path);
	}
	check(!pgsa_write(FAULTS_DIR "failslab/probability", probability) &&
	      !pgsa_write(FAULTS_DIR "fail_page_alloc/probability", probability),
	      "probability=%s", probability);
}

#endif /* PGSA_FAULTS_H */
