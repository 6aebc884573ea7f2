// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that are refused: the log says why, and what would have been right.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "targets.h"
#include "text.h"

/*
 * What is wrong, and with "valid" whether it helps to say what would be right. @busy
 * says what keeps the file as it is.
 */
static const char *pgsa_refusal_reason(int err, const char *busy, bool *valid)
{
	*valid = false;
	switch (err) {
	case -EBUSY:
		return busy;
	case -EPERM:
		return "needs CAP_SYS_ADMIN";
	case -ENOMEM:
		return "out of memory";
	case -EAGAIN:
		return "no more threads or process numbers are left";
	case -EINTR:
		return "interrupted by a signal";
	}
	*valid = true;
	switch (err) {
	case -ENOENT:
		return "no such name";
	case -ESRCH:
		return "no such process";
	default:
		return "malformed, out of range or of the wrong kind";
	}
}

static int pgsa_refuse_busy(struct pgsa_policy *policy, const char *attr,
			    const char *text, int err, const char *valid,
			    const char *busy)
{
	bool helps;
	const char *why = pgsa_refusal_reason(err, busy, &helps);

	pr_info("%s: %s: '%*pE' refused: %s%s%s\n", pgsa_policy_name(policy),
		attr, (int)min(strcspn(text, "\n"), PGSA_TEXT_SHOWN), text, why,
		helps ? "; valid: " : "", helps ? valid : "");
	return err;
}

/**
 * pgsa_refuse - tell why a write is refused
 * @policy: the policy
 * @attr: name of the file
 * @text: what was written
 * @err: a negative errno
 * @valid: what would have been right
 *
 * Context: Process context.
 * Return: @err.
 */
int pgsa_refuse(struct pgsa_policy *policy, const char *attr, const char *text,
		int err, const char *valid)
{
	return pgsa_refuse_busy(policy, attr, text, err, valid,
				"cannot be changed while the policy is enabled");
}

/**
 * pgsa_refuse_incomplete - refuse a write of which a part would be lost
 * @policy: the policy
 * @attr: name of the file
 * @text: what was written
 * @count: its length
 *
 * Context: Process context.
 * Return: 0 for a complete text, -EINVAL for another.
 */
int pgsa_refuse_incomplete(struct pgsa_policy *policy, const char *attr,
			   const char *text, size_t count)
{
	if (pgsa_text_complete(text, count))
		return 0;
	pr_info("%s: %s: '%*pE' refused: it has a NUL, or fills a page\n",
		pgsa_policy_name(policy), attr,
		(int)min(count, PGSA_TEXT_SHOWN), text);
	return -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_refuse_incomplete);

/**
 * pgsa_refuse_range - tell why a write to a file for numbers is refused
 * @policy: the policy
 * @attr: name of the file
 * @text: what was written
 * @err: a negative errno
 * @min: the lowest number that would have been right
 * @max: the highest
 *
 * Context: Process context.
 * Return: @err.
 */
int pgsa_refuse_range(struct pgsa_policy *policy, const char *attr,
		      const char *text, int err, unsigned int min,
		      unsigned int max)
{
	char valid[32];

	snprintf(valid, sizeof(valid), "%u to %u", min, max);
	return pgsa_refuse(policy, attr, text, err, valid);
}

/* "targets/NAME/ATTR", to be freed. NULL only tells less. */
static char *pgsa_target_attr(struct pgsa_target *target, const char *attr)
{
	return kasprintf(GFP_KERNEL, "targets/%s/%s",
			 config_item_name(&target->item) ?: "?", attr);
}

/**
 * pgsa_target_refuse - tell why a write to a file of a target is refused
 * @target: the target
 * @attr: name of the file
 * @text: what was written
 * @err: a negative errno
 * @valid: what would have been right
 *
 * Context: Process context, may sleep.
 * Return: @err.
 */
int pgsa_target_refuse(struct pgsa_target *target, const char *attr,
		       const char *text, int err, const char *valid)
{
	char *name = pgsa_target_attr(target, attr);

	pgsa_refuse_busy(target->policy, name ?: attr, text, err, valid,
			 "fixed, since the policy is enabled and the target has, or had, a pid or cgroup: make another target");
	kfree(name);
	return err;
}

/**
 * pgsa_target_refuse_incomplete - refuse a write of which a part would be lost
 * @target: the target
 * @attr: name of the file
 * @text: what was written
 * @count: its length
 *
 * Context: Process context, may sleep.
 * Return: 0 for a complete text, -EINVAL for another.
 */
int pgsa_target_refuse_incomplete(struct pgsa_target *target, const char *attr,
				  const char *text, size_t count)
{
	char *name;
	int ret;

	if (pgsa_text_complete(text, count))
		return 0;
	name = pgsa_target_attr(target, attr);
	ret = pgsa_refuse_incomplete(target->policy, name ?: attr, text, count);
	kfree(name);
	return ret;
}
