/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two processes of a connection: one confined, and one that knows who it is. */
#ifndef SEAWALL_GATE_SERVE_SESSION_H
#define SEAWALL_GATE_SERVE_SESSION_H

#include <stdint.h>
#include <sys/types.h>

#include "common/policy.h"
#include "gate/serve/confine.h"
#include "gate/trail.h"

/**
 * struct session_setup - what all connections have in common
 * @elevated:   judge by the grant's `elevate` instead of its `profile`
 * @generation: see struct exchange_setup
 * @born:       its value when @policy was loaded
 */
struct session_setup {
	const struct policy *policy;
	const char *engine_path;
	const struct trail *trail;
	const struct confinement *confinement;
	bool elevated;
	const volatile uint32_t *generation;
	uint32_t born;
};

/* session_work()'s status when it could not be confined; anything else but 0 is less.
 */
enum { SESSION_UNCONFINED = 2 };

/**
 * session_work() - the worker of one caller, in a process of its own, which then ends
 * @broker: of a SOCK_SEQPACKET pair, to whoever will be its broker
 * @parent: the process that made it
 *
 * Closes all other descriptors and confines itself at once, then waits for its caller.
 * Ends when the other end of @broker is closed. Return: an exit status.
 */
int session_work(int broker, pid_t parent, const struct session_setup *setup);

/**
 * session_broker() - the broker of one caller after the other, in a process of its own
 * @hand: of a SOCK_SEQPACKET pair: one byte comes over it, and with it a worker's
 *        socket; another, and with it a connection; when that is over one byte goes
 *        back. The process must hold no other descriptor that callers should not keep
 *        open
 *
 * Identifies the caller (uid by SO_PEERCRED, groups by NSS), hands him to the worker
 * and does for it what it may ask for. Ends when the other end of @hand is closed.
 * Return: an exit status.
 */
int session_broker(int hand, const struct session_setup *setup);
/**
 * session_rehearse() - find out who root is, and write nothing about it
 *
 * Loads what NSS needs; a process that has done it once has it, and so have its
 * children.
 */
void session_rehearse(void);

#endif
