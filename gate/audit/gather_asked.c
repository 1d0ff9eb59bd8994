/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked: the name service for accounts, the engine for its containers. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "gate/audit/gather_parts.h"
#include "gate/audit/known.h"
#include "gate/audit/system.h"
#include "gate/serve/upstream.h"

/* Groups may come from a directory service, which the files know nothing of. */
static void add_group(struct audit_facts *facts, const struct group *group)
{
	struct audit_group *mine = audit_group_by_name(facts, group->gr_name);

	while (mine && mine->gid != group->gr_gid)
		mine = audit_group_next(facts, mine);
	if (!mine)
		mine = audit_add_group(
			facts, group->gr_name, strlen(group->gr_name), group->gr_gid);
	if (!mine)
		return;
	for (char **member = group->gr_mem; *member; member++)
		audit_name(facts, &mine->members, *member, strlen(*member));
}

/* The gids that somebody has asked for here, and so may be as good as root. */
struct wanted {
	uint32_t *gids;
	size_t n;
};

/* errno as getgrnam(3) and the like left it: the service may have been out of reach. */
static void note_unasked(struct audit_facts *facts, const char *what)
{
	if (errno != 0 && !gather_is_absent(-errno))
		gather_note(facts, what, -errno);
}

/* @group: NULL when there is none, with errno; @name: what was asked for */
static void want(struct audit_facts *facts, struct wanted *wanted,
	const struct group *group, const char *name)
{
	if (!group) {
		note_unasked(facts, arena_printf(&facts->arena, "group %s", name));
		return;
	}
	add_group(facts, group);
	uint32_t *slot =
		arena_push(&facts->arena, &wanted->gids, &wanted->n, sizeof(*slot));
	if (slot)
		*slot = group->gr_gid;
}

/* Unless one of the gid's groups lists him: to the first of them. */
static void add_member(struct audit_facts *facts, uint32_t gid, const char *user)
{
	struct audit_group *first = NULL;

	for (size_t i = facts->ngroups; i > 0; i--) {
		struct audit_group *group = &facts->groups[i - 1];

		if (group->gid != gid)
			continue;
		if (audit_has_name(&group->members, user))
			return;
		first = group;
	}
	if (first)
		audit_name(facts, &first->members, user, strlen(user));
}

/* A service may tell a user's groups, and not a group's members: asked one by one. */
static void ask_groups_of(struct audit_facts *facts, const struct wanted *wanted,
	const struct audit_user *user)
{
	enum { MAX_GROUPS = 65536 }; /* NGROUPS_MAX */
	int n = MAX_GROUPS;
	gid_t *gids = arena_alloc_raw(&facts->arena, sizeof(*gids) * (size_t)n);

	if (!gids)
		return;
	if (getgrouplist(user->name, user->gid, gids, &n) < 0)
		audit_gap(facts, user->name, "is in too many groups to be asked for");
	else
		for (int i = 0; i < n; i++) {
			bool is_wanted = false;

			for (size_t w = 0; w < wanted->n; w++)
				is_wanted = is_wanted || wanted->gids[w] == gids[i];
			if (is_wanted && gids[i] != user->gid)
				add_member(facts, gids[i], user->name);
		}
	arena_trim(&facts->arena, gids, sizeof(*gids) * MAX_GROUPS, 0);
}

/* One thread, and nothing else uses these databases meanwhile. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */
static void list_all(struct audit_facts *facts)
{
	const struct group *group;
	const struct passwd *passwd;

	/* Several groups may have one gid: getgrgid(3) tells the first. */
	setgrent();
	while (errno = 0, group = getgrent(), group)
		add_group(facts, group);
	note_unasked(facts, "all groups");
	endgrent();
	setpwent();
	while (errno = 0, passwd = getpwent(), passwd) {
		if (!audit_user_by_name(facts, passwd->pw_name))
			audit_add_user(facts, passwd->pw_name, strlen(passwd->pw_name),
				passwd->pw_uid, passwd->pw_gid);
	}
	note_unasked(facts, "all users");
	endpwent();
}

static void want_name(
	struct audit_facts *facts, struct wanted *wanted, const char *name)
{
	errno = 0;
	want(facts, wanted, getgrnam(name), name);
}

