// SPDX-License-Identifier: GPL-2.0
/*
 * Telling of errors: the log, and those who were hurt. That takes time, so it comes
 * after the repair, when no folio is locked and no record is held.
 */
#define pr_fmt(fmt) "pgsa: " fmt

/* pr_debug() is to reach the log; consoles do not show it by default. */
#define DEBUG

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/workqueue.h>

#include "pgsa.h"
#include "verify.h"

#define PGSA_LOG_LINES		10	/* of one kind, one by one */
#define PGSA_LOG_SECONDS	5	/* in that time */

#define PGSA_LOG_LIMIT							\
	RATELIMIT_STATE_INIT_FLAGS(pgsa_log_limits,			\
				   PGSA_LOG_SECONDS * HZ, PGSA_LOG_LINES, \
				   RATELIMIT_MSG_ON_RELEASE)

/* Each kind has a limit of its own, so that many do not hide the few. */
static struct ratelimit_state pgsa_log_limits[NR_PGSA_RESULTS] = {
	[PGSA_CORRECTED]	= PGSA_LOG_LIMIT,
	[PGSA_TRANSIENT]	= PGSA_LOG_LIMIT,
	[PGSA_UNRESOLVED]	= PGSA_LOG_LIMIT,
};

static atomic_t pgsa_log_left_out[NR_PGSA_RESULTS];

#define PGSA_LOG_REST "errors left out of the log, up to %u s: corrected=%u transient=%u unresolved=%u\n"

static void pgsa_log_rest(struct work_struct *work)
{
	unsigned int nr[NR_PGSA_RESULTS];
	enum pgsa_result result;

	for (result = 0; result < NR_PGSA_RESULTS; result++)
		nr[result] = atomic_xchg(&pgsa_log_left_out[result], 0);
	if (nr[PGSA_UNRESOLVED])
		pr_err(PGSA_LOG_REST, PGSA_LOG_SECONDS, nr[PGSA_CORRECTED],
		       nr[PGSA_TRANSIENT], nr[PGSA_UNRESOLVED]);
	else
		pr_debug(PGSA_LOG_REST, PGSA_LOG_SECONDS, nr[PGSA_CORRECTED],
			 nr[PGSA_TRANSIENT], 0);
}

static DECLARE_DELAYED_WORK(pgsa_log_work, pgsa_log_rest);

/**
 * pgsa_tell_left_out - an error cannot be told of, or not now
 * @result: what became of it
 *
 * The log will have a line for all of them together.
 *
 * Context: Any context.
 */
void pgsa_tell_left_out(enum pgsa_result result)
{
	atomic_inc(&pgsa_log_left_out[result]);
	schedule_delayed_work(&pgsa_log_work, PGSA_LOG_SECONDS * HZ);
}

#define PGSA_LOG_LINE "error: pfn=0x%lx policy=%s code=%s bit=%d result=%s delay_ns=%lld\n"

/*
 * A repair is no reason to disturb who looks at a console: it is a line for the
 * log. Damage that stays is an error of the machine.
 */
static void pgsa_log(struct pgsa_policy *policy,
		     const struct pgsa_finding *finding)
{
	const char *name = pgsa_policy_name(policy);
	const char *result = pgsa_result_name(finding->result);

	if (!__ratelimit(&pgsa_log_limits[finding->result])) {
		pgsa_tell_left_out(finding->result);
	} else if (finding->result == PGSA_UNRESOLVED) {
		pr_err(PGSA_LOG_LINE, finding->pfn, name, finding->code,
		       finding->bit, result, finding->delay_ns);
	} else {
		pr_debug(PGSA_LOG_LINE, finding->pfn, name, finding->code,
			 finding->bit, result, finding->delay_ns);
	}
}

static void pgsa_log_mended(struct pgsa_policy *policy,
			    const struct pgsa_mended *mended)
{
	if (mended->result)
		pr_notice_ratelimited("record: pfn=0x%lx policy=%s word=0x%016llx result=%s\n",
				      mended->pfn, pgsa_policy_name(policy),
				      mended->word, mended->result);
}

/**
 * pgsa_tell - tell of what was found
 * @policy: the policy that found it, or NULL
 * @finding: an error, or PGSA_NO_ERROR; and what came with it
 *
 * Context: Process context, may sleep. The caller keeps memory from going
 *	    offline and holds no lock that others wait for.
 */
void pgsa_tell(struct pgsa_policy *policy, const struct pgsa_finding *finding)
{
	might_sleep();
	pgsa_unconfirmed_tell(policy, finding);
	pgsa_log_mended(policy, &finding->mended);
	if (finding->result == PGSA_NO_ERROR)
		return;
	/* Before the log, whose consoles may be slow: the page may move meanwhile. */
	if (finding->result != PGSA_TRANSIENT)
		pgsa_targets_hurt(policy, finding);
	pgsa_log(policy, finding);
}
