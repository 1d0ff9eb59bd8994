/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/host.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/zone.h"

static const struct network *find_network(
	const struct facts *facts, const struct container_net *net)
{
	for (size_t i = 0; i < facts->nnetworks; i++) {
		const struct network *n = &facts->networks[i];

		if (net->network_id && n->id && strcmp(net->network_id, n->id) == 0)
			return n;
	}
	for (size_t i = 0; i < facts->nnetworks; i++) {
		const struct network *n = &facts->networks[i];

		if (net->network && n->name && strcmp(net->network, n->name) == 0)
			return n;
	}
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct address_owner *x = a, *y = b;

	if (x->addr.family != y->addr.family)
		return x->addr.family < y->addr.family ? -1 : 1;
	return x->addr.value < y->addr.value ? -1 : x->addr.value > y->addr.value;
}

bool host_runs(const struct container *container)
{
	return !container->state || strcmp(container->state, "running") == 0 ||
	       strcmp(container->state, "paused") == 0;
}

static int collect_owners(struct reach *reach)
{
	const struct facts *facts = reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		for (size_t k = 0; host_runs(c) && k < c->nnets; k++) {
			const struct addr *both[] = {
				&c->nets[k].addr4, &c->nets[k].addr6};

			for (size_t f = 0; f < ARRAY_LEN(both); f++) {
				struct address_owner *o;

				if (both[f]->family == FAMILY_NONE)
					continue;
				o = arena_push(&reach->arena, &reach->owners,
					&reach->nowners, sizeof(*o));
				if (!o)
					return -ENOMEM;
				*o = (struct address_owner){*both[f], c, &c->nets[k],
					find_network(facts, &c->nets[k])};
			}
		}
	}
	if (reach->nowners)
		qsort(reach->owners, reach->nowners, sizeof(*reach->owners),
			by_address);
	return 0;
}

const struct address_owner *host_owner(
	const struct reach *reach, const struct addr *addr)
{
	struct address_owner key = {.addr = *addr};

	if (reach->nowners == 0)
		return NULL;
	return bsearch(&key, reach->owners, reach->nowners, sizeof(*reach->owners),
		by_address);
}

const struct address_owner *host_owner_on(
	const struct reach *reach, const struct addr *addr, const char *bridge)
{
	const struct address_owner *first = host_owner(reach, addr), *other = NULL;
	const struct address_owner *end;

	if (!first)
		return NULL;
	end = reach->owners + reach->nowners;
	while (first > reach->owners &&
		by_address(first - 1, &(struct address_owner){.addr = *addr}) == 0)
		first--;
	for (const struct address_owner *o = first; o < end; o++) {
		const char *its = o->network ? o->network->bridge : NULL;

		if (by_address(o, &(struct address_owner){.addr = *addr}) != 0)
			break;
		if (its && bridge && strcmp(its, bridge) == 0)
			return o;
		if (!its && !other)
			other = o;
	}
	return other;
}

bool host_makes_local(const struct route *route)
{
	const struct addr first = {route->dst.value, route->dst.family};

	return route->type == RTN_LOCAL && !zone_is_loopback(&first) &&
	       !zone_is_link_local(&first);
}

/* By an address, or by a route that makes it local (ip route add local). */
static bool holds(const struct netns *ns, const struct addr *addr)
{
	for (size_t k = 0; k < ns->naddrs; k++)
		if (addr_equal(&ns->addrs[k].local, addr))
			return true;
	for (size_t k = 0; k < ns->nroutes; k++) {
		const struct route *route = &ns->routes[k];

		if (host_makes_local(route) && route->family == addr->family &&
			addr->value >= route->dst.value &&
			addr->value <= prefix_last(&route->dst))
			return true;
	}
	return false;
}

const struct container *host_holder(const struct reach *reach, const struct addr *addr)
{
	for (size_t i = 0; i < reach->facts->ncontainers; i++) {
		const struct container *c = &reach->facts->containers[i];
		const struct netns *ns = c->netns;

		if (ns && ns != reach->facts->host && host_runs(c) && holds(ns, addr))
			return c;
	}
	return NULL;
}

bool host_ends_at(
	const struct reach *reach, const struct link *link, const struct link *bridge)
{
	const struct link *port = netns_other_end(reach->facts->host, link);

	return port && port->master == bridge->index;
}

