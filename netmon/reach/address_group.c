/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that the host has together with others. */
#include <linux/rtnetlink.h>

#include "common/zone.h"
#include "netmon/reach/classing.h"
#include "netmon/reach/ip4.h"
#include "netmon/reach/mix.h"

/*
 * Theory of operation. Measured, and in the kernel's text: ip_route_input_slow() and
 * ip6_route_input() hand what is sent to a network's broadcast address, to
 * 255.255.255.255, to a group that was joined and to a subnet's anycast address to this
 * host, and udp_queue_rcv_skb() to sockets of any address (__udp4_lib_mcast_deliver(),
 * ip_mc_sf_allow(), inet6_mc_check(): a socket need not have joined). So such datagrams
 * get to an engine's proxy past rules that name, or mean by addrtype, the host's own
 * addresses.
 *
 * Groups that some program joined are among the facts. Where they are not known, the
 * groups that rules tell apart stand for them: what rules let in there is a may.
 *
 * Not handled: groups of containers that are on the wire themselves (macvlan, ipvlan);
 * routers of other networks that carry a group of wider scope to this one. Who is on
 * the link is told, and nobody else.
 */

#define GROUPS_MAX 256u /* of each kind */

static void add(struct classing *cl, u128 value, enum family family, enum group group,
	int ifindex)
{
	const struct addr addr = {value, family};
	const struct address_class like = {
		.group = group, .anywhere = !scan_named(cl->scan, &addr)};

	(void)classing_add(cl, &addr, ifindex, &like);
}

/* addrconf_join_anycast(), fib_add_ifaddr(); those of a perimeter, or all others. */
static void add_routed(struct classing *cl, const struct route *route, bool perimeter)
{
	int ifindex = route->nhops ? route->hops[0].ifindex : 0;
	const struct link *link = netns_link(cl->reach->facts->host, ifindex);

	if ((link && link->loopback) || route->dst.len != addr_bits(route->family) ||
		host_is_perimeter(cl->reach, ifindex) != perimeter)
		return;
	if (route->type == RTN_BROADCAST)
		add(cl, route->dst.value, route->family, GROUP_BROADCAST, 0);
	if (route->type == RTN_ANYCAST)
		add(cl, route->dst.value, route->family, GROUP_ANYCAST, ifindex);
}

static u128 group6(uint32_t last)
{
	return (u128)0xff02 << 112 | last;
}

/* Of every address of IPv6 (RFC 4291, 2.7.1), and of every host and router; groups of
 * an interface are on no wire (ipv6_rcv()). */
static void add_groups6(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;
	const u128 routers = (u128)0xff05 << 112 | 2; /* dev_forward_change() */

	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct addr *a = &ns->addrs[i].local;
		u128 solicited = group6(0) | (u128)0x1ff << 24 | (a->value & 0xffffff);

		if (a->family != FAMILY_IP6 || a->value == 1)
			continue;
		add(cl, group6(1), FAMILY_IP6, GROUP_MULTICAST, 0);
		add(cl, group6(2), FAMILY_IP6, GROUP_MULTICAST, 0);
		add(cl, routers, FAMILY_IP6, GROUP_MULTICAST, 0);
		add(cl, solicited, FAMILY_IP6, GROUP_MULTICAST, 0);
	}
}

/* Groups of an interface are on no wire, and of scope 0 nobody's (ipv6_rcv());
 * 224.0.0.0 neither. */
static bool is_on_wire(const struct addr *a)
{
	if (!zone_is_multicast(a))
		return false;
	return a->family == FAMILY_IP4 ? (a->value & 0xfffffff) != 0
				       : (a->value >> 112 & 0xf) > 1; /* its scope */
}

static void add_group(struct classing *cl, const struct addr *a, size_t before)
{
	if (!is_on_wire(a))
		return;
	if (cl->out->n - before >= GROUPS_MAX)
		cl->out->cut = true;
	else
		add(cl, a->value, a->family, GROUP_MULTICAST, 0);
}

/* Who binds a socket to a group has joined it: mDNS, SSDP. */
static void add_bound(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;
	size_t before = cl->out->n;

	for (size_t i = 0; i < ns->nsocks; i++)
		add_group(cl, &ns->socks[i].local, before);
}

static void add_joined(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;
	size_t before = cl->out->n;

	for (size_t i = 0; i < ns->ngroups; i++)
		add_group(cl, &ns->groups[i].group, before);
}

/* Where a range that rules name begins, and where it has ended. */
static void add_any(struct classing *cl)
{
	const struct scan *scan = cl->scan;
	size_t before = cl->out->n;

	for (size_t i = 0; i < scan->nbounds; i++) {
		const struct iv ends = {scan->bounds[i].lo, scan->bounds[i].hi + 1};

		add_group(cl, &(struct addr){ends.lo, FAMILY_IP4}, before);
		add_group(cl, &(struct addr){ends.hi, FAMILY_IP4}, before);
		add_group(cl, &(struct addr){ends.lo, FAMILY_IP6}, before);
		add_group(cl, &(struct addr){ends.hi, FAMILY_IP6}, before);
	}
}

/* What comes by a port is its bridge's, and no stranger sends on loopback. */
static bool takes_packets(const struct reach *reach, int ifindex)
{
	const struct link *link = netns_link(reach->facts->host, ifindex);

	return !link || (!link->loopback && !host_is_port(reach, link));
}

uint64_t address_group_key(const struct reach *reach, const struct addr *group)
{
	const struct netns *ns = reach->facts->host;
	uint64_t sum = 0;

	for (size_t i = 0; i < ns->ngroups; i++) {
		const struct membership *m = &ns->groups[i];

		if (addr_equal(&m->group, group) && takes_packets(reach, m->ifindex))
			sum += mix((uint64_t)m->ifindex);
	}
	return sum;
}

void address_groups(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	/* A class is told by its first address: better by one of the outside. */
	for (size_t i = 0; i < ns->nroutes; i++)
		add_routed(cl, &ns->routes[i], true);
	for (size_t i = 0; i < ns->nroutes; i++)
		add_routed(cl, &ns->routes[i], false);
	add(cl, IP4(255, 255, 255, 255), FAMILY_IP4, GROUP_BROADCAST, 0);
	add(cl, IP4(224, 0, 0, 1), FAMILY_IP4, GROUP_MULTICAST, 0);
	add_groups6(cl);
	add_bound(cl);
	if (ns->groups_known)
		add_joined(cl);
	else
		add_any(cl);
}
