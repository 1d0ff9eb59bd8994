/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every request that the engine knows, and what becomes of it. */
#include "gate/filter/route.h"

#include <string.h>

#include "common/cleanup.h"
#include "gate/filter/names.h"

static bool is_line(const char *text)
{
	return strlen(text) <= 4096;
}

/* A time as clients write it: seconds with a fraction, RFC 3339, or a duration. */
static bool is_time(const char *text)
{
	return strlen(text) <= 64 &&
	       !text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzTZ:.+-")];
}

static bool is_tail(const char *text)
{
	return !*text || strcmp(text, "all") == 0 || is_decimal(text);
}

static bool is_signal(const char *text)
{
	return strlen(text) <= 32 &&
	       !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789+-")];
}

static bool is_new_name_or_none(const char *text)
{
	return !*text || is_new_name(text);
}

/*
 * root runs ps with these words. Columns alone, or the two usual ways; the engine drops
 * other processes' lines.
 */
static bool is_ps_args(const char *text)
{
	static const char *const plain[] = {"", "-ef", "-aux", "aux", "-e", "-f"};
	static const char *const columns[] = {"-o ", "-eo ", "-o", "-eo"};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (strcmp(text, plain[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		size_t len = strlen(columns[i]);

		if (strncmp(text, columns[i], len) == 0 && text[len])
			return strlen(text) <= 256 &&
			       !text[len + strspn(text + len,
						   "abcdefghijklmnopqrstuvwxyz%,_")];
	}
	return false;
}

/* Names of other containers, as ways to ask whether they are there, are left out. */
static const char *const container_filters[] = {"ancestor", "exited", "expose",
	"health", "id", "is-task", "label", "name", "network", "publish", "status",
	"volume", NULL};
static const char *const image_filters[] = {
	"before", "dangling", "label", "reference", "since", "until", NULL};
static const char *const volume_filters[] = {
	"dangling", "driver", "label", "name", NULL};
static const char *const network_filters[] = {
	"dangling", "driver", "id", "label", "name", "scope", "type", NULL};
static const char *const event_filters[] = {"container", "event", "image", "label",
	"network", "scope", "type", "volume", NULL};
static const char *const prune_filters[] = {"label", "label!", "until", NULL};
static const char *const volume_prune_filters[] = {"all", "label", "label!", NULL};
static const char *const image_prune_filters[] = {
	"dangling", "label", "label!", "until", NULL};
static const char *const search_filters[] = {
	"is-automated", "is-official", "stars", NULL};
static const char *const conditions[] = {
	"", "next-exit", "not-running", "removed", NULL};
static const char *const scopes[] = {"", "local", "global", "swarm", NULL};

static const struct query_key events_query[] = {
	KEY_TEXT("since", is_time),
	KEY_TEXT("until", is_time),
	KEY_OWN_FILTERS(event_filters),
};
static const struct query_key containers_query[] = {
	KEY_BOOL("all"),
	KEY_INT("limit", -1, INT32_MAX),
	KEY_BOOL("size"),
	KEY_DROP("trunc_cmd"), /* of docker-py; of no meaning, as only_ids is */
	KEY_OWN_FILTERS(container_filters),
};
static const struct query_key create_query[] = {
	KEY_TEXT("name", is_new_name_or_none),
	KEY_TEXT("platform", is_platform),
};
static const struct query_key inspect_query[] = {
	KEY_BOOL("size"),
};
static const struct query_key top_query[] = {
	KEY_TEXT("ps_args", is_ps_args),
};
static const struct query_key logs_query[] = {
	KEY_BOOL("details"),
	KEY_BOOL("follow"),
	KEY_TEXT("since", is_time),
	KEY_BOOL("stderr"),
	KEY_BOOL("stdout"),
	KEY_TEXT("tail", is_tail),
	KEY_BOOL("timestamps"),
	KEY_TEXT("until", is_time),
};
static const struct query_key stats_query[] = {
	KEY_BOOL("one-shot"),
	KEY_BOOL("stream"),
};
static const struct query_key resize_query[] = {
	KEY_INT("h", 0, 65535),
	KEY_INT("w", 0, 65535),
};
/* Without "checkpoint" and "checkpoint-dir": root reads what they name. */
static const struct query_key start_query[] = {
	KEY_TEXT("detachKeys", is_line),
};
static const struct query_key stop_query[] = {
	KEY_TEXT("signal", is_signal),
	KEY_INT("t", -1, INT32_MAX),
};
static const struct query_key kill_query[] = {
	KEY_TEXT("signal", is_signal),
};
static const struct query_key rename_query[] = {
	KEY_TEXT("name", is_new_name),
};
static const struct query_key attach_query[] = {
	KEY_TEXT("detachKeys", is_line),
	KEY_BOOL("logs"),
	KEY_BOOL("stderr"),
	KEY_BOOL("stdin"),
	KEY_BOOL("stdout"),
	KEY_BOOL("stream"),
};
static const struct query_key wait_query[] = {
	KEY_WORDS("condition", conditions),
};
static const struct query_key remove_query[] = {
	KEY_BOOL("force"),
	KEY_OFF("link"),
	KEY_BOOL("v"),
};
static const struct query_key archive_get_query[] = {
	KEY_TEXT("path", is_line),
};
static const struct query_key archive_put_query[] = {
	KEY_BOOL("copyUIDGID"),
	KEY_BOOL("noOverwriteDirNonDir"),
	KEY_TEXT("path", is_line),
};
static const struct query_key prune_query[] = {
	KEY_OWN_FILTERS(prune_filters),
};
static const struct query_key commit_query[] = {
	KEY_TEXT("author", is_line),
	KEY_OFF("changes"), /* USER, VOLUME, ENV, LABEL of whoever runs it */
	KEY_TEXT("comment", is_line),
	KEY_TEXT("container", is_object_name),
	KEY_BOOL("pause"),
	KEY_TEXT("repo", is_line),
	KEY_TEXT("tag", is_line),
};
static const struct query_key images_query[] = {
	KEY_BOOL("all"),
	KEY_BOOL("digests"),
	KEY_FILTERS(image_filters),
	KEY_DROP("manifests"),
	KEY_DROP("only_ids"),
	KEY_BOOL("shared-size"),
};
static const struct query_key image_create_query[] = {
	KEY_OFF("changes"),
	KEY_TEXT("fromImage", is_line),
	KEY_TEXT("fromSrc", is_line),
	KEY_TEXT("message", is_line),
	KEY_TEXT("platform", is_platform),
	KEY_TEXT("repo", is_line),
	KEY_TEXT("tag", is_line),
};
static const struct query_key image_inspect_query[] = {
	KEY_DROP("manifests"),
	KEY_DROP("platform"),
};
static const struct query_key tag_query[] = {
	KEY_TEXT("repo", is_line),
	KEY_TEXT("tag", is_line),
};
static const struct query_key push_query[] = {
	KEY_DROP("platform"),
	KEY_TEXT("tag", is_line),
};
static const struct query_key image_remove_query[] = {
	KEY_BOOL("force"),
	KEY_BOOL("noprune"),
};
static const struct query_key save_query[] = {
	KEY_LIST("names", is_line),
	KEY_DROP("platform"),
};
static const struct query_key save_one_query[] = {
	KEY_DROP("platform"),
};
static const struct query_key load_query[] = {
	KEY_DROP("platform"),
	KEY_BOOL("quiet"),
};
static const struct query_key image_prune_query[] = {
	KEY_FILTERS(image_prune_filters),
};
static const struct query_key search_query[] = {
	KEY_FILTERS(search_filters),
	KEY_INT("limit", 1, 100),
	KEY_TEXT("term", is_line),
};
/* The classic builder. What is BuildKit's, or leaves the container's confines, is off.
 */
static const struct query_key build_query[] = {
	KEY_TEXT("buildargs", is_line),
	KEY_OFF("cachefrom"),
	KEY_OFF("cgroupparent"),
	KEY_INT("cpuperiod", 0, 1000000),
	KEY_INT("cpuquota", -1, INT64_MAX),
	KEY_TEXT("cpusetcpus", is_line),
	KEY_TEXT("cpusetmems", is_line),
	KEY_INT("cpushares", 0, 262144),
	KEY_TEXT("dockerfile", is_line),
	KEY_OFF("extrahosts"),
	KEY_BOOL("forcerm"),
	KEY_OFF("isolation"),
	KEY_TEXT("labels", is_line),
	KEY_INT("memory", 0, INT64_MAX),
	KEY_INT("memswap", -1, INT64_MAX),
	KEY_TEXT("networkmode", is_line),
	KEY_BOOL("nocache"),
	KEY_OFF("outputs"),
	KEY_TEXT("platform", is_platform),
	KEY_BOOL("pull"),
	KEY_BOOL("q"),
	KEY_OFF("remote"), /* root would fetch any URL */
	KEY_BOOL("rm"),
	KEY_OFF("securityopt"),
	KEY_OFF("session"),
	KEY_INT("shmsize", 0, INT64_MAX),
	KEY_BOOL("squash"),
	KEY_LIST("t", is_line),
	KEY_TEXT("target", is_line),
	KEY_OFF("ulimits"),
	KEY_INT("version", 1, 1),
};
static const struct query_key build_prune_query[] = {
	KEY_BOOL("all"),
	KEY_FILTERS(prune_filters),
	KEY_INT("keep-storage", 0, INT64_MAX),
};
static const struct query_key volumes_query[] = {
	KEY_OWN_FILTERS(volume_filters),
};
static const struct query_key volume_remove_query[] = {
	KEY_BOOL("force"),
};
static const struct query_key volume_prune_query[] = {
	KEY_OWN_FILTERS(volume_prune_filters),
};
static const struct query_key networks_query[] = {
	KEY_OWN_FILTERS(network_filters),
};
static const struct query_key network_inspect_query[] = {
	KEY_WORDS("scope", scopes),
	KEY_BOOL("verbose"),
};

#define ROUTE(verb, path, function, ...)                                   \
	{                                                                  \
		.method = (verb), .pattern = (path), .decide = (function), \
		##__VA_ARGS__                                              \
	}
#define Q(table) .query = (table), .nquery = ARRAY_LEN(table)
#define JSON	 .body = GATE_BODY_JSON
#define TAR	 .body = GATE_BODY_STREAM
#define STREAM	 .answer = GATE_ANSWER_STREAM
#define HIJACK	 .answer = GATE_ANSWER_HIJACK
#define NEEDS(x) .power = (x)

/* Those with "{*}" last among their like. */
static const struct route routes[] = {
	ROUTE("GET", "_ping", decide_nothing),
	ROUTE("HEAD", "_ping", decide_nothing),
	ROUTE("GET", "version", decide_nothing),
	ROUTE("GET", "info", decide_nothing),
	ROUTE("GET", "events", decide_nothing, Q(events_query), STREAM),
	ROUTE("GET", "system/df", decide_nothing, NEEDS(POWER_OTHERS), STREAM),
	ROUTE("POST", "auth", decide_auth, JSON),

	ROUTE("GET", "containers/json", decide_nothing, Q(containers_query)),
	ROUTE("POST", "containers/create", decide_container_create, Q(create_query),
		JSON),
	ROUTE("POST", "containers/prune", decide_container_prune, Q(prune_query),
		STREAM),
	ROUTE("GET", "containers/{}/json", decide_container_inspect, Q(inspect_query)),
	ROUTE("GET", "containers/{}/top", decide_container, Q(top_query)),
	ROUTE("GET", "containers/{}/logs", decide_container, Q(logs_query), STREAM),
	ROUTE("GET", "containers/{}/changes", decide_container_changes, STREAM),
	ROUTE("GET", "containers/{}/export", decide_container, STREAM),
	ROUTE("GET", "containers/{}/stats", decide_container, Q(stats_query), STREAM),
	ROUTE("POST", "containers/{}/resize", decide_container, Q(resize_query)),
	ROUTE("POST", "containers/{}/start", decide_container_start, Q(start_query),
		STREAM),
	ROUTE("POST", "containers/{}/stop", decide_container, Q(stop_query), STREAM),
	ROUTE("POST", "containers/{}/restart", decide_container_run, Q(stop_query),
		STREAM),
	ROUTE("POST", "containers/{}/kill", decide_container, Q(kill_query), STREAM),
	ROUTE("POST", "containers/{}/update", decide_container_update, JSON),
	ROUTE("POST", "containers/{}/rename", decide_container_rename, Q(rename_query)),
	ROUTE("POST", "containers/{}/pause", decide_container),
	ROUTE("POST", "containers/{}/unpause", decide_container_run),
	ROUTE("POST", "containers/{}/attach", decide_container_run, Q(attach_query),
		HIJACK),
	ROUTE("POST", "containers/{}/wait", decide_container, Q(wait_query), STREAM),
	ROUTE("DELETE", "containers/{}", decide_container, Q(remove_query), STREAM),
	ROUTE("HEAD", "containers/{}/archive", decide_container_archive,
		Q(archive_get_query)),
	ROUTE("GET", "containers/{}/archive", decide_container_archive,
		Q(archive_get_query), STREAM),
	ROUTE("PUT", "containers/{}/archive", decide_container_archive,
		Q(archive_put_query), TAR, STREAM),
	ROUTE("POST", "containers/{}/exec", decide_exec_create, JSON),
	ROUTE("POST", "exec/{}/start", decide_exec_start, JSON, HIJACK),
	ROUTE("POST", "exec/{}/resize", decide_exec, Q(resize_query)),
	ROUTE("GET", "exec/{}/json", decide_exec),
	ROUTE("POST", "commit", decide_commit, Q(commit_query), JSON, .optional = true,
		NEEDS(POWER_OTHERS), STREAM),

	ROUTE("GET", "images/json", decide_nothing, Q(images_query)),
	ROUTE("POST", "images/create", decide_image_create, Q(image_create_query), TAR,
		STREAM, .auth = true),
	ROUTE("GET", "images/search", decide_search, Q(search_query), .auth = true),
	ROUTE("GET", "images/get", decide_image_save, Q(save_query), STREAM),
	/* An archive says itself which names it gives its images, everybody's names. */
	ROUTE("POST", "images/load", decide_nothing, Q(load_query), TAR, STREAM,
		NEEDS(POWER_OTHERS)),
	ROUTE("POST", "images/prune", decide_nothing, Q(image_prune_query), STREAM,
		NEEDS(POWER_OTHERS)),
	ROUTE("GET", "images/{*}/json", decide_image_inspect, Q(image_inspect_query)),
	ROUTE("GET", "images/{*}/history", decide_image_inspect,
		Q(image_inspect_query)),
	ROUTE("GET", "images/{*}/get", decide_image_save, Q(save_one_query), STREAM),
	ROUTE("POST", "images/{*}/tag", decide_image_tag, Q(tag_query),
		NEEDS(POWER_OTHERS)),
	ROUTE("POST", "images/{*}/push", decide_image_push, Q(push_query), STREAM,
		NEEDS(POWER_OTHERS), .auth = true),
	ROUTE("DELETE", "images/{*}", decide_image, Q(image_remove_query), STREAM,
		NEEDS(POWER_OTHERS)),
	ROUTE("GET", "distribution/{*}/json", decide_distribution, .auth = true),
	ROUTE("POST", "build", decide_build, Q(build_query), TAR, STREAM,
		NEEDS(POWER_BUILD), .auth = true),
	ROUTE("POST", "build/prune", decide_nothing, Q(build_prune_query), STREAM,
		NEEDS(POWER_OTHERS)),

	ROUTE("GET", "volumes", decide_nothing, Q(volumes_query)),
	ROUTE("POST", "volumes/create", decide_volume_create, JSON),
	ROUTE("POST", "volumes/prune", decide_volume_prune, Q(volume_prune_query),
		STREAM),
	ROUTE("GET", "volumes/{}", decide_volume),
	ROUTE("DELETE", "volumes/{}", decide_volume, Q(volume_remove_query)),

	ROUTE("GET", "networks", decide_nothing, Q(networks_query)),
	ROUTE("POST", "networks/create", decide_network_create, JSON),
	ROUTE("POST", "networks/prune", decide_nothing, Q(prune_query), STREAM),
	ROUTE("GET", "networks/{}", decide_network_inspect, Q(network_inspect_query)),
	ROUTE("DELETE", "networks/{}", decide_network_remove),
	ROUTE("POST", "networks/{}/connect", decide_network_connect, JSON),
	ROUTE("POST", "networks/{}/disconnect", decide_network_disconnect, JSON),
};

static const char no_swarm[] = "gate does not serve the swarm API: its tasks run as "
			       "root on any node, and its tokens join them";
static const char no_plugins[] = "gate does not serve plugins: they are programs that "
				 "root runs";
static const char no_buildkit[] =
	"BuildKit's streams cannot be looked into: build with "
	"DOCKER_BUILDKIT=0";

/* What engines have and gate does not; by how the path begins. */
static const struct {
	const char *pattern, *reason;
} refused[] = {
	{"swarm", no_swarm},
	{"nodes", no_swarm},
	{"services", no_swarm},
	{"tasks", no_swarm},
	{"secrets", no_swarm},
	{"configs", no_swarm},
	{"plugins", no_plugins},
	{"session", no_buildkit},
	{"grpc", no_buildkit},
	{"moby.buildkit.v1.Control", no_buildkit},
	{"build/cancel", no_buildkit},
	{"debug", "gate does not serve the engine's profiler"},
	{"containers/{}/checkpoints",
		"checkpoints are directories that root makes and reads: gate does not "
		"serve them"},
	{"containers/{}/attach/ws", "gate does not serve websockets: use attach"},
	{"containers/{}/copy",
		"use archive instead of copy, which engines have no more"},
};

/* Whether segments from @from on are those of @pattern; @exact: and no more. */
static bool segments_match(const struct target *target, const char *pattern, bool exact)
{
	size_t i = 0;

	for (; *pattern; i++) {
		size_t len = strcspn(pattern, "/");
		const char *segment =
			i < target->nsegments ? target->segments[i] : NULL;

		if (!segment)
			return false;
		if (!(len == 2 && strncmp(pattern, "{}", 2) == 0) &&
			(strlen(segment) != len || strncmp(pattern, segment, len) != 0))
			return false;
		pattern += len + (pattern[len] == '/');
	}
	return !exact || i == target->nsegments;
}

/* The parameter of a pattern with one "{}": where it stands, or nsegments. */
static size_t param_at(const char *pattern)
{
	size_t at = 0;

	for (const char *p = pattern; *p && *p != '{'; p++)
		at += *p == '/';
	return at;
}

static const char *join_segments(
	const struct target *target, size_t from, size_t to, struct arena *arena)
{
	const char *text = target->segments[from];

	for (size_t i = from + 1; text && i < to; i++)
		text = arena_printf(arena, "%s/%s", text, target->segments[i]);
	return text;
}

/* "images/{*}/json": one segment before, one or none behind. */
static bool wild_match(const struct target *target, const char *pattern,
	struct arena *arena, const char **ret_param)
{
	const char *star = strstr(pattern, "{*}");
	const char *tail = star[3] ? star + 4 : NULL;
	size_t head_len = (size_t)(star - pattern) - 1;
	size_t end = target->nsegments - (tail ? 1 : 0);

	if (target->nsegments < (tail ? 3 : 2) ||
		strlen(target->segments[0]) != head_len ||
		strncmp(target->segments[0], pattern, head_len) != 0 ||
		(tail && strcmp(target->segments[end], tail) != 0))
		return false;
	*ret_param = join_segments(target, 1, end, arena);
	return true;
}

const struct route *route_find(const char *method, const struct target *target,
	struct arena *arena, const char **ret_param, bool *ret_exists)
{
	*ret_exists = false;
	*ret_param = NULL;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *route = &routes[i];
		bool wild = strstr(route->pattern, "{*}") != NULL;

		if (wild ? !wild_match(target, route->pattern, arena, ret_param)
			 : !segments_match(target, route->pattern, true))
			continue;
		*ret_exists = true;
		if (strcmp(route->method, method) != 0)
			continue;
		if (!wild && strchr(route->pattern, '{'))
			*ret_param = target->segments[param_at(route->pattern)];
		return route;
	}
	return NULL;
}

const struct route *route_at(size_t i)
{
	return i < ARRAY_LEN(routes) ? &routes[i] : NULL;
}

const char *route_refused(const struct target *target)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (segments_match(target, refused[i].pattern, false))
			return refused[i].reason;
	}
	return NULL;
}
