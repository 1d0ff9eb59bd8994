/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sign for each port: ports with the same sign are told apart by nothing. */
#ifndef SEAWALL_NETMON_REACH_PORT_SIGNS_H
#define SEAWALL_NETMON_REACH_PORT_SIGNS_H

#include "netmon/reach/host.h"

/*
 * Theory of operation. Whatever looks at a port (a comparison, a set, a socket, a
 * route) holds for some ranges of ports and not for others. Each such range gets a
 * random-looking number that is added to the sign of every port in it; so two ports
 * have the same sign only when they are in the same ranges, and then a packet to one
 * ends as a packet to the other does. A sum, so that it takes a difference at either
 * end of a range and one pass over all ports.
 *
 * A translation to a range of ports may move a port by some distance: then what is told
 * apart behind it is told apart before it, by that distance. What does arithmetic on
 * ports in a way that is not followed tells every port apart.
 *
 * The numbers have 128 bits and follow from the rules alone: same rules, same signs.
 */

#define PORT_COUNT 65536u

/* A translation by which the port p becomes min + (p - base) % size. */
struct port_shift {
	uint16_t lo, hi; /* of the ports that can meet it */
	uint16_t min, base;
	uint32_t size;
};

struct port_signs {
	struct arena *arena;
	bool source; /* the source port of a first packet; else any port that follows
			from the one that is dialled, that of the answer included */
	u128 *at;    /* PORT_COUNT + 1; differences until port_signs_finish() */
	struct port_shift *shifts;
	size_t nshifts;
	uint64_t keys;	  /* given out so far */
	uint64_t *looked; /* by set of the ruleset at hand: where keys were seen */
	size_t odd;	  /* ops that were evaluated port by port */
	bool every;	  /* each port is told apart */
};

/** port_signs_init() - no port is told apart; false: the arena failed. */
bool port_signs_init(struct port_signs *signs, struct arena *arena, bool source);

/** port_signs_key() - a number that was not given out before. */
u128 port_signs_key(struct port_signs *signs);

/** port_signs_hash() - a number that follows from @seed and the bytes. */
u128 port_signs_hash(u128 seed, const void *data, size_t len);

/** port_signs_add() - tell the ports of a range from the others; @hi past the last port
 *  is the last port. */
void port_signs_add(struct port_signs *signs, uint32_t lo, uint32_t hi, u128 key);

/** port_signs_alone() - tell one port from all others. */
void port_signs_alone(struct port_signs *signs, uint32_t port);

/** port_signs_order() - tell ports below, at and above @port apart. */
void port_signs_order(struct port_signs *signs, uint32_t port, u128 key);

/** port_signs_rules() - whatever the rules, sets and policy routes of a namespace do
 *  with ports. */
void port_signs_rules(struct port_signs *signs, const struct space *space);

/** port_signs_finish() - the signs; no more can be added. */
void port_signs_finish(struct port_signs *signs);

/**
 * port_signs_dialled() - signs of the ports that are dialled: by the rules, sockets and
 * published ports of the host and of every container
 *
 * Return: PORT_COUNT signs in @arena; NULL when it failed.
 */
const u128 *port_signs_dialled(struct reach *reach, struct arena *arena);

/** port_signs_touches() - whether an op looks at a source port in any form. */
bool port_signs_touches(const struct op *op);

#endif
