/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/candidates.h"

#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/zone.h"

#define RANGE_MAX   1024u
#define FOREIGN_MAX 256u
#define BOUNDS_MAX  200000u

/* ---------------------------------------------------------------- services */

static void add(struct arena *arena, struct services *s, uint8_t proto,
	unsigned int families, u128 port, uint32_t span)
{
	struct service *slot;

	if (port == 0 || port > UINT16_MAX)
		return;
	slot = arena_push(arena, &s->v, &s->n, sizeof(*slot));
	if (slot)
		*slot = (struct service){
			proto, (uint8_t)families, (uint16_t)port, span};
}

static int by_port(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->span > y->span ? -1 : x->span < y->span;
}

static void sort_once(struct services *s)
{
	size_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_port);
	for (size_t i = 0; i < s->n; i++) {
		struct service *last = n ? &s->v[n - 1] : NULL;

		if (last && last->proto == s->v[i].proto && last->port == s->v[i].port)
			last->families |= s->v[i].families;
		else
			s->v[n++] = s->v[i];
	}
	s->n = n;
}

static unsigned int families_of(const struct sock *sock)
{
	if (sock->local.family == FAMILY_IP4)
		return FAMILY_BIT_4;
	/* ::ffff:a.b.c.d is an IPv4 address. */
	return sock->local.value == 0 || sock->local.value >> 32 == 0xffff
		       ? FAMILY_BITS
		       : FAMILY_BIT_6;
}

static void add_socks(struct arena *arena, struct services *s, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct sock *sock = &ns->socks[i];

		if (!sock->connected)
			add(arena, s, sock->proto, families_of(sock), sock->port, 1);
	}
}

/* ---------------------------------------------------------------- rules */

struct scan {
	struct arena *arena;
	struct services *services;
	unsigned int families; /* of the chain at hand */
	struct iv *addrs;      /* destination addresses that nat rules name */
	size_t naddrs;
	struct iv *bounds; /* destination addresses that any rule names */
	size_t nbounds;
	bool wide; /* a translation of so many ports that listeners are asked instead */
	bool odd_addr; /* a rule looks at destinations in a way that makes no ranges */
};

enum protos { PROTO_TCP = 1, PROTO_UDP = 2, PROTO_SCTP = 4 };

static unsigned int proto_bit(uint8_t proto)
{
	return proto == IPPROTO_TCP    ? PROTO_TCP
	       : proto == IPPROTO_UDP  ? PROTO_UDP
	       : proto == IPPROTO_SCTP ? PROTO_SCTP
				       : 0;
}

static bool is_field(
	const struct operand *o, enum payload_base base, uint8_t offset, uint8_t len)
{
	return o->field == FIELD_PAYLOAD && o->base == base && o->offset == offset &&
	       o->load_len == len;
}

static bool is_port(const struct operand *o)
{
	return o->field == FIELD_DPORT || is_field(o, BASE_TRANSPORT, 2, 2) ||
	       o->field == FIELD_CT_ORIG_DPORT;
}

static bool is_addr(const struct operand *o)
{
	return o->field == FIELD_DADDR || is_field(o, BASE_NETWORK, 16, 4) ||
	       is_field(o, BASE_NETWORK, 24, 16) || o->field == FIELD_CT_ORIG_DADDR;
}

static bool is_proto(const struct operand *o)
{
	return o->nsteps == 0 &&
	       (o->field == FIELD_L4PROTO || is_field(o, BASE_NETWORK, 9, 1) ||
		       is_field(o, BASE_NETWORK, 6, 1));
}

/* Protocols a rule is about: those its own comparison names, or all. */
static unsigned int protos_of(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_MATCH && op->cmp == CMP_EQ && op->value_len == 1 &&
			is_proto(op->operand))
			return proto_bit(op->lo[0]);
	}
	return PROTO_TCP | PROTO_UDP | PROTO_SCTP;
}

static void add_ports(struct scan *scan, unsigned int protos, u128 lo, u128 hi)
{
	static const uint8_t all[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	uint32_t span = (uint32_t)(hi - lo) + 1;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!(protos & proto_bit(all[i])))
			continue;
		if (span > RANGE_MAX) {
			scan->wide = true;
			add(scan->arena, scan->services, all[i], scan->families,
				lo ? lo : 1, span);
			add(scan->arena, scan->services, all[i], scan->families, hi, 1);
			continue;
		}
		for (u128 p = lo; p <= hi; p++)
			add(scan->arena, scan->services, all[i], scan->families, p, 1);
	}
}

