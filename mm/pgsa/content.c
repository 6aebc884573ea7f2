// SPDX-License-Identifier: GPL-2.0
/*
 * What a page frame holds: how it is read so that the memory itself answers, and
 * so that memory which cannot be read any more does no harm.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/atomic.h>
#include <linux/cacheflush.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pgsa.h>
#include <linux/printk.h>
#include <linux/uaccess.h>
#include <kunit/static_stub.h>

#ifdef CONFIG_X86_MCE
#include <linux/cpufeature.h>
#include <asm/mce.h>
#include <asm/msr.h>
#endif

#include "pgsa.h"

static DEFINE_STATIC_KEY_FALSE(pgsa_recovers);
static void __percpu *pgsa_content_buffers;
static atomic64_t pgsa_content_failures;

/**
 * pgsa_content_lost - how often a page could not be read
 *
 * Context: Any context.
 * Return: the number since boot.
 */
u64 pgsa_content_lost(void)
{
	return atomic64_read(&pgsa_content_failures);
}

/**
 * pgsa_content_copy - copy what a page holds now
 * @to: a page of memory
 * @page: the page, which cannot leave the kernel's mapping
 *
 * Memory with ECC may say that it has lost what it held. For whoever loads it with
 * an ordinary instruction that is the end of the machine.
 *
 * Context: Any context.
 * Return: false if it cannot be read, and the machine has survived that. The frame
 * is being taken out of use then, as after any such error.
 */
bool pgsa_content_copy(void *to, struct page *page)
{
	KUNIT_STATIC_STUB_REDIRECT(pgsa_content_copy, to, page);

	if (!copy_mc_to_kernel(to, page_address(page), PAGE_SIZE))
		return true;
	atomic64_inc(&pgsa_content_failures);
	memory_failure_queue(page_to_pfn(page), 0);
	return false;
}

/**
 * pgsa_content_begin - begin to read what a page holds now
 * @page: the page, which cannot leave the kernel's mapping
 *
 * Context: Any context but interrupts. The caller may not sleep, nor begin to read
 *	    another page, until pgsa_content_end().
 * Return: where it can be read; NULL if it cannot, as for pgsa_content_copy().
 */
const void *pgsa_content_begin(struct page *page)
{
	void *buffer;

	if (!static_branch_unlikely(&pgsa_recovers))
		return page_address(page);
	preempt_disable();
	buffer = this_cpu_ptr(pgsa_content_buffers);
	if (pgsa_content_copy(buffer, page))
		return buffer;
	preempt_enable();
	return NULL;
}

/**
 * pgsa_content_end - end what pgsa_content_begin() began
 * @page: the page
 * @content: where it was read, not NULL
 *
 * Context: As pgsa_content_begin().
 */
void pgsa_content_end(struct page *page, const void *content)
{
	if (content != page_address(page))
		preempt_enable();
}

/**
 * pgsa_content_flush - let the next look at a page come from memory
 * @page: the page
 *
 * What was stored sits in a cache, and a cell that does not take it would go
 * unnoticed until the line is evicted.
 *
 * Context: Any context.
 */
void pgsa_content_flush(struct page *page)
{
	KUNIT_STATIC_STUB_REDIRECT(pgsa_content_flush, page);

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	clflush_cache_range(page_address(page), PAGE_SIZE);
#else
	/* Caches cannot be passed by here; at least let aliases see it. */
	flush_dcache_page(page);
#endif
	pgsa_inject_stuck(page);
}

/* Does the machine survive a load that fails, if copy_mc_to_kernel() does it? */
static bool __init pgsa_machine_recovers(void)
{
#if defined(CONFIG_ARCH_HAS_COPY_MC) && defined(CONFIG_X86_MCE)
	u64 capabilities;

	/* Without fast string instructions it is but another memcpy(). */
	if (!boot_cpu_has(X86_FEATURE_MCA) || !boot_cpu_has(X86_FEATURE_ERMS))
		return false;
	rdmsrl(MSR_IA32_MCG_CAP, capabilities);
	return capabilities & MCG_SER_P || boot_cpu_has(X86_FEATURE_SUCCOR);
#else
	return false;
#endif
}

static int pgsa_copy_mc __initdata = -1;

static int __init pgsa_copy_mc_setup(char *arg)
{
	bool on;
	int ret = arg ? kstrtobool(arg, &on) : -EINVAL;

	if (ret) {
		pr_warn("pgsa_copy_mc=%s: neither on nor off, ignored\n",
			arg ?: "");
		return ret;
	}
	pgsa_copy_mc = on;
	return 0;
}
early_param("pgsa_copy_mc", pgsa_copy_mc_setup);

static int __init pgsa_content_init(void)
{
	bool wanted = pgsa_copy_mc < 0 ? pgsa_machine_recovers() : pgsa_copy_mc;

	if (!wanted || !pgsa_on())
		return 0;
	pgsa_content_buffers = __alloc_percpu(PAGE_SIZE, PAGE_SIZE);
	if (!pgsa_content_buffers)
		return -ENOMEM;
	static_branch_enable(&pgsa_recovers);
	pr_info("pages are copied before they are read: the machine survives uncorrectable errors\n");
	return 0;
}
fs_initcall(pgsa_content_init);
