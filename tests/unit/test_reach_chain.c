/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Random chains are walked symbolically for a whole network of
 * sources, and concretely by the small interpreter below for each source and each way
 * in which what cannot be decided may go. Both must give the same endings: what the
 * interpreter finds must be in the walk's (or an exposure is lost), and nothing else
 * (or "must" is wrong).
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/reach/chain.h"
#include "rules_made.h"

/* ---------------------------------------------------------------- interpreter */

#define COINS_MAX 7

/* One packet on its way; coins decide what nobody can. */
struct concrete {
	uint32_t saddr, mark;
	uint16_t dport;
	uint32_t coins, used;
};

enum end { END_NONE = 0, END_RETURN, END_ACCEPT, END_DROP, END_REJECT };

static bool coin(struct concrete *c)
{
	return (c->coins >> c->used++ % 32) & 1;
}

/* In a set; true with an element, or none. Refused: it breaks the rule. */
static const struct set_element *find(
	struct concrete *c, const struct set *set, const uint8_t *key, bool *refused)
{
	const struct set_element *found = NULL, *rest = NULL;

	*refused = false;
	for (size_t i = 0; i < set->nelements && !found; i++) {
		const struct set_element *e = &set->elements[i];
		bool in = true;

		if (e->catchall) {
			rest = e;
			continue;
		}
		if (set->nfields <= 1)
			in = memcmp(key, e->key, set->key_len) >= 0 &&
			     memcmp(key, e->key_end, set->key_len) <= 0;
		else /* two fields, of four and two bytes */
			in = memcmp(key, e->key, 4) >= 0 &&
			     memcmp(key, e->key_end, 4) <= 0 &&
			     memcmp(key + 4, e->key + 4, 2) >= 0 &&
			     memcmp(key + 4, e->key_end + 4, 2) <= 0;
		if (in)
			found = e;
	}
	if (!found)
		found = rest;
	*refused = found && found->maybe && coin(c);
	return found;
}

static bool load(struct concrete *c, const struct operand *operand, uint8_t *bytes)
{
	bool refused;

	memset(bytes, 0, VALUE_MAX);
	switch ((int)operand->field) {
	case FIELD_PAYLOAD:
		if (operand->base == BASE_NETWORK)
			addr_store(bytes, 4, c->saddr);
		else
			addr_store(bytes, 2, c->dport);
		break;
	case FIELD_MARK:
		memcpy(bytes, &c->mark, 4);
		break;
	case FIELD_CONST:
		memcpy(bytes, operand->bytes, operand->len);
		break;
	case FIELD_CONCAT:
		addr_store(bytes, 4, c->saddr);
		addr_store(bytes + 4, 2, c->dport);
		break;
	case FIELD_MAP: {
		uint8_t key[VALUE_MAX];
		const struct set_element *e;

		load(c, operand->key[0], key);
		e = find(c, operand->set, key, &refused);
		if (!e || refused)
			return false;
		memcpy(bytes, e->data, operand->set->data_len);
		break;
	}
	default:
		fail();
	}
	for (size_t s = 0; s < operand->nsteps; s++)
		for (size_t i = 0; i < 4; i++)
			bytes[i] = (uint8_t)((bytes[i] & operand->steps[s].and[i]) ^
					     operand->steps[s].xor [i]);
	return true;
}

static bool compare(const struct op *op, const uint8_t *bytes)
{
	int lo = memcmp(bytes, op->lo, op->value_len);
	int hi = memcmp(bytes, op->hi, op->value_len);

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
		return lo >= 0 && hi <= 0;
	case CMP_NOT_RANGE:
		return lo < 0 || hi > 0;
	}
	return false;
}

static bool holds(struct concrete *c, const struct op *op);

static bool any_holds(struct concrete *c, const struct op *op)
{
	bool any = false;

	for (size_t i = 0; i < op->nalternatives; i++) {
		bool all = true;

		for (size_t k = 0; k < op->alternatives[i].nops && all; k++)
			all = holds(c, &op->alternatives[i].ops[k]);
		any |= all;
	}
	return any;
}

