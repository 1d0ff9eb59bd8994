/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container mounts of the host and of volumes: Binds and Mounts. */
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
/** bind_target() - where one of Binds is mounted, maybe in @arena; NULL: no memory. */
const char *bind_target(struct arena *arena, const char *bind);
/** mounts_on() - whether a create has a bind, a mount or a tmpfs exactly at @path. */
bool mounts_on(struct work *work, const char *path);
/** check_local_driver() - "" or "local"; written nowhere. */
field_check check_local_driver;

/** mounts_judge() - what the engine says that the container @root mounts; pins it. */
int mounts_judge(struct work *work, const struct json_node *root) _must_check_;

extern const struct fields mount_table;

#endif