const struct link *host_bridge_of(const struct reach *reach, const struct link *link)
{
	const struct netns *host = reach->facts->host;
	const struct link *port = netns_other_end(host, link);
	const struct link *master =
		port && port->master ? netns_link(host, port->master) : NULL;

	return master && master->kind && strcmp(master->kind, "bridge") == 0 ? master
									     : NULL;
}

static bool holds_at(
	const struct netns *ns, const struct addr *addr, const struct link *end)
{
	for (size_t k = 0; k < ns->naddrs; k++)
		if (ns->addrs[k].ifindex == end->index &&
			addr_equal(&ns->addrs[k].local, addr))
			return true;
	return false;
}

const struct container *host_holder_at(
	const struct reach *reach, const struct addr *addr, const struct link *bridge)
{
	const struct facts *facts = reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];
		const struct netns *ns = c->netns;

		for (size_t k = 0;
			ns && ns != facts->host && host_runs(c) && k < ns->nlinks;
			k++) {
			if (holds_at(ns, addr, &ns->links[k]) &&
				host_ends_at(reach, &ns->links[k], bridge))
				return c;
		}
	}
	return NULL;
}

static bool has_neigh(
	const struct netns *ns, const struct link *link, const struct addr *addr)
{
	for (size_t i = 0; i < ns->nneighs; i++)
		if ((ns->neighs[i].ifindex == link->index ||
			    ns->neighs[i].ifindex == 0) &&
			addr_equal(&ns->neighs[i].addr, addr))
			return true;
	return false;
}

/* Whether a namespace answers ARP or neighbour discovery for others at a link. */
static bool is_proxy(
	const struct netns *ns, const struct link *link, enum family family)
{
	static const char *const settings[][2] = {
		{"ipv4", "proxy_arp"}, {"ipv6", "proxy_ndp"}};
	const char *const *is = settings[family == FAMILY_IP6];

	return netns_sysctl(ns, 0, "net/%s/conf/%s/%s", is[0], link->name, is[1]) ||
	       netns_sysctl(ns, 0, "net/%s/conf/all/%s", is[0], is[1]);
}

bool host_is_spoken_for(
	const struct reach *reach, const struct link *bridge, const struct addr *addr)
{
	const struct facts *facts = reach->facts;

	if (has_neigh(facts->host, bridge, addr))
		return true;
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct netns *ns = facts->containers[i].netns;

		for (size_t k = 0; ns && ns != facts->host &&
				   host_runs(&facts->containers[i]) && k < ns->nlinks;
			k++) {
			if (host_ends_at(reach, &ns->links[k], bridge) &&
				(is_proxy(ns, &ns->links[k], addr->family) ||
					has_neigh(ns, &ns->links[k], addr)))
				return true;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- perimeter */

static bool add_perimeter(struct reach *reach, int ifindex)
{
	if (host_is_perimeter(reach, ifindex))
		return true;
	int *slot = arena_push(
		&reach->arena, &reach->perimeter, &reach->nperimeter, sizeof(int));
	if (slot)
		*slot = ifindex;
	return slot != NULL;
}

/* A table that no ip rule names decides nothing. */
static bool table_is_used(const struct netns *ns, const struct route *route)
{
	for (size_t i = 0; i < ns->nrules; i++) {
		const struct route_rule *rule = &ns->rules[i];

		if (rule->family == route->family &&
			(rule->l3mdev || rule->table == route->table))
			return true;
	}
	return ns->nrules == 0;
}

/* 0.0.0.0/0, or a part of it that no one network has: the smallest that registries were
 * given are /8 (IANA, ipv4-address-space). Tunnels take all but some in such parts:
 * halves (redirect-gateway def1 of OpenVPN, wg-quick(8)), 2000::/3, what holds it and
 * its halves, 0/5, 8/7 and so on for all that is not private. 224.0.0.0/4 and /3 are
 * for many. */
bool host_leads_everywhere(const struct route *route)
{
	const struct prefix *dst = &route->dst;

	if (dst->len <= 1)
		return true;
	if (route->family == FAMILY_IP4)
		return dst->len < 8 && dst->value >> 29 != 7;
	const u128 first = (u128)0x2000 << 112, last = first | (~(u128)0 >> 3);

	return dst->len < 8 && dst->value <= last && prefix_last(dst) >= first;
}

int host_wire(const struct netns *netns, const struct link *link)
{
	static const char *const kinds[] = {"macvlan", "macvtap", "ipvlan", "ipvtap"};

	for (size_t i = 0; link->kind && link->link_netnsid < 0 && link->link &&
			   i < ARRAY_LEN(kinds);
		i++)
		if (strcmp(link->kind, kinds[i]) == 0 && netns_link(netns, link->link))
			return link->link;
	return link->index;
}

static bool shares_wire(const struct reach *reach, const struct link *link)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < reach->nperimeter; i++) {
		const struct link *uplink = netns_link(ns, reach->perimeter[i]);

		if (uplink && host_wire(ns, uplink) == host_wire(ns, link))
			return true;
	}
	return false;
}

