// SPDX-License-Identifier: GPL-2.0
/*
 * Names for the parts of ELF files that processes map.
 *
 * Who maps a file chooses what is in it, and may change it while we read. So
 * the headers are copied once, and nothing in the copy is trusted: a number of
 * headers beyond PGSA_ELF_HEADERS, or ones that do not lie inside the file,
 * give no names. All arithmetic is unsigned, and no result of it is used but to
 * compare.
 */
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>

#include "pgsa.h"
#include "proc.h"

/*
 * No server in user space is asked, which could keep us waiting: of the file
 * systems that are known only 9p may have one (trans=fd, unix, tcp), see
 * pgsa_elf_get(), and the others have no frames in the set.
 * Nor is a listener (fanotify), who may forbid to read the file, and so keep
 * whoever asks waiting: kernel_read() would ask, __kernel_read() does not. The
 * process has the file mapped, so there is nothing to forbid.
 */
static bool pgsa_elf_readable(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	return S_ISREG(inode->i_mode) && pgsa_filesystem_known(inode->i_sb) &&
	       file->f_mode & FMODE_READ && file->f_mode & FMODE_CAN_READ &&
	       file->f_op->read_iter && !file->f_op->read &&
	       !(file->f_flags & O_DIRECT);
}

/* From the page cache alone; false if it is not all there. */
static bool pgsa_elf_get_cached(struct file *file, void *buf, size_t size,
				loff_t pos)
{
	if (pos + size > i_size_read(file_inode(file)))
		return false;
	while (size) {
		struct folio *folio = filemap_get_folio(file->f_mapping,
							pos >> PAGE_SHIFT);
		size_t len = 0;

		if (IS_ERR(folio))
			return false;
		if (folio_test_uptodate(folio))
			len = memcpy_from_file_folio(buf, folio, pos, size);
		folio_put(folio);
		if (!len)
			return false;
		buf += len;
		pos += len;
		size -= len;
	}
	return true;
}

/* A server that hangs would keep us waiting, and not even SIGKILL would end that. */
static bool pgsa_elf_get(struct file *file, void *buf, size_t size, loff_t pos)
{
	if (file_inode(file)->i_sb->s_magic == V9FS_MAGIC)
		return pgsa_elf_get_cached(file, buf, size, pos);
	return __kernel_read(file, buf, size, &pos) == (ssize_t)size;
}

static bool pgsa_elf_valid(const struct elf64_hdr *header, u64 file_size)
{
	return !memcmp(header->e_ident, ELFMAG, SELFMAG) &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header->e_ident[EI_DATA] == ELF_DATA &&
	       header->e_phentsize == sizeof(struct elf64_phdr) &&
	       header->e_phnum && header->e_phnum <= PGSA_ELF_HEADERS &&
	       header->e_phoff <= file_size;
}

/* What the dynamic linker protects may end with the page, not with the file. */
static void pgsa_elf_check(struct elf64_phdr *header, u64 file_size)
{
	u64 end = PAGE_ALIGN(file_size);

	if (header->p_type == PT_GNU_RELRO)
		header->p_filesz = header->p_memsz;
	if (header->p_offset > end || header->p_filesz > end - header->p_offset)
		header->p_filesz = 0;
}

/**
 * pgsa_elf_read - read the program headers of a file
 * @elf: where to
 * @file: the file
 *
 * Context: Process context, may sleep for storage and for nobody else. No locks
 *	    held.
 * Return: false if there are none, or none that could be read.
 */
bool pgsa_elf_read(struct pgsa_elf *elf, struct file *file)
{
	u64 file_size = i_size_read(file_inode(file));
	struct elf64_hdr header;
	unsigned int i;

	elf->nr = 0;
	if (!pgsa_elf_readable(file) ||
	    !pgsa_elf_get(file, &header, sizeof(header), 0) ||
	    !pgsa_elf_valid(&header, file_size) ||
	    !pgsa_elf_get(file, elf->headers,
			  header.e_phnum * sizeof(*elf->headers),
			  header.e_phoff))
		return false;
	elf->nr = header.e_phnum;
	for (i = 0; i < elf->nr; i++)
		pgsa_elf_check(&elf->headers[i], file_size);
	return true;
}

static u64 pgsa_elf_end(const struct elf64_phdr *header)
{
	return header->p_offset + header->p_filesz;
}

static u64 pgsa_elf_bias(const struct elf64_phdr *load,
			 const struct pgsa_elf_area *area)
{
	return area->start - area->offset + load->p_offset - load->p_vaddr;
}

/*
 * How well a segment fits an area, 0 for not at all. The last page of a segment
 * often is the first of the next one, too, mapped twice: then what is known from
 * the areas before, and the permissions, decide.
 */
