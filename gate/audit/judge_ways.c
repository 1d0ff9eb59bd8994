/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gives the engine's power: sockets, listeners, files, rules, units, containers.
 */
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "gate/audit/judge_work.h"
#include "gate/audit/known.h"
#include "gate/audit/lines.h"

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

void judge_sockets(struct judging *judging)
{
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

static const struct {
	unsigned int bit;
	const char *name;
} root_caps[] = {
	{CAP_SETGID, "cap_setgid"},
	{CAP_SETUID, "cap_setuid"},
	{CAP_DAC_OVERRIDE, "cap_dac_override"},
	{CAP_CHOWN, "cap_chown"},
	{CAP_FOWNER, "cap_fowner"},
	{CAP_MKNOD, "cap_mknod"},
	{CAP_SETFCAP, "cap_setfcap"},
	{CAP_SYS_ADMIN, "cap_sys_admin"},
	{CAP_SYS_PTRACE, "cap_sys_ptrace"},
	{CAP_SYS_MODULE, "cap_sys_module"},
	{CAP_SYS_RAWIO, "cap_sys_rawio"},
	{CAP_BPF, "cap_bpf"},
};

/* These give no id but those of subuid and subgid, which have entries of their own. */
static bool is_id_mapper(const char *path)
{
	static const char *const mappers[] = {"/usr/bin/newgidmap",
		"/usr/bin/newuidmap", "/bin/newgidmap", "/bin/newuidmap"};

	for (size_t i = 0; i < ARRAY_LEN(mappers); i++) {
		if (strcmp(path, mappers[i]) == 0)
			return true;
	}
	return false;
}

static void judge_caps(struct judging *judging, const struct audit_file *file)
{
	const char *names = "";

	if (is_id_mapper(file->path))
		return;
	for (size_t i = 0; i < ARRAY_LEN(root_caps); i++) {
		if (!(file->caps & UINT64_C(1) << root_caps[i].bit))
			continue;
		names = arena_printf(judging->arena, "%s%s%s", names,
			names[0] ? "," : "", root_caps[i].name);
		if (!names)
			return;
	}
	if (!names[0])
		return;
	judging_add(judging, KIND_CAPABILITY, (struct about){.place = file->path},
		arena_printf(judging->arena,
			"whoever runs it may have %s, and with that any group", names),
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

/* The first group of the rule that is as good as root. */
static const struct power *rule_power(
	const struct judging *judging, const struct audit_rule *rule)
{
	for (size_t i = 0; i < rule->groups.n; i++) {
		const char *name = rule->groups.items[i];
		const struct power *power;

		/* sudoers(5): "%group", "#gid", and ALL. */
		if (strcmp(name, "ALL") == 0)
			power = judging->npowers > 0 ? &judging->powers[0] : NULL;
		else
			power = judging_group_power(judging,
				name[0] == '%' || name[0] == '#' ? name + 1 : name);
		if (power)
			return power;
	}
	return NULL;
}

/* The first user whom the rule lets somebody become, and who holds the power. */
static const char *rule_target(
	const struct judging *judging, const struct audit_rule *rule)
{
	const char *target = NULL;

	for (size_t i = 0; !target && i < rule->nrunas; i++)
		target = judging_target(judging, &rule->runas[i], rule->who);
	return target;
}

static void judge_subgid(struct judging *judging, const struct audit_rule *rule)
{
	for (size_t i = 0; i < judging->npowers; i++) {
		const struct power *power = &judging->powers[i];

		if (power->gid < rule->first || power->gid - rule->first >= rule->count)
			continue;
		judging_add(judging, KIND_SUBGID,
			(struct about){rule->who, rule->place,
				judging_subject(judging, rule->who)},
			arena_printf(judging->arena,
				"may map gids %u to %" PRIu64
				", gid %u (%s) among them, with newgidmap",
				rule->first, (uint64_t)rule->first + rule->count - 1,
				power->gid, power->why),
			"give the user a range that holds no group of the host");
	}
}

/* cap_from_text(3): in any case, or the number, as strtoul(3) reads it. */
static bool is_root_cap(const char *text)
{
	char *end;
	unsigned long bit = strtoul(text, &end, 0);
	bool is_number = *text >= '0' && *text <= '9' && !*end;
	bool found = strcasecmp(text, "all") == 0;

	for (size_t i = 0; i < ARRAY_LEN(root_caps); i++)
		found = found || (is_number && bit == root_caps[i].bit) ||
			strcasecmp(text, root_caps[i].name) == 0;
	return found;
}

static void judge_pam_cap(struct judging *judging, const struct audit_rule *rule)
{
	bool counts = false;

	for (size_t i = 0; i < rule->groups.n; i++)
		counts = counts || is_root_cap(rule->groups.items[i]);
	if (counts)
		judging_add(judging, KIND_PAM_CAP,
			(struct about){rule->who, rule->place,
				judging_subject(judging, rule->who)},
			arena_printf(judging->arena,
				"pam_cap gives capabilities at login, and with them "
				"any group: %s",
				rule->text),
			"take them out of the line");
}

static void judge_at(struct judging *judging, const struct audit_rule *rule)
{
	const struct power *power = judging_power(judging, rule->first);
	struct span number = {rule->who, strlen(rule->who)};
	uint32_t uid = 0;

	if ((!rule->tool && !power) || !span_number(number, &uid) || uid == 0)
		return;
	const char *who = judging_uid_name(judging, uid);
	judging_add(judging, KIND_AT,
		(struct about){who, rule->place, judging_user(judging, who)},
		power ? arena_printf(judging->arena,
				"a queued job runs with gid %u (%s), whatever group "
				"its user is in then",
				power->gid, power->why)
		      : "a queued job runs an engine's tool",
		"look at it with at -c and remove it with atrm");
}

static const struct {
	enum audit_kind_id kind;
	const char *text, *remedy;
} rule_rows[] = {
	[AUDIT_RULE_GROUP_CONF] = {KIND_GROUP_CONF,
		"pam_group gives the group at login",
		"take the group out of the line; a gid given once can be kept in a "
		"setgid file"},
	[AUDIT_RULE_SUDOERS] = {KIND_SUDOERS,
		"sudo lets the engine's tools or its group be used",
		"remove the rule; use gate run, which asks policy"},
	[AUDIT_RULE_DOAS] = {KIND_DOAS, "doas lets the engine's tools be used",
		"remove the rule; use gate run, which asks policy"},
	[AUDIT_RULE_CRON] = {KIND_CRON,
		"a job runs an engine's tool, with the groups that the group file "
		"gives then",
		"grant the user a profile, and let the job go through gate's socket"},
};

static void judge_rule(struct judging *judging, const struct audit_rule *rule)
{
	struct about about = {rule->who, rule->place, false};
	const char *target = NULL;

	if (rule->kind == AUDIT_RULE_CRON && strcmp(rule->who, "root") == 0)
		return;
	if (!rule->tool && !rule_power(judging, rule)) {
		target = rule_target(judging, rule);
		if (!target)
			return;
	}
	about.approved = judging_subject(judging, rule->who);
	judging_add(judging, rule_rows[rule->kind].kind, about,
		target ? arena_printf(judging->arena,
				 "lets the engine's power be had as %s, who holds it: "
				 "%s",
				 target, rule->text)
		       : arena_printf(judging->arena, "%s: %s",
				 rule_rows[rule->kind].text, rule->text),
		rule_rows[rule->kind].remedy);
}

void judge_rules(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->nrules; i++) {
		const struct audit_rule *rule = &judging->facts->rules[i];

		if (!rule->who || !rule->text)
			continue;
		if (rule->kind == AUDIT_RULE_SUBGID)
			judge_subgid(judging, rule);
		else if (rule->kind == AUDIT_RULE_PAM_CAP)
			judge_pam_cap(judging, rule);
		else if (rule->kind == AUDIT_RULE_AT)
			judge_at(judging, rule);
		else
			judge_rule(judging, rule);
	}
}

/* Drop-ins of "service" are for all services, of "ci-.service" for "ci-x.service". */
static bool is_many(const char *name)
{
	static const char end[] = "-.service";
	size_t len = strlen(name);

	return strcmp(name, "service") == 0 ||
	       (len >= sizeof(end) - 1 &&
		       strcmp(name + len - (sizeof(end) - 1), end) == 0);
}

static void judge_unit_group(struct judging *judging, const struct audit_unit *unit,
	const char *group, const char *place)
{
	const struct power *power = judging_group_power(judging, group);
	const char *user = unit->user;

	if (strchr(group, '%')) {
		judging_add(judging, KIND_UNSEEN, (struct about){.place = place},
			arena_printf(judging->arena,
				"the group of %s is made of the name of its instance: "
				"which ones may be started is not seen",
				unit->name),
			"name the group in the unit");
		return;
	}
	/* Without a user it is root's already. */
	if (!power ||
		(!unit->dynamic && !is_many(unit->name) &&
			(!user || strcmp(user, "root") == 0 || strcmp(user, "0") == 0)))
		return;
	judging_add(judging, KIND_UNIT,
		(struct about){user ? user : unit->name, place,
			user && judging_user(judging, user)},
		arena_printf(judging->arena, "%s runs with group %s (%s)", unit->name,
			group, power->why),
		"take the group out of the unit; no PAM module sees it");
}

void judge_units(struct judging *judging)
{
	for (size_t i = 0; i < judging->facts->nunits; i++) {
		const struct audit_unit *unit = &judging->facts->units[i];

		if (unit->group)
			judge_unit_group(judging, unit, unit->group, unit->group_place);
		for (size_t g = 0; g < unit->groups.n; g++)
			judge_unit_group(judging, unit, unit->groups.items[g],
				unit->groups_place);
	}
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
