/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sudoers(5): rules that name an engine's tool, or a group to run as. */
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/rules.h"
#include "gate/audit/sudoers_lines.h"
#include "gate/audit/words.h"

/*
 * Theory of operation. First every alias of every file: what it stands for, in one
 * table. Then every rule "USERS HOSTS = COMMANDS": its commands with their aliases
 * resolved are searched for tools, its runas lists for groups and users, and a fact is
 * made for each of its users. Not handled: which host a rule is for (all count), and
 * negated commands (a rule that says "all but docker" counts as one about docker:
 * sudoers(5) itself calls such rules unsafe).
 */

enum { MAX_DEPTH = 8 };

/**
 * struct alias
 * @opened: how often what it stands for is being read
 */
struct alias {
	struct span name, value;
	unsigned int opened;
};

/**
 * struct sudoers
 * @depth: how many aliases in aliases are being read
 * @guessed: of the rule that is being read something was deeper than is followed
 */
struct sudoers {
	struct audit_facts *facts;
	struct alias *aliases;
	size_t naliases;
	unsigned int depth;
	bool guessed;
};

/*
 * As span_cut(), at a separator that is neither behind a backslash nor, with @quotes,
 * in quotes. "%:group" is a name.
 */
static struct span cut_at(struct span *rest, char separator, bool quotes)
{
	struct span first = *rest;
	bool quoted = false;

	for (size_t i = 0; i < first.len; i++) {
		char c = first.text[i];

		if (c == '\\')
			i++;
		else if (c == '"' && quotes)
			quoted = !quoted;
		else if (c == separator && !quoted &&
			 !(c == ':' && i > 0 && first.text[i - 1] == '%')) {
			*rest = (struct span){first.text + i + 1, first.len - (i + 1)};
			first.len = i;
			return first;
		}
	}
	*rest = (struct span){first.text + first.len, 0};
	return first;
}

bool rules_sudo_include(struct lines *lines, struct arena *arena, struct span *ret_path,
	bool *ret_directory)
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
		*ret_path = words_unquote(arena, span_trim(rest));
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

/* KIND NAME = VALUE : NAME = VALUE */
static void read_aliases(struct sudoers *sudoers, struct span line)
{
	/* A command's quotes are its own. */
	bool quotes = !span_begins(span_word(&line), "Cm");

	while (line.len > 0) {
		struct span value = cut_at(&line, ':', quotes);
		struct span name = span_trim(span_cut(&value, '='));

		if (name.len == 0)
			continue;
		struct alias *alias = arena_push(&sudoers->facts->arena,
			&sudoers->aliases, &sudoers->naliases, sizeof(*alias));
		if (!alias)
			return;
		*alias = (struct alias){.name = name, .value = span_trim(value)};
	}
}

static struct alias *find_alias(const struct sudoers *sudoers, struct span name)
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

/*
 * What an alias stands for; close_alias() is to follow. In a circle that is nothing, as
 * sudo has it; deeper than is followed it is everybody.
 */
static struct alias *open_alias(
	struct sudoers *sudoers, struct span name, struct span *ret_value)
{
	struct alias *alias = find_alias(sudoers, name);

	if (!alias)
		return NULL;
	*ret_value = alias->opened > 0 ? (struct span){"", 0} : alias->value;
	alias->opened++;
	sudoers->depth++;
	if (alias->opened == 1 && sudoers->depth > MAX_DEPTH) {
		*ret_value = (struct span){"ALL", strlen("ALL")};
		sudoers->guessed = true;
	}
	return alias;
}

static void close_alias(struct sudoers *sudoers, struct alias *alias)
{
	alias->opened--;
	sudoers->depth--;
}

/* The next word that could be an alias: "(alice:docker) NOPASSWD: NAME : host = NAME"
 */
static struct span alias_word(struct span *rest, bool *ret_negated)
{
	size_t begin = 0, end;

	while (begin < rest->len && strchr(" :=(),", rest->text[begin]))
		begin++;
	*ret_negated = begin < rest->len && rest->text[begin] == '!';
	while (begin < rest->len && rest->text[begin] == '!')
		begin++;
	for (end = begin; end < rest->len && !strchr(" :=(),", rest->text[end]); end++)
		;
	struct span word = {rest->text + begin, end - begin};
	*rest = (struct span){rest->text + end, rest->len - end};
	return word;
}

/* "(alice) NOPASSWD: /usr/bin/dock* ps": the command, unless it is negated */
static struct span command_of(struct span item)
{
	for (struct span w = span_word(&item); w.len > 0; w = span_word(&item)) {
		for (size_t i = 0; i < w.len; i++) {
			char before = i > 0 ? w.text[i - 1] : ':';

			if ((w.text[i] == '/' || w.text[i] == '^') &&
				strchr(":)=", before))
				return (struct span){w.text + i, w.len - i};
		}
	}
	return (struct span){0};
}

