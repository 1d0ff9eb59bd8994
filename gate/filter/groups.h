/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups that an image gives its processes. */
#ifndef SEAWALL_GATE_FILTER_GROUPS_H
#define SEAWALL_GATE_FILTER_GROUPS_H

#include "gate/filter/objects.h"

/*
 * Theory of operation. The engine tells runc the number of the caller's group among the
 * added ones, too, and runc before 1.3.0 looks in the container's /etc/group first for
 * a group that is called by it: a line "1000:x:0:" gives the caller's processes root's
 * group, at the start and at every exec. So with such a runc a container is started for
 * the first time only if its /etc/group has no such line, and if that file, /etc and /
 * are root's to change alone. Then they stay as they are: all that runs in it is the
 * caller, without capabilities, and copies into it are refused (judge_archive()).
 * Mounts on these places are refused as well: nesting.h.
 *
 * Not handled: containers that were started past gate, or with `run_as` "any", before.
 */

/**
 * groups_of_start() - of a container that is to be started
 *
 * Asks the engine for the first bytes of its archives of those three. For that it
 * mounts what the container mounts, which nobody can lead astray while nothing runs in
 * it and no mount is below another (nesting.h). One that has run is not looked at
 * again.
 */
int groups_of_start(struct work *work, const struct object *container) _must_check_;

#endif
