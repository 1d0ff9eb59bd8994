/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One first packet from outside to whoever gets it, and its answer back. */
#ifndef SEAWALL_NETMON_REACH_WALK_H
#define SEAWALL_NETMON_REACH_WALK_H

#include "netmon/reach/chain.h"
#include "netmon/reach/host.h"

/* One way a packet can end, and for which peers. */
struct outcome {
	const struct ivset *peers;
	enum result result; /* what the asker sees; MAYBE: unknown */
	enum delivery delivery;
	enum tri listener;
	bool reaches; /* it got to the target, whoever listens there, and an answer can
			 come back (UDP: it got there) */
	bool passes;  /* it goes on to somebody else, with the destination it had */
	bool one_way; /* it got there, and no answer comes back */
	bool translated; /* by DNAT, before the routing decision */
	bool has_path;
	enum path path;
	const struct container *container;
	struct addr target;
	uint16_t target_port;
	uint8_t target_origin; /* enum port_origin */
	const struct sock *sock;
	const struct trace_node *trace;
	const struct doubt *doubt;
};

struct walk {
	struct reach *reach;
	struct run run;
	struct outcome *outcomes;
	size_t n;
	enum family family;
	int iif;	    /* by which the stranger's packet arrived */
	bool sport_class;   /* the source port asked for stands for a class of them, or
			       for all */
	bool strange;	    /* the packet is of an unusual sender */
	bool tells_strange; /* set: a namespace on the way has rules that tell him from
			       others */
	bool tagged;	    /* its frame has two VLAN tags of id 0 */
	bool tells_tagged; /* set: on the way is what looks into frames, and takes those
			      for something else than IP */
	bool tagged_once;  /* its frame has one such tag */
	bool tells_tagged_once; /* set: it was bridged, and br_netfilter does not take
				   it for IP then */
	bool by_host;		/* the frame is for the host's MAC, even on the way to a
				   container that is on the same link */
	bool bypassed;	 /* set: the frame was bridged to a container past by_host */
	u128 asked_addr; /* what the stranger dialled */
	uint16_t asked_port;
	uint8_t proto;
};

/**
 * walk_from_outside() - follow a first packet in, and its answer out
 * @walk:   reach, run.arena and run.tracing set; outcomes are filled
 * @iif:    the interface it arrives by
 * @to, @proto, @port: what is dialled
 * @sport:  -1: unknown
 * @peers:  who dials
 *
 * Every peer is in at least one outcome (unless the arena failed).
 */
void walk_from_outside(struct walk *walk, int iif, const struct addr *to, uint8_t proto,
	uint16_t port, int sport, const struct ivset *peers);

/** walk_wants_port() - whether a match was perhaps undecided for want of a source port.
 */
bool walk_wants_port(const struct walk *walk);

#endif
