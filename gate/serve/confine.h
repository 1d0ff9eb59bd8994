/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that can do nothing but carry bytes between descriptors it has. */
#ifndef SEAWALL_GATE_SERVE_CONFINE_H
#define SEAWALL_GATE_SERVE_CONFINE_H

#include <sys/types.h>

#include <linux/filter.h>

#include "common/err.h"

/* The only descriptor over which a confined process receives others. */
enum { CONFINE_BROKER = 3 };

/** struct confinement - the system call filter, made once for all processes. */
struct confinement {
	struct sock_fprog program; /* heap */
};

/**
 * confinement_give_up_bounds() - empty the bounding set of this process for good
 *
 * Nobody here executes anything: once is enough, for all that are made. confine()
 * refuses to go on without. Needs CAP_SETPCAP.
 */
int confinement_give_up_bounds(struct err *err) _must_check_;

/** confinement_prepare() - make the filter; @ret is only for confine(). */
int confinement_prepare(struct confinement *ret, struct err *err) _must_check_;
void confinement_done(struct confinement *confinement);

/**
 * confine() - give up everything for good
 * @parent: ends: so do we, as far as it may send signals to uid nobody
 *
 * Uid and gid nobody, no groups, no capabilities, no way to get any back, hard limits,
 * and a list of the few system calls that are left; any other ends the process. No file
 * can be opened, no socket made, no process started or signalled, no descriptor given
 * away. Descriptors stay as they are.
 * Return: 0; negative errno: end the process.
 */
int confine(const struct confinement *confinement, pid_t parent, struct err *err)
	_must_check_;

#endif
