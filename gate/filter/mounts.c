/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container mounts of the host and of volumes: Binds and Mounts. */
#include "gate/filter/mounts.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/binds.h"
#include "gate/filter/labels.h"
#include "gate/filter/mountpoint.h"
#include "gate/filter/objects.h"

static const struct field binds_field = {.key = "Binds"};
static const struct field mounts_field = {.key = "Mounts"};

enum mount_type { MOUNT_NONE = 0, MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS };

/**
 * struct mount - one mount, however it was written
 * @source: host path, or name of a volume; NULL: a volume without a name
 * @raw:    of a bind that is not pinned: goes on the way it came
 * @size, @mode: of a tmpfs; -1: not given
 */
struct mount {
	enum mount_type type;
	const struct field *field;
	const struct json_node *value, *labels;
	const char *source, *target, *propagation;
	bool read_only, no_copy, raw;
	int64_t size, mode;
};

static int bind_option(struct work *work, struct mount *mount, const char *option)
{
	/* Of Docker Desktop's file sharing; without meaning on Linux. */
	static const char *const inert[] = {
		"", "rw", "cached", "delegated", "consistent", "rprivate", "private"};

	for (size_t i = 0; i < ARRAY_LEN(inert); i++) {
		if (strcmp(option, inert[i]) == 0)
			return 0;
	}
	if (strcmp(option, "ro") == 0) {
		mount->read_only = true;
		return 0;
	}
	if (strcmp(option, "nocopy") == 0 && mount->type == MOUNT_VOLUME) {
		mount->no_copy = true;
		return 0;
	}
	/* z and Z would relabel the host's files. */
	return field_refuse(work, mount->field, mount->value,
		"the option '%s' is not allowed", shown(work, option));
}

static int bind_options(struct work *work, struct mount *mount, char *options)
{
	char *rest = options, *option;

	while ((option = strsep(&rest, ",")) != NULL) {
		if (bind_option(work, mount, option) < 0)
			return -EACCES;
	}
	return 0;
}

/* "/host:/in:ro", "name:/in", "/in" */
static int parse_bind(
	struct work *work, const struct json_node *value, struct mount *mount)
{
	char *rest = arena_strdup(work->arena, value->string);
	char *parts[3] = {NULL};
	size_t n = 0;

	*mount = (struct mount){.type = MOUNT_VOLUME,
		.field = &binds_field,
		.value = value,
		.size = -1,
		.mode = -1};
	if (!rest)
		return refuse_memory(work);
	while (rest && n < ARRAY_LEN(parts))
		parts[n++] = strsep(&rest, ":");
	if (rest)
		return field_refuse(work, &binds_field, value,
			"'%s' has more than three parts", shown(work, value->string));
	mount->target = parts[n == 1 ? 0 : 1];
	mount->source = n == 1 ? NULL : parts[0];
	if (mount->source && mount->source[0] == '/')
		mount->type = MOUNT_BIND;
	else if (mount->source && !is_object_name(mount->source))
		return field_refuse(work, &binds_field, value,
			"'%s' is neither an absolute path nor the name of a volume",
			shown(work, mount->source));
	return n == 3 ? bind_options(work, mount, parts[2]) : 0;
}

int check_local_driver(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	(void)out;
	if (!value->string[0] || strcmp(value->string, "local") == 0)
		return 0;
	return field_refuse(work, field, value, "only the driver 'local' is allowed");
}

static int check_bind_propagation(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	(void)out;
	return check_propagation(work, field, value, value->string);
}

static const struct field bind_option_rows[] = {
	ROW_CHECK("Propagation", WORD, check_bind_propagation),
	ROW_REFUSE("NonRecursive", BOOL),
	/* The source must exist: gate pins it. */
	ROW_DROP("CreateMountpoint", BOOL), ROW_REFUSE("ReadOnlyNonRecursive", BOOL),
	ROW_DROP("ReadOnlyForceRecursive", BOOL), /* a pin always is */
};
static const struct fields bind_options_table = FIELDS("mount", bind_option_rows);

static const struct field driver_rows[] = {
	ROW_CHECK("Name", WORD, check_local_driver),
	ROW_REFUSE("Options", MAP), /* any mount(2) of the host's */
};
static const struct fields driver_table = FIELDS("mount-driver", driver_rows);

static const struct field volume_option_rows[] = {
	ROW_DROP("NoCopy", BOOL),
	ROW_CHECK("Labels", MAP, check_labels),
	ROW_SUB("DriverConfig", driver_table),
	ROW_REFUSE("Subpath", WORD),
};
static const struct fields volume_options_table = FIELDS("mount", volume_option_rows);

