/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's objects: which one a name means, and whose it is. */
#include "gate/filter/objects.h"

#include <errno.h>
#include <string.h>

#include "common/glob.h"

static const char *uid_text(struct work *work)
{
	const char *text = arena_printf(work->arena, "%u", work->caller->user.uid);

	return text ? text : "";
}

static bool is_label(const struct object *object, const char *key, const char *wanted)
{
	const char *value = json_member_text(object->labels, key, NULL);

	return value && *wanted && strcmp(value, wanted) == 0;
}

static bool has_label(const struct object *object, const char *key)
{
	return json_member(object->labels, key) != NULL;
}

void write_owner(struct work *work, struct jsonw *out)
{
	jsonw_member_string(out, GATE_OWNER_LABEL, uid_text(work));
}

const char *owner_filter(struct work *work)
{
	return arena_printf(
		work->arena, GATE_OWNER_LABEL "=%u", work->caller->user.uid);
}

static int refuse_name(struct work *work, const char *kind, const char *name)
{
	return refuse(work, 400, "object-name", "'%s' is no name or id of %s",
		shown(work, name), kind);
}

/* What a name means as long as nobody was asked, also when it is refused. */
static struct object unseen(const char *name)
{
	return (struct object){.existence = OBJECT_UNSEEN, .id = name};
}

/* Absent or present; @root stays NULL when there is nobody to ask. */
static int look_up(struct work *work, const char *path, struct object *object)
{
	if (!has_engine(work))
		return 0;
	if (work_fact(work, path, &object->root) < 0)
		return -EACCES;
	object->existence = object->root ? OBJECT_PRESENT : OBJECT_ABSENT;
	return 0;
}

static int refuse_answer(struct work *work, const char *name)
{
	return refuse(work, 502, "engine-answer",
		"the engine's answer about '%s' lacks its id", shown(work, name));
}

/* Absent and null is none. */
static int read_object(const struct json_node *holder, const char *key,
	const struct json_node **ret_object)
{
	const struct json_node *member = json_member(holder, key);
	bool is_none = !member || member->kind == JSON_KIND_NULL;

	*ret_object = is_none ? NULL : member;
	return is_none || member->kind == JSON_KIND_OBJECT ? 0 : -EACCES;
}

/* @configured: the labels are in its configuration. */
static int labels_of(
	struct work *work, const char *name, bool configured, struct object *object)
{
	const struct json_node *holder = object->root, *labels = NULL;

	if ((configured && read_object(holder, "Config", &holder) < 0) ||
		read_object(holder, "Labels", &labels) < 0) {
		*object = unseen(name);
		return refuse(work, 502, "engine-answer",
			"the engine's answer about '%s' is not understood: its Labels",
			shown(work, name));
	}
	object->labels = labels;
	return 0;
}

int object_container(struct work *work, const char *name, struct object *ret_object)
{
	*ret_object = unseen(name);
	if (!is_object_name(name))
		return refuse_name(work, "a container", name);
	if (look_up(work, arena_printf(work->arena, "containers/%s/json", name),
		    ret_object) < 0)
		return -EACCES;
	if (ret_object->existence != OBJECT_PRESENT)
		return 0;
	const char *image = json_member_text(ret_object->root, "Image", NULL);
	ret_object->id = json_member_text(ret_object->root, "Id", NULL);
	if (!ret_object->id || !is_full_id(ret_object->id))
		return refuse_answer(work, name);
	if (labels_of(work, name, true, ret_object) < 0)
		return -EACCES;
	ret_object->mine = image && is_label(ret_object, IMAGE_LABEL, image) &&
			   is_label(ret_object, GATE_OWNER_LABEL, uid_text(work));
	return 0;
}

int object_image(struct work *work, const char *name, struct object *ret_object)
{
	struct reference reference;

	*ret_object = unseen(name);
	if (!is_image_id(name) && !is_full_id(name) &&
		!reference_parse(work->arena, name, &reference))
		return refuse_name(work, "an image", name);
	if (look_up(work, arena_printf(work->arena, "images/%s/json", name),
		    ret_object) < 0)
		return -EACCES;
	if (ret_object->existence != OBJECT_PRESENT)
		return 0;
	ret_object->id = json_member_text(ret_object->root, "Id", NULL);
	if (!ret_object->id || !is_image_id(ret_object->id))
		return refuse_answer(work, name);
	if (labels_of(work, name, true, ret_object) < 0)
		return -EACCES;
	/* What nobody built through gate came from a registry: everybody's. */
	ret_object->mine = !has_label(ret_object, BUILDER_LABEL) ||
			   is_label(ret_object, BUILDER_LABEL, uid_text(work));
	return 0;
}

