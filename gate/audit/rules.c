/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of rules that give users a group, or have an engine's tool run for them. */
#include "gate/audit/rules.h"

#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/tools.h"

struct audit_rule *rules_add(struct audit_facts *facts, enum audit_rule_kind kind,
	const char *path, unsigned int line, struct span who, struct span text)
{
	struct audit_rule *rule =
		arena_push(&facts->arena, &facts->rules, &facts->nrules, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->kind = kind;
	rule->who = arena_strndup(&facts->arena, who.text, who.len);
	rule->place = arena_printf(&facts->arena, "%s:%u", path, line);
	rule->text = arena_strndup(&facts->arena, text.text, text.len);
	if (!rule->who || !rule->place || !rule->text) {
		facts->nrules--;
		return NULL;
	}
	return rule;
}

static bool is_comment(struct span line)
{
	return line.len == 0 || line.text[0] == '#';
}

/* services;ttys;users;times;groups */
void rules_read_group_conf(
	struct audit_facts *facts, const char *path, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next_rule(&lines, &facts->arena, &line)) {
		struct span rest = line, whole = span_trim(rest);
		struct span field[5];

		for (size_t i = 0; i < ARRAY_LEN(field); i++)
			field[i] = span_trim(span_cut(&rest, ';'));
		if (whole.len == 0 || field[4].len == 0)
			continue;
		struct audit_rule *rule = rules_add(facts, AUDIT_RULE_GROUP_CONF, path,
			lines.first, field[2], whole);
		if (!rule)
			return;
		while (field[4].len > 0) {
			struct span part = span_cut(&field[4], ',');

			for (struct span g = span_word(&part); g.len > 0;
				g = span_word(&part))
				audit_name(facts, &rule->groups, g.text, g.len);
		}
	}
}

/*
 * pam_cap knows a comment only where a line begins. What looks like one behind that is
 * users to it: they count as far as there may be such.
 */
static bool is_pam_cap_user(
	const struct audit_facts *facts, struct span who, bool in_comment)
{
	if (!in_comment || facts->directory || who.text[0] == '@' || span_is(who, "*"))
		return true;
	for (size_t i = 0; i < facts->nusers; i++) {
		if (span_is(who, facts->users[i].name))
			return true;
	}
	return false;
}

/* "cap_a,^cap_b alice @group *"; "!cap_a" takes one out of the bounding set. */
void rules_read_capability_conf(
	struct audit_facts *facts, const char *path, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next(&lines, &line)) {
		struct span rest = line, whole = span_trim(rest);
		struct span caps = span_word(&rest);
		bool in_comment = false;

		if (is_comment(caps))
			continue;
		for (struct span who = span_word(&rest); who.len > 0;
			who = span_word(&rest)) {
			in_comment = in_comment || who.text[0] == '#';
			if (!is_pam_cap_user(facts, who, in_comment))
				continue;
			struct audit_rule *rule = rules_add(facts, AUDIT_RULE_PAM_CAP,
				path, lines.number, who, whole);
			if (!rule)
				return;
			if (who.text[0] == '@')
				rule->who = arena_printf(&facts->arena, "%%%.*s",
					(int)(who.len - 1), who.text + 1);
			for (struct span list = caps; list.len > 0;) {
				struct span cap = span_cut(&list, ',');

				while (cap.len > 0 && strchr("^%", cap.text[0]))
					cap = (struct span){cap.text + 1, cap.len - 1};
				audit_name(facts, &rule->groups, cap.text, cap.len);
			}
		}
	}
}

void rules_read_crontab(
	struct audit_facts *facts, const char *path, const char *user, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next(&lines, &line)) {
		struct span rest = span_trim(line), whole = rest, who;

		if (is_comment(whole))
			continue;
		/* "@daily" stands for the five fields of the time. */
		size_t skip = rest.text[0] == '@' ? 1 : 5;
		for (size_t i = 0; i < skip; i++)
			(void)span_word(&rest);
		if (user)
			who = span_of(user);
		else
			who = span_word(&rest);
		if (who.len == 0 || !tools_named(rest))
			continue;
		struct audit_rule *rule = rules_add(
			facts, AUDIT_RULE_CRON, path, lines.number, who, whole);
		if (!rule)
			return;
		rule->tool = true;
	}
}

/* atd makes "# atrun uid=1000 gid=998" the second line, and runs the job with both. */
static bool read_at_gid(struct span line, uint32_t *ret_gid)
{
	bool found = false;

	if (!span_begins(line, "# atrun "))
		return false;
	for (struct span w = span_word(&line); w.len > 0; w = span_word(&line)) {
		if (span_begins(w, "gid="))
			found = span_number(
				(struct span){w.text + 4, w.len - 4}, ret_gid);
	}
	return found;
}

void rules_read_at_job(
	struct audit_facts *facts, const char *path, uint32_t uid, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;
	char who[16];
	int len = snprintf(who, sizeof(who), "%u", uid);
	struct span title = span_of("queued job");
	struct audit_rule *rule = rules_add(
		facts, AUDIT_RULE_AT, path, 1, (struct span){who, (size_t)len}, title);
	bool has_gid = false;

	if (!rule)
		return;
	while (lines_next(&lines, &line)) {
		/* What looks like it further down is the user's. */
		if (lines.number == 2)
			has_gid = read_at_gid(line, &rule->first);
		else if (!is_comment(line) && tools_named(line))
			rule->tool = true;
	}
	if (has_gid)
		return;
	rule->first = UINT32_MAX;
	if (uid != 0)
		audit_gap(facts, path,
			"a queued job whose second line does not tell the group that "
			"it runs with");
}
