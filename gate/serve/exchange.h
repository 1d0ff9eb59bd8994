/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confined process of one connection: reads requests, asks, carries bytes. */
#ifndef SEAWALL_GATE_SERVE_EXCHANGE_H
#define SEAWALL_GATE_SERVE_EXCHANGE_H

#include <stdint.h>

#include "gate/filter.h"

/*
 * Theory of operation. A connection carries requests one behind the other; each is
 *   read (head, and body when it is JSON) -> gate_filter() -> audit trail -> pins ->
 *   a new connection to the engine -> relayed -> both connections closed, or the
 *   caller's kept for a next request, which is judged from the beginning.
 * Whatever cannot be read, judged, recorded or pinned is refused. Bytes of the caller
 * reach the engine only as the body of an allowed request, never past its end, and as
 * the stream of a connection that the engine has switched.
 */

/**
 * struct exchange_setup - what one connection's process works with
 * @context:    for gate_filter(); its engine and today are filled in here
 * @client:     the caller's socket
 * @broker:     where the privileged process listens
 * @generation: counts the policies loaded; when it is no longer @born, the connection
 * is closed after the answer, so that the next request meets the new policy; a request
 * that came while it changed is refused
 */
struct exchange_setup {
	struct gate_context context;
	int client, broker;
	const volatile uint32_t *generation;
	uint32_t born;
};

/**
 * exchange_rehearse() - read and judge a request that nobody sent, and forget it
 *
 * The memory that it takes is then there when somebody waits for it.
 */
void exchange_rehearse(const struct exchange_setup *setup);
/** exchange_run() - serve the connection to its end; returns when it is to be closed.
 */
void exchange_run(const struct exchange_setup *setup);

#endif
