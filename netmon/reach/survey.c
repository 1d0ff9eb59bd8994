/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/survey.h"

#include <string.h>

#include "common/proto.h"
#include "common/zone.h"
#include "netmon/reach/explain.h"
#include "netmon/reach/walk.h"

/* One walk's question: an endpoint, by one way in, from those zones that apply. */
struct ask {
	const struct address_class *class; /* NULL: a container's own address */
	const struct endpoint *endpoint;
	const struct source *source;
	unsigned int zones; /* bits */
	const struct ivset *peers;
};

/* ---------------------------------------------------------------- outcomes */

static bool same_place(const struct outcome *a, const struct outcome *b)
{
	return a->path == b->path && a->container == b->container &&
	       addr_equal(&a->target, &b->target) && a->target_port == b->target_port;
}

/* A closed port of the host itself is no exposure; a published one is, listening or
 * not. */
static bool counts(const struct ask *ask, const struct outcome *o)
{
	const struct port_binding *b;

	/* A router carries strangers' packets: no destination of this host's. */
	if (!o->reaches ||
		(o->passes && ask->class && (ask->class->sample || ask->class->routed)))
		return false;
	if (o->path == PATH_HOST_SERVICE || o->path == PATH_HOST_NETWORK)
		return o->listener != TRI_NO;
	if (o->path == PATH_DNAT || o->path == PATH_DOCKER_PROXY || !o->container ||
		o->listener != TRI_NO)
		return true;
	for (size_t i = 0; i < o->container->nports; i++) {
		b = &o->container->ports[i];
		if (b->host_port && b->container_port == o->target_port)
			return true;
	}
	return false;
}

static bool same_exposure(const struct exposure *e, const struct outcome *o)
{
	return e->path == o->path && e->container == o->container &&
	       addr_equal(&e->target, &o->target) && e->target_port == o->target_port;
}

static enum tri both(enum tri a, enum tri b)
{
	return a == b ? a : a == TRI_YES || b == TRI_YES ? TRI_YES : TRI_UNKNOWN;
}

static struct draft *find_draft(struct survey *survey,
	const struct address_class *class, const struct endpoint *endpoint,
	const struct outcome *o)
{
	struct draft *d;

	for (size_t i = survey->first; i < survey->ndrafts; i++)
		if (same_exposure(&survey->drafts[i].e, o))
			return &survey->drafts[i];
	d = arena_push(&survey->making, &survey->drafts, &survey->ndrafts, sizeof(*d));
	if (!d)
		return NULL;
	d->class = class;
	d->e.endpoint = *endpoint;
	d->e.path = o->path;
	d->e.container = o->container;
	d->e.target = o->target;
	d->e.target_port = o->target_port;
	d->e.target_moves =
		o->target.family != FAMILY_NONE && o->target_origin != PORT_FIXED;
	d->e.listening = o->listener;
	for (int z = 0; z < ZONE_COUNT; z++)
		d->e.reach[z] = (struct reach_set){&ivset_none, &ivset_none};
	d->e.trace = explain_trace(&survey->report->arena, o->trace);
	return d;
}

static void add_gaps(struct survey *survey, struct draft *d, const struct walk *walk,
	const struct ivset *unsure)
{
	const struct gap **gaps = NULL;

	/* The list grows by copying: begin with what is there. */
	for (size_t i = 0; i < d->e.ngaps; i++) {
		size_t n = i;
		const struct gap **slot =
			arena_push(&survey->report->arena, &gaps, &n, sizeof(*slot));
		if (slot)
			*slot = d->e.gaps[i];
	}
	for (size_t i = 0; i < walk->n; i++)
		if (ivset_intersects(walk->outcomes[i].peers, unsure))
			explain_gaps(&survey->report->arena, walk->outcomes[i].doubt,
				&gaps, &d->e.ngaps);
	d->e.gaps = gaps;
}

