/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes JSON as it goes, into a stream or into memory. */
#include "common/jsonw.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "common/utf8.h"

enum {
	FLUSH_BYTES = 32 * 1024,
	MAX_LEVELS = 64,
	SPACES_MIN = 16,
};

void jsonw_init(struct jsonw *writer, FILE *stream, unsigned int indent)
{
	*writer = (struct jsonw){.stream = stream, .indent = indent};
}

void jsonw_done(struct jsonw *writer)
{
	if (!writer)
		return;
	free(writer->buffer);
	writer->buffer = NULL;
	writer->len = writer->size = 0;
}

static void flush(struct jsonw *writer)
{
	if (writer->code == 0 && writer->len > 0) {
		errno = 0;
		if (fwrite(writer->buffer, 1, writer->len, writer->stream) !=
			writer->len)
			writer->code = errno ? -errno : -EIO;
	}
	writer->len = 0;
}

static bool make_room(struct jsonw *writer, size_t need)
{
	size_t size = writer->size ? writer->size : 1024;

	if (writer->code != 0)
		return false;
	if (need > SIZE_MAX / 4 - writer->len) {
		writer->code = -ENOMEM;
		return false;
	}
	while (size - writer->len <= need)
		size *= 2;
	char *buffer = realloc(writer->buffer, size);
	if (!buffer) {
		writer->code = -ENOMEM;
		return false;
	}
	writer->buffer = buffer;
	writer->size = size;
	return true;
}

/* Room for @need bytes and a terminator at the end of the buffer. */
static inline bool reserve(struct jsonw *writer, size_t need)
{
	if (writer->stream && writer->len >= FLUSH_BYTES)
		flush(writer);
	/* Never less than the terminator's byte. */
	return writer->code == 0 &&
	       (need < writer->size - writer->len || make_room(writer, need));
}

static void put(struct jsonw *writer, const char *bytes, size_t len)
{
	if (!reserve(writer, len))
		return;
	memcpy(writer->buffer + writer->len, bytes, len);
	writer->len += len;
}

/* A new line at @at, for which newline_room() was reserved; returns its length. */
static size_t add_newline(const struct jsonw *writer, char *at)
{
	size_t spaces = (size_t)writer->indent * writer->depth;

	*at++ = '\n';
	/* A fixed size is faster than a call, and most lines need no more. */
	memset(at, ' ', SPACES_MIN);
	if (spaces > SPACES_MIN)
		memset(at, ' ', spaces);
	return 1 + spaces;
}

static size_t newline_room(const struct jsonw *writer)
{
	return 1 + SPACES_MIN + (size_t)writer->indent * writer->depth;
}

static void put_newline(struct jsonw *writer)
{
	if (writer->indent == 0 || !reserve(writer, newline_room(writer)))
		return;
	writer->len += add_newline(writer, writer->buffer + writer->len);
}

static uint64_t level_bit(const struct jsonw *writer)
{
	return (uint64_t)1 << (writer->depth - 1);
}

static void separate(struct jsonw *writer)
{
	uint64_t bit = level_bit(writer);

	if (writer->has_member & bit)
		put(writer, ",", 1);
	writer->has_member |= bit;
	put_newline(writer);
}

/* What goes before a value: nothing behind a key, else a comma as needed. */
static void begin_value(struct jsonw *writer)
{
	if (writer->depth == 0) {
		assert(!writer->has_root);
		writer->has_root = true;
	} else if (writer->is_object & level_bit(writer)) {
		assert(writer->after_key);
		writer->after_key = false;
	} else {
		separate(writer);
	}
}

static void begin(struct jsonw *writer, bool is_object)
{
	begin_value(writer);
	put(writer, is_object ? "{" : "[", 1);
	assert(writer->depth < MAX_LEVELS);
	writer->depth++;
	writer->has_member &= ~level_bit(writer);
	writer->is_object &= ~level_bit(writer);
	if (is_object)
		writer->is_object |= level_bit(writer);
}

static void end(struct jsonw *writer, bool is_object)
{
	assert(writer->depth > 0 && !writer->after_key);
	uint64_t bit = level_bit(writer);
	assert(((writer->is_object & bit) != 0) == is_object);
	bool has_member = (writer->has_member & bit) != 0;
	writer->depth--;
	if (has_member)
		put_newline(writer);
	put(writer, is_object ? "}" : "]", 1);
}

