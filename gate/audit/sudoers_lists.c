/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of sudoers(5), and the aliases in them. */
#include "gate/audit/sudoers_lists.h"

#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/words.h"

enum { MAX_DEPTH = 8 };

static const struct {
	const char *begin;
	enum sudo_alias_kind kind;
} alias_kinds[] = {
	{"User_Alias ", SUDO_ALIAS_USER},
	{"Runas_Alias ", SUDO_ALIAS_RUNAS},
	{"Host_Alias ", SUDO_ALIAS_HOST},
	{"Cmnd_Alias ", SUDO_ALIAS_COMMAND},
	{"Cmd_Alias ", SUDO_ALIAS_COMMAND},
};

/* The ':' of "%:group", "sha224:..." and "sha224 : ...". */
static bool is_in_name(struct span text, size_t colon)
{
	static const char *const digests[] = {"sha224", "sha256", "sha384", "sha512"};
	struct span before = span_trim((struct span){text.text, colon});

	if (colon > 0 && text.text[colon - 1] == '%')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
		size_t len = strlen(digests[i]);

		if (span_ends(before, digests[i]) &&
			(before.len == len ||
				strchr(" ,=:)", before.text[before.len - len - 1])))
			return true;
	}
	return false;
}

struct span sudo_cut(struct span *rest, const char *separators, bool quotes)
{
	struct span first = *rest;
	bool quoted = false;

	for (size_t i = 0; i < first.len; i++) {
		char c = first.text[i];

		if (c == '\\')
			i++;
		else if (c == '"' && quotes)
			quoted = !quoted;
		else if (c && strchr(separators, c) && !quoted &&
			 !(c == ':' && is_in_name(first, i))) {
			*rest = (struct span){first.text + i + 1, first.len - (i + 1)};
			first.len = i;
			return first;
		}
	}
	*rest = first;
	if (first.len > 0) /* else there may be no text at all */
		*rest = (struct span){first.text + first.len, 0};
	return first;
}

enum sudo_alias_kind sudo_alias_kind_of(struct span line)
{
	for (size_t i = 0; i < ARRAY_LEN(alias_kinds); i++) {
		if (span_begins(line, alias_kinds[i].begin))
			return alias_kinds[i].kind;
	}
	return SUDO_ALIAS_NONE;
}

void sudo_aliases_read(struct sudo_aliases *aliases, struct span line)
{
	enum sudo_alias_kind kind = sudo_alias_kind_of(line);
	/* A command's quotes are its own. */
	bool quotes = kind != SUDO_ALIAS_COMMAND;

	(void)span_word(&line);
	while (line.len > 0) {
		struct span value = sudo_cut(&line, ":", quotes);
		struct span name = span_trim(span_cut(&value, '='));

		if (name.len == 0)
			continue;
		struct sudo_alias *alias = arena_push(&aliases->facts->arena,
			&aliases->items, &aliases->n, sizeof(*alias));
		if (!alias)
			return;
		*alias = (struct sudo_alias){
			.kind = kind, .name = name, .value = span_trim(value)};
	}
}

struct sudo_alias *sudo_alias_find(
	const struct sudo_aliases *aliases, enum sudo_alias_kind kind, struct span name)
{
	if (name.len == 0 || name.text[0] < 'A' || name.text[0] > 'Z')
		return NULL;
	for (size_t i = 0; i < aliases->n; i++) {
		struct sudo_alias *alias = &aliases->items[i];

		if (alias->kind == kind && alias->name.len == name.len &&
			memcmp(alias->name.text, name.text, name.len) == 0)
			return alias;
	}
	return NULL;
}

struct sudo_alias *sudo_alias_open(struct sudo_aliases *aliases,
	enum sudo_alias_kind kind, struct span name, struct span *ret_value)
{
	struct sudo_alias *alias = sudo_alias_find(aliases, kind, name);

	if (!alias)
		return NULL;
	*ret_value = alias->opened > 0 ? (struct span){"", 0} : alias->value;
	alias->opened++;
	aliases->depth++;
	if (alias->opened == 1 && sudo_alias_too_deep(aliases)) {
		*ret_value = span_of("ALL");
		aliases->guessed = true;
	}
	return alias;
}

void sudo_alias_close(struct sudo_aliases *aliases, struct sudo_alias *alias)
{
	alias->opened--;
	aliases->depth--;
}

bool sudo_alias_too_deep(const struct sudo_aliases *aliases)
{
	return aliases->depth > MAX_DEPTH;
}

bool sudo_negations(struct span *item)
{
	bool negated = false;

	for (*item = span_trim(*item); item->len > 0 && item->text[0] == '!';
		*item = span_trim((struct span){item->text + 1, item->len - 1}))
		negated = !negated;
	return negated;
}

static void add_entries(struct sudo_aliases *aliases, enum sudo_alias_kind kind,
	struct span list, struct sudo_entries *entries, bool negated)
{
	struct arena *arena = &aliases->facts->arena;
	bool guessed = sudo_alias_too_deep(aliases);

	while (list.len > 0) {
		struct span item = sudo_cut(&list, ",", true), value;
		/* Two negations, one of an alias and one in it, are none. */
		bool is_negated = negated != sudo_negations(&item);
		struct sudo_alias *alias = sudo_alias_open(aliases, kind, item, &value);

		if (alias) {
			add_entries(aliases, kind, value, entries, is_negated);
			sudo_alias_close(aliases, alias);
			continue;
		}
		item = words_unquote(arena, item);
		const char *name = arena_strndup(arena, item.text, item.len);
		struct sudo_entry *entry =
			item.len > 0 && name ? arena_push(arena, &entries->items,
						       &entries->n, sizeof(*entry))
					     : NULL;
		/* Whom it takes out is not known, nor whether it does not let in. */
		if (entry)
			*entry = (struct sudo_entry){
				name, is_negated && !guessed, guessed};
	}
}

void sudo_entries_read(struct sudo_aliases *aliases, enum sudo_alias_kind kind,
	struct span list, struct sudo_entries *entries)
{
	add_entries(aliases, kind, list, entries, false);
}

void sudo_entries_names(struct audit_facts *facts, const struct sudo_entries *entries,
	struct audit_names *names)
{
	struct audit_names out = {0};

	for (size_t i = entries->n; i > 0; i--) {
		const struct sudo_entry *entry = &entries->items[i - 1];
		size_t len = strlen(entry->name);

		if (entry->negated && strcmp(entry->name, "ALL") == 0)
			return;
		if (entry->negated)
			audit_name(facts, &out, entry->name, len);
		else if (!audit_has_name(&out, entry->name))
			audit_name(facts, names, entry->name, len);
	}
}
