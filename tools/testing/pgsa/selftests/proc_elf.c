// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/pgsa names the segments of ELF files: the right ones of this program
 * and its libraries, and nothing that does harm of files that are made to.
 */
#include "proc.h"

#include <ctype.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <sys/mount.h>

#define FILE_PAGES	4
#define MAX_HEADERS	64	/* that the kernel reads */

/* What was said of an area, "" for nothing. */
static void expect_field(const void *addr, const char *key,
			 const char *expected)
{
	char value[4096];

	pgsa_field(row_of(getpid(), addr)->line, key, value, sizeof(value));
	check(!strcmp(value, expected), "%p: %s=%s instead of %s", addr, key,
	      value, expected);
}

static void expect_segment(const void *addr, const char *expected)
{
	expect_field(addr, "segment", expected);
}

void expect_path(const void *addr, const char *expected)
{
	expect_field(addr, "path", expected);
}

/* This program */

static const Elf64_Phdr *find_header(const struct dl_phdr_info *info, unsigned int type)
{
	unsigned int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == type)
			return &info->dlpi_phdr[i];
	return NULL;
}

static bool within(const Elf64_Phdr *header, const struct row *row,
		   unsigned long base)
{
	return header && base + header->p_vaddr < row->end &&
	       base + header->p_vaddr + header->p_filesz > row->start;
}

/* By address; the kernel goes by the offset in the file. */
static const char *kind_of(const struct dl_phdr_info *info,
			   const Elf64_Phdr *load, const struct row *row)
{
	const Elf64_Phdr *relro = find_header(info, PT_GNU_RELRO);

	if (load->p_flags & PF_X)
		return "text";
	if (!(load->p_flags & PF_W))
		return "rodata";
	return within(relro, row, info->dlpi_addr) ? "relro" : "data";
}

static void expect_content(const struct dl_phdr_info *info,
			   const struct row *row, unsigned int type, const char *name,
			   const char *segment)
{
	char text[32];

	snprintf(text, sizeof(text), ",%s", name);
	check(!strstr(segment, text) ==
	      !within(find_header(info, type), row, info->dlpi_addr),
	      "%s: %s", name, row->line);
}

static void check_load(const struct dl_phdr_info *info, const Elf64_Phdr *load,
		       unsigned int number, const struct row *row)
{
	char segment[256], expected[32];

	pgsa_field(row->line, "segment", segment, sizeof(segment));
	snprintf(expected, sizeof(expected), "%u:%s", number,
		 kind_of(info, load, row));
	check(!strncmp(segment, expected, strlen(expected)) &&
	      !isalpha((unsigned char)segment[strlen(expected)]) &&
	      !strchr(segment, '+'), "not %s: %s", expected, row->line);
	expect_content(info, row, PT_DYNAMIC, "dynamic", segment);
	expect_content(info, row, PT_INTERP, "interp", segment);
	expect_content(info, row, PT_GNU_EH_FRAME, "eh_frame", segment);
	check(!strstr(segment, ",headers") == !strstr(row->line, " offset=0x0 "),
	      "headers: %s", row->line);
}

/* Each area of the file within a segment; what follows it has no file. */
static int check_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	unsigned int *checked = arg, i, j, number = 0;
	const Elf64_Phdr *load;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		load = &info->dlpi_phdr[i];
		if (load->p_type != PT_LOAD)
			continue;
		for (j = 0; j < table.nr; j++) {
			if (!strstr(table.rows[j].line, " path=/") ||
			    !within(load, &table.rows[j], info->dlpi_addr))
				continue;
			check_load(info, load, number, &table.rows[j]);
			(*checked)++;
		}
		number++;
	}
	return 0;
}

void test_own_segments(void)
{
	char path[256];
	unsigned int checked = 0;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	check(n > 0, "/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	read_table(getpid(), &table);
	dl_iterate_phdr(check_object, &checked);
	diag("%u areas", checked);
	check(checked >= 13, "only %u areas", checked);
	expect_path((void *)test_own_segments, path);
}

/* Files made for the purpose */

struct elf {
	Elf64_Ehdr header;
	Elf64_Phdr program[MAX_HEADERS + 1];
};

/* Read-only headers, text, and data that is protected but for its last page. */
static const struct elf sound = {
	.header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = offsetof(struct elf, program),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 4,
	},
	.program = {
		{ .p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = 0x800 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x1000,
		  .p_vaddr = 0x1000, .p_filesz = 0x900 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x2e00,
		  .p_vaddr = 0x3e00, .p_filesz = 0x400 },
		{ .p_type = PT_GNU_RELRO, .p_flags = PF_R, .p_offset = 0x2e00,
		  .p_vaddr = 0x3e00, .p_filesz = 0x200, .p_memsz = 0x200 },
	},
};

static int elf_file(const struct elf *elf, size_t size)
{
	int fd = memfd_create("elf", 0);

	check(fd >= 0 && !ftruncate(fd, FILE_PAGES * PGSA_PAGE) &&
	      pwrite(fd, elf, sizeof(*elf), 0) == sizeof(*elf) &&
	      !ftruncate(fd, size), "memfd: %s", strerror(errno));
	return fd;
}

