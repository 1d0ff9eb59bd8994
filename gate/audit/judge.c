/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds the engine's power and how. */
#include "gate/audit/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/judge_work.h"
#include "gate/audit/known.h"
#include "gate/audit/lines.h"

#define CIS(number)                        \
	{                                  \
		"CIS Docker 1.6.0", number \
	}
#define STIG(number)                                           \
	{                                                      \
		"DISA Docker Enterprise 2.x STIG V2R2", number \
	}

static const struct audit_kind kinds[KIND_COUNT] = {
	[KIND_GROUP_MEMBER] = {"group-member", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_PRIMARY] = {"group-primary", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_PASSWORD] = {"group-password", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_ADMIN] = {"group-admin", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GSHADOW_MEMBER] = {"gshadow-member", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_GROUP_CONF] = {"group-conf", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_PROCESS] = {"process", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_SOCKET_OWNER] = {"socket-owner", AUDIT_CRITICAL,
		{CIS("3.15"), STIG("V-235865")}},
	[KIND_SOCKET_OTHERS] = {"socket-others", AUDIT_CRITICAL,
		{CIS("3.16"), STIG("V-235866")}},
	[KIND_SOCKET_ACL] = {"socket-acl", AUDIT_CRITICAL, {CIS("3.16")}},
	[KIND_SOCKET_MODE] = {"socket-mode", AUDIT_LOW,
		{CIS("3.16"), STIG("V-235866")}},
	[KIND_UNSEALED] = {"unsealed", AUDIT_HIGH, {CIS("2.12")}},
	[KIND_TCP_PLAIN] = {"tcp-plain", AUDIT_CRITICAL,
		{CIS("2.7"), STIG("V-235776")}},
	[KIND_TCP_UNVERIFIED] = {"tcp-unverified", AUDIT_CRITICAL,
		{CIS("2.7"), STIG("V-235776")}},
	[KIND_TCP_VERIFIED] = {"tcp-verified", AUDIT_LOW, {STIG("V-235776")}},
	[KIND_TCP_UNKNOWN] = {"tcp-unknown", AUDIT_HIGH, {CIS("2.7")}},
	[KIND_SETGID_FILE] = {"setgid-file", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_SETUID_FILE] = {"setuid-file", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_CAPABILITY] = {"file-capability", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_PAM_CAP] = {"pam-capability", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_SUDOERS] = {"sudoers", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_DOAS] = {"doas", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_UNIT] = {"unit", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_CRON] = {"cron", AUDIT_MEDIUM, {CIS("1.1.2")}},
	[KIND_AT] = {"at-job", AUDIT_HIGH, {CIS("1.1.2")}},
	[KIND_SUBGID] = {"subgid", AUDIT_CRITICAL, {CIS("1.1.2")}},
	[KIND_CONTAINER] = {"container-socket", AUDIT_HIGH, {CIS("5.32"), CIS("5.6")}},
	[KIND_OTHER_GROUP] = {"other-group", AUDIT_HIGH, {{0}}},
	[KIND_DATA_ROOT] = {"data-root", AUDIT_MEDIUM, {{0}}},
	[KIND_UNSEEN] = {"unseen", AUDIT_LOW, {{0}}},
};

const char *audit_severity_name(enum audit_severity severity)
{
	static const char *const names[] = {
		[AUDIT_INFO] = "info",
		[AUDIT_LOW] = "low",
		[AUDIT_MEDIUM] = "medium",
		[AUDIT_HIGH] = "high",
		[AUDIT_CRITICAL] = "critical",
	};

	return names[severity];
}

