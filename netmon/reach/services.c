/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/services.h"

#include <stdlib.h>

void services_add(struct arena *arena, struct services *s, uint8_t proto,
	unsigned int families, u128 port, uint32_t span)
{
	struct service *slot;

	if (port == 0 || port > UINT16_MAX)
		return;
	slot = arena_push(arena, &s->v, &s->n, sizeof(*slot));
	if (slot)
		*slot = (struct service){
			proto, (uint8_t)families, (uint16_t)port, span};
}

static int by_port(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->span > y->span ? -1 : x->span < y->span;
}

void services_sort(struct services *s)
{
	size_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_port);
	for (size_t i = 0; i < s->n; i++) {
		struct service *last = n ? &s->v[n - 1] : NULL;

		if (last && last->proto == s->v[i].proto && last->port == s->v[i].port)
			last->families |= s->v[i].families;
		else
			s->v[n++] = s->v[i];
	}
	s->n = n;
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
				sock->port, 1);
	}
}
