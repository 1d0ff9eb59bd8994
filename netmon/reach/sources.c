/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/sources.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "netmon/reach/routing.h"
#include "netmon/reach/value.h"

/* Prefixes of an interface's own networks; @ifindex 0: of all interfaces. */
static const struct ivset *on_link(
	const struct netns *ns, struct arena *arena, enum family family, int ifindex)
{
	struct iv *v = arena_array(arena, ns->naddrs + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return &ivset_none;
	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];
		struct prefix p = {.family = family, .len = a->prefix_len};
		u128 base = a->peer.family == family ? a->peer.value : a->local.value;

		if (a->local.family != family || (ifindex && a->ifindex != ifindex))
			continue;
		p.value = base & prefix_mask(family, a->prefix_len);
		v[n++] = (struct iv){p.value, prefix_last(&p)};
	}
	return ivset_from(arena, v, n);
}

/* The host's own addresses, and those of whole networks: nobody's source. */
static const struct ivset *own_addresses(
	struct reach *reach, struct arena *arena, enum family family)
{
	const struct netns *ns = reach->facts->host;
	struct iv *v = arena_array(arena, ns->naddrs + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return &ivset_none;
	for (size_t i = 0; i < ns->naddrs; i++)
		if (ns->addrs[i].local.family == family)
			v[n++] = (struct iv){
				ns->addrs[i].local.value, ns->addrs[i].local.value};
	if (family == FAMILY_IP6)
		return ivset_from(arena, v, n);
	return ivset_union(arena, ivset_from(arena, v, n),
		routing_broadcasts4(reach->host, arena));
}

/* Gateways are neighbours, even on a link without a prefix (a cloud's /32). */
static const struct ivset *gateways(
	const struct netns *ns, struct arena *arena, enum family family, int ifindex)
{
	const struct ivset *set = &ivset_none;

	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *r = &ns->routes[i];

		for (size_t k = 0; k < r->nhops; k++)
			if (r->hops[k].ifindex == ifindex &&
				r->hops[k].gateway.family == family)
				set = ivset_union(arena, set,
					ivset_range(arena, r->hops[k].gateway.value,
						r->hops[k].gateway.value));
	}
	return set;
}

static void fill_perimeter(struct arena *arena, struct source *s,
	const struct ivset *own, const struct ivset *link, const struct ivset *near_any)
{
	const struct ivset *taken = ivset_union(arena, own, near_any);

	s->zone[ZONE_ADJACENT] = ivset_subtract(arena, link, own);
	s->zone[ZONE_INTERNET] =
		ivset_subtract(arena, zone_internet(arena, s->family), taken);
	s->zone[ZONE_PRIVATE] =
		ivset_subtract(arena, zone_private(arena, s->family), taken);
}

static void fill_inner(struct reach *reach, struct arena *arena, struct source *s,
	const struct ivset *own, const struct ivset *link)
{
	const struct ivset *private = zone_private(arena, s->family);
	const struct ivset *unicast =
		ivset_union(arena, private, zone_internet(arena, s->family));
	/* A network of public addresses that is routed by here comes by here. */
	const struct ivset *routed = ivset_intersect(arena, unicast,
		routing_peers_via(reach->host, arena, s->family, s->ifindex, 0));
	const struct ivset *near = ivset_subtract(arena, link, private);

	s->zone[ZONE_INTERNET] = &ivset_none;
	s->zone[ZONE_ADJACENT] = ivset_subtract(arena, near, own);
	s->zone[ZONE_PRIVATE] = ivset_subtract(arena,
		ivset_subtract(arena, ivset_union(arena, link, routed), near), own);
}

/* Containers are not outside, but an engine's network may be on a bridge that somebody
 * put a port of the machine's on. */
static bool leads_outside(const struct reach *reach, const struct link *link)
{
	if (link->loopback || !link->up ||
		(host_is_container_side(reach, link->index) &&
			!host_has_outer_port(reach, link)))
		return false;
	return !host_is_port(reach, link);
}

static void join_zones(struct arena *arena, struct source *s)
{
	for (unsigned int mask = 0; mask <= ALL_ZONES; mask++) {
		s->joined[mask] = &ivset_none;
		for (unsigned int z = 0; z < ZONE_COUNT; z++)
			if (mask & (1u << z))
				s->joined[mask] =
					ivset_union(arena, s->joined[mask], s->zone[z]);
	}
}

/* The networks of macvlan and ipvlan children: the host itself may have no address on
 * their link. */
static const struct ivset *children(struct reach *reach, struct arena *arena,
	enum family family, const struct link *parent)
{
	const struct ivset *set = &ivset_none;

