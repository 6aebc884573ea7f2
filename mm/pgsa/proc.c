// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/pgsa: how much of a process is protected, in all and by area.
 *
 * No lock and no reference is held from line to line, nor while the headers of
 * a file are read. Areas may change meanwhile: a line tells of what was found in
 * the range of addresses that the area had when the line was begun. Nothing is
 * allocated but the record below and seq_file's buffer, which holds some lines.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pgsa.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/swap.h>

#include "pgsa.h"
#include "proc.h"

/**
 * struct pgsa_proc_area - an area, as it was when it was looked up
 * @start: first address not shown yet
 * @end: address behind it
 * @offset: offset in @file of what is at @start
 * @flags: its vm_flags
 * @file: its file, referenced, or NULL
 * @name: its name if it has no file, or NULL
 */
struct pgsa_proc_area {
	unsigned long start, end;
	u64 offset;
	vm_flags_t flags;
	struct file *file;
	const char *name;
};

/**
 * struct pgsa_proc - an open file; protected by the lock of its seq_file
 * @mm: the address space; its users may all have gone
 * @counted: position in the file that @count belongs to, or 0
 * @count: what the line in work says
 * @area: the area that the line in work is about
 * @place: where the ELF file of the lines before is loaded
 * @elf: headers of the file of @area
 */
struct pgsa_proc {
	struct mm_struct *mm;
	loff_t counted;
	struct pgsa_proc_count count;
	struct pgsa_proc_area area;
	struct pgsa_elf_place place;
	struct pgsa_elf elf;
};

/* Areas */

static void pgsa_proc_put_area(struct pgsa_proc_area *area)
{
	if (area->file)
		fput(area->file);
	area->file = NULL;
}

static void pgsa_proc_get_area(struct pgsa_proc_area *area,
			       struct vm_area_struct *vma, unsigned long addr)
{
	area->start = max(vma->vm_start, addr);
	area->end = vma->vm_end;
	area->offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) +
		       (area->start - vma->vm_start);
	area->flags = vma->vm_flags;
	area->name = NULL;
	if (vma->vm_file)
		area->file = get_file(vma->vm_file);
	else if (vma_is_initial_heap(vma))
		area->name = "[heap]";
	else if (vma_is_initial_stack(vma))
		area->name = "[stack]";
}

/* The first area at @addr or above: 0, -ESRCH if there is none, or -EINTR. */
static int pgsa_proc_find_area(struct pgsa_proc *proc, unsigned long addr)
{
	struct vm_area_struct *vma;
	int ret = pgsa_proc_lock(proc->mm);

	if (ret)
		return ret;
	vma = find_vma(proc->mm, addr);
	if (vma)
		pgsa_proc_get_area(&proc->area, vma, addr);
	pgsa_proc_unlock(proc->mm);
	return vma ? 0 : -ESRCH;
}

/* Lines. Position 0 is the sum, another one an address plus 1. */

/*
 * Pages that wait in a per-CPU batch for their LRU list are not admitted yet:
 * those of this CPU are put there.
 */
static int pgsa_proc_prepare_sum(struct pgsa_proc *proc)
{
	proc->counted = 0;
	proc->place.known = false;
	lru_add_drain();
	return pgsa_proc_count(&proc->count, proc->mm, 0,
			       proc->mm->task_size);
}

/* A line that did not fit into the buffer is asked for again: count it once. */
static int pgsa_proc_prepare_area(struct pgsa_proc *proc, loff_t pos)
{
	unsigned long start = proc->area.start, end = proc->area.end;
	int ret = pgsa_proc_find_area(proc, pos - 1);

	if (ret || (proc->counted == pos && proc->area.start == start &&
		    proc->area.end == end))
		return ret;
	proc->counted = 0;
	ret = pgsa_proc_count(&proc->count, proc->mm, proc->area.start,
			      proc->area.end);
	if (!ret)
		proc->counted = pos;
	return ret;
}

static void *pgsa_proc_line(struct seq_file *seq, loff_t pos)
{
	struct pgsa_proc *proc = seq->private;
	int ret;

	if (!proc->mm)
		return NULL;
	ret = pos ? pgsa_proc_prepare_area(proc, pos) :
		    pgsa_proc_prepare_sum(proc);
	if (ret)
		return ret == -ESRCH ? NULL : ERR_PTR(ret);
	return pos ? proc : SEQ_START_TOKEN;
}

