/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are there, and confined, before somebody connects. */
#ifndef SEAWALL_GATE_SERVE_SPARE_H
#define SEAWALL_GATE_SERVE_SPARE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"
#include "gate/serve/session.h"

/*
 * Theory of operation. Two forks and the confinement take longer than most requests, so
 * they are done ahead. A spare is a session (session.h) that waits for its connection;
 * it serves that one and ends, as any session does. It has the policy of when it was
 * made: whoever loads another must drop the spares.
 */

enum { SPARE_MAX = 2 };

/** struct spares - all zero: none. */
struct spares {
	struct spare {
		pid_t pid;
		int fd;
	} list[SPARE_MAX];
	size_t count;
};

/** spares_fill() - make as many as there may be; fewer when processes run out. */
void spares_fill(struct spares *spares, const struct session_setup *setup);

/**
 * spares_give() - a connection to a spare, or where there is none to a new process
 * @client: stays open here
 *
 * Return: the process that serves it, a child that is the caller's to wait for; a
 * negative errno: nobody does.
 */
pid_t spares_give(struct spares *spares, int client, const struct session_setup *setup,
	struct err *err) _must_check_;

/** spares_forget() - @pid has ended; false: it was no spare. */
bool spares_forget(struct spares *spares, pid_t pid);
/** spares_drop() - end them all. */
void spares_drop(struct spares *spares);

#endif
