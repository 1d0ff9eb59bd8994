/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel sends a packet: policy rules, longest prefix, source validation. */
#ifndef SEAWALL_NETMON_REACH_ROUTING_H
#define SEAWALL_NETMON_REACH_ROUTING_H

#include "netmon/reach/packet.h"
#include "netmon/reach/space.h"

struct view;

enum route_kind {
	ROUTE_NONE = 0,	 /* no route: an ICMP error where the host forwards */
	ROUTE_LOCAL,	 /* to this host */
	ROUTE_UNICAST,	 /* on by an interface */
	ROUTE_BROADCAST, /* delivered to sockets as a broadcast */
	ROUTE_ANYCAST,
	ROUTE_MULTICAST,
	ROUTE_BLACKHOLE, /* dropped in silence */
	ROUTE_REJECT,	 /* unreachable or prohibit: an ICMP error */
	ROUTE_MARTIAN,	 /* an address that must not come from there: dropped */
};

/* A decision and the peers that it is for. */
struct route_choice {
	const struct ivset *peers;
	enum route_kind kind;
	int oif;
	struct addr gateway; /* family NONE: on link */
	struct addr prefsrc; /* what the route says a packet from here comes from */
	bool doubtful;	     /* a rule nobody here can decide was on the way; or */
	bool group_unknown;  /* which multicast groups were joined */
};

#define ROUTE_CHOICES_MAX 64

struct route_choices {
	struct route_choice choice[ROUTE_CHOICES_MAX];
	size_t n;
	bool overflow; /* more than fit: the rest is in no choice; treat as unknown */
};

/**
 * routing_output() - where a packet with these addresses goes, whoever sends it
 * @packet: its addresses (one may be the peer's), mark, protocol and ports; @iif 0 for
 *          a packet made here, by a socket that may be bound to @bound_if
 *
 * Follows ip rules in order of priority, each table by longest prefix and lowest metric
 * (ip-rule(8), fib_rules_lookup(), fib_table_lookup()). Every peer of @peers is in at
 * least one choice unless overflow is set.
 */
void routing_output(struct space *space, struct arena *arena,
	const struct packet *packet, const struct ivset *peers,
	struct route_choices *ret_choices);

/**
 * routing_input() - the decision for a packet that came in by packet->iif
 *
 * routing_output() and what ip_route_input_slow() and ip6_forward() add: martian
 * addresses, rp_filter, accept_local, route_localnet, forwarding switched off.
 */
void routing_input(struct space *space, struct arena *arena,
	const struct packet *packet, const struct ivset *peers,
	struct route_choices *ret_choices);

/** routing_vrf() - the VRF that an interface belongs to (or is); NULL: none. */
const struct link *routing_vrf(const struct space *space, int ifindex);

/**
 * routing_peers_via() - the addresses whose route leaves by an interface
 * @oif: 0: those that have any unicast route
 */
const struct ivset *routing_peers_via(struct space *space, struct arena *arena,
	enum family family, int oif, uint32_t mark);

/* The peers for whom an address is of a type. */
struct route_type {
	const struct ivset *peers;
	uint32_t type; /* RTN_* */
	bool certain;
};

#define ROUTE_TYPES_MAX (ROUTE_CHOICES_MAX + 2)

/**
 * routing_fib_types() - RTN_* types of a packet's address, for `fib` and addrtype
 * @flags: NFTA_FIB_F_SADDR or _DADDR, _IIF or _OIF, _MARK, FIB_ALONE
 *
 * IPv4 asks for a special address and then the local table (__inet_dev_addr_type());
 * IPv6 the routes, which may ask for the packet's other address and its protocol
 * (__nft_fib6_eval_type()). Whoever of @peers is in no part: nobody knows.
 *
 * Return: how many parts.
 */
size_t routing_fib_types(const struct view *view, uint32_t flags,
	const struct ivset *peers, struct route_type ret_types[ROUTE_TYPES_MAX]);

/**
 * routing_fib_type() - that type where it is one for every peer
 *
 * Return: false when the peer's address has to do with it.
 */
bool routing_fib_type(const struct view *view, uint32_t flags, uint32_t *ret_type);

/** routing_fib_packet() - the packet for whose destination `fib` looks for a route. */
struct packet routing_fib_packet(const struct view *view, uint32_t flags);

/** routing_is_local4() - whether an IPv4 address is this host's own: __ip_dev_find().
 */
bool routing_is_local4(const struct space *space, u128 addr);

/** routing_is_group() - whether frames for an address go to many: broadcast, multicast.
 */
bool routing_is_group(const struct space *space, const struct addr *addr, int dev);

/** routing_broadcasts4() - the addresses that are for broadcasts here, of any link. */
const struct ivset *routing_broadcasts4(struct space *space, struct arena *arena);

#endif
