/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict JSON reader that hands out values one after the other, without a tree. */
#ifndef SEAWALL_NETMON_MODEL_JSONR_H
#define SEAWALL_NETMON_MODEL_JSONR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

/*
 * Theory of operation. A snapshot may hold a hundred megabytes, nearly all of it
 *base64, and is read straight into structs: common/json.h, which builds a tree, would
 *hold all of it three times. The text is in memory; the caller says what must come
 *next, and each function either consumes exactly that or fails with "FILE:LINE: PATH:
 *message". The first failure is final: every later call returns the same code.
 *
 *	jsonr_object(r);
 *	while ((rc = jsonr_key(r, &key)) > 0)
 *		... exactly one value ...
 *
 * The syntax is RFC 8259 and nothing more; duplicate keys are the caller's to refuse.
 */

#define JSONR_DEPTH_MAX 16

struct jsonr_text {
	const char *data; /* not terminated; in the text itself, or in the arena */
	size_t len;
};

struct jsonr_level {
	bool array, first;
	size_t index;	       /* arrays: of the current item */
	struct jsonr_text key; /* objects: of the current member */
};

struct jsonr {
	const char *file;
	const char *text;
	size_t len, off;
	size_t line;
	struct arena *arena; /* strings with escapes are decoded into it */
	struct err *err;
	int failed; /* 0, or the code of the first failure */
	unsigned int depth;
	struct jsonr_level level[JSONR_DEPTH_MAX];
};

/** jsonr_init() - read @len bytes of @text; all pointers are borrowed. */
void jsonr_init(struct jsonr *r, const char *file, const char *text, size_t len,
	struct arena *arena, struct err *err);
/** jsonr_end() - nothing but white space may follow the one value that was read. */
int jsonr_end(struct jsonr *r) _must_check_;
/** jsonr_fail() - refuse what was read last; returns -EINVAL, or the earlier failure.
 */
int jsonr_fail(struct jsonr *r, const char *format, ...) _printf_(2, 3);
/** jsonr_fail_memory() - the arena is exhausted: returns -ENOMEM. */
int jsonr_fail_memory(struct jsonr *r);

/** jsonr_next() - first byte of the next value, as a hint of its type; 0: none. */
char jsonr_next(struct jsonr *r);

int jsonr_object(struct jsonr *r) _must_check_;
/** jsonr_key() - 1 and the next member's key; 0: the object ended; negative errno. */
int jsonr_key(struct jsonr *r, struct jsonr_text *ret_key) _must_check_;
int jsonr_array(struct jsonr *r) _must_check_;
/** jsonr_item() - 1: an item follows; 0: the array ended; negative errno. */
int jsonr_item(struct jsonr *r) _must_check_;

int jsonr_bool(struct jsonr *r, bool *ret_value) _must_check_;
/**
 * jsonr_integer() - a whole number without fraction or exponent
 * @low, @high: what is allowed, both included
 * @ret_value:  two's complement: cast to uint64_t what @high allows beyond INT64_MAX
 */
int jsonr_integer(struct jsonr *r, int64_t low, uint64_t high, int64_t *ret_value)
	_must_check_;
/** jsonr_string() - valid UTF-8 without NUL; cost: linear. */
int jsonr_string(struct jsonr *r, struct jsonr_text *ret_text) _must_check_;
/** jsonr_plain() - a string without escapes, its bytes unchecked: the caller's decoder
 * must accept a few ASCII characters only (base64, hexadecimal). */
int jsonr_plain(struct jsonr *r, struct jsonr_text *ret_text) _must_check_;
/** jsonr_skip() - any one value, checked for syntax. */
int jsonr_skip(struct jsonr *r) _must_check_;

#endif
