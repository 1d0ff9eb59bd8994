/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/filter/look.h"

#include <errno.h>
#include <string.h>

#include "common/base64.h"
#include "gate/filter/mountpoint.h"
#include "gate/filter/names.h"
#include "gate/filter/release.h"
#include "gate/filter/tar_head.h"

enum {
	GROUPS_MAX_BYTES = 64 * 1024,
	SIGHTS_MAX = 1024,
	STAT_MAX_BYTES = 16 * 1024,
};

/* Go's fs.FileMode, of which an engine writes the number: the bits that are types. */
#define GO_DIRECTORY (INT64_C(1) << 31)
#define GO_LINK	     (INT64_C(1) << 27)
#define GO_DEVICES   (INT64_C(0xf) << 24 | INT64_C(1) << 21 | INT64_C(1) << 19)
#define GO_TYPES     (GO_DIRECTORY | GO_LINK | GO_DEVICES)

/* Of a directory's mode: entries are replaced by their owners, and its own, alone. */
enum { STICKY = 01000 };

/*
 * From here on /etc/subuid gives users numbers that they are in user namespaces of
 * theirs, where newuidmap puts them; with a descriptor they do there what such a number
 * may. SUB_UID_MIN in login.defs(5) is 100000, and often it begins here.
 */
enum { SUBORDINATE_MIN = 65536 };

/* Whoever starts it, what is found in the image is the same. */
static bool is_for_anybody(const struct look *look)
{
	return look->is_fixed || has_power(look->work, POWER_RUN_AS);
}

/**
 * struct sight - one path, asked for once
 * @enough:  of a tar of it; 0: what it is will do
 * @roots:   root alone may change it
 * @through: a mount is below it
 * @at:      a mount is there
 * @volume:  and it is one of the image's
 */
struct sight {
	const char *path;
	size_t enough;
	bool roots, through, at, volume;
};

int look_is_due(struct work *work, bool *ret_due)
{
	bool is_mended, is_anybody = has_power(work, POWER_RUN_AS);

	*ret_due = false;
	if (!has_engine(work) || has_power(work, POWER_PRIVILEGED))
		return 0;
	if (runc_is_mended(work, is_anybody ? RUNC_LEAVES : RUNC_DEV, &is_mended) < 0)
		return -EACCES;
	*ret_due = !is_mended;
	return 0;
}

static struct sight *add(struct look *look, const char *path, size_t len)
{
	struct sight *sight;

	for (size_t i = 0; i < look->n; i++) {
		const char *known = look->sights[i].path;

		if (strncmp(known, path, len) == 0 && !known[len])
			return &look->sights[i];
	}
	const char *copy = arena_strndup(look->work->arena, path, len);
	sight = copy && look->n < SIGHTS_MAX
			? arena_push(look->work->arena, &look->sights, &look->n,
				  sizeof(*sight))
			: NULL;
	if (!sight) {
		look->failed = true;
		return NULL;
	}
	*sight = (struct sight){.path = copy};
	/* Whose a link is that is followed, and what is in a sticky directory. */
	if (has_usual_link(copy) || path_below(copy, "/tmp"))
		sight->enough = GATE_TAR_BLOCK;
	return sight;
}

