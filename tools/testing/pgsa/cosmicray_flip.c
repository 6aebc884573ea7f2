// SPDX-License-Identifier: GPL-2.0
/*
 * cosmicray's flips: choosing a frame, hitting it, and remembering it until it
 * is repaired.
 */
#include <err.h>
#include <signal.h>
#include <time.h>

#include "cosmicray.h"

#define MAX_FLIPS	65536	/* outstanding at a time */
#define MAX_TARGETS	16384	/* areas of all processes */
#define PAGE_TRIES	256	/* for one flip, before a pause */
#define RELOAD_NS	500000000ULL	/* the age at which targets are read anew */
#define PATIENCE_NS	5000000000ULL	/* without a frame to hit */
#define RETRY_NS	5000000	/* lets the searcher repair what is hit */

#define KPF_ZERO_PAGE	24	/* as in linux/kernel-page-flags.h */

struct flip {
	pid_t pid;
	unsigned long addr;		/* of an aligned 64-bit word */
	unsigned long pfn;
	unsigned long long mask;
	unsigned long long content;	/* of the word, before the flip */
};

struct target {
	pid_t pid;
	unsigned long start;
	unsigned long pages;
};

static struct target targets[MAX_TARGETS];
static unsigned int nr_targets;
static unsigned long nr_pages;	/* of all targets */

static struct flip flips[MAX_FLIPS];
static unsigned int nr_flips;
static unsigned long nr_repaired, nr_lost;

static unsigned long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Sleeps until @when; true if an interrupt or SIGTERM asks us to stop. */
static bool stopped_before(unsigned long long when)
{
	unsigned long long now = now_ns(), left = when > now ? when - now : 0;
	struct timespec ts = { left / 1000000000, left % 1000000000 };
	static sigset_t signals;
	static bool blocked, stopped;

	if (!blocked) {
		sigemptyset(&signals);
		sigaddset(&signals, SIGINT);
		sigaddset(&signals, SIGTERM);
		sigprocmask(SIG_BLOCK, &signals, NULL);
		blocked = true;
	}
	if (!stopped && sigtimedwait(&signals, NULL, &ts) > 0)
		stopped = true;
	return stopped;
}

/* splitmix64: the whole state is one number, so a seed repeats a run. */
static unsigned long long random_below(unsigned long long limit)
{
	static unsigned long long state;
	unsigned long long z;

	if (!state)
		state = opt.seed;
	state += 0x9e3779b97f4a7c15ULL;
	z = state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % limit;
}

static int read_word(const struct flip *flip, unsigned long long *word)
{
	int fd = pgsa_open_proc(flip->pid, "mem");
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, word, sizeof(*word), flip->addr);
	close(fd);
	return n == sizeof(*word) ? 0 : -EFAULT;
}

/* Forgets the flips that are repaired, and those whose page went away. */
static void sweep_flips(void)
{
	unsigned long long word;
	unsigned int i = 0;
	unsigned long pfn;

	while (i < nr_flips) {
		if (pgsa_pfn(flips[i].pid, flips[i].addr, &pfn) ||
		    pfn != flips[i].pfn || read_word(&flips[i], &word)) {
			nr_lost++;
		} else if (word == flips[i].content) {
			nr_repaired++;
		} else {
			i++;
			continue;
		}
		flips[i] = flips[--nr_flips];
	}
}

static bool outstanding(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < nr_flips; i++)
		if (flips[i].pfn == pfn)
			return true;
	return false;
}

static void load_targets(void)
{
	static struct pgsa_area areas[MAX_AREAS];
	unsigned int i = 0;
	int j, nr;

	nr_targets = 0;
	nr_pages = 0;
	while (i < opt.nr_pids) {
		nr = load_areas(opt.pids[i], areas);
		if (nr < 0) {
			drop_pid(i);
			continue;
		}
		for (j = 0; j < nr && nr_targets < MAX_TARGETS; j++) {
			targets[nr_targets] = (struct target){
				.pid = opt.pids[i],
				.start = areas[j].start & -PGSA_PAGE,
				.pages = (areas[j].end - 1) / PGSA_PAGE -
					 areas[j].start / PGSA_PAGE + 1,
			};
			nr_pages += targets[nr_targets++].pages;
		}
		i++;
	}
}

/* Any page of any target, all with the same probability. */
static void random_page(struct flip *flip)
{
	unsigned long page = random_below(nr_pages);
	const struct target *target = targets;

	while (page >= target->pages)
		page -= target++->pages;
	flip->pid = target->pid;
	flip->addr = target->start + page * PGSA_PAGE;
}

/* One number per frame, from a file in /proc; ~0 if there is none. */
static unsigned long long per_frame(const char *path, int *fd,
				    unsigned long pfn)
{
	unsigned long long value;

	if (*fd < 0)
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(*fd, &value, sizeof(value), pfn * sizeof(value)) !=
	    sizeof(value))
		return ~0ULL;
	return value;
}

/* One frame of zeros is mapped by everybody: hitting it would hit them all. */
static bool is_zero_page(unsigned long pfn)
{
	static int fd = -1;

	return per_frame("/proc/kpageflags", &fd, pfn) & (1ULL << KPF_ZERO_PAGE);
}

/* A particle does not care how many processes map what it hits. */
static bool wins_draw(unsigned long pfn)
{
	static int fd = -1;
	unsigned long long mappings = per_frame("/proc/kpagecount", &fd, pfn);

	return mappings <= 1 || mappings == ~0ULL || !random_below(mappings);
}

