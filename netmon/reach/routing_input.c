/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel adds to a lookup for a packet that came in: ip_route_input_slow(). */
#include <netinet/in.h>

#include "common/proto.h"
#include "common/zone.h"
#include "netmon/reach/ip4.h"
#include "netmon/reach/lookup.h"

/* Where who has no address yet may send (ip_route_input_slow(),
 * ip_mc_validate_source()). */
static bool takes_nameless4(const struct packet *packet)
{
	return !packet->daddr_peer && (packet->daddr == IP4(255, 255, 255, 255) ||
					      packet->daddr >> 8 == IP4(0, 224, 0, 0));
}

static const struct ivset *nameless4(struct arena *arena)
{
	return ivset_range(arena, IP4(0, 0, 0, 0), IP4(0, 255, 255, 255));
}

/* Sources that no interface takes, whatever the routes (ip_route_input_slow()). */
static const struct ivset *martian_sources4(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	struct iv never[] = {
		{IP4(224, 0, 0, 0), IP4(239, 255, 255, 255)},
		{IP4(255, 255, 255, 255), IP4(255, 255, 255, 255)},
		{IP4(127, 0, 0, 0), IP4(127, 255, 255, 255)},
	};
	/* Asked once: of the destination where that is a loopback address. */
	bool localnet = space_sysctl_if(space, FAMILY_IP4, packet->iif,
				"route_localnet", COMBINE_OR, 0) ||
			packet->daddr >> 24 == 127;

	const struct ivset *set = ivset_from(arena, never, localnet ? 2 : 3);

	return takes_nameless4(packet) ? set
				       : ivset_union(arena, set, nameless4(arena));
}

static const struct ivset *martian_sources(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	if (packet->family == FAMILY_IP4)
		return martian_sources4(space, arena, packet);
	/* ip6_rcv_core(): loopback and multicast sources; unspecified ones are not
	 * answered, so they open no connection. */
	struct iv never[] = {
		{proto_is_datagram(packet->proto), 1},
		{(u128)0xff << 120, addr_max(FAMILY_IP6)},
	};
	return ivset_from(arena, never, ARRAY_LEN(never));
}

static bool is_from_wire(const struct space *space, const struct packet *packet)
{
	const struct link *in = netns_link(space->netns, packet->iif);

	return packet->saddr_peer && !(in && in->loopback);
}

/* What rp_filter asks of a source's route: 0 nothing, 1 this interface, 2 any. */
static int64_t validation_mode(struct space *space, int iif)
{
	const struct netns *ns = space->netns;
	int64_t mode =
		space_sysctl_if(space, FAMILY_IP4, iif, "rp_filter", COMBINE_MAX, 0);

	if (mode != 2)
		return mode;
	/* Loose, but on an interface without an address as strict as strict. */
	for (size_t i = 0; i < ns->naddrs; i++)
		if (ns->addrs[i].ifindex == iif &&
			ns->addrs[i].local.family == FAMILY_IP4)
			return 2;
	return 1;
}

/* Whether a source whose own route is @choice may come in: __fib_validate_source(). */
static bool source_is_valid(
	const struct route_choice *choice, int iif, int64_t mode, bool accept_local)
{
	switch (choice->kind) {
	case ROUTE_UNICAST:
		return mode != 1 || choice->oif == iif;
	case ROUTE_LOCAL:
		return accept_local;
	case ROUTE_NONE:
	case ROUTE_BLACKHOLE:
	case ROUTE_REJECT:
	case ROUTE_BROADCAST:
	case ROUTE_ANYCAST:
	case ROUTE_MULTICAST:
	case ROUTE_MARTIAN:
		break;
	}
	return mode == 0;
}

/* The question that validation asks the routing tables: the way back. */
static struct packet way_back(struct space *space, const struct packet *packet, int oif)
{
	struct packet asked = {.family = packet->family,
		.proto = packet->proto,
		.daddr_peer = true,
		.saddr = packet->daddr,
		.iif = oif,
		.sport = packet->dport,
		.dport = packet->sport,
		.sport_unknown = packet->dport_unknown,
		.dport_unknown = packet->sport_unknown};

	if (space_sysctl_if(
		    space, FAMILY_IP4, packet->iif, "src_valid_mark", COMBINE_OR, 0))
		asked.mark = packet->mark;
	return asked;
}

struct validity {
	const struct ivset *bad, *doubtful; /* doubtful: perhaps bad */
};

