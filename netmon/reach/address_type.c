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

static const struct ivset *type_set6(
	const struct view *view, uint32_t flags, uint32_t type, int dev)
{
	struct space *space = view->space;
	struct arena *arena = view->arena;
	struct packet packet = {.family = FAMILY_IP6,
		.daddr_peer = true,
		.scope_if = dev ? dev : view->packet->iif};
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	const struct ivset *set = &ivset_none;
	const struct ivset *multicast =
		ivset_range(arena, (u128)0xff << 120, addr_max(FAMILY_IP6));

	if (!choices)
		return set;
	if (flags & NFTA_FIB_F_MARK)
		packet.mark = view->packet->mark;
	routing_output(space, arena, &packet, ivset_all(arena, FAMILY_IP6), choices);
	for (size_t i = 0; i < choices->n; i++)
		if (type_of_choice6(&choices->choice[i], dev) == type)
			set = ivset_union(arena, set, choices->choice[i].peers);
	set = ivset_subtract(arena, set, multicast);
	if (type == RTN_MULTICAST)
		set = ivset_union(arena, set, multicast);
	for (size_t i = 0; dev && i < space->netns->naddrs; i++) {
		const struct ifaddr *a = &space->netns->addrs[i];
		const struct ivset *one;

		if (a->local.family != FAMILY_IP6 || a->ifindex != dev)
			continue;
		one = ivset_range(arena, a->local.value, a->local.value);
		set = type == RTN_LOCAL ? ivset_union(arena, set, one)
					: ivset_subtract(arena, set, one);
	}
	return set;
}

static int fib_device(const struct view *view, uint32_t flags)
{
	if (flags & NFTA_FIB_F_IIF)
		return view->packet->iif;
	return flags & NFTA_FIB_F_OIF ? view->packet->oif : 0;
}

const struct ivset *routing_fib_peers(
	const struct view *view, uint32_t flags, uint32_t type)
{
	enum family family = (enum family)view->packet->family;
	int dev = fib_device(view, flags);
	/* IPv6 asks the routes: by mark where told to, link-local ones by interface. */
	bool plain = family == FAMILY_IP4 || !(flags & NFTA_FIB_F_MARK);
	int key = family == FAMILY_IP4 || dev ? dev : -view->packet->iif;
	const struct ivset *set =
		plain ? space_cache_find(view->space, ADDRESS_TYPE, family, type, key)
		      : NULL;

	if (set)
		return set;
	set = family == FAMILY_IP4 ? type_set4(view->space, view->arena, type, dev)
				   : type_set6(view, flags, type, dev);
	if (!plain)
		return set;
	return space_cache_keep(view->space,
		(struct cached_set){ADDRESS_TYPE, family, type, key, NULL}, set);
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

static uint32_t type_of6(const struct view *view, uint32_t flags, u128 addr, int dev)
{
	struct packet packet = {.family = FAMILY_IP6,
		.daddr = addr,
		.scope_if = dev ? dev : view->packet->iif};
	struct route_choices *choices = arena_alloc_raw(view->arena, sizeof(*choices));
	struct iv any = {0, 0};

	if (!choices)
		return RTN_UNSPEC;
	if (flags & NFTA_FIB_F_MARK)
		packet.mark = view->packet->mark;
	if (zone_is_multicast(&(struct addr){addr, FAMILY_IP6}))
		return RTN_MULTICAST;
	if (dev && space_has_addr(view->space, FAMILY_IP6, addr, dev))
		return RTN_LOCAL;
	routing_output(view->space, view->arena, &packet,
		ivset_from(view->arena, &any, 1), choices);
	return choices->n ? type_of_choice6(&choices->choice[0], dev) : RTN_UNREACHABLE;
}

bool routing_fib_type(const struct view *view, uint32_t flags, uint32_t *ret_type)
{
	const struct packet *packet = view->packet;
	bool source = flags & NFTA_FIB_F_SADDR;
	u128 addr = source ? packet->saddr : packet->daddr;
	int dev = fib_device(view, flags);

	if (source ? packet->saddr_peer : packet->daddr_peer)
		return false;
	*ret_type = packet->family == FAMILY_IP4 ? type_of4(view->space, addr, dev)
						 : type_of6(view, flags, addr, dev);
	return true;
}
