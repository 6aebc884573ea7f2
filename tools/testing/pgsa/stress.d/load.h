/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of load share. A load is a function that is called again and
 * again; it knows what its memory has to contain, and says so when it does not.
 * To be included before all other headers.
 */
#ifndef LOAD_H
#define LOAD_H

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../pgsa_user.h"

#define PAGE		PGSA_PAGE
#define HUGE		(512 * PGSA_PAGE)
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Newer than the C library's headers. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

/**
 * struct load - something to do in memory
 * @name: as the user says it
 * @round: one round of it; keeps what it needs in static variables
 * @finish: called once at the end, may be NULL: did all of it happen?
 */
struct load {
	const char *name;
	void (*round)(void);
	void (*finish)(void);
};

/* A directory on a real file system, to work in. */
extern const char *directory;
/* This program's file. */
extern char program[256];

/* The name of the load. */
extern const char *load_name;

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_SKIP = 4 };

/* Both end the process. */
#define want(condition, format, ...)					\
do {									\
	if (!(condition)) {						\
		printf("failed %s, %s:%d: " format "\n", load_name,	\
		       __FILE__, __LINE__, ##__VA_ARGS__);		\
		fflush(stdout);						\
		_exit(EXIT_FAILED);					\
	}								\
} while (0)

#define skip(format, ...)						\
do {									\
	printf("skip %s: " format "\n", load_name, ##__VA_ARGS__);	\
	fflush(stdout);							\
	_exit(EXIT_SKIP);						\
} while (0)

uint32_t random_word(void);
unsigned long random_below(unsigned long limit);
double now_s(void);
void sleep_ms(unsigned int ms);

/* Pages whose content follows from a number, their key. */
void fill_page(void *page, uint64_t key);
void check_page(const void *page, uint64_t key);
void *new_area(size_t size, size_t alignment);
void protect(void *area, size_t size, int prot);

unsigned int unique_number(void);
/* "DIRECTORY/NAME-NUMBER", in one of a few static buffers. */
const char *file_name(const char *name);
void copy_file(const char *from, const char *to);
long read_counter(const char *path, const char *name);

pid_t fork_child(void);
void expect_exit(pid_t pid);

/* What breakpoints and probes go to; counts, if there is a counter. */
extern volatile unsigned long *probed_counter;
void probed_function(void);

/* The loads, by file. */
void load_tlb(void);
void load_mremap(void);
void load_cow(void);
void load_exit(void);
void load_madvise(void);
void load_forced(void);
void load_pipe(void);

void load_file(void);
void load_tmpfs(void);
void load_overlay(void);
void load_memfd(void);

void load_direct(void);
void load_library(void);
void load_program(void);
void load_exec(void);

void load_userfault(void);

void load_uring(void);

void load_ptrace(void);
void load_uprobe(void);
void load_probed(void);
void load_softdirty(void);

void load_swap(void);
void finish_swap(void);
void load_reclaim(void);
void load_ksm(void);
void finish_ksm(void);
void load_compact(void);
void load_migrate(void);
void load_hotplug(void);
void finish_hotplug(void);
void load_offline(void);

void load_thp(void);
void finish_thp(void);
void load_filethp(void);
void load_hugetlb(void);

void load_flips(void);
void finish_flips(void);

#endif /* LOAD_H */
