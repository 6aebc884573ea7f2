// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/pgsa/: the whole machine in numbers.
 *
 * Nothing is counted in the hooks for these files: reading one of frames_* or
 * refused/ goes through all frame records.
 */
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pgsa.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

#include "record.h"
#include "verify.h"

struct pgsa_census {
	unsigned long tracked, readonly, writable, sealed, sealed_unmapped;
	unsigned long hurt, refused[NR_PGSA_REFUSALS];
};

/* The word of a frame's record; false if it has none. */
static bool pgsa_read_word(struct page *page, u64 *word)
{
	struct pgsa_frame *frame = pgsa_frame_get(page);

	if (!frame)
		return false;
	*word = pgsa_frame_word(frame);
	pgsa_frame_put(frame);
	return true;
}

static void pgsa_count_frame(struct pgsa_census *census, struct page *page)
{
	enum pgsa_frame_state state;
	u64 word;

	if (!pgsa_read_word(page, &word))
		return;
	state = pgsa_word_state(word);
	census->tracked++;
	if (word & PGSA_WORD_WRITERS) {
		census->writable++;
	} else if (PageLRU(page)) {
		bool mapped = page_mapped(page);
		bool sealed = state == PGSA_FRAME_SEALED ||
			      state == PGSA_FRAME_CHECKING;

		census->readonly += mapped;
		census->sealed += mapped && sealed;
		census->sealed_unmapped += !mapped && sealed;
	}
}

/* Why a frame is not sealed, as the next searcher to come by would find. */
static void pgsa_count_refusal(struct pgsa_census *census, struct page *page)
{
	bool unmapped = pgsa_policies_want_pagecache();
	u64 word;

	if (!pgsa_read_word(page, &word))
		return;
	if (word & PGSA_WORD_WRITERS)
		census->writable++;
	else if (word & PGSA_WORD_HURT)
		census->hurt++;
	else
		census->refused[pgsa_page_refusal(page, unmapped)]++;
}

static struct pgsa_census
pgsa_take_census(void (*count)(struct pgsa_census *census, struct page *page))
{
	struct pgsa_census census = {};
	unsigned long pfn = 0;

	if (!pgsa_on())
		return census;
	get_online_mems();
	while ((pfn = pgsa_next_online_pfn(pfn)) != ULONG_MAX) {
		count(&census, pfn_to_page(pfn));
		pfn++;
		cond_resched();
	}
	put_online_mems();
	return census;
}

static struct pgsa_census pgsa_count_frames(void)
{
	return pgsa_take_census(pgsa_count_frame);
}

#define PGSA_ATTR_RO(name, value)					\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static struct kobj_attribute name##_attr = __ATTR_RO(name)

PGSA_ATTR_RO(enabled, pgsa_on());
PGSA_ATTR_RO(frames_tracked, pgsa_count_frames().tracked);
PGSA_ATTR_RO(frames_readonly, pgsa_count_frames().readonly);
PGSA_ATTR_RO(frames_writable, pgsa_count_frames().writable);
PGSA_ATTR_RO(frames_sealed, pgsa_count_frames().sealed);
PGSA_ATTR_RO(frames_sealed_unmapped, pgsa_count_frames().sealed_unmapped);
PGSA_ATTR_RO(frames_unconfirmed, pgsa_unconfirmed_trim());
PGSA_ATTR_RO(bytes_redundancy,
	     pgsa_count_frames().tracked * sizeof(struct pgsa_frame) +
	     pgsa_store_bytes());
PGSA_ATTR_RO(errors_detected, pgsa_errors_total(PGSA_CORRECTED) +
			      pgsa_errors_total(PGSA_UNRESOLVED));
PGSA_ATTR_RO(errors_corrected, pgsa_errors_total(PGSA_CORRECTED));
PGSA_ATTR_RO(errors_unresolved, pgsa_errors_total(PGSA_UNRESOLVED));
PGSA_ATTR_RO(errors_unreadable, pgsa_content_lost());