static unsigned int pgsa_elf_score(const struct elf64_phdr *load,
				   const struct pgsa_elf_area *area,
				   const struct pgsa_elf_place *place)
{
	u64 start = load->p_offset & PAGE_MASK;
	u64 end = PAGE_ALIGN(pgsa_elf_end(load));
	bool exec = load->p_flags & PF_X;
	bool write = load->p_flags & PF_W;

	if (load->p_type != PT_LOAD || !load->p_filesz ||
	    area->offset >= end || area->offset + area->size <= start)
		return 0;
	return 1 + (area->offset == start) +
	       2 * (area->offset >= start && area->offset + area->size <= end) +
	       4 * (exec == area->exec && write >= area->write) +
	       8 * (place->known && place->bias == pgsa_elf_bias(load, area));
}

/**
 * pgsa_elf_place - find out where a file is loaded
 * @place: what is known from the areas before; updated
 * @elf: program headers of the file
 * @file: the file
 * @area: an area of it
 *
 * Context: Any context.
 */
void pgsa_elf_place(struct pgsa_elf_place *place, const struct pgsa_elf *elf,
		    const struct file *file, const struct pgsa_elf_area *area)
{
	const struct inode *inode = file_inode(file);
	const struct elf64_phdr *best = NULL;
	unsigned int i, score, best_score = 0;

	if (place->dev != inode->i_sb->s_dev || place->ino != inode->i_ino)
		place->known = false;
	for (i = 0; i < elf->nr; i++) {
		score = pgsa_elf_score(&elf->headers[i], area, place);
		if (score > best_score) {
			best_score = score;
			best = &elf->headers[i];
		}
	}
	*place = (struct pgsa_elf_place) {
		.dev = inode->i_sb->s_dev,
		.ino = inode->i_ino,
		.bias = best ? pgsa_elf_bias(best, area) : 0,
		.known = best,
	};
}

static bool pgsa_elf_overlaps(const struct elf64_phdr *header,
			      const struct pgsa_elf_area *area)
{
	return header->p_filesz && header->p_offset < area->offset + area->size &&
	       area->offset < pgsa_elf_end(header);
}

/* Is there a header of this type inside the segment and inside the area? */
static const struct elf64_phdr *
pgsa_elf_find(const struct pgsa_elf *elf, const struct elf64_phdr *load,
	      const struct pgsa_elf_area *area, u32 type)
{
	const struct elf64_phdr *header;
	unsigned int i;

	for (i = 0; i < elf->nr; i++) {
		header = &elf->headers[i];
		if (header->p_type == type &&
		    header->p_offset >= load->p_offset &&
		    header->p_offset < pgsa_elf_end(load) &&
		    pgsa_elf_overlaps(header, area))
			return header;
	}
	return NULL;
}

/* The dynamic linker protects whole pages only. */
static const char *pgsa_elf_kind(const struct elf64_phdr *load,
				 const struct elf64_phdr *relro,
				 const struct pgsa_elf_area *area)
{
	u64 relro_end = relro ? pgsa_elf_end(relro) & PAGE_MASK : 0;

	if (load->p_flags & PF_X)
		return "text";
	if (!(load->p_flags & PF_W))
		return "rodata";
	if (relro_end <= area->offset)
		return "data";
	return relro_end < area->offset + area->size ? "relro,data" : "relro";
}

static void pgsa_elf_show_load(struct seq_file *seq, const struct pgsa_elf *elf,
			       const struct elf64_phdr *load,
			       const struct pgsa_elf_area *area)
{
	static const struct {
		u32 type;
		const char *name;
	} contents[] = {
		{ PT_INTERP, "interp" },
		{ PT_NOTE, "note" },
		{ PT_DYNAMIC, "dynamic" },
		{ PT_TLS, "tls" },
		{ PT_GNU_EH_FRAME, "eh_frame" },
	};
	unsigned int i;

	seq_puts(seq, pgsa_elf_kind(load, pgsa_elf_find(elf, load, area,
							PT_GNU_RELRO), area));
	if (!load->p_offset && !area->offset)
		seq_puts(seq, ",headers");
	for (i = 0; i < ARRAY_SIZE(contents); i++)
		if (pgsa_elf_find(elf, load, area, contents[i].type))
			seq_printf(seq, ",%s", contents[i].name);
}

/**
 * pgsa_elf_show - print the segments that an area maps
 * @seq: where to
 * @elf: program headers of the file
 * @bias: where the file is loaded, from pgsa_elf_place()
 * @area: the area
 *
 * " segment=" and, with a "+" between them, a number, which counts the headers
 * of type LOAD from 0, and what the segment holds. Nothing if there is none.
 *
 * Context: Any context.
 */
void pgsa_elf_show(struct seq_file *seq, const struct pgsa_elf *elf, u64 bias,
		   const struct pgsa_elf_area *area)
{
	const char *separator = " segment=";
	unsigned int i, number = 0;

	for (i = 0; i < elf->nr; i++) {
		const struct elf64_phdr *load = &elf->headers[i];

		if (load->p_type != PT_LOAD)
			continue;
		if (pgsa_elf_overlaps(load, area) &&
		    pgsa_elf_bias(load, area) == bias) {
			seq_printf(seq, "%s%u:", separator, number);
			pgsa_elf_show_load(seq, elf, load, area);
			separator = "+";
		}
		number++;
	}
}
