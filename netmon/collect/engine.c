/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers and networks as Docker and Podman tell them over their sockets. */
#include "netmon/collect/engine.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/http.h"
#include "netmon/collect/engine_parse.h"

/*
 * Theory of operation. /version first: what it is and which API it speaks. Then the
 * list of containers, each one that may hold a port inspected, and the networks. An
 * engine that stops answering is asked no more: what was not read is noted once.
 *
 * Not handled: engines that listen on TCP only (netmon judges such a listener, and
 * reads the engine behind it when its socket is named), swarm nodes other than this
 * host.
 */
enum {
	API_MAJOR = 1,
	API_MINOR = 55,	    /* the newest whose answers were checked */
	API_MINOR_MIN = 25, /* Docker 1.13, Podman 2: Mounts, labels, networks by id */
};

static const char *const default_sockets[] = {
	"/run/docker.sock",
	"/var/run/docker.sock",
	"/run/podman/podman.sock",
	"/run/user/*/docker.sock",
	"/run/user/*/podman/podman.sock",
};

struct session {
	struct facts *facts;
	struct engine *engine;
	struct http *http;
	char prefix[32]; /* "/v1.41" */
};

bool engine_is_users(const char *socket_path)
{
	struct stat st;

	return stat(socket_path, &st) < 0 || st.st_uid != 0;
}

static void note(const struct session *session, const char *code, const char *what,
	const char *text)
{
	facts_note(session->facts, code, session->engine->socket, true, "%s: %s", what,
		text);
}

/* GET below the API's version. A status other than 200 is a failure. */
static int get(struct session *session, const char *path,
	struct http_response *ret_response, struct err *err)
{
	char target[512];
	int n = snprintf(target, sizeof(target), "%s%s", session->prefix, path);

	if (n < 0 || (size_t)n >= sizeof(target))
		return err_set(err, -ENAMETOOLONG, "path is too long");
	int r = http_get(session->http, target, ret_response, err);
	if (r < 0)
		return r;
	if (ret_response->status == 404)
		return err_set(err, -ENODATA, "status 404");
	if (ret_response->status != 200)
		return err_set(err, -EBADMSG, "status %d", ret_response->status);
	return 0;
}

/* Chooses the API's version from what the engine offers. */
static bool choose_api(struct session *session)
{
	unsigned int major, minor;
	const char *offer = session->engine->api_version;

	if (!offer || sscanf(offer, "%u.%u", &major, &minor) != 2)
		return true; /* without a version the engine takes its own */
	if (major < API_MAJOR || (major == API_MAJOR && minor < API_MINOR_MIN))
		return false;
	if (major > API_MAJOR || minor > API_MINOR) {
		major = API_MAJOR;
		minor = API_MINOR;
	}
	(void)snprintf(
		session->prefix, sizeof(session->prefix), "/v%u.%u", major, minor);
	return true;
}

static bool ask_version(struct session *session)
{
	struct http_response response;
	struct err err = {0};
	int r = get(session, "/version", &response, &err);

	if (r < 0) {
		note(session, "engine-unreachable", "the engine does not answer",
			err.text);
		return false;
	}
	r = engine_parse_version(
		session->facts, session->engine, response.body, response.len, &err);
	if (r < 0) {
		note(session, "engine-answer", "/version was not understood", err.text);
		return false;
	}
	if (!choose_api(session)) {
		note(session, "engine-too-old", "the engine's API is too old",
			session->engine->api_version);
		return false;
	}
	return true;
}

static void ask_info(struct session *session)
{
	struct http_response response;
	struct err err = {0};
	int r = get(session, "/info", &response, &err);

	if (r == 0)
		r = engine_parse_info(session->facts, session->engine, response.body,
			response.len, &err);
	if (r < 0)
		note(session, "engine-answer", "/info was not understood", err.text);
}

/* Whether a container in that state may have processes. */
static bool may_run(const char *state)
{
	static const char *const ended[] = {"configured", "created", "dead", "exited",
		"initialized", "removing", "stopped"};

	for (size_t i = 0; state && i < ARRAY_LEN(ended); i++) {
		if (strcmp(state, ended[i]) == 0)
			return false;
	}
	return true;
}

static int inspect(
	struct session *session, struct container *container, struct err *err)
{
	struct http_response response;
	char path[256];
	int n = snprintf(path, sizeof(path), "/containers/%s/json", container->id);

	if (n < 0 || (size_t)n >= sizeof(path) ||
		strspn(container->id, "0123456789abcdef") != strlen(container->id))
		return err_set(err, -EINVAL, "strange Id");
	int r = get(session, path, &response, err);
	if (r < 0)
		return r;
	return engine_parse_inspect(
		session->facts, container, response.body, response.len, err);
}

static void inspect_all(struct session *session, size_t first)
{
	struct facts *facts = session->facts;

	for (size_t i = first; i < facts->ncontainers; i++) {
		struct container *container = &facts->containers[i];
		struct err err = {0};
		int r;

		if (!may_run(container->state))
			continue;
		r = inspect(session, container, &err);
		if (r == -ENODATA) /* it ended since it was listed */
			container->state = "removed";
		else if (r == -EINVAL || r == -EBADMSG || r == -E2BIG)
			facts_note(facts, "container-not-inspected", container->id,
				true,
				"what the engine says of container %s was not "
				"understood: "
				"%s",
				container->name ? container->name : container->id,
				err.text);
		else if (r < 0) {
			note(session, "engine-unreachable",
				"the engine stopped answering while containers were "
				"inspected",
				err.text);
			return;
		}
	}
}

