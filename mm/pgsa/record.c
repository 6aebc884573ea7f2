// SPDX-License-Identifier: GPL-2.0
/*
 * Where the frame records are: the page_ext client, chosen at boot.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/page_ext.h>
#include <linux/pgsa.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <trace/events/pgsa.h>
#include <xen/xen.h>

#include "mark.h"
#include "record.h"
#include "warn.h"

struct static_key_false pgsa_key = STATIC_KEY_FALSE_INIT;
EXPORT_SYMBOL(pgsa_key);

static bool pgsa_wanted __initdata = IS_ENABLED(CONFIG_PGSA_DEFAULT_ON);

static int __init pgsa_setup(char *arg)
{
	int ret = -EINVAL;

	if (arg && !strcmp(arg, "on"))
		ret = 1;
	else if (arg && !strcmp(arg, "off"))
		ret = 0;
	if (ret < 0) {
		pr_warn("pgsa=%s: neither on nor off, ignored\n", arg ?: "");
		return ret;
	}
	pgsa_wanted = ret;
	return 0;
}
early_param("pgsa", pgsa_setup);

static bool __init pgsa_need(void)
{
	/* Xen PV changes page tables by hypercalls that no hook sees. */
	return pgsa_wanted && !xen_pv_domain();
}

/* Called even when the records were not wanted. */
static void __init pgsa_init(void)
{
	if (pgsa_need()) {
		pgsa_marks_init();
		static_branch_enable(&pgsa_key);
		pr_info("keeping %zu bytes per page frame\n",
			sizeof(struct pgsa_frame));
	} else if (pgsa_wanted) {
		pr_warn("off: not possible in a Xen PV domain\n");
	}
}

struct page_ext_operations pgsa_page_ext_ops = {
	.size = sizeof(struct pgsa_frame),
	.need = pgsa_need,
	.init = pgsa_init,
	.need_shared_flags = false,
};

/**
 * pgsa_frame_get - look up the record of a frame
 * @page: the frame
 *
 * Context: Any context. The caller may not sleep until pgsa_frame_put().
 * Return: the record, or NULL where there is none: PGSA is off, the frame was
 * allocated before page_ext, or its section is going offline. A NULL needs no
 * pgsa_frame_put().
 */
struct pgsa_frame *pgsa_frame_get(const struct page *page)
{
	struct page_ext *ext;

	if (!pgsa_on())
		return NULL;
	ext = page_ext_get(page);
	return ext ? page_ext_data(ext, &pgsa_page_ext_ops) : NULL;
}

/**
 * pgsa_frame_put - end the use of a record
 * @frame: what pgsa_frame_get() returned, not NULL
 *
 * Context: Any context.
 */
void pgsa_frame_put(struct pgsa_frame *frame)
{
	page_ext_put((void *)frame - pgsa_page_ext_ops.offset);
}

/**
 * pgsa_frame_at - look up the record of a frame that may have gone offline
 * @pfn: its number
 *
 * For who keeps numbers of frames, and does not keep memory from going offline:
 * nothing of the frame but its record is looked at.
 *
 * Context: Any context, within rcu_read_lock() for as long as the result is used.
 * Return: the record, or NULL where there is none.
 */
struct pgsa_frame *pgsa_frame_at(unsigned long pfn)
{
	struct page_ext *ext;

	KUNIT_STATIC_STUB_REDIRECT(pgsa_frame_at, pfn);
	ext = pgsa_on() ? page_ext_lookup(pfn) : NULL;
	return ext ? page_ext_data(ext, &pgsa_page_ext_ops) : NULL;
}

/*
 * After an event, in the same RCU read-side section: what had a mark is not claimed
 * any more, see mark.c.
 */
static __always_inline void pgsa_one_unmark(unsigned long pfn)
{
	if (unlikely(pgsa_mark_test(pfn)))
		pgsa_mark_clear(pfn);
}

static __always_inline void pgsa_one_add_writer(struct pgsa_frame *frame,
						unsigned long pfn)
{
	if (trace_pgsa_frame_state_enabled() ||
	    !pgsa_frame_try_add_writer(frame))
		pgsa_frame_add_writer(frame, pfn);
	pgsa_one_unmark(pfn);
}

static noinline void pgsa_slow_sub_writer(struct pgsa_frame *frame,
					  unsigned long pfn)
{
	if (pgsa_frame_sub_writer(frame))
		return;
	/* Who knows what was written through that entry. */
	pgsa_frame_write(frame, pfn);
	pgsa_one_unmark(pfn);
	WARN_ON_ONCE(IS_ENABLED(CONFIG_PGSA_DEBUG));
	pgsa_deferred_warn_ratelimited("pfn 0x%lx: an entry that was never counted has gone; damaged page table?\n",
				       pfn);
}

static __always_inline void pgsa_one_sub_writer(struct pgsa_frame *frame,
						unsigned long pfn)
{
	if (!pgsa_frame_try_sub_writer(frame))
		pgsa_slow_sub_writer(frame, pfn);
}

static void pgsa_one_write(struct pgsa_frame *frame, unsigned long pfn)
{
	pgsa_frame_write(frame, pfn);
	pgsa_one_unmark(pfn);
}

static noinline void pgsa_slow_free(struct pgsa_frame *frame, unsigned long pfn)
{
	unsigned int writers = pgsa_frame_free(frame, pfn);

	if (!writers)
		return;
	WARN_ON_ONCE(IS_ENABLED(CONFIG_PGSA_DEBUG));
	pgsa_deferred_warn_ratelimited("pfn 0x%lx: freed with %u writers; damaged page table?\n",
				       pfn, writers);
}