static char *map_part(int fd, unsigned int page, unsigned int nr, int prot)
{
	char *area = mmap(NULL, nr * PGSA_PAGE, prot, MAP_PRIVATE, fd,
			  page * PGSA_PAGE);

	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	return area;
}

/* One at a time: areas beside each other look as if they belonged together. */
static void expect_of_part(int fd, unsigned int page, unsigned int nr, int prot,
			   const char *expected)
{
	char *area = map_part(fd, page, nr, prot);

	expect_segment(area, expected);
	munmap(area, nr * PGSA_PAGE);
}

static void expect_of_file(const struct elf *elf, size_t size,
			   const char *expected)
{
	int fd = elf_file(elf, size);

	expect_of_part(fd, 0, 1, PROT_READ, expected);
	close(fd);
}

static void test_sound_parts(void)
{
	int fd = elf_file(&sound, FILE_PAGES * PGSA_PAGE);

	expect_of_part(fd, 0, 1, PROT_READ, "0:rodata,headers");
	expect_of_part(fd, 1, 1, PROT_READ | PROT_EXEC, "1:text");
	expect_of_part(fd, 2, 1, PROT_READ, "2:relro");
	expect_of_part(fd, 3, 1, PROT_READ | PROT_WRITE, "2:data");
	expect_of_part(fd, 2, 2, PROT_READ | PROT_WRITE, "2:relro,data");
	expect_of_part(fd, 0, FILE_PAGES, PROT_READ, "0:rodata,headers+1:text");
	expect_of_part(fd, 100, 1, PROT_READ, "");
	close(fd);
}

