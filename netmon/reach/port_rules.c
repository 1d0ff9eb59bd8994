/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules, sets, maps, translations and policy routes do with ports. */
#include <linux/netfilter/nf_nat.h>
#include <string.h>

#include "netmon/reach/port_function.h"
#include "netmon/reach/port_signs.h"
#include "netmon/reach/value.h"

/*
 * Theory of operation. An operand's bytes hold a port whole at some places ("slots"),
 * or it is a function of one port alone (masks, shifts, one of its bytes), or something
 * else. A slot is compared with numbers, which are then where ports begin to differ. A
 * function is evaluated for every port there is (port_function.c). Anything else tells
 * every port apart.
 */

#define SLOTS_MAX   8
#define CHOICES_MAX 16 /* ports of a range that a walk follows each: effect.c */

struct slots {
	size_t at[SLOTS_MAX];
	size_t n;
	bool odd; /* a port is in there in another way */
};

static uint16_t port_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* ---------------------------------------------------------------- operands */

static bool is_port_field(const struct port_signs *signs, enum field field)
{
	switch ((int)field) {
	case FIELD_SPORT:
	case FIELD_CT_ORIG_SPORT:
	case FIELD_CT_REPLY_DPORT:
		return true;
	case FIELD_DPORT:
	case FIELD_CT_ORIG_DPORT:
	case FIELD_CT_REPLY_SPORT:
		return !signs->source;
	}
	return false;
}

static void header_slots(const struct port_signs *signs, const struct operand *o,
	size_t base, struct slots *slots)
{
	/* Source and destination port of TCP, UDP and SCTP. */
	for (size_t pos = 0; pos <= (signs->source ? 0 : 2); pos += 2) {
		size_t from = o->offset, to = from + o->load_len;

		if (from >= pos + 2 || to <= pos)
			continue;
		if (from > pos || to < pos + 2 || slots->n == SLOTS_MAX)
			slots->odd = true;
		else
			slots->at[slots->n++] = base + pos - from;
	}
}

/* Where ports are in the operand's bytes; what a map answers is no port. */
static void find_slots(const struct port_signs *signs, const struct operand *o,
	size_t base, struct slots *slots)
{
	size_t before = slots->n, at = base;

	if (o->field == FIELD_CONCAT) {
		for (size_t i = 0; i < o->nkey; i++) {
			find_slots(signs, o->key[i], at, slots);
			at += (o->key[i]->len + 3u) & ~3u;
		}
	} else if (o->field == FIELD_PAYLOAD && o->base == BASE_TRANSPORT) {
		header_slots(signs, o, base, slots);
	} else if (is_port_field(signs, o->field)) {
		if (o->load_len < 2 || slots->n == SLOTS_MAX)
			slots->odd = true;
		else
			slots->at[slots->n++] = base;
	}
	if (o->nsteps && slots->n > before)
		slots->odd = true;
}

static bool touches(const struct port_signs *signs, const struct operand *o)
{
	struct slots slots = {.n = 0};

	if (!o)
		return false;
	find_slots(signs, o, 0, &slots);
	return slots.n > 0 || slots.odd;
}

/* The operand itself, or what a map in it is asked by. */
static bool comes_from(const struct port_signs *signs, const struct operand *o)
{
	if (touches(signs, o))
		return true;
	for (size_t i = 0; o && i < o->nkey; i++)
		if (comes_from(signs, o->key[i]))
			return true;
	return false;
}

/* ---------------------------------------------------------------- sets */

/* The field of a set's key that begins at or before @slot; false: none holds it whole.
 */
static bool field_of(
	const struct set *set, size_t slot, size_t *ret_offset, size_t *ret_len)
{
	size_t offset = 0;

	*ret_offset = 0;
	*ret_len = set->key_len;
	if (set->nfields <= 1)
		return slot + 2 <= set->key_len;
	for (size_t i = 0; i < set->nfields; i++) {
		if (slot >= offset && slot + 2 <= offset + set->field_len[i]) {
			*ret_offset = offset;
			*ret_len = set->field_len[i];
			return true;
		}
		offset += (set->field_len[i] + 3u) & ~3u;
	}
	return false;
}

