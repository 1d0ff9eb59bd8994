/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents read strictly, every error with its file, line and JSON path. */
#include "common/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <jansson.h>

#include "common/json_doc.h"
#include "common/json_scan.h"

/* jansson's refusal, with the path of the place that it stopped at. */
static int refuse_syntax(
	struct json_doc *doc, const json_error_t *error, struct err *err)
{
	size_t position = error->position > 0 ? (size_t)error->position : 0;
	struct json_scan scan;
	struct arena arena;

	if (json_error_code(error) == json_error_out_of_memory)
		return err_set(err, -ENOMEM, "%s: out of memory", doc->name);
	arena_init(&arena, 0);
	/* Only what lies before that place: the path is where the scan then stands. */
	json_scan_init(&scan, doc->text, position < doc->len ? position : doc->len);
	while (json_scan_next(&scan) != JSON_SCAN_END)
		;
	const char *path = json_scan_path(&scan, &arena);
	int code = json_doc_fail(doc, err, -EINVAL,
		error->line > 0 ? (unsigned int)error->line : 1, path ? path : "$",
		error->text);
	arena_done(&arena);
	return code;
}

static int check_depth(struct json_doc *doc, struct err *err)
{
	enum json_scan_event event;
	struct json_scan scan;

	json_scan_init(&scan, doc->text, doc->len);
	do
		event = json_scan_next(&scan);
	while (event != JSON_SCAN_END && event != JSON_SCAN_DEEP);
	if (event == JSON_SCAN_END)
		return 0;
	return json_doc_fail(doc, err, -E2BIG,
		json_scan_line(doc->text, doc->len, scan.start), "$",
		"nested deeper than 64 levels");
}

static void build(struct json_doc *doc, json_t *value, struct json_node *node);

static void build_children(struct json_doc *doc, json_t *value, struct json_node *node)
{
	bool is_object = json_is_object(value);
	size_t n = is_object ? json_object_size(value) : json_array_size(value);
	struct json_node *children = arena_array(&doc->arena, n, sizeof(*children));
	void *iter = is_object ? json_object_iter(value) : NULL;

	if (!children)
		return;
	for (size_t i = 0; i < n; i++) {
		children[i].parent = node;
		if (is_object) {
			children[i].key = json_object_iter_key(iter);
			build(doc, json_object_iter_value(iter), &children[i]);
			iter = json_object_iter_next(value, iter);
		} else {
			build(doc, json_array_get(value, i), &children[i]);
		}
	}
	node->children = children;
	node->count = n;
}

/* Recursion is bounded by check_depth(). */
static void build(struct json_doc *doc, json_t *value, struct json_node *node)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		node->kind = json_is_object(value) ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
		build_children(doc, value, node);
		break;
	case JSON_STRING:
		node->kind = JSON_KIND_STRING;
		node->string = json_string_value(value);
		break;
	case JSON_INTEGER:
		node->kind = JSON_KIND_INTEGER;
		node->integer = json_integer_value(value);
		break;
	case JSON_REAL:
		node->kind = JSON_KIND_REAL;
		node->real = json_real_value(value);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		node->kind = JSON_KIND_BOOL;
		node->boolean = json_is_true(value);
		break;
	case JSON_NULL:
		node->kind = JSON_KIND_NULL;
		break;
	}
}

static int doc_parse(struct json_doc *doc, struct err *err)
{
	json_error_t error = {0};
	int code = check_depth(doc, err);

	if (code < 0)
		return code;
	doc->tree = json_loadb(doc->text, doc->len, JSON_REJECT_DUPLICATES, &error);
	if (!doc->tree && doc->errors &&
		json_error_code(&error) == json_error_duplicate_key &&
		json_doc_note_duplicates(doc, err))
		doc->tree = json_loadb(doc->text, doc->len, 0, &error);
	if (!doc->tree)
		return refuse_syntax(doc, &error, err);
	build(doc, doc->tree, &doc->root);
	if (arena_failed(&doc->arena))
		return err_set(err, -ENOMEM, "%s: out of memory", doc->name);
	return 0;
}

/* Takes over @text, also when it fails. */
static int doc_new(const char *name, char *text, size_t len, struct json_errors *errors,
	struct json_doc **ret_doc, struct err *err)
{
	struct json_doc *doc = calloc(1, sizeof(*doc));
	int code;

	if (!doc) {
		free(text);
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	}
	arena_init(&doc->arena, 0);
	doc->text = text;
	doc->len = len;
	doc->errors = errors;
	doc->name = strdup(name);
	code = doc->name ? doc_parse(doc, err)
			 : err_set(err, -ENOMEM, "%s: out of memory", name);
	if (code < 0) {
		json_doc_free(doc);
		return code;
	}
	*ret_doc = doc;
	return 0;
}

int json_doc_load_text(const char *name, const char *text, size_t len,
	struct json_errors *errors, struct json_doc **ret_doc, struct err *err)
{
	char *copy = malloc(len ? len : 1);

	if (!copy)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	if (len)
		memcpy(copy, text, len);
	return doc_new(name, copy, len, errors, ret_doc, err);
}

static int read_all(int fd, const char *name, size_t max_bytes, char **ret_text,
	size_t *ret_len, struct err *err)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t len = 0, size = 0;

	for (;;) {
		if (len == size) {
			size = size ? size * 2 : 16 * 1024;
			char *grown = realloc(text, size);
			if (!grown)
				return err_set(err, -ENOMEM, "%s: out of memory", name);
			text = grown;
		}
		ssize_t got = read(fd, text + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, -errno, "read '%s'", name);
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > max_bytes)
			return err_set(err, -E2BIG, "%s: larger than %zu bytes", name,
				max_bytes);
	}
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int json_doc_load_fd(int fd, const char *name, size_t max_bytes,
	struct json_errors *errors, struct json_doc **ret_doc, struct err *err)
{
	char *text;
	size_t len;
	int code = read_all(fd, name, max_bytes, &text, &len, err);

	return code < 0 ? code : doc_new(name, text, len, errors, ret_doc, err);
}

int json_doc_load_file(const char *path, size_t max_bytes, struct json_errors *errors,
	struct json_doc **ret_doc, struct err *err)
{
	_cleanup_(cleanup_close) int fd = -1;

	if (strcmp(path, "-") == 0)
		return json_doc_load_fd(STDIN_FILENO, "standard input", max_bytes,
			errors, ret_doc, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, -errno, "open '%s'", path);
	return json_doc_load_fd(fd, path, max_bytes, errors, ret_doc, err);
}

void json_doc_free(struct json_doc *doc)
{
	if (!doc)
		return;
	arena_done(&doc->arena);
	json_decref(doc->tree);
	free(doc->text);
	free(doc->name);
	free(doc);
}

const struct json_node *json_doc_root(const struct json_doc *doc)
{
	return &doc->root;
}