static void look_at_way(struct look *look, const char *path, bool is_volume)
{
	struct sight *sight;

	if (!is_plain_path(path)) {
		look->odd = true;
		return;
	}
	for (const char *slash = strchr(path + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		sight = add(look, path, (size_t)(slash - path));
		if (sight) {
			sight->through = true;
			sight->enough = GATE_TAR_BLOCK;
		}
	}
	sight = add(look, path, strlen(path));
	if (sight) {
		sight->at = true;
		sight->volume |= is_volume;
	}
}

void look_at_place(struct look *look, const char *path, bool is_volume)
{
	struct path_ways ways = path_ways(look->work->arena, path);

	look->failed |= ways.n == 0;
	for (size_t i = 0; i < ways.n; i++)
		look_at_way(look, ways.list[i], is_volume && i == 0);
}

static void look_at_roots(struct look *look)
{
	static const struct {
		const char *path;
		size_t enough;
	} places[] = {
		{"/", GATE_TAR_BLOCK},
		{"/etc", GATE_TAR_BLOCK},
		{"/etc/group", GATE_TAR_BLOCK + GROUPS_MAX_BYTES},
	};

	/* Whoever has "/" has all that is below it. */
	for (size_t i = 0; i < (look->groups ? ARRAY_LEN(places) : 1); i++) {
		struct sight *sight = add(look, places[i].path, strlen(places[i].path));

		if (!sight)
			return;
		sight->roots = true;
		sight->enough = places[i].enough;
	}
}

void look_at_working_dir(struct look *look, const char *path)
{
	if (*path && strcmp(path, "/") != 0)
		look_at_place(look, path, false);
}

/* ---------------------------------------------------------------- judging */

/* ACLs cannot give more: their mask is where a mode has the group's bits. */
static bool is_roots(const struct tar_head *head, char type)
{
	return head->type == type && head->uid == 0 && (head->mode & 022) == 0;
}

/* A name of digits; blanks are trimmed by who reads it, those of Unicode, too. */
static bool has_number(const char *line, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len && line[i] != ':'; i++) {
		if (line[i] <= ' ' || line[i] > '~')
			continue;
		if (line[i] < '0' || line[i] > '9')
			return false;
		digits++;
	}
	return digits > 0;
}

static bool has_numbers(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		if (has_number(text, line))
			return true;
		text += line + (end != NULL);
		len -= line + (end != NULL);
	}
	return false;
}

static int check_list(
	struct work *work, const struct gate_fact *tar, unsigned long size)
{
	if (size > GROUPS_MAX_BYTES || size > tar->len - GATE_TAR_BLOCK)
		return refuse(work, 403, "image-groups",
			"the image's /etc/group is longer than %d bytes",
			GROUPS_MAX_BYTES);
	if (has_numbers(tar->body + GATE_TAR_BLOCK, size))
		return refuse(work, 403, "image-groups",
			"the image's /etc/group calls a group by a number, which older "
			"runcs take for the number of a group of yours: have runc "
			"1.3.3 or later");
	return 0;
}

static int check_roots(
	struct work *work, const struct sight *sight, const struct gate_fact *tar)
{
	bool is_list = sight->enough > GATE_TAR_BLOCK;
	struct tar_head head = tar_head_read(tar);

	/* Nobody but root can make it: then / or /etc is his. */
	if (tar->status == 404 && strcmp(sight->path, "/") != 0)
		return 0;
	if (!is_roots(&head, is_list ? '0' : '5'))
		return refuse(work, 403, "image-groups",
			"'%s' in the image is not root's alone to change: with older "
			"runcs who can gives himself any group: have runc 1.3.3 or "
			"later",
			sight->path);
	return is_list ? check_list(work, tar, head.size) : 0;
}

/* Also where no tar of it tells. */
static bool is_owned(const struct work *work, const struct tar_head *head)
{
	return head->type == 0 || head->uid == work->caller->user.uid ||
	       head->uid >= SUBORDINATE_MIN;
}

/* Others than its owner may put something there, and, unless it is sticky, take away.
 */
static bool is_open(const struct tar_head *head, bool or_sticky)
{
	return head->type == 0 ||
	       ((head->mode & 022) != 0 && (or_sticky || (head->mode & STICKY) == 0));
}

/* The directory that a path is in, which was asked for, too. */
static const struct gate_fact *fact_above(
	const struct look *look, const struct gate_glimpse *glimpses, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	for (size_t i = 0; i < look->n; i++) {
		const char *above = look->sights[i].path;

		if (strncmp(above, path, len) == 0 && !above[len])
			return &glimpses[i].fact;
	}
	return NULL;
}

/*
 * Whether the caller can put a link here, for the next start; what is not there yet
 * will be root's. That it is mounted on keeps nobody from it: he comes from the host,
 * through /proc/PID/root.
 */
