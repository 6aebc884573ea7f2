/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages and the frames behind them: the part of pgsa_selftest.h that makes them,
 * waits until they are sealed, and flips bits in them. Included there.
 */
#ifndef PGSA_PAGES_H
#define PGSA_PAGES_H

/* Of a page that can be read: it may be on its way to another frame just now. */
static inline unsigned long pfn_of(const void *addr)
{
	unsigned int tries = 100;
	unsigned long pfn;
	int err;

	while ((err = pgsa_pfn(getpid(), (unsigned long)addr, &pfn)) == -ENXIO &&
	       tries--)
		(void)*(const volatile char *)addr;
	check(!err, "pagemap of %p: %s", addr, strerror(-err));
	return pfn;
}

static inline struct pgsa_frame frame_of(unsigned long pfn)
{
	struct pgsa_frame frame;
	int err = pgsa_frame(pfn, &frame);

	check(!err, "frame %#lx: %s", pfn, strerror(-err));
	return frame;
}

static inline bool is_sealed(const struct pgsa_frame *frame)
{
	return !strcmp(frame->state, "SEALED") ||
	       !strcmp(frame->state, "CHECKING");
}

/* The frame may change while we wait: reclaim and compaction go on. */
static inline unsigned long wait_sealed(const void *addr)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	struct pgsa_frame frame;

	for (;;) {
		frame = frame_of(pfn_of(addr));
		if (is_sealed(&frame))
			return frame.pfn;
		check(now_s() < limit, "pfn %#lx stays %s, writers=%u admit=%s",
		      frame.pfn, frame.state, frame.writers, frame.admit);
		sleep_ms(2);
	}
}

static inline void protect(void *area, size_t size, int prot)
{
	check(!mprotect(area, size, prot), "mprotect: %s", strerror(errno));
}

/* Anonymous pages with a content of their own. */
static inline uint32_t *new_pages(unsigned int nr, int prot)
{
	/* At once: a fault is what User Mode Linux is slowest at. */
	uint32_t *area = mmap(NULL, nr * PGSA_PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	static uint32_t value;
	size_t i;

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < nr * PGSA_PAGE / sizeof(*area); i++)
		area[i] = value++ * 2654435761U;
	/* On to the LRU lists, at least on this CPU: that saves a second. */
	madvise(area, nr * PGSA_PAGE, MADV_COLD);
	if (!(prot & PROT_WRITE))
		protect(area, nr * PGSA_PAGE, prot);
	return area;
}

/* A kernel with little memory has them, but does not use them by itself. */
static inline void need_huge_pages(void)
{
	const char *dir = "/sys/kernel/mm/transparent_hugepage";
	char path[64];

	snprintf(path, sizeof(path), "%s/enabled", dir);
	if (pgsa_write(path, "madvise"))
		skip("no huge pages");
	snprintf(path, sizeof(path), "%s/defrag", dir);
	pgsa_write(path, "madvise");
}

/* @size in KiB, as in the directory's name. */
static inline void need_large_pages(unsigned int size)
{
	char path[96];

	need_huge_pages();
	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/transparent_hugepage/hugepages-%ukB/enabled",
		 size);
	if (pgsa_write(path, "madvise"))
		skip("no large pages of that size");
}

static inline void flip(const void *page, unsigned int bit)
{
	int err = pgsa_inject(getpid(), (unsigned long)page + bit / 8,
			      1ULL << bit % 8);

	check(!err, "injection at %p, bit %u: %s", page, bit, strerror(-err));
}

/* In the record of a frame: its @word 0 is the word, 1 the check bytes. */
static inline void flip_record(unsigned long pfn, unsigned int word, uint64_t mask)
{
	struct pgsa_frame frame = frame_of(pfn);
	char text[64];

	check(frame.record, "where is the record?");
	snprintf(text, sizeof(text), "%#lx %u %#llx", frame.record,
		 frame.record_offset + word * 8, (unsigned long long)mask);
	check(!pgsa_write(PGSA_DEBUGFS "/inject_pfn", text), "%s", text);
}

/* The heart of most tests: flips one bit and wants it found and put right. */
static inline void flip_is_repaired(const void *page, unsigned int bit)
{
	char content[PGSA_PAGE];
	unsigned long pfn;

	memcpy(content, page, PGSA_PAGE);
	pfn = wait_sealed(page);
	flip(page, bit);
	expect_report(pfn, bit, "corrected");
	check(!memcmp(content, page, PGSA_PAGE),
	      "pfn %#lx: the content is not what it was", pfn);
	check(pfn_of(page) == pfn, "pfn %#lx became %#lx", pfn, pfn_of(page));
}

#endif /* PGSA_PAGES_H */
