/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What PGSA is told of devices that walk the page tables of processes. For
 * drivers/iommu/iommu-sva.c alone.
 */
#ifndef _LINUX_PGSA_IOMMU_H
#define _LINUX_PGSA_IOMMU_H

#ifdef CONFIG_PGSA
void pgsa_mm_device_add(void);
void pgsa_mm_device_drop(void);
#else
static inline void pgsa_mm_device_add(void) {}
static inline void pgsa_mm_device_drop(void) {}
#endif

#endif /* _LINUX_PGSA_IOMMU_H */
