/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of the policy's sections share. */
#ifndef SEAWALL_COMMON_POLICY_PARSE_H
#define SEAWALL_COMMON_POLICY_PARSE_H

#include "common/policy.h"

enum { POLICY_TEXT_MAX = 255 };

/* Notes what is wrong with @node, a string that is not empty; true when nothing is. */
typedef bool text_check(const struct json_node *node);

/** struct mention - something named in the file, and where. */
struct mention {
	const char *text;
	const struct json_node *node;
};

/** policy_note_repeats() - every mention of a text but the first is a mistake. */
void policy_note_repeats(
	struct policy *policy, const struct mention *mentions, size_t n);

/** policy_text() - an optional string member that is not empty; NULL when it is not. */
const char *policy_text(
	struct policy *policy, const struct json_node *object, const char *key);
/**
 * policy_texts() - a list of texts without repetitions
 * @array:     NULL gives an empty list
 * @may_empty: else an empty array is a mistake
 * @check:     for each text; may be NULL
 */
struct text_list policy_texts(struct policy *policy, const struct json_node *array,
	bool may_empty, text_check *check);
/** policy_has_text() - whether policy_texts() finds nothing wrong, without a check. */
bool policy_has_text(const struct json_node *node);
/** policy_fill() - whether @array has elements; notes it when not. */
bool policy_fill(const struct json_node *array);
/** policy_choice() - which of @n @words an optional string is; @fallback when absent.
 */
unsigned int policy_choice(const struct json_node *object, const char *key,
	const char *const *words, size_t n, unsigned int fallback);
/** policy_zone() - which zone has that name; false when none has. */
bool policy_zone(const char *name, enum zone *ret_zone);
/** policy_glob() - an optional member that is a pattern; NULL when it is not. */
const char *policy_glob(
	struct policy *policy, const struct json_node *object, const char *key);
bool policy_is_glob(const struct json_node *node);

#endif
