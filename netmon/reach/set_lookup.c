/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which element of a set or map a key is: for all peers, or for each part of them. */
#include <string.h>

#include "netmon/reach/compare.h"
#include "netmon/reach/match.h"

struct set_cache {
	const struct ivset *sure, *maybe; /* of a set of plain addresses */
};

static void element_field(
	const struct set *set, size_t i, size_t *offset, size_t *ret_len)
{
	*ret_len = set->nfields > 1 ? set->field_len[i] : set->key_len;
	if (i > 0)
		*offset += (set->field_len[i - 1] + 3u) & ~3u;
}

/* Whether the key is this element, field by field. */
static struct verdict_set key_is_element(const struct view *view, const struct set *set,
	const struct value *key, const struct set_element *element)
{
	size_t nfields = set->nfields > 1 ? set->nfields : 1, offset = 0, len;
	struct verdict_set all = says_yes;

	for (size_t i = 0; i < nfields; i++) {
		element_field(set, i, &offset, &len);
		if (offset + len > set->key_len)
			return says_perhaps;
		struct verdict_set one = compare_range(view, key, offset, len,
			element->key + offset, element->key_end + offset);

		if (one.is == IS_NO)
			return says_no;
		if (!one.certain)
			all.certain = false;
		if (one.is == IS_SOME) {
			all.some = all.is == IS_SOME ? ivset_intersect(view->arena,
							       all.some, one.some)
						     : one.some;
			all.is = IS_SOME;
		}
	}
	return all;
}

static const struct set_element *search_sorted(const struct set *set,
	const uint8_t *key, const struct set_element **ret_catchall)
{
	size_t lo = 0, hi = set->nelements;

	*ret_catchall = NULL;
	/* A catch-all element has no key: it sorts last. */
	if (hi && set->elements[hi - 1].catchall)
		*ret_catchall = &set->elements[--hi];
	while (lo < hi) { /* the last element with key <= the key */
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(set->elements[mid].key, key, set->key_len) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	const struct set_element *element = &set->elements[lo - 1];
	return memcmp(element->key_end, key, set->key_len) >= 0 ? element : NULL;
}

const struct set_element *match_search(const struct set *set, const uint8_t *key)
{
	const struct set_element *catchall;
	const struct set_element *element = search_sorted(set, key, &catchall);

	return element ? element : catchall;
}

static const struct set_element *search_linear(const struct view *view,
	const struct set *set, const struct value *key,
	const struct set_element **ret_catchall)
{
	*ret_catchall = NULL;
	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *element = &set->elements[i];

		if (element->catchall)
			*ret_catchall = element;
		else if (key_is_element(view, set, key, element).is == IS_YES)
			return element;
	}
	return NULL;
}

static void add_found(struct found *found, size_t *n, const struct ivset *peers,
	const struct set_element *element, bool certain)
{
	if (!ivset_is_empty(peers))
		found[(*n)++] = (struct found){
			.peers = peers, .element = element, .certain = certain};
}

/* An element's limit, quota and the like: nft_set_elem_update_expr() breaks the rule.
 */
static void add_refused(struct found *found, size_t *n, const struct ivset *peers)
{
	if (!ivset_is_empty(peers))
		found[(*n)++] = (struct found){.peers = peers, .refused = true};
}

/* Packets add elements to a dynamic set: who is not in it now may be when it counts. */
static void add_unknown(struct found *found, size_t *n, const struct ivset *peers)
{
	if (!ivset_is_empty(peers))
		found[(*n)++] = (struct found){.peers = peers, .unknown = true};
}

static size_t lookup_known(const struct view *view, const struct set *set,
	const struct value *key, const struct ivset *peers, struct found *found)
{
	const struct set_element *catchall, *element;
	bool ranges = set->nfields > 1 && set->interval;
	size_t n = 0;

	element = ranges ? search_linear(view, set, key, &catchall)
			 : search_sorted(set, key->bits, &catchall);
	if (!element)
		element = catchall;
	bool certain = element ? !element->maybe : !set->dynamic;
	add_found(found, &n, peers, element, certain);
	if (!certain && element)
		add_refused(found, &n, peers);
	if (!certain && !element)
		add_unknown(found, &n, peers);
	return n;
}

/* Elements that lead to the same place can share an entry. */
static bool same_outcome(
	const struct set *set, const struct set_element *a, const struct set_element *b)
{
	if (set->vmap)
		return a->verdict.kind == b->verdict.kind &&
		       a->verdict.chain == b->verdict.chain;
	if (set->map)
		return a->data && b->data &&
		       memcmp(a->data, b->data, set->data_len) == 0;
	return true;
}

static void merge_found(const struct view *view, const struct set *set,
	struct found *found, size_t *n, const struct found *one)
{
	for (size_t i = *n; i > 0 && *n - i < 8; i--) {
		struct found *f = &found[i - 1];

		if (f->certain == one->certain &&
			same_outcome(set, f->element, one->element)) {
			f->peers = ivset_union(view->arena, f->peers, one->peers);
			return;
		}
	}
	found[(*n)++] = *one;
}