/* May this page be hit? Fills in the frame if so. */
static bool may_hit(struct flip *flip)
{
	struct pgsa_frame frame;
	int err;

	if (pgsa_pfn(flip->pid, flip->addr, &flip->pfn))
		return false;
	if (!wins_draw(flip->pfn) || outstanding(flip->pfn) ||
	    is_zero_page(flip->pfn))
		return false;
	err = pgsa_frame(flip->pfn, &frame);
	if (err)
		errx(EXIT_SYSTEM, "%s/frame: %s", PGSA_DEBUGFS, strerror(-err));
	/* Read-only here, but perhaps writable in another process. */
	if (frame.writers)
		return false;
	return !opt.sealed || !strcmp(frame.state, "SEALED");
}

/* One bit, or two of the same 64-bit word, inside the range asked for. */
static void choose_bits(struct flip *flip)
{
	unsigned long page = flip->addr & ~(PGSA_PAGE - 1);
	unsigned long lo = page > opt.lo ? page : opt.lo;
	unsigned long hi = page + PGSA_PAGE < opt.hi ? page + PGSA_PAGE : opt.hi;
	unsigned long byte = lo + random_below(hi - lo);
	unsigned int bit = random_below(8), other;

	flip->addr = byte & ~7UL;
	bit += (byte & 7) * 8;
	flip->mask = 1ULL << bit;
	if (!opt.two_bits)
		return;
	do {
		other = random_below(64);
		byte = flip->addr + other / 8;
	} while (other == bit || byte < lo || byte >= hi);
	flip->mask |= 1ULL << other;
}

/* The list of targets may be old: is the page still one of those? */
static bool still_eligible(const struct flip *flip)
{
	static struct pgsa_area areas[MAX_AREAS];
	int i, nr = load_areas(flip->pid, areas);

	for (i = 0; i < nr; i++)
		if ((areas[i].start & -PGSA_PAGE) <= flip->addr &&
		    flip->addr < areas[i].end)
			return true;
	return false;
}

static bool choose_target(struct flip *flip)
{
	static unsigned long long loaded;
	unsigned int tries;

	if (now_ns() - loaded > RELOAD_NS) {
		load_targets();
		loaded = now_ns();
	}
	for (tries = 0; tries < PAGE_TRIES && tries < 4 * nr_pages; tries++) {
		random_page(flip);
		if (!may_hit(flip))
			continue;
		choose_bits(flip);
		return still_eligible(flip);
	}
	return false;
}

static void print_flip(const struct flip *flip, unsigned long long time)
{
	unsigned int word = flip->addr % PGSA_PAGE * 8;
	unsigned long long rest = flip->mask & (flip->mask - 1);

	if (!opt.verbose)
		return;
	printf("time_ns=%llu pid=%d address=%#lx pfn=%#lx bit=%u", time,
	       flip->pid, flip->addr, flip->pfn,
	       word + __builtin_ctzll(flip->mask));
	if (rest)
		printf(" bit2=%u", word + __builtin_ctzll(rest));
	putchar('\n');
	fflush(stdout);
}

/* False if there was no frame to hit this time. */
static bool make_flip(void)
{
	unsigned long long time;
	struct flip flip;
	int err;

	if (nr_flips == MAX_FLIPS || !choose_target(&flip) ||
	    read_word(&flip, &flip.content)) {
		sweep_flips();
		return false;
	}
	time = now_ns();
	err = pgsa_inject(flip.pid, flip.addr, flip.mask);
	if (err == -ESRCH || err == -EFAULT)
		return false;	/* ended or unmapped since we looked */
	if (err)
		errx(EXIT_SYSTEM, "%s/inject_vaddr: %s", PGSA_DEBUGFS,
		     strerror(-err));
	flips[nr_flips++] = flip;
	print_flip(&flip, time);
	return true;
}

/* Waits until every flip is repaired, for as long as the user wants to. */
static void await_repairs(void)
{
	unsigned long long limit = now_ns() + opt.wait_s * 1e9;

	for (sweep_flips(); nr_flips && now_ns() < limit; sweep_flips())
		if (stopped_before(now_ns() + 10000000))
			break;
}

enum exit_code make_flips(void)
{
	unsigned long long start = now_ns(), last = start, next = start;
	unsigned long made = 0;

	while (!stopped_before(next) && (!opt.count || made < opt.count)) {
		if (opt.nr_pids && make_flip()) {
			made++;
			last = now_ns();
			if (opt.rate > 0)
				next = start + made / opt.rate * 1e9;
		} else if (opt.nr_pids && now_ns() - last < PATIENCE_NS) {
			next = now_ns() + RETRY_NS;
		} else {
			break;
		}
	}
	await_repairs();
	printf("cosmicray: flips=%lu repaired=%lu outstanding=%u lost=%lu ",
	       made, nr_repaired, nr_flips, nr_lost);
	printf("seconds=%.3f seed=%#llx\n", (now_ns() - start) / 1e9, opt.seed);
	if (made < opt.count) {
		warnx("stopped after %lu flips: %s", made,
		      stopped_before(0) ? "interrupted" : "no frame to hit");
		return EXIT_INCOMPLETE;
	}
	return opt.wait_s > 0 && nr_flips ? EXIT_INCOMPLETE : EXIT_OK;
}
