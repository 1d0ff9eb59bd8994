/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of lines, read piece by piece without a copy. */
#include "gate/audit/lines.h"

#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

bool lines_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool lines_next(struct lines *lines, struct span *ret_line)
{
	if (lines->rest.len == 0)
		return false;
	*ret_line = span_cut(&lines->rest, '\n');
	lines->number++;
	return true;
}

static bool goes_on(struct span line)
{
	return line.len > 0 && line.text[line.len - 1] == '\\';
}

static bool is_comment(struct span line, const char *comments)
{
	struct span text = span_trim(line);

	return text.len > 0 && strchr(comments, text.text[0]);
}

/* What the lines after @line add, up to the last that goes on. */
static size_t count_whole(struct lines lines, struct span line, const char *comments)
{
	size_t len = 0;

	do {
		len += line.len + 1;
	} while ((goes_on(line) || is_comment(line, comments)) &&
		 lines_next(&lines, &line));
	return len;
}

bool lines_next_whole(struct lines *lines, const char *comments, struct arena *arena,
	struct span *ret_line)
{
	struct span line;

	if (!lines_next(lines, &line))
		return false;
	lines->first = lines->number;
	*ret_line = line;
	if (!goes_on(line) || is_comment(line, comments))
		return true;
	size_t size = count_whole(*lines, line, comments), len = 0;
	char *text = arena_alloc_raw(arena, size);
	if (!text)
		return false;
	for (bool more = true; more; more = lines_next(lines, &line)) {
		if (is_comment(line, comments))
			continue;
		bool last = !goes_on(line);
		size_t n = line.len - (last ? 0 : 1);
		memcpy(text + len, line.text, n);
		len += n;
		if (last)
			break;
		text[len++] = ' ';
	}
	arena_trim(arena, text, size, len);
	*ret_line = (struct span){text, len};
	return true;
}

/* The line without its comment, and whether the next one goes on with it. */
static struct span rule_part(struct span line, bool *ret_more)
{
	size_t len = line.len;
	struct span part = span_cut(&line, '#');

	*ret_more = part.len == len && goes_on(part);
	part.len -= *ret_more ? 1 : 0;
	return part;
}

bool lines_next_rule(struct lines *lines, struct arena *arena, struct span *ret_line)
{
	struct span line;
	bool more;

	if (!lines_next(lines, &line))
		return false;
	lines->first = lines->number;
	*ret_line = rule_part(line, &more);
	if (!more)
		return true;
	struct lines ahead = *lines;
	size_t size = ret_line->len + 1, len = ret_line->len;
	for (bool on = true; on && lines_next(&ahead, &line);)
		size += rule_part(line, &on).len;
	char *text = arena_alloc_raw(arena, size);
	if (!text)
		return false;
	memcpy(text, ret_line->text, len);
	while (more && lines_next(lines, &line)) {
		struct span part = rule_part(line, &more);

		memcpy(text + len, part.text, part.len);
		len += part.len;
	}
	*ret_line = (struct span){text, len};
	return true;
}

struct span span_cut(struct span *rest, char separator)
{
	const char *end =
		rest->len > 0 ? memchr(rest->text, separator, rest->len) : NULL;
	struct span first = *rest;

	if (!end) {
		rest->text += rest->len;
		rest->len = 0;
		return first;
	}
	first.len = (size_t)(end - rest->text);
	rest->text += first.len + 1;
	rest->len -= first.len + 1;
	return first;
}

struct span span_word(struct span *rest)
{
	size_t begin = 0, end;

	while (begin < rest->len && lines_is_blank(rest->text[begin]))
		begin++;
	for (end = begin; end < rest->len && !lines_is_blank(rest->text[end]); end++)
		;
	struct span word = {rest->text + begin, end - begin};
	rest->text += end;
	rest->len -= end;
	return word;
}

struct span span_trim(struct span span)
{
	while (span.len > 0 && lines_is_blank(span.text[0])) {
		span.text++;
		span.len--;
	}
	while (span.len > 0 && lines_is_blank(span.text[span.len - 1]))
		span.len--;
	return span;
}

bool span_is(struct span span, const char *text)
{
	return span.len == strlen(text) &&
	       (span.len == 0 || memcmp(span.text, text, span.len) == 0);
}

bool span_is_nocase(struct span span, const char *text)
{
	return span.len == strlen(text) &&
	       (span.len == 0 || strncasecmp(span.text, text, span.len) == 0);
}

bool span_begins(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len && (len == 0 || memcmp(span.text, text, len) == 0);
}

bool span_ends(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len &&
	       (len == 0 || memcmp(span.text + span.len - len, text, len) == 0);
}

struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

bool span_id(const char *text, uint32_t *ret_id)
{
	return text[0] == '#' && span_number(span_of(text + 1), ret_id);
}

bool span_number(struct span span, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (span.len == 0 || span.len > 10)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		if (span.text[i] < '0' || span.text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(span.text[i] - '0');
	}
	if (number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}
