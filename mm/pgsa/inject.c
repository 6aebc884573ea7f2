// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection: flips bits as a particle would, through the kernel's own
 * mapping and without a trace in page tables or page flags.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/cleanup.h>
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pgsa.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>
#include <trace/events/pgsa.h>

#include "debug.h"
#include "pgsa.h"
#include "record.h"

/**
 * struct pgsa_hit - an injected flip that has not been found yet
 * @ns: when it was
 * @generation: of the frame; in another one the flip is history
 */
struct pgsa_hit {
	u64 ns;
	unsigned int generation;
};

/* The last hit of each frame, by frame number. */
static DEFINE_XARRAY(pgsa_hits);

/**
 * pgsa_inject_delay_ns - time since a frame was last hit by an injected flip
 * @pfn: number of the frame
 * @word: its word
 *
 * The hit is forgotten.
 *
 * Context: Any context with interrupts on.
 * Return: the time in ns, -1 if the frame was not hit in its generation.
 */
s64 pgsa_inject_delay_ns(unsigned long pfn, u64 word)
{
	struct pgsa_hit *hit = xa_erase(&pgsa_hits, pfn);
	s64 delay_ns = -1;

	if (hit && hit->generation == pgsa_word_generation(word))
		delay_ns = ktime_get_ns() - hit->ns;
	kfree(hit);
	return delay_ns;
}

/* The word of a frame's record; 0, which is nobody's seal, if it has none. */
static u64 pgsa_page_word(struct page *page)
{
	struct pgsa_frame *frame = pgsa_frame_get(page);
	u64 word;

	if (!frame)
		return 0;
	word = pgsa_frame_word(frame);
	pgsa_frame_put(frame);
	return word;
}

/* The caller holds a page table lock, or may. */
static int pgsa_remember(struct page *page, u64 word)
{
	struct pgsa_hit *hit = kzalloc(sizeof(*hit), GFP_ATOMIC);
	void *old;

	if (!hit)
		return -ENOMEM;
	hit->ns = ktime_get_ns();
	hit->generation = pgsa_word_generation(word);
	old = xa_store(&pgsa_hits, page_to_pfn(page), hit, GFP_ATOMIC);
	if (xa_is_err(old)) {
		kfree(hit);
		return -ENOMEM;
	}
	kfree(old);
	return 0;
}

/*
 * Write to the bytes of @mask that are not 0 what they are XOR @flips. What
 * software stores there meanwhile is lost, as it may be for a particle.
 */
static int pgsa_flip(struct page *page, unsigned int offset, u64 mask,
		     u64 flips)
{
	u8 *content = (u8 *)page_address(page) + offset;
	int i;

	for (i = 0; i < sizeof(mask); i++) {
		u8 byte;

		if (!(u8)(mask >> (8 * i)))
			continue;
		if (copy_from_kernel_nofault(&byte, content + i, 1))
			return -EFAULT;
		byte ^= flips >> (8 * i);
		if (copy_to_kernel_nofault(content + i, &byte, 1))
			return -EFAULT;
	}
	return 0;
}

/**
 * struct pgsa_struck - what an injected flip has hit
 * @pfn: number of the frame
 * @state: its state before
 */
struct pgsa_struck {
	unsigned long pfn;
	enum pgsa_frame_state state;
};

/*
 * The frames below the first that an allocator may have are the kernel's program on
 * User Mode Linux. The host has parts of it mapped read-only, or not at all, and
 * there the nofault functions do fault.
 */
static bool pgsa_frame_of_program(struct page *page)
{
	return page_to_pfn(page) < min_low_pfn;
}

static int pgsa_hit(struct page *page, unsigned int offset, u64 mask,
		    struct pgsa_struck *struck)
{
	u64 word = pgsa_page_word(page);
	int ret;

	if (pgsa_frame_of_program(page))
		return -EFAULT;
	/* Can it be done at all? */
	ret = pgsa_flip(page, offset, mask, 0);
	/* All else comes before the flip: a searcher may find it at once. */
	if (!ret)
		ret = pgsa_remember(page, word);
	if (ret)
		return ret;
	struck->pfn = page_to_pfn(page);
	struck->state = pgsa_word_state(word);
	trace_pgsa_inject(page_to_pfn(page), offset, mask);
	return pgsa_flip(page, offset, mask, mask);
}

