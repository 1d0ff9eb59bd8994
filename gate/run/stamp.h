/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who proved a short time ago, on this terminal, that it is him. */
#ifndef SEAWALL_GATE_RUN_STAMP_H
#define SEAWALL_GATE_RUN_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

/*
 * Theory of operation. A file of root's in a folder of root's: what is in it names the
 * boot, the uid, the terminal and the process that leads its session, by number and
 * start time, so that neither a terminal's number nor a process id that is used again
 * is taken for the old one. Two clocks count: one that nobody can set, one that goes on
 * while the machine sleeps on any kernel; both must say that it was a short time ago.
 * Without a terminal there is no stamp.
 */

#define STAMP_FOLDER "/run/seawall/stamps"

enum { STAMP_SECONDS = 5 * 60 };

/** struct stamp_place - where one sits. */
struct stamp_place {
	uint32_t uid;
	uint32_t terminal; /* device number; 0: none */
	uint32_t session;
	uint64_t session_start; /* of its leader, in ticks since boot */
};

/**
 * stamp_read_stat() - terminal, session and start time of /proc/PID/stat
 *
 * The process' name, which may hold anything, is skipped by its last ')':
 * CVE-2017-1000367. Return: 0; -EINVAL.
 */
int stamp_read_stat(const char *text, uint32_t *ret_terminal, uint32_t *ret_session,
	uint64_t *ret_start) _must_check_;

/** stamp_find_place() - of this process; 0 with terminal 0 when there is none. */
int stamp_find_place(uint32_t uid, struct stamp_place *ret_place, struct err *err)
	_must_check_;

/** stamp_is_fresh() - whether the stamp of @place is there and young enough. */
bool stamp_is_fresh(const struct stamp_place *place);
/** stamp_set() - make it; 0 or negative errno. */
int stamp_set(const struct stamp_place *place, struct err *err) _must_check_;
/** stamp_remove() - forget it; no stamp is no failure. */
int stamp_remove(const struct stamp_place *place, struct err *err) _must_check_;

#endif
