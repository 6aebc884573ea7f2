// SPDX-License-Identifier: GPL-2.0
/*
 * Victims of flips: memory of every kind that is admitted, which goes through
 * all that may happen to such memory.
 */
#include "load_flip.h"

#define PAGES	48

char *victim_address(const struct victim *victim, unsigned int page)
{
	return victim->area + page * PAGE;
}

static void content_of(const struct victim *victim, unsigned int page,
		       char *content)
{
	if (victim->content)
		memcpy(content, victim->content + page * PAGE, PAGE);
	else
		fill_page(content, victim->page[page].key);
}

bool victim_is_right(const struct victim *victim, unsigned int page)
{
	char content[PAGE];

	content_of(victim, page, content);
	return !memcmp(content, victim_address(victim, page), PAGE);
}

/* Is it right but for this bit? */
bool victim_has_flip(const struct victim *victim, unsigned int page, int bit)
{
	char content[PAGE];

	content_of(victim, page, content);
	content[bit / 8] ^= 1 << bit % 8;
	return !memcmp(content, victim_address(victim, page), PAGE);
}

/* All that is known about a page that is not what it should be. */
void victim_show(const struct victim *victim, unsigned int page)
{
	uint64_t content[PAGE / 8], seen[PAGE / 8], kernels[PAGE / 8];
	char *address = victim_address(victim, page);
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	struct pgsa_frame frame = { 0 };
	unsigned int i, nr = 0, first = 0;
	unsigned long pfn = 0;

	memcpy(seen, address, PAGE);
	if (!pgsa_pfn(getpid(), (unsigned long)address, &pfn))
		pgsa_frame(pfn, &frame);
	pread(fd, kernels, PAGE, (off_t)address);
	close(fd);
	content_of(victim, page, (char *)content);
	for (i = 0; i < PAGE / 8; i++)
		if (seen[i] != content[i] && !nr++)
			first = i;
	printf("flips: ... pfn=%#lx state=%s writers=%u generation=%u admit=%s; ",
	       pfn, frame.state, frame.writers, frame.generation, frame.admit);
	printf("%u words differ, the first at byte %u: ", nr, first * 8);
	printf("%#llx instead of %#llx; the kernel sees %#llx\n",
	       (unsigned long long)seen[first],
	       (unsigned long long)content[first],
	       (unsigned long long)kernels[first]);
	fflush(stdout);
}

/* Anonymous memory */

static void rewrite_anon(struct victim *victim, unsigned int page)
{
	char *address = victim_address(victim, page);

	protect(address, PAGE, PROT_READ | PROT_WRITE);
	content_of(victim, page, address);
	protect(address, PAGE, PROT_READ);
}

static bool create_anon(struct victim *victim)
{
	unsigned int i;

	victim->area = new_area(victim->pages * PAGE,
				victim->pages > 512 ? HUGE : PAGE);
	for (i = 0; i < victim->pages; i++)
		rewrite_anon(victim, i);
	return true;
}

static void move_area(struct victim *victim)
{
	size_t size = victim->pages * PAGE;
	char *area = new_area(size, HUGE);

	want(mremap(victim->area, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		    area) == area, "mremap: %s", strerror(errno));
	victim->area = area;
}

/* A child that writes gets frames of its own; ours stay sealed, or not. */
static void short_child(struct victim *victim, unsigned int page)
{
	pid_t pid = fork_child();
	char *address = victim_address(victim, page);

	if (!pid) {
		protect(address, PAGE, PROT_READ | PROT_WRITE);
		memset(address, 7, PAGE);
		_exit(EXIT_SUCCESS);
	}
	expect_exit(pid);
}

static void force_write(struct victim *victim, unsigned int page)
{
	char content[PAGE];
	int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);

	content_of(victim, page, content);
	want(pwrite(fd, content, 64,
		    (off_t)victim_address(victim, page)) == 64,
	     "forced write: %s", strerror(errno));
	close(fd);
}

