/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of query keys, and what becomes of each. */
#include "gate/filter/query.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/names.h"
#include "gate/filter/objects.h"
#include "gate/filter/route.h"

/* Between the values of a QUERY_LIST: no value holds a control character. */
#define LIST_BREAK "\n"

static int refuse_value(
	struct work *work, const struct query_key *row, const char *value)
{
	return refuse(work, 400, "query-value", "the query's %s cannot be '%s'",
		row->key, shown(work, value));
}

static bool is_word_of(const char *const *words, const char *text)
{
	for (; *words; words++) {
		if (strcmp(*words, text) == 0)
			return true;
	}
	return false;
}

/* What Go's BoolValue takes for true and false, of what clients really send. */
static int parse_bool(const char *text)
{
	static const char *const yes[] = {"1", "true", "True", NULL};
	static const char *const no[] = {"0", "false", "False", "", NULL};

	return is_word_of(yes, text) ? 1 : is_word_of(no, text) ? 0 : -1;
}

static bool parse_int(const char *text, int64_t min, int64_t max)
{
	bool negative = *text == '-';
	int64_t number = 0;

	if (!is_decimal(text + negative))
		return false;
	for (const char *p = text + negative; *p; p++)
		number = number * 10 + (*p - '0');
	number = negative ? -number : number;
	return number >= min && number <= max;
}

static int write_filter_value(struct work *work, const char *key, const char *value,
	const char *own, struct jsonw *out)
{
	if (!value || strlen(value) > 4096)
		return refuse(work, 400, "query-filters",
			"a value of the filter %s is no text, or too long", key);
	if (!own || strcmp(value, own) != 0)
		jsonw_member_bool(out, value, true);
	return 0;
}

/* {"value": true} of now, ["value"] of old clients. */
static int write_filter_values(struct work *work, const struct json_node *filter,
	const char *own, struct jsonw *out)
{
	bool is_map = filter->kind == JSON_KIND_OBJECT;
	int rc = 0;

	if (!is_map && filter->kind != JSON_KIND_ARRAY)
		return refuse(work, 400, "query-filters",
			"the filter %s has no list of values", filter->key);
	for (size_t i = 0; rc == 0 && i < filter->count; i++) {
		const struct json_node *item = &filter->children[i];
		const char *value = NULL;

		if (is_map && item->kind == JSON_KIND_BOOL && item->boolean)
			value = item->key;
		else if (!is_map && item->kind == JSON_KIND_STRING)
			value = item->string;
		rc = write_filter_value(work, filter->key, value, own, out);
	}
	return rc;
}

static int write_filter(struct work *work, const struct query_key *row,
	const struct json_node *filter, const char *own, struct jsonw *out)
{
	if (!is_word_of(row->words, filter->key))
		return refuse(work, 400, "query-filters",
			"'%s' is not a filter that gate knows here",
			shown(work, filter->key));
	if (strcmp(filter->key, "label") != 0)
		own = NULL;
	jsonw_member_object(out, filter->key);
	int rc = write_filter_values(work, filter, own, out);
	if (own)
		jsonw_member_bool(out, own, true);
	jsonw_object_end(out);
	return rc;
}

static int write_filters(struct work *work, const struct query_key *row,
	const struct json_node *root, const char *own, struct jsonw *out)
{
	bool has_label = false;
	int rc = 0;

	jsonw_object_begin(out);
	for (size_t i = 0; root && rc == 0 && i < root->count; i++) {
		has_label |= strcmp(root->children[i].key, "label") == 0;
		rc = write_filter(work, row, &root->children[i], own, out);
	}
	if (own && !has_label) {
		jsonw_member_object(out, "label");
		jsonw_member_bool(out, own, true);
		jsonw_object_end(out);
	}
	jsonw_object_end(out);
	return rc;
}

/* Rebuilt; for objects that are the caller's alone with the label that says so. */
static int filter_value(struct work *work, const struct query_key *row,
	const char *text, const char **ret_value)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	bool own = row->own && !has_power(work, POWER_OTHERS);
	const struct json_node *root = NULL;
	struct err err = {0};
	struct jsonw out;
	size_t len;

	if (text && *text) {
		if (json_doc_load_text(
			    "filters", text, strlen(text), NULL, &doc, &err) < 0)
			return refuse(work, 400, "query-filters", "%s",
				shown(work, err.text));
		root = json_doc_root(doc);
		if (root->kind != JSON_KIND_OBJECT || root->count > WORK_MAX_ITEMS)
			return refuse(work, 400, "query-filters",
				"filters must be a JSON object");
	}
	*ret_value = NULL;
	if (!own && !root)
		return 0;
	jsonw_init(&out, NULL, 0);
	int rc = write_filters(work, row, root, own ? owner_filter(work) : NULL, &out);
	const char *json = rc == 0 ? jsonw_text(&out, &len) : NULL;
	*ret_value = json ? arena_strndup(work->arena, json, len) : NULL;
	jsonw_done(&out);
	if (rc == 0 && !*ret_value)
		return refuse_memory(work);
	return rc;
}

