/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests about images and registries. */
#include <errno.h>
#include <string.h>

#include "gate/filter/labels.h"
#include "gate/filter/objects.h"
#include "gate/filter/route.h"

static int parse_name(struct work *work, const char *text, struct reference *reference)
{
	if (reference_parse(work->arena, text, reference))
		return 0;
	return refuse(work, 400, "object-name", "'%s' is no name of an image",
		shown(work, text));
}

/* Only with `others`, as the route says: one name is everybody's. */
int decide_image(struct work *work)
{
	struct object image;

	if (object_image(work, work->param, &image) < 0)
		return -EACCES;
	work->decision->image = work->param;
	return 0;
}

/*
 * Another user's images may hold what he would not show, and what root built past gate
 * or pulled with credentials of his own is nobody's whose profile does not name it.
 */
static int usable_image(struct work *work, const char *name, struct object *image)
{
	if (object_image(work, name, image) < 0)
		return -EACCES;
	work->decision->image = name;
	if (image->existence == OBJECT_ABSENT)
		return refuse(work, 404, "object-absent", "No such image: %s",
			shown(work, name));
	/* Whether he built it, nobody says without an engine. */
	if (image->existence == OBJECT_UNSEEN ? has_power(work, POWER_OTHERS) ||
							image_text_granted(work, name)
					      : image_shown(work, image))
		return 0;
	if (image->existence == OBJECT_PRESENT && !image->mine)
		return refuse(work, 404, "image-others",
			"No such image: %s (or it is not yours)", shown(work, name));
	return refuse(work, 404, "image-not-granted",
		"No such image: %s (or it is not among the profile's \"images\")",
		shown(work, name));
}

int decide_image_inspect(struct work *work)
{
	struct object image;

	return usable_image(work, work->param, &image);
}

/* As image_alone(), of what he may see. */
static int alone(struct work *work, const char *name, const char **ret_text)
{
	struct object image;

	if (usable_image(work, name, &image) < 0)
		return -EACCES;
	*ret_text = image_alone(work, name, &image);
	return *ret_text ? 0 : -EACCES;
}

int decide_image_save(struct work *work)
{
	const char *names = NULL, *text;
	char *rest, *name;

	if (work->param)
		return alone(work, work->param, &work->param);
	rest = arena_strdup(work->arena, query_value(work, "names"));
	if (!rest)
		return refuse(work, 400, "query-value", "the query names no image");
	while ((name = strsep(&rest, "\n")) != NULL) {
		if (alone(work, name, &text) < 0)
			return -EACCES;
		names = names ? arena_printf(work->arena, "%s\n%s", names, text) : text;
	}
	query_set(work, "names", names);
	return names ? 0 : refuse_memory(work);
}

static bool is_digest(const char *tag)
{
	return tag && is_image_id(tag);
}

/* What is pulled, of "fromImage" and "tag", which may be a digest. */
static int pulled_name(struct work *work, const char *image, const char *tag,
	struct reference *reference)
{
	const char *text = image;

	if (tag && *tag)
		text = arena_printf(
			work->arena, "%s%c%s", image, is_digest(tag) ? '@' : ':', tag);
	if (!text)
		return refuse_memory(work);
	work->decision->image = text;
	if (parse_name(work, text, reference) < 0)
		return -EACCES;
	return image_granted(work, reference) ? 0 : image_refuse(work, text);
}

/* "redis" without a tag: the engine would pull whatever tags there are. */
static bool is_all_tags(const char *image, const char *tag)
{
	const char *slash = strrchr(image, '/');

	return !(tag && *tag) && !strchr(slash ? slash : image, ':') &&
	       !strchr(image, '@');
}

/*
 * A name that others trust must not come to mean something else: what was made here may
 * be called like what anybody can put into a registry.
 */
static int check_pulled_name(
	struct work *work, const char *name, const struct reference *reference)
{
	struct object image;

	if (has_power(work, POWER_OTHERS) || reference->digest)
		return 0;
	if (object_image(work, name, &image) < 0)
		return -EACCES;
	if (image.existence != OBJECT_PRESENT ||
		(image_was_built(&image) ? image.mine
					 : image_was_pulled(work, &image, reference)))
		return 0;
	return refuse(work, 403, "pull-name",
		"the name '%s' is that of an image which did not come from there and "
		"which you did not build: it needs \"others\"",
		shown(work, name));
}