static void add_iv(struct arena *arena, struct iv **v, size_t *n, u128 lo, u128 hi)
{
	struct iv *slot = arena_push(arena, v, n, sizeof(*slot));

	if (slot)
		*slot = (struct iv){lo, hi};
}

/* The slice of a set's key that an operand in a concatenation fills. */
static void scan_keys(struct scan *scan, const struct set *set, size_t offset,
	size_t len, bool port, bool nat, unsigned int protos)
{
	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *e = &set->elements[i];
		u128 lo, hi;

		if (e->catchall || offset + len > set->key_len)
			continue;
		lo = addr_load(e->key + offset, len);
		hi = addr_load(e->key_end + offset, len);
		if (port && nat)
			add_ports(scan, protos, lo, hi);
		else if (!port)
			add_iv(scan->arena, &scan->bounds, &scan->nbounds, lo, hi);
		if (!port && nat)
			add_iv(scan->arena, &scan->addrs, &scan->naddrs, lo, hi);
	}
}

static void scan_operand(struct scan *scan, const struct operand *o,
	const struct set *set, bool nat, unsigned int protos)
{
	size_t offset = 0;

	if (o->field != FIELD_CONCAT) {
		if (is_port(o) && !o->nsteps)
			scan_keys(scan, set, 0, 2, true, nat, protos);
		else if (is_addr(o) && !o->nsteps)
			scan_keys(scan, set, 0, o->len, false, nat, protos);
		else if (is_addr(o))
			scan->odd_addr = true;
		return;
	}
	for (size_t i = 0; i < o->nkey; i++) {
		const struct operand *part = o->key[i];

		if (part->nsteps && is_addr(part))
			scan->odd_addr = true;
		if (part->nsteps && is_port(part))
			scan->wide |= nat;
		else if (is_port(part))
			scan_keys(scan, set, offset, 2, true, nat, protos);
		else if (is_addr(part))
			scan_keys(scan, set, offset, part->len, false, nat, protos);
		offset += (part->len + 3u) & ~3u;
	}
}

/* Maps inside an operand: dnat to tcp dport map { ... }. */
static void scan_maps(
	struct scan *scan, const struct operand *o, bool nat, unsigned int protos)
{
	size_t offset = 0;

	if (!o || o->field != FIELD_MAP)
		return;
	for (size_t i = 0; i < o->nkey; i++) {
		const struct operand *part = o->key[i];

		if (part->field == FIELD_CONCAT)
			scan_operand(scan, part, o->set, nat, protos);
		else if (is_port(part))
			scan_keys(scan, o->set, offset, 2, true, nat, protos);
		else if (is_addr(part))
			scan_keys(scan, o->set, offset, part->len, false, nat, protos);
		offset += (part->len + 3u) & ~3u;
	}
}

/* Whether the bytes a comparison looks at hold a destination address in an odd place.
 */
static bool overlaps_addr(const struct operand *o)
{
	return o->field == FIELD_PAYLOAD && o->base == BASE_NETWORK &&
	       o->offset + o->load_len > 16 && !is_addr(o) && o->load_len > 1;
}

/* fib daddr . iif type: is it an address of *this* interface? */
static bool looks_at_interface(const struct op *op)
{
	return op->operand->fib_flags & NFTA_FIB_F_DADDR &&
	       op->operand->fib_flags & NFTA_FIB_F_IIF;
}

/* The ports that pass a comparison, and where the others begin. */
static void scan_port(
	struct scan *scan, enum cmp cmp, unsigned int protos, u128 lo, u128 hi)
{
	switch (cmp) {
	case CMP_EQ:
	case CMP_RANGE:
		add_ports(scan, protos, lo, hi);
		return;
	case CMP_LT:
		if (lo)
			add_ports(scan, protos, 0, lo - 1);
		return;
	case CMP_LTE:
		add_ports(scan, protos, 0, lo);
		return;
	case CMP_GT:
		if (lo < UINT16_MAX)
			add_ports(scan, protos, lo + 1, UINT16_MAX);
		return;
	case CMP_GTE:
		add_ports(scan, protos, lo, UINT16_MAX);
		return;
	case CMP_NEQ:
	case CMP_NOT_RANGE:
		if (lo)
			add_ports(scan, protos, 0, lo - 1);
		if (hi < UINT16_MAX)
			add_ports(scan, protos, hi + 1, UINT16_MAX);
		return;
	}
}

