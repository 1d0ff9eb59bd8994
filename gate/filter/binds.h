/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which host paths the profile lets the caller mount. */
#ifndef SEAWALL_GATE_FILTER_BINDS_H
#define SEAWALL_GATE_FILTER_BINDS_H

#include "gate/filter/work.h"

/**
 * bind_source() - what the engine may be told to mount for a host path
 * @rule:      of a refusal
 * @source:    of the caller
 * @read_only: the caller wants no more
 * @ret_path:  a pin's path; or @source, where the profile grants all of the host
 */
int bind_source(struct work *work, const char *rule, const char *source, bool read_only,
	const char **ret_path) _must_check_;

/**
 * bind_existing() - the same for the source of a mount that exists
 *
 * One that is no pin of the caller's must lie where the profile grants all of the host:
 * nobody watched what it was resolved through.
 */
int bind_existing(struct work *work, const char *source, bool read_only) _must_check_;

#endif
