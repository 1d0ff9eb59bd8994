/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's services, sockets and drop-ins. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/gather_parts.h"
#include "gate/audit/units.h"

/*
 * Theory of operation. First the names: files of units, links that are other names of
 * them or instances of templates, and folders of drop-ins. Then each unit is read as
 * systemd puts it together: its file, and behind it the drop-ins of its own name, of
 * its other names, of its template, of "a-b-.service" and "a-.service", and of all
 * services, sorted by their file names, of which the first in this order hides the
 * others: systemd.unit(5), unit_file_find_dropin_paths(). Drop-ins of many units are
 * read as a unit of their own as well, for such units may come at any time.
 */

/* As systemd searches them: what is in an earlier one hides the same name in a later.
 */
static const char *const folders[] = {"/etc/systemd/system.control",
	"/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator.early", "/etc/systemd/system",
	"/etc/systemd/system.attached", "/run/systemd/system",
	"/run/systemd/system.attached", "/run/systemd/generator",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system", "/run/systemd/generator.late"};

/* A unit's file; @alias_of: it is a link, and another name of that unit. */
struct unit_file {
	const char *name, *path, *alias_of;
};

/* A drop-in of the unit, or units, @key; in the order of the folders. */
struct drop_in {
	const char *key, *name, *path;
	size_t folder;
};

struct units {
	const struct gather *gather;
	struct audit_facts *facts;
	struct unit_file *files;
	size_t nfiles;
	struct drop_in *drop_ins;
	size_t ndrop_ins;
	struct audit_names names; /* all that are to be read */
};

/* A drop-in that counts for the unit at hand. */
struct part {
	const struct drop_in *drop_in;
	unsigned int rank; /* 0: of its very name */
};

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), want = strlen(end);

	return len > want && strcmp(name + len - want, end) == 0;
}

static bool is_unit(const char *name)
{
	return ends_with(name, ".service") || ends_with(name, ".socket");
}

static void add_name(struct units *units, const char *name)
{
	audit_name(units->facts, &units->names, name, strlen(name));
}

/* "job@.service" of "job@x.service"; NULL: it is no instance. */
static const char *template_of(struct units *units, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	if (!at || !dot || dot <= at + 1)
		return NULL;
	return arena_printf(
		&units->facts->arena, "%.*s%s", (int)(at + 1 - name), name, dot);
}

static void add_file(
	struct units *units, DIR *folder, const char *folder_path, const char *name)
{
	struct arena *arena = &units->facts->arena;
	char target[4096];

	for (size_t i = 0; i < units->nfiles; i++) {
		if (strcmp(units->files[i].name, name) == 0)
			return;
	}
	struct unit_file *file =
		arena_push(arena, &units->files, &units->nfiles, sizeof(*file));
	if (!file)
		return;
	file->name = arena_strdup(arena, name);
	file->path = arena_printf(arena, "%s/%s", folder_path, name);
	if (!file->name || !file->path) {
		units->nfiles--;
		return;
	}
	ssize_t len = readlinkat(dirfd(folder), name, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		const char *slash = strrchr(target, '/');
		const char *last = slash ? slash + 1 : target;
		const char *template = template_of(units, name);

		if (is_unit(last) && strcmp(last, name) != 0 &&
			!(template && strcmp(template, last) == 0))
			file->alias_of = arena_strdup(arena, last);
	}
	add_name(units, file->name);
}

/* What is wanted by others names the instances of templates. */
static void add_wanted(struct units *units, const char *folder_path)
{
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(units->gather, units->facts, folder_path);
	const char *name;

	while (folder && (name = gather_readdir(units->facts, folder, folder_path))) {
		if (is_unit(name) && template_of(units, name))
			add_name(units, name);
	}
}

static void add_drop_ins(struct units *units, size_t folder_index,
	const char *folder_path, const char *key)
{
	struct arena *arena = &units->facts->arena;
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(units->gather, units->facts, folder_path);
	const char *name;

	while (folder && (name = gather_readdir(units->facts, folder, folder_path))) {
		if (!ends_with(name, ".conf"))
			continue;
		struct drop_in *drop_in = arena_push(
			arena, &units->drop_ins, &units->ndrop_ins, sizeof(*drop_in));
		if (!drop_in)
			return;
		*drop_in = (struct drop_in){
			.key = key,
			.name = arena_strdup(arena, name),
			.path = arena_printf(arena, "%s/%s", folder_path, name),
			.folder = folder_index,
		};
		if (!drop_in->name || !drop_in->path)
			units->ndrop_ins--;
	}
	add_name(units, key);
}

