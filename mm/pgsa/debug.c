// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that cost too much for a kernel in use, and the boot parameter and the
 * file that take parts of PGSA out.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kcsan-checks.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rmap.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "debug.h"
#include "entry.h"
#include "oracle.h"
#include "pgsa.h"
#include "record.h"

static const char * const pgsa_part_names[NR_PGSA_PARTS] = {
	[PGSA_HOOK_FREE]		= "free",
	[PGSA_HOOK_PTES_SET]		= "ptes_set",
	[PGSA_HOOK_PTE_CLEAR]		= "pte_clear",
	[PGSA_HOOK_PTE_CLEAR_RANGE]	= "pte_clear_range",
	[PGSA_HOOK_PTE_WRPROTECT]	= "pte_wrprotect",
	[PGSA_HOOK_PTE_ACCESS]		= "pte_access",
	[PGSA_HOOK_PMD_SET]		= "pmd_set",
	[PGSA_HOOK_PMD_CLEAR]		= "pmd_clear",
	[PGSA_HOOK_PMD_WRPROTECT]	= "pmd_wrprotect",
	[PGSA_HOOK_PMD_ACCESS]		= "pmd_access",
	[PGSA_HOOK_PAGE_COPIED]		= "page_copied",
	[PGSA_HOOK_FOLIO_HURT]		= "folio_hurt",
	[PGSA_HOOK_WRITE + PGSA_WRITE_COPY]	= "copy",
	[PGSA_HOOK_WRITE + PGSA_WRITE_ZERO]	= "zero",
	[PGSA_HOOK_WRITE + PGSA_WRITE_MEMCPY]	= "memcpy",
	[PGSA_HOOK_WRITE + PGSA_WRITE_FUSE]	= "fuse",
	[PGSA_HOOK_WRITE + PGSA_WRITE_FORCE]	= "force",
	[PGSA_HOOK_WRITE + PGSA_WRITE_PIN]	= "pin",
	[PGSA_HOOK_WRITE + PGSA_WRITE_DIRTY]	= "dirty",
	[PGSA_RULE_LRU]			= "lru",
	[PGSA_RULE_UPTODATE]		= "uptodate",
	[PGSA_RULE_CACHE]		= "cache",
	[PGSA_RULE_REGULAR]		= "regular",
	[PGSA_RULE_PRIVATE]		= "private",
	[PGSA_RULE_FILESYSTEM]		= "filesystem",
	[PGSA_RULE_CLEAN]		= "clean",
	[PGSA_RULE_WRITEBACK]		= "writeback",
	[PGSA_RULE_WRITE_OPEN]		= "write_open",
	[PGSA_RULE_REFERENCES]		= "references",
	[PGSA_RULE_PINS]		= "pins",
	[PGSA_RULE_LOCK]		= "lock",
	[PGSA_RULE_MARK]		= "mark",
	[PGSA_RULE_GRACE]		= "grace",
	[PGSA_RULE_FLUSH]		= "flush",
	[PGSA_PROOF_MAPPED]		= "proof_mapped",
	[PGSA_PROOF_EXCLUSIVE]		= "proof_exclusive",
	[PGSA_PROOF_WALK]		= "proof_walk",
	[PGSA_PROOF_COUNT]		= "proof_count",
	[PGSA_PROOF_AGAIN]		= "proof_again",
};

/*
 * What cannot come and go while the kernel runs: a hook that counts writers leaves
 * counts behind that are wrong for as long as their frames are mapped, and who
 * holds a folio gives back the lock that it took.
 */
#define PGSA_DROPS_FIXED						\
	(GENMASK_ULL(PGSA_HOOK_PMD_ACCESS, PGSA_HOOK_PTES_SET) |	\
	 BIT_ULL(PGSA_RULE_LOCK))

#define PGSA_DROPS_TEXT_MAX	511

u64 pgsa_drops;