/* A match on an ipset by destination: its ports and addresses. */
static void scan_ipset(struct scan *scan, const struct ipset_match *match, bool nat)
{
	const struct ipset *set = match->ipset;

	if (!set)
		return;
	scan->odd_addr = true;
	for (size_t d = 0; nat && d < match->ndims && d < 3; d++) {
		bool port = set->dim[d] == IPSET_DIM_PORT;

		if (match->src[d] || (!port && set->dim[d] != IPSET_DIM_ADDR))
			continue;
		for (size_t i = 0; i < set->nelements; i++) {
			const struct ipset_part *p = &set->elements[i].part[d];

			if (port && p->hi <= UINT16_MAX)
				add_ports(scan,
					p->proto ? proto_bit(p->proto)
						 : PROTO_TCP | PROTO_UDP | PROTO_SCTP,
					p->lo, p->hi);
			else if (!port)
				add_iv(scan->arena, &scan->addrs, &scan->naddrs, p->lo,
					p->hi);
		}
	}
	if (nat && (set->kind == IPSET_LIST || set->kind == IPSET_OTHER))
		scan->wide = true;
}

static void scan_match(
	struct scan *scan, const struct op *op, bool nat, unsigned int protos)
{
	const struct operand *o = op->operand;
	size_t len = op->value_len;
	u128 lo, hi;

	if (overlaps_addr(o) || (o->field == FIELD_FIB_TYPE && looks_at_interface(op)))
		scan->odd_addr = true;
	if (len > 16 || (!is_port(o) && !is_addr(o)))
		return;
	lo = addr_load(op->lo, len);
	hi = op->cmp == CMP_RANGE || op->cmp == CMP_NOT_RANGE ? addr_load(op->hi, len)
							      : lo;
	if (is_port(o)) {
		if (nat && !o->nsteps && len == 2)
			scan_port(scan, op->cmp, protos, lo, hi);
		else if (nat)
			scan->wide = true;
		return;
	}
	if (op->cmp != CMP_EQ && op->cmp != CMP_NEQ && op->cmp != CMP_RANGE &&
		op->cmp != CMP_NOT_RANGE)
		scan->odd_addr = true;
	if (o->nsteps) {
		/* A network: its mask gives the range. */
		const struct step *step = &o->steps[0];
		u128 mask;

		if (o->nsteps != 1 || step->kind != STEP_AND_XOR) {
			scan->odd_addr = true;
			return;
		}
		mask = addr_load(step->and, len);
		u128 below = addr_max(len == 4 ? FAMILY_IP4 : FAMILY_IP6) & ~mask;
		if ((below & (below + 1)) != 0 || addr_load(step->xor, len) != 0)
			scan->odd_addr = true; /* not a network */
		hi = lo | (addr_max(len == 4 ? FAMILY_IP4 : FAMILY_IP6) & ~mask);
	} else if (len < o->len) { /* a prefix of whole bytes */
		unsigned int shift = (unsigned int)(o->len - len) * 8;

		lo <<= shift;
		hi = (hi << shift) | (((u128)1 << shift) - 1);
	}
	add_iv(scan->arena, &scan->bounds, &scan->nbounds, lo, hi);
	if (nat)
		add_iv(scan->arena, &scan->addrs, &scan->naddrs, lo, hi);
}

static void scan_op(
	struct scan *scan, const struct op *op, bool nat, unsigned int protos)
{
	switch ((int)op->kind) {
	case OP_MATCH:
		scan_match(scan, op, nat, protos);
		break;
	case OP_LOOKUP:
	case OP_VMAP:
		if (op->operand->field == FIELD_FIB_TYPE && looks_at_interface(op))
			scan->odd_addr = true;
		if (nat && op->invert) /* any port but those */
			scan->wide = true;
		scan_operand(scan, op->operand, op->set, nat, protos);
		break;
	case OP_IN:
		if (op->operand->nsteps && is_addr(op->operand))
			scan->odd_addr = true;
		if (nat && op->invert)
			scan->wide = true;
		for (size_t i = 0; i < op->numbers->n; i++) {
			const struct iv *iv = &op->numbers->v[i];

			if (is_port(op->operand) && nat)
				add_ports(scan, protos, iv->lo, iv->hi);
			else if (is_addr(op->operand))
				add_iv(scan->arena, &scan->bounds, &scan->nbounds,
					iv->lo, iv->hi);
			if (is_addr(op->operand) && nat)
				add_iv(scan->arena, &scan->addrs, &scan->naddrs, iv->lo,
					iv->hi);
		}
		break;
	case OP_IPSET:
		scan_ipset(scan, op->ipset, nat);
		break;
	case OP_ANY:
	case OP_NONE:
		for (size_t i = 0; i < op->nalternatives; i++)
			for (size_t k = 0; k < op->alternatives[i].nops; k++)
				scan_op(scan, &op->alternatives[i].ops[k], nat, protos);
		break;
	case OP_NAT:
		scan_maps(scan, op->nat->addr_min, nat, protos);
		scan_maps(scan, op->nat->port_min, nat, protos);
		break;
	}
}

