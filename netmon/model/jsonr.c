/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict JSON reader that hands out values one after the other, without a tree. */
#include "netmon/model/jsonr.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/utf8.h"

#define PLACE_MAX 256
#define KEY_SHOWN 48 /* bytes of one key in a place */

void jsonr_init(struct jsonr *r, const char *file, const char *text, size_t len,
	struct arena *arena, struct err *err)
{
	*r = (struct jsonr){
		.file = file,
		.text = text,
		.len = len,
		.line = 1,
		.arena = arena,
		.err = err,
	};
}

/* "$.containers[3].ports[0].proto"; "$" is the whole document. */
static void place_format(const struct jsonr *r, char buffer[static PLACE_MAX])
{
	size_t used = 1;

	memcpy(buffer, "$", 2);
	for (unsigned int i = 0; i < r->depth && used < PLACE_MAX; i++) {
		const struct jsonr_level *level = &r->level[i];
		size_t len = level->key.len < KEY_SHOWN ? level->key.len : KEY_SHOWN;
		int n;

		if (level->first) /* between the bracket and its first item */
			break;
		if (level->array)
			n = snprintf(
				buffer + used, PLACE_MAX - used, "[%zu]", level->index);
		else
			n = snprintf(buffer + used, PLACE_MAX - used, ".%.*s", (int)len,
				level->key.data);
		used += n > 0 ? (size_t)n : 0;
	}
}

static int fail(struct jsonr *r, int code, const char *text)
{
	char place[PLACE_MAX];

	if (r->failed)
		return r->failed;
	r->failed = code;
	place_format(r, place);
	return err_set(r->err, code, "%s:%zu: %s: %s", r->file, r->line, place, text);
}

int jsonr_fail(struct jsonr *r, const char *format, ...)
{
	char text[384];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fail(r, -EINVAL, text);
}

int jsonr_fail_memory(struct jsonr *r)
{
	return fail(r, -ENOMEM, "out of memory, or the facts are too many");
}

char jsonr_next(struct jsonr *r)
{
	if (r->failed)
		return 0;
	for (; r->off < r->len; r->off++) {
		char c = r->text[r->off];

		if (c == '\n')
			r->line++;
		else if (c != ' ' && c != '\t' && c != '\r')
			return c ? c : '?'; /* a NUL byte is no end */
	}
	return 0;
}

static int fail_expected(struct jsonr *r, const char *what)
{
	char c = jsonr_next(r);

	if (!c)
		return jsonr_fail(r, "the text ends where %s must come", what);
	if (c == '"')
		return jsonr_fail(r, "%s expected, not a string", what);
	if (c == '{' || c == '[')
		return jsonr_fail(r, "%s expected, not %s", what,
			c == '{' ? "an object" : "an array");
	if (c < ' ' || c > '~')
		return jsonr_fail(r, "%s expected, not byte 0x%02x", what,
			(unsigned char)r->text[r->off]);
	return jsonr_fail(r, "%s expected, not '%c'", what, c);
}

int jsonr_end(struct jsonr *r)
{
	if (!r->failed && jsonr_next(r))
		return jsonr_fail(r, "more text after the end");
	return r->failed;
}

static int open_level(struct jsonr *r, char bracket, const char *what)
{
	if (jsonr_next(r) != bracket)
		return fail_expected(r, what);
	if (r->depth == JSONR_DEPTH_MAX)
		return jsonr_fail(r, "nested too deep");
	r->off++;
	r->level[r->depth++] = (struct jsonr_level){
		.array = bracket == '[',
		.first = true,
	};
	return 0;
}

int jsonr_object(struct jsonr *r)
{
	return open_level(r, '{', "an object");
}

int jsonr_array(struct jsonr *r)
{
	return open_level(r, '[', "an array");
}

/* Steps over a comma, or closes the level: 1 another follows, 0 closed. */
static int next_in_level(struct jsonr *r, char bracket)
{
	struct jsonr_level *level = &r->level[r->depth - 1];
	char c = jsonr_next(r);

	if (c == bracket) {
		r->off++;
		r->depth--;
		return 0;
	}
	if (!level->first) {
		if (c != ',')
			return fail_expected(
				r, bracket == '}' ? "',' or '}'" : "',' or ']'");
		r->off++;
	}
	return r->failed ? r->failed : 1;
}

