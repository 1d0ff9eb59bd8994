/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and groups from the text of their files. */
#include "gate/audit/accounts.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

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

/* Its members, as far as group() has not said so. */
static void add_member(
	struct audit_facts *facts, const char *group_name, const char *user)
{
	for (struct audit_group *group = audit_group_by_name(facts, group_name); group;
		group = audit_group_next(facts, group))
		audit_name(facts, &group->members, user, strlen(user));
}

void accounts_add_membership(struct audit_facts *facts, const char *file)
{
	struct span rest = span_of(file);
	struct span user = span_cut(&rest, ':');
	const char *end = ".membership";

	if (rest.len <= strlen(end))
		return;
	const char *group =
		arena_strndup(&facts->arena, rest.text, rest.len - strlen(end));
	const char *name = arena_strndup(&facts->arena, user.text, user.len);
	if (group && name)
		add_member(facts, group, name);
}

static int read_member_of(struct audit_facts *facts, const struct json_node *record,
	const char *user, struct err *err)
{
	const struct json_node *groups = NULL;

	if (json_get_array(record, "memberOf", &groups, err) < 0)
		return -EINVAL;
	for (size_t i = 0; groups && i < groups->count; i++) {
		if (groups->children[i].kind == JSON_KIND_STRING)
			add_member(facts, groups->children[i].string, user);
	}
	return 0;
}

/* An id of a record; UINT32_MAX: it has none. */
static int read_id(const struct json_node *record, const char *key, uint32_t *ret_id,
	struct err *err)
{
	int64_t number = UINT32_MAX;

	if (json_get_integer(record, key, &number, err) < 0)
		return -EINVAL;
	*ret_id = number >= 0 && number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX;
	return 0;
}

static int read_user_record(
	struct audit_facts *facts, const struct json_node *record, struct err *err)
{
	const struct json_node *machines = NULL;
	const char *name = NULL;
	uint32_t uid, gid;

	if (json_get_string(record, "userName", &name, err) < 0 ||
		read_id(record, "uid", &uid, err) < 0 ||
		read_id(record, "gid", &gid, err) < 0 ||
		json_get_array(record, "perMachine", &machines, err) < 0)
		return -EINVAL;
	if (!name)
		return err_set(err, -EINVAL, "a user record without userName");
	if (!audit_user_by_name(facts, name))
		audit_add_user(facts, name, strlen(name), uid, gid);
	int rc = read_member_of(facts, record, name, err);
	for (size_t i = 0; rc == 0 && machines && i < machines->count; i++) {
		if (machines->children[i].kind == JSON_KIND_OBJECT)
			rc = read_member_of(facts, &machines->children[i], name, err);
	}
	return rc;
}

static int read_group_record(
	struct audit_facts *facts, const struct json_node *record, struct err *err)
{
	static const char *const keys[] = {"members", "administrators"};
	const char *name = NULL;
	uint32_t gid;

	if (json_get_string(record, "groupName", &name, err) < 0 ||
		read_id(record, "gid", &gid, err) < 0)
		return -EINVAL;
	if (!name)
		return err_set(err, -EINVAL, "a group record without groupName");
	struct audit_group *group = audit_group_by_name(facts, name);
	while (group && group->gid != gid)
		group = audit_group_next(facts, group);
	group = group ? group : audit_add_group(facts, name, strlen(name), gid);
	if (!group)
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		const struct json_node *users = NULL;

		if (json_get_array(record, keys[k], &users, err) < 0)
			return -EINVAL;
		for (size_t i = 0; users && i < users->count; i++) {
			const char *user = users->children[i].string;

			if (users->children[i].kind == JSON_KIND_STRING)
				audit_name(facts, k ? &group->admins : &group->members,
					user, strlen(user));
		}
	}
	return 0;
}

int accounts_read_record(struct audit_facts *facts, const char *path, bool group,
	struct span text, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	int rc = json_doc_load_text(path, text.text, text.len, NULL, &doc, err);

	if (rc < 0)
		return rc;
	const struct json_node *record = json_doc_root(doc);
	if (record->kind != JSON_KIND_OBJECT)
		return json_err(record, err, -EINVAL, "not an object");
	return group ? read_group_record(facts, record, err)
		     : read_user_record(facts, record, err);
}
