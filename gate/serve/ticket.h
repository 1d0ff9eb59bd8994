/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a confined process is told of the connection that it is to serve. */
#ifndef SEAWALL_GATE_SERVE_TICKET_H
#define SEAWALL_GATE_SERVE_TICKET_H

#include "common/arena.h"
#include "common/err.h"
#include "gate/filter.h"

/*
 * The process is confined before anybody has connected, so the connection and who is at
 * its other end come as messages. Both sides have the same policy in memory: one was
 * forked from the other.
 */

/**
 * ticket_send() - hand over a connection
 * @fd:      of the SOCK_SEQPACKET pair
 * @client:  the connection; stays open here
 * @profile: of @policy's profiles; NULL: none is granted
 *
 * Return: 0; -EPIPE when nobody is there to take it; -E2BIG; another negative errno.
 */
int ticket_send(int fd, int client, const struct gate_caller *caller,
	const struct policy *policy, const struct profile *profile, struct err *err)
	_must_check_;

/**
 * ticket_receive() - wait for the connection
 * @arena:       for all that @ret_caller points to
 * @ret_profile: of @policy's; NULL: none is granted
 *
 * Return: the connection's descriptor; -EPIPE: there will be none; -EPROTO; another
 * negative errno. On failure nothing is set.
 */
int ticket_receive(int fd, const struct policy *policy, struct arena *arena,
	struct gate_caller *ret_caller, const struct profile **ret_profile,
	struct err *err) _must_check_;

#endif
