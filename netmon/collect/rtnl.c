/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links and addresses of one network namespace, and all that goes with them. */
#include "netmon/collect/rtnl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>

#include "netmon/collect/sysctl.h"

/*
 * Theory of operation. Each dump is of one moment, or the kernel says so
 * (NLM_F_DUMP_INTR); that all of them are of the same is known because nothing was told
 * to those that listen for changes between the first and the last. What changes faster
 * than it can be read leaves the last reading and a note.
 */
enum {
	RTNL_PAUSE_MS = 2, /* doubled from one attempt to the next */
	RTNL_PAUSE_MAX_MS = 256,
};

#define GROUP(number) (1u << ((number)-1))
#define RTNL_GROUPS                                                             \
	(GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_TC) | GROUP(RTNLGRP_IPV4_IFADDR) | \
		GROUP(RTNLGRP_IPV4_ROUTE) | GROUP(RTNLGRP_IPV4_RULE) |          \
		GROUP(RTNLGRP_IPV6_IFADDR) | GROUP(RTNLGRP_IPV6_ROUTE) |        \
		GROUP(RTNLGRP_IPV6_RULE) | GROUP(RTNLGRP_IPV4_NETCONF) |        \
		GROUP(RTNLGRP_IPV6_NETCONF) | GROUP(RTNLGRP_NEXTHOP))

/* Which attribute of a tunnel says that its packets are in datagrams. */
static const struct {
	const char *kind;
	uint16_t encap_type;
} encaps[] = {
	{"gre", IFLA_GRE_ENCAP_TYPE},
	{"gretap", IFLA_GRE_ENCAP_TYPE},
	{"ip6gre", IFLA_GRE_ENCAP_TYPE},
	{"ip6gretap", IFLA_GRE_ENCAP_TYPE},
	{"ip6tnl", IFLA_IPTUN_ENCAP_TYPE},
	{"ipip", IFLA_IPTUN_ENCAP_TYPE},
	{"sit", IFLA_IPTUN_ENCAP_TYPE},
};

static void parse_encap(struct link *link, const struct nlattr *info_data)
{
	const struct nlattr *data[IFLA_IPTUN_MAX + 1];

	_Static_assert((size_t)IFLA_GRE_ENCAP_TYPE < ARRAY_LEN(data), "fits in both");
	attrs_parse_nested(data, ARRAY_LEN(data), info_data);
	for (size_t i = 0; link->kind && i < ARRAY_LEN(encaps); i++)
		if (strcmp(link->kind, encaps[i].kind) == 0)
			link->udp_encap = attr_u16(data[encaps[i].encap_type]) !=
					  TUNNEL_ENCAP_NONE;
}

static void parse_link_kind(
	struct rtnl_target *target, struct link *link, const struct nlattr *linkinfo)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1];

	attrs_parse_nested(info, ARRAY_LEN(info), linkinfo);
	const char *kind = attr_text(info[IFLA_INFO_KIND]);
	const char *slave = attr_text(info[IFLA_INFO_SLAVE_KIND]);

	link->kind = arena_strdup(&target->facts->arena, kind);
	parse_encap(link, info[IFLA_INFO_DATA]);
	if (kind && (strcmp(kind, "macvlan") == 0 || strcmp(kind, "macvtap") == 0)) {
		const struct nlattr *data[IFLA_MACVLAN_MAX + 1];

		attrs_parse_nested(data, ARRAY_LEN(data), info[IFLA_INFO_DATA]);
		link->macvlan_passthru =
			attr_u32(data[IFLA_MACVLAN_MODE]) == MACVLAN_MODE_PASSTHRU;
	}
	if (kind && strcmp(kind, "bridge") == 0) {
		const struct nlattr *data[IFLA_BR_MAX + 1];

		attrs_parse_nested(data, ARRAY_LEN(data), info[IFLA_INFO_DATA]);
		link->nf_call_ip = attr_u8(data[IFLA_BR_NF_CALL_IPTABLES]);
		link->nf_call_ip6 = attr_u8(data[IFLA_BR_NF_CALL_IP6TABLES]);
	}
	if (slave && strcmp(slave, "bridge") == 0) {
		const struct nlattr *port[IFLA_BRPORT_MAX + 1];

		attrs_parse_nested(port, ARRAY_LEN(port), info[IFLA_INFO_SLAVE_DATA]);
		link->hairpin = attr_u8(port[IFLA_BRPORT_MODE]);
		link->isolated = attr_u8(port[IFLA_BRPORT_ISOLATED]);
	}
}

static void parse_link_mac(struct link *link, const struct nlattr *attr)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (!len || len > sizeof(link->mac))
		return;
	memcpy(link->mac, mnl_attr_get_payload(attr), len);
	link->mac_len = (uint8_t)len;
}

