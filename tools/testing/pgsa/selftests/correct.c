// SPDX-License-Identifier: GPL-2.0
/*
 * Each correcting code repairs, in a live system, the damage that it promises to
 * repair, and leaves more alone; the redundancy of large codes is kept, counted
 * and given back.
 */
#include "pgsa_selftest.h"

#define WORD	8U
#define LINE	64U

static const char *code;	/* that frames are to be sealed with */

/* A policy that corrects by another code. */
static void use(const char *detect, const char *correct)
{
	policy_must_set("enable", "0");
	if (policy_set("correct", correct))
		skip("the code is not built in");
	policy_must_set("detect", detect);
	policy_must_set("enable", "1");
	code = correct;
}

/* The searcher rests, so that all of the damage is there when it looks. */
static void rest(void)
{
	unsigned long long cycles;

	policy_must_set("interval_ms", "3000");
	cycles = policy_stat("cycles");
	while (policy_stat("cycles") == cycles)
		sleep_ms(1);
}

struct damage {
	unsigned char mask[PGSA_PAGE];
	int first_bit;
};

static void damage_byte(struct damage *damage, unsigned int offset,
			unsigned char mask)
{
	int bit = offset * 8 + __builtin_ctz(mask);

	damage->mask[offset] = mask;
	if (damage->first_bit < 0 || bit < damage->first_bit)
		damage->first_bit = bit;
}

static unsigned char random_mask(void)
{
	return 1 + random() % 255;
}

static void damage_burst(struct damage *damage, unsigned int offset,
			 unsigned int bytes)
{
	while (bytes--)
		damage_byte(damage, offset++, random_mask());
}

static void inject_all(const char *page, const struct damage *damage)
{
	unsigned int offset;
	uint64_t mask;

	for (offset = 0; offset < PGSA_PAGE; offset += WORD) {
		memcpy(&mask, damage->mask + offset, WORD);
		if (mask)
			check(!pgsa_inject(getpid(), (unsigned long)page + offset,
					   mask), "injection at %u", offset);
	}
}

static unsigned long wait_sealed_by(const char *page)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned long pfn;

	do {
		pfn = wait_sealed(page);
		if (!strcmp(frame_of(pfn).correct, code))
			return pfn;
		sleep_ms(2);
	} while (now_s() < limit);
	check(false, "pfn %#lx: sealed with %s, not with %s", pfn,
	      frame_of(pfn).correct, code);
	return 0;
}

static void expect_damage(const char *result, const struct damage *damage)
{
	char *page = (char *)new_pages(1, PROT_READ), content[PGSA_PAGE];
	bool corrected = !strcmp(result, "corrected");
	unsigned long pfn = wait_sealed_by(page);
	unsigned int i;

	memcpy(content, page, PGSA_PAGE);
	rest();
	check(wait_sealed(page) == pfn, "the page moved");
	inject_all(page, damage);
	policy_must_set("interval_ms", "0");
	expect_report(pfn, corrected ? damage->first_bit : -1, result);
	for (i = 0; i < PGSA_PAGE && !corrected; i++)
		content[i] ^= damage->mask[i];
	check(!memcmp(content, page, PGSA_PAGE), "pfn %#lx: wrong content",
	      pfn);
	munmap(page, PGSA_PAGE);
}

static void burst(const char *result, unsigned int offset, unsigned int bytes)
{
	struct damage damage = { .first_bit = -1 };

	damage_burst(&damage, offset, bytes);
	expect_damage(result, &damage);
}

static void lane(unsigned int line, unsigned int byte)
{
	struct damage damage = { .first_bit = -1 };
	unsigned int word;

	for (word = 0; word < LINE / WORD; word++)
		damage_byte(&damage, line * LINE + word * WORD + byte,
			    random_mask());
	expect_damage("corrected", &damage);
}

static void test_lane_word(void)
{
	use("crc32c", "lane");
	burst("corrected", 0, WORD);
	burst("corrected", PGSA_PAGE - WORD, WORD);
	burst("corrected", 100 * WORD, WORD);
	burst("corrected", 77 * WORD + 3, 1);
}

static void test_lane_lane(void)
{
	use("crc32c", "lane");
	lane(0, 0);
	lane(63, 7);
	lane(21, 5);
}

static void test_lane_beyond(void)
{
	use("crc32c", "lane");
	burst("unresolved", 100 * WORD, 2 * WORD);
	burst("unresolved", 5, 200);
}

static void test_hamming_beyond(void)
{
	struct damage three = { .first_bit = -1 }, two = { .first_bit = -1 };

	use("crc32c", "hamming");
	damage_byte(&two, 800, 0x11);
	expect_damage("unresolved", &two);
	/* They look like one, and only the proof uncovers it. */
	damage_byte(&three, 801, 0x07);
	expect_damage("unresolved", &three);
}

