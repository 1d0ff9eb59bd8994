/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/quick.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/match.h"
#include "netmon/reach/routing.h"

#define QUICK_MAX 16 /* bytes of a value handled here */

static bool put_u16(uint8_t *bytes, uint16_t number_be)
{
	memcpy(bytes, &number_be, sizeof(number_be));
	return true;
}

static bool put_u32(uint8_t *bytes, uint32_t number)
{
	memcpy(bytes, &number, sizeof(number));
	return true;
}

static bool load_address(
	const struct packet *packet, bool source, size_t len, uint8_t *bytes)
{
	if (packet->lost || len != addr_bits((enum family)packet->family) / 8 ||
		(source ? packet->saddr_peer : packet->daddr_peer))
		return false;
	addr_store(bytes, len, source ? packet->saddr : packet->daddr);
	return true;
}

static bool load_header(
	const struct packet *packet, const struct operand *operand, uint8_t *bytes)
{
	bool ip4 = packet->family == FAMILY_IP4;
	size_t at = operand->offset, len = operand->load_len;

	if (packet->mangled)
		return false;
	if (operand->base == BASE_TRANSPORT) {
		if (at != 2 || len != 2 || packet->dport_unknown ||
			packet->proto == IPPROTO_ICMP ||
			packet->proto == IPPROTO_ICMPV6)
			return false;
		return put_u16(bytes, htons(packet->dport));
	}
	if (operand->base != BASE_NETWORK)
		return false;
	if (len == 1 && at == (ip4 ? 9 : 6) && (ip4 || !packet->strange)) {
		bytes[0] = packet->proto;
		return true;
	}
	if (at == (ip4 ? 16u : 24u))
		return load_address(packet, false, len, bytes);
	if (at == (ip4 ? 12u : 8u))
		return load_address(packet, true, len, bytes);
	return false;
}

static bool load_name(const struct view *view, int ifindex, uint8_t *bytes)
{
	const char *name = space_padded_name(view->space, ifindex);

	if (!name || view->family == TABLE_BRIDGE)
		return false;
	memcpy(bytes, name, 16);
	return true;
}

/* An entry's state; without one a comparison of ct fields is not this simple. */
static bool load_ct_state(const struct packet *packet, uint8_t *bytes)
{
	switch ((enum tracking)packet->ct) {
	case CT_NEW:
		return put_u32(bytes, NF_CT_STATE_BIT(IP_CT_NEW));
	case CT_ESTABLISHED:
		return put_u32(bytes, NF_CT_STATE_BIT(IP_CT_ESTABLISHED));
	case CT_RELATED:
		return put_u32(bytes, NF_CT_STATE_BIT(IP_CT_RELATED));
	case CT_NONE:
	case CT_UNTRACKED:
	case CT_INVALID:
		break;
	}
	return false;
}

static bool load_type(
	const struct view *view, const struct operand *operand, uint8_t *bytes)
{
	uint32_t type;

	return routing_fib_type(view, operand->fib_flags, &type) &&
	       put_u32(bytes, type);
}

