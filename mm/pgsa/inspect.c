// SPDX-License-Identifier: GPL-2.0
/*
 * The debugfs file "frame": the record of one frame in readable form; and what all
 * files there have in common that are written to.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/bitfield.h>
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pgsa.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "claim.h"
#include "pgsa.h"
#include "record.h"
#include "text.h"

#define PGSA_TEXT_MAX	127

/* Parse exactly @nr numbers, decimal or 0x-hexadecimal. */
static int pgsa_parse(char *text, u64 *arg, int nr)
{
	char *word;
	int i = 0;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		if (i == nr || pgsa_parse_number(word, &arg[i]))
			return -EINVAL;
		i++;
	}
	return i == nr ? 0 : -EINVAL;
}

/**
 * pgsa_debugfs_args - read the numbers that were written to a file
 * @buf: what was written
 * @count: its length
 * @arg: where the numbers go
 * @nr: how many there must be, separated by blanks, tabs or newlines
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for another text; -EPERM without CAP_SYS_ADMIN; -EOPNOTSUPP
 * without pgsa=on; -EFAULT for @buf; -ENOMEM.
 */
int pgsa_debugfs_args(const char __user *buf, size_t count, u64 *arg, int nr)
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
	ret = pgsa_text_complete(text, count) ? pgsa_parse(text, arg, nr) :
						-EINVAL;
	kfree(text);
	return ret;
}

/**
 * pgsa_debugfs_refuse - tell why a write to a file in debugfs is refused
 * @file: name of the file
 * @err: a negative errno
 * @valid: what would have been right
 *
 * Context: Process context.
 */
void pgsa_debugfs_refuse(const char *file, int err, const char *valid)
{
	const char *why;

	switch (err) {
	case -EPERM:
		why = "needs CAP_SYS_ADMIN";
		break;
	case -EOPNOTSUPP:
		why = "booted without pgsa=on";
		break;
	case -ENXIO:
		why = "no such frame, or it is not online";
		break;
	case -ESRCH:
		why = "no such process, or it has no memory";
		break;
	case -EFAULT:
		why = "no memory is present there, or none that can be written";
		break;
	case -ENOSPC:
		why = "too many";
		break;
	case -ENOMEM:
		why = "out of memory";
		break;
	default:
		why = "malformed or out of range";
		break;
	}
	pr_info("%s: refused (%d): %s; valid: %s\n", file, err, why, valid);
}

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
	int ret = pgsa_debugfs_args(buf, count, &pfn, 1);

	if (!ret && !pfn_to_online_page(pfn))
		ret = -ENXIO;
	if (ret) {
		pgsa_debugfs_refuse("frame", ret, "pfn");
		return ret;
	}
	own->pfn = pfn;
	WRITE_ONCE(pgsa_frame_pfn, pfn);
	return count;
}

/* Records, and what else is vmalloc()ed where memory has sections. */
static phys_addr_t pgsa_phys(const void *object)
{
	if (is_vmalloc_addr(object))
		return PFN_PHYS(vmalloc_to_pfn(object)) +
		       offset_in_page(object);
	return __pa(object);
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
	phys_addr_t record;
	u64 word;
	u32 crc;
	int len;

	if (!frame)
		return -ENXIO;
	word = pgsa_frame_word(frame);
	check.raw = READ_ONCE(frame->check);
	record = pgsa_phys(frame);
	pgsa_frame_put(frame);

	len = scnprintf(text, size, "pfn=0x%lx state=%s writers=%u generation=%u",
			page_to_pfn(page),
			pgsa_frame_state_name(pgsa_word_state(word)),
			pgsa_word_writers(word), pgsa_word_generation(word));
	memcpy(&crc, check.detect, sizeof(crc));
	len += pgsa_format_codes(text + len, size - len, page_to_pfn(page),
				 word, crc);
	len += scnprintf(text + len, size - len,
			 " record=0x%lx record_offset=%lu hurt=%d admit=%s\n",
			 (unsigned long)PHYS_PFN(record),
			 offset_in_page(record), pgsa_word_hurt(word),
			 pgsa_refusal_name(pgsa_sealing_refusal(page, unmapped)));
	return len;
}

static ssize_t pgsa_frame_file_read(struct file *file, char __user *buf,
				    size_t count, loff_t *pos)
{
	struct pgsa_frame_file *own = file->private_data;
	unsigned long pfn = own->pfn;
	struct page *page;
	char text[320];
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

/**
 * pgsa_frame_file_init - create the file "frame"
 * @dir: directory of PGSA in debugfs
 *
 * Context: Boot.
 */
void __init pgsa_frame_file_init(struct dentry *dir)
{
	debugfs_create_file("frame", 0600, dir, NULL, &pgsa_frame_fops);
}