/* fib_validate_source() for every address; @oif: where it is forwarded to, or 0. */
static struct validity validate_sources4(
	struct space *space, struct arena *arena, const struct packet *packet, int oif)
{
	struct packet asked = way_back(space, packet, oif);
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	struct lookup lookup = {.space = space,
		.arena = arena,
		.packet = &asked,
		.out = choices,
		.via = packet->iif};
	struct validity v = {&ivset_none, &ivset_none};
	const struct ivset *good = &ivset_none;
	int64_t mode = validation_mode(space, packet->iif);
	bool accept_local = space_sysctl_if(
		space, FAMILY_IP4, packet->iif, "accept_local", COMBINE_OR, 0);

	if (!choices)
		return v;
	choices->n = 0;
	choices->overflow = false;
	lookup_follow(&lookup, ivset_all(arena, FAMILY_IP4));
	for (size_t i = 0; i < choices->n; i++) {
		const struct route_choice *c = &choices->choice[i];

		if (source_is_valid(c, packet->iif, mode, accept_local))
			good = ivset_union(arena, good, c->peers);
		else
			v.bad = ivset_union(arena, v.bad, c->peers);
	}
	v.doubtful = choices->overflow ? ivset_all(arena, FAMILY_IP4)
				       : ivset_intersect(arena, v.bad, good);
	v.bad = ivset_subtract(arena, v.bad, v.doubtful);
	return v;
}

/* The same, remembered where no ip rule looks at more than destination and mark. */
static struct validity bad_sources4(
	struct space *space, struct arena *arena, const struct packet *packet, int oif)
{
	bool with_mark = space_sysctl_if(
		space, FAMILY_IP4, packet->iif, "src_valid_mark", COMBINE_OR, 0);
	struct cached_set row = {ADDRESS_BAD_SOURCE, FAMILY_IP4,
		with_mark ? packet->mark.value : 0, packet->iif, NULL};
	bool plain = !space->selective_rules && !(with_mark && packet->mark.unknown);
	struct validity v = {&ivset_none, &ivset_none};

	if (plain)
		v.bad = space_cache_find(
			space, row.what, row.family, row.number, row.ifindex);
	if (plain && v.bad)
		return v;
	v = validate_sources4(space, arena, packet, oif);
	if (plain && ivset_is_empty(v.doubtful))
		v.bad = space_cache_keep(space, row, v.bad);
	return v;
}

static bool is_link_local6(u128 addr)
{
	return zone_is_link_local(&(struct addr){addr, FAMILY_IP6});
}

/* IN_DEV_FORWARD, and for IPv6 what ip6_forward() asks: "all", and since 6.17
 * force_forwarding of the interface. */
static enum tri forwards(struct space *space, const struct packet *packet)
{
	int64_t on;

	if (packet->family == FAMILY_IP4)
		on = space_sysctl_if(
			space, FAMILY_IP4, packet->iif, "forwarding", COMBINE_ONLY, -1);
	else if (space_sysctl_if(space, FAMILY_IP6, packet->iif, "force_forwarding",
			 COMBINE_ONLY, 0) > 0)
		on = 1;
	else
		on = space_sysctl_if(
			space, FAMILY_IP6, packet->iif, "forwarding", COMBINE_ALL, -1);
	return on < 0 ? TRI_UNKNOWN : on ? TRI_YES : TRI_NO;
}

static bool martian_destination4(struct space *space, const struct packet *packet)
{
	uint32_t dst = (uint32_t)packet->daddr;

	if (dst >> 24 == 0)
		return true;
	return dst >> 24 == 127 && !space_sysctl_if(space, FAMILY_IP4, packet->iif,
					   "route_localnet", COMBINE_OR, 0);
}

/* ip6_forward(): link-local addresses are not carried on, and their sources are told
 * so; nor is what comes from no address. */
static void forward_checks6(
	struct lookup *lookup, const struct packet *packet, struct route_choice *choice)
{
	struct iv local = {(u128)0x3fa << 118, ((u128)0x3fb << 118) - 1};
	const struct ivset *set = ivset_from(lookup->arena, &local, 1);
	const struct ivset *refused =
		packet->saddr_peer ? ivset_intersect(lookup->arena, choice->peers, set)
				   : &ivset_none;

	lookup->doubtful = choice->doubtful;
	choice->peers = ivset_subtract(lookup->arena, choice->peers, refused);
	if (packet->saddr_peer && ivset_contains(choice->peers, 0)) {
		const struct ivset *nameless = ivset_range(lookup->arena, 0, 0);

		choice->peers = ivset_subtract(lookup->arena, choice->peers, nameless);
		lookup_choose_none(lookup, nameless, ROUTE_BLACKHOLE);
	}
	if (is_link_local6(packet->daddr) && !packet->daddr_peer) {
		choice->kind = ROUTE_BLACKHOLE;
		return;
	}
	lookup_choose_none(lookup, refused, ROUTE_REJECT);
}

