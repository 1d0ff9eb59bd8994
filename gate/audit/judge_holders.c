/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds a gid that is as good as root: by the files of accounts, and now. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/judge_parts.h"

static const char member_remedy[] =
	"gpasswd -d %s %s; what %s needs of docker, grant in the policy (gate.grants)";

static void judge_members(struct judging *judging, const struct audit_group *group,
	const struct power *power)
{
	struct arena *arena = judging->arena;

	for (size_t i = 0; i < group->members.n; i++) {
		const char *who = group->members.items[i];

		if (judging_is_root(judging, who))
			continue;
		judging_add(judging,
			power->other ? KIND_OTHER_GROUP : KIND_GROUP_MEMBER,
			(struct about){who, group->name, judging_user(judging, who)},
			arena_printf(arena, "member of group %s (gid %u: %s)",
				group->name, group->gid, power->why),
			arena_printf(arena, member_remedy, who, group->name, who));
	}
	for (size_t i = 0; i < group->shadow_members.n; i++) {
		const char *who = group->shadow_members.items[i];

		if (audit_has_name(&group->members, who) ||
			judging_is_root(judging, who))
			continue;
		judging_add(judging, KIND_GSHADOW_MEMBER,
			(struct about){who, group->name, judging_user(judging, who)},
			arena_printf(arena,
				"member of %s in /etc/gshadow alone: newgrp lets him "
				"in",
				group->name),
			arena_printf(arena, member_remedy, who, group->name, who));
	}
	for (size_t i = 0; i < group->admins.n; i++) {
		const char *who = group->admins.items[i];

		if (judging_is_root(judging, who))
			continue;
		judging_add(judging, KIND_GROUP_ADMIN,
			(struct about){who, group->name, judging_user(judging, who)},
			arena_printf(arena,
				"administrator of group %s: may add himself with "
				"gpasswd",
				group->name),
			arena_printf(arena, "gpasswd -A '' %s", group->name));
	}
}

/* The name of the first group with the gid, or its number. */
static const char *group_of(const struct judging *judging, uint32_t gid)
{
	for (size_t i = 0; i < judging->facts->ngroups; i++) {
		if (judging->facts->groups[i].gid == gid)
			return judging->facts->groups[i].name;
	}
	return arena_printf(judging->arena, "%u", gid);
}

/* A gid counts even where no group has it. */
static void judge_primary(struct judging *judging, const struct power *power)
{
	const char *group = group_of(judging, power->gid);

	for (size_t i = 0; i < judging->facts->nusers; i++) {
		const struct audit_user *user = &judging->facts->users[i];

		if (user->gid != power->gid || user->uid == 0)
			continue;
		judging_add(judging,
			power->other ? KIND_OTHER_GROUP : KIND_GROUP_PRIMARY,
			(struct about){user->name,
				arena_printf(
					judging->arena, "/etc/passwd:%s", user->name),
				judging_user(judging, user->name)},
			arena_printf(judging->arena,
				"primary group is %s (gid %u: %s); nothing can strip "
				"it",
				group, power->gid, power->why),
			arena_printf(judging->arena, "usermod -g OTHER-GROUP %s",
				user->name));
	}
}

void judge_groups(struct judging *judging)
{
	for (size_t i = 0; i < judging->npowers; i++)
		judge_primary(judging, &judging->powers[i]);
	for (size_t i = 0; i < judging->facts->ngroups; i++) {
		const struct audit_group *group = &judging->facts->groups[i];
		const struct power *power = judging_power(judging, group->gid);

		if (!power)
			continue;
		judge_members(judging, group, power);
		if (group->password)
			judging_add(judging, KIND_GROUP_PASSWORD,
				(struct about){.place = group->name},
				arena_printf(judging->arena,
					"group %s has a password: whoever knows it "
					"gets in with newgrp",
					group->name),
				arena_printf(judging->arena,
					"gpasswd -r %s; gpasswd -R %s", group->name,
					group->name));
	}
}

/*
 * Groups that are only known for their power have daemons of their own (libvirt's
 * machines run with kvm): their processes are left out, those at sockets are not.
 */
static bool counts(const struct power *power)
{
	return !power->other || power->why[0] == '/';
}

/* How the process holds a gid that gives power: NULL when it holds none. */
static const struct power *held(const struct judging *judging,
	const struct audit_process *process, const char **ret_how)
{
	static const char *const ways[] = {"real", "effective", "saved", "file system"};

	for (size_t i = 0; i < 4; i++) {
		const struct power *power = judging_power(judging, process->gid[i]);

		if (power && counts(power)) {
			*ret_how = ways[i];
			return power;
		}
	}
	for (size_t i = 0; i < process->ngids; i++) {
		const struct power *power = judging_power(judging, process->gids[i]);

		if (power && counts(power)) {
			*ret_how = "supplementary";
			return power;
		}
	}
	return NULL;
}

/* A process with power, to be sorted. */
struct holder {
	uint32_t uid, gid;
	size_t at; /* in the facts */
	const char *how;
};

static int compare(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;

	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	if (a->gid != b->gid)
		return a->gid < b->gid ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* One entry for all processes of a user with the gid: how many, and the first. */
static void add_processes(
	struct judging *judging, const struct holder *first, size_t count)
{
	const struct audit_process *process = &judging->facts->processes[first->at];
	const char *who = judging_uid_name(judging, first->uid);

	judging_add(judging, KIND_PROCESS,
		(struct about){who, arena_printf(judging->arena, "gid %u", first->gid),
			who && judging_user(judging, who)},
		arena_printf(judging->arena,
			"%zu process%s now with gid %u, the first %u (%s) as %s gid",
			count, count == 1 ? " runs" : "es run", first->gid,
			process->pid, process->comm, first->how),
		arena_printf(judging->arena,
			"end them, after the group is empty: "
			"loginctl terminate-user %s",
			who));
}

void judge_processes(struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;
	struct holder *holders = NULL;
	size_t n = 0, count;

	for (size_t i = 0; i < facts->nprocesses; i++) {
		const struct audit_process *process = &facts->processes[i];
		const char *how = "";
		const struct power *power = held(judging, process, &how);

		if (!power || process->contained)
			continue;
		struct holder *slot =
			arena_push(judging->arena, &holders, &n, sizeof(*slot));
		if (!slot)
			return;
		*slot = (struct holder){process->uid[0], power->gid, i, how};
	}
	if (n > 0)
		qsort(holders, n, sizeof(*holders), compare);
	for (size_t i = 0; i < n; i += count) {
		count = 1;
		while (i + count < n && holders[i + count].uid == holders[i].uid &&
			holders[i + count].gid == holders[i].gid)
			count++;
		add_processes(judging, &holders[i], count);
	}
}
