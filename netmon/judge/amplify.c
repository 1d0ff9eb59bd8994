/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a breach of one container worse. */
#include "netmon/judge/amplify.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct work {
	struct arena *arena;
	const struct facts *facts;
	const struct container *container;
	const struct policy *policy;
	struct amplifiers found;
};

static void add(struct work *work, bool serious, const char *word, const char *value)
{
	const char *text =
		value ? arena_printf(work->arena, "%s:%s", word, value) : word;

	for (size_t i = 0; text && i < work->found.n; i++)
		if (strcmp(work->found.words[i], text) == 0)
			return;
	const char **slot = arena_push(
		work->arena, &work->found.words, &work->found.n, sizeof(*slot));
	if (slot)
		*slot = text;
	work->found.serious |= serious;
}

static bool is(const char *text, const char *word)
{
	return text && word && strcmp(text, word) == 0;
}

static const struct engine *engine_of(const struct work *work)
{
	for (size_t i = 0; i < work->facts->nengines; i++)
		if (is(work->facts->engines[i].socket, work->container->engine))
			return &work->facts->engines[i];
	return NULL;
}

static bool is_privileged(const struct work *work)
{
	return work->container->privileged;
}

static bool is_host_pid(const struct work *work)
{
	return is(work->container->pid_mode, "host");
}

static bool is_host_ipc(const struct work *work)
{
	return is(work->container->ipc_mode, "host");
}

static bool is_host_uts(const struct work *work)
{
	return is(work->container->uts_mode, "host");
}

static bool is_host_network(const struct work *work)
{
	return is(work->container->network_mode, "host");
}

/* Only where users are mapped can "host" undo it. */
static bool is_host_userns(const struct work *work)
{
	const struct engine *engine = engine_of(work);

	return engine && engine->userns_remap &&
	       is(work->container->userns_mode, "host");
}

static bool is_root(const struct work *work)
{
	const struct container *container = work->container;
	const struct engine *engine = engine_of(work);
	const char *user = container->user ? container->user : "";
	size_t len = strcspn(user, ":");

	if (engine && engine->rootless)
		return false;
	if (engine && engine->userns_remap && !is(container->userns_mode, "host"))
		return false;
	if (container->userns_mode &&
		(strncmp(container->userns_mode, "auto", 4) == 0 ||
			is(container->userns_mode, "private")))
		return false; /* podman */
	return len == 0 || strspn(user, "0") == len ||
	       (len == 4 && strncmp(user, "root", 4) == 0);
}

static bool has_no_pids_limit(const struct work *work)
{
	return work->container->pids_limit <= 0;
}

static bool is_unpinned(const struct work *work)
{
	const char *image = work->container->image;

	return !image ||
	       (!strstr(image, "@sha256:") && strncmp(image, "sha256:", 7) != 0);
}

static bool is_unlisted(const struct work *work)
{
	const char *image = work->container->image;

	return work->policy && !policy_lists_image(work->policy, image ? image : "");
}

/* "seccomp=unconfined", "seccomp:unconfined" (old engines), "apparmor=unconfined" */
static bool is_unconfined(const struct work *work, const char *module)
{
	size_t len = strlen(module);

	for (size_t i = 0; i < work->container->nsecurity_opt; i++) {
		const char *opt = work->container->security_opt[i];

		if (opt && strncmp(opt, module, len) == 0 && opt[len] &&
			strcmp(opt + len + 1, "unconfined") == 0)
			return true;
	}
	return false;
}

static bool is_seccomp_unconfined(const struct work *work)
{
	return is_unconfined(work, "seccomp");
}

static bool is_apparmor_unconfined(const struct work *work)
{
	return is_unconfined(work, "apparmor");
}

/* /var/run is a link to /run on every host of the last decade: one name for both. */
static const char *plain_run(const char *path)
{
	if (strncmp(path, "/var/run", 8) == 0 && (path[8] == '/' || path[8] == '\0'))
		return path + 4;
	return path;
}

/* Is @path @dir itself or below it? */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (len == 1 && dir[0] == '/')
		return path[0] == '/';
	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static const char *const socket_paths[][2] = {
	{"/run/docker.sock", "docker-socket"},
	{"/run/podman/podman.sock", "engine-socket"},
	{"/run/containerd/containerd.sock", "engine-socket"},
	{"/run/docker/containerd/containerd.sock", "engine-socket"},
	{"/run/crio/crio.sock", "engine-socket"},
};

/* A socket in a read-only mount can be connected to all the same. */
static void add_sockets(struct work *work)
{
	for (size_t i = 0; i < work->container->nmounts; i++) {
		const char *source = work->container->mounts[i].source;

		if (!source || source[0] != '/')
			continue;
		source = plain_run(source);
		for (size_t j = 0; j < ARRAY_LEN(socket_paths); j++)
			if (is_below(socket_paths[j][0], source))
				add(work, true, socket_paths[j][1], NULL);
		for (size_t j = 0; j < work->facts->nengines; j++) {
			const struct engine *engine = &work->facts->engines[j];

			if (engine->socket &&
				is_below(plain_run(engine->socket), source))
				add(work, true,
					is(engine->kind, "podman") ? "engine-socket"
								   : "docker-socket",
					NULL);
		}
	}
}

