/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed reading of JSON nodes: strict for what people write, lenient for programs. */
#include "common/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonw.h"

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_KIND_NONE] = "nothing",
		[JSON_KIND_OBJECT] = "an object",
		[JSON_KIND_ARRAY] = "an array",
		[JSON_KIND_STRING] = "a string",
		[JSON_KIND_INTEGER] = "an integer",
		[JSON_KIND_REAL] = "a number with a fraction or exponent",
		[JSON_KIND_BOOL] = "true or false",
		[JSON_KIND_NULL] = "null",
	};

	return names[kind];
}

const struct json_node *json_member(const struct json_node *object, const char *key)
{
	if (!object || object->kind != JSON_KIND_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->count; i++) {
		if (strcmp(object->children[i].key, key) == 0)
			return &object->children[i];
	}
	return NULL;
}

const struct json_node *json_member_of(
	const struct json_node *object, const char *key, enum json_kind kind)
{
	const struct json_node *member = json_member(object, key);

	return member && member->kind == kind ? member : NULL;
}

bool json_member_flag(const struct json_node *object, const char *key, bool absent)
{
	const struct json_node *member = json_member_of(object, key, JSON_KIND_BOOL);

	return member ? member->boolean : absent;
}

const char *json_member_text(
	const struct json_node *object, const char *key, const char *absent)
{
	const struct json_node *member = json_member_of(object, key, JSON_KIND_STRING);

	return member ? member->string : absent;
}

bool json_is(const struct json_node *node, enum json_kind kind)
{
	if (node->kind == kind)
		return true;
	json_fail(node, "must be %s, is %s", json_kind_name(kind),
		json_kind_name(node->kind));
	return false;
}

const struct json_node *json_want(
	const struct json_node *object, const char *key, enum json_kind kind)
{
	const struct json_node *member = json_member(object, key);

	return member && json_is(member, kind) ? member : NULL;
}

const struct json_node *json_need(
	const struct json_node *object, const char *key, enum json_kind kind)
{
	if (!json_member(object, key)) {
		json_fail(object, "\"%s\" is missing", key);
		return NULL;
	}
	return json_want(object, key, kind);
}

bool json_known_keys(const struct json_node *object, const char *const *keys, size_t n)
{
	char known[256] = "";
	size_t len = 0, unknown = 0;

	for (size_t i = 0; i < n && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
			i ? ", " : "", keys[i]);
	for (size_t i = 0; i < object->count; i++) {
		bool found = false;

		for (size_t k = 0; k < n && !found; k++)
			found = strcmp(object->children[i].key, keys[k]) == 0;
		if (!found) {
			json_fail(&object->children[i],
				"unknown key; the keys known here are: %s", known);
			unknown++;
		}
	}
	return unknown == 0;
}

static int get(const struct json_node *object, const char *key, enum json_kind kind,
	const struct json_node **ret_member, struct err *err)
{
	const struct json_node *member;

	if (object && object->kind != JSON_KIND_OBJECT)
		return json_err(object, err, -EINVAL, "must be an object, is %s",
			json_kind_name(object->kind));
	member = json_member(object, key);
	if (!member || member->kind == JSON_KIND_NULL)
		return 0;
	if (member->kind != kind)
		return json_err(member, err, -EINVAL, "must be %s, is %s",
			json_kind_name(kind), json_kind_name(member->kind));
	*ret_member = member;
	return 1;
}

int json_get_object(const struct json_node *object, const char *key,
	const struct json_node **ret_member, struct err *err)
{
	return get(object, key, JSON_KIND_OBJECT, ret_member, err);
}

int json_get_array(const struct json_node *object, const char *key,
	const struct json_node **ret_member, struct err *err)
{
	return get(object, key, JSON_KIND_ARRAY, ret_member, err);
}

int json_get_string(const struct json_node *object, const char *key,
	const char **ret_string, struct err *err)
{
	const struct json_node *member = NULL;
	int found = get(object, key, JSON_KIND_STRING, &member, err);

	if (found > 0)
		*ret_string = member->string;
	return found;
}

int json_get_integer(const struct json_node *object, const char *key,
	int64_t *ret_integer, struct err *err)
{
	const struct json_node *member = NULL;
	int found = get(object, key, JSON_KIND_INTEGER, &member, err);

	if (found > 0)
		*ret_integer = member->integer;
	return found;
}

int json_get_bool(const struct json_node *object, const char *key, bool *ret_bool,
	struct err *err)
{
	const struct json_node *member = NULL;
	int found = get(object, key, JSON_KIND_BOOL, &member, err);

	if (found > 0)
		*ret_bool = member->boolean;
	return found;
}

/* Recursion is bounded: no document is deeper than JSON_MAX_DEPTH. */
void json_node_write(const struct json_node *node, struct jsonw *writer)
{
	switch (node->kind) {
	case JSON_KIND_OBJECT:
		jsonw_object_begin(writer);
		for (size_t i = 0; i < node->count; i++) {
			jsonw_key(writer, node->children[i].key);
			json_node_write(&node->children[i], writer);
		}
		jsonw_object_end(writer);
		break;
	case JSON_KIND_ARRAY:
		jsonw_array_begin(writer);
		for (size_t i = 0; i < node->count; i++)
			json_node_write(&node->children[i], writer);
		jsonw_array_end(writer);
		break;
	case JSON_KIND_STRING:
		jsonw_string(writer, node->string);
		break;
	case JSON_KIND_INTEGER:
		jsonw_int(writer, node->integer);
		break;
	case JSON_KIND_REAL:
		jsonw_real(writer, node->real);
		break;
	case JSON_KIND_BOOL:
		jsonw_bool(writer, node->boolean);
		break;
	case JSON_KIND_NONE:
	case JSON_KIND_NULL:
		jsonw_null(writer);
		break;
	}
}
