/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a terminal: how wide it is, cut and wrapped to fit, coloured. */
#ifndef SEAWALL_NETMON_REPORT_TEXT_H
#define SEAWALL_NETMON_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/arena.h"

enum tone {
	TONE_PLAIN = 0,
	TONE_DIM,
	TONE_BOLD,
	TONE_GOOD,
	TONE_WARN,
	TONE_BAD,
	TONE_WORST,
};

/** text_safe() - hostile text escaped (common/escape.h), whole, in @arena; never NULL
 */
const char *text_safe(struct arena *arena, const char *text);

/** text_width() - columns that escaped UTF-8 takes; wide East Asian letters take two.
 */
size_t text_width(const char *text);

/** text_cut() - @text in at most @width columns, ending in "..." when it was longer. */
const char *text_cut(struct arena *arena, const char *text, size_t width);

/** text_tone() - write @text in a tone; @color false: as it is. */
void text_tone(FILE *stream, bool color, enum tone tone, const char *text);

/**
 * text_wrap() - write @text broken at spaces
 * @indent: spaces before each line, the first included
 * @width:  columns in all; 0: no bound. A word longer than a line stands whole.
 *
 * Each newline in @text begins a new line.
 */
void text_wrap(FILE *stream, const char *text, size_t indent, size_t width);

#endif
