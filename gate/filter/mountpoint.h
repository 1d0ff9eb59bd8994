/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in a container, and whether something may be mounted there. */
#ifndef SEAWALL_GATE_FILTER_MOUNTPOINT_H
#define SEAWALL_GATE_FILTER_MOUNTPOINT_H

#include "gate/filter/fields.h"

/** has_usual_link() - whether distributions have a link there. */
bool has_usual_link(const char *path);
/** is_usual_link() - whether distributions have that link to that target there. */
bool is_usual_link(const char *path, const char *target);

enum { PATH_WAYS = 3 };
/**
 * struct path_ways - where a path may be in truth: as it is, and behind such links
 * @n: 0: memory ran out
 */
struct path_ways {
	const char *list[PATH_WAYS];
	size_t n;
};
/** path_ways() - in @arena, of path_trim(@path). */
struct path_ways path_ways(struct arena *arena, const char *path);

/**
 * check_mountpoint() - whether the profile lets something be mounted on @target
 * @ret_target: a copy without a '/' at its end
 */
int check_mountpoint(struct work *work, const struct field *field,
	const struct json_node *value, const char *target, const char **ret_target)
	_must_check_;
/** check_propagation() - mounts that reach the host's are for "privileged". */
int check_propagation(struct work *work, const struct field *field,
	const struct json_node *value, const char *text) _must_check_;

enum { NETWORK_FILES = 3 };
/**
 * struct network_file - a file of the engine's own that it mounts in every container
 * @path: there
 * @name: of the engine's, in the container's folder
 * @key:  of GET containers/{}/json, which tells where that is; "" before the first
 * start
 */
struct network_file {
	const char *path, *name, *key;
};
extern const struct network_file network_files[NETWORK_FILES];

#endif
