/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/port_signs.h"

#include <string.h>

#include "netmon/reach/mix.h"

/* A packet's port is moved once in a namespace, and an answer's once on its way back.
 */
#define SHIFTS_DEEP 5

static u128 widen(uint64_t a, uint64_t b)
{
	uint64_t low = mix(a + 0x9e3779b97f4a7c15u) + mix(b ^ 0xbf58476d1ce4e5b9u);
	uint64_t high = mix(a ^ 0x94d049bb133111ebu) ^ mix(b + 0xda942042e4dd58b5u);

	return ((u128)mix(high + low) << 64) | mix(low ^ (high << 1));
}

bool port_signs_init(struct port_signs *signs, struct arena *arena, bool source)
{
	*signs = (struct port_signs){.arena = arena, .source = source};
	signs->at = arena_array(arena, PORT_COUNT + 1, sizeof(*signs->at));
	return signs->at;
}

u128 port_signs_key(struct port_signs *signs)
{
	signs->keys++;
	return widen(signs->keys, 0);
}

u128 port_signs_hash(u128 seed, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t a = (uint64_t)seed, b = (uint64_t)(seed >> 64);

	for (size_t i = 0; i < len; i++) {
		a = (a ^ p[i]) * 0x100000001b3u; /* FNV-1a, twice */
		b = (b ^ p[i]) * 0x9e3779b97f4a7c15u;
		b ^= b >> 29;
	}
	return widen(a ^ len, b);
}

void port_signs_add(struct port_signs *signs, uint32_t lo, uint32_t hi, u128 key)
{
	if (lo > hi || lo >= PORT_COUNT)
		return;
	if (hi >= PORT_COUNT)
		hi = PORT_COUNT - 1;
	signs->at[lo] += key;
	signs->at[hi + 1] -= key;
}

void port_signs_alone(struct port_signs *signs, uint32_t port)
{
	port_signs_add(signs, port, port, widen(port, 1));
}

void port_signs_order(struct port_signs *signs, uint32_t port, u128 key)
{
	port_signs_add(signs, port, port, key);
	port_signs_add(signs, port + 1, PORT_COUNT - 1, key * 3);
}

/* ---------------------------------------------------------------- finish */

static uint16_t shifted(const struct port_shift *shift, uint32_t port)
{
	uint32_t offset = (uint32_t)(uint16_t)(port - shift->base);

	return (uint16_t)(shift->min + offset % shift->size);
}

/* What is told apart behind each translation, and how far it moves a port. */
static void follow_shifts(struct port_signs *signs)
{
	size_t bytes = PORT_COUNT * sizeof(u128);
	u128 *plain = arena_memdup(signs->arena, signs->at, bytes);
	u128 *before = arena_alloc_raw(signs->arena, bytes);

	if (!plain || !before)
		return;
	for (int deep = 0; deep < SHIFTS_DEEP; deep++) {
		memcpy(before, signs->at, bytes);
		memcpy(signs->at, plain, bytes);
		for (size_t i = 0; i < signs->nshifts; i++) {
			const struct port_shift *s = &signs->shifts[i];
			u128 factor = widen(i, 2) | 1;

			for (uint32_t p = s->lo; p <= s->hi; p++) {
				uint16_t to = shifted(s, p);

				signs->at[p] +=
					factor * before[to] + widen(i, 3) +
					widen((uint16_t)(to - (uint16_t)p), 4 + i);
			}
		}
	}
}

void port_signs_finish(struct port_signs *signs)
{
	u128 sum = 0;

	for (uint32_t p = 0; p < PORT_COUNT; p++) {
		sum += signs->at[p];
		signs->at[p] = signs->every ? widen(p, 1) : sum;
	}
	if (signs->nshifts && !signs->every)
		follow_shifts(signs);
}

/* ---------------------------------------------------------------- the facts */

static void add_netns(struct port_signs *signs, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nsocks; i++)
		port_signs_alone(signs, ns->socks[i].port);
}

static void add_container(struct port_signs *signs, struct reach *reach,
	const struct container *container)
{
	struct space *inside = host_container_space(reach, container);

	for (size_t i = 0; i < container->nports; i++) {
		port_signs_alone(signs, container->ports[i].host_port);
		port_signs_alone(signs, container->ports[i].container_port);
	}
	if (container->netns && container->netns != reach->facts->host)
		add_netns(signs, container->netns);
	if (inside && inside != reach->host)
		port_signs_rules(signs, inside);
}

const u128 *port_signs_dialled(struct reach *reach, struct arena *arena)
{
	struct port_signs signs;

	if (!port_signs_init(&signs, arena, false))
		return NULL;
	add_netns(&signs, reach->facts->host);
	port_signs_rules(&signs, reach->host);
	for (size_t i = 0; i < reach->facts->ncontainers; i++)
		add_container(&signs, reach, &reach->facts->containers[i]);
	port_signs_finish(&signs);
	return arena_failed(arena) ? NULL : signs.at;
}
