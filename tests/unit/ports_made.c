/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ports_made.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

static uint16_t any_port(uint64_t *seed)
{
	return (uint16_t)(1 + made_random(seed, PORTS_MADE));
}

/* ---------------------------------------------------------------- operands */

static const struct operand *port_field(uint64_t *seed)
{
	static const struct operand fields[] = {
		{.field = FIELD_PAYLOAD,
			.base = BASE_TRANSPORT,
			.offset = 2,
			.load_len = 2,
			.len = 2},
		{.field = FIELD_DPORT, .load_len = 2, .len = 2},
		{.field = FIELD_CT_ORIG_DPORT, .load_len = 2, .len = 2},
		{.field = FIELD_CT_REPLY_SPORT, .load_len = 2, .len = 2},
	};

	return &fields[made_random(seed, 6) % ARRAY_LEN(fields)];
}

static const struct operand *masked_port(struct arena *arena, uint64_t *seed)
{
	static const uint16_t masks[] = {
		0xfff0, 0xff00, 0x00ff, 0x0030, 0xfffe, 0x0001};
	struct operand *o = arena_memdup(arena, port_field(seed), sizeof(*o));
	struct step *step = arena_alloc(arena, sizeof(*step));

	*step = (struct step){.kind = STEP_AND_XOR,
		.count = 2,
		.and = made_be(arena, masks[made_random(seed, ARRAY_LEN(masks))], 2),
		.xor = made_be(arena, made_random(seed, 4), 2)};
	o->steps = step;
	o->nsteps = 1;
	return o;
}

/* Disjoint ranges of ports, sorted; data and verdicts are the caller's. */
static struct set *ports_set(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct set *set = arena_alloc(arena, sizeof(*set));
	struct set_element *v = arena_array(arena, 9, sizeof(*v));
	uint32_t at = 1;

	set->table = "made";
	set->name = "ports";
	set->key_len = 2;
	set->interval = true;
	set->elements = v;
	while (set->nelements < 8 && at < PORTS_MADE) {
		uint32_t lo = at + made_random(seed, 60);
		uint32_t hi = lo + (made_random(seed, 2) ? 0 : made_random(seed, 40));

		v[set->nelements].key = made_be(arena, lo, 2);
		v[set->nelements].key_end = made_be(arena, hi, 2);
		v[set->nelements++].maybe = made_random(seed, 20) == 0;
		at = hi + 1;
	}
	if (made_random(seed, 6) == 0)
		v[set->nelements++].catchall = true;
	return set;
}

/* Source and port, as the header has them: four bytes of it at once, or two fields. */
static struct op port_and_more(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct operand *both = arena_alloc(arena, sizeof(*both));
	const struct operand **key = arena_array(arena, 2, sizeof(*key));
	struct set *set = arena_alloc(arena, sizeof(*set));
	struct set_element *v = arena_array(arena, 6, sizeof(*v));

	key[0] = made_daddr();
	key[1] = port_field(seed);
	*both = (struct operand){.field = FIELD_CONCAT,
		.len = 8,
		.load_len = 8,
		.nest = 1,
		.key = key,
		.nkey = 2};
	*set = (struct set){.table = "made",
		.name = "pairs",
		.key_len = 8,
		.interval = true,
		.concat = true,
		.field_len = {4, 2},
		.nfields = made_random(seed, 4) ? 2 : 1,
		.elements = v};
	for (uint32_t at = 1; set->nelements < 6 && at < PORTS_MADE; set->nelements++) {
		uint64_t addr = 0xcb007101; /* the host's; the ranges are sorted */
		uint32_t lo = at + made_random(seed, 90),
			 hi = lo + made_random(seed, 30);

		v[set->nelements].key = made_be(arena, addr << 32 | lo << 16, 8);
		v[set->nelements].key_end = made_be(arena, addr << 32 | hi << 16, 8);
		at = hi + 1;
	}
	return (struct op){.kind = OP_LOOKUP,
		.invert = made_random(seed, 3) == 0,
		.operand = both,
		.set = set};
}

/* ---------------------------------------------------------------- ops */