/* Whoever is behind a perimeter interface reaches its macvlan and ipvlan children, too,
 * or its parent and siblings, if it is one itself: they have addresses of their own on
 * the same link. */
static int add_relatives(struct reach *reach)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nlinks; i++)
		if (ns->links[i].up && shares_wire(reach, &ns->links[i]) &&
			!add_perimeter(reach, ns->links[i].index))
			return -ENOMEM;
	return 0;
}

static int perimeter_by_routes(struct reach *reach)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *route = &ns->routes[i];

		if (!host_leads_everywhere(route) || route->type != RTN_UNICAST ||
			!table_is_used(ns, route))
			continue;
		for (size_t k = 0; k < route->nhops; k++)
			if (route->hops[k].ifindex &&
				!add_perimeter(reach, route->hops[k].ifindex))
				return -ENOMEM;
	}
	return add_relatives(reach);
}

static int perimeter_by_name(
	struct reach *reach, const char *const *names, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct link *link =
			netns_link_named(reach->facts->host, names[i]);

		if (!link)
			return err_set(err, -EINVAL,
				"perimeter interface '%s': no such interface on %s",
				names[i],
				reach->facts->hostname ? reach->facts->hostname
						       : "this host");
		if (!add_perimeter(reach, link->index))
			return -ENOMEM;
	}
	return 0;
}

/* ---------------------------------------------------------------- public */

static int prepare(struct reach *reach, const char *const *perimeter, size_t nperimeter,
	struct err *err)
{
	int r = space_new(reach->facts->host, true, &reach->host, err);

	if (r < 0)
		return r;
	reach->spaces =
		arena_array(&reach->arena, reach->facts->nnetns + 1, sizeof(void *));
	reach->space_broken =
		arena_array(&reach->arena, reach->facts->nnetns + 1, sizeof(bool));
	r = collect_owners(reach);
	if (r == 0)
		r = nperimeter ? perimeter_by_name(reach, perimeter, nperimeter, err)
			       : perimeter_by_routes(reach);
	if (r == 0 && arena_failed(&reach->arena))
		r = -ENOMEM;
	return r == -ENOMEM ? err_errno(err, r, "prepare the snapshot") : r;
}

int reach_new(const struct facts *facts, const char *const *perimeter,
	size_t nperimeter, struct reach **ret_reach, struct err *err)
{
	struct reach *reach = calloc(1, sizeof(*reach));
	int r;

	if (!reach)
		return err_errno(err, -ENOMEM, "prepare the snapshot");
	arena_init(&reach->arena, 0);
	reach->facts = facts;
	r = prepare(reach, perimeter, nperimeter, err);
	if (r < 0) {
		reach_free(reach);
		return r;
	}
	*ret_reach = reach;
	return 0;
}

void reach_free(struct reach *reach)
{
	if (!reach)
		return;
	for (size_t i = 0; reach->spaces && i < reach->facts->nnetns; i++)
		space_free(reach->spaces[i]);
	space_free(reach->host);
	arena_done(&reach->arena);
	free(reach);
}

void reach_cleanup(struct reach **reach)
{
	reach_free(*reach);
}

const struct ruleset *reach_ruleset(const struct reach *reach)
{
	return reach->host->rules;
}

struct space *host_container_space(
	struct reach *reach, const struct container *container)
{
	const struct facts *facts = reach->facts;

	if (!container || !container->netns)
		return NULL;
	if (container->netns == facts->host)
		return reach->host;
	for (size_t i = 0; i < facts->nnetns; i++) {
		struct err err = {0};

		if (facts->netns[i] != container->netns)
			continue;
		if (!reach->spaces[i] && !reach->space_broken[i] &&
			space_new(facts->netns[i], false, &reach->spaces[i], &err) < 0)
			reach->space_broken[i] = true;
		return reach->spaces[i];
	}
	return NULL;
}

