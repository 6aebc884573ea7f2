/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that sleeps until it is told to look at its pages, for the tests of
 * the strategy schedule.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "pgsa_selftest.h"

/* As many frames as a task may verify when it is switched in. */
#define FRAMES_MAX	"256"

/* Answers of a sleeper */
#define LOOK_GOOD	'g'
#define LOOK_WRONG	'w'

struct sleeper {
	pid_t pid;
	int go;			/* a byte lets it look once, a 0 byte end */
	int answer;		/* and it answers with one */
	const uint32_t *pages;	/* in its address space */
	unsigned int nr;
	unsigned long slept;	/* how often, when it was last found asleep */
	bool asleep;
};

/* From nothing that is in memory: that might be what was flipped. */
static inline uint32_t sleeper_word(size_t i)
{
	return (i + 2009) * 2654435761U;
}

static inline bool sleeper_sees_good(const uint32_t *pages,
				     unsigned int nr)
{
	size_t i;

	for (i = 0; i < nr * PGSA_PAGE / sizeof(*pages); i++)
		if (pages[i] != sleeper_word(i))
			return false;
	return true;
}

/* The first thing after it wakes up is to look at its pages. */
static inline void sleeper_live(struct sleeper *s, int go, int answer)
{
	size_t size = s->nr * PGSA_PAGE, i;
	uint32_t *pages = mmap((void *)s->pages, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char byte = LOOK_GOOD;

	if (pages == MAP_FAILED)
		_exit(TEST_FAIL);
	for (i = 0; i < size / sizeof(*pages); i++)
		pages[i] = sleeper_word(i);
	madvise(pages, size, MADV_COLD);
	if (mprotect(pages, size, PROT_READ))
		_exit(TEST_FAIL);
	while (write(answer, &byte, 1) == 1 && read(go, &byte, 1) == 1 && byte)
		byte = sleeper_sees_good(pages, s->nr) ? LOOK_GOOD : LOOK_WRONG;
	_exit(TEST_PASS);
}

static inline char sleeper_answer(const struct sleeper *s)
{
	char byte = 0;

	check(read(s->answer, &byte, 1) == 1, "sleeper %d is gone", s->pid);
	return byte;
}

static inline unsigned long sleeper_sleeps(const struct sleeper *s)
{
	char path[32], text[4096], *line;

	snprintf(path, sizeof(path), "/proc/%d/status", s->pid);
	check(pgsa_read(path, text, sizeof(text)) > 0, "%s", path);
	line = strstr(text, "\nvoluntary_ctxt_switches:");
	check(line, "%s: no number of switches", path);
	return strtoul(strchr(line, ':') + 1, NULL, 10);
}

/*
 * Only who has been switched out is switched in later. Its state in /proc would
 * not tell: it changes first.
 */
static inline void sleeper_wait_asleep(struct sleeper *s)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned long slept = s->slept;

	while (!s->asleep) {
		check(now_s() < limit, "sleeper %d does not sleep", s->pid);
		s->slept = sleeper_sleeps(s);
		s->asleep = s->slept != slept;
	}
}

static inline void sleeper_start(struct sleeper *s, unsigned int nr)
{
	int go[2], answer[2];

	check(!pipe(go) && !pipe(answer), "pipe: %s", strerror(errno));
	s->nr = nr;
	s->slept = 0;
	s->asleep = false;
	s->pages = mmap(NULL, nr * PGSA_PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	s->pid = fork_child();
	if (!s->pid) {
		close(go[1]);
		close(answer[0]);
		sleeper_live(s, go[0], answer[1]);
	}
	close(go[0]);
	close(answer[1]);
	s->go = go[1];
	s->answer = answer[0];
	check(sleeper_answer(s) == LOOK_GOOD, "sleeper has no pages");
}

/* Lets it look if @look, else end. */
static inline void sleeper_go(struct sleeper *s, bool look)
{
	sleeper_wait_asleep(s);
	s->asleep = false;
	check(write(s->go, &(char){ look }, 1) == 1, "sleeper %d is gone",
	      s->pid);
}

static inline char sleeper_wake(struct sleeper *s)
{
	sleeper_go(s, true);
	return sleeper_answer(s);
}

static inline void sleeper_end(struct sleeper *s)
{
	sleeper_go(s, false);
	close(s->go);
	close(s->answer);
	expect_exit(s->pid);
}

static inline unsigned long sleeper_pfn(const struct sleeper *s,
					unsigned int page)
{
	unsigned long addr = (unsigned long)s->pages + page * PGSA_PAGE;
	unsigned long pfn;
	int err = pgsa_pfn(s->pid, addr, &pfn);

	check(!err, "pagemap of %#lx: %s", addr, strerror(-err));
	return pfn;
}

static inline unsigned long sleeper_wait_sealed(const struct sleeper *s,
						unsigned int page)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame;

	while (frame = frame_of(sleeper_pfn(s, page)), !is_sealed(&frame)) {
		check(now_s() < limit, "pfn %#lx stays %s, admit=%s", frame.pfn,
		      frame.state, frame.admit);
		sleep_ms(2);
	}
	return frame.pfn;
}

/* Returns the frame. */
static inline unsigned long sleeper_flip(struct sleeper *s, unsigned int page,
					 unsigned int bit)
{
	unsigned long addr = (unsigned long)s->pages + page * PGSA_PAGE;
	unsigned long pfn;
	int err;

	sleeper_wait_asleep(s);
	pfn = sleeper_wait_sealed(s, page);
	err = pgsa_inject(s->pid, addr + bit / 8, 1ULL << bit % 8);
	check(!err, "injection at %#lx: %s", addr, strerror(-err));
	return pfn;
}

static inline void ping_pong(void)
{
	int there[2], back[2];
	char byte = 0;
	pid_t pid;

	check(!pipe(there) && !pipe(back), "pipe: %s", strerror(errno));
	pid = fork_child();
	for (;;) {
		if (pid && write(there[1], &byte, 1) != 1)
			_exit(TEST_FAIL);
		if (read(pid ? back[0] : there[0], &byte, 1) != 1)
			_exit(TEST_FAIL);
		if (!pid && write(back[1], &byte, 1) != 1)
			_exit(TEST_FAIL);
	}
}

/*
 * The first policy patches the scheduler and the last one patches it back, and
 * QEMU's TCG now and then runs on with what was patched. So there is one more,
 * which has nobody's tasks, where code is patched at all.
 */
#define KEEPER_DIR	PGSA_CONFIGFS "/keeper"

static inline void keep_switched_on(void)
{
	char cpu[128] = "";

	pgsa_read("/proc/cpuinfo", cpu, sizeof(cpu));
	if (strstr(cpu, "User Mode Linux") ||
	    mkdir(KEEPER_DIR, 0755) || mkdir(KEEPER_DIR "/targets/none", 0755))
		return;
	pgsa_write(KEEPER_DIR "/strategy", "schedule");
	pgsa_write(KEEPER_DIR "/enable", "1");
}

static inline void keep_no_longer(void)
{
	rmdir(KEEPER_DIR "/targets/none");
	rmdir(KEEPER_DIR);
}

#endif /* SCHEDULE_H */