static struct attribute *pgsa_attrs[] = {
	&enabled_attr.attr,
	&frames_tracked_attr.attr,
	&frames_readonly_attr.attr,
	&frames_writable_attr.attr,
	&frames_sealed_attr.attr,
	&frames_sealed_unmapped_attr.attr,
	&frames_unconfirmed_attr.attr,
	&bytes_redundancy_attr.attr,
	&errors_detected_attr.attr,
	&errors_corrected_attr.attr,
	&errors_unresolved_attr.attr,
	&errors_unreadable_attr.attr,
	NULL
};

static ssize_t hurt_read(struct file *file, struct kobject *kobj,
			 struct bin_attribute *attr, char *buf, loff_t pos,
			 size_t count)
{
	return pgsa_hurt_read(buf, pos, count);
}

/* Frame numbers are nobody's business; and the list may be longer than a page. */
static struct bin_attribute hurt_attr = __BIN_ATTR(hurt, 0400, hurt_read, NULL,
						   0);

static struct bin_attribute *pgsa_bin_attrs[] = {
	&hurt_attr,
	NULL
};

static const struct attribute_group pgsa_group = {
	.attrs = pgsa_attrs,
	.bin_attrs = pgsa_bin_attrs,
};

/*
 * refused/: a file for each reason. Who reads one reads the others, too, so a
 * count is good for a moment.
 */
#define PGSA_REFUSED_HURT	NR_PGSA_REFUSALS	/* not asked for in page.c */
#define PGSA_REFUSED_WRITABLE	(NR_PGSA_REFUSALS + 1)
#define PGSA_REFUSED_FRESH	(HZ / 10)

static unsigned long pgsa_count_refused(unsigned int reason)
{
	static DEFINE_MUTEX(lock);
	static struct pgsa_census census;
	static unsigned long stale;	/* in jiffies */

	guard(mutex)(&lock);
	if (!stale || time_after_eq(jiffies, stale)) {
		census = pgsa_take_census(pgsa_count_refusal);
		stale = jiffies + PGSA_REFUSED_FRESH;
	}
	switch (reason) {
	case PGSA_REFUSED_HURT:
		return census.hurt;
	case PGSA_REFUSED_WRITABLE:
		return census.writable;
	default:
		return census.refused[reason];
	}
}

static struct kobj_attribute pgsa_refused_attrs[PGSA_REFUSED_WRITABLE + 1];

static ssize_t pgsa_refused_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n",
			  pgsa_count_refused(attr - pgsa_refused_attrs));
}

static struct attribute *pgsa_refused[ARRAY_SIZE(pgsa_refused_attrs) + 1];

static const struct attribute_group pgsa_refused_group = {
	.attrs = pgsa_refused,
	.name = "refused",
};

static const char *__init pgsa_refused_name(unsigned int reason)
{
	switch (reason) {
	case PGSA_REFUSED_HURT:
		return "hurt";
	case PGSA_REFUSED_WRITABLE:
		return "writable";
	default:
		return pgsa_refusal_name(reason);
	}
}

static void __init pgsa_refused_init(void)
{
	unsigned int reason, nr = 0;

	for (reason = PGSA_ADMITTED + 1; reason <= PGSA_REFUSED_WRITABLE;
	     reason++) {
		struct kobj_attribute *attr = &pgsa_refused_attrs[reason];

		sysfs_attr_init(&attr->attr);
		attr->attr.name = pgsa_refused_name(reason);
		attr->attr.mode = 0444;
		attr->show = pgsa_refused_show;
		pgsa_refused[nr++] = &attr->attr;
	}
}

static int __init pgsa_sysfs_init(void)
{
	static const struct attribute_group *groups[] = {
		&pgsa_group, &pgsa_refused_group, NULL
	};
	struct kobject *dir = kobject_create_and_add("pgsa", mm_kobj);
	int ret;

	if (!dir)
		return -ENOMEM;
	pgsa_refused_init();
	ret = sysfs_create_groups(dir, groups);
	if (ret)
		kobject_put(dir);
	return ret;
}
late_initcall(pgsa_sysfs_init);
