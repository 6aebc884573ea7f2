// SPDX-License-Identifier: GPL-2.0
/*
 * recordflips, the part in the guest: damages what PGSA itself keeps in memory,
 * one bit at a time, and looks whether it still finds and repairs a flip in a
 * sealed page. Each bit is flipped by the part on the host, while the guest is
 * stopped: it is asked through a page of this program, in which it also finds the
 * counts when the guest has died.
 */
#include <err.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "recordflips.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define PAGES		64
#define FRESH_FLIPS	200	/* with the same policies */
#define WAIT_MS		1000
#define STALLED_LOOKS	50000	/* not a time: the host may stop us, too */

static struct box *box;
static unsigned char *pages, good[PAGES][PGSA_PAGE];
static enum kind kind;		/* that the present flip hits */
static int only = -1;		/* flips of this kind are asked for */
static bool in_order;		/* each bit of that kind once */
static unsigned int hit_bit;	/* of the word that the present flip hits */

static const char * const bad_counts[NR_COUNTS] = {
	[UNPROTECTED] = "unprotected", [MISSED] = "missed",
	[STALLED] = "stalled", [WRONG] = "wrong", [CHANGED] = "changed",
	[FALSE_REPAIRS] = "false repair",
};

static void count(enum count what)
{
	box->count[kind][what]++;
	if (bad_counts[what])
		fprintf(stderr, "# %s: bit %u of word %llu in %s\n",
			bad_counts[what], hit_bit, (unsigned long long)box->offset,
			kind_names[kind]);
}

static void pause_us(long us)
{
	struct timespec ts = { .tv_nsec = us * 1000 };

	nanosleep(&ts, NULL);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/* Has the host flip a bit, whatever it is. */
static void flip(uint64_t phys, uint64_t mask)
{
	box->phys = phys & ~7ULL;
	box->mask = mask;
	__atomic_store_n(&box->asked, box->asked + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&box->done, __ATOMIC_ACQUIRE) != box->asked)
		pause_us(50);
}

static unsigned long long number(const char *path)
{
	char text[64];

	return pgsa_read(path, text, sizeof(text)) > 0 ?
	       strtoull(text, NULL, 10) : 0;
}

static int set(const char *policy, const char *attr, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), PGSA_CONFIGFS "/%s/%s", policy, attr);
	return pgsa_write(path, text);
}

/* Ours, all of them: which one is damaged must not matter to the others. */
static const char * const targets[] = { "first", "second", "third" };

static bool make_target(const char *policy, const char *target)
{
	char path[128], pid[16], attr[64];

	snprintf(path, sizeof(path), PGSA_CONFIGFS "/%s/targets/%s", policy,
		 target);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (mkdir(path, 0755))
		return false;
	snprintf(attr, sizeof(attr), "targets/%s/signal_number", target);
	if (set(policy, attr, "10"))
		return false;
	snprintf(attr, sizeof(attr), "targets/%s/agent", target);
	if (set(policy, attr, pid))
		return false;
	snprintf(attr, sizeof(attr), "targets/%s/pid", target);
	return !set(policy, attr, pid);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* We are the agent of each, but do not let that interrupt us. */
static void be_agent(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGTERM);
	if (sigaction(SIGUSR1, &action, NULL) ||
	    sigprocmask(SIG_BLOCK, &all, NULL))
		err(1, "signals");
}

static void end_policy(const char *policy)
{
	char path[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		snprintf(path, sizeof(path), PGSA_CONFIGFS "/%s/targets/%s",
			 policy, targets[i]);
		rmdir(path);
	}
	snprintf(path, sizeof(path), PGSA_CONFIGFS "/%s", policy);
	rmdir(path);
}

