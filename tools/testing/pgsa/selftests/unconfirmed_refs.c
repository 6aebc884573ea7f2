// SPDX-License-Identifier: GPL-2.0
/*
 * Which references to a page hold up the repair of an error in it, and for how long:
 * pins, other references, and those of the entries that map it.
 */
#include "unconfirmed.h"

#include <sys/ioctl.h>

/* The kernel's own test of get_user_pages(): pins, without the right to write. */
#define GUP_TEST	"/sys/kernel/debug/gup_test"

struct pin_longterm_test {
	uint64_t addr;
	uint64_t size;
	uint32_t flags;
};

#define PIN_LONGTERM_TEST_START	_IOW('g', 7, struct pin_longterm_test)
#define PIN_LONGTERM_TEST_STOP	_IO('g', 8)

static int held = -1;

static void let_go(void)
{
	check(!ioctl(held, PIN_LONGTERM_TEST_STOP), "unpin: %s",
	      strerror(errno));
}

static void need_pins(void)
{
	held = open(GUP_TEST, O_RDWR | O_CLOEXEC);
	if (held < 0)
		skip("no CONFIG_GUP_TEST");
}

static void take_pin(const uint32_t *page)
{
	struct pin_longterm_test pin = {
		.addr = (uintptr_t)page, .size = PGSA_PAGE,
	};

	check(!ioctl(held, PIN_LONGTERM_TEST_START, &pin), "pin: %s",
	      strerror(errno));
}

void test_pin(void)
{
	uint32_t *page;

	need_pins();
	listen();
	page = new_sealed(1, PROT_READ);
	take_pin(page);
	expect_held(page, "referenced", "pinned", let_go);
}

#define MANY		1100	/* references, more than the 1024 of a pin */

static int pipes[MANY / PIPE_PAGES + 1][2];

static void close_pipes(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pipes); i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

void test_many_references(void)
{
	uint32_t *page = new_sealed(1, PROT_READ);
	unsigned int i, n;

	listen();
	for (i = 0; i < ARRAY_SIZE(pipes); i++) {
		check(!pipe(pipes[i]), "pipe: %s", strerror(errno));
		for (n = 0; n < PIPE_PAGES; n++)
			hold(pipes[i][1], page, 1);
	}
	expect_held(page, "referenced", "pinned", close_pipes);
}

/*
 * A page that is mapped that often, as those of the C library may be, or as anybody
 * may map them. It is opened once more, and sealed.
 */
static uint32_t *new_mapped_often(int *fd)
{
	uint32_t *page = new_file(fd, 1), first = *page;
	unsigned int i;

	for (i = 0; i < MANY; i++)
		must_map(mmap(NULL, PGSA_PAGE, PROT_READ,
			      MAP_SHARED | MAP_POPULATE, *fd, 0));
	check(pwrite(*fd, &first, sizeof(first), 0) == sizeof(first),
	      "pwrite: %s", strerror(errno));
	wait_sealed(page);
	return page;
}

void test_many_mappings(void)
{
	int fd;

	flip_is_repaired(new_mapped_often(&fd), 88);
	check(!policy_stat("unconfirmed"), "it was held up");
}

void test_reader_many_mappings(void)
{
	uint32_t *page;
	unsigned long pfn;
	loff_t offset = 0;
	int fd, fds[2];

	listen();
	page = new_mapped_often(&fd);
	pfn = pfn_of(page);
	check(!pipe(fds) && splice(fd, &offset, fds[1], NULL, PGSA_PAGE, 0) ==
	      (ssize_t)PGSA_PAGE, "splice: %s", strerror(errno));
	flip(page, 88);
	wait_unconfirmed(1);
	expect_report(pfn, 88, "corrected");
	expect_lines(pfn, "referenced", "confirmed", 1);
}

/* It is not hidden among them. */
void test_pin_many_mappings(void)
{
	uint32_t *page;
	int fd;

	need_pins();
	listen();
	page = new_mapped_often(&fd);
	take_pin(page);
	expect_held(page, "referenced", "pinned", let_go);
}
