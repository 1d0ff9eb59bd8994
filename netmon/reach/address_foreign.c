/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Destinations that are not the host's: a router or a neighbour may send them here all
 * the same, and what a rule translates before it is routed goes to a container. */
#include <stdlib.h>

#include "common/zone.h"
#include "netmon/reach/classing.h"
#include "netmon/reach/ip4.h"

/*
 * Theory of operation. The ranges that rules name cut the space of addresses into
 * pieces whose addresses no rule tells apart: each gets a signature, the sum of the
 * keys of the ranges that it lies in. Before it is translated nothing but rules looks
 * at a destination: routes come after (ip_rcv_finish() behind NF_INET_PRE_ROUTING). So
 * one address speaks for all pieces with one signature. Where no rule translates what
 * it does not name, the pieces outside of the named ranges are left out.
 */

#define FOREIGN_MAX 256u /* listed one by one */
#define SAMPLES_MAX 512u /* signatures, those of listed addresses among them */

static int by_lo(const void *a, const void *b)
{
	const struct iv *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static enum family family_of(u128 value)
{
	return value > addr_max(FAMILY_IP4) ? FAMILY_IP6 : FAMILY_IP4;
}

/* Neither the host's, nor a container's: those are asked as such. */
static bool is_foreign(const struct classing *cl, const struct addr *a)
{
	return a->value && !space_has_addr(cl->reach->host, a->family, a->value, 0) &&
	       !host_owner(cl->reach, a);
}

/* ---------------------------------------------------------------- by name */

static bool is_within(const struct ivset *set, const struct iv *iv)
{
	for (size_t i = 0; i < set->n; i++)
		if (iv->lo >= set->v[i].lo && iv->hi <= set->v[i].hi)
			return true;
	return false;
}

/* A single address, or a few that strangers know: of a network a rule's arithmetic may
 * send each elsewhere. */
static bool is_listed(
	const struct classing *cl, const struct iv *iv, const struct ivset *internet)
{
	return iv->lo == iv->hi ||
	       (iv->hi - iv->lo < FOREIGN_MAX &&
		       (cl->scan->odd_range || is_within(internet, iv)));
}

static void list_named(struct classing *cl)
{
	struct scan *scan = cl->scan;
	const struct ivset *internet =
		ivset_union(scan->arena, zone_internet(scan->arena, FAMILY_IP4),
			zone_internet(scan->arena, FAMILY_IP6));
	size_t n = 0;

	if (scan->naddrs)
		qsort(scan->addrs, scan->naddrs, sizeof(*scan->addrs), by_lo);
	for (size_t i = 0; i < scan->naddrs; i++) {
		const struct iv *iv = &scan->addrs[i];
		struct addr a = {iv->lo, family_of(iv->lo)};

		for (; is_listed(cl, iv, internet) && a.value <= iv->hi; a.value++) {
			struct address_class like = {.foreign = !zone_is_loopback(&a),
				.loopback = zone_is_loopback(&a)};

			if (!is_foreign(cl, &a))
				continue;
			if (n == FOREIGN_MAX) {
				cl->out->cut = true;
				return;
			}
			n += classing_add(cl, &a, 0, &like);
		}
	}
}

/* ---------------------------------------------------------------- samples */

/* Something begins or has ended here. */
struct edge {
	u128 at;
	uint64_t key; /* added to the signature from here on */
	int named;    /* ranges that a rule translates: one more, or one less */
};

/* Who can send to a piece's addresses, widest first. */
enum kind { KIND_INTERNET, KIND_PRIVATE, KIND_LOOPBACK, KIND_COUNT };

struct piece {
	struct iv iv;
	uint64_t sign;
	enum kind kind;
	bool named;
};

struct sampling {
	struct classing *cl;
	enum family family;
	u128 min, max;
	struct edge *edges;
	size_t nedges;
	struct piece *pieces;
	size_t npieces;
	const struct ivset *internet; /* strangers can send there */
	uint64_t seen[SAMPLES_MAX];
	size_t nseen;
};

static void add_edges(struct sampling *s, const struct iv *iv, uint64_t key, int named)
{
	const struct edge ends[] = {{iv->lo, key, named}, {iv->hi + 1, -key, -named}};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct edge *slot;

		if (ends[i].at > s->max || (i && iv->hi == addr_max(FAMILY_IP6)))
			continue;
		slot = arena_push(
			s->cl->scan->arena, &s->edges, &s->nedges, sizeof(*slot));
		if (slot)
			*slot = ends[i];
	}
}

static int by_place(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Public addresses, and the networks of the perimeter: its private addresses stand
 * behind a translation upstream. */
static const struct ivset *internet_of(const struct classing *cl, enum family family)
{
	struct arena *arena = cl->scan->arena;
	const struct netns *ns = cl->reach->facts->host;
	const struct ivset *set = zone_internet(arena, family);

	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];
		struct prefix p = {.family = family, .len = a->prefix_len};

		if (a->local.family != family ||
			!host_is_perimeter(cl->reach, a->ifindex))
			continue;
		p.value = a->local.value & prefix_mask(family, p.len);
		set = ivset_union(arena, set, ivset_prefix(arena, &p));
	}
	return set;
}

