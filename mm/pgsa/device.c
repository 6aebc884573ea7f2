// SPDX-License-Identifier: GPL-2.0
/*
 * How many address spaces are shared with devices.
 */

/**
 * DOC: Devices
 *
 * Devices may walk the page tables of processes (SVA). flush_tlb_all() does not
 * reach the translations that their IOMMU keeps, so nothing is sealed while there
 * is one. Frames are not claimed then, either, which tells why and saves the grace
 * period and the flush; but the look that counts is the one after the flush.
 *
 * The address spaces are counted: from before a device can first look at one
 * until it is freed, however long the device was really bound. To ask for the
 * count once a batch, after the TLB flush, is enough:
 *
 * - Take an entry that could write a frame, and that a device keeps. The device
 *   was bound when it read the entry, so it had been counted before. The entry
 *   was in the page table until the grace period of seal.c at the latest, for
 *   the frame had no writer when it was claimed. So a device that holds such an
 *   entry at the flush is seen in the count, which is read after it.
 * - A device that comes later reads what the page tables say then: entries of
 *   sealed frames that cannot write. If one becomes writable, its hook opens the
 *   frame as for a CPU, and whoever claims the frame after that sees the count.
 */

#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/pgsa_iommu.h>
#include <kunit/visibility.h>

#include "pgsa.h"

/*
 * Three times the number of address spaces: a flipped bit in one of them neither
 * permits sealing beside a device, nor ends it for ever.
 */
static atomic_t pgsa_device_mms[3];

/**
 * pgsa_mm_device_add - a device is about to share an address space
 *
 * Once for an address space, before the first device has it.
 *
 * Context: Any context.
 */
void pgsa_mm_device_add(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgsa_device_mms); i++)
		atomic_inc(&pgsa_device_mms[i]);
	/* The device reads entries after that; see pgsa_devices_share_mm(). */
	smp_mb__after_atomic();
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mm_device_add);

/**
 * pgsa_mm_device_drop - an address space that a device has shared is freed
 *
 * Context: Any context. It has no page tables any more.
 */
void pgsa_mm_device_drop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgsa_device_mms); i++)
		atomic_dec(&pgsa_device_mms[i]);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_mm_device_drop);

/**
 * pgsa_devices_share_mm - may a device walk the page tables of a process?
 *
 * Context: Any context. The answer to go by is that after the grace period and
 *	    the flush of seal.c, which order this look after every entry that was
 *	    writable at the claim.
 * Return: true if one may.
 */
bool pgsa_devices_share_mm(void)
{
	unsigned int i, share = 0;

	/* Pairs with pgsa_mm_device_add(). */
	smp_mb();
	for (i = 0; i < ARRAY_SIZE(pgsa_device_mms); i++)
		share += !!atomic_read(&pgsa_device_mms[i]);
	return share > ARRAY_SIZE(pgsa_device_mms) / 2;
}
