/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_SPINLOCK_H
#define _SHIM_LINUX_SPINLOCK_H

/* Everything here is one thread; a lock only has to be balanced. */
#include <assert.h>

struct raw_spinlock {
	int held;
};

#define DEFINE_RAW_SPINLOCK(lock)	struct raw_spinlock lock

static inline void raw_spin_lock(struct raw_spinlock *lock)
{
	assert(!lock->held);
	lock->held = 1;
}

static inline void raw_spin_unlock(struct raw_spinlock *lock)
{
	assert(lock->held);
	lock->held = 0;
}

#endif /* _SHIM_LINUX_SPINLOCK_H */
