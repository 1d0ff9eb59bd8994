/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/routing.h"

#include <linux/fib_rules.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/value.h"

/*
 * Theory of operation. A lookup carries the set of peers that still look for a
 * decision. Each ip rule takes the part that it selects; its table's routes, most
 * specific first, take theirs; what no route of the table takes goes on to the next
 * rule. Only the peer's address splits anything; all else is one value. A rule nobody
 * can decide (a user id, say) leaves its part in both worlds: choices then overlap and
 * are doubtful.
 */

struct lookup {
	struct space *space;
	struct arena *arena;
	const struct packet *packet;
	struct route_choices *out;
	bool doubtful;
};

static bool is_v4(const struct lookup *lookup)
{
	return lookup->packet->family == FAMILY_IP4;
}

static void choose(struct lookup *lookup, const struct ivset *peers,
	enum route_kind kind, int oif, const struct addr *gateway)
{
	struct route_choices *out = lookup->out;

	if (ivset_is_empty(peers))
		return;
	for (size_t i = 0; i < out->n; i++) {
		struct route_choice *c = &out->choice[i];

		if (c->kind == kind && c->oif == oif &&
			c->doubtful == lookup->doubtful &&
			c->gateway.value == (gateway ? gateway->value : 0)) {
			c->peers = ivset_union(lookup->arena, c->peers, peers);
			return;
		}
	}
	if (out->n == ROUTE_CHOICES_MAX) {
		out->overflow = true;
		return;
	}
	out->choice[out->n++] = (struct route_choice){
		.peers = peers,
		.kind = kind,
		.oif = oif,
		.gateway = gateway ? *gateway : (struct addr){0},
		.doubtful = lookup->doubtful,
	};
}

/* The part of @peers for which an address of the packet lies in a prefix. */
static const struct ivset *in_prefix(struct lookup *lookup, const struct prefix *prefix,
	u128 addr, bool peer, const struct ivset *peers)
{
	if (prefix->family == FAMILY_NONE || prefix->len == 0)
		return peers;
	if (!peer)
		return addr >= prefix->value && addr <= prefix_last(prefix)
			       ? peers
			       : &ivset_none;
	return ivset_intersect(
		lookup->arena, peers, ivset_prefix(lookup->arena, prefix));
}

static enum route_kind kind_of(uint8_t type)
{
	static const enum route_kind kinds[] = {
		[RTN_UNICAST] = ROUTE_UNICAST,
		[RTN_LOCAL] = ROUTE_LOCAL,
		[RTN_BROADCAST] = ROUTE_BROADCAST,
		[RTN_ANYCAST] = ROUTE_ANYCAST,
		[RTN_MULTICAST] = ROUTE_MULTICAST,
		[RTN_BLACKHOLE] = ROUTE_BLACKHOLE,
		[RTN_UNREACHABLE] = ROUTE_REJECT,
		[RTN_PROHIBIT] = ROUTE_REJECT,
	};

	return type < ARRAY_LEN(kinds) ? kinds[type] : ROUTE_NONE;
}

static bool hop_usable(const struct lookup *lookup, const struct nexthop *hop)
{
	const struct link *link = netns_link(lookup->space->netns, hop->ifindex);

	return !(hop->flags & RTNH_F_DEAD) && (!link || link->up);
}

/* All next hops of a route: which one a flow takes is a hash of it. */
static void choose_route(
	struct lookup *lookup, const struct route *route, const struct ivset *peers)
{
	enum route_kind kind = kind_of(route->type);
	bool was_doubtful = lookup->doubtful, any = false;

	if (kind != ROUTE_UNICAST || route->nhops == 0) {
		choose(lookup, peers, kind, route->nhops ? route->hops[0].ifindex : 0,
			NULL);
		return;
	}
	for (size_t i = 0; i < route->nhops; i++) {
		if (!hop_usable(lookup, &route->hops[i]))
			continue;
		lookup->doubtful = was_doubtful || route->nhops > 1;
		choose(lookup, peers, kind, route->hops[i].ifindex,
			&route->hops[i].gateway);
		any = true;
	}
	lookup->doubtful = was_doubtful;
	if (!any)
		choose(lookup, peers, ROUTE_NONE, 0, NULL);
}