int object_volume(struct work *work, const char *name, struct object *ret_object)
{
	*ret_object = unseen(name);
	if (!is_object_name(name))
		return refuse_name(work, "a volume", name);
	if (look_up(work, arena_printf(work->arena, "volumes/%s", name), ret_object) <
		0)
		return -EACCES;
	if (ret_object->existence != OBJECT_PRESENT)
		return 0;
	const char *is = json_member_text(ret_object->root, "Name", NULL);
	if (!is || strcmp(is, name) != 0)
		return refuse_answer(work, name);
	if (labels_of(work, name, false, ret_object) < 0)
		return -EACCES;
	ret_object->mine = is_label(ret_object, GATE_OWNER_LABEL, uid_text(work));
	return 0;
}

int object_network(struct work *work, const char *name, struct object *ret_object)
{
	*ret_object = unseen(name);
	if (!is_object_name(name))
		return refuse_name(work, "a network", name);
	if (look_up(work, arena_printf(work->arena, "networks/%s", name), ret_object) <
		0)
		return -EACCES;
	if (ret_object->existence != OBJECT_PRESENT)
		return 0;
	ret_object->id = json_member_text(ret_object->root, "Id", NULL);
	if (!ret_object->id || !is_full_id(ret_object->id))
		return refuse_answer(work, name);
	if (labels_of(work, name, false, ret_object) < 0)
		return -EACCES;
	ret_object->mine = is_label(ret_object, GATE_OWNER_LABEL, uid_text(work));
	return 0;
}

int container_own(struct work *work, const char *name, struct object *ret_object)
{
	if (object_container(work, name, ret_object) < 0)
		return -EACCES;
	if (ret_object->existence == OBJECT_ABSENT)
		return refuse(work, 404, "object-absent", "No such container: %s",
			shown(work, name));
	if (ret_object->mine || has_power(work, POWER_OTHERS))
		return 0;
	if (ret_object->existence == OBJECT_UNSEEN)
		return refuse(work, 403, "object-unseen",
			"whose container '%s' is cannot be told without an engine",
			shown(work, name));
	return refuse(work, 403, "container-others",
		"the container '%s' is not yours, and the profile has no \"others\"",
		shown(work, name));
}

/* 64 random digits. */
bool volume_is_anonymous(const struct object *volume)
{
	return is_full_id(volume->id) && !has_label(volume, GATE_OWNER_LABEL);
}

int volume_usable(struct work *work, const struct object *volume)
{
	const struct json_node *options;
	const char *driver;

	if (volume->existence != OBJECT_PRESENT)
		return 0;
	driver = json_member_text(volume->root, "Driver", NULL);
	options = json_member(volume->root, "Options");
	if (!has_power(work, POWER_PRIVILEGED) &&
		(!driver || strcmp(driver, "local") != 0 ||
			(options && options->kind != JSON_KIND_NULL &&
				(options->kind != JSON_KIND_OBJECT ||
					options->count > 0))))
		return refuse(work, 403, "volume-options",
			"the volume '%s' has a driver or options that can mount "
			"anything of the host: it needs \"privileged\"",
			shown(work, volume->id));
	/* Its name cannot be known before the container's own creation. */
	if (volume->mine || (work->judging && volume_is_anonymous(volume)) ||
		has_power(work, POWER_OTHERS))
		return 0;
	return refuse(work, 403, "volume-others",
		"the volume '%s' is not yours, and the profile has no \"others\"",
		shown(work, volume->id));
}

static bool is_named(const struct work *work, const char *name)
{
	const struct text_list *networks = &work->profile->networks;

	return name && (text_list_has(networks, "*") || text_list_has(networks, name));
}

/*
 * Such as callers can make: other drivers and options reach into the host's network, so
 * that no port need be published to be reached. A caller has such a network when he
 * made it while he was elevated.
 */
