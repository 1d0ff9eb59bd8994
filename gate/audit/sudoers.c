/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sudoers(5): rules that name an engine's tool, or a group to run as. */
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/rules.h"

/*
 * Theory of operation. First every alias of every file: what it stands for, in one
 * table. Then every rule "USERS HOSTS = COMMANDS": its commands with their aliases
 * resolved are searched for tools, its runas lists for groups, and a fact is made for
 * each of its users. Not handled: which host a rule is for (all count), and negation
 * (a rule that says "all but docker" counts as one about docker: sudoers(5) itself
 * calls such rules unsafe).
 */

enum { MAX_DEPTH = 8 };

struct alias {
	struct span name, value;
};

struct sudoers {
	struct audit_facts *facts;
	struct alias *aliases;
	size_t naliases;
};

static bool goes_on(struct span line)
{
	return line.len > 0 && line.text[line.len - 1] == '\\';
}

/* The bytes of a line with its continuations, and one for each. */
static size_t count_line(struct lines lines, struct span line)
{
	size_t len = line.len + 1;

	while (goes_on(line) && lines_next(&lines, &line))
		len += line.len + 1;
	return len;
}

/* A line with its continuations, comments gone, blanks folded; NULL behind the last. */
static char *next_line(struct audit_facts *facts, struct lines *lines)
{
	struct span line;

	if (!lines_next(lines, &line))
		return NULL;
	lines->first = lines->number;
	size_t size = 1 + count_line(*lines, line), len = 0;
	char *text = arena_alloc_raw(&facts->arena, size);
	if (!text)
		return NULL;
	for (;;) {
		bool more = goes_on(line);
		struct span rest = {line.text, line.len - (more ? 1 : 0)};

		for (struct span w = span_word(&rest); w.len > 0;
			w = span_word(&rest)) {
			/* "#1000" is a uid; any other '#' begins a comment. */
			bool uid = w.len > 1 && w.text[0] == '#' && w.text[1] >= '0' &&
				   w.text[1] <= '9';
			if (w.text[0] == '#' && !uid)
				break;
			if (len > 0)
				text[len++] = ' ';
			memcpy(text + len, w.text, w.len);
			len += w.len;
		}
		if (!more || !lines_next(lines, &line))
			break;
	}
	text[len] = '\0';
	arena_trim(&facts->arena, text, size, len + 1);
	return text;
}

bool rules_sudo_include(struct lines *lines, struct span *ret_path, bool *ret_directory)
{
	struct span line;

	while (lines_next(lines, &line)) {
		struct span rest = span_trim(line), word = span_word(&rest);

		if (word.len < 2 || (word.text[0] != '@' && word.text[0] != '#'))
			continue;
		struct span name = {word.text + 1, word.len - 1};
		*ret_directory = span_is(name, "includedir");
		if (!*ret_directory && !span_is(name, "include"))
			continue;
		*ret_path = span_trim(rest);
		if (ret_path->len > 1 && ret_path->text[0] == '"' &&
			ret_path->text[ret_path->len - 1] == '"') {
			ret_path->text++;
			ret_path->len -= 2;
		}
		if (ret_path->len > 0)
			return true;
	}
	return false;
}

static bool is_alias_line(struct span line)
{
	static const char *const kinds[] = {"User_Alias ", "Runas_Alias ",
		"Host_Alias ", "Cmnd_Alias ", "Cmd_Alias "};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (span_begins(line, kinds[i]))
			return true;
	}
	return false;
}

/* As span_cut(), but "\\:" is no colon: sudoers(5). */
static struct span cut_alias(struct span *rest)
{
	struct span all = *rest, value = span_cut(rest, ':');

	while (rest->len > 0 && value.len > 0 && value.text[value.len - 1] == '\\') {
		struct span more = span_cut(rest, ':');

		value.len = (size_t)(more.text + more.len - all.text);
	}
	return value;
}

/* KIND NAME = VALUE : NAME = VALUE */
static void read_aliases(struct sudoers *sudoers, struct span line)
{
	(void)span_word(&line);
	while (line.len > 0) {
		struct span value = cut_alias(&line);
		struct span name = span_trim(span_cut(&value, '='));

		if (name.len == 0)
			continue;
		struct alias *alias = arena_push(&sudoers->facts->arena,
			&sudoers->aliases, &sudoers->naliases, sizeof(*alias));
		if (!alias)
			return;
		*alias = (struct alias){name, span_trim(value)};
	}
}

static const struct alias *find_alias(const struct sudoers *sudoers, struct span name)
{
	if (name.len == 0 || name.text[0] < 'A' || name.text[0] > 'Z')
		return NULL;
	for (size_t i = 0; i < sudoers->naliases; i++) {
		struct span have = sudoers->aliases[i].name;

		if (have.len == name.len && memcmp(have.text, name.text, have.len) == 0)
			return &sudoers->aliases[i];
	}
	return NULL;
}

