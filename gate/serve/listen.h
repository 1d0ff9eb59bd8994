/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets that callers connect to. */
#ifndef SEAWALL_GATE_SERVE_LISTEN_H
#define SEAWALL_GATE_SERVE_LISTEN_H

#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"

enum { LISTEN_MAX = 8, LISTEN_FIRST_FD = 3 };

/**
 * listen_inherited() - the listening unix sockets that systemd passed; sd_listen_fds(3)
 *
 * Return: how many, from LISTEN_FIRST_FD on; 0: none; -EINVAL: one that is no listening
 * unix stream socket, or more than LISTEN_MAX. The environment is cleared of it.
 */
int listen_inherited(struct err *err) _must_check_;

/**
 * listen_at() - make and listen at the socket @path
 * @mode:  permission bits
 * @group: that is to own it; NULL: unchanged
 *
 * A socket that nobody listens at any more is replaced, nothing else is.
 * Return: the descriptor; -EADDRINUSE; another negative errno.
 */
int listen_at(const char *path, mode_t mode, const char *group, struct err *err)
	_must_check_;

#endif
