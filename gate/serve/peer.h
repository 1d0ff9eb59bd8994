/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a unix socket. */
#ifndef SEAWALL_GATE_SERVE_PEER_H
#define SEAWALL_GATE_SERVE_PEER_H

#include "common/err.h"
#include "gate/trail.h"

/**
 * peer_identify() - uid by SO_PEERCRED; login uid and terminal for the audit trail
 * @fd:         a connected unix socket
 * @ret_caller: user and profile are left NULL
 *
 * Only the uid is evidence: the kernel noted it when the peer connected. Login uid and
 * terminal are read from /proc of the process that did, if that is still there and is
 * of the same uid; they are recorded and never decide.
 * Return: 0; negative errno: refuse the caller.
 */
int peer_identify(int fd, struct trail_caller *ret_caller, struct err *err)
	_must_check_;

#endif
