/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/zone.h"
#include "netmon/reach/survey.h"

static uint16_t container_port(const struct exposure *e)
{
	return e->path == PATH_HOST_NETWORK ? e->endpoint.port : e->target_port;
}

void survey_published(struct exposure *e)
{
	const struct container *c = e->container;
	bool elsewhere = false;

	e->published = e->loopback_bound = false;
	for (size_t i = 0; c && i < c->nports; i++) {
		const struct port_binding *b = &c->ports[i];

		if (b->proto != e->endpoint.proto || b->host_port == 0 ||
			b->container_port != container_port(e))
			continue;
		e->published = true;
		if (b->host_addr.family != FAMILY_NONE &&
			zone_is_loopback(&b->host_addr))
			e->loopback_bound = true;
		else
			elsewhere = true;
	}
	if (elsewhere)
		e->loopback_bound = false;
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
	size_t n = d->class && !d->e.endpoint.any ? d->class->n : 1;

	for (size_t i = 0; i < n; i++) {
		struct exposure e = d->e;

		if (d->class && !e.endpoint.any)
			e.endpoint.addr = d->class->addrs[i];
		survey_published(&e);
		survey_spans_add(survey, &e);
	}
}

void survey_emit(struct survey *survey)
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
