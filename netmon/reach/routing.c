/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/routing.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/zone.h"
#include "netmon/reach/lookup.h"

/*
 * Theory of operation. A lookup carries the set of peers that still look for a
 * decision. Each ip rule takes the part that it selects; its table's routes, most
 * specific first, take theirs; what no route of the table takes goes on to the next
 * rule. Only the peer's address splits anything; all else is one value. A rule nobody
 * can decide (a user id, say) leaves its part in both worlds: choices then overlap and
 * are doubtful.
 */

#define BRANCHES_MAX 256

static bool is_v4(const struct lookup *lookup)
{
	return lookup->packet->family == FAMILY_IP4;
}

void lookup_choose(struct lookup *lookup, const struct ivset *peers,
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

void lookup_choose_none(
	struct lookup *lookup, const struct ivset *peers, enum route_kind kind)
{
	lookup_choose(lookup, peers, &(struct route_choice){.kind = kind});
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
	lookup_choose(lookup, peers,
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
		lookup_choose(lookup, peers, &what);
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
		lookup_choose(lookup, peers, &what);
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
		!zone_is_link_local(&(struct addr){route->dst.value, FAMILY_IP6}))
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
		lookup_choose_none(lookup, part, ROUTE_BLACKHOLE);
		return &ivset_none;
	case FR_ACT_UNREACHABLE:
	case FR_ACT_PROHIBIT:
		lookup_choose_none(lookup, part, ROUTE_REJECT);
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
	lookup_choose_none(lookup, peers, ROUTE_NONE);
}

void lookup_follow(struct lookup *lookup, const struct ivset *peers)
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
		lookup_choose(lookup, c->peers, &neighbour);
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
	lookup_follow(&lookup, peers);
	if (bound_to(&lookup) && is_v4(&lookup))
		assume_on_link(&lookup);
}
