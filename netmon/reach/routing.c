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
	int via; /* a source's route: does any of its hops leave by this one? 0: no */
	unsigned int branches; /* ways that uncertain rules opened */
};

#define BRANCHES_MAX 256

static bool is_v4(const struct lookup *lookup)
{
	return lookup->packet->family == FAMILY_IP4;
}

static void choose(struct lookup *lookup, const struct ivset *peers,
	const struct route_choice *what)
{
	struct route_choices *out = lookup->out;

	if (ivset_is_empty(peers))
		return;
	for (size_t i = 0; i < out->n; i++) {
		struct route_choice *c = &out->choice[i];

		if (c->kind == what->kind && c->oif == what->oif &&
			c->doubtful == lookup->doubtful &&
			c->gateway.value == what->gateway.value &&
			c->prefsrc.value == what->prefsrc.value) {
			c->peers = ivset_union(lookup->arena, c->peers, peers);
			return;
		}
	}
	if (out->n == ROUTE_CHOICES_MAX) {
		out->overflow = true;
		return;
	}
	out->choice[out->n] = *what;
	out->choice[out->n].peers = peers;
	out->choice[out->n++].doubtful = lookup->doubtful;
}

static void choose_none(
	struct lookup *lookup, const struct ivset *peers, enum route_kind kind)
{
	choose(lookup, peers, &(struct route_choice){.kind = kind});
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

/* The device that a lookup is bound to; 0: none. */
static int bound_to(const struct lookup *lookup)
{
	return lookup->packet->iif ? 0 : lookup->packet->bound_if;
}

static bool hop_usable(const struct lookup *lookup, const struct nexthop *hop)
{
	const struct link *link = netns_link(lookup->space->netns, hop->ifindex);
	int bound = bound_to(lookup);

	if (bound && hop->ifindex != bound)
		return false;
	return !(hop->flags & RTNH_F_DEAD) && (!link || link->up);
}

/*
 * fib_table_lookup() passes over a route all of whose hops are dead, or none of which
 * is the device asked for; IPv4 takes an error without a look at its device.
 */
static bool route_usable(const struct lookup *lookup, const struct route *route)
{
	enum route_kind kind = kind_of(route->type);
	bool error = kind == ROUTE_BLACKHOLE || kind == ROUTE_REJECT;

	if (bound_to(lookup) && error)
		return is_v4(lookup);
	if (route->nhops == 0 || (kind != ROUTE_UNICAST && !bound_to(lookup)))
		return true;
	for (size_t i = 0; i < route->nhops; i++)
		if (hop_usable(lookup, &route->hops[i]))
			return true;
	return false;
}

/* Validation asks whether any hop is the interface: fib_info_nh_uses_dev(). */
static void choose_for_source(
	struct lookup *lookup, const struct route *route, const struct ivset *peers)
{
	int oif = route->hops[0].ifindex;

	for (size_t i = 0; i < route->nhops; i++)
		if (route->hops[i].ifindex == lookup->via)
			oif = lookup->via;
	choose(lookup, peers,
		&(struct route_choice){.kind = ROUTE_UNICAST, .oif = oif});
}

/* All next hops of a route: which one a flow takes is a hash of it. */
static void choose_route(
	struct lookup *lookup, const struct route *route, const struct ivset *peers)
{
	enum route_kind kind = kind_of(route->type);
	struct route_choice what = {.kind = kind, .prefsrc = route->prefsrc};
	bool was_doubtful = lookup->doubtful;

