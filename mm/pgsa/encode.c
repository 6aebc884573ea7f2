// SPDX-License-Identifier: GPL-2.0
/*
 * Which variant of a code computes the redundancy: the fastest, as measured at
 * boot; and at each call with FPU registers or, where they cannot be had, without.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/pgsa.h>
#include <linux/printk.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "fpu.h"
#include "pgsa.h"

/**
 * struct pgsa_encoder - the variants of one code that this machine uses
 * @fast: to compute its redundancy
 * @plain: the same without the FPU
 * @fast_both: to compute that of the code @with, too; NULL if there is none
 * @plain_both: the same without the FPU; NULL if there is none
 */
struct pgsa_encoder {
	const struct pgsa_code_variant *fast;
	const struct pgsa_code_variant *plain;
	const struct pgsa_code_variant *fast_both;
	const struct pgsa_code_variant *plain_both;
};

static struct pgsa_encoder pgsa_encoders[PGSA_REGISTRY_MAX] __ro_after_init;

/**
 * pgsa_variant_usable - can this machine use a variant?
 * @variant: the variant
 *
 * Context: Any context.
 * Return: true if it can.
 */
bool pgsa_variant_usable(const struct pgsa_code_variant *variant)
{
	if (variant->fpu &&
	    !IS_ENABLED(CONFIG_ARCH_HAS_KERNEL_FPU_SUPPORT))
		return false;
	return !variant->usable || variant->usable();
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_variant_usable);

static const struct pgsa_encoder *pgsa_encoder(const struct pgsa_code *code)
{
	return &pgsa_encoders[pgsa_code_id(code) - 1];
}

/**
 * pgsa_encode_names - the variants that are used, as users see them
 * @code: the code
 * @fast: takes the name of the usual one
 *
 * Context: Any context.
 * Return: the name of the one without FPU registers.
 */
const char *pgsa_encode_names(const struct pgsa_code *code, const char **fast)
{
	*fast = pgsa_encoder(code)->fast->name;
	return pgsa_encoder(code)->plain->name;
}

/**
 * pgsa_encode_variant - compute the redundancy of a page by one variant
 * @variant: the variant, which this machine can use
 * @page: the page
 * @check: takes the redundancy
 *
 * Context: Any context.
 * Return: false if it needs FPU registers, and they cannot be had here.
 */
bool pgsa_encode_variant(const struct pgsa_code_variant *variant,
			 const void *page, u8 *check)
{
	if (variant->fpu && !pgsa_fpu_begin())
		return false;
	variant->encode(page, check);
	if (variant->fpu)
		pgsa_fpu_end();
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_encode_variant);

/**
 * pgsa_encode - compute the redundancy of a page
 * @code: the code
 * @page: the page
 * @check: takes the redundancy
 *
 * Context: Any context.
 */
void pgsa_encode(const struct pgsa_code *code, const void *page, u8 *check)
{
	const struct pgsa_encoder *encoder = pgsa_encoder(code);

	if (!pgsa_encode_variant(encoder->fast, page, check))
		encoder->plain->encode(page, check);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_encode);

/* In one visit to the page. False if no variant can. */
static bool pgsa_encode_fused(const struct pgsa_code *correct,
			      const void *page, u8 *detect_check,
			      u8 *correct_check)
{
	const struct pgsa_encoder *encoder = pgsa_encoder(correct);
	const struct pgsa_code_variant *variant = encoder->fast_both;

	if (variant && variant->fpu && pgsa_fpu_begin()) {
		variant->encode_both(page, detect_check, correct_check);
		pgsa_fpu_end();
		return true;
	}
	variant = encoder->plain_both;
	if (variant)
		variant->encode_both(page, detect_check, correct_check);
	return variant;
}

/**
 * pgsa_encode_both - compute the redundancy of two codes
 * @detect: the detecting code
 * @correct: the correcting code, or NULL
 * @page: the page
 * @detect_check: takes the redundancy of @detect
 * @correct_check: takes the redundancy of @correct
 *
 * Context: Any context.
 */
void pgsa_encode_both(const struct pgsa_code *detect,
		      const struct pgsa_code *correct, const void *page,
		      u8 *detect_check, u8 *correct_check)
{
	if (correct && correct->with == detect &&
	    pgsa_encode_fused(correct, page, detect_check, correct_check))
		return;
	pgsa_encode(detect, page, detect_check);
	if (correct)
		pgsa_encode(correct, page, correct_check);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_encode_both);