/* IPv6 link-local destinations mean one interface: the one it came by. */
static bool wrong_scope(const struct lookup *lookup, const struct route *route)
{
	const struct packet *packet = lookup->packet;
	int scope_if = packet->iif ? packet->iif : packet->scope_if;

	if (is_v4(lookup) || route->dst.len < 10 || route->nhops == 0 ||
		(route->dst.value >> 118) != 0x3fa) /* fe80::/10 */
		return false;
	return scope_if && route->hops[0].ifindex != scope_if;
}

struct route_range {
	const struct route **routes;
	size_t n;
};

static struct route_range table_routes(const struct lookup *lookup, uint32_t table)
{
	const struct space *space = lookup->space;
	const struct route **all = is_v4(lookup) ? space->routes4 : space->routes6;
	size_t n = is_v4(lookup) ? space->nroutes4 : space->nroutes6, lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (all[mid]->table < table)
			lo = mid + 1;
		else
			hi = mid;
	}
	size_t first = lo;
	while (lo < n && all[lo]->table == table)
		lo++;
	return (struct route_range){all + first, lo - first};
}

/* Returns the peers that no route of the table is for. */
static const struct ivset *lookup_table(struct lookup *lookup, uint32_t table,
	const struct ivset *peers, int suppress_prefix_len)
{
	const struct packet *packet = lookup->packet;
	struct route_range range = table_routes(lookup, table);
	const struct ivset *thrown = &ivset_none;

	for (size_t i = 0; i < range.n && !ivset_is_empty(peers); i++) {
		const struct route *route = range.routes[i];
		const struct ivset *mine;

		/* A TOS route is for senders who ask for it; a first packet does not.
		 */
		if (route->tos || wrong_scope(lookup, route) ||
			(suppress_prefix_len >= 0 &&
				route->dst.len <= suppress_prefix_len))
			continue;
		mine = in_prefix(
			lookup, &route->dst, packet->daddr, packet->daddr_peer, peers);
		mine = in_prefix(
			lookup, &route->src, packet->saddr, packet->saddr_peer, mine);
		if (ivset_is_empty(mine))
			continue;
		peers = ivset_subtract(lookup->arena, peers, mine);
		if (route->type == RTN_THROW)
			thrown = ivset_union(lookup->arena, thrown, mine);
		else
			choose_route(lookup, route, mine);
	}
	return ivset_union(lookup->arena, peers, thrown);
}

/* The part of @peers that an ip rule selects; *ret_certain false: perhaps. */
static const struct ivset *rule_selects(struct lookup *lookup,
	const struct route_rule *rule, const struct ivset *peers, bool *ret_certain)
{
	const struct packet *packet = lookup->packet;
	const struct ivset *part;
	uint32_t differs = (packet->mark.value ^ rule->mark) & rule->mark_mask;
	bool ports = rule->sport_hi || rule->dport_hi;

	*ret_certain = !rule->unknown && !rule->l3mdev;
	if (rule->iif && packet->iif == 0 && strcmp(rule->iif, "lo") != 0)
		part = &ivset_none;
	else if (rule->iif && packet->iif != 0 &&
		 strcmp(rule->iif, space_ifname(lookup->space, packet->iif)) != 0)
		part = &ivset_none;
	else if (rule->oif ||
		 rule->tos) /* of sockets bound to a device; asked-for TOS */
		part = &ivset_none;
	else if (differs & ~packet->mark.unknown)
		part = &ivset_none;
	else if (rule->proto && rule->proto != packet->proto)
		part = &ivset_none;
	else if (rule->dport_hi &&
		 (packet->dport < rule->dport_lo || packet->dport > rule->dport_hi))
		part = &ivset_none;
	else {
		part = in_prefix(
			lookup, &rule->src, packet->saddr, packet->saddr_peer, peers);
		part = in_prefix(
			lookup, &rule->dst, packet->daddr, packet->daddr_peer, part);
	}
	if (packet->mark.unknown & rule->mark_mask)
		*ret_certain = false;
	if (ports && (packet->sport_unknown || packet->dport_unknown || rule->sport_hi))
		*ret_certain = false;
	return rule->invert ? ivset_subtract(lookup->arena, peers, part) : part;
}

