/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request line's target, taken apart strictly. */
#include "gate/filter/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "gate/filter.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 3986 2.3 */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that "%XX" at @text stands for, or -1. */
static int decode_percent(const char *text, size_t len)
{
	int high, low;

	if (len < 3 || text[0] != '%')
		return -1;
	high = hex_value(text[1]);
	low = hex_value(text[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static int fail(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

/* One segment into @out, which has room; its length, or 0 when it is not canonical. */
static size_t decode_segment(const char *text, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int byte = (unsigned char)text[i];

		if (byte == '%') {
			byte = decode_percent(text + i, len - i);
			if (byte != ':' && byte != '@')
				return 0;
			i += 2;
		} else if (!is_unreserved((char)byte) && byte != ':' && byte != '@') {
			return 0;
		}
		out[n++] = (char)byte;
	}
	out[n] = '\0';
	return strcmp(out, ".") == 0 || strcmp(out, "..") == 0 ? 0 : n;
}

/* "v1.41": one digit, a dot, two digits at most. */
static bool is_version(const char *segment)
{
	size_t len = strlen(segment);

	return (len == 4 || len == 5) && strncmp(segment, "v1.", 3) == 0 &&
	       is_digit(segment[3]) && (len == 4 || is_digit(segment[4]));
}

static int parse_path(const char *text, size_t len, struct arena *arena,
	struct target *target, const char **ret_why)
{
	if (len == 0 || text[0] != '/')
		return fail(ret_why, "the target must begin with '/'");
	for (size_t at = 0; at < len;) {
		const char *start = text + at + 1;
		const char *slash = memchr(start, '/', len - at - 1);
		size_t size = slash ? (size_t)(slash - start) : len - at - 1;
		char *segment = arena_alloc(arena, size + 1);

		if (!segment)
			return -ENOMEM;
		if (decode_segment(start, size, segment) == 0)
			return fail(ret_why, "its path is not written canonically");
		at += size + 1;
		if (target->nsegments == 0 && start == text + 1 &&
			is_version(segment)) {
			target->version = (unsigned int)strtoul(segment + 3, NULL, 10);
			continue;
		}
		if (target->nsegments == TARGET_MAX_SEGMENTS)
			return fail(ret_why, "its path has too many parts");
		target->segments[target->nsegments++] = segment;
	}
	if (target->nsegments == 0)
		return fail(ret_why, "its path names nothing");
	return 0;
}

/* Key or value, decoded; NULL with *@ret_why when it is refused, else memory ran out.
 */
static const char *decode_text(
	const char *text, size_t len, struct arena *arena, const char **ret_why)
{
	char *out = arena_alloc(arena, len + 1);
	size_t n = 0;
	uint32_t code;

	for (size_t i = 0; out && i < len; i++) {
		int byte = (unsigned char)text[i];

		if (byte == '%') {
			byte = decode_percent(text + i, len - i);
			i += 2;
		} else if (byte == '+') {
			byte = ' ';
		}
		if (byte < ' ' || byte == 0x7f) {
			*ret_why = "its query holds a control character or a bad '%'";
			return NULL;
		}
		out[n++] = (char)byte;
	}
	for (size_t i = 0, size; out && i < n; i += size) {
		size = utf8_decode(out + i, n - i, &code);
		if (size == 0) {
			*ret_why = "its query is not UTF-8";
			return NULL;
		}
	}
	return out;
}

static int parse_pair(const char *text, size_t len, struct arena *arena,
	struct target *target, const char **ret_why)
{
	const char *equals = memchr(text, '=', len);
	size_t key_len = equals ? (size_t)(equals - text) : len;
	struct query_pair pair = {.value = ""};

	if (key_len == 0)
		return fail(ret_why, "its query has a value without a key");
	if (target->nquery == TARGET_MAX_QUERY)
		return fail(ret_why, "its query has too many keys");
	pair.key = decode_text(text, key_len, arena, ret_why);
	if (pair.key && equals)
		pair.value = decode_text(equals + 1, len - key_len - 1, arena, ret_why);
	if (!pair.key || !pair.value)
		return *ret_why ? -EINVAL : -ENOMEM;
	target->query[target->nquery++] = pair;
	return 0;
}

static int parse_query(const char *text, size_t len, struct arena *arena,
	struct target *target, const char **ret_why)
{
	size_t at = 0;

	/* Go splits at ';' no more, other parsers still do; '#' ends a URI's query. */
	if (memchr(text, ';', len) || memchr(text, '#', len))
		return fail(ret_why, "its query holds a ';' or '#'");
	while (at < len) {
		const char *end = memchr(text + at, '&', len - at);
		size_t size = end ? (size_t)(end - text) - at : len - at;
		int rc = parse_pair(text + at, size, arena, target, ret_why);

		if (rc < 0)
			return rc;
		at += size + 1;
		if (end && at == len)
			return fail(ret_why, "its query ends in '&'");
	}
	return 0;
}

int target_parse(const char *text, size_t len, struct arena *arena,
	struct target *ret_target, const char **ret_why)
{
	const char *mark = len ? memchr(text, '?', len) : NULL;
	size_t path_len = mark ? (size_t)(mark - text) : len;
	struct target target = {0};

	*ret_why = NULL;
	if (len > GATE_MAX_TARGET)
		return fail(ret_why, "the target is too long");
	int rc = parse_path(text, path_len, arena, &target, ret_why);
	if (rc == 0 && mark)
		rc = parse_query(mark + 1, len - path_len - 1, arena, &target, ret_why);
	if (rc == 0)
		*ret_target = target;
	return rc;
}

const char *target_encode(struct arena *arena, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_array(arena, strlen(text) + 1, 3);
	size_t n = 0;

	if (!out)
		return NULL;
	for (const char *p = text; *p; p++) {
		unsigned char byte = (unsigned char)*p;

		if (is_unreserved(*p)) {
			out[n++] = *p;
			continue;
		}
		out[n++] = '%';
		out[n++] = digits[byte >> 4];
		out[n++] = digits[byte & 15];
	}
	out[n] = '\0';
	return out;
}