void jsonw_object_begin(struct jsonw *writer)
{
	begin(writer, true);
}

void jsonw_object_end(struct jsonw *writer)
{
	end(writer, true);
}

void jsonw_array_begin(struct jsonw *writer)
{
	begin(writer, false);
}

void jsonw_array_end(struct jsonw *writer)
{
	end(writer, false);
}

static bool is_verbatim(unsigned char c)
{
	static const uint64_t set[4] = {~(uint64_t)0xffffffff & ~((uint64_t)1 << '"'),
		~((uint64_t)1 << ('\\' - 64)) & ~((uint64_t)1 << 63)};

	return (set[c >> 6] >> (c & 63)) & 1;
}

/* One character that cannot stand as it is; returns how many bytes of text it took. */
static size_t put_special(struct jsonw *writer, const char *text, size_t len)
{
	static const char short_from[] = "\"\\\b\f\n\r\t", short_to[] = "\"\\bfnrt";
	const char *found = strchr(short_from, *text);
	char escape[8];
	uint32_t code;
	size_t used;

	if (found && *found) {
		escape[0] = '\\';
		escape[1] = short_to[found - short_from];
		put(writer, escape, 2);
		return 1;
	}
	used = utf8_decode(text, len, &code);
	if (used == 0) {
		put(writer, "\xef\xbf\xbd", 3);
		return 1;
	}
	/* U+2028/2029 end a line in JavaScript, in which reports may be embedded. */
	if (code < 0xa0 || code == 0x2028 || code == 0x2029) {
		int size = snprintf(escape, sizeof(escape), "\\u%04" PRIx32, code);
		put(writer, escape, (size_t)size);
	} else {
		put(writer, text, used);
	}
	return used;
}

/* A byte's high bit is set for each of the eight that may not be verbatim. */
static uint64_t specials(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u, high = ones << 7;
	uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\',
		 del = word ^ ones * 0x7f;

	/* x - 1 borrows where x is 0; a borrow can only report one too many. */
	return (word | ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
		       ((backslash - ones) & ~backslash) | ((del - ones) & ~del)) &
	       high;
}

static uint64_t load(const char *text, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, text, size);
	return word;
}

/* Whether all of it can stand as it is. The last word overlaps the one before. */
static bool is_all_verbatim(const char *text, size_t len)
{
	uint64_t found = 0;
	size_t at = 0;

	if (len >= 8) {
		for (; at < len - 8; at += 8)
			found |= specials(load(text + at, 8));
		return !(found | specials(load(text + len - 8, 8)));
	}
	if (len >= 4)
		return !specials(load(text, 4) | load(text + len - 4, 4) << 32);
	while (at < len && is_verbatim((unsigned char)text[at]))
		at++;
	return at == len;
}

/* How many characters from the start can stand as they are. */
static size_t verbatim_run(const char *text, size_t len)
{
	size_t run = 0;

	while (run < len && is_verbatim((unsigned char)text[run]))
		run++;
	return run;
}

static void put_string(struct jsonw *writer, const char *text, size_t len)
{
	size_t run;

	/* Nearly every string is verbatim: one check of the room, one copy. */
	if (is_all_verbatim(text, len)) {
		char *at;

		if (!reserve(writer, len + 2))
			return;
		at = writer->buffer + writer->len;
		at[0] = '"';
		memcpy(at + 1, text, len);
		at[len + 1] = '"';
		writer->len += len + 2;
		return;
	}
	put(writer, "\"", 1);
	for (; len > 0; text += run, len -= run) {
		run = verbatim_run(text, len);
		if (run > 0)
			put(writer, text, run);
		else
			run = put_special(writer, text, len);
	}
	put(writer, "\"", 1);
}

