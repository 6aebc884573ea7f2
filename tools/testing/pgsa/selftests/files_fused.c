// SPDX-License-Identifier: GPL-2.0
/*
 * A FUSE server with one file, written to the protocol. Pages of its file are
 * kept over open(), or there would be nothing to protect.
 */
#include "files_fused.h"

#include <linux/fuse.h>
#include <sys/mount.h>
#include <sys/uio.h>

#define MAX_WRITE	(32 * PGSA_PAGE)
#define BUFFER_SIZE	(MAX_WRITE + 65536)
#define FOREVER		100000

static char content[FUSED_SIZE];

static void reply(int fd, uint64_t unique, int error, const void *data,
		  size_t len)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + len,
		.error = error,
		.unique = unique,
	};
	struct iovec iov[] = {
		{ &header, sizeof(header) }, { (void *)data, len },
	};

	/* It fails when the one who asked has been killed. */
	if (writev(fd, iov, 2) < 0)
		return;
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr attr = {
		.ino = node,
		.nlink = 1,
		.blksize = PGSA_PAGE,
	};

	if (node == FUSE_ROOT_ID) {
		attr.mode = S_IFDIR | 0700;
	} else {
		attr.mode = S_IFREG | 0600;
		attr.size = FUSED_SIZE;
	}
	return attr;
}

static void answer_init(int fd, const struct fuse_in_header *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = MAX_WRITE,
		.flags = FUSE_BIG_WRITES,
		.max_background = 16,
		.congestion_threshold = 12,
		.max_write = MAX_WRITE,
		.time_gran = 1,
	};

	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void answer_lookup(int fd, const struct fuse_in_header *in)
{
	struct fuse_entry_out out = {
		.nodeid = FUSED_NODE,
		.entry_valid = FOREVER,
		.attr_valid = FOREVER,
		.attr = attributes(FUSED_NODE),
	};

	if (strcmp((const char *)(in + 1), FUSED_NAME))
		reply(fd, in->unique, -ENOENT, NULL, 0);
	else
		reply(fd, in->unique, 0, &out, sizeof(out));
}

static void answer_attr(int fd, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {
		.attr_valid = FOREVER,
		.attr = attributes(in->nodeid),
	};

	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void answer_open(int fd, const struct fuse_in_header *in)
{
	struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE };

	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void answer_read(int fd, const struct fuse_in_header *in)
{
	const struct fuse_read_in *read = (const void *)(in + 1);
	size_t len = 0;

	if (read->offset < FUSED_SIZE)
		len = FUSED_SIZE - read->offset;
	if (len > read->size)
		len = read->size;
	reply(fd, in->unique, 0, content + read->offset, len);
}

static void answer_write(int fd, const struct fuse_in_header *in)
{
	const struct fuse_write_in *write = (const void *)(in + 1);
	struct fuse_write_out out = { .size = write->size };

	if (write->offset + write->size > FUSED_SIZE) {
		reply(fd, in->unique, -EFBIG, NULL, 0);
		return;
	}
	memcpy(content + write->offset, write + 1, write->size);
	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void answer(int fd, const struct fuse_in_header *in)
{
	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(fd, in);
		break;
	case FUSE_LOOKUP:
		answer_lookup(fd, in);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer_attr(fd, in);
		break;
	case FUSE_OPEN:
		answer_open(fd, in);
		break;
	case FUSE_READ:
		answer_read(fd, in);
		break;
	case FUSE_WRITE:
		answer_write(fd, in);
		break;
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_RELEASE:
		reply(fd, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(fd, in->unique, -EOPNOTSUPP, NULL, 0);
	}
}

static void serve(int fd)
{
	char *buffer = malloc(BUFFER_SIZE);

	for (;;) {
		if (read(fd, buffer, BUFFER_SIZE) > 0)
			answer(fd, (const void *)buffer);
		else if (errno != EINTR && errno != EAGAIN && errno != ENOENT)
			_exit(TEST_PASS);	/* it was unmounted */
	}
}

/* Returns the file descriptor by which the server's messages go. */
int fused_mount(const char *dir)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];

	if (fd < 0)
		skip("no FUSE");
	mkdir(dir, 0700);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	check(!mount("pgsa", dir, "fuse", 0, options), "mount fuse: %s",
	      strerror(errno));
	if (!fork_child())
		serve(fd);
	return fd;
}

/* FUSE_NOTIFY_STORE: the server puts data into the kernel's page cache. */
void fused_store(int fd, size_t at, const char *data, size_t len)
{
	struct fuse_notify_store_out store = {
		.nodeid = FUSED_NODE,
		.offset = at,
		.size = len,
	};
	struct fuse_out_header header = {
		.len = sizeof(header) + sizeof(store) + len,
		.error = FUSE_NOTIFY_STORE,
	};
	struct iovec iov[] = {
		{ &header, sizeof(header) }, { &store, sizeof(store) },
		{ (void *)data, len },
	};

	check(writev(fd, iov, 3) == (ssize_t)header.len, "notify: %s",
	      strerror(errno));
}
