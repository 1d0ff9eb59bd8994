/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/candidates.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "common/zone.h"
#include "netmon/reach/port_signs.h"

static void add_published(struct arena *arena, struct services *services,
	const struct container *container, bool inside)
{
	for (size_t i = 0; i < container->nports; i++) {
		const struct port_binding *b = &container->ports[i];
		uint16_t port = inside ? b->container_port : b->host_port;

		services_add(arena, services, b->proto, FAMILY_BITS, port, port);
	}
}

static void collect_host(struct reach *reach, struct scan *scan)
{
	const struct facts *facts = reach->facts;

	services_add_socks(scan->arena, scan->services, facts->host);
	scan_rules(scan, reach->host->rules);
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		add_published(scan->arena, scan->services, c, false);
		if (scan->wide && c->netns && c->netns != facts->host)
			services_add_socks(scan->arena, scan->services, c->netns);
	}
	scan_add_wide(scan->arena, scan->services, scan->wide);
}

/* A route that makes a whole network local, a transparent proxy's say; 127.0.0.0/8 is
 * none. */
static bool is_local_network(const struct route *r)
{
	return r->type == RTN_LOCAL && r->dst.len < addr_bits(r->family) &&
	       !zone_is_loopback(&(struct addr){r->dst.value, r->family});
}

/* fib and addrtype (of IPv6) ask such routes. */
static bool is_local_anywhere(const struct netns *ns)
{
	for (size_t i = 0; i < ns->nroutes; i++)
		if (is_local_network(&ns->routes[i]))
			return true;
	return false;
}

bool candidates_local(const struct netns *ns, const struct addr *addr)
{
	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *r = &ns->routes[i];

		if (r->type == RTN_LOCAL && r->family == addr->family &&
			addr->value >= r->dst.value &&
			addr->value <= prefix_last(&r->dst))
			return true;
	}
	return false;
}

/* Which of the ports are translated whatever the destination. */
static void mark_anywhere(
	struct arena *arena, struct services *services, const struct services *anywhere)
{
	uint32_t *before = arena_array(arena, PORT_COUNT + 1, sizeof(*before));

	/* Once for each protocol: how many ports below each are of them. */
	for (unsigned int proto = 0; before && proto <= UINT8_MAX; proto++) {
		bool any = false;

		for (size_t i = 0; i < anywhere->n; i++)
			any |= anywhere->v[i].proto == proto;
		if (!any)
			continue;
		memset(before, 0, (PORT_COUNT + 1) * sizeof(*before));
		for (size_t i = 0; i < anywhere->n; i++)
			for (uint32_t p = anywhere->v[i].port;
				anywhere->v[i].proto == proto &&
				p <= anywhere->v[i].last;
				p++)
				before[p + 1] = 1;
		for (uint32_t p = 0; p < PORT_COUNT; p++)
			before[p + 1] += before[p];
		for (size_t i = 0; i < services->n; i++) {
			struct service *s = &services->v[i];

			if (s->proto == proto)
				s->anywhere = before[s->last + 1u] > before[s->port];
		}
	}
}

/* Ports that a container's own rules translate, at its address; none are where the
 * namespace has no rules, or is the host's. */
static void scan_inside(struct reach *reach, struct arena *arena,
	const struct container *container, const struct addr *addr,
	struct services *services)
{
	struct space *inside = host_container_space(reach, container);
	struct scan scan = {.arena = arena,
		.services = services,
		.at = addr,
		.local_anywhere = true};

	if (!inside || inside == reach->host)
		return;
	scan_anywhere(&scan, inside->rules);
	scan_add_wide(arena, services, scan.wide);
}

void candidates_collect(
	struct reach *reach, struct arena *arena, struct candidates *ret_candidates)
{
	struct services *host = &ret_candidates->host;
	struct services *anywhere = &ret_candidates->anywhere;
	bool local_anywhere = is_local_anywhere(reach->facts->host);
	struct scan scan = {
		.arena = arena, .services = host, .local_anywhere = local_anywhere};
	struct scan any = {
		.arena = arena, .services = anywhere, .local_anywhere = local_anywhere};

	memset(ret_candidates, 0, sizeof(*ret_candidates));
	collect_host(reach, &scan);
	scan_anywhere(&any, reach->host->rules);
	scan_add_wide(arena, anywhere, any.wide);
	if (host->spans || anywhere->spans)
		ret_candidates->signs = port_signs_dialled(reach, arena);
	services_cut(arena, host, ret_candidates->signs);
	services_cut(arena, anywhere, ret_candidates->signs);
	address_class_all(reach, &scan, anywhere->n > 0, &ret_candidates->addresses);
	mark_anywhere(arena, host, anywhere);
	ret_candidates->named = scan;
}

static void add_services(
	struct arena *arena, struct services *services, const struct services *more)
{
	for (size_t i = 0; i < more->n; i++) {
		struct service *slot =
			arena_push(arena, &services->v, &services->n, sizeof(*slot));

		if (slot)
			*slot = more->v[i];
	}
}

/* Rules that name the address translate more there than anywhere. */
static void add_named(struct reach *reach, struct arena *arena, const struct addr *addr,
	const struct candidates *all, struct services *services)
{
	struct scan scan = {.arena = arena,
		.services = services,
		.at = addr,
		.local_anywhere = all->named.local_anywhere};

	if (!all->named.open_addr && !scan_named(&all->named, addr))
		return;
	scan_anywhere(&scan, reach->host->rules);
	scan_add_wide(arena, services, scan.wide);
}

void candidates_container(struct reach *reach, struct arena *arena,
	const struct container *container, const struct addr *addr,
	struct candidates *all, bool local, struct services *ret_services)
{
	struct services own = {.n = 0};

	if (container->netns)
		services_add_socks(arena, &own, container->netns);
	add_published(arena, &own, container, true);
	add_services(arena, &own, local ? &all->host : &all->anywhere);
	add_named(reach, arena, addr, all, &own);
	scan_inside(reach, arena, container, addr, &own);
	if (own.spans && !all->signs)
		all->signs = port_signs_dialled(reach, all->named.arena);
	/* Ports that somebody listens on, or publishes, are in no span. */
	services_cut(arena, &own, own.spans ? all->signs : NULL);
	for (size_t i = 0; all->signs && i < own.n; i++)
		own.v[i].sign = all->signs[own.v[i].port];
	*ret_services = own;
}
