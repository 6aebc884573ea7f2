// SPDX-License-Identifier: GPL-2.0
/*
 * bench-codes: the rate of each code beside that of merely reading the memory.
 *
 * Everything is measured in turn, round by round, and next to the read loop, so
 * that a disturbance of the machine meets both alike; the table gives medians,
 * and the ratio is the median of the ratios to the read loop beside it. Time is
 * that of the processor, so others may run meanwhile. Each measurement from
 * DRAM goes through another slice of the memory, which has left the caches
 * since it was read the last time.
 *
 * "encode" is one variant of one code, "both" one of a pair of codes in one
 * visit, and "seal" two codes one after the other, each as fast as it can, with
 * and without the FPU.
 *
 * Usage: bench-codes [MIB [ROUNDS [TEXT]]]; MIB a multiple of 4, and several
 * times the caches; with TEXT only what has it in its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "registry.h"

#define MAX_JOBS	128
#define MAX_ROUNDS	1001
#define MAX_CHECK	4096
#define CACHE_PAGES	4	/* stay in the first-level cache */
#define CACHE_LAPS	1024
#define SLICE		(4UL << 20)

enum where { CACHE, DRAM, NR_WHERE };

struct job {
	char name[48];
	void (*run)(const struct job *job, const u8 *page);
	const struct pgsa_code_variant *first;
	const struct pgsa_code_variant *second;
	double ns[NR_WHERE][MAX_ROUNDS];	/* per page, by round */
	double ratio[NR_WHERE][MAX_ROUNDS];	/* of the read loop to this */
};

static struct job jobs[MAX_JOBS];
static unsigned int nr_jobs;
static u8 *memory;
static size_t memory_size;
static u8 check[2][MAX_CHECK];
static const char *wanted = "";

/* The compiler must compute the value, though nobody looks at it. */
static void keep(u64 value)
{
	asm volatile("" : : "r"(value));
}

/* Vectorised as far as the processor goes: what the codes are compared with */
#ifdef __x86_64__
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static u64 read_page(const u64 *word)
{
	u64 all = 0;
	unsigned int i;

	for (i = 0; i < PGSA_CODE_PAGE_SIZE / sizeof(u64); i++)
		all ^= word[i];
	return all;
}

static void run_read(const struct job *job, const u8 *page)
{
	(void)job;
	keep(read_page((const u64 *)page));
}

static void run_encode(const struct job *job, const u8 *page)
{
	job->first->encode(page, check[0]);
}

static void run_both(const struct job *job, const u8 *page)
{
	job->first->encode_both(page, check[0], check[1]);
}

static void run_seal(const struct job *job, const u8 *page)
{
	job->first->encode(page, check[0]);
	job->second->encode(page, check[1]);
}

/* The next job, for the caller to complete; NULL if it is not wanted */
static struct job *add_job(void (*run)(const struct job *job, const u8 *page),
			   const char *what, const char *codes,
			   const char *variant)
{
	struct job *job = &jobs[nr_jobs];

	if (nr_jobs == MAX_JOBS)
		return NULL;
	snprintf(job->name, sizeof(job->name), "%s %s %s",
		 what, codes, variant);
	if (nr_jobs && !strstr(job->name, wanted))
		return NULL;
	nr_jobs++;
	job->run = run;
	return job;
}

static void add_variants(const struct pgsa_code *code)
{
	const struct pgsa_code_variant *v = NULL;
	char codes[32];
	struct job *job;

	while ((v = pgsa_code_next_variant(code, v))) {
		job = add_job(run_encode, "encode", code->name, v->name);
		if (job)
			job->first = v;
	}
	while ((v = pgsa_code_next_variant(code, v))) {
		if (!v->encode_both)
			continue;
		snprintf(codes, sizeof(codes), "%s+%s", code->with->name,
			 code->name);
		job = add_job(run_both, "both", codes, v->name);
		if (job)
			job->first = v;
	}
}

static void add_pair(const struct pgsa_code *detect,
		     const struct pgsa_code *correct, bool fpu)
{
	char codes[32];
	struct job *job;

	snprintf(codes, sizeof(codes), "%s+%s", detect->name, correct->name);
	job = add_job(run_seal, "seal", codes, fpu ? "fast" : "plain");
	if (!job)
		return;
	job->first = fpu ? pgsa_code_fast(detect) : pgsa_code_plain(detect);
	job->second = fpu ? pgsa_code_fast(correct) : pgsa_code_plain(correct);
}

