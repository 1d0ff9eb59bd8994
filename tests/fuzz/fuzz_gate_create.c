/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a create's body: what goes on is confined, and reads back the same. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/jsonw.h"
#include "gate_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const char *text_of(const struct json_node *object, const char *key)
{
	const struct json_node *member = object ? json_member(object, key) : NULL;

	return member && member->kind == JSON_KIND_STRING ? member->string : "";
}

/* The one text of a list. */
static const char *only(const struct json_node *object, const char *key)
{
	const struct json_node *list = json_member(object, key);

	require(list && list->kind == JSON_KIND_ARRAY && list->count == 1);
	require(list->children[0].kind == JSON_KIND_STRING);
	return list->children[0].string;
}

static bool is_empty_list(const struct json_node *object, const char *key)
{
	const struct json_node *list = json_member(object, key);

	return !list || (list->kind == JSON_KIND_ARRAY && list->count == 0);
}

static bool is_below(const char *source, const char *pin)
{
	size_t len = strlen(pin);

	return strncmp(source, pin, len) == 0 && (!source[len] || source[len] == ':');
}

/* A ".." between the colons that stand for slashes. */
static bool has_dots(const char *source)
{
	for (const char *p = source; (p = strstr(p, ":..")) != NULL; p++) {
		if (p[3] == ':' || !p[3])
			return true;
	}
	return false;
}

static void check_mount(const struct json_node *mount)
{
	const char *type = text_of(mount, "Type"), *source = text_of(mount, "Source");

	if (strcmp(type, "bind") == 0) {
		require(is_below(source, GATE_PIN_DIR "/1000/rw/:srv:users:alice") ||
			is_below(source, GATE_PIN_DIR "/1000/rw/:srv:pool") ||
			is_below(source, GATE_PIN_DIR "/1000/ro/:srv:pool:frozen") ||
			is_below(source, GATE_PIN_DIR "/1000/ro/:srv:data"));
		require(!is_below(source, GATE_PIN_DIR "/1000/rw/:srv:pool:frozen"));
		require(!has_dots(source));
		require(strcmp(text_of(json_member(mount, "BindOptions"),
				       "Propagation"),
				"rprivate") == 0);
		return;
	}
	require(strcmp(type, "volume") == 0 || strcmp(type, "tmpfs") == 0);
	require(!strchr(source, '/') && strcmp(source, "bobs") != 0);
	require(!json_member(json_member(mount, "VolumeOptions"), "DriverConfig"));
}

/* Written without looking at the filter's tables: what must hold, whatever was asked.
 */
static void check_host_config(const struct json_node *config)
{
	static const char *const never[] = {"Annotations", "Runtime", "CgroupParent",
		"Cgroup", "Sysctls", "StorageOpt", "MaskedPaths", "ReadonlyPaths",
		"DeviceCgroupRules", "DeviceRequests", "Links", "OomKillDisable",
		"VolumeDriver", "Capabilities", "BlkioDeviceReadBps"};
	static const char *const namespaces[] = {"PidMode", "IpcMode", "UTSMode",
		"UsernsMode", "CgroupnsMode", "NetworkMode"};
	const struct json_node *mounts = json_member(config, "Mounts");
	const struct json_node *privileged = json_member(config, "Privileged");
	const struct json_node *added = json_member(config, "CapAdd");

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		require(!json_member(config, never[i]));
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(*namespaces); i++) {
		const char *mode = text_of(config, namespaces[i]);

		require(strcmp(mode, "host") != 0);
		require(strncmp(mode, "container:", 10) != 0 || mode[10] == '1');
	}
	require(strcmp(text_of(config, "CgroupnsMode"), "private") == 0);
	require(!privileged || !privileged->boolean);
	require(strcmp(only(config, "CapDrop"), "ALL") == 0);
	require(strcmp(only(config, "SecurityOpt"), "no-new-privileges:true") == 0);
	for (size_t i = 0; i < added->count; i++)
		require(strcmp(added->children[i].string, "NET_BIND_SERVICE") == 0);
	require(is_empty_list(config, "Binds"));
	for (size_t i = 0; mounts && i < mounts->count; i++)
		check_mount(&mounts->children[i]);
}

