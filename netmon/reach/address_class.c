/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/address_class.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "common/zone.h"
#include "netmon/reach/classing.h"
#include "netmon/reach/mix.h"
#include "netmon/reach/routing.h"

#define LOCAL_MAX  256u
#define BOUNDS_MAX 200000u

uint64_t classing_key(const struct iv *iv)
{
	return mix((uint64_t)iv->lo ^
		   mix((uint64_t)(iv->lo >> 64) ^
			   mix((uint64_t)iv->hi ^ mix((uint64_t)(iv->hi >> 64)))));
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
			sum += classing_key(iv);
	}
	return sum;
}

/* Packets for the addresses of a VRF's interfaces come by those alone. */
static uint64_t vrf_signature(const struct reach *reach, int ifindex)
{
	const struct link *vrf = routing_vrf(reach->host, ifindex);

	return vrf ? mix((uint64_t)vrf->index << 32) : 0;
}

/* Routes that an address could be taken by: those that it is in. */
static uint64_t route_signature(const struct netns *ns, const struct addr *addr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *r = &ns->routes[i];
		const struct iv iv = {r->dst.value, prefix_last(&r->dst)};

		if (r->family == addr->family && addr->value >= iv.lo &&
			addr->value <= iv.hi)
			sum += mix(classing_key(&iv) + r->table);
	}
	return sum;
}

static bool bound_socket(const struct reach *reach, const struct addr *addr)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nsocks; i++)
		if (addr_equal(&ns->socks[i].local, addr))
			return true;
	return false;
}

static bool bound_port(const struct reach *reach, const struct addr *addr)
{
	for (size_t i = 0; i < reach->facts->ncontainers; i++) {
		const struct container *c = &reach->facts->containers[i];

		for (size_t k = 0; k < c->nports; k++)
			if (addr_equal(&c->ports[k].host_addr, addr))
				return true;
	}
	return false;
}

/* The class of perimeter addresses in the same ranges. A loopback
 * address is its twin only as long as its packets are translated: see the survey. */
static size_t find_twin(const struct classing *cl, size_t self, uint64_t sign, bool own)
{
	const struct address_class *c = &cl->out->v[self];

	for (size_t i = 0; i < self && !own && !c->perimeter && !c->group && !c->routed;
		i++)
		if (cl->signatures[i] == sign && cl->out->v[i].perimeter &&
			!cl->out->v[i].alone && cl->out->v[i].family == c->family)
			return i;
	return SIZE_MAX;
}

/* Whether a class has the address already; of a link, if it means another on each. */
static bool is_classified(const struct classing *cl, const struct addr *addr, int link)
{
	for (size_t i = 0; i < cl->out->n; i++) {
		const struct address_class *c = &cl->out->v[i];

		for (size_t k = 0; c->ifindex == link && k < c->n; k++)
			if (addr_equal(&c->addrs[k], addr))
				return true;
	}
	return false;
}

/* The class that the address belongs to; NULL: none yet. */
static struct address_class *find_class(const struct classing *cl, uint64_t sign,
	const struct addr *addr, const struct address_class *like)
{
	for (size_t i = 0; i < cl->out->n; i++) {
		struct address_class *k = &cl->out->v[i];

		if (cl->signatures[i] == sign && k->family == addr->family &&
			k->loopback == like->loopback && k->routed == like->routed &&
			k->group == like->group && k->perimeter == like->perimeter &&
			!k->alone)
			return k;
	}
	return NULL;
}

static struct address_class *new_class(
	struct classing *cl, uint64_t sign, const struct address_class *like)
{
	struct address_classes *out = cl->out;
	size_t n = out->n;
	uint64_t *slot =
		arena_push(cl->scan->arena, &cl->signatures, &n, sizeof(*slot));
	struct address_class *c =
		arena_push(cl->scan->arena, &out->v, &out->n, sizeof(*c));

