/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/ipset_match.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/proto.h"

#define LIST_DEPTH_MAX 8

/* Peers in the set for certain, and perhaps (a superset). */
struct members {
	const struct ivset *sure, *perhaps;
};

static struct members nobody(void)
{
	return (struct members){&ivset_none, &ivset_none};
}

/* One part of one element against the packet: no, yes, these peers, or perhaps. */
enum part_says { PART_NO = 0, PART_YES, PART_PEERS, PART_PERHAPS };

static enum part_says address_part(const struct packet *packet, const struct ipset *set,
	const struct ipset_part *part, bool src)
{
	u128 addr = src ? packet->saddr : packet->daddr;

	if (set->family != FAMILY_NONE && set->family != (enum family)packet->family)
		return PART_NO;
	if (src ? packet->saddr_peer : packet->daddr_peer)
		return PART_PEERS;
	return addr >= part->lo && addr <= part->hi ? PART_YES : PART_NO;
}

static enum part_says port_part(
	const struct packet *packet, const struct ipset_part *part, bool src)
{
	uint16_t port = src ? packet->sport : packet->dport;

	if (part->proto && part->proto != packet->proto)
		return PART_NO;
	if (!proto_has_ports(packet->proto) || packet->proto == IPPROTO_DCCP)
		return PART_PERHAPS; /* get_port() of ip_set_getport.c */
	if (src ? packet->sport_unknown : packet->dport_unknown)
		return PART_PERHAPS;
	return port >= part->lo && port <= part->hi ? PART_YES : PART_NO;
}

static enum part_says part_says(const struct view *view, const struct ipset *set,
	const struct ipset_element *element, size_t dim, bool src)
{
	const struct packet *packet = view->packet;
	const struct ipset_part *part = &element->part[dim];
	int ifindex = src ? packet->iif : packet->oif;

	switch (set->dim[dim]) {
	case IPSET_DIM_ADDR:
		return address_part(packet, set, part, src);
	case IPSET_DIM_PORT:
		return port_part(packet, part, src);
	case IPSET_DIM_IFACE:
		if (!part->iface)
			return PART_PERHAPS;
		return strcmp(part->iface, space_ifname(view->space, ifindex)) == 0
			       ? PART_YES
			       : PART_NO;
	case IPSET_DIM_MARK:
		if (set->has_mark_mask || packet->mark.unknown)
			return PART_PERHAPS;
		return packet->mark.value == part->lo ? PART_YES : PART_NO;
	case IPSET_DIM_MAC:
	case IPSET_DIM_NONE:
		break;
	}
	return PART_PERHAPS;
}

/* The peers that an element is for. */
static struct members element_members(const struct view *view,
	const struct ipset_match *match, const struct ipset *set,
	const struct ipset_element *element, const struct ivset *peers)
{
	struct members m = {peers, peers};

	for (size_t dim = 0; dim < set->ndims && dim < 3; dim++) {
		const struct ipset_part *part = &element->part[dim];
		bool src = dim < match->ndims && match->src[dim];
		const struct ivset *range;

		if (dim >= match->ndims) { /* too few directions: the kernel says no */
			return nobody();
		}
		switch (part_says(view, set, element, dim, src)) {
		case PART_NO:
			return nobody();
		case PART_YES:
			break;
		case PART_PEERS:
			range = ivset_range(view->arena, part->lo, part->hi);
			m.sure = ivset_intersect(view->arena, m.sure, range);
			m.perhaps = ivset_intersect(view->arena, m.perhaps, range);
			break;
		case PART_PERHAPS:
			m.sure = &ivset_none;
			break;
		}
	}
	return m;
}

/* How much an element leaves open: smaller is more specific. */
static int by_width_descending(const void *a, const void *b)
{
	const struct ipset_element *const *x = a, *const *y = b;
	u128 wx = (*x)->part[0].hi - (*x)->part[0].lo;
	u128 wy = (*y)->part[0].hi - (*y)->part[0].lo;

	if (wx != wy)
		return wx < wy ? 1 : -1;
	wx = (*x)->part[1].hi - (*x)->part[1].lo;
	wy = (*y)->part[1].hi - (*y)->part[1].lo;
	return wx < wy ? 1 : wx > wy ? -1 : 0;
}

static bool has_exceptions(const struct ipset *set)
{
	for (size_t i = 0; i < set->nelements; i++)
		if (set->elements[i].nomatch)
			return true;
	return false;
}

/* hash:net,iface: the first network with that address ends the search, whatever its
 * interface is (mtype_test_cidrs() and its "multi"). */
static bool shadows(const struct ipset *set)
{
	return set->ndims == 2 && set->dim[0] == IPSET_DIM_ADDR &&
	       set->dim[1] == IPSET_DIM_IFACE;
}

