/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/judge/borders.h"

#include <string.h>

#include "common/addr.h"

struct borders {
	bool *at;
	bool every;
};

static void add(struct borders *borders, uint32_t lo, uint32_t hi)
{
	/* An order (<, a range of more bytes) has two borders at each number. */
	const uint32_t ports[] = {lo, lo + 1, hi, hi + 1};

	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (ports[i] < BORDERS_PORTS)
			borders->at[ports[i]] = true;
}

/* What an operand has to do with the port: nothing, or it holds it whole, or else. */
enum holds { HOLDS_NONE = 0, HOLDS_WHOLE, HOLDS_ODD };

static enum holds holds_port(const struct operand *o)
{
	unsigned int end = (unsigned int)o->offset + o->load_len;
	enum holds holds = HOLDS_NONE;

	if (o->field == FIELD_PAYLOAD && o->base == BASE_TRANSPORT && end > 2 &&
		o->offset < 4)
		holds = o->offset == 2 && o->load_len == 2 ? HOLDS_WHOLE : HOLDS_ODD;
	else if (o->field == FIELD_DPORT || o->field == FIELD_CT_ORIG_DPORT)
		holds = HOLDS_WHOLE;
	else if (o->field != FIELD_CONST)
		for (size_t i = 0; i < o->nkey; i++)
			if (holds_port(o->key[i]) != HOLDS_NONE)
				holds = HOLDS_ODD;
	return holds == HOLDS_WHOLE && o->nsteps ? HOLDS_ODD : holds;
}

static void add_elements(struct borders *borders, const struct set *set, size_t slot)
{
	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *e = &set->elements[i];
		const uint8_t *end = e->key_end ? e->key_end : e->key;

		if (e->key && slot + 2 <= set->key_len)
			add(borders, (uint32_t)addr_load(e->key + slot, 2),
				(uint32_t)addr_load(end + slot, 2));
	}
}

static void add_lookup(
	struct borders *borders, const struct operand *o, const struct set *set)
{
	size_t slot = 0;

	if (o->field != FIELD_CONCAT || o->nsteps) {
		if (holds_port(o) == HOLDS_WHOLE)
			add_elements(borders, set, 0);
		else
			borders->every |= holds_port(o) == HOLDS_ODD;
		return;
	}
	for (size_t i = 0; i < o->nkey; i++) {
		enum holds holds = holds_port(o->key[i]);

		if (holds == HOLDS_WHOLE)
			add_elements(borders, set, slot);
		borders->every |= holds == HOLDS_ODD;
		slot += (o->key[i]->len + 3u) & ~3u;
	}
}

static void add_op(struct borders *borders, const struct op *op)
{
	enum holds holds = op->operand ? holds_port(op->operand) : HOLDS_NONE;

	switch ((int)op->kind) {
	case OP_MATCH:
		if (holds == HOLDS_WHOLE && op->value_len == 2 && op->lo)
			add(borders, (uint32_t)addr_load(op->lo, 2),
				(uint32_t)addr_load(op->hi ? op->hi : op->lo, 2));
		else
			borders->every |= holds != HOLDS_NONE;
		break;
	case OP_IN:
		borders->every |= holds == HOLDS_ODD;
		for (size_t i = 0; holds == HOLDS_WHOLE && i < op->numbers->n; i++)
			if (op->numbers->v[i].lo < BORDERS_PORTS)
				add(borders, (uint32_t)op->numbers->v[i].lo,
					op->numbers->v[i].hi < BORDERS_PORTS
						? (uint32_t)op->numbers->v[i].hi
						: BORDERS_PORTS);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
		add_lookup(borders, op->operand, op->set);
		break;
	case OP_ANY:
	case OP_NONE:
		for (size_t i = 0; i < op->nalternatives; i++)
			for (size_t k = 0; k < op->alternatives[i].nops; k++)
				add_op(borders, &op->alternatives[i].ops[k]);
		break;
	default:
		break;
	}
}

const bool *borders_find(
	struct arena *arena, const struct ruleset *ruleset, enum hook hook)
{
	struct borders borders = {
		.at = arena_array(arena, BORDERS_PORTS, sizeof(*borders.at))};
	const bool *called = rules_called_by(arena, ruleset, hook);

	if (!borders.at || !called)
		return NULL;
	for (size_t i = 0; i < ruleset->nchains; i++) {
		const struct chain *chain = &ruleset->chains[i];

		for (size_t k = 0; called[chain->id] && k < chain->nrules; k++)
			for (size_t m = 0; m < chain->rules[k].nops; m++)
				add_op(&borders, &chain->rules[k].ops[m]);
	}
	if (borders.every)
		memset(borders.at, true, BORDERS_PORTS);
	return borders.at;
}
