/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds a gid that is as good as root: by the files of accounts, and now. */
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/judge_work.h"

static const char member_remedy[] =
	"gpasswd -d %s %s; what %s needs of docker, grant in the policy (gate.grants)";

/* Root has the power already, and loses nothing by it. */
static bool is_root(const struct judging *judging, const char *name)
{
	const struct audit_user *user = audit_user_by_name(judging->facts, name);

	return user ? user->uid == 0 : strcmp(name, "root") == 0;
}

static void judge_members(struct judging *judging, const struct audit_group *group,
	const struct power *power)
{
	struct arena *arena = judging->arena;

	for (size_t i = 0; i < group->members.n; i++) {
		const char *who = group->members.items[i];

		if (is_root(judging, who))
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

		if (audit_has_name(&group->members, who) || is_root(judging, who))
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

		if (is_root(judging, who))
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

static void judge_primary(struct judging *judging, const struct audit_group *group,
	const struct power *power)
{
	for (size_t i = 0; i < judging->facts->nusers; i++) {
		const struct audit_user *user = &judging->facts->users[i];

		if (user->gid != group->gid || user->uid == 0)
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
				group->name, group->gid, power->why),
			arena_printf(judging->arena, "usermod -g OTHER-GROUP %s",
				user->name));
	}
}

void judge_groups(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->ngroups; i++) {
		const struct audit_group *group = &judging->facts->groups[i];
		const struct power *power = judging_power(judging, group->gid);

		if (!power)
			continue;
		judge_members(judging, group, power);
		judge_primary(judging, group, power);
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

/* How the process holds a gid that gives power: NULL when it holds none. */
static const struct power *held(const struct judging *judging,
	const struct audit_process *process, const char **ret_how)
{
	static const char *const ways[] = {"real", "effective", "saved", "file system"};

	for (size_t i = 0; i < 4; i++) {
		const struct power *power = judging_power(judging, process->gid[i]);

		if (power && !power->other) {
			*ret_how = ways[i];
			return power;
		}
	}
	for (size_t i = 0; i < process->ngids; i++) {
		const struct power *power = judging_power(judging, process->gids[i]);

		if (power && !power->other) {
			*ret_how = "supplementary";
			return power;
		}
	}
	return NULL;
}

struct seen {
	uint32_t uid, gid;
};

/* One entry for all processes of a user: how many, and the first of them. */
static void add_processes(struct judging *judging, size_t first, uint32_t gid,
	const char *how, uint32_t uid)
{
	const struct audit_facts *facts = judging->facts;
	const struct audit_process *process = &facts->processes[first];
	const char *who = judging_uid_name(judging, uid), *ignored;
	size_t count = 0;

	for (size_t i = first; i < facts->nprocesses; i++) {
		const struct audit_process *other = &facts->processes[i];
		const struct power *power = held(judging, other, &ignored);

		count += !other->contained && other->uid[0] == uid && power &&
			 power->gid == gid;
	}
	judging_add(judging, KIND_PROCESS,
		(struct about){who, arena_printf(judging->arena, "gid %u", gid),
			who && judging_user(judging, who)},
		arena_printf(judging->arena,
			"%zu process%s now with gid %u, the first %u (%s) as %s gid",
			count, count == 1 ? " runs" : "es run", gid, process->pid,
			process->comm, how),
		arena_printf(judging->arena,
			"end them, after the group is empty: "
			"loginctl terminate-user %s",
			who));
}

void judge_processes(struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;
	struct seen *seen = NULL;
	size_t nseen = 0;

	for (size_t i = 0; i < facts->nprocesses; i++) {
		const struct audit_process *process = &facts->processes[i];
		const char *how = "";
		const struct power *power = held(judging, process, &how);
		bool known = false;

		if (!power || process->contained)
			continue;
		for (size_t s = 0; s < nseen; s++)
			known = known || (seen[s].uid == process->uid[0] &&
						 seen[s].gid == power->gid);
		struct seen *slot = known ? NULL
					  : arena_push(judging->arena, &seen, &nseen,
						    sizeof(*slot));
		if (!slot)
			continue;
		*slot = (struct seen){process->uid[0], power->gid};
		add_processes(judging, i, power->gid, how, process->uid[0]);
	}
}