	if (!c || !slot)
		return NULL;
	*slot = sign;
	*c = *like;
	c->twin = find_twin(cl, out->n - 1, sign, c->alone);
	return c;
}

bool classing_add(struct classing *cl, const struct addr *addr, int ifindex,
	const struct address_class *like)
{
	uint64_t sign =
		signature(cl->scan, addr->value) + vrf_signature(cl->reach, ifindex) +
		(like->perimeter && cl->reach->nperimeter > 1 ? mix((uint64_t)ifindex)
							      : 0);
	bool link_local = zone_is_link_local(addr);

	if (like->group == GROUP_MULTICAST)
		sign += address_group_key(cl->reach, addr);
	if (like->routed)
		sign += route_signature(cl->reach->facts->host, addr);
	struct address_class mine = *like, *c = NULL;
	struct addr *slot;

	mine.family = addr->family;
	mine.ifindex = link_local ? ifindex : 0;
	mine.alone = cl->apart || like->foreign || like->sample || link_local ||
		     bound_socket(cl->reach, addr) || bound_port(cl->reach, addr);
	if (is_classified(cl, addr, mine.ifindex))
		return false;
	if (!mine.alone)
		c = find_class(cl, sign, addr, &mine);
	if (!c)
		c = new_class(cl, sign, &mine);
	slot = c ? arena_push(cl->scan->arena, &c->addrs, &c->n, sizeof(*slot)) : NULL;
	if (slot)
		*slot = *addr;
	return slot != NULL;
}

/* Local, but on no interface: a load balancer's address, say. A container's is asked as
 * such, at the host's ports, too. */
static bool local_by_route(const struct classing *cl, const struct addr *a)
{
	return !zone_is_loopback(a) && !host_owner(cl->reach, a) &&
	       !space_has_addr(cl->reach->host, a->family, a->value, 0);
}

/* A network whose addresses are all the host's. */
struct local {
	struct classing *cl;
	u128 first, last;
	enum family family;
	struct address_class like;
	size_t n; /* asked so far */
};

/* The first address from @value on that is the host's by this network alone. */
static void classify_local(struct local *local, u128 value)
{
	const struct reach *reach = local->cl->reach;
	size_t others = reach->facts->host->naddrs + reach->nowners;

	if (value < local->first || value > local->last)
		return;
	if (local->n == LOCAL_MAX) {
		local->cl->out->cut = true;
		return;
	}
	for (size_t i = 0; i <= others && value + i <= local->last; i++) {
		const struct addr a = {value + i, local->family};

		if (!local->like.loopback && !local_by_route(local->cl, &a))
			continue;
		local->n += classing_add(local->cl, &a, 0, &local->like);
		return;
	}
}

/* Where something begins to be told apart, and where that ends. */
static void classify_ends(struct local *local, u128 lo, u128 hi)
{
	classify_local(local, lo);
	if (hi < local->last)
		classify_local(local, hi + 1);
}

/* Where the ranges that rules name do. */
static void classify_named(struct local *local)
{
	const struct scan *scan = local->cl->scan;

	for (size_t i = 0; i < scan->nbounds; i++)
		classify_ends(local, scan->bounds[i].lo, scan->bounds[i].hi);
}

/* Sockets and published ports of an address are of it alone. */
static void classify_sockets(struct local *local)
{
	const struct netns *ns = local->cl->reach->facts->host;

	for (size_t i = 0; i < ns->nsocks; i++)
		if (ns->socks[i].local.family == local->family)
			classify_local(local, ns->socks[i].local.value);
}

static void classify_published(struct local *local)
{
	const struct facts *facts = local->cl->reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		for (size_t k = 0; k < c->nports; k++)
			if (c->ports[k].host_addr.family == local->family)
				classify_local(local, c->ports[k].host_addr.value);
	}
}

/* All of 127.0.0.0/8 is local but its last, a broadcast address (fib_add_ifaddr()): the
 * first, those of sockets, and, as long as there is room, those where a range that
 * rules name begins or has ended. */
