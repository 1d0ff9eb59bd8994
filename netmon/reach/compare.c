/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/compare.h"

#include <string.h>

static struct verdict_set says_some(const struct ivset *set, bool certain)
{
	if (ivset_is_empty(set))
		return says_no;
	return (struct verdict_set){.is = IS_SOME, .some = set, .certain = certain};
}

#define MASK_BITS_MAX 10 /* at most 1024 intervals for one comparison */

/* The addresses with (address & @mask) == @want; NULL when they are too many pieces. */
static const struct ivset *masked_set(
	struct arena *arena, enum family family, u128 mask, u128 want)
{
	u128 low = mask ? (mask & -mask) - 1 : addr_max(family);
	u128 holes = addr_max(family) & ~mask & ~low;
	unsigned int nholes = 0;

	for (u128 h = holes; h; h &= h - 1)
		nholes++;
	if (nholes > MASK_BITS_MAX)
		return NULL;
	size_t n = (size_t)1 << nholes;
	struct iv *v = arena_array(arena, n, sizeof(*v));
	if (!v)
		return NULL;
	u128 fill = 0;
	for (size_t i = 0; i < n; i++) {
		v[i].lo = (want & mask) | fill;
		v[i].hi = v[i].lo | low;
		fill = (fill - holes) & holes; /* next subset of the holes */
	}
	return ivset_from(arena, v, n);
}

static struct verdict_set equals(const struct view *view, const struct value *value,
	size_t at, size_t len, const uint8_t *want)
{
	enum family family = (enum family)view->packet->family;
	size_t addr_len = addr_bits(family) / 8;
	u128 mask = 0, peer_want = 0;
	bool unknown = false;

	if (at + len > VALUE_MAX)
		return says_perhaps;
	for (size_t i = 0; i < len; i++) {
		uint8_t differs = value->bits[at + i] ^ want[i];
		uint8_t peer = value->peer[at + i];
		long j = (long)(at + i) - value->peer_at;

		if (differs & value->known[at + i])
			return says_no;
		if ((value->known[at + i] | peer) != 0xff)
			unknown = true;
		if (peer && (j < 0 || (size_t)j >= addr_len)) {
			unknown = true;
		} else if (peer) {
			unsigned int shift =
				(unsigned int)(addr_len - 1 - (size_t)j) * 8;

			mask |= (u128)peer << shift;
			peer_want |= (u128)(differs & peer) << shift;
		}
	}
	if (!mask)
		return unknown ? says_perhaps : says_yes;
	const struct ivset *set = masked_set(view->arena, family, mask, peer_want);
	return set ? says_some(set, !unknown) : says_perhaps;
}

/* The peer's address, masked to a prefix or whole, and nothing else? Gives the mask. */
bool compare_is_peer(const struct view *view, const struct value *value, size_t at,
	size_t len, u128 *ret_mask)
{
	size_t addr_len = addr_bits((enum family)view->packet->family) / 8;
	u128 mask;

	if (len != addr_len || value->peer_at != (int)at || at + len > VALUE_MAX)
		return false;
	for (size_t i = at; i < at + len; i++)
		if (value->bits[i] || (value->known[i] | value->peer[i]) != 0xff)
			return false;
	mask = addr_load(value->peer + at, len);
	/* A prefix mask: ones, then zeroes. */
	u128 inverse = addr_max((enum family)view->packet->family) & ~mask;
	if (mask == 0 || (inverse & (inverse + 1)) != 0)
		return false;
	*ret_mask = mask;
	return true;
}

static struct verdict_set peer_in_range(const struct view *view, u128 mask,
	const uint8_t *lo, const uint8_t *hi, size_t len)
{
	u128 low = addr_max((enum family)view->packet->family) & ~mask;
	u128 from = addr_load(lo, len), to = addr_load(hi, len);

	/* Masked addresses are multiples: the first at or above from, the last up to
	 * to. */
	if (from & low) {
		if ((from & mask) == mask)
			return says_no;
		from = (from & mask) + low + 1;
	}
	to |= low;
	if (from > to)
		return says_no;
	return says_some(ivset_range(view->arena, from, to), true);
}

struct verdict_set compare_range(const struct view *view, const struct value *value,
	size_t at, size_t len, const uint8_t *lo, const uint8_t *hi)
{
	uint8_t least[VALUE_MAX], most[VALUE_MAX];
	u128 mask;

	if (at + len > VALUE_MAX)
		return says_perhaps;
	if (memcmp(lo, hi, len) == 0)
		return equals(view, value, at, len, lo);
	if (value->has_peer && compare_is_peer(view, value, at, len, &mask))
		return peer_in_range(view, mask, lo, hi, len);
	for (size_t i = 0; i < len; i++) {
		uint8_t open = (uint8_t)~value->known[at + i];

		least[i] = value->bits[at + i] & value->known[at + i];
		most[i] = least[i] | open;
	}
	if (memcmp(most, lo, len) < 0 || memcmp(least, hi, len) > 0)
		return says_no;
	if (memcmp(least, lo, len) >= 0 && memcmp(most, hi, len) <= 0)
		return says_yes;
	return says_perhaps;
}

struct verdict_set compare_op(
	const struct view *view, const struct op *op, const struct value *value)
{
	static const uint8_t least[VALUE_MAX];
	uint8_t most[VALUE_MAX];
	size_t len = op->value_len;

	switch (op->cmp) {
	case CMP_EQ:
	case CMP_NEQ:
		return equals(view, value, 0, len, op->lo);
	case CMP_RANGE:
	case CMP_NOT_RANGE:
		return compare_range(view, value, 0, len, op->lo, op->hi);
	case CMP_LTE:
	case CMP_GT: /* not <= */
		return compare_range(view, value, 0, len, least, op->lo);
	case CMP_GTE:
	case CMP_LT: /* not >= */
		memset(most, 0xff, sizeof(most));
		return compare_range(view, value, 0, len, op->lo, most);
	}
	return says_perhaps;
}
