/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sudoers(5): rules that name an engine's tool, or a group to run as. */
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/rules.h"
#include "gate/audit/sudoers_lines.h"
#include "gate/audit/sudoers_lists.h"
#include "gate/audit/tools.h"
#include "gate/audit/words.h"

/*
 * Theory of operation. First every alias of every file: what it stands for, in one
 * table. Then every rule "USERS HOSTS = COMMANDS": its commands with their aliases
 * resolved are searched for tools, its runas lists for groups and users, and a fact is
 * made for each of its users. Not handled: which host a rule is for (all count).
 *
 * What a negated command takes back stays: who may run all others gets there by one of
 * them (sudoers(5) itself calls such rules unsafe). So "ALL, !/usr/bin/docker" is about
 * docker; "!/usr/bin/docker" alone lets nothing be run, as "/bin/ls, !/usr/bin/docker".
 */

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

/**
 * struct item - "(alice:docker) NOPASSWD: !/usr/bin/docker ps"
 * @runas: what is in the parentheses; text NULL: none are there
 */
struct item {
	struct span runas, command;
	bool negated;
};

static bool is_tag_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '_';
}

/* "NOPASSWD :"; but "ALL :" and "NAME :" are commands, with hosts behind them. */
static size_t tag_len(const struct sudo_aliases *aliases, struct span text)
{
	size_t len = 0, end;

	while (len < text.len && is_tag_byte(text.text[len]))
		len++;
	struct span name = {text.text, len};
	end = len + (len < text.len && text.text[len] == ' ');
	if (len == 0 || end == text.len || text.text[end] != ':' ||
		span_is(name, "ALL") ||
		sudo_alias_find(aliases, SUDO_ALIAS_COMMAND, name))
		return 0;
	return end + 1;
}

/* "CWD=", "ROLE =", "sha224:": a value is behind it. */
static size_t option_len(struct span text)
{
	static const struct {
		const char *name;
		char mark;
	} options[] = {
		{"APPARMOR_PROFILE", '='},
		{"CHROOT", '='},
		{"CWD", '='},
		{"LIMITPRIVS", '='},
		{"NOTAFTER", '='},
		{"NOTBEFORE", '='},
		{"PRIVS", '='},
		{"ROLE", '='},
		{"TIMEOUT", '='},
		{"TYPE", '='},
		{"sha224", ':'},
		{"sha256", ':'},
		{"sha384", ':'},
		{"sha512", ':'},
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		size_t len = strlen(options[i].name);
		size_t end = len + (len < text.len && text.text[len] == ' ');

		if (span_begins(text, options[i].name) && end < text.len &&
			text.text[end] == options[i].mark)
			return end + 1;
	}
	return 0;
}

static bool skip_option(const struct sudo_aliases *aliases, struct span *rest)
{
	size_t tag = tag_len(aliases, *rest), option = option_len(*rest);
	size_t len = option > 0 ? option : tag;

	*rest = span_trim((struct span){rest->text + len, rest->len - len});
	if (option > 0) {
		(void)sudo_cut(rest, " ", true);
		*rest = span_trim(*rest);
	}
	return len > 0;
}

/* The next one of "ITEM, ITEM : HOSTS = ITEM". */
static struct item next_item(const struct sudo_aliases *aliases, struct span *rest)
{
	struct item item = {0};
	bool more = true;

	*rest = span_trim(*rest);
	while (more) {
		more = skip_option(aliases, rest);
		if (rest->len == 0 || rest->text[0] != '(')
			continue;
		(void)span_cut(rest, '(');
		item.runas = sudo_cut(rest, ")", true);
		*rest = span_trim(*rest);
		more = true;
	}
	item.negated = sudo_negations(rest);
	item.command = sudo_cut(rest, ",:", false);
	if (rest->len > 0 && rest->text[-1] == ':')
		(void)sudo_cut(rest, "=", true);
	item.command = span_trim(item.command);
	return item;
}

/* Where a path or a pattern begins: what is in front may be an option that is not
 * known.
 */
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

/**
 * struct tools - what of a list of commands is about an engine's tools
 * @folders: where such may be
 */
struct tools {
	const struct audit_names *folders;
	bool found, taken_out, all;
};