/* Does the mask stay inside the page, and flip anything at all? */
static bool pgsa_mask_fits(unsigned long offset, u64 mask)
{
	return mask && offset + (fls64(mask) - 1) / 8 < PAGE_SIZE;
}

static int pgsa_hit_mm(struct mm_struct *mm, unsigned long addr, u64 mask,
		       struct pgsa_struck *struck)
{
	struct vm_area_struct *vma;
	struct folio_walk walk;
	int ret = -EFAULT;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && folio_walk_start(&walk, vma, addr, 0)) {
		ret = pgsa_hit(walk.page, offset_in_page(addr), mask, struck);
		folio_walk_end(&walk, vma);
	}
	mmap_read_unlock(mm);
	return ret;
}

static int pgsa_inject_vaddr(const u64 *arg, struct pgsa_struck *struck)
{
	struct task_struct *task;
	struct mm_struct *mm;
	int ret;

	if (arg[0] > PID_MAX_LIMIT ||
	    !pgsa_mask_fits(offset_in_page(arg[1]), arg[2]))
		return -EINVAL;
	task = find_get_task_by_vpid(arg[0]);
	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	put_task_struct(task);
	if (!mm)
		return -ESRCH;
	ret = pgsa_hit_mm(mm, arg[1], arg[2], struck);
	mmput(mm);
	return ret;
}

static int pgsa_inject_pfn(const u64 *arg, struct pgsa_struck *struck)
{
	struct page *page;
	int ret = -ENXIO;

	if (arg[1] >= PAGE_SIZE || !pgsa_mask_fits(arg[1], arg[2]))
		return -EINVAL;
	get_online_mems();
	page = pfn_to_online_page(arg[0]);
	if (page)
		ret = pgsa_hit(page, arg[1], arg[2], struck);
	put_online_mems();
	return ret;
}

/* Whoever waits for an error to be found shall know that there is none. */
static void pgsa_tell_unsealed(const struct pgsa_struck *struck)
{
	if (struck->state != PGSA_FRAME_SEALED &&
	    struck->state != PGSA_FRAME_CHECKING)
		pr_info_ratelimited("inject: pfn=0x%lx is not sealed (%s): the flip becomes content\n",
				    struck->pfn,
				    pgsa_frame_state_name(struck->state));
}

static ssize_t pgsa_inject_write(const char __user *buf, size_t count,
				 const char *file, const char *valid,
				 int (*inject)(const u64 *arg,
					       struct pgsa_struck *struck))
{
	struct pgsa_struck struck;
	u64 arg[3];
	int ret = pgsa_debugfs_args(buf, count, arg, ARRAY_SIZE(arg));

	if (!ret)
		ret = inject(arg, &struck);
	if (!ret)
		pgsa_tell_unsealed(&struck);
	else
		pgsa_debugfs_refuse(file, ret, valid);
	return ret ?: count;
}

static ssize_t pgsa_inject_vaddr_write(struct file *file,
				       const char __user *buf, size_t count,
				       loff_t *pos)
{
	return pgsa_inject_write(buf, count, "inject_vaddr",
				 "pid address xor-mask, which flips something and stays in the page",
				 pgsa_inject_vaddr);
}

static const struct file_operations pgsa_inject_vaddr_fops = {
	.owner = THIS_MODULE,
	.write = pgsa_inject_vaddr_write,
};

static ssize_t pgsa_inject_pfn_write(struct file *file, const char __user *buf,
				     size_t count, loff_t *pos)
{
	return pgsa_inject_write(buf, count, "inject_pfn",
				 "pfn offset xor-mask, which flips something and stays in the page",
				 pgsa_inject_pfn);
}

static const struct file_operations pgsa_inject_pfn_fops = {
	.owner = THIS_MODULE,
	.write = pgsa_inject_pfn_write,
};

static int __init pgsa_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("pgsa", NULL);

	debugfs_create_file("inject_vaddr", 0200, dir, NULL,
			    &pgsa_inject_vaddr_fops);
	debugfs_create_file("inject_pfn", 0200, dir, NULL,
			    &pgsa_inject_pfn_fops);
	pgsa_frame_file_init(dir);
	pgsa_stuck_init(dir);
	pgsa_consistency_init(dir);
	pgsa_bench_init(dir);
	pgsa_drops_init(dir);
	pgsa_objects_init(dir);
	return 0;
}
late_initcall(pgsa_debugfs_init);
