/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes JSON as it goes, into a stream or into memory. */
#ifndef SEAWALL_COMMON_JSONW_H
#define SEAWALL_COMMON_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

/*
 * The output is valid whatever strings are given: control characters and quotes are
 * escaped, invalid UTF-8 becomes U+FFFD. Calls that do not make a document (a value
 * where a key must be, an end without its beginning) are bugs and end in an assertion.
 * Failures are kept until jsonw_finish(), so that no call in between need be checked.
 */
struct jsonw {
	FILE *stream; /* NULL: into memory */
	char *buffer;
	size_t len, size;
	unsigned int indent; /* spaces a level; 0: all on one line */
	unsigned int depth;
	uint64_t is_object, has_member; /* a bit a level */
	bool after_key, has_root;
	int code; /* first failure, negative errno */
};

/** jsonw_init() - @stream is borrowed until jsonw_finish(); NULL writes into memory. */
void jsonw_init(struct jsonw *writer, FILE *stream, unsigned int indent);
/** jsonw_done() - release the memory; always, also after jsonw_finish(). */
void jsonw_done(struct jsonw *writer);
/**
 * jsonw_finish() - hand everything to the stream, when indented with a final newline
 *
 * Afterwards the next document may be written. In memory it follows the one before.
 * Return: 0; -ENOMEM; the negative errno of a failed write.
 */
int jsonw_finish(struct jsonw *writer, struct err *err) _must_check_;
/** jsonw_text() - what was written into memory, terminated, until the next call. */
const char *jsonw_text(struct jsonw *writer, size_t *ret_len);
/** jsonw_take() - that text, to be freed by the caller; NULL when memory ran out. */
char *jsonw_take(struct jsonw *writer, size_t *ret_len);

void jsonw_object_begin(struct jsonw *writer);
void jsonw_object_end(struct jsonw *writer);
void jsonw_array_begin(struct jsonw *writer);
void jsonw_array_end(struct jsonw *writer);
void jsonw_key(struct jsonw *writer, const char *key);

/** jsonw_string() - NULL is written as null. */
void jsonw_string(struct jsonw *writer, const char *text);
void jsonw_string_len(struct jsonw *writer, const char *text, size_t len);
void jsonw_stringf(struct jsonw *writer, const char *format, ...) _printf_(2, 3);
void jsonw_int(struct jsonw *writer, int64_t value);
void jsonw_uint(struct jsonw *writer, uint64_t value);
/** jsonw_real() - shortest text that reads back the same; NaN and infinity are null. */
void jsonw_real(struct jsonw *writer, double value);
void jsonw_bool(struct jsonw *writer, bool value);
void jsonw_null(struct jsonw *writer);
/** jsonw_raw() - a value that is JSON text already; the caller vouches for it. */
void jsonw_raw(struct jsonw *writer, const char *text, size_t len);

/* A member at once. */
void jsonw_member_string(struct jsonw *writer, const char *key, const char *text);
void jsonw_member_int(struct jsonw *writer, const char *key, int64_t value);
void jsonw_member_uint(struct jsonw *writer, const char *key, uint64_t value);
void jsonw_member_bool(struct jsonw *writer, const char *key, bool value);
void jsonw_member_object(struct jsonw *writer, const char *key);
void jsonw_member_array(struct jsonw *writer, const char *key);

#endif