/* What is left of a choice once the host must forward it. */
static void forward_checks(
	struct lookup *lookup, const struct packet *packet, struct route_choice *choice)
{
	enum tri on = forwards(lookup->space, packet);

	if (choice->kind == ROUTE_NONE || choice->kind == ROUTE_REJECT) {
		/* ip_error(): silent on a host that does not forward. */
		choice->kind = on == TRI_NO ? ROUTE_BLACKHOLE : ROUTE_REJECT;
		return;
	}
	if (choice->kind != ROUTE_UNICAST)
		return;
	if (on == TRI_NO) {
		choice->kind = ROUTE_BLACKHOLE;
		return;
	}
	if (on == TRI_UNKNOWN) {
		choice->doubtful = lookup->doubtful = true;
		lookup_choose_none(lookup, choice->peers, ROUTE_BLACKHOLE);
	}
	if (packet->family == FAMILY_IP6)
		forward_checks6(lookup, packet, choice);
}

/* Take from a choice the sources that must not come in by that interface. */
static void check_sources4(
	struct lookup *lookup, const struct packet *packet, struct route_choice *choice)
{
	struct arena *arena = lookup->arena;
	struct packet asked = *packet;
	const struct ivset *bad, *doubtful;
	struct validity v;

	switch (choice->kind) {
	case ROUTE_UNICAST:
	case ROUTE_LOCAL:
	case ROUTE_ANYCAST:
		break;
	case ROUTE_BROADCAST:
	case ROUTE_MULTICAST: /* ip_mc_validate_source() */
		asked.daddr = 0;
		break;
	case ROUTE_NONE:
	case ROUTE_BLACKHOLE:
	case ROUTE_REJECT:
	case ROUTE_MARTIAN:
		return;
	}
	v = bad_sources4(lookup->space, arena, &asked,
		choice->kind == ROUTE_UNICAST ? choice->oif : 0);
	if (takes_nameless4(packet)) {
		v.bad = ivset_subtract(arena, v.bad, nameless4(arena));
		v.doubtful = ivset_subtract(arena, v.doubtful, nameless4(arena));
	}
	lookup->doubtful = choice->doubtful;
	if (ivset_intersects(choice->peers, v.bad)) {
		bad = ivset_intersect(arena, choice->peers, v.bad);
		choice->peers = ivset_subtract(arena, choice->peers, bad);
		lookup_choose_none(lookup, bad, ROUTE_MARTIAN);
	}
	if (!ivset_intersects(choice->peers, v.doubtful))
		return;
	doubtful = ivset_intersect(arena, choice->peers, v.doubtful);
	choice->peers = ivset_subtract(arena, choice->peers, doubtful);
	lookup->doubtful = true;
	lookup_choose(lookup, doubtful, choice);
	lookup_choose_none(lookup, doubtful, ROUTE_MARTIAN);
}

/* The same of a packet whose source is one address, an answer: its peers are where it
 * goes to. */
static void check_own_source4(
	struct lookup *lookup, const struct packet *packet, struct route_choice *choice)
{
	struct space *space = lookup->space;
	struct arena *arena = lookup->arena;
	struct packet asked = way_back(space, packet, choice->oif);
	struct route_choices *ways = arena_alloc_raw(arena, sizeof(*ways));
	struct lookup back = {.space = space,
		.arena = arena,
		.packet = &asked,
		.out = ways,
		.via = packet->iif};
	const struct ivset *bad = &ivset_none;
	int64_t mode = validation_mode(space, packet->iif);
	bool accept_local = space_sysctl_if(
		space, FAMILY_IP4, packet->iif, "accept_local", COMBINE_OR, 0);

	if (!ways || choice->kind != ROUTE_UNICAST)
		return;
	asked.daddr_peer = false;
	asked.daddr = packet->saddr;
	asked.saddr_peer = packet->daddr_peer;
	ways->n = 0;
	ways->overflow = false;
	lookup_follow(&back, choice->peers);
	for (size_t i = 0; i < ways->n; i++)
		if (!ways->choice[i].doubtful && !ways->overflow &&
			!source_is_valid(
				&ways->choice[i], packet->iif, mode, accept_local))
			bad = ivset_union(arena, bad, ways->choice[i].peers);
	choice->peers = ivset_subtract(arena, choice->peers, bad);
	lookup_choose_none(lookup, bad, ROUTE_MARTIAN);
}

#define ALL_HOSTS IP4(224, 0, 0, 1)