static const struct ivset *apply_rule(
	struct lookup *lookup, const struct route_rule *rule, const struct ivset *part)
{
	switch (rule->action) {
	case FR_ACT_TO_TBL:
		return lookup_table(
			lookup, rule->table, part, rule->suppress_prefix_len);
	case FR_ACT_BLACKHOLE:
		choose(lookup, part, ROUTE_BLACKHOLE, 0, NULL);
		return &ivset_none;
	case FR_ACT_UNREACHABLE:
	case FR_ACT_PROHIBIT:
		choose(lookup, part, ROUTE_REJECT, 0, NULL);
		return &ivset_none;
	}
	return part; /* nop */
}

static void follow_rules(struct lookup *lookup, const struct ivset *peers)
{
	const struct space *space = lookup->space;
	const struct route_rule **rules = is_v4(lookup) ? space->rules4 : space->rules6;
	size_t n = is_v4(lookup) ? space->nrules4 : space->nrules6;
	uint32_t at_least = 0; /* a goto skips to this priority */

	for (size_t i = 0; i < n && !ivset_is_empty(peers); i++) {
		const struct route_rule *rule = rules[i];
		bool certain;

		if (rule->priority < at_least)
			continue;
		const struct ivset *part = rule_selects(lookup, rule, peers, &certain);
		if (ivset_is_empty(part))
			continue;
		if (rule->action == FR_ACT_GOTO) {
			/* Exact when it takes everything; else both ways. */
			if (certain && ivset_equal(part, peers))
				at_least = rule->goto_target;
			else
				lookup->doubtful = true;
			continue;
		}
		if (!certain)
			lookup->doubtful = true;
		const struct ivset *rest = apply_rule(lookup, rule, part);
		if (certain)
			peers = ivset_union(lookup->arena,
				ivset_subtract(lookup->arena, peers, part), rest);
	}
	choose(lookup, peers, ROUTE_NONE, 0, NULL);
}

void routing_output(struct space *space, struct arena *arena,
	const struct packet *packet, const struct ivset *peers,
	struct route_choices *ret_choices)
{
	struct lookup lookup = {
		.space = space, .arena = arena, .packet = packet, .out = ret_choices};

	ret_choices->n = 0;
	ret_choices->overflow = false;
	follow_rules(&lookup, peers);
}

/* ---------------------------------------------------------------- cached sets */

/* A set already computed, or NULL. */
static const struct ivset *cache_find(const struct space *space, enum address_set what,
	enum family family, uint32_t number, int ifindex)
{
	for (size_t i = 0; i < space->ncached; i++) {
		const struct cached_set *c = &space->cached[i];

		if (c->what == what && c->family == family && c->number == number &&
			c->ifindex == ifindex)
			return c->set;
	}
	return NULL;
}

static const struct ivset *cache_keep(
	struct space *space, struct cached_set row, const struct ivset *set)
{
	if (space->ncached < CACHED_SETS && !arena_failed(&space->arena)) {
		row.set = ivset_copy(&space->arena, set);
		space->cached[space->ncached++] = row;
	}
	return set;
}

/* ---------------------------------------------------------------- input */