static void disturb_anon(struct victim *victim, unsigned int page)
{
	char *address = victim_address(victim, page);

	switch (random_below(7)) {
	case 0:
		victim->page[page].key = random_word();
		rewrite_anon(victim, page);
		break;
	case 1:
		protect(address, PAGE, PROT_READ | PROT_WRITE);
		protect(address, PAGE, PROT_READ);
		break;
	case 2:
		move_area(victim);
		break;
	case 3:
		short_child(victim, page);
		break;
	case 4:
		force_write(victim, page);
		break;
	case 5:
		madvise(address, PAGE, MADV_PAGEOUT);
		break;
	default:
		madvise(address, PAGE, MADV_COLD);
	}
}

/* Memory that is writable, but shared copy-on-write with a child. */

/* It shares nothing else: what it maps cannot be dropped from the page cache. */
static void cow_child(const struct victim *mine)
{
	struct victim *victim;

	for (victim = victims; victim < victims + nr_victims; victim++)
		if (victim != mine && victim->area)
			munmap(victim->area, victim->pages * PAGE);
	for (;;)
		pause();
}

static void new_child(struct victim *victim)
{
	if (victim->child) {
		kill(victim->child, SIGKILL);
		waitpid(victim->child, NULL, 0);
	}
	victim->child = fork_child();
	if (!victim->child)
		cow_child(victim);
}

static void rewrite_cow(struct victim *victim, unsigned int page)
{
	content_of(victim, page, victim_address(victim, page));
}

static bool create_cow(struct victim *victim)
{
	unsigned int i;

	victim->area = new_area(victim->pages * PAGE, PAGE);
	for (i = 0; i < victim->pages; i++)
		rewrite_cow(victim, i);
	new_child(victim);
	return true;
}

static void disturb_cow(struct victim *victim, unsigned int page)
{
	if (random_below(3))
		new_child(victim);
	else
		rewrite_cow(victim, page);
}

/* Huge pages, and pages that KSM merges */

static bool create_thp(struct victim *victim)
{
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		return false;
	create_anon(victim);
	madvise(victim->area, victim->pages * PAGE, MADV_HUGEPAGE);
	return true;
}

static void disturb_thp(struct victim *victim, unsigned int page)
{
	if (random_below(3))
		madvise(victim->area, victim->pages * PAGE, MADV_COLLAPSE);
	else
		disturb_anon(victim, page);
}

static bool create_ksm(struct victim *victim)
{
	unsigned int i;

	for (i = 0; i < victim->pages; i++)
		victim->page[i].key = 1000 + i % 4;
	create_anon(victim);
	return !madvise(victim->area, victim->pages * PAGE, MADV_MERGEABLE);
}

/* All of them, for each may be mapped from the same damaged frame. */
static void rewrite_ksm(struct victim *victim, unsigned int page)
{
	unsigned int i;

	for (i = 0; i < victim->pages; i++)
		if (victim->page[i].key == victim->page[page].key)
			rewrite_anon(victim, i);
}

static void disturb_ksm(struct victim *victim, unsigned int page)
{
	if (random_below(3))
		madvise(victim_address(victim, page), PAGE, MADV_COLD);
	else
		rewrite_anon(victim, page);
}

/* Files, with a name or without */

static void rewrite_file(struct victim *victim, unsigned int page)
{
	char content[PAGE], path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", victim->fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	content_of(victim, page, content);
	want(fd >= 0 && pwrite(fd, content, PAGE, page * PAGE) == PAGE,
	     "%s: %s", path, strerror(errno));
	if (random_below(2))
		fdatasync(fd);
	close(fd);
}

static void map_file(struct victim *victim, int flags)
{
	unsigned int i;

	for (i = 0; !victim->content && i < victim->pages; i++)
		rewrite_file(victim, i);
	victim->area = mmap(NULL, victim->pages * PAGE, PROT_READ,
			    flags | MAP_POPULATE, victim->fd, 0);
	want(victim->area != MAP_FAILED, "mmap: %s", strerror(errno));
}