static void classify_loopback(struct classing *cl)
{
	struct local local = {.cl = cl,
		.first = INADDR_LOOPBACK & 0xff000000,
		.last = (INADDR_LOOPBACK | 0xffffff) - 1,
		.family = FAMILY_IP4,
		.like = {.loopback = true}};

	classify_local(&local, INADDR_LOOPBACK);
	classify_sockets(&local);
	classify_named(&local);
}

/* Not one of the 127.0.0.0/8 that are asked by name, nor of 0.0.0.0/8: the kernel takes
 * no such destination (ip_route_input_slow()). */
static u128 first_usable(const struct route *route)
{
	u128 lowest = route->family == FAMILY_IP4 ? (u128)1 << 24 : 2;

	return route->dst.value > lowest ? route->dst.value : lowest;
}

/*
 * ip route add local PREFIX: its first address, those where a range that rules name or
 * a longer route begins or has ended, and those that something is bound to.
 */
static void classify_local_route(struct classing *cl, const struct route *route)
{
	const struct netns *ns = cl->reach->facts->host;
	struct local local = {.cl = cl,
		.first = first_usable(route),
		.last = prefix_last(&route->dst),
		.family = route->family,
		.like = {.routed = true,
			.perimeter = route->nhops && host_is_perimeter(cl->reach,
							     route->hops[0].ifindex)}};

	classify_local(&local, local.first);
	if (local.first >= local.last)
		return;
	classify_named(&local);
	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct prefix *dst = &ns->routes[i].dst;

		if (ns->routes[i].family == route->family && dst->len > route->dst.len)
			classify_ends(&local, dst->value, prefix_last(dst));
	}
	classify_sockets(&local);
	classify_published(&local);
}

static void classify_local_routes(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	for (size_t i = 0; i < ns->nroutes; i++)
		if (ns->routes[i].type == RTN_LOCAL)
			classify_local_route(cl, &ns->routes[i]);
}

static void classify_all(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	/* The perimeter's addresses first: others may be their twins. */
	for (int inner = 0; inner < 2; inner++)
		for (size_t i = 0; i < ns->naddrs; i++) {
			const struct ifaddr *a = &ns->addrs[i];
			bool perimeter = host_is_perimeter(cl->reach, a->ifindex);

			if (perimeter == !inner && !zone_is_loopback(&a->local))
				(void)classing_add(cl, &a->local, a->ifindex,
					&(struct address_class){
						.perimeter = perimeter});
		}
	classify_local_routes(cl);
	classify_loopback(cl);
	address_groups(cl);
	address_foreign(cl);
}

static void add_prefix(struct scan *scan, const struct prefix *prefix)
{
	if (prefix->len)
		scan_add(scan->arena, &scan->bounds, &scan->nbounds, prefix->value,
			prefix_last(prefix));
}

/* Addresses that routing tells apart, on the way in or on the way back: by ip rules,
 * by routes for certain sources, and by all where a rule asks which way they lead. */
static void scan_routing(struct scan *scan, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nrules; i++) {
		add_prefix(scan, &ns->rules[i].src);
		add_prefix(scan, &ns->rules[i].dst);
	}
	for (size_t i = 0; i < ns->nroutes; i++) {
		add_prefix(scan, &ns->routes[i].src);
		if (scan->by_route ||
			(scan->by_type && ns->routes[i].family == FAMILY_IP6))
			add_prefix(scan, &ns->routes[i].dst);
	}
}

void address_class_all(struct reach *reach, struct scan *scan, bool anywhere,
	struct address_classes *ret_classes)
{
	struct classing cl = {
		.reach = reach, .scan = scan, .out = ret_classes, .anywhere = anywhere};

	*ret_classes = (struct address_classes){0};
	scan_routing(scan, reach->facts->host);
	cl.apart = scan->odd_addr || scan->nbounds > BOUNDS_MAX;
	classify_all(&cl);
}
