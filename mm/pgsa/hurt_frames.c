// SPDX-License-Identifier: GPL-2.0
/*
 * The frames that were given up, since their damage could not be repaired: when,
 * and why.
 *
 * The mark hurt in a frame's record is what counts. An entry here says more about
 * it, and is of no use when the mark has gone with the content of the frame. No
 * event knows of that: such entries are passed over, and taken away when the list
 * is full. Nor may one be taken for that of the next content: before a frame gets
 * the mark its old entry goes, and afterwards it gets a new one.
 *
 * Damaged content may be copied before anybody has given its frame up. Then the copy
 * is an error of its own, which no search finds any more. Who copies may hold any
 * lock, so that it is told later.
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "pgsa.h"
#include "record.h"

#define PGSA_HURT_FRAMES	1024	/* that are remembered, at most */
#define PGSA_HURT_NAME		32	/* of a policy's name */
#define PGSA_HURT_LINE		128
#define PGSA_HURT_GFP		(GFP_NOWAIT | __GFP_NOWARN)

/**
 * struct pgsa_hurt_frame - a frame that was given up
 * @rcu: for its end
 * @time: when, in seconds since 1970
 * @reason: why
 * @code: the code that found the damage
 * @untold: it has yet to be told
 * @policy: the policy whose search found it
 */
struct pgsa_hurt_frame {
	struct rcu_head rcu;
	time64_t time;
	const char *reason;
	const char *code;
	bool untold;
	char policy[PGSA_HURT_NAME];
};

/* By frame number. Its lock is taken with interrupts off. */
static DEFINE_XARRAY_FLAGS(pgsa_hurt_frames, XA_FLAGS_LOCK_IRQ);
static atomic_t pgsa_hurt_frames_nr;
static atomic_long_t pgsa_hurt_frames_dropped;

/* Damaged bits of the mark itself do not matter. */
static bool pgsa_given_up(unsigned long pfn)
{
	return pgsa_word_maybe_hurt(pgsa_frame_word_at(pfn));
}

static void pgsa_hurt_frame_trim(unsigned long pfn)
{
	struct pgsa_hurt_frame *old;
	unsigned long flags;

	xa_lock_irqsave(&pgsa_hurt_frames, flags);
	old = __xa_erase(&pgsa_hurt_frames, pfn);
	xa_unlock_irqrestore(&pgsa_hurt_frames, flags);
	if (!old)
		return;
	atomic_dec(&pgsa_hurt_frames_nr);
	kfree_rcu(old, rcu);
}

/*
 * Counts what is left as well: a flipped bit may have changed the number. What is
 * added or taken away meanwhile is missed, until the next time.
 */
static void pgsa_hurt_frames_trim(void)
{
	struct pgsa_hurt_frame *hurt;
	unsigned long pfn;
	int left = 0;

	guard(rcu)();
	xa_for_each(&pgsa_hurt_frames, pfn, hurt)
		if (!READ_ONCE(hurt->untold) && !pgsa_given_up(pfn))
			pgsa_hurt_frame_trim(pfn);
		else
			left++;
	atomic_set(&pgsa_hurt_frames_nr, left);
}

/* No number of them is negative, but for a flipped bit. */
static bool pgsa_hurt_frames_full(void)
{
	return (unsigned int)atomic_read(&pgsa_hurt_frames_nr) >=
	       PGSA_HURT_FRAMES;
}

/* False, and counted, without memory or room. */
static bool pgsa_hurt_frame_add(unsigned long pfn,
				const struct pgsa_hurt_frame *what)
{
	struct pgsa_hurt_frame *hurt = NULL, *old;
	unsigned long flags;

	if (pgsa_hurt_frames_full())
		pgsa_hurt_frames_trim();
	if (!pgsa_hurt_frames_full())
		hurt = kmemdup(what, sizeof(*what), PGSA_HURT_GFP);
	if (!hurt) {
		atomic_long_inc(&pgsa_hurt_frames_dropped);
		return false;
	}
	atomic_inc(&pgsa_hurt_frames_nr);
	xa_lock_irqsave(&pgsa_hurt_frames, flags);
	old = __xa_store(&pgsa_hurt_frames, pfn, hurt, PGSA_HURT_GFP);
	xa_unlock_irqrestore(&pgsa_hurt_frames, flags);
	if (!old)
		return true;
	/* There is no room for it; or somebody else has come first. */
	atomic_dec(&pgsa_hurt_frames_nr);
	if (!xa_is_err(old)) {
		kfree_rcu(old, rcu);
		return true;
	}
	kfree(hurt);
	atomic_long_inc(&pgsa_hurt_frames_dropped);
	return false;
}

/**
 * pgsa_hurt_give_up - give a frame up, and remember it
 * @frame: its record
 * @since: its word, as for pgsa_frame_give_up()
 * @policy: name of the policy whose search found the error
 * @finding: the error
 *
 * Without memory, or beyond the limit, it is counted as dropped.
 *
 * Context: Any context.
 * Return: as pgsa_frame_give_up().
 */
bool pgsa_hurt_give_up(struct pgsa_frame *frame, u64 since, const char *policy,
		       const struct pgsa_finding *finding)
{
	struct pgsa_hurt_frame hurt = {
		.time = ktime_get_real_seconds(),
		.reason = finding->reason,
		.code = finding->code,
	};
	bool given_up;

	if (!pgsa_word_kept(since, pgsa_frame_word(frame)))
		return false;
	strscpy(hurt.policy, policy, sizeof(hurt.policy));
	pgsa_hurt_frame_trim(finding->pfn);
	given_up = pgsa_frame_give_up(frame, finding->pfn, since);
	/* Who was faster may have lost his entry to us. */
	if (given_up || pgsa_given_up(finding->pfn))
		pgsa_hurt_frame_add(finding->pfn, &hurt);
	return given_up;
}

