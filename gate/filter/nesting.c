/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts that lead root astray by where they are: below others, and on the groups. */
#include "gate/filter/nesting.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/look.h"
#include "gate/filter/mountpoint.h"
#include "gate/filter/mounts.h"
#include "gate/filter/release.h"

/**
 * struct places - where a container mounts something
 * @ways:     the first is as it was asked for
 * @is_fresh: empty and nobody's yet: a tmpfs, or a file, below which nothing is
 * @is_volume: without a name: the image's own is one
 */
struct places {
	struct place {
		struct path_ways ways;
		bool is_fresh, is_volume;
	} * list;
	size_t n;
	bool failed;
};

static void add(
	struct work *work, struct places *places, const char *path, bool is_fresh)
{
	struct place *new = arena_push(
		work->arena, &places->list, &places->n, sizeof(*places->list));

	if (!new) {
		places->failed = true;
		return;
	}
	*new = (struct place){
		.ways = path_ways(work->arena, path), .is_fresh = is_fresh};
	places->failed |= new->ways.n == 0;
}

static const char *given(const struct place *place)
{
	return place->ways.list[0];
}

/* Their keys are paths. */
static void add_tmpfs(
	struct work *work, struct places *places, const struct json_node *host_config)
{
	const struct json_node *map =
		json_member_of(host_config, "Tmpfs", JSON_KIND_OBJECT);

	for (size_t i = 0; map && i < map->count; i++)
		add(work, places, map->children[i].key, true);
}

static void add_volumes(
	struct work *work, struct places *places, const struct json_node *config)
{
	const struct json_node *map =
		json_member_of(config, "Volumes", JSON_KIND_OBJECT);

	for (size_t i = 0; map && i < map->count; i++) {
		add(work, places, map->children[i].key, false);
		if (!places->failed)
			places->list[places->n - 1].is_volume = true;
	}
}

/* @key: of a mount: "Target" as it is asked for, "Destination" as it is told. */
static void add_mounts(struct work *work, struct places *places,
	const struct json_node *node, const char *key)
{
	const struct json_node *mounts =
		json_member_of(node, "Mounts", JSON_KIND_ARRAY);

	for (size_t i = 0; mounts && i < mounts->count; i++) {
		const struct json_node *mount = &mounts->children[i];

		add(work, places, json_member_text(mount, key, ""),
			strcmp(json_member_text(mount, "Type", ""), "tmpfs") == 0);
	}
}

static void add_binds(
	struct work *work, struct places *places, const struct json_node *host_config)
{
	const struct json_node *binds =
		json_member_of(host_config, "Binds", JSON_KIND_ARRAY);

	for (size_t i = 0; binds && i < binds->count; i++) {
		const char *target =
			bind_target(work->arena, binds->children[i].string);

		if (target)
			add(work, places, target, false);
		else
			places->failed = true;
	}
}

/* "NAME:ro": all that the other container mounts. */
static int add_volumes_from(
	struct work *work, struct places *places, const struct json_node *host_config)
{
	const struct json_node *from =
		json_member_of(host_config, "VolumesFrom", JSON_KIND_ARRAY);

	for (size_t i = 0; from && i < from->count; i++) {
		const char *text = from->children[i].string;
		const char *name = arena_strndup(work->arena, text, strcspn(text, ":"));
		struct object container;

		if (!name)
			return refuse_memory(work);
		if (object_container(work, name, &container) < 0)
			return -EACCES;
		add_mounts(work, places, container.root, "Destination");
	}
	return 0;
}

/* Below a mount on /var the image's /var/run is no link: all ways to it count. */
static bool is_nested(const struct place *inner, const struct place *outer)
{
	for (size_t w = 0; w < inner->ways.n; w++) {
		for (size_t t = 0; t < outer->ways.n; t++) {
			const char *way = inner->ways.list[w],
				   *top = outer->ways.list[t];

			if (strcmp(way, top) != 0 && path_below(way, top))
				return true;
		}
	}
	return false;
}

