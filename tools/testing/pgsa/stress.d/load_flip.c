// SPDX-License-Identifier: GPL-2.0
/*
 * Flips thrown into the sealed frames of victims, while these live on: each has
 * to be reported with the right frame and bit and be repaired, unless a
 * legitimate event came first. That is proven by the frame: it is another one,
 * or has left the state SEALED, which its generation tells.
 */
#include "load_flip.h"

#define FLIPS		512	/* remembered, for reports that come late */
#define PATIENCE_S	20
#define PATIENCE_CYCLES	6

enum fate { FREE, PENDING, FOUND, MOVED, OPENED, MISSED };

static const char * const fates[] = {
	"free", "pending", "found", "moved", "opened", "missed",
};

struct flip {
	enum fate fate;
	struct victim *victim;
	unsigned int page;
	unsigned long pfn;
	int bit;
	unsigned int generation;
	bool certain;		/* it was SEALED before and after the flip */
	double when;
	long cycles;		/* of the policy, at that time */
};

static struct flip flips[FLIPS];
static unsigned int next_flip;
static unsigned long false_alarms, wrong_reports, damaged_pages, copied;

static void complain(const char *what, const struct flip *flip,
		     const char *line)
{
	struct pgsa_frame frame = { 0 };

	pgsa_frame(flip->pfn, &frame);
	printf("flips: %s: %s page %u pfn=%#lx bit=%d generation=%u ", what,
	       flip->victim->name, flip->page, flip->pfn, flip->bit,
	       flip->generation);
	printf("certain=%d age=%.3f fate=%s; ", flip->certain,
	       now_s() - flip->when, fates[flip->fate]);
	printf("now state=%s writers=%u generation=%u admit=%s; %s\n",
	       frame.state, frame.writers, frame.generation, frame.admit, line);
	fflush(stdout);
}

static unsigned long *counter_of(struct flip *flip)
{
	switch (flip->fate) {
	case FOUND:
		return &flip->victim->found;
	case MOVED:
		return &flip->victim->moved;
	case OPENED:
		return &flip->victim->opened;
	default:
		return &flip->victim->missed;
	}
}

/*
 * The frame was repaired. The page may have another one by then, to which the
 * flip was copied before: swapping, migration and copy-on-write do that.
 */
static void check_found(struct flip *flip)
{
	unsigned long pfn = 0;
	char *address = victim_address(flip->victim, flip->page);

	if (victim_is_right(flip->victim, flip->page))
		return;
	pgsa_pfn(getpid(), (unsigned long)address, &pfn);
	if (pfn != flip->pfn && victim_has_flip(flip->victim, flip->page,
						flip->bit)) {
		copied++;
		victim_restore(flip->victim, flip->page);
		return;
	}
	complain("found, but the content is wrong", flip, "");
	victim_show(flip->victim, flip->page);
	damaged_pages++;
}

/* The fate of a flip; a report may come after we had given up. */
static void set_fate(struct flip *flip, enum fate fate)
{
	bool was_pending = flip->fate == PENDING;

	if (!was_pending)
		--*counter_of(flip);
	flip->fate = fate;
	++*counter_of(flip);
	if (!was_pending)
		return;
	if (fate == FOUND)
		check_found(flip);
	else
		victim_restore(flip->victim, flip->page);
	flip->victim->page[flip->page].flipped = false;
}

/* The flip that a report is about: the last one there without a report. */
static struct flip *flip_of(const struct event *event)
{
	unsigned int i, nr;

	for (i = 1; i <= FLIPS; i++) {
		nr = (next_flip + FLIPS - i) % FLIPS;
		if (flips[nr].pfn == event->pfn && flips[nr].fate != FREE &&
		    flips[nr].fate != FOUND)
			return &flips[nr];
	}
	return NULL;
}

static void take_report(const struct event *event)
{
	struct flip *flip = flip_of(event);

	if (!flip) {
		printf("flips: FALSE ALARM: %s\n", event->line);
		fflush(stdout);
		false_alarms++;
	} else if (flip->bit != event->bit || !event->corrected) {
		complain("WRONG REPORT", flip, event->line);
		wrong_reports++;
		set_fate(flip, MISSED);
	} else {
		if (flip->fate == MISSED)
			complain("found at last", flip, event->line);
		set_fate(flip, FOUND);
	}
}

/* Takes reports, and for @thrown the frame that it really hit. */
static void take_events(struct flip *thrown)
{
	struct event event;

	while (next_event(&event)) {
		if (event.error)
			take_report(&event);
		else if (thrown)
			thrown->pfn = event.pfn;
	}
}

static long policy_cycles(void)
{
	return read_counter(PGSA_CONFIGFS "/stress/stats/cycles", NULL);
}

static bool is_sealed(const struct pgsa_frame *frame)
{
	return !strcmp(frame->state, "SEALED") ||
	       !strcmp(frame->state, "CHECKING");
}

/* The frame of a page and its record; a page that is out is brought in. */
static bool look_up(const struct victim *victim, unsigned int page,
		    struct pgsa_frame *frame)
{
	volatile char *address = victim_address(victim, page);
	unsigned long pfn;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (!pgsa_pfn(getpid(), (unsigned long)address, &pfn))
			return !pgsa_frame(pfn, frame);
		(void)*address;
	}
	return false;
}

static bool is_pending(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < FLIPS; i++)
		if (flips[i].fate == PENDING && flips[i].pfn == pfn)
			return true;
	return false;
}

/*
 * What has become of a flip of which nothing was heard. Reports are asked for
 * once more after the look at the frame, since they come before the event that
 * ends the seal, or only just after.
 */
