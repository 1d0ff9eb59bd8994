/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One packet set on its way through one namespace, and how it can end there. */
#ifndef SEAWALL_NETMON_REACH_VISIT_H
#define SEAWALL_NETMON_REACH_VISIT_H

#include "netmon/reach/answer.h"
#include "netmon/reach/routing.h"
#include "netmon/reach/walk.h"

/*
 * Theory of operation. A visit is a packet set in one namespace, with the stations that
 * it passed before. It goes ingress, prerouting, routing, then input to a socket, or
 * forward and postrouting to the next namespace. Wherever it ends, an outcome is noted
 * for its peers, and the answer is sent back through the stations to learn whether the
 * asker hears it.
 */

#define STATIONS_MAX 4

struct visit {
	struct walk *walk;
	struct run run; /* of this namespace */
	struct station stations[STATIONS_MAX];
	size_t nstations;
	enum path path;
	bool has_path;
	bool translated;
	enum route_kind kind; /* as what a socket gets it */
	const struct container *container;
};

/* What is left of @from when it crosses into another namespace (skb_scrub_packet()). */
void visit_cross(const struct packet *from, int iif, struct packet *to);

/* From an interface's prerouting on; takes the whole visit to its ends. */
void visit_enter(struct visit *visit, struct states *states);

/* Into a container's namespace, by its interface; @through_host: the host forwarded it.
 */
void visit_enter_container(struct visit *visit, struct state *state,
	const struct container *container, bool through_host);

/* @what as it ended for this packet set; path and container default to the visit's. */
void visit_add_outcome(
	struct visit *visit, const struct state *state, const struct outcome *what);

/* Nobody gets it, and nobody answers. */
void visit_end_silent(
	struct visit *visit, const struct state *state, enum delivery delivery);

/* Where nobody can say how it goes on: the worst is assumed, and the best. */
void visit_end_unknown(
	struct visit *visit, struct state state, const char *code, const char *text);

/* Send an answer back and note the outcome for those who hear it and those who do not.
 */
void visit_end_answered(struct visit *visit, const struct state *state,
	enum packet_kind kind, const struct outcome *what);

/* An outcome for each set that a rule of this namespace ended since the last call. */
void visit_note_endings(struct visit *visit);

#endif
