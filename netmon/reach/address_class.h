/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of the host, and those that rules translate, in classes that behave alike.
 */
#ifndef SEAWALL_NETMON_REACH_ADDRESS_CLASS_H
#define SEAWALL_NETMON_REACH_ADDRESS_CLASS_H

#include "netmon/reach/host.h"
#include "netmon/reach/rule_scan.h"

/* Addresses that many have. The kernel takes UDP for them, TCP never: tcp_v4_rcv()
 * wants a frame of its own, tcp_v4_conn_request() and ipv6_unicast_destination() an
 * address. Sockets of any address hear it; they answer from another one. */
enum group {
	GROUP_NONE = 0,
	GROUP_BROADCAST,
	GROUP_MULTICAST,
	GROUP_ANYCAST, /* a network's first address: RFC 4291, 2.6.1 */
};

/* Addresses that no rule, route or socket tells apart. */
struct address_class {
	enum family family;
	bool loopback;	/* 127.0.0.0/8: only a neighbour can send there */
	bool perimeter; /* addresses of perimeter interfaces */
	bool foreign;	/* not the host's: a rule translates it */
	bool routed;	/* the host's by a route alone, if any rule leads to that */
	bool alone;	/* its one address has something of its own: a socket, say */
	/* Not the host's, and stands for many: asked for what the host's own addresses
	 * do not tell. */
	bool sample;
	bool anywhere;	  /* in no range that a rule translates by name */
	enum group group; /* asked for what the host's own addresses do not tell */
	/* Index of an earlier class of perimeter addresses that nothing but their
	 * interface tells from this one; SIZE_MAX: none. */
	size_t twin;
	int ifindex; /* IPv6 link-local: the one interface it means; 0 */
	struct addr *addrs;
	size_t n;
};

struct address_classes {
	struct address_class *v;
	size_t n;
	bool cut; /* more foreign addresses are translated than are asked */
};

/**
 * address_class_all() - the classes, told apart by what @scan found in the rules
 * @anywhere: some rule translates whatever the destination
 */
void address_class_all(struct reach *reach, struct scan *scan, bool anywhere,
	struct address_classes *ret_classes);

#endif
