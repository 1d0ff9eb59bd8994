/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the text of a JSON document to say where in it things are. */
#ifndef SEAWALL_COMMON_JSON_SCAN_H
#define SEAWALL_COMMON_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

/*
 * Theory of operation. jansson decides what is valid and what the values are, but keeps
 * no positions. A scan goes over the same text once more, token by token, with a stack
 * of "which member of which container". It judges nothing: any bytes are walked to
 * their end without reading past it, and for text that jansson accepted, or for the
 * part before the place that it refused, the stack is exact. Part of json.c; others use
 * json.h.
 */

enum { JSON_MAX_DEPTH = 64 };

enum json_scan_event {
	JSON_SCAN_END = 0,
	JSON_SCAN_KEY,	 /* the key of a member starts at `start` */
	JSON_SCAN_VALUE, /* a value starts at `start`; then a container is entered */
	JSON_SCAN_CLOSE, /* a container was left */
	JSON_SCAN_DEEP,	 /* the container at `start` is one too many: the scan ends */
};

struct json_scan_frame {
	bool is_object;
	bool key_next;	 /* in an object: the next string is a key */
	size_t index;	 /* members before this one */
	const char *key; /* between its quotes, escapes as written; NULL in an array */
	size_t key_len;
};

struct json_scan {
	const char *text;
	size_t len, pos, start;
	size_t depth; /* frames in use */
	bool enter;   /* the value last reported is a container */
	struct json_scan_frame stack[JSON_MAX_DEPTH];
};

/** json_scan_init() - @text is borrowed until the last use of @scan. */
void json_scan_init(struct json_scan *scan, const char *text, size_t len);
enum json_scan_event json_scan_next(struct json_scan *scan);
/** json_scan_key() - the key @raw as text in @arena, its escapes resolved. */
char *json_scan_key(struct arena *arena, const char *raw, size_t len);
/** json_scan_line() - the line, from 1, that the byte at @offset is on. */
unsigned int json_scan_line(const char *text, size_t len, size_t offset);
/** json_scan_path() - where the scan stands: "$.approvals[0].ports", in @arena. */
char *json_scan_path(const struct json_scan *scan, struct arena *arena);
/** json_path_key() - @path (may be NULL) and one key more; long keys are cut. */
char *json_path_key(struct arena *arena, const char *path, const char *key);

#endif
