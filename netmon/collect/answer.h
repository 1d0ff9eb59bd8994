/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading an engine's JSON: go on after a mistake, and remember that there was one. */
#ifndef SEAWALL_NETMON_COLLECT_ANSWER_H
#define SEAWALL_NETMON_COLLECT_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/arena.h"
#include "common/err.h"
#include "common/json.h"

/**
 * struct answer - one JSON document being read
 * @arena: receives copies of strings
 * @err:   the first mistake
 * @code:  0, or the first mistake's -errno
 */
struct answer {
	struct arena *arena;
	struct err *err;
	int code;
	struct json_doc *doc;
};

/**
 * answer_open() - parse @text
 * @kind:     what its root must be
 * @ret_root: set on success; lives until answer_done()
 */
int answer_open(struct answer *answer, const char *name, const char *text, size_t len,
	enum json_kind kind, const struct json_node **ret_root) _must_check_;
void answer_done(struct answer *answer);

/** answer_fail() - remember a mistake at @node; the first one stays. */
void answer_fail(struct answer *answer, const struct json_node *node, const char *what);

/*
 * The value of a member; absent, null and of a wrong type are NULL, 0 or false. An
 * empty string is NULL.
 */
const char *answer_text(
	struct answer *answer, const struct json_node *object, const char *key);
/** answer_number() - an integer of @min to @max; another is a mistake and 0. */
int64_t answer_number(struct answer *answer, const struct json_node *object,
	const char *key, int64_t min, int64_t max);
bool answer_flag(
	struct answer *answer, const struct json_node *object, const char *key);
const struct json_node *answer_object(
	struct answer *answer, const struct json_node *object, const char *key);
const struct json_node *answer_array(
	struct answer *answer, const struct json_node *object, const char *key);
/** answer_addr() - an address written as text; family NONE when absent or empty. */
struct addr answer_addr(
	struct answer *answer, const struct json_node *object, const char *key);

/** answer_is_object() - whether a list's element is an object; else it is a mistake. */
bool answer_is_object(struct answer *answer, const struct json_node *node);

#endif
