/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Immutable sets of numbers (addresses, ports) as sorted closed intervals. */
#include "common/ivset.h"

#include <stdlib.h>
#include <string.h>

/*
 * Theory of operation. Every operation is one merge of two sorted lists into a set of
 * the largest size that the result can have, which is then trimmed. The packet walk
 * calls them millions of times, mostly on sets of which one covers the other, so the
 * cases that need no memory come first, and a result equal to an argument is given back
 * as that argument.
 *
 * "hi + 1" overflows at the top of IPv6: comparisons are written so that it is computed
 * only where a larger value is known to exist.
 */

const struct ivset ivset_none = {.n = 0};

static const struct ivset all_ip4 = {.n = 1, .v = {{.lo = 0, .hi = UINT32_MAX}}};
static const struct ivset all_ip6 = {.n = 1, .v = {{.lo = 0, .hi = ~(u128)0}}};

static size_t set_bytes(size_t n)
{
	return sizeof(struct ivset) + n * sizeof(struct iv);
}

static bool same_values(const struct ivset *a, const struct ivset *b)
{
	return a->n == b->n && memcmp(a->v, b->v, a->n * sizeof(a->v[0])) == 0;
}

/* A set that is yet to be filled, with room for @room intervals. */
static struct ivset *set_new(struct arena *arena, size_t room)
{
	struct ivset *set = NULL;

	if (room > (SIZE_MAX / 4) / sizeof(struct iv))
		arena->failed = true;
	else
		set = arena_alloc_raw(arena, set_bytes(room));
	if (set)
		set->n = 0;
	return set;
}

/* Hand @set out, or in its place an argument that it is equal to. */
static const struct ivset *set_finish(struct arena *arena, struct ivset *set,
	size_t room, const struct ivset *a, const struct ivset *b)
{
	const struct ivset *result = set;

	if (set->n == 0)
		result = &ivset_none;
	else if (a && same_values(set, a))
		result = a;
	else if (b && same_values(set, b))
		result = b;
	arena_trim(arena, set, set_bytes(room), result == set ? set_bytes(set->n) : 0);
	return result;
}

/* Append [lo, hi], whose lo is not below the last lo; join what overlaps or touches. */
static void set_append(struct ivset *set, u128 lo, u128 hi)
{
	struct iv *last = set->n ? &set->v[set->n - 1] : NULL;

	if (last && (lo <= last->hi || lo - 1 == last->hi)) {
		if (hi > last->hi)
			last->hi = hi;
		return;
	}
	set->v[set->n++] = (struct iv){.lo = lo, .hi = hi};
}

/* Whether one interval of @a covers everything that @b spans. */
static bool spans(const struct ivset *a, const struct ivset *b)
{
	return a->n == 1 && a->v[0].lo <= b->v[0].lo && a->v[0].hi >= b->v[b->n - 1].hi;
}

static bool apart(const struct ivset *a, const struct ivset *b)
{
	return a->v[a->n - 1].hi < b->v[0].lo || b->v[b->n - 1].hi < a->v[0].lo;
}

const struct ivset *ivset_range(struct arena *arena, u128 lo, u128 hi)
{
	struct ivset *set;

	if (lo > hi)
		return &ivset_none;
	set = set_new(arena, 1);
	if (!set)
		return &ivset_none;
	set_append(set, lo, hi);
	return set;
}

const struct ivset *ivset_all(struct arena *arena, enum family family)
{
	(void)arena; /* a constant: nothing to make */
	return family == FAMILY_IP6 ? &all_ip6 : &all_ip4;
}

const struct ivset *ivset_prefix(struct arena *arena, const struct prefix *prefix)
{
	if (prefix->len == 0)
		return ivset_all(arena, prefix->family);
	return ivset_range(arena, prefix->value, prefix_last(prefix));
}

static int compare_lo(const void *left, const void *right)
{
	const struct iv *a = left, *b = right;

	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static bool is_sorted(const struct iv *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i].lo < v[i - 1].lo)
			return false;
	return true;
}

const struct ivset *ivset_from(struct arena *arena, struct iv *v, size_t n)
{
	struct ivset *set;

	if (n == 0)
		return &ivset_none;
	set = set_new(arena, n);
	if (!set)
		return &ivset_none;
	if (!is_sorted(v, n)) /* most who make many make them in order */
		qsort(v, n, sizeof(v[0]), compare_lo);
	for (size_t i = 0; i < n; i++) {
		if (v[i].lo <= v[i].hi)
			set_append(set, v[i].lo, v[i].hi);
	}
	return set_finish(arena, set, n, NULL, NULL);
}

const struct ivset *ivset_copy(struct arena *arena, const struct ivset *set)
{
	const struct ivset *copy;

	if (set->n == 0)
		return &ivset_none;
	copy = arena_memdup(arena, set, set_bytes(set->n));
	return copy ? copy : &ivset_none;
}

const struct ivset *ivset_union(
	struct arena *arena, const struct ivset *a, const struct ivset *b)
{
	size_t i = 0, j = 0, room = a->n + b->n;
	struct ivset *set;

