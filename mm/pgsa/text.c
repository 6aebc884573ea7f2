// SPDX-License-Identifier: GPL-2.0
/*
 * What users write: names and numbers, and what is neither.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "text.h"

/**
 * pgsa_text_complete - is a text all that was written, and nothing else?
 * @text: what configfs hands over, with a NUL behind it
 * @count: its length
 *
 * configfs cuts after 4096 bytes what is longer and takes the rest for a text of
 * its own, so as many bytes may be the beginning of anything. What follows a NUL
 * would be written and not read.
 *
 * Context: Any context.
 * Return: false if a part of it would be lost.
 */
bool pgsa_text_complete(const char *text, size_t count)
{
	return count < PGSA_TEXT_CUT - 1 && !memchr(text, '\0', count);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_text_complete);

/**
 * pgsa_parse_decimal - read a decimal number
 * @text: nothing but digits; one newline may follow
 * @max: the highest that is valid
 * @number: where to; left alone if there is none
 *
 * Context: Any context.
 * Return: 0; -EINVAL for another text or a higher number.
 */
int pgsa_parse_decimal(const char *text, u64 max, u64 *number)
{
	u64 parsed;

	/* kstrtox takes a sign. */
	if (!isdigit(*text) || kstrtou64(text, 10, &parsed) || parsed > max)
		return -EINVAL;
	*number = parsed;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_parse_decimal);

/**
 * pgsa_parse_number - read a decimal number, or a hexadecimal one after 0x
 * @text: nothing else; one newline may follow
 * @number: where to; left alone if there is none
 *
 * Context: Any context.
 * Return: 0; -EINVAL for another text, and for a number of more than 64 bits.
 */
int pgsa_parse_number(const char *text, u64 *number)
{
	/* Were kstrtox to choose, it would take 010 for 8. */
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';

	if (!hex)
		return pgsa_parse_decimal(text, U64_MAX, number);
	if (!isxdigit(text[2]) || kstrtou64(text, 16, number))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_parse_number);

/**
 * pgsa_check_name - may something be called so?
 * @kind: what it is, for the log
 * @name: the name
 *
 * Names stand in lines of the log, in trace fields and behind "policy=". One with
 * a line feed would write lines of its own there, one with a blank fields, and one
 * with an escape sequence anything on a terminal.
 *
 * Context: Process context.
 * Return: 0; -EINVAL if it has anything but printable ASCII characters, or a
 * blank; the log says so.
 */
int pgsa_check_name(const char *kind, const char *name)
{
	const char *p;

	for (p = name; *p > ' ' && *p < 0x7f; p++)
		;
	if (!*p)
		return 0;
	pr_info("%s '%*pE' refused: a name has printable ASCII characters and no blank\n",
		kind, (int)min(strlen(name), PGSA_TEXT_SHOWN), name);
	return -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_check_name);