static bool translates(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_TPROXY || op->kind == OP_UNKNOWN)
			return true;
		if (op->kind == OP_SET && op->field == FIELD_PAYLOAD &&
			(op->base == BASE_NETWORK || op->base == BASE_TRANSPORT))
			return true;
		if (op->kind == OP_NAT && op->nat->kind != NAT_SNAT &&
			op->nat->kind != NAT_MASQUERADE &&
			op->nat->kind != NAT_SNAT_PREFIX)
			return true;
	}
	return false;
}

/* Chains that a packet from outside can be in; the others tell nothing apart for it. */
struct met {
	bool *chain;
	const struct ruleset *rules;
};

static void meet(struct met *met, const struct chain *chain);

static void meet_verdict(struct met *met, const struct verdict_to *to)
{
	if ((to->kind == VERDICT_JUMP || to->kind == VERDICT_GOTO) && to->chain)
		meet(met, to->chain);
}

static void meet(struct met *met, const struct chain *chain)
{
	if (met->chain[chain->id])
		return;
	met->chain[chain->id] = true;
	for (size_t r = 0; r < chain->nrules; r++)
		for (size_t i = 0; i < chain->rules[r].nops; i++) {
			const struct op *op = &chain->rules[r].ops[i];

			if (op->kind == OP_VERDICT)
				meet_verdict(met, &op->verdict);
			for (size_t k = 0;
				op->kind == OP_VMAP && k < op->set->nelements; k++)
				meet_verdict(met, &op->set->elements[k].verdict);
		}
}

static bool *chains_met(struct scan *scan, const struct ruleset *rules)
{
	struct met met = {.rules = rules,
		.chain = arena_array(scan->arena, rules->nchains + 1, sizeof(bool))};

	for (size_t c = 0; met.chain && c < rules->nchains; c++) {
		const struct chain *chain = &rules->chains[c];

		if (chain->base && !chain->dormant && chain->hook != HOOK_OUTPUT)
			meet(&met, chain);
	}
	return met.chain;
}

/* A rule about certain destinations, or the host's own: not about any address. */
static bool names_destination(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];
		const struct operand *o = op->operand;

		if ((op->kind == OP_MATCH || op->kind == OP_LOOKUP ||
			    op->kind == OP_IN) &&
			!op->invert && op->cmp == CMP_EQ && o &&
			(o->field == FIELD_FIB_TYPE || is_addr(o)))
			return true;
	}
	return false;
}

/* Chains that packets for any address come to before they are routed. */
static void meet_anywhere(struct met *met, const struct chain *chain)
{
	if (met->chain[chain->id])
		return;
	met->chain[chain->id] = true;
	for (size_t r = 0; r < chain->nrules; r++) {
		const struct rule *rule = &chain->rules[r];

		for (size_t i = 0; i < rule->nops && !names_destination(rule); i++) {
			const struct op *op = &rule->ops[i];

			if (op->kind == OP_VERDICT &&
				(op->verdict.kind == VERDICT_JUMP ||
					op->verdict.kind == VERDICT_GOTO) &&
				op->verdict.chain)
				meet_anywhere(met, op->verdict.chain);
			for (size_t k = 0;
				op->kind == OP_VMAP && k < op->set->nelements; k++)
				if (op->set->elements[k].verdict.chain)
					meet_anywhere(met,
						op->set->elements[k].verdict.chain);
		}
	}
}

/* Ports that a rule translates whatever the destination: also at containers' addresses.
 */
