// SPDX-License-Identifier: GPL-2.0
/*
 * Everybody who may write to memory without a writable page table entry, or
 * who changes what a frame is used for, at work under an unlimited search: see
 * writers.h, and mutations.list for what happens when a rule is dropped.
 */
#include "writers.h"

static const struct selftest tests[] = {
	{ "stale TLB entry, mprotect", test_tlb_mprotect },
	{ "stale TLB entry, fork", test_tlb_fork },
	{ "stale TLB entry, clear_refs", test_tlb_clear_refs },
	{ "stale TLB entry, userfaultfd", test_tlb_uffd },
	{ "stale TLB entry, munmap", test_tlb_munmap },
	{ "forced writes", test_forced },
	{ "forced writes, huge page", test_forced_thp },
	{ "breakpoints", test_breakpoints },
	{ "process_vm_writev", test_vm_writev },
	{ "fixed buffer of io_uring", test_fixed_buffer },
	{ "fixed buffer of io_uring, fork", test_fixed_buffer_fork },
	{ "direct read", test_direct_read },
	{ "direct read, fork", test_direct_read_fork },
	{ "direct read of a block device", test_direct_bio },
	{ "ring of AIO", test_aio_ring },
	{ "ring of io_uring", test_uring_ring },
	{ "ring of io_uring in a page of the process", test_uring_user_ring },
	{ "ring of perf", test_perf_ring },
	{ "ring of a packet socket", test_packet_ring },
	{ "ring of a trace", test_trace_ring },
	{ "uprobe", test_uprobe },
	{ "KSM", test_ksm },
	{ "huge page", test_thp },
	{ "huge page, split", test_thp_split },
	{ "huge page, collapsed", test_thp_collapse },
	{ "large pages", test_large },
	{ "write protection by userfaultfd", test_uffd_wp },
	{ "write protection by PAGEMAP_SCAN", test_pagemap_scan },
	{ "page moved by userfaultfd", test_uffd_move },
	{ "shared anonymous memory", test_shared },
	{ "swap", test_swap },
	{ "mremap of page tables", test_mremap_large },
	{ "madvise(MADV_FREE)", test_madvise_free },
	{ "compaction", test_compaction },
	{ "soft offline", test_soft_offline },
	{ "frames used again for files", test_reuse },
	{ "vDSO", test_vdso },
	{ "hugetlb", test_hugetlb },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