void judging_add(struct judging *judging, enum audit_kind_id kind, struct about about,
	const char *text, const char *remedy)
{
	struct audit_result *result = judging->result;
	struct audit_entry *entry = arena_push(
		judging->arena, &result->entries, &result->n, sizeof(*entry));

	if (!entry)
		return;
	*entry = (struct audit_entry){
		.kind = &kinds[kind],
		.who = about.who,
		.place = about.place,
		.approved = about.approved,
		.text = text,
		.remedy = remedy,
		.id = arena_printf(judging->arena, "%s:%s:%s", kinds[kind].name,
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
	struct span rest = {subject + 1, strlen(subject) - (subject[0] ? 1 : 0)};
	uint32_t uid;

	if (subject[0] == '%')
		return text_list_has(
			&judging->policy->gate.approved.groups, subject + 1);
	if (subject[0] == '#' && span_number(rest, &uid)) {
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
	if (span_number((struct span){group, strlen(group)}, &gid))
		return judging_power(judging, gid);
	return NULL;
}

const char *judging_uid_name(const struct judging *judging, uint32_t uid)
{
	const struct audit_user *user = audit_user_by_uid(judging->facts, uid);

	return user ? user->name : arena_printf(judging->arena, "uid %u", uid);
}

static void add_power(
	struct judging *judging, uint32_t gid, const char *why, bool other)
{
	if (judging_power(judging, gid))
		return;
	struct power *power = arena_push(
		judging->arena, &judging->powers, &judging->npowers, sizeof(*power));
	if (power)
		*power = (struct power){.gid = gid, .why = why, .other = other};
}

static void add_group_power(struct judging *judging, const char *name)
{
	const struct audit_group *group = audit_group_by_name(judging->facts, name);
	uint32_t gid;

	if (group)
		add_power(judging, group->gid, "the engine's socket", false);
	else if (span_number((struct span){name, strlen(name)}, &gid))
		add_power(judging, gid, "the engine's socket", false);
}

/* Whether somebody is in root's group without being root, or may come in. */
static bool has_root_group(const struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;

	for (size_t i = 0; i < facts->nusers; i++) {
		if (facts->users[i].gid == 0 && facts->users[i].uid != 0)
			return true;
	}
	for (size_t i = 0; i < facts->ngroups; i++) {
		const struct audit_group *group = &facts->groups[i];
		const struct audit_names *const lists[] = {
			&group->members, &group->shadow_members, &group->admins};

		if (group->gid != 0)
			continue;
		if (group->password)
			return true;
		for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
			for (size_t m = 0; m < lists[l]->n; m++) {
				if (!judging_is_root(judging, lists[l]->items[m]))
					return true;
			}
		}
	}
	return false;
}

bool judging_is_open(const struct judging *judging, const struct audit_socket *socket)
{
	if (socket->filter || socket->guard == AUDIT_GUARD_ROOT)
		return false;
	return socket->guard != AUDIT_GUARD_ROOT_GROUP || judging->has_root_group;
}

/* Groups that a socket's mode or access list lets in. */
static void add_socket_powers(
	struct judging *judging, const struct audit_socket *socket)
{
	bool other = strcmp(socket->engine, "docker") != 0;

	if (!judging_is_open(judging, socket))
		return;
	if (socket->mode & 020)
		add_power(judging, socket->gid, socket->path, other);
	for (size_t i = 0; i < socket->nacl; i++) {
		if (socket->acl[i].group && (socket->acl[i].perm & 2))
			add_power(judging, socket->acl[i].id, socket->path, other);
	}
}

static void find_powers(struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;

	add_group_power(judging, "docker");
	for (size_t i = 0; i < facts->socket_groups.n; i++)
		add_group_power(judging, facts->socket_groups.items[i]);
	for (size_t i = 0; i < facts->nsockets; i++)
		add_socket_powers(judging, &facts->sockets[i]);
	const struct known_group *known;
	for (size_t i = 0; (known = known_group(i)); i++) {
		const struct audit_group *group =
			audit_group_by_name(facts, known->name);

		if (group)
			add_power(judging, group->gid, known->why, true);
	}
}

static int compare(const void *left, const void *right)
{
	const struct audit_entry *a = left, *b = right;

	if (a->approved != b->approved)
		return a->approved ? 1 : -1;
	if (a->kind->severity != b->kind->severity)
		return a->kind->severity > b->kind->severity ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->id, b->id);
}

int audit_judge(const struct audit_facts *facts, const struct policy *policy,
	struct arena *arena, struct audit_result *ret_result, struct err *err)
{
	struct audit_result result = {0};
	struct judging judging = {
		.facts = facts, .policy = policy, .arena = arena, .result = &result};

	judging.has_root_group = has_root_group(&judging);
	find_powers(&judging);
	judging_find_holders(&judging);
	judge_groups(&judging);
	judge_processes(&judging);
	judge_sockets(&judging);
	judge_listeners(&judging);
	judge_files(&judging);
	judge_rules(&judging);
	judge_units(&judging);
	judge_containers(&judging);
	judge_data_root(&judging);
	for (size_t i = 0; i < facts->ngaps; i++)
		judging_add(&judging, KIND_UNSEEN,
			(struct about){.place = facts->gaps[i].place},
			facts->gaps[i].text,
			"run gate audit as root, with a larger --max-files if that was "
			"the bound, or look there by hand");
	if (arena_failed(arena) ||
		arena_failed((struct arena *)(uintptr_t)&facts->arena))
		return err_set(err, -ENOMEM, "out of memory");
	if (result.n > 0)
		qsort(result.entries, result.n, sizeof(*result.entries), compare);
	*ret_result = result;
	return 0;
}