static void scan_anywhere(struct scan *scan, const struct ruleset *rules)
{
	struct met met = {.rules = rules,
		.chain = arena_array(scan->arena, rules->nchains + 1, sizeof(bool))};

	for (size_t c = 0; met.chain && c < rules->nchains; c++) {
		const struct chain *chain = &rules->chains[c];

		if (chain->base && !chain->dormant &&
			(chain->hook == HOOK_PREROUTING || chain->hook == HOOK_INGRESS))
			meet_anywhere(&met, chain);
	}
	for (size_t c = 0; met.chain && c < rules->nchains; c++) {
		const struct chain *chain = &rules->chains[c];

		scan->families = FAMILY_BITS;
		for (size_t r = 0; met.chain[chain->id] && r < chain->nrules; r++) {
			const struct rule *rule = &chain->rules[r];
			size_t before = scan->services->n;

			if (!translates(rule) || names_destination(rule))
				continue;
			for (size_t i = 0; i < rule->nops; i++)
				scan_op(scan, &rule->ops[i], true, protos_of(rule));
			if (scan->services->n == before)
				scan->wide = true;
		}
	}
}

static bool leads_to(const bool *marked, const struct verdict_to *to)
{
	return (to->kind == VERDICT_JUMP || to->kind == VERDICT_GOTO) && to->chain &&
	       marked[to->chain->id];
}

/* Whether a rule translates, or leads to a chain where one does. */
static bool rule_leads_on(const struct rule *rule, const bool *marked)
{
	if (translates(rule))
		return true;
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_VERDICT && leads_to(marked, &op->verdict))
			return true;
		for (size_t k = 0; op->kind == OP_VMAP && k < op->set->nelements; k++)
			if (leads_to(marked, &op->set->elements[k].verdict))
				return true;
	}
	return false;
}

/* Chains in which, or past which, something is translated. */
static bool *chains_translating(struct scan *scan, const struct ruleset *rules)
{
	bool *marked = arena_array(scan->arena, rules->nchains + 1, sizeof(bool));
	bool changed = true;

	while (marked && changed) {
		changed = false;
		for (size_t c = 0; c < rules->nchains; c++) {
			const struct chain *chain = &rules->chains[c];

			for (size_t r = 0; !marked[chain->id] && r < chain->nrules; r++)
				if (rule_leads_on(&chain->rules[r], marked))
					marked[chain->id] = changed = true;
		}
	}
	return marked;
}

static void scan_rule(
	struct scan *scan, const struct rule *rule, bool nat, const bool *marked)
{
	unsigned int protos = nat ? protos_of(rule) : 0;
	size_t before = scan->services->n;

	for (size_t i = 0; i < rule->nops; i++)
		scan_op(scan, &rule->ops[i], nat, protos);
	if (nat && rule_leads_on(rule, marked) && scan->services->n == before)
		scan->wide |= translates(rule); /* any port */
}

/* Chains that a packet can meet before the routing decision may translate. */
static void scan_rules(struct scan *scan, const struct ruleset *rules)
{
	const bool *met = chains_met(scan, rules);
	const bool *marked = chains_translating(scan, rules);

	for (size_t c = 0; met && marked && c < rules->nchains; c++) {
		const struct chain *chain = &rules->chains[c];
		bool own_chain = !chain->base || chain->hook == HOOK_PREROUTING ||
				 chain->hook == HOOK_INGRESS;

		scan->families = chain->family == TABLE_IP    ? FAMILY_BIT_4
				 : chain->family == TABLE_IP6 ? FAMILY_BIT_6
							      : FAMILY_BITS;
		for (size_t r = 0; met[chain->id] && r < chain->nrules; r++) {
			const struct rule *rule = &chain->rules[r];

			scan_rule(scan, rule,
				own_chain && (rule_leads_on(rule, marked) ||
						     chain->type == CHAIN_NAT),
				marked);
		}
	}
}

/* ---------------------------------------------------------------- addresses */

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

/*
 * Which of the ranges that rules name an address is in, as one number: two addresses
 * with the same one are told apart by no rule. A sum, so that a range that stands in
 * several rules counts alike for both.
 */
static uint64_t signature(const struct scan *scan, u128 addr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < scan->nbounds; i++) {
		const struct iv *iv = &scan->bounds[i];

		if (addr >= iv->lo && addr <= iv->hi)
			sum += mix((uint64_t)iv->lo ^
				   mix((uint64_t)(iv->lo >> 64) ^
					   mix((uint64_t)iv->hi ^
						   mix((uint64_t)(iv->hi >> 64)))));
	}
	return sum;
}