/* Cut a group's peers by zone and add them to its draft. */
static void add_reach(struct survey *survey, struct draft *d, const struct ask *ask,
	const struct ivset *must, const struct ivset *may)
{
	struct arena *keep = &survey->report->arena, *arena = &survey->scratch;

	for (unsigned int z = 0; z < ZONE_COUNT; z++) {
		struct reach_set *r = &d->e.reach[z];
		const struct ivset *zone = ask->source->zone[z], *in_may, *in_must;

		if (!(ask->zones & (1u << z)))
			continue;
		/* Mostly everybody: then nothing need be computed. */
		in_may = may == ask->peers ? zone : ivset_intersect(arena, may, zone);
		in_must = must == may ? in_may : ivset_intersect(arena, must, zone);
		if (ivset_is_empty(in_may))
			continue;
		in_may = ivset_union(arena, r->may, in_may);
		in_must = ivset_union(arena, r->must, in_must);
		/* Whole zones are shared, not copied: most reach is one. */
		r->may = in_may == zone ? zone : ivset_copy(keep, in_may);
		r->must = in_must == in_may ? r->may : ivset_copy(keep, in_must);
	}
}

/* Those of @unsure who do not certainly reach it in another way. */
static const struct ivset *still_unsure(struct survey *survey, const struct draft *d,
	const struct ask *ask, const struct ivset *unsure)
{
	struct arena *arena = &survey->scratch;
	const struct ivset *left = &ivset_none;

	for (unsigned int z = 0; z < ZONE_COUNT && !ivset_is_empty(unsure); z++)
		if (ask->zones & (1u << z))
			left = ivset_union(arena, left,
				ivset_subtract(arena,
					ivset_intersect(
						arena, unsure, ask->source->zone[z]),
					d->e.reach[z].must));
	return left;
}

static void take_outcomes(
	struct survey *survey, const struct ask *ask, const struct walk *walk)
{
	struct arena *arena = &survey->scratch;

	for (size_t i = 0; i < walk->n; i++) {
		const struct outcome *o = &walk->outcomes[i];
		const struct ivset *may = &ivset_none, *others = &ivset_none;
		bool first = true;

		if (!counts(ask, o))
			continue;
		for (size_t k = 0; k < walk->n; k++) {
			const struct outcome *p = &walk->outcomes[k];
			bool mine = counts(ask, p) && same_place(o, p);

			if (mine && k < i)
				first = false;
			if (mine)
				may = ivset_union(arena, may, p->peers);
			/* A datagram that nobody hears answered is a may. */
			if (!mine || p->one_way)
				others = ivset_union(arena, others, p->peers);
		}
		if (!first)
			continue;
		survey->moved |= o->target_origin == PORT_MOVED;
		const struct ivset *must = ivset_subtract(arena, may, others);
		struct draft *d = find_draft(survey, ask->class, ask->endpoint, o);

		if (!d)
			return;
		d->e.listening = both(d->e.listening, o->listener);
		if (o->path == PATH_HOST_SERVICE && o->sock && o->sock->comm)
			d->e.owner = o->sock->comm;
		add_reach(survey, d, ask, must, may);
		const struct ivset *unsure =
			still_unsure(survey, d, ask, ivset_subtract(arena, may, must));
		if (!ivset_is_empty(unsure))
			add_gaps(survey, d, walk, unsure);
	}
}

/* ---------------------------------------------------------------- endpoints */

/* Nobody routes a private address across the Internet; a perimeter's own private
 * address stands behind a translation upstream. */
static bool internet_applies(const struct survey *survey,
	const struct address_class *class, const struct addr *to)
{
	return (class && (class->perimeter || class->foreign)) ||
	       ivset_contains(survey->internet[to->family == FAMILY_IP6], to->value);
}

static bool sent_to_many(const struct address_class *class)
{
	return class &&
	       (class->group == GROUP_BROADCAST || class->group == GROUP_MULTICAST);
}

/* Whether a perimeter's zone can have this destination on the wire. */
bool survey_class_applies(const struct survey *survey,
	const struct address_class *class, const struct addr *to, enum zone zone)
{
	bool link_local = zone_is_link_local(to);

	if (zone == ZONE_ADJACENT)
		return true;
	if (link_local || (class && class->loopback))
		return false;
	/* Routers carry no broadcast (RFC 2644), and no group of a link's. */
	if (sent_to_many(class))
		return false;
	return zone == ZONE_PRIVATE || internet_applies(survey, class, to);
}