int decide_image_create(struct work *work)
{
	const char *image = query_value(work, "fromImage");
	const char *source = query_value(work, "fromSrc");
	struct reference reference;

	if (source && *source) {
		if (!has_power(work, POWER_OTHERS) || strcmp(source, "-") != 0)
			return refuse(work, 403, "image-import",
				"an import needs \"others\" in the profile, and no URL "
				"as its source");
		query_set(work, "fromImage", NULL);
		return 0;
	}
	if (!image || !*image)
		return refuse(work, 400, "query-value", "the query names no image");
	if (work->request->has_body)
		return refuse(work, 400, "body-unexpected", "a pull has no body");
	work->decision->forward.body_kind = GATE_BODY_NONE;
	query_set(work, "fromSrc", NULL);
	query_set(work, "repo", NULL);
	query_set(work, "message", NULL);
	if (pulled_name(work, image, query_value(work, "tag"), &reference) < 0)
		return -EACCES;
	if (is_all_tags(image, query_value(work, "tag")) &&
		!has_power(work, POWER_OTHERS))
		return refuse(work, 403, "pull-all-tags",
			"without a tag all of '%s' would be pulled, over what has "
			"those names here: it needs \"others\"",
			shown(work, image));
	return check_pulled_name(work, work->decision->image, &reference);
}

static int check_registry(struct work *work, const char *address)
{
	static const char *const schemes[] = {"https://", "http://"};
	char *host = arena_strdup(work->arena, address);

	if (!host)
		return refuse_memory(work);
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (strncmp(host, schemes[i], strlen(schemes[i])) == 0)
			host += strlen(schemes[i]);
	}
	host[strcspn(host, "/")] = '\0';
	if (!*host || strcmp(host, "index.docker.io") == 0)
		host = arena_strdup(work->arena, "docker.io");
	/* Of other bytes the engine might make another host: "evil.net?.example.org".
	 */
	if (!host ||
		host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-.:[]")] ||
		!registry_granted(work, host))
		return refuse(work, 403, "registry-not-granted",
			"no image of the registry '%s' is among the profile's "
			"\"images\"",
			shown(work, address));
	return 0;
}

int decide_search(struct work *work)
{
	const char *term = query_value(work, "term");
	struct reference reference;

	if (!term || !*term)
		return refuse(work, 400, "query-value", "the query lacks a term");
	/* The engine asks the registry that a name would come from. */
	if (strchr(term, '/'))
		return parse_name(work, term, &reference) < 0
			       ? -EACCES
			       : check_registry(work, reference.domain);
	return check_registry(work, "docker.io");
}

static const struct field auth_rows[] = {
	ROW_ALLOW("username", TEXT),
	ROW_ALLOW("password", TEXT),
	ROW_ALLOW("auth", TEXT),
	ROW_ALLOW("email", TEXT),
	ROW_ALLOW("serveraddress", WORD),
	ROW_ALLOW("identitytoken", TEXT),
	ROW_ALLOW("registrytoken", TEXT),
};
static const struct fields auth_table = FIELDS("auth", auth_rows);

int decide_auth(struct work *work)
{
	const struct json_node *root = json_doc_root(work->body);
	const struct json_node *address = json_member(root, "serveraddress");
	struct jsonw *out = work_out(work);

	jsonw_object_begin(out);
	int rc = fields_apply(work, &auth_table, root, out);
	jsonw_object_end(out);
	if (rc < 0)
		return rc;
	return check_registry(work,
		address && address->kind == JSON_KIND_STRING ? address->string : "");
}

int decide_distribution(struct work *work)
{
	struct reference reference;

	if (parse_name(work, work->param, &reference) < 0)
		return -EACCES;
	work->decision->image = work->param;
	return image_granted(work, &reference) ? 0 : image_refuse(work, work->param);
}

int decide_image_push(struct work *work)
{
	const char *tag = query_value(work, "tag");
	struct reference reference;

	return pulled_name(work, work->param, tag, &reference);
}

int decide_image_tag(struct work *work)
{
	const char *repo = query_value(work, "repo"), *tag = query_value(work, "tag");
	struct reference reference;

	if (!repo || !*repo)
		return refuse(work, 400, "query-value", "the query lacks the new name");
	if (decide_image(work) < 0)
		return -EACCES;
	return pulled_name(work, repo, tag, &reference);
}