static void reed_solomon(const char *code, unsigned int bytes)
{
	use("crc32c", code);
	burst("corrected", 0, bytes);
	burst("corrected", PGSA_PAGE - bytes, bytes);
	burst("corrected", 1234, bytes);
	burst("unresolved", 1000, 3 * bytes);
}

static void test_rs2(void)
{
	reed_solomon("reed-solomon-2", 32);
}

static void test_rs(void)
{
	reed_solomon("reed-solomon", 64);
}

static void test_rs8(void)
{
	reed_solomon("reed-solomon-8", 128);
}

static void test_rs_lane(void)
{
	use("crc32c", "reed-solomon");
	lane(7, 2);
}

/* Two visits instead of one, with the same result. */
static void test_other_detect(void)
{
	struct damage bit = { .first_bit = -1 };

	use("crc32", "lane");
	burst("corrected", 99 * WORD, WORD);
	lane(3, 3);
	use("crc32", "hamming");
	damage_byte(&bit, 800, 0x10);
	expect_damage("corrected", &bit);
}

#define SECOND	PGSA_CONFIGFS "/second"

static void second_policy(const char *correct)
{
	rmdir(SECOND);
	check(!mkdir(SECOND, 0755) && !pgsa_write(SECOND "/correct", correct) &&
	      !pgsa_write(SECOND "/cpu_permille", "0") &&
	      !pgsa_write(SECOND "/interval_ms", "10") &&
	      !pgsa_write(SECOND "/enable", "1"), "second policy");
	code = correct;
}

/* What one policy has sealed another seals anew, if it wants more. */
static void test_stronger(void)
{
	const char *page;

	use("crc32c", "hamming");
	page = (const char *)new_pages(1, PROT_READ);
	wait_sealed_by(page);
	second_policy("lane");
	wait_sealed_by(page);
	burst("corrected", 31 * WORD, WORD);
	rmdir(SECOND);
}

#define ANEW		64
#define STATES_DIR	"/sys/kernel/tracing/instances/pgsa-states"

/* How often a frame went from one state to another. */
static unsigned int moves(const char *trace, unsigned long pfn,
			  const char *from, const char *to)
{
	unsigned int n = 0;
	char want[96];

	snprintf(want, sizeof(want), "pfn=%#lx from=%s to=%s ", pfn, from, to);
	for (; (trace = strstr(trace, want)); trace++)
		n++;
	return n;
}

/* The old seal stands until there is a new one: no frame is open meanwhile. */
static void test_stronger_sealed(void)
{
	static char trace[1 << 20];
	unsigned long pfns[ANEW];
	unsigned int i;
	char *pages;

	use("crc32c", "hamming");
	pages = (char *)new_pages(ANEW, PROT_READ);
	for (i = 0; i < ANEW; i++)
		wait_sealed_by(pages + i * PGSA_PAGE);
	mkdir(STATES_DIR, 0755);
	pgsa_write(STATES_DIR "/trace", "");
	check(!pgsa_write(STATES_DIR "/events/pgsa/pgsa_frame_state/enable",
			  "1"), "no tracepoint pgsa_frame_state");
	second_policy("lane");
	for (i = 0; i < ANEW; i++)
		pfns[i] = wait_sealed_by(pages + i * PGSA_PAGE);
	pgsa_write(STATES_DIR "/tracing_on", "0");
	check(pgsa_read(STATES_DIR "/trace", trace, sizeof(trace)) > 0,
	      "no trace");
	rmdir(STATES_DIR);
	for (i = 0; i < ANEW; i++) {
		check(moves(trace, pfns[i], "SEALED", "CHECKING") &&
		      moves(trace, pfns[i], "CHECKING", "SEALED"),
		      "pfn %#lx was not sealed anew", pfns[i]);
		check(!moves(trace, pfns[i], "SEALED", "OPEN") &&
		      !moves(trace, pfns[i], "CHECKING", "OPEN"),
		      "pfn %#lx was open", pfns[i]);
	}
	burst("corrected", 17 * WORD, WORD);
	rmdir(SECOND);
}

/* Whoever writes is noticed while frames are sealed anew, too. */
static void test_stronger_written(void)
{
	double end = now_s() + 3;
	unsigned int i = 0;
	uint32_t *pages;

	use("crc32c", "hamming");
	pages = new_pages(ANEW, PROT_READ);
	second_policy("lane");
	for (; now_s() < end; i++) {
		protect(pages, ANEW * PGSA_PAGE, PROT_READ | PROT_WRITE);
		pages[i % ANEW * (PGSA_PAGE / sizeof(*pages)) + i % 1024]++;
		protect(pages, ANEW * PGSA_PAGE, PROT_READ);
		sleep_ms(i % 8);
	}
	expect_no_errors(0);
	rmdir(SECOND);
}

