/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules_made.h"

#include <string.h>

uint32_t made_random(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % below;
}

/* ---------------------------------------------------------------- operands */

const struct operand *made_saddr(void)
{
	static const struct operand saddr = {.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = 12,
		.load_len = 4,
		.len = 4};

	return &saddr;
}

const struct operand *made_daddr(void)
{
	static const struct operand daddr = {.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = 16,
		.load_len = 4,
		.len = 4};

	return &daddr;
}

const struct operand *made_sport(void)
{
	static const struct operand sport = {.field = FIELD_PAYLOAD,
		.base = BASE_TRANSPORT,
		.load_len = 2,
		.len = 2};

	return &sport;
}

const struct operand *made_dport(void)
{
	static const struct operand dport = {.field = FIELD_PAYLOAD,
		.base = BASE_TRANSPORT,
		.offset = 2,
		.load_len = 2,
		.len = 2};

	return &dport;
}

const struct operand *made_mark(void)
{
	static const struct operand mark = {
		.field = FIELD_MARK, .load_len = 4, .len = 4};

	return &mark;
}

const uint8_t *made_be(struct arena *arena, uint64_t number, size_t len)
{
	uint8_t *bytes = arena_alloc(arena, len);

	addr_store(bytes, len, number);
	return bytes;
}

const struct operand *made_masked(struct arena *arena, const struct operand *operand,
	uint32_t mask, uint32_t xor_with)
{
	struct operand *masked = arena_memdup(arena, operand, sizeof(*operand));
	struct step *step = arena_alloc(arena, sizeof(*step));

	step->kind = STEP_AND_XOR;
	step->count = 4;
	step->and = made_be(arena, mask, 4);
	step->xor = made_be(arena, xor_with, 4);
	masked->steps = step;
	masked->nsteps = 1;
	return masked;
}

struct op made_match(struct arena *arena, const struct operand *operand, enum cmp cmp,
	uint64_t lo, uint64_t hi, size_t len)
{
	struct op op = {.kind = OP_MATCH,
		.cmp = cmp,
		.operand = operand,
		.value_len = (uint8_t)len};

	op.lo = made_be(arena, lo, len);
	op.hi = made_be(arena, hi, len);
	return op;
}

struct op made_fib(
	struct arena *arena, enum field field, uint32_t flags, uint32_t number)
{
	const struct operand fib = {.field = field,
		.fib_flags = flags,
		.load_len = sizeof(number),
		.len = sizeof(number)};
	/* Compared in the machine's order, as the kernel writes it. */
	const uint8_t *bytes = arena_memdup(arena, &number, sizeof(number));

	return (struct op){.kind = OP_MATCH,
		.operand = arena_memdup(arena, &fib, sizeof(fib)),
		.value_len = sizeof(number),
		.lo = bytes,
		.hi = bytes};
}

struct op made_verdict(enum verdict verdict, const struct chain *to)
{
	return (struct op){
		.kind = OP_VERDICT, .verdict = {.kind = verdict, .chain = to}};
}

static const struct operand *made_const(
	struct arena *arena, uint64_t number, size_t len)
{
	struct operand *operand = arena_alloc(arena, sizeof(*operand));

	operand->field = FIELD_CONST;
	operand->len = operand->load_len = (uint8_t)len;
	operand->bytes = made_be(arena, number, len);
	return operand;
}

struct op made_dnat(struct arena *arena, uint32_t addr, uint16_t port)
{
	struct nat *nat = arena_alloc(arena, sizeof(*nat));

	nat->kind = NAT_DNAT;
	nat->family = FAMILY_IP4;
	nat->addr_min = nat->addr_max = made_const(arena, addr, 4);
	if (port)
		nat->port_min = nat->port_max = made_const(arena, port, 2);
	return (struct op){.kind = OP_NAT, .nat = nat};
}

/* ---------------------------------------------------------------- chains */

struct chain *made_chain(struct ruleset *rules, const char *name, bool base,
	enum hook hook, int32_t priority, enum chain_type type)
{
	struct chain *chain;

	if (!rules->chains)
		rules->chains = arena_array(&rules->arena, MADE_CHAINS, sizeof(*chain));
	chain = &rules->chains[rules->nchains];
	chain->id = chain->order = (uint32_t)rules->nchains++;
	chain->table = "ip made";
	chain->name = name;
	chain->family = TABLE_IP;
	chain->base = base;
	chain->hook = hook;
	chain->priority = priority;
	chain->type = type;
	chain->policy = VERDICT_ACCEPT;
	chain->rules = arena_array(&rules->arena, MADE_RULES, sizeof(struct rule));
	return chain;
}

