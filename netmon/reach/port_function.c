/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/port_function.h"

#include <string.h>

#include "netmon/reach/match.h"
#include "netmon/reach/value.h"

#define ODD_OPS_MAX 512 /* evaluated port by port */

/* The operand's value when the port in the header's bytes @pos and next is @port, and
 * nothing else is known. */
static void function_value(
	const struct operand *o, size_t pos, uint32_t port, struct value *value)
{
	uint8_t bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};
	bool header = o->field == FIELD_PAYLOAD;

	memset(value, 0, sizeof(*value));
	value->len = o->load_len;
	for (size_t i = 0; i < 2; i++) {
		size_t at = header ? pos + i - o->offset : i;

		if ((header && pos + i < o->offset) || at >= o->load_len)
			continue;
		value->bits[at] = bytes[i];
		value->known[at] = 0xff;
	}
	value_steps(o, value);
}

u128 port_function_element(u128 seed, const struct set *set,
	const struct set_element *e, size_t slot, size_t slot_len)
{
	uint8_t rest[2 * VALUE_MAX] = {0};
	uint32_t to[3] = {e->verdict.kind,
		e->verdict.chain ? e->verdict.chain->id + 1 : 0, e->maybe};
	size_t n = set->key_len < VALUE_MAX ? set->key_len : VALUE_MAX;

	if (e->key) {
		memcpy(rest, e->key, n);
		memcpy(rest + VALUE_MAX, e->key_end, n);
		memset(rest + slot, 0, slot_len);
		memset(rest + VALUE_MAX + slot, 0, slot_len);
	}
	seed = port_signs_hash(seed, rest, sizeof(rest));
	seed = port_signs_hash(seed, to, sizeof(to));
	return e->data ? port_signs_hash(seed, e->data, set->data_len) : seed;
}

static bool compares_true(const struct op *op, const uint8_t *bytes)
{
	int lo = memcmp(bytes, op->lo, op->value_len);

	switch (op->cmp) {
	case CMP_EQ:
		return lo == 0;
	case CMP_NEQ:
		return lo != 0;
	case CMP_LT:
		return lo < 0;
	case CMP_LTE:
		return lo <= 0;
	case CMP_GT:
		return lo > 0;
	case CMP_GTE:
		return lo >= 0;
	case CMP_RANGE:
	case CMP_NOT_RANGE:
		break;
	}
	return (lo >= 0 && memcmp(bytes, op->hi, op->value_len) <= 0) ==
	       (op->cmp == CMP_RANGE);
}

/* What the function's value finds: a number for each thing it can be. */
static u128 asked_outcome(const struct port_asker *asker, const struct value *value)
{
	const struct set_element *element;

	if (!asker->set) {
		bool yes = asker->op->kind == OP_IN
				   ? ivset_contains(asker->op->numbers,
					     addr_load(value->bits, value->len))
				   : compares_true(asker->op, value->bits);
		return yes ? asker->seed : 0;
	}
	element = match_search(asker->set, value->bits);
	return element ? port_function_element(asker->seed, asker->set, element, 0,
				 asker->set->key_len)
		       : 0;
}

static size_t asked_len(const struct port_asker *asker, const struct operand *o)
{
	if (asker->set)
		return asker->set->key_len;
	return asker->op->kind == OP_IN ? o->len : asker->op->value_len;
}

/* The bits that a port decides of the @len first ones: none, all, or some. */
enum decides { DECIDES_NONE = 0, DECIDES_ALL, DECIDES_SOME };

static enum decides port_decides(const struct operand *o, size_t pos, size_t len)
{
	struct value none, all;
	bool depends = false, known = true;

	function_value(o, pos, 0, &none);
	function_value(o, pos, 0xffff, &all);
	for (size_t i = 0; i < len; i++) {
		depends |= (none.bits[i] ^ all.bits[i]) & none.known[i];
		known &= none.known[i] == 0xff;
	}
	return !depends ? DECIDES_NONE : known ? DECIDES_ALL : DECIDES_SOME;
}

static void evaluate(struct port_signs *signs, const struct operand *o, size_t pos,
	const struct port_asker *asker)
{
	uint32_t first = 0;
	u128 last = 0;

	for (uint32_t p = 0; p < PORT_COUNT; p++) {
		struct value value;

		function_value(o, pos, p, &value);
		u128 now = asked_outcome(asker, &value);
		if (now == last)
			continue;
		if (last)
			port_signs_add(signs, first, p - 1, last);
		first = p;
		last = now;
	}
	if (last)
		port_signs_add(signs, first, PORT_COUNT - 1, last);
}

void port_function_evaluate(struct port_signs *signs, const struct operand *o,
	const struct port_asker *asker)
{
	size_t len = asked_len(asker, o);
	bool single = o->field != FIELD_CONCAT && len <= 16 && len <= o->len &&
		      (!asker->set || asker->set->nfields <= 1);

	if (!single || ++signs->odd > ODD_OPS_MAX) {
		signs->every = true;
		return;
	}
	for (size_t pos = 0; pos <= (signs->source ? 0 : 2); pos += 2) {
		if (o->field != FIELD_PAYLOAD && pos > 0)
			break;
		switch (port_decides(o, pos, len)) {
		case DECIDES_NONE:
			break;
		case DECIDES_ALL:
			evaluate(signs, o, pos, asker);
			break;
		case DECIDES_SOME:
			signs->every = true;
			break;
		}
	}
}
