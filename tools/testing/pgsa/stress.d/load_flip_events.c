// SPDX-License-Identifier: GPL-2.0
/* The kernel's tracepoints pgsa_inject and pgsa_error, in the order they came. */
#include "load_flip.h"

#define TRACE	"/sys/kernel/tracing/instances/pgsa-flips"

static int events_fd = -1;

void events_open(void)
{
	mkdir(TRACE, 0755);
	pgsa_write(TRACE "/events/pgsa/pgsa_inject/enable", "1");
	pgsa_write(TRACE "/events/pgsa/pgsa_error/enable", "1");
	events_fd = open(TRACE "/trace_pipe",
			 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	want(events_fd >= 0, "%s: %s", TRACE, strerror(errno));
}

void events_close(void)
{
	close(events_fd);
	rmdir(TRACE);
}

static bool parse(const char *line, struct event *event)
{
	unsigned long long mask;
	const char *text = strstr(line, "pgsa_error:");
	char value[32];

	event->error = text;
	if (!text)
		text = strstr(line, "pgsa_inject:");
	if (!text) {
		/* "LOST n EVENTS" must not pass for silence. */
		want(!strstr(line, "LOST"), "%s", line);
		return false;
	}
	event->pfn = pgsa_number(text, "pfn");
	if (event->error) {
		pgsa_field(text, "bit", value, sizeof(value));
		event->bit = atoi(value);
	} else {
		mask = pgsa_number(text, "mask");
		event->bit = pgsa_number(text, "offset") * 8 +
			     (mask ? __builtin_ctzll(mask) : 0);
	}
	pgsa_field(text, "result", value, sizeof(value));
	event->corrected = !strcmp(value, "corrected");
	snprintf(event->line, sizeof(event->line), "%s", line);
	return true;
}

bool next_event(struct event *event)
{
	static char text[65536];
	static size_t begin, end;
	char *line, *newline;
	ssize_t n;

	for (;;) {
		line = text + begin;
		newline = memchr(line, '\n', end - begin);
		if (newline) {
			*newline = '\0';
			begin = newline + 1 - text;
			if (parse(line, event))
				return true;
			continue;
		}
		memmove(text, line, end - begin);
		end -= begin;
		begin = 0;
		n = read(events_fd, text + end, sizeof(text) - end);
		if (n <= 0)
			return false;
		end += n;
	}
}
