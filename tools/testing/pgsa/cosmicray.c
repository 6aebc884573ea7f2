// SPDX-License-Identifier: GPL-2.0
/*
 * cosmicray - flip bits in the read-only memory of running processes
 *
 * The flips are made by the kernel (debugfs pgsa/inject_vaddr), so that no page
 * becomes writable or dirty by them. Memory that a process may write is never
 * hit, nor is a frame whose last flip was not repaired yet: two single flips
 * would become a double one. See help() for options and exit codes.
 */
#include <err.h>
#include <getopt.h>
#include <sys/random.h>

#include "cosmicray.h"

enum mode { MODE_FLIP, MODE_LIST, MODE_COVERAGE };

struct options opt = { .rate = 10, .count = 1, .hi = ~0UL };

static enum mode mode;

static void help(FILE *out)
{
	fputs("Usage: cosmicray -p PID [-p PID]... [option]...\n"
	      "Flips random bits in the read-only memory of processes.\n"
	      "  -p, --pid PID        a process to hit; may be repeated\n"
	      "  -r, --rate N         flips a second, 0: without pause (default 10)\n"
	      "  -n, --count N        number of flips, 0: until interrupted (default 1)\n"
	      "  -s, --seed N         start of the random numbers (default: random)\n"
	      "  -k, --kind KIND      bit: one bit; double: two bits of one word\n"
	      "  -a, --range LO-HI    hit only addresses in [LO, HI), hexadecimal\n"
	      "  -m, --vma KIND       hit only areas of this kind: anon or file\n"
	      "  -e, --sealed         hit only frames PGSA has sealed\n"
	      "  -w, --wait SECONDS   afterwards wait until all flips are repaired\n"
	      "  -v, --verbose        one line for each flip\n"
	      "      --list           show the areas that may be hit, flip nothing\n"
	      "      --coverage       show each process's resident frames, how many\n"
	      "                       of them nothing may write, and how many are sealed\n"
	      "exit: 0 done, 1 not all flips could be made (with -w: or were repaired),\n"
	      "      2 wrong usage, 3 the system refused (no PGSA, no permission)\n", out);
}

void drop_pid(unsigned int i)
{
	warn("process %d", opt.pids[i]);
	opt.pids[i] = opt.pids[--opt.nr_pids];
}

/*
 * The kernel's own pages ([vdso], [vvar], [vsyscall]) never belong to the set.
 * Cuts the area to the range asked for; false if nothing is left of it.
 */
static bool eligible(struct pgsa_area *area)
{
	if (area->perms[0] != 'r' || area->perms[1] == 'w' ||
	    !strncmp(area->path, "[v", 2))
		return false;
	if (opt.kind == (area->file ? AREA_ANON : AREA_FILE))
		return false;
	if (area->start < opt.lo)
		area->start = opt.lo;
	if (area->end > opt.hi)
		area->end = opt.hi;
	return area->start < area->end;
}

int load_areas(pid_t pid, struct pgsa_area *areas)
{
	char path[32];
	FILE *maps;
	int nr = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return -1;
	while (nr < MAX_AREAS && pgsa_next_area(maps, &areas[nr]))
		nr += eligible(&areas[nr]);
	fclose(maps);
	return nr;
}

/* False if the process cannot be read, with errno set. */
static bool list_areas(pid_t pid)
{
	static struct pgsa_area areas[MAX_AREAS];
	int nr = load_areas(pid, areas), i;

	for (i = 0; i < nr; i++)
		printf("pid=%d area=%lx-%lx perms=%s %s\n", pid, areas[i].start,
		       areas[i].end, areas[i].perms, areas[i].path);
	return nr >= 0;
}

/* Adds the frames of one area to @count: resident, not writable, sealed. */
static void count_area(pid_t pid, const struct pgsa_area *area,
		       unsigned long *count)
{
	unsigned long long entry[512];
	unsigned long addr = area->start, pages;
	struct pgsa_frame frame;
	int i, n;

	for (; addr < area->end; addr += n * PGSA_PAGE) {
		pages = (area->end - addr) / PGSA_PAGE;
		n = pgsa_pagemap(pid, addr, entry, pages < 512 ? pages : 512);
		if (n <= 0)
			return;
		for (i = 0; i < n; i++) {
			if (!(entry[i] & PAGEMAP_PRESENT) ||
			    pgsa_frame(entry[i] & PAGEMAP_PFN, &frame))
				continue;
			count[0]++;
			count[1] += !frame.writers;
			count[2] += !strcmp(frame.state, "SEALED") ||
				    !strcmp(frame.state, "CHECKING");
		}
	}
}