static bool zone_applies(const struct survey *survey, const struct source *source,
	const struct address_class *class, const struct addr *to, enum zone zone)
{
	if (source->perimeter)
		return survey_class_applies(survey, class, to, zone);
	/* No router carries on what is for a container's address of the link. */
	if (!class && zone_is_link_local(to) &&
		!ivset_is_empty(source->zone[ZONE_ADJACENT]))
		return zone == ZONE_ADJACENT;
	/* The uplink of macvlan children: the host's own addresses are not routed
	 * there. */
	return zone != ZONE_INTERNET || (!class && internet_applies(survey, class, to));
}

static void walk_classes(struct walk *walk, const struct ask *ask, int sport)
{
	walk->outcomes = NULL;
	walk->n = 0;
	walk->run.endings = (struct endings){0};
	walk->run.steps = 0;
	walk_from_outside(walk, ask->source->ifindex, &ask->endpoint->addr,
		ask->endpoint->proto, ask->endpoint->port, sport, ask->peers);
}

/* A neighbour can also send the frame to the bridge itself, to have it routed. */
static void survey_by_host(
	struct survey *survey, struct walk *walk, const struct ask *ask, int sport)
{
	struct ask near = *ask;

	take_outcomes(survey, ask, walk);
	near.zones &= 1u << ZONE_ADJACENT;
	near.peers = ask->source->joined[near.zones];
	walk->outcomes = NULL;
	walk->n = 0;
	if (ivset_is_empty(near.peers))
		return;
	walk->by_host = true;
	walk_classes(walk, &near, sport);
	walk->by_host = false;
	take_outcomes(survey, &near, walk);
	walk->outcomes = NULL;
	walk->n = 0;
}

static void take_walk(
	struct survey *survey, struct walk *walk, const struct ask *ask, int sport)
{
	if (walk->bypassed)
		survey_by_host(survey, walk, ask, sport);
	take_outcomes(survey, ask, walk);
	for (size_t k = 0; k < walk->n; k++)
		if (!walk->outcomes[k].translated)
			survey->untranslated = true;
}

/* The same in frames that neighbours make so that rules do not know what is in them.
 * @how: one of the walk's own */
static void survey_tagged(struct survey *survey, struct walk *walk, bool *how,
	const struct ask *ask, int sport)
{
	struct ask near = *ask;

	if (ask->source->perimeter) {
		near.zones &= 1u << ZONE_ADJACENT;
		near.peers = ask->source->joined[near.zones];
	}
	if (ivset_is_empty(near.peers))
		return;
	*how = true;
	walk_classes(walk, &near, sport);
	take_walk(survey, walk, &near, sport);
	*how = false;
}

/*
 * From any port of a class, or (-1) of all. Rules about destination ports meet the
 * answers, too, and are undecided as long as the client's port is. What one port
 * certainly does, a stranger certainly can do.
 */
static void survey_ports(
	struct survey *survey, struct walk *walk, const struct ask *ask, int sport)
{
	struct walk certain = *walk;
	int one = sport < 0 ? ORDINARY_PORT : sport;

	certain.sport_class = false; /* another class was asked before */
	walk->sport_class = sport >= 0;
	walk_classes(walk, ask, sport);
	if (walk_wants_port(walk)) {
		walk_classes(&certain, ask, one);
		take_walk(survey, &certain, ask, one);
	}
	take_walk(survey, walk, ask, sport);
	if (walk->tells_strange) {
		certain.strange = true;
		walk_classes(&certain, ask, one);
		take_walk(survey, &certain, ask, one);
	}
	if (walk->tells_tagged)
		survey_tagged(survey, &certain, &certain.tagged, ask, one);
	if (walk->tells_tagged_once)
		survey_tagged(survey, &certain, &certain.tagged_once, ask, one);
}

/* Whether it is told already that others get there. */
static bool is_told(const struct survey *survey, const struct outcome *o)
{
	for (size_t i = survey->first; i < survey->ndrafts; i++)
		for (int z = 0; z < ZONE_COUNT; z++)
			if (same_exposure(&survey->drafts[i].e, o) &&
				!ivset_is_empty(survey->drafts[i].e.reach[z].may))
				return true;
	return false;
}