static void look_after(struct flip *flip)
{
	struct pgsa_frame frame;
	enum fate fate;

	if (!look_up(flip->victim, flip->page, &frame) ||
	    frame.pfn != flip->pfn)
		fate = MOVED;
	else if (frame.generation != flip->generation || !flip->certain)
		fate = OPENED;
	else if (now_s() - flip->when > PATIENCE_S &&
		 policy_cycles() - flip->cycles > PATIENCE_CYCLES)
		fate = MISSED;
	else
		return;
	take_events(NULL);
	if (flip->fate != PENDING)
		return;
	/* Without proof that it was in the sealed frame it gets some time. */
	if (!flip->certain && now_s() - flip->when < 2)
		return;
	if (fate == MISSED)
		complain("MISSED", flip, "");
	set_fate(flip, fate);
}

static unsigned int look_after_all(void)
{
	unsigned int i, pending = 0;

	take_events(NULL);
	for (i = 0; i < FLIPS; i++) {
		if (flips[i].fate != PENDING)
			continue;
		look_after(&flips[i]);
		pending += flips[i].fate == PENDING;
	}
	return pending;
}

/* A page that may be hit: sealed, and without another flip in its frame. */
static bool choose(struct flip *flip)
{
	struct victim *victim = &victims[random_below(nr_victims)];
	struct pgsa_frame frame;
	unsigned int i;

	if (!victim->area)
		return false;
	for (i = 0; victim->shares && i < victim->pages; i++)
		if (victim->page[i].flipped)
			return false;
	flip->victim = victim;
	flip->page = random_below(victim->pages);
	if (victim->page[flip->page].flipped || victim->page[flip->page].bad)
		return false;
	if (!victim_is_right(victim, flip->page)) {
		printf("flips: %s page %u changed by itself\n", victim->name,
		       flip->page);
		victim_show(victim, flip->page);
		damaged_pages++;
		victim_restore(victim, flip->page);
		return false;
	}
	if (!look_up(victim, flip->page, &frame) || is_pending(frame.pfn))
		return false;
	if (strcmp(frame.state, "SEALED")) {
		victim->unsealed++;
		return false;
	}
	flip->pfn = frame.pfn;
	flip->generation = frame.generation;
	flip->bit = random_below(PAGE * 8);
	return true;
}

static void throw(struct flip *flip)
{
	char *address = victim_address(flip->victim, flip->page);
	unsigned long pfn = flip->pfn;
	struct pgsa_frame frame;
	int err;

	flip->cycles = policy_cycles();
	flip->when = now_s();
	err = pgsa_inject(getpid(), (unsigned long)address + flip->bit / 8,
			  1ULL << flip->bit % 8);
	if (err == -EFAULT)
		return;		/* not mapped at this very moment */
	want(!err, "inject: %s", strerror(-err));
	/* Known before a report of it is read. */
	flip->fate = PENDING;
	flip->victim->thrown++;
	flip->victim->page[flip->page].flipped = true;
	take_events(flip);
	flip->certain = flip->pfn == pfn && !pgsa_frame(pfn, &frame) &&
			is_sealed(&frame) &&
			frame.generation == flip->generation;
}

/* A free place; what is remembered longest is forgotten. */
static struct flip *new_flip(void)
{
	struct flip *flip = &flips[next_flip];

	if (flip->fate == PENDING)
		return NULL;
	memset(flip, 0, sizeof(*flip));
	return flip;
}

static void throw_one(void)
{
	struct flip *flip = new_flip();
	unsigned int tries;

	if (!flip)
		return;
	for (tries = 0; tries < 64; tries++)
		if (choose(flip))
			break;
	if (tries == 64)
		return;
	next_flip = (next_flip + 1) % FLIPS;
	throw(flip);
	/* Now and then the searcher shall not be the first to come. */
	if (!random_below(3))
		flip->victim->disturb(flip->victim, flip->page);
}

static void disturb(void)
{
	struct victim *victim = &victims[random_below(nr_victims)];

	if (victim->area)
		victim->disturb(victim, random_below(victim->pages));
}

/* FLIP_MS, in the environment: milliseconds between flips on average. */
static unsigned int pause_ms(void)
{
	const char *text = getenv("FLIP_MS");

	return text ? atoi(text) : 25;
}

void load_flips(void)
{
	static bool started;

	if (!started) {
		events_open();
		victims_create();
		started = true;
	}
	throw_one();
	if (!random_below(4))
		disturb();
	look_after_all();
	sleep_ms(random_below(2 * pause_ms()));
}

static void check_all(void)
{
	struct victim *victim;
	unsigned int i;

	for (victim = victims; victim < victims + nr_victims; victim++)
		for (i = 0; victim->area && i < victim->pages; i++)
			if (!victim->page[i].bad &&
			    !victim_is_right(victim, i)) {
				printf("flips: %s page %u is wrong at the end\n",
				       victim->name, i);
				victim_show(victim, i);
				damaged_pages++;
			}
}

/* The last lines are read by `inside`. */
void finish_flips(void)
{
	unsigned long missed = 0;
	struct victim *victim;

	while (look_after_all())
		sleep_ms(20);
	sleep_ms(500);
	look_after_all();
	check_all();
	for (victim = victims; victim < victims + nr_victims; victim++) {
		printf("flips kind=%s thrown=%lu found=%lu moved=%lu opened=%lu ",
		       victim->name, victim->thrown, victim->found,
		       victim->moved, victim->opened);
		printf("missed=%lu unsealed=%lu\n", victim->missed,
		       victim->unsealed);
		missed += victim->missed;
	}
	events_close();
	printf("flips total missed=%lu false=%lu wrong=%lu damaged=%lu copied=%lu\n",
	       missed, false_alarms, wrong_reports, damaged_pages, copied);
	fflush(stdout);
	want(!missed && !false_alarms && !wrong_reports && !damaged_pages,
	     "see above");
}
