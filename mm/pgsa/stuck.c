// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection: cells that do not take what is written to them. In a machine
 * they show when the memory is read again; here when the error path has flushed the
 * caches, since nothing else goes past them.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "pgsa.h"

#define PGSA_STUCK_MAX	64
#define PGSA_PAGE_BITS	(PAGE_SIZE * BITS_PER_BYTE)

/* What each stuck cell holds, by frame number and bit in the frame. */
static DEFINE_XARRAY(pgsa_stuck);
static DEFINE_MUTEX(pgsa_stuck_lock);	/* for changes, and the count */
static unsigned int pgsa_stuck_nr;

static int pgsa_stick(struct page *page, unsigned int bit, bool value)
{
	u8 *at = (u8 *)page_address(page) + bit / BITS_PER_BYTE;
	u8 mask = 1 << bit % BITS_PER_BYTE, byte;

	if (copy_from_kernel_nofault(&byte, at, 1))
		return -EFAULT;
	byte = value ? byte | mask : byte & ~mask;
	return copy_to_kernel_nofault(at, &byte, 1) ? -EFAULT : 0;
}

/**
 * pgsa_inject_stuck - show what stuck cells of a frame hold
 * @page: the frame, held by the caller
 *
 * Context: Any context.
 */
void pgsa_inject_stuck(struct page *page)
{
	unsigned long first = page_to_pfn(page) * PGSA_PAGE_BITS;
	unsigned long index;
	void *entry;

	xa_for_each_range(&pgsa_stuck, index, entry, first,
			  first + PGSA_PAGE_BITS - 1)
		pgsa_stick(page, index - first, xa_to_value(entry));
}

static void pgsa_stuck_clear(void)
{
	guard(mutex)(&pgsa_stuck_lock);
	xa_destroy(&pgsa_stuck);
	pgsa_stuck_nr = 0;
}

static int pgsa_stuck_add(struct page *page, unsigned int bit, bool value)
{
	unsigned long index = page_to_pfn(page) * PGSA_PAGE_BITS + bit;
	void *old;

	guard(mutex)(&pgsa_stuck_lock);
	if (pgsa_stuck_nr == PGSA_STUCK_MAX && !xa_load(&pgsa_stuck, index))
		return -ENOSPC;
	old = xa_store(&pgsa_stuck, index, xa_mk_value(value), GFP_KERNEL);
	if (xa_is_err(old))
		return xa_err(old);
	pgsa_stuck_nr += !old;
	return pgsa_stick(page, bit, value);
}

static int pgsa_stuck_set(const u64 *arg)
{
	struct page *page;
	int ret = -ENXIO;

	if (arg[1] >= PGSA_PAGE_BITS || arg[2] > 1)
		return -EINVAL;
	get_online_mems();
	page = pfn_to_online_page(arg[0]);
	/* User Mode Linux has its program there, and not all of it is mapped. */
	if (page && arg[0] < min_low_pfn)
		ret = -EFAULT;
	else if (page)
		ret = pgsa_stuck_add(page, arg[1], arg[2]);
	put_online_mems();
	return ret;
}

static ssize_t pgsa_stuck_write(struct file *file, const char __user *buf,
				size_t count, loff_t *pos)
{
	u64 arg[3];
	int ret;

	if (!pgsa_debugfs_args(buf, count, arg, 0)) {
		pgsa_stuck_clear();
		return count;
	}
	ret = pgsa_debugfs_args(buf, count, arg, ARRAY_SIZE(arg));
	if (!ret)
		ret = pgsa_stuck_set(arg);
	if (ret)
		pgsa_debugfs_refuse("stuck_pfn", ret,
				    "pfn bit value with bit 0 to 32767 and value 0 or 1, of 64 cells at most, or an empty line");
	return ret ?: count;
}

static const struct file_operations pgsa_stuck_fops = {
	.owner = THIS_MODULE,
	.write = pgsa_stuck_write,
};

/**
 * pgsa_stuck_init - make the file stuck_pfn
 * @dir: the directory
 *
 * Context: Process context, at boot.
 */
void __init pgsa_stuck_init(struct dentry *dir)
{
	debugfs_create_file("stuck_pfn", 0200, dir, NULL, &pgsa_stuck_fops);
}
