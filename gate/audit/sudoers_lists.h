/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of sudoers(5), and the aliases in them. */
#ifndef SEAWALL_GATE_AUDIT_SUDOERS_LISTS_H
#define SEAWALL_GATE_AUDIT_SUDOERS_LISTS_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/* Each kind has names of its own: one name may stand for a user and for a command. */
enum sudo_alias_kind {
	SUDO_ALIAS_NONE = 0,
	SUDO_ALIAS_USER,
	SUDO_ALIAS_RUNAS, /* also of the groups to run as */
	SUDO_ALIAS_HOST,
	SUDO_ALIAS_COMMAND,
};

/**
 * struct sudo_alias
 * @opened: how often what it stands for is being read
 */
struct sudo_alias {
	enum sudo_alias_kind kind;
	struct span name, value;
	unsigned int opened;
};

/**
 * struct sudo_aliases - all of all files
 * @depth: how many aliases in aliases are being read
 * @guessed: of what was read something was deeper than is followed
 */
struct sudo_aliases {
	struct audit_facts *facts;
	struct sudo_alias *items;
	size_t n;
	unsigned int depth;
	bool guessed;
};

/**
 * struct sudo_entry - of a list of users or groups, with no alias left
 * @guessed: "ALL" for what was not followed
 */
struct sudo_entry {
	const char *name;
	bool negated, guessed;
};

struct sudo_entries {
	struct sudo_entry *items;
	size_t n;
};

/**
 * sudo_cut() - as span_cut(), at the first of the separators that separates
 *
 * Not behind a backslash, not with @quotes in quotes, and not the ':' of "%:group" or
 * "sha224:digest".
 */
struct span sudo_cut(struct span *rest, const char *separators, bool quotes);

/** sudo_alias_find() - NULL: there is none of that kind and name */
struct sudo_alias *sudo_alias_find(const struct sudo_aliases *aliases,
	enum sudo_alias_kind kind, struct span name);

/** sudo_alias_kind_of() - what a line defines; NONE: no aliases */
enum sudo_alias_kind sudo_alias_kind_of(struct span line);

/** sudo_aliases_read() - KIND NAME = VALUE : NAME = VALUE */
void sudo_aliases_read(struct sudo_aliases *aliases, struct span line);

/**
 * sudo_alias_open() - what an alias stands for; sudo_alias_close() is to follow
 *
 * In a circle that is nothing, as sudo has it; deeper than is followed it is
 * everything: then @guessed is set, and sudo_alias_too_deep() says so.
 *
 * Return: NULL: there is none of that name.
 */
struct sudo_alias *sudo_alias_open(struct sudo_aliases *aliases,
	enum sudo_alias_kind kind, struct span name, struct span *ret_value);
void sudo_alias_close(struct sudo_aliases *aliases, struct sudo_alias *alias);
bool sudo_alias_too_deep(const struct sudo_aliases *aliases);

/** sudo_negations() - takes the '!' in front away; whether their number is odd */
bool sudo_negations(struct span *item);

/** sudo_entries_read() - a list of users or groups: its entries behind the others */
void sudo_entries_read(struct sudo_aliases *aliases, enum sudo_alias_kind kind,
	struct span list, struct sudo_entries *entries);

/**
 * sudo_entries_names() - whom a list lets in
 * @names: grows
 *
 * Of the entries that match somebody the last one counts: what one behind takes back,
 * by the same name or all of it, is left out.
 */
void sudo_entries_names(struct audit_facts *facts, const struct sudo_entries *entries,
	struct audit_names *names);

#endif
