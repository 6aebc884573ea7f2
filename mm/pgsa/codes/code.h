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
 * struct pgsa_code - one way to detect or correct errors in a page
 * @name: name by which a policy chooses the code; unique, without spaces
 * @check_bytes: size of the redundancy that @encode writes
 * @encode: compute the redundancy of a page
 * @correct: repair a page by its redundancy, or NULL if the code only detects
 *
 * The role of a code follows from its methods: without @correct it detects,
 * with @correct it corrects. Instances are static and const, and registered
 * from an initcall of the file that defines them; they are never removed.
 *
 * @encode is called to seal a frame and again to verify it. It reads
 * %PGSA_CODE_PAGE_SIZE bytes from @page, which is aligned to at least 8 bytes,
 * and writes @check_bytes bytes to @check, which may have any alignment. Equal
 * pages give equal redundancy, whatever the byte order of the machine.
 *
 * @correct is called for a page that a detecting code found changed. It returns
 * how many bits it corrected in place, 0 if it sees nothing wrong, or -EBADMSG
 * if the damage is beyond the code; then the page is untouched. A code cannot
 * know that the damage was within its promise, and @check may be damaged as
 * well: the caller proves each correction by a detecting code, and undoes it
 * if the proof fails.
 *
 * Context: Both methods run in any context in which the page may be read
 * (@correct: written). They do not sleep, take no lock, keep no state and use
 * no FPU registers.
 */
struct pgsa_code {
	const char *name;
	unsigned int check_bytes;
	void (*encode)(const void *page, u8 *check);
	int (*correct)(void *page, const u8 *check);
};

int pgsa_code_register(const struct pgsa_code *code);

#endif /* __MM_PGSA_CODE_H */
