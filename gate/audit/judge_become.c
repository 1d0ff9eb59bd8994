/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds the engine's power, and whether a rule lets others become one of them. */
#include "gate/audit/judge_become.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/lines.h"

static void add_holder(struct judging *judging, const char *name)
{
	const char **slot = name && !judging_is_root(judging, name)
				    ? arena_push(judging->arena, &judging->holders,
					      &judging->nholders, sizeof(*slot))
				    : NULL;

	if (slot)
		*slot = name;
}

static void add_all(struct judging *judging, const struct audit_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		add_holder(judging, names->items[i]);
}

/* Whom a socket belongs to, or an access list lets in: no group is needed. */
static void add_socket_holders(
	struct judging *judging, const struct audit_socket *socket)
{
	if (!judging_is_open(judging, socket))
		return;
	if (socket->uid != 0)
		add_holder(judging, judging_uid_name(judging, socket->uid));
	for (size_t i = 0; i < socket->nacl; i++) {
		const struct audit_acl *entry = &socket->acl[i];

		if (!entry->group && (entry->perm & 2) && entry->id != 0)
			add_holder(judging, judging_uid_name(judging, entry->id));
	}
}

static int compare(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

void judging_find_holders(struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;

	for (size_t i = 0; i < facts->nusers; i++) {
		if (judging_power(judging, facts->users[i].gid))
			add_holder(judging, facts->users[i].name);
	}
	for (size_t i = 0; i < facts->ngroups; i++) {
		const struct audit_group *group = &facts->groups[i];

		if (!judging_power(judging, group->gid))
			continue;
		add_all(judging, &group->members);
		add_all(judging, &group->shadow_members);
		add_all(judging, &group->admins);
	}
	for (size_t i = 0; i < facts->nsockets; i++)
		add_socket_holders(judging, &facts->sockets[i]);
	if (judging->nholders > 0)
		qsort(judging->holders, judging->nholders, sizeof(*judging->holders),
			compare);
}

bool judging_is_holder(const struct judging *judging, const char *name)
{
	return name && judging->nholders > 0 &&
	       bsearch(&name, judging->holders, judging->nholders,
		       sizeof(*judging->holders), compare);
}

/* The name of "alice" or "#1000". */
static const char *name_of(const struct judging *judging, const char *entry)
{
	uint32_t uid;

	if (span_id(entry, &uid))
		return judging_uid_name(judging, uid);
	return entry;
}

/* "%group", "%#995" */
static bool is_in_group(
	const struct judging *judging, const char *entry, const char *name)
{
	const struct audit_facts *facts = judging->facts;
	const struct audit_user *user = audit_user_by_name(facts, name);
	const char *group_name = entry + 1;
	uint32_t gid;

	if (group_name[0] == '#') {
		if (!span_id(group_name, &gid))
			return false;
		for (size_t i = 0; i < facts->ngroups; i++) {
			if (facts->groups[i].gid == gid &&
				audit_has_name(&facts->groups[i].members, name))
				return true;
		}
		return user && user->gid == gid;
	}
	for (const struct audit_group *group = audit_group_by_name(facts, group_name);
		group; group = audit_group_next(facts, group)) {
		if (audit_has_name(&group->members, name) ||
			(user && user->gid == group->gid))
			return true;
	}
	return false;
}

static bool matches(const struct judging *judging, const char *entry, const char *name)
{
	if (strcmp(entry, "ALL") == 0)
		return true;
	if (entry[0] == '%')
		return is_in_group(judging, entry, name);
	if (strcmp(entry, name) == 0)
		return true;
	const struct audit_user *user = audit_user_by_name(judging->facts, name);
	uint32_t uid;
	return user && span_id(entry, &uid) && user->uid == uid;
}

/* Whether an entry before the one at @end takes the name out. */
static bool is_taken_out(const struct judging *judging, const struct audit_names *list,
	size_t end, const char *name)
{
	for (size_t i = 0; i < end; i++) {
		if (list->items[i][0] == '!' &&
			matches(judging, list->items[i] + 1, name))
			return true;
	}
	return false;
}

const char *judging_target(
	const struct judging *judging, const struct audit_names *list, const char *who)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *entry = list->items[i];
		bool many = strcmp(entry, "ALL") == 0 || entry[0] == '%';

		if (entry[0] == '!')
			continue;
		/* Who is in a netgroup, or in a group of a plugin's, is not seen, and
		 * not always who is in a group with power. */
		if (entry[0] == '+' || strncmp(entry, "%:", 2) == 0 ||
			(entry[0] == '%' && judging_group_power(judging,
						    entry + 1 + (entry[1] == '#'))))
			return entry;
		const char *name = name_of(judging, entry);
		if (!many && name && strcmp(name, who) != 0 &&
			judging_is_holder(judging, name) &&
			!is_taken_out(judging, list, i, name))
			return entry;
		for (size_t h = 0; many && h < judging->nholders; h++) {
			const char *holder = judging->holders[h];

			if (strcmp(holder, who) != 0 &&
				matches(judging, entry, holder) &&
				!is_taken_out(judging, list, i, holder))
				return holder;
		}
	}
	return NULL;
}
