/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents read strictly, every error with its file, line and JSON path. */
#include "common/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/json_scan.h"
#include "common/jsonw.h"

enum {
	MAX_ERRORS = 200,
	MAX_DUPLICATES = 50,
	MAX_KEY_COMPARES = 20000000, /* bounds the search for duplicates */
};

struct json_doc {
	struct json_node root; /* first: a node's document is found through it */
	struct arena arena;    /* nodes */
	json_t *tree;	       /* owns keys and strings */
	char *name, *text;
	size_t len;
	struct json_errors *errors;
};

void json_errors_init(struct json_errors *errors)
{
	*errors = (struct json_errors){0};
	arena_init(&errors->arena, 0);
}

void json_errors_done(struct json_errors *errors)
{
	if (!errors)
		return;
	arena_done(&errors->arena);
	errors->list = NULL;
	errors->count = 0;
}

/* Without memory the list cannot grow, but must not look empty either. */
static void errors_add(struct json_errors *errors, unsigned int line, const char *path,
	const char *text)
{
	static struct json_error no_memory = {
		.path = "$", .text = "out of memory while collecting errors"};
	struct json_error *error;

	if (errors->cut)
		return;
	if (errors->count == MAX_ERRORS) {
		errors->cut = true;
		path = "$";
		text = "more errors are not shown";
	}
	error = arena_push(
		&errors->arena, &errors->list, &errors->count, sizeof(*error));
	if (error) {
		*error = (struct json_error){.line = line, .path = path, .text = text};
	} else if (errors->count == 0) {
		errors->list = &no_memory;
		errors->count = 1;
		errors->cut = true;
	}
}

static const struct json_doc *node_doc(const struct json_node *node)
{
	while (node->parent)
		node = node->parent;
	return (const struct json_doc *)(const void *)node;
}

static const char *node_path(const struct json_node *node, struct arena *arena)
{
	const struct json_node *chain[JSON_MAX_DEPTH + 1];
	char *path = arena_strdup(arena, "$");
	size_t n = 0;

	for (; node->parent && n < ARRAY_LEN(chain); node = node->parent)
		chain[n++] = node;
	while (path && n-- > 0) {
		if (chain[n]->key)
			path = json_path_key(arena, path, chain[n]->key);
		else
			path = arena_printf(arena, "%s[%zu]", path,
				(size_t)(chain[n] - chain[n]->parent->children));
	}
	return path ? path : "$";
}

/* Whether the scan's innermost member is @node, given that its container matches. */
static bool scan_is_at(
	const struct json_scan *scan, const struct json_node *node, struct arena *arena)
{
	for (size_t i = scan->depth; i-- > 0; node = node->parent) {
		const struct json_scan_frame *frame = &scan->stack[i];

		if (!node->parent || frame->is_object != (node->key != NULL))
			return false;
		if (!node->key) {
			if (frame->index != (size_t)(node - node->parent->children))
				return false;
			continue;
		}
		if (!frame->key)
			return false;
		const char *key = json_scan_key(arena, frame->key, frame->key_len);
		if (!key || strcmp(key, node->key) != 0)
			return false;
	}
	return node->parent == NULL;
}

/* Go on until the scan is at the start of @node, or of its key. */
static bool scan_to(struct json_scan *scan, const struct json_node *node)
{
	enum json_scan_event event;
	struct arena arena;
	size_t depth = 0;
	bool found = false;

	for (const struct json_node *up = node; up->parent; up = up->parent)
		depth++;
	arena_init(&arena, 0);
	while (!found && (event = json_scan_next(scan)) != JSON_SCAN_END) {
		arena_reset(&arena);
		found = (event == JSON_SCAN_KEY || event == JSON_SCAN_VALUE) &&
			scan->depth == depth && scan_is_at(scan, node, &arena);
	}
	arena_done(&arena);
	return found;
}

static unsigned int node_line(const struct json_doc *doc, const struct json_node *node)
{
	struct json_scan scan;

	json_scan_init(&scan, doc->text, doc->len);
	return scan_to(&scan, node) ? json_scan_line(doc->text, doc->len, scan.start)
				    : 1;
}

