/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile text made safe for a log or a terminal. */
#include "common/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/utf8.h"

/* Valid characters that a reader cannot see, or that reorder what he sees. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{0x0000, 0x001f},   /* C0 controls */
	{0x007f, 0x009f},   /* DEL, C1 controls: 0x9b starts an escape sequence */
	{0x00ad, 0x00ad},   /* soft hyphen */
	{0x034f, 0x034f},   /* combining grapheme joiner */
	{0x061c, 0x061c},   /* Arabic letter mark */
	{0x115f, 0x1160},   /* Hangul fillers */
	{0x180b, 0x180f},   /* Mongolian selectors and vowel separator */
	{0x200b, 0x200f},   /* zero width, direction marks */
	{0x2028, 0x202e},   /* line and paragraph separators, bidi embedding */
	{0x2060, 0x206f},   /* word joiner, bidi isolates, deprecated controls */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xfe00, 0xfe0f},   /* variation selectors */
	{0xfeff, 0xfeff},   /* zero width no-break space */
	{0xffa0, 0xffa0},   /* halfwidth Hangul filler */
	{0xfff0, 0xfffb},   /* interlinear annotation */
	{0xe0000, 0xe0fff}, /* tags, variation selectors */
};

static bool is_seen(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(unseen); i++) {
		if (code >= unseen[i].first && code <= unseen[i].last)
			return false;
	}
	return true;
}

/* Put the form of the next character in @piece; returns how many bytes of text it is.
 */
static size_t next_piece(const char *text, size_t len, char piece[8], size_t *ret_size)
{
	uint32_t code;
	size_t used = utf8_decode(text, len, &code);

	if (used && is_seen(code) && code != '\\') {
		memcpy(piece, text, used);
		*ret_size = used;
		return used;
	}
	if (*text == '\\') {
		memcpy(piece, "\\\\", 2);
		*ret_size = 2;
	} else {
		(void)snprintf(piece, 8, "\\x%02x", (unsigned int)(unsigned char)*text);
		*ret_size = 4;
	}
	return 1;
}

char *escape_text(const char *text, size_t len, char *buffer, size_t size)
{
	size_t out = 0, cut = 0; /* cut: where "..." still fits */

	if (size == 0)
		return buffer;
	while (len > 0) {
		char piece[8];
		size_t piece_size, used = next_piece(text, len, piece, &piece_size);

		if (out + 4 <= size)
			cut = out;
		if (piece_size >= size - out) {
			size_t dots = size - 1 - cut < 3 ? size - 1 - cut : 3;

			memcpy(buffer + cut, "...", dots);
			out = cut + dots;
			break;
		}
		memcpy(buffer + out, piece, piece_size);
		out += piece_size;
		text += used;
		len -= used;
	}
	buffer[out] = '\0';
	return buffer;
}
