/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which type an address has by its route, for fib and addrtype; one, or all at once. */
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include "common/zone.h"
#include "netmon/reach/ip4.h"
#include "netmon/reach/routing.h"
#include "netmon/reach/value.h"

const struct ivset *routing_peers_via(struct space *space, struct arena *arena,
	enum family family, int oif, uint32_t mark)
{
	struct packet packet = {
		.family = (uint8_t)family, .daddr_peer = true, .mark.value = mark};
	const struct ivset *set =
		space_cache_find(space, ADDRESS_VIA, family, mark, oif);

	if (set)
		return set;
	set = &ivset_none;
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	if (!choices)
		return set;
	routing_output(space, arena, &packet, ivset_all(arena, family), choices);
	for (size_t i = 0; i < choices->n; i++) {
		const struct route_choice *c = &choices->choice[i];

		if (c->kind == ROUTE_UNICAST && (oif == 0 || c->oif == oif))
			set = ivset_union(arena, set, c->peers);
	}
	return space_cache_keep(
		space, (struct cached_set){ADDRESS_VIA, family, mark, oif, NULL}, set);
}

/* __inet_dev_addr_type(): special addresses first, then the local table. */
static const struct ivset *type_set4(
	struct space *space, struct arena *arena, uint32_t type, int dev)
{
	const struct ivset *zero = ivset_range(arena, 0, IP4(0, 255, 255, 255));
	const struct ivset *all_ones =
		ivset_range(arena, addr_max(FAMILY_IP4), addr_max(FAMILY_IP4));
	const struct ivset *multicast =
		ivset_range(arena, IP4(224, 0, 0, 0), IP4(239, 255, 255, 255));
	const struct ivset *set = &ivset_none, *taken = &ivset_none;
	const struct ivset *special =
		ivset_union(arena, multicast, ivset_union(arena, zero, all_ones));

	for (size_t i = 0; i < space->nroutes4; i++) {
		const struct route *route = space->routes4[i];
		const struct ivset *mine;

		if (route->table != RT_TABLE_LOCAL)
			continue;
		mine = ivset_subtract(arena, ivset_prefix(arena, &route->dst), taken);
		taken = ivset_union(arena, taken, mine);
		bool here = dev == 0 || (route->nhops && route->hops[0].ifindex == dev);
		if (here ? route->type == type : type == RTN_UNICAST)
			set = ivset_union(arena, set, mine);
	}
	if (type == RTN_UNICAST)
		set = ivset_union(arena, set,
			ivset_subtract(arena, ivset_all(arena, FAMILY_IP4), taken));
	set = ivset_subtract(arena, set, special);
	if (type == RTN_BROADCAST)
		set = ivset_union(arena, set, ivset_union(arena, zero, all_ones));
	if (type == RTN_MULTICAST)
		set = ivset_union(arena, set, multicast);
	return set;
}

/* __nft_fib6_eval_type(): by the route; an address of the device asked about is local.
 */
static uint32_t type_of_choice6(const struct route_choice *choice, int dev)
{
	switch (choice->kind) {
	case ROUTE_LOCAL:
		return dev == 0 ? RTN_LOCAL : RTN_UNICAST;
	case ROUTE_ANYCAST:
		return RTN_ANYCAST;
	case ROUTE_UNICAST:
		return RTN_UNICAST;
	case ROUTE_MULTICAST:
		return RTN_MULTICAST;
	case ROUTE_BLACKHOLE:
		return RTN_BLACKHOLE;
	case ROUTE_REJECT:
	case ROUTE_NONE:
	case ROUTE_BROADCAST:
	case ROUTE_MARTIAN:
		break;
	}
	return RTN_UNREACHABLE;
}

static int fib_device(const struct view *view, uint32_t flags)
{
	if (flags & NFTA_FIB_F_IIF)
		return view->packet->iif;
	return flags & NFTA_FIB_F_OIF ? view->packet->oif : 0;
}

static const struct ivset *cached_type4(
	struct space *space, struct arena *arena, uint32_t type, int dev)
{
	const struct ivset *set =
		space_cache_find(space, ADDRESS_TYPE, FAMILY_IP4, type, dev);

	if (set)
		return set;
	return space_cache_keep(space,
		(struct cached_set){ADDRESS_TYPE, FAMILY_IP4, type, dev, NULL},
		type_set4(space, arena, type, dev));
}

const struct ivset *routing_broadcasts4(struct space *space, struct arena *arena)
{
	return cached_type4(space, arena, RTN_BROADCAST, 0);
}

static uint32_t type_of4(const struct space *space, u128 addr, int dev)
{
	if (addr <= IP4(0, 255, 255, 255) || addr == addr_max(FAMILY_IP4))
		return RTN_BROADCAST;
	if (addr >= IP4(224, 0, 0, 0) && addr <= IP4(239, 255, 255, 255))
		return RTN_MULTICAST;
	for (size_t i = 0; i < space->nroutes4; i++) {
		const struct route *route = space->routes4[i];

		if (route->table != RT_TABLE_LOCAL || addr < route->dst.value ||
			addr > prefix_last(&route->dst))
			continue;
		if (dev == 0 || (route->nhops && route->hops[0].ifindex == dev))
			return route->type;
		break;
	}
	return RTN_UNICAST;
}