static bool load_field(
	const struct view *view, const struct operand *operand, uint8_t *bytes)
{
	const struct packet *packet = view->packet;
	bool ip4 = packet->family == FAMILY_IP4;

	if (value_hides_ip(view) || packet->tagged_once)
		return false;
	switch ((int)operand->field) {
	case FIELD_PAYLOAD:
		return load_header(packet, operand, bytes);
	case FIELD_DPORT:
		return !packet->lost && !packet->dport_unknown &&
		       packet->proto != IPPROTO_ICMP &&
		       packet->proto != IPPROTO_ICMPV6 &&
		       put_u16(bytes, htons(packet->dport));
	case FIELD_SADDR:
	case FIELD_DADDR:
		return load_address(packet, operand->field == FIELD_SADDR,
			operand->load_len, bytes);
	case FIELD_L4PROTO:
		bytes[0] = packet->proto;
		return true;
	case FIELD_NFPROTO:
		bytes[0] = ip4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		return view->family == TABLE_INET || view->family == TABLE_IP ||
		       view->family == TABLE_IP6;
	case FIELD_PROTOCOL:
		return put_u16(bytes, htons(ip4 ? ETH_P_IP : ETH_P_IPV6));
	case FIELD_IIFNAME:
		return load_name(view, packet->iif, bytes);
	case FIELD_OIFNAME:
		return load_name(view, packet->oif, bytes);
	case FIELD_IIF:
	case FIELD_OIF:
		return view->family != TABLE_BRIDGE &&
		       put_u32(bytes,
			       (uint32_t)(operand->field == FIELD_IIF ? packet->iif
								      : packet->oif));
	case FIELD_MARK:
		return !packet->mark.unknown && put_u32(bytes, packet->mark.value);
	case FIELD_CT_STATE:
		return load_ct_state(packet, bytes);
	case FIELD_CT_STATUS:
		return packet->ct == CT_NEW && put_u32(bytes, packet->ct_status);
	case FIELD_CT_MARK:
		return packet->ct == CT_NEW && !packet->ctmark.unknown &&
		       put_u32(bytes, packet->ctmark.value);
	case FIELD_FIB_TYPE:
		return load_type(view, operand, bytes);
	default:
		return false;
	}
}

/* The operand's bytes, masks applied; false: not that simple. */
static bool load(const struct view *view, const struct operand *operand, uint8_t *bytes)
{
	size_t len = operand->load_len;

	if (len > QUICK_MAX || operand->len != len || !load_field(view, operand, bytes))
		return false;
	for (size_t i = 0; i < operand->nsteps; i++) {
		const struct step *step = &operand->steps[i];

		if (step->kind != STEP_AND_XOR)
			return false;
		for (size_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)((bytes[k] & step->and[k]) ^ step->xor [k]);
	}
	return true;
}

static enum quick compare(const struct op *op, const uint8_t *bytes)
{
	int lo = memcmp(bytes, op->lo, op->value_len), hi;
	bool yes = false;

	switch (op->cmp) {
	case CMP_EQ:
		yes = lo == 0;
		break;
	case CMP_NEQ:
		yes = lo != 0;
		break;
	case CMP_LT:
		yes = lo < 0;
		break;
	case CMP_LTE:
		yes = lo <= 0;
		break;
	case CMP_GT:
		yes = lo > 0;
		break;
	case CMP_GTE:
		yes = lo >= 0;
		break;
	case CMP_RANGE:
	case CMP_NOT_RANGE:
		hi = memcmp(bytes, op->hi, op->value_len);
		yes = (lo >= 0 && hi <= 0) == (op->cmp == CMP_RANGE);
		break;
	}
	return yes ? QUICK_YES : QUICK_NO;
}

enum quick quick_match(const struct view *view, const struct op *op)
{
	const struct set_element *element;
	uint8_t bytes[QUICK_MAX];
	enum quick found;

	switch ((int)op->kind) {
	case OP_NOP:
		return QUICK_YES;
	case OP_MATCH:
		if (op->value_len > op->operand->load_len ||
			!load(view, op->operand, bytes))
			return QUICK_UNSURE;
		return compare(op, bytes);
	case OP_IN:
		if (!load(view, op->operand, bytes))
			return QUICK_UNSURE;
		return ivset_contains(op->numbers,
			       addr_load(bytes, op->operand->len)) != op->invert
			       ? QUICK_YES
			       : QUICK_NO;
	case OP_LOOKUP:
		found = quick_lookup(view, op, &element);
		if (found == QUICK_UNSURE || !op->invert)
			return found;
		return found == QUICK_YES ? QUICK_NO : QUICK_YES;
	default:
		return QUICK_UNSURE;
	}
}

enum quick quick_lookup(const struct view *view, const struct op *op,
	const struct set_element **ret_element)
{
	const struct set *set = op->set;
	uint8_t bytes[QUICK_MAX];

	if (set->unreadable || set->dynamic || set->nfields > 1 ||
		set->key_len > op->operand->load_len || !load(view, op->operand, bytes))
		return QUICK_UNSURE;
	*ret_element = match_search(set, bytes);
	if (!*ret_element)
		return QUICK_NO;
	return (*ret_element)->maybe ? QUICK_UNSURE : QUICK_YES;
}