	if (kind != ROUTE_UNICAST || route->nhops == 0) {
		what.oif = route->nhops ? route->hops[0].ifindex : 0;
		choose(lookup, peers, &what);
		return;
	}
	if (lookup->via) {
		choose_for_source(lookup, route, peers);
		return;
	}
	for (size_t i = 0; i < route->nhops; i++) {
		if (!hop_usable(lookup, &route->hops[i]))
			continue;
		/* A socket's device leaves one hop: fib_select_path() does not ask. */
		lookup->doubtful =
			was_doubtful || (route->nhops > 1 && !bound_to(lookup));
		what.oif = route->hops[i].ifindex;
		what.gateway = route->hops[i].gateway;
		choose(lookup, peers, &what);
	}
	lookup->doubtful = was_doubtful;
}

/* IPv6 link-local destinations mean one interface: the one it came by, or what a socket
 * or rule asks for. */
static bool wrong_scope(const struct lookup *lookup, const struct route *route)
{
	const struct packet *packet = lookup->packet;
	int scope = packet->iif ? packet->iif : packet->scope_if;
	const struct link *hop;

	if (is_v4(lookup) || route->dst.len < 10 || route->nhops == 0 ||
		(route->dst.value >> 118) != 0x3fa) /* fe80::/10 */
		return false;
	hop = netns_link(lookup->space->netns, route->hops[0].ifindex);
	/* Older kernels keep the host's own addresses at the loopback interface. */
	return scope && route->hops[0].ifindex != scope && !(hop && hop->loopback);
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

/* fib4_rule_suppress(): a result this short does not count; an error always does. */
static bool suppressed(const struct route *route, int suppress_prefix_len)
{
	switch (kind_of(route->type)) {
	case ROUTE_LOCAL:
	case ROUTE_UNICAST:
	case ROUTE_BROADCAST:
	case ROUTE_ANYCAST:
	case ROUTE_MULTICAST:
		return suppress_prefix_len >= 0 &&
		       route->dst.len <= suppress_prefix_len;
	case ROUTE_NONE:
	case ROUTE_BLACKHOLE:
	case ROUTE_REJECT:
	case ROUTE_MARTIAN:
		break;
	}
	return false;
}

/* The TOS is the sender's choice: a stranger can ask for any; an answer asks for none.
 */
static bool may_ask_tos(const struct packet *packet)
{
	return packet->saddr_peer;
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

		if ((route->tos && !may_ask_tos(packet)) ||
			wrong_scope(lookup, route) || !route_usable(lookup, route))
			continue;
		mine = in_prefix(
			lookup, &route->dst, packet->daddr, packet->daddr_peer, peers);
		mine = in_prefix(
			lookup, &route->src, packet->saddr, packet->saddr_peer, mine);
		if (ivset_is_empty(mine))
			continue;
		if (route->tos)
			lookup->doubtful = true; /* and who asks for none goes on */
		else
			peers = ivset_subtract(lookup->arena, peers, mine);
		if (route->type == RTN_THROW || suppressed(route, suppress_prefix_len))
			thrown = ivset_union(lookup->arena, thrown, mine);
		else
			choose_route(lookup, route, mine);
	}
	return ivset_union(lookup->arena, peers, thrown);
}

/* ---------------------------------------------------------------- ip rules */

/* The table of the VRF that an interface belongs to, by its local routes; 0: none. */
static uint32_t vrf_table(const struct space *space, const struct link *vrf)
{
	const struct netns *ns = space->netns;

	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *route = &ns->routes[i];
		const struct link *hop =
			route->nhops ? netns_link(ns, route->hops[0].ifindex) : NULL;

		if (route->table != RT_TABLE_LOCAL && route->table != RT_TABLE_MAIN &&
			route->type == RTN_LOCAL && hop &&
			(hop->master == vrf->index || hop->index == vrf->index))
			return route->table;
	}
	return 0;
}

const struct link *routing_vrf(const struct space *space, int ifindex)
{
	const struct link *link = netns_link(space->netns, ifindex);
	const struct link *master =
		link && link->master ? netns_link(space->netns, link->master) : NULL;

	if (link && link->kind && strcmp(link->kind, "vrf") == 0)
		return link;
	return master && master->kind && strcmp(master->kind, "vrf") == 0 ? master
									  : NULL;
}

static bool in_port_range(
	uint16_t port, bool unknown, uint16_t lo, uint16_t hi, bool *certain)
{
	if (hi == 0)
		return true;
	if (unknown)
		*certain = false;
	return unknown || (port >= lo && port <= hi);
}

/* fib_rule_match() without addresses; *certain turns false where it is "perhaps". */
static bool rule_applies(
	struct lookup *lookup, const struct route_rule *rule, bool *certain)
{
	const struct packet *packet = lookup->packet;
	const char *iif = packet->iif ? space_ifname(lookup->space, packet->iif) : "lo";
	uint32_t differs = (packet->mark.value ^ rule->mark) & rule->mark_mask;

	if (rule->unknown)
		*certain = false;
	if (rule->l3mdev &&
		!routing_vrf(lookup->space, lookup->via ? lookup->via : packet->iif))
		return false;
	if (rule->iif && strcmp(rule->iif, iif) != 0)
		return false;
	if (rule->oif && (!bound_to(lookup) ||
				 strcmp(rule->oif, space_ifname(lookup->space,
							   bound_to(lookup))) != 0))
		return false; /* of sockets bound to a device */
	if (rule->tos && !may_ask_tos(packet))
		return false;
	if (rule->tos)
		*certain = false;
	if (differs & ~packet->mark.unknown)
		return false;
	if (packet->mark.unknown & rule->mark_mask)
		*certain = false;
	if (rule->proto && rule->proto != packet->proto)
		return false;
	return in_port_range(packet->sport, packet->sport_unknown, rule->sport_lo,
		       rule->sport_hi, certain) &&
	       in_port_range(packet->dport, packet->dport_unknown, rule->dport_lo,
		       rule->dport_hi, certain);
}