static struct op random_match(struct ruleset *rules, uint64_t *seed, unsigned int depth)
{
	struct arena *arena = &rules->arena;
	enum cmp cmp = (enum cmp)made_random(seed, CMP_NOT_RANGE + 1);
	uint16_t lo = any_port(seed), hi = (uint16_t)(lo + made_random(seed, 90));
	struct op_list *lists;

	switch (made_random(seed, depth ? 7 : 8)) {
	case 0:
		return (struct op){.kind = OP_LOOKUP,
			.invert = made_random(seed, 3) == 0,
			.operand = made_random(seed, 4) ? port_field(seed)
							: masked_port(arena, seed),
			.set = ports_set(rules, seed)};
	case 1:
		return (struct op){.kind = OP_IN,
			.invert = made_random(seed, 3) == 0,
			.operand = port_field(seed),
			.numbers = ivset_range(arena, lo, hi)};
	case 2:
		return made_match(arena, masked_port(arena, seed),
			made_random(seed, 2) ? CMP_EQ : CMP_NEQ,
			made_random(seed, 5) << made_random(seed, 9), 0, 2);
	case 3: /* the high byte alone */
		return made_match(
			arena, port_field(seed), CMP_EQ, made_random(seed, 2), 0, 1);
	case 4:
		return port_and_more(rules, seed);
	case 7:
		lists = arena_array(arena, 2, sizeof(*lists));
		for (size_t i = 0; i < 2; i++) {
			struct op op = random_match(rules, seed, 1);

			lists[i] = (struct op_list){
				arena_memdup(arena, &op, sizeof(op)), 1};
		}
		return (struct op){.kind = made_random(seed, 3) ? OP_ANY : OP_NONE,
			.alternatives = lists,
			.nalternatives = 2};
	default:
		return made_match(arena, port_field(seed),
			made_random(seed, 2) ? CMP_RANGE : cmp, lo, hi, 2);
	}
}

struct op ports_made_mark(struct ruleset *rules, uint64_t *seed, bool odd)
{
	struct arena *arena = &rules->arena;
	struct operand *map = arena_alloc(arena, sizeof(*map));
	const struct operand **key = arena_array(arena, 1, sizeof(*key));
	struct set *set = ports_set(rules, seed);
	struct set_element *v = arena_memdup(
		arena, set->elements, set->nelements * sizeof(*set->elements));

	key[0] = port_field(seed);
	set->map = true;
	set->data_len = 4;
	set->elements = v;
	for (size_t i = 0; i < set->nelements; i++)
		v[i].data = made_be(arena, made_random(seed, 3) << 24, 4);
	*map = (struct operand){.field = FIELD_MAP,
		.len = 4,
		.load_len = 4,
		.nest = 1,
		.set = set,
		.key = key,
		.nkey = 1};
	return (struct op){.kind = OP_SET,
		.field = FIELD_MARK,
		.operand = odd ? port_field(seed) : map};
}

const struct operand *ports_made_const(struct arena *arena, uint16_t port)
{
	struct operand *o = arena_alloc(arena, sizeof(*o));

	*o = (struct operand){.field = FIELD_CONST,
		.len = 2,
		.load_len = 2,
		.bytes = made_be(arena, port, 2)};
	return o;
}

static struct op random_dnat(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct op op = made_dnat(arena, made_random(seed, 6) ? HOST_WEB : 0xac110009u,
		made_random(seed, 3) ? any_port(seed) : 0);
	struct nat *nat = arena_memdup(arena, op.nat, sizeof(*nat));
	uint16_t min = any_port(seed);
	uint16_t max = (uint16_t)(min + made_random(seed, 60));

	op.nat = nat;
	if (made_random(seed, 5) == 0) { /* to the host itself */
		nat->kind = NAT_REDIRECT;
		nat->addr_min = nat->addr_max = NULL;
		return op;
	}
	if (made_random(seed, 2))
		return op;
	nat->port_min = ports_made_const(arena, min);
	nat->port_max = ports_made_const(arena, max);
	if (made_random(seed, 2)) { /* iptables' --to-destination a:MIN-MAX/BASE */
		nat->flags |= NF_NAT_RANGE_PROTO_OFFSET;
		nat->port_base = any_port(seed);
	}
	return op;
}

/* ---------------------------------------------------------------- hosts */