static void find_in(struct units *units, size_t folder_index)
{
	const char *folder_path = folders[folder_index];
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(units->gather, units->facts, folder_path);
	struct arena *arena = &units->facts->arena;
	const char *name;

	while (folder && (name = gather_readdir(units->facts, folder, folder_path))) {
		if (is_unit(name)) {
			add_file(units, folder, folder_path, name);
			continue;
		}
		const char *path = arena_printf(arena, "%s/%s", folder_path, name);
		if (!path)
			return;
		if (ends_with(name, ".wants") || ends_with(name, ".requires") ||
			ends_with(name, ".upholds"))
			add_wanted(units, path);
		if (!ends_with(name, ".d"))
			continue;
		const char *key = arena_strndup(arena, name, strlen(name) - 2);
		if (key && (is_unit(key) || strcmp(key, "service") == 0 ||
				   strcmp(key, "socket") == 0))
			add_drop_ins(units, folder_index, path, key);
	}
}

static const struct unit_file *find_file(const struct units *units, const char *name)
{
	for (size_t i = 0; name && i < units->nfiles; i++) {
		if (strcmp(units->files[i].name, name) == 0)
			return &units->files[i];
	}
	return NULL;
}

/* "a-b.service": "a-b-.service" is not of it, "a-.service" is. */
static bool is_prefix_key(const char *key, const char *name)
{
	const char *key_end = strrchr(key, '.'), *end = strrchr(name, '.');
	size_t len = key_end ? (size_t)(key_end - key) : 0;

	return len > 0 && end && strcmp(key_end, end) == 0 && key[len - 1] == '-' &&
	       (size_t)(end - name) >= len && strncmp(key, name, len) == 0;
}

static bool is_alias(const struct units *units, const char *key, const char *name)
{
	const struct unit_file *file = find_file(units, key);

	return file && file->alias_of && strcmp(file->alias_of, name) == 0;
}

/* The smaller, the nearer. */
enum { RANK_OWN, RANK_TEMPLATE, RANK_PREFIX = 4096, RANK_ALL = 8192 };

/* How near the drop-ins of @key are to the unit; UINT_MAX: they are not of it. */
static unsigned int rank_of(const struct units *units, const char *key,
	const char *name, const char *template)
{
	if (strcmp(key, name) == 0 || is_alias(units, key, name))
		return RANK_OWN;
	if (template && strcmp(key, template) == 0)
		return RANK_TEMPLATE;
	if (strcmp(key, strrchr(name, '.') ? strrchr(name, '.') + 1 : name) == 0)
		return RANK_ALL;
	/* The longer, the nearer. */
	if (is_prefix_key(key, name))
		return RANK_PREFIX - (unsigned int)strnlen(key, RANK_PREFIX / 2);
	return UINT32_MAX;
}

/* By file name; of the same, all services' last, then by folder, then the nearest. */
static int compare(const void *left, const void *right)
{
	const struct part *a = left, *b = right;
	int order = strcmp(a->drop_in->name, b->drop_in->name);
	bool a_all = a->rank >= RANK_ALL, b_all = b->rank >= RANK_ALL;

	if (order != 0)
		return order;
	if (a_all != b_all)
		return a_all ? 1 : -1;
	if (a->drop_in->folder != b->drop_in->folder)
		return a->drop_in->folder < b->drop_in->folder ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void read_text(struct units *units, const char *unit, const char *path)
{
	struct span text;

	if (!gather_read(units->gather, units->facts, path, &text))
		return;
	if (ends_with(unit, ".service") || strcmp(unit, "service") == 0)
		units_read_service(units->facts, unit, path, text);
	else
		units_read_socket(units->facts, unit, path, text);
}

static void read_unit(struct units *units, const char *name)
{
	const char *template = template_of(units, name);
	const struct unit_file *file = find_file(units, name);
	struct part *parts = NULL;
	size_t n = 0;

	/* The other names are read with the one that they stand for. */
	if (file && file->alias_of && find_file(units, file->alias_of))
		return;
	file = file ? file : find_file(units, template);
	if (file)
		read_text(units, name, file->path);
	for (size_t i = 0; i < units->ndrop_ins; i++) {
		const struct drop_in *drop_in = &units->drop_ins[i];
		unsigned int rank = rank_of(units, drop_in->key, name, template);

		if (rank == UINT32_MAX)
			continue;
		struct part *part =
			arena_push(&units->facts->arena, &parts, &n, sizeof(*part));
		if (!part)
			return;
		*part = (struct part){drop_in, rank};
	}
	if (n > 0)
		qsort(parts, n, sizeof(*parts), compare);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 ||
			strcmp(parts[i].drop_in->name, parts[i - 1].drop_in->name) != 0)
			read_text(units, name, parts[i].drop_in->path);
	}
}

void gather_units(const struct gather *gather, struct audit_facts *facts)
{
	struct units units = {.gather = gather, .facts = facts};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		find_in(&units, i);
	for (size_t i = 0; i < units.names.n; i++)
		read_unit(&units, units.names.items[i]);
	units_end(facts);
}
