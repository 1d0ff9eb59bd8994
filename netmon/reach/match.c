/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/match.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/compare.h"
#include "netmon/reach/ipset_match.h"
#include "netmon/reach/routing.h"
#include "netmon/reach/value_make.h"

/*
 * Theory of operation. An operand has one value, or several for different peers (a map
 * looked up by address, a route's interface): match_operand() lists the cases. Each
 * case is compared; bits that are the peer's turn the comparison into a set of
 * addresses, bits that are unknown put the peers on both sides.
 */

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
	struct route_type types[ROUTE_TYPES_MAX];
	size_t ntypes = routing_fib_types(view, operand->fib_flags, peers, types),
	       n = 0;
	struct value value;

	*ret_cases = arena_array(view->arena, ntypes + 1, sizeof(**ret_cases));
	if (!*ret_cases)
		return 0;
	for (size_t i = 0; i < ntypes; i++) {
		value = (struct value){.len = 4};
		value_put_u32(&value, types[i].type);
		add_case(*ret_cases, &n, types[i].peers, operand, &value,
			types[i].certain);
		peers = ivset_subtract(view->arena, peers, types[i].peers);
	}
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
	uint32_t flags = operand->fib_flags;
	int dev = flags & NFTA_FIB_F_IIF   ? view->packet->iif
		  : flags & NFTA_FIB_F_OIF ? view->packet->oif
					   : 0;
	struct packet asked = routing_fib_packet(view, flags);
	struct route_choices *choices = arena_alloc_raw(view->arena, sizeof(*choices));
	struct value value;
	size_t n = 0;

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
	if (operand->field == FIELD_MAP)
		return map_cases(view, operand, peers, ret_cases);
	if (operand->field == FIELD_FIB_TYPE)
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

/* What is read from IP's header, or from behind it. */
static bool is_of_ip(const struct operand *operand)
{
	switch ((int)operand->field) {
	case FIELD_PAYLOAD:
		return operand->base != BASE_LINK;
	case FIELD_L4PROTO:
	case FIELD_TCP_FLAGS:
	case FIELD_EXTHDR:
	case FIELD_SADDR:
	case FIELD_DADDR:
	case FIELD_SPORT:
	case FIELD_DPORT:
	case FIELD_FIB_TYPE:
	case FIELD_FIB_OIF:
	case FIELD_FIB_OIFNAME:
		return true;
	default:
		return false;
	}
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
	if (value_hides_ip(view) && is_of_ip(operand))
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
		return !operand->exthdr_present && !packet->strange &&
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

/* Join what one case says into the split. */
static void split_case(const struct view *view, const struct value_case *c,
	const struct verdict_set *says, bool invert, struct split *split)
{
	struct arena *arena = view->arena;
	const struct ivset *yes =
		says->is == IS_NO    ? &ivset_none
		: says->is == IS_YES ? c->peers
				     : ivset_intersect(arena, c->peers, says->some);
	const struct ivset *no = says->is == IS_NO    ? c->peers
				 : !says->certain     ? c->peers
				 : says->is == IS_YES ? &ivset_none
				 : ivset_is_empty(yes)
					 ? c->peers
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
		struct verdict_set says = compare_op(view, op, &cases[i].value);
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
	} else if (value.has_peer &&
		   compare_is_peer(view, &value, 0, value.len, &mask) &&
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
