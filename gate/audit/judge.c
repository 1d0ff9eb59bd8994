/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds the engine's power and how. */
#include "gate/audit/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/judge_become.h"
#include "gate/audit/judge_parts.h"
#include "gate/audit/known.h"
#include "gate/audit/lines.h"

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
	else if (span_number(span_of(name), &gid))
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
	judge_removal(&judging);
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
