/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked: the name service for accounts, the engine for its containers. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "gate/audit/gather.h"
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

/* One thread, and nothing else uses these databases meanwhile. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */
void gather_names(struct audit_facts *facts)
{
	static const char *const names[] = {"docker", "lxd", "incus-admin", "incus",
		"libvirt", "libvirtd", "disk", "kvm", "microk8s"};
	const struct group *group;
	const struct passwd *passwd;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((group = getgrnam(names[i])))
			add_group(facts, group);
	}
	for (size_t i = 0; i < facts->socket_groups.n; i++) {
		if ((group = getgrnam(facts->socket_groups.items[i])))
			add_group(facts, group);
	}
	for (size_t i = 0; i < facts->nsockets; i++) {
		if ((group = getgrgid(facts->sockets[i].gid)))
			add_group(facts, group);
	}
	setpwent();
	while ((passwd = getpwent())) {
		if (audit_user_by_name(facts, passwd->pw_name))
			continue;
		audit_add_user(facts, passwd->pw_name, strlen(passwd->pw_name),
			passwd->pw_uid, passwd->pw_gid);
	}
	endpwent();
}
/* NOLINTEND(concurrency-mt-unsafe) */

enum { MAX_CONTAINERS_BYTES = 64 * 1024 * 1024 };

static int ask_engine(struct audit_facts *facts, const char *socket, struct err *err)
{
	struct upstream upstream = {
		.socket_path = socket, .max_bytes = MAX_CONTAINERS_BYTES};
	struct gate_fact fact;
	struct arena arena;

	arena_init(&arena, 0);
	int rc = upstream_get(&upstream, "/containers/json?all=1", &arena, &fact, err);
	if (rc == 0 && fact.status != 200)
		rc = err_set(err, -EPROTO, "it answers with status %u", fact.status);
	if (rc == 0)
		rc = system_read_containers(
			facts, (struct span){fact.body, fact.len}, err);
	arena_done(&arena);
	return rc;
}

void gather_containers(const struct gather *gather, struct audit_facts *facts)
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
