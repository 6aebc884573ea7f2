// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of a guest started by tools/testing/pgsa/guest.
 *
 * The kernel has mounted the host's root file system read-only. This program
 * puts a throw-away overlay above it, mounts what a running system has, runs
 * one command and tells the host how it ended, by three lines to the host:
 * the command's stdout, its stderr, and a status line that carries "alive"
 * every two seconds and "exit N" at the end. With a file "terminal" from the host,
 * which has its size, the command has a fourth line as its controlling terminal.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define ALIVE_SECONDS 2
#define DRAIN_SECONDS 10

/* The lines to the host, in the order in which the host attaches them. */
enum { LINE_OUT, LINE_ERR, LINE_STATUS, NR_LINES };

struct pump {
	int from;
	int to;
	pthread_t thread;
};

/* What to run, as the host wrote it: strings that end in NUL. */
struct request {
	char **env;
	char **words;		/* the working directory, then the command */
	bool interactive;
	struct winsize size;
};

static void die(const char *what)
{
	/* The end of the first process is a panic, which the host reports. */
	fprintf(stderr, "guest-init: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	size_t room = 0;
	char *text = NULL;
	size_t got;

	if (!file)
		die(path);
	*length = 0;
	do {
		room += 65536;
		text = realloc(text, room + 1);
		if (!text)
			die(path);
		got = fread(text + *length, 1, room - *length, file);
		*length += got;
	} while (*length == room);
	fclose(file);
	text[*length] = '\0';
	return text;
}

static char **read_strings(const char *directory, const char *name)
{
	char path[4096];
	size_t length;
	char **strings;
	size_t nr = 0;
	char *text;
	char *p;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	text = read_file(path, &length);
	strings = calloc(length + 1, sizeof(*strings));
	if (!strings)
		die(path);
	for (p = text; p < text + length; p += strlen(p) + 1)
		strings[nr++] = p;
	return strings;
}

static void read_request(struct request *request, const char *directory)
{
	char path[4096];
	FILE *file;

	request->env = read_strings(directory, "env");
	request->words = read_strings(directory, "words");
	snprintf(path, sizeof(path), "%s/terminal", directory);
	file = fopen(path, "r");
	if (!file)
		return;
	request->interactive = true;
	if (fscanf(file, "%hu %hu", &request->size.ws_row,
		   &request->size.ws_col) != 2)
		die(path);
	fclose(file);
}

static void make_root(void)
{
	if (mount("tmpfs", "/tmp", "tmpfs", 0, "mode=755"))
		die("cannot mount tmpfs on /tmp");
	if (mkdir("/tmp/upper", 0755) || mkdir("/tmp/work", 0755) ||
	    mkdir("/tmp/root", 0755))
		die("cannot make the overlay's directories");
	if (mount("overlay", "/tmp/root", "overlay", 0,
		  "lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work"))
		die("cannot mount the overlay");
	/* See pivot_root(2): the old root ends up on top and is taken off. */
	if (chdir("/tmp/root") || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/"))
		die("cannot change the root file system");
}

static void mount_all(void)
{
	static const struct {
		const char *type, *target, *options;
		bool make;
	} mounts[] = {
		{ "proc", "/proc", NULL, false },
		{ "sysfs", "/sys", NULL, false },
		{ "debugfs", "/sys/kernel/debug", NULL, false },
		{ "tracefs", "/sys/kernel/tracing", NULL, false },
		{ "configfs", "/sys/kernel/config", NULL, false },
		{ "cgroup2", "/sys/fs/cgroup", NULL, false },
		{ "devtmpfs", "/dev", "mode=755", false },
		{ "devpts", "/dev/pts", "ptmxmode=666", true },
		{ "tmpfs", "/dev/shm", "mode=1777", true },
		{ "tmpfs", "/run", "mode=755", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (mounts[i].make)
			mkdir(mounts[i].target, 0755);
		/* ENODEV, ENOENT: this kernel was built without it. */
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, 0,
			  mounts[i].options) &&
		    errno != ENODEV && errno != ENOENT)
			die(mounts[i].target);
	}
	mkdir("/run/lock", 01777);
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		die("cannot make /dev/fd");
}

/* Images have the same names on every platform: /dev/image0, /dev/image1 ... */
static void name_images(void)
{
	static const char * const drivers[] = { "ubd", "vd" };
	char node[32], alias[32];
	size_t driver;
	char letter;

	for (driver = 0; driver < ARRAY_SIZE(drivers); driver++) {
		for (letter = 'a'; letter <= 'z'; letter++) {
			snprintf(node, sizeof(node), "/dev/%s%c",
				 drivers[driver], letter);
			snprintf(alias, sizeof(alias), "/dev/image%d",
				 letter - 'a');
			if (access(node, F_OK) || symlink(node, alias))
				break;
		}
	}
}

static void bring_up_loopback(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0)
		return;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

/* User Mode Linux has serial lines; QEMU has virtio ports, which come late. */
static bool have_virtio_ports(void)
{
	return !access("/sys/class/virtio-ports", F_OK);
}

static int open_port(int line)
{
	char pattern[32];
	glob_t found;
	int fd = -1;

	snprintf(pattern, sizeof(pattern), "/dev/vport*p%d", line + 1);
	if (!glob(pattern, 0, NULL, &found))
		fd = open(found.gl_pathv[0], O_WRONLY | O_CLOEXEC);
	globfree(&found);
	return fd;
}

static int open_line(int line)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	struct termios mode;
	char path[32];
	int tries;
	int fd;

	if (have_virtio_ports()) {
		for (tries = 0; tries < 1000; tries++) {
			fd = open_port(line);
			if (fd >= 0)
				return fd;
			nanosleep(&pause, NULL);
		}
		die("no virtio port");
	}
	snprintf(path, sizeof(path), "/dev/ttyS%d", line);
	fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &mode))
		die(path);
	cfmakeraw(&mode);
	tcsetattr(fd, TCSANOW, &mode);
	return fd;
}

