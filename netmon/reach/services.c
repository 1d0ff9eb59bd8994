/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/services.h"

#include <stdlib.h>
#include <string.h>

#include "common/proto.h"

void services_add(struct arena *arena, struct services *s, uint8_t proto,
	unsigned int families, u128 lo, u128 hi)
{
	struct service *slot;

	if (lo == 0)
		lo = 1;
	if (hi > UINT16_MAX)
		hi = UINT16_MAX;
	if (lo > hi)
		return;
	slot = arena_push(arena, &s->v, &s->n, sizeof(*slot));
	if (!slot)
		return;
	*slot = (struct service){.proto = proto,
		.families = (uint8_t)families,
		.named = lo == hi,
		.port = (uint16_t)lo,
		.last = (uint16_t)hi};
	s->spans |= lo != hi;
}

static unsigned int families_of(const struct sock *sock)
{
	if (sock->local.family == FAMILY_IP4)
		return FAMILY_BIT_4;
	/* ::ffff:a.b.c.d is an IPv4 address. */
	return sock->local.value == 0 || sock->local.value >> 32 == 0xffff
		       ? FAMILY_BITS
		       : FAMILY_BIT_6;
}

void services_add_socks(struct arena *arena, struct services *s, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct sock *sock = &ns->socks[i];

		if (!sock->connected)
			services_add(arena, s, sock->proto, families_of(sock),
				sock->port, sock->port);
	}
}

/* ---------------------------------------------------------------- single ports */

static int by_port(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	return (int)x->port - (int)y->port;
}

static void sort_once(struct services *s)
{
	size_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_port);
	for (size_t i = 0; i < s->n; i++) {
		struct service *last = n ? &s->v[n - 1] : NULL;

		if (last && last->proto == s->v[i].proto &&
			last->port == s->v[i].port) {
			last->families |= s->v[i].families;
			last->named |= s->v[i].named;
		} else {
			s->v[n++] = s->v[i];
		}
	}
	s->n = n;
}

/* ---------------------------------------------------------------- spans */

#define PORTS 65536u
#define NAMED 0x80 /* beside the families */

/* What is to be asked at each port of one protocol. */
static void paint(const struct services *s, uint8_t proto, uint8_t *map)
{
	memset(map, 0, PORTS);
	for (size_t i = 0; i < s->n; i++) {
		const struct service *v = &s->v[i];
		uint8_t bits = (uint8_t)(v->families | (v->named ? NAMED : 0));

		for (uint32_t p = v->port; v->proto == proto && p <= v->last; p++)
			map[p] |= bits;
	}
}

static void cut_proto(struct arena *arena, uint8_t proto, const uint8_t *map,
	const u128 *signs, struct services *ret)
{
	struct service *open = NULL;

	for (uint32_t p = 1; p < PORTS; p++) {
		bool same = open && map[p] == map[p - 1] && signs[p] == open->sign;

		if (same) {
			open->last = (uint16_t)p;
			continue;
		}
		open = NULL;
		if (!map[p])
			continue;
		open = arena_push(arena, &ret->v, &ret->n, sizeof(*open));
		if (!open)
			return;
		*open = (struct service){.proto = proto,
			.families = map[p] & FAMILY_BITS,
			.named = map[p] & NAMED,
			.port = (uint16_t)p,
			.last = (uint16_t)p,
			.sign = signs[p]};
	}
}

void services_cut(struct arena *arena, struct services *s, const u128 *signs)
{
	struct services cut = {.spans = s->spans};
	uint8_t *map;

	for (size_t i = 0; signs && i < s->n; i++)
		s->v[i].sign = signs[s->v[i].port];
	if (!s->spans || !signs) {
		sort_once(s);
		return;
	}
	map = arena_alloc_raw(arena, PORTS);
	for (size_t i = 0; map && i < PROTO_COUNT; i++) {
		paint(s, proto_numbers[i], map);
		cut_proto(arena, proto_numbers[i], map, signs, &cut);
	}
	for (size_t i = 0; i < s->n; i++) {
		struct service *other;

		/* Of other protocols there are single ports: sockets. */
		if (proto_has_ports(s->v[i].proto))
			continue;
		other = arena_push(arena, &cut.v, &cut.n, sizeof(*other));
		if (other)
			*other = s->v[i];
	}
	*s = cut;
}
