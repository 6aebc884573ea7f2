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

#define PGSA_TEXT_MAX	127

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

/* The caller holds a page table lock, or may. */
static int pgsa_remember(struct page *page)
{
	struct pgsa_hit *hit = kzalloc(sizeof(*hit), GFP_ATOMIC);
	struct pgsa_frame *frame = pgsa_frame_get(page);
	void *old;

	if (frame && hit) {
		hit->ns = ktime_get_ns();
		hit->generation = pgsa_word_generation(pgsa_frame_word(frame));
	}
	if (frame)
		pgsa_frame_put(frame);
	if (!hit)
		return -ENOMEM;
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

static int pgsa_hit(struct page *page, unsigned int offset, u64 mask)
{
	/* Can it be done at all? */
	int ret = pgsa_flip(page, offset, mask, 0);

	/* All else comes before the flip: a searcher may find it at once. */
	if (!ret)
		ret = pgsa_remember(page);
	if (ret)
		return ret;
	trace_pgsa_inject(page_to_pfn(page), offset, mask);
	return pgsa_flip(page, offset, mask, mask);
}

/* Does the mask stay inside the page, and flip anything at all? */
static bool pgsa_mask_fits(unsigned long offset, u64 mask)
{
	return mask && offset + (fls64(mask) - 1) / 8 < PAGE_SIZE;
}

static int pgsa_hit_mm(struct mm_struct *mm, unsigned long addr, u64 mask)
{
	struct vm_area_struct *vma;
	struct folio_walk walk;
	int ret = -EFAULT;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && folio_walk_start(&walk, vma, addr, 0)) {
		ret = pgsa_hit(walk.page, offset_in_page(addr), mask);
		folio_walk_end(&walk, vma);
	}
	mmap_read_unlock(mm);
	return ret;
}

static int pgsa_inject_vaddr(const u64 *arg)
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
	ret = pgsa_hit_mm(mm, arg[1], arg[2]);
	mmput(mm);
	return ret;
}

static int pgsa_inject_pfn(const u64 *arg)
{
	struct page *page;
	int ret = -ENXIO;

	if (arg[1] >= PAGE_SIZE || !pgsa_mask_fits(arg[1], arg[2]))
		return -EINVAL;
	get_online_mems();
	page = pfn_to_online_page(arg[0]);
	if (page)
		ret = pgsa_hit(page, arg[1], arg[2]);
	put_online_mems();
	return ret;
}

/* Parse exactly @nr numbers, decimal or 0x-hexadecimal. */
static int pgsa_parse(char *text, u64 *arg, int nr)
{
	char *word;
	int i = 0;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		if (i == nr || kstrtou64(word, 0, &arg[i]))
			return -EINVAL;
		i++;
	}
	return i == nr ? 0 : -EINVAL;
}

static int pgsa_read_args(const char __user *buf, size_t count, u64 *arg,
			  int nr)
{
	char *text;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!pgsa_on())
		return -EOPNOTSUPP;
	if (count > PGSA_TEXT_MAX)
		return -EINVAL;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = pgsa_parse(text, arg, nr);
	kfree(text);
	return ret;
}

static ssize_t pgsa_inject_write(const char __user *buf, size_t count,
				 const char *usage,
				 int (*inject)(const u64 *arg))
{
	u64 arg[3];
	int ret = pgsa_read_args(buf, count, arg, ARRAY_SIZE(arg));

	if (!ret)
		ret = inject(arg);
	if (ret)
		pr_info("inject: refused (%d), expected \"%s\"\n", ret, usage);
	return ret ?: count;
}

static ssize_t pgsa_inject_vaddr_write(struct file *file,
				       const char __user *buf, size_t count,
				       loff_t *pos)
{
	return pgsa_inject_write(buf, count,
				 "pid address xor-mask", pgsa_inject_vaddr);
}

static const struct file_operations pgsa_inject_vaddr_fops = {
	.owner = THIS_MODULE,
	.write = pgsa_inject_vaddr_write,
};

static ssize_t pgsa_inject_pfn_write(struct file *file, const char __user *buf,
				     size_t count, loff_t *pos)
{
	return pgsa_inject_write(buf, count,
				 "pfn offset xor-mask", pgsa_inject_pfn);
}

static const struct file_operations pgsa_inject_pfn_fops = {
	.owner = THIS_MODULE,
	.write = pgsa_inject_pfn_write,
};

/* The frame number written last: by this open file, else by anyone. */
#define PGSA_NO_PFN	ULONG_MAX
static unsigned long pgsa_frame_pfn = PGSA_NO_PFN;

struct pgsa_frame_file {
	unsigned long pfn;
};

static int pgsa_frame_open(struct inode *inode, struct file *file)
{
	struct pgsa_frame_file *own = kmalloc(sizeof(*own), GFP_KERNEL);

	if (!own)
		return -ENOMEM;
	own->pfn = PGSA_NO_PFN;
	file->private_data = own;
	return 0;
}