/* false: none is below another. */
static bool find_nested(const struct places *places, const struct place **ret_inner,
	const struct place **ret_outer)
{
	for (size_t o = 0; o < places->n; o++) {
		*ret_outer = &places->list[o];
		for (size_t i = 0; !places->list[o].is_fresh && i < places->n; i++) {
			*ret_inner = &places->list[i];
			if (is_nested(*ret_inner, *ret_outer))
				return true;
		}
	}
	return false;
}

static int check_nested(struct work *work, const struct places *places)
{
	const struct place *inner, *outer;
	bool is_mended;

	if (places->failed)
		return refuse_memory(work);
	if (!find_nested(places, &inner, &outer))
		return 0;
	if (runc_is_mended(work, RUNC_LEAVES, &is_mended) < 0)
		return -EACCES;
	if (!is_mended)
		return refuse(work, 403, "mount-nested",
			"'%s' would be mounted below '%s': runc before 1.1.14 can be "
			"led anywhere on the host while it makes the place for it: "
			"mount it elsewhere, or have a newer runc",
			shown(work, given(inner)), shown(work, given(outer)));
	/* It stays below the container's root, where links lead to /etc and /dev. */
	if (!has_power(work, POWER_RUN_AS) &&
		runc_is_mended(work, RUNC_DEV, &is_mended) < 0)
		return -EACCES;
	if (!is_mended)
		return refuse(work, 403, "mount-nested",
			"'%s' would be mounted below '%s', where a link could lead it "
			"to the file that says which groups its processes have, or to "
			"/dev: it needs runc 1.3.3 or later: mount it elsewhere",
			shown(work, given(inner)), shown(work, given(outer)));
	return 0;
}

/*
 * The engine tells runc the number of at least the primary group. Who makes the file in
 * which it looks for that gives himself the groups of root, of disks, of anybody.
 */
static int check_groups(struct work *work, const struct places *places)
{
	bool is_mended;

	for (size_t i = 0; i < places->n; i++) {
		const char *place = given(&places->list[i]);

		if (has_power(work, POWER_RUN_AS) || !path_below("/etc/group", place))
			continue;
		if (runc_is_mended(work, RUNC_NUMBERS, &is_mended) < 0)
			return -EACCES;
		if (!is_mended)
			return refuse(work, 403, "mount-groups",
				"a mount on '%s' would say which groups its processes "
				"have: it needs runc 1.3 or later",
				shown(work, place));
	}
	return 0;
}

/*
 * docker-init is what --init asks for; where that is not said the engine's own
 * configuration decides, which nothing tells. It is mounted before what the request
 * mounts, and so below nothing of that.
 */
static bool may_have_init(const struct json_node *host_config)
{
	return json_member_flag(host_config, "Init", true);
}

/* What is to be looked at: the way to these places, and what groups the image has. */
static int plan_look(struct work *work, const struct json_node *host_config,
	const struct places *places, const char *working_dir, struct look *ret_look)
{
	struct look look = {.work = work,
		.is_fixed = work->profile->read_only ||
			    json_member_flag(host_config, "ReadonlyRootfs", false)};
	bool is_due;

	if (look_is_due(work, &is_due) < 0)
		return -EACCES;
	if (has_engine(work) && !has_power(work, POWER_RUN_AS))
		look_at_working_dir(&look, working_dir);
	look.groups = is_due && !has_power(work, POWER_RUN_AS);
	for (size_t i = 0; is_due && i < places->n; i++) {
		const struct place *place = &places->list[i];

		look_at_place(&look, given(place), place->is_volume);
	}
	if (is_due && may_have_init(host_config))
		look_at_place(&look, DOCKER_INIT, false);
	*ret_look = look;
	return 0;
}

/* What the engine, or runc, mounts of its own; the rest is below these. */
static void add_own(
	struct work *work, struct places *places, const struct json_node *host_config)
{
	static const char *const kernels[] = {"/dev", "/proc", "/sys"};
	static const char joins[] = "container:";
	const char *ipc = json_member_text(host_config, "IpcMode", "");

