/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one rule says about a packet of which little is known: yes, no, or may be. */
#include "netmon/judge/match.h"

#include <netinet/in.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

/*
 * Theory of operation. A value is bytes and, bit by bit, whether they are known. Fields
 * that rules_flow does not hold have no known bit. Comparing two values finds a known
 * difference (no), full knowledge (yes), or neither (may be).
 */
struct value {
	uint8_t bytes[VALUE_MAX], known[VALUE_MAX];
	size_t len;
};

static void put_known(struct value *value, size_t at, const void *bytes, size_t len)
{
	if (at > sizeof(value->bytes) || len > sizeof(value->bytes) - at)
		return;
	memcpy(value->bytes + at, bytes, len);
	memset(value->known + at, 0xff, len);
}

static void put_be16(struct value *value, size_t at, uint16_t number)
{
	uint8_t bytes[2] = {(uint8_t)(number >> 8), (uint8_t)number};

	put_known(value, at, bytes, sizeof(bytes));
}

static void put_u8(struct value *value, uint8_t number)
{
	put_known(value, 0, &number, 1);
}

static void put_u32(struct value *value, uint32_t number)
{
	put_known(value, 0, &number, sizeof(number));
}

bool match_port_at(
	const struct operand *field, const struct rules_flow *flow, size_t *ret_at)
{
	switch ((int)field->field) {
	case FIELD_DPORT:
		*ret_at = 0;
		return true;
	case FIELD_CT_ORIG_DPORT:
		*ret_at = 0;
		return flow->orig_port != 0;
	case FIELD_PAYLOAD:
		if (field->base != BASE_TRANSPORT || field->offset > 2 ||
			field->offset + field->load_len < 4)
			return false;
		*ret_at = 2u - field->offset;
		return true;
	}
	return false;
}

/* The protocol's byte is known of the network header. */
static void load_payload(const struct operand *operand, const struct rules_flow *flow,
	struct value *value)
{
	size_t at = flow->family == FAMILY_IP4 ? 9 : 6;

	if (operand->base == BASE_NETWORK && operand->offset <= at &&
		at < (size_t)operand->offset + operand->load_len)
		put_known(value, at - operand->offset, &flow->proto, 1);
}

static void load_iface(const struct operand *operand, const struct rules_flow *flow,
	struct value *value)
{
	const struct link *link;

	if (!flow->iface)
		return;
	if (operand->field == FIELD_IIF) {
		link = flow->netns ? netns_link_named(flow->netns, flow->iface) : NULL;
		if (link)
			put_u32(value, (uint32_t)link->index);
		return;
	}
	char name[16] = "";

	strncpy(name, flow->iface, sizeof(name) - 1);
	put_known(value, 0, name, sizeof(name));
}

static void load_field(const struct operand *operand, const struct rules_flow *flow,
	struct value *value)
{
	bool ip4 = flow->family == FAMILY_IP4;
	size_t at;

	if (match_port_at(operand, flow, &at)) {
		put_be16(value, at,
			operand->field == FIELD_CT_ORIG_DPORT ? flow->orig_port
							      : flow->port);
		return;
	}
	/* Only what rules_flow tells; -Wswitch-enum would want the other fifty. */
	int field = (int)operand->field;
	switch (field) {
	case FIELD_CONST:
		put_known(value, 0, operand->bytes, operand->load_len);
		break;
	case FIELD_PAYLOAD:
		load_payload(operand, flow, value);
		break;
	case FIELD_IIF:
	case FIELD_IIFNAME:
		load_iface(operand, flow, value);
		break;
	case FIELD_L4PROTO:
	case FIELD_CT_PROTOCOL:
		put_u8(value, flow->proto);
		break;
	case FIELD_NFPROTO:
	case FIELD_CT_L3PROTO:
		put_u8(value, ip4 ? TABLE_IP : TABLE_IP6);
		break;
	case FIELD_PROTOCOL:
		put_be16(value, 0, ip4 ? ETH_P_IP : ETH_P_IPV6);
		break;
	case FIELD_FIB_TYPE:
		if (flow->to_host && operand->fib_flags & NFTA_FIB_F_DADDR)
			put_u32(value, RTN_LOCAL);
		break;
	case FIELD_CT_STATE:
		put_u32(value, NF_CT_STATE_BIT(IP_CT_NEW));
		break;
	case FIELD_CT_DIRECTION:
		put_u8(value, 0); /* IP_CT_DIR_ORIGINAL */
		break;
	default:
		break;
	}
}