static bool is_confined(const struct object *network)
{
	const char *driver = json_member_text(network->root, "Driver", NULL);
	const struct json_node *options =
		json_member_of(network->root, "Options", JSON_KIND_OBJECT);

	if (!driver || strcmp(driver, "bridge") != 0)
		return false;
	for (size_t i = 0; options && i < options->count; i++) {
		if (strcmp(options->children[i].key, NETWORK_MTU) != 0)
			return false;
	}
	return true;
}

static int judge_network(
	struct work *work, const char *name, const struct object *network)
{
	const char *driver = json_member_text(network->root, "Driver", NULL);
	bool named = is_named(work, json_member_text(network->root, "Name", NULL)) &&
		     !has_label(network, GATE_OWNER_LABEL);
	bool mine = network->mine || (has_power(work, POWER_OTHERS) &&
					     has_label(network, GATE_OWNER_LABEL));

	if ((!driver || strcmp(driver, "host") == 0) && !has_power(work, POWER_HOST))
		return refuse(work, 403, "network-host",
			"the network '%s' is the host's: it needs \"host_namespaces\"",
			shown(work, name));
	if (named)
		return 0;
	if (!mine)
		return refuse(work, 403, "network-others",
			"the network '%s' is neither yours nor among the profile's "
			"\"networks\"",
			shown(work, name));
	if (!is_confined(network) && !has_power(work, POWER_HOST))
		return refuse(work, 403, "network-unconfined",
			"the network '%s' has a driver or options that reach into the "
			"host's network: it needs \"host_namespaces\"",
			shown(work, name));
	return 0;
}

int network_usable(struct work *work, const char *name, const char **ret_id)
{
	struct object network;

	if (object_network(work, name, &network) < 0)
		return -EACCES;
	*ret_id = network.id;
	if (network.existence == OBJECT_ABSENT)
		return refuse(work, 404, "object-absent", "No such network: %s",
			shown(work, name));
	if (network.existence == OBJECT_PRESENT)
		return judge_network(work, name, &network);
	if (is_named(work, name) || has_power(work, POWER_OTHERS))
		return 0;
	return refuse(work, 403, "object-unseen",
		"whose network '%s' is cannot be told without an engine",
		shown(work, name));
}

bool image_was_built(const struct object *image)
{
	return has_label(image, BUILDER_LABEL);
}

bool image_was_pulled(
	struct work *work, const struct object *image, const struct reference *name)
{
	const struct json_node *list =
		json_member_of(image->root, "RepoDigests", JSON_KIND_ARRAY);

	for (size_t i = 0; list && i < list->count; i++) {
		struct reference is;

		if (list->children[i].kind == JSON_KIND_STRING &&
			reference_parse(work->arena, list->children[i].string, &is) &&
			strcmp(is.domain, name->domain) == 0 &&
			strcmp(is.path, name->path) == 0)
			return true;
	}
	return false;
}

/*
 * Which registries a pattern is about, a pattern itself: a '*' takes any '/', so that
 * "*.example.org/team" would mean "elsewhere.net/a.example.org/team", too, and "team*"
 * "team.elsewhere.net/x". What could be no registry begins a name of docker.io's, as in
 * references; a '*' alone is all of them. NULL: out of memory, and refused.
 */
static const char *registries_of(struct work *work, const char *pattern)
{
	size_t len = strcspn(pattern, "/");
	char *head = arena_strndup(work->arena, pattern, len);

	if (!head) {
		(void)refuse_memory(work);
		return NULL;
	}
	if (strcmp(head, "*") == 0 ||
		(pattern[len] &&
			(strpbrk(head, ".:") || strcmp(head, "localhost") == 0)))
		return head;
	return "docker.io";
}

static bool is_of_registry(struct work *work, const char *pattern, const char *registry)
{
	const char *registries = registries_of(work, pattern);

	return registries && glob_is_valid(registries) &&
	       glob_match(registries, registry);
}

bool registry_granted(struct work *work, const char *host)
{
	const struct text_list *images = &work->profile->images;

	for (size_t i = 0; i < images->n; i++) {
		if (is_of_registry(work, images->items[i], host))
			return true;
	}
	return false;
}

static bool image_matches(
	struct work *work, const char *text, const struct reference *reference)
{
	const struct text_list *images = &work->profile->images;

