/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/address_class.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "common/zone.h"
#include "netmon/reach/routing.h"

#define FOREIGN_MAX 256u
#define LOCAL_MAX   256u
#define BOUNDS_MAX  200000u

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

/*
 * Which of the ranges that rules name an address is in, as one number: two addresses
 * with the same one are told apart by no rule. A sum, so that a range that stands in
 * several rules counts alike for both.
 */
static uint64_t signature(const struct scan *scan, u128 addr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < scan->nbounds; i++) {
		const struct iv *iv = &scan->bounds[i];

		if (addr >= iv->lo && addr <= iv->hi)
			sum += mix((uint64_t)iv->lo ^
				   mix((uint64_t)(iv->lo >> 64) ^
					   mix((uint64_t)iv->hi ^
						   mix((uint64_t)(iv->hi >> 64)))));
	}
	return sum;
}

/* Packets for the addresses of a VRF's interfaces come by those alone. */
static uint64_t vrf_signature(const struct reach *reach, int ifindex)
{
	const struct link *vrf = routing_vrf(reach->host, ifindex);

	return vrf ? mix((uint64_t)vrf->index << 32) : 0;
}

struct classing {
	struct reach *reach;
	struct scan *scan;
	struct address_classes *out;
	uint64_t *signatures; /* of the classes */
	bool apart;	      /* every address its own class */
};

static bool bound_socket(const struct reach *reach, const struct addr *addr)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nsocks; i++)
		if (ns->socks[i].local.value == addr->value &&
			ns->socks[i].local.family == addr->family)
			return true;
	return false;
}

static bool bound_port(const struct reach *reach, const struct addr *addr)
{
	for (size_t i = 0; i < reach->facts->ncontainers; i++) {
		const struct container *c = &reach->facts->containers[i];

		for (size_t k = 0; k < c->nports; k++)
			if (c->ports[k].host_addr.family == addr->family &&
				c->ports[k].host_addr.value == addr->value)
				return true;
	}
	return false;
}

/* The class of perimeter addresses in the same ranges. A loopback
 * address is its twin only as long as its packets are translated: see the survey. */
static size_t find_twin(const struct classing *cl, size_t self, uint64_t sign, bool own)
{
	const struct address_class *c = &cl->out->v[self];

	for (size_t i = 0; i < self && !own && !c->perimeter; i++)
		if (cl->signatures[i] == sign && cl->out->v[i].perimeter &&
			!cl->out->v[i].alone && cl->out->v[i].family == c->family)
			return i;
	return SIZE_MAX;
}

static void classify(struct classing *cl, const struct addr *addr, bool perimeter,
	bool loopback, bool foreign, int ifindex)
{
	struct arena *arena = cl->scan->arena;
	struct address_classes *out = cl->out;
	uint64_t sign =
		signature(cl->scan, addr->value) + vrf_signature(cl->reach, ifindex) +
		(perimeter && cl->reach->nperimeter > 1 ? mix((uint64_t)ifindex) : 0);
	bool link_local = addr->family == FAMILY_IP6 && (addr->value >> 118) == 0x3fa;
	bool own = cl->apart || foreign || link_local ||
		   bound_socket(cl->reach, addr) || bound_port(cl->reach, addr);
	struct address_class *c = NULL;
	struct addr *slot;

	for (size_t i = 0; !own && i < out->n && !c; i++) {
		struct address_class *k = &out->v[i];

		if (cl->signatures[i] == sign && k->family == addr->family &&
			k->loopback == loopback && k->perimeter == perimeter &&
			!k->alone)
			c = k;
	}
	if (!c) {
		size_t n = out->n;
		uint64_t *e = arena_push(arena, &cl->signatures, &n, sizeof(*e));

		c = arena_push(arena, &out->v, &out->n, sizeof(*c));
		if (!c || !e)
			return;
		*e = sign;
		*c = (struct address_class){.family = addr->family,
			.loopback = loopback,
			.perimeter = perimeter,
			.foreign = foreign,
			.alone = own,
			.ifindex = link_local ? ifindex : 0};
		c->twin = find_twin(cl, out->n - 1, sign, own);
	}
	slot = arena_push(arena, &c->addrs, &c->n, sizeof(*slot));
	if (slot)
		*slot = *addr;
}

static bool is_loopback(const struct addr *addr)
{
	return addr->family == FAMILY_IP4 ? addr->value >> 24 == 127 : addr->value == 1;
}

/* A loopback address that sockets and published ports of that address are asked at. */
static void classify_loopback(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;
	struct addr first = {INADDR_LOOPBACK, FAMILY_IP4};
	size_t n = 0;

	classify(cl, &first, false, true, false, 0);
	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct addr *a = &ns->socks[i].local;

		if (a->family != FAMILY_IP4 || a->value >> 24 != 127 ||
			a->value == INADDR_LOOPBACK)
			continue;
		if (n == LOCAL_MAX) {
			cl->out->cut = true;
			return;
		}
		classify(cl, a, false, true, false, 0);
		n++;
	}
}

/* Local, but on no interface: a load balancer's address, say. */
static bool local_by_route(const struct classing *cl, const struct addr *a)
{
	return !is_loopback(a) &&
	       !space_has_addr(cl->reach->host, a->family, a->value, 0);
}

