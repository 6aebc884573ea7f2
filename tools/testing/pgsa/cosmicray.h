/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of cosmicray share: its options, and what acts on them. */
#ifndef COSMICRAY_H
#define COSMICRAY_H

#include "pgsa_user.h"

#define MAX_PIDS	64
#define MAX_AREAS	1024

enum exit_code { EXIT_OK, EXIT_INCOMPLETE, EXIT_USAGE, EXIT_SYSTEM };
enum area_kind { AREA_ANY, AREA_ANON, AREA_FILE };

struct options {
	pid_t pids[MAX_PIDS];
	unsigned int nr_pids;
	double rate;
	unsigned long count;
	unsigned long long seed;
	bool two_bits;
	unsigned long lo;		/* addresses in [lo, hi) may be hit */
	unsigned long hi;
	bool sealed;
	enum area_kind kind;
	double wait_s;
	bool verbose;
};

extern struct options opt;

/* Forgets opt.pids[i], which cannot be read any more, and says why (errno). */
void drop_pid(unsigned int i);

/*
 * The areas of @pid that may be hit, cut to the range asked for. Returns their
 * number, or -1 with errno set.
 */
int load_areas(pid_t pid, struct pgsa_area *areas);

/* Makes the flips asked for and prints the summary. */
enum exit_code make_flips(void);

#endif /* COSMICRAY_H */
