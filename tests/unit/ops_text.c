/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops as text, for tests. */
#include "ops_text.h"

#include "common/addr.h"

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_IIF] = "iif",
	[FIELD_OIF] = "oif",
	[FIELD_IIFNAME] = "iifname",
	[FIELD_OIFNAME] = "oifname",
	[FIELD_IIFGROUP] = "iifgroup",
	[FIELD_OIFGROUP] = "oifgroup",
	[FIELD_IIFKIND] = "iifkind",
	[FIELD_NFPROTO] = "nfproto",
	[FIELD_L4PROTO] = "l4proto",
	[FIELD_MARK] = "mark",
	[FIELD_PKTTYPE] = "pkttype",
	[FIELD_PRIORITY] = "priority",
	[FIELD_SECPATH] = "secpath",
	[FIELD_CT_STATE] = "ct.state",
	[FIELD_CT_STATUS] = "ct.status",
	[FIELD_CT_DIRECTION] = "ct.direction",
	[FIELD_CT_MARK] = "ct.mark",
	[FIELD_CT_PROTOCOL] = "ct.protocol",
	[FIELD_CT_ORIG_SADDR] = "ct.orig.saddr",
	[FIELD_CT_ORIG_DADDR] = "ct.orig.daddr",
	[FIELD_CT_ORIG_SPORT] = "ct.orig.sport",
	[FIELD_CT_ORIG_DPORT] = "ct.orig.dport",
	[FIELD_CT_REPLY_SADDR] = "ct.reply.saddr",
	[FIELD_CT_REPLY_DADDR] = "ct.reply.daddr",
	[FIELD_CT_REPLY_SPORT] = "ct.reply.sport",
	[FIELD_CT_REPLY_DPORT] = "ct.reply.dport",
	[FIELD_FIB_TYPE] = "fib.type",
	[FIELD_FIB_OIF] = "fib.oif",
	[FIELD_TCP_FLAGS] = "tcp.flags",
	[FIELD_SADDR] = "saddr",
	[FIELD_DADDR] = "daddr",
	[FIELD_SPORT] = "sport",
	[FIELD_DPORT] = "dport",
};

