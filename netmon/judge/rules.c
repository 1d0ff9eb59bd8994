/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about single rules: which chains are called, which rules aim at one port.
 */
#include "netmon/judge/rules.h"

#include <stdlib.h>
#include <string.h>

#include "netmon/judge/match.h"
#include "netmon/judge/port_named.h"

#define JUMP_DEPTH_MAX 16 /* NFT_JUMP_STACK_SIZE */

const struct chain *rules_find_chain(
	const struct ruleset *ruleset, const char *table, const char *name)
{
	for (size_t i = 0; i < ruleset->nchains; i++) {
		const struct chain *chain = &ruleset->chains[i];

		if (strcmp(chain->table, table) == 0 && strcmp(chain->name, name) == 0)
			return chain;
	}
	return NULL;
}

struct queue {
	const struct chain **chains;
	size_t n;
	bool *seen;
};

static void queue_add(struct queue *queue, const struct verdict_to *to)
{
	if (to->kind != VERDICT_JUMP && to->kind != VERDICT_GOTO)
		return;
	if (!to->chain || queue->seen[to->chain->id])
		return;
	queue->seen[to->chain->id] = true;
	queue->chains[queue->n++] = to->chain;
}

static void queue_calls(struct queue *queue, const struct chain *chain)
{
	for (size_t i = 0; i < chain->nrules; i++) {
		const struct rule *rule = &chain->rules[i];

		for (size_t j = 0; j < rule->nops; j++) {
			const struct op *op = &rule->ops[j];

			if (op->kind == OP_VERDICT)
				queue_add(queue, &op->verdict);
			if (op->kind != OP_VMAP || !op->set)
				continue;
			for (size_t k = 0; k < op->set->nelements; k++)
				queue_add(queue, &op->set->elements[k].verdict);
		}
	}
}

const bool *rules_called(struct arena *arena, const struct ruleset *ruleset)
{
	struct queue queue = {
		.chains =
			arena_array(arena, ruleset->nchains + 1, sizeof(*queue.chains)),
		.seen = arena_array(arena, ruleset->nchains + 1, sizeof(*queue.seen)),
	};

	if (!queue.chains || !queue.seen)
		return NULL;
	for (size_t i = 0; i < ruleset->nchains; i++) {
		const struct chain *chain = &ruleset->chains[i];

		if (!chain->base || chain->dormant || queue.seen[chain->id])
			continue;
		queue.seen[chain->id] = true;
		queue.chains[queue.n++] = chain;
	}
	for (size_t i = 0; i < queue.n; i++)
		queue_calls(&queue, queue.chains[i]);
	return queue.seen;
}

/* The port that a comparison holds for alone. */
static uint32_t only_port(const struct op *op)
{
	const struct operand *o = op->operand;

	if (op->kind != OP_MATCH || op->cmp != CMP_EQ || op->value_len != 2 ||
		!op->lo || o->nsteps || o->len != 2)
		return RULES_ANY_PORT;
	if (o->field != FIELD_DPORT &&
		!(o->field == FIELD_PAYLOAD && o->base == BASE_TRANSPORT &&
			o->offset == 2 && o->load_len == 2))
		return RULES_ANY_PORT;
	return (uint32_t)addr_load(op->lo, 2);
}

static uint32_t rule_port(const struct rule *rule)
{
	uint32_t port = RULES_ANY_PORT;

	for (size_t i = 0; i < rule->nops && port == RULES_ANY_PORT; i++)
		port = only_port(&rule->ops[i]);
	return port;
}

