/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container mounts: of the host, of volumes, of other containers. */
#ifndef SEAWALL_GATE_FILTER_MOUNTS_H
#define SEAWALL_GATE_FILTER_MOUNTS_H

#include "gate/filter/fields.h"

/*
 * Theory of operation. Host paths are compared with the profile's `binds` as text here,
 * and pinned by the caller of the filter before the engine sees them (filter.h). Both
 * of the API's ways to write mounts come out as `Mounts`, which can carry the owner
 * label of volumes that the engine makes on the fly. Only where the profile grants "/"
 * writable there is nothing that a link could lead out of: such a bind goes on
 * unpinned.
 */

/** force_mounts() - HostConfig's Binds and Mounts together. */
field_check force_mounts;
/** check_image_volumes() - the same for an image's; @volumes: NULL: it has none. */
int check_image_volumes(struct work *work, const struct field *field,
	const struct json_node *volumes) _must_check_;
field_check check_volumes_from, check_tmpfs, check_volumes;
/** check_local_driver() - "" or "local"; written nowhere. */
field_check check_local_driver;

/** mounts_judge() - what the engine says that the container @root mounts; pins it. */
int mounts_judge(struct work *work, const struct json_node *root) _must_check_;

extern const struct fields mount_table;

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