	if (arena->failed)
		return &ivset_none;
	if (a == b || b->n == 0)
		return a;
	if (a->n == 0)
		return b;
	if (spans(a, b))
		return a;
	if (spans(b, a))
		return b;
	set = set_new(arena, room);
	if (!set)
		return &ivset_none;
	while (i < a->n || j < b->n) {
		const struct iv *next;

		if (j == b->n || (i < a->n && a->v[i].lo <= b->v[j].lo))
			next = &a->v[i++];
		else
			next = &b->v[j++];
		set_append(set, next->lo, next->hi);
	}
	return set_finish(arena, set, room, a, b);
}

const struct ivset *ivset_intersect(
	struct arena *arena, const struct ivset *a, const struct ivset *b)
{
	size_t i = 0, j = 0, room = a->n + b->n;
	struct ivset *set;

	if (arena->failed || a->n == 0 || b->n == 0 || apart(a, b))
		return &ivset_none;
	if (a == b || spans(b, a))
		return a;
	if (spans(a, b))
		return b;
	set = set_new(arena, room);
	if (!set)
		return &ivset_none;
	while (i < a->n && j < b->n) {
		const struct iv *x = &a->v[i], *y = &b->v[j];
		u128 lo = x->lo > y->lo ? x->lo : y->lo;
		u128 hi = x->hi < y->hi ? x->hi : y->hi;

		/* Two pieces never touch: that would need touching intervals in one. */
		if (lo <= hi)
			set->v[set->n++] = (struct iv){.lo = lo, .hi = hi};
		if (x->hi < y->hi)
			i++;
		else
			j++;
	}
	return set_finish(arena, set, room, a, b);
}

const struct ivset *ivset_subtract(
	struct arena *arena, const struct ivset *a, const struct ivset *b)
{
	size_t j = 0, room = a->n + b->n;
	struct ivset *set;

	if (arena->failed || a->n == 0 || a == b)
		return &ivset_none;
	if (b->n == 0 || apart(a, b))
		return a;
	if (spans(b, a))
		return &ivset_none;
	set = set_new(arena, room);
	if (!set)
		return &ivset_none;
	for (size_t i = 0; i < a->n; i++) {
		u128 lo = a->v[i].lo, hi = a->v[i].hi;
		bool left = true; /* whether [lo, hi] still has something in it */

		while (j < b->n && b->v[j].hi < lo)
			j++;
		for (size_t k = j; left && k < b->n && b->v[k].lo <= hi; k++) {
			if (b->v[k].lo > lo)
				set->v[set->n++] =
					(struct iv){.lo = lo, .hi = b->v[k].lo - 1};
			left = b->v[k].hi < hi;
			if (left)
				lo = b->v[k].hi + 1;
			j = k; /* it may reach into the next interval of @a */
		}
		if (left)
			set->v[set->n++] = (struct iv){.lo = lo, .hi = hi};
	}
	return set_finish(arena, set, room, a, NULL);
}

bool ivset_contains(const struct ivset *set, u128 value)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (value < set->v[mid].lo)
			high = mid;
		else if (value > set->v[mid].hi)
			low = mid + 1;
		else
			return true;
	}
	return false;
}

bool ivset_equal(const struct ivset *a, const struct ivset *b)
{
	return a == b || same_values(a, b);
}

bool ivset_is_subset(const struct ivset *a, const struct ivset *b)
{
	size_t j = 0;

	if (a == b)
		return true;
	for (size_t i = 0; i < a->n; i++) {
		while (j < b->n && b->v[j].hi < a->v[i].lo)
			j++;
		if (j == b->n || b->v[j].lo > a->v[i].lo || b->v[j].hi < a->v[i].hi)
			return false;
	}
	return true;
}

bool ivset_intersects(const struct ivset *a, const struct ivset *b)
{
	size_t i = 0, j = 0;

	if (a->n == 0 || b->n == 0 || apart(a, b))
		return false;
	while (i < a->n && j < b->n) {
		if (a->v[i].hi < b->v[j].lo)
			i++;
		else if (b->v[j].hi < a->v[i].lo)
			j++;
		else
			return true;
	}
	return false;
}

/* The bits that the largest prefix starting at @lo and ending by @hi leaves free. */
static unsigned int free_bits(u128 lo, u128 hi, unsigned int bits)
{
	unsigned int host = 0;

	while (host < bits) {
		u128 mask =
			((u128)2 << host) - 1; /* host + 1 ones; wraps to all at 128 */

		if ((lo & mask) != 0 || mask > hi - lo)
			break;
		host++;
	}
	return host;
}

size_t ivset_to_prefixes(struct arena *arena, const struct ivset *set,
	enum family family, struct prefix **ret_prefixes)
{
	unsigned int bits = addr_bits(family);
	struct prefix *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < set->n; i++) {
		u128 lo = set->v[i].lo, hi = set->v[i].hi;

		for (;;) {
			unsigned int host = free_bits(lo, hi, bits);
			struct prefix *prefix =
				arena_push(arena, &list, &count, sizeof(*list));

			if (!prefix)
				return 0;
			*prefix = (struct prefix){.value = lo,
				.family = family,
				.len = (uint8_t)(bits - host)};
			u128 last = prefix_last(prefix);
			if (last >= hi)
				break;
			lo = last + 1;
		}
	}
	*ret_prefixes = list;
	return count;
}