static enum tri is_in_group(const struct lookup *lookup)
{
	const struct packet *packet = lookup->packet;
	const struct addr group = {packet->daddr, (enum family)packet->family};

	return space_in_group(lookup->space, &group, packet->iif);
}

/* Taken, perhaps, and dropped, perhaps. */
static void choose_group_unknown(struct lookup *lookup, const struct ivset *peers)
{
	struct route_choice choice = {.kind = ROUTE_MULTICAST, .group_unknown = true};

	lookup->doubtful = true;
	lookup_choose(lookup, peers, &choice);
	choice.kind = ROUTE_MARTIAN;
	lookup_choose(lookup, peers, &choice);
	lookup->doubtful = false;
}

/*
 * Destinations for which ip_route_input_slow() and ip_route_input_rcu() ask no table:
 * 255.255.255.255 and multicast. Every interface is in the group of all hosts
 * (ip_mc_init_dev()).
 */
static bool choose_group4(struct lookup *lookup, const struct ivset *peers)
{
	const struct packet *packet = lookup->packet;
	enum tri in;

	if (packet->family != FAMILY_IP4 || packet->daddr_peer ||
		packet->daddr < IP4(224, 0, 0, 0))
		return false;
	if (packet->daddr == addr_max(FAMILY_IP4)) {
		lookup_choose_none(lookup, peers, ROUTE_BROADCAST);
		return true;
	}
	if (packet->daddr > IP4(239, 255, 255, 255))
		return false;
	in = packet->daddr == ALL_HOSTS ? TRI_YES : is_in_group(lookup);
	if (in != TRI_UNKNOWN)
		lookup_choose_none(
			lookup, peers, in == TRI_YES ? ROUTE_MULTICAST : ROUTE_MARTIAN);
	else
		choose_group_unknown(lookup, peers);
	return true;
}

/* All nodes, and those that look for an address: ipv6_add_dev(),
 * addrconf_join_solict().
 */
static bool is_of_every_node(u128 group)
{
	const u128 link = (u128)0xff02 << 112;

	return group == (link | 1) || group >> 24 == (link | (u128)0x1ff << 24) >> 24;
}

/* ip6_mc_input() drops what is for a group that the interface is not in. */
static void check_group6(struct lookup *lookup, struct route_choice *choice)
{
	u128 group = lookup->packet->daddr;
	enum tri in;

	if (choice->kind != ROUTE_MULTICAST)
		return;
	in = is_in_group(lookup);
	if (in == TRI_NO)
		choice->kind = ROUTE_MARTIAN;
	if (in != TRI_UNKNOWN || is_of_every_node(group))
		return;
	choice->doubtful = choice->group_unknown = true;
	struct route_choice dropped = *choice;

	dropped.kind = ROUTE_MARTIAN;
	lookup->doubtful = true;
	lookup_choose(lookup, choice->peers, &dropped);
	lookup->doubtful = false;
}

void routing_input(struct space *space, struct arena *arena,
	const struct packet *packet, const struct ivset *peers,
	struct route_choices *ret_choices)
{
	struct lookup lookup = {
		.space = space, .arena = arena, .packet = packet, .out = ret_choices};
	const struct ivset *bad = &ivset_none;
	bool from_wire = is_from_wire(space, packet);
	size_t n;

	ret_choices->n = 0;
	ret_choices->overflow = false;
	if (from_wire) {
		const struct ivset *never = martian_sources(space, arena, packet);

		if (ivset_intersects(peers, never)) {
			bad = ivset_intersect(arena, peers, never);
			peers = ivset_subtract(arena, peers, bad);
		}
	}
	if (packet->family == FAMILY_IP4 && !packet->daddr_peer &&
		martian_destination4(space, packet)) {
		bad = ivset_union(arena, bad, peers);
		peers = &ivset_none;
	}
	if (!choose_group4(&lookup, peers))
		lookup_follow(&lookup, peers);
	n = ret_choices->n;
	for (size_t i = 0; i < n && packet->family == FAMILY_IP6; i++)
		check_group6(&lookup, &ret_choices->choice[i]);
	n = ret_choices->n;
	for (size_t i = 0; i < n; i++)
		forward_checks(&lookup, packet, &ret_choices->choice[i]);
	n = ret_choices->n;
	for (size_t i = 0; i < n && packet->family == FAMILY_IP4; i++) {
		if (from_wire)
			check_sources4(&lookup, packet, &ret_choices->choice[i]);
		else if (!packet->saddr_peer)
			check_own_source4(&lookup, packet, &ret_choices->choice[i]);
	}
	lookup.doubtful = false;
	lookup_choose_none(&lookup, bad, ROUTE_MARTIAN);
}