static size_t lookup_some(const struct view *view, const struct set *set,
	const struct value *key, const struct ivset *peers, struct found *found)
{
	const struct ivset *rest = peers; /* for whom no element is certain yet */
	const struct ivset *refused = &ivset_none; /* perhaps, by an element's limit */
	const struct set_element *catchall = NULL;
	bool certain = true;
	size_t n = 0;

	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *element = &set->elements[i];
		struct verdict_set is;
		const struct ivset *mine;

		if (element->catchall) {
			catchall = element;
			continue;
		}
		is = key_is_element(view, set, key, element);
		if (is.is == IS_NO)
			continue;
		mine = is.is == IS_SOME ? ivset_intersect(view->arena, peers, is.some)
					: peers;
		if (ivset_is_empty(mine))
			continue;
		if (is.certain)
			rest = ivset_subtract(view->arena, rest, mine);
		if (element->maybe)
			refused = ivset_union(view->arena, refused, mine);
		certain &= is.certain;
		merge_found(view, set, found, &n,
			&(struct found){.peers = mine,
				.element = element,
				.certain = is.certain && !element->maybe});
	}
	add_found(found, &n, rest, catchall,
		certain && !(catchall ? catchall->maybe : set->dynamic));
	if (catchall && catchall->maybe)
		refused = ivset_union(view->arena, refused, rest);
	/* Who finds an element that refuses finds no other one. */
	add_refused(found, &n, refused);
	if (set->dynamic && !catchall)
		add_unknown(found, &n, rest);
	return n;
}

/* Sets of addresses alone, asked for the peer's: computed once. */
static const struct set_cache *address_cache(
	const struct view *view, const struct set *set)
{
	struct space *space = view->space;
	/* Its place in the ruleset; its id is that of a transaction, if it has one. */
	size_t at = (size_t)(set - space->rules->sets);

	if (!space->sets || at >= space->rules->nsets)
		return NULL;
	if (space->sets[at])
		return space->sets[at];
	struct set_cache *cache = arena_alloc(&space->arena, sizeof(*cache));
	struct iv *sure = arena_array(&space->arena, set->nelements + 1, sizeof(*sure));
	struct iv *maybe =
		arena_array(&space->arena, set->nelements + 1, sizeof(*maybe));
	size_t nsure = 0, nmaybe = 0;
	bool all = false; /* a catch-all element that never refuses */

	if (!cache || !sure || !maybe)
		return NULL;
	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *e = &set->elements[i];
		struct iv iv = {0, addr_max((enum family)view->packet->family)};

		if (!e->catchall)
			iv = (struct iv){addr_load(e->key, set->key_len),
				addr_load(e->key_end, set->key_len)};
		if (e->catchall && !e->maybe)
			all = true;
		else if (e->maybe)
			maybe[nmaybe++] = iv;
		else
			sure[nsure++] = iv;
	}
	cache->sure = ivset_from(&space->arena, sure, nsure);
	cache->maybe = ivset_from(&space->arena, maybe, nmaybe);
	if (all) /* for those who find no other element */
		cache->sure = ivset_subtract(&space->arena,
			ivset_all(&space->arena, (enum family)view->packet->family),
			cache->maybe);
	if (arena_failed(&space->arena))
		return NULL;
	space->sets[at] = cache;
	return cache;
}

static bool key_is_whole_peer(
	const struct view *view, const struct set *set, const struct value *key)
{
	u128 mask;

	return set->nfields <= 1 && !set->map && !set->vmap &&
	       compare_is_peer(view, key, 0, set->key_len, &mask) &&
	       mask == addr_max((enum family)view->packet->family);
}

static size_t lookup_peers(const struct view *view, const struct set *set,
	const struct set_cache *cache, const struct ivset *peers, struct found *found)
{
	static const struct set_element any_element;
	struct arena *arena = view->arena;
	const struct ivset *limited;
	size_t n = 0;

	add_found(found, &n, ivset_intersect(arena, peers, cache->sure), &any_element,
		true);
	peers = ivset_subtract(arena, peers, cache->sure);
	limited = ivset_intersect(arena, peers, cache->maybe);
	add_found(found, &n, limited, &any_element, false);
	add_refused(found, &n, limited);
	peers = ivset_subtract(arena, peers, limited);
	add_found(found, &n, peers, NULL, !set->dynamic);
	if (set->dynamic)
		add_unknown(found, &n, peers);
	return n;
}

static size_t lookup(const struct view *view, const struct set *set,
	const struct value *key, bool known, const struct ivset *peers,
	struct found *found)
{
	const struct set_cache *cache;

	if (set->unreadable) {
		found[0] = (struct found){.peers = peers, .unknown = true};
		found[1] = (struct found){.peers = peers};
		return 2;
	}
	if (known)
		return lookup_known(view, set, key, peers, found);
	if (key_is_whole_peer(view, set, key)) {
		cache = address_cache(view, set);
		if (cache)
			return lookup_peers(view, set, cache, peers, found);
	}
	return lookup_some(view, set, key, peers, found);
}

/* A sender has his own element deleted by a packet that he sends before. */
static void add_deleted(struct found *found, size_t *n, const struct ivset *peers)
{
	for (size_t i = 0; i < *n; i++)
		found[i].certain = false;
	found[(*n)++] = (struct found){.peers = peers};
}

size_t match_lookup(const struct view *view, const struct set *set,
	const struct value *key, const struct ivset *peers, struct found **ret_found)
{
	bool known = value_is_known(key) && key->len >= set->key_len;
	size_t n, room = known || set->unreadable ? 2 : set->nelements + 4;
	struct found *found =
		arena_array(view->arena, room + set->shrinks, sizeof(*found));

	*ret_found = found;
	if (!found)
		return 0;
	n = lookup(view, set, key, known, peers, found);
	if (set->shrinks)
		add_deleted(found, &n, peers);
	return n;
}
