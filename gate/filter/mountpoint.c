/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in a container, and whether something may be mounted there. */
#include "gate/filter/mountpoint.h"

#include <assert.h>
#include <string.h>

#include "gate/filter/names.h"

/* In images of most distributions; the second is where it is in truth. */
static const struct {
	const char *link, *target;
} usual_links[] = {
	{"/bin", "/usr/bin"},
	{"/lib", "/usr/lib"},
	{"/lib64", "/usr/lib64"},
	{"/sbin", "/usr/sbin"},
	{"/sbin", "/usr/bin"}, /* Arch, and what follows it */
	{"/usr/sbin", "/usr/bin"},
	{"/var/lock", "/run/lock"},
	{"/var/run", "/run"},
};

/*
 * "usr/bin", "/usr/bin" and "../usr/bin"; none of the usual ones is more than one
 * directory deep. What does not begin at the top is counted from that directory, as
 * "bin" is in /usr.
 */
static bool leads_to(const char *link, const char *target, const char *place)
{
	size_t len = (size_t)(strrchr(link, '/') - link);

	for (; strncmp(target, "../", 3) == 0; target += 3)
		len = 0;
	if (*target == '/') {
		len = 0;
		target++;
	}
	return strncmp(place, link, len) == 0 && place[len] == '/' &&
	       strcmp(place + len + 1, target) == 0;
}

bool has_usual_link(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(usual_links); i++) {
		if (strcmp(usual_links[i].link, path) == 0)
			return true;
	}
	return false;
}

bool is_usual_link(const char *path, const char *target)
{
	for (size_t i = 0; i < ARRAY_LEN(usual_links); i++) {
		if (strcmp(usual_links[i].link, path) == 0 &&
			leads_to(path, target, usual_links[i].target))
			return true;
	}
	return false;
}

static bool has_way(const struct path_ways *ways, const char *path)
{
	for (size_t i = 0; i < ways->n; i++) {
		if (strcmp(ways->list[i], path) == 0)
			return true;
	}
	return false;
}

/* Those behind a link on one that is there already. */
static bool add_ways(struct arena *arena, struct path_ways *ways, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(usual_links); i++) {
		const char *link = usual_links[i].link, *way;

		if (!path_below(path, link))
			continue;
		way = arena_printf(
			arena, "%s%s", usual_links[i].target, path + strlen(link));
		if (!way)
			return false;
		if (has_way(ways, way))
			continue;
		assert(ways->n < PATH_WAYS);
		ways->list[ways->n++] = way;
	}
	return true;
}

struct path_ways path_ways(struct arena *arena, const char *path)
{
	struct path_ways ways = {.list = {path_trim(arena, path)}, .n = 1};

	if (!ways.list[0])
		return (struct path_ways){0};
	for (size_t i = 0; i < ways.n; i++) {
		if (!add_ways(arena, &ways, ways.list[i]))
			return (struct path_ways){0};
	}
	return ways;
}

/* Below these a mount hides what the kernel or the runtime relies on. */
static bool is_kernel_path(const char *path)
{
	return path_below(path, "/proc") || path_below(path, "/sys") ||
	       (path_below(path, "/dev") && !path_below(path, "/dev/shm"));
}

const struct network_file network_files[NETWORK_FILES] = {
	{"/etc/hosts", "hosts", "HostsPath"},
	{"/etc/hostname", "hostname", "HostnamePath"},
	{"/etc/resolv.conf", "resolv.conf", "ResolvConfPath"},
};

/*
 * The engine takes what is mounted on one of these for its own file, and mounts it in
 * every container that joins this one's network: writable, and in no list of mounts.
 */
static bool is_network_file(const char *path)
{
	for (size_t i = 0; i < NETWORK_FILES; i++) {
		if (strcmp(path, network_files[i].path) == 0)
			return true;
	}
	return false;
}

static int check_network_file(struct work *work, const struct field *field,
	const struct json_node *value, const char *target)
{
	if (!is_network_file(target) || has_power(work, POWER_PRIVILEGED))
		return 0;
	return field_refuse(work, field, value,
		"a mount on '%s' would be that of all containers that join its "
		"network: use --add-host, --hostname or --dns",
		target);
}

int check_mountpoint(struct work *work, const struct field *field,
	const struct json_node *value, const char *target, const char **ret_target)
{
	const char *copy = path_trim(work->arena, target);

	if (!copy)
		return refuse_memory(work);
	if (!is_plain_path(copy) || strcmp(copy, "/") == 0)
		return field_refuse(work, field, value,
			"'%s' is no place in a container: write it absolute, without "
			"'..', '.', '//' or ':'",
			shown(work, target));
	/* CVE-2019-16884: a volume over /proc kept AppArmor from being applied. */
	if (is_kernel_path(copy) && !has_power(work, POWER_PRIVILEGED))
		return field_refuse(work, field, value,
			"a mount on '%s' needs \"privileged\"", shown(work, target));
	*ret_target = copy;
	return check_network_file(work, field, value, copy);
}

int check_propagation(struct work *work, const struct field *field,
	const struct json_node *value, const char *text)
{
	if (!*text || strcmp(text, "rprivate") == 0 || strcmp(text, "private") == 0 ||
		has_power(work, POWER_PRIVILEGED))
		return 0;
	return field_refuse(work, field, value,
		"propagation '%s' joins the host's mounts: it needs \"privileged\"",
		shown(work, text));
}