static int parse_link(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct rtnl_target *target = data;
	struct netns *netns = target->netns;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[IFLA_MAX + 1], *xdp[IFLA_XDP_MAX + 1];

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	attrs_parse_nested(xdp, ARRAY_LEN(xdp), tb[IFLA_XDP]);
	struct link *link = arena_push(&target->facts->arena, &netns->links,
		&netns->nlinks, sizeof(*netns->links));
	const char *name = attr_text(tb[IFLA_IFNAME]);
	if (!link || !name)
		return err_set(err, -ENOMEM, "link %d", info->ifi_index);
	link->index = info->ifi_index;
	link->name = arena_strdup(&target->facts->arena, name);
	link->master = (int)attr_u32(tb[IFLA_MASTER]);
	link->link = (int)attr_u32(tb[IFLA_LINK]);
	link->link_netnsid =
		tb[IFLA_LINK_NETNSID] ? (int)attr_u32(tb[IFLA_LINK_NETNSID]) : -1;
	link->group = attr_u32(tb[IFLA_GROUP]);
	link->type = info->ifi_type;
	link->up = info->ifi_flags & IFF_UP;
	link->loopback = info->ifi_flags & IFF_LOOPBACK;
	if (info->ifi_flags & IFF_LOWER_UP) {
		int *index = arena_push(&target->facts->arena, &target->carriers,
			&target->ncarriers, sizeof(*index));

		if (!index)
			return err_set(err, -ENOMEM, "link %d", info->ifi_index);
		*index = link->index;
	}
	link->noarp = info->ifi_flags & IFF_NOARP;
	link->xdp = attr_u8(xdp[IFLA_XDP_ATTACHED]) != XDP_ATTACHED_NONE;
	parse_link_mac(link, tb[IFLA_ADDRESS]);
	parse_link_kind(target, link, tb[IFLA_LINKINFO]);
	collect_sysctl_link(target->facts, netns, link->name, tb[IFLA_AF_SPEC]);
	return 0;
}

static int compare_link(const void *a, const void *b)
{
	int x = ((const struct link *)a)->index, y = ((const struct link *)b)->index;

	return (x > y) - (x < y);
}

static int dump_links(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct netns *netns = target->netns;
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));

	netns->links = NULL;
	netns->sysctls = NULL;
	netns->nlinks = netns->nsysctls = 0;
	target->carriers = NULL;
	target->ncarriers = 0;
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	int r = nlsock_dump(sock, request, parse_link, target, err);
	if (netns->nlinks)
		qsort(netns->links, netns->nlinks, sizeof(*netns->links), compare_link);
	return r < 0 ? err_wrap(err, "links") : 0;
}

static int parse_addr(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct rtnl_target *target = data;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[IFA_MAX + 1];

	if (message->nlmsg_type != RTM_NEWADDR ||
		(info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	struct ifaddr *addr = arena_push(&target->facts->arena, &target->netns->addrs,
		&target->netns->naddrs, sizeof(*target->netns->addrs));
	if (!addr)
		return err_set(err, -ENOMEM, "out of memory");
	addr->ifindex = (int)info->ifa_index;
	addr->peer = attr_addr(tb[IFA_ADDRESS]);
	/* IPv6 sends IFA_LOCAL only with a peer. */
	addr->local = tb[IFA_LOCAL] ? attr_addr(tb[IFA_LOCAL]) : addr->peer;
	addr->prefix_len = info->ifa_prefixlen;
	addr->scope = info->ifa_scope;
	addr->flags = tb[IFA_FLAGS] ? attr_u32(tb[IFA_FLAGS]) : info->ifa_flags;
	return 0;
}

static int dump_addrs(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));

	target->netns->addrs = NULL;
	target->netns->naddrs = 0;
	int r = nlsock_dump(sock, request, parse_addr, target, err);
	return r < 0 ? err_wrap(err, "addresses") : 0;
}

static int dump_routes4(
	struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	target->netns->routes = NULL;
	target->netns->nroutes = target->nskipped = 0;
	return rtnl_dump_routes(sock, target, AF_INET, err);
}

static int dump_routes6(
	struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	return rtnl_dump_routes(sock, target, AF_INET6, err);
}

static int dump_rules4(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	target->netns->rules = NULL;
	target->netns->nrules = 0;
	return rtnl_dump_rules(sock, target, AF_INET, err);
}

static int dump_rules6(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	return rtnl_dump_rules(sock, target, AF_INET6, err);
}

/* Order matters: what a dump refers to (links) comes before it. */
typedef int dump_fn(struct nlsock *sock, struct rtnl_target *target, struct err *err);
static dump_fn *const dumps[] = {dump_links, dump_addrs, dump_routes4, dump_routes6,
	dump_rules4, dump_rules6, rtnl_dump_neighs, rtnl_dump_tc};

