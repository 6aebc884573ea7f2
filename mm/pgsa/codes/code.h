/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a code for the content of a page frame is.
 *
 * A code takes bytes and gives bytes. Its file includes this header and
 * headers of lib/, never one of mm/, so that the same file also builds in
 * user space (tools/testing/pgsa/codes/) for sanitizers and benchmarks.
 */
#ifndef __MM_PGSA_CODE_H
#define __MM_PGSA_CODE_H

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/types.h>

/* Bytes one call covers: a base page; larger folios are coded page by page. */
#define PGSA_CODE_PAGE_SIZE	4096

/**
 * struct pgsa_code_variant - one way to compute the redundancy of a code
 * @name: as users see it, for example "generic" or "avx512"
 * @fpu: uses FPU registers
 * @usable: has this machine got what it takes? NULL if every one has. Asked
 *	    once, at boot
 * @encode: compute the redundancy of a page
 * @encode_both: compute the redundancy of the code @with and of this one in
 *		 one visit to the page; NULL if this variant cannot
 *
 * All variants of a code give the same redundancy. Both methods read
 * %PGSA_CODE_PAGE_SIZE bytes from @page, which is aligned to at least 64 bytes,
 * and write as many bytes as their codes say to @check and @detect, which may
 * have any alignment. Equal pages give equal redundancy, whatever the byte order
 * of the machine.
 *
 * Context: Any context in which the page may be read; with @fpu between
 * kernel_fpu_begin() and kernel_fpu_end(). They do not sleep, take no lock and
 * keep no state.
 */
struct pgsa_code_variant {
	const char *name;
	bool fpu;
	bool (*usable)(void);
	void (*encode)(const void *page, u8 *check);
	void (*encode_both)(const void *page, u8 *detect, u8 *check);
};

/**
 * struct pgsa_code - one way to detect or correct errors in a page
 * @name: name by which a policy chooses the code; unique, without spaces
 * @check_bytes: size of the redundancy
 * @variants: fastest first, ended by one without a name; the last one before
 *	      that is usable on every machine and without the FPU
 * @with: detecting code that @variants compute by encode_both(), or NULL
 * @correct: repair a page by its redundancy, or NULL if the code only detects
 *
 * The role of a code follows from its methods: without @correct it detects,
 * with @correct it corrects. Instances are static and const, and registered
 * from an initcall of the file that defines them; they are never removed.
 *
 * @correct is called for a page that a detecting code found changed. It returns
 * how many bits it corrected in place, 0 if it sees nothing wrong, or -EBADMSG
 * if the damage is beyond the code; then the page is untouched. A code cannot
 * know that the damage was within its promise, and @check may be damaged as
 * well: the caller proves each correction by a detecting code, and undoes it
 * if the proof fails. It is called rarely, one at a time, and uses no FPU
 * registers; it may take a few hundred microseconds, and does not sleep.
 */
struct pgsa_code {
	const char *name;
	unsigned int check_bytes;
	const struct pgsa_code_variant *variants;
	const struct pgsa_code *with;
	int (*correct)(void *page, const u8 *check);
};

int pgsa_code_register(const struct pgsa_code *code);

#endif /* __MM_PGSA_CODE_H */