static __always_inline void pgsa_one_free(struct pgsa_frame *frame,
					  unsigned long pfn)
{
	if (trace_pgsa_frame_state_enabled() || !pgsa_frame_try_free(frame))
		pgsa_slow_free(frame, pfn);
	pgsa_one_unmark(pfn);
}

static void pgsa_one_mark_hurt(struct pgsa_frame *frame, unsigned long pfn)
{
	pgsa_frame_mark_hurt(frame, pfn);
	pgsa_one_unmark(pfn);
}

/* One frame, as in most page faults. */
static __always_inline void
pgsa_for_frame(unsigned long pfn,
	       void (*one)(struct pgsa_frame *frame, unsigned long pfn))
{
	struct page_ext *ext;

	guard(rcu)();
	ext = page_ext_lookup(pfn);
	if (likely(ext))
		one(page_ext_data(ext, &pgsa_page_ext_ops), pfn);
}

/**
 * pgsa_frame_add_writer_at - pgsa_frame_add_writer() by number
 * @pfn: number of the frame
 *
 * Context: Any context. A frame without a record is passed over.
 */
void pgsa_frame_add_writer_at(unsigned long pfn)
{
	pgsa_for_frame(pfn, pgsa_one_add_writer);
}

/**
 * pgsa_frame_sub_writer_at - pgsa_frame_sub_writer() by number
 * @pfn: number of the frame
 *
 * Context: Any context. A frame without a record is passed over.
 */
void pgsa_frame_sub_writer_at(unsigned long pfn)
{
	pgsa_for_frame(pfn, pgsa_one_sub_writer);
}

/**
 * pgsa_frame_free_at - pgsa_frame_free() by number
 * @pfn: number of the frame
 *
 * Context: Any context. A frame without a record is passed over.
 */
void pgsa_frame_free_at(unsigned long pfn)
{
	pgsa_for_frame(pfn, pgsa_one_free);
}

/**
 * pgsa_frame_word_at - the word of a frame by number
 * @pfn: number of the frame
 *
 * Context: Any context.
 * Return: its word; 0, which is that of a free frame, if it has no record.
 */
u64 pgsa_frame_word_at(unsigned long pfn)
{
	struct pgsa_frame *frame;

	guard(rcu)();
	frame = pgsa_frame_at(pfn);
	return frame ? pgsa_frame_word(frame) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_frame_word_at);

/**
 * pgsa_frame_hurt_at - is the content of a frame known to be damaged?
 * @pfn: number of the frame
 *
 * Context: Any context.
 * Return: true if it has been given up, or is in the error path now.
 */
bool pgsa_frame_hurt_at(unsigned long pfn)
{
	return pgsa_word_maybe_bad(pgsa_frame_word_at(pfn));
}

/**
 * pgsa_frame_mark_hurt_at - pgsa_frame_mark_hurt() by number
 * @pfn: number of the frame
 *
 * Context: Any context. A frame without a record is passed over.
 */
void pgsa_frame_mark_hurt_at(unsigned long pfn)
{
	pgsa_for_frame(pfn, pgsa_one_mark_hurt);
}

/*
 * Records of one section are contiguous, and a block of MAX_ORDER_NR_PAGES
 * never crosses a section. The caller holds rcu_read_lock(). Returns the number
 * of frames done, or passed over where there are no records.
 */
static __always_inline unsigned long
pgsa_for_block(unsigned long pfn, unsigned long nr,
	       void (*one)(struct pgsa_frame *frame, unsigned long pfn))
{
	unsigned long left = MAX_ORDER_NR_PAGES - pfn % MAX_ORDER_NR_PAGES;
	struct page_ext *ext = page_ext_lookup(pfn);
	unsigned long end;

	nr = min(nr, left);
	if (unlikely(!ext))
		return nr;
	for (end = pfn + nr; pfn < end; pfn++) {
		one(page_ext_data(ext, &pgsa_page_ext_ops), pfn);
		ext = page_ext_next(ext);
	}
	return nr;
}

static __always_inline void
pgsa_for_frames(unsigned long pfn, unsigned long nr,
		void (*one)(struct pgsa_frame *frame, unsigned long pfn))
{
	guard(rcu)();
	while (nr) {
		unsigned long done = pgsa_for_block(pfn, nr, one);

		pfn += done;
		nr -= done;
	}
}

/**
 * pgsa_frames_add_writer - pgsa_frame_add_writer() for consecutive frames
 * @pfn: number of the first
 * @nr: how many
 *
 * Context: Any context. Frames without a record are passed over.
 */
void pgsa_frames_add_writer(unsigned long pfn, unsigned long nr)
{
	pgsa_for_frames(pfn, nr, pgsa_one_add_writer);
}

/**
 * pgsa_frames_sub_writer - pgsa_frame_sub_writer() for consecutive frames
 * @pfn: number of the first
 * @nr: how many
 *
 * Context: Any context. Frames without a record are passed over.
 */
void pgsa_frames_sub_writer(unsigned long pfn, unsigned long nr)
{
	pgsa_for_frames(pfn, nr, pgsa_one_sub_writer);
}

/**
 * pgsa_frames_write - pgsa_frame_write() for consecutive frames
 * @pfn: number of the first
 * @nr: how many
 *
 * Context: Any context. Frames without a record are passed over.
 */
void pgsa_frames_write(unsigned long pfn, unsigned long nr)
{
	pgsa_for_frames(pfn, nr, pgsa_one_write);
}

/**
 * pgsa_frames_free - pgsa_frame_free() for consecutive frames
 * @pfn: number of the first
 * @nr: how many
 *
 * Context: Any context. Frames without a record are passed over.
 */
void pgsa_frames_free(unsigned long pfn, unsigned long nr)
{
	pgsa_for_frames(pfn, nr, pgsa_one_free);
}
