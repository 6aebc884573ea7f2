// SPDX-License-Identifier: GPL-2.0
/*
 * The frames that were given up, since their damage could not be repaired: when,
 * and why.
 *
 * The mark hurt in a frame's record is what counts. An entry here says more about
 * it, and is of no use when the mark has gone with the content of the frame. No
 * event knows of that: such entries are passed over, and taken away when the list
 * is full.
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>
#include <kunit/visibility.h>

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
 * @policy: the policy whose search found it
 */
struct pgsa_hurt_frame {
	struct rcu_head rcu;
	time64_t time;
	const char *reason;
	const char *code;
	char policy[PGSA_HURT_NAME];
};

/* By frame number. Its lock is taken with interrupts off. */
static DEFINE_XARRAY_FLAGS(pgsa_hurt_frames, XA_FLAGS_LOCK_IRQ);
static atomic_t pgsa_hurt_frames_nr;
static atomic_long_t pgsa_hurt_frames_dropped;

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

static void pgsa_hurt_frames_trim(void)
{
	struct pgsa_hurt_frame *hurt;
	unsigned long pfn;

	guard(rcu)();
	xa_for_each(&pgsa_hurt_frames, pfn, hurt)
		if (!pgsa_frame_hurt_at(pfn))
			pgsa_hurt_frame_trim(pfn);
}

/* Takes the place of what was said about the frame before. */
static void pgsa_hurt_frame_add(unsigned long pfn,
				const struct pgsa_hurt_frame *what)
{
	struct pgsa_hurt_frame *hurt = NULL, *old;
	unsigned long flags;

	pgsa_hurt_frame_trim(pfn);
	if (atomic_read(&pgsa_hurt_frames_nr) >= PGSA_HURT_FRAMES)
		pgsa_hurt_frames_trim();
	if (atomic_read(&pgsa_hurt_frames_nr) < PGSA_HURT_FRAMES)
		hurt = kmemdup(what, sizeof(*what), PGSA_HURT_GFP);
	if (!hurt) {
		atomic_long_inc(&pgsa_hurt_frames_dropped);
		return;
	}
	atomic_inc(&pgsa_hurt_frames_nr);
	xa_lock_irqsave(&pgsa_hurt_frames, flags);
	old = __xa_store(&pgsa_hurt_frames, pfn, hurt, PGSA_HURT_GFP);
	xa_unlock_irqrestore(&pgsa_hurt_frames, flags);
	if (!old)
		return;
	/* There is no room for it; or somebody else has come first. */
	atomic_dec(&pgsa_hurt_frames_nr);
	if (!xa_is_err(old)) {
		kfree_rcu(old, rcu);
		return;
	}
	kfree(hurt);
	atomic_long_inc(&pgsa_hurt_frames_dropped);
}

/**
 * pgsa_hurt_note - remember a frame that was given up
 * @policy: name of the policy whose search found it
 * @finding: the error
 *
 * Without memory, or beyond the limit, it is counted as dropped.
 *
 * Context: Any context.
 */
void pgsa_hurt_note(const char *policy, const struct pgsa_finding *finding)
{
	struct pgsa_hurt_frame hurt = {
		.time = ktime_get_real_seconds(),
		.reason = finding->reason,
		.code = finding->code,
	};

	strscpy(hurt.policy, policy, sizeof(hurt.policy));
	pgsa_hurt_frame_add(finding->pfn, &hurt);
}

/**
 * pgsa_hurt_moved - the content of a frame that was given up is elsewhere, too
 * @from: number of the frame
 * @to: number of the other one, which has the mark hurt now
 *
 * Context: Any context.
 */
void pgsa_hurt_moved(unsigned long from, unsigned long to)
{
	struct pgsa_hurt_frame *hurt, what;

	scoped_guard(rcu) {
		hurt = xa_load(&pgsa_hurt_frames, from);
		if (!hurt)
			return;
		what = *hurt;
	}
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
		if (!pgsa_frame_hurt_at(pfn))
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
