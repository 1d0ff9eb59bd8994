/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back: whether the asker hears an answer. */
#ifndef SEAWALL_NETMON_REACH_ANSWER_H
#define SEAWALL_NETMON_REACH_ANSWER_H

#include "netmon/reach/walk.h"

/**
 * struct station - a namespace in which the first packet was, and how it was there last
 *
 * The answer visits the same stations in reverse.
 */
struct station {
	struct space *space;
	struct state state; /* as it was delivered, or as it left */
	bool forwarded; /* it left by state.packet.oif; else it was delivered here */
	bool by_rule;	/* a rule answers for whoever it was for */
	bool attached;	/* ... or a router: on behalf of the packet's own entry */
	const struct sock *sock; /* the socket that answers; NULL: none does */
};

/**
 * answer_peers() - the peers to whom an answer of @kind gets back
 * @stations: from the outermost inwards; the last is where the answer is made
 * @ret_heard:  peers who may hear it
 * @ret_unheard: peers who may not; a peer nobody can tell about is in both
 * @ret_doubt: why some are in both (added to the last station's doubts)
 */
void answer_peers(struct walk *walk, const struct station *stations, size_t n,
	enum packet_kind kind, const struct ivset **ret_heard,
	const struct ivset **ret_unheard, const struct doubt **ret_doubt);

#endif
