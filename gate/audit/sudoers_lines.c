/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a line of sudoers(5) ends, and what of it is a comment. */
#include "gate/audit/sudoers_lines.h"

#include <string.h>

#include "common/cleanup.h"

/*
 * Theory of operation. As sudo's lexer, toke.l, has it: a backslash, blanks or none,
 * and the line's end join it to the next one; but not in a comment, which its line's
 * end always ends, and not behind another backslash. A '#' begins a comment anywhere in
 * a command, also in quotes; before it, in options and lists of users, quotes protect
 * it, and in lists it may begin a uid.
 */

/* Where reading a line is; @command: behind the '=' of a rule or of Cmnd_Alias. */
struct scan {
	struct span rest;
	char *out; /* NULL: only count */
	size_t len;
	bool blank, quoted, command, in_runas;
	bool in_option; /* in the value of one: ROLE=, CWD=, ... */
	bool in_args;	/* in a command's path or arguments: its quotes mean nothing */
	char last;	/* what was there last but blanks */
};

static char at(const struct scan *scan, size_t i)
{
	return i < scan->rest.len ? scan->rest.text[i] : '\0';
}

static void skip(struct scan *scan, size_t n)
{
	scan->rest = (struct span){scan->rest.text + n, scan->rest.len - n};
}

static void put(struct scan *scan, char c)
{
	if (scan->blank && scan->len > 0) {
		if (scan->out)
			scan->out[scan->len] = ' ';
		scan->len++;
	}
	scan->blank = false;
	if (scan->out)
		scan->out[scan->len] = c;
	scan->len++;
}

/* How many bytes join this line to the next; 0: none do. */
static size_t joint(const struct scan *scan)
{
	size_t i = 1;

	if (at(scan, 0) != '\\')
		return 0;
	while (lines_is_blank(at(scan, i)))
		i++;
	return at(scan, i) == '\n' ? i + 1 : 0;
}

/* In lists "#1000" is a uid, and "#-1", too. */
static bool is_comment(const struct scan *scan)
{
	size_t i = at(scan, 1) == '-' ? 2 : 1;

	if (scan->quoted)
		return false;
	if (scan->command && !scan->in_runas)
		return true;
	return at(scan, i) < '0' || at(scan, i) > '9';
}

static void scan_byte(struct scan *scan, bool is_list)
{
	char c = at(scan, 0);
	bool begins = scan->blank || strchr("=,:!)", scan->last);

	skip(scan, 1);
	if (lines_is_blank(c)) {
		scan->blank = true;
		scan->in_option = scan->in_option && scan->quoted;
		return;
	}
	put(scan, c);
	if (c == '\\' && scan->rest.len > 0 && at(scan, 0) != '\n') {
		scan->last = at(scan, 0);
		put(scan, scan->last);
		skip(scan, 1);
		return;
	}
	if (c == '"' && !scan->in_args)
		scan->quoted = !scan->quoted;
	else if (!scan->quoted && c == '=' && !is_list) {
		scan->in_option = scan->command && !scan->in_args;
		scan->command = true;
	} else if (!scan->quoted && (c == '/' || c == '^') && begins && scan->command &&
		   !scan->in_runas && !scan->in_option)
		scan->in_args = true;
	else if (c == '(' && (scan->last == '=' || scan->last == ','))
		scan->in_runas = true;
	else if (!scan->quoted && c == ')')
		scan->in_runas = false;
	if (!scan->quoted && (c == ',' || c == ':' || c == '='))
		scan->in_args = false;
	scan->last = c;
}

/* One line from the text, and how many it was joined of; its bytes, to @out. */
static size_t scan_line(struct span *text, unsigned int *number, char *out)
{
	static const char *const lists[] = {
		"User_Alias", "Runas_Alias", "Host_Alias", "Defaults"};
	struct scan scan = {.rest = *text, .out = out};
	struct span rest = *text, word = span_word(&rest);
	bool is_list = false;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		is_list = is_list || span_begins(word, lists[i]);
	++*number;
	while (scan.rest.len > 0 && at(&scan, 0) != '\n') {
		size_t n = joint(&scan);

		if (n > 0) {
			/* A command's path goes on behind the blanks of the next. */
			skip(&scan, n);
			scan.blank = scan.blank || !(scan.command || scan.quoted);
			while (lines_is_blank(at(&scan, 0)))
				skip(&scan, 1);
			++*number;
		} else if (at(&scan, 0) == '#' && is_comment(&scan)) {
			while (scan.rest.len > 0 && at(&scan, 0) != '\n')
				skip(&scan, 1);
		} else {
			scan_byte(&scan, is_list);
		}
	}
	if (scan.rest.len > 0)
		skip(&scan, 1);
	*text = scan.rest;
	return scan.len;
}

char *sudoers_next_line(struct audit_facts *facts, struct lines *lines)
{
	struct span again = lines->rest;
	unsigned int number = lines->number;

	if (lines->rest.len == 0)
		return NULL;
	lines->first = lines->number + 1;
	size_t len = scan_line(&again, &number, NULL);
	char *text = arena_alloc_raw(&facts->arena, len + 1);
	if (!text)
		return NULL;
	(void)scan_line(&lines->rest, &lines->number, text);
	text[len] = '\0';
	return text;
}