static void element_slot(struct port_signs *signs, const struct set *set,
	const struct set_element *e, size_t slot, u128 seed)
{
	size_t field, len;

	if (!field_of(set, slot, &field, &len)) {
		signs->every = true;
		return;
	}
	uint16_t lo = port_at(e->key + slot), hi = port_at(e->key_end + slot);
	u128 key = port_function_element(seed, set, e, slot, 2);

	if (len == 2 || memcmp(e->key + field, e->key_end + field, len) == 0) {
		port_signs_add(signs, lo, hi, key);
		return;
	}
	/* A range over more bytes than the port's. */
	port_signs_order(signs, lo, key);
	port_signs_order(signs, hi, key * 5);
}

static void set_slots(
	struct port_signs *signs, const struct set *set, const struct slots *slots)
{
	if (set->unreadable)
		return;
	for (size_t k = 0; k < slots->n; k++) {
		u128 seed = port_signs_key(signs);

		if (slots->at[k] >= set->key_len)
			continue;
		if (slots->at[k] + 2 > set->key_len || set->key_len > VALUE_MAX) {
			signs->every = true;
			return;
		}
		for (size_t i = 0; i < set->nelements; i++)
			if (!set->elements[i].catchall)
				element_slot(signs, set, &set->elements[i],
					slots->at[k], seed);
	}
}

/* Whether it is the first time that this set is looked up so. */
static bool is_new(struct port_signs *signs, const struct ruleset *rules,
	const struct set *set, const struct slots *slots)
{
	size_t at = (size_t)(set - rules->sets);
	uint64_t bits = 0;

	if (!signs->looked || at >= rules->nsets)
		return true;
	for (size_t k = 0; k < slots->n; k++)
		bits |= (uint64_t)1 << (slots->at[k] & 63);
	bits &= ~signs->looked[at];
	signs->looked[at] |= bits;
	return bits;
}

static void lookup(struct port_signs *signs, const struct ruleset *rules,
	const struct operand *o, const struct set *set)
{
	struct slots slots = {.n = 0};

	find_slots(signs, o, 0, &slots);
	if (slots.odd)
		port_function_evaluate(signs, o,
			&(struct port_asker){
				.set = set, .seed = port_signs_key(signs)});
	else if (slots.n && is_new(signs, rules, set, &slots))
		set_slots(signs, set, &slots);
}

/* The maps that an operand's value comes from, by whatever way: asked by port, perhaps.
 */
static void map_keys(
	struct port_signs *signs, const struct ruleset *rules, const struct operand *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->nkey; i++)
		map_keys(signs, rules, o->key[i]);
	if (o->field != FIELD_MAP || !o->set)
		return;
	struct operand joined = {.field = FIELD_CONCAT,
		.key = o->key,
		.nkey = o->nkey,
		.load_len = o->set->key_len,
		.len = o->set->key_len};

	lookup(signs, rules, o->nkey == 1 ? o->key[0] : &joined, o->set);
}

/* ---------------------------------------------------------------- ops */

static void compared_slot(struct port_signs *signs, const struct op *op, size_t slot)
{
	uint16_t lo = port_at(op->lo + slot);
	bool range = op->cmp == CMP_RANGE || op->cmp == CMP_NOT_RANGE;
	uint16_t hi = range ? port_at(op->hi + slot) : lo;
	u128 key = port_signs_key(signs);

	if (op->cmp == CMP_EQ || op->cmp == CMP_NEQ || (range && op->value_len == 2)) {
		port_signs_add(signs, lo, hi, key);
		return;
	}
	port_signs_order(signs, lo, key);
	if (range)
		port_signs_order(signs, hi, key * 5);
}

static void compared(struct port_signs *signs, const struct op *op)
{
	struct slots slots = {.n = 0};

	find_slots(signs, op->operand, 0, &slots);
	for (size_t k = 0; k < slots.n; k++) /* a port compared in part */
		slots.odd |=
			slots.at[k] < op->value_len && slots.at[k] + 2 > op->value_len;
	if (slots.odd) {
		port_function_evaluate(signs, op->operand,
			&(struct port_asker){.op = op, .seed = port_signs_key(signs)});
		return;
	}
	for (size_t k = 0; k < slots.n; k++)
		if (slots.at[k] < op->value_len)
			compared_slot(signs, op, slots.at[k]);
}

