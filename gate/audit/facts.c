/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `gate audit` knows of a host. */
#include "gate/audit/facts.h"

#include <string.h>

void audit_facts_init(struct audit_facts *facts)
{
	*facts = (struct audit_facts){0};
	arena_init(&facts->arena, AUDIT_MAX_BYTES);
}

void audit_facts_done(struct audit_facts *facts)
{
	if (facts)
		arena_done(&facts->arena);
}

void audit_gap(struct audit_facts *facts, const char *place, const char *text)
{
	struct audit_gap *gap =
		arena_push(&facts->arena, &facts->gaps, &facts->ngaps, sizeof(*gap));

	if (gap) {
		gap->place = arena_strdup(&facts->arena, place);
		gap->text = arena_strdup(&facts->arena, text);
	}
}

void audit_name(struct audit_facts *facts, struct audit_names *names, const char *name,
	size_t len)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *have = names->items[i];

		if (have && strlen(have) == len && memcmp(have, name, len) == 0)
			return;
	}
	char *copy = arena_strndup(&facts->arena, name, len);
	if (!copy)
		return;
	const char **slot = arena_push(
		&facts->arena, &names->items, &names->n, sizeof(*names->items));
	if (slot)
		*slot = copy;
}

bool audit_has_name(const struct audit_names *names, const char *name)
{
	for (size_t i = 0; name && i < names->n; i++) {
		if (strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

const struct audit_user *audit_user_by_name(
	const struct audit_facts *facts, const char *name)
{
	for (size_t i = 0; name && i < facts->nusers; i++) {
		if (strcmp(facts->users[i].name, name) == 0)
			return &facts->users[i];
	}
	return NULL;
}

const struct audit_user *audit_user_by_uid(
	const struct audit_facts *facts, uint32_t uid)
{
	for (size_t i = 0; i < facts->nusers; i++) {
		if (facts->users[i].uid == uid)
			return &facts->users[i];
	}
	return NULL;
}

struct audit_group *audit_group_by_name(
	const struct audit_facts *facts, const char *name)
{
	for (size_t i = 0; name && i < facts->ngroups; i++) {
		if (strcmp(facts->groups[i].name, name) == 0)
			return &facts->groups[i];
	}
	return NULL;
}