/* -EINTR when all was read, but not of one moment. */
static int dump_all(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(dumps); i++) {
		int r = dumps[i](sock, target, err);

		if (r < 0 && r != -EINTR)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

static bool has_carrier(const struct rtnl_target *target, int ifindex)
{
	for (size_t i = 0; i < target->ncarriers; i++)
		if (target->carriers[i] == ifindex)
			return true;
	return false;
}

static bool has_local_route(const struct netns *netns, const struct addr *addr)
{
	for (size_t i = 0; i < netns->nroutes; i++) {
		const struct route *route = &netns->routes[i];

		if (route->type == RTN_LOCAL && route->family == addr->family &&
			route->dst.value == addr->value &&
			route->dst.len == addr_bits(addr->family))
			return true;
	}
	return false;
}

/*
 * An address of IPv6 is there before it answers: addrconf_dad_start() leaves it to a
 * worker to end the detection of duplicates and to add the local route, also for
 * addresses without detection, and link-local ones wait for the link's carrier event.
 */
static const struct ifaddr *address_not_ready(const struct rtnl_target *target)
{
	const struct netns *netns = target->netns;

	for (size_t i = 0; i < netns->naddrs; i++) {
		const struct ifaddr *a = &netns->addrs[i];
		bool tentative =
			a->flags & IFA_F_TENTATIVE && !(a->flags & IFA_F_OPTIMISTIC);

		if (a->local.family == FAMILY_IP6 && !(a->flags & IFA_F_DADFAILED) &&
			has_carrier(target, a->ifindex) &&
			(tentative || !has_local_route(netns, &a->local)))
			return a;
	}
	return NULL;
}

/* Up to a second before the first probe and one after it (addrconf_dad_kick()). */
enum { READY_ATTEMPTS = 30, READY_PAUSE_MS = 100 };

/* Dumps that were not of one moment: all of them again, so that they fit together. */
static int dump_whole(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < NLSOCK_ATTEMPTS; i++) {
		const int ms = RTNL_PAUSE_MS << i;
		const struct timespec pause = {.tv_nsec = ms * 1000000L};

		if (i && ms <= RTNL_PAUSE_MAX_MS)
			(void)nanosleep(&pause, NULL);
		(void)nlsock_heard(&target->changes);
		r = dump_all(sock, target, err);
		if (r == 0 && nlsock_heard(&target->changes))
			r = -EINTR;
	}
	return r;
}

static int dump_ready(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	const struct timespec pause = {.tv_nsec = READY_PAUSE_MS * 1000000L};
	int r = dump_whole(sock, target, err);

	for (int i = 0; r == 0 && i < READY_ATTEMPTS && address_not_ready(target);
		i++) {
		(void)nanosleep(&pause, NULL);
		r = dump_whole(sock, target, err);
	}
	return r;
}

static void note_not_ready(const struct rtnl_target *target)
{
	const struct ifaddr *addr = address_not_ready(target);
	char text[ADDR_TEXT_MAX];

	if (addr)
		facts_note(target->facts, "address-not-ready", target->netns->id, true,
			"the address %s does not answer yet: it has no local route, or "
			"duplicates of it are still looked for",
			addr_format(&addr->local, text));
}

static int read_target(struct rtnl_target *target, struct err *err)
{
	struct nlsock sock;
	int r = nlsock_listen(&target->changes, NETLINK_ROUTE, RTNL_GROUPS, err);

	if (r < 0)
		return r;
	r = nlsock_open(&sock, NETLINK_ROUTE, err);
	if (r == 0)
		r = dump_ready(&sock, target, err);
	nlsock_done(&sock);
	nlsock_done(&target->changes);
	return r;
}

void collect_rtnl(struct facts *facts, struct netns *netns)
{
	struct rtnl_target target = {.facts = facts, .netns = netns};
	struct err err = {0};
	int r = read_target(&target, &err);

	if (r == -EINTR) {
		facts_note(facts, "links-changing", netns->id, true,
			"links, addresses or routes kept changing during %d readings; "
			"what was read last may mix two states",
			NLSOCK_ATTEMPTS);
		r = 0;
	}
	if (r == 0)
		note_not_ready(&target);
	netns->routes_known = r == 0;
	if (r < 0)
		facts_note(facts, "links-unreadable", netns->id, true,
			"links, addresses or routes could not be read: %s", err.text);
	if (target.nskipped)
		facts_note(facts, "route-encap", netns->id, true,
			"%zu routes lead into a tunnel (encap) or through a nexthop "
			"object "
			"that is not followed",
			target.nskipped);
}
