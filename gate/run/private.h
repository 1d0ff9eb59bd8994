/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket that only one command's user can connect to, and who serves it. */
#ifndef SEAWALL_GATE_RUN_PRIVATE_H
#define SEAWALL_GATE_RUN_PRIVATE_H

#include <sys/types.h>

#include "common/err.h"
#include "common/policy.h"
#include "gate/serve/folder.h"
#include "gate/trail.h"

/**
 * struct private_socket - the socket and its server
 * @folder: made for it, root's
 * @server: dies with us
 */
struct private_socket {
	struct folder folder;
	char path[96];
	pid_t server;
};

/**
 * private_open() - make the socket and serve it by the elevated profile
 * @uid:    may connect, nobody else
 * @engine: the engine's own socket
 *
 * Return: 0; negative errno: nothing is left behind.
 */
int private_open(uid_t uid, const struct policy *policy, const char *engine,
	const struct trail *trail, struct private_socket *ret_socket, struct err *err)
	_must_check_;
/** private_close() - end the server and all that it serves; remove the socket. */
void private_close(struct private_socket *socket);

#endif
