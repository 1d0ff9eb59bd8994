/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents read strictly, every error with its file, line and JSON path. */
#ifndef SEAWALL_COMMON_JSON_H
#define SEAWALL_COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

/*
 * Theory of operation. A document is loaded as a whole into a tree of json_node, which
 * callers read directly. Refused while loading: anything that RFC 8259 does not allow,
 * text behind the document, duplicate keys, NUL in strings, invalid UTF-8, numbers out
 * of range, nesting deeper than 64, more bytes than the caller's bound.
 *
 * There are two manners of reading. What people write (policy) is read with
 * json_need(), json_want() and json_known_keys(): they note every mistake in the list
 * that was given when the document was loaded, so that one run shows them all. What
 * programs write (answers of an engine) is read with json_get_*(): unknown keys are
 * fine, missing and null are the same, and the first value of a wrong type ends it.
 */

enum json_kind {
	JSON_KIND_NONE = 0,
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_BOOL,
	JSON_KIND_NULL,
};

/**
 * struct json_node - one value; read only, lives as long as its document
 * @key:      in an object: the member's key; else NULL
 * @children: members or elements in the order of the text, @count of them
 */
struct json_node {
	enum json_kind kind;
	size_t count;
	const char *key;
	const struct json_node *parent; /* NULL at the root */
	union {
		const struct json_node *children;
		const char *string; /* valid UTF-8 without NUL */
		int64_t integer;
		double real;
		bool boolean;
	};
};

/** struct json_error - @text is all of it: "FILE:LINE: PATH: message". */
struct json_error {
	unsigned int line;
	const char *path; /* "$.approvals[0].ports[1]" */
	const char *text;
};

/**
 * struct json_errors - every mistake found in one document
 * @cut: there were more than fit; the last entry says so
 */
struct json_errors {
	struct arena arena;
	struct json_error *list;
	size_t count;
	bool cut;
};

struct json_doc;

void json_errors_init(struct json_errors *errors);
void json_errors_done(struct json_errors *errors);

/**
 * json_doc_load_text() - read a document from memory
 * @name:    what messages call it
 * @text:    @len bytes, copied
 * @errors:  list that collects every mistake, now and by the strict readers later; it
 *           must outlive the document. NULL: the first is enough
 * @ret_doc: release with json_doc_free()
 * @err:     the first mistake, may be NULL
 *
 * With a list, duplicate keys are noted there (all of them) and the document is
 * returned all the same, so that the search for mistakes can go on: look at
 * @errors->count before using anything.
 *
 * Return: 0; -EINVAL (not a valid document), -E2BIG (over 64 levels), -ENOMEM.
 */
int json_doc_load_text(const char *name, const char *text, size_t len,
	struct json_errors *errors, struct json_doc **ret_doc, struct err *err)
	_must_check_;

/**
 * json_doc_load_fd() - read a document from an open file up to its end
 * @fd:        stays open
 * @max_bytes: longer files are refused (-E2BIG) before they are read whole
 *
 * Else as json_doc_load_text(); also the negative errno of read().
 */
int json_doc_load_fd(int fd, const char *name, size_t max_bytes,
	struct json_errors *errors, struct json_doc **ret_doc, struct err *err)
	_must_check_;

/** json_doc_load_file() - json_doc_load_fd() of the file at @path, "-" for stdin. */
int json_doc_load_file(const char *path, size_t max_bytes, struct json_errors *errors,
	struct json_doc **ret_doc, struct err *err) _must_check_;
void json_doc_free(struct json_doc *doc);
static inline void cleanup_json_doc(struct json_doc **doc)
{
	json_doc_free(*doc);
}

/** json_doc_root() - an object or an array. */
const struct json_node *json_doc_root(const struct json_doc *doc);

/** json_kind_name() - "an object", "a string", ... */
const char *json_kind_name(enum json_kind kind);

/** json_member() - the member of an object, or NULL (also when @object is NULL). */
const struct json_node *json_member(const struct json_node *object, const char *key);
/** json_member_of() - json_member(), or NULL also when it is of another kind. */
const struct json_node *json_member_of(
	const struct json_node *object, const char *key, enum json_kind kind);
/** json_member_flag() - true or false of an object; @absent when it has neither there.
 */
bool json_member_flag(const struct json_node *object, const char *key, bool absent);
/** json_member_text() - a text of an object; @absent when that has none at @key. */
const char *json_member_text(
	const struct json_node *object, const char *key, const char *absent);

/** json_line() - the line that the node, or its key, starts on; reads the whole text.
 */
unsigned int json_line(const struct json_node *node);
/** json_child_lines() - json_line() of all @node->count children in one reading. */
void json_child_lines(const struct json_node *node, unsigned int *lines);

/* Strict reading. */

/** json_fail() - note a mistake at the place of @node in the document's list. */
void json_fail(const struct json_node *node, const char *format, ...) _printf_(2, 3);
/** json_is_full() - whether the list is full, so that searching on is of no use. */
bool json_is_full(const struct json_node *node);
/** json_is() - whether @node is of @kind; else that is a mistake. */
bool json_is(const struct json_node *node, enum json_kind kind);
/** json_want() - an optional member; of another kind than @kind is a mistake and NULL.
 */
const struct json_node *json_want(
	const struct json_node *object, const char *key, enum json_kind kind);
/** json_need() - json_want() of a member whose absence is a mistake, too. */
const struct json_node *json_need(
	const struct json_node *object, const char *key, enum json_kind kind);
/** json_known_keys() - members of @object that are not among @n @keys are mistakes. */
bool json_known_keys(const struct json_node *object, const char *const *keys, size_t n);

/* Lenient reading: 1 found, 0 absent or null (or @object is NULL), -EINVAL other kind.
 */

/** json_err() - fill @err with a message at the place of @node; returns @code. */
int json_err(const struct json_node *node, struct err *err, int code,
	const char *format, ...) _printf_(4, 5);
int json_get_object(const struct json_node *object, const char *key,
	const struct json_node **ret_member, struct err *err) _must_check_;
int json_get_array(const struct json_node *object, const char *key,
	const struct json_node **ret_member, struct err *err) _must_check_;
int json_get_string(const struct json_node *object, const char *key,
	const char **ret_string, struct err *err) _must_check_;
int json_get_integer(const struct json_node *object, const char *key,
	int64_t *ret_integer, struct err *err) _must_check_;
int json_get_bool(const struct json_node *object, const char *key, bool *ret_bool,
	struct err *err) _must_check_;

struct jsonw;
/** json_node_write() - the value, without its key, in the order it was read. */
void json_node_write(const struct json_node *node, struct jsonw *writer);

#endif
