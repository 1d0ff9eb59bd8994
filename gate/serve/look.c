/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image has, by a container of gate's own that never runs. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/jsonw.h"
#include "gate/filter/names.h"
#include "gate/filter/objects.h"
#include "gate/filter/target.h"
#include "gate/serve/upstream.h"

/*
 * Never started: what it would run is of no interest, but there must be something. The
 * engine would copy what the image has in its VOLUMEs, which takes its time and room;
 * it makes none where something else is to be mounted.
 */
static char *body_of(const char *image_id, const struct gate_glimpse *glimpses,
	size_t n, struct arena *arena)
{
	/* Whoever's the image says that its containers are, this one is nobody's. */
	static const char *const labels[] = {
		GATE_LABEL_PREFIX "look", GATE_OWNER_LABEL, IMAGE_LABEL};
	struct jsonw out;
	size_t len;

	jsonw_init(&out, NULL, 0);
	jsonw_object_begin(&out);
	jsonw_member_string(&out, "Image", image_id);
	jsonw_member_array(&out, "Entrypoint");
	jsonw_string(&out, "/");
	jsonw_array_end(&out);
	jsonw_member_bool(&out, "NetworkDisabled", true);
	jsonw_member_object(&out, "Labels");
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		jsonw_member_string(&out, labels[i], "");
	jsonw_object_end(&out);
	jsonw_member_object(&out, "HostConfig");
	jsonw_member_string(&out, "NetworkMode", "none");
	jsonw_member_array(&out, "Mounts");
	for (size_t i = 0; i < n; i++) {
		if (!glimpses[i].is_volume)
			continue;
		jsonw_object_begin(&out);
		jsonw_member_string(&out, "Type", "tmpfs");
		jsonw_member_string(&out, "Target", glimpses[i].path);
		jsonw_object_end(&out);
	}
	jsonw_array_end(&out);
	jsonw_object_end(&out);
	jsonw_object_end(&out);
	const char *text = jsonw_text(&out, &len);
	char *body = text ? arena_strndup(arena, text, len) : NULL;
	jsonw_done(&out);
	return body;
}

static int make_container(const struct upstream *upstream, const char *api,
	const struct gate_looked *image, const char *body, struct arena *arena,
	const char **ret_id, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	const char *platform =
		image->platform ? target_encode(arena, image->platform) : "";
	struct gate_forward forward = {.method = "POST",
		.path = platform ? arena_printf(arena, "/v%s/containers/create%s%s",
					   api, *platform ? "?platform=" : "", platform)
				 : NULL,
		.content_type = "application/json",
		.body = body};
	struct gate_fact answer;

	if (!forward.path || !forward.body)
		return err_set(err, -ENOMEM, "out of memory");
	forward.body_len = strlen(forward.body);
	int rc = upstream_ask(upstream, &forward, 0, arena, &answer, err);
	if (rc < 0)
		return rc;
	if (answer.status != 201)
		return err_set(err, -EIO, "it answers %u to a create", answer.status);
	rc = json_doc_load_text("answer", answer.body, answer.len, NULL, &doc, err);
	if (rc < 0)
		return rc;
	const char *id = json_member_text(json_doc_root(doc), "Id", NULL);
	if (!id || !is_full_id(id))
		return err_set(err, -EPROTO, "its answer to a create lacks the id");
	*ret_id = arena_strdup(arena, id);
	return *ret_id ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* Of which one it was made. */
static int read_manifest(const struct upstream *upstream, const char *id,
	struct gate_looked *image, struct arena *arena, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	struct gate_forward forward = {.method = "GET"};
	struct gate_fact answer;

	if (!image->told_by)
		return 0;
	forward.path =
		arena_printf(arena, "/v%s/containers/%s/json", image->told_by, id);
	if (!forward.path)
		return err_set(err, -ENOMEM, "out of memory");
	int rc = upstream_ask(upstream, &forward, 0, arena, &answer, err);
	if (rc == 0)
		rc = json_doc_load_text(
			"answer", answer.body, answer.len, NULL, &doc, err);
	if (rc < 0)
		return rc;
	const char *digest =
		json_member_text(json_member_of(json_doc_root(doc),
					 "ImageManifestDescriptor", JSON_KIND_OBJECT),
			"digest", NULL);
	if (!digest || !is_image_id(digest))
		return err_set(err, -EPROTO, "it does not tell a container's manifest");
	image->manifest = arena_strdup(arena, digest);
	return image->manifest ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int glimpse(const struct upstream *upstream, const char *container,
	struct gate_glimpse *glimpse, struct arena *arena, struct err *err)
{
	const char *path = target_encode(arena, glimpse->path);
	/* For a tar the engine starts a process each time. */
	const struct gate_forward forward = {.method = glimpse->enough ? "GET" : "HEAD",
		.path = path ? arena_printf(
				       arena, "%s/archive?path=%s", container, path)
			     : NULL};

	if (!forward.path)
		return err_set(err, -ENOMEM, "out of memory");
	return upstream_ask(
		upstream, &forward, glimpse->enough, arena, &glimpse->fact, err);
}

int upstream_look(void *context, const char *api, struct gate_looked *image,
	struct gate_glimpse *glimpses, size_t n, struct arena *arena, struct err *err)
{
	struct upstream *upstream = context;
	const char *id = NULL, *container, *gone;
	struct err ignored;
	int rc = make_container(upstream, api, image,
		body_of(image->id, glimpses, n, arena), arena, &id, err);

	if (rc < 0)
		return rc;
	container = arena_printf(arena, "/v%s/containers/%s", api, id);
	gone = arena_printf(arena, "%s?v=1&force=1", container ? container : "");
	if (!container || !gone)
		return err_set(err, -ENOMEM, "out of memory");
	rc = read_manifest(upstream, id, image, arena, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = glimpse(upstream, container, &glimpses[i], arena, err);
	int removed = upstream_delete(upstream, gone, arena, rc < 0 ? &ignored : err);
	return rc < 0 ? rc : removed;
}