static bool names_tool(const struct sudoers *sudoers, struct span text, int depth)
{
	/* Aliases of aliases of aliases: what was not followed counts. */
	if (depth >= MAX_DEPTH || span_names_tool(text))
		return true;
	while (text.len > 0) {
		struct span item = span_trim(span_cut(&text, ','));

		/* Before the command: "(alice:docker) NOPASSWD: NAME" */
		for (size_t i = item.len; i > 0; i--) {
			if (item.text[i - 1] == ':' || item.text[i - 1] == ')') {
				item.len -= i;
				item.text += i;
				break;
			}
		}
		item = span_trim(item);
		if (item.len > 0 && item.text[0] == '!')
			continue;
		const struct alias *alias = find_alias(sudoers, item);
		if (alias && names_tool(sudoers, alias->value, depth + 1))
			return true;
	}
	return false;
}

static void add_groups(struct sudoers *sudoers, struct audit_names *groups,
	struct span list, int depth)
{
	while (list.len > 0) {
		struct span item = span_trim(span_cut(&list, ','));
		const struct alias *alias = find_alias(sudoers, item);

		if (alias && depth < MAX_DEPTH)
			add_groups(sudoers, groups, alias->value, depth + 1);
		else if (item.len > 0)
			audit_name(sudoers->facts, groups, item.text, item.len);
	}
}

/* (users:groups), before each command that another one is for */
static void read_runas(
	struct sudoers *sudoers, struct audit_rule *rule, struct span text)
{
	struct audit_names users = {0};

	while (text.len > 0) {
		(void)span_cut(&text, '(');
		struct span groups = span_cut(&text, ')');
		bool has_groups =
			groups.len > 0 && memchr(groups.text, ':', groups.len);
		struct span list =
			span_trim(has_groups ? span_cut(&groups, ':') : groups);

		add_groups(sudoers, &users, list, 0);
		/* "(ALL:ALL)" makes root: that needs no group. */
		if (!has_groups ||
			(span_is(span_trim(groups), "ALL") &&
				(span_is(list, "ALL") || span_is(list, "root"))))
			continue;
		add_groups(sudoers, &rule->groups, groups, 0);
	}
	/* Who may be root, or anybody, needs no third one. */
	for (size_t i = 0; i < users.n; i++) {
		const char *user = users.items[i];

		if (strcmp(user, "ALL") != 0 && strcmp(user, "root") != 0 &&
			strcmp(user, "#0") != 0 && user[0] != '!')
			audit_name(sudoers->facts, &rule->users, user, strlen(user));
	}
}

struct rule_line {
	const char *path;
	unsigned int number;
	struct span text, commands;
};

static void add_users(struct sudoers *sudoers, const struct rule_line *line,
	struct span users, int depth)
{
	while (users.len > 0) {
		struct span who = span_trim(span_cut(&users, ','));
		const struct alias *alias = find_alias(sudoers, who);
		struct audit_facts *facts = sudoers->facts;

		if (who.len == 0 || who.text[0] == '!')
			continue;
		if (alias && depth < MAX_DEPTH) {
			add_users(sudoers, line, alias->value, depth + 1);
			continue;
		}
		struct audit_rule *rule = arena_push(
			&facts->arena, &facts->rules, &facts->nrules, sizeof(*rule));
		if (!rule)
			return;
		rule->kind = AUDIT_RULE_SUDOERS;
		rule->who = arena_strndup(&facts->arena, who.text, who.len);
		rule->place =
			arena_printf(&facts->arena, "%s:%u", line->path, line->number);
		rule->text =
			arena_strndup(&facts->arena, line->text.text, line->text.len);
		rule->tool = names_tool(sudoers, line->commands, 0);
		read_runas(sudoers, rule, line->commands);
		if (!rule->who || !rule->place || !rule->text ||
			(!rule->tool && rule->groups.n == 0 && rule->users.n == 0))
			facts->nrules--;
	}
}

/* USERS HOSTS = COMMANDS: the hosts are the last word before the sign. */
static void read_rule(struct sudoers *sudoers, struct rule_line *line)
{
	struct span commands = line->text, left = span_trim(span_cut(&commands, '='));
	size_t end = left.len;

	if (commands.len == 0)
		return;
	/* Blanks around commas belong to the list, not between the lists. */
	while (end > 0 && left.text[end - 1] != ' ')
		end--;
	while (end > 1 && (left.text[end - 2] == ',' || left.text[end] == ',')) {
		end--;
		while (end > 0 && left.text[end - 1] != ' ')
			end--;
	}
	line->commands = commands;
	add_users(sudoers, line, span_trim((struct span){left.text, end}), 0);
}

void rules_read_sudoers(
	struct audit_facts *facts, const struct sudo_file *files, size_t n)
{
	struct sudoers sudoers = {.facts = facts};

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			struct lines lines = {.rest = files[i].text};
			const char *text;

			while ((text = next_line(facts, &lines))) {
				struct rule_line line = {
					.path = files[i].path,
					.number = lines.first,
					.text = {text, strlen(text)},
				};

				if (is_alias_line(line.text) != (pass == 0))
					continue;
				if (pass == 0)
					read_aliases(&sudoers, line.text);
				else if (!span_begins(line.text, "Defaults") &&
					 text[0] != '@')
					read_rule(&sudoers, &line);
			}
		}
	}
}
