/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy: what users set, what it counts, and what it takes.
 */
#ifndef _PGSA_POLICY_H
#define _PGSA_POLICY_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/configfs.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "target_set.h"

struct pgsa_code;
struct pgsa_crew;
struct pgsa_strategy;

/* policy.c */

#define PGSA_PERMILLE_MAX	1000
#define PGSA_INTERVAL_MS_MAX	86400000	/* one day */
#define PGSA_SWITCH_FRAMES_MAX	256
#define PGSA_SEARCHERS_MAX	64

/**
 * enum pgsa_stat - what a policy counts
 * @PGSA_STAT_CYCLES: complete cycles
 * @PGSA_STAT_FRAMES_CHECKED: verifications
 * @PGSA_STAT_LAST_CYCLE_FRAMES: verifications in the last complete cycle
 * @PGSA_STAT_LAST_CYCLE_NS: duration of the last complete cycle
 * @PGSA_STAT_CPU_NS: CPU time of the searchers
 * @PGSA_STAT_SEALED: frames sealed
 * @PGSA_STAT_ERRORS: confirmed errors
 * @PGSA_STAT_CORRECTED: errors corrected by code
 * @PGSA_STAT_TRANSIENT: pages that were wrong, and right again without a repair
 * @PGSA_STAT_UNRESOLVED: errors that were not corrected
 * @PGSA_STAT_UNCONFIRMED: mismatches that could not be confirmed when they were
 *			   found, and damaged records not put right then
 * @PGSA_STAT_RECORDS_DAMAGED: frame records, and the policy's numbers, that were
 *			       damaged themselves
 * @PGSA_STAT_STALE: checks that a legitimate write or a repair had overtaken
 * @PGSA_STAT_REDUNDANCY_FAILURES: frames not sealed for lack of memory for
 *				   their redundancy
 * @PGSA_STAT_SIGNALS: signals sent to agents
 * @PGSA_STAT_SIGNALS_WITHHELD: not sent, for the agent has no handler
 * @PGSA_STAT_UNTOLD: errors of which not all targets may have been told
 * @PGSA_STAT_WALKS_SKIPPED: processes left out of a cycle, for the lock of their
 *			     address space was never free
 * @PGSA_STAT_WALK_MAX_NS: longest time for which such a lock was held
 * @PGSA_STAT_CHECKS_SKIPPED: checks by tasks that the lock of their address space, or
 *			      memory going offline, cut short
 * @NR_PGSA_STATS: how many
 */
enum pgsa_stat {
	PGSA_STAT_CYCLES,
	PGSA_STAT_FRAMES_CHECKED,
	PGSA_STAT_LAST_CYCLE_FRAMES,
	PGSA_STAT_LAST_CYCLE_NS,
	PGSA_STAT_CPU_NS,
	PGSA_STAT_SEALED,
	PGSA_STAT_ERRORS,
	PGSA_STAT_CORRECTED,
	PGSA_STAT_TRANSIENT,
	PGSA_STAT_UNRESOLVED,
	PGSA_STAT_UNCONFIRMED,
	PGSA_STAT_RECORDS_DAMAGED,
	PGSA_STAT_STALE,
	PGSA_STAT_REDUNDANCY_FAILURES,
	PGSA_STAT_SIGNALS,
	PGSA_STAT_SIGNALS_WITHHELD,
	PGSA_STAT_UNTOLD,
	PGSA_STAT_WALKS_SKIPPED,
	PGSA_STAT_WALK_MAX_NS,
	PGSA_STAT_CHECKS_SKIPPED,
	NR_PGSA_STATS
};

/**
 * struct pgsa_share - what a live policy takes of the machine, or all together
 * @searchers: threads
 * @permille: share of one CPU; a policy without limit counts as 0, for it takes
 *	      only what nobody else wants
 * @pagecache: its set, or that of any, has page cache that no process maps
 * @bytes: memory of the searchers
 */
struct pgsa_share {
	unsigned int searchers;
	unsigned int permille;
	bool pagecache;
	unsigned long bytes;
};

/**
 * struct pgsa_setting - a number that stays, such as one that users set
 * @copies: three times the number; see settings.c
 */
struct pgsa_setting {
	unsigned int copies[3];
};

/**
 * struct pgsa_policy - one configfs directory
 */