/* The first address from @value on that is the host's by this route alone. */
static void classify_local(
	struct classing *cl, const struct route *route, bool perimeter, u128 value)
{
	const struct netns *ns = cl->reach->facts->host;
	u128 last = prefix_last(&route->dst);

	for (size_t i = 0; i <= ns->naddrs && value <= last - i; i++) {
		const struct addr a = {value + i, route->family};

		if (!local_by_route(cl, &a))
			continue;
		classify(cl, &a, perimeter, false, false, 0);
		return;
	}
}

/*
 * ip route add local PREFIX: its first address, and those where a range that rules name
 * begins or has ended.
 */
static void classify_local_route(struct classing *cl, const struct route *route)
{
	const struct scan *scan = cl->scan;
	bool perimeter =
		route->nhops && host_is_perimeter(cl->reach, route->hops[0].ifindex);
	u128 first = route->dst.value, last = prefix_last(&route->dst);
	size_t n = 0;

	classify_local(cl, route, perimeter, first);
	for (size_t i = 0; first < last && i < scan->nbounds; i++) {
		const u128 ends[] = {scan->bounds[i].lo, scan->bounds[i].hi + 1};

		for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
			if (ends[k] <= first || ends[k] > last)
				continue;
			if (n == LOCAL_MAX) {
				cl->out->cut = true;
				return;
			}
			classify_local(cl, route, perimeter, ends[k]);
			n++;
		}
	}
}

static void classify_local_routes(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	for (size_t i = 0; i < ns->nroutes; i++)
		if (ns->routes[i].type == RTN_LOCAL)
			classify_local_route(cl, &ns->routes[i]);
}

static int by_lo(const void *a, const void *b)
{
	const struct iv *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Addresses that are not the host's, and a rule translates. */
static bool is_foreign(const struct classing *cl, const struct addr *a)
{
	return a->value && !space_has_addr(cl->reach->host, a->family, a->value, 0) &&
	       !host_owner(cl->reach, a);
}

/* Private networks stand in rules to be left alone; nobody routes them here. */
static bool is_worth_listing(const struct classing *cl, const struct iv *iv)
{
	enum family family = iv->lo > addr_max(FAMILY_IP4) ? FAMILY_IP6 : FAMILY_IP4;

	return iv->lo == iv->hi ||
	       ivset_contains(zone_internet(cl->scan->arena, family), iv->lo);
}

static void classify_foreign(struct classing *cl)
{
	struct scan *scan = cl->scan;
	size_t n = 0;
	u128 next = 0; /* below it all were seen */

	if (scan->naddrs)
		qsort(scan->addrs, scan->naddrs, sizeof(*scan->addrs), by_lo);
	for (size_t i = 0; i < scan->naddrs; i++) {
		const struct iv *iv = &scan->addrs[i];
		struct addr a = {iv->lo < next ? next : iv->lo,
			iv->lo > addr_max(FAMILY_IP4) ? FAMILY_IP6 : FAMILY_IP4};

		if ((a.family == FAMILY_IP4 && iv->lo >> 24 == 127) || iv->hi < next ||
			!is_worth_listing(cl, iv))
			continue;
		for (; a.value <= iv->hi && n < FOREIGN_MAX; a.value++)
			if (is_foreign(cl, &a)) {
				classify(cl, &a, false, false, true, 0);
				n++;
			}
		cl->out->cut |= a.value <= iv->hi;
		next = iv->hi + 1;
	}
}

static void classify_all(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	/* The perimeter's addresses first: others may be their twins. */
	for (int inner = 0; inner < 2; inner++)
		for (size_t i = 0; i < ns->naddrs; i++) {
			const struct ifaddr *a = &ns->addrs[i];
			bool perimeter = host_is_perimeter(cl->reach, a->ifindex);

			if (perimeter == !inner && !is_loopback(&a->local))
				classify(cl, &a->local, perimeter, false, false,
					a->ifindex);
		}
	classify_local_routes(cl);
	classify_loopback(cl);
	classify_foreign(cl);
}

static void add_prefix(struct scan *scan, const struct prefix *prefix)
{
	if (prefix->len)
		scan_add(scan->arena, &scan->bounds, &scan->nbounds, prefix->value,
			prefix_last(prefix));
}

/* Addresses that routing tells apart, on the way in or on the way back: by ip rules,
 * and by routes for certain sources. */
static void scan_routing(struct scan *scan, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nrules; i++) {
		add_prefix(scan, &ns->rules[i].src);
		add_prefix(scan, &ns->rules[i].dst);
	}
	for (size_t i = 0; i < ns->nroutes; i++)
		add_prefix(scan, &ns->routes[i].src);
}

void address_class_all(
	struct reach *reach, struct scan *scan, struct address_classes *ret_classes)
{
	struct classing cl = {.reach = reach, .scan = scan, .out = ret_classes};

	*ret_classes = (struct address_classes){0};
	scan_routing(scan, reach->facts->host);
	cl.apart = scan->odd_addr || scan->nbounds > BOUNDS_MAX;
	classify_all(&cl);
}