static void collect_edges(struct sampling *s)
{
	const struct scan *scan = s->cl->scan;
	const struct iv loopback = {IP4(127, 0, 0, 0), IP4(127, 255, 255, 255)};
	const struct iv all = {s->min, s->max};

	add_edges(s, &all, 0, 0);
	for (size_t i = 0; i < scan->nbounds; i++)
		add_edges(s, &scan->bounds[i], classing_key(&scan->bounds[i]), 0);
	for (size_t i = 0; i < scan->naddrs; i++)
		add_edges(s, &scan->addrs[i], 0, 1);
	for (size_t i = 0; i < s->internet->n; i++)
		add_edges(s, &s->internet->v[i], 0, 0);
	if (s->family == FAMILY_IP4)
		add_edges(s, &loopback, 0, 0);
	if (s->nedges)
		qsort(s->edges, s->nedges, sizeof(*s->edges), by_place);
}

static enum kind kind_of(const struct sampling *s, u128 value)
{
	const struct addr a = {value, s->family};

	return zone_is_loopback(&a)		    ? KIND_LOOPBACK
	       : ivset_contains(s->internet, value) ? KIND_INTERNET
						    : KIND_PRIVATE;
}

static void cut(struct sampling *s)
{
	struct piece piece = {.sign = 0};
	int named = 0;

	for (size_t i = 0; i < s->nedges; i++) {
		u128 next = i + 1 < s->nedges ? s->edges[i + 1].at - 1 : s->max;
		struct piece *slot;

		piece.sign += s->edges[i].key;
		named += s->edges[i].named;
		piece.iv = (struct iv){s->edges[i].at, next};
		piece.named = named > 0;
		if (piece.iv.lo < s->min || piece.iv.lo > piece.iv.hi ||
			(i + 1 < s->nedges && s->edges[i + 1].at == s->edges[i].at) ||
			!(piece.named || s->cl->anywhere))
			continue;
		piece.kind = kind_of(s, piece.iv.lo);
		slot = arena_push(
			s->cl->scan->arena, &s->pieces, &s->npieces, sizeof(*slot));
		if (slot)
			*slot = piece;
	}
}

static bool is_seen(const struct sampling *s, uint64_t sign)
{
	for (size_t i = 0; i < s->nseen; i++)
		if (s->seen[i] == sign)
			return true;
	return false;
}

/* The first address of a piece from @from on that is asked nowhere else. */
static void sample_piece(struct sampling *s, const struct piece *piece, u128 from)
{
	const struct reach *reach = s->cl->reach;
	size_t others = reach->nowners + reach->facts->host->naddrs;
	const struct address_class like = {.sample = true,
		.anywhere = !piece->named,
		.foreign = piece->kind == KIND_INTERNET,
		.loopback = piece->kind == KIND_LOOPBACK};

	if (is_seen(s, piece->sign))
		return;
	for (size_t i = 0; i <= others && i <= piece->iv.hi - from; i++) {
		const struct addr a = {from + i, s->family};

		if (!is_foreign(s->cl, &a))
			continue;
		if (s->nseen == SAMPLES_MAX) {
			s->cl->out->cut = true;
			return;
		}
		s->seen[s->nseen++] = piece->sign;
		(void)classing_add(s->cl, &a, 0, &like);
		return;
	}
}

/* Addresses of documentation are nobody's: they stand for any other. */
static void sample_stand_in(struct sampling *s)
{
	u128 value = s->family == FAMILY_IP4 ? IP4(192, 0, 2, 1)
					     : (u128)0x20010db8 << 96 | 1;

	for (size_t i = 0; i < s->npieces; i++)
		if (value >= s->pieces[i].iv.lo && value <= s->pieces[i].iv.hi)
			sample_piece(s, &s->pieces[i], value);
}

static void sample_family(struct classing *cl, enum family family)
{
	struct sampling *s = arena_alloc(cl->scan->arena, sizeof(*s));

	if (!s)
		return;
	s->cl = cl;
	s->family = family;
	/* 0.0.0.0/8 is nobody's, and numbers below 1 << 32 are of IPv4. */
	s->min = family == FAMILY_IP4 ? IP4(1, 0, 0, 0) : (u128)1 << 32;
	s->max = addr_max(family);
	s->internet = internet_of(cl, family);
	collect_edges(s);
	cut(s);
	sample_stand_in(s);
	for (enum kind kind = KIND_INTERNET; kind < KIND_COUNT; kind++)
		for (size_t i = 0; i < s->npieces; i++)
			if (s->pieces[i].kind == kind)
				sample_piece(s, &s->pieces[i], s->pieces[i].iv.lo);
	/* Where rules do arithmetic, none speaks for another. */
	cl->out->cut |= cl->scan->odd_range && s->nseen;
}

void address_foreign(struct classing *cl)
{
	cl->out->cut |= cl->scan->open_addr;
	list_named(cl);
	if (!cl->anywhere && cl->scan->naddrs == 0)
		return;
	sample_family(cl, FAMILY_IP4);
	sample_family(cl, FAMILY_IP6);
}
