/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of the policy's sections share. */
#include "common/policy_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/glob.h"

const char *policy_text(
	struct policy *policy, const struct json_node *object, const char *key)
{
	const struct json_node *node = json_want(object, key, JSON_KIND_STRING);

	if (!node)
		return NULL;
	if (!node->string[0]) {
		json_fail(node, "must not be empty");
		return NULL;
	}
	return arena_strdup(&policy->arena, node->string);
}

bool policy_fill(const struct json_node *array)
{
	if (array->count > 0)
		return true;
	json_fail(array, "must not be empty");
	return false;
}

static int compare_mentions(const void *left, const void *right)
{
	const struct mention *const *a = left, *const *b = right;
	int order = strcmp((*a)->text, (*b)->text);

	/* The order of the file decides which is the first. */
	return order ? order : *a < *b ? -1 : *a > *b;
}

void policy_note_repeats(
	struct policy *policy, const struct mention *mentions, size_t n)
{
	const struct mention **sorted;
	size_t first = 0;

	if (n < 2)
		return;
	sorted = arena_array(&policy->arena, n, sizeof(struct mention *));
	if (!sorted)
		return;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &mentions[i];
	qsort(sorted, n, sizeof(struct mention *), compare_mentions);
	for (size_t i = 1; i < n && !json_is_full(sorted[i]->node); i++) {
		if (strcmp(sorted[i]->text, sorted[first]->text) != 0)
			first = i;
		else
			json_fail(sorted[i]->node,
				"'%.64s' was given on line %u already", sorted[i]->text,
				json_line(sorted[first]->node));
	}
}

static bool check_text(const struct json_node *node, text_check *check)
{
	if (!json_is(node, JSON_KIND_STRING))
		return false;
	if (!node->string[0] || strlen(node->string) > POLICY_TEXT_MAX) {
		json_fail(node, "must have 1 to %d bytes", POLICY_TEXT_MAX);
		return false;
	}
	return !check || check(node);
}

struct text_list policy_texts(struct policy *policy, const struct json_node *array,
	bool may_empty, text_check *check)
{
	struct mention *mentions = NULL;
	const char **items;
	size_t n = 0;

	if (!array || (!may_empty && !policy_fill(array)))
		return (struct text_list){0};
	for (size_t i = 0; i < array->count; i++) {
		const struct json_node *node = &array->children[i];
		struct mention *mention;

		if (!check_text(node, check))
			continue;
		mention = arena_push(&policy->arena, &mentions, &n, sizeof(*mentions));
		if (mention)
			*mention = (struct mention){.text = node->string, .node = node};
	}
	policy_note_repeats(policy, mentions, n);
	items = arena_array(&policy->arena, n, sizeof(*items));
	if (!items)
		return (struct text_list){0};
	for (size_t i = 0; i < n; i++)
		items[i] = arena_strdup(&policy->arena, mentions[i].text);
	return (struct text_list){.items = items, .n = n};
}

bool policy_has_text(const struct json_node *node)
{
	return node->kind == JSON_KIND_STRING && node->string[0] &&
	       strlen(node->string) <= POLICY_TEXT_MAX;
}

unsigned int policy_choice(const struct json_node *object, const char *key,
	const char *const *words, size_t n, unsigned int fallback)
{
	const struct json_node *node = json_want(object, key, JSON_KIND_STRING);
	char list[128] = "";
	size_t len = 0;

	if (!node)
		return fallback;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(node->string, words[i]) == 0)
			return (unsigned int)i;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
				i ? ", " : "", words[i]);
	}
	json_fail(node, "'%.64s' is not one of: %s", node->string, list);
	return fallback;
}

bool policy_is_glob(const struct json_node *node)
{
	if (glob_is_valid(node->string))
		return true;
	json_fail(node, "'%.64s' is no pattern: a '[' without ']' or a '\\' at its end",
		node->string);
	return false;
}

const char *policy_glob(
	struct policy *policy, const struct json_node *object, const char *key)
{
	const struct json_node *node = json_want(object, key, JSON_KIND_STRING);

	if (!node || !check_text(node, policy_is_glob))
		return NULL;
	return arena_strdup(&policy->arena, node->string);
}

bool policy_zone(const char *name, enum zone *ret_zone)
{
	for (unsigned int zone = 0; zone < ZONE_COUNT; zone++) {
		if (strcmp(name, zone_name((enum zone)zone)) == 0) {
			*ret_zone = (enum zone)zone;
			return true;
		}
	}
	return false;
}