/* One page of the file ends one segment and begins the next, both read-only. */
static void test_shared_page(void)
{
	struct elf elf = sound;
	char *area = mmap(NULL, FILE_PAGES * PGSA_PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	elf.program[1].p_flags = PF_R;
	elf.program[2].p_offset = 0x1e00;
	elf.program[2].p_vaddr = 0x2e00;
	elf.program[3].p_offset = 0x1e00;
	fd = elf_file(&elf, FILE_PAGES * PGSA_PAGE);
	check(mmap(area, 2 * PGSA_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
		   0) == area &&
	      mmap(area + 2 * PGSA_PAGE, PGSA_PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_FIXED, fd, PGSA_PAGE) != MAP_FAILED,
	      "mmap: %s", strerror(errno));
	expect_segment(area, "0:rodata,headers+1:rodata");
	expect_segment(area + 2 * PGSA_PAGE, "2:relro");
	munmap(area, FILE_PAGES * PGSA_PAGE);
	close(fd);
}

#define WRONG(field, value, expected) do {				\
	struct elf elf = sound;						\
									\
	elf.field = value;						\
	diag(#field " = " #value);					\
	expect_of_file(&elf, FILE_PAGES * PGSA_PAGE, expected);		\
} while (0)

static void test_wrong_header(void)
{
	WRONG(header.e_ident[EI_MAG0], 'e', "");
	WRONG(header.e_ident[EI_CLASS], ELFCLASS32, "");
	WRONG(header.e_ident[EI_DATA], ELFDATA2MSB, "");
	WRONG(header.e_phnum, 0, "");
	WRONG(header.e_phnum, MAX_HEADERS + 1, "");
	WRONG(header.e_phnum, 0xffff, "");
	WRONG(header.e_phentsize, 0, "");
	WRONG(header.e_phentsize, 0xffff, "");
	WRONG(header.e_phoff, FILE_PAGES * PGSA_PAGE - 100, "");
	WRONG(header.e_phoff, FILE_PAGES * PGSA_PAGE, "");
	WRONG(header.e_phoff, 1ULL << 40, "");
	WRONG(header.e_phoff, INT64_MAX, "");
	WRONG(header.e_phoff, 1ULL << 63, "");
	WRONG(header.e_phoff, UINT64_MAX, "");
}

static void test_wrong_program(void)
{
	WRONG(program[0].p_offset, 1ULL << 40, "");
	WRONG(program[0].p_offset, UINT64_MAX, "");
	WRONG(program[0].p_filesz, UINT64_MAX, "");
	WRONG(program[0].p_filesz, INT64_MAX, "");
	WRONG(program[0].p_filesz, 0, "");
	WRONG(program[1].p_offset, UINT64_MAX - 0xfff, "0:rodata,headers");
	WRONG(program[0].p_vaddr, UINT64_MAX, "0:rodata,headers");
	WRONG(program[0].p_flags, 0, "0:rodata,headers");
	WRONG(program[3].p_offset, UINT64_MAX, "0:rodata,headers");
	WRONG(program[3].p_memsz, UINT64_MAX, "0:rodata,headers");
	WRONG(program[0].p_type, PT_GNU_RELRO, "");
}

void test_elf_hostile(void)
{
	static const size_t sizes[] = {
		0, 1, 4, 5, 63, 64, 65, 64 + 56, 64 + 4 * 56 - 1
	};
	size_t i;

	policy_must_set("enable", "0");
	test_shared_page();
	test_sound_parts();
	test_wrong_header();
	test_wrong_program();
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_of_file(&sound, sizes[i], "");
	expect_of_file(&sound, 64 + 4 * 56, "0:rodata,headers");
}

/* As many as there can be, all in one area: the line outgrows a page. */
void test_elf_many(void)
{
	static char expected[4 * PGSA_PAGE];
	struct elf elf = sound;
	size_t len = 0;
	unsigned int i;

	policy_must_set("enable", "0");
	elf.header.e_phnum = MAX_HEADERS;
	for (i = 0; i < MAX_HEADERS; i++) {
		elf.program[i] = sound.program[0];
		len += snprintf(expected + len, sizeof(expected) - len,
				"%s%u:rodata,headers", i ? "+" : "", i);
	}
	expect_of_file(&elf, FILE_PAGES * PGSA_PAGE, expected);
}

static unsigned int next_random(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static void damage(struct elf *elf)
{
	size_t at = next_random() % (sizeof(elf->header) + 6 * 56);
	static const unsigned char bytes[] = { 0, 1, 0x7f, 0x80, 0xff };

	((unsigned char *)elf)[at] = next_random() % 3 ?
		bytes[next_random() % sizeof(bytes)] : next_random();
}

void test_elf_random(void)
{
	unsigned int round, i, named = 0;
	char *area[FILE_PAGES], value[4096];
	struct elf elf;
	int fd;

	policy_must_set("enable", "0");
	for (round = 0; round < 1000; round++) {
		elf = sound;
		for (i = 0; i <= round % 4; i++)
			damage(&elf);
		fd = elf_file(&elf, FILE_PAGES * PGSA_PAGE);
		for (i = 0; i < FILE_PAGES; i++)
			area[i] = map_part(fd, i, 1, i == 1 ? PROT_EXEC :
						     i == 3 ? PROT_WRITE :
							      PROT_READ);
		pgsa_field(row_of(getpid(), area[round % FILE_PAGES])->line,
			   "segment", value, sizeof(value));
		named += !!value[0];
		for (i = 0; i < FILE_PAGES; i++)
			munmap(area[i], PGSA_PAGE);
		close(fd);
	}
	diag("%u of %u areas had a name", named, round);
	check(named && named < round, "%u of %u had a name", named, round);
}

static void scribble(volatile unsigned char *byte)
{
	for (;;)
		byte[next_random() % (sizeof(Elf64_Ehdr) + 4 * 56)] =
			next_random();
}

/* The file is another one each time the kernel looks at it. */
void test_elf_changing(void)
{
	int fd = elf_file(&sound, FILE_PAGES * PGSA_PAGE);
	double limit = now_s() + 2;
	pid_t pid = fork_child();
	unsigned int rounds = 0;
	char *area;

	area = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(area != MAP_FAILED, "mmap: %s", strerror(errno));
	if (!pid)
		scribble((unsigned char *)area);
	for (; now_s() < limit; rounds++) {
		check(pwrite(fd, &sound, sizeof(sound), 0) == sizeof(sound),
		      "write: %s", strerror(errno));
		row_of(getpid(), area);
	}
	diag("%u tables read", rounds);
	end_child(pid);
	expect_consistent();
}

void copy_self(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY);
	int to = open(path, O_RDWR | O_CREAT, 0700);
	static char text[1 << 20];
	ssize_t n = read(from, text, sizeof(text));

	check(n > 0 && write(to, text, n) == n, "%s: %s", path, strerror(errno));
	close(from);
	close(to);
}

char *map_path(const char *path)
{
	int fd = open(path, O_RDONLY);
	char *area;

	check(fd >= 0, "%s: %s", path, strerror(errno));
	area = map_part(fd, 0, 1, PROT_READ);
	close(fd);
	return area;
}

/* Not of a file system that may keep us waiting, nor of devices. */
void test_elf_unknown(void)
{
	char dir[] = "/run/pgsa proc\n\\path=-XXXXXX", path[64];
	char *area;

	policy_must_set("enable", "0");
	check(mkdtemp(dir), "%s: %s", dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/file", dir);
	copy_self(path);
	area = map_path(path);
	check(strstr(row_of(getpid(), area)->line,
		     "headers,interp") &&
	      strstr(row_of(getpid(), area)->line,
		     " path=/run/pgsa\\040proc\\012\\134path=-"), "%s",
	      row_of(getpid(), area)->line);
	check(!mount("ramfs", dir, "ramfs", 0, NULL), "ramfs: %s",
	      strerror(errno));
	copy_self(path);
	expect_segment(map_path(path), "");
	umount2(dir, MNT_DETACH);
	expect_segment(map_path("/dev/zero"), "");
	check(!unlink(path) && !rmdir(dir), "rmdir: %s", strerror(errno));
}
