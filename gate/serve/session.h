/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection: who is it, then two processes, one confined. */
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
 * @client: the connection; the process must hold no other descriptor that the caller
 *          should not keep open
 *
 * Identifies the caller (uid by SO_PEERCRED, groups by NSS), forks the confined worker
 * and stays as its broker. Both die with their parent.
 * Return: an exit status.
 */
int session_run(int client, const struct session_setup *setup);

#endif
