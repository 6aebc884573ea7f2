/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of errors in pages that somebody holds share.
 */
#ifndef PGSA_UNCONFIRMED_H
#define PGSA_UNCONFIRMED_H

#include "writers.h"

#include <sys/uio.h>

#define DELAY_MS	2000	/* for which readers delay a repair */
#define PIPE_PAGES	16	/* that a pipe takes */
#define EVENTS_DIR	"/sys/kernel/tracing/instances/pgsa-unconfirmed"

static int kmsg = -1;
static char kernel_log[1 << 20];

/* From now on: */
static inline void listen(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	check(kmsg >= 0 && lseek(kmsg, 0, SEEK_END) >= 0, "kmsg: %s",
	      strerror(errno));
	mkdir(EVENTS_DIR, 0755);
	close(open(EVENTS_DIR "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	check(!pgsa_write(EVENTS_DIR "/events/pgsa/pgsa_unconfirmed/enable", "1"),
	      "no tracepoint pgsa_unconfirmed");
}

static inline unsigned int count_text(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Lines in the kernel's log that tell of a frame. */
static inline unsigned int told(unsigned long pfn, const char *reason,
				const char *now)
{
	static size_t len;
	char want[160];
	ssize_t n;

	while (len < sizeof(kernel_log) - 1 &&
	       (n = read(kmsg, kernel_log + len,
			 sizeof(kernel_log) - 1 - len)) > 0)
		len += n;
	snprintf(want, sizeof(want),
		 "unconfirmed: pfn=%#lx policy=" POLICY " reason=%s seconds=%d now=%s",
		 pfn, reason, DELAY_MS / 1000, now);
	return count_text(kernel_log, want);
}

/* A line comes when the frame is no longer held: after what is counted. */
static inline void expect_lines(unsigned long pfn, const char *reason,
				const char *now, unsigned int nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned int found;

	while ((found = told(pfn, reason, now)) < nr && now_s() < limit)
		sleep_ms(2);
	check(found == nr, "pfn %#lx was told %u times, not %u", pfn, found,
	      nr);
}

/* Events of a frame. */
static inline unsigned int traced(unsigned long pfn, const char *reason)
{
	static char trace[1 << 16];
	char want[96];

	check(pgsa_read(EVENTS_DIR "/trace", trace, sizeof(trace)) > 0,
	      "no trace");
	snprintf(want, sizeof(want), "pgsa_unconfirmed: pfn=%#lx policy=" POLICY
		 " reason=%s", pfn, reason);
	return count_text(trace, want);
}

static inline void wait_unconfirmed(unsigned int nr)
{
	double limit = now_s() + WAIT_MS / 1000.0;

	while (policy_stat("unconfirmed") < nr) {
		check(now_s() < limit, "%llu instead of %u unconfirmed",
		      policy_stat("unconfirmed"), nr);
		sleep_ms(2);
	}
}

/* The pages go into a pipe as they are. */
static inline void hold(int pipe_fd, void *pages, unsigned int nr)
{
	struct iovec iov = { pages, nr * PGSA_PAGE };

	check(vmsplice(pipe_fd, &iov, 1, SPLICE_F_NONBLOCK) ==
	      (ssize_t)(nr * PGSA_PAGE), "vmsplice: %s", strerror(errno));
}

static inline uint32_t *new_file(int *fd, unsigned int nr)
{
	const size_t size = nr * PGSA_PAGE;
	uint32_t *content = new_pages(nr, PROT_READ), *area;
	unsigned int i;

	*fd = memfd_create("pgsa", MFD_CLOEXEC);
	check(write(*fd, content, size) == (ssize_t)size, "memfd: %s",
	      strerror(errno));
	area = mmap(NULL, size, PROT_READ, MAP_SHARED, *fd, 0);
	must_map(area);
	munmap(content, size);
	for (i = 0; i < nr; i++)
		wait_sealed(area + i * WORDS);
	return area;
}

/* It is not repaired before @release, and then at once. */
static inline void expect_held(const uint32_t *page, const char *reason,
			       const char *later, void (*release)(void))
{
	unsigned long pfn = pfn_of(page);

	flip(page, 88);
	wait_unconfirmed(1);
	check(traced(pfn, reason) == 1, "it was not traced once");
	expect_no_report(2 * DELAY_MS + 500);
	expect_lines(pfn, later, "waits", 1);
	check(policy_stat("unconfirmed") == 1, "%llu were counted",
	      policy_stat("unconfirmed"));
	release();
	expect_report(pfn, 88, "corrected");
	check(!sysfs_stat("frames_unconfirmed"), "it is still unconfirmed");
}

#define ROUNDS		100

/* What the task pays each time when it is switched in, in us. */
static inline double round_us(void)
{
	unsigned long long begin_ns, ns, best_ns = -1ULL;
	unsigned int i, k;

	/* Others run, too: the best of ten. */
	for (k = 0; k < 10; k++) {
		begin_ns = policy_stat("cpu_ns");
		for (i = 0; i < ROUNDS / 10; i++)
			sleep_ms(1);
		ns = (policy_stat("cpu_ns") - begin_ns) / (ROUNDS / 10);
		best_ns = ns < best_ns ? ns : best_ns;
	}
	return best_ns / 1000.0;
}

/* Each task verifies what it maps itself, and all of it each time. */
static inline void use_schedule(void)
{
	policy_must_set("enable", "0");
	policy_must_set("strategy", "schedule");
	policy_must_set("frames_per_switch", "256");
	policy_must_set("enable", "1");
}

/* unconfirmed_refs.c */
void test_pin(void);
void test_pin_many_mappings(void);
void test_many_references(void);
void test_many_mappings(void);
void test_reader_many_mappings(void);

/* unconfirmed_known.c */
void test_right_again(void);
void test_right_again_held(void);
void test_right_again_schedule(void);
void test_record(void);
void test_record_schedule(void);
void test_opened(void);
void test_opened_still(void);
void test_freed(void);

#endif /* PGSA_UNCONFIRMED_H */