static void step_swap(struct value *value, size_t unit)
{
	for (size_t at = 0; unit > 1 && at + unit <= value->len; at += unit) {
		for (size_t i = 0; i < unit / 2; i++) {
			size_t a = at + i, b = at + unit - 1 - i;
			uint8_t byte = value->bytes[a], known = value->known[a];

			value->bytes[a] = value->bytes[b];
			value->known[a] = value->known[b];
			value->bytes[b] = byte;
			value->known[b] = known;
		}
	}
}

static void apply_step(struct value *value, const struct step *step)
{
	switch (step->kind) {
	case STEP_AND_XOR:
		for (size_t i = 0; i < value->len; i++) {
			uint8_t mask = step->and ? step->and[i] : 0xff;

			value->bytes[i] &= mask;
			value->bytes[i] ^= step->xor ? step->xor [i] : 0;
			value->known[i] |= (uint8_t)~mask;
		}
		break;
	case STEP_SWAP:
		step_swap(value, step->count);
		break;
	case STEP_SLICE:
		if (step->offset > value->len ||
			step->count > value->len - step->offset) {
			memset(value->known, 0, sizeof(value->known));
			break;
		}
		memmove(value->bytes, value->bytes + step->offset, step->count);
		memmove(value->known, value->known + step->offset, step->count);
		value->len = step->count;
		break;
	case STEP_SHIFT_LEFT:
	case STEP_SHIFT_RIGHT:
		memset(value->known, 0, sizeof(value->known));
		break;
	}
}

static void load_operand(const struct operand *operand, const struct rules_flow *flow,
	struct value *value)
{
	memset(value, 0, sizeof(*value));
	value->len = operand->load_len ? operand->load_len : operand->len;
	if (operand->field == FIELD_CONCAT) {
		size_t at = 0;

		for (size_t i = 0; i < operand->nkey; i++) {
			struct value part;

			load_operand(operand->key[i], flow, &part);
			size_t padded = (part.len + 3) & ~(size_t)3;
			if (padded > sizeof(value->bytes) - at)
				break;
			memcpy(value->bytes + at, part.bytes, part.len);
			memcpy(value->known + at, part.known, part.len);
			memset(value->known + at + part.len, 0xff, padded - part.len);
			at += padded;
		}
		value->len = at;
	} else {
		load_field(operand, flow, value);
	}
	if (value->len > sizeof(value->bytes))
		value->len = sizeof(value->bytes);
	for (size_t i = 0; i < operand->nsteps; i++)
		apply_step(value, &operand->steps[i]);
}

static enum match equal(
	const struct value *value, size_t at, const uint8_t *bytes, size_t len)
{
	enum match match = MATCH_YES;

	for (size_t i = 0; i < len; i++) {
		uint8_t known = value->known[at + i];

		if ((value->bytes[at + i] ^ bytes[i]) & known)
			return MATCH_NO;
		if (known != 0xff)
			match = MATCH_MAYBE;
	}
	return match;
}

static bool all_known(const struct value *value, size_t at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value->known[at + i] != 0xff)
			return false;
	return true;
}

static enum match within(const struct value *value, size_t at, const uint8_t *lo,
	const uint8_t *hi, size_t len)
{
	if (lo == hi || memcmp(lo, hi, len) == 0)
		return equal(value, at, lo, len);
	if (!all_known(value, at, len))
		return MATCH_MAYBE;
	return memcmp(value->bytes + at, lo, len) >= 0 &&
			       memcmp(value->bytes + at, hi, len) <= 0
		       ? MATCH_YES
		       : MATCH_NO;
}

static enum match not(enum match match) {
	return match == MATCH_MAYBE ? MATCH_MAYBE
	       : match == MATCH_YES ? MATCH_NO
				    : MATCH_YES;
}

static enum match from_bool(bool yes)
{
	return yes ? MATCH_YES : MATCH_NO;
}

static enum match match_compare(const struct op *op, const struct rules_flow *flow)
{
	struct value value;
	size_t len = op->value_len;