bool routing_is_local4(const struct space *space, u128 addr)
{
	return space_has_addr(space, FAMILY_IP4, addr, 0) ||
	       type_of4(space, addr, 0) == RTN_LOCAL;
}

bool routing_is_group(const struct space *space, const struct addr *addr, int dev)
{
	uint32_t type;

	if (addr->family == FAMILY_IP6)
		return zone_is_multicast(addr);
	type = type_of4(space, addr->value, dev);
	return type == RTN_BROADCAST || type == RTN_MULTICAST;
}

struct packet routing_fib_packet(const struct view *view, uint32_t flags)
{
	const struct packet *packet = view->packet;
	bool source = flags & NFTA_FIB_F_SADDR;
	int dev = fib_device(view, flags);
	struct packet asked = {.family = packet->family,
		.daddr = source ? packet->saddr : packet->daddr,
		.daddr_peer = source ? packet->saddr_peer : packet->daddr_peer,
		.scope_if = dev ? dev : packet->iif}; /* for link-local addresses */

	if (!(flags & FIB_ALONE)) {
		asked.proto = packet->proto;
		asked.saddr = source ? packet->daddr : packet->saddr;
		asked.saddr_peer = source ? packet->daddr_peer : packet->saddr_peer;
	}
	if (flags & NFTA_FIB_F_MARK)
		asked.mark = packet->mark;
	return asked;
}

/* The types of a list, each with those of its peers that have none yet. */
struct typing {
	struct arena *arena;
	const struct ivset *peers;
	struct route_type *types;
	size_t n;
};

static void add_type(
	struct typing *typing, const struct ivset *peers, uint32_t type, bool certain)
{
	peers = ivset_intersect(typing->arena, typing->peers, peers);
	if (ivset_is_empty(peers))
		return;
	typing->types[typing->n++] = (struct route_type){peers, type, certain};
	if (certain)
		typing->peers = ivset_subtract(typing->arena, typing->peers, peers);
}

static void types4(struct typing *typing, const struct view *view,
	const struct packet *asked, int dev)
{
	static const uint32_t types[] = {RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST,
		RTN_ANYCAST, RTN_MULTICAST, RTN_BLACKHOLE, RTN_UNREACHABLE,
		RTN_PROHIBIT};

	if (!asked->daddr_peer)
		add_type(typing, typing->peers,
			type_of4(view->space, asked->daddr, dev), true);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		add_type(typing, cached_type4(view->space, view->arena, types[i], dev),
			types[i], true);
}

/* Those for whom the address asked about is in a set. */
static const struct ivset *asked_in(const struct typing *typing,
	const struct packet *asked, const struct ivset *set)
{
	if (asked->daddr_peer)
		return set;
	return ivset_contains(set, asked->daddr) ? typing->peers : &ivset_none;
}

static void types6(struct typing *typing, const struct view *view,
	const struct packet *asked, int dev)
{
	struct arena *arena = typing->arena;
	const struct netns *ns = view->space->netns;
	const struct ivset *multicast =
		ivset_range(arena, (u128)0xff << 120, addr_max(FAMILY_IP6));
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	struct iv *own = arena_array(arena, ns->naddrs + 1, sizeof(*own));
	size_t nown = 0;

	if (!choices || !own)
		return;
	for (size_t i = 0; dev && i < ns->naddrs; i++)
		if (ns->addrs[i].local.family == FAMILY_IP6 &&
			ns->addrs[i].ifindex == dev)
			own[nown++] = (struct iv){
				ns->addrs[i].local.value, ns->addrs[i].local.value};
	add_type(typing, asked_in(typing, asked, multicast), RTN_MULTICAST, true);
	add_type(typing, asked_in(typing, asked, ivset_from(arena, own, nown)),
		RTN_LOCAL, true);
	routing_output(view->space, arena, asked, typing->peers, choices);
	for (size_t i = 0; i < choices->n; i++)
		add_type(typing, choices->choice[i].peers,
			type_of_choice6(&choices->choice[i], dev),
			!choices->choice[i].doubtful);
}

size_t routing_fib_types(const struct view *view, uint32_t flags,
	const struct ivset *peers, struct route_type ret_types[ROUTE_TYPES_MAX])
{
	struct typing typing = {view->arena, peers, ret_types, 0};
	struct packet asked = routing_fib_packet(view, flags);

	if (asked.family == FAMILY_IP4)
		types4(&typing, view, &asked, fib_device(view, flags));
	else
		types6(&typing, view, &asked, fib_device(view, flags));
	return typing.n;
}

/* IPv6: a rule or route may be for some sources alone. */
static bool asks_for_source(const struct space *space, const struct packet *asked)
{
	return asked->family == FAMILY_IP6 && asked->saddr_peer &&
	       space->selects_source6;
}

bool routing_fib_type(const struct view *view, uint32_t flags, uint32_t *ret_type)
{
	struct iv somebody = {0, 0};
	struct packet asked = routing_fib_packet(view, flags);
	struct route_type types[ROUTE_TYPES_MAX];

	if (asked.daddr_peer || asks_for_source(view->space, &asked))
		return false;
	if (asked.family == FAMILY_IP4) {
		*ret_type = type_of4(view->space, asked.daddr, fib_device(view, flags));
		return true;
	}
	if (routing_fib_types(
		    view, flags, ivset_from(view->arena, &somebody, 1), types) != 1 ||
		!types[0].certain)
		return false;
	*ret_type = types[0].type;
	return true;
}