struct rule *made_rule(
	struct ruleset *rules, struct chain *chain, const struct op *ops, size_t nops)
{
	struct rule *all, *rule;

	memcpy(&all, &chain->rules, sizeof(all));
	rule = &all[chain->nrules++];
	rule->ops = arena_memdup(&rules->arena, ops, nops * sizeof(*ops));
	rule->nops = nops;
	rule->chain = chain;
	rule->number = (uint32_t)chain->nrules;
	rule->handle = 100 * chain->id + chain->nrules;
	return rule;
}

/* ---------------------------------------------------------------- at random */

static uint32_t random_source(uint64_t *seed)
{
	return MADE_NET + made_random(seed, MADE_SIZE);
}

/* The source, masked or not; @odd: by masks that are no network's, too. */
static const struct operand *random_operand(
	struct arena *arena, uint64_t *seed, bool odd)
{
	static const uint32_t masks[] = {0xffffffff, 0xfffffffc, 0xfffffffe, 0xffff0000,
		0xfffffff5, 0xfffffffa, 0x0000000f, 0x00000006};
	uint32_t mask = masks[made_random(seed, odd ? 8 : 4)];

	if (made_random(seed, 2))
		return made_saddr();
	return made_masked(arena, made_saddr(), mask,
		!odd || made_random(seed, 4) ? 0 : made_random(seed, MADE_SIZE));
}

/* Ranges of what an odd mask leaves are not followed exactly: see MADE_ODD. */
static bool odd_ranges(const struct ruleset *rules)
{
	return rules->generation == MADE_ODD;
}

/* Disjoint ranges of sources, sorted, perhaps with a catch-all element at the end. */
static struct set *random_set(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct set_element *v = arena_array(arena, MADE_SIZE + 1, sizeof(*v));
	uint32_t at = MADE_NET;
	struct set *set;

	if (!rules->sets)
		rules->sets = arena_array(arena, MADE_SETS, sizeof(*set));
	set = rules->nsets < MADE_SETS ? &rules->sets[rules->nsets++]
				       : arena_alloc(arena, sizeof(*set));
	set->key_len = 4;
	set->interval = true;
	set->elements = v;
	while (set->nelements < 4 && at < MADE_NET + MADE_SIZE) {
		uint32_t lo = at + made_random(seed, 4), hi = lo + made_random(seed, 4);

		v[set->nelements].key = made_be(arena, lo, 4);
		v[set->nelements].key_end = made_be(arena, hi, 4);
		v[set->nelements++].maybe = made_random(seed, 8) == 0;
		at = hi + 1;
	}
	if (made_random(seed, 4) == 0) {
		v[set->nelements].maybe = made_random(seed, 4) == 0;
		v[set->nelements++].catchall = true;
	}
	return set;
}

static struct op random_concat(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct operand *both = arena_alloc(arena, sizeof(*both));
	const struct operand **key = arena_array(arena, 2, sizeof(*key));
	struct set *set = arena_alloc(arena, sizeof(*set));
	struct set_element *v = arena_array(arena, 3, sizeof(*v));

	key[0] = made_saddr();
	key[1] = made_dport();
	*both = (struct operand){.field = FIELD_CONCAT,
		.len = 8,
		.load_len = 8,
		.nest = 1,
		.key = key,
		.nkey = 2};
	*set = (struct set){.key_len = 8,
		.interval = true,
		.concat = true,
		.field_len = {4, 2},
		.nfields = 2,
		.elements = v,
		.nelements = 1 + made_random(seed, 3)};
	for (size_t i = 0; i < set->nelements; i++) {
		uint32_t lo = random_source(seed), hi = lo + made_random(seed, 6);
		uint32_t port = 79 + made_random(seed, 2), top = 80;

		v[i].key = made_be(
			arena, ((uint64_t)lo << 32) | ((uint64_t)port << 16), 8);
		v[i].key_end =
			made_be(arena, ((uint64_t)hi << 32) | ((uint64_t)top << 16), 8);
	}
	return (struct op){.kind = OP_LOOKUP,
		.invert = made_random(seed, 3) == 0,
		.operand = both,
		.set = set};
}