struct classing {
	struct reach *reach;
	struct scan *scan;
	struct candidates *out;
	uint64_t *signatures; /* of the classes */
	bool apart;	      /* every address its own class */
};

static bool bound_socket(const struct reach *reach, const struct addr *addr)
{
	const struct netns *ns = reach->facts->host;

	for (size_t i = 0; i < ns->nsocks; i++)
		if (ns->socks[i].local.value == addr->value &&
			ns->socks[i].local.family == addr->family)
			return true;
	return false;
}

static bool bound_port(const struct reach *reach, const struct addr *addr)
{
	for (size_t i = 0; i < reach->facts->ncontainers; i++) {
		const struct container *c = &reach->facts->containers[i];

		for (size_t k = 0; k < c->nports; k++)
			if (c->ports[k].host_addr.family == addr->family &&
				c->ports[k].host_addr.value == addr->value)
				return true;
	}
	return false;
}

/* The class of perimeter addresses in the same ranges. A loopback
 * address is its twin only as long as its packets are translated: see the survey. */
static size_t find_twin(const struct classing *cl, size_t self, uint64_t sign, bool own)
{
	const struct address_class *c = &cl->out->classes[self];

	for (size_t i = 0; i < self && !own && !c->perimeter; i++)
		if (cl->signatures[i] == sign && cl->out->classes[i].perimeter &&
			!cl->out->classes[i].alone &&
			cl->out->classes[i].family == c->family)
			return i;
	return SIZE_MAX;
}

static void classify(struct classing *cl, const struct addr *addr, bool perimeter,
	bool loopback, bool foreign, int ifindex)
{
	struct arena *arena = cl->scan->arena;
	struct candidates *out = cl->out;
	uint64_t sign =
		signature(cl->scan, addr->value) +
		(perimeter && cl->reach->nperimeter > 1 ? mix((uint64_t)ifindex) : 0);
	bool link_local = addr->family == FAMILY_IP6 && (addr->value >> 118) == 0x3fa;
	bool own = cl->apart || foreign || link_local ||
		   bound_socket(cl->reach, addr) || bound_port(cl->reach, addr);
	struct address_class *c = NULL;
	struct addr *slot;

	for (size_t i = 0; !own && i < out->nclasses && !c; i++) {
		struct address_class *k = &out->classes[i];

		if (cl->signatures[i] == sign && k->family == addr->family &&
			k->loopback == loopback && k->perimeter == perimeter &&
			!k->alone)
			c = k;
	}
	if (!c) {
		size_t n = out->nclasses;
		uint64_t *e = arena_push(arena, &cl->signatures, &n, sizeof(*e));

		c = arena_push(arena, &out->classes, &out->nclasses, sizeof(*c));
		if (!c || !e)
			return;
		*e = sign;
		*c = (struct address_class){.family = addr->family,
			.loopback = loopback,
			.perimeter = perimeter,
			.foreign = foreign,
			.alone = own,
			.ifindex = link_local ? ifindex : 0};
		c->twin = find_twin(cl, out->nclasses - 1, sign, own);
	}
	slot = arena_push(arena, &c->addrs, &c->n, sizeof(*slot));
	if (slot)
		*slot = *addr;
}

static bool is_loopback(const struct addr *addr)
{
	return addr->family == FAMILY_IP4 ? addr->value >> 24 == 127 : addr->value == 1;
}

/* A loopback address that sockets and published ports of that address are asked at. */
static void classify_loopback(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;
	struct addr first = {INADDR_LOOPBACK, FAMILY_IP4};

	classify(cl, &first, false, true, false, 0);
	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct addr *a = &ns->socks[i].local;

		if (a->family == FAMILY_IP4 && a->value >> 24 == 127 &&
			a->value != INADDR_LOOPBACK && cl->out->nclasses < 64)
			classify(cl, a, false, true, false, 0);
	}
}

