/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of those who hold locks.
 */
#ifndef _PGSA_WARN_H
#define _PGSA_WARN_H

#include <linux/printk.h>
#include <linux/ratelimit.h>

#define pgsa_warn_fmt(fmt)	(KERN_WARNING pr_fmt(fmt))

/*
 * A warning of an event, which comes with page table locks held, or within the page
 * allocator: consoles may be slow, and whoever waits for the lock would wait for
 * them. What is left out by the limit is not told, as that is told at once.
 */
#define pgsa_deferred_warn_ratelimited(fmt, ...)					\
do {									\
	static struct ratelimit_state limit =				\
		RATELIMIT_STATE_INIT_FLAGS(limit,			\
					   DEFAULT_RATELIMIT_INTERVAL,	\
					   DEFAULT_RATELIMIT_BURST,	\
					   RATELIMIT_MSG_ON_RELEASE);	\
									\
	if (__ratelimit(&limit))					\
		printk_deferred(pgsa_warn_fmt(fmt), ##__VA_ARGS__);	\
} while (0)

#endif /* _PGSA_WARN_H */
