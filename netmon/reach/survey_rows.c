/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short rows of ports are listed port by port, long ones as one exposure. */
#include <stdlib.h>

#include "netmon/reach/survey.h"

/* As many ports are a long row. Fewer are looked up one by one, by people and scripts.
 */
#define ROW_LEAST 64

static bool is_host_service(const struct exposure *e)
{
	return e->path == PATH_HOST_SERVICE && !e->container;
}

static int compare(u128 a, u128 b)
{
	return a < b ? -1 : a > b;
}

/* Neighbours beside each other. */
static int by_neighbour(const void *a, const void *b)
{
	const struct exposure *x = *(const struct exposure *const *)a;
	const struct exposure *y = *(const struct exposure *const *)b;
	const u128 keys[][2] = {
		{(uintptr_t)x->container, (uintptr_t)y->container},
		{x->path, y->path},
		{x->endpoint.proto, y->endpoint.proto},
		{x->endpoint.family, y->endpoint.family},
		{x->endpoint.any, y->endpoint.any},
		{x->endpoint.addr.value, y->endpoint.addr.value},
		{x->target.value, y->target.value},
		{x->endpoint.port, y->endpoint.port},
		{x->target_port, y->target_port},
	};
	int order = 0;

	for (size_t i = 0; order == 0 && i < ARRAY_LEN(keys); i++)
		order = compare(keys[i][0], keys[i][1]);
	return order;
}

/* How far the target is from the port; 0x10000: it stays where it is. */
static uint32_t distance(const struct exposure *a, const struct exposure *b)
{
	if (a->target.family == FAMILY_NONE || a->target_port == b->target_port)
		return 0x10000;
	return (uint16_t)(b->target_port - b->endpoint.port);
}

static bool same_distance(
	const struct exposure *a, const struct exposure *b, uint32_t far)
{
	bool spans = a->endpoint.port_last || b->endpoint.port_last;

	return !spans && distance(a, b) == far &&
	       (far == 0x10000 || (uint16_t)(a->target_port - a->endpoint.port) == far);
}

/* The end of the row that begins at @from. */
static size_t row_end(struct exposure *const *order, size_t n, size_t from)
{
	size_t i = from + 1;
	uint32_t far = i < n ? distance(order[from], order[i]) : 0;

	while (i < n && order[i]->container && span_is_like(order[i - 1], order[i]) &&
		same_distance(order[i - 1], order[i], far))
		i++;
	return i;
}

static bool has_many_ports(const struct facts *facts)
{
	for (size_t i = 0; i < facts->ncontainers; i++)
		if (facts->containers[i].nports >= ROW_LEAST)
			return true;
	return false;
}

/* One exposure for each port of short spans, in the order of the report. */
static void list_short_spans(struct report *report)
{
	struct exposure *from = report->exposures;
	size_t n = report->nexposures;

	report->exposures = NULL;
	report->nexposures = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t port = from[i].endpoint.port;
		uint32_t last = span_last(&from[i].endpoint);
		bool lists = last > port && last - port + 1 < ROW_LEAST;

		do {
			struct exposure *e = arena_push(&report->arena,
				&report->exposures, &report->nexposures, sizeof(*e));

			if (!e)
				return;
			*e = from[i];
			if (!lists)
				break;
			span_narrow(e, (uint16_t)port, (uint16_t)port);
			span_say_target(&report->arena, e);
			e->target_moves = false;
			e->id = span_id(&report->arena, e);
			if (port < last && is_host_service(e))
				report->nhost_services++;
		} while (++port <= last);
	}
}

static bool has_short_spans(const struct report *report)
{
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct endpoint *endpoint = &report->exposures[i].endpoint;

		if (endpoint->port_last &&
			endpoint->port_last - endpoint->port + 1 < ROW_LEAST)
			return true;
	}
	return false;
}

/* The first of each row stands for it; the others are marked by having no port. */
static void join_rows(struct exposure **order, size_t n)
{
	for (size_t from = 0, to; from < n; from = to) {
		to = row_end(order, n, from);
		if (to - from < ROW_LEAST)
			continue;
		struct exposure *first = order[from];

		first->rules_differ = true;
		first->target_moves = first->target_port != order[to - 1]->target_port;
		span_set(&first->endpoint, first->endpoint.port,
			order[to - 1]->endpoint.port);
		for (size_t i = from + 1; i < to; i++)
			order[i]->endpoint.port = 0;
	}
}

static void say_targets(struct report *report)
{
	for (size_t i = 0; i < report->nexposures; i++)
		span_say_target(&report->arena, &report->exposures[i]);
}

static void find_rows(struct survey *survey)
{
	struct report *report = survey->report;
	struct exposure **order;
	struct arena arena;
	size_t n = 0;

	if (!has_many_ports(survey->reach->facts))
		return;
	arena_init(&arena, 0);
	order = arena_array(&arena, report->nexposures + 1, sizeof(*order));
	for (size_t i = 0; order && i < report->nexposures; i++)
		order[i] = &report->exposures[i];
	if (order && report->nexposures) {
		qsort(order, report->nexposures, sizeof(*order), by_neighbour);
		join_rows(order, report->nexposures);
	}
	for (size_t i = 0; i < report->nexposures; i++)
		if (report->exposures[i].endpoint.port)
			report->exposures[n++] = report->exposures[i];
	report->nexposures = n;
	survey->too_large |= arena_failed(&arena);
	arena_done(&arena);
}

void survey_rows(struct survey *survey)
{
	if (has_short_spans(survey->report))
		list_short_spans(survey->report);
	find_rows(survey);
	say_targets(survey->report);
}
