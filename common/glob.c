/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell patterns, matched in bounded time. */
#include "common/glob.h"

#include <stddef.h>

/*
 * Behind the set that starts at @p ('['); NULL when it does not end. A ']' that comes
 * first belongs to the set. @ret_match: whether @c is in it.
 */
static const char *take_set(const char *p, unsigned char c, bool *ret_match)
{
	bool negate, match = false;

	p++;
	negate = *p == '!' || *p == '^';
	if (negate)
		p++;
	for (bool first = true; first || *p != ']'; first = false) {
		if (*p == '\\')
			p++;
		if (!*p)
			return NULL;
		unsigned char lo = (unsigned char)*p++, hi = lo;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p += p[1] == '\\' ? 2 : 1;
			if (!*p)
				return NULL;
			hi = (unsigned char)*p++;
		}
		match = match || (c >= lo && c <= hi);
	}
	*ret_match = match != negate;
	return p + 1;
}

bool glob_is_valid(const char *pattern)
{
	bool match;

	if (!*pattern)
		return false;
	while (*pattern) {
		if (*pattern == '[') {
			pattern = take_set(pattern, 0, &match);
			if (!pattern)
				return false;
		} else if (*pattern == '\\') {
			if (!pattern[1])
				return false;
			pattern += 2;
		} else {
			pattern++;
		}
	}
	return true;
}

/* Match one byte against the element at @p, no star; returns what follows, or NULL. */
static const char *match_one(const char *p, char c)
{
	bool match;

	switch (*p) {
	case '\0':
		return NULL;
	case '?':
		return p + 1;
	case '[':
		p = take_set(p, (unsigned char)c, &match);
		return p && match ? p : NULL;
	case '\\':
		return p[1] == c ? p + 2 : NULL;
	default:
		return *p == c ? p + 1 : NULL;
	}
}

/*
 * Only the last star seen is ever moved: what an earlier one could still cover, the
 * last one covers as well.
 */
bool glob_match(const char *pattern, const char *text)
{
	const char *after_star = NULL, *retry = NULL;

	for (;;) {
		if (*pattern == '*') {
			after_star = ++pattern;
			retry = text;
			continue;
		}
		if (!*text)
			return !*pattern;
		const char *next = match_one(pattern, *text);
		if (next) {
			pattern = next;
			text++;
		} else if (after_star) {
			pattern = after_star;
			text = ++retry;
		} else {
			return false;
		}
	}
}
