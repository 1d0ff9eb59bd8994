/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's services, sockets and drop-ins. */
#include <string.h>

#include "gate/audit/gather.h"
#include "gate/audit/rules.h"
#include "gate/audit/system.h"

/* As systemd searches them: what is in an earlier one hides the same name in a later.
 */
static const char *const folders[] = {"/etc/systemd/system.control",
	"/run/systemd/system.control", "/run/systemd/transient", "/etc/systemd/system",
	"/run/systemd/system", "/run/systemd/generator",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system", "/run/systemd/generator.late"};

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), want = strlen(end);

	return len > want && strcmp(name + len - want, end) == 0;
}

static void read_unit(
	struct audit_facts *facts, const char *unit, const char *path, struct span text)
{
	if (ends_with(unit, ".service") || strcmp(unit, "service") == 0)
		rules_read_unit(facts, unit, path, text);
	if (strcmp(unit, "docker.service") == 0)
		system_read_engine_unit(facts, path, text);
	else if (ends_with(unit, ".socket"))
		system_read_socket_unit(facts, unit, path, text);
}

static void read_drop_ins(const struct gather *gather, struct audit_facts *facts,
	const char *folder_path, const char *unit)
{
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(gather, facts, folder_path);
	const char *name;

	while (folder && (name = gather_readdir(folder))) {
		const char *path =
			arena_printf(&facts->arena, "%s/%s", folder_path, name);
		struct span text;

		if (path && ends_with(name, ".conf") &&
			gather_read(gather, facts, path, &text))
			read_unit(facts, unit, path, text);
	}
}

/* @drop_ins: only those; they count behind the units that they change. */
static void read_folder(const struct gather *gather, struct audit_facts *facts,
	const char *folder_path, bool drop_ins, struct audit_names *seen)
{
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(gather, facts, folder_path);
	const char *name;

	while (folder && (name = gather_readdir(folder))) {
		const char *path =
			arena_printf(&facts->arena, "%s/%s", folder_path, name);
		struct span text;

		if (!path)
			return;
		if (drop_ins && ends_with(name, ".d")) {
			const char *unit = arena_strndup(
				&facts->arena, name, strlen(name) - strlen(".d"));
			if (unit)
				read_drop_ins(gather, facts, path, unit);
		}
		if (drop_ins ||
			(!ends_with(name, ".service") && !ends_with(name, ".socket")) ||
			audit_has_name(seen, name))
			continue;
		audit_name(facts, seen, name, strlen(name));
		if (gather_read(gather, facts, path, &text))
			read_unit(facts, name, path, text);
	}
}

void gather_units(const struct gather *gather, struct audit_facts *facts)
{
	struct audit_names seen = {0};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		read_folder(gather, facts, folders[i], false, &seen);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		read_folder(gather, facts, folders[i], true, &seen);
	system_end_units(facts);
}
