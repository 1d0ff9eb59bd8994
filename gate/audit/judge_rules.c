/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways through rules that give groups or run commands, and through units. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gate/audit/judge_become.h"
#include "gate/audit/judge_parts.h"
#include "gate/audit/known.h"
#include "gate/audit/lines.h"

/* The first group of the rule that is as good as root. */
static const struct power *rule_power(
	const struct judging *judging, const struct audit_rule *rule)
{
	for (size_t i = 0; i < rule->groups.n; i++) {
		const char *name = rule->groups.items[i];
		const struct power *power;

		/* sudoers(5): "%group", "#gid", and ALL. */
		if (strcmp(name, "ALL") == 0)
			power = judging->npowers > 0 ? &judging->powers[0] : NULL;
		else
			power = judging_group_power(judging,
				name[0] == '%' || name[0] == '#' ? name + 1 : name);
		if (power)
			return power;
	}
	return NULL;
}

/* The first user whom the rule lets somebody become, and who holds the power. */
static const char *rule_target(
	const struct judging *judging, const struct audit_rule *rule)
{
	const char *target = NULL;

	for (size_t i = 0; !target && i < rule->nrunas; i++)
		target = judging_target(judging, &rule->runas[i], rule->who);
	return target;
}

static void judge_subgid(struct judging *judging, const struct audit_rule *rule)
{
	for (size_t i = 0; i < judging->npowers; i++) {
		const struct power *power = &judging->powers[i];

		if (power->gid < rule->first || power->gid - rule->first >= rule->count)
			continue;
		judging_add(judging, KIND_SUBGID,
			(struct about){rule->who, rule->place,
				judging_subject(judging, rule->who)},
			arena_printf(judging->arena,
				"may map gids %u to %" PRIu64
				", gid %u (%s) among them, with newgidmap",
				rule->first, (uint64_t)rule->first + rule->count - 1,
				power->gid, power->why),
			"give the user a range that holds no group of the host");
	}
}

/* cap_from_text(3): in any case, or the number, as strtoul(3) reads it. */
static bool is_root_cap(const char *text)
{
	char *end;
	unsigned long bit = strtoul(text, &end, 0);
	bool is_number = *text >= '0' && *text <= '9' && !*end;
	bool found = strcasecmp(text, "all") == 0;

	const struct known_cap *cap;
	for (size_t i = 0; (cap = known_cap(i)); i++)
		found = found || (is_number && bit == cap->bit) ||
			strcasecmp(text, cap->name) == 0;
	return found;
}

static void judge_pam_cap(struct judging *judging, const struct audit_rule *rule)
{
	bool counts = false;

	for (size_t i = 0; i < rule->groups.n; i++)
		counts = counts || is_root_cap(rule->groups.items[i]);
	if (counts)
		judging_add(judging, KIND_PAM_CAP,
			(struct about){rule->who, rule->place,
				judging_subject(judging, rule->who)},
			arena_printf(judging->arena,
				"pam_cap gives capabilities at login, and with them "
				"any group: %s",
				rule->text),
			"take them out of the line");
}

static void judge_at(struct judging *judging, const struct audit_rule *rule)
{
	const struct power *power = judging_power(judging, rule->first);
	struct span number = span_of(rule->who);
	uint32_t uid = 0;

	if ((!rule->tool && !power) || !span_number(number, &uid) || uid == 0)
		return;
	const char *who = judging_uid_name(judging, uid);
	judging_add(judging, KIND_AT,
		(struct about){who, rule->place, judging_user(judging, who)},
		power ? arena_printf(judging->arena,
				"a queued job runs with gid %u (%s), whatever group "
				"its user is in then",
				power->gid, power->why)
		      : "a queued job runs an engine's tool",
		"look at it with at -c and remove it with atrm");
}