static bool create_file(struct victim *victim)
{
	const char *name = file_name("victim");

	close(open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	victim->fd = open(name, O_RDONLY | O_CLOEXEC);
	want(victim->fd >= 0, "%s: %s", name, strerror(errno));
	map_file(victim, MAP_PRIVATE);
	return true;
}

static bool create_memfd(struct victim *victim)
{
	int fd = memfd_create("victim", MFD_CLOEXEC);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	want(!ftruncate(fd, victim->pages * PAGE), "memfd: %s", strerror(errno));
	victim->fd = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	map_file(victim, MAP_SHARED);
	return true;
}

/* VICTIM_FILE: a file of the host, below our root; nobody can write to it. */
static bool create_host(struct victim *victim)
{
	const char *name = getenv("VICTIM_FILE");
	size_t size = victim->pages * PAGE;

	if (!name)
		return false;
	victim->fd = open(name, O_RDONLY | O_CLOEXEC);
	victim->content = malloc(size);
	want(victim->fd >= 0 && victim->content &&
	     pread(victim->fd, victim->content, size, 0) == (ssize_t)size,
	     "%s: %s", name, strerror(errno));
	map_file(victim, MAP_PRIVATE);
	return true;
}

static void drop_page(struct victim *victim, unsigned int page)
{
	madvise(victim_address(victim, page), PAGE, MADV_DONTNEED);
	posix_fadvise(victim->fd, page * PAGE, PAGE, POSIX_FADV_DONTNEED);
}

/* Read again; may take some time if somebody holds the page. */
static void reread_file(struct victim *victim, unsigned int page)
{
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		drop_page(victim, page);
		if (victim_is_right(victim, page))
			return;
		sleep_ms(10);
	}
	victim->page[page].bad = true;
	printf("flips: %s page %u cannot be read anew\n", victim->name, page);
	victim_show(victim, page);
}

static void disturb_file(struct victim *victim, unsigned int page)
{
	switch (random_below(4)) {
	case 0:
		/* What is lost may be a flip; not so in a file without disk. */
		drop_page(victim, page);
		break;
	case 1:
		madvise(victim_address(victim, page), PAGE, MADV_PAGEOUT);
		break;
	case 2:
		if (!victim->content)
			rewrite_file(victim, page);
		break;
	default:
		madvise(victim->area, victim->pages * PAGE, MADV_DONTNEED);
	}
}

struct victim victims[] = {
	{ "anon", PAGES, create_anon, rewrite_anon, disturb_anon, .fd = -1 },
	{ "cow", PAGES, create_cow, rewrite_cow, disturb_cow, .fd = -1 },
	{ "ksm", PAGES, create_ksm, rewrite_ksm, disturb_ksm, .shares = true },
	{ "thp", 1024, create_thp, rewrite_anon, disturb_thp, .fd = -1 },
	{ "ext4", PAGES, create_file, rewrite_file, disturb_file, .fd = -1 },
	{ "memfd", PAGES, create_memfd, rewrite_file, disturb_file, .fd = -1 },
	{ "host", PAGES, create_host, reread_file, disturb_file, .fd = -1 },
};

const unsigned int nr_victims = ARRAY_SIZE(victims);

void victims_create(void)
{
	struct victim *victim;
	unsigned int i;

	for (victim = victims; victim < victims + nr_victims; victim++) {
		victim->page = calloc(victim->pages, sizeof(*victim->page));
		want(victim->page, "out of memory");
		for (i = 0; i < victim->pages; i++)
			victim->page[i].key = random_word();
		if (!victim->create(victim))
			victim->area = NULL;
	}
}

void victim_restore(struct victim *victim, unsigned int page)
{
	if (victim->shares || !victim_is_right(victim, page))
		victim->rewrite(victim, page);
}