static const struct field tmpfs_option_rows[] = {
	ROW_DROP("SizeBytes", INT, .max = INT64_MAX),
	ROW_DROP("Mode", INT, .max = 01777),
	ROW_REFUSE("Options", ANY),
};
static const struct fields tmpfs_options_table = FIELDS("mount", tmpfs_option_rows);

/* For shapes and unknown keys alone: parse_mount() reads the values. */
static const struct field mount_rows[] = {
	ROW_DROP("Type", WORD),
	ROW_DROP("Source", WORD),
	ROW_DROP("Target", WORD),
	ROW_DROP("ReadOnly", BOOL),
	ROW_DROP("Consistency", WORD),
	ROW_SUB("BindOptions", bind_options_table),
	ROW_SUB("VolumeOptions", volume_options_table),
	ROW_SUB("TmpfsOptions", tmpfs_options_table),
	ROW_REFUSE("ImageOptions", ANY),
	ROW_REFUSE("ClusterOptions", ANY),
};
const struct fields mount_table = FIELDS("mount", mount_rows);

static int64_t int_of(const struct json_node *object, const char *key)
{
	const struct json_node *member = json_member_of(object, key, JSON_KIND_INTEGER);

	return member ? member->integer : -1;
}

static int check_mount_keys(struct work *work, const struct json_node *value)
{
	struct jsonw unseen;

	jsonw_init(&unseen, NULL, 0);
	jsonw_object_begin(&unseen);
	int rc = fields_apply(work, &mount_table, value, &unseen);
	jsonw_object_end(&unseen);
	jsonw_done(&unseen);
	return rc;
}

static int parse_mount(
	struct work *work, const struct json_node *value, struct mount *mount)
{
	static const struct {
		const char *name;
		enum mount_type type;
	} types[] = {
		{"bind", MOUNT_BIND}, {"volume", MOUNT_VOLUME}, {"tmpfs", MOUNT_TMPFS}};

	if (check_mount_keys(work, value) < 0)
		return -EACCES;
	const struct json_node *volume =
		json_member_of(value, "VolumeOptions", JSON_KIND_OBJECT);
	const struct json_node *tmpfs =
		json_member_of(value, "TmpfsOptions", JSON_KIND_OBJECT);
	*mount = (struct mount){
		.field = &mounts_field,
		.value = value,
		.labels = json_member_of(volume, "Labels", JSON_KIND_OBJECT),
		.source = json_member_text(value, "Source", ""),
		.target = json_member_text(value, "Target", ""),
		.propagation = json_member_text(
			json_member_of(value, "BindOptions", JSON_KIND_OBJECT),
			"Propagation", ""),
		.read_only = json_member_flag(value, "ReadOnly", false),
		.no_copy = json_member_flag(volume, "NoCopy", false),
		.size = int_of(tmpfs, "SizeBytes"),
		.mode = int_of(tmpfs, "Mode"),
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(json_member_text(value, "Type", ""), types[i].name) == 0)
			mount->type = types[i].type;
	}
	if (mount->type == MOUNT_NONE)
		return field_refuse(work, &mounts_field, value,
			"a mount's type is 'bind', 'volume' or 'tmpfs', not '%s'",
			shown(work, json_member_text(value, "Type", "")));
	if (mount->type == MOUNT_TMPFS && *mount->source)
		return field_refuse(
			work, &mounts_field, value, "a tmpfs has no source");
	if (mount->type == MOUNT_VOLUME && !*mount->source)
		mount->source = NULL;
	return 0;
}

static int use_volume(struct work *work, const char *name)
{
	struct object volume;

	if (object_volume(work, name, &volume) < 0 || volume_usable(work, &volume) < 0)
		return -EACCES;
	/* It may be filled just now. */
	if (volume.existence == OBJECT_PRESENT && volume_is_anonymous(&volume) &&
		!has_power(work, POWER_PRIVILEGED))
		return refuse(work, 403, "volume-anonymous",
			"the volume '%s' is that of one container: use --volumes-from, "
			"or one with a name",
			shown(work, name));
	return 0;
}

/*
 * The engine removes what it made itself: by names, and one that was built with an old
 * Go follows a link that takes a directory's place meanwhile (golang/go#52745).
 */
