// SPDX-License-Identifier: GPL-2.0
/*
 * load - makes memory busy, and checks that it has the right content
 *
 * Runs the named load for some seconds and tells how many rounds it was.
 * exit: 0 done, 1 something went wrong, 2 wrong usage, 4 the kernel cannot do it
 */
#include "load.h"

#include <err.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <time.h>

static const struct load loads[] = {
	{ "tlb", load_tlb, NULL },
	{ "mremap", load_mremap, NULL },
	{ "cow", load_cow, NULL },
	{ "exit", load_exit, NULL },
	{ "madvise", load_madvise, NULL },
	{ "forced", load_forced, NULL },
	{ "pipe", load_pipe, NULL },
	{ "file", load_file, NULL },
	{ "tmpfs", load_tmpfs, NULL },
	{ "overlay", load_overlay, NULL },
	{ "memfd", load_memfd, NULL },
	{ "direct", load_direct, NULL },
	{ "uring", load_uring, NULL },
	{ "library", load_library, NULL },
	{ "program", load_program, NULL },
	{ "exec", load_exec, NULL },
	{ "userfault", load_userfault, NULL },
	{ "ptrace", load_ptrace, NULL },
	{ "uprobe", load_uprobe, NULL },
	{ "probed", load_probed, NULL },
	{ "softdirty", load_softdirty, NULL },
	{ "swap", load_swap, finish_swap },
	{ "reclaim", load_reclaim, NULL },
	{ "ksm", load_ksm, finish_ksm },
	{ "compact", load_compact, NULL },
	{ "migrate", load_migrate, NULL },
	{ "hotplug", load_hotplug, finish_hotplug },
	{ "offline", load_offline, NULL },
	{ "thp", load_thp, finish_thp },
	{ "filethp", load_filethp, NULL },
	{ "hugetlb", load_hugetlb, NULL },
	{ "flips", load_flips, finish_flips },
};

const char *directory = "/tmp";
char program[256];
const char *load_name;
static uint64_t random_state = 1;
static const struct load *load;
static volatile sig_atomic_t stopped;

volatile unsigned long *probed_counter;

/* In another file than its callers, so that it is really called. */
void probed_function(void)
{
	if (probed_counter)
		++*probed_counter;
}

/* splitmix64 */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint32_t random_word(void)
{
	random_state += 0x9e3779b97f4a7c15ULL;
	return mix(random_state) >> 32;
}

unsigned long random_below(unsigned long limit)
{
	return random_word() % limit;
}

double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Key 0 is a page of zeros. */
static uint64_t word_of(uint64_t key, unsigned int i)
{
	return key ? (key + i) * 0x9e3779b97f4a7c15ULL : 0;
}

void fill_page(void *page, uint64_t key)
{
	uint64_t *word = page;
	unsigned int i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		word[i] = word_of(key, i);
}

/* Says all that is known about the frame, too: it may be our repair. */
void check_page(const void *page, uint64_t key)
{
	const volatile uint64_t *word = page;
	struct pgsa_frame frame = { 0 };
	unsigned long pfn = 0;
	unsigned int i;
	uint64_t found;

	for (i = 0; i < PAGE / sizeof(*word); i++) {
		found = word[i];
		if (found == word_of(key, i))
			continue;
		if (!pgsa_pfn(getpid(), (unsigned long)page, &pfn))
			pgsa_frame(pfn, &frame);
		printf("pfn=%#lx state=%s writers=%u generation=%u admit=%s\n",
		       pfn, frame.state, frame.writers, frame.generation,
		       frame.admit);
		want(false, "%p word %u: %#llx instead of %#llx, then %#llx",
		     page, i, (unsigned long long)found,
		     (unsigned long long)word_of(key, i),
		     (unsigned long long)word[i]);
	}
}

void *new_area(size_t size, size_t alignment)
{
	char *area = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	want(area != MAP_FAILED, "mmap: %s", strerror(errno));
	if (alignment <= PAGE)
		return area;
	before = -(uintptr_t)area & (alignment - 1);
	if (before)
		munmap(area, before);
	munmap(area + before + size, alignment - before);
	return area + before;
}

void protect(void *area, size_t size, int prot)
{
	want(!mprotect(area, size, prot), "mprotect: %s", strerror(errno));
}

/* Process ids are not unique: every program has a namespace of its own. */
unsigned int unique_number(void)
{
	static unsigned int number;

	if (!number)
		number = random_word() | 1;
	return number;
}

const char *file_name(const char *name)
{
	static char names[4][256];
	static unsigned int next;
	char *text = names[next++ % 4];

	snprintf(text, sizeof(names[0]), "%s/%s-%08x", directory, name,
		 unique_number());
	return text;
}

void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buffer[16384];
	ssize_t n = 0;

	want(in >= 0 && out >= 0, "%s to %s: %s", from, to, strerror(errno));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		want(write(out, buffer, n) == n, "%s: %s", to, strerror(errno));
	want(!n, "%s: %s", from, strerror(errno));
	close(in);
	want(!fsync(out) && !close(out), "%s: %s", to, strerror(errno));
}

/* The number behind @name, or the first of the file; -1 if there is none. */
long read_counter(const char *path, const char *name)
{
	static char text[16384];
	char *p = text;

	if (pgsa_read(path, text, sizeof(text)) < 0)
		return -1;
	if (name) {
		p = strstr(text, name);
		if (!p)
			return -1;
		p += strlen(name);
	}
	return strtol(p, NULL, 10);
}

/* The child ends with its parent, which others may have ended already. */
pid_t fork_child(void)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	want(pid >= 0, "fork: %s", strerror(errno));
	if (pid) {
		random_word();
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	return 0;
}

void expect_exit(pid_t pid)
{
	int status;

	want(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	want(!status, "process %d ended with status %#x", pid, status);
}

static void stop(int signal)
{
	stopped = signal;
}

static noreturn void usage(void)
{
	unsigned int i;

	fputs("Usage: load [-s SEED] [-t SECONDS] [-d DIRECTORY] LOAD\nloads:",
	      stderr);
	for (i = 0; i < ARRAY_SIZE(loads); i++)
		fprintf(stderr, " %s", loads[i].name);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

static void find_load(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(loads); i++)
		if (!strcmp(loads[i].name, name))
			load = &loads[i];
	if (!load)
		usage();
	load_name = load->name;
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0;
	double end = 10;
	int option;

	while ((option = getopt(argc, argv, "s:t:d:")) != -1) {
		if (option == 's')
			random_state = strtoull(optarg, NULL, 0);
		else if (option == 't')
			end = strtod(optarg, NULL);
		else if (option == 'd')
			directory = optarg;
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	find_load(argv[optind]);
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		err(EXIT_FAILED, "/proc/self/exe");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, stop);
	end += now_s();
	do {
		load->round();
		rounds++;
	} while (!stopped && now_s() < end);
	if (load->finish)
		load->finish();
	printf("done %s: %lu rounds\n", load->name, rounds);
	return EXIT_DONE;
}
