/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as nft would list them, whatever encoding they were written in. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include "netmon/model/expr_text.h"
#include "netmon/model/operand_text.h"
#include "netmon/model/rule_words.h"

enum { NEST_MAX = 8, ALTERNATIVES_MAX = 8 };

static void add_ops(struct text *text, const struct op *ops, size_t nops,
	struct words_context *context, unsigned int depth);

static void add_verdict(struct text *text, const struct op *op)
{
	text_space(text);
	verdict_text(text, &op->verdict);
}

static bool is_unmasked(const struct operand *operand, enum field field, size_t len)
{
	return operand->field == field && operand->nsteps == 0 && operand->len == len;
}

/* What the rule has established so far; it names the headers of the ops to come. */
static void learn(struct words_context *context, const struct op *op)
{
	const struct operand *operand = op->operand;

	if (op->kind != OP_MATCH || op->cmp != CMP_EQ || !operand)
		return;
	if (is_unmasked(operand, FIELD_L4PROTO, 1)) {
		context->l4proto = op->lo[0];
	} else if (is_unmasked(operand, FIELD_NFPROTO, 1)) {
		context->family = op->lo[0] == TABLE_IP6 ? FAMILY_IP6 : FAMILY_IP4;
	} else if (is_unmasked(operand, FIELD_PROTOCOL, 2)) {
		if (op->lo[0] == 0x08 && op->lo[1] == 0x00)
			context->family = FAMILY_IP4;
		if (op->lo[0] == 0x86 && op->lo[1] == 0xdd)
			context->family = FAMILY_IP6;
	} else if (is_unmasked(operand, FIELD_PAYLOAD, 1) &&
		   operand->base == BASE_NETWORK &&
		   operand->offset == (context->family == FAMILY_IP6 ? 6 : 9)) {
		context->l4proto = op->lo[0];
	}
}

/* Whether a field of that header is read by its name. */
static bool operand_reads(const struct operand *operand, uint8_t base,
	const struct words_context *context)
{
	if (!operand)
		return false;
	if (operand->field == FIELD_PAYLOAD && operand->base == base)
		return words_of(operand, context).text[0] != '@';
	if (base == BASE_TRANSPORT &&
		(operand->field == FIELD_SPORT || operand->field == FIELD_DPORT))
		return true;
	for (size_t i = 0; i < operand->nkey; i++)
		if (operand_reads(operand->key[i], base, context))
			return true;
	return false;
}

/* The header whose name implies the op; -1: none does. */
static int implied_base(const struct op *op)
{
	struct words_context context = {0};

	if (op->kind != OP_MATCH || op->cmp != CMP_EQ || op->value_len == 0)
		return -1;
	if (is_unmasked(op->operand, FIELD_NFPROTO, 1) ||
		is_unmasked(op->operand, FIELD_PROTOCOL, 2))
		return BASE_NETWORK;
	if (!is_unmasked(op->operand, FIELD_L4PROTO, 1))
		return -1;
	context.l4proto = op->lo[0];
	/* Only where the protocol is part of the name. */
	if (op->lo[0] == IPPROTO_ICMP || op->lo[0] == IPPROTO_ICMPV6 ||
		strncmp(words_payload(BASE_TRANSPORT, 0, 2, &context).text, "th ", 3))
		return BASE_TRANSPORT;
	return -1;
}

/* Whether nft would leave @op out, because the name of what follows implies it. */
static bool is_implied(const struct op *op, const struct op *next, size_t left,
	const struct words_context *context)
{
	struct words_context ahead = *context;
	int base = implied_base(op);

	/* Protocols of both layers come together. */
	while (left > 0 && implied_base(next) >= 0) {
		if (base == BASE_NETWORK && next->operand->field == FIELD_L4PROTO &&
			(next->lo[0] == IPPROTO_ICMP || next->lo[0] == IPPROTO_ICMPV6))
			return is_implied(next, next + 1, left - 1, context);
		learn(&ahead, next);
		next++;
		left--;
	}
	return base >= 0 && left > 0 &&
	       (operand_reads(next->operand, (uint8_t)base, &ahead) ||
		       (next->kind == OP_SET && next->field == FIELD_PAYLOAD &&
			       next->base == base));
}

/* A range is two comparisons of the same operand. */
static bool is_range(const struct op *op, size_t left)
{
	const struct op *next = op + 1;

	return left > 0 && op->kind == OP_MATCH && op->cmp == CMP_GTE &&
	       next->kind == OP_MATCH && next->cmp == CMP_LTE &&
	       op->operand == next->operand && op->value_len == next->value_len;
}

static void add_port_range(struct text *text, const struct operand *min,
	const struct operand *max, const struct words_context *context)
{
	operand_text(text, min, VALUE_NUMBER, context);
	if (max && max != min) {
		text_add(text, "-");
		operand_text(text, max, VALUE_NUMBER, context);
	}
}

