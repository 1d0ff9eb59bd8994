/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/filter/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/filter/release.h"

enum {
	TAR_BLOCK = 512,
	GROUPS_MAX_BYTES = 64 * 1024,
};

/* POSIX ustar: where the fields are. */
enum {
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_SIZE = 124,
	TAR_TYPE = 156,
	TAR_MAGIC = 257,
};

/* Octal digits up to a blank or the end; false for all else, as large numbers are. */
static bool read_octal(const char *field, size_t len, unsigned long *ret_value)
{
	size_t digits = 0;

	*ret_value = 0;
	for (; digits < len && field[digits] >= '0' && field[digits] <= '7'; digits++)
		*ret_value = *ret_value * 8 + (unsigned long)(field[digits] - '0');
	return digits > 0 && (digits == len || field[digits] == ' ' || !field[digits]);
}

/*
 * A first header of that type, of what root alone may change. One of PAX in its place
 * (type x) would say an owner or a mode of its own.
 */
static bool is_roots(const char *tar, char type)
{
	unsigned long mode, uid;

	return memcmp(tar + TAR_MAGIC, "ustar", 5) == 0 && tar[TAR_TYPE] == type &&
	       read_octal(tar + TAR_MODE, 8, &mode) && (mode & 022) == 0 &&
	       read_octal(tar + TAR_UID, 8, &uid) && uid == 0;
}

/* A name of digits, unless it is that of the group with that number. */
static bool takes_number(const char *line, size_t len)
{
	char name[24] = "", gid[24] = "";
	char *into[] = {name, NULL, gid};
	size_t field = 0, used = 0;

	for (size_t i = 0; i < len && field < ARRAY_LEN(into); i++) {
		if (line[i] == ':') {
			field++;
			used = 0;
		} else if (into[field] && line[i] > ' ' && line[i] < 0x7f &&
			   used < sizeof(name) - 1) {
			/* Blanks are trimmed, those of Unicode, too. */
			into[field][used++] = line[i];
		}
	}
	return *name && name[strspn(name, "0123456789")] == '\0' &&
	       strcmp(name, gid) != 0;
}

static bool has_numbers(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		if (takes_number(text, line))
			return true;
		text += line + (end != NULL);
		len -= line + (end != NULL);
	}
	return false;
}

static int check_list(struct work *work, const struct gate_fact *tar)
{
	unsigned long size;

	if (!read_octal(tar->body + TAR_SIZE, 12, &size) || size > GROUPS_MAX_BYTES ||
		size > tar->len - TAR_BLOCK)
		return refuse(work, 403, "image-groups",
			"the container's /etc/group is longer than %d bytes",
			GROUPS_MAX_BYTES);
	if (has_numbers(tar->body + TAR_BLOCK, size))
		return refuse(work, 403, "image-groups",
			"the container's /etc/group calls a group by a number, which "
			"runc before 1.3 takes for that of yours");
	return 0;
}

int groups_of_start(struct work *work, const struct object *container)
{
	static const struct {
		const char *path, *query;
		char type;
		size_t enough;
	} places[] = {
		{"/", "%2F", '5', TAR_BLOCK},
		{"/etc", "%2Fetc", '5', TAR_BLOCK},
		{"/etc/group", "%2Fetc%2Fgroup", '0', TAR_BLOCK + GROUPS_MAX_BYTES},
	};
	static release_number mended = {1, 3, 0};
	const char *status;
	bool is_mended;

	if (has_power(work, POWER_RUN_AS) || has_power(work, POWER_PRIVILEGED) ||
		container->existence != OBJECT_PRESENT)
		return 0;
	status = json_member_text(
		json_member_of(container->root, "State", JSON_KIND_OBJECT), "Status",
		NULL);
	if (status && strcmp(status, "created") != 0)
		return 0;
	if (release_is_from(work, "runc", mended, &is_mended) < 0)
		return -EACCES;
	for (size_t i = 0; !is_mended && i < ARRAY_LEN(places); i++) {
		struct gate_fact tar = {0};

		if (work_peek(work,
			    arena_printf(work->arena, "containers/%s/archive?path=%s",
				    container->id, places[i].query),
			    places[i].enough, &tar) < 0)
			return -EACCES;
		if (i > 0 && tar.status == 404) /* and nobody but root can make it */
			return 0;
		if (tar.status != 200 || tar.len < TAR_BLOCK ||
			!is_roots(tar.body, places[i].type))
			return refuse(work, 403, "image-groups",
				"'%s' in the container is not root's alone to change: "
				"with runc before 1.3 who can gives himself any group",
				places[i].path);
		if (places[i].type == '0' && check_list(work, &tar) < 0)
			return -EACCES;
	}
	return 0;
}
