/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_PREFETCH_H
#define _SHIM_LINUX_PREFETCH_H

/* prefetchnta, as in the kernel for x86 */
#define prefetch(address)	__builtin_prefetch(address, 0, 0)

#endif /* _SHIM_LINUX_PREFETCH_H */