/* Address and port that are parts of one map's answer are written once. */
static bool is_one_map(const struct nat *nat)
{
	const struct operand *addr = nat->addr_min, *port = nat->port_min;

	return addr && addr->field == FIELD_MAP &&
	       (!port || (port->field == FIELD_MAP && port->set == addr->set));
}

static void add_nat_target(
	struct text *text, const struct nat *nat, const struct words_context *context)
{
	bool brackets = nat->addr_min && nat->addr_min->len == 16 && nat->port_min;

	if (!nat->addr_min && !nat->port_min)
		return;
	text_add(text, " to ");
	if (is_one_map(nat)) {
		operand_text(text, nat->addr_min, VALUE_ADDR, context);
		return;
	}
	if (nat->addr_min) {
		text_add(text, "%s", brackets ? "[" : "");
		operand_text(text, nat->addr_min, VALUE_ADDR, context);
		if (nat->addr_max && nat->addr_max != nat->addr_min) {
			text_add(text, "-");
			operand_text(text, nat->addr_max, VALUE_ADDR, context);
		}
		text_add(text, "%s", brackets ? "]" : "");
	}
	if (nat->port_min) {
		text_add(text, ":");
		add_port_range(text, nat->port_min, nat->port_max, context);
	}
}

static void add_nat(
	struct text *text, const struct op *op, struct words_context *context)
{
	static const char *const kinds[] = {
		[NAT_DNAT] = "dnat",
		[NAT_SNAT] = "snat",
		[NAT_MASQUERADE] = "masquerade",
		[NAT_REDIRECT] = "redirect",
		[NAT_DNAT_PREFIX] = "dnat",
		[NAT_SNAT_PREFIX] = "snat",
	};
	static const struct {
		uint32_t flag;
		const char *text;
	} flags[] = {
		{NF_NAT_RANGE_PROTO_RANDOM, "random"},
		{NF_NAT_RANGE_PROTO_RANDOM_FULLY, "fully-random"},
		{NF_NAT_RANGE_PERSISTENT, "persistent"},
	};
	const struct nat *nat = op->nat;

	text_word(text, op->kind == OP_TPROXY ? "tproxy" : kinds[nat->kind]);
	if (context->both && nat->addr_min && nat->family != FAMILY_NONE)
		text_word(text, nat->family == FAMILY_IP6 ? "ip6" : "ip");
	if (nat->kind == NAT_DNAT_PREFIX || nat->kind == NAT_SNAT_PREFIX)
		text_word(text, "prefix");
	add_nat_target(text, nat, context);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (nat->flags & flags[i].flag)
			text_word(text, flags[i].text);
}

static void add_reject(struct text *text, const struct op *op)
{
	static const char *const kinds[] = {
		[REJECT_ICMP] = "reject",
		[REJECT_TCP_RESET] = "reject with tcp reset",
		[REJECT_ICMP_PORT] = "reject with icmp port-unreachable",
	};

	if (op->expr && op->reject == REJECT_ICMP && expr_text(text, op->expr))
		return;
	text_word(text, kinds[op->reject]);
}

/* The place that is written, then what is written to it. */
static void add_set(
	struct text *text, const struct op *op, struct words_context *context)
{
	struct words words;
	const struct operand place = {.field = op->field,
		.base = op->base,
		.offset = op->offset,
		.len = op->value_len,
		.load_len = op->value_len};

	words = words_of(&place, context);
	text_word(text, words.text);
	text_word(text, "set ");
	operand_text(text, op->operand, words.type, context);
}

static void add_numbers(
	struct text *text, const struct op *op, struct words_context *context)
{
	text_space(text);
	operand_text(text, op->operand, VALUE_BYTES, context);
	text_add(text, "%s ", op->invert ? " !=" : "");
	numbers_text(text, op->numbers, op->operand->len);
}

static void add_ipset(struct text *text, const struct op *op)
{
	const struct ipset_match *match = op->ipset;

	text_word(text, op->invert ? "not ipset " : "ipset ");
	text_name(text, match->ipset ? match->ipset->name : "?");
	for (size_t i = 0; i < match->ndims && i < ARRAY_LEN(match->src); i++)
		text_add(text, "%s%s", i ? "," : " ", match->src[i] ? "src" : "dst");
}

static void add_alternatives(struct text *text, const struct op *op,
	struct words_context *context, unsigned int depth)
{
	text_word(text, op->kind == OP_NONE ? "not (" : "(");
	for (size_t i = 0; i < op->nalternatives; i++) {
		const struct op_list *list = &op->alternatives[i];
		struct words_context inside = *context;

		if (i)
			text_word(text, "or");
		if (i == ALTERNATIVES_MAX || depth == NEST_MAX) {
			text_word(text, "…");
			break;
		}
		add_ops(text, list->ops, list->nops, &inside, depth + 1);
	}
	text_word(text, ")");
}