static void look_for_tools(struct sudo_aliases *aliases, struct span list, bool negated,
	struct tools *tools)
{
	/* Aliases of aliases of aliases: what was not followed counts. */
	tools->found |= sudo_alias_too_deep(aliases);
	while (!tools->found && list.len > 0) {
		struct item item = next_item(aliases, &list);
		/* Two negations, one of an alias and one in it, are none. */
		bool is_negated = negated != item.negated;
		struct span value;
		struct sudo_alias *alias = sudo_alias_open(
			aliases, SUDO_ALIAS_COMMAND, item.command, &value);

		if (alias) {
			look_for_tools(aliases, value, is_negated, tools);
			sudo_alias_close(aliases, alias);
		} else if (span_is(item.command, "ALL")) {
			tools->all |= !is_negated;
		} else if (tools_named(item.command) ||
			   tools_matched(command_of(item.command), tools->folders)) {
			tools->found |= !is_negated;
			tools->taken_out |= is_negated;
		}
	}
}

/**
 * struct sudoers
 * @folders: of secure_path
 */
struct sudoers {
	struct sudo_aliases aliases;
	struct audit_names folders;
};

static bool names_tool(struct sudoers *sudoers, struct span commands)
{
	struct tools tools = {.folders = &sudoers->folders};

	look_for_tools(&sudoers->aliases, commands, false, &tools);
	return tools.found || (tools.taken_out && tools.all);
}

/* sudoers(5): of all entries that match the last one counts. */
static bool makes_root(
	const struct audit_facts *facts, const struct sudo_entries *entries)
{
	for (size_t i = entries->n; i > 0; i--) {
		const char *name = entries->items[i - 1].name;
		bool negated = entries->items[i - 1].negated;
		bool is_root = strcmp(name, "ALL") == 0 || audit_is_root(facts, name);

		/* Whether root is in a group is not known here: then he may be. */
		if (entries->items[i - 1].guessed)
			continue;
		if (is_root || (negated && strchr("%+", name[0])))
			return !negated;
	}
	return false;
}

/* A list of whom a rule lets its users become, the entry that counts first in front. */
static void add_runas(struct audit_facts *facts, struct audit_rule *rule,
	const struct sudo_entries *entries)
{
	struct audit_names seen = {0}, list = {0};

	for (size_t i = entries->n; i > 0; i--) {
		const struct sudo_entry *entry = &entries->items[i - 1];

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
	struct sudo_aliases *aliases, struct audit_rule *rule, struct span commands)
{
	while (commands.len > 0) {
		struct span groups = next_item(aliases, &commands).runas;
		struct span list = span_trim(sudo_cut(&groups, ":", true));
		struct sudo_entries runas = {0}, runas_groups = {0};

		sudo_entries_read(aliases, SUDO_ALIAS_RUNAS, list, &runas);
		/* Who may be root, or anybody, needs no third one. */
		bool root = makes_root(aliases->facts, &runas);
		if (!root)
			add_runas(aliases->facts, rule, &runas);
		/* "(ALL:ALL)" makes root: that needs no group. */
		if (root && span_is(span_trim(groups), "ALL"))
			continue;
		sudo_entries_read(aliases, SUDO_ALIAS_RUNAS, groups, &runas_groups);
		sudo_entries_names(aliases->facts, &runas_groups, &rule->groups);
	}
}

struct rule_line {
	const char *path;
	unsigned int number;
	struct span text;
};

static void add_rules(struct audit_facts *facts, const struct rule_line *line,
	const struct audit_names *users, const struct audit_rule *what)
{
	for (size_t i = 0; i < users->n; i++) {
		struct audit_rule *rule = rules_add(facts, AUDIT_RULE_SUDOERS,
			line->path, line->number, span_of(users->items[i]), line->text);

		if (!rule)
			return;
		rule->tool = what->tool;
		rule->groups = what->groups;
		rule->runas = what->runas;
		rule->nrunas = what->nrunas;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * How much of "USERS HOSTS" are users: up to the last blank that is in no list, the
 * last quoted name, or a '!' that ends a name. Blanks around commas, and behind '!',
 * belong to a list.
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
		} else if (c == '!' && !quoted && !strchr(" ,!", before)) {
			end = i;
		} else if (c == ' ' && !quoted && before != ',' && before != '!' &&
			   next != ',')
			end = i;
	}
	return end;
}

