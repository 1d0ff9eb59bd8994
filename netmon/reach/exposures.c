/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/reach/candidates.h"
#include "netmon/reach/explain.h"
#include "netmon/reach/sources.h"
#include "netmon/reach/walk.h"

/*
 * Theory of operation. Every candidate endpoint is walked once for each way in, with
 * all sources of that way at once. The outcomes that got somewhere are grouped by where
 * (path, container, target); each group's peers, cut by zone, are an exposure's reach:
 * may is the group's union, must is what no other outcome shares. At the end, endpoints
 * that behave alike at every address of the host become one, "0.0.0.0/0".
 */

#define WALK_MEMORY_MAX ((size_t)256 << 20)

/* An exposure in the making. */
struct draft {
	const struct address_class *class; /* NULL: a container's own address */
	struct exposure e;
	bool dropped; /* told by another one */
};

struct survey {
	struct reach *reach;
	struct report *report;
	struct arena scratch; /* one walk */
	struct arena making;  /* drafts of one service */
	struct source *sources;
	size_t nsources;
	struct draft *drafts;
	size_t ndrafts;
	size_t first;			 /* drafts of the endpoint at hand begin here */
	const struct ivset *internet[2]; /* IPv4, IPv6 */
	bool untranslated; /* an outcome of this service was reached without DNAT */
	const struct container *owner; /* of the address at hand; NULL: the host */
	bool too_large, cut;
};

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
	       a->target.family == b->target.family &&
	       a->target.value == b->target.value && a->target_port == b->target_port;
}

/* A closed port of the host itself is no exposure; a published one is, listening or
 * not. */