static bool holds(struct concrete *c, const struct op *op)
{
	const struct set_element *e;
	uint8_t bytes[VALUE_MAX];
	bool refused;

	switch ((int)op->kind) {
	case OP_NOP:
		return true;
	case OP_MAYBE:
		return coin(c);
	case OP_MATCH:
		return load(c, op->operand, bytes) && compare(op, bytes);
	case OP_IN:
		load(c, op->operand, bytes);
		return ivset_contains(op->numbers, addr_load(bytes, 4)) != op->invert;
	case OP_LOOKUP:
		load(c, op->operand, bytes);
		e = find(c, op->set, bytes, &refused);
		/* nft_lookup_eval(): an element that refuses breaks the rule too. */
		return op->invert ? !e : e && !refused;
	case OP_ANY:
		return any_holds(c, op);
	case OP_NONE:
		return !any_holds(c, op);
	}
	fail();
	return false;
}

static enum end interpret(struct concrete *c, const struct chain *chain);

static enum end follow(struct concrete *c, const struct verdict_to *to)
{
	enum end end;

	switch ((int)to->kind) {
	case VERDICT_ACCEPT:
		return END_ACCEPT;
	case VERDICT_DROP:
		return END_DROP;
	case VERDICT_RETURN:
		return END_RETURN;
	case VERDICT_JUMP:
		end = interpret(c, to->chain);
		return end == END_RETURN ? END_NONE : end;
	case VERDICT_GOTO:
		return interpret(c, to->chain);
	}
	return END_NONE;
}

/* nft_do_chain() without registers. */
static enum end interpret(struct concrete *c, const struct chain *chain)
{
	for (size_t r = 0; r < chain->nrules; r++) {
		const struct rule *rule = &chain->rules[r];
		bool on = true;

		for (size_t i = 0; i < rule->nops && on; i++) {
			const struct op *op = &rule->ops[i];
			struct verdict_to to = op->verdict;
			const struct set_element *e;
			uint8_t bytes[VALUE_MAX];
			bool refused;
			enum end end;

			if (op->kind == OP_SET) {
				on = load(c, op->operand, bytes);
				if (on)
					memcpy(&c->mark, bytes, 4);
				continue;
			}
			if (op->kind == OP_REJECT)
				return END_REJECT;
			if (op->kind == OP_VMAP) {
				load(c, op->operand, bytes);
				e = find(c, op->set, bytes, &refused);
				if (!e || refused)
					break;
				to = e->verdict;
			} else if (op->kind != OP_VERDICT) {
				on = holds(c, op);
				continue;
			}
			end = follow(c, &to);
			if (end != END_NONE)
				return end;
			on = to.kind == VERDICT_CONTINUE;
		}
	}
	return END_RETURN;
}

/* ---------------------------------------------------------------- the walk */

struct bed {
	struct ruleset rules;
	struct netns netns;
	struct space space;
	struct arena arena;
	struct run run;
	struct chain *chains[5];
};

static void bed_open(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	arena_init(&bed->rules.arena, 0);
	arena_init(&bed->space.arena, 0);
	arena_init(&bed->arena, 0);
	bed->space.netns = &bed->netns;
	bed->space.rules = &bed->rules;
	bed->run.space = &bed->space;
	bed->run.arena = &bed->arena;
	bed->run.hook = HOOK_FORWARD;
}

static void bed_close(struct bed *bed)
{
	arena_done(&bed->rules.arena);
	arena_done(&bed->space.arena);
	arena_done(&bed->arena);
}

static void random_rule(struct bed *bed, uint64_t *seed, size_t c)
{
	struct chain *const *below = &bed->chains[c + 1];
	size_t nbelow = 4 - c, n = 0;
	struct op ops[6];

	for (size_t k = made_random(seed, 3); k > 0; k--)
		ops[n++] = made_random_op(&bed->rules, seed, 0);
	switch (made_random(seed, 8)) {
	case 0:
		ops[n++] = made_random_set_mark(&bed->rules, seed);
		break;
	case 1:
	case 2:
		ops[n++] = made_random_vmap(&bed->rules, seed, below, nbelow);
		break;
	case 3:
		ops[n++] = (struct op){.kind = OP_REJECT, .reject = REJECT_TCP_RESET};
		break;
	default:
		ops[n] = (struct op){.kind = OP_VERDICT};
		ops[n++].verdict = made_random_verdict(seed, below, nbelow);
	}
	if (made_random(seed, 3) == 0)
		ops[n++] = made_verdict(VERDICT_ACCEPT, NULL);
	made_rule(&bed->rules, bed->chains[c], ops, n);
}

