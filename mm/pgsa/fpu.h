/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FPU registers in the kernel, on architectures that can lend them.
 */
#ifndef _PGSA_FPU_H
#define _PGSA_FPU_H

#include <linux/irqflags.h>
#include <linux/types.h>

#ifdef CONFIG_ARCH_HAS_KERNEL_FPU_SUPPORT
#include <linux/fpu.h>
#include <asm/simd.h>

static inline bool pgsa_fpu_begin(void)
{
	/* Whoever has interrupts off is in a hurry. */
	if (irqs_disabled() || !kernel_fpu_available() || !may_use_simd())
		return false;
	kernel_fpu_begin();
	return true;
}

static inline void pgsa_fpu_end(void)
{
	kernel_fpu_end();
}
#else
static inline bool pgsa_fpu_begin(void)
{
	return false;
}

static inline void pgsa_fpu_end(void) {}
#endif

#endif /* _PGSA_FPU_H */