static int by_key(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

const struct rules_ports *rules_ports(
	struct arena *arena, const struct ruleset *ruleset)
{
	struct rules_ports *all =
		arena_array(arena, ruleset->nchains + 1, sizeof(*all));

	for (size_t i = 0; all && i < ruleset->nchains; i++) {
		const struct chain *chain = &ruleset->chains[i];
		uint64_t *keys = arena_array(arena, chain->nrules + 1, sizeof(*keys));

		if (!keys)
			return NULL;
		for (size_t j = 0; j < chain->nrules; j++)
			keys[j] = (uint64_t)rule_port(&chain->rules[j]) << 32 | j;
		qsort(keys, chain->nrules, sizeof(*keys), by_key);
		all[chain->id] = (struct rules_ports){keys, chain->nrules};
	}
	return all;
}

/* The rules of a chain that a packet to one port can match, in their order. */
struct cursor {
	const uint64_t *at[2], *end[2]; /* of that port, of any */
	size_t i, n;			/* without rules_ports(): all of them */
};

static const uint64_t *first_from(const struct rules_ports *ports, uint64_t key)
{
	size_t lo = 0, hi = ports->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ports->keys[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return ports->keys + lo;
}

static void cursor_open(struct cursor *cursor, const struct chain *chain,
	const struct rules_ports *all, uint16_t port)
{
	*cursor = (struct cursor){.n = all ? 0 : chain->nrules};
	if (!all)
		return;
	const uint64_t kinds[] = {port, RULES_ANY_PORT};
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		cursor->at[k] = first_from(&all[chain->id], kinds[k] << 32);
		cursor->end[k] = first_from(&all[chain->id], (kinds[k] + 1) << 32);
	}
}

static bool cursor_next(struct cursor *cursor, size_t *ret_rule)
{
	size_t least = 0;

	if (cursor->i < cursor->n) {
		*ret_rule = cursor->i++;
		return true;
	}
	for (size_t k = 0; k < ARRAY_LEN(cursor->at); k++)
		if (cursor->at[k] < cursor->end[k] &&
			(cursor->at[least] == cursor->end[least] ||
				(uint32_t)*cursor->at[k] <
					(uint32_t)*cursor->at[least]))
			least = k;
	if (cursor->at[least] == cursor->end[least])
		return false;
	*ret_rule = (uint32_t)*cursor->at[least]++;
	return true;
}

struct search {
	struct arena *arena;
	const struct rules_ports *ports;
	const struct rules_flow *flow;
	struct rules_hit *hits;
	size_t nhits;
	size_t visits;
};

/* How a chain was left: GONE accepted or dropped for certain, the others go on. */
enum left {
	LEFT_END = 0,
	LEFT_GONE,
};

static void add_hit(struct search *search, const struct chain *chain,
	const struct rule *rule, bool by_port)
{
	struct rules_hit *hit = arena_push(
		search->arena, &search->hits, &search->nhits, sizeof(*search->hits));

	if (!hit)
		return;
	hit->chain = chain;
	hit->rule = rule;
	hit->names_port = by_port;
}

static enum left search_chain(struct search *search, const struct chain *chain,
	bool by_port, unsigned int depth);

/* What follows a verdict: *ret_stop when the chain that held the rule is left by it. */
static enum left follow(struct search *search, const struct rule *rule,
	const struct verdict_to *to, enum match match, bool by_port, unsigned int depth,
	bool *ret_stop)
{
	enum left left = LEFT_END;

	*ret_stop = match == MATCH_YES;
	switch (to->kind) {
	case VERDICT_DROP:
		add_hit(search, rule->chain, rule, by_port);
		return match == MATCH_YES ? LEFT_GONE : LEFT_END;
	case VERDICT_ACCEPT:
	case VERDICT_STOLEN:
	case VERDICT_QUEUE:
		return match == MATCH_YES ? LEFT_GONE : LEFT_END;
	case VERDICT_JUMP:
	case VERDICT_GOTO:
		*ret_stop &= to->kind == VERDICT_GOTO;
		if (to->chain && depth < JUMP_DEPTH_MAX)
			left = search_chain(search, to->chain, by_port, depth + 1);
		return match == MATCH_YES ? left : LEFT_END;
	case VERDICT_RETURN:
		return LEFT_END;
	case VERDICT_CONTINUE:
	default:
		*ret_stop = false;
		return LEFT_END;
	}
}

static enum left search_vmap(struct search *search, const struct rule *rule,
	const struct op *op, enum match match, bool by_port, unsigned int depth,
	bool *ret_stop)
{
	if (!op->set)
		return LEFT_END;
	for (size_t i = 0; i < op->set->nelements; i++) {
		const struct set_element *element = &op->set->elements[i];
		enum match one =
			match_element(op->operand, op->set, element, search->flow);
		bool stop;

		if (one == MATCH_NO)
			continue;
		enum match both = one < match ? one : match;
		bool named = by_port || port_named_element(op->operand, op->set,
						element, search->flow);
		enum left left = follow(
			search, rule, &element->verdict, both, named, depth, &stop);
		if (one == MATCH_YES) {
			*ret_stop = stop;
			return left;
		}
	}
	return LEFT_END;
}

static enum left search_rule(struct search *search, const struct rule *rule,
	bool by_port, unsigned int depth, bool *ret_stop)
{
	enum match match = match_ops(rule->ops, rule->nops, search->flow);
	enum left left = LEFT_END;

	*ret_stop = false;
	if (match == MATCH_NO)
		return LEFT_END;
	bool named = by_port || port_named(rule, search->flow);
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_REJECT) {
			add_hit(search, rule->chain, rule, named);
			*ret_stop = match == MATCH_YES;
			return match == MATCH_YES ? LEFT_GONE : LEFT_END;
		}
		if (op->kind == OP_VERDICT)
			return follow(search, rule, &op->verdict, match, named, depth,
				ret_stop);
		if (op->kind == OP_VMAP)
			left = search_vmap(
				search, rule, op, match, named, depth, ret_stop);
		if (left == LEFT_GONE || *ret_stop)
			return left;
	}
	return LEFT_END;
}

