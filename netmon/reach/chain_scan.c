/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which chains' rules count: those that a packet from outside can be in. */
#include "netmon/reach/address_rules.h"
#include "netmon/reach/rule_scan.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Chains that a packet from outside can be in; the others tell nothing apart for it. */
struct met {
	struct scan *scan;
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

/* Chains that begin at one of those hooks; @nat: those of type nat, too. */
static bool *chains_met(
	struct scan *scan, const struct ruleset *rules, unsigned int hooks, bool nat)
{
	struct met met = {.rules = rules,
		.chain = arena_array(scan->arena, rules->nchains + 1, sizeof(bool))};

	for (size_t c = 0; met.chain && c < rules->nchains; c++) {
		const struct chain *chain = &rules->chains[c];

		if (chain->base && !chain->dormant && hooks & (1u << chain->hook) &&
			(nat || chain->type != CHAIN_NAT))
			meet(&met, chain);
	}
	return met.chain;
}

/* An answer belongs to a connection, and passes no chain of type nat, unless it is
 * taken for a new one. */
static bool answers_meet_nat(const struct ruleset *rules)
{
	for (size_t c = 0; c < rules->nchains; c++)
		for (size_t r = 0; r < rules->chains[c].nrules; r++)
			if (address_rules_track(&rules->chains[c].rules[r]))
				return true;
	return false;
}

/* fib daddr type local, where that is no container's. */
static bool is_host_only(const struct scan *scan, const struct op *op)
{
	const uint32_t local = RTN_LOCAL;

	return op->operand->field == FIELD_FIB_TYPE && op->kind == OP_MATCH &&
	       op->operand->fib_flags & NFTA_FIB_F_DADDR &&
	       op->value_len == sizeof(local) &&
	       memcmp(op->lo, &local, sizeof(local)) == 0 && !scan->local_anywhere;
}

/* Whether the set lets only destinations pass that are not scan->at. */
static bool set_excludes(const struct scan *scan, const struct op *op)
{
	bool open = op->set->dynamic || op->set->unreadable || op->operand->nsteps;

	for (size_t i = 0; i < op->set->nelements; i++) {
		const struct set_element *e = &op->set->elements[i];
		size_t len = op->set->key_len;

		if (e->catchall ||
			(scan->at && scan->at->value >= addr_load(e->key, len) &&
				scan->at->value <= addr_load(e->key_end, len)))
			return false;
	}
	return !scan->at || !open;
}

/* Whether an op lets only the host's own destinations pass, or certain ones: scan->at
 * is none of them. */
static bool op_excludes(const struct scan *scan, const struct op *op)
{
	const struct operand *o = op->operand;
	bool exact;
	struct iv iv;

	if (op->kind != OP_MATCH && op->kind != OP_LOOKUP && op->kind != OP_IN)
		return false;
	if (op->invert || !o)
		return false;
	if (op->kind == OP_MATCH && op->cmp == CMP_EQ && is_host_only(scan, op))
		return true;
	if (!(op->kind == OP_MATCH ? scan_begins_addr(o) : scan_is_addr(o)))
		return false;
	if (op->kind == OP_LOOKUP)
		return set_excludes(scan, op);
	if (op->kind == OP_IN)
		return !scan->at ||
		       (!o->nsteps && !ivset_contains(op->numbers, scan->at->value));
	if ((op->cmp != CMP_EQ && op->cmp != CMP_RANGE) || op->value_len == 0 ||
		op->value_len > 16)
		return false;
	iv = scan_address_range(op, &exact);
	return exact &&
	       (!scan->at || scan->at->value < iv.lo || scan->at->value > iv.hi);
}

/* A rule about certain destinations, or the host's own: not about any address, nor
 * about scan->at. */
static bool is_elsewhere(const struct scan *scan, const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++)
		if (op_excludes(scan, &rule->ops[i]))
			return true;
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

		if (is_elsewhere(met->scan, rule))
			continue;
		for (size_t i = 0; i < rule->nops; i++) {
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
void scan_anywhere(struct scan *scan, const struct ruleset *rules)
{
	struct met met = {.scan = scan,
		.rules = rules,
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

			if (!scan_translates(rule) || is_elsewhere(scan, rule))
				continue;
			for (size_t i = 0; i < rule->nops; i++)
				scan_op(scan, &rule->ops[i], true, scan_protos(rule));
			if (scan->services->n == before)
				scan->wide |= scan_protos(rule);
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
	if (scan_translates(rule))
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
	unsigned int protos = nat ? scan_protos(rule) : 0;
	size_t before = scan->services->n;
	bool leads = nat && rule_leads_on(rule, marked);

	scan->aside = !leads;
	for (size_t i = 0; i < rule->nops; i++)
		scan_op(scan, &rule->ops[i], nat, protos);
	if (leads && scan->services->n == before)
		scan->wide |= scan_translates(rule) ? protos : 0; /* any port */
}

#define ALL_HOOKS    ((1u << HOOK_COUNT) - 1)
#define ANSWER_HOOKS (1u << HOOK_OUTPUT | 1u << HOOK_POSTROUTING | 1u << HOOK_EGRESS)

/* Chains that a packet can meet before the routing decision may translate; those that
 * answers meet tell apart what is their source. */
void scan_rules(struct scan *scan, const struct ruleset *rules)
{
	const bool *met =
		chains_met(scan, rules, ALL_HOOKS & ~(1u << HOOK_OUTPUT), true);
	const bool *answers =
		chains_met(scan, rules, ANSWER_HOOKS, answers_meet_nat(rules));
	const bool *marked = chains_translating(scan, rules);

	for (size_t c = 0; met && answers && marked && c < rules->nchains; c++) {
		const struct chain *chain = &rules->chains[c];
		bool own_chain = met[chain->id] &&
				 (!chain->base || chain->hook == HOOK_PREROUTING ||
					 chain->hook == HOOK_INGRESS);

		if (!met[chain->id] && !answers[chain->id])
			continue;
		scan->families = chain->family == TABLE_IP    ? FAMILY_BIT_4
				 : chain->family == TABLE_IP6 ? FAMILY_BIT_6
							      : FAMILY_BITS;
		for (size_t r = 0; r < chain->nrules; r++) {
			const struct rule *rule = &chain->rules[r];

			address_rules_scan(scan, rule, answers[chain->id]);
			scan_rule(scan, rule,
				own_chain && (chain->type == CHAIN_NAT ||
						     rule_leads_on(rule, marked)),
				marked);
		}
	}
}