/*
 * A neighbour's datagrams without an address: from 0.0.0.0 as a DHCP client's, from ::
 * to any address. No zone has those, so where rules let in nobody who has one, that is
 * a gap.
 */
static void survey_nameless(
	struct survey *survey, const struct ask *ask, struct walk *walk)
{
	struct arena *arena = &survey->report->arena;
	struct ask nameless = *ask;

	if (!proto_is_datagram(ask->endpoint->proto) ||
		!(ask->zones & 1u << ZONE_ADJACENT) ||
		(ask->endpoint->family == FAMILY_IP4 && !sent_to_many(ask->class)))
		return;
	nameless.peers = ivset_range(&survey->scratch, 0, 0);
	walk_classes(walk, &nameless, ORDINARY_PORT);
	for (size_t i = 0; i < walk->n; i++) {
		const struct outcome *o = &walk->outcomes[i];
		char text[ADDR_TEXT_MAX];

		if (!counts(ask, o) || is_told(survey, o))
			continue;
		survey_report_gap(survey->report,
			&(struct gap){.code = "nameless-source",
				.where = arena_printf(arena, "%s port %u",
					addr_format(&ask->endpoint->addr, text),
					ask->endpoint->port),
				.text = "a neighbour's datagrams get there if they are "
					"from no address (0.0.0.0, ::), and others "
					"do not",
				.hides = true});
		return;
	}
}

static void survey_from(struct survey *survey, const struct address_class *class,
	const struct endpoint *endpoint, const struct source *source)
{
	struct walk walk = {.reach = survey->reach};
	struct ask ask = {.class = class, .endpoint = endpoint, .source = source};
	const uint16_t *ports;
	size_t nports = space_source_ports(survey->reach->host, &ports);

	arena_reset(&survey->scratch);
	walk.run.arena = &survey->scratch;
	walk.run.tracing = true;
	struct asked asked = {.endpoint = *endpoint,
		.container = survey->owner,
		/* Who is on the link sends to many, whatever address he says is his. */
		.told = sent_to_many(class),
		.way = (size_t)(source - survey->sources)};

	for (unsigned int z = 0; z < ZONE_COUNT; z++) {
		asked.zone[z] = zone_applies(
			survey, source, class, &endpoint->addr, (enum zone)z);
		if (asked.zone[z])
			ask.zones |= 1u << z;
	}
	ask.peers = source->joined[ask.zones];
	if (ivset_is_empty(ask.peers))
		return;
	struct asked *slot = arena_push(&survey->report->arena, &survey->report->asked,
		&survey->report->nasked, sizeof(*slot));
	if (slot)
		*slot = asked;
	survey->report->nwalks++;
	/* A stranger chooses the source port: the union over what rules tell apart. So
	 * does a neighbour the frame's address: a bridge's own, or a container's. */
	for (size_t i = 0; i < (nports ? nports : 1); i++) {
		survey_ports(survey, &walk, &ask, nports ? ports[i] : -1);
		if (arena_failed(&survey->scratch))
			break;
	}
	walk.sport_class = false;
	survey_nameless(survey, &ask, &walk);
	if (arena_failed(&survey->scratch))
		survey->too_large = true;
}

/* A container's address of a link is reached on that link alone. */
static bool is_its_link(const struct survey *survey, const struct addr *addr,
	const struct source *source)
{
	const struct link *link =
		netns_link(survey->reach->facts->host, source->ifindex);

	return !zone_is_link_local(addr) ||
	       (link && host_holder_at(survey->reach, addr, link));
}

void survey_endpoint(struct survey *survey, const struct address_class *class,
	const struct addr *addr, const struct service *service)
{
	struct endpoint endpoint = {
		.family = addr->family, .addr = *addr, .proto = service->proto};

	span_set(&endpoint, service->port, service->last);
	survey->first = survey->ndrafts;
	for (size_t i = 0; i < survey->nsources; i++)
		if (survey->sources[i].family == addr->family &&
			(class ? class->ifindex == 0 ||
						class->ifindex ==
							survey->sources[i].ifindex
			       : is_its_link(survey, addr, &survey->sources[i])))
			survey_from(survey, class, &endpoint, &survey->sources[i]);
}
