/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walk through ip rules and routing tables: what routing_*() are made of. */
#ifndef SEAWALL_NETMON_REACH_LOOKUP_H
#define SEAWALL_NETMON_REACH_LOOKUP_H

#include "netmon/reach/routing.h"

struct lookup {
	struct space *space;
	struct arena *arena;
	const struct packet *packet;
	struct route_choices *out;
	bool doubtful;
	int via; /* a source's route: does any of its hops leave by this one? 0: no */
	unsigned int branches; /* ways that uncertain rules opened */
};

/** lookup_follow() - what ip rules and tables decide for @peers: into lookup->out. */
void lookup_follow(struct lookup *lookup, const struct ivset *peers);

/** lookup_choose() - @peers get that decision; they and doubtful of @what are ignored.
 */
void lookup_choose(struct lookup *lookup, const struct ivset *peers,
	const struct route_choice *what);

/** lookup_choose_none() - a decision without an interface. */
void lookup_choose_none(
	struct lookup *lookup, const struct ivset *peers, enum route_kind kind);

#endif
