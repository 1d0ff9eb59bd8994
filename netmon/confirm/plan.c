/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which probes to send: inside each exposure's reach, and just outside of it. */
#include "netmon/confirm/plan.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/zone.h"

struct planner {
	const struct expect *expect;
	const struct neighbour *neighbours;
	size_t nneighbours;
	bool any_source;
	struct arena *arena;  /* the plan's */
	struct arena scratch; /* one question */
	const struct ivset *documentation[2];
	struct plan *plan;
};

/* A question, or an address that shares another one's answer. */
struct dial {
	const struct way *way;
	struct endpoint endpoint;
	const struct container *container;
	bool zone[ZONE_COUNT];
};

static const struct ivset *documentation(struct arena *arena, enum family family)
{
	static const char *const four[] = {
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"};
	static const char *const six[] = {"2001:db8::/32"};
	const char *const *texts = family == FAMILY_IP4 ? four : six;
	size_t n = family == FAMILY_IP4 ? ARRAY_LEN(four) : ARRAY_LEN(six);
	const struct ivset *set = &ivset_none;
	struct prefix prefix;

	for (size_t i = 0; i < n; i++)
		if (prefix_parse(texts[i], &prefix, NULL) == 0)
			set = ivset_union(arena, set, ivset_prefix(arena, &prefix));
	return set;
}

static const struct ivset *documented(const struct planner *p, enum family family)
{
	return p->documentation[family == FAMILY_IP6];
}

/* ---------------------------------------------------------------- sources */

/* A member that is no network's first or last address, as far as there is one. */
static u128 pick(const struct ivset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		u128 lo = set->v[i].lo, hi = set->v[i].hi;
		u128 value = hi - lo >= 16 ? lo + 7 : lo + (hi - lo) / 2;

		if ((value & 0xff) != 0 && (value & 0xff) != 0xff)
			return value;
	}
	return set->v[0].lo;
}

static bool usable(
	const struct dial *dial, const struct ivset *set, const struct addr *addr)
{
	return addr->family == dial->endpoint.family &&
	       ivset_contains(set, addr->value);
}

/* Somebody on the way's own link who is there: known already, or a gateway. */
static bool find_neighbour(const struct planner *p, const struct dial *dial,
	const struct ivset *set, struct addr *ret_addr)
{
	const struct netns *host = p->expect->report->facts->host;

	for (size_t i = 0; i < p->nneighbours; i++) {
		const struct neighbour *n = &p->neighbours[i];

		if (n->resolved && n->ifindex == dial->way->ifindex &&
			usable(dial, set, &n->addr)) {
			*ret_addr = n->addr;
			return true;
		}
	}
	for (size_t i = 0; i < host->nroutes; i++) {
		const struct route *r = &host->routes[i];

		for (size_t k = 0; k < r->nhops; k++)
			if (r->hops[k].ifindex == dial->way->ifindex &&
				usable(dial, set, &r->hops[k].gateway)) {
				*ret_addr = r->hops[k].gateway;
				return true;
			}
	}
	return false;
}

/*
 * One source of @set, a part of the zone. On the link itself it is one that is there:
 * nothing is ever sent to a neighbour who does not answer ARP. Else documentation.
 */
static bool choose_source(struct planner *p, const struct dial *dial,
	const struct ivset *set, struct addr *ret_addr)
{
	enum family family = dial->endpoint.family;
	const struct ivset *quiet =
		ivset_intersect(&p->scratch, set, documented(p, family));

	ret_addr->family = family;
	if (find_neighbour(p, dial, p->any_source ? set : quiet, ret_addr))
		return true;
	if (!ivset_is_empty(quiet)) {
		ret_addr->value = pick(quiet);
		return true;
	}
	if (!p->any_source) {
		p->plan->withheld++;
		return false;
	}
	ret_addr->value = pick(set);
	return true;
}

/* Sources of @set that can come by this way alone; reach joins all ways. */
static const struct ivset *exclusive(
	struct planner *p, const struct dial *dial, const struct ivset *set)
{
	const struct report *report = p->expect->report;

	for (size_t i = 0; i < report->nways; i++) {
		const struct way *other = &report->ways[i];

		if (other == dial->way || other->family != dial->way->family)
			continue;
		for (int z = 0; z < ZONE_COUNT; z++)
			set = ivset_subtract(&p->scratch, set, other->zone[z]);
	}
	return set;
}

/* ---------------------------------------------------------------- probes */

