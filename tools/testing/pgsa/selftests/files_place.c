// SPDX-License-Identifier: GPL-2.0
/*
 * Where the files are: file systems made for a test, below WORK_DIR.
 *
 * PGSA_BLOCKDEV    block device with an ext4 file system (default: the guest's
 *                  first image, /dev/image0; if there is none, a loop device)
 */
#include "files.h"

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#define IMAGE_SIZE	(24 << 20)

/* Returns the exit status, 127 if there is no such program. */
int run_program(char *const argv[])
{
	pid_t pid = fork_child();
	int status, null;

	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status),
	      "%s was killed", argv[0]);
	return WEXITSTATUS(status);
}

/*
 * The device is cleared after its last user, so it is left open here; but only
 * to be read, or it could not be mounted.
 */
void make_loop(int backing_fd, char *path, size_t size)
{
	struct loop_config config = {
		.fd = backing_fd,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int nr, fd;

	nr = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (nr < 0)
		skip("no loop devices");
	close(control);
	snprintf(path, size, "/dev/loop%d", nr);
	fd = open(path, O_RDWR | O_CLOEXEC);
	check(fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config), "%s: %s", path,
	      strerror(errno));
	check(open(path, O_RDONLY | O_CLOEXEC) >= 0, "%s: %s", path,
	      strerror(errno));
	close(fd);
}

/*
 * A new ext4 file system with blocks of @block bytes; @features: for mke2fs -O,
 * @options: for mount, or NULL.
 */
void mount_image(const char *dir, const char *block, const char *features,
		 const char *options)
{
	char image[] = "image.XXXXXX", device[32];
	const char *const mke2fs[] = {
		"/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-I",
		"1024", "-b", block, "-O", features, image, NULL,
	};
	int fd = mkostemp(image, O_CLOEXEC);

	check(fd >= 0 && !ftruncate(fd, IMAGE_SIZE), "%s: %s", image,
	      strerror(errno));
	if (run_program((char **)mke2fs))
		skip("mke2fs is missing or cannot do this");
	make_loop(fd, device, sizeof(device));
	close(fd);
	mkdir(dir, 0700);
	if (mount(device, dir, "ext4", 0, options))
		skip("the kernel cannot mount such an ext4");
}

void mount_device(const char *dir)
{
	const char *device = getenv("PGSA_BLOCKDEV");

	mkdir(dir, 0700);
	if (mount(device ? device : "/dev/image0", dir, "ext4", 0, NULL))
		mount_image(dir, "4096", "extents", NULL);
}

/* An overlay at @dir with both its layers below @base. */
void mount_overlay(const char *base, const char *dir)
{
	char lower[64], upper[64], work[64], options[256];

	snprintf(lower, sizeof(lower), "%s/lower", base);
	snprintf(upper, sizeof(upper), "%s/upper", base);
	snprintf(work, sizeof(work), "%s/work", base);
	mkdir(lower, 0700);
	mkdir(upper, 0700);
	mkdir(work, 0700);
	mkdir(dir, 0700);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
		 lower, upper, work);
	if (mount("overlay", dir, "overlay", 0, options))
		skip("no overlayfs");
}