static bool is_off(const char *value)
{
	return parse_bool(value) == 0 || strcmp(value, "null") == 0 ||
	       strcmp(value, "{}") == 0 || strcmp(value, "[]") == 0;
}

static int check_value(struct work *work, const struct query_key *row,
	const char *value, const char **ret_value)
{
	bool fine = true;

	*ret_value = value;
	switch (row->shape) {
	case QUERY_BOOL:
		fine = parse_bool(value) >= 0;
		*ret_value = parse_bool(value) == 1 ? "1" : "0";
		break;
	case QUERY_INT:
		fine = parse_int(value, row->min, row->max);
		break;
	case QUERY_TEXT:
	case QUERY_LIST:
		fine = (!row->words || is_word_of(row->words, value)) &&
		       (!row->check || row->check(value));
		break;
	case QUERY_FILTERS:
		return filter_value(work, row, value, ret_value);
	case QUERY_OFF:
		fine = is_off(value);
		*ret_value = NULL;
		break;
	case QUERY_DROP:
		*ret_value = NULL;
		break;
	case QUERY_NONE:
	default:
		fine = false;
		break;
	}
	return fine ? 0 : refuse_value(work, row, value);
}

static int parse_pair(struct work *work, const struct query_pair *pair, bool *given)
{
	const struct route *route = work->route;
	const char *value;
	size_t i = 0;

	while (i < route->nquery && strcmp(route->query[i].key, pair->key) != 0)
		i++;
	if (i == route->nquery)
		return refuse(work, 400, "query-key-unknown",
			"'%s' is not a query key that gate knows for %s %s",
			shown(work, pair->key), route->method, route->pattern);
	if (given[i] && route->query[i].shape != QUERY_LIST)
		return refuse(work, 400, "query-key-twice",
			"the query has the key '%s' twice", route->query[i].key);
	if (check_value(work, &route->query[i], pair->value, &value) < 0)
		return -EACCES;
	if (given[i])
		value = arena_printf(
			work->arena, "%s" LIST_BREAK "%s", work->query[i], value);
	given[i] = true;
	work->query[i] = value;
	return 0;
}

int query_parse(struct work *work)
{
	const struct route *route = work->route;
	bool *given = arena_array(work->arena, route->nquery + 1, sizeof(*given));

	work->query = arena_array(work->arena, route->nquery + 1, sizeof(*work->query));
	if (!given || !work->query)
		return refuse_memory(work);
	for (size_t i = 0; i < work->target.nquery; i++) {
		if (parse_pair(work, &work->target.query[i], given) < 0)
			return -EACCES;
	}
	for (size_t i = 0; i < route->nquery; i++) {
		if (!given[i] && route->query[i].shape == QUERY_FILTERS &&
			filter_value(work, &route->query[i], NULL, &work->query[i]) < 0)
			return -EACCES;
	}
	return 0;
}

static size_t find_row(const struct work *work, const char *key)
{
	size_t i = 0;

	while (i < work->route->nquery && strcmp(work->route->query[i].key, key) != 0)
		i++;
	return i;
}

const char *query_value(const struct work *work, const char *key)
{
	size_t row = find_row(work, key);

	return row < work->route->nquery ? work->query[row] : NULL;
}

void query_set(struct work *work, const char *key, const char *value)
{
	size_t row = find_row(work, key);

	if (row < work->route->nquery)
		work->query[row] = value;
}

const char *query_write(struct work *work)
{
	const char *text = "";

	for (size_t i = 0; text && i < work->route->nquery; i++) {
		char *rest = arena_strdup(work->arena, work->query[i]), *value;

		if (work->query[i] && !rest)
			return NULL;
		while (text && (value = strsep(&rest, LIST_BREAK)) != NULL) {
			const char *encoded = target_encode(work->arena, value);

			text = !encoded ? NULL
					: arena_printf(work->arena, "%s%c%s=%s", text,
						  *text ? '&' : '?',
						  work->route->query[i].key, encoded);
		}
	}
	return text;
}