/* What has no meaning to the walk: the text it came with, or its own attributes. */
static void add_opaque(
	struct text *text, const struct op *op, struct words_context *context)
{
	if (op->kind == OP_MAYBE && op->invert)
		text_word(text, "not");
	if (!op->expr || !expr_text(text, op->expr)) {
		text_space(text);
		text_escaped(text, op->text ? op->text : "?");
	}
	if (op->operand && op->expr) { /* dynset */
		text_add(text, " { ");
		operand_text(text, op->operand, VALUE_BYTES, context);
		text_add(text, " }");
	}
}

static void add_op(struct text *text, const struct op *op,
	struct words_context *context, unsigned int depth)
{
	switch (op->kind) {
	case OP_UNKNOWN:
	case OP_NOP:
	case OP_MAYBE:
	case OP_DUP:
		add_opaque(text, op, context);
		break;
	case OP_MATCH:
		text_space(text);
		match_text(text, op, context);
		break;
	case OP_LOOKUP:
		text_space(text);
		lookup_text(text, op->operand, op->set, op->invert, context);
		break;
	case OP_VMAP:
		text_space(text);
		vmap_text(text, op->operand, op->set, context);
		break;
	case OP_IN:
		add_numbers(text, op, context);
		break;
	case OP_IPSET:
		add_ipset(text, op);
		break;
	case OP_ANY:
	case OP_NONE:
		add_alternatives(text, op, context, depth);
		break;
	case OP_SET:
		add_set(text, op, context);
		break;
	case OP_NOTRACK:
		text_word(text, "notrack");
		break;
	case OP_ZONE:
		text_word(text, op->side == ZONE_ORIGINAL ? "ct original zone set "
				: op->side == ZONE_REPLY  ? "ct reply zone set "
							  : "ct zone set ");
		operand_text(text, op->operand, VALUE_HOST, context);
		break;
	case OP_NAT:
	case OP_TPROXY:
		add_nat(text, op, context);
		break;
	case OP_REJECT:
		add_reject(text, op);
		break;
	case OP_VERDICT:
		add_verdict(text, op);
		break;
	case OP_VERDICT_QUEUE:
		text_word(text, "queue");
		break;
	case OP_FWD:
		text_word(text, "fwd to ");
		operand_text(text, op->operand, VALUE_HOST, context);
		break;
	case OP_KIND_COUNT:
		break;
	}
}

/* Whether the text is made from the op; op->expr is there for these kinds only. */
static bool has_expr(const struct op *op)
{
	switch (op->kind) {
	case OP_UNKNOWN:
	case OP_NOP:
	case OP_MAYBE:
	case OP_DUP:
		return true;
	case OP_REJECT:
		return op->expr != NULL;
	case OP_MATCH:
	case OP_LOOKUP:
	case OP_VMAP:
	case OP_IN:
	case OP_IPSET:
	case OP_ANY:
	case OP_NONE:
	case OP_SET:
	case OP_NOTRACK:
	case OP_ZONE:
	case OP_NAT:
	case OP_TPROXY:
	case OP_VERDICT:
	case OP_VERDICT_QUEUE:
	case OP_FWD:
	case OP_KIND_COUNT:
		break;
	}
	return false;
}

static void add_ops(struct text *text, const struct op *ops, size_t nops,
	struct words_context *context, unsigned int depth)
{
	for (size_t i = 0; i < nops && !text->cut; i++) {
		const struct op *op = &ops[i];

		learn(context, op);
		if (is_implied(op, op + 1, nops - i - 1, context))
			continue;
		if (is_range(op, nops - i - 1)) {
			struct op range = *op;

			range.cmp = CMP_RANGE;
			range.hi = ops[++i].lo;
			add_op(text, &range, context, depth);
			continue;
		}
		if (op->text && !has_expr(op))
			text_word(text, op->text); /* its author knew better */
		else
			add_op(text, op, context, depth);
	}
}

const char *rule_text(struct arena *arena, const struct rule *rule)
{
	struct words_context context = {0};
	struct text text = {.data = arena_alloc_raw(arena, TEXT_MAX)};

	if (!text.data)
		return "";
	if (rule->chain->family == TABLE_IP)
		context.family = FAMILY_IP4;
	else if (rule->chain->family == TABLE_IP6)
		context.family = FAMILY_IP6;
	else
		context.both = true;
	add_ops(&text, rule->ops, rule->nops, &context, 0);
	if (rule->comment) {
		text_word(&text, "comment ");
		text_quoted(&text, rule->comment, strlen(rule->comment));
	}
	text.data[text.len] = '\0';
	arena_trim(arena, text.data, TEXT_MAX, text.len + 1);
	return text.data;
}
