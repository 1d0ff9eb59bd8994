/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of JSON keys, and what becomes of each. */
#include "gate/filter/fields.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WORD = 4096 };

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* "CapAdd": "cap-add", "UTSMode": "uts-mode", "IPv4Address": "ipv4-address". */
static const char *rule_id(struct work *work, const char *key)
{
	char text[96];
	size_t n = 0;

	for (const char *p = key; *p && n < sizeof(text) - 3; p++) {
		bool starts = p > key && is_upper(*p) &&
			      (!is_upper(p[-1]) || (is_lower(p[1]) && is_lower(p[2])));

		if (starts && text[n - 1] != '-')
			text[n++] = '-';
		text[n++] = is_upper(*p) ? (char)(*p - 'A' + 'a') : *p;
	}
	text[n] = '\0';
	return arena_printf(
		work->arena, "%s-%s", work->prefix ? work->prefix : "body", text);
}

int field_refuse(struct work *work, const struct field *field,
	const struct json_node *value, const char *format, ...)
{
	char text[768];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return refuse(work, 403, rule_id(work, field->key), "%s%s: %s",
		work->judging ? "the container's " : "",
		value ? node_place(work, value) : field->key, text);
}

const char *node_place(struct work *work, const struct json_node *node)
{
	const struct json_node *parent = node->parent;
	const char *place;

	if (!parent)
		return "the body";
	const char *before = parent->parent ? node_place(work, parent) : "";
	if (node->key)
		place = arena_printf(work->arena, "%s%s%s", before, *before ? "." : "",
			shown(work, node->key));
	else
		place = arena_printf(work->arena, "%s[%zu]", before,
			(size_t)(node - parent->children));
	return place ? place : "";
}

bool node_is_empty(const struct json_node *node)
{
	switch (node->kind) {
	case JSON_KIND_OBJECT:
	case JSON_KIND_ARRAY:
		return node->count == 0;
	case JSON_KIND_STRING:
		return node->string[0] == '\0';
	case JSON_KIND_INTEGER:
		return node->integer == 0;
	case JSON_KIND_BOOL:
		return !node->boolean;
	case JSON_KIND_NULL:
		return true;
	case JSON_KIND_REAL:
	case JSON_KIND_NONE:
	default:
		return false;
	}
}

bool is_word(const char *text)
{
	size_t len = 0;

	for (; text[len]; len++) {
		if ((unsigned char)text[len] < ' ' || text[len] == 0x7f)
			return false;
	}
	return len <= MAX_WORD;
}

static int bad_shape(
	struct work *work, const struct json_node *value, const char *wanted)
{
	return refuse(work, 400, "body-type", "%s must be %s", node_place(work, value),
		wanted);
}

static int check_element(struct work *work, const struct field *field,
	enum json_kind kind, const struct json_node *element)
{
	bool words = field->shape == SHAPE_WORDS;

	if (element->kind != kind)
		return bad_shape(work, element, json_kind_name(kind));
	if (kind == JSON_KIND_STRING && words && !is_word(element->string))
		return bad_shape(work, element, "one line of text");
	if (kind == JSON_KIND_STRING && strlen(element->string) > WORK_MAX_TEXT)
		return bad_shape(work, element, "shorter");
	if (kind == JSON_KIND_INTEGER &&
		(element->integer < field->min || element->integer > field->max))
		return bad_shape(work, element, "in range");
	if (kind == JSON_KIND_OBJECT && field->shape == SHAPE_SET && element->count > 0)
		return bad_shape(work, element, "an empty object");
	return 0;
}

static int check_list(struct work *work, const struct field *field, enum json_kind list,
	enum json_kind element, const struct json_node *value)
{
	if (value->kind != list)
		return bad_shape(work, value, json_kind_name(list));
	if (value->count > WORK_MAX_ITEMS)
		return bad_shape(work, value, "a shorter list");
	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *child = &value->children[i];

		if (list == JSON_KIND_OBJECT && !is_word(child->key))
			return bad_shape(work, value, "an object with proper keys");
		if (check_element(work, field, element, child) < 0)
			return -EACCES;
	}
	return 0;
}

static int check_scalar(struct work *work, const struct field *field,
	const struct json_node *value, enum json_kind kind)
{
	const struct field as_element = {
		.shape = field->shape == SHAPE_WORD ? SHAPE_WORDS : field->shape,
		.min = field->min,
		.max = field->max,
	};

	return check_element(work, &as_element, kind, value);
}

