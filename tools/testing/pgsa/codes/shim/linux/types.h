/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_TYPES_H
#define _SHIM_LINUX_TYPES_H

#include_next <linux/types.h>
#include <linux/stddef.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/cdefs.h>	/* __always_inline */

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define __aligned(bytes)	__attribute__((aligned(bytes)))
#define __maybe_unused		__attribute__((unused))

#if __has_attribute(__uninitialized__)
#define __uninitialized __attribute__((__uninitialized__))
#else
#define __uninitialized
#endif

#endif /* _SHIM_LINUX_TYPES_H */
