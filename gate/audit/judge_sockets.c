/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to the engine's sockets: their owners and modes, TCP, mounts of containers. */
#include <string.h>

#include "gate/audit/judge_parts.h"
#include "gate/audit/known.h"

static void judge_acl(struct judging *judging, const struct audit_socket *socket)
{
	for (size_t i = 0; i < socket->nacl; i++) {
		const struct audit_acl *entry = &socket->acl[i];
		const char *who;

		if (!(entry->perm & 2) || (!entry->group && entry->id == 0))
			continue;
		if (entry->group)
			who = arena_printf(judging->arena, "gid %u", entry->id);
		else
			who = judging_uid_name(judging, entry->id);
		judging_add(judging, KIND_SOCKET_ACL,
			(struct about){who, socket->path,
				!entry->group && judging_user(judging, who)},
			arena_printf(judging->arena,
				"an access list lets %s into %s's socket", who,
				socket->engine),
			arena_printf(judging->arena, "setfacl -b %s", socket->path));
	}
}

/* /var/run is /run on every system that Docker runs on. */
static const char *without_var(const char *path)
{
	return strncmp(path, "/var/run/", 9) == 0 || strcmp(path, "/var/run") == 0
		       ? path + 4
		       : path;
}

static const struct audit_socket *find_socket(
	const struct audit_facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->nsockets; i++) {
		if (strcmp(without_var(facts->sockets[i].path), path) == 0)
			return &facts->sockets[i];
	}
	return NULL;
}

/* Where the engine is told to listen, whatever is there now. */
static void judge_paths(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->npaths; i++) {
		const struct audit_path *path = &judging->facts->paths[i];
		const struct audit_socket *socket =
			find_socket(judging->facts, path->path);

		if (strcmp(path->engine, "docker") != 0 ||
			judging->policy->gate.ngrants == 0 ||
			strcmp(path->path, "/run/seawall/engine.sock") == 0 ||
			(socket && !socket->filter))
			continue;
		judging_add(judging, KIND_UNSEALED, (struct about){.place = path->path},
			arena_printf(judging->arena,
				"%s tells the engine to listen here, %s", path->place,
				socket ? "where gate is now: which one it is after the "
					 "next start is not sure"
				       : "and nothing is there now to tell who could "
					 "connect"),
			"put the engine's socket where only root is: gate(8), SEALING");
	}
}

/* A node of an image is opened from the host by whom its processes run as. */
static void judge_node_makers(struct judging *judging)
{
	static const char why[] =
		"the engine makes every device node that an image brings, and users "
		"open it from the host, past the container's limits";
	const struct audit_names *units = &judging->facts->node_makers;
	const struct audit_names *programs = &judging->facts->loose_engines;

	if (judging->policy->gate.ngrants == 0)
		return;
	for (size_t i = 0; i < units->n; i++)
		judging_add(judging, KIND_UNSEALED,
			(struct about){.place = units->items[i]}, why,
			arena_printf(judging->arena,
				"install -D -m 644 "
				"/usr/share/seawall/docker.service.d/seawall.conf "
				"/etc/systemd/system/%s.d/seawall.conf && "
				"systemctl daemon-reload && systemctl restart %s",
				units->items[i], units->items[i]));
	for (size_t i = 0; i < programs->n; i++)
		judging_add(judging, KIND_UNSEALED,
			(struct about){.place = programs->items[i]},
			arena_printf(judging->arena,
				"%s runs in no unit of systemd that would keep it from "
				"that: %s",
				programs->items[i], why),
			"have systemd start it, by a unit with a drop-in like "
			"/usr/share/seawall/docker.service.d/seawall.conf");
}

void judge_sockets(struct judging *judging)
{
	judge_node_makers(judging);
	for (size_t i = 0; i < judging->facts->nsockets; i++) {
		const struct audit_socket *socket = &judging->facts->sockets[i];
		struct arena *arena = judging->arena;

		/* A socket that gate filters is made for everyone. */
		if (!judging_is_open(judging, socket))
			continue;
		if (strcmp(socket->engine, "docker") == 0 && (socket->mode & 077) &&
			judging->policy->gate.ngrants > 0)
			judging_add(judging, KIND_UNSEALED,
				(struct about){.place = socket->path},
				"policy grants profiles, but here users reach the "
				"engine itself, not gate",
				"put gate on the socket and the engine behind it: "
				"gate(8), SEALING");
		if (socket->uid != 0) {
			const char *who = judging_uid_name(judging, socket->uid);

			judging_add(judging, KIND_SOCKET_OWNER,
				(struct about){
					who, socket->path, judging_user(judging, who)},
				arena_printf(arena, "%s's socket belongs to %s",
					socket->engine, who),
				arena_printf(arena, "chown root %s", socket->path));
		}
		if (socket->mode & 02)
			judging_add(judging, KIND_SOCKET_OTHERS,
				(struct about){"everyone", socket->path, false},
				arena_printf(arena,
					"%s's socket is open to everyone (mode %03o)",
					socket->engine, socket->mode & 0777),
				arena_printf(arena, "chmod 660 %s", socket->path));
		else if (socket->mode & 0117)
			judging_add(judging, KIND_SOCKET_MODE,
				(struct about){.place = socket->path},
				arena_printf(arena,
					"%s's socket has mode %03o instead of 660",
					socket->engine, socket->mode & 0777),
				arena_printf(arena, "chmod 660 %s", socket->path));
		judge_acl(judging, socket);
	}
	judge_paths(judging);
}

