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
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "census.h"
#include "coding.h"
#include "frame.h"
#include "page.h"
#include "policy.h"
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

/* crew.c */

/**
 * struct pgsa_tally - what one searcher did in one cycle, or all together
 * @frames: frames visited
 * @checked: frames verified
 * @census: in which state the frames were met
 */
struct pgsa_tally {
	u64 frames;
	u64 checked;
	struct pgsa_census census;
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
	/** @stopping: they are to end, and not to wait for a CPU; lockless */
	bool stopping;
	/** @searches: the searchers, and NULL at the end; fixed */
	struct pgsa_search *searches[];
};

/**
 * struct pgsa_report - a complete cycle
 * @total: what was done in it; the census is that of all cycles since the last round
 * @round: it has ended a round of discovery
 * @ns: how long it took
 * @cpu_ns: CPU time of all searchers
 */
struct pgsa_report {
	struct pgsa_tally total;
	bool round;
	u64 ns;
	u64 cpu_ns;
};

#define PGSA_CREW_WAIT	U64_MAX		/* until woken */

void pgsa_crew_init(struct pgsa_crew *crew, struct pgsa_policy *policy,
		    u64 wall_ns);
u64 pgsa_crew_join(struct pgsa_crew *crew, u64 wall_ns, u64 interval_ns);
int pgsa_crew_take(struct pgsa_crew *crew, unsigned long *pfns,
		   unsigned int nr, enum pgsa_purpose *purpose);
bool pgsa_crew_leave(struct pgsa_crew *crew, u64 wall_ns,
		     const struct pgsa_tally *done, struct pgsa_report *report);
u64 pgsa_crew_pause(struct pgsa_crew *crew, u64 wall_ns, u64 cpu_ns,
		    unsigned int permille);

/* search.c */

#define PGSA_CHUNK_FRAMES	256	/* taken from the strategy at a time */
#define PGSA_CLAIMS_MAX		4096U	/* frames sealed after one TLB flush */
#define PGSA_CLAIMS_MIN		(2U * PGSA_CHUNK_FRAMES)

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
 * @purpose: what they are visited for
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
 * @finding: takes what this visit finds; set anew for each
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
	enum pgsa_purpose purpose;
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
	struct pgsa_finding *finding;
	unsigned long pfns[PGSA_CHUNK_FRAMES];
	struct pgsa_claim *claims;
};

void pgsa_search_tell(struct pgsa_search *search,
		      const struct pgsa_finding *finding);
int kpgsad(void *data);

/* start.c */

unsigned int pgsa_claims_max(void);
unsigned long pgsa_search_bytes(void);
void pgsa_search_set_codes(struct pgsa_search *search);
struct pgsa_search *pgsa_search_alloc(struct pgsa_policy *policy);
void pgsa_search_free(struct pgsa_search *search);
int pgsa_search_start(struct pgsa_policy *policy);
void pgsa_search_stop(struct pgsa_policy *policy);
void pgsa_search_set_share(struct pgsa_crew *crew, unsigned int permille);
void pgsa_search_hurry(struct pgsa_search *search, bool hurry);
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

bool pgsa_seal_prepare(struct pgsa_search *search, unsigned long pfn);
void pgsa_seal_begin(struct pgsa_search *search);
bool pgsa_seal_step(struct pgsa_search *search, u64 until_ns);
void pgsa_seal_wait(struct pgsa_search *search);
void pgsa_seal_abandon(struct pgsa_search *search);

/* pfns.c */

/**
 * struct pgsa_pass - a way through the frames in the order of their numbers
 * @pfn: the next one; the caller goes on to the one after that
 * @free: frames passed over that exist, and are free
 * @checked: @pfn is online, or the next in a granule that is
 */
struct pgsa_pass {
	unsigned long pfn;
	unsigned long free;
	bool checked;
};

bool pgsa_pass_over(struct pgsa_pass *pass);

/* device.c */

bool pgsa_devices_share_mm(void);

/* verify.c */

int pgsa_page_matches(struct page *page);
void pgsa_prefetch(unsigned long pfn);
void pgsa_visit(struct pgsa_search *search, unsigned long pfn);

/* mend.c */

void pgsa_mend(struct pgsa_search *search, struct page *page,
	       struct pgsa_frame *frame, u64 word);
bool pgsa_redundancy_good(const struct pgsa_search *search, unsigned long pfn,
			  struct pgsa_frame *frame, u64 word);
void pgsa_mend_mark(struct pgsa_search *search, struct pgsa_frame *frame,
		    unsigned long pfn, u64 word);
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

void pgsa_debugfs_refuse(const char *file, int err, const char *valid);
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

unsigned long pgsa_targets_of_all(void);
void pgsa_walk_policies(void (*fn)(struct pgsa_policy *policy, void *arg),
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
void pgsa_targets_hurt(struct pgsa_policy *policy,
		       const struct pgsa_finding *finding);

/* configfs_targets.c */

void pgsa_targets_add_group(struct pgsa_policy *policy);

#endif /* _PGSA_PGSA_H */
