/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in a JSON document things are, and the list of its mistakes. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json_doc.h"
#include "common/json_scan.h"

enum {
	MAX_ERRORS = 200,
	MAX_DUPLICATES = 50,
	/* These bound the search for duplicates; the first is known without it. */
	MAX_KEY_COMPARES = 20000000,
	MAX_KEY_BYTES = 64 * 1024 * 1024,
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

int json_doc_fail(struct json_doc *doc, struct err *err, int code, unsigned int line,
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

/* Keys of the objects that are open at some place of the text. */
struct open_keys {
	struct arena arena;
	struct open_key {
		const char *key;
		size_t depth;
	} * list;
	size_t count, compares;
};

/* Whether the object at @depth has @key already; if not, it does from now on. */
static bool is_repeated(struct open_keys *open, const char *key, size_t depth)
{
	for (size_t i = open->count; i-- > 0 && open->list[i].depth == depth;) {
		open->compares++;
		if (strcmp(open->list[i].key, key) == 0)
			return true;
	}
	struct open_key *slot =
		arena_push(&open->arena, &open->list, &open->count, sizeof(*slot));
	if (slot)
		*slot = (struct open_key){.key = key, .depth = depth};
	return false;
}

bool json_doc_note_duplicates(struct json_doc *doc, struct err *err)
{
	struct open_keys open = {.list = NULL};
	enum json_scan_event event;
	struct json_scan scan;
	size_t found = 0;

	arena_init(&open.arena, MAX_KEY_BYTES);
	json_scan_init(&scan, doc->text, doc->len);
	while ((event = json_scan_next(&scan)) != JSON_SCAN_END &&
		found < MAX_DUPLICATES && open.compares < MAX_KEY_COMPARES) {
		while (open.count > 0 && open.list[open.count - 1].depth > scan.depth)
			open.count--;
		if (event != JSON_SCAN_KEY)
			continue;
		const struct json_scan_frame *top = &scan.stack[scan.depth - 1];
		const char *key = json_scan_key(&open.arena, top->key, top->key_len);
		if (!key || !is_repeated(&open, key, scan.depth))
			continue;
		const char *path = json_scan_path(&scan, &open.arena);
		(void)json_doc_fail(doc, found ? NULL : err, -EINVAL,
			json_scan_line(doc->text, doc->len, scan.start),
			path ? path : "$",
			"this key was already given in the same object");
		found++;
	}
	arena_done(&open.arena);
	return found > 0;
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

bool json_is_full(const struct json_node *node)
{
	const struct json_errors *errors = node_doc(node)->errors;

	return !errors || errors->cut;
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