static bool has_pattern(struct span text)
{
	while (text.len > 0) {
		if (span_takes_tool(command_of(span_cut(&text, ','))))
			return true;
	}
	return false;
}

static bool names_tool(struct sudoers *sudoers, struct span text)
{
	/* Aliases of aliases of aliases: what was not followed counts. */
	bool found = sudoers->depth > MAX_DEPTH || span_names_tool(text) ||
		     has_pattern(text);

	while (!found && text.len > 0) {
		struct span value;
		bool negated;
		struct span word = alias_word(&text, &negated);
		struct alias *alias =
			negated ? NULL : open_alias(sudoers, word, &value);

		if (!alias)
			continue;
		found = names_tool(sudoers, value);
		close_alias(sudoers, alias);
	}
	return found;
}

static void add_groups(
	struct sudoers *sudoers, struct audit_names *groups, struct span list)
{
	while (list.len > 0) {
		struct span item = span_trim(cut_at(&list, ',', true)), value;
		struct alias *alias = open_alias(sudoers, item, &value);

		if (alias) {
			add_groups(sudoers, groups, value);
			close_alias(sudoers, alias);
			continue;
		}
		item = words_unquote(&sudoers->facts->arena, item);
		if (item.len > 0)
			audit_name(sudoers->facts, groups, item.text, item.len);
	}
}

/* An entry of a list of users, aliases resolved; @guessed: "ALL" for what was not. */
struct entry {
	const char *name;
	bool negated, guessed;
};

struct entries {
	struct entry *items;
	size_t n;
};

static void add_entries(struct sudoers *sudoers, struct entries *entries,
	struct span list, bool negated)
{
	struct arena *arena = &sudoers->facts->arena;
	bool guessed = sudoers->depth > MAX_DEPTH;

	while (list.len > 0) {
		struct span item = span_trim(cut_at(&list, ',', true)), value;
		bool not = negated;

		while (item.len > 0 && item.text[0] == '!') {
			not = !not ;
			item = span_trim((struct span){item.text + 1, item.len - 1});
		}
		struct alias *alias = open_alias(sudoers, item, &value);
		if (alias) {
			add_entries(sudoers, entries, value, not );
			close_alias(sudoers, alias);
			continue;
		}
		/* Whom it would take out is not known: then nobody. */
		if (guessed && not )
			continue;
		item = words_unquote(arena, item);
		const char *name = arena_strndup(arena, item.text, item.len);
		struct entry *entry = item.len > 0 && name
					      ? arena_push(arena, &entries->items,
							&entries->n, sizeof(*entry))
					      : NULL;
		if (entry)
			*entry = (struct entry){name, not, guessed};
	}
}

/* sudoers(5): of all entries that match the last one counts. */
static bool makes_root(const struct entries *entries)
{
	for (size_t i = entries->n; i > 0; i--) {
		const char *name = entries->items[i - 1].name;
		bool negated = entries->items[i - 1].negated;
		uint32_t uid = 1;
		bool is_uid =
			name[0] == '#' &&
			span_number((struct span){name + 1, strlen(name + 1)}, &uid);
		bool is_root = strcmp(name, "ALL") == 0 || strcmp(name, "root") == 0 ||
			       (is_uid && uid == 0);

		/* Whether root is in a group is not known here: then he may be. */
		if (entries->items[i - 1].guessed)
			continue;
		if (is_root || (negated && strchr("%+", name[0])))
			return !negated;
	}
	return false;
}

/* A list of whom a rule lets its users become, the entry that counts first in front. */
static void add_runas(
	struct sudoers *sudoers, struct audit_rule *rule, const struct entries *entries)
{
	struct audit_facts *facts = sudoers->facts;
	struct audit_names seen = {0}, list = {0};

	for (size_t i = entries->n; i > 0; i--) {
		const struct entry *entry = &entries->items[i - 1];

		if (audit_has_name(&seen, entry->name))
			continue;
		audit_name(facts, &seen, entry->name, strlen(entry->name));
		const char *text = arena_printf(
			&facts->arena, "%s%s", entry->negated ? "!" : "", entry->name);
		if (text)
			audit_name(facts, &list, text, strlen(text));
	}
	struct audit_names *slot = list.n > 0 ? arena_push(&facts->arena, &rule->runas,
							&rule->nrunas, sizeof(*slot))
					      : NULL;
	if (slot)
		*slot = list;
}