	/* That of another container, which runs, or of the host: anybody's. */
	if (strncmp(ipc, joins, sizeof(joins) - 1) == 0 || strcmp(ipc, "host") == 0)
		add(work, places, "/dev/shm", false);
	for (size_t i = 0; i < ARRAY_LEN(kernels); i++)
		add(work, places, kernels[i], true);
	for (size_t i = 0; i < NETWORK_FILES; i++)
		add(work, places, network_files[i].path, true);
}

/* A request that names none gets the image's. */
static const char *working_dir_of(
	const struct json_node *body, const struct object *image)
{
	const char *asked = json_member_text(body, "WorkingDir", "");

	return *asked ? asked
		      : json_member_text(
				json_member_of(image->root, "Config", JSON_KIND_OBJECT),
				"WorkingDir", "");
}

int nesting_of_create(
	struct work *work, const struct json_node *body, const struct object *image)
{
	const struct json_node *host_config =
		json_member_of(body, "HostConfig", JSON_KIND_OBJECT);
	struct places places = {0};
	struct look look;

	if (has_power(work, POWER_PRIVILEGED))
		return 0;
	add_volumes(work, &places, body);
	add_volumes(
		work, &places, json_member_of(image->root, "Config", JSON_KIND_OBJECT));
	add_binds(work, &places, host_config);
	add_mounts(work, &places, host_config, "Target");
	add_tmpfs(work, &places, host_config);
	add_own(work, &places, host_config);
	if (add_volumes_from(work, &places, host_config) < 0 ||
		check_nested(work, &places) < 0 || check_groups(work, &places) < 0)
		return -EACCES;
	if (image->existence != OBJECT_PRESENT)
		return 0;
	if (plan_look(work, host_config, &places, working_dir_of(body, image), &look) <
		0)
		return -EACCES;
	return look_is_empty(&look) ? 0 : look_into(&look, &work->looked);
}

/* Its label says so, of this very image: see objects.h on why it is gate's. */
static bool was_looked_at(const struct work *work, const struct json_node *root)
{
	const struct json_node *labels =
		json_member_of(json_member_of(root, "Config", JSON_KIND_OBJECT),
			"Labels", JSON_KIND_OBJECT);
	const char *looked = json_member_text(labels, LOOKED_LABEL, NULL);
	const char *made_of = json_member_text(labels, IMAGE_LABEL, NULL);
	const char *image = json_member_text(root, "Image", NULL);

	if (!looked || !made_of || !image || strcmp(made_of, image) != 0)
		return false;
	return strcmp(looked, LOOKED_GROUPS) == 0 ||
	       (strcmp(looked, LOOKED_LINKS) == 0 && has_power(work, POWER_RUN_AS));
}

/* Into what this container was made of. */
static int look_behind(struct look *look, const struct json_node *root)
{
	struct work *work = look->work;
	const char *id = json_member_text(root, "Image", NULL);
	const struct json_node *image;
	struct gate_looked looked;

	if (!id || !is_image_id(id))
		return refuse(work, 502, "engine-answer",
			"the engine's answer about the container lacks its image");
	if (work_fact(work, arena_printf(work->arena, "images/%s/json", id), &image) <
			0 ||
		look_image(work, id, image, &looked) < 0 ||
		(looked.told_by && look_runs(look, root, &looked) < 0))
		return -EACCES;
	return look_into(look, &looked);
}

int nesting_of_container(struct work *work, const struct json_node *root)
{
	const struct json_node *host_config =
		json_member_of(root, "HostConfig", JSON_KIND_OBJECT);
	struct places places = {0};
	struct look look;

	if (has_power(work, POWER_PRIVILEGED))
		return 0;
	add_mounts(work, &places, root, "Destination");
	add_volumes(work, &places, json_member_of(root, "Config", JSON_KIND_OBJECT));
	add_tmpfs(work, &places, host_config);
	add_own(work, &places, host_config);
	if (check_nested(work, &places) < 0 || check_groups(work, &places) < 0)
		return -EACCES;
	if (was_looked_at(work, root))
		return 0;
	if (plan_look(work, host_config, &places,
		    json_member_text(json_member_of(root, "Config", JSON_KIND_OBJECT),
			    "WorkingDir", ""),
		    &look) < 0)
		return -EACCES;
	return look_is_empty(&look) ? 0 : look_behind(&look, root);
}
