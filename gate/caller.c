/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a user is, by the system's databases. */
#include "gate/caller.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

enum {
	MAX_ENTRY_BYTES = 1024 * 1024,
	MAX_GROUPS = 65536, /* NGROUPS_MAX of the kernel */
	NOBODY_GID = 65534,
};

/* Any of the databases' lookups, in a form that find() can repeat. */
struct lookup {
	const char *name; /* of a user; NULL: by @id */
	uint32_t id;
	struct passwd *passwd;
	struct group *group;
	char *buffer;
	size_t size;
};

static int ask_passwd(struct lookup *l, bool *ret_found)
{
	struct passwd *found = NULL;
	int rc = l->name ? getpwnam_r(l->name, l->passwd, l->buffer, l->size, &found)
			 : getpwuid_r(l->id, l->passwd, l->buffer, l->size, &found);

	*ret_found = found != NULL;
	return rc;
}

static int ask_group(struct lookup *l, bool *ret_found)
{
	struct group *found = NULL;
	int rc = getgrgid_r(l->id, l->group, l->buffer, l->size, &found);

	*ret_found = found != NULL;
	return rc;
}

/*
 * 0 and whether it was found. "Not found" has many codes, getpwnam_r(3) lists them; all
 * others are failures of a database, which must not look like a user without groups.
 */
static int find(struct lookup *l, int (*ask)(struct lookup *, bool *),
	struct arena *arena, bool *ret_found)
{
	int rc = ERANGE;

	for (l->size = 1024; rc == ERANGE && l->size <= MAX_ENTRY_BYTES; l->size *= 4) {
		l->buffer = arena_alloc(arena, l->size);
		if (!l->buffer)
			return -ENOMEM;
		rc = ask(l, ret_found);
	}
	if (*ret_found || rc == 0 || rc == ENOENT || rc == ESRCH || rc == EBADF ||
		rc == EPERM)
		return 0;
	return rc > 0 ? -rc : -EIO;
}

static int read_gids(const struct passwd *passwd, struct arena *arena,
	struct gate_caller *caller, struct err *err)
{
	for (int size = 64; size <= MAX_GROUPS; size *= 4) {
		gid_t *gids = arena_array(arena, (size_t)size, sizeof(*gids));
		int n = size;

		if (!gids)
			return err_set(err, -ENOMEM, "out of memory");
		if (getgrouplist(passwd->pw_name, passwd->pw_gid, gids, &n) >= 0) {
			caller->gids = gids;
			caller->ngids = (size_t)n;
			return 0;
		}
	}
	return err_set(err, -E2BIG, "user '%s' is in more than %d groups",
		passwd->pw_name, MAX_GROUPS);
}

/* Groups that have no name cannot be granted anything by it: they are left out. */
static int name_groups(struct arena *arena, struct gate_caller *caller, struct err *err)
{
	const char **names = arena_array(arena, caller->ngids, sizeof(*names));
	size_t n = 0;

	if (!names)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < caller->ngids; i++) {
		struct group group;
		struct lookup l = {.id = caller->gids[i], .group = &group};
		bool found = false;
		int rc = find(&l, ask_group, arena, &found);

		if (rc < 0)
			return err_errno(err, rc, "look up group %u", caller->gids[i]);
		if (found)
			names[n++] = group.gr_name;
	}
	caller->user.groups = names;
	caller->user.ngroups = n;
	return 0;
}

static int from_passwd(const struct passwd *passwd, struct arena *arena,
	struct gate_caller *ret_caller, struct err *err)
{
	struct gate_caller caller = {
		.user = {.name = passwd->pw_name, .uid = passwd->pw_uid},
		.gid = passwd->pw_gid,
		.home = passwd->pw_dir,
	};
	int rc = read_gids(passwd, arena, &caller, err);

	if (rc == 0)
		rc = name_groups(arena, &caller, err);
	if (rc == 0)
		*ret_caller = caller;
	return rc;
}

int caller_from_uid(uint32_t uid, struct arena *arena, struct gate_caller *ret_caller,
	struct err *err)
{
	struct passwd passwd;
	struct lookup l = {.id = uid, .passwd = &passwd};
	bool found = false;

	/* "No change" to setresuid(2), and what a failed lookup looks like. */
	if (uid == UINT32_MAX)
		return err_set(err, -EINVAL, "4294967295 is no uid");
	int rc = find(&l, ask_passwd, arena, &found);
	if (rc < 0)
		return err_errno(err, rc, "look up uid %u", uid);
	if (found)
		return from_passwd(&passwd, arena, ret_caller, err);
	*ret_caller = (struct gate_caller){.user = {.uid = uid}, .gid = NOBODY_GID};
	return 0;
}

int caller_from_name(const char *name, struct arena *arena,
	struct gate_caller *ret_caller, struct err *err)
{
	struct passwd passwd;
	struct lookup l = {.name = name, .passwd = &passwd};
	bool found = false;
	int rc = find(&l, ask_passwd, arena, &found);

	if (rc < 0)
		return err_errno(err, rc, "look up user '%s'", name);
	if (!found)
		return err_set(err, -ENOENT, "there is no user '%s'", name);
	return from_passwd(&passwd, arena, ret_caller, err);
}
