/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules say of an endpoint: the exposures that claim it, and their sources. */
#include "netmon/confirm/expect.h"

#include <stdlib.h>

static int compare(const struct endpoint *a, const struct endpoint *b)
{
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (int)a->family - (int)b->family;
}

static int by_service(const void *a, const void *b, void *report)
{
	const struct exposure *list = ((const struct report *)report)->exposures;
	const size_t *one = a, *two = b;
	int order = compare(&list[*one].endpoint, &list[*two].endpoint);

	if (order == 0)
		order = *one < *two ? -1 : *one > *two;
	return order;
}

void expect_init(
	struct expect *expect, const struct report *report, struct arena *arena)
{
	struct report *context = NULL;

	*expect = (struct expect){.report = report, .arena = arena};
	expect->order =
		arena_array(arena, report->nexposures + 1, sizeof(*expect->order));
	if (!expect->order)
		return;
	expect->n = report->nexposures;
	for (size_t i = 0; i < expect->n; i++)
		expect->order[i] = i;
	/* qsort_r() hands on a pointer that is not const. */
	context = arena_memdup(arena, report, sizeof(*report));
	if (context)
		qsort_r(expect->order, expect->n, sizeof(*expect->order), by_service,
			context);
	else
		expect->n = 0;
}

static bool is_loopback(const struct addr *a)
{
	return a->family == FAMILY_IP4 ? a->value >> 24 == 127 : a->value == 1;
}

static bool is_own(const struct expect *expect, const struct addr *addr)
{
	const struct netns *host = expect->report->facts->host;

	if (is_loopback(addr))
		return true;
	for (size_t i = 0; i < host->naddrs; i++)
		if (host->addrs[i].local.family == addr->family &&
			host->addrs[i].local.value == addr->value)
			return true;
	return false;
}

/* The first place in the order that is not below @endpoint's service. */
static size_t lower_bound(const struct expect *expect, const struct endpoint *endpoint)
{
	size_t lo = 0, hi = expect->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct exposure *e =
			&expect->report->exposures[expect->order[mid]];

		if (compare(&e->endpoint, endpoint) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct exposure *expect_next(
	const struct expect *expect, const struct endpoint *endpoint, size_t *at)
{
	size_t i = *at ? *at - 1 : lower_bound(expect, endpoint);

	for (; i < expect->n; i++) {
		struct exposure *e = &expect->report->exposures[expect->order[i]];

		if (compare(&e->endpoint, endpoint) != 0)
			break;
		if (e->endpoint.any ? is_own(expect, &endpoint->addr)
				    : e->endpoint.addr.value == endpoint->addr.value) {
			*at = i + 2;
			return e;
		}
	}
	*at = expect->n + 1;
	return NULL;
}

const struct ivset *expect_may(const struct expect *expect,
	const struct endpoint *endpoint, enum zone zone, struct arena *arena)
{
	const struct ivset *may = &ivset_none;
	const struct exposure *e;
	size_t at = 0;

	while ((e = expect_next(expect, endpoint, &at)))
		may = ivset_union(arena, may, e->reach[zone].may);
	return may;
}

/* Does reach speak of this address at all? A router's packets are not its business. */
static bool is_ours(const struct expect *expect, const struct addr *addr)
{
	const struct report *report = expect->report;

	if (is_own(expect, addr))
		return true;
	for (size_t i = 0; i < report->nasked; i++)
		if (report->asked[i].endpoint.family == addr->family &&
			report->asked[i].endpoint.addr.value == addr->value)
			return true;
	return false;
}

enum tri expect_allows(const struct expect *expect, const struct endpoint *endpoint,
	const struct addr *source)
{
	const struct report *report = expect->report;
	const struct exposure *e;
	size_t at = 0;

	while ((e = expect_next(expect, endpoint, &at)))
		for (int z = 0; z < ZONE_COUNT; z++)
			if (ivset_contains(e->reach[z].may, source->value))
				return TRI_YES;
	if (!is_ours(expect, &endpoint->addr))
		return TRI_UNKNOWN;
	for (size_t i = 0; i < report->nways; i++)
		for (int z = 0; z < ZONE_COUNT; z++)
			if (report->ways[i].family == source->family &&
				ivset_contains(report->ways[i].zone[z], source->value))
				return TRI_NO;
	return TRI_UNKNOWN;
}