/**
 * pgsa_hurt_known - has a frame been given up already?
 * @pfn: its number
 *
 * Context: Any context.
 * Return: true if it has, as far as one can tell, and is in the list.
 */
bool pgsa_hurt_known(unsigned long pfn)
{
	return pgsa_given_up(pfn) && xa_load(&pgsa_hurt_frames, pfn);
}

/* The next one that has to be told, from a number on; false if there is none. */
static bool pgsa_hurt_untold(unsigned long *pfn, struct pgsa_finding *finding)
{
	struct pgsa_hurt_frame *hurt;

	guard(rcu)();
	xa_for_each_start(&pgsa_hurt_frames, *pfn, hurt, *pfn) {
		if (!READ_ONCE(hurt->untold))
			continue;
		WRITE_ONCE(hurt->untold, false);
		*finding = (struct pgsa_finding) {
			.pfn = *pfn,
			.result = PGSA_UNRESOLVED,
			.code = hurt->code,
			.bit = -1,
			.delay_ns = -1,
			.reason = hurt->reason,
		};
		return true;
	}
	return false;
}

static void pgsa_hurt_tell_rest(struct work_struct *work)
{
	struct pgsa_finding finding;
	unsigned long pfn = 0;

	while (pgsa_hurt_untold(&pfn, &finding)) {
		get_online_mems();
		pgsa_tell(NULL, &finding);
		put_online_mems();
	}
}

static DECLARE_WORK(pgsa_hurt_work, pgsa_hurt_tell_rest);

/* What is known of a frame whose content was given up. False if it was not. */
static bool pgsa_hurt_frame_get(unsigned long pfn, struct pgsa_hurt_frame *what)
{
	struct pgsa_hurt_frame *hurt;

	guard(rcu)();
	hurt = pgsa_given_up(pfn) ? xa_load(&pgsa_hurt_frames, pfn) : NULL;
	if (!hurt)
		return false;
	*what = *hurt;
	return true;
}

/* An error that no search has found, nor will. */
static void pgsa_hurt_apart(unsigned long pfn, const char *code)
{
	struct pgsa_hurt_frame hurt = {
		.time = ktime_get_real_seconds(),
		.reason = "copied",
		.code = code,
		.untold = true,
	};
	struct pgsa_finding finding = {
		.pfn = pfn,
		.result = PGSA_UNRESOLVED,
		.code = code,
		.bit = -1,
		.delay_ns = -1,
		.reason = hurt.reason,
	};

	strscpy(hurt.policy, pgsa_policy_name(NULL), sizeof(hurt.policy));
	if (pgsa_hurt_frame_add(pfn, &hurt))
		queue_work(system_unbound_wq, &pgsa_hurt_work);
	else
		pgsa_tell_left_out(PGSA_UNRESOLVED);
	pgsa_error_apart(&finding);
}

/**
 * pgsa_hurt_copied - damaged content is in another frame, too
 * @from: number of the frame that had it before; given up, in the error path, or with
 *	  a mismatch that has yet to be confirmed
 * @to: number of the other one, which gets the mark hurt
 *
 * Error and report of a frame that was given up go for its copy as well. If it was
 * not, its copy is an error of its own: it may be repaired, the copy may not.
 *
 * Context: Any context; may spin for the few microseconds of a repair.
 */
void pgsa_hurt_copied(unsigned long from, unsigned long to)
{
	unsigned int detect = FIELD_GET(PGSA_WORD_DETECT,
					pgsa_frame_word_at(from));
	struct pgsa_hurt_frame what;
	bool known = pgsa_hurt_frame_get(from, &what);

	pgsa_hurt_frame_trim(to);
	pgsa_frame_mark_hurt_at(to);
	if (!known) {
		pgsa_hurt_apart(to, pgsa_code_name(detect));
		return;
	}
	what.untold = false;
	pgsa_hurt_frame_add(to, &what);
}

/* Returns the length of the text. */
static size_t pgsa_hurt_frames_print(char *text, size_t size)
{
	struct pgsa_hurt_frame *hurt;
	unsigned long pfn, dropped;
	size_t len = 0;

	guard(rcu)();
	xa_for_each(&pgsa_hurt_frames, pfn, hurt) {
		if (!pgsa_given_up(pfn))
			continue;
		len += scnprintf(text + len, size - len,
				 "pfn=0x%lx time=%lld reason=%s code=%s policy=%s\n",
				 pfn, hurt->time, hurt->reason, hurt->code,
				 hurt->policy);
	}
	dropped = atomic_long_read(&pgsa_hurt_frames_dropped);
	if (dropped)
		len += scnprintf(text + len, size - len, "dropped=%lu\n",
				 dropped);
	return len;
}

/**
 * pgsa_hurt_read - read a piece of the list of frames that were given up
 * @buf: takes the piece
 * @pos: where it begins
 * @count: how long it may be
 *
 * What a reader gets is the list as it was when its beginning was read last, so
 * that no line changes when he has one half of it.
 *
 * Context: Process context, may sleep.
 * Return: its length, 0 at the end, or -ENOMEM.
 */
ssize_t pgsa_hurt_read(char *buf, loff_t pos, size_t count)
{
	static DEFINE_MUTEX(lock);
	static char *text;
	static size_t len;

	guard(mutex)(&lock);
	if (!text)
		text = kvmalloc_array(PGSA_HURT_FRAMES + 1, PGSA_HURT_LINE,
				      GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!pos)
		len = pgsa_hurt_frames_print(text, (PGSA_HURT_FRAMES + 1) *
					     PGSA_HURT_LINE);
	return memory_read_from_buffer(buf, count, &pos, text, len);
}
