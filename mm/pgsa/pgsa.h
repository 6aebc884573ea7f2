/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of mm/pgsa/ share.
 */
#ifndef _PGSA_PGSA_H
#define _PGSA_PGSA_H

#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/hash.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "coding.h"
#include "frame.h"
#include "page.h"
#include "report.h"
#include "strategies/strategy.h"
#include "target_set.h"
#include "walk.h"

struct dentry;
struct folio;
struct mm_struct;
struct page;
struct super_block;
struct task_struct;

/* governor.c */

/**
 * struct pgsa_governor - keeps a thread to its share of one CPU
 * @wall_ns: time at the last look
 * @cpu_ns: CPU time of the thread at the last look
 * @debt_ns: CPU time used beyond the share (negative: not yet used), ns
 */
struct pgsa_governor {
	u64 wall_ns;
	u64 cpu_ns;
	s64 debt_ns;
};

void pgsa_governor_start(struct pgsa_governor *governor, u64 wall_ns,
			 u64 cpu_ns);
u64 pgsa_governor_pause(struct pgsa_governor *governor, u64 wall_ns,
			u64 cpu_ns, unsigned int permille);

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
 *			   found
 * @PGSA_STAT_RECORDS_DAMAGED: frame records that were damaged themselves
 * @PGSA_STAT_STALE: checks that a legitimate write had overtaken
 * @PGSA_STAT_REDUNDANCY_FAILURES: frames not sealed for lack of memory for
 *				   their redundancy
 * @PGSA_STAT_SIGNALS: signals sent to agents
 * @PGSA_STAT_SIGNALS_WITHHELD: not sent, for the agent has no handler
 * @PGSA_STAT_UNTOLD: errors of which not all targets may have been told
 * @PGSA_STAT_WALKS_SKIPPED: processes left out of a cycle, for the lock of their
 *			     address space was never free
 * @PGSA_STAT_WALK_MAX_NS: longest time for which such a lock was held
 * @PGSA_STAT_CHECKS_SKIPPED: checks by tasks that the lock of their address space cut
 *		       short
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

struct pgsa_crew;

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
	/** @strategy: order of the search; fixed while live, as are the codes */
	const struct pgsa_strategy *strategy;
	/** @detect: detecting code */
	const struct pgsa_code *detect;
	/** @correct: correcting code, or NULL */
	const struct pgsa_code *correct;
	/** @scope_pagecache: unmapped page cache is in the set; fixed while live */
	bool scope_pagecache;
	/** @cpu_permille: share of one CPU, 0 = unlimited; read lockless */
	unsigned int cpu_permille;
	/** @interval_ms: least time from cycle to cycle; read lockless */
	unsigned int interval_ms;
	/** @frames_per_switch: for a strategy that checks tasks; read lockless */
	unsigned int frames_per_switch;
	/** @searchers: number of threads; fixed while live */
	unsigned int searchers;
	/** @crew: the running searchers, or NULL */
	struct pgsa_crew *crew;
	/** @counts: what pgsa_stat_add() has added, on each CPU; lockless */
	struct pgsa_counts __percpu *counts;
	/** @values: what pgsa_stat_set() has set, by enum pgsa_stat; lockless */
	atomic64_t values[NR_PGSA_STATS];
};

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
bool pgsa_policies_want_pagecache(void);

