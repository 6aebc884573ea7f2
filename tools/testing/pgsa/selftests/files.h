/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of files.c and pagecache.c: a file that is mapped read-only, or not
 * at all; a model of its content; and the places where such files are.
 */
#ifndef PGSA_FILES_H
#define PGSA_FILES_H

#include "pgsa_selftest.h"

#define WORK_DIR	"/tmp/pgsa-files"	/* a tmpfs, the current directory */
#define HUGE_SIZE	(512 * PGSA_PAGE)

/*
 * Who writes and who looks may be one process: the kernel's writers do not go
 * through anybody's page tables.
 */
struct file {
	char path[64];
	int fd;			/* kept open for writing, else -1 */
	size_t size;		/* of the mapping, whole pages */
	size_t end;		/* of the file, in the mapping's last page */
	const char *map;	/* read-only and shared; see files_unmapped */
	char *model;		/* what has to be seen there */
	bool refused;		/* its pages may never be sealed */
};

typedef void (*change_fn)(struct file *file, unsigned int round);

/* files_model.c */
void begin(void);
void end(void);
void restart_search(void);
void search_scope(const char *scope);
unsigned long long false_errors(void);
void flip_repaired(const void *page);
uint32_t random_word(void);
void fill_random(char *to, size_t len);
struct file file_new(const char *path, unsigned int pages);
struct file file_of_fd(int fd, unsigned int pages);
void file_keep_open(struct file *file);
void file_map(struct file *file, int prot);
int file_open(const struct file *file, int flags);
void file_close(const struct file *file, int fd);
void file_write(struct file *file, size_t at, size_t len);
void file_cut(struct file *file, size_t at);
void file_zero(struct file *file, int mode, size_t at, size_t len);
void file_check(const struct file *file);
void file_settle_page(const struct file *file, size_t at);
void file_settle(const struct file *file);
void file_rounds(struct file *file, change_fn change);
void file_change(struct file *file, unsigned int round);

/* files_unmapped.c */
extern bool files_unmapped;	/* the tests' files are never mapped */
void unmapped_view(struct file *file, int fd);
void unmapped_read(const void *addr, char *to, size_t len);
void unmapped_pfns(const void *addr, unsigned long *pfns, unsigned int nr);
const char *unmapped_wait_sealed(const void *addr, unsigned long *pfns,
				 unsigned int nr);
void unmapped_settle(const struct file *file);
void flip_frame(unsigned long pfn, unsigned int bit);
void unmapped_flip_is_repaired(const void *page, unsigned int bit);

/* files_place.c */
int run_program(char *const argv[]);
void make_loop(int backing_fd, char *path, size_t size);
void mount_device(const char *dir);
void mount_image(const char *dir, const char *block, const char *features,
		 const char *options);
void mount_overlay(const char *base, const char *dir);

/* files_ext4.c */
void test_write(void);
void test_write_races(void);
void test_kept_open(void);
void test_append(void);
void test_truncate(void);
void test_fallocate(void);
void test_small_blocks(void);
void test_hole(void);
void test_end_of_file(void);
void test_cleaned(void);
void test_direct(void);
void test_journal(void);
void test_inline(void);
void test_inline_truncate(void);

/* files_flow.c */
void test_splice(void);
void test_replaced(void);
void test_unlinked(void);
void test_swapfile(void);
void test_swapfile_foreign(void);
void test_loop_backing(void);
void test_overlay_ext4(void);
void test_overlay_tmpfs(void);
void test_file_thp(void);

/* files_host.c */
void test_root_copy_up(void);
void test_hostfs(void);
void test_hostfs_truncate(void);
void test_9p(void);
void test_9p_truncate(void);

/* files_shmem.c */
void test_memfd(void);
void test_memfd_zero(void);
void test_tmpfs(void);
void test_tmpfs_zero(void);
void test_tmpfs_kept_open(void);
void test_shared_anon(void);
void test_sysv(void);
void test_tmpfs_huge(void);
void test_tmpfs_huge_races(void);

/* files_device.c */
void test_udmabuf(void);

/* files_fuse.c, with the server of files_fused.c */
void test_fuse_refused(void);
void test_fuse_write(void);
void test_fuse_store(void);

/* files_block.c */
void test_block_refused(void);
void test_block_metadata(void);
void test_block_reason(void);

/* pagecache_writers.c */
void test_stores(void);
void test_drop_caches(void);
void test_pressure(void);
void test_tmpfs_swap(void);
void test_loop(void);
void test_sent(void);

#endif /* PGSA_FILES_H */
