/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading an engine's JSON: go on after a mistake, and remember that there was one. */
#include "netmon/collect/answer.h"

#include <errno.h>

int answer_open(struct answer *answer, const char *name, const char *text, size_t len,
	enum json_kind kind, const struct json_node **ret_root)
{
	answer->code =
		json_doc_load_text(name, text, len, NULL, &answer->doc, answer->err);
	if (answer->code < 0)
		return answer->code;
	const struct json_node *root = json_doc_root(answer->doc);
	if (root->kind != kind) {
		answer->code = json_err(root, answer->err, -EINVAL, "%s expected",
			json_kind_name(kind));
		return answer->code;
	}
	*ret_root = root;
	return 0;
}

void answer_done(struct answer *answer)
{
	json_doc_free(answer->doc);
	answer->doc = NULL;
}

void answer_fail(struct answer *answer, const struct json_node *node, const char *what)
{
	if (answer->code == 0)
		answer->code = json_err(node, answer->err, -EINVAL, "%s", what);
}

/* The error for the next getter: none once the first mistake is known. */
static struct err *first(struct answer *answer)
{
	return answer->code == 0 ? answer->err : NULL;
}

static bool found(struct answer *answer, int result)
{
	if (result < 0 && answer->code == 0)
		answer->code = result;
	return result > 0;
}

const char *answer_text(
	struct answer *answer, const struct json_node *object, const char *key)
{
	const char *value = NULL;

	if (!found(answer, json_get_string(object, key, &value, first(answer))) ||
		!*value)
		return NULL;
	return arena_strdup(answer->arena, value);
}

int64_t answer_number(struct answer *answer, const struct json_node *object,
	const char *key, int64_t min, int64_t max)
{
	int64_t value = 0;

	if (!found(answer, json_get_integer(object, key, &value, first(answer))))
		return 0;
	if (value < min || value > max) {
		answer_fail(answer, json_member(object, key), "number out of range");
		return 0;
	}
	return value;
}

bool answer_flag(struct answer *answer, const struct json_node *object, const char *key)
{
	bool value = false;

	return found(answer, json_get_bool(object, key, &value, first(answer))) &&
	       value;
}

const struct json_node *answer_object(
	struct answer *answer, const struct json_node *object, const char *key)
{
	const struct json_node *value = NULL;

	return found(answer, json_get_object(object, key, &value, first(answer)))
		       ? value
		       : NULL;
}

const struct json_node *answer_array(
	struct answer *answer, const struct json_node *object, const char *key)
{
	const struct json_node *value = NULL;

	return found(answer, json_get_array(object, key, &value, first(answer))) ? value
										 : NULL;
}

struct addr answer_addr(
	struct answer *answer, const struct json_node *object, const char *key)
{
	struct addr addr = {.family = FAMILY_NONE};
	const char *value = NULL;

	if (found(answer, json_get_string(object, key, &value, first(answer))) &&
		*value && addr_parse(value, &addr, NULL) < 0) {
		answer_fail(answer, json_member(object, key), "no address");
		addr.family = FAMILY_NONE;
	}
	return addr;
}

bool answer_is_object(struct answer *answer, const struct json_node *node)
{
	if (node->kind == JSON_KIND_OBJECT)
		return true;
	answer_fail(answer, node, "an object expected");
	return false;
}