static int check_target_name(struct work *work, const char *name)
{
	struct reference reference;
	struct object image;

	if (!*name)
		return 0;
	if (parse_name(work, name, &reference) < 0 ||
		object_image(work, name, &image) < 0)
		return -EACCES;
	if (has_power(work, POWER_OTHERS))
		return 0;
	if (!image_granted(work, &reference))
		return image_refuse(work, name);
	/* A name that others trust must not come to mean something else. */
	if (image.existence == OBJECT_PRESENT &&
		(!image.mine || !image_was_built(&image)))
		return refuse(work, 403, "build-name",
			"the name '%s' is that of an image which you did not build: it "
			"needs \"others\"",
			shown(work, name));
	return 0;
}

/* JSON of texts; NULL: empty. */
static int build_map(struct work *work, const char *key, struct json_doc **ret_doc)
{
	const char *text = query_value(work, key);
	const struct json_node *root;
	struct err err = {0};

	*ret_doc = NULL;
	if (!text || !*text || strcmp(text, "null") == 0)
		return 0;
	if (json_doc_load_text(key, text, strlen(text), NULL, ret_doc, &err) < 0)
		return refuse(work, 400, "query-value", "%s", shown(work, err.text));
	root = json_doc_root(*ret_doc);
	if (root->kind != JSON_KIND_OBJECT || root->count > WORK_MAX_ITEMS)
		return refuse(work, 400, "query-value",
			"the query's %s must be a JSON object", key);
	for (size_t i = 0; i < root->count; i++) {
		enum json_kind kind = root->children[i].kind;

		if (kind != JSON_KIND_STRING &&
			!(kind == JSON_KIND_NULL && strcmp(key, "buildargs") == 0))
			return refuse(work, 400, "query-value",
				"the query's %s must hold texts", key);
	}
	return 0;
}

static int set_json(struct work *work, const char *key, struct jsonw *out)
{
	size_t len;
	const char *text = jsonw_text(out, &len);
	const char *copy = text ? arena_strndup(work->arena, text, len) : NULL;

	query_set(work, key, copy);
	return copy ? 0 : refuse_memory(work);
}

static int build_args(struct work *work)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	struct jsonw out;

	if (build_map(work, "buildargs", &doc) < 0)
		return -EACCES;
	query_set(work, "buildargs", NULL);
	if (!doc)
		return 0;
	jsonw_init(&out, NULL, 0);
	json_node_write(json_doc_root(doc), &out);
	int rc = set_json(work, "buildargs", &out);
	jsonw_done(&out);
	return rc;
}

/* The builder puts these after the Dockerfile's own: they win. */
static int build_labels(struct work *work)
{
	static const struct field field = {.key = "labels"};
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	struct jsonw out;

	if (build_map(work, "labels", &doc) < 0)
		return -EACCES;
	jsonw_init(&out, NULL, 0);
	jsonw_object_begin(&out);
	work->prefix = "build";
	int rc = write_labels(work, &field, doc ? json_doc_root(doc) : NULL, &out);
	jsonw_member_string(&out, BUILDER_LABEL,
		arena_printf(work->arena, "%u", work->caller->user.uid));
	jsonw_object_end(&out);
	if (rc == 0)
		rc = set_json(work, "labels", &out);
	jsonw_done(&out);
	return rc;
}

int decide_build(struct work *work)
{
	static const char *const modes[] = {"", "default", "bridge", "none"};
	const char *mode = query_value(work, "networkmode");
	char *rest = arena_strdup(work->arena, query_value(work, "t")), *name;
	bool fine = !mode;

	for (size_t i = 0; mode && i < ARRAY_LEN(modes); i++)
		fine |= strcmp(mode, modes[i]) == 0;
	if (!fine)
		return refuse(work, 403, "build-networkmode",
			"a build's network is 'default' or 'none', not '%s'",
			shown(work, mode));
	while ((name = strsep(&rest, "\n")) != NULL) {
		if (check_target_name(work, name) < 0)
			return -EACCES;
	}
	if (build_args(work) < 0 || build_labels(work) < 0)
		return -EACCES;
	query_set(work, "version", "1"); /* the classic builder */
	return 0;
}
