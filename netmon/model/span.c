/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/model/span.h"

#include <string.h>

void span_set(struct endpoint *endpoint, uint16_t port, uint16_t last)
{
	endpoint->port = port;
	endpoint->port_last = last > port ? last : 0;
}

uint16_t span_target_last(const struct exposure *exposure)
{
	const struct endpoint *endpoint = &exposure->endpoint;

	if (!exposure->target_moves)
		return exposure->target_port;
	return (uint16_t)(exposure->target_port +
			  (span_last(endpoint) - endpoint->port));
}

void span_narrow(struct exposure *exposure, uint16_t port, uint16_t last)
{
	if (exposure->target_moves)
		exposure->target_port = (uint16_t)(exposure->target_port +
						   (port - exposure->endpoint.port));
	span_set(&exposure->endpoint, port, last);
}

/* The port behind "dnat to ADDRESS:", or NULL; an IPv6 address alone has colons, too.
 */
static const char *port_in(const char *text, enum family family)
{
	const char *colon = text ? strrchr(text, ':') : NULL;

	if (!colon || colon == text ||
		(family == FAMILY_IP6 && colon[-1] != ']' && colon[-1] != ' '))
		return NULL;
	return colon[1] && colon[1 + strspn(colon + 1, "0123456789-")] == '\0'
		       ? colon + 1
		       : NULL;
}

void span_say_target(struct arena *arena, struct exposure *exposure)
{
	const struct trace *trace = &exposure->trace;
	uint16_t last = span_target_last(exposure);
	struct trace_step *steps;
	const char *port, *text;
	size_t i = trace->nsteps;

	while (i > 0 && trace->steps[i - 1].effect != EFFECT_DNAT)
		i--;
	port = i ? port_in(trace->steps[i - 1].text, exposure->target.family) : NULL;
	if (!exposure->target_moves || !port)
		return;
	text = arena_printf(arena, "%.*s%u", (int)(port - trace->steps[i - 1].text),
		trace->steps[i - 1].text, exposure->target_port);
	if (text && last != exposure->target_port)
		text = arena_printf(arena, "%s-%u", text, last);
	steps = arena_array(arena, trace->nsteps, sizeof(*steps));
	if (!steps || !text)
		return;
	memcpy(steps, trace->steps, trace->nsteps * sizeof(*steps));
	steps[i - 1].text = text;
	exposure->trace.steps = steps;
}

/* ---------------------------------------------------------------- alike */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool like_step(const struct trace_step *a, const struct trace_step *b)
{
	if (a->hook != b->hook || a->chain != b->chain || !a->rule != !b->rule ||
		a->effect != b->effect || !same_text(a->stage, b->stage))
		return false;
	/* A translation may say another port for each. */
	return (a->rule && a->effect == EFFECT_DNAT) || same_text(a->text, b->text);
}

static bool like_trace(const struct trace *a, const struct trace *b)
{
	if (a->nsteps != b->nsteps)
		return false;
	for (size_t i = 0; a->steps != b->steps && i < a->nsteps; i++)
		if (!like_step(&a->steps[i], &b->steps[i]))
			return false;
	return true;
}

static bool same_rules(const struct trace *a, const struct trace *b)
{
	for (size_t i = 0; a->steps != b->steps && i < a->nsteps; i++)
		if (a->steps[i].rule != b->steps[i].rule)
			return false;
	return true;
}

static bool same_gap(const struct gap *a, const struct gap *b)
{
	return a == b || (same_text(a->code, b->code) && a->table == b->table &&
				 a->chain == b->chain && a->handle == b->handle &&
				 same_text(a->where, b->where) &&
				 same_text(a->text, b->text) && a->hides == b->hides);
}

static bool same_gaps(const struct exposure *a, const struct exposure *b)
{
	if (a->ngaps != b->ngaps)
		return false;
	for (size_t i = 0; a->gaps != b->gaps && i < a->ngaps; i++)
		if (!same_gap(a->gaps[i], b->gaps[i]))
			return false;
	return true;
}

static bool same_reach(const struct exposure *a, const struct exposure *b)
{
	for (int z = 0; z < ZONE_COUNT; z++)
		if (!ivset_equal(a->reach[z].must, b->reach[z].must) ||
			!ivset_equal(a->reach[z].may, b->reach[z].may))
			return false;
	return true;
}

bool span_is_like(const struct exposure *exposure, const struct exposure *next)
{
	const struct endpoint *a = &exposure->endpoint, *b = &next->endpoint;

	return a->family == b->family && a->any == b->any && a->proto == b->proto &&
	       a->addr.value == b->addr.value && span_last(a) + 1 == b->port &&
	       exposure->path == next->path && exposure->container == next->container &&
	       addr_equal(&exposure->target, &next->target) &&
	       exposure->listening == next->listening &&
	       exposure->published == next->published &&
	       exposure->loopback_bound == next->loopback_bound &&
	       same_text(exposure->owner, next->owner) && same_reach(exposure, next) &&
	       like_trace(&exposure->trace, &next->trace) && same_gaps(exposure, next);
}

static bool target_goes_on(const struct exposure *a, const struct exposure *b)
{
	uint16_t step = (uint16_t)(b->endpoint.port - a->endpoint.port);

	if (a->target.family == FAMILY_NONE)
		return true;
	if (a->target_moves != b->target_moves)
		return false;
	return b->target_port ==
	       (a->target_moves ? (uint16_t)(a->target_port + step) : a->target_port);
}

bool span_goes_on(struct exposure *exposure, const struct exposure *next)
{
	if (!span_is_like(exposure, next) || !target_goes_on(exposure, next) ||
		!same_rules(&exposure->trace, &next->trace))
		return false;
	span_set(&exposure->endpoint, exposure->endpoint.port,
		span_last(&next->endpoint));
	return true;
}

/* ---------------------------------------------------------------- names */

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) /* FNV-1a */
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

const char *span_id(struct arena *arena, const struct exposure *e)
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