static int check_volume_writes(struct work *work, const struct field *field,
	const struct json_node *value, bool writes)
{
	if (!writes || !work->profile->read_only)
		return 0;
	return field_refuse(work, field, value,
		"the profile is \"read_only\": a volume is mounted read-only, what is "
		"to be written is in a tmpfs or a bind");
}

static int check_mount(struct work *work, struct mount *mount)
{
	const char *path,
		*rule = mount->field == &binds_field ? "create-binds" : "create-mounts";

	if (check_mountpoint(work, mount->field, mount->value, mount->target,
		    &mount->target) < 0)
		return -EACCES;
	if (mount->type == MOUNT_BIND) {
		if (bind_source(work, rule, mount->source, mount->read_only, &path) < 0)
			return -EACCES;
		mount->raw = strcmp(path, mount->source) == 0;
		mount->source = path;
	} else if (mount->type == MOUNT_VOLUME) {
		if (check_volume_writes(
			    work, mount->field, mount->value, !mount->read_only) < 0)
			return -EACCES;
		return mount->source ? use_volume(work, mount->source) : 0;
	}
	return 0;
}

/*
 * Into an empty volume the engine copies what the image has there, on the host, as root
 * and by paths: what runs in another container with that volume puts a link on its way,
 * and files of the image's are anywhere on the host. One that is made for the container
 * alone nobody else mounts meanwhile: without an owner it is no user's, see
 * use_volume().
 */
static int write_volume_options(
	struct work *work, const struct mount *mount, struct jsonw *out)
{
	bool is_any = has_power(work, POWER_PRIVILEGED);

	jsonw_member_object(out, "VolumeOptions");
	if (mount->no_copy || (mount->source && !is_any))
		jsonw_member_bool(out, "NoCopy", true);
	jsonw_member_object(out, "Labels");
	int rc = write_labels(work, mount->field, mount->labels, out);
	if (mount->source || is_any)
		write_owner(work, out);
	jsonw_object_end(out);
	jsonw_object_end(out);
	return rc;
}

static int write_mount(struct work *work, const struct mount *mount, struct jsonw *out)
{
	static const char *const names[] = {[MOUNT_BIND] = "bind",
		[MOUNT_VOLUME] = "volume",
		[MOUNT_TMPFS] = "tmpfs"};
	int rc = 0;

	jsonw_object_begin(out);
	jsonw_member_string(out, "Type", names[mount->type]);
	if (mount->source && mount->type != MOUNT_TMPFS)
		jsonw_member_string(out, "Source", mount->source);
	jsonw_member_string(out, "Target", mount->target);
	jsonw_member_bool(out, "ReadOnly", mount->read_only);
	if (mount->type == MOUNT_BIND) {
		bool given = mount->propagation && *mount->propagation;

		jsonw_member_object(out, "BindOptions");
		jsonw_member_string(
			out, "Propagation", given ? mount->propagation : "rprivate");
		jsonw_object_end(out);
	} else if (mount->type == MOUNT_VOLUME) {
		rc = write_volume_options(work, mount, out);
	} else if (mount->size >= 0 || mount->mode >= 0) {
		jsonw_member_object(out, "TmpfsOptions");
		if (mount->size >= 0)
			jsonw_member_int(out, "SizeBytes", mount->size);
		if (mount->mode >= 0)
			jsonw_member_int(out, "Mode", mount->mode);
		jsonw_object_end(out);
	}
	jsonw_object_end(out);
	return rc;
}

static size_t count_of(const struct json_node *list)
{
	return list && list->kind == JSON_KIND_ARRAY ? list->count : 0;
}

const char *bind_target(struct arena *arena, const char *bind)
{
	const char *colon = strchr(bind, ':');

	return colon ? arena_strndup(arena, colon + 1, strcspn(colon + 1, ":")) : bind;
}

static bool is_at(struct work *work, const char *target, const char *path)
{
	const char *plain = path_trim(work->arena, target);

	return plain && strcmp(plain, path) == 0;
}

bool mounts_on(struct work *work, const char *path)
{
	const struct json_node *binds = json_member(work->host_config, "Binds"),
			       *mounts = json_member(work->host_config, "Mounts"),
			       *tmpfs = json_member_of(
				       work->host_config, "Tmpfs", JSON_KIND_OBJECT);
	bool found = false;

	for (size_t i = 0; i < count_of(binds); i++) {
		const struct json_node *bind = &binds->children[i];

		found = found ||
			(bind->kind == JSON_KIND_STRING &&
				is_at(work, bind_target(work->arena, bind->string),
					path));
	}
	for (size_t i = 0; i < count_of(mounts); i++)
		found = found ||
			is_at(work,
				json_member_text(&mounts->children[i], "Target", ""),
				path);
	for (size_t i = 0; tmpfs && i < tmpfs->count; i++)
		found = found || is_at(work, tmpfs->children[i].key, path);
	return found;
}