static void check_labels(const struct json_node *labels)
{
	size_t owners = 0;

	for (size_t i = 0; i < labels->count; i++)
		owners += strncmp(labels->children[i].key, "seawall.", 8) == 0;
	require(owners == 3);
	require(strcmp(text_of(labels, "seawall.looked"), "groups") == 0);
	require(strcmp(text_of(labels, "seawall.owner"), "1000") == 0);
	require(strncmp(text_of(labels, "seawall.image"), "sha256:", 7) == 0);
}

/* A pin's path back into the source that it stands for. */
static void write_text(const char *text, struct jsonw *out)
{
	static const char pins[] = GATE_PIN_DIR "/1000/";
	char *copy;

	if (strncmp(text, pins, sizeof(pins) - 1) != 0) {
		jsonw_string(out, text);
		return;
	}
	copy = strdup(text + sizeof(pins) - 1 + 3);
	require(copy);
	for (char *p = copy; *p; p++)
		*p = *p == ':' ? '/' : *p;
	jsonw_string(out, copy);
	free(copy);
}

/* The forwarded body as a caller could have asked for it: without gate's labels. */
static void write_asked(const struct json_node *node, struct jsonw *out)
{
	bool is_object = node->kind == JSON_KIND_OBJECT;

	if (node->kind == JSON_KIND_STRING) {
		write_text(node->string, out);
		return;
	}
	if (!is_object && node->kind != JSON_KIND_ARRAY) {
		json_node_write(node, out);
		return;
	}
	is_object ? jsonw_object_begin(out) : jsonw_array_begin(out);
	for (size_t i = 0; i < node->count; i++) {
		const struct json_node *child = &node->children[i];

		if (is_object && strncmp(child->key, "seawall.", 8) == 0)
			continue;
		if (is_object)
			jsonw_key(out, child->key);
		write_asked(child, out);
	}
	is_object ? jsonw_object_end(out) : jsonw_array_end(out);
}

static void ask(struct gate_fixture *fixture, const char *body, size_t len,
	struct gate_decision *ret_decision)
{
	static const char path[] = "/v1.41/containers/create?name=web";
	const struct gate_context context =
		gate_fixture_context(fixture, "alice", true);
	const struct gate_request request = {.method = "POST",
		.target = path,
		.target_len = sizeof(path) - 1,
		.content_type = "application/json",
		.has_body = len > 0,
		.body = body,
		.body_len = len};

	gate_filter(&context, &request, &fixture->arena, ret_decision);
}

static void check_allowed(
	struct gate_fixture *fixture, const struct gate_forward *forward)
{
	struct gate_decision again;
	struct json_doc *doc = NULL;
	struct jsonw asked;
	size_t len;

	require(json_doc_load_text("forward", forward->body, forward->body_len, NULL,
			&doc, NULL) == 0);
	const struct json_node *root = json_doc_root(doc);
	require(strcmp(text_of(root, "User"), "1000:1000") == 0);
	check_labels(json_member(root, "Labels"));
	check_host_config(json_member(root, "HostConfig"));
	jsonw_init(&asked, NULL, 0);
	write_asked(root, &asked);
	const char *text = jsonw_text(&asked, &len);
	ask(fixture, text, len, &again);
	require(again.verdict == GATE_ALLOW);
	require(again.forward.body_len == forward->body_len);
	require(memcmp(again.forward.body, forward->body, forward->body_len) == 0);
	jsonw_done(&asked);
	json_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gate_fixture fixture;
	struct gate_decision decision;
	char *body = malloc(size + 1);

	require(body);
	if (size)
		memcpy(body, data, size);
	if (!fixture.policy)
		gate_fixture_init(&fixture);
	arena_reset(&fixture.arena);
	ask(&fixture, body, size, &decision);
	require(decision.rule && decision.reason);
	if (decision.verdict == GATE_ALLOW)
		check_allowed(&fixture, &decision.forward);
	else
		require(!decision.forward.body && decision.status >= 400);
	free(body);
	return 0;
}
