/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/match.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/ipset_match.h"
#include "netmon/reach/routing.h"

/*
 * Theory of operation. An operand has one value, or several for different peers (a map
 * looked up by address, a route's interface): match_operand() lists the cases. Each
 * case is compared; bits that are the peer's turn the comparison into a set of
 * addresses, bits that are unknown put the peers on both sides.
 */

/* What a comparison says: the peers for which it holds, and whether that is certain. */
struct verdict_set {
	enum { IS_NO = 0, IS_YES, IS_SOME } is;
	const struct ivset *some; /* IS_SOME */
	bool certain;
};

static const struct verdict_set says_no = {.is = IS_NO, .certain = true};
static const struct verdict_set says_yes = {.is = IS_YES, .certain = true};
static const struct verdict_set says_perhaps = {.is = IS_YES, .certain = false};

static struct verdict_set says_some(const struct ivset *set, bool certain)
{
	if (ivset_is_empty(set))
		return says_no;
	return (struct verdict_set){.is = IS_SOME, .some = set, .certain = certain};
}

/* ---------------------------------------------------------------- equal */

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

/* ---------------------------------------------------------------- ranges */

/* The peer's address, masked to a prefix or whole, and nothing else? Gives the mask. */
static bool is_plain_peer(const struct view *view, const struct value *value, size_t at,
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

static struct verdict_set in_range(const struct view *view, const struct value *value,
	size_t at, size_t len, const uint8_t *lo, const uint8_t *hi)
{
	uint8_t least[VALUE_MAX], most[VALUE_MAX];
	u128 mask;

	if (at + len > VALUE_MAX)
		return says_perhaps;
	if (memcmp(lo, hi, len) == 0)
		return equals(view, value, at, len, lo);
	if (value->has_peer && is_plain_peer(view, value, at, len, &mask))
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

/* ---------------------------------------------------------------- sets */

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
		struct verdict_set one = in_range(view, key, offset, len,
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
	       is_plain_peer(view, key, 0, set->key_len, &mask) &&
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

size_t match_lookup(const struct view *view, const struct set *set,
	const struct value *key, const struct ivset *peers, struct found **ret_found)
{
	bool known = value_is_known(key) && key->len >= set->key_len;
	const struct set_cache *cache;
	struct found *found;

	*ret_found = found = arena_array(view->arena,
		known || set->unreadable ? 2 : set->nelements + 4, sizeof(*found));
	if (!found)
		return 0;
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

/* ---------------------------------------------------------------- operands */

static void add_case(struct value_case *cases, size_t *n, const struct ivset *peers,
	const struct operand *operand, const struct value *value, bool certain)
{
	struct value_case *c = &cases[*n];

	if (ivset_is_empty(peers))
		return;
	c->peers = peers;
	c->value = *value;
	c->certain = certain;
	value_steps(operand, &c->value);
	(*n)++;
}

static size_t map_cases(const struct view *view, const struct operand *operand,
	const struct ivset *peers, struct value_case **ret_cases)
{
	struct operand joined = {.field = FIELD_CONCAT,
		.key = operand->key,
		.nkey = operand->nkey,
		.load_len = operand->set->key_len,
		.len = operand->set->key_len};
	struct value key, value;
	struct found *found;
	size_t n, ncases = 0;

	if (operand->nkey == 1)
		value_load(view, operand->key[0], &key);
	else
		value_load(view, &joined, &key);
	n = match_lookup(view, operand->set, &key, peers, &found);
	*ret_cases = arena_array(view->arena, n + 1, sizeof(**ret_cases));
	if (!*ret_cases)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const struct found *f = &found[i];

		value_unknown(&value, operand->load_len, "map-unreadable");
		if (f->element && f->element->data) {
			value.code = NULL;
			memcpy(value.bits, f->element->data, operand->set->data_len);
			memset(value.known, 0xff, operand->set->data_len);
		}
		add_case(*ret_cases, &ncases, f->peers, operand, &value, f->certain);
		if (!f->element && !f->unknown && ncases)
			(*ret_cases)[ncases - 1].missing = true;
	}
	return ncases;
}

static size_t fib_type_cases(const struct view *view, const struct operand *operand,
	const struct ivset *peers, struct value_case **ret_cases)
{
	static const uint32_t types[] = {RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST,
		RTN_ANYCAST, RTN_MULTICAST, RTN_BLACKHOLE, RTN_UNREACHABLE,
		RTN_PROHIBIT};
	size_t n = 0;

	*ret_cases =
		arena_array(view->arena, ARRAY_LEN(types) + 1, sizeof(**ret_cases));
	if (!*ret_cases)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const struct ivset *of_type =
			routing_fib_peers(view, operand->fib_flags, types[i]);
		struct value value = {.len = 4};

		memcpy(value.bits, &types[i], 4);
		memset(value.known, 0xff, 4);
		add_case(*ret_cases, &n, ivset_intersect(view->arena, peers, of_type),
			operand, &value, true);
		peers = ivset_subtract(view->arena, peers, of_type);
	}
	struct value value;
	value_unknown(&value, 4, "fib-type");
	add_case(*ret_cases, &n, peers, operand, &value, true);
	return n;
}

/* nft_fib4_eval(), nft_fib6_eval(): the interface a route to that address leaves by. */
static void fib_oif_value(const struct view *view, const struct operand *operand,
	int ifindex, struct value *value)
{
	char name[16] = {0};

	memset(value, 0, sizeof(*value));
	value->len = operand->load_len;
	memset(value->known, 0xff, value->len);
	if (operand->fib_flags & NFTA_FIB_F_PRESENT) {
		value->bits[0] = ifindex != 0;
	} else if (operand->field == FIELD_FIB_OIF) {
		memcpy(value->bits, &ifindex, 4);
	} else if (ifindex) {
		strncpy(name, space_ifname(view->space, ifindex), sizeof(name) - 1);
		memcpy(value->bits, name, sizeof(name));
	}
}

static size_t fib_oif_cases(const struct view *view, const struct operand *operand,
	const struct ivset *peers, struct value_case **ret_cases)
{
	const struct packet *packet = view->packet;
	uint32_t flags = operand->fib_flags;
	bool source = flags & NFTA_FIB_F_SADDR;
	int dev = flags & NFTA_FIB_F_IIF   ? packet->iif
		  : flags & NFTA_FIB_F_OIF ? packet->oif
					   : 0;
	struct packet asked = {.family = packet->family,
		.proto = packet->proto,
		.daddr = source ? packet->saddr : packet->daddr,
		.daddr_peer = source ? packet->saddr_peer : packet->daddr_peer,
		.saddr = source ? packet->daddr : packet->saddr,
		.saddr_peer = source ? packet->daddr_peer : packet->saddr_peer,
		.scope_if = dev ? dev : packet->iif}; /* for link-local addresses */
	struct route_choices *choices = arena_alloc_raw(view->arena, sizeof(*choices));
	struct value value;
	size_t n = 0;

	if (flags & NFTA_FIB_F_MARK)
		asked.mark = packet->mark;
	if (!choices)
		return 0;
	routing_output(view->space, view->arena, &asked, peers, choices);
	*ret_cases = arena_array(view->arena, choices->n + 1, sizeof(**ret_cases));
	if (!*ret_cases)
		return 0;
	for (size_t i = 0; i < choices->n; i++) {
		const struct route_choice *c = &choices->choice[i];
		bool found = c->kind == ROUTE_UNICAST && (dev == 0 || c->oif == dev);

		fib_oif_value(view, operand, found ? c->oif : 0, &value);
		add_case(*ret_cases, &n, c->peers, operand, &value, !c->doubtful);
	}
	if (choices->overflow) {
		value_unknown(&value, operand->load_len, "routes-too-many");
		add_case(*ret_cases, &n, peers, operand, &value, false);
	}
	return n;
}

size_t match_operand(const struct view *view, const struct operand *operand,
	const struct ivset *peers, struct value_case **ret_cases)
{
	bool source = operand->fib_flags & NFTA_FIB_F_SADDR;
	bool of_peer = source ? view->packet->saddr_peer : view->packet->daddr_peer;

	if (operand->field == FIELD_MAP)
		return map_cases(view, operand, peers, ret_cases);
	if (operand->field == FIELD_FIB_TYPE && of_peer)
		return fib_type_cases(view, operand, peers, ret_cases);
	if (operand->field == FIELD_FIB_OIF || operand->field == FIELD_FIB_OIFNAME)
		return fib_oif_cases(view, operand, peers, ret_cases);
	*ret_cases = arena_alloc(view->arena, sizeof(**ret_cases));
	if (!*ret_cases)
		return 0;
	(*ret_cases)->peers = peers;
	(*ret_cases)->certain = true;
	value_load(view, operand, &(*ret_cases)->value);
	return 1;
}

/* Loading such a field ends the rule (NFT_BREAK) for this packet. */
bool match_breaks(const struct view *view, const struct operand *operand)
{
	const struct packet *packet = view->packet;
	bool entry = packet->ct == CT_NEW || packet->ct == CT_ESTABLISHED ||
		     packet->ct == CT_RELATED;
	enum field field = operand->field;

	for (size_t i = 0; i < operand->nkey; i++)
		if (match_breaks(view, operand->key[i]))
			return true;
	if (field >= FIELD_CT_STATUS && field <= FIELD_CT_LABEL && !entry)
		return true;
	if (field == FIELD_CT_ORIG_SADDR || field == FIELD_CT_ORIG_DADDR ||
		field == FIELD_CT_REPLY_SADDR || field == FIELD_CT_REPLY_DADDR)
		return operand->load_len != addr_bits((enum family)packet->family) / 8;
	if (field == FIELD_IIFTYPE || field == FIELD_IIFGROUP)
		return packet->iif == 0;
	if (field == FIELD_OIFTYPE || field == FIELD_OIFGROUP)
		return packet->oif == 0;
	/* nft_meta_get_eval_kind(): a device of no kind ends the rule like none. */
	if (field == FIELD_IIFKIND || field == FIELD_OIFKIND) {
		const struct link *link = netns_link(view->space->netns,
			field == FIELD_IIFKIND ? packet->iif : packet->oif);

		return !link || !link->kind;
	}
	if (field == FIELD_BRI_IIFNAME || field == FIELD_BRI_OIFNAME)
		return (field == FIELD_BRI_IIFNAME ? packet->port_in
						   : packet->port_out) == 0;
	if (field == FIELD_EXTHDR)
		return !operand->exthdr_present &&
		       operand->exthdr_op != 1; /* TCP options */
	return false;
}

/* ---------------------------------------------------------------- ops */

static void split_as(
	struct split *split, const struct ivset *yes, const struct ivset *no)
{
	*split = (struct split){.yes = yes, .no = no};
}

static bool is_inverse(enum cmp cmp)
{
	return cmp == CMP_NEQ || cmp == CMP_NOT_RANGE || cmp == CMP_LT || cmp == CMP_GT;
}

static struct verdict_set compare(
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
		return in_range(view, value, 0, len, op->lo, op->hi);
	case CMP_LTE:
	case CMP_GT: /* not <= */
		return in_range(view, value, 0, len, least, op->lo);
	case CMP_GTE:
	case CMP_LT: /* not >= */
		memset(most, 0xff, sizeof(most));
		return in_range(view, value, 0, len, op->lo, most);
	}
	return says_perhaps;
}

/* Join what one case says into the split. */
static void split_case(const struct view *view, const struct value_case *c,
	const struct verdict_set *says, bool invert, struct split *split)
{
	struct arena *arena = view->arena;
	const struct ivset *yes =
		says->is == IS_NO    ? &ivset_none
		: says->is == IS_YES ? c->peers
				     : ivset_intersect(arena, c->peers, says->some);
	const struct ivset *no = says->is == IS_NO ? c->peers
				 : !says->certain  ? c->peers
				 : says->is == IS_YES
					 ? &ivset_none
					 : ivset_subtract(arena, c->peers, says->some);

	if (!says->certain)
		split->code = c->value.code ? c->value.code : "undecidable";
	split->yes = ivset_union(arena, split->yes, invert ? no : yes);
	split->no = ivset_union(arena, split->no, invert ? yes : no);
}

static void match_compare(const struct view *view, const struct op *op,
	const struct ivset *peers, struct split *split)
{
	bool invert = is_inverse(op->cmp);
	struct value_case one, *cases = &one;
	size_t n = 1;

	if (match_breaks(view, op->operand)) {
		split_as(split, &ivset_none, peers);
		return;
	}
	if (op->operand->field != FIELD_MAP && op->operand->field != FIELD_FIB_TYPE &&
		op->operand->field != FIELD_FIB_OIF &&
		op->operand->field != FIELD_FIB_OIFNAME) {
		/* The common case, without a list. */
		one.peers = peers;
		one.certain = true;
		one.missing = false;
		value_load(view, op->operand, &one.value);
	} else {
		n = match_operand(view, op->operand, peers, &cases);
	}
	split_as(split, &ivset_none, &ivset_none);
	for (size_t i = 0; i < n; i++) {
		if (cases[i].missing) {
			split->no = ivset_union(view->arena, split->no, cases[i].peers);
			continue;
		}
		struct verdict_set says = compare(view, op, &cases[i].value);
		if (!cases[i].certain)
			split->code = "operand-undecidable";
		split_case(view, &cases[i], &says, invert, split);
	}
}

static void match_set(const struct view *view, const struct op *op,
	const struct ivset *peers, struct split *split)
{
	struct value_case *cases;
	struct arena *arena = view->arena;
	size_t n;

	if (match_breaks(view, op->operand)) {
		split_as(split, &ivset_none, peers);
		return;
	}
	split_as(split, &ivset_none, &ivset_none);
	n = match_operand(view, op->operand, peers, &cases);
	for (size_t i = 0; i < n; i++) {
		struct found *found;
		size_t nfound = cases[i].missing
					? 0
					: match_lookup(view, op->set, &cases[i].value,
						  cases[i].peers, &found);

		if (cases[i].missing)
			split->no = ivset_union(arena, split->no, cases[i].peers);
		for (size_t k = 0; k < nfound; k++) {
			bool in = found[k].element || found[k].unknown;

			if (in != op->invert && !found[k].refused)
				split->yes =
					ivset_union(arena, split->yes, found[k].peers);
			else
				split->no =
					ivset_union(arena, split->no, found[k].peers);
			if (!found[k].certain)
				split->code = op->set->unreadable ? "set-unreadable"
					      : op->set->dynamic  ? "set-dynamic"
					      : cases[i].value.code
						      ? cases[i].value.code
						      : "set-element";
		}
	}
}

static void match_in(const struct view *view, const struct op *op,
	const struct ivset *peers, struct split *split)
{
	struct value value;
	u128 mask;
	const struct ivset *yes;

	if (match_breaks(view, op->operand)) {
		split_as(split, &ivset_none, peers);
		return;
	}
	value_load(view, op->operand, &value);
	if (value_is_known(&value)) {
		bool in = ivset_contains(op->numbers, addr_load(value.bits, value.len));

		split_as(split, in != op->invert ? peers : &ivset_none,
			in != op->invert ? &ivset_none : peers);
	} else if (value.has_peer && is_plain_peer(view, &value, 0, value.len, &mask) &&
		   mask == addr_max((enum family)view->packet->family)) {
		yes = ivset_intersect(view->arena, peers, op->numbers);
		const struct ivset *no =
			ivset_subtract(view->arena, peers, op->numbers);

		split_as(split, op->invert ? no : yes, op->invert ? yes : no);
	} else {
		split_as(split, peers, peers);
		split->code = value.code ? value.code : "undecidable";
	}
}

static void match_list(const struct view *view, const struct op_list *list,
	const struct ivset *peers, struct split *split)
{
	const struct ivset *cur = peers, *no = &ivset_none;
	struct split one = {.code = NULL};

	split->code = split->text = NULL;
	for (size_t i = 0; i < list->nops && !ivset_is_empty(cur); i++) {
		match_op(view, &list->ops[i], cur, &one);
		cur = one.yes;
		no = ivset_union(view->arena, no, one.no);
		if (one.code) {
			split->code = one.code;
			split->text = one.text;
		}
	}
	split->yes = cur;
	split->no = no;
}

/* Holds when one of the lists holds; fails for those for whom each list may fail. */
static void match_any(const struct view *view, const struct op *op,
	const struct ivset *peers, struct split *split)
{
	const struct ivset *yes = &ivset_none, *no = peers;
	struct split one;

	split_as(split, yes, no);
	for (size_t i = 0; i < op->nalternatives; i++) {
		match_list(view, &op->alternatives[i], peers, &one);
		yes = ivset_union(view->arena, yes, one.yes);
		no = ivset_intersect(view->arena, no, one.no);
		if (one.code) {
			split->code = one.code;
			split->text = one.text;
		}
	}
	split->yes = op->kind == OP_NONE ? no : yes;
	split->no = op->kind == OP_NONE ? yes : no;
}

bool match_is_pure(const struct op *op)
{
	switch (op->kind) {
	case OP_NOP:
	case OP_MATCH:
	case OP_LOOKUP:
	case OP_IN:
	case OP_IPSET:
	case OP_ANY:
	case OP_NONE:
	case OP_MAYBE:
		return true;
	case OP_UNKNOWN:
	case OP_VMAP:
	case OP_SET:
	case OP_NOTRACK:
	case OP_ZONE:
	case OP_NAT:
	case OP_TPROXY:
	case OP_REJECT:
	case OP_VERDICT:
	case OP_VERDICT_QUEUE:
	case OP_DUP:
	case OP_FWD:
	case OP_KIND_COUNT:
		break;
	}
	return false;
}

void match_op(const struct view *view, const struct op *op, const struct ivset *peers,
	struct split *ret_split)
{
	switch ((int)op->kind) {
	case OP_NOP:
		split_as(ret_split, peers, &ivset_none);
		return;
	case OP_MATCH:
		match_compare(view, op, peers, ret_split);
		return;
	case OP_LOOKUP:
		match_set(view, op, peers, ret_split);
		return;
	case OP_IN:
		match_in(view, op, peers, ret_split);
		return;
	case OP_IPSET:
		split_as(ret_split, &ivset_none, &ivset_none);
		ipset_match_peers(view, op->ipset, op->invert, peers, &ret_split->yes,
			&ret_split->no, &ret_split->code);
		return;
	case OP_ANY:
	case OP_NONE:
		match_any(view, op, peers, ret_split);
		return;
	default: /* OP_MAYBE, and anything that has no business here */
		split_as(ret_split, peers, peers);
		ret_split->code = op->code ? op->code : "undecidable";
		ret_split->text = op->text;
	}
}