static int write_all(int fd, const char *data, size_t length)
{
	ssize_t done;

	while (length) {
		done = write(fd, data, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		data += done;
		length -= done;
	}
	return 0;
}

static void *pump_run(void *arg)
{
	struct pump *pump = arg;
	char buffer[16384];
	ssize_t got;

	for (;;) {
		got = read(pump->from, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || write_all(pump->to, buffer, got))
			break;
	}
	close(pump->from);
	return NULL;
}

/* Returns the end of the pipe that the command writes to. */
static int pump_start(struct pump *pump, int to)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	pump->from = ends[0];
	pump->to = to;
	if (pthread_create(&pump->thread, NULL, pump_run, pump))
		die("pthread_create");
	return ends[1];
}

static void *tell_alive(void *arg)
{
	int fd = *(int *)arg;

	while (!write_all(fd, "alive\n", 6))
		sleep(ALIVE_SECONDS);
	return NULL;
}

/* The caller leads a session without a terminal, and so gets this one. */
static int open_terminal(const struct winsize *size)
{
	const char *path = have_virtio_ports() ? "/dev/ttyS1" : "/dev/ttyS3";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path);
	ioctl(fd, TIOCSCTTY, 0);
	ioctl(fd, TIOCSWINSZ, size);
	return fd;
}

static void run_command(const struct request *request, int out, int err)
{
	char **argv = request->words + 1;
	int in;

	setsid();
	if (request->interactive)
		in = open_terminal(&request->size);
	else
		in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(in, STDIN_FILENO);
	dup2(request->interactive ? in : out, STDOUT_FILENO);
	dup2(request->interactive ? in : err, STDERR_FILENO);
	if (chdir(request->words[0]))
		fprintf(stderr, "guest: no directory %s here, running in /\n",
			request->words[0]);
	environ = request->env;
	execvp(argv[0], argv);
	fprintf(stderr, "guest: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int wait_for(pid_t command)
{
	int status;
	pid_t pid;

	do {
		pid = wait(&status);
	} while (pid != command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The threads of this process are not hit by its own kill(-1). */
static void end_all(struct pump *pumps, int nr)
{
	struct timespec limit;
	int i;

	kill(-1, SIGKILL);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += DRAIN_SECONDS;
	for (i = 0; i < nr; i++)
		pthread_timedjoin_np(pumps[i].thread, NULL, &limit);
}

int main(void)
{
	struct pump pumps[2] = { };
	struct request request = { };
	int lines[NR_LINES];
	const char *directory;
	pthread_t alive;
	int out, err, i;
	char text[32];
	pid_t pid;

	directory = getenv("PGSA_GUEST");
	if (!directory) {
		fputs("guest-init: runs in a guest, see tools/testing/pgsa/guest\n",
		      stderr);
		return 2;
	}
	read_request(&request, directory);
	umask(0);
	make_root();
	mount_all();
	name_images();
	bring_up_loopback();
	umask(022);
	for (i = 0; i < NR_LINES; i++)
		lines[i] = open_line(i);
	if (pthread_create(&alive, NULL, tell_alive, &lines[LINE_STATUS]))
		die("pthread_create");

	out = pump_start(&pumps[0], lines[LINE_OUT]);
	err = pump_start(&pumps[1], lines[LINE_ERR]);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run_command(&request, out, err);
	close(out);
	close(err);
	i = wait_for(pid);
	end_all(pumps, 2);
	sync();
	for (out = 0; out < LINE_STATUS; out++)
		tcdrain(lines[out]);
	snprintf(text, sizeof(text), "exit %d\n", i);
	write_all(lines[LINE_STATUS], text, strlen(text));
	tcdrain(lines[LINE_STATUS]);
	/* QEMU is told to end on a reset, which is faster than ACPI. */
	reboot(have_virtio_ports() ? RB_AUTOBOOT : RB_POWER_OFF);
	die("reboot");
}
