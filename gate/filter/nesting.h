/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts that lead root astray by where they are: below others, and on the groups. */
#ifndef SEAWALL_GATE_FILTER_NESTING_H
#define SEAWALL_GATE_FILTER_NESTING_H

#include "gate/filter/objects.h"

/*
 * Theory of operation. Where a container mounts something below what it mounts, runc
 * makes the place for it, as root, in what is mounted: in a directory of the host's, or
 * in a volume that another container has, too. While it does, before it has changed its
 * root, their owner can put a link there: then an empty file or directory of root's
 * appears anywhere on the host (CVE-2024-45310; /etc/nologin is such a file). runc
 * 1.1.14 stays below the container's root. Of an older one, or one that is not told,
 * nested mounts need "privileged". A tmpfs is nobody's before the container runs; the
 * /dev/shm of another container is its processes'.
 *
 * runc before 1.3.0 looks for the numbers of a process' groups among the names in the
 * container's /etc/group first. Of such a one, or one that is not told, a mount there
 * needs "privileged" or to run as anybody; so does a nested one, which a link in the
 * outer one could lead there. Before 1.3.3 it also uses what is in /dev, where a link
 * may lead a mount.
 *
 * All of these follow links of the image: so with such a runc it must have none on the
 * way to a mount, and no groups that are called by numbers: see look.h. The usual links
 * of distributions are known.
 */

/**
 * nesting_of_create() - of a container that is to be made
 * @body:  of the create, found to be proper otherwise
 * @image: which may bring VOLUMEs
 */
int nesting_of_create(struct work *work, const struct json_node *body,
	const struct object *image) _must_check_;
/** nesting_of_container() - of one that exists, as the engine tells of it. */
int nesting_of_container(struct work *work, const struct json_node *root) _must_check_;

#endif
