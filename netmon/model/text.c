/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of a bounded length, and names out of the rules in it. */
#include "netmon/model/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/escape.h"

static const char text_end[] = "…";

/* Bytes left before the mark that says that the text ends early. */
static size_t room(const struct text *text)
{
	return TEXT_MAX - sizeof(text_end) - text->len;
}

/* Nothing of what does not fit, so that no character is cut in half. */
static void cut(struct text *text)
{
	memcpy(text->data + text->len, text_end, sizeof(text_end) - 1);
	text->len += sizeof(text_end) - 1;
	text->cut = true;
}

void text_put(struct text *text, const char *bytes, size_t len)
{
	if (text->cut)
		return;
	if (len >= room(text)) {
		cut(text);
		return;
	}
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

/* Most of what is added is plain text, and scans add it ten thousand times. */
void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	if (text->cut)
		return;
	va_start(args, format);
	if (strcmp(format, "%s") == 0) {
		const char *plain = va_arg(args, const char *);

		text_put(text, plain, strlen(plain));
	} else if (!strchr(format, '%')) {
		text_put(text, format, strlen(format));
	} else {
		n = vsnprintf(text->data + text->len, room(text), format, args);
		if (n >= 0 && (size_t)n < room(text))
			text->len += (size_t)n;
		else
			cut(text);
	}
	va_end(args);
}

void text_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	text_put(text, digits + at, sizeof(digits) - at);
}

void text_space(struct text *text)
{
	if (text->len && text->data[text->len - 1] != ' ')
		text_put(text, " ", 1);
}

void text_word(struct text *text, const char *word)
{
	text_space(text);
	text_put(text, word, strlen(word));
}

/* Quotation marks inside would end the name early for a reader. */
static void add_quoted(struct text *text, const char *escaped)
{
	char buffer[2048];
	size_t n = 0;

	buffer[n++] = '"';
	for (; *escaped && n < sizeof(buffer) - 8; escaped++) {
		if (*escaped == '"') {
			memcpy(buffer + n, "\\x22", 4);
			n += 4;
		} else {
			buffer[n++] = *escaped;
		}
	}
	buffer[n++] = '"';
	text_put(text, buffer, n);
}

/* Letters, digits and _-./:@+% */
static bool is_plain(char c)
{
	return (c >= '-' && c <= ':') || (c >= '@' && c <= 'Z') || c == '_' ||
	       (c >= 'a' && c <= 'z') || c == '+' || c == '%';
}

/* How many bytes are plain from the start. */
static size_t plain_run(const char *name, size_t len)
{
	size_t run = 0;

	while (run < len && is_plain(name[run]))
		run++;
	return run;
}

void text_escaped(struct text *text, const char *words)
{
	char buffer[1024];

	text_add(text, "%s", escape_text(words, strlen(words), buffer, sizeof(buffer)));
}

void text_name(struct text *text, const char *name)
{
	char buffer[512];
	size_t len = strlen(name);

	if (len > 0 && len < sizeof(buffer) && plain_run(name, len) == len)
		text_put(text, name, len);
	else
		add_quoted(text, escape_text(name, len, buffer, sizeof(buffer)));
}

void text_quoted(struct text *text, const char *name, size_t len)
{
	_uninit_ char buffer[1024];

	len = strnlen(name, len);
	if (len < sizeof(buffer) - 4 && plain_run(name, len) == len) {
		buffer[0] = '"';
		memcpy(buffer + 1, name, len);
		buffer[len + 1] = '"';
		text_put(text, buffer, len + 2);
	} else {
		add_quoted(text, escape_text(name, len, buffer, sizeof(buffer)));
	}
}
