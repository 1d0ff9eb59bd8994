/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of a bounded length, and names out of the rules in it. */
#ifndef SEAWALL_NETMON_MODEL_TEXT_H
#define SEAWALL_NETMON_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

enum { TEXT_MAX = 4096 };

/** struct text - grows up to its bound, then ends in "..." */
struct text {
	char *data; /* TEXT_MAX bytes; never terminated */
	size_t len;
	bool cut;
};

/** text_put() - @len bytes as they are: all of them, or the end of the text. */
void text_put(struct text *text, const char *bytes, size_t len);
void text_add(struct text *text, const char *format, ...) _printf_(2, 3);
/** text_number() - in decimal; text_add() without printf, for what rules are full of.
 */
void text_number(struct text *text, uint64_t number);
/** text_word() - a plain word with a space between it and the one before. */
void text_word(struct text *text, const char *word);
/** text_space() - what comes next is another word. */
void text_space(struct text *text);
/** text_escaped() - words out of the rules. */
void text_escaped(struct text *text, const char *words);
/** text_name() - a name out of the rules, in quotation marks where it is unusual. */
void text_name(struct text *text, const char *name);
/** text_quoted() - the same of at most @len bytes, in quotation marks. */
void text_quoted(struct text *text, const char *name, size_t len);

#endif
