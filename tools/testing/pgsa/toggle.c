// SPDX-License-Identifier: GPL-2.0
/*
 * toggle: memory that cannot make up its mind. The part in a guest seals pages and
 * looks afterwards what has become of them; the part on the host makes one bit at
 * a time wrong and right again, in the file that is the guest's memory, from tens of
 * nanoseconds to milliseconds apart.
 *
 *	toggle guest		prints the number of the frame that both parts share
 *	toggle host FILE PFN SECONDS
 */
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "pgsa_user.h"

#define PAGES		64U
#define POLICY		PGSA_CONFIGFS "/toggle"
#define MAGIC		0x656c67676f74ULL
#define SETTLE_MS	20000
#define BURST		64	/* toggles of one bit, at most */

/* A page of the guest's program */
struct box {
	uint64_t magic;
	uint64_t ready;		/* says the guest */
	uint64_t over;		/* says the host */
	uint64_t toggles;
	uint64_t pfn[PAGES];
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void pause_ns(long ns)
{
	struct timespec ts = { .tv_nsec = ns };

	if (ns)
		nanosleep(&ts, NULL);
}

/* The host's part */

/* Mostly as fast as can be, else for long enough that the page is looked at. */
static long random_pause(unsigned int pace)
{
	switch (pace) {
	case 0:
		return 0;
	case 1:
		return random() % 20000;
	default:
		return random() % 2000000;
	}
}

/* The byte is right at first, and in the end. */
static unsigned int toggle_bit(volatile unsigned char *byte, unsigned char mask)
{
	unsigned char right = *byte, wrong = right ^ mask;
	unsigned int pace = random() % 3, nr = 1 + random() % BURST, i;

	for (i = 0; i < nr; i++) {
		*byte = wrong;
		pause_ns(random_pause(pace));
		*byte = right;
		pause_ns(random_pause(pace));
	}
	return nr;
}

static int host(const char *path, uint64_t pfn, unsigned int seconds)
{
	double end = now_ms() + seconds * 1e3;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char *memory;
	struct stat st;
	struct box *box;

	if (fd < 0 || fstat(fd, &st))
		err(2, "%s", path);
	memory = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(2, "%s", path);
	box = (struct box *)(memory + pfn * PGSA_PAGE);
	if (box->magic != MAGIC)
		errx(2, "%s: the guest's memory is not where it should be", path);
	while (!__atomic_load_n(&box->ready, __ATOMIC_ACQUIRE))
		pause_ns(1000000);
	while (now_ms() < end) {
		unsigned int bit = random() % (PGSA_PAGE * 8);
		uint64_t page = box->pfn[random() % PAGES] * PGSA_PAGE;

		box->toggles += toggle_bit(memory + page + bit / 8, 1 << bit % 8);
	}
	__atomic_store_n(&box->over, 1, __ATOMIC_RELEASE);
	return 0;
}

/* The guest's part */

static int set(const char *attr, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), POLICY "/%s", attr);
	return pgsa_write(path, text);
}

static unsigned long long stat_of(const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), POLICY "/stats/%s", name);
	return pgsa_read(path, text, sizeof(text)) > 0 ?
	       strtoull(text, NULL, 10) : 0;
}

static void begin(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (mkdir(POLICY, 0755) || mkdir(POLICY "/targets/me", 0755) ||
	    set("targets/me/pid", pid) || set("strategy", "registered") ||
	    set("cpu_permille", "0") || set("interval_ms", "0") ||
	    set("enable", "1"))
		err(2, "%s", POLICY);
}

/* Returns how many of the pages are sealed; waits for all. */
static unsigned int count_sealed(const unsigned char *pages, uint64_t *pfns)
{
	double limit = now_ms() + SETTLE_MS;
	struct pgsa_frame frame;
	unsigned int i, sealed;
	unsigned long pfn;

	do {
		for (sealed = 0, i = 0; i < PAGES; i++) {
			if (pgsa_pfn(getpid(), (uintptr_t)pages + i * PGSA_PAGE,
				     &pfn) || pgsa_frame(pfn, &frame))
				continue;
			pfns[i] = pfn;
			sealed += !strcmp(frame.state, "SEALED");
		}
		pause_ns(10000000);
	} while (sealed < PAGES && now_ms() < limit);
	return sealed;
}

static void *new_pages(unsigned int nr)
{
	void *pages = mmap(NULL, nr * PGSA_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (pages == MAP_FAILED)
		err(2, "mmap");
	return pages;
}

static unsigned int results, failures;

static void result(bool ok, const char *name)
{
	failures += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", ++results, name);
}

static int guest(void)
{
	unsigned char *pages = new_pages(PAGES), *good = new_pages(PAGES);
	struct box *box = new_pages(1);
	unsigned int i, sealed;
	unsigned long pfn;

	box->magic = MAGIC;
	for (i = 0; i < PAGES * PGSA_PAGE; i++)
		good[i] = random();
	memcpy(pages, good, PAGES * PGSA_PAGE);
	mprotect(pages, PAGES * PGSA_PAGE, PROT_READ);
	begin();
	if (mlockall(MCL_CURRENT) || pgsa_pfn(getpid(), (uintptr_t)box, &pfn))
		errx(2, "no frame number");
	if (count_sealed(pages, box->pfn) < PAGES)
		errx(2, "not all pages are sealed");
	printf("# box %#lx\n1..4\n", pfn);
	fflush(stdout);
	__atomic_store_n(&box->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&box->over, __ATOMIC_ACQUIRE))
		pause_ns(10000000);
	sealed = count_sealed(pages, box->pfn);
	printf("# %llu toggles: %llu corrected, %llu transient, %llu unresolved; %u of %u sealed\n",
	       (unsigned long long)box->toggles, stat_of("corrected"),
	       stat_of("transient"), stat_of("unresolved"), sealed, PAGES);
	result(!memcmp(pages, good, PAGES * PGSA_PAGE),
	       "no page is worse than it was left");
	result(sealed == PAGES, "no frame with the right content is unprotected");
	result(!stat_of("unresolved"), "nothing that is right again is unresolved");
	result(stat_of("corrected") + stat_of("transient") > 0,
	       "some of it was noticed");
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "guest"))
		return guest();
	if (argc == 5 && !strcmp(argv[1], "host"))
		return host(argv[2], strtoull(argv[3], NULL, 0), atoi(argv[4]));
	errx(2, "usage: toggle guest | toggle host FILE PFN SECONDS");
}
