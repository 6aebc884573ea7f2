// SPDX-License-Identifier: GPL-2.0
/*
 * The debugfs file drop, which takes hooks and rules out.
 */
#include "abi.h"

#define DROP	PGSA_DEBUGFS "/drop"

static void need_drop(void)
{
	if (access(DROP, F_OK))
		skip("no CONFIG_PGSA_DEBUG");
}

static void expect_dropped(const char *names)
{
	char text[512];

	check(pgsa_read(DROP, text, sizeof(text)) >= 0, "cannot read " DROP);
	check(!strcmp(text, names), "\"%s\" is dropped instead of \"%s\"", text,
	      names);
}

static void expect_refused(const char *names, int error)
{
	char before[512];
	int err;

	check(pgsa_read(DROP, before, sizeof(before)) >= 0, "cannot read " DROP);
	err = -pgsa_write(DROP, names);
	check(err == error, "\"%s\" gave %s instead of %s", names, strerror(err),
	      strerror(error));
	expect_dropped(before);
}

static void must_drop(const char *names, const char *reads)
{
	int err = -pgsa_write(DROP, names);

	check(!err, "\"%s\": %s", names, strerror(err));
	expect_dropped(reads);
}

void test_drop_refused(void)
{
	static const struct {
		const char *names;
		int error;
	} wrong[] = {
		{ "x", ENOENT }, { ",", ENOENT }, { "copy,", ENOENT },
		{ " copy", ENOENT }, { "copy,nosuch", ENOENT },
		{ "copy dirty", ENOENT }, { "copy\n\n", ENOENT },
		{ "copies", ENOENT }, { "ptes_set", EINVAL },
		{ "copy,pte_clear\n", EINVAL }, { "lock", EINVAL },
		{ "copy", EBUSY }, { "\n", EBUSY },
	};
	char text[513];
	unsigned int i;
	int fd;

	need_drop();
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_refused(wrong[i].names, wrong[i].error);
	memset(text, ',', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	expect_refused(text, EINVAL);

	fd = open(DROP, O_WRONLY | O_CLOEXEC);
	check(fd >= 0, DROP ": %s", strerror(errno));
	check(write(fd, "copy\0x", 6) == -1 && errno == EINVAL,
	      "text after a zero byte was accepted");
	close(fd);
}

/* Frames that were sealed under other rules are opened, and sealed again later. */
void test_drop(void)
{
	unsigned long pfn;
	uint32_t *page;

	need_drop();
	page = new_pages(1, PROT_READ);
	pfn = wait_sealed(page);
	policy_must_set("enable", "0");
	must_drop("dirty,copy\n", "copy,dirty");
	check(strcmp(frame_of(pfn).state, "SEALED"),
	      "pfn %#lx is still sealed", pfn);
	expect_refused("nosuch", ENOENT);

	policy_must_set("enable", "1");
	pfn = wait_sealed(page);
	expect_refused("\n", EBUSY);
	policy_must_set("enable", "0");
	must_drop("\n", "");
	check(strcmp(frame_of(pfn).state, "SEALED"), "pfn %#lx is still sealed",
	      pfn);

	policy_must_set("enable", "1");
	wait_sealed(page);
	flip_is_repaired(page, 7);
}