static const char *hex(struct arena *arena, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(arena, 2 * len + 1);

	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

static const char *step_text(struct arena *arena, const struct step *step, size_t len)
{
	if (step->kind == STEP_AND_XOR)
		return arena_printf(arena, "&%s^%s", hex(arena, step->and, len),
			hex(arena, step->xor, len));
	if (step->kind == STEP_SLICE)
		return arena_printf(arena, "[%u+%u]", step->offset, step->count);
	return arena_printf(arena, "%s%u",
		step->kind == STEP_SHIFT_LEFT	 ? "<<"
		: step->kind == STEP_SHIFT_RIGHT ? ">>"
						 : "swap",
		step->count);
}

static const char *operand_text(struct arena *arena, const struct operand *operand)
{
	const char *text = field_names[operand->field];
	size_t len = operand->load_len;

	if (operand->field == FIELD_CONST)
		text = hex(arena, operand->bytes, operand->len);
	else if (operand->field == FIELD_UNKNOWN)
		text = arena_printf(arena, "?%s", operand->code);
	else if (operand->field == FIELD_PAYLOAD)
		text = arena_printf(arena, "@%u,%u,%u", operand->base, operand->offset,
			operand->load_len);
	else if (operand->field == FIELD_EXTHDR)
		text = arena_printf(arena, "exthdr(%u,%u,%u,%s)", operand->exthdr_op,
			operand->exthdr_type, operand->offset,
			operand->exthdr_present ? "present" : "value");
	else if (operand->field == FIELD_FIB_TYPE || operand->field == FIELD_FIB_OIF)
		text = arena_printf(arena, "%s(%x)", text, operand->fib_flags);
	else if (!text)
		text = arena_printf(arena, "field%u", operand->field);
	for (size_t i = 0; i < operand->nsteps; i++) {
		text = arena_printf(
			arena, "%s%s", text, step_text(arena, &operand->steps[i], len));
		if (operand->steps[i].kind == STEP_SLICE)
			len = operand->steps[i].count;
	}
	return text;
}

static const char *match_text(struct arena *arena, const struct op *op)
{
	static const char *const words[] = {[CMP_EQ] = "==",
		[CMP_NEQ] = "!=",
		[CMP_LT] = "<",
		[CMP_LTE] = "<=",
		[CMP_GT] = ">",
		[CMP_GTE] = ">=",
		[CMP_RANGE] = "in",
		[CMP_NOT_RANGE] = "not in"};
	const char *lo = hex(arena, op->lo, op->value_len);

	return arena_printf(arena, "%s %s %s%s%s", operand_text(arena, op->operand),
		words[op->cmp], lo, op->hi ? "-" : "",
		op->hi ? hex(arena, op->hi, op->value_len) : "");
}

static const char *in_text(struct arena *arena, const struct op *op)
{
	const char *text = arena_printf(arena, "%s %sin {",
		operand_text(arena, op->operand), op->invert ? "not " : "");

	for (size_t i = 0; i < op->numbers->n; i++)
		text = arena_printf(arena, "%s%s%llu-%llu", text, i ? "," : "",
			(unsigned long long)op->numbers->v[i].lo,
			(unsigned long long)op->numbers->v[i].hi);
	return arena_printf(arena, "%s}", text);
}

static const char *ipset_text(struct arena *arena, const struct op *op)
{
	const struct ipset_match *match = op->ipset;
	const char *text = arena_printf(arena, "%sset %s", op->invert ? "! " : "",
		match->ipset ? match->ipset->name : "(none)");

	for (size_t i = 0; i < match->ndims; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? "," : " ",
			match->src[i] ? "src" : "dst");
	return match->maybe ? arena_printf(arena, "%s maybe", text) : text;
}

static const char *any_text(struct arena *arena, const struct op *op)
{
	const char *text = op->kind == OP_NONE ? "!{" : "{";

	for (size_t i = 0; i < op->nalternatives; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " | " : "",
			ops_text(arena, op->alternatives[i].ops,
				op->alternatives[i].nops));
	return arena_printf(arena, "%s}", text);
}

static const char *nat_text(struct arena *arena, const struct op *op)
{
	static const char *const kinds[] = {[NAT_DNAT] = "dnat",
		[NAT_SNAT] = "snat",
		[NAT_MASQUERADE] = "masquerade",
		[NAT_REDIRECT] = "redirect",
		[NAT_DNAT_PREFIX] = "dnat-prefix",
		[NAT_SNAT_PREFIX] = "snat-prefix"};
	const struct nat *nat = op->nat;
	const char *text = op->kind == OP_TPROXY ? "tproxy" : kinds[nat->kind];
	char mask[ADDR_TEXT_MAX] = "";

	text = arena_printf(arena, "%s ip%u", text, nat->family);
	if (nat->addr_min)
		text = arena_printf(arena, "%s %s-%s", text,
			operand_text(arena, nat->addr_min),
			operand_text(arena, nat->addr_max));
	if (nat->port_min)
		text = arena_printf(arena, "%s port %s-%s", text,
			operand_text(arena, nat->port_min),
			operand_text(arena, nat->port_max));
	if (nat->port_base)
		text = arena_printf(arena, "%s base %u", text, nat->port_base);
	if (nat->mask)
		text = arena_printf(arena, "%s mask %s", text,
			addr_format(&(struct addr){nat->mask, nat->family}, mask));
	return nat->flags ? arena_printf(arena, "%s flags %x", text, nat->flags) : text;
}

static const char *verdict_text(struct arena *arena, const struct op *op)
{
	static const char *const words[] = {[VERDICT_DROP] = "drop",
		[VERDICT_ACCEPT] = "accept",
		[VERDICT_CONTINUE] = "continue",
		[VERDICT_RETURN] = "return",
		[VERDICT_JUMP] = "jump",
		[VERDICT_GOTO] = "goto",
		[VERDICT_QUEUE] = "queue",
		[VERDICT_STOLEN] = "stolen"};

	if (op->verdict.chain)
		return arena_printf(arena, "%s %s", words[op->verdict.kind],
			op->verdict.chain->name);
	return words[op->verdict.kind];
}

static const char *set_text(struct arena *arena, const struct op *op)
{
	const char *operand = operand_text(arena, op->operand);

	if (op->field == FIELD_PAYLOAD)
		return arena_printf(arena, "set @%u,%u,%u = %s", op->base, op->offset,
			op->value_len, operand);
	if (op->kept)
		return arena_printf(arena, "set %s = %s, %08x kept",
			field_names[op->field], operand, op->kept);
	return arena_printf(arena, "set %s = %s", field_names[op->field], operand);
}

static const char *op_text(struct arena *arena, const struct op *op)
{
	static const char *const rejects[] = {[REJECT_ICMP] = "icmp",
		[REJECT_TCP_RESET] = "tcp-reset",
		[REJECT_ICMP_PORT] = "icmp-port"};

	switch (op->kind) {
	case OP_UNKNOWN:
		return arena_printf(arena, "unknown %s (%s)", op->code, op->text);
	case OP_NOP:
		return arena_printf(arena, "nop (%s)", op->text ? op->text : "");
	case OP_MATCH:
		return match_text(arena, op);
	case OP_IN:
		return in_text(arena, op);
	case OP_IPSET:
		return ipset_text(arena, op);
	case OP_ANY:
	case OP_NONE:
		return any_text(arena, op);
	case OP_MAYBE:
		return arena_printf(
			arena, "maybe %s (%s)", op->code, op->text ? op->text : "");
	case OP_SET:
		return set_text(arena, op);
	case OP_NOTRACK:
		return "notrack";
	case OP_ZONE:
		return arena_printf(arena, "%szone %s",
			op->side == ZONE_ORIGINAL ? "original "
			: op->side == ZONE_REPLY  ? "reply "
						  : "",
			operand_text(arena, op->operand));
	case OP_NAT:
	case OP_TPROXY:
		return nat_text(arena, op);
	case OP_REJECT:
		return arena_printf(arena, "reject %s", rejects[op->reject]);
	case OP_VERDICT:
		return verdict_text(arena, op);
	case OP_VERDICT_QUEUE:
		return arena_printf(arena, "queue (%s)", op->text ? op->text : "");
	case OP_DUP:
		return arena_printf(arena, "dup (%s)", op->text ? op->text : "");
	case OP_LOOKUP:
	case OP_VMAP:
	case OP_FWD:
	case OP_KIND_COUNT:
		break;
	}
	return arena_printf(arena, "op%u", op->kind);
}

const char *ops_text(struct arena *arena, const struct op *ops, size_t nops)
{
	const char *text = "";

	for (size_t i = 0; i < nops; i++)
		text = arena_printf(
			arena, "%s%s%s", text, i ? "; " : "", op_text(arena, &ops[i]));
	return text;
}