static bool binding_covers(const struct port_binding *b, const struct addr *addr)
{
	if (b->host_addr.family == FAMILY_NONE)
		return true;
	if (b->host_addr.value == 0) /* 0.0.0.0 also means [::] to older engines */
		return b->host_addr.family == addr->family ||
		       b->host_addr.family == FAMILY_IP4;
	return addr_equal(&b->host_addr, addr);
}

const struct container *host_published_by(const struct reach *reach, uint8_t proto,
	const struct addr *addr, uint16_t port, const struct port_binding **ret_binding)
{
	for (size_t i = 0; i < reach->facts->ncontainers; i++) {
		const struct container *c = &reach->facts->containers[i];

		for (size_t k = 0; host_runs(c) && k < c->nports; k++) {
			const struct port_binding *b = &c->ports[k];

			if (b->proto != proto || b->host_port != port ||
				!binding_covers(b, addr))
				continue;
			*ret_binding = b;
			return c;
		}
	}
	return NULL;
}

bool host_is_perimeter(const struct reach *reach, int ifindex)
{
	for (size_t i = 0; i < reach->nperimeter; i++)
		if (reach->perimeter[i] == ifindex)
			return true;
	return false;
}

bool host_is_port(const struct reach *reach, const struct link *link)
{
	const struct link *master =
		link->master ? netns_link(reach->facts->host, link->master) : NULL;

	return master && !(master->kind && strcmp(master->kind, "vrf") == 0);
}

/* A machine that is a container itself has pairs for its network cards: those whose
 * other ends are where a perimeter's is. */
static bool is_card(const struct reach *reach, const struct link *pair)
{
	for (size_t i = 0; pair->link_netnsid >= 0 && i < reach->nperimeter; i++) {
		const struct link *uplink =
			netns_link(reach->facts->host, reach->perimeter[i]);

		if (uplink && uplink->kind && strcmp(uplink->kind, "veth") == 0 &&
			uplink->link_netnsid == pair->link_netnsid)
			return true;
	}
	return false;
}

bool host_has_outer_port(const struct reach *reach, const struct link *bridge)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *port = &ns->links[i];

		bool pair = port->kind && strcmp(port->kind, "veth") == 0;
		bool tap = port->kind && strcmp(port->kind, "tun") == 0;

		if (port->master == bridge->index && port->up && !tap &&
			(!pair || is_card(reach, port)))
			return true;
	}
	return false;
}

const struct link *host_port_of(const struct reach *reach, const struct link *bridge,
	const struct container *container)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nlinks; i++)
		if (ns->links[i].master == bridge->index && container->netns &&
			netns_other_end(container->netns, &ns->links[i]))
			return &ns->links[i];
	return NULL;
}

bool host_is_container_port(const struct reach *reach, const struct link *port)
{
	for (size_t i = 0; i < reach->facts->ncontainers; i++) {
		const struct netns *ns = reach->facts->containers[i].netns;

		if (ns && netns_other_end(ns, port))
			return true;
	}
	return false;
}

/* Whether each of a bridge's ports leads to a running container that is known. Swarm's
 * ingress sandbox is no container, and anybody can add a port of his own. */
static bool ports_are_known(const struct reach *reach, const struct link *bridge)
{
	const struct facts *facts = reach->facts;

	for (size_t i = 0; i < facts->host->nlinks; i++) {
		const struct link *port = &facts->host->links[i];

		if (port->master == bridge->index &&
			!host_is_container_port(reach, port))
			return false;
	}
	return true;
}

bool host_is_engine_bridge(const struct reach *reach, int ifindex)
{
	const struct facts *facts = reach->facts;
	const struct link *link = netns_link(facts->host, ifindex);

	if (!link || !facts->docker_sockets_known)
		return false;
	for (size_t i = 0; i < facts->nengines; i++)
		if (!facts->engines[i].reachable)
			return false;
	for (size_t i = 0; i < facts->nnetworks; i++)
		if (facts->networks[i].bridge &&
			strcmp(facts->networks[i].bridge, link->name) == 0)
			return ports_are_known(reach, link);
	return false;
}

bool host_is_container_side(const struct reach *reach, int ifindex)
{
	const struct link *link = netns_link(reach->facts->host, ifindex);

	if (!link)
		return false;
	for (size_t i = 0; i < reach->facts->nnetworks; i++) {
		const struct network *n = &reach->facts->networks[i];

		if (n->bridge && strcmp(n->bridge, link->name) == 0)
			return true;
	}
	/* Whoever made it. */
	return link->kind && strcmp(link->kind, "bridge") == 0 &&
	       !host_has_outer_port(reach, link);
}
