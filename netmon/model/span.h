/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exposures of several ports that are all alike. */
#ifndef SEAWALL_NETMON_MODEL_SPAN_H
#define SEAWALL_NETMON_MODEL_SPAN_H

#include "netmon/model/report.h"

/** span_last() - the last port of an endpoint; its only one where it is no span. */
static inline uint16_t span_last(const struct endpoint *endpoint)
{
	return endpoint->port_last ? endpoint->port_last : endpoint->port;
}

/** span_has_port() - whether a port is one of the endpoint's. */
static inline bool span_has_port(const struct endpoint *endpoint, uint16_t port)
{
	return port >= endpoint->port && port <= span_last(endpoint);
}

/** span_set() - the ports from @port to @last; a single one is no span. */
void span_set(struct endpoint *endpoint, uint16_t port, uint16_t last);

/** span_target_last() - where the span's last port arrives; target_port where all ports
 *  arrive at one. */
uint16_t span_target_last(const struct exposure *exposure);

/** span_narrow() - an exposure of some of its ports only; the target moves along. The
 *  id is the caller's business. */
void span_narrow(struct exposure *exposure, uint16_t port, uint16_t last);

/**
 * span_say_target() - have the trace's last translation name where all ports arrive
 * @arena: of the trace
 *
 * It is the trace of one port's walk: of an exposure whose target moves it names
 * another port's target, or the first one's alone. Nothing changes where it names none.
 */
void span_say_target(struct arena *arena, struct exposure *exposure);

/** span_is_like() - whether @next is at the following ports what @exposure is at its:
 *  by rules that do the same, at the same target's address. */
bool span_is_like(const struct exposure *exposure, const struct exposure *next);

/**
 * span_goes_on() - whether an exposure is the very same at the ports that follow
 * @exposure: grows by the ports of @next when it is
 */
bool span_goes_on(struct exposure *exposure, const struct exposure *next);

/** span_id() - of what stays the same from run to run: the endpoint's address and first
 *  port, path and the container's name. */
const char *span_id(struct arena *arena, const struct exposure *exposure);

#endif
