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
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "pgsa_user.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define PAGES		64
#define MAX_OBJECTS	4096
#define MAX_POINTERS	128
#define FRESH_FLIPS	200	/* with the same policies */
#define WAIT_MS		1000
#define STALLED_MS	10000	/* so slow is no host */

enum kind { RECORD, REDUNDANCY, POLICY, TARGET, CREW, SEARCH, CLAIMS, NR_KINDS };
static const char * const kind_names[NR_KINDS] = {
	"record", "redundancy", "policy", "target", "crew", "search",
	"claims",
};

enum count {
	FLIPS, POINTERS, CORRECTED, UNRESOLVED, UNPROTECTED, MISSED, STALLED,
	WRONG, CHANGED, FALSE_REPAIRS, NR_COUNTS
};

/* Shared with the host; the same numbers are in recordflips */
struct box {
	uint64_t magic;
	uint64_t asked;		/* so many flips have been asked for */
	uint64_t done;		/* and made, says the host */
	uint64_t phys;		/* what the last one is to hit */
	uint64_t mask;
	uint64_t pointer;	/* a pointer or lock is damaged now */
	uint64_t kind;
	uint64_t offset;	/* in an object of that kind */
	uint64_t count[NR_KINDS][NR_COUNTS];
};

struct object {
	enum kind kind;
	uint64_t offset, bytes, phys;
};

struct pointer {
	enum kind kind;
	uint64_t offset, bytes;
};

static struct box *box;
static unsigned char *pages, good[PAGES][PGSA_PAGE];
static struct object objects[MAX_OBJECTS];
static struct pointer pointers[MAX_POINTERS];
static unsigned int nr_objects, nr_pointers;
static enum kind kind;		/* that the present flip hits */
static int only = -1;		/* flips of this kind are asked for */

static void count(enum count what)
{
	box->count[kind][what]++;
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

static int kind_of(const char *name)
{
	int k;

	for (k = 0; k < NR_KINDS; k++)
		if (!strcmp(kind_names[k], name))
			return k;
	return -1;
}

static void load_objects(void)
{
	FILE *file = fopen(PGSA_DEBUGFS "/objects", "r");
	unsigned long long offset, bytes, phys;
	char what[16], name[16], line[128];
	int n, k;

	if (!file)
		err(1, "%s/objects", PGSA_DEBUGFS);
	nr_objects = 0;
	nr_pointers = 0;
	while (fgets(line, sizeof(line), file)) {
		n = sscanf(line, "%15s %15s %llu %llu %llx", what, name, &offset,
			   &bytes, &phys);
		k = kind_of(name);
		if (n == 5 && k >= 0 && nr_objects < MAX_OBJECTS)
			objects[nr_objects++] = (struct object){
				k, offset, bytes, phys,
			};
		else if (n == 4 && k >= 0 && nr_pointers < MAX_POINTERS)
			pointers[nr_pointers++] = (struct pointer){
				k, offset, bytes,
			};
	}
	fclose(file);
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
	double limit = now_ms() + STALLED_MS;

	while (number(path) < end) {
		if (now_ms() > limit)
			return false;
		pause_us(100);
	}
	return true;
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

static bool is_pointer(const struct object *o, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < nr_pointers; i++)
		if (pointers[i].kind == o->kind && pointers[i].offset <= at &&
		    at < pointers[i].offset + pointers[i].bytes)
			return true;
	return false;
}

/* A word of a structure; of pointers and locks only one in a hundred. */
static bool choose_word(uint64_t *phys)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		const struct object *o = &objects[random() % nr_objects];
		uint64_t at = random() % o->bytes & ~7ULL;

		if (kind != o->kind)
			continue;
		if (is_pointer(o, o->offset + at)) {
			if (random() % 100)
				continue;
			box->pointer = 1;
			count(POINTERS);
		}
		box->offset = o->offset + at;
		*phys = o->phys + at;
		return true;
	}
	return false;
}

/* Returns false if there is nothing of that kind now. */
static bool choose(unsigned int nr, uint64_t *phys)
{
	struct pgsa_frame f = {};

	if (kind != RECORD && kind != REDUNDANCY)
		return choose_word(phys);
	if (!frame(nr, &f) || (kind == REDUNDANCY && !f.stored))
		return false;
	box->offset = kind == RECORD ? random() % 2 * 8 : random() % 5 * 8;
	*phys = kind == RECORD ? f.record * PGSA_PAGE + f.record_offset :
				 f.stored * PGSA_PAGE + f.stored_offset;
	*phys += box->offset;
	return true;
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

static void once(unsigned int nr)
{
	static const enum kind kinds[] = {
		RECORD, RECORD, RECORD, RECORD, RECORD, REDUNDANCY, REDUNDANCY,
		POLICY, TARGET, CREW, SEARCH, CLAIMS,
	};
	const char *repairs = PGSA_SYSFS "/errors_corrected";
	unsigned long long repaired = number(repairs);
	uint64_t phys;

	kind = only >= 0 ? (enum kind)only :
			   kinds[random() % ARRAY_SIZE(kinds)];
	box->kind = kind;
	if (!choose(nr, &phys))
		return;
	flip(phys, 1ULL << random() % 64);
	count(FLIPS);
	/* Redundancy is only looked at in one cycle of 16. */
	if (!await_cycles(kind == REDUNDANCY ? 17 : 2)) {
		if (!box->pointer)
			count(STALLED);
		fresh_policies();
	}
	if (number(repairs) != repaired)
		count(FALSE_REPAIRS);
	flip_content(nr);
	if (!all_good(PAGES))
		count(CHANGED);
	if (box->pointer)
		fresh_policies();
}

int main(int argc, char **argv)
{
	unsigned long flips = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000, i;
	unsigned long pfn;
	unsigned int nr;

	if (argc > 3)
		only = kind_of(argv[3]);
	srandom(argc > 2 ? strtoul(argv[2], NULL, 0) : 1);
	box = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	pages = mmap(NULL, PAGES * PGSA_PAGE, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (box == MAP_FAILED || pages == MAP_FAILED)
		err(1, "mmap");
	memset(box, 0, PGSA_PAGE);
	be_agent();
	for (nr = 0; nr < PAGES; nr++)
		fresh_page(nr);
	fresh_policies();
	if (pgsa_pfn(getpid(), (unsigned long)box, &pfn))
		errx(1, "no frame numbers");
	box->magic = 0x7067736170677361ULL;
	printf("box %#lx\n", pfn);
	fflush(stdout);
	for (i = 0; i < flips; i++) {
		once(random() % PAGES);
		if (i % FRESH_FLIPS == FRESH_FLIPS - 1)
			fresh_policies();
	}
	end_policy("flips0");
	end_policy("flips1");
	printf("end\n");
	return 0;
}