static void random_chains(struct bed *bed, uint64_t *seed)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};

	for (size_t c = 0; c < 5; c++)
		bed->chains[c] = made_chain(
			&bed->rules, names[c], c == 0, HOOK_FORWARD, 0, CHAIN_FILTER);
	bed->chains[0]->policy = made_random(seed, 2) ? VERDICT_ACCEPT : VERDICT_DROP;
	for (size_t c = 0; c < 5; c++)
		for (size_t r = made_random(seed, c ? 4 : 7); r > 0; r--)
			random_rule(bed, seed, c);
	bed->space.index =
		arena_array(&bed->space.arena, bed->rules.nchains + 1, sizeof(void *));
	bed->space.sets =
		arena_array(&bed->space.arena, bed->rules.nsets + 1, sizeof(void *));
}

/* Endings as bits: drop, reject, accepted with mark 0, 1 or 2. */
enum { BIT_DROP = 1, BIT_REJECT = 2, BIT_ACCEPT = 4 };

static unsigned int mark_bit(uint32_t mark)
{
	uint32_t be = (uint32_t)addr_load(&mark, 4) >> 24;

	assert_true(be < 3);
	return (unsigned int)BIT_ACCEPT << be;
}

static unsigned int walked(
	const struct bed *bed, const struct states *accepted, uint32_t saddr)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < accepted->n; i++)
		if (ivset_contains(accepted->v[i].peers, saddr))
			bits |= mark_bit(accepted->v[i].packet.mark.value);
	for (size_t i = 0; i < bed->run.endings.n; i++) {
		const struct ended *e = &bed->run.endings.v[i];

		if (ivset_contains(e->state.peers, saddr))
			bits |= e->ending == ENDING_REJECT ? BIT_REJECT : BIT_DROP;
	}
	return bits;
}

/* Every ending, over all ways the coins can fall; 0: they are too many. */
static unsigned int interpreted(const struct bed *bed, uint32_t saddr)
{
	unsigned int bits = 0;

	for (uint32_t coins = 0; coins < 1u << COINS_MAX; coins++) {
		struct concrete c = {.saddr = saddr, .dport = 80, .coins = coins};
		enum end end = interpret(&c, bed->chains[0]);

		if (c.used > COINS_MAX)
			return 0;
		if (end == END_RETURN)
			end = bed->chains[0]->policy == VERDICT_ACCEPT ? END_ACCEPT
								       : END_DROP;
		bits |= end == END_ACCEPT ? mark_bit(c.mark)
			: end == END_DROP ? BIT_DROP
					  : BIT_REJECT;
	}
	return bits;
}

static void walk(struct bed *bed, struct states *accepted)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	state.packet.family = FAMILY_IP4;
	state.packet.proto = IPPROTO_TCP;
	state.packet.saddr_peer = true;
	state.packet.daddr = 0xcb007101;
	state.packet.sport_unknown = true;
	state.packet.dport = 80;
	state.packet.ct = CT_NEW;
	state.peers = ivset_range(&bed->arena, MADE_NET, MADE_NET + MADE_SIZE - 1);
	chain_run_base(&bed->run, bed->chains[0], &state, accepted);
	assert_false(arena_failed(&bed->arena));
	assert_false(bed->run.exhausted);
}

#define ROUNDS 3000

static void rounds(uint32_t generation)
{
	unsigned int compared = 0, split = 0;

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t seed = round * 7919;
		struct states accepted = {0};
		struct bed bed;

		bed_open(&bed);
		bed.rules.generation = generation;
		random_chains(&bed, &seed);
		walk(&bed, &accepted);
		for (uint32_t i = 0; i < MADE_SIZE; i++) {
			unsigned int want = interpreted(&bed, MADE_NET + i);
			unsigned int got = walked(&bed, &accepted, MADE_NET + i);

			if (want == 0)
				continue;
			if (generation == MADE_ODD)
				got &= want;
			if (want != got)
				print_error("round %u, source %u: %#x, not %#x\n",
					(unsigned int)round, i, got, want);
			assert_int_equal(want & ~got, 0);
			assert_int_equal(got & ~want, 0);
			compared++;
			split += (want & (want - 1)) != 0;
		}
		bed_close(&bed);
	}
	/* Most rounds must be decidable, or this says little. */
	assert_true(compared > ROUNDS * MADE_SIZE / 2);
	assert_true(split > ROUNDS);
}

static void as_the_interpreter(void **cmocka)
{
	(void)cmocka;
	rounds(0);
}

static void never_less_than_the_interpreter(void **cmocka)
{
	(void)cmocka;
	rounds(MADE_ODD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_interpreter),
		cmocka_unit_test(never_less_than_the_interpreter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
