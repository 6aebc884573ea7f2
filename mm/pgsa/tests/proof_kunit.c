// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_proof: what the proof says of a page that a process maps, and that
 * it says nothing if it has not met all entries.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#include "../pgsa.h"
#include "../proof.h"

/* The page behind an address, which the caller has to put. */
static struct page *proof_page(struct kunit *test, unsigned long addr)
{
	struct page *page;

	KUNIT_ASSERT_NE(test, addr, 0);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast(addr, 1, 0, &page), 1);
	return page;
}

static const char *proof_says(struct page *page)
{
	struct folio *folio = page_folio(page);
	enum pgsa_refusal refusal;

	folio_lock(folio);
	refusal = pgsa_proof(folio, page);
	folio_unlock(folio);
	return pgsa_refusal_name(refusal);
}

static void proof_file_put(void *file)
{
	fput(file);
}

static struct file *proof_file(struct kunit *test)
{
	struct file *file = shmem_file_setup("pgsa", PAGE_SIZE, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, proof_file_put,
							file), 0);
	return file;
}

static unsigned long proof_map(struct kunit *test, struct file *file,
			       unsigned long prot, unsigned long flags)
{
	return kunit_vm_mmap(test, file, 0, PAGE_SIZE, prot, flags, 0);
}

/* Memory of one process, which writes to it */
static void exclusive_memory(struct kunit *test)
{
	unsigned long addr = proof_map(test, NULL, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS);
	struct page *page;

	KUNIT_ASSERT_EQ(test, put_user(1, (int __user *)addr), 0);
	page = proof_page(test, addr);
	KUNIT_EXPECT_STREQ(test, proof_says(page), "writable");
	put_page(page);
}

/* The page of a file on tmpfs, which one entry can read. The caller has to put it. */
static struct page *proof_shared_page(struct kunit *test, struct file *file)
{
	struct page *page = proof_page(test, proof_map(test, file, PROT_READ,
						       MAP_SHARED));

	KUNIT_EXPECT_STREQ(test, proof_says(page), "ok");
	return page;
}

/* Another entry can write it, as long as it is there */
static void shared_memory(struct kunit *test)
{
	struct file *file = proof_file(test);
	struct page *page = proof_shared_page(test, file);
	unsigned long writer = proof_map(test, file, PROT_READ | PROT_WRITE,
					 MAP_SHARED);

	KUNIT_ASSERT_EQ(test, put_user(1, (int __user *)writer), 0);
	KUNIT_EXPECT_STREQ(test, proof_says(page), "writable");
	vm_munmap(writer, PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, proof_says(page), "ok");
	put_page(page);
}

/* An entry that the reverse mapping does not lead to, as that of a driver */
static void unknown_entry(struct kunit *test)
{
	struct page *page = proof_shared_page(test, proof_file(test));

	atomic_inc(&page->_mapcount);
	KUNIT_EXPECT_STREQ(test, proof_says(page), "unproved");
	atomic_dec(&page->_mapcount);
	KUNIT_EXPECT_STREQ(test, proof_says(page), "ok");
	put_page(page);
}

/* Others are changing the areas of the file */
static void areas_locked(struct kunit *test)
{
	struct file *file = proof_file(test);
	struct page *page = proof_shared_page(test, file);

	i_mmap_lock_write(file->f_mapping);
	KUNIT_EXPECT_STREQ(test, proof_says(page), "unproved");
	i_mmap_unlock_write(file->f_mapping);
	put_page(page);
}

/* Who maps nothing writes through no entry */
static void unmapped_memory(struct kunit *test)
{
	struct file *file = proof_file(test);
	struct page *page = shmem_read_mapping_page(file->f_mapping, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	KUNIT_EXPECT_STREQ(test, proof_says(page), "ok");
	put_page(page);
}

static struct kunit_case proof_cases[] = {
	KUNIT_CASE(exclusive_memory),
	KUNIT_CASE(shared_memory),
	KUNIT_CASE(unknown_entry),
	KUNIT_CASE(areas_locked),
	KUNIT_CASE(unmapped_memory),
	{}
};

static struct kunit_suite proof_suite = {
	.name = "pgsa_proof",
	.test_cases = proof_cases,
};

kunit_test_suite(proof_suite);
