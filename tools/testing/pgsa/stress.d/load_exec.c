// SPDX-License-Identifier: GPL-2.0
/*
 * Loads on files that programs use: direct I/O into memory that is protected
 * meanwhile, libraries and programs that are replaced while they are mapped,
 * and storms of new programs.
 */
#include "load.h"

#include <dlfcn.h>
#include <linux/aio_abi.h>

#define DIRECT_PAGES	16
#define DIRECT_SIZE	(DIRECT_PAGES * PAGE)

static aio_context_t direct_context;
static uint64_t direct_key;
static int direct_fd = -1;

/* A file with a known content, opened for reading and writing past the cache. */
static void direct_start(void)
{
	char *area = new_area(DIRECT_SIZE, PAGE);
	const char *name = file_name("direct");
	unsigned int i;

	direct_key = random_word();
	for (i = 0; i < DIRECT_PAGES; i++)
		fill_page(area + i * PAGE, direct_key + i);
	direct_fd = open(name, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	want(direct_fd >= 0, "%s: %s", name, strerror(errno));
	unlink(name);
	want(pwrite(direct_fd, area, DIRECT_SIZE, 0) == DIRECT_SIZE,
	     "direct write: %s", strerror(errno));
	munmap(area, DIRECT_SIZE);
	if (syscall(SYS_io_setup, 8, &direct_context))
		skip("no asynchronous I/O: %s", strerror(errno));
}

static void direct_submit(void *buffer, unsigned int opcode)
{
	struct iocb iocb = {
		.aio_lio_opcode = opcode, .aio_fildes = direct_fd,
		.aio_buf = (uintptr_t)buffer, .aio_nbytes = DIRECT_SIZE,
	};
	struct iocb *list[] = { &iocb };

	want(syscall(SYS_io_submit, direct_context, 1, list) == 1,
	     "io_submit: %s", strerror(errno));
}

static void direct_wait(void)
{
	struct io_event event;

	want(syscall(SYS_io_getevents, direct_context, 1, 1, &event, NULL) == 1,
	     "io_getevents: %s", strerror(errno));
	want(event.res == DIRECT_SIZE, "direct I/O: %lld", (long long)event.res);
}

/* The device may still write to the memory when it is read-only already. */
void load_direct(void)
{
	static char *area;
	unsigned int i;

	if (direct_fd < 0) {
		direct_start();
		area = new_area(DIRECT_SIZE, PAGE);
	}
	protect(area, DIRECT_SIZE, PROT_READ | PROT_WRITE);
	memset(area, random_word(), DIRECT_SIZE);
	direct_submit(area, IOCB_CMD_PREAD);
	protect(area, DIRECT_SIZE, PROT_READ);
	sleep_ms(random_below(3));
	direct_wait();
	for (i = 0; i < DIRECT_PAGES; i++)
		check_page(area + i * PAGE, direct_key + i);
	sleep_ms(random_below(30));
	direct_submit(area, IOCB_CMD_PWRITE);
	direct_wait();
	for (i = 0; i < DIRECT_PAGES; i++)
		check_page(area + i * PAGE, direct_key + i);
}

/* A library is replaced as package managers do it: beside, and renamed. */

static void library_path(char *path, size_t size)
{
	struct pgsa_area area;
	FILE *maps = fopen("/proc/self/maps", "re");

	path[0] = '\0';
	while (maps && pgsa_next_area(maps, &area))
		if (strstr(area.path, "/libm.so.") || strstr(area.path, "/libm-"))
			snprintf(path, size, "%s", strchr(area.path, '/'));
	if (maps)
		fclose(maps);
	if (!path[0])
		skip("the library libm is not mapped");
}

static void *library_open(const char *name)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	double (*function)(double number);

	want(library, "dlopen: %s", dlerror());
	*(void **)&function = dlsym(library, "cbrt");
	want(function && function(27.0) > 2.999 && function(27.0) < 3.001,
	     "the library computes something else");
	return library;
}

void load_library(void)
{
	static char original[256], name[256], fresh[260];
	static void *old;
	void *library;

	if (!name[0]) {
		library = dlopen("libm.so.6", RTLD_NOW);
		library_path(original, sizeof(original));
		snprintf(name, sizeof(name), "%s", file_name("library"));
		snprintf(fresh, sizeof(fresh), "%s.new", name);
	}
	copy_file(original, fresh);
	want(!rename(fresh, name), "rename: %s", strerror(errno));
	library = library_open(name);
	sleep_ms(random_below(40));
	if (old)
		dlclose(old);
	old = library;
}

/* The same for a program that runs all the time. */
void load_program(void)
{
	static char name[256], fresh[260];
	pid_t pids[4];
	unsigned int i;

	if (!name[0]) {
		snprintf(name, sizeof(name), "%s", file_name("program"));
		snprintf(fresh, sizeof(fresh), "%s.new", name);
		copy_file("/bin/true", name);
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		if (i == ARRAY_SIZE(pids) / 2) {
			copy_file("/bin/true", fresh);
			want(!rename(fresh, name), "rename: %s", strerror(errno));
		}
		pids[i] = fork_child();
		if (!pids[i]) {
			execl(name, "true", NULL);
			_exit(EXIT_FAILURE);
		}
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		expect_exit(pids[i]);
}

/* Programs that begin and end all the time. */
void load_exec(void)
{
	pid_t pids[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork_child();
		if (!pids[i]) {
			execl("/bin/sh", "sh", "-c",
			      "ls -l / | sort | wc -c >/dev/null", NULL);
			_exit(EXIT_FAILURE);
		}
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		expect_exit(pids[i]);
}
