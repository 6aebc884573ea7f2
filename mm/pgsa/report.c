// SPDX-License-Identifier: GPL-2.0
/*
 * Telling of errors: the log, and those who were hurt. That takes time, so it
 * comes after the repair, when no folio is locked and no record is held.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "pgsa.h"

/**
 * pgsa_finding_take - what the last visit of a searcher has found
 * @search: the search; it has told when this is told
 *
 * Context: Who has the search calls.
 * Return: the finding, to be given to pgsa_tell().
 */
struct pgsa_finding pgsa_finding_take(struct pgsa_search *search)
{
	struct pgsa_finding finding = search->finding;

	search->finding.result = PGSA_NO_ERROR;
	return finding;
}

static void pgsa_log(struct pgsa_policy *policy,
		     const struct pgsa_finding *finding)
{
	pr_err_ratelimited("error: pfn=0x%lx policy=%s code=%s bit=%d result=%s delay_ns=%lld\n",
			   finding->pfn, pgsa_policy_name(policy),
			   finding->code, finding->bit,
			   pgsa_result_name(finding->result),
			   finding->delay_ns);
}

/**
 * pgsa_tell - tell of an error
 * @policy: the policy that found it
 * @finding: the error, or PGSA_NO_ERROR
 *
 * Context: Process context, may sleep. The caller keeps memory from going
 *	    offline and holds no lock that others wait for.
 */
void pgsa_tell(struct pgsa_policy *policy, const struct pgsa_finding *finding)
{
	if (finding->result == PGSA_NO_ERROR)
		return;
	might_sleep();
	pgsa_log(policy, finding);
	if (finding->result != PGSA_TRANSIENT)
		pgsa_targets_hurt(policy, finding->pfn);
}