/* The part of @peers that an ip rule selects; *ret_certain false: perhaps. */
static const struct ivset *rule_selects(struct lookup *lookup,
	const struct route_rule *rule, const struct ivset *peers, bool *ret_certain)
{
	const struct packet *packet = lookup->packet;
	const struct ivset *part = &ivset_none;

	*ret_certain = true;
	if (rule_applies(lookup, rule, ret_certain)) {
		part = in_prefix(
			lookup, &rule->src, packet->saddr, packet->saddr_peer, peers);
		part = in_prefix(
			lookup, &rule->dst, packet->daddr, packet->daddr_peer, part);
	} else {
		*ret_certain = true;
	}
	if (!rule->invert)
		return part;
	return *ret_certain ? ivset_subtract(lookup->arena, peers, part) : peers;
}

static const struct ivset *apply_rule(
	struct lookup *lookup, const struct route_rule *rule, const struct ivset *part)
{
	uint32_t table = rule->table;

	switch (rule->action) {
	case FR_ACT_TO_TBL:
		if (rule->l3mdev)
			table = vrf_table(lookup->space,
				routing_vrf(lookup->space,
					lookup->via ? lookup->via
						    : lookup->packet->iif));
		if (table == 0)
			lookup->out->overflow = true; /* nobody knows which */
		return lookup_table(lookup, table, part, rule->suppress_prefix_len);
	case FR_ACT_BLACKHOLE:
		choose_none(lookup, part, ROUTE_BLACKHOLE);
		return &ivset_none;
	case FR_ACT_UNREACHABLE:
	case FR_ACT_PROHIBIT:
		choose_none(lookup, part, ROUTE_REJECT);
		return &ivset_none;
	}
	return part; /* nop */
}

struct rule_list {
	const struct route_rule **v;
	size_t n;
};

/* Where a goto leads; the list's end: nowhere, so the next rule is next. */
static size_t goto_target(
	const struct rule_list *rules, size_t at, const struct route_rule *rule)
{
	for (size_t i = at + 1; i < rules->n; i++)
		if (rules->v[i]->priority == rule->goto_target)
			return i;
	return rules->n;
}

static void follow_rules_from(struct lookup *lookup, const struct rule_list *rules,
	size_t first, const struct ivset *peers)
{
	if (++lookup->branches > BRANCHES_MAX) {
		lookup->out->overflow = true;
		return;
	}
	for (size_t i = first; i < rules->n && !ivset_is_empty(peers); i++) {
		const struct route_rule *rule = rules->v[i];
		const struct ivset *part, *rest;
		bool certain, was_doubtful;

		part = rule_selects(lookup, rule, peers, &certain);
		if (ivset_is_empty(part))
			continue;
		if (!certain)
			lookup->doubtful = true;
		if (rule->action == FR_ACT_GOTO) {
			size_t target = goto_target(rules, i, rule);

			if (target == rules->n)
				continue;
			was_doubtful = lookup->doubtful;
			follow_rules_from(lookup, rules, target, part);
			lookup->doubtful = was_doubtful;
			rest = &ivset_none;
		} else {
			rest = apply_rule(lookup, rule, part);
		}
		if (certain)
			peers = ivset_union(lookup->arena,
				ivset_subtract(lookup->arena, peers, part), rest);
	}
	choose_none(lookup, peers, ROUTE_NONE);
}

static void follow_rules(struct lookup *lookup, const struct ivset *peers)
{
	const struct space *space = lookup->space;
	struct rule_list rules = {is_v4(lookup) ? space->rules4 : space->rules6,
		is_v4(lookup) ? space->nrules4 : space->nrules6};

	follow_rules_from(lookup, &rules, 0, peers);
}

/*
 * ip_route_output_key_hash_rcu(): without a route by its device, a bound socket's
 * destination is taken for a neighbour, which it may be or not.
 */