static void begin_policy(const char *policy, const char *strategy,
			 const char *correct)
{
	char path[128];
	unsigned int i;

	snprintf(path, sizeof(path), PGSA_CONFIGFS "/%s", policy);
	if (mkdir(path, 0755))
		err(1, "%s", path);
	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (!make_target(policy, targets[i]))
			errx(1, "cannot make target %s", targets[i]);
	if (set(policy, "strategy", strategy) ||
	    set(policy, "correct", correct) ||
	    set(policy, "cpu_permille", "0") ||
	    set(policy, "interval_ms", "0") || set(policy, "enable", "1"))
		errx(1, "cannot start policy %s", policy);
}

static void fresh_policies(void)
{
	end_policy("flips0");
	end_policy("flips1");
	begin_policy("flips0", "registered", "hamming");
	begin_policy("flips1", "sweep", "lane");
	load_objects();
	box->pointer = 0;
}

static void fresh_page(unsigned int nr)
{
	unsigned char *page = pages + nr * PGSA_PAGE;
	unsigned int i;

	if (mmap(page, PGSA_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
		err(1, "mmap");
	for (i = 0; i < PGSA_PAGE; i++)
		good[nr][i] = random();
	memcpy(page, good[nr], PGSA_PAGE);
	mprotect(page, PGSA_PAGE, PROT_READ);
}

static bool frame(unsigned int nr, struct pgsa_frame *f)
{
	unsigned long pfn;

	return !pgsa_pfn(getpid(), (unsigned long)pages + nr * PGSA_PAGE,
			 &pfn) && !pgsa_frame(pfn, f);
}

/* The policy whose cycles are short */
static bool await_cycles(unsigned int nr)
{
	const char *path = PGSA_CONFIGFS "/flips0/stats/cycles";
	unsigned long long end = number(path) + nr;
	double begin = now_ms();
	unsigned int looks;

	for (looks = 0; looks < STALLED_LOOKS; looks++) {
		if (number(path) >= end)
			return true;
		pause_us(100);
	}
	fprintf(stderr, "# %llu of %u cycles are missing after %.0f ms\n",
		end - number(path), nr, now_ms() - begin);
	return false;
}

static bool await_sealed(unsigned int nr, struct pgsa_frame *f)
{
	double limit = now_ms() + WAIT_MS;

	while (now_ms() < limit) {
		if (frame(nr, f) && !strcmp(f->state, "SEALED"))
			return true;
		if (f->hurt)
			return false;
		pause_us(500);
	}
	return false;
}

/* A bit of a frame's record, or of what is stored for it */
static bool place_of_frame(unsigned int nr, struct place *place)
{
	struct pgsa_frame f = {};
	uint64_t at = random() % (kind == RECORD ? 2 : 5) * 8;

	if (!frame(nr, &f) || (kind == REDUNDANCY && !f.stored))
		return false;
	*place = (struct place){
		.kind = kind, .offset = at, .bit = random() % 64,
		.phys = at + (kind == RECORD ?
			      f.record * PGSA_PAGE + f.record_offset :
			      f.stored * PGSA_PAGE + f.stored_offset),
	};
	return true;
}

/* Returns false if there is nothing of that kind now. */
static bool choose(unsigned int nr, struct place *place)
{
	struct pgsa_frame f = {};

	if (in_order)
		return next_place(kind, &box->next, place);
	if (kind == MARKS)
		return frame(nr, &f) && place_of_mark(f.pfn, place);
	if (kind == RECORD || kind == REDUNDANCY)
		return place_of_frame(nr, place);
	return random_place(kind, place);
}

static bool all_good(unsigned int but)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (i != but && memcmp(pages + i * PGSA_PAGE, good[i], PGSA_PAGE))
			return false;
	return true;
}

/* Flips a bit of a sealed page, and sees what becomes of it. */
static void flip_content(unsigned int nr)
{
	const char *repairs = PGSA_SYSFS "/errors_corrected";
	unsigned char *page = pages + nr * PGSA_PAGE;
	unsigned char bad[PGSA_PAGE];
	struct pgsa_frame f = {};
	unsigned long long repaired;
	unsigned int bit = random() % (PGSA_PAGE * 8);
	double limit;

	if (!await_sealed(nr, &f)) {
		count(f.hurt ? UNRESOLVED : UNPROTECTED);
		fresh_page(nr);
		return;
	}
	memcpy(bad, good[nr], PGSA_PAGE);
	bad[bit / 8] ^= 1 << bit % 8;
	repaired = number(repairs);
	flip(f.pfn * PGSA_PAGE + bit / 8, 1ULL << bit % 64);
	limit = now_ms() + WAIT_MS;
	while (memcmp(page, good[nr], PGSA_PAGE) && now_ms() < limit &&
	       !(frame(nr, &f) && f.hurt))
		pause_us(100);
	if (!memcmp(page, good[nr], PGSA_PAGE)) {
		await_cycles(1);
		count(number(repairs) == repaired + 1 ? CORRECTED : FALSE_REPAIRS);
		return;
	}
	if (memcmp(page, bad, PGSA_PAGE))
		count(WRONG);
	else
		count(f.hurt ? UNRESOLVED : MISSED);
	fresh_page(nr);
}

/* Returns false if there is nothing to flip, now or any more. */
static bool once(unsigned int nr)
{
	static const enum kind kinds[] = {
		RECORD, RECORD, RECORD, RECORD, RECORD, REDUNDANCY, REDUNDANCY,
		POLICY, TARGET, CREW, SEARCH, CLAIMS, MARKS,
	};
	const char *repairs = PGSA_SYSFS "/errors_corrected";
	unsigned long long repaired = number(repairs);
	struct place place;
	bool searched;

	kind = only >= 0 ? (enum kind)only :
			   kinds[random() % ARRAY_SIZE(kinds)];
	box->kind = kind;
	if (!choose(nr, &place))
		return false;
	hit_bit = place.bit;
	box->offset = place.offset;
	box->pointer = place.pointer;
	if (place.pointer)
		count(POINTERS);
	flip(place.phys, 1ULL << hit_bit);
	count(FLIPS);
	/* Redundancy is only looked at in one cycle of 16. */
	searched = await_cycles(kind == REDUNDANCY ? 17 : 2);
	if (!searched && !box->pointer) {
		count(STALLED);
		fresh_policies();
	}
	if (number(repairs) != repaired)
		count(FALSE_REPAIRS);
	if (searched || !box->pointer)
		flip_content(nr);
	if (!all_good(PAGES))
		count(CHANGED);
	return true;
}

int main(int argc, char **argv)
{
	unsigned long flips = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	unsigned long made = 0;
	unsigned long pfn;
	unsigned int nr;

	/* FLIPS SEED [KIND [FIRST]] */
	if (argc > 3)
		only = kind_of(argv[3]);
	in_order = argc > 4;
	srandom(argc > 2 ? strtoul(argv[2], NULL, 0) : 1);
	box = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	pages = mmap(NULL, PAGES * PGSA_PAGE, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (box == MAP_FAILED || pages == MAP_FAILED)
		err(1, "mmap");
	memset(box, 0, PGSA_PAGE);
	if (in_order)
		box->next = strtoull(argv[4], NULL, 0);
	be_agent();
	for (nr = 0; nr < PAGES; nr++)
		fresh_page(nr);
	fresh_policies();
	if (pgsa_pfn(getpid(), (unsigned long)box, &pfn))
		errx(1, "no frame numbers");
	box->magic = 0x7067736170677361ULL;
	printf("box %#lx\n", pfn);
	fflush(stdout);
	while (made < flips) {
		if (!once(random() % PAGES)) {
			if (in_order)
				break;
			pause_us(1000);
			continue;
		}
		/* What comes of it may come later, and look like another's fault. */
		if (box->pointer)
			return RECORDFLIPS_AGAIN;
		if (++made % FRESH_FLIPS == 0)
			fresh_policies();
	}
	end_policy("flips0");
	end_policy("flips1");
	printf("end\n");
	return 0;
}