static const struct {
	enum audit_kind_id kind;
	const char *text, *remedy;
} rule_rows[] = {
	[AUDIT_RULE_GROUP_CONF] = {KIND_GROUP_CONF,
		"pam_group gives the group at login",
		"take the group out of the line; a gid given once can be kept in a "
		"setgid file"},
	[AUDIT_RULE_SUDOERS] = {KIND_SUDOERS,
		"sudo lets the engine's tools or its group be used",
		"remove the rule; use gate run, which asks policy"},
	[AUDIT_RULE_DOAS] = {KIND_DOAS, "doas lets the engine's tools be used",
		"remove the rule; use gate run, which asks policy"},
	[AUDIT_RULE_CRON] = {KIND_CRON,
		"a job runs an engine's tool, with the groups that the group file "
		"gives then",
		"grant the user a profile, and let the job go through gate's socket"},
};

static void judge_rule(struct judging *judging, const struct audit_rule *rule)
{
	struct about about = {rule->who, rule->place, false};
	const char *target = NULL;

	if (rule->kind == AUDIT_RULE_CRON && judging_is_root(judging, rule->who))
		return;
	if (!rule->tool && !rule_power(judging, rule)) {
		target = rule_target(judging, rule);
		if (!target)
			return;
	}
	about.approved = judging_subject(judging, rule->who);
	judging_add(judging, rule_rows[rule->kind].kind, about,
		target ? arena_printf(judging->arena,
				 "lets the engine's power be had as %s, who holds it: "
				 "%s",
				 target, rule->text)
		       : arena_printf(judging->arena, "%s: %s",
				 rule_rows[rule->kind].text, rule->text),
		rule_rows[rule->kind].remedy);
}

void judge_rules(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->nrules; i++) {
		const struct audit_rule *rule = &judging->facts->rules[i];

		if (!rule->who || !rule->text)
			continue;
		if (rule->kind == AUDIT_RULE_SUBGID)
			judge_subgid(judging, rule);
		else if (rule->kind == AUDIT_RULE_PAM_CAP)
			judge_pam_cap(judging, rule);
		else if (rule->kind == AUDIT_RULE_AT)
			judge_at(judging, rule);
		else
			judge_rule(judging, rule);
	}
}

/* Drop-ins of "service" are for all services, of "ci-.service" for "ci-x.service". */
static bool is_many(const char *name)
{
	static const char end[] = "-.service";
	size_t len = strlen(name);

	return strcmp(name, "service") == 0 ||
	       (len >= sizeof(end) - 1 &&
		       strcmp(name + len - (sizeof(end) - 1), end) == 0);
}

static void judge_unit_group(struct judging *judging, const struct audit_unit *unit,
	const char *group, const char *place)
{
	const struct power *power = judging_group_power(judging, group);
	const char *user = unit->user;

	if (strchr(group, '%')) {
		judging_add(judging, KIND_UNSEEN, (struct about){.place = place},
			arena_printf(judging->arena,
				"the group of %s is made of the name of its instance: "
				"which ones may be started is not seen",
				unit->name),
			"name the group in the unit");
		return;
	}
	/* Without a user it is root's already. */
	if (!power || (!unit->dynamic && !is_many(unit->name) &&
			      (!user || judging_is_root(judging, user) ||
				      strcmp(user, "0") == 0)))
		return;
	judging_add(judging, KIND_UNIT,
		(struct about){user ? user : unit->name, place,
			user && judging_user(judging, user)},
		arena_printf(judging->arena, "%s runs with group %s (%s)", unit->name,
			group, power->why),
		"take the group out of the unit; no PAM module sees it");
}

void judge_units(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->nunits; i++) {
		const struct audit_unit *unit = &judging->facts->units[i];

		if (unit->group)
			judge_unit_group(judging, unit, unit->group, unit->group_place);
		for (size_t g = 0; g < unit->groups.n; g++)
			judge_unit_group(judging, unit, unit->groups.items[g],
				unit->groups_place);
	}
}
