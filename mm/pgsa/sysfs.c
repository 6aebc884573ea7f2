// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/pgsa/: the whole machine in numbers.
 *
 * Nothing is counted in the hooks for these files. What anybody may read is what
 * the searchers have counted while they went through memory; the same files in
 * exact/ go through all frames when they are read, and are root's alone.
 */
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pgsa.h>
#include <linux/stddef.h>
#include <linux/sysfs.h>

#include "record.h"
#include "verify.h"

#define PGSA_ATTR_RO(name, value)					\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static struct kobj_attribute name##_attr = __ATTR_RO(name)

static u64 pgsa_counted_ns(void)
{
	struct pgsa_census census;

	return pgsa_census_last(&census);
}

/* Each frame has a record. */
static u64 pgsa_record_bytes(void)
{
	u64 frames = 0;
	int nid;

	for_each_online_node(nid)
		frames += node_present_pages(nid);
	return pgsa_on() ? frames * sizeof(struct pgsa_frame) : 0;
}

PGSA_ATTR_RO(enabled, pgsa_on());
PGSA_ATTR_RO(frames_unconfirmed, pgsa_unconfirmed_count());
PGSA_ATTR_RO(counted_ns, pgsa_counted_ns());
PGSA_ATTR_RO(bytes_redundancy, pgsa_record_bytes() + pgsa_store_bytes());
PGSA_ATTR_RO(errors_detected, pgsa_errors_total(PGSA_CORRECTED) +
			      pgsa_errors_total(PGSA_UNRESOLVED));
PGSA_ATTR_RO(errors_corrected, pgsa_errors_total(PGSA_CORRECTED));
PGSA_ATTR_RO(errors_unresolved, pgsa_errors_total(PGSA_UNRESOLVED));
PGSA_ATTR_RO(errors_unreadable, pgsa_content_lost());

static struct attribute *pgsa_attrs[] = {
	&enabled_attr.attr,
	&counted_ns_attr.attr,
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
 * frames_* and refused/: each file shows a number of struct pgsa_census, and is
 * there twice, with the last counts and with exact ones.
 */

/**
 * struct pgsa_count_attr - a file that shows a number of a census
 * @attr: the file
 * @offset: where the number is in struct pgsa_census
 */
struct pgsa_count_attr {
	struct kobj_attribute attr;
	size_t offset;
};

static ssize_t pgsa_show_count(const struct kobj_attribute *attr,
			       const struct pgsa_census *census, char *buf)
{
	const struct pgsa_count_attr *count =
		container_of_const(attr, struct pgsa_count_attr, attr);

	return sysfs_emit(buf, "%lu\n", *(const unsigned long *)
					((const char *)census + count->offset));
}

static ssize_t pgsa_last_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	struct pgsa_census census;

	pgsa_census_last(&census);
	return pgsa_show_count(attr, &census, buf);
}

/* Who reads one file reads the others, too, so a count is good for a moment. */
#define PGSA_EXACT_FRESH	(HZ / 10)

static ssize_t pgsa_exact_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	static DEFINE_MUTEX(lock);	/* one reader takes a CPU, not all */
	static struct pgsa_census census;
	static unsigned long stale;	/* in jiffies; 0: there is no count */
	int ret;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	if (!stale || time_after_eq(jiffies, stale)) {
		ret = pgsa_census_take(&census);
		stale = ret ? 0 : jiffies + PGSA_EXACT_FRESH;
	} else {
		ret = 0;
	}
	if (!ret)
		ret = pgsa_show_count(attr, &census, buf);
	mutex_unlock(&lock);
	return ret;
}

#define PGSA_COUNT(field)						\
	{								\
		.attr.attr.name = "frames_" #field,			\
		.offset = offsetof(struct pgsa_census, field),		\
	}

#define PGSA_NR_COUNTS	5
#define PGSA_NR_REASONS	NR_PGSA_REFUSALS	/* less "ok", one more */

/* Two of each: what anybody may read, and what is exact. */
static struct pgsa_count_attr pgsa_counts[2][PGSA_NR_COUNTS] = {
	[0 ... 1] = {
		PGSA_COUNT(tracked),
		PGSA_COUNT(readonly),
		PGSA_COUNT(writable),
		PGSA_COUNT(sealed),
		PGSA_COUNT(sealed_unmapped),
	}
};

static struct pgsa_count_attr pgsa_reasons[2][PGSA_NR_REASONS] = {
	[0 ... 1] = {
		{
			.attr.attr.name = "hurt",
			.offset = offsetof(struct pgsa_census, hurt),
		},	/* the others follow */
	}
};

static struct attribute *pgsa_count_attrs[2][PGSA_NR_COUNTS + 1];
static struct attribute *pgsa_reason_attrs[2][PGSA_NR_REASONS + 1];

static const struct attribute_group pgsa_count_groups[2] = {
	{ .attrs = pgsa_count_attrs[0] },
	{ .attrs = pgsa_count_attrs[1] },
};

static const struct attribute_group pgsa_reason_groups[2] = {
	{ .attrs = pgsa_reason_attrs[0], .name = "refused" },
	{ .attrs = pgsa_reason_attrs[1], .name = "refused" },
};

static void __init pgsa_counts_init(struct pgsa_count_attr *counts,
				    struct attribute **attrs, unsigned int nr,
				    bool exact)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		sysfs_attr_init(&counts[i].attr.attr);
		counts[i].attr.attr.mode = exact ? 0400 : 0444;
		counts[i].attr.show = exact ? pgsa_exact_show : pgsa_last_show;
		attrs[i] = &counts[i].attr.attr;
	}
}

static void __init pgsa_reasons_init(struct pgsa_count_attr *counts)
{
	enum pgsa_refusal refusal;

	for (refusal = PGSA_ADMITTED + 1; refusal < NR_PGSA_REFUSALS;
	     refusal++) {
		/* Behind the one that is there. */
		struct pgsa_count_attr *count = &counts[refusal];

		count->attr.attr.name = pgsa_refusal_name(refusal);
		count->offset = offsetof(struct pgsa_census, refused) +
				refusal * sizeof(unsigned long);
	}
}

static int __init pgsa_create_counts(struct kobject *dir, bool exact)
{
	const struct attribute_group *groups[] = {
		&pgsa_count_groups[exact], &pgsa_reason_groups[exact], NULL
	};

	pgsa_counts_init(pgsa_counts[exact], pgsa_count_attrs[exact],
			 PGSA_NR_COUNTS, exact);
	pgsa_reasons_init(pgsa_reasons[exact]);
	pgsa_counts_init(pgsa_reasons[exact], pgsa_reason_attrs[exact],
			 PGSA_NR_REASONS, exact);
	return sysfs_create_groups(dir, groups);
}

static int __init pgsa_create_files(struct kobject *dir, struct kobject *exact)
{
	int ret = sysfs_create_group(dir, &pgsa_group);

	if (!ret)
		ret = pgsa_create_counts(dir, false);
	return ret ?: pgsa_create_counts(exact, true);
}

static int __init pgsa_sysfs_init(void)
{
	struct kobject *dir = kobject_create_and_add("pgsa", mm_kobj);
	struct kobject *exact = kobject_create_and_add("exact", dir);
	int ret = -ENOMEM;

	if (dir && exact)
		ret = pgsa_create_files(dir, exact);
	if (ret) {
		kobject_put(exact);
		kobject_put(dir);
	}
	return ret;
}
late_initcall(pgsa_sysfs_init);
