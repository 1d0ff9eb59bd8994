/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/origin.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "common/proto.h"
#include "common/zone.h"

/* inet_select_addr(): an address of the interface, of the next hop's network if any. */
static struct addr select4(const struct space *space, int oif, const struct addr *hop)
{
	const struct netns *ns = space->netns;
	struct addr first = {0};

	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];
		u128 differs = a->local.value ^ hop->value;

		if (a->ifindex != oif || a->local.family != FAMILY_IP4 ||
			a->flags & IFA_F_SECONDARY || a->scope > RT_SCOPE_LINK)
			continue;
		if (hop->family == FAMILY_NONE || differs >> (32 - a->prefix_len) == 0)
			return a->local;
		if (first.family == FAMILY_NONE)
			first = a->local;
	}
	return first.family == FAMILY_NONE ? space_any_addr(space, FAMILY_IP4) : first;
}

/* ipv6_chk_acast_addr_src(): of any interface. */
static bool is_anycast(const struct space *space, u128 addr)
{
	const struct netns *ns = space->netns;

	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *route = &ns->routes[i];

		if (route->type == RTN_ANYCAST && route->dst.family == FAMILY_IP6 &&
			route->dst.len == 128 && route->dst.value == addr)
			return true;
	}
	return false;
}

/* icmp6_send(): from the address that was asked, be it an anycast one, if it is one. */
void origin_of_error(const struct station *maker, struct packet *packet)
{
	const struct packet *first = &maker->state.packet;
	struct addr own;

	if (packet->family == FAMILY_IP4) {
		packet->sourceless = !first->to_host;
		if (packet->sourceless)
			packet->saddr = 0;
		return;
	}
	if (space_has_addr(maker->space, FAMILY_IP6, first->daddr, 0) ||
		is_anycast(maker->space, first->daddr))
		return;
	own = space_first_addr(maker->space, FAMILY_IP6, first->iif, first->daddr);
	if (own.family == FAMILY_NONE)
		own = space_any_addr(maker->space, FAMILY_IP6);
	packet->saddr = own.value;
}

void origin_by_route(const struct space *space, const struct route_choice *choice,
	struct packet *packet)
{
	packet->sourceless = false;
	if (choice->prefsrc.family != FAMILY_NONE)
		packet->saddr = choice->prefsrc.value;
	else
		packet->saddr = select4(space, choice->oif, &choice->gateway).value;
}

/*
 * IPv4 looks for a local route; of IPv6 only datagrams ask (ip6_datagram_send_ctl()),
 * and for an address of an interface's. Where many were asked another one is taken.
 */
static bool is_own_source(const struct space *space, const struct packet *packet)
{
	const struct addr source = {packet->saddr, FAMILY_IP6};

	if (packet->family == FAMILY_IP4)
		return routing_is_local4(space, packet->saddr);
	return !proto_is_datagram(packet->proto) || zone_is_multicast(&source) ||
	       space_has_addr(space, FAMILY_IP6, packet->saddr, 0) ||
	       is_anycast(space, packet->saddr);
}

enum tri origin_is_allowed(
	const struct station *maker, enum packet_kind kind, const struct packet *packet)
{
	if (packet->sourceless || (maker->by_rule && kind == PACKET_REFUSE) ||
		is_own_source(maker->space, packet))
		return TRI_YES;
	/* net.ipv6.ip_nonlocal_bind lets all do it, and is not among the facts. */
	return kind == PACKET_ACCEPT && (packet->family == FAMILY_IP6 ||
						!(maker->sock && maker->sock->opaque))
		       ? TRI_UNKNOWN
		       : TRI_NO;
}

/* What is set for the whole namespace. */
static bool is_set(const struct station *maker, const char *name)
{
	return netns_sysctl(maker->space->netns, 0, "%s", name) != 0;
}

struct bits32 origin_mark(const struct station *maker, enum packet_kind kind)
{
	const struct packet *first = &maker->state.packet;
	const uint32_t own = maker->sock ? maker->sock->mark : 0;
	bool accepts = kind == PACKET_ACCEPT;
	bool kept;

	if (accepts && own)
		return (struct bits32){.value = own};
	if (accepts)
		kept = first->proto == IPPROTO_TCP &&
		       is_set(maker, "net/ipv4/tcp_fwmark_accept");
	else
		kept = is_set(maker, first->family == FAMILY_IP4
					     ? "net/ipv4/fwmark_reflect"
					     : "net/ipv6/fwmark_reflect");
	return kept ? first->mark : (struct bits32){0};
}
