/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spans of ports: what one says of others, and which are one exposure. */
#include <string.h>

#include "netmon/reach/survey.h"

/* Walked, beside ports that somebody speaks of: of one address, and of all. */
#define SPANS_MAX     8192
#define SPANS_MAX_ALL 65536

/* What was found at the first span of a sign. */
struct found_span {
	bool used;
	struct service service;
	const struct exposure *exposures;
	size_t n;
	size_t asked, nasked; /* of report->asked */
};

struct indexes {
	size_t *v;
	size_t n;
};

struct spans {
	struct arena *arena;	  /* of everything here */
	struct found_span *table; /* by sign; NULL: nothing is repeated */
	size_t mask;
	struct service last, now;    /* the one before, and this one */
	struct indexes before, here; /* exposures of the last and this one */
	struct exposure *made;	     /* of this one, each for itself */
	size_t nmade, asked, walked;
};

void survey_spans_begin(struct survey *survey, struct arena *arena, size_t nservices)
{
	struct spans *spans = arena_alloc(arena, sizeof(*spans));
	size_t room = 64;

	survey->spans = spans;
	if (!spans)
		return;
	while (room < 2 * nservices)
		room *= 2;
	spans->arena = arena;
	spans->asked = survey->report->nasked;
	if (nservices) {
		spans->table = arena_array(arena, room, sizeof(*spans->table));
		spans->mask = room - 1;
	}
}

void survey_spans_done(struct survey *survey)
{
	struct spans *spans = survey->spans;

	if (!spans || arena_failed(spans->arena))
		survey->too_large = true;
	survey->spans = NULL;
}

/* ---------------------------------------------------------------- signs */

static struct found_span *find(struct spans *spans, const struct service *service)
{
	size_t at = (size_t)service->sign;

	for (;; at++) {
		struct found_span *f = &spans->table[at & spans->mask];

		if (!f->used || (f->service.sign == service->sign &&
					f->service.proto == service->proto &&
					f->service.families == service->families))
			return f;
	}
}

static void repeat_asked(struct survey *survey, const struct found_span *from,
	const struct service *service)
{
	struct report *report = survey->report;

	for (size_t i = 0; i < from->nasked; i++) {
		struct asked *slot = arena_push(
			&report->arena, &report->asked, &report->nasked, sizeof(*slot));

		if (!slot)
			return;
		*slot = report->asked[from->asked + i];
		span_set(&slot->endpoint, service->port, service->last);
	}
}

bool survey_spans_repeat(struct survey *survey, const struct service *service)
{
	struct spans *spans = survey->spans;
	const struct found_span *from;

	spans->now = *service;
	if (!spans->table)
		return false;
	from = find(spans, service);
	if (!from->used)
		return false;
	repeat_asked(survey, from, service);
	for (size_t i = 0; i < from->n; i++) {
		struct exposure e = from->exposures[i];

		span_narrow(&e, service->port, service->last);
		survey_published(&e);
		survey_spans_add(survey, &e);
	}
	return true;
}

bool survey_spans_skip(struct survey *survey, const struct service *service)
{
	struct spans *spans = survey->spans;

	if (service->named || !spans->table)
		return false;
	if (spans->walked >= SPANS_MAX || survey->nspans >= SPANS_MAX_ALL) {
		survey->ports_cut = true;
		return true;
	}
	spans->walked++;
	survey->nspans++;
	return false;
}

/* ---------------------------------------------------------------- neighbours */

static void push_index(struct spans *spans, struct indexes *list, size_t index)
{
	size_t *slot = arena_push(spans->arena, &list->v, &list->n, sizeof(*slot));

	if (slot)
		*slot = index;
}

/*
 * Ports that are told apart and turn out alike are one exposure. Those that somebody
 * opened one by one stay apart: so their owners know them.
 */
static bool goes_on(struct survey *survey, const struct exposure *e)
{
	struct spans *spans = survey->spans;

	if (e->path != PATH_DNAT && spans->now.named && spans->last.named)
		return false;
	for (size_t i = 0; i < spans->before.n; i++) {
		struct exposure *other = &survey->report->exposures[spans->before.v[i]];

		if (span_goes_on(other, e)) {
			push_index(spans, &spans->here, spans->before.v[i]);
			return true;
		}
	}
	return false;
}

void survey_spans_add(struct survey *survey, const struct exposure *exposure)
{
	struct report *report = survey->report;
	struct spans *spans = survey->spans;
	struct exposure *e;

	if (spans->table) {
		e = arena_push(spans->arena, &spans->made, &spans->nmade, sizeof(*e));
		if (e)
			*e = *exposure;
	}
	if (goes_on(survey, exposure))
		return;
	e = arena_push(
		&report->arena, &report->exposures, &report->nexposures, sizeof(*e));
	if (!e)
		return;
	*e = *exposure;
	e->id = span_id(&report->arena, e);
	if (e->path == PATH_HOST_SERVICE && !e->container)
		report->nhost_services++;
	push_index(spans, &spans->here, report->nexposures - 1);
}

void survey_spans_end(struct survey *survey)
{
	struct spans *spans = survey->spans;
	const struct service *service = &spans->now;

	/* The trace of a port that was moved names it: it is true of one span alone. */
	if (spans->table && !survey->moved) {
		struct found_span *f = find(spans, service);

		if (!f->used)
			*f = (struct found_span){.used = true,
				.service = *service,
				.exposures = spans->made,
				.n = spans->nmade,
				.asked = spans->asked,
				.nasked = survey->report->nasked - spans->asked};
	}
	survey->moved = false;
	spans->asked = survey->report->nasked;
	spans->made = NULL;
	spans->nmade = 0;
	spans->before = spans->here;
	spans->here = (struct indexes){NULL, 0};
	spans->last = *service;
}
