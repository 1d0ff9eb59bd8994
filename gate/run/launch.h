/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command as the caller, and the wait for it. */
#ifndef SEAWALL_GATE_RUN_LAUNCH_H
#define SEAWALL_GATE_RUN_LAUNCH_H

#include <sys/types.h>

#include "common/err.h"

enum {
	LAUNCH_NOT_RUN = 126,
	LAUNCH_NOT_FOUND = 127,
	LAUNCH_SIGNALLED = 128,
};

/** launch_seal_ids() - all ids to the caller's; verified, also that none comes back. */
int launch_seal_ids(uid_t uid, gid_t gid, struct err *err) _must_check_;

/**
 * launch_run() - start the command and wait for its end
 * @uid, @gid:   the caller's; his supplementary groups are kept as they are
 * @arguments:   NULL-terminated; a name without a slash is looked for in REQUEST_PATH
 * @environment: all of it
 *
 * What the terminal signals goes to the command, which is in our process group; what
 * others send us is sent on. When the command stops, so do we.
 * Return: its exit status, LAUNCH_SIGNALLED plus the signal that ended it, or a
 * LAUNCH_... when it could not be run (told on standard error); a negative errno when
 * no process could be made.
 */
int launch_run(uid_t uid, gid_t gid, char *const arguments[], char *const environment[],
	struct err *err) _must_check_;

#endif