static const struct operand ct_status = {
	.field = FIELD_CT_STATUS, .load_len = 4, .len = 4};
static const struct operand ct_direction = {
	.field = FIELD_CT_DIRECTION, .load_len = 1, .len = 1};
static const struct operand source_port = {
	.field = FIELD_SPORT, .load_len = 2, .len = 2};

/* The kernel holds those four bytes in its own order. */
static const struct operand *masked(
	struct arena *arena, const struct operand *operand, uint32_t mask)
{
	return made_masked(arena, operand, htonl(mask), 0);
}

static void random_filter(struct host_made *h, uint64_t *seed, enum hook hook)
{
	struct chain *chain =
		made_chain(&h->rules, "filter", true, hook, 0, CHAIN_FILTER);

	for (uint32_t i = made_random(seed, 4); i > 0; i--) {
		struct op ops[] = {random_match(&h->rules, seed, 0),
			made_verdict(
				made_random(seed, 3) ? VERDICT_DROP : VERDICT_ACCEPT,
				NULL)};

		switch (made_random(seed, 8)) {
		case 0:
		case 1:
			ops[0] = made_match(&h->rules.arena, made_mark(), CMP_EQ,
				made_random(seed, 3) << 24, 0, 4);
			break;
		case 2: /* was it translated? not a port to itself */
			ops[0] = made_match(&h->rules.arena,
				masked(&h->rules.arena, &ct_status, IPS_DST_NAT),
				CMP_NEQ, 0, 0, 4);
			break;
		}
		made_rule(&h->rules, chain, ops, 2);
	}
}

static void random_nat(struct host_made *h, uint64_t *seed)
{
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);

	for (uint32_t i = 1 + made_random(seed, 4); i > 0; i--) {
		struct op ops[3];
		size_t n = 0;

		if (made_random(seed, 8))
			ops[n++] = random_match(&h->rules, seed, 0);
		if (made_random(seed, 4) == 0)
			ops[n++] = random_match(&h->rules, seed, 0);
		ops[n++] = random_dnat(&h->rules, seed);
		made_rule(&h->rules, chain, ops, n);
	}
}

static void random_marks(struct host_made *h, uint64_t *seed)
{
	struct chain *chain = made_chain(
		&h->rules, "mark", true, HOOK_PREROUTING, -150, CHAIN_FILTER);
	bool odd = made_random(seed, 20) == 0;
	struct op ops[] = {random_match(&h->rules, seed, 0),
		ports_made_mark(&h->rules, seed, odd)};

	if (made_random(seed, 2))
		made_rule(&h->rules, chain, ops, 2);
}

void ports_made_host(struct host_made *h, uint64_t *seed)
{
	static const enum hook answers[] = {HOOK_PREROUTING, HOOK_FORWARD, HOOK_OUTPUT};
	uint16_t lo = any_port(seed);
	struct chain *late;

	random_marks(h, seed);
	random_nat(h, seed);
	random_filter(h, seed, HOOK_FORWARD);
	random_filter(h, seed, HOOK_INPUT);
	/* Answers have the port as their source. */
	late = made_chain(&h->rules, "late", true,
		answers[made_random(seed, ARRAY_LEN(answers))], 10, CHAIN_FILTER);
	struct op ops[] = {made_match(&h->rules.arena, &ct_direction, CMP_EQ, 1, 0, 1),
		made_match(&h->rules.arena, &source_port, CMP_RANGE, lo, lo + 70, 2),
		made_verdict(VERDICT_DROP, NULL)};
	if (made_random(seed, 2))
		made_rule(&h->rules, late, ops, ARRAY_LEN(ops));
	for (uint32_t i = made_random(seed, 4); i > 0; i--)
		host_listen(h->host, IPPROTO_TCP, any_port(seed));
	for (uint32_t i = made_random(seed, 4); i > 0; i--)
		host_listen(h->inside, IPPROTO_TCP, any_port(seed));
	if (made_random(seed, 5) == 0) {
		struct route_rule *rule = host_rule(h->host, 10, 7);

		host_route(h->host, 7, "0.0.0.0/0", RTN_BLACKHOLE, 0, NULL);
		rule->dport_lo = 50;
		rule->dport_hi = 90;
	}
}