static enum left search_chain(struct search *search, const struct chain *chain,
	bool by_port, unsigned int depth)
{
	struct cursor cursor;
	size_t i;

	cursor_open(&cursor, chain, search->ports, search->flow->port);
	while (cursor_next(&cursor, &i)) {
		bool stop;

		if (search->visits++ >= RULES_VISITS_MAX)
			return LEFT_END;
		enum left left =
			search_rule(search, &chain->rules[i], by_port, depth, &stop);
		if (left == LEFT_GONE || stop)
			return left;
	}
	return LEFT_END;
}

static bool sees(const struct chain *chain, enum family family)
{
	return chain->family == TABLE_INET ||
	       chain->family == (family == FAMILY_IP4 ? TABLE_IP : TABLE_IP6);
}

static int by_priority(const void *a, const void *b)
{
	const struct chain *one = *(const struct chain *const *)a;
	const struct chain *two = *(const struct chain *const *)b;

	if (one->priority != two->priority)
		return one->priority < two->priority ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

size_t rules_stopping(struct arena *arena, const struct ruleset *ruleset,
	const struct rules_ports *ports, enum hook hook, const struct chain *only,
	const struct rules_flow *flow, struct rules_hit **ret_hits)
{
	struct search search = {.arena = arena, .ports = ports, .flow = flow};
	const struct chain **bases =
		arena_array(arena, ruleset->nchains + 1, sizeof(*bases));
	size_t nbases = 0;

	*ret_hits = NULL;
	if (!bases)
		return 0;
	for (size_t i = 0; i < ruleset->nchains && !only; i++) {
		const struct chain *chain = &ruleset->chains[i];

		if (chain->base && !chain->dormant && chain->hook == hook &&
			sees(chain, flow->family))
			bases[nbases++] = chain;
	}
	if (only)
		bases[nbases++] = only;
	qsort(bases, nbases, sizeof(const struct chain *), by_priority);
	for (size_t i = 0; i < nbases; i++) {
		/* An accept ends this base chain only: the next one still decides. */
		enum left left = search_chain(&search, bases[i], false, 0);

		if (left == LEFT_END && bases[i]->base &&
			bases[i]->policy == VERDICT_DROP)
			add_hit(&search, bases[i], NULL, false);
	}
	*ret_hits = search.hits;
	return search.nhits;
}