static void in_numbers(struct port_signs *signs, const struct op *op)
{
	struct slots slots = {.n = 0};
	struct port_asker asker = {.op = op, .seed = port_signs_key(signs)};

	find_slots(signs, op->operand, 0, &slots);
	if (slots.odd || (slots.n && op->operand->len != 2)) {
		port_function_evaluate(signs, op->operand, &asker);
		return;
	}
	for (size_t i = 0; slots.n && i < op->numbers->n; i++) {
		const struct iv *iv = &op->numbers->v[i];

		if (iv->lo < PORT_COUNT)
			port_signs_add(signs, (uint32_t)iv->lo,
				iv->hi < PORT_COUNT ? (uint32_t)iv->hi : PORT_COUNT - 1,
				asker.seed);
	}
}

static void in_ipset(struct port_signs *signs, const struct ipset *set)
{
	for (size_t d = 0; d < set->ndims && d < 3; d++) {
		u128 seed = port_signs_key(signs);

		for (size_t i = 0; set->dim[d] == IPSET_DIM_PORT && i < set->nelements;
			i++) {
			const struct ipset_part *part = &set->elements[i].part[d];

			if (part->lo < PORT_COUNT)
				port_signs_add(signs, (uint32_t)part->lo,
					part->hi < PORT_COUNT ? (uint32_t)part->hi
							      : PORT_COUNT - 1,
					port_signs_hash(seed, &i, sizeof(i)));
		}
	}
}

/* ---------------------------------------------------------------- translations */

static bool constant_port(const struct operand *o, uint16_t *ret_port)
{
	struct value value = {.len = o->load_len};

	if (o->field != FIELD_CONST || o->load_len > VALUE_MAX)
		return false;
	memcpy(value.bits, o->bytes, o->load_len);
	memset(value.known, 0xff, o->load_len);
	value_steps(o, &value);
	*ret_port = port_at(value.bits);
	return value.len >= 2;
}

/* Whoever dials a port and whoever is translated to it are not the same. */
static void map_ports(struct port_signs *signs, const struct operand *o)
{
	const struct set *set = o && o->field == FIELD_MAP ? o->set : NULL;

	for (size_t i = 0; set && i < set->nelements; i++) {
		struct value value = {.len = o->load_len};

		if (!set->elements[i].data || set->data_len > VALUE_MAX)
			continue;
		memcpy(value.bits, set->elements[i].data, set->data_len);
		memset(value.known, 0xff, set->data_len);
		value_steps(o, &value);
		port_signs_alone(signs, port_at(value.bits));
	}
}

/* The ports that a rule's own comparisons let pass to its translation. */
static void window(const struct rule *rule, struct port_shift *shift)
{
	shift->lo = 0;
	shift->hi = UINT16_MAX;
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];
		const struct operand *o = op->operand;

		if (op->kind != OP_MATCH || op->value_len != 2 || o->nsteps ||
			!(o->field == FIELD_DPORT ||
				(o->field == FIELD_PAYLOAD && o->load_len == 2 &&
					o->base == BASE_TRANSPORT && o->offset == 2)))
			continue;
		if (op->cmp == CMP_EQ || op->cmp == CMP_RANGE) {
			shift->lo = port_at(op->lo);
			shift->hi = port_at(op->cmp == CMP_EQ ? op->lo : op->hi);
		}
	}
}

static void translated_range(struct port_signs *signs, const struct rule *rule,
	const struct nat *nat, uint16_t min, uint16_t max)
{
	struct port_shift shift = {
		0, UINT16_MAX, min, nat->port_base, (uint32_t)(max - min) + 1};
	struct port_shift *slot;

	if (min == max)
		port_signs_alone(signs, min);
	if (min >= max)
		return;
	if (!(nat->flags & NF_NAT_RANGE_PROTO_OFFSET)) {
		port_signs_add(signs, min, max, port_signs_key(signs));
		for (uint32_t p = min; max - min < CHOICES_MAX && p <= max; p++)
			port_signs_alone(signs, p);
		return;
	}
	if (nat->kind != NAT_SNAT && nat->kind != NAT_SNAT_PREFIX)
		window(rule, &shift);
	slot = arena_push(signs->arena, &signs->shifts, &signs->nshifts, sizeof(*slot));
	if (slot)
		*slot = shift;
}