static bool is_callers(const struct look *look, const struct gate_glimpse *glimpses,
	const struct sight *sight, const struct gate_fact *tar)
{
	const struct gate_fact *above = fact_above(look, glimpses, sight->path);
	struct tar_head head = tar_head_read(tar), folder;
	bool owned = is_owned(look->work, &head);

	if (is_for_anybody(look) || tar->status == 404)
		return false;
	if (sight->through && head.type == '5' && (owned || is_open(&head, false)))
		return true;
	/* That of "/" is looked at by check_roots(). */
	if (!owned || !above || above->status == 404)
		return false;
	folder = tar_head_read(above);
	return is_open(&folder, true);
}

/* {"name": "bin", "mode": 134218239, "linkTarget": "/usr/bin", ...} in Base64, or NULL.
 * -1: it cannot be read. */
static int64_t read_type(struct work *work, const char *text)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	size_t len = text ? strlen(text) : 0;
	uint8_t *plain = arena_alloc(work->arena, len + 1);

	if (!plain || len == 0 || len > STAT_MAX_BYTES ||
		base64_decode(text, len, plain, &len) < 0 ||
		json_doc_load_text(
			"answer", (const char *)plain, len, NULL, &doc, NULL) < 0)
		return -1;
	const struct json_node *mode = json_member(json_doc_root(doc), "mode");
	return mode && mode->kind == JSON_KIND_INTEGER && mode->integer >= 0
		       ? mode->integer & GO_TYPES
		       : -1;
}

/* The engine's own configuration may ask for docker-init, then nobody knows of it. */
static const char *hint(struct work *work, const struct sight *sight)
{
	const struct path_ways ways = path_ways(work->arena, DOCKER_INIT);

	for (size_t i = 0; i < ways.n; i++) {
		if (path_below(ways.list[i], sight->path))
			return " (if you mount nothing there, docker-init may be: "
			       "--init=false leaves it out)";
	}
	return "";
}

/* The place of a mount itself, below which there is none. */
static int check_end(
	struct work *work, const struct sight *sight, const struct gate_fact *fact)
{
	int64_t type = fact->status == 404 ? 0 : read_type(work, fact->path_stat);

	if (type < 0)
		return refuse(work, 502, "engine-answer",
			"the engine does not tell what '%s' in the image is",
			shown(work, sight->path));
	if (type == 0 || type == GO_DIRECTORY)
		return 0;
	return refuse(work, 403, "image-links",
		"'%s' in the image is %s, and a mount is to be there%s: older runcs "
		"can be led astray by it: mount it elsewhere, or have runc 1.3.3 or "
		"later",
		shown(work, sight->path), type == GO_LINK ? "a link" : "a device",
		hint(work, sight));
}

static int check_way(
	struct work *work, const struct sight *sight, const struct gate_fact *tar)
{
	struct tar_head head = tar_head_read(tar);

	if (tar->status == 404 || head.type == '5' ||
		(head.type == '0' && !sight->through))
		return 0;
	if (head.type == '2') {
		const char *target =
			arena_strndup(work->arena, head.link, TAR_LINK_BYTES);

		if (!target)
			return refuse_memory(work);
		if (is_usual_link(sight->path, target))
			return 0;
	}
	return refuse(work, 403, "image-links",
		"'%s' in the image is %s, on the way to the working directory or a "
		"mount%s: the engine, or an older runc, can be led astray by it: "
		"choose another place, for a mount also runc 1.3.3 or later",
		shown(work, sight->path), head.type == '2' ? "a link" : "no directory",
		hint(work, sight));
}

