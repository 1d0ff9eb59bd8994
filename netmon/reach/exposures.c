/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/proto.h"
#include "common/zone.h"
#include "netmon/reach/listen.h"
#include "netmon/reach/survey.h"

#define WALK_MEMORY_MAX ((size_t)256 << 20)

/* What was found at the twin's addresses, less what only they can be asked. */
static void copy_twin(struct survey *survey, const struct candidates *all,
	const struct address_class *class)
{
	const struct address_class *twin = &all->addresses.v[class->twin];
	size_t to = survey->ndrafts;

	for (size_t i = 0; i < to; i++) {
		struct draft *d;

		if (survey->drafts[i].class != twin)
			continue;
		d = arena_push(
			&survey->making, &survey->drafts, &survey->ndrafts, sizeof(*d));
		if (!d)
			return;
		*d = survey->drafts[i];
		d->class = class;
		d->e.endpoint.addr = class->addrs[0];
		if (d->e.target.value == twin->addrs[0].value)
			d->e.target = class->addrs[0];
		for (int z = 0; z < ZONE_COUNT; z++)
			if (!survey_class_applies(
				    survey, class, &class->addrs[0], (enum zone)z))
				d->e.reach[z] =
					(struct reach_set){&ivset_none, &ivset_none};
	}
}

/* Whether the addresses are worth asking at those ports. */
static bool is_asked(const struct survey *survey, const struct address_class *class,
	const struct service *service)
{
	unsigned int bit = class->family == FAMILY_IP4 ? FAMILY_BIT_4 : FAMILY_BIT_6;

	if (!(service->families & bit))
		return false;
	/* What a rule translates it carries to one host, of any protocol. */
	if (!class->anywhere || service->anywhere)
		return true;
	return class->group && proto_is_datagram(service->proto) &&
	       listen_any(survey->reach->host, service->proto, service->port) != TRI_NO;
}

static void walk_host(struct survey *survey, const struct candidates *all,
	const struct service *service)
{
	survey->untranslated = false;
	for (size_t c = 0; c < all->addresses.n; c++) {
		const struct address_class *class = &all->addresses.v[c];

		if (!is_asked(survey, class, service))
			continue;
		/* Untranslated, a loopback destination is a martian: the twin's walk
		 * tells only what is translated. */
		if (class->twin == SIZE_MAX ||
			(class->loopback && survey->untranslated))
			survey_endpoint(survey, class, &class->addrs[0], service);
		else
			copy_twin(survey, all, class);
	}
	survey_join(survey, all);
	survey_join_others(survey);
	survey_emit(survey);
}

static void survey_host(struct survey *survey, const struct candidates *all)
{
	struct arena arena;

	arena_init(&arena, 0);
	survey_spans_begin(survey, &arena, all->signs ? all->host.n : 0);
	for (size_t s = 0; survey->spans && s < all->host.n; s++) {
		const struct service *service = &all->host.v[s];

		if (!survey_spans_repeat(survey, service)) {
			if (survey_spans_skip(survey, service))
				continue;
			walk_host(survey, all, service);
		}
		survey_spans_end(survey);
	}
	survey_spans_done(survey);
	arena_done(&arena);
}

/* What leads to others is told at their own addresses; what the host answers itself is
 * its own. */
static void keep_its_own(struct survey *survey, const struct container *container)
{
	for (size_t i = 0; i < survey->ndrafts; i++) {
		const struct exposure *e = &survey->drafts[i].e;

		if (e->path != PATH_HOST_SERVICE && e->path != PATH_HOST_NETWORK)
			survey->drafts[i].dropped |= e->container != container;
	}
}

/* @added: the engine does not tell of the address, so the host may route it elsewhere.
 */
static void survey_container(struct survey *survey, struct candidates *all,
	const struct container *container, const struct addr *addr, bool added,
	struct arena *arena)
{
	bool local = candidates_local(survey->reach->facts->host, addr);
	struct services services;

