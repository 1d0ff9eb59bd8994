/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces and doubts of a walk as the report has them. */
#ifndef SEAWALL_NETMON_REACH_EXPLAIN_H
#define SEAWALL_NETMON_REACH_EXPLAIN_H

#include "netmon/model/report.h"
#include "netmon/reach/packet.h"

/**
 * explain_gaps() - add a walk's doubts to a list, each rule and code once
 * @arena: of the new gaps and the list
 *
 * Return: the new length.
 */
size_t explain_gaps(struct arena *arena, const struct doubt *doubt,
	const struct gap ***gaps, size_t *ngaps);

/** explain_trace() - the steps in order, copied to @arena. */
struct trace explain_trace(struct arena *arena, const struct trace_node *node);

#endif
