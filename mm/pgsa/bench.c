// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs file codes_bench: the rate of each code on this machine, beside that
 * of merely reading the memory. All are measured in turn, round by round, so that
 * a disturbance meets all alike.
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "pgsa.h"

#define BENCH_PAGES	8192	/* 32 MiB: in no cache of today */
#define BENCH_ROUNDS	5
#define BENCH_JOBS	64

/**
 * struct bench_job - one thing that is measured
 * @detect: detecting code, or NULL
 * @correct: correcting code, or NULL; without both: read only
 * @variant: of the only code; NULL: what PGSA itself would use
 * @ns: time for all pages, by round
 * @permille: rate relative to reading in the same round, by round
 */
struct bench_job {
	const struct pgsa_code *detect;
	const struct pgsa_code *correct;
	const struct pgsa_code_variant *variant;
	u64 ns[BENCH_ROUNDS];
	u64 permille[BENCH_ROUNDS];
};

struct bench {
	void *pages;
	unsigned int nr;
	u8 check[2][PGSA_STORED_BYTES];
	struct bench_job jobs[BENCH_JOBS];
};

static void bench_read(const u64 *word)
{
	u64 all[4] = {};
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i += 4) {
		all[0] ^= word[i];
		all[1] ^= word[i + 1];
		all[2] ^= word[i + 2];
		all[3] ^= word[i + 3];
	}
	/* The compiler must compute it, though nobody looks at it. */
	OPTIMIZER_HIDE_VAR(all[0]);
	barrier_data(all);
}

static void bench_page(struct bench *bench, const struct bench_job *job,
		       const void *page)
{
	if (job->variant)
		pgsa_encode_variant(job->variant, page, bench->check[1]);
	else if (job->detect)
		pgsa_encode_both(job->detect, job->correct, page,
				 bench->check[0], bench->check[1]);
	else
		bench_read(page);
}

static void bench_run(struct bench *bench, struct bench_job *job,
		      unsigned int round)
{
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < BENCH_PAGES; i++) {
		bench_page(bench, job, bench->pages + i * PAGE_SIZE);
		cond_resched();
	}
	job->ns[round] = max(ktime_get_ns() - start, 1ULL);
	job->permille[round] = div64_u64(bench->jobs[0].ns[round] * 1000,
					 job->ns[round]);
}

static void bench_add(struct bench *bench, const struct pgsa_code *detect,
		      const struct pgsa_code *correct,
		      const struct pgsa_code_variant *variant)
{
	if (bench->nr < BENCH_JOBS)
		bench->jobs[bench->nr++] = (struct bench_job) {
			.detect = detect,
			.correct = correct,
			.variant = variant,
		};
}

/* Every variant alone, and each pair as a frame is sealed. */
static void bench_add_all(struct bench *bench)
{
	const struct pgsa_code_variant *variant;
	const struct pgsa_code *code = NULL;

	bench_add(bench, NULL, NULL, NULL);
	while ((code = pgsa_code_next(code))) {
		for (variant = code->variants; variant->name; variant++)
			if (pgsa_variant_usable(variant))
				bench_add(bench, code, NULL, variant);
		if (code->with)
			bench_add(bench, code->with, code, NULL);
	}
}

static int bench_compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static u64 bench_median(u64 *values)
{
	sort(values, BENCH_ROUNDS, sizeof(*values), bench_compare, NULL);
	return values[BENCH_ROUNDS / 2];
}

static void bench_print(struct seq_file *file, struct bench_job *job)
{
	u64 mbs = div64_u64((u64)BENCH_PAGES * PAGE_SIZE * 1000,
			    bench_median(job->ns));
	u64 permille = bench_median(job->permille);

	seq_printf(file, "%s%s%s %s mb_s=%llu ratio=%llu.%03llu\n",
		   job->detect ? job->detect->name : "read",
		   job->correct ? "+" : "",
		   job->correct ? job->correct->name : "",
		   job->variant ? job->variant->name : "used", mbs,
		   permille / 1000, permille % 1000);
}

static int codes_bench_show(struct seq_file *file, void *unused)
{
	struct bench *bench = kvzalloc(sizeof(*bench), GFP_KERNEL);
	unsigned int round, i;
	int ret = -ENOMEM;

	if (bench)
		bench->pages = __vmalloc(BENCH_PAGES * PAGE_SIZE,
					 GFP_KERNEL | __GFP_NOWARN);
	if (!bench || !bench->pages)
		goto out;
	get_random_bytes(bench->pages, PAGE_SIZE);
	for (i = 1; i < BENCH_PAGES; i++)
		memcpy(bench->pages + i * PAGE_SIZE, bench->pages, PAGE_SIZE);
	bench_add_all(bench);
	for (round = 0; round < BENCH_ROUNDS && !fatal_signal_pending(current);
	     round++)
		for (i = 0; i < bench->nr; i++)
			bench_run(bench, &bench->jobs[i], round);
	ret = round < BENCH_ROUNDS ? -EINTR : 0;
	for (i = 0; !ret && i < bench->nr; i++)
		bench_print(file, &bench->jobs[i]);
out:
	vfree(bench ? bench->pages : NULL);
	kvfree(bench);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(codes_bench);

/**
 * pgsa_bench_init - create the file "codes_bench"
 * @dir: PGSA's directory in debugfs
 *
 * Context: Boot.
 */
void __init pgsa_bench_init(struct dentry *dir)
{
	debugfs_create_file("codes_bench", 0400, dir, NULL, &codes_bench_fops);
}
