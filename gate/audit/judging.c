/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the judgement share: what is known so far, and what is found. */
#include "gate/audit/judging.h"

#include <string.h>

#include "gate/audit/lines.h"

void judging_add(struct judging *judging, enum audit_kind_id kind, struct about about,
	const char *text, const char *remedy)
{
	const struct audit_kind *of = audit_kind_of(kind);
	struct audit_result *result = judging->result;
	struct audit_entry *entry = arena_push(
		judging->arena, &result->entries, &result->n, sizeof(*entry));

	if (!entry)
		return;
	*entry = (struct audit_entry){
		.kind = of,
		.who = about.who,
		.place = about.place,
		.approved = about.approved,
		.text = text,
		.remedy = remedy,
		.id = arena_printf(judging->arena, "%s:%s:%s", of->name,
			about.who ? about.who : "", about.place ? about.place : ""),
	};
	result->nfindings += about.approved ? 0 : 1;
}

bool judging_user(const struct judging *judging, const char *name)
{
	const struct audit_facts *facts = judging->facts;
	const struct user_list *approved = &judging->policy->gate.approved;
	const struct audit_user *user = audit_user_by_name(facts, name);
	/* No uid can be approved that is (uid_t)-1: json would not let it in. */
	struct user_facts who = {.name = name, .uid = user ? user->uid : UINT32_MAX};

	if (user_list_has(approved, &who))
		return true;
	for (size_t i = 0; i < approved->groups.n; i++) {
		const struct audit_group *group =
			audit_group_by_name(facts, approved->groups.items[i]);

		for (; group; group = audit_group_next(facts, group)) {
			if (audit_has_name(&group->members, name) ||
				(user && user->gid == group->gid))
				return true;
		}
	}
	return false;
}

bool judging_subject(const struct judging *judging, const char *subject)
{
	uint32_t uid;

	if (subject[0] == '%')
		return text_list_has(
			&judging->policy->gate.approved.groups, subject + 1);
	if (span_id(subject, &uid)) {
		const struct audit_user *user = audit_user_by_uid(judging->facts, uid);

		return user && judging_user(judging, user->name);
	}
	return subject[0] != '\0' && judging_user(judging, subject);
}

const struct power *judging_power(const struct judging *judging, uint32_t gid)
{
	for (size_t i = 0; i < judging->npowers; i++) {
		if (judging->powers[i].gid == gid)
			return &judging->powers[i];
	}
	return NULL;
}

const struct power *judging_group_power(
	const struct judging *judging, const char *group)
{
	const struct audit_group *found = audit_group_by_name(judging->facts, group);
	uint32_t gid;

	if (found)
		return judging_power(judging, found->gid);
	if (span_number(span_of(group), &gid))
		return judging_power(judging, gid);
	return NULL;
}

const char *judging_uid_name(const struct judging *judging, uint32_t uid)
{
	const struct audit_user *user = audit_user_by_uid(judging->facts, uid);

	return user ? user->name : arena_printf(judging->arena, "uid %u", uid);
}

/* Root has the power already, and loses nothing by it. */
bool judging_is_root(const struct judging *judging, const char *name)
{
	return audit_is_root(judging->facts, name);
}

bool judging_is_open(const struct judging *judging, const struct audit_socket *socket)
{
	if (socket->filter || socket->guard == AUDIT_GUARD_ROOT)
		return false;
	return socket->guard != AUDIT_GUARD_ROOT_GROUP || judging->has_root_group;
}
