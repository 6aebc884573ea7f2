/* SPDX-License-Identifier: GPL-2.0 */
/* Initcalls become constructors, which run before main(). */
#ifndef _SHIM_LINUX_INIT_H
#define _SHIM_LINUX_INIT_H

#define __init

#define subsys_initcall(fn)						\
	static void __attribute__((constructor)) fn##_constructor(void)	\
	{								\
		if (fn())						\
			__builtin_trap();					\
	}

#endif /* _SHIM_LINUX_INIT_H */
