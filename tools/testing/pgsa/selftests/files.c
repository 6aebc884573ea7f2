// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own writers of file pages: whatever they write to a page that is
 * mapped read-only, while an unlimited search seals and checks it, must not be
 * taken for an error. Documentation/pgsa.rst has a table of them.
 *
 * PGSA_BLOCKDEV    block device with an ext4 file system, see files_place.c
 */
#include "files.h"

static const struct selftest tests[] = {
	{ "ext4: write", test_write },
	{ "ext4: races of writers and searcher", test_write_races },
	{ "ext4: write, file kept open", test_kept_open },
	{ "ext4: append", test_append },
	{ "ext4: truncate and extend", test_truncate },
	{ "ext4: fallocate", test_fallocate },
	{ "ext4: small blocks", test_small_blocks },
	{ "ext4: hole filled", test_hole },
	{ "ext4: writeback zeroes beyond the end", test_end_of_file },
	{ "ext4: stores between cleanings", test_cleaned },
	{ "ext4: direct write", test_direct },
	{ "ext4: journalled data", test_journal },
	{ "ext4: inline data, write", test_inline },
	{ "ext4: inline data, truncate", test_inline_truncate },
	{ "ext4: huge page of a file", test_file_thp },
	{ "splice, sendfile, copy_file_range", test_splice },
	{ "file replaced", test_replaced },
	{ "file unlinked", test_unlinked },
	{ "file used for swap", test_swapfile },
	{ "file used for swap, of the other byte order", test_swapfile_foreign },
	{ "file below a loop device", test_loop_backing },
	{ "overlay on ext4", test_overlay_ext4 },
	{ "overlay on tmpfs", test_overlay_tmpfs },
	{ "root file system, copy up", test_root_copy_up },
	{ "hostfs: write", test_hostfs },
	{ "hostfs: truncate and extend", test_hostfs_truncate },
	{ "9p: write", test_9p },
	{ "9p: truncate and extend", test_9p_truncate },
	{ "memfd: write", test_memfd },
	{ "memfd: truncate, holes", test_memfd_zero },
	{ "tmpfs: write", test_tmpfs },
	{ "tmpfs: truncate, holes", test_tmpfs_zero },
	{ "tmpfs: write, file kept open", test_tmpfs_kept_open },
	{ "tmpfs: huge pages", test_tmpfs_huge },
	{ "tmpfs: huge pages, races", test_tmpfs_huge_races },
	{ "shared anonymous memory", test_shared_anon },
	{ "System V shared memory", test_sysv },
	{ "memfd: stores through a dma-buf", test_udmabuf },
	{ "fuse: not sealed", test_fuse_refused },
	{ "fuse: write through", test_fuse_write },
	{ "fuse: store by the server", test_fuse_store },
	{ "block device: not sealed", test_block_refused },
	{ "block device: metadata", test_block_metadata },
	{ "block device: reason", test_block_reason },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