static void assume_on_link(struct lookup *lookup)
{
	const struct route_choice neighbour = {
		.kind = ROUTE_UNICAST, .oif = bound_to(lookup)};

	for (size_t i = 0, n = lookup->out->n; i < n; i++) {
		struct route_choice *c = &lookup->out->choice[i];

		if (c->kind != ROUTE_NONE && c->kind != ROUTE_REJECT &&
			c->kind != ROUTE_BLACKHOLE)
			continue;
		c->doubtful = lookup->doubtful = true;
		choose(lookup, c->peers, &neighbour);
	}
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
	if (bound_to(&lookup) && is_v4(&lookup))
		assume_on_link(&lookup);
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

/* Sources that no interface takes, whatever the routes (ip_route_input_slow()). */
static const struct ivset *martian_sources4(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	struct iv never[] = {
		{IP4(0, 0, 0, 0), IP4(0, 255, 255, 255)},
		{IP4(224, 0, 0, 0), IP4(239, 255, 255, 255)},
		{IP4(255, 255, 255, 255), IP4(255, 255, 255, 255)},
		{IP4(127, 0, 0, 0), IP4(127, 255, 255, 255)},
	};
	/* Asked once: of the destination where that is a loopback address. */
	bool localnet = space_sysctl_if(space, FAMILY_IP4, packet->iif,
				"route_localnet", COMBINE_OR, 0) ||
			packet->daddr >> 24 == 127;

	return ivset_from(arena, never, localnet ? 3 : 4);
}

static const struct ivset *martian_sources(
	struct space *space, struct arena *arena, const struct packet *packet)
{
	if (packet->family == FAMILY_IP4)
		return martian_sources4(space, arena, packet);
	/* ip6_rcv_core(): loopback and multicast sources; unspecified ones are not
	 * answered. */
	struct iv never[] = {
		{0, 1},
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
	follow_rules(&lookup, ivset_all(arena, FAMILY_IP4));
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
		v.bad = cache_find(
			space, row.what, row.family, row.number, row.ifindex);
	if (plain && v.bad)
		return v;
	v = validate_sources4(space, arena, packet, oif);
	if (plain && ivset_is_empty(v.doubtful))
		v.bad = cache_keep(space, row, v.bad);
	return v;
}

static bool is_link_local6(u128 addr)
{
	return (addr >> 118) == 0x3fa;
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

/* ip6_forward(): link-local addresses are not carried on; sources are told so. */
static void forward_checks6(
	struct lookup *lookup, const struct packet *packet, struct route_choice *choice)
{
	struct iv local = {(u128)0x3fa << 118, ((u128)0x3fb << 118) - 1};
	const struct ivset *set = ivset_from(lookup->arena, &local, 1);
	const struct ivset *refused =
		packet->saddr_peer ? ivset_intersect(lookup->arena, choice->peers, set)
				   : &ivset_none;

	choice->peers = ivset_subtract(lookup->arena, choice->peers, refused);
	if (is_link_local6(packet->daddr) && !packet->daddr_peer) {
		choice->kind = ROUTE_BLACKHOLE;
		return;
	}
	lookup->doubtful = choice->doubtful;
	choose_none(lookup, refused, ROUTE_REJECT);
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
		choose_none(lookup, choice->peers, ROUTE_BLACKHOLE);
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
		asked.daddr = 0;
		break;
	case ROUTE_NONE:
	case ROUTE_MULTICAST:
	case ROUTE_BLACKHOLE:
	case ROUTE_REJECT:
	case ROUTE_MARTIAN:
		return;
	}
	v = bad_sources4(lookup->space, arena, &asked,
		choice->kind == ROUTE_UNICAST ? choice->oif : 0);
	lookup->doubtful = choice->doubtful;
	if (ivset_intersects(choice->peers, v.bad)) {
		bad = ivset_intersect(arena, choice->peers, v.bad);
		choice->peers = ivset_subtract(arena, choice->peers, bad);
		choose_none(lookup, bad, ROUTE_MARTIAN);
	}
	if (!ivset_intersects(choice->peers, v.doubtful))
		return;
	doubtful = ivset_intersect(arena, choice->peers, v.doubtful);
	choice->peers = ivset_subtract(arena, choice->peers, doubtful);
	lookup->doubtful = true;
	choose(lookup, doubtful, choice);
	choose_none(lookup, doubtful, ROUTE_MARTIAN);
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

	if (!ways || mode == 0 || choice->kind != ROUTE_UNICAST)
		return;
	asked.daddr_peer = false;
	asked.daddr = packet->saddr;
	asked.saddr_peer = packet->daddr_peer;
	ways->n = 0;
	ways->overflow = false;
	follow_rules(&back, choice->peers);
	for (size_t i = 0; i < ways->n; i++)
		if (!ways->choice[i].doubtful && !ways->overflow &&
			!source_is_valid(&ways->choice[i], packet->iif, mode, true))
			bad = ivset_union(arena, bad, ways->choice[i].peers);
	choice->peers = ivset_subtract(arena, choice->peers, bad);
	choose_none(lookup, bad, ROUTE_MARTIAN);
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
	follow_rules(&lookup, peers);
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
	choose_none(&lookup, bad, ROUTE_MARTIAN);
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
		plain ? cache_find(view->space, ADDRESS_TYPE, family, type, key) : NULL;

	if (set)
		return set;
	set = family == FAMILY_IP4 ? type_set4(view->space, view->arena, type, dev)
				   : type_set6(view, flags, type, dev);
	if (!plain)
		return set;
	return cache_keep(view->space,
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
						 : type_of6(view, flags, addr, dev);
	return true;
}
