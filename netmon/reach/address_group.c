/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that the host has together with others. */
#include <linux/rtnetlink.h>

#include "netmon/reach/classing.h"
#include "netmon/reach/ip4.h"

/*
 * Theory of operation. Measured, and in the kernel's text: ip_route_input_slow() and
 * ip6_route_input() hand what is sent to a network's broadcast address, to
 * 255.255.255.255, to a group that was joined and to a subnet's anycast address to this
 * host, and udp_queue_rcv_skb() to sockets of any address (__udp4_lib_mcast_deliver(),
 * ip_mc_sf_allow(), inet6_mc_check(): a socket need not have joined). So such datagrams
 * get to an engine's proxy past rules that name, or mean by addrtype, the host's own
 * addresses.
 *
 * Not handled: groups that programs joined without binding a socket to them. Nobody
 * lists them here; the ports are those that are asked at the host's own addresses.
 */

#define BOUND_MAX 256u

static void add(struct classing *cl, u128 value, enum family family, enum group group,
	int ifindex)
{
	const struct addr addr = {value, family};
	const struct address_class like = {
		.group = group, .anywhere = !scan_named(cl->scan, &addr)};

	(void)classing_add(cl, &addr, ifindex, &like);
}

/* addrconf_join_anycast(), fib_add_ifaddr() */
static void add_routed(struct classing *cl, const struct route *route)
{
	int ifindex = route->nhops ? route->hops[0].ifindex : 0;
	const struct link *link = netns_link(cl->reach->facts->host, ifindex);

	if ((link && link->loopback) || route->dst.len != addr_bits(route->family))
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

static bool is_multicast(const struct addr *a)
{
	return a->family == FAMILY_IP4 ? a->value >> 28 == 14 : a->value >> 120 == 0xff;
}

/* Who binds a socket to a group has joined it: mDNS, SSDP. */
static void add_bound(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;
	size_t before = cl->out->n;

	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct addr *a = &ns->socks[i].local;

		if (!is_multicast(a))
			continue;
		if (cl->out->n - before == BOUND_MAX) {
			cl->out->cut = true;
			return;
		}
		add(cl, a->value, a->family, GROUP_MULTICAST, 0);
	}
}

void address_groups(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	for (size_t i = 0; i < ns->nroutes; i++)
		add_routed(cl, &ns->routes[i]);
	add(cl, IP4(255, 255, 255, 255), FAMILY_IP4, GROUP_BROADCAST, 0);
	add(cl, IP4(224, 0, 0, 1), FAMILY_IP4, GROUP_MULTICAST, 0);
	add_groups6(cl);
	add_bound(cl);
}