static int read_mounts(struct work *work, const struct json_node *binds,
	const struct json_node *mounts, struct mount *all)
{
	size_t nbinds = count_of(binds), n = nbinds + count_of(mounts);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = i < nbinds ? parse_bind(work, &binds->children[i], &all[i])
				: parse_mount(
					  work, &mounts->children[i - nbinds], &all[i]);
		if (rc == 0)
			rc = check_mount(work, &all[i]);
	}
	return rc;
}

/* What came as a bind and is not pinned stays one: then the engine makes the path. */
static void write_binds(
	struct work *work, const struct mount *all, size_t n, struct jsonw *out)
{
	jsonw_member_array(out, "Binds");
	for (size_t i = 0; i < n; i++) {
		const struct mount *mount = &all[i];

		if (mount->raw && mount->field == &binds_field)
			jsonw_string(out,
				arena_printf(work->arena, "%s:%s%s", mount->source,
					mount->target, mount->read_only ? ":ro" : ""));
	}
	jsonw_array_end(out);
}

int force_mounts(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const struct json_node *binds = json_member(work->host_config, "Binds");
	size_t n = count_of(binds) + count_of(value);
	struct mount *all;
	int rc;

	/* Of a container that exists mounts_judge() looks at what is really mounted. */
	if (work->judging)
		return 0;
	all = arena_array(work->arena, n + 1, sizeof(*all));
	if (!all)
		return refuse_memory(work);
	rc = read_mounts(work, binds, value, all);
	if (rc < 0)
		return rc;
	write_binds(work, all, n, out);
	jsonw_member_array(out, field->key);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!all[i].raw || all[i].field != &binds_field)
			rc = write_mount(work, &all[i], out);
	}
	jsonw_array_end(out);
	return rc;
}

static int judge_mount(struct work *work, const struct json_node *mount)
{
	const char *type = json_member_text(mount, "Type", ""),
		   *source = json_member_text(mount, "Source", "");
	const char *propagation = json_member_text(mount, "Propagation", ""), *target;
	struct object volume;

	/* The image may have brought it. */
	if (!has_power(work, POWER_PRIVILEGED) &&
		check_mountpoint(work, &mounts_field, mount,
			json_member_text(mount, "Destination", ""), &target) < 0)
		return -EACCES;
	if (strcmp(type, "tmpfs") == 0)
		return 0;
	if (strcmp(type, "volume") == 0) {
		if (check_volume_writes(work, &mounts_field, mount,
			    json_member_flag(mount, "RW", false)) < 0)
			return -EACCES;
		if (is_unlimited(work))
			return 0;
		if (object_volume(work, json_member_text(mount, "Name", ""), &volume) <
			0)
			return -EACCES;
		return volume_usable(work, &volume);
	}
	if (strcmp(type, "bind") != 0 && !is_unlimited(work))
		return refuse(work, 403, "container-mounts",
			"the container has a mount of type '%s'", shown(work, type));
	if (check_propagation(work, &mounts_field, mount, propagation) < 0)
		return -EACCES;
	return bind_existing(work, source, !json_member_flag(mount, "RW", false));
}

int mounts_judge(struct work *work, const struct json_node *root)
{
	const struct json_node *mounts = json_member(root, "Mounts");
	int rc = 0;

	/* No list is none, an answer without one tells nothing. */
	if (!mounts ||
		(mounts->kind != JSON_KIND_ARRAY && mounts->kind != JSON_KIND_NULL))
		return refuse(work, 502, "engine-answer",
			"the engine's answer about the container's mounts is not "
			"understood");
	const char *prefix = work->prefix;
	bool judging = work->judging;
	work->prefix = "container";
	work->judging = true;
	for (size_t i = 0; rc == 0 && i < count_of(mounts); i++) {
		const struct json_node *mount = &mounts->children[i];

		rc = mount->kind == JSON_KIND_OBJECT
			     ? judge_mount(work, mount)
			     : refuse(work, 502, "engine-answer",
				       "a mount of the container is not understood");
	}
	work->judging = judging;
	work->prefix = prefix;
	return rc;
}
