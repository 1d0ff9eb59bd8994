/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a user is, by the system's databases. */
#ifndef SEAWALL_GATE_CALLER_H
#define SEAWALL_GATE_CALLER_H

#include "common/arena.h"
#include "common/err.h"
#include "gate/filter.h"

/**
 * caller_from_uid() - passwd entry, groups and home of a uid, through NSS
 * @arena:      for all that @ret_caller points to
 * @ret_caller: a uid without a passwd entry has no name, no groups and no home, and gid
 *              65534: it can only be granted something by its number
 *
 * Return: 0; -EINVAL for (uid_t)-1; another negative errno when NSS fails: then nothing
 * is known, and the caller must be refused.
 */
int caller_from_uid(uint32_t uid, struct arena *arena, struct gate_caller *ret_caller,
	struct err *err) _must_check_;
/** caller_from_name() - the same by name; -ENOENT when there is no such user. */
int caller_from_name(const char *name, struct arena *arena,
	struct gate_caller *ret_caller, struct err *err) _must_check_;

#endif
