/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink messages of any bytes: refused, or decoded to what keeps its promises. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/model/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int sum; /* so that no read below is optimised away */

static void touch(const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *)bytes)[i];
}

static void check_operand(const struct operand *operand)
{
	size_t len = operand->load_len;

	assert(operand->field < FIELD_COUNT && operand->nest <= OPERAND_NEST_MAX);
	assert(operand->len > 0 && operand->len <= VALUE_MAX && len <= VALUE_MAX);
	assert(operand->field == FIELD_UNKNOWN || !operand->code);
	if (operand->field == FIELD_CONST)
		touch(operand->bytes, len);
	for (size_t i = 0; i < operand->nsteps; i++) {
		const struct step *step = &operand->steps[i];

		if (step->kind == STEP_AND_XOR) {
			touch(step->and, len);
			touch(step->xor, len);
		} else if (step->kind == STEP_SLICE) {
			assert(step->offset + step->count <= (int)len);
			len = step->count;
		}
	}
	assert(len == operand->len);
	if (operand->field == FIELD_MAP)
		assert(operand->set->map && operand->nkey == 1 &&
			operand->key[0]->len == operand->set->key_len);
	len = 0;
	for (size_t i = 0; i < operand->nkey; i++) {
		assert(operand->key[i]->nest < operand->nest);
		len += (operand->key[i]->len + 3u) & ~3u;
		check_operand(operand->key[i]);
	}
	if (operand->field == FIELD_CONCAT)
		assert(len >= operand->load_len && len < operand->load_len + 4u);
}

static void check_op(const struct op *op)
{
	assert(op->kind < OP_KIND_COUNT);
	if (op->operand)
		check_operand(op->operand);
	switch ((int)op->kind) {
	case OP_MATCH:
		assert(op->operand->len == op->value_len);
		touch(op->lo, op->value_len);
		if (op->cmp == CMP_RANGE || op->cmp == CMP_NOT_RANGE)
			touch(op->hi, op->value_len);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
		assert(op->operand->len == op->set->key_len);
		assert(op->kind != OP_VMAP || op->set->vmap);
		break;
	case OP_SET:
		assert(op->operand->len == op->value_len);
		break;
	case OP_MAYBE:
	case OP_UNKNOWN:
		assert(op->code);
		break;
	case OP_NAT:
		assert(!op->nat->addr_min ||
			op->nat->addr_min->len ==
				(op->nat->family == FAMILY_IP6 ? 16 : 4));
		assert(!op->nat->port_min || op->nat->port_min->len == 2);
		break;
	default:
		break;
	}
}

static void check_set(const struct set *set)
{
	size_t fields = 0;

	assert(set->key_len > 0 && set->key_len <= VALUE_MAX && set->nfields > 0);
	for (size_t i = 0; i < set->nfields; i++)
		fields += (set->field_len[i] + 3u) & ~3u;
	assert(fields == ((set->key_len + 3u) & ~3u));
	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *element = &set->elements[i];

		if (set->map)
			touch(element->data, set->data_len);
		if (element->catchall)
			continue;
		touch(element->key, set->key_len);
		touch(element->key_end, set->key_len);
		if (set->interval && !set->concat && element->key_end != element->key)
			assert(memcmp(element->key, element->key_end, set->key_len) <
				0);
		if (i)
			assert(memcmp(element[-1].key, element->key, set->key_len) <=
				0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct netns netns = {.id = "fuzz", .nft = {.data = data, .len = size}};
	struct ruleset *ruleset = NULL;
	struct err err = {0};
	struct arena arena;

	if (ruleset_decode(&netns, &ruleset, &err) < 0) {
		assert(!ruleset && err.code == -22 && err.text[0]);
		return 0;
	}
	arena_init(&arena, 0);
	for (size_t i = 0; i < ruleset->nsets; i++)
		check_set(&ruleset->sets[i]);
	for (size_t i = 0; i < ruleset->nchains; i++) {
		const struct chain *chain = &ruleset->chains[i];

		assert(chain->id == i);
		for (size_t k = 0; k < chain->nrules; k++) {
			const struct rule *rule = &chain->rules[k];

			assert(rule->chain == chain && rule->number == k + 1);
			for (size_t n = 0; n < rule->nops; n++)
				check_op(&rule->ops[n]);
			touch(rule_text(&arena, rule), 1);
		}
		arena_reset(&arena);
	}
	arena_done(&arena);
	ruleset_free(ruleset);
	return 0;
}