static int judge(struct look *look, const struct gate_glimpse *glimpses)
{
	struct work *work = look->work;

	for (size_t i = 0; i < look->n; i++) {
		const struct sight *sight = &look->sights[i];
		const struct gate_fact *fact = &glimpses[i].fact;

		if (fact->status != 200 && fact->status != 404)
			return refuse(work, 502, "engine-answer",
				"the engine answered %u when asked for '%s' in the "
				"image",
				fact->status, shown(work, sight->path));
		if (sight->roots && check_roots(work, sight, fact) < 0)
			return -EACCES;
		if (sight->enough == 0 && check_end(work, sight, fact) < 0)
			return -EACCES;
		if (!sight->through && !sight->at)
			continue;
		if (sight->enough && check_way(work, sight, fact) < 0)
			return -EACCES;
		if (is_callers(look, glimpses, sight, fact))
			return refuse(work, 403, "image-links",
				"'%s' in the image is on the way to the working "
				"directory or a mount%s, and not root's alone to "
				"change: who does leads the engine or its runc astray: "
				"choose another place, or run it with --read-only",
				shown(work, sight->path), hint(work, sight));
	}
	return 0;
}

/* A create and a start come to them in another order. qsort(3) asks how much memory
 * there is, which confined processes may not. */
static void sort(struct sight *sights, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct sight sight = sights[i];
		size_t at = i;

		for (; at > 0 && strcmp(sights[at - 1].path, sight.path) > 0; at--)
			sights[at] = sights[at - 1];
		sights[at] = sight;
	}
}

/* The id, for whom, and a line for each path with what is asked of it. */
static const char *name_of(
	const struct look *look, const struct gate_looked *image, const char *manifest)
{
	struct arena *arena = look->work->arena;
	const char *name = arena_printf(
		arena, "%s%s%s", image->id, *manifest ? "@" : "", manifest);

	if (name && !is_for_anybody(look))
		name = arena_printf(arena, "%s %u", name, look->work->caller->user.uid);

	for (size_t i = 0; name && i < look->n; i++) {
		const struct sight *sight = &look->sights[i];

		name = arena_printf(arena, "%s\n%c%c%c%s", name,
			sight->roots ? 'r' : '-', sight->through ? 't' : '-',
			sight->at ? 'a' : '-', sight->path);
	}
	return name;
}

static int find_teller(struct work *work, const char **ret_told_by)
{
	bool speaks;

	if (release_speaks(work, 48, &speaks) < 0)
		return -EACCES;
	*ret_told_by = speaks ? "1.48" : NULL;
	return 0;
}

/* [["driver-type", "io.containerd.snapshotter.v1"]]: names of drivers are in either. */
static bool is_containerds(const struct json_node *info)
{
	static const char type[] = "io.containerd.";
	const struct json_node *list =
		json_member_of(info, "DriverStatus", JSON_KIND_ARRAY);

	for (size_t i = 0; list && i < list->count; i++) {
		const struct json_node *pair = &list->children[i];

		if (pair->kind == JSON_KIND_ARRAY && pair->count == 2 &&
			pair->children[0].kind == JSON_KIND_STRING &&
			pair->children[1].kind == JSON_KIND_STRING &&
			strcmp(pair->children[0].string, "driver-type") == 0 &&
			strncmp(pair->children[1].string, type, sizeof(type) - 1) == 0)
			return true;
	}
	return false;
}

/* Whether the engine has images in a store of its own, and not in containerd's. */
static int has_own_store(
	struct work *work, const struct json_node *image, bool *ret_has)
{
	static const char *const drivers[] = {"overlay2", "vfs"};
	const char *driver = json_member_text(
		json_member_of(image, "GraphDriver", JSON_KIND_OBJECT), "Name", "");
	const struct json_node *info;

	*ret_has = true;
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(driver, drivers[i]) == 0)
			return 0;
	}
	if (work_fact(work, "info", &info) < 0)
		return -EACCES;
	*ret_has = info && !is_containerds(info);
	return 0;
}

/* As it is asked for; *ret_platform is NULL when @object does not tell, or what an
 * image says of itself is no platform. */
static int read_platform(struct work *work, const struct json_node *object,
	const char *const keys[static 3], const char **ret_platform)
{
	const char *system = json_member_text(object, keys[0], ""),
		   *machine = json_member_text(object, keys[1], ""),
		   *variant = json_member_text(object, keys[2], "");

	*ret_platform = NULL;
	if (!*system || !*machine)
		return 0;
	const char *platform = arena_printf(work->arena, "%s/%s%s%s", system, machine,
		*variant ? "/" : "", variant);
	if (!platform)
		return refuse_memory(work);
	*ret_platform = is_platform(platform) ? platform : NULL;
	return 0;
}

