// SPDX-License-Identifier: GPL-2.0
/*
 * Texts that are not what they seem: with a NUL inside, with a sign, longer than a
 * page; and names that would be more than a name in the kernel's log.
 */
#include "abi.h"

#define LONG_TEXT	(2 * PGSA_PAGE)
#define TARGET_DIR	POLICY_DIR "/targets/t"

struct right_text {
	const char *file, *text;
};

static const struct right_text policy_right[] = {
	{ "enable", "1" }, { "strategy", "registered" }, { "detect", "crc32c" },
	{ "correct", "none" }, { "scope", "pagecache" },
	{ "cpu_permille", "7" }, { "interval_ms", "7" },
	{ "frames_per_switch", "7" }, { "searchers", "7" },
};

static const struct right_text target_right[] = {
	{ "pid", "1" }, { "agent", "1" }, { "signal_number", "10" },
	{ "cgroup", "/" },
};

static int write_bytes(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	check(fd >= 0, "%s: %s", path, strerror(errno));
	err = write(fd, text, size) < 0 ? errno : 0;
	close(fd);
	return err;
}

static void expect_einval(const char *path, const char *what, const char *text,
			  size_t size)
{
	int err = write_bytes(path, text, size);

	check(err == EINVAL, "%s, %s: %s", path, what,
	      err ? strerror(err) : "was written");
}

/* The right text, with something before or behind it. */
static void expect_all_einval(const char *dir, const struct right_text *right)
{
	static char text[LONG_TEXT];
	size_t len = strlen(right->text);
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, right->file);
	memcpy(text, right->text, len + 1);
	expect_einval(path, "a NUL behind it", text, len + 1);
	memcpy(text + len, "\0junk", 5);
	expect_einval(path, "text behind a NUL", text, len + 5);
	memcpy(text + len, "\n\0", 2);
	expect_einval(path, "a NUL behind a newline", text, len + 2);
	memset(text + len, '\n', LONG_TEXT - len);
	expect_einval(path, "newlines beyond a page", text, LONG_TEXT);
	expect_einval(path, "a page of newlines", text, PGSA_PAGE - 1);
	if (right->text[0] < '0' || right->text[0] > '9')
		return;
	snprintf(text, sizeof(text), "+%s", right->text);
	expect_einval(path, "a sign", text, len + 1);
	memset(text, '0', LONG_TEXT);
	memcpy(text + LONG_TEXT - len, right->text, len);
	expect_einval(path, "longer than a page", text, LONG_TEXT);
	expect_einval(path, "a page of zeros", text, PGSA_PAGE - 1);
}

void test_incomplete(void)
{
	char before[512], after[512];
	unsigned int i;

	policy_must_set("enable", "0");
	policy_must_set("interval_ms", "3");
	snapshot(before, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(policy_right); i++) {
		expect_all_einval(POLICY_DIR, &policy_right[i]);
		snapshot(after, sizeof(after));
		check(!strcmp(before, after), "%s: %s became %s",
		      policy_right[i].file, before, after);
	}
	/* They would be right without what is wrong about them; "enable" last. */
	for (i = ARRAY_SIZE(policy_right); i-- > 0;)
		policy_must_set(policy_right[i].file, policy_right[i].text);
}

void test_incomplete_target(void)
{
	char path[160], text[64];
	unsigned int i;

	check(!mkdir(TARGET_DIR, 0755), "mkdir: %s", strerror(errno));
	for (i = 0; i < ARRAY_SIZE(target_right); i++) {
		expect_all_einval(TARGET_DIR, &target_right[i]);
		snprintf(path, sizeof(path), TARGET_DIR "/%s",
			 target_right[i].file);
		check(pgsa_read(path, text, sizeof(text)) >= 0, "%s", path);
		check(!text[0] || !strcmp(text, "0"), "%s is %s", path, text);
	}
	check(!rmdir(TARGET_DIR), "rmdir: %s", strerror(errno));
}

void test_incomplete_debugfs(void)
{
	uint32_t *page = new_pages(1, PROT_READ), copy[PGSA_PAGE / 4];
	const char *path = PGSA_DEBUGFS "/inject_vaddr";
	char text[128];
	int len;

	memcpy(copy, page, PGSA_PAGE);
	len = snprintf(text, sizeof(text), "%d %p 1", getpid(), (void *)page);
	expect_einval(path, "a NUL behind it", text, len + 1);
	memcpy(text + len, "\0junk", 6);
	expect_einval(path, "text behind a NUL", text, len + 5);
	len = snprintf(text, sizeof(text), "+%d %p 1", getpid(), (void *)page);
	expect_einval(path, "a sign", text, len);
	len = snprintf(text, sizeof(text), "%d %p 0x+1", getpid(),
		       (void *)page);
	expect_einval(path, "a sign behind 0x", text, len);
	check(!memcmp(copy, page, PGSA_PAGE), "it has hit the page");

	path = PGSA_DEBUGFS "/frame";
	expect_einval(path, "a sign", "+1", 2);
	expect_einval(path, "a NUL", "1\0", 2);
	expect_einval(path, "0x alone", "0x", 2);
	/* Decimal, not octal. */
	check(!write_bytes(path, "010", 3), "010: %s", strerror(errno));
	check(pgsa_read(path, text, sizeof(text)) > 0 &&
	      pgsa_number(text, "pfn") == 10, "010 is taken for %s", text);
	check(!write_bytes(path, "0X1f", 4), "0X1f: %s", strerror(errno));
}

static void expect_no_name(const char *dir, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	check(mkdir(path, 0755) && errno == EINVAL, "mkdir of a name with %#x: %s",
	      (unsigned char)name[1], strerror(errno));
}

void test_names(void)
{
	static const char *const names[] = {
		"a\nb", "a\npgsa: error: pfn=0x1 result=corrected", "a b", " a",
		"a\tb", "a\033[2Jb", "a\177b", "a\233b", "a\303\274", "a\rb",
	};
	static const char *const right[] = {
		"a-b_c.d", "%s%n", "x:y@z", "~", "'\"\\",
	};
	unsigned int i;
	char path[160];

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		expect_no_name(PGSA_CONFIGFS, names[i]);
		expect_no_name(POLICY_DIR "/targets", names[i]);
	}
	for (i = 0; i < ARRAY_SIZE(right); i++) {
		snprintf(path, sizeof(path), PGSA_CONFIGFS "/%s", right[i]);
		check(!mkdir(path, 0755) && !rmdir(path), "mkdir %s: %s", path,
		      strerror(errno));
	}
}
