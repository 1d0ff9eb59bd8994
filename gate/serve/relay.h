/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One allowed request: to the engine, and the engine's answer back. */
#ifndef SEAWALL_GATE_SERVE_RELAY_H
#define SEAWALL_GATE_SERVE_RELAY_H

#include "gate/filter.h"
#include "gate/serve/flow.h"
#include "gate/serve/head.h"

/** struct relay_buffers - memory of one process, used again by each request. */
struct relay_buffers {
	char answer[HEAD_MAX_BYTES];
	char up[FLOW_BUFFER], down[FLOW_BUFFER];
};

enum relay_end {
	RELAY_CLOSE = 0, /* close the caller's connection */
	RELAY_KEEP,	 /* the answer is complete: a next request may come */
	RELAY_FAILED,	 /* no byte of an answer was sent: @err says why */
};

/**
 * struct relay - what is to be carried
 * @up:     the body that streams, ready from its first byte on; ended: there is none
 * @held:   what the caller has sent behind its request, to be passed on only when the
 *          engine has switched; else it is thrown away
 * @keep:   the caller's connection may be used again
 * @broker: nothing is carried any more when its other end is closed
 */
struct relay {
	int client, engine, broker;
	const struct gate_forward *forward;
	struct arena *arena;
	struct relay_buffers *buffers;
	struct flow up;
	const char *held;
	size_t held_len;
	bool keep;
};

/** relay_run() - send the request, then carry until both sides are through. */
enum relay_end relay_run(struct relay *relay, struct err *err);

#endif