int jsonr_key(struct jsonr *r, struct jsonr_text *ret_key)
{
	struct jsonr_level *level;
	int rc;

	if (r->failed)
		return r->failed;
	level = &r->level[r->depth - 1];
	rc = next_in_level(r, '}');
	if (rc <= 0)
		return rc;
	if (jsonr_next(r) != '"')
		return fail_expected(r, "a key");
	rc = jsonr_string(r, ret_key);
	if (rc < 0)
		return rc;
	level->key = *ret_key;
	level->first = false;
	if (jsonr_next(r) != ':')
		return fail_expected(r, "':'");
	r->off++;
	return 1;
}

int jsonr_item(struct jsonr *r)
{
	struct jsonr_level *level;
	int rc;

	if (r->failed)
		return r->failed;
	level = &r->level[r->depth - 1];
	rc = next_in_level(r, ']');
	if (rc <= 0)
		return rc;
	if (level->first)
		level->first = false;
	else
		level->index++;
	return 1;
}

/* The whole of a word or number: up to what cannot belong to one. */
static struct jsonr_text token(struct jsonr *r)
{
	struct jsonr_text word = {.data = r->text + r->off};

	while (word.len < r->len - r->off) {
		char c = word.data[word.len];

		if ((c < '0' || c > '9') && (c < 'a' || c > 'z') &&
			(c < 'A' || c > 'Z') && c != '-' && c != '+' && c != '.')
			break;
		word.len++;
	}
	return word;
}

