/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is worth asking about: addresses and ports at which anything could answer. */
#ifndef SEAWALL_NETMON_REACH_CANDIDATES_H
#define SEAWALL_NETMON_REACH_CANDIDATES_H

#include "netmon/reach/address_class.h"

struct candidates {
	struct services host;	  /* ports to ask at the host's own addresses */
	struct services anywhere; /* ports that rules translate at any address */
	struct address_classes addresses;
	struct scan named; /* of all rules; its addrs: destinations that they translate
			      by name */
	const u128 *signs; /* port_signs.h; NULL: only single ports are asked */
};

/**
 * candidates_collect() - ports from sockets, published ports and every port that a rule
 * of a nat chain names; addresses from interfaces and from rules that translate
 *
 * A rule's range of ports is cut into spans that nothing tells apart inside. A rule
 * that translates any port makes spans of all there are.
 */
void candidates_collect(
	struct reach *reach, struct arena *arena, struct candidates *ret_candidates);

/** candidates_local() - whether a route may make the address the host's own, on
 * whatever interface it is: then the host answers at its own ports. */
bool candidates_local(const struct netns *ns, const struct addr *addr);

/** candidates_container() - ports to ask at @addr, a container's own; @local: the
 *  host's, too. Its own rules may be the first with spans: then @all gets signs. */
void candidates_container(struct reach *reach, struct arena *arena,
	const struct container *container, const struct addr *addr,
	struct candidates *all, bool local, struct services *ret_services);

#endif
