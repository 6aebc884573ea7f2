// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/pgsa/: the whole machine in numbers.
 *
 * Nothing is counted in the hooks for these files: reading one of frames_* goes
 * through all frame records.
 */
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pgsa.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

#include "pgsa.h"
#include "record.h"

struct pgsa_census {
	unsigned long tracked, readonly, writable, sealed;
};

static void pgsa_count_frame(struct pgsa_census *census, struct page *page)
{
	struct pgsa_frame *frame = pgsa_frame_get(page);
	enum pgsa_frame_state state;
	u64 word;

	if (!frame)
		return;
	word = pgsa_frame_word(frame);
	pgsa_frame_put(frame);

	state = pgsa_word_state(word);
	census->tracked++;
	if (word & PGSA_WORD_WRITERS) {
		census->writable++;
	} else if (PageLRU(page) && page_mapped(page)) {
		census->readonly++;
		census->sealed += state == PGSA_FRAME_SEALED ||
				  state == PGSA_FRAME_CHECKING;
	}
}

static struct pgsa_census pgsa_take_census(void)
{
	struct pgsa_census census = {};
	unsigned long pfn = 0;

	if (!pgsa_on())
		return census;
	get_online_mems();
	while ((pfn = pgsa_next_online_pfn(pfn)) != ULONG_MAX) {
		pgsa_count_frame(&census, pfn_to_page(pfn));
		pfn++;
		cond_resched();
	}
	put_online_mems();
	return census;
}

#define PGSA_ATTR_RO(name, value)					\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static struct kobj_attribute name##_attr = __ATTR_RO(name)

PGSA_ATTR_RO(enabled, pgsa_on());
PGSA_ATTR_RO(frames_tracked, pgsa_take_census().tracked);
PGSA_ATTR_RO(frames_readonly, pgsa_take_census().readonly);
PGSA_ATTR_RO(frames_writable, pgsa_take_census().writable);
PGSA_ATTR_RO(frames_sealed, pgsa_take_census().sealed);
PGSA_ATTR_RO(bytes_redundancy,
	     pgsa_take_census().tracked * sizeof(struct pgsa_frame));
PGSA_ATTR_RO(errors_detected, pgsa_errors_total(PGSA_CORRECTED) +
			      pgsa_errors_total(PGSA_UNRESOLVED));
PGSA_ATTR_RO(errors_corrected, pgsa_errors_total(PGSA_CORRECTED));
PGSA_ATTR_RO(errors_unresolved, pgsa_errors_total(PGSA_UNRESOLVED));

static struct attribute *pgsa_attrs[] = {
	&enabled_attr.attr,
	&frames_tracked_attr.attr,
	&frames_readonly_attr.attr,
	&frames_writable_attr.attr,
	&frames_sealed_attr.attr,
	&bytes_redundancy_attr.attr,
	&errors_detected_attr.attr,
	&errors_corrected_attr.attr,
	&errors_unresolved_attr.attr,
	NULL
};

static const struct attribute_group pgsa_group = {
	.attrs = pgsa_attrs,
	.name = "pgsa",
};

static int __init pgsa_sysfs_init(void)
{
	return sysfs_create_group(mm_kobj, &pgsa_group);
}
late_initcall(pgsa_sysfs_init);
