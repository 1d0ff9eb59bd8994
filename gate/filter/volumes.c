/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container mounts by other keys, and what its image does. */
#include "gate/filter/volumes.h"

#include <string.h>

#include "gate/filter/judge.h"
#include "gate/filter/mountpoint.h"
#include "gate/filter/mounts.h"
#include "gate/filter/objects.h"

int check_volumes_from(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (work->judging || value->count == 0)
		return 0;
	jsonw_member_array(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++) {
		const struct json_node *item = &value->children[i];
		char *name = arena_strdup(work->arena, item->string);
		char *mode = name ? strchr(name, ':') : NULL;
		struct object container;

		if (mode)
			*mode++ = '\0';
		if (mode && strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0) {
			rc = field_refuse(work, field, item,
				"the mode '%s' is not allowed", shown(work, mode));
			break;
		}
		rc = name ? container_own(work, name, &container) : refuse_memory(work);
		if (rc == 0)
			rc = judge_container(work, &container);
		if (rc == 0)
			jsonw_stringf(out, "%s%s%s", container.id, mode ? ":" : "",
				mode ? mode : "");
	}
	jsonw_array_end(out);
	return rc;
}

static bool is_tmpfs_option(const char *option)
{
	static const char *const plain[] = {"", "rw", "ro", "exec", "noexec", "nosuid",
		"nodev", "noatime", "relatime"};
	static const char *const numbers[] = {
		"size=", "mode=", "uid=", "gid=", "nr_inodes=", "nr_blocks="};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (strcmp(option, plain[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		size_t len = strlen(numbers[i]);
		size_t digits;

		if (strncmp(option, numbers[i], len) != 0)
			continue;
		digits = strspn(option + len, "0123456789");
		/* a size may have a unit */
		option += len + digits;
		return digits > 0 && digits < 19 &&
		       (!*option ||
			       (i == 0 && strchr("kKmMgG%", *option) && !option[1]));
	}
	return false;
}

int check_tmpfs(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (value->count == 0)
		return 0;
	jsonw_member_object(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++) {
		const struct json_node *item = &value->children[i];
		char *rest = arena_strdup(work->arena, item->string), *option;
		const char *target;

		rc = check_mountpoint(work, field, item, item->key, &target);
		while (rc == 0 && (option = strsep(&rest, ",")) != NULL) {
			if (!is_tmpfs_option(option))
				rc = field_refuse(work, field, item,
					"the option '%s' is not allowed",
					shown(work, option));
		}
		if (rc == 0)
			jsonw_member_string(out, target, item->string);
	}
	jsonw_object_end(out);
	return rc;
}

/* A volume that the engine makes for a path alone, with what the image has there. */
static int check_unnamed(struct work *work, const struct field *field,
	const struct json_node *value, const char *target)
{
	/* What is mounted in a container that exists mounts_judge() sees. */
	if (!work->profile->read_only || work->judging || mounts_on(work, target))
		return 0;
	return field_refuse(work, field, value,
		"the profile is \"read_only\", and '%s' would be a volume to write to: "
		"mount a tmpfs or a bind there",
		shown(work, target));
}

int check_volumes(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (value->count == 0)
		return 0;
	jsonw_member_object(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++) {
		const struct json_node *item = &value->children[i];
		const char *target;

		rc = check_mountpoint(work, field, item, item->key, &target);
		if (rc == 0)
			rc = check_unnamed(work, field, item, target);
		if (rc < 0)
			break;
		jsonw_member_object(out, target);
		jsonw_object_end(out);
	}
	jsonw_object_end(out);
	return rc;
}

int check_image_volumes(
	struct work *work, const struct field *field, const struct json_node *volumes)
{
	const char *target;
	int rc = 0;

	for (size_t i = 0; volumes && rc == 0 && i < volumes->count; i++) {
		rc = check_mountpoint(
			work, field, NULL, volumes->children[i].key, &target);
		if (rc == 0)
			rc = check_unnamed(work, field, NULL, target);
	}
	return rc;
}
