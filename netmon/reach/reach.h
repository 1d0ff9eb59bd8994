/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who can reach what: the walk of a first packet through one host, symbolically. */
#ifndef SEAWALL_NETMON_REACH_REACH_H
#define SEAWALL_NETMON_REACH_REACH_H

#include "common/err.h"
#include "netmon/model/facts.h"
#include "netmon/model/report.h"

/**
 * struct reach - a snapshot made ready for questions: rules decoded and indexed, routes
 * sorted, addresses known. Borrowed facts must outlive it.
 */
struct reach;

/**
 * reach_new() - decode and index one snapshot
 * @facts:      borrowed
 * @perimeter:  names of the perimeter interfaces; @nperimeter 0: those with a default
 *              route. A name that is no interface is an error.
 * @ret_reach:  released with reach_free()
 *
 * Return: 0; -EINVAL for rules that are malformed (the text says where), -ENOMEM.
 */
int reach_new(const struct facts *facts, const char *const *perimeter,
	size_t nperimeter, struct reach **ret_reach, struct err *err) _must_check_;
void reach_free(struct reach *reach);
void reach_cleanup(struct reach **reach);
const struct ruleset *reach_ruleset(const struct reach *reach);

/**
 * reach_explain() - what happens to one packet, and to its answer
 * @arena: what @ret_answer points to (rules and chains: as long as @reach)
 *
 * Return: 0; -EINVAL for a question that makes no sense (families differ, no such
 * interface), -ENOMEM.
 */
int reach_explain(struct reach *reach, const struct question *question,
	struct arena *arena, struct answer *ret_answer, struct err *err) _must_check_;

/**
 * reach_exposures() - every endpoint that somebody outside can reach, and from where
 * @report: exposures, gaps, perimeter, assumptions, ways, asked and nhost_services are
 *          filled; its arena, facts and ruleset must be set
 *
 * Return: 0, -ENOMEM.
 */
int reach_exposures(struct reach *reach, struct report *report, struct err *err)
	_must_check_;

#endif