	survey->owner = container;
	candidates_container(
		survey->reach, arena, container, addr, all, local, &services);
	survey_spans_begin(survey, arena, all->signs ? services.n : 0);
	for (size_t k = 0; survey->spans && k < services.n; k++) {
		const struct service *service = &services.v[k];

		if (!survey_spans_repeat(survey, service)) {
			if (survey_spans_skip(survey, service))
				continue;
			survey_endpoint(survey, NULL, addr, service);
			if (added)
				keep_its_own(survey, container);
			survey_emit(survey);
		}
		survey_spans_end(survey);
	}
	survey_spans_done(survey);
}

/* Whether others than this host's containers are on a bridge with its interface. */
static bool is_beside_others(
	const struct reach *reach, const struct netns *ns, const struct ifaddr *a)
{
	const struct link *link = netns_link(ns, a->ifindex);
	const struct link *bridge = link ? host_bridge_of(reach, link) : NULL;

	return bridge && host_has_outer_port(reach, bridge);
}

/* An address on an interface of a container's that its engine does not tell of: of
 * whatever scope, which is about sources. */
static bool is_added(
	const struct reach *reach, const struct netns *ns, const struct ifaddr *a)
{
	const struct addr *addr = &a->local;

	return !zone_is_loopback(addr) &&
	       (!zone_is_link_local(addr) || is_beside_others(reach, ns, a)) &&
	       !host_owner(reach, addr) &&
	       !space_has_addr(reach->host, addr->family, addr->value, 0);
}

/* Containers that share a namespace have its addresses once: host_holder()'s. */
static bool is_told_by_another(const struct reach *reach,
	const struct container *container, const struct ifaddr *a)
{
	const struct container *holder = host_holder(reach, &a->local);

	return holder && holder != container && holder->netns == container->netns;
}

static void survey_one_added(struct survey *survey, struct candidates *all,
	const struct container *container, const struct ifaddr *a, struct arena *arena)
{
	if (!is_added(survey->reach, container->netns, a) ||
		is_told_by_another(survey->reach, container, a))
		return;
	survey_container(survey, all, container, &a->local, true, arena);
	arena_reset(arena);
}

/* Whether an interface has the address that a route makes local: most have both. */
static bool is_of_interface(const struct netns *ns, const struct addr *addr)
{
	for (size_t i = 0; i < ns->naddrs; i++)
		if (addr_equal(&ns->addrs[i].local, addr))
			return true;
	return false;
}

static void survey_added(struct survey *survey, struct candidates *all,
	const struct container *container, struct arena *arena)
{
	const struct netns *ns = container->netns;

	if (!ns || ns == survey->reach->facts->host)
		return;
	for (size_t i = 0; i < ns->naddrs; i++)
		survey_one_added(survey, all, container, &ns->addrs[i], arena);
	/* Of a whole network the first stands for all. */
	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *route = &ns->routes[i];
		const struct ifaddr first = {
			.local = {route->dst.value, route->family}};

		if (host_makes_local(route) && !is_of_interface(ns, &first.local))
			survey_one_added(survey, all, container, &first, arena);
	}
}

static void survey_containers(struct survey *survey, struct candidates *all)
{
	struct reach *reach = survey->reach;
	struct arena arena;

	arena_init(&arena, 0);
	for (size_t i = 0; i < reach->nowners; i++) {
		const struct address_owner *owner = &reach->owners[i];

		if (owner->container->netns == reach->facts->host)
			continue;
		survey_container(
			survey, all, owner->container, &owner->addr, false, &arena);
		arena_reset(&arena);
	}
	for (size_t i = 0; i < reach->facts->ncontainers; i++)
		survey_added(survey, all, &reach->facts->containers[i], &arena);
	arena_done(&arena);
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
	survey.cut = all.addresses.cut;
	survey_describe(&survey);
	survey_host(&survey, &all);
	survey_containers(&survey, &all);
	report->port_signs = all.signs;
	survey_describe_samples(&survey);
	survey_rows(&survey);
	survey_gaps(&survey);
	arena_done(&survey.scratch);
	arena_done(&survey.making);
	if (arena_failed(&report->arena))
		return err_errno(err, -ENOMEM, "list the exposures");
	return 0;
}