/* False if the process cannot be read, with errno set. */
static bool show_coverage(pid_t pid)
{
	unsigned long count[3] = { 0 };
	struct pgsa_area area;
	char path[32], comm[32];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (pgsa_read(path, comm, sizeof(comm)) < 0)
		comm[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (pgsa_next_area(maps, &area))
		if (strncmp(area.path, "[v", 2))
			count_area(pid, &area, count);
	fclose(maps);
	printf("pid=%d comm=%s resident=%lu in_set=%lu sealed=%lu share=%.1f%%\n",
	       pid, comm, count[0], count[1], count[2],
	       count[0] ? 100.0 * count[2] / count[0] : 0.0);
	return true;
}

static void show_all(bool (*show)(pid_t pid))
{
	unsigned int i = 0;

	while (i < opt.nr_pids)
		if (show(opt.pids[i]))
			i++;
		else
			drop_pid(i);
}

static double parse_double(const char *text, const char *what)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= 1e9))
		errx(EXIT_USAGE, "%s: no valid %s", text, what);
	return value;
}

static unsigned long long parse_number(const char *text, const char *what)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || *end || errno || *text == '-')
		errx(EXIT_USAGE, "%s: no valid %s", text, what);
	return value;
}

static void add_pid(const char *text)
{
	unsigned long long pid = parse_number(text, "process id");

	if (!pid || pid > 0x7fffffff)
		errx(EXIT_USAGE, "%s: no valid process id", text);
	if (opt.nr_pids == MAX_PIDS)
		errx(EXIT_USAGE, "more than %d processes", MAX_PIDS);
	opt.pids[opt.nr_pids++] = pid;
}

static void parse_range(const char *text)
{
	char *middle, *end;

	errno = 0;
	opt.lo = strtoul(text, &middle, 16);
	if (*middle != '-')
		errx(EXIT_USAGE, "%s: no range of the form LO-HI", text);
	opt.hi = strtoul(middle + 1, &end, 16);
	if (*end || errno || opt.lo >= opt.hi)
		errx(EXIT_USAGE, "%s: no valid range", text);
}

static void parse_kind(const char *text)
{
	opt.two_bits = !strcmp(text, "double");
	if (!opt.two_bits && strcmp(text, "bit"))
		errx(EXIT_USAGE, "%s: no such kind of flip (bit, double)", text);
}

static void parse_vma(const char *text)
{
	opt.kind = !strcmp(text, "anon") ? AREA_ANON : AREA_FILE;
	if (opt.kind == AREA_FILE && strcmp(text, "file"))
		errx(EXIT_USAGE, "%s: no such kind of area (anon, file)", text);
}

static void parse_option(int option)
{
	switch (option) {
	case 'p':
		return add_pid(optarg);
	case 'r':
		opt.rate = parse_double(optarg, "rate");
		break;
	case 'n':
		opt.count = parse_number(optarg, "count");
		break;
	case 's':
		opt.seed = parse_number(optarg, "seed");
		break;
	case 'k':
		return parse_kind(optarg);
	case 'a':
		return parse_range(optarg);
	case 'm':
		return parse_vma(optarg);
	case 'e':
		opt.sealed = true;
		break;
	case 'w':
		opt.wait_s = parse_double(optarg, "time");
		break;
	case 'v':
		opt.verbose = true;
		break;
	case 'L':
		mode = MODE_LIST;
		break;
	case 'C':
		mode = MODE_COVERAGE;
		break;
	case 'h':
		help(stdout);
		exit(EXIT_OK);
	default:
		help(stderr);
		exit(EXIT_USAGE);
	}
}

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "rate", required_argument, NULL, 'r' },
		{ "count", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "kind", required_argument, NULL, 'k' },
		{ "range", required_argument, NULL, 'a' },
		{ "vma", required_argument, NULL, 'm' },
		{ "sealed", no_argument, NULL, 'e' },
		{ "wait", required_argument, NULL, 'w' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "list", no_argument, NULL, 'L' },
		{ "coverage", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "p:r:n:s:k:a:m:ew:vh",
				     options, NULL)) != -1)
		parse_option(option);
	if (optind < argc)
		errx(EXIT_USAGE, "%s: superfluous argument", argv[optind]);
	if (!opt.nr_pids)
		errx(EXIT_USAGE, "no process named (-p); see cosmicray --help");
}

/* Says what is missing before anything is done, not in the middle. */
static void check_system(void)
{
	struct pgsa_frame frame;
	unsigned long pfn;
	int err;

	if (mode == MODE_LIST)
		return;
	err = pgsa_pfn(getpid(), (unsigned long)&mode, &pfn);
	if (err)
		errx(EXIT_SYSTEM, "/proc/PID/pagemap: %s (needs CAP_SYS_ADMIN)",
		     strerror(-err));
	err = pgsa_frame(pfn, &frame);
	if (err)
		errx(EXIT_SYSTEM, "%s/frame: %s (needs root, debugfs, %s)",
		     PGSA_DEBUGFS, strerror(-err),
		     "CONFIG_PGSA_INJECT and pgsa=on at boot");
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	check_system();
	if (mode == MODE_LIST) {
		show_all(list_areas);
	} else if (mode == MODE_COVERAGE) {
		show_all(show_coverage);
	} else {
		if (!opt.seed && getrandom(&opt.seed, sizeof(opt.seed), 0) < 0)
			err(EXIT_SYSTEM, "getrandom");
		return make_flips();
	}
	return opt.nr_pids ? EXIT_OK : EXIT_INCOMPLETE;
}