	for (size_t i = 0; i < reach->facts->nnetworks; i++) {
		const struct network *net = &reach->facts->networks[i];

		if (!net->parent || strcmp(net->parent, parent->name) != 0)
			continue;
		for (size_t k = 0; k < net->nsubnets; k++)
			if (net->subnets[k].family == family)
				set = ivset_union(arena, set,
					ivset_prefix(arena, &net->subnets[k]));
	}
	return set;
}

/* Whether a container's way out by that end is not by an address of this host's. */
static bool routes_elsewhere(const struct netns *host, const struct netns *inside,
	enum family family, int end)
{
	for (size_t i = 0; i < inside->nroutes; i++) {
		const struct route *r = &inside->routes[i];

		for (size_t k = 0;
			r->family == family && host_leads_everywhere(r) && k < r->nhops;
			k++) {
			const struct addr *router = &r->hops[k].gateway;
			bool ours = false;

			for (size_t m = 0; m < host->naddrs; m++)
				ours |= addr_equal(&host->addrs[m].local, router);
			if (r->hops[k].ifindex == end && !ours)
				return true;
		}
	}
	return false;
}

/* The networks of containers at a bridge's ports that go their own ways: the bridge has
 * no address, or their router is another one at its outer port. */
static const struct ivset *beside(struct reach *reach, struct arena *arena,
	enum family family, const struct link *bridge)
{
	const struct facts *facts = reach->facts;
	const struct ivset *set = &ivset_none;
	bool bare;

	if (!bridge->kind || strcmp(bridge->kind, "bridge") != 0 ||
		!host_has_outer_port(reach, bridge))
		return set;
	bare = ivset_is_empty(on_link(facts->host, arena, family, bridge->index));
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct netns *ns = facts->containers[i].netns;

		for (size_t k = 0; ns && ns != facts->host &&
				   host_runs(&facts->containers[i]) && k < ns->nlinks;
			k++) {
			int end = ns->links[k].index;

			if (host_ends_at(reach, &ns->links[k], bridge) &&
				(bare ||
					routes_elsewhere(facts->host, ns, family, end)))
				set = ivset_union(
					arena, set, on_link(ns, arena, family, end));
		}
	}
	return set;
}

/* Strangers of all zones may be behind the router of such a link: it is the children's
 * uplink, whatever the host's is. */
static void add_children(struct arena *arena, struct source *s, const struct ivset *own,
	const struct ivset *near)
{
	const struct ivset *taken = ivset_union(arena, own, near);
	const struct ivset *private =
		ivset_subtract(arena, zone_private(arena, s->family), taken);

	s->zone[ZONE_ADJACENT] = ivset_subtract(
		arena, ivset_union(arena, s->zone[ZONE_ADJACENT], near), own);
	s->zone[ZONE_PRIVATE] = ivset_subtract(
		arena, ivset_union(arena, s->zone[ZONE_PRIVATE], private), near);
	s->zone[ZONE_INTERNET] =
		ivset_subtract(arena, zone_internet(arena, s->family), taken);
}

static void fill(struct reach *reach, struct arena *arena, const struct link *link,
	const struct ivset *own, struct source *s)
{
	const struct netns *ns = reach->facts->host;
	const struct ivset *its = on_link(ns, arena, s->family, link->index);
	const struct ivset *below =
		ivset_union(arena, children(reach, arena, s->family, link),
			beside(reach, arena, s->family, link));
	const struct ivset *near =
		ivset_union(arena, its, gateways(ns, arena, s->family, link->index));

	/* A parent without an address has those of its children's network. */
	if (s->perimeter && ivset_is_empty(its))
		near = ivset_union(arena, near, below);
	if (s->perimeter)
		fill_perimeter(arena, s, own, near,
			ivset_union(arena, near, on_link(ns, arena, s->family, 0)));
	else
		fill_inner(reach, arena, s, own, near);
	if (!s->perimeter && !ivset_is_empty(below))
		add_children(arena, s, own, ivset_union(arena, near, below));
	join_zones(arena, s);
}

size_t sources_collect(struct reach *reach, struct arena *arena, enum family family,
	struct source **ret_sources)
{
	const struct netns *ns = reach->facts->host;
	const struct ivset *own = own_addresses(reach, arena, family);
	size_t n = 0;

	*ret_sources = arena_array(arena, ns->nlinks + 1, sizeof(**ret_sources));
	if (!*ret_sources)
		return 0;
	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *link = &ns->links[i];
		bool perimeter = host_is_perimeter(reach, link->index);
		struct source *s = &(*ret_sources)[n];

		if (!perimeter && !leads_outside(reach, link))
			continue;
		*s = (struct source){.ifindex = link->index,
			.perimeter = perimeter,
			.family = family};
		fill(reach, arena, link, own, s);
		if (!ivset_is_empty(s->joined[ALL_ZONES]))
			n++;
	}
	return n;
}
