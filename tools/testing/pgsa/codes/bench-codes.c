// SPDX-License-Identifier: GPL-2.0
/*
 * bench-codes: the rate of each code beside that of merely reading the memory.
 *
 * Everything is measured in turn, round by round, so that a disturbance of the
 * machine meets all alike; the table gives medians, and the ratio is the median
 * of the ratios to the read loop of the same round.
 *
 * Usage: bench-codes [MIB [ROUNDS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "registry.h"

#define MAX_JOBS	64
#define MAX_ROUNDS	1001
#define MAX_CHECK	4096
#define CACHE_PAGES	4	/* stay in the first-level cache */
#define CACHE_LAPS	1024

enum where { CACHE, DRAM, NR_WHERE };

struct job {
	char name[40];
	void (*run)(const struct job *job, const u8 *page);
	const struct pgsa_code *detect;
	const struct pgsa_code *correct;
	double ns[NR_WHERE][MAX_ROUNDS];	/* per page, by round */
};

static struct job jobs[MAX_JOBS];
static unsigned int nr_jobs;
static u8 check[2][MAX_CHECK];

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
	job->detect->encode(page, check[0]);
}

static void run_seal(const struct job *job, const u8 *page)
{
	job->detect->encode(page, check[0]);
	job->correct->encode(page, check[1]);
}

static void run_verify(const struct job *job, const u8 *page)
{
	job->detect->encode(page, check[0]);
	keep(memcmp(check[0], check[1], job->detect->check_bytes));
}

static void add_job(void (*run)(const struct job *job, const u8 *page),
		    const char *what, const struct pgsa_code *detect,
		    const struct pgsa_code *correct)
{
	struct job *job = &jobs[nr_jobs];

	if (nr_jobs == MAX_JOBS)
		return;
	nr_jobs++;
	job->run = run;
	job->detect = detect;
	job->correct = correct;
	snprintf(job->name, sizeof(job->name), "%s%s%s%s%s", what,
		 detect ? " " : "", detect ? detect->name : "",
		 correct ? "+" : "", correct ? correct->name : "");
}

static void add_jobs(void)
{
	const struct pgsa_code *code = NULL, *correct;

	add_job(run_read, "read", NULL, NULL);
	while ((code = pgsa_code_next(code)))
		add_job(run_encode, "encode", code, NULL);

	while ((code = pgsa_code_next(code))) {
		if (code->correct)
			continue;
		add_job(run_verify, "verify", code, NULL);
		correct = NULL;
		while ((correct = pgsa_code_next(correct)))
			if (correct->correct)
				add_job(run_seal, "seal", code, correct);
	}
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double measure(const struct job *job, const u8 *memory, size_t pages,
		      unsigned int laps)
{
	double start = now_ns();
	unsigned int lap;
	size_t i;

	for (lap = 0; lap < laps; lap++)
		for (i = 0; i < pages; i++)
			job->run(job, memory + i * PGSA_CODE_PAGE_SIZE);
	return (now_ns() - start) / laps / pages;
}

static void measure_all(const u8 *memory, size_t pages, unsigned int rounds)
{
	unsigned int i, r;

	for (r = 0; r < rounds; r++) {
		for (i = 0; i < nr_jobs; i++) {
			measure(&jobs[i], memory, CACHE_PAGES, 1);
			jobs[i].ns[CACHE][r] = measure(&jobs[i], memory,
						       CACHE_PAGES, CACHE_LAPS);
			jobs[i].ns[DRAM][r] = measure(&jobs[i], memory, pages, 1);
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
	double ratio[MAX_ROUNDS], ns;
	unsigned int r, w;

	printf("%-28s", job->name);
	for (w = 0; w < NR_WHERE; w++) {
		for (r = 0; r < rounds; r++)
			ratio[r] = jobs[0].ns[w][r] / job->ns[w][r];
		ns = median(job->ns[w], rounds);
		printf("  %8.1f %7.2f %6.3f", ns, PGSA_CODE_PAGE_SIZE / ns,
		       median(ratio, rounds));
	}
	putchar('\n');
}

static u8 *get_memory(size_t size)
{
	u8 *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (memory == MAP_FAILED) {
		perror("bench-codes: mmap");
		exit(1);
	}
	/* The kernel reads frames through a mapping of large pages as well. */
	madvise(memory, size, MADV_HUGEPAGE);
	for (i = 0; i < size; i++)
		memory[i] = i * 2654435761U >> 13;
	return memory;
}

int main(int argc, char **argv)
{
	unsigned long mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 256;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 9;
	unsigned int i;
	u8 *memory;

	if (!mib || !rounds || rounds > MAX_ROUNDS) {
		fputs("usage: bench-codes [MIB [ROUNDS]]\n", stderr);
		return 2;
	}
	memory = get_memory(mib << 20);
	add_jobs();
	measure_all(memory, (mib << 20) / PGSA_CODE_PAGE_SIZE, rounds);

	printf("%lu MiB, median of %lu rounds, one 4 KiB page each\n", mib, rounds);
	printf("%-28s  %24s  %24s\n", "", "------- cache ---------",
	       "-------- DRAM ---------");
	printf("%-28s  %8s %7s %6s  %8s %7s %6s\n", "", "ns", "GB/s", "/read",
	       "ns", "GB/s", "/read");
	for (i = 0; i < nr_jobs; i++)
		report_job(&jobs[i], rounds);
	return 0;
}
