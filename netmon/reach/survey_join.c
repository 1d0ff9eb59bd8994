/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/zone.h"
#include "netmon/reach/survey.h"

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
	return zone_is_link_local(&c->addrs[0]);
}

/* A class of ordinary addresses: what "every address of the host" is about. */
static bool ordinary(const struct address_class *c)
{
	return !c->loopback && !c->foreign && !c->routed && !c->sample && !c->group &&
	       !link_local_class(c);
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

/* All that @b says, possible and certain, @a says, too. */
static bool covers(const struct draft *a, const struct draft *b)
{
	for (int z = 0; z < ZONE_COUNT; z++)
		if (!ivset_is_subset(b->e.reach[z].may, a->e.reach[z].may) ||
			!ivset_is_subset(b->e.reach[z].must, a->e.reach[z].must))
			return false;
	return true;
}

/*
 * What @d says is said by another's exposure. Where that is not found by @d's address,
 * as one of "every address" is by the host's own, its question claims nothing more.
 */
static void drop(struct survey *survey, struct draft *d)
{
	const struct endpoint *e = &d->e.endpoint;
	struct report *report = survey->report;

	d->dropped = true;
	if (ordinary(d->class) || d->class->loopback || link_local_class(d->class))
		return;
	/* Those of this protocol and port are the last. */
	for (size_t i = report->nasked; i-- > 0;) {
		struct asked *asked = &report->asked[i];

		if (asked->endpoint.proto != e->proto ||
			asked->endpoint.port != e->port)
			break;
		asked->told |= asked->endpoint.family == e->family &&
			       asked->endpoint.addr.value == e->addr.value;
	}
}

/* How many classes of ordinary addresses a family has. */
static size_t ordinary_classes(const struct candidates *all, enum family family)
{
	size_t n = 0;

	for (size_t c = 0; c < all->addresses.n; c++)
		if (all->addresses.v[c].family == family &&
			ordinary(&all->addresses.v[c]))
			n++;
	return n;
}

/* The drafts are of one protocol and port: those alike at every address become one. */
void survey_join(struct survey *survey, const struct candidates *all)
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
				drop(survey, o);
		}
	}
}

/* Of the same port of a container's or of the host's: the way in is no matter. */
static bool same_port(const struct draft *a, const struct draft *b)
{
	if (!a->e.container)
		return same_draft(a, b);
	return a->e.endpoint.proto == b->e.endpoint.proto &&
	       a->e.endpoint.port == b->e.endpoint.port &&
	       a->e.endpoint.family == b->e.endpoint.family &&
	       a->e.container == b->e.container && a->e.target_port == b->e.target_port;
}

void survey_join_others(struct survey *survey)
{
	for (size_t i = 0; i < survey->ndrafts; i++) {
		struct draft *d = &survey->drafts[i];

		if (!d->class->sample && !d->class->group && !d->class->routed)
			continue;
		for (size_t k = 0; k < i && !d->dropped; k++) {
			const struct draft *o = &survey->drafts[k];

			if (!o->dropped && same_port(o, d) && covers(o, d))
				drop(survey, d);
		}
		survey->sampled |= d->class->sample && !d->dropped;
	}
}