static const struct {
	const char *path;
	bool below; /* what lies below it counts too */
} sensitive_paths[] = {
	{"/", false},
	{"/bin", true},
	{"/boot", true},
	{"/dev", true},
	{"/etc", true},
	{"/home", false},
	{"/lib", true},
	{"/lib64", true},
	{"/proc", true},
	{"/root", true},
	{"/run", false},
	{"/sbin", true},
	{"/sys", true},
	{"/usr", true},
	{"/var", false},
	{"/var/lib", false},
	{"/var/lib/docker", true},
	{"/var/lib/containers", true},
	{"/var/spool/cron", true},
};

static bool is_sensitive(const char *source)
{
	for (size_t i = 0; i < ARRAY_LEN(sensitive_paths); i++) {
		const char *path = sensitive_paths[i].path;

		if (sensitive_paths[i].below ? is_below(source, path)
					     : strcmp(source, path) == 0)
			return true;
	}
	return false;
}

static void add_mounts(struct work *work)
{
	for (size_t i = 0; i < work->container->nmounts; i++) {
		const struct mount *mount = &work->container->mounts[i];

		/* A volume's place under the engine's data root is the engine's own. */
		if (!mount->writable || !mount->source || !is(mount->type, "bind"))
			continue;
		if (is_sensitive(plain_run(mount->source)))
			add(work, true, "host-mount", mount->source);
	}
}

/* Those that reach past the container; the others are safeguards given up. */
static const char *const serious_caps[] = {
	"ALL",
	"BPF",
	"CHECKPOINT_RESTORE",
	"DAC_READ_SEARCH",
	"MAC_ADMIN",
	"NET_ADMIN",
	"PERFMON",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_MODULE",
	"SYS_PTRACE",
	"SYS_RAWIO",
	"SYS_TIME",
	"SYSLOG",
};

static void add_caps(struct work *work)
{
	for (size_t i = 0; i < work->container->ncap_add; i++) {
		const char *cap = work->container->cap_add[i];
		bool serious = false;

		if (!cap)
			continue;
		if (strncasecmp(cap, "CAP_", 4) == 0)
			cap += 4;
		char *name = arena_strdup(work->arena, cap);
		for (char *c = name; c && *c; c++)
			*c = (char)toupper((unsigned char)*c);
		for (size_t j = 0; name && j < ARRAY_LEN(serious_caps); j++)
			serious |= strcmp(name, serious_caps[j]) == 0;
		add(work, serious, "capability", name);
	}
}

static void add_devices(struct work *work)
{
	for (size_t i = 0; i < work->container->ndevices; i++)
		add(work, true, "device", work->container->devices[i]);
}

/* In the order in which they are shown. Either a test of one fact, or a function. */
static const struct {
	const char *word;
	bool serious;
	bool (*holds)(const struct work *work);
	void (*add_all)(struct work *work);
} rows[] = {
	{"privileged", true, is_privileged, NULL},
	{NULL, true, NULL, add_sockets},
	{NULL, true, NULL, add_mounts},
	{"host-pid", true, is_host_pid, NULL},
	{"host-ipc", true, is_host_ipc, NULL},
	{"host-uts", false, is_host_uts, NULL},
	{"host-network", true, is_host_network, NULL},
	{"host-userns", false, is_host_userns, NULL},
	{NULL, true, NULL, add_caps},
	{NULL, true, NULL, add_devices},
	{"seccomp-unconfined", true, is_seccomp_unconfined, NULL},
	{"apparmor-unconfined", false, is_apparmor_unconfined, NULL},
	{"root-user", false, is_root, NULL},
	{"no-pids-limit", false, has_no_pids_limit, NULL},
	{"unpinned-image", false, is_unpinned, NULL},
	{"unlisted-image", false, is_unlisted, NULL},
};

struct amplifiers amplify(struct arena *arena, const struct facts *facts,
	const struct container *container, const struct policy *policy)
{
	struct work work = {.arena = arena,
		.facts = facts,
		.container = container,
		.policy = policy};

	if (!container)
		return work.found;
	if (!container->inspected) {
		if (is_host_network(&work))
			add(&work, true, "host-network", NULL);
		if (is_unpinned(&work))
			add(&work, false, "unpinned-image", NULL);
		if (is_unlisted(&work))
			add(&work, false, "unlisted-image", NULL);
		add(&work, false, "not-inspected", NULL);
		return work.found;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].add_all)
			rows[i].add_all(&work);
		else if (rows[i].holds(&work))
			add(&work, rows[i].serious, rows[i].word, NULL);
	}
	return work.found;
}
