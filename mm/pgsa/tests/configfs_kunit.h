/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suite pgsa_configfs writes to the files of a policy.
 */
#ifndef _PGSA_CONFIGFS_KUNIT_H
#define _PGSA_CONFIGFS_KUNIT_H

#include <kunit/test.h>

#include "../pgsa.h"

typedef int (*policy_set_t)(struct pgsa_policy *policy, const char *text);

/* A file of a policy */
struct policy_file {
	const char *name;
	policy_set_t set;
	int err;		/* for a text that means nothing there */
	const char *good;	/* a text that changes something */
	bool fixed;		/* while live */
};

#define POLICY_FILE(name, ...) { #name, pgsa_policy_set_##name, __VA_ARGS__ }

static const struct policy_file policy_files[] = {
	POLICY_FILE(enable, -EINVAL, "1", false),
	POLICY_FILE(strategy, -ENOENT, "sweep", true),
	POLICY_FILE(detect, -ENOENT, "crc32", true),
	POLICY_FILE(correct, -ENOENT, "hamming", true),
	POLICY_FILE(scope, -ENOENT, "mapped", true),
	POLICY_FILE(cpu_permille, -EINVAL, "20", false),
	POLICY_FILE(interval_ms, -EINVAL, "20", false),
	POLICY_FILE(frames_per_switch, -EINVAL, "20", false),
	POLICY_FILE(searchers, -EINVAL, "20", true),
};

KUNIT_ARRAY_PARAM_DESC(policy_files, policy_files, name);

static const char * const policy_nonsense[] = {
	"", " ", "\n", "+1", "+20\n", "1 2", " 1", "1 ", "1\n\n", "1\n1", "-1", "-1\n", "0x10",
	"1.5", "1e2", "10ms", "ten", "none at all", " sweep", "sweep ",
	"sweep\n\n", "crc32 hamming", "mapped,", "%s%n", "4294967296",
	"4294967297", "18446744073709551616", "18446744073709551617\n",
};

/* What one file alone refuses */
static const struct policy_refusal {
	const char *what;
	policy_set_t set;
	const char *text;
	int err;
} policy_refusals[] = {
	{ "enable 2", pgsa_policy_set_enable, "2", -EINVAL },
	{ "enable on", pgsa_policy_set_enable, "on", -EINVAL },
	{ "unknown strategy", pgsa_policy_set_strategy, "nosuch", -ENOENT },
	{ "no strategy", pgsa_policy_set_strategy, "none", -ENOENT },
	{ "strategy in capitals", pgsa_policy_set_strategy, "SWEEP", -ENOENT },
	{ "strategy cut", pgsa_policy_set_strategy, "swee", -ENOENT },
	{ "code as strategy", pgsa_policy_set_strategy, "crc32", -ENOENT },
	{ "correcting detect", pgsa_policy_set_detect, "hamming", -EINVAL },
	{ "no detect", pgsa_policy_set_detect, "none", -ENOENT },
	{ "unknown detect", pgsa_policy_set_detect, "crc", -ENOENT },
	{ "detecting correct", pgsa_policy_set_correct, "crc32", -EINVAL },
	{ "unknown correct", pgsa_policy_set_correct, "nosuch", -ENOENT },
	{ "none in capitals", pgsa_policy_set_correct, "NONE", -ENOENT },
	{ "unknown scope", pgsa_policy_set_scope, "nosuch", -ENOENT },
	{ "scope cut", pgsa_policy_set_scope, "map", -ENOENT },
	{ "scope in capitals", pgsa_policy_set_scope, "PAGECACHE", -ENOENT },
	{ "two scopes", pgsa_policy_set_scope, "mapped pagecache", -ENOENT },
	{ "share of 1001", pgsa_policy_set_cpu_permille, "1001", -EINVAL },
	{ "share of 2^32-1", pgsa_policy_set_cpu_permille, "4294967295",
	  -EINVAL },
	{ "over a day", pgsa_policy_set_interval_ms, "86400001", -EINVAL },
	{ "interval of 2^32-1", pgsa_policy_set_interval_ms, "4294967295",
	  -EINVAL },
	{ "257 frames", pgsa_policy_set_frames_per_switch, "257", -EINVAL },
	{ "no searcher", pgsa_policy_set_searchers, "0", -EINVAL },
	{ "65 searchers", pgsa_policy_set_searchers, "65", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(policy_refusals, policy_refusals, what);

#endif /* _PGSA_CONFIGFS_KUNIT_H */
