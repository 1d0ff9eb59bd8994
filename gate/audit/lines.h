/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of lines, read piece by piece without a copy. */
#ifndef SEAWALL_GATE_AUDIT_LINES_H
#define SEAWALL_GATE_AUDIT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

/** struct span - a piece of somebody else's text; not terminated. */
struct span {
	const char *text;
	size_t len;
};

/** struct lines - where reading is; start with {.rest = the file}. */
struct lines {
	struct span rest;
	unsigned int number; /* of the line read last, from 1 */
	unsigned int first;  /* of the one that lines_next_whole() began with */
};

/** lines_next() - the next line without its end; false behind the last. */
bool lines_next(struct lines *lines, struct span *ret_line);
/**
 * lines_next_whole() - the next line with those that continue it: ended by a backslash
 * @comments: bytes that begin a comment line, which continues nothing and ends nothing
 *
 * @ret_line is in @arena when it is made of several.
 */
bool lines_next_whole(struct lines *lines, const char *comments, struct arena *arena,
	struct span *ret_line);
/**
 * lines_next_rule() - the next line of group.conf(5), without its comment
 *
 * A '#' begins one anywhere, and it ends with its line, also behind a backslash. What a
 * backslash joins has no blank between.
 */
bool lines_next_rule(struct lines *lines, struct arena *arena, struct span *ret_line);
/** lines_is_blank() - what separates words within a line */
bool lines_is_blank(char c);
/** span_of() - all of a text, which it borrows */
struct span span_of(const char *text);
/** span_cut() - what is before @separator, which is skipped; all when there is none. */
struct span span_cut(struct span *rest, char separator);
/** span_word() - the next word between blanks; empty: none is left. */
struct span span_word(struct span *rest);
struct span span_trim(struct span span);
bool span_is(struct span span, const char *text);
/** span_is_nocase() - the same, whatever the case of ASCII letters. */
bool span_is_nocase(struct span span, const char *text);
bool span_begins(struct span span, const char *text);
bool span_ends(struct span span, const char *text);
/** span_number() - all of it is a decimal number up to UINT32_MAX. */
bool span_number(struct span span, uint32_t *ret_number);
/** span_id() - "#1000", as sudoers(5) has ids */
bool span_id(const char *text, uint32_t *ret_id);

#endif
