/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ports worth asking about, by protocol: single ones and spans. */
#ifndef SEAWALL_NETMON_REACH_SERVICES_H
#define SEAWALL_NETMON_REACH_SERVICES_H

#include "netmon/model/facts.h"

enum { FAMILY_BIT_4 = 1, FAMILY_BIT_6 = 2, FAMILY_BITS = 3 };

struct service {
	uint8_t proto;
	uint8_t families;    /* FAMILY_BIT_*: where anything could answer */
	bool named;	     /* somebody speaks of this very port */
	bool anywhere;	     /* a rule translates it whatever the destination */
	uint16_t port, last; /* the same for a single one */
	u128 sign;	     /* of all of its ports, where somebody asked */
};

struct services {
	struct service *v; /* sorted and disjoint, once they are cut */
	size_t n;
	bool spans; /* some are of several ports */
};

/** services_add() - append the ports from @lo to @hi; numbers that are no ports are
 * left out. */
void services_add(struct arena *arena, struct services *s, uint8_t proto,
	unsigned int families, u128 lo, u128 hi);

/** services_add_socks() - every port that somebody listens on in a namespace. */
void services_add_socks(
	struct arena *arena, struct services *s, const struct netns *ns);

/**
 * services_cut() - sort by protocol and port; each port once
 * @signs: of every port (port_signs.h): a span is cut where the sign changes; may be
 *         NULL where no service is a span
 */
void services_cut(struct arena *arena, struct services *s, const u128 *signs);

#endif
