/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection: two processes, one confined, and then who is it. */
#ifndef SEAWALL_GATE_SERVE_SESSION_H
#define SEAWALL_GATE_SERVE_SESSION_H

#include <stdint.h>

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

/**
 * session_run() - serve one caller; in a process of its own, which then ends
 * @hand: of a SOCK_SEQPACKET pair: one byte comes over it, and with it the connection;
 *        the process must hold no other descriptor that the caller should not keep open
 *
 * Forks the worker, which confines itself at once; both wait. When the connection
 * comes, identifies the caller (uid by SO_PEERCRED, groups by NSS), hands him to the
 * worker and stays as its broker. Both end when the other end of @hand is closed
 * before. Return: an exit status.
 */
int session_run(int hand, const struct session_setup *setup);
/**
 * session_rehearse() - find out who root is, and write nothing about it
 *
 * Loads what NSS needs; a process that has done it once has it, and so have its
 * children.
 */
void session_rehearse(void);

#endif