static bool ask_containers(struct session *session)
{
	struct http_response response;
	struct err err = {0};
	size_t first = session->facts->ncontainers;
	int r = get(session, "/containers/json?all=1", &response, &err);

	if (r == 0)
		r = engine_parse_containers(session->facts, session->engine->socket,
			response.body, response.len, &err);
	if (r < 0)
		note(session, "engine-answer",
			"the list of containers was not understood", err.text);
	inspect_all(session, first);
	return r == 0;
}

/* A user's engine has its bridges in a namespace of its own, or lies. */
static void forget_interfaces(struct facts *facts, size_t first)
{
	for (size_t i = first; i < facts->nnetworks; i++)
		facts->networks[i].bridge = facts->networks[i].parent = NULL;
}

static int ask_networks_of(struct session *session, const char *path,
	int (*parse)(struct facts *facts, const char *engine, const char *text,
		size_t len, struct err *err),
	struct err *err)
{
	struct http_response response;
	int r = get(session, path, &response, err);

	return r < 0 ? r
		     : parse(session->facts, session->engine->socket, response.body,
			       response.len, err);
}

static bool ask_networks(struct session *session)
{
	struct facts *facts = session->facts;
	struct err err = {0};
	size_t first = facts->nnetworks;
	bool podman = strcmp(session->engine->kind, "podman") == 0;
	int r = -ENODATA;

	/* Only libpod's own API tells the interfaces. */
	if (podman)
		r = ask_networks_of(session, "/libpod/networks/json",
			engine_parse_libpod_networks, &err);
	if (r < 0) {
		facts->nnetworks = first;
		r = ask_networks_of(session, "/networks", engine_parse_networks, &err);
		if (podman)
			forget_interfaces(facts, first);
	}
	if (r < 0)
		note(session, "engine-answer", "the networks were not understood",
			err.text);
	if (session->engine->rootless || engine_is_users(session->engine->socket))
		forget_interfaces(facts, first);
	return r == 0;
}

/* The routing mesh is no container and has an address on the swarm's gateway bridge. */
static void ask_swarm(struct session *session)
{
	struct http_response response;
	struct err err = {0};
	int r = get(session, "/networks/docker_gwbridge", &response, &err);

	if (r == -ENODATA) /* no service yet */
		return;
	if (r == 0)
		r = engine_parse_endpoints(session->facts, session->engine->socket,
			response.body, response.len, &err);
	if (r < 0)
		note(session, "engine-answer", "the swarm's gateway was not understood",
			err.text);
	note(session, "swarm-mesh", "published services",
		"the routing mesh balances them in a sandbox that is not followed");
}

/* Returns whether the engine told its containers and networks. */
static bool ask(struct session *session)
{
	struct err err = {0};

	if (http_new_unix(session->engine->socket, HTTP_TIMEOUT_MS, &session->http,
		    &err) < 0) {
		note(session, "engine-unreachable", "no connection", err.text);
		return false;
	}
	if (!ask_version(session))
		return false;
	session->engine->reachable = true;
	size_t first = session->facts->nnetworks;
	ask_info(session);
	bool containers = ask_containers(session);
	bool networks = ask_networks(session);
	for (size_t i = first; i < session->facts->nnetworks; i++)
		session->engine->swarm |= session->facts->networks[i].ingress;
	if (session->engine->swarm)
		ask_swarm(session);
	return containers && networks;
}

static void ask_engine(struct facts *facts, const char *socket_path)
{
	const char scheme[] = "unix://";
	struct session session = {.facts = facts};

	if (strncmp(socket_path, scheme, strlen(scheme)) == 0)
		socket_path += strlen(scheme);
	session.engine = arena_push(&facts->arena, &facts->engines, &facts->nengines,
		sizeof(*facts->engines));
	if (!session.engine)
		return;
	session.engine->socket = arena_strdup(&facts->arena, socket_path);
	session.engine->kind = "docker";
	if (session.engine->socket && !ask(&session))
		facts->docker_sockets_known = false;
	http_free(session.http);
}

/* /var/run is /run on most systems: the same socket by two names. */
static bool is_listed(const struct facts *facts, const struct stat *st)
{
	for (size_t i = 0; i < facts->nengines; i++) {
		struct stat other;

		if (stat(facts->engines[i].socket, &other) == 0 &&
			other.st_dev == st->st_dev && other.st_ino == st->st_ino)
			return true;
	}
	return false;
}

static void ask_default(struct facts *facts)
{
	for (size_t i = 0; i < ARRAY_LEN(default_sockets); i++) {
		glob_t found = {0};

		if (glob(default_sockets[i], 0, NULL, &found) == 0) {
			for (size_t k = 0; k < found.gl_pathc; k++) {
				struct stat st;

				if (stat(found.gl_pathv[k], &st) == 0 &&
					S_ISSOCK(st.st_mode) && !is_listed(facts, &st))
					ask_engine(facts, found.gl_pathv[k]);
			}
		}
		globfree(&found);
	}
}

void collect_engines(struct facts *facts, const struct collect_options *options)
{
	if (options->no_engine)
		return;
	facts->docker_sockets_known = true;
	for (size_t i = 0; i < options->nengines; i++)
		ask_engine(facts, options->engines[i]);
	if (!options->nengines)
		ask_default(facts);
}
