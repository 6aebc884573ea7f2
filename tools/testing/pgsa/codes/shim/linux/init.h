/* SPDX-License-Identifier: GPL-2.0 */
/* Initcalls become constructors, which run before main(), in their order. */
#ifndef _SHIM_LINUX_INIT_H
#define _SHIM_LINUX_INIT_H

#define __init

#define __shim_initcall(fn, priority)					\
	static void __attribute__((constructor(priority)))		\
	fn##_constructor(void)						\
	{								\
		if (fn())						\
			__builtin_trap();				\
	}

#define core_initcall(fn)	__shim_initcall(fn, 201)
#define subsys_initcall(fn)	__shim_initcall(fn, 204)

#endif /* _SHIM_LINUX_INIT_H */