/* frame.h builds first packets of these. */
static bool is_probed(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

static struct probe *add(struct planner *p, const struct dial *dial, enum zone zone,
	const struct addr *source, struct exposure *exposure, enum tri expected)
{
	struct probe *probe;

	if (!is_probed(dial->endpoint.proto))
		return NULL;
	if (p->plan->n >= PLAN_PROBES_MAX) {
		p->plan->cut++;
		return NULL;
	}
	probe = arena_push(p->arena, &p->plan->probes, &p->plan->n, sizeof(*probe));
	if (probe)
		*probe = (struct probe){.way = dial->way,
			.zone = zone,
			.endpoint = dial->endpoint,
			.container = dial->container,
			.source = *source,
			.exposure = exposure,
			.expected = expected};
	return probe;
}

/*
 * Of several addresses one is enough for an exposure of all: the way's own, and rather
 * one that is not link-local. Where it has none, the first of another interface.
 */
static bool find_own_address(
	const struct planner *p, const struct way *way, struct addr *ret_addr)
{
	const struct netns *host = p->expect->report->facts->host;
	const struct link *link;
	int best = 0;

	for (size_t i = 0; i < host->naddrs; i++) {
		const struct addr *a = &host->addrs[i].local;
		int rank = (host->addrs[i].ifindex == way->ifindex) * 2 +
			   !zone_is_link_local(a);

		if (a->family != way->family)
			continue;
		link = netns_link(host, host->addrs[i].ifindex);
		if (link && link->loopback)
			continue;
		/* Another interface's link-local address is nobody's to dial. */
		if (rank > best) {
			best = rank;
			*ret_addr = *a;
		}
	}
	return best > 0;
}

static void add_inside(
	struct planner *p, const struct dial *dial, struct exposure *e, enum zone zone)
{
	const struct ivset *here = dial->way->zone[zone], *alone;
	const struct ivset *set =
		ivset_intersect(&p->scratch, e->reach[zone].must, here);
	enum tri expected = e->listening == TRI_YES ? TRI_YES : TRI_UNKNOWN;
	struct addr source;
	struct probe *probe;

	if (ivset_is_empty(set)) {
		set = ivset_intersect(&p->scratch, e->reach[zone].may, here);
		expected = TRI_UNKNOWN;
	}
	if (ivset_is_empty(set))
		return;
	alone = exclusive(p, dial, set);
	if (!choose_source(p, dial, ivset_is_empty(alone) ? set : alone, &source))
		return;
	probe = add(p, dial, zone, &source, e, expected);
	if (probe)
		probe->shared = ivset_is_empty(alone);
}

/* One neighbour of an edge. */
static void add_edge(struct planner *p, const struct dial *dial, struct exposure *first,
	enum zone zone, const struct ivset *denied, u128 value, size_t *count)
{
	struct addr source = {.family = dial->endpoint.family, .value = value};

	if (!ivset_contains(denied, value))
		return;
	if (*count >= PLAN_EDGES_MAX) {
		p->plan->cut++;
		return;
	}
	if (!p->any_source && !ivset_contains(documented(p, source.family), value)) {
		p->plan->withheld++;
		return;
	}
	(*count)++;
	(void)add(p, dial, zone, &source, first, TRI_NO);
}

static void add_outside(struct planner *p, const struct dial *dial,
	struct exposure *first, enum zone zone)
{
	const struct ivset *may =
		expect_may(p->expect, &dial->endpoint, zone, &p->scratch);
	const struct ivset *denied =
		ivset_subtract(&p->scratch, dial->way->zone[zone], may);
	u128 max = addr_max(dial->endpoint.family);
	struct addr source;
	size_t count = 0;

	if (ivset_is_empty(denied))
		return;
	for (size_t i = 0; i < may->n; i++) {
		if (may->v[i].lo > 0)
			add_edge(
				p, dial, first, zone, denied, may->v[i].lo - 1, &count);
		if (may->v[i].hi < max)
			add_edge(
				p, dial, first, zone, denied, may->v[i].hi + 1, &count);
	}
	if (count == 0 && choose_source(p, dial, denied, &source))
		(void)add(p, dial, zone, &source, first, TRI_NO);
}

static void plan_outside(struct planner *p, const struct dial *dial)
{
	size_t at = 0;

	arena_reset(&p->scratch);
	struct exposure *first = expect_next(p->expect, &dial->endpoint, &at);
	for (int z = 0; z < ZONE_COUNT; z++)
		if (dial->zone[z] && !ivset_is_empty(dial->way->zone[z]))
			add_outside(p, dial, first, (enum zone)z);
}

static bool has_own_address(const struct exposure *e)
{
	return e->path == PATH_ROUTED || e->path == PATH_MACVLAN ||
	       e->path == PATH_IPVLAN;
}

static void plan_inside(struct planner *p, struct exposure *e)
{
	const struct report *report = p->expect->report;
	struct dial dial = {.endpoint = e->endpoint,
		.container = has_own_address(e) ? e->container : NULL};

	dial.endpoint.any = false;
	dial.endpoint.port_last = 0; /* the first speaks for all */
	for (size_t i = 0; i < report->nways; i++) {
		dial.way = &report->ways[i];
		if (dial.way->family != e->endpoint.family ||
			(e->endpoint.any &&
				!find_own_address(p, dial.way, &dial.endpoint.addr)))
			continue;
		arena_reset(&p->scratch);
		for (int z = 0; z < ZONE_COUNT; z++)
			add_inside(p, &dial, e, (enum zone)z);
	}
}

/* An address that was not asked for, as its twin answers for it. */
static void plan_twin(struct planner *p, const struct exposure *e)
{
	const struct report *report = p->expect->report;
	struct dial dial = {.endpoint = e->endpoint};

	dial.endpoint.port_last = 0;
	for (int z = 0; z < ZONE_COUNT; z++)
		dial.zone[z] = !ivset_is_empty(e->reach[z].may);
	for (size_t i = 0; i < report->nways; i++) {
		dial.way = &report->ways[i];
		if (dial.way->family == e->endpoint.family)
			plan_outside(p, &dial);
	}
}

static int by_endpoint(const void *a, const void *b)
{
	const struct endpoint *one = a, *two = b;

	if (one->addr.value != two->addr.value)
		return one->addr.value < two->addr.value ? -1 : 1;
	if (one->port != two->port)
		return one->port < two->port ? -1 : 1;
	if (one->proto != two->proto)
		return one->proto < two->proto ? -1 : 1;
	return (int)one->family - (int)two->family;
}

static void plan_twins(struct planner *p)
{
	const struct report *report = p->expect->report;
	struct endpoint *asked =
		arena_array(p->arena, report->nasked + 1, sizeof(*asked));

	if (!asked)
		return;
	for (size_t i = 0; i < report->nasked; i++)
		asked[i] = report->asked[i].endpoint;
	qsort(asked, report->nasked, sizeof(*asked), by_endpoint);
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *e = &report->exposures[i];

		if (!e->endpoint.any && expect_is_own(p->expect, &e->endpoint.addr) &&
			!bsearch(&e->endpoint, asked, report->nasked, sizeof(*asked),
				by_endpoint))
			plan_twin(p, e);
	}
}

