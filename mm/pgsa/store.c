// SPDX-License-Identifier: GPL-2.0
/*
 * Redundancy that does not fit into a frame record: where it is kept.
 *
 * Each code has an index by frame number. An entry belongs to whoever has the
 * frame in SEALING, and describes the frame from SEALED to BAD. No event knows
 * of it: when the frame has been opened or freed it is of no use, and one of the
 * searchers takes it away: now and then one of them goes through the next few
 * entries, however many policies there are. Entries are freed after a grace
 * period, so that one who holds rcu_read_lock() may go on to use what it found;
 * the CRC-16 in the frame record tells whether it was still the right one.
 */
#include <linux/cleanup.h>
#include <linux/crc16.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <kunit/visibility.h>

#include "pgsa.h"
#include "record.h"

/*
 * What breaks in a memory device often takes along what lies close by, so the
 * redundancy of a frame is kept at some distance. That is no promise: which
 * addresses share a row is up to the memory controller, which interleaves
 * channels and banks, and is not known here.
 */
#define PGSA_DISTANCE_BYTES	8192

/* So many entries are looked at in a step, and so long nobody does the next. */
#define PGSA_TRIM_ENTRIES	512
#define PGSA_TRIM_JIFFIES	(HZ / 20)

/**
 * struct pgsa_store - the redundancy of all frames that one code has sealed
 * @index: the entries by frame number
 * @cache: where they come from; made for the first policy, and kept
 * @users: live policies with that code
 * @nr: number of entries
 * @trim_lock: held by who trims; protects what follows
 * @trim_pfn: the frame number to go on with
 * @trim_next: not before that time, in jiffies; read lockless
 * @drop_work: takes all away after the last user
 */
struct pgsa_store {
	struct xarray index;
	struct kmem_cache *cache;
	unsigned int users;
	atomic_long_t nr;
	struct mutex trim_lock;	/* for the next two */
	unsigned long trim_pfn;
	unsigned long trim_next;
	struct work_struct drop_work;
};

static struct pgsa_store pgsa_stores[PGSA_REGISTRY_MAX];	/* by id - 1 */
static DEFINE_MUTEX(pgsa_stores_lock);	/* for cache and users */

static struct pgsa_store *pgsa_store(const struct pgsa_code *code)
{
	return &pgsa_stores[pgsa_code_id(code) - 1];
}

/**
 * pgsa_code_stored - is the redundancy of a code too large for a frame record?
 * @code: the code, or NULL
 *
 * Context: Any context.
 * Return: true if it is kept here.
 */
bool pgsa_code_stored(const struct pgsa_code *code)
{
	return code && code->correct && code->check_bytes > PGSA_CORRECT_BYTES;
}

static bool pgsa_close_by(const void *entry, unsigned long pfn)
{
	return __pa(entry) / PGSA_DISTANCE_BYTES ==
	       PFN_PHYS(pfn) / PGSA_DISTANCE_BYTES;
}

/*
 * Close to a frame is one other frame. If that one belongs to our cache it is not
 * one of kmalloc()'s, for our cache is never merged with others.
 */
static u8 *pgsa_store_alloc(struct pgsa_store *store,
			    const struct pgsa_code *code, unsigned long pfn,
			    gfp_t gfp)
{
	u8 *entry = kmem_cache_alloc(store->cache, gfp);

	if (!entry || !pgsa_close_by(entry, pfn))
		return entry;
	kfree(entry);
	return kmalloc(code->check_bytes, gfp);
}

/**
 * pgsa_store_prepare - make sure that the redundancy of a frame has a place
 * @code: the code
 * @pfn: number of the frame
 * @gfp: how to allocate it
 *
 * Only a frame that the caller has in SEALING keeps its place for certain.
 *
 * Context: Process context, may sleep if @gfp says so.
 * Return: true if there is one; false if there is no memory.
 */
bool pgsa_store_prepare(const struct pgsa_code *code, unsigned long pfn,
			gfp_t gfp)
{
	struct pgsa_store *store = pgsa_store(code);
	u8 *entry;
	int ret;

	if (xa_load(&store->index, pfn))
		return true;
	entry = pgsa_store_alloc(store, code, pfn, gfp);
	if (!entry)
		return false;
	ret = xa_insert(&store->index, pfn, entry, gfp);
	if (!ret)
		atomic_long_inc(&store->nr);
	else
		kfree(entry);
	/* Another searcher may have been faster, after the frame was opened. */
	return !ret || ret == -EBUSY;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_prepare);

/**
 * pgsa_store_find - the redundancy of a frame
 * @code: the code
 * @pfn: number of the frame
 *
 * Context: Within rcu_read_lock(), for as long as the result is used.
 * Return: its bytes, or NULL if there are none.
 */
u8 *pgsa_store_find(const struct pgsa_code *code, unsigned long pfn)
{
	return xa_load(&pgsa_store(code)->index, pfn);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_find);

/**
 * pgsa_store_keep - pgsa_store_find() for a frame that has just come to want it
 * @code: the code
 * @pfn: number of the frame
 *
 * Whoever takes unwanted entries away looks at the frame with the index locked.
 * So either he did before the frame's word named the code, and there is no entry
 * any more, or he sees that it does.
 *
 * Context: As pgsa_store_find().
 * Return: as pgsa_store_find(); the entry stays for as long as it is wanted.
 */
u8 *pgsa_store_keep(const struct pgsa_code *code, unsigned long pfn)
{
	struct pgsa_store *store = pgsa_store(code);
	u8 *entry;

	xa_lock(&store->index);
	entry = xa_load(&store->index, pfn);
	xa_unlock(&store->index);
	return entry;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_keep);