struct pgsa_policy {
	/** @group: the directory; its reference count is our lifetime */
	struct config_group group;
	/** @stats_group: its directory stats/ */
	struct config_group stats_group;
	/** @targets_group: its directory targets/ */
	struct config_group targets_group;
	/** @targets: what is in there; read under RCU, changed under @lock */
	struct pgsa_target_set targets;
	/** @live: among those whose targets are told about errors, while live */
	struct list_head live;
	/**
	 * @lock: protects all below but @counts and @values. Inside configfs' own locks;
	 * held while searchers start and stop, so never taken by one.
	 */
	struct mutex lock;
	/** @taken: what it takes while live; protected by limits.c as well */
	struct pgsa_share taken;
	/** @limited: among those that take something; protected by limits.c */
	struct list_head limited;
	/** @strategy: order of the search; fixed while live, as are the codes */
	const struct pgsa_strategy *strategy;
	/** @detect: detecting code */
	const struct pgsa_code *detect;
	/** @correct: correcting code, or NULL */
	const struct pgsa_code *correct;
	/** @scope_pagecache: unmapped page cache is in the set; fixed while live */
	struct pgsa_setting scope_pagecache;
	/** @cpu_permille: share of one CPU, 0 = unlimited; read lockless */
	struct pgsa_setting cpu_permille;
	/** @interval_ms: least time from cycle to cycle; read lockless */
	struct pgsa_setting interval_ms;
	/** @frames_per_switch: for a strategy that checks tasks; read lockless */
	struct pgsa_setting frames_per_switch;
	/** @searchers: number of threads; fixed while live */
	struct pgsa_setting searchers;
	/** @crew: the running searchers, or NULL */
	struct pgsa_crew *crew;
	/** @counts: what pgsa_stat_add() has added, on each CPU; lockless */
	struct pgsa_counts __percpu *counts;
	/** @values: what pgsa_stat_set() has set, by enum pgsa_stat; lockless */
	atomic64_t values[NR_PGSA_STATS];
};

/* settings.c */

/* What most copies say, bit by bit. */
static inline unsigned int pgsa_setting_get(const struct pgsa_setting *setting)
{
	unsigned int a = READ_ONCE(setting->copies[0]);
	unsigned int b = READ_ONCE(setting->copies[1]);
	unsigned int c = READ_ONCE(setting->copies[2]);

	return (a & b) | (a & c) | (b & c);
}

static inline bool pgsa_wants_pagecache(const struct pgsa_policy *policy)
{
	return pgsa_setting_get(&policy->scope_pagecache);
}

void pgsa_setting_set(struct pgsa_setting *setting, unsigned int number);
void pgsa_settings_mend(struct pgsa_policy *policy);

/* stats.c */

/**
 * struct pgsa_counts - what a policy has counted on one CPU
 * @nr: by enum pgsa_stat
 */
struct pgsa_counts {
	u64 nr[NR_PGSA_STATS];
};

/* A value that is no sum: each one takes the place of the one before. */
static inline void pgsa_stat_set(struct pgsa_policy *policy,
				 enum pgsa_stat stat, u64 value)
{
	atomic64_set(&policy->values[stat], value);
}

/* The greatest that there has been; who sets it is alone. */
static inline void pgsa_stat_max(struct pgsa_policy *policy,
				 enum pgsa_stat stat, u64 value)
{
	if (value > (u64)atomic64_read(&policy->values[stat]))
		pgsa_stat_set(policy, stat, value);
}

/* Tasks count at each switch of each CPU, so no CPU writes to another's line. */
static inline void pgsa_stat_add(struct pgsa_policy *policy,
				 enum pgsa_stat stat, u64 nr)
{
	this_cpu_add(policy->counts->nr[stat], nr);
}

int pgsa_stats_init(struct pgsa_policy *policy);
void pgsa_stats_exit(struct pgsa_policy *policy);
u64 pgsa_stat_read(const struct pgsa_policy *policy, enum pgsa_stat stat);

/* policy.c */

int pgsa_policy_init(struct pgsa_policy *policy);
void pgsa_policy_exit(struct pgsa_policy *policy);
int pgsa_policy_set_enable(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_strategy(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_detect(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_correct(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_scope(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_cpu_permille(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_interval_ms(struct pgsa_policy *policy, const char *text);
int pgsa_policy_set_frames_per_switch(struct pgsa_policy *policy,
				      const char *text);
int pgsa_policy_set_searchers(struct pgsa_policy *policy, const char *text);
void pgsa_policy_stop(struct pgsa_policy *policy);

/* "-" for what no policy has found. */
static inline const char *pgsa_policy_name(struct pgsa_policy *policy)
{
	if (!policy)
		return "-";
	return config_item_name(&policy->group.cg_item) ?: "?";
}

/* refuse.c */

int pgsa_refuse(struct pgsa_policy *policy, const char *attr, const char *text,
		int err, const char *valid);
int pgsa_refuse_incomplete(struct pgsa_policy *policy, const char *attr,
			   const char *text, size_t count);
int pgsa_refuse_range(struct pgsa_policy *policy, const char *attr,
		      const char *text, int err, unsigned int min,
		      unsigned int max);

/* limits.c */

#define PGSA_POLICIES_MAX	64U	/* directories */
#define PGSA_SEARCHERS_ALL_MAX	256U	/* of all live policies */

bool pgsa_policies_want_pagecache(void);
int pgsa_limits_enter(struct pgsa_policy *policy);
void pgsa_limits_leave(struct pgsa_policy *policy);
int pgsa_limits_set_permille(struct pgsa_policy *policy, unsigned int permille);
int pgsa_limits_policy(unsigned long nr, const char *name);
int pgsa_limits_target(unsigned long nr, const char *name);

#endif /* _PGSA_POLICY_H */
