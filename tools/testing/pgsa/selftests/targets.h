/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of targets, one file for each subject, and what they share: targets
 * of the policy "selftest", and victims, which are processes with pages of their
 * own.
 */
#ifndef PGSA_TARGETS_H
#define PGSA_TARGETS_H

#include "pgsa_selftest.h"

#define TARGETS_DIR	POLICY_DIR "/targets"

/* targets_cgroup.c */
void test_cgroup(void);
void test_cgroup_below(void);
void test_cgroup_gone(void);
void test_cgroup_space(void);
void test_cgroup_left(void);

/* targets_delay.c */
void test_delay(void);
void test_rate(void);

/* targets_life.c */
void test_ends(void);
void test_last_thread(void);
void test_reuse(void);
void test_killed(void);
void test_kill_many(void);
void test_loop(void);

/* targets_refused.c */
void test_refused(void);
void test_in_use(void);

/* targets_space.c */
void test_changes(void);
void test_exec(void);
void test_sparse(void);
void test_huge(void);
void test_contended(void);

/* Targets */

static inline int target_set(const char *name, const char *attr,
			     const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), TARGETS_DIR "/%s/%s", name, attr);
	return pgsa_write(path, value);
}

static inline void target_must_set(const char *name, const char *attr,
				   const char *value)
{
	int err = target_set(name, attr, value);

	check(!err, "%s/%s=%s: %s", name, attr, value, strerror(-err));
}

static inline void target_get(const char *name, const char *attr, char *value,
			      size_t size)
{
	char path[160];
	ssize_t n;

	snprintf(path, sizeof(path), TARGETS_DIR "/%s/%s", name, attr);
	n = pgsa_read(path, value, size);
	check(n >= 0, "%s: %s", path, strerror(-n));
}

static inline unsigned long long target_number(const char *name,
					       const char *attr)
{
	char value[64];

	target_get(name, attr, value, sizeof(value));
	return strtoull(value, NULL, 10);
}

/* It is counted after the report; there is no more to come. */
static inline void expect_errors(const char *name, unsigned long long nr)
{
	int i;

	for (i = 0; target_number(name, "errors") != nr; i++) {
		check(i < WAIT_MS, "%s: errors: %llu instead of %llu", name,
		      target_number(name, "errors"), nr);
		sleep_ms(1);
	}
}

static inline void expect_value(const char *name, const char *attr,
				const char *expected)
{
	char value[128];

	target_get(name, attr, value, sizeof(value));
	check(!strcmp(value, expected), "%s/%s is \"%s\" instead of \"%s\"",
	      name, attr, value, expected);
}

static inline void target_make(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), TARGETS_DIR "/%s", name);
	check(!mkdir(path, 0755), "mkdir %s: %s", path, strerror(errno));
}

static inline void target_remove(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), TARGETS_DIR "/%s", name);
	check(!rmdir(path), "rmdir %s: %s", path, strerror(errno));
}

static inline void target_set_pid(const char *name, const char *attr, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	target_must_set(name, attr, text);
}

static inline void target_of(const char *name, pid_t pid)
{
	target_make(name);
	target_set_pid(name, "pid", pid);
}

/* The policy searches its targets from now on. */
static inline void search_targets(void)
{
	policy_must_set("enable", "0");
	policy_must_set("strategy", "registered");
	policy_must_set("enable", "1");
}

/* Victims */

struct victim {
	pid_t pid;
	char *pages;
};

/* Where a victim says that it is ready, and where its pages are. */
static inline char **victim_place(void)
{
	char **said = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(said != MAP_FAILED, "mmap: %s", strerror(errno));
	return said;
}

/* A page takes User Mode Linux some 0.1 ms, and much more on a busy host. */
static inline void victim_wait(struct victim *victim, char **said,
			       unsigned int pages)
{
	double limit = now_s() + (WAIT_MS + pages) / 1000.0;

	while (!__atomic_load_n(said, __ATOMIC_ACQUIRE)) {
		check(now_s() < limit, "a victim does not begin");
		sleep_ms(1);
	}
	victim->pages = *said;
	munmap(said, PGSA_PAGE);
}

/* Ends when this process does, or is told to. */
static inline struct victim victim_start(unsigned int nr)
{
	char **said = victim_place();
	struct victim victim;

	victim.pid = fork_child();
	if (!victim.pid) {
		srandom(getpid());
		__atomic_store_n(said, (char *)new_pages(nr, PROT_READ),
				 __ATOMIC_RELEASE);
		for (;;)
			pause();
	}
	victim_wait(&victim, said, nr);
	return victim;
}

static inline void victim_end(const struct victim *victim)
{
	kill(victim->pid, SIGKILL);
	waitpid(victim->pid, NULL, 0);
}

/* Of a page that is there: it may be on its way to another frame just now. */
static inline struct pgsa_frame frame_in(pid_t pid, const void *addr)
{
	unsigned int tries = 100;
	unsigned long pfn;
	int err;

	while ((err = pgsa_pfn(pid, (unsigned long)addr, &pfn)) == -ENXIO &&
	       tries--)
		sleep_ms(1);
	check(!err, "pagemap of %d: %s", pid, strerror(-err));
	return frame_of(pfn);
}

static inline unsigned long wait_sealed_in(pid_t pid, const void *addr)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame;

	for (;;) {
		frame = frame_in(pid, addr);
		if (is_sealed(&frame))
			return frame.pfn;
		check(now_s() < limit, "pfn %#lx stays %s, writers=%u admit=%s",
		      frame.pfn, frame.state, frame.writers, frame.admit);
		sleep_ms(2);
	}
}

static inline void expect_open(pid_t pid, const void *addr)
{
	struct pgsa_frame frame = frame_in(pid, addr);

	check(!is_sealed(&frame), "pfn %#lx of %d is sealed", frame.pfn, pid);
}

static inline void flip_in(pid_t pid, const void *page, unsigned int bit)
{
	int err = pgsa_inject(pid, (unsigned long)page + bit / 8,
			      1ULL << bit % 8);

	check(!err, "injection at %p, bit %u: %s", page, bit, strerror(-err));
}

static inline void flip_in_is_repaired(pid_t pid, const void *page,
				       unsigned int bit)
{
	unsigned long pfn = wait_sealed_in(pid, page);

	flip_in(pid, page, bit);
	expect_report(pfn, bit, "corrected");
}

/* Time for new pages to reach the LRU lists, and then for whole cycles. */
static inline void let_search(void)
{
	sleep_ms(1200);
	wait_cycles(3);
}

#endif /* PGSA_TARGETS_H */