#define IP4(a, b, c, d)                                                                \
	((u128)(((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | ((uint32_t)(c) << 8) | \
		(uint32_t)(d)))

/* IPv4 sources that ip_route_input_slow() never takes. */
static const struct ivset *martian_sources4(
	struct space *space, struct arena *arena, int iif)
{
	struct iv never[] = {
		{IP4(0, 0, 0, 0), IP4(0, 255, 255, 255)},
		{IP4(224, 0, 0, 0), IP4(239, 255, 255, 255)},
		{IP4(255, 255, 255, 255), IP4(255, 255, 255, 255)},
		{IP4(127, 0, 0, 0), IP4(127, 255, 255, 255)},
	};
	bool localnet = space_sysctl_if(
		space, FAMILY_IP4, iif, "route_localnet", COMBINE_OR, 0);
	const struct ivset *set = ivset_from(arena, never, localnet ? 3 : 4);

	if (!space_sysctl_if(space, FAMILY_IP4, iif, "accept_local", COMBINE_OR, 0))
		set = ivset_union(arena, set, space->local4);
	return set;
}

/* __fib_validate_source(): strict is by this interface, loose by any. */
static const struct ivset *rp_filtered(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	int64_t mode = space_sysctl_if(
		space, FAMILY_IP4, packet->iif, "rp_filter", COMBINE_MAX, 0);
	bool with_mark = space_sysctl_if(
		space, FAMILY_IP4, packet->iif, "src_valid_mark", COMBINE_OR, 0);

	if (mode == 0)
		return &ivset_none;
	const struct ivset *good = routing_peers_via(space, arena, FAMILY_IP4,
		mode == 1 ? packet->iif : 0, with_mark ? packet->mark.value : 0);
	return ivset_subtract(arena, ivset_all(arena, FAMILY_IP4), good);
}

static const struct ivset *bad_sources4(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	bool with_mark = space_sysctl_if(
		space, FAMILY_IP4, packet->iif, "src_valid_mark", COMBINE_OR, 0);
	struct cached_set row = {ADDRESS_BAD_SOURCE, FAMILY_IP4,
		with_mark ? packet->mark.value : 0, packet->iif, NULL};
	const struct ivset *set =
		cache_find(space, row.what, row.family, row.number, row.ifindex);

	if (set)
		return set;
	set = ivset_union(arena, martian_sources4(space, arena, packet->iif),
		rp_filtered(space, arena, packet));
	return cache_keep(space, row, set);
}

static const struct ivset *bad_sources(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	const struct link *in = netns_link(space->netns, packet->iif);

	if (in && in->loopback)
		return &ivset_none;
	if (packet->family == FAMILY_IP4)
		return bad_sources4(space, arena, packet);
	/* ip6_rcv_core(): loopback and multicast sources; unspecified ones are not
	 * answered. */
	struct iv never[] = {
		{0, 1},
		{(u128)0xff << 120, addr_max(FAMILY_IP6)},
	};
	return ivset_from(arena, never, ARRAY_LEN(never));
}

static bool is_link_local6(u128 addr)
{
	return (addr >> 118) == 0x3fa;
}

static bool forwards(struct space *space, const struct packet *packet)
{
	if (packet->family == FAMILY_IP4)
		return space_sysctl_if(
			space, FAMILY_IP4, packet->iif, "forwarding", COMBINE_ONLY, 0);
	/* ip6_forward() asks "all", and since 6.17 force_forwarding of the interface.
	 */
	return space_sysctl_if(
		       space, FAMILY_IP6, packet->iif, "forwarding", COMBINE_ALL, 0) ||
	       space_sysctl_if(space, FAMILY_IP6, packet->iif, "force_forwarding",
		       COMBINE_ONLY, 0);
}

static bool martian_destination4(struct space *space, const struct packet *packet)
{
	uint32_t dst = (uint32_t)packet->daddr;

	if (dst >> 24 == 0)
		return true;
	return dst >> 24 == 127 && !space_sysctl_if(space, FAMILY_IP4, packet->iif,
					   "route_localnet", COMBINE_OR, 0);
}

/* What is left of a choice once the host must forward it. */
static void forward_checks(
	struct lookup *lookup, const struct packet *packet, struct route_choice *choice)
{
	if (choice->kind == ROUTE_NONE || choice->kind == ROUTE_REJECT) {
		/* ip_error(): silent on a host that does not forward. */
		choice->kind = forwards(lookup->space, packet) ? ROUTE_REJECT
							       : ROUTE_BLACKHOLE;
		return;
	}
	if (choice->kind != ROUTE_UNICAST)
		return;
	if (!forwards(lookup->space, packet)) {
		choice->kind = ROUTE_BLACKHOLE;
		return;
	}
	if (packet->family == FAMILY_IP6) {
		/* ip6_forward(): link-local sources are told so by ICMP. */
		struct iv local = {(u128)0x3fa << 118, ((u128)0x3fb << 118) - 1};
		const struct ivset *set = ivset_from(lookup->arena, &local, 1);
		const struct ivset *refused =
			ivset_intersect(lookup->arena, choice->peers, set);

		choice->peers = ivset_subtract(lookup->arena, choice->peers, set);
		if (is_link_local6(packet->daddr) && !packet->daddr_peer) {
			choice->kind = ROUTE_BLACKHOLE;
			return;
		}
		choose(lookup, refused, ROUTE_REJECT, 0, NULL);
	}
}

void routing_input(struct space *space, struct arena *arena,
	const struct packet *packet, const struct ivset *peers,
	struct route_choices *ret_choices)
{
	struct lookup lookup = {
		.space = space, .arena = arena, .packet = packet, .out = ret_choices};
	const struct ivset *bad = &ivset_none;

	ret_choices->n = 0;
	ret_choices->overflow = false;
	if (packet->saddr_peer) {
		const struct ivset *never = bad_sources(space, arena, packet);

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
	follow_rules(&lookup, peers);
	size_t n = ret_choices->n;
	for (size_t i = 0; i < n; i++)
		forward_checks(&lookup, packet, &ret_choices->choice[i]);
	choose(&lookup, bad, ROUTE_MARTIAN, 0, NULL);
}

/* ---------------------------------------------------------------- address sets */

const struct ivset *routing_peers_via(struct space *space, struct arena *arena,
	enum family family, int oif, uint32_t mark)
{
	struct packet packet = {
		.family = (uint8_t)family, .daddr_peer = true, .mark.value = mark};
	const struct ivset *set = cache_find(space, ADDRESS_VIA, family, mark, oif);

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
	return cache_keep(
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

static const struct ivset *type_set6(const struct view *view, uint32_t type, int dev)
{
	struct space *space = view->space;
	struct arena *arena = view->arena;
	struct packet packet = {
		.family = FAMILY_IP6, .daddr_peer = true, .mark = view->packet->mark};
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	const struct ivset *set = &ivset_none;
	const struct ivset *multicast =
		ivset_range(arena, (u128)0xff << 120, addr_max(FAMILY_IP6));

	if (!choices)
		return set;
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
	const struct ivset *set =
		cache_find(view->space, ADDRESS_TYPE, family, type, dev);

	if (set)
		return set;
	set = family == FAMILY_IP4 ? type_set4(view->space, view->arena, type, dev)
				   : type_set6(view, type, dev);
	return cache_keep(view->space,
		(struct cached_set){ADDRESS_TYPE, family, type, dev, NULL}, set);
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

static uint32_t type_of6(const struct view *view, u128 addr, int dev)
{
	struct packet packet = {
		.family = FAMILY_IP6, .daddr = addr, .mark = view->packet->mark};
	struct route_choices *choices = arena_alloc_raw(view->arena, sizeof(*choices));
	struct iv any = {0, 0};

	if (!choices)
		return RTN_UNSPEC;
	if (addr >> 120 == 0xff)
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
						 : type_of6(view, addr, dev);
	return true;
}