static void add_jobs(void)
{
	const struct pgsa_code *code = NULL, *correct;

	add_job(run_read, "read", "", "");
	while ((code = pgsa_code_next(code)))
		add_variants(code);

	while ((code = pgsa_code_next(code))) {
		correct = NULL;
		while (!code->correct && (correct = pgsa_code_next(correct))) {
			if (!correct->correct)
				continue;
			add_pair(code, correct, true);
			add_pair(code, correct, false);
		}
	}
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double measure(const struct job *job, const u8 *pages, size_t nr,
		      unsigned int laps)
{
	double start = now_ns();
	unsigned int lap;
	size_t i;

	for (lap = 0; lap < laps; lap++)
		for (i = 0; i < nr; i++)
			job->run(job, pages + i * PGSA_CODE_PAGE_SIZE);
	return (now_ns() - start) / laps / nr;
}

static double measure_cache(const struct job *job)
{
	measure(job, memory, CACHE_PAGES, 2);
	return measure(job, memory, CACHE_PAGES, CACHE_LAPS);
}

static double measure_dram(const struct job *job)
{
	static size_t next;
	const u8 *slice = memory + next;

	next = (next + SLICE) % memory_size;
	return measure(job, slice, SLICE / PGSA_CODE_PAGE_SIZE, 1);
}

/* Whichever comes second may be at an advantage: it is the other next time. */
static void measure_beside(struct job *job, enum where where,
			   double (*take)(const struct job *job),
			   unsigned int round)
{
	double read = 0, ns;

	if (round % 2 == 0)
		read = take(&jobs[0]);
	ns = take(job);
	if (round % 2 == 1)
		read = take(&jobs[0]);
	job->ns[where][round] = ns;
	job->ratio[where][round] = read / ns;
}

static void measure_all(unsigned int rounds)
{
	unsigned int i, r;

	for (r = 0; r < rounds; r++) {
		for (i = 0; i < nr_jobs; i++) {
			measure_beside(&jobs[i], CACHE, measure_cache, r);
			measure_beside(&jobs[i], DRAM, measure_dram, r);
		}
		fprintf(stderr, "\rround %u of %u", r + 1, rounds);
	}
	fputc('\n', stderr);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *value, unsigned int nr)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, value, nr * sizeof(*value));
	qsort(sorted, nr, sizeof(*sorted), compare);
	return sorted[nr / 2];
}

static void report_job(const struct job *job, unsigned int rounds)
{
	double ns;
	unsigned int w;

	printf("%-32s", job->name);
	for (w = 0; w < NR_WHERE; w++) {
		ns = median(job->ns[w], rounds);
		printf("  %8.1f %7.2f %6.3f", ns, PGSA_CODE_PAGE_SIZE / ns,
		       median(job->ratio[w], rounds));
	}
	putchar('\n');
}

static void get_memory(size_t size)
{
	size_t i;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("bench-codes: mmap");
		exit(1);
	}
	/* The kernel reads frames through a mapping of large pages as well. */
	madvise(memory, size, MADV_HUGEPAGE);
	for (i = 0; i < size; i++)
		memory[i] = i * 2654435761U >> 13;
	memory_size = size;
}

int main(int argc, char **argv)
{
	unsigned long mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 256;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 32;
	unsigned int i;

	if (!mib || mib % (SLICE >> 20) || !rounds || rounds > MAX_ROUNDS) {
		fputs("usage: bench-codes [MIB [ROUNDS [TEXT]]]\n", stderr);
		return 2;
	}
	if (argc > 3)
		wanted = argv[3];
	get_memory(mib << 20);
	add_jobs();
	measure_all(rounds);

	printf("%lu MiB, median of %lu rounds, one 4 KiB page each\n",
	       mib, rounds);
	printf("%-32s  %24s  %24s\n", "", "------- cache ---------",
	       "-------- DRAM ---------");
	printf("%-32s  %8s %7s %6s  %8s %7s %6s\n", "", "ns", "GB/s", "/read",
	       "ns", "GB/s", "/read");
	for (i = 0; i < nr_jobs; i++)
		report_job(&jobs[i], rounds);
	return 0;
}
