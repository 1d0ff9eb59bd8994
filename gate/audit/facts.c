/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `gate audit` knows of a host. */
#include "gate/audit/facts.h"

#include <string.h>

#include "gate/audit/lines.h"

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

/* Lists up to here are searched from end to end. */
enum { SHORT_LIST = 16 };

/* FNV-1a */
static uint32_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

static struct span name_at(const void *items, size_t position)
{
	const char *name = ((const char *const *)items)[position];

	return span_of(name);
}

static struct span user_name_at(const void *items, size_t position)
{
	const char *name = ((const struct audit_user *)items)[position].name;

	return span_of(name);
}

static struct span user_uid_at(const void *items, size_t position)
{
	const uint32_t *uid = &((const struct audit_user *)items)[position].uid;

	return (struct span){(const char *)uid, sizeof(*uid)};
}

static struct span group_name_at(const void *items, size_t position)
{
	const char *name = ((const struct audit_group *)items)[position].name;

	return span_of(name);
}

/* The slot of @key, or the free one where it belongs. */
static uint32_t *find_slot(const struct audit_index *index, const void *items,
	struct span (*at)(const void *items, size_t position), const void *key,
	size_t len)
{
	for (size_t i = hash_bytes(key, len);; i++) {
		uint32_t *slot = &index->slots[i & (index->size - 1)];
		struct span have;

		if (*slot == 0)
			return slot;
		have = at(items, *slot - 1);
		if (have.len == len && (len == 0 || memcmp(have.text, key, len) == 0))
			return slot;
	}
}

/* Position of @key + 1, or 0. */
static size_t find(const struct audit_index *index, const void *items,
	struct span (*at)(const void *items, size_t position), const void *key,
	size_t len)
{
	return index->size > 0 ? *find_slot(index, items, at, key, len) : 0;
}

/* @position becomes findable, unless its key is there already. */
static void add_to_index(struct audit_facts *facts, struct audit_index *index,
	const void *items, struct span (*at)(const void *items, size_t position),
	size_t position)
{
	if (2 * (index->used + 1) > index->size) {
		struct audit_index more = {
			.size = index->size ? 2 * index->size : 2 * SHORT_LIST * 2,
			.used = index->used,
		};
		more.slots = arena_array(&facts->arena, more.size, sizeof(*more.slots));
		if (!more.slots)
			return;
		for (size_t i = 0; i < index->size; i++) {
			struct span key;

			if (index->slots[i] == 0)
				continue;
			key = at(items, index->slots[i] - 1);
			*find_slot(&more, items, at, key.text, key.len) =
				index->slots[i];
		}
		*index = more;
	}
	struct span key = at(items, position);
	uint32_t *slot = find_slot(index, items, at, key.text, key.len);
	if (*slot != 0)
		return;
	*slot = (uint32_t)position + 1;
	index->used++;
}

static bool has_name(const struct audit_names *names, const char *name, size_t len)
{
	if (names->index.size > 0)
		return find(&names->index, names->items, name_at, name, len) != 0;
	for (size_t i = 0; i < names->n; i++) {
		const char *have = names->items[i];

		if (strlen(have) == len && memcmp(have, name, len) == 0)
			return true;
	}
	return false;
}

void audit_name(struct audit_facts *facts, struct audit_names *names, const char *name,
	size_t len)
{
	if (has_name(names, name, len))
		return;
	char *copy = arena_strndup(&facts->arena, name, len);
	if (!copy)
		return;
	const char **slot = arena_push(
		&facts->arena, &names->items, &names->n, sizeof(*names->items));
	if (!slot)
		return;
	*slot = copy;
	if (names->n <= SHORT_LIST)
		return;
	for (size_t i = names->index.size > 0 ? names->n - 1 : 0; i < names->n; i++)
		add_to_index(facts, &names->index, names->items, name_at, i);
}

bool audit_has_name(const struct audit_names *names, const char *name)
{
	return name && has_name(names, name, strlen(name));
}

void audit_add_user(struct audit_facts *facts, const char *name, size_t len,
	uint32_t uid, uint32_t gid)
{
	char *copy = arena_strndup(&facts->arena, name, len);
	struct audit_user *user = copy ? arena_push(&facts->arena, &facts->users,
						 &facts->nusers, sizeof(*user))
				       : NULL;

	if (!user)
		return;
	*user = (struct audit_user){.name = copy, .uid = uid, .gid = gid};
	add_to_index(facts, &facts->users_by_name, facts->users, user_name_at,
		facts->nusers - 1);
	add_to_index(facts, &facts->users_by_uid, facts->users, user_uid_at,
		facts->nusers - 1);
}

struct audit_group *audit_add_group(
	struct audit_facts *facts, const char *name, size_t len, uint32_t gid)
{
	char *copy = arena_strndup(&facts->arena, name, len);
	struct audit_group *group = copy ? arena_push(&facts->arena, &facts->groups,
						   &facts->ngroups, sizeof(*group))
					 : NULL;

	if (!group)
		return NULL;
	*group = (struct audit_group){.name = copy, .gid = gid};
	struct audit_group *first = audit_group_by_name(facts, copy);
	if (first) {
		group->same = first->same;
		first->same = facts->ngroups - 1;
		return group;
	}
	add_to_index(facts, &facts->groups_by_name, facts->groups, group_name_at,
		facts->ngroups - 1);
	return group;
}

const struct audit_user *audit_user_by_name(
	const struct audit_facts *facts, const char *name)
{
	size_t found = name ? find(&facts->users_by_name, facts->users, user_name_at,
				      name, strlen(name))
			    : 0;

	return found ? &facts->users[found - 1] : NULL;
}

bool audit_is_root(const struct audit_facts *facts, const char *name)
{
	const struct audit_user *user = audit_user_by_name(facts, name);
	uint32_t uid;

	if (span_id(name, &uid))
		return uid == 0;
	return user ? user->uid == 0 : strcmp(name, "root") == 0;
}

const struct audit_user *audit_user_by_uid(
	const struct audit_facts *facts, uint32_t uid)
{
	size_t found = find(
		&facts->users_by_uid, facts->users, user_uid_at, &uid, sizeof(uid));

	return found ? &facts->users[found - 1] : NULL;
}

struct audit_group *audit_group_by_name(
	const struct audit_facts *facts, const char *name)
{
	size_t found = name ? find(&facts->groups_by_name, facts->groups, group_name_at,
				      name, strlen(name))
			    : 0;

	return found ? &facts->groups[found - 1] : NULL;
}

struct audit_group *audit_group_next(
	const struct audit_facts *facts, const struct audit_group *group)
{
	return group->same ? &facts->groups[group->same] : NULL;
}