	load_operand(op->operand, flow, &value);
	if (len > value.len || !op->lo)
		return MATCH_MAYBE;
	if (op->cmp == CMP_EQ)
		return equal(&value, 0, op->lo, len);
	if (op->cmp == CMP_NEQ)
		return not(equal(&value, 0, op->lo, len));
	if (!all_known(&value, 0, len))
		return MATCH_MAYBE;
	int order = memcmp(value.bytes, op->lo, len);
	switch (op->cmp) {
	case CMP_LT:
		return from_bool(order < 0);
	case CMP_LTE:
		return from_bool(order <= 0);
	case CMP_GT:
		return from_bool(order > 0);
	case CMP_GTE:
		return from_bool(order >= 0);
	case CMP_RANGE:
	case CMP_NOT_RANGE:
		return op->hi ? from_bool((order >= 0 && memcmp(value.bytes, op->hi,
								 len) <= 0) ==
					  (op->cmp == CMP_RANGE))
			      : MATCH_MAYBE;
	case CMP_EQ:
	case CMP_NEQ:
	default:
		return MATCH_MAYBE;
	}
}

static enum match in_element(const struct value *value, const struct set *set,
	const struct set_element *element)
{
	enum match match = element->maybe ? MATCH_MAYBE : MATCH_YES;
	size_t at = 0;

	if (element->catchall)
		return MATCH_MAYBE; /* others may come first */
	if (set->key_len > value->len || !element->key)
		return MATCH_MAYBE;
	const uint8_t *end = element->key_end ? element->key_end : element->key;
	if (!set->concat || set->nfields == 0) {
		enum match one = within(value, 0, element->key, end, set->key_len);

		return one < match ? one : match;
	}
	for (size_t i = 0; i < set->nfields; i++) {
		size_t len = set->field_len[i];

		if (len > set->key_len - at)
			return MATCH_MAYBE;
		enum match one = within(value, at, element->key + at, end + at, len);
		if (one < match)
			match = one;
		at += (len + 3) & ~(size_t)3;
		if (at > set->key_len)
			at = set->key_len;
	}
	return match;
}

enum match match_element(const struct operand *operand, const struct set *set,
	const struct set_element *element, const struct rules_flow *flow)
{
	struct value value;

	load_operand(operand, flow, &value);
	return in_element(&value, set, element);
}

static enum match match_lookup(const struct op *op, const struct rules_flow *flow)
{
	enum match best = MATCH_NO;
	struct value value;

	if (!op->set || op->set->unreadable || op->set->dynamic)
		return MATCH_MAYBE;
	load_operand(op->operand, flow, &value);
	for (size_t i = 0; i < op->set->nelements && best != MATCH_YES; i++) {
		enum match one = in_element(&value, op->set, &op->set->elements[i]);

		if (one > best)
			best = one;
	}
	return op->invert ? not(best) : best;
}

static enum match match_in(const struct op *op, const struct rules_flow *flow)
{
	struct value value;

	load_operand(op->operand, flow, &value);
	if (value.len == 0 || value.len > 16 || !all_known(&value, 0, value.len))
		return MATCH_MAYBE;
	bool in = ivset_contains(op->numbers, addr_load(value.bytes, value.len));
	return from_bool(in != op->invert);
}

static enum match match_any(const struct op *op, const struct rules_flow *flow)
{
	enum match best = MATCH_NO;

	for (size_t i = 0; i < op->nalternatives; i++) {
		enum match one = match_ops(
			op->alternatives[i].ops, op->alternatives[i].nops, flow);

		if (one > best)
			best = one;
	}
	return best;
}

static enum match match_op(const struct op *op, const struct rules_flow *flow)
{
	switch (op->kind) {
	case OP_MATCH:
		return match_compare(op, flow);
	case OP_LOOKUP:
		return match_lookup(op, flow);
	case OP_IN:
		return match_in(op, flow);
	case OP_ANY:
		return match_any(op, flow);
	case OP_NONE:
		return not(match_any(op, flow));
	case OP_IPSET:
	case OP_MAYBE:
	case OP_UNKNOWN:
		return MATCH_MAYBE;
	case OP_VMAP: /* its verdicts are the caller's; without one the next rule */
	case OP_NOP:
	case OP_SET:
	case OP_NOTRACK:
	case OP_ZONE:
	case OP_NAT:
	case OP_TPROXY:
	case OP_REJECT:
	case OP_VERDICT:
	case OP_VERDICT_QUEUE:
	case OP_DUP:
	case OP_FWD:
	case OP_KIND_COUNT:
	default:
		return MATCH_YES;
	}
}

enum match match_ops(const struct op *ops, size_t nops, const struct rules_flow *flow)
{
	enum match match = MATCH_YES;

	for (size_t i = 0; i < nops && match != MATCH_NO; i++) {
		enum match one = match_op(&ops[i], flow);

		if (one < match)
			match = one;
	}
	return match;
}
