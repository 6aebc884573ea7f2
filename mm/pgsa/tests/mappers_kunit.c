// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_mappers: who maps a frame, while others keep the locks that it
 * takes to find out.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#include "../mappers.h"
#include "../pgsa.h"
#include "../record.h"

#define HOLD_MS	50	/* longer than the lock is only tried for */

struct mappers_test {
	struct file *file;
	unsigned long addr;
	struct page *page;
	struct pgsa_finding finding;
	struct completion held;
};

static void mappers_fput(void *file)
{
	fput(file);
}

/* A page of a file, which the test's own address space maps */
static int mappers_init(struct kunit *test)
{
	struct mappers_test *mt = kunit_kzalloc(test, sizeof(*mt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mt);
	init_completion(&mt->held);
	mt->file = shmem_kernel_file_setup("pgsa", PAGE_SIZE, VM_NORESERVE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mt->file));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, mappers_fput,
							mt->file), 0);
	mt->addr = kunit_vm_mmap(test, mt->file, 0, PAGE_SIZE, PROT_READ,
				 MAP_SHARED, 0);
	KUNIT_ASSERT_NE(test, mt->addr, 0);
	KUNIT_ASSERT_EQ(test, fault_in_readable((char __user *)mt->addr, 1), 0);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast(mt->addr, 1, 0, &mt->page), 1);
	put_page(mt->page);
	mt->finding = (struct pgsa_finding) {
		.pfn = page_to_pfn(mt->page),
		.result = PGSA_CORRECTED,
		.word = pgsa_frame_word_at(page_to_pfn(mt->page)),
	};
	test->priv = mt;
	return 0;
}

static bool mappers_find(struct mappers_test *mt, struct pgsa_mappers *mappers)
{
	bool all;

	get_online_mems();
	all = pgsa_mappers_find(mappers, &mt->finding);
	put_online_mems();
	return all;
}

/* Finds the one that there is, at once or after a while. */
static void mappers_expect(struct kunit *test)
{
	struct mappers_test *mt = test->priv;
	const struct pgsa_mapper *mapper;
	struct pgsa_mappers mappers;
	bool all = mappers_find(mt, &mappers);

	mapper = pgsa_mapper_of(&mappers, current->mm);
	KUNIT_EXPECT_TRUE(test, all);
	KUNIT_EXPECT_EQ(test, mappers.nr, 1);
	KUNIT_EXPECT_NOT_NULL(test, mapper);
	if (mapper)
		KUNIT_EXPECT_EQ(test, mapper->addr, mt->addr);
	pgsa_mappers_free(&mappers);
}

static void find_one(struct kunit *test)
{
	mappers_expect(test);
}

/* Finds nobody, and knows whether there may be somebody. */
static void mappers_expect_none(struct kunit *test, bool all)
{
	struct pgsa_mappers mappers;

	KUNIT_EXPECT_EQ(test, mappers_find(test->priv, &mappers), all);
	KUNIT_EXPECT_EQ(test, mappers.nr, 0);
	pgsa_mappers_free(&mappers);
}

/* The frame has been freed since, and is of somebody who is not concerned. */
static void find_none_of_other_content(struct kunit *test)
{
	struct mappers_test *mt = test->priv;

	mt->finding.word ^= PGSA_WORD_AGE;
	mappers_expect_none(test, false);
	mt->finding.word ^= PGSA_WORD_AGE;
	mt->finding.result = PGSA_UNRESOLVED;
	mappers_expect_none(test, false);
}

/* Page cache that nobody maps */
static void find_none_of_unmapped(struct kunit *test)
{
	struct mappers_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, vm_munmap(mt->addr, PAGE_SIZE), 0);
	mappers_expect_none(test, true);
}

static void mappers_free_page(void *page)
{
	__free_page(page);
}

/* It is somebody's, and may be mapped in a moment. */
static void find_none_of_copy(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct mappers_test *mt = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, mappers_free_page,
							page), 0);
	mt->finding.pfn = page_to_pfn(page);
	mt->finding.word = pgsa_frame_word_at(mt->finding.pfn);
	mappers_expect_none(test, false);
}

static int hold_mapping(void *data)
{
	struct mappers_test *mt = data;

	i_mmap_lock_write(mt->file->f_mapping);
	complete(&mt->held);
	msleep(HOLD_MS);
	i_mmap_unlock_write(mt->file->f_mapping);
	return 0;
}

static void find_beside(struct kunit *test, int (*hold)(void *data))
{
	struct mappers_test *mt = test->priv;
	struct task_struct *holder = kthread_create(hold, mt, "holder");

	KUNIT_ASSERT_FALSE(test, IS_ERR(holder));
	get_task_struct(holder);
	wake_up_process(holder);
	wait_for_completion(&mt->held);
	mappers_expect(test);
	kthread_stop_put(holder);
}

/* As one does who maps and unmaps the file all the time */
static void find_while_mapping_is_locked(struct kunit *test)
{
	find_beside(test, hold_mapping);
}

static int hold_folio(void *data)
{
	struct mappers_test *mt = data;

	lock_page(mt->page);
	complete(&mt->held);
	msleep(HOLD_MS);
	unlock_page(mt->page);
	return 0;
}

/* A moment of many: storage, or the others that fault it in */
static void find_while_folio_is_locked(struct kunit *test)
{
	find_beside(test, hold_folio);
}

static struct kunit_case mappers_cases[] = {
	KUNIT_CASE(find_one),
	KUNIT_CASE(find_none_of_other_content),
	KUNIT_CASE(find_none_of_unmapped),
	KUNIT_CASE(find_none_of_copy),
	KUNIT_CASE(find_while_mapping_is_locked),
	KUNIT_CASE(find_while_folio_is_locked),
	{}
};

static struct kunit_suite mappers_suite = {
	.name = "pgsa_mappers",
	.init = mappers_init,
	.test_cases = mappers_cases,
};

kunit_test_suite(mappers_suite);
