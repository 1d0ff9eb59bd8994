/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the text of a JSON document to say where in it things are. */
#include "common/json_scan.h"

#include <stdint.h>
#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_scalar(char c)
{
	return is_space(c) || strchr(",:]}[{\"", c) != NULL; /* NUL ends it, too */
}

void json_scan_init(struct json_scan *scan, const char *text, size_t len)
{
	*scan = (struct json_scan){.text = text, .len = len};
}

/* From the opening quote at `pos` to behind the closing one, or to the end. */
static void skip_string(struct json_scan *scan)
{
	scan->pos++;
	while (scan->pos < scan->len) {
		char c = scan->text[scan->pos++];

		if (c == '"')
			return;
		if (c == '\\' && scan->pos < scan->len)
			scan->pos++;
	}
}

static void skip_scalar(struct json_scan *scan)
{
	if (scan->text[scan->pos] == '"') {
		skip_string(scan);
		return;
	}
	do
		scan->pos++;
	while (scan->pos < scan->len && !ends_scalar(scan->text[scan->pos]));
}

static enum json_scan_event take_key(
	struct json_scan *scan, struct json_scan_frame *top)
{
	scan->start = scan->pos;
	skip_string(scan);
	top->key = scan->text + scan->start + 1;
	top->key_len = scan->pos - scan->start - 1;
	if (top->key_len > 0 && top->key[top->key_len - 1] == '"')
		top->key_len--;
	top->key_next = false;
	return JSON_SCAN_KEY;
}

enum json_scan_event json_scan_next(struct json_scan *scan)
{
	if (scan->enter) {
		bool is_object = scan->text[scan->start] == '{';

		scan->enter = false;
		if (scan->depth == JSON_MAX_DEPTH) {
			scan->pos = scan->len;
			return JSON_SCAN_DEEP;
		}
		scan->stack[scan->depth++] = (struct json_scan_frame){
			.is_object = is_object, .key_next = is_object};
	}
	while (scan->pos < scan->len) {
		char c = scan->text[scan->pos];
		struct json_scan_frame *top =
			scan->depth ? &scan->stack[scan->depth - 1] : NULL;

		if (c == ',' && top) {
			top->index++;
			top->key_next = top->is_object;
		} else if ((c == '}' || c == ']') && top) {
			scan->start = scan->pos++;
			scan->depth--;
			return JSON_SCAN_CLOSE;
		} else if (c == '"' && top && top->key_next) {
			return take_key(scan, top);
		} else if (!is_space(c) && c != ':' && c != ',') {
			scan->start = scan->pos;
			scan->enter = c == '{' || c == '[';
			if (scan->enter)
				scan->pos++;
			else
				skip_scalar(scan);
			return JSON_SCAN_VALUE;
		}
		scan->pos++;
	}
	scan->start = scan->len;
	return JSON_SCAN_END;
}

static unsigned int hex_value(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : ((unsigned int)c | 0x20) - 'a' + 10;
}

/* The four hex digits at @raw; UINT32_MAX when there are none. */
static uint32_t hex4(const char *raw, size_t len)
{
	uint32_t value = 0;

	if (len < 4)
		return UINT32_MAX;
	for (size_t i = 0; i < 4; i++) {
		if (!raw[i] || !strchr("0123456789abcdefABCDEF", raw[i]))
			return UINT32_MAX;
		value = value << 4 | hex_value(raw[i]);
	}
	return value;
}

static size_t put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = size; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(lead[size] | code);
	return size;
}

/* What the escape at @raw (behind its backslash) stands for; returns its length. */
static size_t take_escape(const char *raw, size_t len, char *out, size_t *ret_size)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *short_form = strchr(from, raw[0]);
	uint32_t code, low;

	*ret_size = 1;
	if (raw[0] != 'u') {
		*out = short_form && *short_form ? to[short_form - from] : raw[0];
		return 1;
	}
	code = hex4(raw + 1, len - 1);
	if (code == UINT32_MAX) {
		*out = 'u';
		return 1;
	}
	if (code >= 0xd800 && code < 0xdc00 && len >= 11 && raw[5] == '\\' &&
		raw[6] == 'u') {
		low = hex4(raw + 7, len - 7);
		if (low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
			*ret_size = put_utf8(out, code);
			return 11;
		}
	}
	*ret_size = put_utf8(out, code);
	return 5;
}

char *json_scan_key(struct arena *arena, const char *raw, size_t len)
{
	/* No escape is longer resolved than written. */
	char *text = arena_alloc_raw(arena, len + 1);
	size_t out = 0, size;

	if (!text)
		return NULL;
	for (size_t i = 0; i < len;) {
		if (raw[i] == '\\' && i + 1 < len) {
			i += 1 +
			     take_escape(raw + i + 1, len - i - 1, text + out, &size);
			out += size;
		} else {
			text[out++] = raw[i++];
		}
	}
	text[out] = '\0';
	return text;
}

unsigned int json_scan_line(const char *text, size_t len, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < len && i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* A key that JSONPath can write behind a dot. */
static bool is_plain(const char *key)
{
	if (*key >= '0' && *key <= '9')
		return false;
	for (const char *p = key; *p; p++) {
		bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');

		if (!letter && *p != '_' && !(*p >= '0' && *p <= '9'))
			return false;
	}
	return *key != '\0';
}

char *json_path_key(struct arena *arena, const char *path, const char *key)
{
	enum { SHOWN = 100 };
	bool cut = strnlen(key, SHOWN + 1) > SHOWN;

	if (!path)
		path = "$";
	if (is_plain(key) && !cut)
		return arena_printf(arena, "%s.%s", path, key);
	return arena_printf(
		arena, "%s[\"%.*s%s\"]", path, SHOWN, key, cut ? "..." : "");
}

char *json_scan_path(const struct json_scan *scan, struct arena *arena)
{
	char *path = arena_strdup(arena, "$");

	for (size_t i = 0; path && i < scan->depth; i++) {
		const struct json_scan_frame *frame = &scan->stack[i];
		const char *key;

		if (!frame->is_object) {
			path = arena_printf(arena, "%s[%zu]", path, frame->index);
			continue;
		}
		if (!frame->key || frame->key_next)
			break; /* between two members */
		key = json_scan_key(arena, frame->key, frame->key_len);
		path = key ? json_path_key(arena, path, key) : NULL;
	}
	return path;
}
