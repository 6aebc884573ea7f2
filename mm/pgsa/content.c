// SPDX-License-Identifier: GPL-2.0
/*
 * What a page frame holds: how it is read so that the memory itself answers, and
 * so that memory which cannot be read any more does no harm.
 */
#include <linux/cacheflush.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <kunit/static_stub.h>

#include "pgsa.h"

/**
 * pgsa_content_copy - copy what a page holds now
 * @to: a page of memory
 * @page: the page, which cannot leave the kernel's mapping
 *
 * Context: Any context.
 * Return: false if it cannot be read, and the machine has survived that.
 */
bool pgsa_content_copy(void *to, struct page *page)
{
	KUNIT_STATIC_STUB_REDIRECT(pgsa_content_copy, to, page);

	return !copy_mc_to_kernel(to, page_address(page), PAGE_SIZE);
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
}
