// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite pgsa_settings: a flipped bit in a number that users set changes
 * nothing, is mended and counted.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "../pgsa.h"

struct setting_param {
	const char *name;
	size_t offset;
};

static const struct setting_param setting_params[] = {
	{ "cpu_permille", offsetof(struct pgsa_policy, cpu_permille) },
	{ "interval_ms", offsetof(struct pgsa_policy, interval_ms) },
	{ "frames_per_switch", offsetof(struct pgsa_policy, frames_per_switch) },
	{ "searchers", offsetof(struct pgsa_policy, searchers) },
};

static void setting_desc(const struct setting_param *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(setting_params, setting_params, setting_desc);

static struct pgsa_setting *setting_of(struct kunit *test)
{
	const struct setting_param *param = test->param_value;

	return test->priv + param->offset;
}

static u64 settings_damaged(struct kunit *test)
{
	return pgsa_stat_read(test->priv, PGSA_STAT_RECORDS_DAMAGED);
}

/* Mends, and expects @copies of the setting to be @number */
static void setting_expect(struct kunit *test, unsigned int number)
{
	struct pgsa_setting *setting = setting_of(test);
	unsigned int copy;

	KUNIT_EXPECT_EQ(test, pgsa_setting_get(setting), number);
	pgsa_settings_mend(test->priv);
	for (copy = 0; copy < ARRAY_SIZE(setting->copies); copy++)
		KUNIT_EXPECT_EQ(test, setting->copies[copy], number);
}

/*
 * Each bit of each copy. A line in the log for each would be too much for the
 * console of UML, so that most are flipped back.
 */
static void flip_changes_nothing(struct kunit *test)
{
	struct pgsa_setting *setting = setting_of(test);
	unsigned int number = pgsa_setting_get(setting), copy, bit;

	for (copy = 0; copy < ARRAY_SIZE(setting->copies); copy++) {
		for (bit = 0; bit < 32; bit++) {
			setting->copies[copy] ^= BIT(bit);
			KUNIT_EXPECT_EQ(test, pgsa_setting_get(setting), number);
			setting->copies[copy] ^= BIT(bit);
		}
		setting->copies[copy] ^= BIT(31 - copy);
		setting_expect(test, number);
		KUNIT_EXPECT_EQ(test, settings_damaged(test), copy + 1);
	}
	setting_expect(test, number);
	KUNIT_EXPECT_EQ(test, settings_damaged(test), copy);
}

/* Who has the lock may be in the middle of a change. */
static void change_is_not_mended(struct kunit *test)
{
	struct pgsa_setting *setting = setting_of(test);
	struct pgsa_policy *policy = test->priv;
	unsigned int number = pgsa_setting_get(setting);

	mutex_lock(&policy->lock);
	setting->copies[0] = number + 7;
	pgsa_settings_mend(policy);
	KUNIT_EXPECT_EQ(test, setting->copies[0], number + 7);
	KUNIT_EXPECT_EQ(test, settings_damaged(test), 0);
	pgsa_setting_set(setting, number + 7);
	mutex_unlock(&policy->lock);
	setting_expect(test, number + 7);
	KUNIT_EXPECT_EQ(test, settings_damaged(test), 0);
}

static void settings_exit(void *data)
{
	pgsa_policy_exit(data);
}

static int settings_init(struct kunit *test)
{
	struct pgsa_policy *policy = kunit_kzalloc(test, sizeof(*policy),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, policy);
	KUNIT_ASSERT_EQ(test, pgsa_policy_init(policy), 0);
	test->priv = policy;
	return kunit_add_action_or_reset(test, settings_exit, policy);
}

static struct kunit_case settings_cases[] = {
	KUNIT_CASE_PARAM(flip_changes_nothing, setting_params_gen_params),
	KUNIT_CASE_PARAM(change_is_not_mended, setting_params_gen_params),
	{}
};

static struct kunit_suite settings_suite = {
	.name = "pgsa_settings",
	.init = settings_init,
	.test_cases = settings_cases,
};

kunit_test_suite(settings_suite);
