/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a terminal: how wide it is, cut and wrapped to fit, coloured. */
#include "netmon/report/text.h"

#include <stdint.h>
#include <string.h>

#include "common/escape.h"
#include "common/utf8.h"

const char *text_safe(struct arena *arena, const char *text)
{
	if (!text)
		return "";
	size_t len = strlen(text);
	/* \xHH is the longest that one byte becomes */
	size_t size = len * 4 + 4;
	char *buffer = arena_alloc(arena, size);

	return buffer ? escape_text(text, len, buffer, size) : "";
}

/* The character at *text, which is moved past it. */
static uint32_t next_rune(const char **text)
{
	uint32_t rune = 0;
	size_t len = utf8_decode(*text, strlen(*text), &rune);

	*text += len ? len : 1; /* escaped text is valid: this only ends the loop */
	return rune;
}

/* East Asian Wide and Fullwidth, and combining marks, in blocks (Unicode TR 11). */
static const struct {
	uint32_t lo, hi;
	size_t width;
} rune_widths[] = {
	{0x0300, 0x036f, 0},
	{0x1100, 0x115f, 2},
	{0x20d0, 0x20ff, 0},
	{0x2e80, 0x303e, 2},
	{0x3041, 0xa4cf, 2},
	{0xac00, 0xd7a3, 2},
	{0xf900, 0xfaff, 2},
	{0xfe00, 0xfe0f, 0},
	{0xfe30, 0xfe6f, 2},
	{0xff00, 0xff60, 2},
	{0xffe0, 0xffe6, 2},
	{0x1f300, 0x1faff, 2},
	{0x20000, 0x3fffd, 2},
};

static size_t rune_width(uint32_t rune)
{
	for (size_t i = 0; i < ARRAY_LEN(rune_widths) && rune >= rune_widths[i].lo; i++)
		if (rune <= rune_widths[i].hi)
			return rune_widths[i].width;
	return 1;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	while (*text)
		width += rune_width(next_rune(&text));
	return width;
}

const char *text_cut(struct arena *arena, const char *text, size_t width)
{
	const char *at = text;
	size_t used = 0;

	if (text_width(text) <= width)
		return text;
	size_t dots = width < 3 ? width : 3;
	while (*at) {
		const char *next = at;
		size_t one = rune_width(next_rune(&next));

		if (used + one > width - dots)
			break;
		used += one;
		at = next;
	}
	const char *cut = arena_printf(
		arena, "%.*s%.*s", (int)(at - text), text, (int)dots, "...");
	return cut ? cut : "";
}

void text_tone(FILE *stream, bool color, enum tone tone, const char *text)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "",
		[TONE_DIM] = "\033[2m",
		[TONE_BOLD] = "\033[1m",
		[TONE_GOOD] = "\033[32m",
		[TONE_WARN] = "\033[33m",
		[TONE_BAD] = "\033[31m",
		[TONE_WORST] = "\033[1;31m",
	};

	if (!color || tone == TONE_PLAIN)
		(void)fputs(text, stream);
	else
		(void)fprintf(stream, "%s%s\033[0m", codes[tone], text);
}

static void wrap_line(
	FILE *stream, const char *line, size_t len, size_t indent, size_t width)
{
	size_t column = 0;

	(void)fprintf(stream, "%*s", (int)indent, "");
	while (len > 0) {
		size_t word = 0;
		while (word < len && line[word] != ' ')
			word++;
		char copy[256];
		size_t cols = word;
		if (word < sizeof(copy)) {
			memcpy(copy, line, word);
			copy[word] = '\0';
			cols = text_width(copy);
		}
		if (column > 0 && width > 0 && indent + column + 1 + cols > width) {
			(void)fprintf(stream, "\n%*s", (int)indent, "");
			column = 0;
		} else if (column > 0) {
			(void)fputc(' ', stream);
			column++;
		}
		(void)fwrite(line, 1, word, stream);
		column += cols;
		while (word < len && line[word] == ' ')
			word++;
		line += word;
		len -= word;
	}
	(void)fputc('\n', stream);
}

void text_wrap(FILE *stream, const char *text, size_t indent, size_t width)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		wrap_line(stream, text, len, indent, width);
		text += len;
		if (*text == '\n')
			text++;
	}
}