static void want_gid(struct audit_facts *facts, struct wanted *wanted, uint32_t gid)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%u", gid);
	errno = 0;
	want(facts, wanted, getgrgid(gid), name);
}

void gather_names(struct audit_facts *facts)
{
	struct wanted wanted = {0};
	const struct known_group *known;

	want_name(facts, &wanted, "docker");
	/* Its members get through folders that are root's group's. */
	want_gid(facts, &wanted, 0);
	for (size_t i = 0; (known = known_group(i)); i++)
		want_name(facts, &wanted, known->name);
	for (size_t i = 0; i < facts->socket_groups.n; i++)
		want_name(facts, &wanted, facts->socket_groups.items[i]);
	for (size_t i = 0; i < facts->nsockets; i++) {
		const struct audit_socket *socket = &facts->sockets[i];

		want_gid(facts, &wanted, socket->gid);
		for (size_t a = 0; a < socket->nacl; a++) {
			if (socket->acl[a].group)
				want_gid(facts, &wanted, socket->acl[a].id);
		}
	}
	list_all(facts);
	for (size_t i = 0; facts->directory && i < facts->nusers; i++)
		ask_groups_of(facts, &wanted, &facts->users[i]);
}
/* NOLINTEND(concurrency-mt-unsafe) */

enum { MAX_CONTAINERS_BYTES = 64 * 1024 * 1024 };

/* @ret_answer: in @arena */
static int ask(const char *socket, const char *path, struct arena *arena,
	struct span *ret_answer, struct err *err)
{
	struct upstream upstream = {
		.socket_path = socket, .max_bytes = MAX_CONTAINERS_BYTES};
	struct gate_fact fact;
	int rc = upstream_get(&upstream, path, arena, &fact, err);

	if (rc == 0 && fact.status != 200)
		rc = err_set(err, -EPROTO, "it answers with status %u", fact.status);
	if (rc == 0)
		*ret_answer = (struct span){fact.body, fact.len};
	return rc;
}

static int ask_engine(struct audit_facts *facts, const char *socket, struct err *err)
{
	struct arena arena;
	struct span answer;

	arena_init(&arena, 0);
	int rc = ask(socket, "/containers/json?all=1", &arena, &answer, err);
	if (rc == 0)
		rc = system_read_containers(facts, answer, err);
	if (rc == 0)
		rc = ask(socket, "/version", &arena, &answer, err);
	if (rc == 0)
		rc = system_read_version(facts, socket, answer, err);
	arena_done(&arena);
	return rc;
}

/* Engines mount where links lead, and tell what they were asked for. */
static void follow_links(const struct gather *gather, struct audit_facts *facts)
{
	for (size_t i = 0; i < facts->nmounts; i++) {
		struct audit_mount *mount = &facts->mounts[i];
		_cleanup_(cleanup_close) int fd =
			gather_open(gather, mount->source, O_PATH);
		char path[GATHER_MAX_PATH];

		mount->real = fd >= 0 && gather_real_path(gather, fd, path)
				      ? arena_strdup(&facts->arena, path)
				      : mount->source;
	}
}

static void ask_engines(const struct gather *gather, struct audit_facts *facts)
{
	const char *socket = gather->engine;
	struct err err = {0};

	if (!socket && !gather->live)
		return;
	if (socket && strcmp(socket, "none") == 0)
		return;
	if (socket) {
		if (ask_engine(facts, socket, &err) < 0)
			audit_gap(facts, socket, err.text);
		return;
	}
	for (size_t i = 0; i < facts->nsockets; i++) {
		const struct audit_socket *known = &facts->sockets[i];

		/* Through gate only one's own containers would be seen. */
		if (known->filter || (strcmp(known->engine, "docker") != 0 &&
					     strcmp(known->engine, "podman") != 0))
			continue;
		int rc = ask_engine(facts, known->path, &err);
		/* Nobody listens: then nothing runs. */
		if (rc < 0 && rc != -ECONNREFUSED)
			audit_gap(facts, known->path, err.text);
	}
}

void gather_containers(const struct gather *gather, struct audit_facts *facts)
{
	ask_engines(gather, facts);
	follow_links(gather, facts);
}