static bool counts(const struct outcome *o)
{
	const struct port_binding *b;

	if (!o->reaches)
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
	       e->target.family == o->target.family &&
	       e->target.value == o->target.value && e->target_port == o->target_port;
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
	d = arena_push(
		&survey->report->arena, &survey->drafts, &survey->ndrafts, sizeof(*d));
	if (!d)
		return NULL;
	d->class = class;
	d->e.endpoint = *endpoint;
	d->e.path = o->path;
	d->e.container = o->container;
	d->e.target = o->target;
	d->e.target_port = o->target_port;
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

static void take_outcomes(
	struct survey *survey, const struct ask *ask, const struct walk *walk)
{
	struct arena *arena = &survey->scratch;

	for (size_t i = 0; i < walk->n; i++) {
		const struct outcome *o = &walk->outcomes[i];
		const struct ivset *may = &ivset_none, *others = &ivset_none;
		bool first = true;

		if (!counts(o))
			continue;
		for (size_t k = 0; k < walk->n; k++) {
			const struct outcome *p = &walk->outcomes[k];
			bool mine = counts(p) && same_place(o, p);

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
		const struct ivset *must = ivset_subtract(arena, may, others);
		struct draft *d = find_draft(survey, ask->class, ask->endpoint, o);

		if (!d)
			return;
		d->e.listening = both(d->e.listening, o->listener);
		if (o->path == PATH_HOST_SERVICE && o->sock && o->sock->comm)
			d->e.owner = o->sock->comm;
		add_reach(survey, d, ask, must, may);
		const struct ivset *unsure = ivset_subtract(arena, may, must);
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

/* Whether a perimeter's zone can have this destination on the wire. */
static bool class_applies(const struct survey *survey,
	const struct address_class *class, const struct addr *to, enum zone zone)
{
	bool link_local = to->family == FAMILY_IP6 && (to->value >> 118) == 0x3fa;

	if (zone == ZONE_ADJACENT)
		return true;
	if (link_local || (class && class->loopback))
		return false;
	return zone == ZONE_PRIVATE || internet_applies(survey, class, to);
}

static bool zone_applies(const struct survey *survey, const struct source *source,
	const struct address_class *class, const struct addr *to, enum zone zone)
{
	if (source->perimeter)
		return class_applies(survey, class, to, zone);
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
	/* A stranger chooses the source port: the union over what rules tell apart. So
	 * does a neighbour the frame's address: a bridge's own, or a container's. */
	walk.sport_class = nports > 0;
	for (size_t i = 0; i < (nports ? nports : 1); i++) {
		walk_classes(&walk, &ask, nports ? ports[i] : -1);
		if (arena_failed(&survey->scratch))
			break;
		if (walk.bypassed)
			survey_by_host(survey, &walk, &ask, nports ? ports[i] : -1);
		take_outcomes(survey, &ask, &walk);
		for (size_t k = 0; k < walk.n; k++)
			if (!walk.outcomes[k].translated)
				survey->untranslated = true;
	}
	if (arena_failed(&survey->scratch))
		survey->too_large = true;
}

static void survey_endpoint(struct survey *survey, const struct address_class *class,
	const struct addr *addr, const struct service *service)
{
	struct endpoint endpoint = {.family = addr->family,
		.addr = *addr,
		.proto = service->proto,
		.port = service->port};

	survey->first = survey->ndrafts;
	for (size_t i = 0; i < survey->nsources; i++)
		if (survey->sources[i].family == addr->family &&
			(!class || class->ifindex == 0 ||
				class->ifindex == survey->sources[i].ifindex))
			survey_from(survey, class, &endpoint, &survey->sources[i]);
}

/* ---------------------------------------------------------------- joining */

static bool same_draft(const struct draft *a, const struct draft *b)
{
	return a->e.endpoint.proto == b->e.endpoint.proto &&
	       a->e.endpoint.port == b->e.endpoint.port && a->e.path == b->e.path &&
	       a->e.endpoint.family == b->e.endpoint.family &&
	       a->e.container == b->e.container &&
	       (a->e.target_port == b->e.target_port) &&
	       (a->e.path == PATH_HOST_SERVICE || a->e.path == PATH_HOST_NETWORK ||
		       a->e.target.value == b->e.target.value);
}

static bool link_local_class(const struct address_class *c)
{
	return c->family == FAMILY_IP6 && (c->addrs[0].value >> 118) == 0x3fa;
}

/* A class of ordinary addresses: what "every address of the host" is about. */
static bool ordinary(const struct address_class *c)
{
	return !c->loopback && !c->foreign && !link_local_class(c);
}

/* Alike as far as both classes can be asked: the Internet only asks a perimeter's. */
static bool alike(const struct draft *a, const struct draft *b)
{
	for (int z = 0; z < ZONE_COUNT; z++) {
		if (z == ZONE_INTERNET && a->class->perimeter != b->class->perimeter)
			continue;
		if (!ivset_equal(a->e.reach[z].may, b->e.reach[z].may) ||
			!ivset_equal(a->e.reach[z].must, b->e.reach[z].must))
			return false;
	}
	return true;
}

static bool covers(const struct draft *a, const struct draft *b)
{
	for (int z = 0; z < ZONE_COUNT; z++)
		if (!ivset_is_subset(b->e.reach[z].may, a->e.reach[z].may))
			return false;
	return true;
}

/* How many classes of ordinary addresses a family has. */
static size_t ordinary_classes(const struct candidates *all, enum family family)
{
	size_t n = 0;

	for (size_t c = 0; c < all->nclasses; c++)
		if (all->classes[c].family == family && ordinary(&all->classes[c]))
			n++;
	return n;
}

/* The drafts are of one protocol and port: those alike at every address become one. */
static void join_port(struct survey *survey, const struct candidates *all)
{
	size_t n = survey->ndrafts;

	for (size_t i = 0; i < n; i++) {
		struct draft *d = &survey->drafts[i];
		size_t found = 0;

		if (d->dropped || !ordinary(d->class) ||
			(!d->class->perimeter && survey->reach->nperimeter))
			continue;
		for (size_t k = 0; k < n; k++) {
			struct draft *o = &survey->drafts[k];

			if (!o->dropped && same_draft(d, o) && ordinary(o->class) &&
				alike(d, o))
				found++;
		}
		if (found != ordinary_classes(all, d->e.endpoint.family))
			continue;
		d->e.endpoint.any = true;
		d->e.endpoint.addr.value = 0;
		for (size_t k = 0; k < n; k++) {
			struct draft *o = &survey->drafts[k];

			if (k != i && same_draft(d, o) && covers(d, o))
				o->dropped = true;
		}
	}
}

/* ---------------------------------------------------------------- output */

static bool is_loopback_addr(const struct addr *a)
{
	return a->family == FAMILY_IP4 ? a->value >> 24 == 127 : a->value == 1;
}

static uint16_t container_port(const struct exposure *e)
{
	return e->path == PATH_HOST_NETWORK ? e->endpoint.port : e->target_port;
}

static void published(struct exposure *e)
{
	const struct container *c = e->container;
	bool elsewhere = false;

	for (size_t i = 0; c && i < c->nports; i++) {
		const struct port_binding *b = &c->ports[i];

		if (b->proto != e->endpoint.proto || b->host_port == 0 ||
			b->container_port != container_port(e))
			continue;
		e->published = true;
		if (b->host_addr.family != FAMILY_NONE &&
			is_loopback_addr(&b->host_addr))
			e->loopback_bound = true;
		else
			elsewhere = true;
	}
	if (elsewhere)
		e->loopback_bound = false;
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) /* FNV-1a */
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

/* Of what stays the same from run to run: endpoint, path and the container's name. */
static const char *exposure_id(struct arena *arena, const struct exposure *e)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = 0xcbf29ce484222325u;
	unsigned char fixed[24] = {(unsigned char)e->endpoint.family, e->endpoint.any,
		e->endpoint.proto, (unsigned char)(e->endpoint.port >> 8),
		(unsigned char)e->endpoint.port, (unsigned char)e->path};
	char *id = arena_alloc_raw(arena, 19);

	if (!id)
		return NULL;
	addr_store(fixed + 8, 16, e->endpoint.addr.value);
	hash = hash_bytes(hash, fixed, sizeof(fixed));
	if (e->container && e->container->name)
		hash = hash_bytes(hash, e->container->name, strlen(e->container->name));
	memcpy(id, "e-", 2);
	for (int i = 0; i < 16; i++)
		id[2 + i] = digits[(hash >> (60 - 4 * i)) & 15];
	id[18] = '\0';
	return id;
}

static bool is_reachable(const struct exposure *e)
{
	for (int z = 0; z < ZONE_COUNT; z++)
		if (!ivset_is_empty(e->reach[z].may))
			return true;
	return false;
}

/* One exposure for each address of a class that did not become "every address". */
static void emit(struct survey *survey, const struct draft *d)
{
	struct report *report = survey->report;
	size_t n = d->class && !d->e.endpoint.any ? d->class->n : 1;

	for (size_t i = 0; i < n; i++) {
		struct exposure *e = arena_push(&report->arena, &report->exposures,
			&report->nexposures, sizeof(*e));

		if (!e)
			return;
		*e = d->e;
		if (d->class && !d->e.endpoint.any)
			e->endpoint.addr = d->class->addrs[i];
		published(e);
		e->id = exposure_id(&report->arena, e);
		if (e->path == PATH_HOST_SERVICE && !e->container)
			report->nhost_services++;
	}
}

static void report_gap(struct report *report, const struct gap *gap)
{
	struct gap *slot;

	for (size_t i = 0; i < report->ngaps; i++) {
		const struct gap *g = &report->gaps[i];

		if (strcmp(g->code, gap->code) == 0 && g->handle == gap->handle &&
			g->chain == gap->chain && g->table == gap->table &&
			g->where == gap->where)
			return;
	}
	slot = arena_push(&report->arena, &report->gaps, &report->ngaps, sizeof(*slot));
	if (slot)
		*slot = *gap;
}

static void note_gap(struct report *report, const struct note *note)
{
	report_gap(report, &(struct gap){.code = note->code,
				   .where = note->where,
				   .text = note->text,
				   .hides = note->hides});
}

static void collect_gaps(struct survey *survey)
{
	struct report *report = survey->report;
	struct reach *reach = survey->reach;

	for (size_t i = 0; i < reach->facts->nnotes; i++)
		note_gap(report, &reach->facts->notes[i]);
	for (size_t i = 0; i < reach->host->rules->nnotes; i++)
		note_gap(report, &reach->host->rules->notes[i]);
	for (size_t i = 0; i < report->nexposures; i++)
		for (size_t k = 0; k < report->exposures[i].ngaps; k++)
			report_gap(report, report->exposures[i].gaps[k]);
	if (survey->cut)
		report_gap(report,
			&(struct gap){.code = "addresses-not-asked",
				.where = "analysis",
				.text = "rules translate more addresses that are not "
					"the "
					"host's own than are asked: exposures at the "
					"others are missing",
				.hides = true});
	if (survey->too_large)
		report_gap(report,
			&(struct gap){.code = "walk-too-large",
				.where = "analysis",
				.text = "an endpoint's rules need more memory than is "
					"allowed: its exposures may be missing",
				.hides = true});
}

static void assume(struct report *report, const char *sentence)
{
	const char **slot = arena_push(&report->arena, &report->assumptions,
		&report->nassumptions, sizeof(*slot));

	if (slot)
		*slot = sentence;
}

static void describe_perimeter(struct survey *survey)
{
	struct report *report = survey->report;
	const struct netns *ns = survey->reach->facts->host;
	const struct ivset *private = zone_private(&report->arena, FAMILY_IP4);

	for (size_t i = 0; i < survey->reach->nperimeter; i++) {
		int ifindex = survey->reach->perimeter[i];
		const char *name = space_ifname(survey->reach->host, ifindex);
		const char **slot = arena_push(&report->arena, &report->perimeter,
			&report->nperimeter, sizeof(*slot));

		if (slot)
			*slot = arena_strdup(&report->arena, name);
		for (size_t k = 0; k < ns->naddrs; k++) {
			const struct ifaddr *a = &ns->addrs[k];
			char text[ADDR_TEXT_MAX];

			if (a->ifindex != ifindex || a->local.family != FAMILY_IP4 ||
				!ivset_contains(private, a->local.value))
				continue;
			assume(report,
				arena_printf(&report->arena,
					"%s has the private address %s: assumed to be "
					"reachable from the Internet through a "
					"translation upstream",
					name, addr_format(&a->local, text)));
			break;
		}
	}
	if (survey->reach->nperimeter == 0)
		assume(report, "no interface has a default route: nothing is a "
			       "perimeter, so no "
			       "exposure to the Internet can be found; name one with "
			       "--perimeter");
}

/* ---------------------------------------------------------------- the survey */

/* What was found at the twin's addresses, less what only they can be asked. */
static void copy_twin(struct survey *survey, const struct candidates *all,
	const struct address_class *class)
{
	const struct address_class *twin = &all->classes[class->twin];
	size_t to = survey->ndrafts;

	for (size_t i = 0; i < to; i++) {
		struct draft *d;

		if (survey->drafts[i].class != twin)
			continue;
		d = arena_push(&survey->report->arena, &survey->drafts,
			&survey->ndrafts, sizeof(*d));
		if (!d)
			return;
		*d = survey->drafts[i];
		d->class = class;
		d->e.endpoint.addr = class->addrs[0];
		if (d->e.target.value == twin->addrs[0].value)
			d->e.target = class->addrs[0];
		for (int z = 0; z < ZONE_COUNT; z++)
			if (!class_applies(
				    survey, class, &class->addrs[0], (enum zone)z))
				d->e.reach[z] =
					(struct reach_set){&ivset_none, &ivset_none};
	}
}

/* The drafts of one service become exposures, and make room for the next. */
static void emit_all(struct survey *survey)
{
	for (size_t i = 0; i < survey->ndrafts; i++)
		if (!survey->drafts[i].dropped && is_reachable(&survey->drafts[i].e))
			emit(survey, &survey->drafts[i]);
	if (arena_failed(&survey->making))
		survey->too_large = true;
	survey->drafts = NULL;
	survey->ndrafts = 0;
	arena_reset(&survey->making);
}

static void survey_host(struct survey *survey, const struct candidates *all)
{
	for (size_t s = 0; s < all->host.n; s++) {
		survey->untranslated = false;
		for (size_t c = 0; c < all->nclasses; c++) {
			const struct address_class *class = &all->classes[c];
			unsigned int bit = class->family == FAMILY_IP4 ? FAMILY_BIT_4
								       : FAMILY_BIT_6;

			if (!(all->host.v[s].families & bit))
				continue;
			/* Untranslated, a loopback destination is a martian: the twin's
			 * walk tells only what is translated. */
			if (class->twin == SIZE_MAX ||
				(class->loopback && survey->untranslated))
				survey_endpoint(survey, class, &class->addrs[0],
					&all->host.v[s]);
			else
				copy_twin(survey, all, class);
		}
		join_port(survey, all);
		emit_all(survey);
	}
}

static void survey_containers(struct survey *survey, const struct candidates *all)
{
	struct reach *reach = survey->reach;

	for (size_t i = 0; i < reach->nowners; i++) {
		const struct address_owner *owner = &reach->owners[i];
		struct services services;

		if (owner->container->netns == reach->facts->host)
			continue;
		candidates_container(&survey->report->arena, owner->container,
			&all->anywhere, &services);
		for (size_t k = 0; k < services.n; k++) {
			survey->owner = owner->container;
			survey_endpoint(survey, NULL, &owner->addr, &services.v[k]);
			emit_all(survey);
		}
	}
}

static void describe_ways(struct survey *survey)
{
	struct report *report = survey->report;
	struct way *ways =
		arena_array(&report->arena, survey->nsources + 1, sizeof(*ways));

	if (!ways)
		return;
	for (size_t i = 0; i < survey->nsources; i++) {
		const struct source *s = &survey->sources[i];

		ways[i] = (struct way){.ifindex = s->ifindex,
			.name = arena_strdup(&report->arena,
				space_ifname(survey->reach->host, s->ifindex)),
			.perimeter = s->perimeter,
			.family = s->family};
		memcpy(ways[i].zone, s->zone, sizeof(ways[i].zone));
	}
	report->ways = ways;
	report->nways = survey->nsources;
}

int reach_exposures(struct reach *reach, struct report *report, struct err *err)
{
	struct survey survey = {.reach = reach, .report = report};
	struct candidates all;
	struct source *four, *six;
	size_t n4, n6;

	arena_init(&survey.scratch, WALK_MEMORY_MAX);
	arena_init(&survey.making, WALK_MEMORY_MAX);
	n4 = sources_collect(reach, &report->arena, FAMILY_IP4, &four);
	n6 = sources_collect(reach, &report->arena, FAMILY_IP6, &six);
	survey.sources = arena_array(&report->arena, n4 + n6 + 1, sizeof(*four));
	if (survey.sources) {
		memcpy(survey.sources, four, n4 * sizeof(*four));
		memcpy(survey.sources + n4, six, n6 * sizeof(*six));
		survey.nsources = n4 + n6;
	}
	survey.internet[0] = zone_internet(&report->arena, FAMILY_IP4);
	survey.internet[1] = zone_internet(&report->arena, FAMILY_IP6);
	candidates_collect(reach, &report->arena, &all);
	survey.cut = all.cut;
	describe_perimeter(&survey);
	describe_ways(&survey);
	survey_host(&survey, &all);
	survey_containers(&survey, &all);
	collect_gaps(&survey);
	arena_done(&survey.scratch);
	arena_done(&survey.making);
	if (arena_failed(&report->arena))
		return err_errno(err, -ENOMEM, "list the exposures");
	return 0;
}