static bool text_is(struct jsonr_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

int jsonr_bool(struct jsonr *r, bool *ret_value)
{
	struct jsonr_text word;

	(void)jsonr_next(r);
	word = token(r);
	if (r->failed || (!text_is(word, "true") && !text_is(word, "false")))
		return fail_expected(r, "true or false");
	*ret_value = word.data[0] == 't';
	r->off += word.len;
	return 0;
}

/* Digits of @word as a number; false for no integer, or one beyond 64 bits. */
static bool parse_digits(struct jsonr_text word, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!word.len || (word.data[0] == '0' && word.len > 1))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9' ||
			__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(
				value, (uint64_t)(word.data[i] - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

int jsonr_integer(struct jsonr *r, int64_t low, uint64_t high, int64_t *ret_value)
{
	struct jsonr_text word;
	uint64_t value = 0;
	bool negative, fits;
	char c = jsonr_next(r);

	if (c != '-' && (c < '0' || c > '9'))
		return fail_expected(r, "an integer");
	word = token(r);
	negative = c == '-';
	fits = parse_digits(
		(struct jsonr_text){word.data + negative, word.len - negative}, &value);
	if (fits && negative)
		fits = value && low < 0 && value <= 0 - (uint64_t)low;
	else if (fits)
		fits = value <= high && (low <= 0 || value >= (uint64_t)low);
	if (!fits)
		return jsonr_fail(r,
			"an integer from %lld to %llu expected, not '%.*s'",
			(long long)low, (unsigned long long)high,
			word.len < KEY_SHOWN ? (int)word.len : KEY_SHOWN, word.data);
	*ret_value = (int64_t)(negative ? 0 - value : value);
	r->off += word.len;
	return 0;
}

int jsonr_plain(struct jsonr *r, struct jsonr_text *ret_text)
{
	const char *start, *end;

	if (jsonr_next(r) != '"')
		return fail_expected(r, "a string");
	start = r->text + r->off + 1;
	end = memchr(start, '"', r->len - r->off - 1);
	if (!end)
		return jsonr_fail(r, "the text ends within a string");
	*ret_text = (struct jsonr_text){start, (size_t)(end - start)};
	r->off += ret_text->len + 2;
	return 0;
}

static size_t utf8_store(char *out, uint32_t code)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (len == 1) {
		out[0] = (char)code;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(lead[len] | code);
	return len;
}

/* Four hexadecimal digits at @s, or -1. */
static int hex4(const char *s, size_t left)
{
	int value = 0;

	if (left < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

/* The character behind "\u"; the number of bytes taken, 0 when it is none. */
static size_t unicode_escape(const char *s, size_t left, uint32_t *ret_code)
{
	int high = hex4(s, left), low;

	if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	*ret_code = (uint32_t)high;
	if (high < 0xd800 || high > 0xdbff)
		return 4;
	if (left < 10 || s[4] != '\\' || s[5] != 'u')
		return 0;
	low = hex4(s + 6, left - 6);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*ret_code =
		0x10000 + (((uint32_t)high & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
	return 10;
}

/* Decodes the escape at @s (its backslash) to @out; bytes taken, 0 when it is none. */
static size_t escape_decode(const char *s, size_t left, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t code;
	size_t taken;

	if (left < 2)
		return 0;
	if (s[1] == 'u') {
		taken = unicode_escape(s + 2, left - 2, &code);
		if (taken)
			*out += utf8_store(*out, code);
		return taken ? taken + 2 : 0;
	}
	found = s[1] ? strchr(from, s[1]) : NULL;
	if (!found)
		return 0;
	*(*out)++ = to[found - from];
	return 2;
}

/* The end of the string whose first byte is @start, or NULL; says if it has escapes. */
static const char *string_end(const char *start, size_t left, bool *ret_escapes)
{
	*ret_escapes = false;
	for (size_t i = 0; i < left; i++) {
		if (start[i] == '"')
			return start + i;
		if (start[i] == '\\') {
			*ret_escapes = true;
			i++;
		}
	}
	return NULL;
}

static int string_decode(struct jsonr *r, struct jsonr_text raw, bool escapes,
	struct jsonr_text *ret_text)
{
	char *out = NULL, *decoded = NULL;
	uint32_t code;
	size_t taken;

	if (escapes) {
		decoded = out = arena_alloc(r->arena, raw.len);
		if (!out)
			return jsonr_fail_memory(r);
	}
	for (size_t i = 0; i < raw.len; i += taken) {
		const char *s = raw.data + i;

		if ((unsigned char)*s < ' ')
			return jsonr_fail(r, "control character 0x%02x within a string",
				(unsigned char)*s);
		if (*s == '\\') {
			taken = escape_decode(s, raw.len - i, &out);
			if (!taken)
				return jsonr_fail(r, "bad escape in a string");
			continue;
		}
		taken = utf8_decode(s, raw.len - i, &code);
		if (!taken)
			return jsonr_fail(r, "a string is not valid UTF-8");
		if (out) {
			memcpy(out, s, taken);
			out += taken;
		}
	}
	*ret_text =
		escapes ? (struct jsonr_text){decoded, (size_t)(out - decoded)} : raw;
	return 0;
}

int jsonr_string(struct jsonr *r, struct jsonr_text *ret_text)
{
	struct jsonr_text raw;
	const char *end;
	bool escapes;
	int rc;

	if (jsonr_next(r) != '"')
		return fail_expected(r, "a string");
	raw.data = r->text + r->off + 1;
	end = string_end(raw.data, r->len - r->off - 1, &escapes);
	if (!end)
		return jsonr_fail(r, "the text ends within a string");
	raw.len = (size_t)(end - raw.data);
	rc = string_decode(r, raw, escapes, ret_text);
	if (rc < 0)
		return rc;
	r->off += raw.len + 2;
	return 0;
}

static size_t digits(struct jsonr_text word, size_t from)
{
	size_t n = 0;

	while (from + n < word.len && word.data[from + n] >= '0' &&
		word.data[from + n] <= '9')
		n++;
	return n;
}

static bool is_number(struct jsonr_text word)
{
	size_t i = word.len && word.data[0] == '-', n = digits(word, i);

	if (n == 0 || (n > 1 && word.data[i] == '0'))
		return false;
	i += n;
	if (i < word.len && word.data[i] == '.') {
		n = digits(word, i + 1);
		if (n == 0)
			return false;
		i += n + 1;
	}
	if (i < word.len && (word.data[i] == 'e' || word.data[i] == 'E')) {
		i++;
		if (i < word.len && (word.data[i] == '-' || word.data[i] == '+'))
			i++;
		n = digits(word, i);
		if (n == 0)
			return false;
		i += n;
	}
	return i == word.len;
}

static int skip_word(struct jsonr *r)
{
	struct jsonr_text word = token(r);

	if (!text_is(word, "null") && !text_is(word, "true") &&
		!text_is(word, "false") && !is_number(word))
		return fail_expected(r, "a value");
	r->off += word.len;
	return 0;
}

int jsonr_skip(struct jsonr *r)
{
	const unsigned int depth = r->depth;
	struct jsonr_text text;
	int rc;

	do {
		char c = jsonr_next(r);

		if (c == '{')
			rc = jsonr_object(r);
		else if (c == '[')
			rc = jsonr_array(r);
		else
			rc = c == '"' ? jsonr_string(r, &text) : skip_word(r);
		/* To the next value, closing what ends on the way. */
		while (rc >= 0 && r->depth > depth) {
			rc = r->level[r->depth - 1].array ? jsonr_item(r)
							  : jsonr_key(r, &text);
			if (rc != 0)
				break;
		}
	} while (rc >= 0 && r->depth > depth);
	return rc < 0 ? rc : 0;
}