static int doc_fail(struct json_doc *doc, struct err *err, int code, unsigned int line,
	const char *path, const char *message)
{
	if (doc->errors) {
		const char *text = arena_printf(&doc->errors->arena, "%s:%u: %s: %s",
			doc->name, line, path, message);
		errors_add(doc->errors, line, arena_strdup(&doc->errors->arena, path),
			text ? text : message);
	}
	return err_set(err, code, "%s:%u: %s: %s", doc->name, line, path, message);
}

/* Notes every key that its object already has; true when there was one. */
static bool note_duplicates(struct json_doc *doc, struct err *err)
{
	struct seen {
		const char *key;
		size_t depth;
	} *seen = NULL;
	size_t count = 0, found = 0, compares = 0;
	enum json_scan_event event;
	struct json_scan scan;
	struct arena arena;

	arena_init(&arena, 0);
	json_scan_init(&scan, doc->text, doc->len);
	while ((event = json_scan_next(&scan)) != JSON_SCAN_END) {
		while (count > 0 && seen[count - 1].depth > scan.depth)
			count--;
		if (event != JSON_SCAN_KEY)
			continue;
		const struct json_scan_frame *top = &scan.stack[scan.depth - 1];
		const char *key = json_scan_key(&arena, top->key, top->key_len);
		bool twice = false;
		for (size_t i = count; key && i-- > 0 && seen[i].depth == scan.depth;) {
			compares++;
			if (strcmp(seen[i].key, key) == 0) {
				twice = true;
				break;
			}
		}
		if (twice) {
			unsigned int line =
				json_scan_line(doc->text, doc->len, scan.start);
			const char *path = json_scan_path(&scan, &arena);
			doc_fail(doc, found ? NULL : err, -EINVAL, line,
				path ? path : "$",
				"this key was already given in the same object");
			found++;
			continue;
		}
		struct seen *slot = arena_push(&arena, &seen, &count, sizeof(*seen));
		if (!slot || found == MAX_DUPLICATES || compares > MAX_KEY_COMPARES)
			break;
		*slot = (struct seen){.key = key, .depth = scan.depth};
	}
	arena_done(&arena);
	return found > 0;
}

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
	int code = doc_fail(doc, err, -EINVAL,
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
	return doc_fail(doc, err, -E2BIG,
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
		note_duplicates(doc, err))
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

unsigned int json_line(const struct json_node *node)
{
	return node_line(node_doc(node), node);
}

void json_child_lines(const struct json_node *node, unsigned int *lines)
{
	const struct json_doc *doc = node_doc(node);
	enum json_scan_event event;
	struct json_scan scan;
	unsigned int line = 1;
	size_t offset = 0, depth, i = 0;

	if (node->count == 0)
		return;
	json_scan_init(&scan, doc->text, doc->len);
	(void)scan_to(&scan, &node->children[0]);
	depth = scan.depth;
	event = node->kind == JSON_KIND_OBJECT ? JSON_SCAN_KEY : JSON_SCAN_VALUE;
	/* The scan stands at the first child already. */
	do {
		for (; offset < scan.start; offset++)
			line += doc->text[offset] == '\n';
		lines[i++] = line;
		while (i < node->count) {
			enum json_scan_event next = json_scan_next(&scan);

			if (next == JSON_SCAN_END ||
				(next == event && scan.depth == depth))
				break;
		}
	} while (i < node->count);
}

void json_fail(const struct json_node *node, const char *format, ...)
{
	const struct json_doc *doc = node_doc(node);
	struct json_errors *errors = doc->errors;
	char message[512];
	va_list args;

	if (!errors || errors->cut)
		return;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	unsigned int line = node_line(doc, node);
	const char *path = node_path(node, &errors->arena);
	const char *text = arena_printf(
		&errors->arena, "%s:%u: %s: %s", doc->name, line, path, message);
	errors_add(errors, line, path, text ? text : "out of memory");
}

int json_err(const struct json_node *node, struct err *err, int code,
	const char *format, ...)
{
	const struct json_doc *doc = node_doc(node);
	char message[512];
	struct arena arena;
	va_list args;

	if (!err)
		return code;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	arena_init(&arena, 0);
	err_set(err, code, "%s:%u: %s: %s", doc->name, node_line(doc, node),
		node_path(node, &arena), message);
	arena_done(&arena);
	return code;
}