static void note(
	struct audit_facts *facts, const struct rule_line *line, const char *text)
{
	audit_gap(facts, arena_printf(&facts->arena, "%s:%u", line->path, line->number),
		text);
}

/* USERS HOSTS = COMMANDS */
static void read_rule(struct sudoers *sudoers, const struct rule_line *line)
{
	struct sudo_aliases *aliases = &sudoers->aliases;
	struct span commands = line->text,
		    left = span_trim(sudo_cut(&commands, "=", true));
	struct span list = {left.text, users_len(left)};
	struct sudo_entries entries = {0};
	struct audit_names users = {0};
	struct audit_rule what = {0};

	if (commands.len == 0)
		return;
	aliases->guessed = false;
	what.tool = names_tool(sudoers, commands);
	read_runas(aliases, &what, commands);
	sudo_entries_read(aliases, SUDO_ALIAS_USER, list, &entries);
	sudo_entries_names(aliases->facts, &entries, &users);
	bool counts = what.tool || what.groups.n > 0 || what.nrunas > 0;
	if (counts)
		add_rules(aliases->facts, line, &users, &what);
	if (counts && list.len == 0)
		note(aliases->facts, line,
			"a rule of sudo's whose users could not be told from its hosts "
			"was not looked at");
	if (aliases->guessed)
		note(aliases->facts, line,
			"aliases of aliases that are not followed so deep: what they "
			"stand for counts as ALL");
}

/* Whom the rules without a list make is then not root. */
static void read_defaults(struct audit_facts *facts, const struct rule_line *line)
{
	static const char option[] = "runas_default";

	if (line->text.len > 0 &&
		memmem(line->text.text, line->text.len, option, strlen(option)))
		note(facts, line,
			"sudo's runas_default: whom its rules make that name nobody "
			"was not looked at");
}

/* "secure_path = "/a:/b"", "secure_path += /c": where commands are looked for. */
static void read_secure_path(struct sudoers *sudoers, struct span line)
{
	static const char option[] = "secure_path";
	struct audit_facts *facts = sudoers->aliases.facts;
	const char *at;

	while (line.len > 0 &&
		(at = memmem(line.text, line.len, option, strlen(option)))) {
		line.len -= (size_t)(at - line.text) + strlen(option);
		line.text = at + strlen(option);
		struct span value = span_trim(line);
		if (span_begins(value, "+"))
			value = (struct span){value.text + 1, value.len - 1};
		if (!span_begins(value, "="))
			continue;
		(void)span_cut(&value, '=');
		value = span_trim(value);
		value = words_unquote(&facts->arena, sudo_cut(&value, " ,", true));
		while (value.len > 0) {
			struct span folder = span_cut(&value, ':');

			while (span_ends(folder, "/"))
				folder.len--;
			if (folder.len > 0)
				audit_name(facts, &sudoers->folders, folder.text,
					folder.len);
		}
	}
}

/* What rules are read with: options before them, and all aliases. */
static void read_before_rules(struct sudoers *sudoers, const struct rule_line *line)
{
	if (span_begins(line->text, "Defaults")) {
		read_defaults(sudoers->aliases.facts, line);
		read_secure_path(sudoers, line->text);
	} else if (sudo_alias_kind_of(line->text) != SUDO_ALIAS_NONE) {
		sudo_aliases_read(&sudoers->aliases, line->text);
	}
}

static bool is_rule(struct span line)
{
	return !span_begins(line, "Defaults") && !span_begins(line, "@") &&
	       sudo_alias_kind_of(line) == SUDO_ALIAS_NONE;
}

void rules_read_sudoers(
	struct audit_facts *facts, const struct sudo_file *files, size_t n)
{
	struct sudoers sudoers = {.aliases = {.facts = facts}};

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			struct lines lines = {.rest = files[i].text};
			const char *text;

			while ((text = sudoers_next_line(facts, &lines))) {
				struct rule_line line = {
					.path = files[i].path,
					.number = lines.first,
					.text = span_of(text),
				};

				if (pass == 0)
					read_before_rules(&sudoers, &line);
				else if (is_rule(line.text))
					read_rule(&sudoers, &line);
			}
		}
	}
}