static int check_shape(
	struct work *work, const struct field *field, const struct json_node *value)
{
	switch (field->shape) {
	case SHAPE_BOOL:
		return check_scalar(work, field, value, JSON_KIND_BOOL);
	case SHAPE_INT:
		return check_scalar(work, field, value, JSON_KIND_INTEGER);
	case SHAPE_WORD:
	case SHAPE_TEXT:
		return check_scalar(work, field, value, JSON_KIND_STRING);
	case SHAPE_WORDS:
	case SHAPE_TEXTS:
		return check_list(
			work, field, JSON_KIND_ARRAY, JSON_KIND_STRING, value);
	case SHAPE_INTS:
		return check_list(
			work, field, JSON_KIND_ARRAY, JSON_KIND_INTEGER, value);
	case SHAPE_MAP:
		return check_list(
			work, field, JSON_KIND_OBJECT, JSON_KIND_STRING, value);
	case SHAPE_SET:
		return check_list(
			work, field, JSON_KIND_OBJECT, JSON_KIND_OBJECT, value);
	case SHAPE_SUB:
		return value->kind == JSON_KIND_OBJECT
			       ? 0
			       : bad_shape(work, value, "an object");
	case SHAPE_SUBS:
		return check_list(
			work, field, JSON_KIND_ARRAY, JSON_KIND_OBJECT, value);
	case SHAPE_ANY:
		return 0;
	case SHAPE_NONE:
	default:
		return bad_shape(work, value, "absent");
	}
}

static int apply_sub(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	jsonw_object_begin(out);
	int rc = fields_apply(work, field->sub, value, out);
	jsonw_object_end(out);
	return rc;
}

static int write_value(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	jsonw_key(out, field->key);
	if (field->shape == SHAPE_SUB)
		return apply_sub(work, field, value, out);
	if (field->shape != SHAPE_SUBS) {
		json_node_write(value, out);
		return 0;
	}
	jsonw_array_begin(out);
	for (size_t i = 0; rc == 0 && i < value->count; i++)
		rc = apply_sub(work, field, &value->children[i], out);
	jsonw_array_end(out);
	return rc;
}

static int apply_field(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (check_shape(work, field, value) < 0)
		return -EACCES;
	switch (field->treatment) {
	case TREAT_ALLOW:
		return write_value(work, field, value, out);
	case TREAT_DROP:
		return 0;
	case TREAT_CHECK:
	case TREAT_FORCE:
		return field->check(work, field, value, out);
	case TREAT_REFUSE:
	default:
		break;
	}
	if (node_is_empty(value))
		return 0;
	if (field->power == POWER_NONE || !has_power(work, field->power))
		return field_refuse(work, field, value, "refused: it needs %s",
			power_name(field->power ? field->power : POWER_NEVER));
	return write_value(work, field, value, out);
}

static const struct field *find_field(const struct fields *fields, const char *key)
{
	for (size_t i = 0; i < fields->n; i++) {
		if (strcmp(fields->rows[i].key, key) == 0)
			return &fields->rows[i];
	}
	return NULL;
}

/* Go folds case and Unicode when it looks for a key: only byte-equal ones are known. */
static int check_keys(
	struct work *work, const struct fields *fields, const struct json_node *node)
{
	if (node->count > WORK_MAX_ITEMS)
		return bad_shape(work, node, "an object with fewer keys");
	for (size_t i = 0; i < node->count; i++) {
		const struct json_node *child = &node->children[i];

		if (find_field(fields, child->key))
			continue;
		if (work->judging && node_is_empty(child))
			continue;
		return refuse(work, work->judging ? 403 : 400, "body-key-unknown",
			"%s%s is not a key that gate knows",
			work->judging ? "the container's " : "",
			node_place(work, child));
	}
	return 0;
}

int fields_apply(struct work *work, const struct fields *fields,
	const struct json_node *node, struct jsonw *out)
{
	const char *prefix = work->prefix;
	int rc = check_keys(work, fields, node);

	work->prefix = fields->name;
	for (size_t i = 0; rc == 0 && i < fields->n; i++) {
		const struct field *field = &fields->rows[i];
		const struct json_node *value = json_member(node, field->key);

		if (value && value->kind == JSON_KIND_NULL)
			value = NULL;
		if (value)
			rc = apply_field(work, field, value, out);
		else if (field->treatment == TREAT_FORCE)
			rc = field->check(work, field, NULL, out);
	}
	work->prefix = prefix;
	return rc;
}

int fields_judge(
	struct work *work, const struct fields *fields, const struct json_node *node)
{
	bool judging = work->judging;
	struct jsonw unseen;

	jsonw_init(&unseen, NULL, 0);
	jsonw_object_begin(&unseen);
	work->judging = true;
	int rc = fields_apply(work, fields, node, &unseen);
	work->judging = judging;
	jsonw_object_end(&unseen);
	jsonw_done(&unseen);
	return rc;
}