/*
 * Searchers see the same parts for as long as they live: @pgsa_drops_users of them,
 * protected as changes of @pgsa_drops by the mutex.
 */
static DEFINE_MUTEX(pgsa_drops_lock);
static unsigned int pgsa_drops_users;

static void pgsa_drop_warn(const char *name)
{
	pr_warn("without %s, as asked for: reports will be wrong\n", name);
}

static int __init pgsa_drop_setup(char *arg)
{
	char *name;
	int part;

	while ((name = strsep(&arg, ","))) {
		part = match_string(pgsa_part_names, NR_PGSA_PARTS, name);
		if (part < 0) {
			pr_warn("pgsa_drop=%s: there is no such part, ignored\n",
				name);
			continue;
		}
		pgsa_drops |= BIT_ULL(part);
		pgsa_drop_warn(name);
	}
	return 0;
}
early_param("pgsa_drop", pgsa_drop_setup);

/**
 * pgsa_drops_hold - keep the parts that are taken out as they are
 *
 * Context: Process context, may sleep. Until pgsa_drops_release().
 */
void pgsa_drops_hold(void)
{
	guard(mutex)(&pgsa_drops_lock);
	pgsa_drops_users++;
}

/**
 * pgsa_drops_release - end what pgsa_drops_hold() began
 *
 * Context: Process context, may sleep.
 */
void pgsa_drops_release(void)
{
	guard(mutex)(&pgsa_drops_lock);
	pgsa_drops_users--;
}

/*
 * A seal that was made, or kept, without a part of the rules is no seal. Frames are
 * opened after the parts have changed: no searcher is alive, so none is sealed
 * after that, and a later claim passes a grace period.
 */
static void pgsa_drops_change(u64 drops)
{
	unsigned long pfn;
	int part;

	WRITE_ONCE(pgsa_drops, drops);
	for (pfn = 0; pfn < max_pfn; pfn += MAX_ORDER_NR_PAGES) {
		pgsa_frames_write(pfn, min(max_pfn - pfn, MAX_ORDER_NR_PAGES));
		cond_resched();
	}
	pgsa_oracle_reset();
	for (part = 0; part < NR_PGSA_PARTS; part++)
		if (drops & BIT_ULL(part))
			pgsa_drop_warn(pgsa_part_names[part]);
}

/* Returns -ENOENT for a name that is none. */
static int pgsa_drops_parse(char *text, u64 *drops)
{
	char *name;
	int part;

	*drops = 0;
	if (!*text)
		return 0;
	while ((name = strsep(&text, ","))) {
		part = match_string(pgsa_part_names, NR_PGSA_PARTS, name);
		if (part < 0)
			return -ENOENT;
		*drops |= BIT_ULL(part);
	}
	return 0;
}

static int pgsa_drops_set(char *text, size_t count)
{
	u64 drops;
	int ret;

	if (strlen(text) != count)
		return -EINVAL;
	if (count && text[count - 1] == '\n')
		text[count - 1] = '\0';
	ret = pgsa_drops_parse(text, &drops);
	if (ret)
		return ret;

	guard(mutex)(&pgsa_drops_lock);
	if ((drops ^ pgsa_drops) & PGSA_DROPS_FIXED)
		return -EINVAL;
	if (pgsa_drops_users)
		return -EBUSY;
	pgsa_drops_change(drops);
	return 0;
}

static const char *pgsa_drops_why(int err)
{
	switch (err) {
	case -ENOENT:
		return "no such part";
	case -EBUSY:
		return "a policy is enabled";
	case -EPERM:
		return "needs CAP_SYS_ADMIN";
	case -EOPNOTSUPP:
		return "booted without pgsa=on";
	case -EINVAL:
		return "malformed, or parts that can only be dropped at boot";
	default:
		return "out of memory";
	}
}

