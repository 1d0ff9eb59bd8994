/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/judge/port_named.h"

#include "netmon/judge/match.h"

#define PORTS 65536u

/* Where the port that is known of the packet begins in an operand's bytes. */
static bool find_port(
	const struct operand *o, const struct rules_flow *flow, size_t *ret_at)
{
	size_t base = 0;

	if (o->field != FIELD_CONCAT)
		return match_port_at(o, flow, ret_at);
	for (size_t i = 0; i < o->nkey; i++) {
		if (find_port(o->key[i], flow, ret_at)) {
			*ret_at += base;
			return !o->key[i]->nsteps;
		}
		base += (o->key[i]->len + 3u) & ~3u;
	}
	return false;
}

static bool few(u128 ports)
{
	return ports < PORTS / 2;
}

/* How many ports are between two, both counted. */
static u128 width(const uint8_t *lo, const uint8_t *hi)
{
	return addr_load(hi, 2) - addr_load(lo, 2) + 1;
}

/* Ports with those bits alike that a mask leaves; all: it is no mask. */
static u128 masked_alike(const struct operand *o, size_t at)
{
	unsigned int mask;

	if (o->nsteps == 0)
		return 1;
	if (o->nsteps != 1 || o->steps[0].kind != STEP_AND_XOR)
		return PORTS;
	mask = (unsigned int)addr_load(o->steps[0].and +at, 2);
	return (u128)1 << (16 - __builtin_popcount(mask));
}

/* How many ports a comparison of two bytes holds for. */
static u128 ports_held(const struct op *op)
{
	u128 lo = addr_load(op->lo, 2);

	switch (op->cmp) {
	case CMP_LT:
		return lo;
	case CMP_LTE:
		return lo + 1;
	case CMP_GT:
		return PORTS - 1 - lo;
	case CMP_GTE:
		return PORTS - lo;
	case CMP_RANGE:
		return width(op->lo, op->hi);
	case CMP_NOT_RANGE:
		return PORTS - width(op->lo, op->hi);
	case CMP_EQ:
	case CMP_NEQ:
		break;
	}
	return op->cmp == CMP_EQ ? 1 : PORTS - 1;
}

static bool compared(const struct op *op, const struct rules_flow *flow)
{
	const struct operand *o = op->operand;
	size_t at;

	if (!find_port(o, flow, &at) || at + 2u > op->value_len)
		return false;
	if (op->cmp == CMP_EQ)
		return few(masked_alike(o, at));
	/* An order of parts, or of more than the port, says little of it. */
	return !o->nsteps && op->value_len == 2 && few(ports_held(op));
}

static bool in_numbers(const struct op *op, const struct rules_flow *flow)
{
	u128 n = 0;
	size_t at;

	if (!find_port(op->operand, flow, &at) || op->operand->nsteps ||
		op->operand->len != 2)
		return false;
	for (size_t i = 0; i < op->numbers->n; i++)
		n += op->numbers->v[i].hi - op->numbers->v[i].lo + 1;
	return few(op->invert ? PORTS - n : n);
}

bool port_named_element(const struct operand *operand, const struct set *set,
	const struct set_element *element, const struct rules_flow *flow)
{
	const uint8_t *end = element->key_end ? element->key_end : element->key;
	size_t at;

	return element->key && find_port(operand, flow, &at) && !operand->nsteps &&
	       at + 2 <= set->key_len && few(width(element->key + at, end + at)) &&
	       match_element(operand, set, element, flow) != MATCH_NO;
}

static bool in_set(const struct op *op, const struct rules_flow *flow)
{
	for (size_t i = 0; op->set && !op->invert && i < op->set->nelements; i++)
		if (port_named_element(
			    op->operand, op->set, &op->set->elements[i], flow))
			return true;
	return false;
}

static bool any_op(const struct op *ops, size_t nops, const struct rules_flow *flow);

static bool by_op(const struct op *op, const struct rules_flow *flow)
{
	switch ((int)op->kind) {
	case OP_MATCH:
		return compared(op, flow);
	case OP_IN:
		return in_numbers(op, flow);
	case OP_LOOKUP:
		return in_set(op, flow);
	case OP_ANY:
		for (size_t i = 0; i < op->nalternatives; i++) {
			const struct op_list *list = &op->alternatives[i];

			if (match_ops(list->ops, list->nops, flow) != MATCH_NO &&
				any_op(list->ops, list->nops, flow))
				return true;
		}
		return false;
	}
	return false;
}

static bool any_op(const struct op *ops, size_t nops, const struct rules_flow *flow)
{
	for (size_t i = 0; i < nops; i++)
		if (by_op(&ops[i], flow))
			return true;
	return false;
}

bool port_named(const struct rule *rule, const struct rules_flow *flow)
{
	return any_op(rule->ops, rule->nops, flow);
}
