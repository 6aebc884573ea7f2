/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the load "flips" share: victims, that is memory of many
 * kinds with a known content, and flips thrown into it.
 */
#ifndef LOAD_FLIP_H
#define LOAD_FLIP_H

#include "load.h"

struct victim;

/**
 * struct victim_page - one page of a victim
 * @key: what it contains, see fill_page(); of no use for a host's file
 * @flipped: a flip is on its way there
 * @bad: nothing can put its content right; left alone from then on
 */
struct victim_page {
	uint64_t key;
	bool flipped;
	bool bad;
};

/**
 * struct victim - memory of one kind
 * @name: of the kind
 * @pages: how many
 * @create: maps it, with the content in place; false: the kernel cannot
 * @rewrite: gives a page its content of now, by a write that the kernel sees
 * @disturb: does to a page one of the things that happen to such memory
 * @shares: several pages may have one frame, so one flip at a time
 * @area: where it is mapped
 * @page: what is known about its pages
 * @fd: the file behind it, if any
 * @thrown: flips; the rest are their fates
 */
struct victim {
	const char *name;
	unsigned int pages;
	bool (*create)(struct victim *victim);
	void (*rewrite)(struct victim *victim, unsigned int page);
	void (*disturb)(struct victim *victim, unsigned int page);
	bool shares;

	char *area;
	struct victim_page *page;
	char *content;
	int fd;
	pid_t child;
	unsigned long thrown, found, moved, opened, missed, unsealed;
};

extern struct victim victims[];
extern const unsigned int nr_victims;

void victims_create(void);
/* Is the page what it should be? */
bool victim_is_right(const struct victim *victim, unsigned int page);
bool victim_has_flip(const struct victim *victim, unsigned int page, int bit);
void victim_show(const struct victim *victim, unsigned int page);
/* Puts the content right again after a flip that became part of it. */
void victim_restore(struct victim *victim, unsigned int page);
char *victim_address(const struct victim *victim, unsigned int page);

/* What the kernel says about a flip or an error. */
struct event {
	bool error;		/* else a flip */
	unsigned long pfn;
	int bit;
	bool corrected;
	char line[256];
};

void events_open(void);
void events_close(void);
bool next_event(struct event *event);

#endif /* LOAD_FLIP_H */