/* (users:groups), before each command that another one is for */
static void read_runas(
	struct sudoers *sudoers, struct audit_rule *rule, struct span text)
{
	while (text.len > 0) {
		(void)span_cut(&text, '(');
		struct span groups = span_cut(&text, ')');
		struct span list = span_trim(cut_at(&groups, ':', true));
		bool has_groups = groups.len > 0;
		struct entries entries = {0};

		add_entries(sudoers, &entries, list, false);
		/* Who may be root, or anybody, needs no third one. */
		bool root = makes_root(&entries);
		if (!root)
			add_runas(sudoers, rule, &entries);
		/* "(ALL:ALL)" makes root: that needs no group. */
		if (!has_groups || (root && span_is(span_trim(groups), "ALL")))
			continue;
		add_groups(sudoers, &rule->groups, groups);
	}
}

struct rule_line {
	const char *path;
	unsigned int number;
	struct span text, commands;
};

static void add_user(
	struct sudoers *sudoers, const struct rule_line *line, struct span who)
{
	struct audit_facts *facts = sudoers->facts;
	struct audit_rule *rule = rules_add(facts, AUDIT_RULE_SUDOERS, line->path,
		line->number, words_unquote(&facts->arena, who), line->text);
	/* The lists of the command's are not those of the user's. */
	unsigned int depth = sudoers->depth;

	if (!rule)
		return;
	sudoers->depth = 0;
	rule->tool = names_tool(sudoers, line->commands);
	read_runas(sudoers, rule, line->commands);
	sudoers->depth = depth;
	if (!rule->tool && rule->groups.n == 0 && rule->nrunas == 0)
		facts->nrules--;
}

static void add_users(
	struct sudoers *sudoers, const struct rule_line *line, struct span users)
{
	while (users.len > 0) {
		struct span who = span_trim(cut_at(&users, ',', true)), value;

		if (who.len == 0 || who.text[0] == '!')
			continue;
		struct alias *alias = open_alias(sudoers, who, &value);
		if (alias) {
			add_users(sudoers, line, value);
			close_alias(sudoers, alias);
		} else {
			add_user(sudoers, line, who);
		}
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * How much of "USERS HOSTS" are users: up to the last blank that is in no list, or the
 * last quoted name. Blanks around commas, and behind '!', belong to a list.
 */
static size_t users_len(struct span left)
{
	bool quoted = false;
	size_t end = 0;

	for (size_t i = 0; i + 1 < left.len; i++) {
		char before = i > 0 ? left.text[i - 1] : '\0', c = left.text[i];
		char next = left.text[i + 1];

		if (c == '\\')
			i++;
		else if (c == '#' && !quoted) {
			/* An id ends with its last digit. */
			while (i + 2 < left.len && is_digit(left.text[i + 1]))
				i++;
			next = left.text[i + 1];
			if (next != ' ' && next != ',' && !is_digit(next))
				end = i + 1;
		} else if (c == '"') {
			quoted = !quoted;
			if (!quoted && next != ' ' && next != ',')
				end = i + 1;
		} else if (c == ' ' && !quoted && before != ',' && before != '!' &&
			   next != ',')
			end = i;
	}
	return end;
}

/* USERS HOSTS = COMMANDS */
static void read_rule(struct sudoers *sudoers, struct rule_line *line)
{
	struct span commands = line->text,
		    left = span_trim(cut_at(&commands, '=', true));

	if (commands.len == 0)
		return;
	line->commands = commands;
	sudoers->guessed = false;
	add_users(sudoers, line, span_trim((struct span){left.text, users_len(left)}));
	if (sudoers->guessed)
		audit_gap(sudoers->facts,
			arena_printf(&sudoers->facts->arena, "%s:%u", line->path,
				line->number),
			"aliases of aliases that are not followed so deep: what they "
			"stand for counts as ALL");
}

/* Whom the rules without a list make is then not root. */
static void read_defaults(struct audit_facts *facts, const struct rule_line *line)
{
	static const char option[] = "runas_default";

	if (line->text.len > 0 &&
		memmem(line->text.text, line->text.len, option, strlen(option)))
		audit_gap(facts,
			arena_printf(&facts->arena, "%s:%u", line->path, line->number),
			"sudo's runas_default: whom its rules make that name nobody "
			"was not looked at");
}

void rules_read_sudoers(
	struct audit_facts *facts, const struct sudo_file *files, size_t n)
{
	struct sudoers sudoers = {.facts = facts};

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			struct lines lines = {.rest = files[i].text};
			const char *text;

			while ((text = sudoers_next_line(facts, &lines))) {
				struct rule_line line = {
					.path = files[i].path,
					.number = lines.first,
					.text = {text, strlen(text)},
				};

				if (is_alias_line(line.text) != (pass == 0))
					continue;
				if (pass == 0)
					read_aliases(&sudoers, line.text);
				else if (span_begins(line.text, "Defaults"))
					read_defaults(facts, &line);
				else if (text[0] != '@')
					read_rule(&sudoers, &line);
			}
		}
	}
}
