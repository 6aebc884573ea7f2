/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_COMPILER_H
#define _SHIM_LINUX_COMPILER_H

#define OPTIMIZER_HIDE_VAR(var)	asm("" : "+r"(var))

#endif /* _SHIM_LINUX_COMPILER_H */