static bool has_port(const struct audit_facts *facts, uint16_t port)
{
	for (size_t i = 0; i < facts->nports; i++) {
		if (facts->ports[i] == port)
			return true;
	}
	return false;
}

/* 2375 and 2376 are registered for the engine's API: who else listens there? */
static void judge_ports(struct judging *judging)
{
	const struct audit_facts *facts = judging->facts;

	for (uint16_t port = 2375; port <= 2376; port++) {
		bool told = false;

		for (size_t i = 0; i < facts->nlisteners; i++)
			told = told || facts->listeners[i].port == port;
		if (told || !has_port(facts, port))
			continue;
		judging_add(judging, KIND_TCP_UNKNOWN,
			(struct about){"everyone",
				arena_printf(judging->arena, "tcp port %u", port),
				false},
			arena_printf(judging->arena,
				"something that is not in the engine's configuration "
				"listens at its port %u: a forwarder?",
				port),
			arena_printf(judging->arena,
				"find it with: ss -ltnp sport = %u", port));
	}
}

void judge_listeners(struct judging *judging)
{
	static const struct {
		enum audit_kind_id kind;
		const char *text;
	} rows[] = {
		[AUDIT_TLS_NONE] = {KIND_TCP_PLAIN,
			"without TLS: whoever reaches it is root"},
		[AUDIT_TLS_SERVER] = {KIND_TCP_UNVERIFIED,
			"with TLS, but asks for no client certificate: whoever "
			"reaches it is root"},
		[AUDIT_TLS_VERIFIED] = {KIND_TCP_VERIFIED,
			"with TLS: whoever holds a client certificate is root"},
	};

	for (size_t i = 0; i < judging->facts->nlisteners; i++) {
		const struct audit_listener *listener = &judging->facts->listeners[i];
		const char *now = has_port(judging->facts, listener->port)
					  ? "listening now"
					  : "not listening now";

		judging_add(judging, rows[listener->tls].kind,
			(struct about){"everyone", listener->place, false},
			arena_printf(judging->arena,
				"the engine's API is on TCP %s (%s) %s",
				listener->address, now, rows[listener->tls].text),
			"take the address out of the configuration; use ssh "
			"(DOCKER_HOST=ssh://...) to a host with gate instead");
	}
	judge_ports(judging);
}

static bool holds(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(folder, path, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/* A folder may hold the socket that gate filters and the engine's own as well. */
static const char *socket_below(const struct judging *judging, const char *source)
{
	const char *folder = without_var(source);

	for (size_t i = 0; i < judging->facts->nsockets; i++) {
		const struct audit_socket *socket = &judging->facts->sockets[i];

		if (!socket->filter && holds(folder, without_var(socket->path)))
			return socket->path;
	}
	const struct known_socket *known;
	for (size_t i = 0; (known = known_socket(i)); i++) {
		const struct audit_socket *socket =
			find_socket(judging->facts, known->path);

		if (known->usual && holds(folder, known->path) &&
			!(socket && socket->filter))
			return known->path;
	}
	return NULL;
}

void judge_containers(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->nmounts; i++) {
		const struct audit_mount *mount = &judging->facts->mounts[i];
		const char *socket = socket_below(judging, mount->source);

		if (!socket && mount->real)
			socket = socket_below(judging, mount->real);
		if (!socket)
			continue;
		/* A read-only mount keeps nobody from connecting to a socket in it. */
		judging_add(judging, KIND_CONTAINER,
			(struct about){arena_printf(judging->arena, "container %s",
					       mount->container),
				mount->source, false},
			arena_printf(judging->arena, "%s is mounted, and with it %s%s",
				mount->source, socket,
				mount->read_only ? "; read-only does not help" : ""),
			"make the container again without the mount, or with gate's "
			"socket in its place");
	}
}