static int pgsa_frame_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t pgsa_frame_file_write(struct file *file, const char __user *buf,
				     size_t count, loff_t *pos)
{
	struct pgsa_frame_file *own = file->private_data;
	u64 pfn;
	int ret = pgsa_read_args(buf, count, &pfn, 1);

	if (ret)
		return ret;
	if (!pfn_to_online_page(pfn))
		return -ENXIO;
	own->pfn = pfn;
	WRITE_ONCE(pgsa_frame_pfn, pfn);
	return count;
}

/* Where the redundancy is that does not fit into the record. */
static int pgsa_format_stored(char *text, size_t size,
			      const struct pgsa_code *code, unsigned long pfn)
{
	phys_addr_t phys;
	const u8 *stored;

	if (!pgsa_code_stored(code))
		return 0;
	guard(rcu)();
	stored = pgsa_store_find(code, pfn);
	if (!stored)
		return 0;
	phys = __pa(stored);
	return scnprintf(text, size, " stored=0x%lx stored_offset=%lu",
			 PHYS_PFN(phys), offset_in_page(stored));
}

static int pgsa_format_codes(char *text, size_t size, unsigned long pfn,
			     u64 word, u32 crc)
{
	unsigned int correct = FIELD_GET(PGSA_WORD_CORRECT, word);
	int len;

	if (pgsa_word_state(word) < PGSA_FRAME_SEALED)
		return 0;
	len = scnprintf(text, size, " detect=%s correct=%s crc=0x%08x",
			pgsa_code_name(FIELD_GET(PGSA_WORD_DETECT, word)),
			pgsa_code_name(correct), crc);
	return len + pgsa_format_stored(text + len, size - len,
					pgsa_code_by_id(correct), pfn);
}

static int pgsa_format_frame(char *text, size_t size, struct page *page)
{
	struct pgsa_frame *frame = pgsa_frame_get(page);
	bool unmapped = pgsa_policies_want_pagecache();
	union pgsa_check check;
	u64 word;
	u32 crc;
	int len;

	if (!frame)
		return -ENXIO;
	word = pgsa_frame_word(frame);
	check.raw = READ_ONCE(frame->check);
	pgsa_frame_put(frame);

	len = scnprintf(text, size, "pfn=0x%lx state=%s writers=%u generation=%u",
			page_to_pfn(page),
			pgsa_frame_state_name(pgsa_word_state(word)),
			pgsa_word_writers(word), pgsa_word_generation(word));
	memcpy(&crc, check.detect, sizeof(crc));
	len += pgsa_format_codes(text + len, size - len, page_to_pfn(page),
				 word, crc);
	len += scnprintf(text + len, size - len, " hurt=%d admit=%s\n",
			 !!(word & PGSA_WORD_HURT),
			 pgsa_refusal_name(pgsa_page_refusal(page, unmapped)));
	return len;
}

static ssize_t pgsa_frame_file_read(struct file *file, char __user *buf,
				    size_t count, loff_t *pos)
{
	struct pgsa_frame_file *own = file->private_data;
	unsigned long pfn = own->pfn;
	struct page *page;
	char text[256];
	int len = -ENXIO;

	if (pfn == PGSA_NO_PFN)
		pfn = READ_ONCE(pgsa_frame_pfn);
	get_online_mems();
	page = pfn == PGSA_NO_PFN ? NULL : pfn_to_online_page(pfn);
	if (page)
		len = pgsa_format_frame(text, sizeof(text), page);
	put_online_mems();
	if (len < 0)
		return len;
	return simple_read_from_buffer(buf, count, pos, text, len);
}

/* A write says which record the next read begins with. */
static ssize_t pgsa_frame_select(struct file *file, const char __user *buf,
				 size_t count, loff_t *pos)
{
	ssize_t ret = pgsa_frame_file_write(file, buf, count, pos);

	*pos = 0;
	return ret;
}

static const struct file_operations pgsa_frame_fops = {
	.owner = THIS_MODULE,
	.open = pgsa_frame_open,
	.release = pgsa_frame_release,
	.read = pgsa_frame_file_read,
	.write = pgsa_frame_select,
	.llseek = default_llseek,
};

static int __init pgsa_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("pgsa", NULL);

	debugfs_create_file("inject_vaddr", 0200, dir, NULL,
			    &pgsa_inject_vaddr_fops);
	debugfs_create_file("inject_pfn", 0200, dir, NULL,
			    &pgsa_inject_pfn_fops);
	debugfs_create_file("frame", 0600, dir, NULL, &pgsa_frame_fops);
	pgsa_consistency_init(dir);
	pgsa_bench_init(dir);
	pgsa_drops_init(dir);
	return 0;
}
late_initcall(pgsa_debugfs_init);
