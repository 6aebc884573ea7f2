/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of /proc/PID/pgsa.
 */
#ifndef _PGSA_PROC_H
#define _PGSA_PROC_H

#include <linux/elf.h>
#include <linux/types.h>

struct file;
struct mm_struct;
struct seq_file;

/* proc_count.c */

/**
 * struct pgsa_proc_count - pages, each counted as often as it is mapped
 * @resident: in memory
 * @set: in the protected set, or ready to be sealed
 * @sealed: sealed
 */
struct pgsa_proc_count {
	unsigned long resident, set, sealed;
};

int pgsa_proc_lock(struct mm_struct *mm);
void pgsa_proc_unlock(struct mm_struct *mm);
int pgsa_proc_count(struct pgsa_proc_count *count, struct mm_struct *mm,
		    unsigned long start, unsigned long end);

/* elf.c */

#define PGSA_ELF_HEADERS	64	/* of programs, at most */

/**
 * struct pgsa_elf - the program headers of a file
 * @nr: number of @headers
 * @headers: copies; those that do not lie inside the file have p_filesz 0
 */
struct pgsa_elf {
	unsigned int nr;
	struct elf64_phdr headers[PGSA_ELF_HEADERS];
};

/**
 * struct pgsa_elf_area - where a part of a file is mapped
 * @start: first address
 * @offset: what is there, as an offset in the file
 * @size: bytes, whole pages
 * @write: may be written by the process
 * @exec: may be executed
 */
struct pgsa_elf_area {
	unsigned long start;
	u64 offset;
	u64 size;
	bool write;
	bool exec;
};

/**
 * struct pgsa_elf_place - where a file was last found to be loaded
 * @dev: device of the file
 * @ino: its inode number
 * @bias: addresses minus those in the headers
 * @known: is the rest valid?
 */
struct pgsa_elf_place {
	dev_t dev;
	unsigned long ino;
	u64 bias;
	bool known;
};

bool pgsa_elf_read(struct pgsa_elf *elf, struct file *file);
void pgsa_elf_place(struct pgsa_elf_place *place, const struct pgsa_elf *elf,
		    const struct file *file, const struct pgsa_elf_area *area);
void pgsa_elf_show(struct seq_file *seq, const struct pgsa_elf *elf, u64 bias,
		   const struct pgsa_elf_area *area);

#endif /* _PGSA_PROC_H */
