/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and groups from the text of their files. */
#include "gate/audit/accounts.h"

enum { MAX_FIELDS = 7 };

/* Fields between colons; false when there are fewer than @need. The last has the rest.
 */
static bool split(struct span line, struct span fields[MAX_FIELDS], size_t need)
{
	if (line.len == 0)
		return false;
	for (size_t i = 0; i < need; i++) {
		if (i > 0 && line.len == 0 && line.text[-1] != ':')
			return false;
		fields[i] = i + 1 < need ? span_cut(&line, ':') : line;
	}
	return fields[0].len > 0 && fields[0].text[0] != '#';
}

static void read_names(
	struct audit_facts *facts, struct audit_names *names, struct span list)
{
	while (list.len > 0) {
		struct span name = span_trim(span_cut(&list, ','));

		if (name.len > 0)
			audit_name(facts, names, name.text, name.len);
	}
}

/* group(5), crypt(5): what begins with '!' or '*' no password gives; 'x' is elsewhere.
 */
static bool is_password(struct span field)
{
	return field.len > 0 && field.text[0] != '!' && field.text[0] != '*' &&
	       !span_is(field, "x");
}

/* "+", "+alice", "+@netgroup": nsswitch.conf(5), compat. */
static bool is_elsewhere(struct audit_facts *facts, const char *path,
	const struct lines *lines, struct span line)
{
	if (line.len == 0 || line.text[0] != '+')
		return false;
	struct span name = span_cut(&line, ':');
	audit_gap(facts, arena_printf(&facts->arena, "%s:%u", path, lines->number),
		arena_printf(&facts->arena,
			"'%.*s' takes entries from a directory service: who they are "
			"is not seen from here",
			(int)name.len, name.text));
	return true;
}

void accounts_read_passwd(struct audit_facts *facts, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line, f[MAX_FIELDS];

	while (lines_next(&lines, &line)) {
		uint32_t uid, gid;

		if (is_elsewhere(facts, "/etc/passwd", &lines, line) ||
			!split(line, f, 5) || !span_number(f[2], &uid) ||
			!span_number(f[3], &gid))
			continue;
		audit_add_user(facts, f[0].text, f[0].len, uid, gid);
	}
}

void accounts_read_group(struct audit_facts *facts, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line, f[MAX_FIELDS];

	while (lines_next(&lines, &line)) {
		uint32_t gid;

		if (is_elsewhere(facts, "/etc/group", &lines, line) ||
			!split(line, f, 4) || !span_number(f[2], &gid))
			continue;
		struct audit_group *group =
			audit_add_group(facts, f[0].text, f[0].len, gid);
		if (!group)
			return;
		group->password = is_password(f[1]);
		read_names(facts, &group->members, f[3]);
	}
}

void accounts_read_gshadow(struct audit_facts *facts, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line, f[MAX_FIELDS];

	while (lines_next(&lines, &line)) {
		if (is_elsewhere(facts, "/etc/gshadow", &lines, line) ||
			!split(line, f, 4))
			continue;
		const char *name = arena_strndup(&facts->arena, f[0].text, f[0].len);
		for (struct audit_group *group = audit_group_by_name(facts, name);
			group; group = audit_group_next(facts, group)) {
			group->password = group->password || is_password(f[1]);
			read_names(facts, &group->admins, f[2]);
			read_names(facts, &group->shadow_members, f[3]);
		}
	}
}

void accounts_read_subgid(struct audit_facts *facts, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line, f[MAX_FIELDS];

	while (lines_next(&lines, &line)) {
		uint32_t first, count;

		if (!split(line, f, 3) || !span_number(f[1], &first) ||
			!span_number(span_trim(f[2]), &count))
			continue;
		struct audit_rule *rule = arena_push(
			&facts->arena, &facts->rules, &facts->nrules, sizeof(*rule));
		if (!rule)
			return;
		*rule = (struct audit_rule){
			.kind = AUDIT_RULE_SUBGID,
			.who = arena_strndup(&facts->arena, f[0].text, f[0].len),
			.place = arena_printf(
				&facts->arena, "/etc/subgid:%u", lines.number),
			.text = arena_strndup(&facts->arena, line.text, line.len),
			.first = first,
			.count = count,
		};
	}
}
