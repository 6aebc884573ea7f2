/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_PGSA_TYPES_H
#define _LINUX_PGSA_TYPES_H

#include <linux/types.h>

/**
 * struct pgsa_task - what PGSA keeps in each task
 * @work: the check on the way back to user mode; @work.next points to @work
 *	  itself unless it is queued or running
 * @address: where the next check goes on in the address space
 */
struct pgsa_task {
	struct callback_head work;
	unsigned long address;
};

#endif /* _LINUX_PGSA_TYPES_H */
