// SPDX-License-Identifier: GPL-2.0
/*
 * Files that nobody maps. Tests go on to speak of their pages by address, but
 * there is nothing at these addresses: what is there is read, and frames are
 * learnt by mapping the file for a moment while nothing searches.
 */
#include "files.h"

#define VIEWS_MAX	32
#define LOOK_SECONDS	0.3

bool files_unmapped;

/* An address range that stands for a file */
static struct view {
	const char *map;
	size_t size;
	int fd;			/* open to be read, for good */
} views[VIEWS_MAX];

static unsigned int nr_views;

/* The latest, for an address may have been used before. */
static const struct view *view_of(const void *addr)
{
	const char *at = addr;
	unsigned int i = nr_views;

	while (i--)
		if (at >= views[i].map && at < views[i].map + views[i].size)
			return &views[i];
	check(false, "%p is no file's", addr);
	return NULL;
}

/* Gives @file its addresses; @fd is kept. */
void unmapped_view(struct file *file, int fd)
{
	check(nr_views < VIEWS_MAX, "more than %d files", VIEWS_MAX);
	file->map = mmap(NULL, file->size, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(file->map != MAP_FAILED, "mmap: %s", strerror(errno));
	views[nr_views++] = (struct view){ file->map, file->size, fd };
}

/* What a mapping would show at @addr: zeros beyond the end. */
void unmapped_read(const void *addr, char *to, size_t len)
{
	const struct view *view = view_of(addr);
	off_t offset = (const char *)addr - view->map;
	ssize_t n;

	memset(to, 0, len);
	n = pread(view->fd, to, len, offset);
	check(n >= 0, "read: %s", strerror(errno));
}

/* Leaves the search stopped, so that it cannot have met a mapped page. */
void unmapped_pfns(const void *addr, unsigned long *pfns, unsigned int nr)
{
	const struct view *view = view_of(addr);
	off_t offset = (const char *)addr - view->map;
	char *map;
	unsigned int i;

	policy_must_set("enable", "0");
	map = mmap(NULL, nr * PGSA_PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE,
		   view->fd, offset);
	check(map != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < nr; i++)
		pfns[i] = pfn_of(map + i * PGSA_PAGE);
	munmap(map, nr * PGSA_PAGE);
}

static const char *first_unsealed(const unsigned long *pfns, unsigned int nr)
{
	static char text[128];
	struct pgsa_frame frame;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		frame = frame_of(pfns[i]);
		if (is_sealed(&frame))
			continue;
		snprintf(text, sizeof(text),
			 "pfn %#lx stays %s, writers=%u admit=%s", frame.pfn,
			 frame.state, frame.writers, frame.admit);
		return text;
	}
	return NULL;
}

/*
 * Until @nr pages from @addr on are sealed, in these frames; NULL then. Others
 * may have taken their place by the next look.
 */
const char *unmapped_wait_sealed(const void *addr, unsigned long *pfns,
				 unsigned int nr)
{
	double limit = now_s() + WAIT_MS / 1000.0, look;
	double seconds = LOOK_SECONDS;
	const char *unsealed;

	do {
		unmapped_pfns(addr, pfns, nr);
		restart_search();
		look = now_s() + seconds;
		/* A slow kernel may not have come so far. */
		seconds *= 2;
		while ((unsealed = first_unsealed(pfns, nr)) && now_s() < look)
			sleep_ms(2);
	} while (unsealed && now_s() < limit && !false_errors());
	return unsealed;
}

/* As file_settle(). */
void unmapped_settle(const struct file *file)
{
	unsigned int nr = file->size / PGSA_PAGE;
	unsigned long *pfns = calloc(nr, sizeof(*pfns));
	const char *unsealed;

	if (file->refused) {
		unmapped_pfns(file->map, pfns, nr);
		restart_search();
		wait_cycles(1);
	} else {
		unsealed = unmapped_wait_sealed(file->map, pfns, nr);
		if (false_errors())
			end();
		check(!unsealed, "%s: %s", file->path, unsealed);
	}
	free(pfns);
}

void flip_frame(unsigned long pfn, unsigned int bit)
{
	char line[64];
	int err;

	snprintf(line, sizeof(line), "%#lx %u %#x\n", pfn, bit / 8,
		 1 << bit % 8);
	err = pgsa_write(PGSA_DEBUGFS "/inject_pfn", line);
	check(!err, "injection to %s: %s", line, strerror(-err));
}

/* As flip_is_repaired(), for a page that nobody maps before, then or after. */
void unmapped_flip_is_repaired(const void *page, unsigned int bit)
{
	char before[PGSA_PAGE], after[PGSA_PAGE];
	const char *unsealed;
	unsigned long pfn;

	unmapped_read(page, before, PGSA_PAGE);
	unsealed = unmapped_wait_sealed(page, &pfn, 1);
	check(!unsealed, "%s", unsealed);
	flip_frame(pfn, bit);
	expect_report(pfn, bit, "corrected");
	unmapped_read(page, after, PGSA_PAGE);
	check(!memcmp(before, after, PGSA_PAGE),
	      "pfn %#lx: the content is not what it was", pfn);
}