	for (size_t i = 0; i < images->n; i++) {
		if (glob_match(images->items[i], text) &&
			is_of_registry(work, images->items[i], reference->domain))
			return true;
	}
	return false;
}

bool image_granted(struct work *work, const struct reference *reference)
{
	for (int form = 0; form < 4; form++) {
		bool tagged = form & 1;
		const char *text =
			form < 2 ? reference_text(work->arena, reference, tagged)
				 : reference_short(work->arena, reference, tagged);

		if (text && image_matches(work, text, reference))
			return true;
	}
	return false;
}

/* Whether @name, one of an image's, is @reference (NULL: whether it is granted). */
static bool name_answers(
	struct work *work, const struct json_node *name, const struct reference *wanted)
{
	struct reference is;

	if (name->kind != JSON_KIND_STRING ||
		!reference_parse(work->arena, name->string, &is))
		return false;
	if (!wanted)
		return image_granted(work, &is);
	if (strcmp(is.domain, wanted->domain) != 0 ||
		strcmp(is.path, wanted->path) != 0)
		return false;
	/* With both, the engine looks at the digest alone. */
	if (wanted->digest)
		return is.digest && strcmp(is.digest, wanted->digest) == 0;
	return is.tag && wanted->tag && strcmp(is.tag, wanted->tag) == 0;
}

static bool names_answer(
	struct work *work, const struct json_node *root, const struct reference *wanted)
{
	static const char *const keys[] = {"RepoTags", "RepoDigests"};

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		const struct json_node *list = json_member(root, keys[k]);

		for (size_t i = 0;
			list && list->kind == JSON_KIND_ARRAY && i < list->count; i++) {
			if (name_answers(work, &list->children[i], wanted))
				return true;
		}
	}
	return false;
}

int image_refuse(struct work *work, const char *text)
{
	return refuse(work, 403, "image-not-granted",
		"the image '%s' is not among the profile's \"images\"",
		shown(work, text));
}

bool image_shown(struct work *work, const struct object *image)
{
	if (has_power(work, POWER_OTHERS))
		return true;
	return image->mine &&
	       (image_was_built(image) || text_list_has(&work->profile->images, "*") ||
		       names_answer(work, image->root, NULL));
}

const char *image_alone(struct work *work, const char *text, const struct object *image)
{
	struct reference reference;
	const char *name;

	if (has_power(work, POWER_OTHERS))
		return text;
	if (!reference_parse(work->arena, text, &reference) ||
		(image->existence == OBJECT_PRESENT &&
			!names_answer(work, image->root, &reference)))
		return image->id; /* it was the start of one */
	name = reference_short(work->arena, &reference, true);
	if (!name)
		(void)refuse_memory(work);
	return name;
}

bool image_text_granted(struct work *work, const char *text)
{
	struct reference reference;

	/* "0123456789ab" may be the start of an id, of any image. */
	return text_list_has(&work->profile->images, "*") ||
	       (!is_hex(text) && reference_parse(work->arena, text, &reference) &&
		       image_granted(work, &reference));
}

int image_usable(
	struct work *work, const char *text, const char **ret_id, const char **ret_text)
{
	struct reference reference;
	struct object image;
	bool all = text_list_has(&work->profile->images, "*");
	bool is_name = reference_parse(work->arena, text, &reference), granted;

	if (object_image(work, text, &image) < 0)
		return -EACCES;
	*ret_text = text;
	*ret_id = NULL;
	if (image.existence != OBJECT_PRESENT && !image_text_granted(work, text))
		return image_refuse(work, text);
	if (image.existence == OBJECT_ABSENT)
		return refuse(work, 404, "object-absent", "No such image: %s",
			shown(work, text));
	if (image.existence == OBJECT_UNSEEN)
		return 0;
	if (!is_name || !names_answer(work, image.root, &reference)) {
		granted = all || names_answer(work, image.root, NULL);
		*ret_text = image.id;
	} else {
		granted = all || image_granted(work, &reference);
	}
	if (!granted)
		return image_refuse(work, text);
	if (!image.mine && !has_power(work, POWER_OTHERS))
		return refuse(work, 403, "image-others",
			"the image '%s' was built by another user, and the profile has "
			"no \"others\"",
			shown(work, text));
	*ret_id = image.id;
	return 0;
}
