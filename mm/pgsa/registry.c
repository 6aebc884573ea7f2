// SPDX-License-Identifier: GPL-2.0
/*
 * The codes and strategies there are. They are built in and register at boot;
 * afterwards the registries are only read, and need no lock.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <kunit/visibility.h>

#include "pgsa.h"

static struct pgsa_registry pgsa_codes __ro_after_init;
static struct pgsa_registry pgsa_strategies __ro_after_init;

/**
 * pgsa_registry_id - look up a name
 * @registry: where
 * @name: the name, with or without a newline at its end
 *
 * Context: Any context.
 * Return: its id, 0 if there is no such name.
 */
unsigned int pgsa_registry_id(const struct pgsa_registry *registry,
			      const char *name)
{
	unsigned int i;

	for (i = 0; i < PGSA_REGISTRY_MAX && registry->entry[i].name; i++)
		if (sysfs_streq(registry->entry[i].name, name))
			return i + 1;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_registry_id);

/**
 * pgsa_registry_add - add an entry
 * @registry: where
 * @name: what users call it
 * @ops: what it can do
 *
 * Context: Boot; callers are serialised by the initcalls.
 * Return: 0, -EINVAL for an empty name, -EEXIST for one that is there already,
 * -ENOSPC if the registry is full.
 */
int pgsa_registry_add(struct pgsa_registry *registry, const char *name,
		      const void *ops)
{
	unsigned int i;

	if (!name || !*name)
		return -EINVAL;
	if (pgsa_registry_id(registry, name))
		return -EEXIST;
	for (i = 0; i < PGSA_REGISTRY_MAX; i++) {
		if (registry->entry[i].name)
			continue;
		registry->entry[i].name = name;
		registry->entry[i].ops = ops;
		return 0;
	}
	return -ENOSPC;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_registry_add);

/**
 * pgsa_registry_list - all names, separated by spaces, in one line
 * @registry: which
 * @buf: a page to write to
 *
 * Context: Any context.
 * Return: number of bytes written.
 */
ssize_t pgsa_registry_list(const struct pgsa_registry *registry, char *buf)
{
	ssize_t len = 0;
	unsigned int i;

	for (i = 0; i < PGSA_REGISTRY_MAX && registry->entry[i].name; i++)
		len += sysfs_emit_at(buf, len, "%s%s", i ? " " : "",
				     registry->entry[i].name);
	return len + sysfs_emit_at(buf, len, "\n");
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_registry_list);

/**
 * pgsa_code_register - make a code known
 * @code: the code; must stay
 *
 * Context: An initcall.
 * Return: 0; -ENOSPC if it has too many check bytes; or as pgsa_registry_add().
 */
int __init pgsa_code_register(const struct pgsa_code *code)
{
	unsigned int room = code->correct ? PGSA_STORED_BYTES :
					    PGSA_DETECT_BYTES;

	if (WARN_ON(code->check_bytes > room))
		return -ENOSPC;
	return pgsa_registry_add(&pgsa_codes, code->name, code);
}

/**
 * pgsa_code_by_id - the code a frame word names
 * @id: its id
 *
 * Context: Any context.
 * Return: the code, NULL if there is none of that id.
 */
const struct pgsa_code *pgsa_code_by_id(unsigned int id)
{
	return id && id <= PGSA_REGISTRY_MAX ? pgsa_codes.entry[id - 1].ops :
					       NULL;
}

/**
 * pgsa_code_id - the id of a code
 * @code: the code, or NULL
 *
 * Context: Any context.
 * Return: its id, 0 for NULL.
 */
unsigned int pgsa_code_id(const struct pgsa_code *code)
{
	unsigned int i;

	for (i = 0; code && i < PGSA_REGISTRY_MAX; i++)
		if (pgsa_codes.entry[i].ops == code)
			return i + 1;
	return 0;
}

/**
 * pgsa_code_name - the name of the code of an id
 * @id: the id
 *
 * Context: Any context.
 * Return: its name, "none" if there is none of that id.
 */
const char *pgsa_code_name(unsigned int id)
{
	const struct pgsa_code *code = pgsa_code_by_id(id);

	return code ? code->name : "none";
}

