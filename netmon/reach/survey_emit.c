/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/survey.h"

#include <string.h>

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