void jsonw_key(struct jsonw *writer, const char *key)
{
	size_t len = strlen(key);
	uint64_t bit = level_bit(writer);
	char *at;

	assert(writer->depth > 0 && (writer->is_object & bit) && !writer->after_key);
	writer->after_key = true;
	if (!is_all_verbatim(key, len) ||
		!reserve(writer, len + newline_room(writer) + 5)) {
		separate(writer);
		put_string(writer, key, len);
		put(writer, ": ", writer->indent ? 2 : 1);
		return;
	}
	/* The same, in one piece: reports are mostly keys. */
	at = writer->buffer + writer->len;
	if (writer->has_member & bit)
		*at++ = ',';
	writer->has_member |= bit;
	if (writer->indent)
		at += add_newline(writer, at);
	*at++ = '"';
	memcpy(at, key, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	if (writer->indent)
		*at++ = ' ';
	writer->len = (size_t)(at - writer->buffer);
}

void jsonw_string_len(struct jsonw *writer, const char *text, size_t len)
{
	begin_value(writer);
	put_string(writer, text, len);
}

void jsonw_string(struct jsonw *writer, const char *text)
{
	if (text)
		jsonw_string_len(writer, text, strlen(text));
	else
		jsonw_null(writer);
}

void jsonw_stringf(struct jsonw *writer, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		writer->code = writer->code ? writer->code : -ENOMEM;
		jsonw_null(writer);
		return;
	}
	jsonw_string_len(writer, text, (size_t)len);
	free(text);
}

/* printf would be a tenth of what a long report costs. */
static void put_number(struct jsonw *writer, uint64_t value, bool negative)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	if (negative)
		digits[--at] = '-';
	begin_value(writer);
	put(writer, digits + at, sizeof(digits) - at);
}

void jsonw_int(struct jsonw *writer, int64_t value)
{
	put_number(writer, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

void jsonw_uint(struct jsonw *writer, uint64_t value)
{
	put_number(writer, value, false);
}

void jsonw_real(struct jsonw *writer, double value)
{
	char text[40];
	int len = 0;

	if (!isfinite(value)) {
		jsonw_null(writer);
		return;
	}
	begin_value(writer);
	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	char *point = strchr(text, *localeconv()->decimal_point);
	if (point)
		*point = '.';
	put(writer, text, (size_t)len);
	if (!strpbrk(text, ".e")) /* it stays a real when it is read back */
		put(writer, ".0", 2);
}

void jsonw_bool(struct jsonw *writer, bool value)
{
	begin_value(writer);
	put(writer, value ? "true" : "false", value ? 4 : 5);
}

void jsonw_null(struct jsonw *writer)
{
	begin_value(writer);
	put(writer, "null", 4);
}

void jsonw_raw(struct jsonw *writer, const char *text, size_t len)
{
	begin_value(writer);
	put(writer, text, len);
}

void jsonw_member_string(struct jsonw *writer, const char *key, const char *text)
{
	jsonw_key(writer, key);
	jsonw_string(writer, text);
}

void jsonw_member_int(struct jsonw *writer, const char *key, int64_t value)
{
	jsonw_key(writer, key);
	jsonw_int(writer, value);
}

void jsonw_member_uint(struct jsonw *writer, const char *key, uint64_t value)
{
	jsonw_key(writer, key);
	jsonw_uint(writer, value);
}

void jsonw_member_bool(struct jsonw *writer, const char *key, bool value)
{
	jsonw_key(writer, key);
	jsonw_bool(writer, value);
}

void jsonw_member_object(struct jsonw *writer, const char *key)
{
	jsonw_key(writer, key);
	jsonw_object_begin(writer);
}

void jsonw_member_array(struct jsonw *writer, const char *key)
{
	jsonw_key(writer, key);
	jsonw_array_begin(writer);
}

int jsonw_finish(struct jsonw *writer, struct err *err)
{
	assert(writer->depth == 0 && writer->has_root);
	writer->has_root = false;
	if (writer->indent)
		put(writer, "\n", 1);
	if (writer->stream) {
		flush(writer);
		errno = 0;
		if (writer->code == 0 && fflush(writer->stream) != 0)
			writer->code = errno ? -errno : -EIO;
	}
	if (writer->code)
		return err_errno(err, writer->code, "write JSON");
	return 0;
}

const char *jsonw_text(struct jsonw *writer, size_t *ret_len)
{
	if (!reserve(writer, 0)) {
		if (ret_len)
			*ret_len = 0;
		return "";
	}
	writer->buffer[writer->len] = '\0';
	if (ret_len)
		*ret_len = writer->len;
	return writer->buffer;
}

char *jsonw_take(struct jsonw *writer, size_t *ret_len)
{
	if (!reserve(writer, 0))
		return NULL;
	(void)jsonw_text(writer, ret_len);
	writer->len = writer->size = 0;
	return TAKE_PTR(writer->buffer);
}