void plan_make(const struct expect *expect, const struct neighbour *neighbours,
	size_t nneighbours, bool any_source, struct arena *arena, struct plan *ret_plan)
{
	const struct report *report = expect->report;
	struct planner p = {.expect = expect,
		.neighbours = neighbours,
		.nneighbours = nneighbours,
		.any_source = any_source,
		.arena = arena,
		.plan = ret_plan};

	*ret_plan = (struct plan){0};
	arena_init(&p.scratch, 0);
	p.documentation[0] = documentation(arena, FAMILY_IP4);
	p.documentation[1] = documentation(arena, FAMILY_IP6);
	for (size_t i = 0; i < report->nexposures; i++)
		plan_inside(&p, &report->exposures[i]);
	for (size_t i = 0; i < report->nasked; i++) {
		const struct asked *asked = &report->asked[i];
		struct dial dial = {.way = &report->ways[asked->way],
			.endpoint = asked->endpoint,
			.container = asked->container};

		if (asked->told)
			continue;
		dial.endpoint.port_last = 0;
		memcpy(dial.zone, asked->zone, sizeof(dial.zone));
		plan_outside(&p, &dial);
	}
	plan_twins(&p);
	if (arena_failed(&p.scratch))
		arena->failed = true;
	arena_done(&p.scratch);
}

/* ---------------------------------------------------------------- the list */

static const char *first_packet(uint8_t proto)
{
	return proto == IPPROTO_TCP   ? "tcp SYN"
	       : proto == IPPROTO_UDP ? "udp"
				      : "sctp INIT";
}

void plan_print(const struct plan *plan, FILE *stream)
{
	static const char *const words[] = {[TRI_UNKNOWN] = "may be answered",
		[TRI_NO] = "must stay silent",
		[TRI_YES] = "must be answered"};

	for (size_t i = 0; i < plan->n; i++) {
		const struct probe *p = &plan->probes[i];
		char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

		(void)fprintf(stream, "%s from %s (%s, by %s) to %s port %u: %s\n",
			first_packet(p->endpoint.proto), addr_format(&p->source, from),
			zone_name(p->zone), p->way->name,
			addr_format(&p->endpoint.addr, to), p->endpoint.port,
			words[p->expected]);
	}
	(void)fprintf(stream, "%zu probes", plan->n);
	if (plan->withheld)
		(void)fprintf(stream,
			"; %zu more need a source that belongs to somebody: "
			"--probe=any-source",
			plan->withheld);
	if (plan->cut)
		(void)fprintf(stream, "; %zu more are past the bound", plan->cut);
	(void)fputc('\n', stream);
}