static void *pgsa_proc_start(struct seq_file *seq, loff_t *pos)
{
	return pgsa_proc_line(seq, *pos);
}

static void pgsa_proc_stop(struct seq_file *seq, void *line)
{
	struct pgsa_proc *proc = seq->private;

	pgsa_proc_put_area(&proc->area);
}

static void *pgsa_proc_next(struct seq_file *seq, void *line, loff_t *pos)
{
	struct pgsa_proc *proc = seq->private;

	pgsa_proc_put_area(&proc->area);
	*pos = line == SEQ_START_TOKEN ? 1 : 1 + (loff_t)proc->area.end;
	return pgsa_proc_line(seq, *pos);
}

static void pgsa_proc_show_count(struct seq_file *seq,
				 const struct pgsa_proc_count *count)
{
	unsigned long permille = count->resident ?
				 count->set * 1000 / count->resident : 0;

	seq_printf(seq, "resident=%lu set=%lu sealed=%lu share=%lu.%lu",
		   count->resident, count->set, count->sealed, permille / 10,
		   permille % 10);
}

static void pgsa_proc_show_file(struct seq_file *seq, struct pgsa_proc *proc)
{
	const struct pgsa_proc_area *area = &proc->area;
	struct pgsa_elf_area part = {
		.start = area->start,
		.offset = area->offset,
		.size = area->end - area->start,
		.write = area->flags & VM_WRITE,
		.exec = area->flags & VM_EXEC,
	};

	seq_printf(seq, " offset=0x%llx", area->offset);
	if (pgsa_elf_read(&proc->elf, area->file)) {
		pgsa_elf_place(&proc->place, &proc->elf, area->file, &part);
		pgsa_elf_show(seq, &proc->elf, proc->place.bias, &part);
	}
	seq_puts(seq, " path=");
	seq_path(seq, file_user_path(area->file), " \t\n\\");
}

static void pgsa_proc_show_area(struct seq_file *seq, struct pgsa_proc *proc)
{
	const struct pgsa_proc_area *area = &proc->area;

	seq_printf(seq, "vma=%lx-%lx perms=%c%c%c%c ", area->start, area->end,
		   area->flags & VM_READ ? 'r' : '-',
		   area->flags & VM_WRITE ? 'w' : '-',
		   area->flags & VM_EXEC ? 'x' : '-',
		   area->flags & VM_MAYSHARE ? 's' : 'p');
	pgsa_proc_show_count(seq, &proc->count);
	if (area->file)
		pgsa_proc_show_file(seq, proc);
	else if (area->name)
		seq_printf(seq, " path=%s", area->name);
	seq_putc(seq, '\n');
}

static int pgsa_proc_show(struct seq_file *seq, void *line)
{
	struct pgsa_proc *proc = seq->private;

	if (line == SEQ_START_TOKEN) {
		seq_printf(seq, "vmas=%d ", READ_ONCE(proc->mm->map_count));
		pgsa_proc_show_count(seq, &proc->count);
		seq_putc(seq, '\n');
	} else {
		pgsa_proc_show_area(seq, proc);
	}
	return 0;
}

static const struct seq_operations pgsa_proc_seq_ops = {
	.start = pgsa_proc_start,
	.next = pgsa_proc_next,
	.stop = pgsa_proc_stop,
	.show = pgsa_proc_show,
};

/**
 * pgsa_proc_open - open /proc/PID/pgsa
 * @file: the file
 * @mm: from proc_mem_open(): an address space, NULL for a process that has
 *	none, or an error, which is passed on
 *
 * Context: Process context.
 * Return: 0 or a negative error code.
 */
int pgsa_proc_open(struct file *file, struct mm_struct *mm)
{
	struct pgsa_proc *proc;
	int ret = -EOPNOTSUPP;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	if (pgsa_on()) {
		proc = __seq_open_private(file, &pgsa_proc_seq_ops,
					  sizeof(*proc));
		if (proc) {
			proc->mm = mm;
			return 0;
		}
		ret = -ENOMEM;
	}
	if (mm)
		mmdrop(mm);
	return ret;
}

/**
 * pgsa_proc_release - close /proc/PID/pgsa
 * @inode: its inode
 * @file: the file
 *
 * Context: Process context.
 * Return: 0.
 */
int pgsa_proc_release(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;
	struct pgsa_proc *proc = seq->private;

	if (proc->mm)
		mmdrop(proc->mm);
	return seq_release_private(inode, file);
}
