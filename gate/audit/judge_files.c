/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways through files: setgid and setuid ones, capabilities, the engine's data. */
#include <linux/capability.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/judge_become.h"
#include "gate/audit/judge_parts.h"
#include "gate/audit/known.h"

/*
 * What is no way to power: two programs give no id but those of subuid and subgid,
 * which have entries of their own.
 */
static uint64_t harmless_caps(const char *path)
{
	static const char *const mappers[] = {"/usr/bin/newgidmap",
		"/usr/bin/newuidmap", "/bin/newgidmap", "/bin/newuidmap"};

	for (size_t i = 0; i < ARRAY_LEN(mappers); i++) {
		if (strcmp(path, mappers[i]) == 0)
			return UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID;
	}
	return 0;
}

static void judge_caps(struct judging *judging, const struct audit_file *file)
{
	uint64_t caps = file->caps & ~harmless_caps(file->path);
	const struct known_cap *cap;
	const char *names = "";

	for (size_t i = 0; (cap = known_cap(i)); i++) {
		if (!(caps & UINT64_C(1) << cap->bit))
			continue;
		names = arena_printf(judging->arena, "%s%s%s", names,
			names[0] ? "," : "", cap->name);
		if (!names)
			return;
	}
	if (!names[0])
		return;
	judging_add(judging, KIND_CAPABILITY, (struct about){.place = file->path},
		arena_printf(judging->arena,
			"whoever runs it may have %s, and with that any group or what "
			"root keeps from others",
			names),
		arena_printf(judging->arena, "setcap -r %s", file->path));
}

/* Who has a user's uid may become him wholly, newgrp(1) and all. */
static void judge_setuid(struct judging *judging, const struct audit_file *file)
{
	const char *name =
		file->mode & 04000 ? judging_uid_name(judging, file->uid) : NULL;

	if (judging_is_holder(judging, name))
		judging_add(judging, KIND_SETUID_FILE,
			(struct about){.place = file->path},
			arena_printf(judging->arena,
				"setuid: whoever runs it is %s, who holds the engine's "
				"power",
				name),
			arena_printf(judging->arena, "chmod u-s %s", file->path));
}

void judge_files(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->nfiles; i++) {
		const struct audit_file *file = &judging->facts->files[i];
		const struct power *power = judging_power(judging, file->gid);

		if ((file->mode & 02010) == 02010 && power)
			judging_add(judging, KIND_SETGID_FILE,
				(struct about){.place = file->path},
				arena_printf(judging->arena,
					"setgid: whoever runs it has gid %u (%s)",
					file->gid, power->why),
				arena_printf(
					judging->arena, "chmod g-s %s", file->path));
		judge_setuid(judging, file);
		judge_caps(judging, file);
	}
}

void judge_data_root(struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;
	struct arena *arena = judging->arena;

	if (facts->data_root_mode & 07)
		judging_add(judging, KIND_DATA_ROOT,
			(struct about){"everyone", facts->data_root, false},
			arena_printf(arena,
				"mode %04o lets everyone reach setuid files inside "
				"images (CVE-2021-41091)",
				facts->data_root_mode & 07777),
			arena_printf(arena, "chmod o-rwx %s", facts->data_root));
	if (facts->data_root_mode == 0)
		return;
	if (facts->data_root_uid != 0) {
		const char *who = judging_uid_name(judging, facts->data_root_uid);

		judging_add(judging, KIND_DATA_ROOT,
			(struct about){who, facts->data_root,
				who && judging_user(judging, who)},
			"owns the folder of images and containers, and may change what "
			"runs as root in them",
			arena_printf(arena, "chown root %s", facts->data_root));
	}
	if (facts->data_root_gid != 0 && (facts->data_root_mode & 020))
		judging_add(judging, KIND_DATA_ROOT,
			(struct about){
				arena_printf(arena, "gid %u", facts->data_root_gid),
				facts->data_root, false},
			"may write to the folder of images and containers, and change "
			"what runs as root in them",
			arena_printf(arena, "chmod g-w %s", facts->data_root));
}
