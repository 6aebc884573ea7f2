// SPDX-License-Identifier: GPL-2.0
/*
 * A file system whose one file is read as slowly as the test wants: a FUSE
 * server in a process of its own, which asks before it answers a read.
 */
#include "writers.h"

#include <linux/fuse.h>
#include <sys/mount.h>
#include <sys/uio.h>

#define SLOW_INODE	2
#define SLOW_SIZE	(64 * PGSA_PAGE)

struct server {
	int fuse;
	int waiting, go;		/* the test's pipes */
	unsigned int open_flags;
	unsigned int reads;
};

static void answer(const struct server *server, uint64_t unique, int error,
		   void *data, size_t size)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + size,
		.error = error,
		.unique = unique,
	};
	struct iovec iov[2] = {
		{ &header, sizeof(header) },
		{ data, size },
	};

	/* Nobody may want the answer any more. */
	if (writev(server->fuse, iov, 2) < 0 && errno != ENOENT)
		_exit(TEST_FAIL);
}

static struct fuse_attr attr_of(uint64_t inode)
{
	return (struct fuse_attr) {
		.ino = inode,
		.mode = inode == SLOW_INODE ? S_IFREG | 0600 : S_IFDIR | 0700,
		.nlink = 1,
		.size = inode == SLOW_INODE ? SLOW_SIZE : 0,
		.blksize = PGSA_PAGE,
	};
}

static void answer_read(struct server *server, uint64_t unique,
			const struct fuse_read_in *in)
{
	static char data[SLOW_SIZE];
	size_t size = in->size;
	char byte = 0;

	if (in->offset + size > SLOW_SIZE)
		size = in->offset < SLOW_SIZE ? SLOW_SIZE - in->offset : 0;
	memset(data, SLOW_BYTE + server->reads++, size);
	if (write(server->waiting, &byte, 1) != 1 ||
	    read(server->go, &byte, 1) != 1)
		_exit(TEST_FAIL);
	answer(server, unique, 0, data, size);
}

static void answer_request(struct server *server,
			   const struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_write = PGSA_PAGE,
	};
	struct fuse_attr_out attr = { .attr = attr_of(in->nodeid) };
	struct fuse_entry_out entry = {
		.nodeid = SLOW_INODE,
		.attr = attr_of(SLOW_INODE),
	};
	struct fuse_open_out open = { .open_flags = server->open_flags };

	switch (in->opcode) {
	case FUSE_INIT:
		return answer(server, in->unique, 0, &init, sizeof(init));
	case FUSE_GETATTR:
		return answer(server, in->unique, 0, &attr, sizeof(attr));
	case FUSE_LOOKUP:
		return answer(server, in->unique, 0, &entry, sizeof(entry));
	case FUSE_OPEN:
		return answer(server, in->unique, 0, &open, sizeof(open));
	case FUSE_READ:
		return answer_read(server, in->unique, (const void *)(in + 1));
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;		/* want no answer */
	default:
		return answer(server, in->unique, -EOPNOTSUPP, NULL, 0);
	}
}

static void serve(struct server *server)
{
	static char request[65536];

	while (read(server->fuse, request, sizeof(request)) > 0)
		answer_request(server, (struct fuse_in_header *)request);
	_exit(TEST_PASS);
}

/* Mounts, and opens the file. */
void slow_open(struct slow_file *file, bool direct)
{
	int waiting[2], go[2], fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];

	if (fuse < 0)
		skip("no FUSE");
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	mkdir(SLOW_DIR, 0700);
	check(!mount("slow", SLOW_DIR, "fuse", 0, options), "mount: %s",
	      strerror(errno));
	check(!pipe(waiting) && !pipe(go), "pipe: %s", strerror(errno));
	file->server = fork_child();
	if (!file->server)
		serve(&(struct server) {
			.fuse = fuse,
			.waiting = waiting[1],
			.go = go[0],
			.open_flags = direct ? FOPEN_DIRECT_IO : 0,
		});
	close(fuse);
	file->waiting = waiting[0];
	file->go = go[1];
	file->fd = open(SLOW_DIR "/file", O_RDONLY | O_CLOEXEC);
	check(file->fd >= 0, "open: %s", strerror(errno));
}

/* Returns when somebody waits for data. */
void slow_wait(struct slow_file *file)
{
	char byte;

	check(read(file->waiting, &byte, 1) == 1, "the server has ended");
}

void slow_go(struct slow_file *file)
{
	check(write(file->go, "", 1) == 1, "the server has ended");
}

void slow_close(struct slow_file *file)
{
	close(file->fd);
	umount2(SLOW_DIR, MNT_DETACH);
	kill(file->server, SIGKILL);
	waitpid(file->server, NULL, 0);
}