int look_image(struct work *work, const char *id, const struct json_node *image,
	struct gate_looked *ret_image)
{
	static const char *const keys[] = {"Os", "Architecture", "Variant"};
	bool has_own;

	*ret_image = (struct gate_looked){.id = id};
	if (has_own_store(work, image, &has_own) < 0)
		return -EACCES;
	if (has_own)
		return 0;
	if (read_platform(work, image, keys, &ret_image->platform) < 0)
		return -EACCES;
	return ret_image->platform
		       ? find_teller(work, &ret_image->told_by)
		       : refuse(work, 502, "engine-answer",
				 "the engine does not tell for which platform the "
				 "image is");
}

int look_runs(
	struct look *look, const struct json_node *container, struct gate_looked *image)
{
	static const char *const keys[] = {"os", "architecture", "variant"};
	struct work *work = look->work;
	const char *path = arena_printf(work->arena, "containers/%s/json",
		json_member_text(container, "Id", ""));
	const struct json_node *root, *manifest;
	const char *platform;

	if (work_fact_of(work, image->told_by, path, &root) < 0)
		return -EACCES;
	manifest = json_member_of(root, "ImageManifestDescriptor", JSON_KIND_OBJECT);
	look->runs = json_member_text(manifest, "digest", NULL);
	if (!look->runs || !is_image_id(look->runs))
		return refuse(work, 502, "engine-answer",
			"the engine does not tell which manifest the container was "
			"made of, as of an older engine's: make it anew");
	if (read_platform(work, json_member_of(manifest, "platform", JSON_KIND_OBJECT),
		    keys, &platform) < 0)
		return -EACCES;
	if (platform)
		image->platform = platform;
	return 0;
}

int look_into(struct look *look, struct gate_looked *image)
{
	struct work *work = look->work;
	const struct gate_engine *engine = work->context->engine;
	struct gate_glimpse *glimpses;
	const char *name = "";
	struct err err = {0};

	if (!has_power(work, POWER_RUN_AS))
		look_at_roots(look);
	glimpses = arena_array(work->arena, look->n + 1, sizeof(*glimpses));
	sort(look->sights, look->n);
	if (look->odd)
		return refuse(work, 403, "image-links",
			"a mount is at no plain path: what is there in the image "
			"cannot be told");
	if (look->n == SIGHTS_MAX)
		return refuse(work, 400, "too-many-objects",
			"the mounts are more than %d directories deep", SIGHTS_MAX);
	/* Which manifest of several a create will take is not known before: then
	 * nothing is remembered of it, either. */
	if (!image->platform || look->runs)
		name = name_of(look, image, look->runs ? look->runs : "");
	if (look->failed || !glimpses || !name)
		return refuse_memory(work);
	if (*name && engine->seen && engine->seen(engine->context, name))
		return 0;
	for (size_t i = 0; i < look->n; i++) {
		glimpses[i].path = look->sights[i].path;
		glimpses[i].enough = look->sights[i].enough;
		glimpses[i].is_volume = look->sights[i].volume;
	}
	if (engine->look(engine->context, work_api(work), image, glimpses, look->n,
		    work->arena, &err) < 0)
		return refuse(work, 502, "engine-answer",
			"the engine did not show what is in the image: %s",
			shown(work, err.text));
	if (look->runs &&
		(!image->manifest || strcmp(image->manifest, look->runs) != 0))
		return refuse(work, 403, "image-platform",
			"the container was made of something else than what its image "
			"now is here: make it anew");
	if (judge(look, glimpses) < 0)
		return -EACCES;
	if (image->manifest)
		name = name_of(look, image, image->manifest);
	if (name && *name && engine->remember)
		engine->remember(engine->context, name);
	return 0;
}
