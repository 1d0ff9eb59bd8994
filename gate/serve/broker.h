/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the confined process may ask of the one that still has privileges. */
#ifndef SEAWALL_GATE_SERVE_BROKER_H
#define SEAWALL_GATE_SERVE_BROKER_H

#include "common/err.h"
#include "gate/filter.h"
#include "gate/trail.h"

/*
 * Few questions and no more, over a SOCK_SEQPACKET pair: a new connection to the
 * engine, a pin, a line in the audit trail. The broker never reads a byte that the
 * caller of the API sent; the worker never holds a descriptor but those two sockets.
 */

/**
 * struct broker - the privileged side; one for each connection
 * @user: the caller once more, as the system's databases know him
 */
struct broker {
	const char *engine_path;
	const struct trail *trail;
	const struct trail_caller *caller;
	const struct gate_caller *user;
};

/** broker_serve() - answer what comes in on @fd until the other end is closed. */
void broker_serve(int fd, const struct broker *broker);

/* The worker's side. Each waits for the answer; 0 or a negative errno. */

/** broker_connect() - a connected socket of the engine, or a negative errno. */
int broker_connect(int fd, struct err *err) _must_check_;
int broker_pin(int fd, const struct gate_pin *pin, struct err *err) _must_check_;
int broker_trail(int fd, const struct trail_entry *entry, struct err *err) _must_check_;
/** broker_begin() - broker_trail(), and when that is done broker_connect(). */
int broker_begin(int fd, const struct trail_entry *entry, struct err *err) _must_check_;

#endif
