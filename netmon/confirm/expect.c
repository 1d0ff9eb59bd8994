/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules say of an endpoint: the exposures that claim it, and their sources. */
#include "netmon/confirm/expect.h"

#include <stdlib.h>

#include "common/zone.h"
#include "netmon/model/span.h"

static int compare_kind(const struct endpoint *a, const struct endpoint *b)
{
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	return (int)a->family - (int)b->family;
}

static int compare(const struct endpoint *a, const struct endpoint *b)
{
	int order = compare_kind(a, b);

	return order ? order : (int)a->port - (int)b->port;
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

/* Spans may reach over exposures that begin later: how far, for those up to here. */
static void note_widths(struct expect *expect)
{
	const struct exposure *list = expect->report->exposures;

	expect->reaches =
		arena_array(expect->arena, expect->n + 1, sizeof(*expect->reaches));
	if (!expect->reaches)
		expect->n = 0;
	for (size_t i = 0; i < expect->n; i++) {
		const struct endpoint *e = &list[expect->order[i]].endpoint;
		const struct endpoint *before =
			i ? &list[expect->order[i - 1]].endpoint : NULL;

		expect->reaches[i] = span_last(e);
		if (before && compare_kind(before, e) == 0 &&
			expect->reaches[i - 1] > expect->reaches[i])
			expect->reaches[i] = expect->reaches[i - 1];
	}
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
	note_widths(expect);
}

bool expect_is_own(const struct expect *expect, const struct addr *addr)
{
	const struct netns *host = expect->report->facts->host;

	if (zone_is_loopback(addr))
		return true;
	for (size_t i = 0; i < host->naddrs; i++)
		if (addr_equal(&host->addrs[i].local, addr))
			return true;
	return false;
}

static const struct endpoint *endpoint_at(const struct expect *expect, size_t i)
{
	return &expect->report->exposures[expect->order[i]].endpoint;
}

/* The first place in the order from which a span may hold @endpoint's port. */
static size_t first_place(const struct expect *expect, const struct endpoint *endpoint)
{
	size_t lo = 0, hi = expect->n;

	while (lo < hi) { /* the first that is past it */
		size_t mid = lo + (hi - lo) / 2;

		if (compare(endpoint_at(expect, mid), endpoint) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo > 0 && compare_kind(endpoint_at(expect, lo - 1), endpoint) == 0 &&
		expect->reaches[lo - 1] >= endpoint->port)
		lo--;
	return lo;
}

struct exposure *expect_next(
	const struct expect *expect, const struct endpoint *endpoint, size_t *at)
{
	size_t i = *at ? *at - 1 : first_place(expect, endpoint);

	for (; i < expect->n; i++) {
		struct exposure *e = &expect->report->exposures[expect->order[i]];

		if (compare(&e->endpoint, endpoint) > 0)
			break;
		if (!span_has_port(&e->endpoint, endpoint->port))
			continue;
		if (e->endpoint.any ? expect_is_own(expect, &endpoint->addr)
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

/*
 * Does the absence of an exposure say anything here? A router's packets are not reach's
 * business. Nor is a port that another exposure tells instead, nor one that was not
 * asked at an address where others do: it may be told the same way.
 */
static bool is_ours(const struct expect *expect, const struct endpoint *endpoint)
{
	const struct report *report = expect->report;
	bool asked = false, asked_port = false, told = false;

	if (expect_is_own(expect, &endpoint->addr))
		return true;
	for (size_t i = 0; i < report->nasked; i++) {
		const struct asked *a = &report->asked[i];
		bool this_port = a->endpoint.proto == endpoint->proto &&
				 span_has_port(&a->endpoint, endpoint->port);

		if (a->endpoint.family != endpoint->family ||
			a->endpoint.addr.value != endpoint->addr.value)
			continue;
		if (this_port && a->told)
			return false;
		asked = true;
		asked_port |= this_port;
		told |= a->told;
	}
	return asked_port || (asked && !told);
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
	if (!is_ours(expect, endpoint))
		return TRI_UNKNOWN;
	for (size_t i = 0; i < report->nways; i++)
		for (int z = 0; z < ZONE_COUNT; z++)
			if (report->ways[i].family == source->family &&
				ivset_contains(report->ways[i].zone[z], source->value))
				return TRI_NO;
	return TRI_UNKNOWN;
}
