/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and groups: files, records of systemd, and services that have more of them. */
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/accounts.h"
#include "gate/audit/gather_parts.h"
#include "gate/audit/lines.h"

static void read_accounts(const struct gather *gather, struct audit_facts *facts)
{
	static const struct {
		const char *path;
		void (*read)(struct audit_facts *facts, struct span text);
	} files[] = {
		{"/etc/passwd", accounts_read_passwd},
		{"/etc/group", accounts_read_group},
		{"/etc/subgid", accounts_read_subgid},
	};
	struct span text;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (gather_read(gather, facts, files[i].path, &text))
			files[i].read(facts, text);
	}
}

/* Records of systemd-userdbd(8) and homed; nss-systemd(8) gives what they say. */
static void read_records(
	const struct gather *gather, struct audit_facts *facts, const char *end)
{
	static const char *const folders[] = {"/etc/userdb", "/run/userdb",
		"/run/host/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb",
		"/var/lib/systemd/home"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_cleanup_(cleanup_closedir) DIR *folder =
			gather_opendir(gather, facts, folders[i]);
		const char *name;

		while (folder && (name = gather_readdir(facts, folder, folders[i]))) {
			const char *found = strrchr(name, '.');
			struct err err = {0};
			struct span text;

			if (!found || strcmp(found, end) != 0)
				continue;
			if (strcmp(end, ".membership") == 0) {
				accounts_add_membership(facts, name);
				continue;
			}
			const char *path =
				arena_printf(&facts->arena, "%s/%s", folders[i], name);
			if (path && gather_read(gather, facts, path, &text) &&
				accounts_read_record(facts, path,
					strcmp(end, ".group") == 0, text, &err) < 0)
				audit_gap(facts, path, err.text);
		}
	}
}

/* Every host has some: then nobody's groups were seen. */
static void note_empty(struct audit_facts *facts)
{
	if (facts->nusers == 0)
		audit_gap(facts, "/etc/passwd",
			"no user was found, here or elsewhere: whose primary group "
			"gives power was not seen");
	if (facts->ngroups == 0)
		audit_gap(facts, "/etc/group",
			"no group was found, here or elsewhere: who is a member of "
			"one that gives power was not seen");
}

/* What adds to groups, wherever those are from. */
void gather_memberships(const struct gather *gather, struct audit_facts *facts)
{
	static const char *const ends[] = {
		".group", ".user", ".identity", ".membership"};
	struct span text;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		read_records(gather, facts, ends[i]);
	if (gather_read(gather, facts, "/etc/gshadow", &text))
		accounts_read_gshadow(facts, text);
	note_empty(facts);
}

/* "group: files sss": what the service knows besides is seen as far as it lists it. */
static void read_services(const struct gather *gather, struct audit_facts *facts)
{
	static const char path[] = "/etc/nsswitch.conf";
	static const char *const bases[] = {
		"passwd", "group", "initgroups", "sudoers", "subid", "gshadow"};
	static const char *const local[] = {"files", "compat", "systemd"};
	struct lines lines = {0};
	struct span line;

	if (!gather_read(gather, facts, path, &lines.rest))
		return;
	while (lines_next(&lines, &line)) {
		struct span rest = span_cut(&line, '#');
		struct span base = span_trim(span_cut(&rest, ':'));
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(bases); i++)
			known = known || span_is(base, bases[i]);
		for (struct span w = span_word(&rest); known && w.len > 0;
			w = span_word(&rest)) {
			bool is_local = w.text[0] == '[';

			/* "[!UNAVAIL = return]" is more than one word. */
			if (is_local && w.text[w.len - 1] != ']')
				(void)span_cut(&rest, ']');
			for (size_t i = 0; i < ARRAY_LEN(local); i++)
				is_local = is_local || span_is(w, local[i]);
			facts->directory = facts->directory || !is_local;
		}
	}
	if (!facts->directory)
		return;
	audit_gap(facts, path,
		gather->live
			? "a directory service has users, groups, subordinate ids or "
			  "sudo rules, too: it is asked for groups, for their members "
			  "and for the groups of the users that it lists; members that "
			  "it does not list, and its rules, are not seen"
			: "a directory service has users, groups, subordinate ids or "
			  "sudo rules, too: with --root it is not asked, and none of "
			  "them is seen");
}

void gather_accounts(const struct gather *gather, struct audit_facts *facts)
{
	read_accounts(gather, facts);
	read_services(gather, facts);
}