/**
 * pgsa_code_find - look up a code by its name
 * @name: the name, with or without a newline at its end
 *
 * Context: Any context.
 * Return: the code, NULL if there is none of that name.
 */
const struct pgsa_code *pgsa_code_find(const char *name)
{
	return pgsa_code_by_id(pgsa_registry_id(&pgsa_codes, name));
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_code_find);

/**
 * pgsa_code_next - go through all codes
 * @prev: the code before, NULL for the first
 *
 * Context: Any context.
 * Return: the next code, NULL after the last.
 */
const struct pgsa_code *pgsa_code_next(const struct pgsa_code *prev)
{
	return pgsa_code_by_id(pgsa_code_id(prev) + 1);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_code_next);

/**
 * pgsa_code_stronger - does one correcting code promise more than another?
 * @code: the one, or NULL
 * @than: the other, or NULL
 *
 * More redundancy is the measure: a frame that several policies want gets the
 * most that one of them asks for.
 *
 * Context: Any context.
 * Return: true if it does.
 */
bool pgsa_code_stronger(const struct pgsa_code *code,
			const struct pgsa_code *than)
{
	return code && (!than || code->check_bytes > than->check_bytes);
}

/**
 * pgsa_code_list - all codes, one to a line: what they do, and how
 * @buf: a page to write to
 *
 * Context: Any context.
 * Return: number of bytes written.
 */
ssize_t pgsa_code_list(char *buf)
{
	const struct pgsa_code *code = NULL;
	const char *fast, *plain;
	ssize_t len = 0;

	while ((code = pgsa_code_next(code))) {
		plain = pgsa_encode_names(code, &fast);
		len += sysfs_emit_at(buf, len, "%s %s bytes=%u variants=%s,%s\n",
				     code->name,
				     code->correct ? "correct" : "detect",
				     code->check_bytes, fast, plain);
	}
	return len;
}

/**
 * pgsa_code_names - the names of all codes of one kind, separated by spaces
 * @correct: those that correct; else those that only detect
 * @buf: where to
 * @size: room there
 *
 * Context: Any context.
 */
void pgsa_code_names(bool correct, char *buf, size_t size)
{
	const struct pgsa_code *code = NULL;
	size_t len = 0;

	*buf = '\0';
	while ((code = pgsa_code_next(code)))
		if (!!code->correct == correct)
			len += scnprintf(buf + len, size - len, "%s%s",
					 len ? " " : "", code->name);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_code_names);

/**
 * pgsa_strategy_register - make a strategy known
 * @strategy: the strategy; must stay
 *
 * Context: An initcall.
 * Return: as pgsa_registry_add().
 */
int __init pgsa_strategy_register(const struct pgsa_strategy *strategy)
{
	return pgsa_registry_add(&pgsa_strategies, strategy->name, strategy);
}

/**
 * pgsa_strategy_find - look up a strategy by its name
 * @name: the name, with or without a newline at its end
 *
 * Context: Any context.
 * Return: the strategy, NULL if there is none of that name.
 */
const struct pgsa_strategy *pgsa_strategy_find(const char *name)
{
	unsigned int id = pgsa_registry_id(&pgsa_strategies, name);

	return id ? pgsa_strategies.entry[id - 1].ops : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_strategy_find);

/**
 * pgsa_strategy_list - pgsa_registry_list() of the strategies
 * @buf: a page to write to
 *
 * Context: Any context.
 * Return: number of bytes written.
 */
ssize_t pgsa_strategy_list(char *buf)
{
	return pgsa_registry_list(&pgsa_strategies, buf);
}

/**
 * pgsa_strategy_names - the names of all strategies, separated by spaces
 * @buf: where to
 * @size: room there
 *
 * Context: Any context.
 */
void pgsa_strategy_names(char *buf, size_t size)
{
	size_t len = 0;
	unsigned int i;

	*buf = '\0';
	for (i = 0; i < PGSA_REGISTRY_MAX && pgsa_strategies.entry[i].name; i++)
		len += scnprintf(buf + len, size - len, "%s%s", i ? " " : "",
				 pgsa_strategies.entry[i].name);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_strategy_names);
