/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of unit files and command lines. */
#include "gate/audit/words.h"

#include <stdbool.h>
#include <string.h>

#include "common/cleanup.h"

static bool is_blank(char c)
{
	return c == '\n' || lines_is_blank(c);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c ? strchr(digits, c | 0x20) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* What a backslash at @at stands for; @ret_len: how many bytes were taken. */
static char escaped(struct span text, size_t at, size_t *ret_len)
{
	char c = text.text[at + 1];

	*ret_len = 2;
	if (c == 'x' && text.len - at > 3) {
		int high = hex_digit(text.text[at + 2]);
		int low = hex_digit(text.text[at + 3]);

		if (high >= 0 && low >= 0 && (high | low)) {
			*ret_len = 4;
			return (char)(high * 16 + low);
		}
	}
	return c;
}

/* The word at @at, unquoted, to @out, and a NUL. */
static size_t copy_word(struct span text, size_t *at, char *out)
{
	char quote = '\0';
	size_t len = 0;

	while (*at < text.len && (quote || !is_blank(text.text[*at]))) {
		char c = text.text[*at];
		size_t taken = 1;

		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? '\0' : c;
		else if (c == '\\' && quote != '\'' && text.len - *at > 1) {
			c = escaped(text, *at, &taken);
			/* systemd.syntax(7) has "\s" for a blank. */
			out[len++] = taken == 2 && c == 's' ? ' ' : c;
		} else
			out[len++] = c;
		*at += taken;
	}
	out[len] = '\0';
	return len + 1;
}

static bool has_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (is_blank(text[i]))
			return true;
	}
	return false;
}

/* All words of @text to @out, each with its NUL: no more than its bytes and one. */
static size_t copy_words(struct span text, char *out)
{
	size_t len = 0;

	for (size_t at = 0; at < text.len;) {
		if (is_blank(text.text[at]))
			at++;
		else
			len += copy_word(text, &at, out + len);
	}
	return len;
}

struct span words_split(struct arena *arena, struct span text, bool deep)
{
	/* A word that is split again is copied behind itself first. */
	size_t size = 2 * (text.len + 1), len = 0;
	char *out = arena_alloc_raw(arena, size);

	if (!out)
		return (struct span){"", 0};
	for (size_t at = 0; at < text.len;) {
		if (is_blank(text.text[at])) {
			at++;
			continue;
		}
		size_t word_len = copy_word(text, &at, out + len) - 1;
		if (deep && has_blank(out + len, word_len)) {
			struct span copy = {out + len + word_len + 1, word_len};

			memcpy(out + len + word_len + 1, out + len, word_len);
			len += copy_words(copy, out + len);
		} else {
			len += word_len + 1;
		}
	}
	arena_trim(arena, out, size, len);
	return (struct span){out, len};
}

struct span words_unquote(struct arena *arena, struct span word)
{
	size_t len = 0, taken;

	if (word.len > 1 && word.text[0] == '"' && word.text[word.len - 1] == '"')
		word = (struct span){word.text + 1, word.len - 2};
	if (word.len == 0 || !memchr(word.text, '\\', word.len))
		return word;
	char *out = arena_alloc_raw(arena, word.len);
	if (!out)
		return (struct span){"", 0};
	for (size_t i = 0; i < word.len; i += taken) {
		taken = 1;
		out[len++] = word.text[i] == '\\' && word.len - i > 1
				     ? escaped(word, i, &taken)
				     : word.text[i];
	}
	arena_trim(arena, out, word.len, len);
	return (struct span){out, len};
}

/* The parts of "prefix@instance.service". */
struct unit_name {
	struct span all, bare, prefix, instance, last;
};

static struct unit_name name_parts(const char *unit)
{
	struct unit_name name = {.all = {unit, strlen(unit)}};
	const char *dot = strrchr(unit, '.');

	name.bare = (struct span){unit, dot ? (size_t)(dot - unit) : name.all.len};
	name.instance = name.bare;
	name.prefix = span_cut(&name.instance, '@');
	name.last = name.prefix;
	for (size_t i = name.prefix.len; i > 0; i--) {
		if (name.prefix.text[i - 1] == '-') {
			name.last.text += i;
			name.last.len -= i;
			break;
		}
	}
	return name;
}

static bool is_template(const struct unit_name *name)
{
	return name->instance.len == 0 && name->prefix.len < name->bare.len;
}

static struct span specifier(const struct unit_name *name, char c)
{
	const struct span none = {0};

	switch (c) {
	case '%':
		return (struct span){"%", 1};
	case 't':
		return span_of("/run");
	case 'S':
		return span_of("/var/lib");
	case 'E':
		return span_of("/etc");
	case 'h':
		return span_of("/root");
	case 'p':
	case 'P':
		return name->prefix;
	case 'j':
	case 'J':
		return name->last;
	case 'n':
		return is_template(name) ? none : name->all;
	case 'N':
		return is_template(name) ? none : name->bare;
	case 'i':
	case 'I':
		return name->instance;
	default:
		return none;
	}
}

struct span words_expand(struct arena *arena, struct span text, const char *unit)
{
	struct unit_name name = name_parts(unit);
	size_t size = text.len, len = 0;

	if (text.len == 0 || !memchr(text.text, '%', text.len))
		return text;
	for (size_t i = 0; i + 1 < text.len; i++)
		size += text.text[i] == '%' ? name.all.len + strlen("/var/lib") : 0;
	char *out = arena_alloc_raw(arena, size);
	if (!out)
		return (struct span){"", 0};
	for (size_t i = 0; i < text.len; i++) {
		struct span value = {0};

		if (text.text[i] == '%' && text.len - i > 1)
			value = specifier(&name, text.text[i + 1]);
		if (value.len == 0) {
			out[len++] = text.text[i];
			continue;
		}
		memcpy(out + len, value.text, value.len);
		len += value.len;
		i++;
	}
	arena_trim(arena, out, size, len);
	return (struct span){out, len};
}