/* Without those whose network is that of an element from @first up to @end. */
static void shadow(const struct view *view, const struct ipset_match *match,
	const struct ipset *set, const struct ipset_element *const *order, size_t first,
	size_t end, struct members *all)
{
	for (size_t i = first; i < end; i++) {
		const struct ipset_part *part = &order[i]->part[0];
		const struct ivset *range;

		switch (part_says(view, set, order[i], 0, match->src[0])) {
		case PART_YES:
			*all = nobody();
			break;
		case PART_PEERS:
			range = ivset_range(view->arena, part->lo, part->hi);
			all->sure = ivset_subtract(view->arena, all->sure, range);
			all->perhaps = ivset_subtract(view->arena, all->perhaps, range);
			break;
		case PART_NO:
		case PART_PERHAPS:
			break;
		}
	}
}

/* Where the elements end that are as wide as the one at @first. */
static size_t same_width_end(
	const struct ipset_element *const *order, size_t n, size_t first)
{
	size_t end = first + 1;

	while (end < n && by_width_descending(&order[first], &order[end]) == 0)
		end++;
	return end;
}

/* Widest first, so that what is more specific has the last word. */
static struct members members_by_width(const struct view *view,
	const struct ipset_match *match, const struct ipset *set,
	const struct ivset *peers)
{
	struct arena *arena = view->arena;
	const struct ipset_element **order =
		arena_array(arena, set->nelements + 1, sizeof(*order));
	struct members all = nobody();

	if (!order)
		return (struct members){&ivset_none, peers};
	for (size_t i = 0; i < set->nelements; i++)
		order[i] = &set->elements[i];
	qsort(order, set->nelements, sizeof(*order), by_width_descending);
	for (size_t i = 0, end = 0; i < set->nelements; i++) {
		if (i == end) {
			end = same_width_end(order, set->nelements, i);
			if (shadows(set))
				shadow(view, match, set, order, i, end, &all);
		}
		struct members m = element_members(view, match, set, order[i], peers);

		if (order[i]->nomatch) {
			all.sure = ivset_subtract(arena, all.sure, m.perhaps);
			all.perhaps = ivset_subtract(arena, all.perhaps, m.sure);
		} else {
			all.sure = ivset_union(arena, all.sure, m.sure);
			all.perhaps = ivset_union(arena, all.perhaps, m.perhaps);
		}
	}
	return all;
}

static struct members members_plain(const struct view *view,
	const struct ipset_match *match, const struct ipset *set,
	const struct ivset *peers)
{
	struct arena *arena = view->arena;
	struct members all = nobody();
	struct iv *v = arena_array(arena, set->nelements + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return (struct members){&ivset_none, peers};
	for (size_t i = 0; i < set->nelements; i++) {
		const struct ipset_element *e = &set->elements[i];

		if (set->ndims == 1 && set->dim[0] == IPSET_DIM_ADDR &&
			part_says(view, set, e, 0, match->src[0]) == PART_PEERS) {
			v[n++] = (struct iv){e->part[0].lo, e->part[0].hi};
			continue;
		}
		struct members m = element_members(view, match, set, e, peers);
		if (!ivset_is_empty(m.perhaps)) {
			all.sure = ivset_union(arena, all.sure, m.sure);
			all.perhaps = ivset_union(arena, all.perhaps, m.perhaps);
		}
	}
	const struct ivset *plain =
		ivset_intersect(arena, ivset_from(arena, v, n), peers);
	all.sure = ivset_union(arena, all.sure, plain);
	all.perhaps = ivset_union(arena, all.perhaps, plain);
	return all;
}

static const struct ipset *find_set(const struct netns *netns, const char *name)
{
	for (size_t i = 0; name && i < netns->nipsets; i++)
		if (strcmp(netns->ipsets[i].name, name) == 0)
			return &netns->ipsets[i];
	return NULL;
}

static struct members set_members(const struct view *view,
	const struct ipset_match *match, const struct ipset *set,
	const struct ivset *peers, unsigned int depth)
{
	struct members all = nobody();

	if (!set || set->kind == IPSET_OTHER || depth > LIST_DEPTH_MAX || match->maybe)
		return (struct members){&ivset_none, peers};
	if (set->kind != IPSET_LIST)
		return has_exceptions(set) || shadows(set)
			       ? members_by_width(view, match, set, peers)
			       : members_plain(view, match, set, peers);
	for (size_t i = 0; i < set->nelements; i++) {
		struct members m = set_members(view, match,
			find_set(view->space->netns, set->elements[i].member), peers,
			depth + 1);

		all.sure = ivset_union(view->arena, all.sure, m.sure);
		all.perhaps = ivset_union(view->arena, all.perhaps, m.perhaps);
	}
	return all;
}

void ipset_match_peers(const struct view *view, const struct ipset_match *match,
	bool invert, const struct ivset *peers, const struct ivset **ret_yes,
	const struct ivset **ret_no, const char **ret_code)
{
	struct members m = set_members(view, match, match->ipset, peers, 0);

	/* Who is not in it now may be when it counts. */
	if (match->grows)
		m.perhaps = peers;
	if (match->shrinks)
		m.sure = &ivset_none;
	const struct ivset *no = ivset_subtract(view->arena, peers, m.sure);

	*ret_yes = invert ? no : m.perhaps;
	*ret_no = invert ? m.perhaps : no;
	*ret_code = !ivset_intersects(m.perhaps, no) ? NULL
		    : match->grows || match->shrinks ? "ipset-dynamic"
						     : "ipset-undecidable";
}