static void translation(struct port_signs *signs, const struct ruleset *rules,
	const struct rule *rule, const struct nat *nat)
{
	const struct operand *all[] = {
		nat->addr_min, nat->addr_max, nat->port_min, nat->port_max};
	const struct operand *top = nat->port_max ? nat->port_max : nat->port_min;
	uint16_t min, max;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		signs->every |= touches(signs, all[i]);
		map_keys(signs, rules, all[i]);
	}
	map_ports(signs, nat->port_min);
	map_ports(signs, nat->port_max);
	if (nat->port_min && constant_port(nat->port_min, &min) &&
		constant_port(top, &max))
		translated_range(signs, rule, nat, min, max);
}

/* ---------------------------------------------------------------- rules */

static void written(struct port_signs *signs, const struct op *op)
{
	uint16_t port;

	/* A mark made from a port, a port made from a port: arithmetic. */
	signs->every |= touches(signs, op->operand);
	if (op->kind == OP_SET && op->field == FIELD_PAYLOAD &&
		op->base == BASE_TRANSPORT && constant_port(op->operand, &port))
		port_signs_alone(signs, port);
	if (op->kind == OP_SET && op->field == FIELD_PAYLOAD &&
		op->base == BASE_TRANSPORT)
		map_ports(signs, op->operand);
}

static void one_op(struct port_signs *signs, const struct space *space,
	const struct rule *rule, const struct op *op)
{
	switch ((int)op->kind) {
	case OP_MATCH:
		map_keys(signs, space->rules, op->operand);
		compared(signs, op);
		break;
	case OP_IN:
		in_numbers(signs, op);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
		map_keys(signs, space->rules, op->operand);
		lookup(signs, space->rules, op->operand, op->set);
		break;
	case OP_ANY:
	case OP_NONE:
		for (size_t i = 0; i < op->nalternatives; i++)
			for (size_t k = 0; k < op->alternatives[i].nops; k++)
				one_op(signs, space, rule, &op->alternatives[i].ops[k]);
		break;
	case OP_NAT:
		translation(signs, space->rules, rule, op->nat);
		break;
	case OP_SET:
	case OP_ZONE:
		map_keys(signs, space->rules, op->operand);
		written(signs, op);
		break;
	default:
		break;
	}
}

/* Either port may be the client's: __fib_validate_source() asks for the way back. */
static void policy_routes(struct port_signs *signs, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nrules; i++) {
		const struct route_rule *r = &ns->rules[i];

		if (r->sport_hi)
			port_signs_add(
				signs, r->sport_lo, r->sport_hi, port_signs_key(signs));
		if (r->dport_hi)
			port_signs_add(
				signs, r->dport_lo, r->dport_hi, port_signs_key(signs));
	}
}

void port_signs_rules(struct port_signs *signs, const struct space *space)
{
	const struct ruleset *rules = space->rules;

	signs->looked =
		arena_array(signs->arena, rules->nsets + 1, sizeof(*signs->looked));
	for (size_t i = 0; i < rules->nchains; i++)
		for (size_t k = 0; k < rules->chains[i].nrules; k++) {
			const struct rule *rule = &rules->chains[i].rules[k];

			for (size_t m = 0; m < rule->nops; m++)
				one_op(signs, space, rule, &rule->ops[m]);
		}
	for (size_t i = 0; i < space->netns->nipsets; i++)
		in_ipset(signs, &space->netns->ipsets[i]);
	policy_routes(signs, space->netns);
	signs->looked = NULL;
}

bool port_signs_touches(const struct op *op)
{
	static const struct port_signs of_source = {.source = true};
	const struct nat *nat =
		op->kind == OP_NAT || op->kind == OP_TPROXY ? op->nat : NULL;
	const struct operand *all[] = {op->operand, nat ? nat->addr_min : NULL,
		nat ? nat->addr_max : NULL, nat ? nat->port_min : NULL,
		nat ? nat->port_max : NULL};

	if (op->kind == OP_ANY || op->kind == OP_NONE) {
		for (size_t i = 0; i < op->nalternatives; i++)
			for (size_t k = 0; k < op->alternatives[i].nops; k++)
				if (port_signs_touches(&op->alternatives[i].ops[k]))
					return true;
		return false;
	}
	if (op->kind == OP_IPSET) {
		const struct ipset *set = op->ipset->ipset;

		for (size_t i = 0; i < op->ipset->ndims; i++)
			if (op->ipset->src[i] && (!set || set->kind == IPSET_LIST ||
							 set->kind == IPSET_OTHER ||
							 set->dim[i] == IPSET_DIM_PORT))
				return true;
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (comes_from(&of_source, all[i]))
			return true;
	return false;
}