static int by_lo(const void *a, const void *b)
{
	const struct iv *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Addresses that are not the host's, and a rule translates. */
static bool is_foreign(const struct classing *cl, const struct addr *a)
{
	return a->value && !space_has_addr(cl->reach->host, a->family, a->value, 0) &&
	       !host_owner(cl->reach, a);
}

/* Private networks stand in rules to be left alone; nobody routes them here. */
static bool is_worth_listing(const struct classing *cl, const struct iv *iv)
{
	enum family family = iv->lo > addr_max(FAMILY_IP4) ? FAMILY_IP6 : FAMILY_IP4;

	return iv->lo == iv->hi ||
	       ivset_contains(zone_internet(cl->scan->arena, family), iv->lo);
}

static void classify_foreign(struct classing *cl)
{
	struct scan *scan = cl->scan;
	size_t n = 0;
	u128 next = 0; /* below it all were seen */

	if (scan->naddrs)
		qsort(scan->addrs, scan->naddrs, sizeof(*scan->addrs), by_lo);
	for (size_t i = 0; i < scan->naddrs; i++) {
		const struct iv *iv = &scan->addrs[i];
		struct addr a = {iv->lo < next ? next : iv->lo,
			iv->lo > addr_max(FAMILY_IP4) ? FAMILY_IP6 : FAMILY_IP4};

		if ((a.family == FAMILY_IP4 && iv->lo >> 24 == 127) || iv->hi < next ||
			!is_worth_listing(cl, iv))
			continue;
		for (; a.value <= iv->hi && n < FOREIGN_MAX; a.value++)
			if (is_foreign(cl, &a)) {
				classify(cl, &a, false, false, true, 0);
				n++;
			}
		cl->out->cut |= a.value <= iv->hi;
		next = iv->hi + 1;
	}
}

static void classify_all(struct classing *cl)
{
	const struct netns *ns = cl->reach->facts->host;

	/* The perimeter's addresses first: others may be their twins. */
	for (int inner = 0; inner < 2; inner++)
		for (size_t i = 0; i < ns->naddrs; i++) {
			const struct ifaddr *a = &ns->addrs[i];
			bool perimeter = host_is_perimeter(cl->reach, a->ifindex);

			if (perimeter == !inner && !is_loopback(&a->local))
				classify(cl, &a->local, perimeter, false, false,
					a->ifindex);
		}
	classify_loopback(cl);
	classify_foreign(cl);
}

/* Addresses that policy routing tells apart, on the way in or on the way back. */
static void scan_ip_rules(struct scan *scan, const struct netns *ns)
{
	for (size_t i = 0; i < ns->nrules; i++) {
		const struct prefix *both[] = {&ns->rules[i].src, &ns->rules[i].dst};

		for (size_t k = 0; k < ARRAY_LEN(both); k++)
			if (both[k]->len)
				add_iv(scan->arena, &scan->bounds, &scan->nbounds,
					both[k]->value, prefix_last(both[k]));
	}
}

/* ---------------------------------------------------------------- public */

void candidates_collect(
	struct reach *reach, struct arena *arena, struct candidates *ret_candidates)
{
	const struct facts *facts = reach->facts;
	struct scan scan = {.arena = arena, .services = &ret_candidates->host};
	struct classing cl = {.reach = reach, .scan = &scan, .out = ret_candidates};

	memset(ret_candidates, 0, sizeof(*ret_candidates));
	add_socks(arena, scan.services, facts->host);
	scan_rules(&scan, reach->host->rules);
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		for (size_t k = 0; k < c->nports; k++)
			add(arena, scan.services, c->ports[k].proto, FAMILY_BITS,
				c->ports[k].host_port, 1);
		if (scan.wide && c->netns && c->netns != facts->host)
			add_socks(arena, scan.services, c->netns);
	}
	scan_ip_rules(&scan, facts->host);
	sort_once(scan.services);
	struct scan any = {.arena = arena, .services = &ret_candidates->anywhere};
	scan_anywhere(&any, reach->host->rules);
	if (any.wide) /* all ports: those that the host itself is asked at */
		ret_candidates->anywhere = ret_candidates->host;
	sort_once(&ret_candidates->anywhere);
	cl.apart = scan.odd_addr || scan.nbounds > BOUNDS_MAX;
	classify_all(&cl);
}

void candidates_container(struct arena *arena, const struct container *container,
	const struct services *anywhere, struct services *ret_services)
{
	*ret_services = (struct services){0};
	if (container->netns)
		add_socks(arena, ret_services, container->netns);
	for (size_t k = 0; k < container->nports; k++)
		add(arena, ret_services, container->ports[k].proto, FAMILY_BITS,
			container->ports[k].container_port, 1);
	for (size_t i = 0; i < anywhere->n; i++)
		add(arena, ret_services, anywhere->v[i].proto, FAMILY_BITS,
			anywhere->v[i].port, anywhere->v[i].span);
	sort_once(ret_services);
}