static inline const char *pgsa_policy_name(struct pgsa_policy *policy)
{
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

/* crew.c */

/**
 * struct pgsa_tally - what one searcher did in one cycle, or all together
 * @frames: frames visited
 * @checked: frames verified
 */
struct pgsa_tally {
	u64 frames;
	u64 checked;
};

/**
 * struct pgsa_crew - what the searchers of a live policy share
 */
struct pgsa_crew {
	/** @cursor_lock: held while the strategy chooses frames */
	struct mutex cursor_lock;
	/** @strategy: that of the policy */
	const struct pgsa_strategy *strategy;
	/** @cursor: how far it has come */
	struct pgsa_cursor cursor;
	/** @lock: protects what follows; inside @cursor_lock */
	spinlock_t lock;
	/** @governor: pacing of all together */
	struct pgsa_governor governor;
	/** @cpu_ns: CPU time of all together */
	u64 cpu_ns;
	/**
	 * @busy: three times the number of searchers that take part in the
	 * cycle, so that a flipped bit is seen: see pgsa_crew_busy()
	 */
	unsigned int busy;
	/** @over: the strategy has no more frames in this cycle */
	bool over;
	/** @cycle_ns: when the cycle began */
	u64 cycle_ns;
	/** @cycle_cpu_ns: @cpu_ns at that moment */
	u64 cycle_cpu_ns;
	/** @cycle: what those did who have left the cycle */
	struct pgsa_tally cycle;
	/** @drain_ns: when the per-CPU LRU caches were last emptied */
	u64 drain_ns;
	/** @searches: the searchers, and NULL at the end; fixed */
	struct pgsa_search *searches[];
};

/**
 * struct pgsa_report - a complete cycle
 * @total: what was done in it
 * @ns: how long it took
 * @cpu_ns: CPU time of all searchers
 */
struct pgsa_report {
	struct pgsa_tally total;
	u64 ns;
	u64 cpu_ns;
};

#define PGSA_CREW_WAIT	U64_MAX		/* until woken */

void pgsa_crew_init(struct pgsa_crew *crew, struct pgsa_policy *policy,
		    u64 wall_ns);
u64 pgsa_crew_join(struct pgsa_crew *crew, u64 wall_ns, u64 interval_ns);
int pgsa_crew_take(struct pgsa_crew *crew, unsigned long *pfns,
		   unsigned int nr);
bool pgsa_crew_leave(struct pgsa_crew *crew, u64 wall_ns,
		     const struct pgsa_tally *done, struct pgsa_report *report);
u64 pgsa_crew_pause(struct pgsa_crew *crew, u64 wall_ns, u64 cpu_ns,
		    unsigned int permille);

/* search.c */

#define PGSA_CHUNK_FRAMES	256	/* taken from the strategy at a time */
#define PGSA_CLAIMS_MAX		4096	/* frames sealed after one TLB flush */

/**
 * struct pgsa_claim - a frame waiting to be sealed
 * @pfn: its number
 * @mixed: its word when it was claimed, mixed with @pfn: see pgsa_claim_word()
 */
struct pgsa_claim {
	unsigned long pfn;
	u64 mixed;
};

/*
 * A claim that a flipped bit has made that of another frame must not be sealed,
 * for that frame may not have waited. So the wrong number gives a wrong word.
 */
static inline u64 pgsa_claim_mix(unsigned long pfn, u64 word)
{
	return word ^ pfn * GOLDEN_RATIO_64;
}

static inline u64 pgsa_claim_word(const struct pgsa_claim *claim)
{
	return pgsa_claim_mix(claim->pfn, claim->mixed);
}

/**
 * struct pgsa_search - one searcher: a thread and what it works with
 * @policy: the policy; its strategy and codes do not change while we live
 * @crew: all searchers of the policy
 * @thread: kpgsad/<policy>; NULL for one that works in other's threads
 * @detect_id: id of the detecting code
 * @correct_id: id of the correcting code, 0 for none
 * @cpu_ns: CPU time of the thread at the last look
 * @turn: cycles it has taken part in
 * @done: this cycle's work
 * @nr_pfns: number of @pfns
 * @next_pfn: index of the next one to be visited
 * @nr_claims: number of @claims
 * @first_claim_ns: age of the oldest of them
 * @nr_waiting: that many of them, the first, wait for a grace period
 * @grace: the grace period
 * @proof: of the two before, see pgsa_seal_proof()
 * @flushed: ~@grace when it is over, and no TLB entry is older
 * @next_claim: index of the next of those that wait
 * @damaged: buffer for a damaged page as it was found
 * @repaired: buffer for the same page, corrected
 * @now: buffer for the same page, as it is at the last look
 * @finding: what the last visit has found, and nobody has been told yet
 * @pfns: frames taken from the strategy
 * @claims: frames to be sealed
 */
struct pgsa_search {
	struct pgsa_policy *policy;
	struct pgsa_crew *crew;
	struct task_struct *thread;
	unsigned int detect_id;
	unsigned int correct_id;
	u64 cpu_ns;
	unsigned int turn;
	struct pgsa_tally done;
	unsigned int nr_pfns;
	unsigned int next_pfn;
	unsigned int nr_claims;
	u64 first_claim_ns;
	unsigned int nr_waiting;
	unsigned long grace;
	u64 proof;
	unsigned long flushed;
	unsigned int next_claim;
	void *damaged;
	void *repaired;
	void *now;
	struct pgsa_finding finding;
	unsigned long pfns[PGSA_CHUNK_FRAMES];
	struct pgsa_claim claims[PGSA_CLAIMS_MAX];
};

int kpgsad(void *data);

/* start.c */

struct pgsa_search *pgsa_search_alloc(struct pgsa_policy *policy);
void pgsa_search_free(struct pgsa_search *search);
int pgsa_search_start(struct pgsa_policy *policy);
void pgsa_search_stop(struct pgsa_policy *policy);
void pgsa_search_set_share(struct pgsa_crew *crew, unsigned int permille);
void pgsa_search_wake(struct pgsa_crew *crew);

/* seal.c */

/*
 * Others wait for a folio that the searcher has locked, for a reference that it
 * holds, for an RCU read-side section of it. They must not wait until a thread
 * of the lowest priority gets a CPU again. On PREEMPT_RT they do, for there the
 * last reference to a folio cannot be given back without sleeping.
 */
static inline void pgsa_preempt_disable(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
}

static inline void pgsa_preempt_enable(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

bool pgsa_seal_prepare(struct pgsa_search *search, unsigned long pfn,
		       gfp_t gfp);
void pgsa_seal_claim(struct pgsa_search *search, unsigned long pfn, u64 word);
void pgsa_seal_begin(struct pgsa_search *search);
bool pgsa_seal_step(struct pgsa_search *search, u64 until_ns);
void pgsa_seal_wait(struct pgsa_search *search);
void pgsa_seal_abandon(struct pgsa_search *search);

/* verify.c */

int pgsa_page_matches(struct page *page);
void pgsa_prefetch(unsigned long pfn);
void pgsa_visit(struct pgsa_search *search, unsigned long pfn);

/* mend.c */

void pgsa_mend(struct pgsa_search *search, struct page *page,
	       struct pgsa_frame *frame, u64 word);
bool pgsa_redundancy_good(const struct pgsa_search *search, unsigned long pfn,
			  struct pgsa_frame *frame, u64 word);
bool pgsa_word_damaged(u64 word);
void pgsa_mend_word(struct pgsa_search *search, struct page *page,
		    struct pgsa_frame *frame, u64 word);
bool pgsa_claim_lost(const struct pgsa_frame *frame);
void pgsa_mend_claim(struct pgsa_search *search, struct page *page,
		     struct pgsa_frame *frame, u64 word);

/* round.c */

#define PGSA_ROUND_BATCH	16U	/* frames held at a time */

/**
 * struct pgsa_round - a check on the way back to user mode
 * @start: where it began
 * @address: where it goes on
 * @left: frames it may still verify
 * @short_steps: steps that were not full
 * @wrapped: it has come to the end, and went on at the beginning
 */
struct pgsa_round {
	unsigned long start;
	unsigned long address;
	unsigned int left;
	unsigned int short_steps;
	bool wrapped;
};

void pgsa_round_begin(struct pgsa_round *round, unsigned long address,
		      unsigned int frames);
unsigned int pgsa_round_batch(const struct pgsa_round *round);
bool pgsa_round_goes_on(struct pgsa_round *round, int more, unsigned int nr);

/* inject.c */

#ifdef CONFIG_PGSA_INJECT
s64 pgsa_inject_delay_ns(unsigned long pfn, u64 word);
void pgsa_inject_stuck(struct page *page);
void pgsa_stuck_init(struct dentry *dir);
void pgsa_consistency_init(struct dentry *dir);
void pgsa_bench_init(struct dentry *dir);

/* inspect.c */

int pgsa_debugfs_args(const char __user *buf, size_t count, u64 *arg, int nr);
void pgsa_frame_file_init(struct dentry *dir);
#else
static inline void pgsa_inject_stuck(struct page *page) {}

static inline s64 pgsa_inject_delay_ns(unsigned long pfn, u64 word)
{
	return -1;
}
#endif

/* configfs.c */

void pgsa_for_each_policy(void (*fn)(struct pgsa_policy *policy, void *arg),
			  void *arg);

/* objects.c */

#ifdef CONFIG_PGSA_DEBUG
void pgsa_objects_init(struct dentry *dir);
#else
static inline void pgsa_objects_init(struct dentry *dir) {}
#endif

/* hurt.c */

void pgsa_hurt_start(struct pgsa_policy *policy);
void pgsa_hurt_stop(struct pgsa_policy *policy);
void pgsa_targets_hurt(struct pgsa_policy *policy, unsigned long pfn);

/* configfs_targets.c */

void pgsa_targets_add_group(struct pgsa_policy *policy);

#endif /* _PGSA_PGSA_H */