static void expect_bytes(unsigned long long least, unsigned long long most)
{
	double limit = now_s() + WAIT_MS / 1000.0;
	unsigned long long bytes;

	do {
		bytes = sysfs_stat("bytes_redundancy");
		if (least <= bytes && bytes <= most)
			return;
		sleep_ms(10);
	} while (now_s() < limit);
	check(false, "%llu bytes, and not %llu to %llu", bytes, least, most);
}

static void test_memory(void)
{
	unsigned long long before = sysfs_stat("bytes_redundancy");
	const unsigned int nr = 1024;
	char *pages;

	use("crc32c", "lane");
	pages = (char *)new_pages(nr, PROT_READ);
	wait_cycles(2);
	wait_sealed(pages + (nr - 1) * PGSA_PAGE);
	expect_bytes(before + nr * 40, -1);
	munmap(pages, nr * PGSA_PAGE);
	policy_must_set("enable", "0");
	expect_bytes(before, before);
}

static void flip_stored(const char *page, unsigned int byte)
{
	struct pgsa_frame frame = frame_of(wait_sealed_by(page));
	char text[64];

	check(frame.stored, "no redundancy");
	snprintf(text, sizeof(text), "%#lx %u 0x10", frame.stored,
		 (frame.stored_offset + byte) & ~7U);
	check(!pgsa_write(PGSA_DEBUGFS "/inject_pfn", text), "%s", text);
}

/* Nothing may be repaired by it, nor made worse. */
static void test_stored_damaged(void)
{
	char *page, damaged[PGSA_PAGE];
	struct report report;

	use("crc32c", "lane");
	page = (char *)new_pages(1, PROT_READ);
	memcpy(damaged, page, PGSA_PAGE);
	damaged[100] ^= 4;
	/* Both at a time: else the redundancy is found damaged, and renewed. */
	wait_sealed(page);
	rest();
	flip_stored(page, 10);
	flip(page, 802);
	policy_must_set("interval_ms", "0");
	check(trace_wait(&report, WAIT_MS), "no report");
	check(report.pfn == pfn_of(page) && !strcmp(report.code, "crc32c") &&
	      !strcmp(report.result, "unresolved"), "pfn %#lx %s by %s",
	      report.pfn, report.result, report.code);
	check(!memcmp(damaged, page, PGSA_PAGE), "the content was changed");
}

/* What is damaged alone is renewed, and repairs as before. */
static void test_stored_renewed(void)
{
	unsigned long long damaged;
	char *page;

	use("crc32c", "lane");
	page = (char *)new_pages(1, PROT_READ);
	wait_sealed_by(page);
	damaged = policy_stat("records_damaged");
	flip_stored(page, 10);
	wait_cycles(20);
	check(policy_stat("records_damaged") == damaged + 1,
	      "records_damaged: %llu", policy_stat("records_damaged"));
	flip_is_repaired(page, 802);
}

static void test_stored_elsewhere(void)
{
	const unsigned int nr = 2048;
	struct pgsa_frame frame;
	unsigned int i;
	char *pages;

	use("crc32c", "lane");
	pages = (char *)new_pages(nr, PROT_READ);
	for (i = 0; i < nr; i++) {
		frame = frame_of(wait_sealed_by(pages + i * PGSA_PAGE));
		check(frame.stored, "pfn %#lx has no redundancy", frame.pfn);
		check(frame.stored / 2 != frame.pfn / 2,
		      "pfn %#lx and its redundancy are in one row", frame.pfn);
	}
}

static const struct selftest tests[] = {
	{ "lane: any damage of one word", test_lane_word },
	{ "lane: any damage of one device's share of a line", test_lane_lane },
	{ "lane: more damage is left alone", test_lane_beyond },
	{ "hamming: more damage is left alone", test_hamming_beyond },
	{ "reed-solomon-2: bursts of 32 bytes", test_rs2 },
	{ "reed-solomon: bursts of 64 bytes", test_rs },
	{ "reed-solomon: one device's share of a line", test_rs_lane },
	{ "reed-solomon-8: bursts of 128 bytes", test_rs8 },
	{ "another detecting code beside lane and hamming", test_other_detect },
	{ "the stronger of two policies' codes", test_stronger },
	{ "a stronger code without a gap", test_stronger_sealed },
	{ "a stronger code while somebody writes", test_stronger_written },
	{ "damaged redundancy repairs nothing", test_stored_damaged },
	{ "damaged redundancy is renewed", test_stored_renewed },
	{ "redundancy is not in the row of its frame", test_stored_elsewhere },
	{ "memory of the redundancy is counted and given back", test_memory },
};

int main(int argc, char **argv)
{
	return run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}
