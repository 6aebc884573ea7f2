// SPDX-License-Identifier: GPL-2.0
/*
 * What is told, and to whom: the log says what a refused write should have been;
 * files that tell of processes are for root; and what cannot be done fails.
 */
#include "abi.h"

#include <sys/stat.h>

#define TARGET_DIR	POLICY_DIR "/targets/t"
#define LOW_FRAMES	32
#define THREADS_MAX	"/proc/sys/kernel/threads-max"

static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	check(fd >= 0 && lseek(fd, 0, SEEK_END) >= 0, "/dev/kmsg: %s",
	      strerror(errno));
	return fd;
}

/* Is there a line that has both, among those since the log was opened? */
static bool log_has(int fd, const char *one, const char *other)
{
	char line[2048];
	ssize_t n;

	while ((n = read(fd, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		line[n > 0 ? n : 0] = '\0';
		if (strstr(line, one) && strstr(line, other))
			return true;
	}
	return false;
}

static void expect_told(const char *path, const char *text, const char *valid)
{
	int fd = open_log();

	check(pgsa_write(path, text), "%s: %s was accepted", path, text);
	check(log_has(fd, "refused", valid), "%s: %s: not told: %s", path, text,
	      valid);
	close(fd);
}

void test_told(void)
{
	static const char *const told[][3] = {
		{ "enable", "2", "valid: 0 or 1" },
		{ "strategy", "x", "registered" },
		{ "strategy", "x", "valid: " }, { "strategy", "x", "sweep" },
		{ "detect", "hamming", "valid: crc32 crc32c\n" },
		{ "correct", "crc32", "valid: none hamming" },
		{ "scope", "x", "valid: mapped pagecache" },
		{ "cpu_permille", "1001", "valid: 0 to 1000" },
		{ "interval_ms", "x", "valid: 0 to 86400000" },
		{ "frames_per_switch", "257", "valid: 0 to 256" },
		{ "searchers", "0", "valid: 1 to 64" },
		{ "targets/t/pid", "x", "valid: 0, or number of a process" },
		{ "targets/t/pid", "4194303", "no such process" },
		{ "targets/t/agent", "x", "valid: 0, or number of a process" },
		{ "targets/t/signal_number", "9", "valid: 0 to 64 but for 9 and 19" },
		{ "targets/t/cgroup", "x", "valid: an empty line, or path" },
	};
	char path[160];
	unsigned int i;

	policy_must_set("enable", "0");
	check(!mkdir(TARGET_DIR, 0755), "mkdir: %s", strerror(errno));
	for (i = 0; i < ARRAY_SIZE(told); i++) {
		snprintf(path, sizeof(path), POLICY_DIR "/%s", told[i][0]);
		expect_told(path, told[i][1], told[i][2]);
	}
	check(!rmdir(TARGET_DIR), "rmdir: %s", strerror(errno));
	policy_must_set("enable", "1");
	expect_told(POLICY_DIR "/strategy", "sweep", "while the policy is enabled");
}

/* What is injected into a frame that is not sealed is content from then on. */
void test_told_unsealed(void)
{
	uint32_t *written = new_pages(1, PROT_READ | PROT_WRITE);
	uint32_t *sealed = new_pages(1, PROT_READ);
	unsigned long pfn;
	char text[32];
	int fd;

	check(!pgsa_pfn(getpid(), (unsigned long)written, &pfn), "no frame");
	snprintf(text, sizeof(text), "pfn=0x%lx ", pfn);
	written[0] = 0;
	fd = open_log();
	check(!pgsa_inject(getpid(), (unsigned long)written, 1), "inject: %s",
	      strerror(errno));
	check(log_has(fd, "is not sealed", text), "not told of %s", text);
	check(written[0] == 1, "not injected");
	close(fd);

	wait_sealed(sealed);
	fd = open_log();
	check(!pgsa_inject(getpid(), (unsigned long)sealed, 1), "inject: %s",
	      strerror(errno));
	check(!log_has(fd, "is not sealed", "pfn="), "told of a sealed frame");
	close(fd);
}

static void expect_mode(const char *dir, const char *file, unsigned int mode)
{
	struct stat st;
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	check(!stat(path, &st), "%s: %s", path, strerror(errno));
	check((st.st_mode & 07777) == mode, "%s: mode %o instead of %o", path,
	      st.st_mode & 07777, mode);
}

/* They tell what hidepid= and pid namespaces hide. */
void test_modes(void)
{
	static const char *const files[] = {
		"pid", "agent", "signal_number", "cgroup", "comm", "frames",
		"errors",
	};
	char path[160], text[64];
	unsigned int i;
	pid_t pid;

	check(!mkdir(TARGET_DIR, 0755), "mkdir: %s", strerror(errno));
	for (i = 0; i < ARRAY_SIZE(files); i++)
		expect_mode(TARGET_DIR, files[i], i < 4 ? 0600 : 0400);
	pid = fork_child();
	if (!pid) {
		check(!setgid(65534) && !setuid(65534), "setuid: %s",
		      strerror(errno));
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(path, sizeof(path), TARGET_DIR "/%s", files[i]);
			check(pgsa_read(path, text, sizeof(text)) == -EACCES,
			      "%s was read", path);
		}
		_exit(TEST_PASS);
	}
	expect_exit(pid);
	check(!rmdir(TARGET_DIR), "rmdir: %s", strerror(errno));
}

/*
 * The first frames are the kernel's program on User Mode Linux, of which the host
 * protects a part, and the firmware's on a PC. Each flip is made twice, which leaves
 * what was there.
 */
void test_inject_program(void)
{
	unsigned int pfn, i;
	char text[64];
	int err;

	for (pfn = 0; pfn < LOW_FRAMES; pfn++) {
		snprintf(text, sizeof(text), "%u 4088 1", pfn);
		for (i = 0; i < 2; i++) {
			err = -pgsa_write(PGSA_DEBUGFS "/inject_pfn", text);
			check(!err || err == EFAULT || err == ENXIO, "%s: %s", text,
			      strerror(err));
		}
	}
}

/* No thread may be made any more: the policy stays disabled, and can say why. */
void test_no_threads(void)
{
	char before[32];
	int err, fd;

	policy_must_set("enable", "0");
	check(pgsa_read(THREADS_MAX, before, sizeof(before)) > 0, "%s",
	      THREADS_MAX);
	fd = open_log();
	check(!pgsa_write(THREADS_MAX, "20"), "%s", THREADS_MAX);
	err = policy_set("enable", "1");
	check(!pgsa_write(THREADS_MAX, before), "%s", THREADS_MAX);
	if (!err) {
		close(fd);
		skip("there are fewer than 20 threads");
	}
	check(err == -EAGAIN, "enable: %s", strerror(-err));
	check(log_has(fd, "enable", "no more threads or process numbers"),
	      "not told why");
	check(!read_number(POLICY_DIR "/enable"), "it is enabled");
	policy_must_set("enable", "1");
	close(fd);
}