/**
 * pgsa_store_check - check value over the redundancy of a frame
 * @code: the code
 * @stored: the redundancy
 * @check: takes PGSA_CORRECT_BYTES bytes, for the frame record
 *
 * Context: Any context.
 */
void pgsa_store_check(const struct pgsa_code *code, const u8 *stored, u8 *check)
{
	put_unaligned_le16(crc16(0xffff, stored, code->check_bytes), check);
}

static bool pgsa_store_wanted(unsigned int id, unsigned long pfn)
{
	struct pgsa_frame *frame;
	u64 word;

	guard(rcu)();
	frame = pgsa_frame_at(pfn);
	if (!frame)
		return false;
	word = pgsa_frame_word(frame);
	return pgsa_word_state(word) > PGSA_FRAME_OPEN &&
	       FIELD_GET(PGSA_WORD_CORRECT, word) == id;
}

/*
 * Nobody who claims the frame from now on can miss that the entry has gone: the
 * grace period before sealing waits for the spinlock to be released.
 */
static u8 *pgsa_store_take(struct pgsa_store *store, unsigned int id,
			   unsigned long pfn)
{
	u8 *entry = NULL;

	xa_lock(&store->index);
	if (!pgsa_store_wanted(id, pfn))
		entry = __xa_erase(&store->index, pfn);
	xa_unlock(&store->index);
	return entry;
}

static void pgsa_store_drop(struct pgsa_store *store, unsigned int id,
			    unsigned long pfn)
{
	u8 *entry = pgsa_store_take(store, id, pfn);

	if (!entry)
		return;
	atomic_long_dec(&store->nr);
	kvfree_rcu_mightsleep(entry);
}

/* The next few entries; at the end it begins at the beginning. */
static void pgsa_store_trim_step(struct pgsa_store *store, unsigned int id)
{
	unsigned int left = PGSA_TRIM_ENTRIES;
	unsigned long pfn;
	u8 *entry;

	lockdep_assert_held(&store->trim_lock);
	xa_for_each_start(&store->index, pfn, entry, store->trim_pfn) {
		if (!left--)
			break;
		if (!pgsa_store_wanted(id, pfn))
			pgsa_store_drop(store, id, pfn);
		cond_resched();
	}
	store->trim_pfn = entry ? pfn : 0;
}

/**
 * pgsa_store_trim - take entries away whose frames are no longer sealed
 * @code: the code, with a user
 *
 * A bounded number of them, and nothing if somebody did so just now: whoever has
 * a moment may call.
 *
 * Context: Process context, may sleep.
 */
void pgsa_store_trim(const struct pgsa_code *code)
{
	struct pgsa_store *store = pgsa_store(code);

	/* A time further away is a damaged number. */
	if (READ_ONCE(store->trim_next) - jiffies - 1 < PGSA_TRIM_JIFFIES ||
	    !mutex_trylock(&store->trim_lock))
		return;
	pgsa_store_trim_step(store, pgsa_code_id(code));
	WRITE_ONCE(store->trim_next, jiffies + PGSA_TRIM_JIFFIES);
	mutex_unlock(&store->trim_lock);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_trim);

/*
 * Nobody would trim any more, so the frames are no longer sealed. That takes as
 * long as there are entries: not in the system call that stops the last policy.
 * A policy that goes live meanwhile has use for those that are left.
 */
static void pgsa_store_drop_all(struct work_struct *work)
{
	struct pgsa_store *store = container_of(work, struct pgsa_store,
						drop_work);
	unsigned int id = store - pgsa_stores + 1;
	unsigned long pfn;
	u8 *entry;

	xa_for_each(&store->index, pfn, entry) {
		if (READ_ONCE(store->users))
			break;
		if (pgsa_store_wanted(id, pfn))
			pgsa_frames_write(pfn, 1);
		pgsa_store_drop(store, id, pfn);
		cond_resched();
	}
}

static int pgsa_store_create(struct pgsa_store *store,
			     const struct pgsa_code *code)
{
	if (store->cache)
		return 0;
	store->cache = kmem_cache_create(code->name, code->check_bytes,
					 __alignof__(u64), SLAB_NO_MERGE, NULL);
	if (!store->cache)
		return -ENOMEM;
	xa_init(&store->index);
	mutex_init(&store->trim_lock);
	store->trim_next = jiffies;
	INIT_WORK(&store->drop_work, pgsa_store_drop_all);
	return 0;
}

/**
 * pgsa_store_open - a policy with a code goes live
 * @code: the code
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pgsa_store_open(const struct pgsa_code *code)
{
	struct pgsa_store *store = pgsa_store(code);
	int ret;

	guard(mutex)(&pgsa_stores_lock);
	ret = pgsa_store_create(store, code);
	if (!ret)
		WRITE_ONCE(store->users, store->users + 1);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_open);

/**
 * pgsa_store_close - a policy with a code has stopped
 * @code: the code
 *
 * After the last one all entries go, in the background.
 *
 * Context: Process context, may sleep.
 */
void pgsa_store_close(const struct pgsa_code *code)
{
	struct pgsa_store *store = pgsa_store(code);

	guard(mutex)(&pgsa_stores_lock);
	WRITE_ONCE(store->users, store->users - 1);
	if (!store->users)
		queue_work(system_unbound_wq, &store->drop_work);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_close);

/**
 * pgsa_store_bytes - memory taken by all entries
 *
 * Context: Any context.
 * Return: number of bytes, without what the index and the allocator need.
 */
unsigned long pgsa_store_bytes(void)
{
	const struct pgsa_code *code = NULL;
	unsigned long bytes = 0;

	while ((code = pgsa_code_next(code)))
		bytes += atomic_long_read(&pgsa_store(code)->nr) *
			 code->check_bytes;
	return bytes;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_store_bytes);
