/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is worth asking about: addresses and ports at which anything could answer. */
#ifndef SEAWALL_NETMON_REACH_CANDIDATES_H
#define SEAWALL_NETMON_REACH_CANDIDATES_H

#include "netmon/reach/host.h"

enum { FAMILY_BIT_4 = 1, FAMILY_BIT_6 = 2, FAMILY_BITS = 3 };

struct service {
	uint8_t proto;
	uint8_t families; /* FAMILY_BIT_*: where anything could answer */
	uint16_t port;
	uint32_t span; /* ports of a wide range that this one stands for; 1 */
};

struct services {
	struct service *v; /* sorted, each once */
	size_t n;
};

/* Addresses that no rule, route or socket tells apart. */
struct address_class {
	enum family family;
	bool loopback;	/* 127.0.0.0/8: only a neighbour can send there */
	bool perimeter; /* addresses of perimeter interfaces */
	bool foreign;	/* not the host's: a rule translates it */
	bool alone;	/* its one address has something of its own: a socket, say */
	/* Index of an earlier class of perimeter addresses that nothing but their
	 * interface tells from this one; SIZE_MAX: none. */
	size_t twin;
	int ifindex; /* IPv6 link-local: the one interface it means; 0 */
	struct addr *addrs;
	size_t n;
};

struct candidates {
	struct services host;	  /* ports to ask at the host's own addresses */
	struct services anywhere; /* ports that rules translate at any address */
	struct address_class *classes;
	size_t nclasses;
	bool cut; /* more foreign addresses are translated than are asked */
};

/**
 * candidates_collect() - ports from sockets, published ports and every port that a rule
 * of a nat chain names; addresses from interfaces and from rules that translate
 *
 * A rule's range of more than 1,024 ports is represented by its ends and by every port
 * that somebody listens on.
 */
void candidates_collect(
	struct reach *reach, struct arena *arena, struct candidates *ret_candidates);

/** candidates_container() - ports to ask at a container's own address. */
void candidates_container(struct arena *arena, const struct container *container,
	const struct services *anywhere, struct services *ret_services);

#endif