static int pgsa_drops_write_text(const char __user *buf, size_t count)
{
	char *text;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!pgsa_on())
		return -EOPNOTSUPP;
	if (count > PGSA_DROPS_TEXT_MAX)
		return -EINVAL;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = pgsa_drops_set(text, count);
	kfree(text);
	return ret;
}

static ssize_t pgsa_drops_write(struct file *file, const char __user *buf,
				size_t count, loff_t *pos)
{
	int ret = pgsa_drops_write_text(buf, count);

	if (ret)
		pr_info("drop: refused (%d): %s\n", ret, pgsa_drops_why(ret));
	return ret ?: count;
}

static int pgsa_drops_show(struct seq_file *seq, void *unused)
{
	u64 drops = READ_ONCE(pgsa_drops);
	const char *before = "";
	int part;

	for (part = 0; part < NR_PGSA_PARTS; part++) {
		if (!(drops & BIT_ULL(part)))
			continue;
		seq_printf(seq, "%s%s", before, pgsa_part_names[part]);
		before = ",";
	}
	seq_putc(seq, '\n');
	return 0;
}

static int pgsa_drops_open(struct inode *inode, struct file *file)
{
	return single_open(file, pgsa_drops_show, NULL);
}

static const struct file_operations pgsa_drops_fops = {
	.owner = THIS_MODULE,
	.open = pgsa_drops_open,
	.read = seq_read,
	.write = pgsa_drops_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * pgsa_drops_init - create the file "drop"
 * @dir: directory of PGSA in debugfs
 *
 * Context: Boot.
 */
void __init pgsa_drops_init(struct dentry *dir)
{
	debugfs_create_file("drop", 0600, dir, NULL, &pgsa_drops_fops);
}

static bool pgsa_still_claimed(const struct pgsa_claim *claim)
{
	struct pgsa_frame *frame = pgsa_frame_get(pfn_to_page(claim->pfn));
	bool claimed = frame && pgsa_frame_word(frame) == pgsa_claim_word(claim);

	if (frame)
		pgsa_frame_put(frame);
	return claimed;
}

/* The page table lock is held, so the entry does not change while we look. */
static bool pgsa_walk_found_writer(const struct page_vma_mapped_walk *walk,
				   unsigned long pfn)
{
	pte_t pte;

	if (!walk->pte)
		return walk->pmd && pgsa_pmd_writes(*walk->pmd);
	pte = ptep_get(walk->pte);
	return pgsa_pte_writes(pte) && pte_pfn(pte) == pfn;
}

static bool pgsa_vma_unwritable(struct folio *folio, struct vm_area_struct *vma,
				unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(walk, folio, vma, addr, 0);
	const struct pgsa_claim *claim = arg;

	while (page_vma_mapped_walk(&walk))
		WARN_ONCE(pgsa_walk_found_writer(&walk, claim->pfn) &&
			  pgsa_still_claimed(claim),
			  "pgsa: pfn 0x%lx can be written at 0x%lx\n",
			  claim->pfn, walk.address);
	return true;
}

/**
 * pgsa_debug_unwritable - warn if an entry can write a frame without a writer
 * @folio: the folio, locked
 * @claim: the frame in it, which is being sealed
 *
 * An entry is counted before it is stored, so one that is found while the claim
 * still holds was never counted.
 *
 * Context: Between pgsa_preempt_disable() and pgsa_preempt_enable(); may sleep
 *	    all the same. Passes over what is locked by others.
 */
void pgsa_debug_unwritable(struct folio *folio, const struct pgsa_claim *claim)
{
	struct rmap_walk_control walk = {
		.arg = (void *)claim,
		.rmap_one = pgsa_vma_unwritable,
		.try_lock = true,
	};

	if (pgsa_dropped(PGSA_RULE_LOCK))
		return;
	pgsa_preempt_enable();
	/* Every such walk looks at areas that others may be changing. */
	kcsan_disable_current();
	rmap_walk(folio, &walk);
	kcsan_enable_current();
	pgsa_preempt_disable();
}
