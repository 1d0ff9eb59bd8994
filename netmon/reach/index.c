/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/index.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/proto.h"
#include "netmon/reach/match.h"
#include "netmon/reach/mix.h"

/*
 * Theory of operation. Engines write one rule a port, so a walk that looked at every
 * rule would cost ports times ports. Each rule of a long chain gets the most selective
 * key that its leading comparisons demand: destination address and port, port, address,
 * or none. A packet is shown the rules of its three keys and those without one, in
 * order. Two keys that collide only show a rule that does not match.
 */

#define INDEX_MIN_RULES 16

enum key_kind { KEY_NONE = 0, KEY_ADDR, KEY_PORT, KEY_BOTH, KEY_KINDS };

struct entry {
	uint64_t key;
	uint32_t rule;
};

struct chain_index {
	uint64_t *keys[KEY_KINDS];
	uint32_t *rules[KEY_KINDS];
	size_t n[KEY_KINDS];
};

static uint64_t key_of(enum key_kind kind, u128 addr, uint16_t port)
{
	uint64_t key = kind;

	if (kind == KEY_ADDR || kind == KEY_BOTH)
		key = mix(key ^ (uint64_t)addr ^ mix((uint64_t)(addr >> 64)));
	if (kind == KEY_PORT || kind == KEY_BOTH)
		key = mix(key ^ port);
	return key;
}

static bool loads_port(const struct operand *operand)
{
	if (operand->nsteps || operand->len != 2)
		return false;
	return operand->field == FIELD_DPORT ||
	       (operand->field == FIELD_PAYLOAD && operand->base == BASE_TRANSPORT &&
		       operand->offset == 2 && operand->load_len == 2);
}

/* In inet tables these bytes may be another header's: only where the family is sure. */
static bool loads_addr(const struct operand *operand, enum table_family family)
{
	bool ip4 = family == TABLE_IP;

	if (operand->nsteps || (family != TABLE_IP && family != TABLE_IP6) ||
		operand->len != (ip4 ? 4 : 16))
		return false;
	return operand->field == FIELD_DADDR ||
	       (operand->field == FIELD_PAYLOAD && operand->base == BASE_NETWORK &&
		       operand->offset == (ip4 ? 16 : 24) &&
		       operand->load_len == operand->len);
}

static uint64_t rule_key(
	const struct rule *rule, enum table_family family, enum key_kind *ret_kind)
{
	bool has_addr = false, has_port = false;
	uint16_t port_be = 0;
	u128 addr = 0;

	for (size_t i = 0; i < rule->nops && match_is_pure(&rule->ops[i]); i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_MATCH && op->cmp == CMP_EQ && op->value_len == 2 &&
			loads_port(op->operand)) {
			memcpy(&port_be, op->lo, 2);
			has_port = true;
		} else if (op->kind == OP_MATCH && op->cmp == CMP_EQ &&
			   loads_addr(op->operand, family) &&
			   op->value_len == op->operand->len) {
			addr = addr_load(op->lo, op->value_len);
			has_addr = true;
		}
	}
	*ret_kind = has_addr && has_port ? KEY_BOTH
		    : has_port		 ? KEY_PORT
		    : has_addr		 ? KEY_ADDR
					 : KEY_NONE;
	return key_of(*ret_kind, addr, ntohs(port_be));
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static struct chain_index *build(struct space *space, const struct chain *chain)
{
	struct arena *arena = &space->arena;
	struct chain_index *index = arena_alloc(arena, sizeof(*index));
	struct entry *all[KEY_KINDS];

	if (!index)
		return NULL;
	for (size_t k = 0; k < KEY_KINDS; k++) {
		all[k] = malloc((chain->nrules + 1) * sizeof(struct entry));
		if (!all[k])
			arena->failed = true;
	}
	for (size_t i = 0; i < chain->nrules && !arena->failed; i++) {
		enum key_kind kind;
		uint64_t key = rule_key(&chain->rules[i], chain->family, &kind);

		all[kind][index->n[kind]++] = (struct entry){key, (uint32_t)i};
	}
	for (size_t k = 0; k < KEY_KINDS; k++) {
		size_t n = index->n[k];

		index->keys[k] = arena_array(arena, n + 1, sizeof(uint64_t));
		index->rules[k] = arena_array(arena, n + 1, sizeof(uint32_t));
		if (all[k] && index->keys[k] && index->rules[k]) {
			qsort(all[k], n, sizeof(struct entry), by_key);
			for (size_t i = 0; i < n; i++) {
				index->keys[k][i] = all[k][i].key;
				index->rules[k][i] = all[k][i].rule;
			}
		}
		free(all[k]);
	}
	return arena_failed(arena) ? NULL : index;
}

static size_t lower_bound(const uint64_t *keys, size_t n, uint64_t key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (keys[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void index_open(struct space *space, const struct chain *chain,
	const struct packet *packet, struct index_cursor *ret_cursor)
{
	bool ports = proto_has_ports(packet->proto);
	struct chain_index *index;

	ret_cursor->index = NULL;
	ret_cursor->nrules = chain->nrules;
	if (chain->nrules < INDEX_MIN_RULES || !ports || packet->dport_unknown ||
		packet->daddr_peer || packet->mangled || !space->index)
		return;
	if (!space->index[chain->id])
		space->index[chain->id] = build(space, chain);
	index = space->index[chain->id];
	if (!index)
		return;
	ret_cursor->index = index;
	for (size_t k = 0; k < KEY_KINDS; k++) {
		size_t first, n = 0;
		uint64_t key;

		ret_cursor->n[k] = 0;
		if (index->n[k] == 0)
			continue;
		key = key_of((enum key_kind)k, packet->daddr, packet->dport);
		first = lower_bound(index->keys[k], index->n[k], key);
		while (first + n < index->n[k] && index->keys[k][first + n] == key)
			n++;
		ret_cursor->runs[k] = index->rules[k] + first;
		ret_cursor->n[k] = n;
	}
}

size_t index_next(const struct index_cursor *cursor, size_t from)
{
	size_t best = cursor->nrules;

	if (!cursor->index)
		return from;
	for (size_t k = 0; k < KEY_KINDS; k++) {
		const uint32_t *run = cursor->runs[k];
		size_t lo = 0, hi = cursor->n[k];

		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (run[mid] < from)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo < cursor->n[k] && run[lo] < best)
			best = run[lo];
	}
	return best;
}