/**
 * pgsa_decode - correct the copy of a page
 * @code: the correcting code
 * @page: the copy
 * @redundancy: that of the code
 *
 * Context: Any context. Takes up to some milliseconds.
 * Return: as the code's correct(): only a number above 0 says that it has changed
 * anything, and even then that has to be proved.
 */
int pgsa_decode(const struct pgsa_code *code, void *page, const u8 *redundancy)
{
	KUNIT_STATIC_STUB_REDIRECT(pgsa_decode, code, page, redundancy);

	return code->correct(page, redundancy);
}

#define PGSA_TRIALS	16

/* What the trials work on. */
static u8 pgsa_trial_page[PAGE_SIZE] __aligned(PAGE_SIZE) __initdata;
static u8 pgsa_trial_check[2][PGSA_STORED_BYTES] __initdata;

static u64 __init pgsa_trial_ns(const struct pgsa_code_variant *variant,
				bool both)
{
	u64 start = ktime_get_ns();

	if (variant->fpu && !pgsa_fpu_begin())
		return U64_MAX;
	if (both)
		variant->encode_both(pgsa_trial_page, pgsa_trial_check[0],
				     pgsa_trial_check[1]);
	else
		variant->encode(pgsa_trial_page, pgsa_trial_check[1]);
	if (variant->fpu)
		pgsa_fpu_end();
	return ktime_get_ns() - start;
}

/*
 * The best of many: disturbances only ever add. When PGSA is off, no time is
 * spent on it.
 */
static u64 __init pgsa_variant_ns(const struct pgsa_code_variant *variant,
				  bool both)
{
	u64 best = U64_MAX;
	unsigned int i;

	if (!pgsa_on())
		return 0;
	for (i = 0; i < PGSA_TRIALS; i++)
		best = min(best, pgsa_trial_ns(variant, both));
	return best;
}

/*
 * The fastest variant, where the first ones are expected to be that: another is
 * only preferred if it needs less than three quarters of their time, as on
 * emulated machines. Sets @best_ns.
 */
static const struct pgsa_code_variant *__init
pgsa_choose(const struct pgsa_code *code, bool both, bool fpu, u64 *best_ns)
{
	const struct pgsa_code_variant *variant, *best = NULL;

	for (variant = code->variants; variant->name; variant++) {
		u64 ns;

		if (!pgsa_variant_usable(variant) || (variant->fpu && !fpu) ||
		    (both && !variant->encode_both))
			continue;
		ns = pgsa_variant_ns(variant, both);
		if (best && ns >= *best_ns / 4 * 3)
			continue;
		best = variant;
		*best_ns = ns;
	}
	return best;
}

/* One visit for both codes, unless two visits are faster. */
static const struct pgsa_code_variant *__init
pgsa_choose_both(const struct pgsa_code *code, bool fpu)
{
	const struct pgsa_code_variant *both;
	u64 both_ns, detect_ns, correct_ns;

	both = pgsa_choose(code, true, fpu, &both_ns);
	pgsa_choose(code->with, false, fpu, &detect_ns);
	pgsa_choose(code, false, fpu, &correct_ns);
	return both && both_ns / 4 * 3 <= detect_ns + correct_ns ? both : NULL;
}

static void __init pgsa_choose_all(const struct pgsa_code *code)
{
	struct pgsa_encoder *encoder = &pgsa_encoders[pgsa_code_id(code) - 1];
	u64 ns;

	encoder->fast = pgsa_choose(code, false, true, &ns);
	encoder->plain = pgsa_choose(code, false, false, &ns);
	if (code->with) {
		encoder->fast_both = pgsa_choose_both(code, true);
		encoder->plain_both = pgsa_choose_both(code, false);
	}
	pr_info("code %s: %s, without FPU registers %s\n", code->name,
		encoder->fast->name, encoder->plain->name);
}

/* After all codes have been registered, and before anybody can use them. */
static int __init pgsa_encode_init(void)
{
	const struct pgsa_code *code = NULL;

	while ((code = pgsa_code_next(code)))
		pgsa_choose_all(code);
	return 0;
}
fs_initcall(pgsa_encode_init);