static struct op random_any(struct ruleset *rules, uint64_t *seed, unsigned int depth)
{
	struct arena *arena = &rules->arena;
	size_t n = 1 + made_random(seed, 3);
	struct op_list *lists = arena_array(arena, n, sizeof(*lists));

	for (size_t i = 0; i < n; i++) {
		size_t nops = 1 + made_random(seed, 2);
		struct op *ops = arena_array(arena, nops, sizeof(*ops));

		for (size_t k = 0; k < nops; k++)
			ops[k] = made_random_op(rules, seed, depth + 1);
		lists[i] = (struct op_list){ops, nops};
	}
	return (struct op){.kind = made_random(seed, 2) ? OP_ANY : OP_NONE,
		.alternatives = lists,
		.nalternatives = n};
}

struct op made_random_op(struct ruleset *rules, uint64_t *seed, unsigned int depth)
{
	struct arena *arena = &rules->arena;
	enum cmp cmp = (enum cmp)made_random(seed, CMP_NOT_RANGE + 1);
	uint32_t lo = random_source(seed), hi = lo + made_random(seed, 5);

	switch (made_random(seed, depth ? 9 : 10)) {
	case 0:
		return made_match(arena, made_mark(), cmp, made_random(seed, 3) << 24,
			3u << 24, 4);
	case 1:
		return made_match(
			arena, made_dport(), cmp, 79 + made_random(seed, 3), 81, 2);
	case 2:
		return (struct op){.kind = OP_LOOKUP,
			.invert = made_random(seed, 3) == 0,
			.operand = random_operand(arena, seed, odd_ranges(rules)),
			.set = random_set(rules, seed)};
	case 3:
		return random_concat(rules, seed);
	case 4:
		return (struct op){.kind = OP_MAYBE, .code = "test"};
	case 5:
		return (struct op){.kind = OP_NOP};
	case 6:
		return (struct op){.kind = OP_IN,
			.invert = made_random(seed, 3) == 0,
			.operand = made_saddr(),
			.numbers = ivset_range(arena, lo, hi)};
	case 9:
		return random_any(rules, seed, depth);
	default:
		return made_match(arena,
			random_operand(
				arena, seed, cmp <= CMP_NEQ || odd_ranges(rules)),
			cmp, lo, hi, 4);
	}
}

struct verdict_to made_random_verdict(
	uint64_t *seed, struct chain *const *chains, size_t nchains)
{
	static const enum verdict plain[] = {VERDICT_ACCEPT, VERDICT_DROP,
		VERDICT_RETURN, VERDICT_CONTINUE, VERDICT_ACCEPT, VERDICT_DROP};
	uint32_t n = made_random(seed, nchains ? 9 : 6);

	if (n < 6)
		return (struct verdict_to){.kind = plain[n]};
	return (struct verdict_to){.kind = n == 8 ? VERDICT_GOTO : VERDICT_JUMP,
		.chain = chains[made_random(seed, (uint32_t)nchains)]};
}

struct op made_random_vmap(struct ruleset *rules, uint64_t *seed,
	struct chain *const *chains, size_t nchains)
{
	struct set *set = random_set(rules, seed);

	set->vmap = true;
	for (size_t i = 0; i < set->nelements; i++)
		set->elements[i].verdict = made_random_verdict(seed, chains, nchains);
	return (struct op){.kind = OP_VMAP,
		.operand = random_operand(&rules->arena, seed, odd_ranges(rules)),
		.set = set};
}

struct op made_random_set_mark(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct operand *map = arena_alloc(arena, sizeof(*map));
	const struct operand **key = arena_array(arena, 1, sizeof(*key));
	struct set *set;

	if (made_random(seed, 2))
		return (struct op){.kind = OP_SET,
			.field = FIELD_MARK,
			.operand = made_const(arena, made_random(seed, 3) << 24, 4)};
	set = random_set(rules, seed);
	set->map = true;
	set->data_len = 4;
	for (size_t i = 0; i < set->nelements; i++)
		set->elements[i].data = made_be(arena, made_random(seed, 3) << 24, 4);
	key[0] = made_saddr();
	*map = (struct operand){.field = FIELD_MAP,
		.len = 4,
		.load_len = 4,
		.nest = 1,
		.set = set,
		.key = key,
		.nkey = 1};
	return (struct op){.kind = OP_SET, .field = FIELD_MARK, .operand = map};
}
