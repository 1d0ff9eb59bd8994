/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ebtables' own matches and targets, as iptables-nft puts them into bridge tables. */
#include <errno.h>
#include <string.h>

#include <linux/if.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter_bridge/ebt_802_3.h>
#include <linux/netfilter_bridge/ebt_arp.h>
#include <linux/netfilter_bridge/ebt_ip.h>
#include <linux/netfilter_bridge/ebt_ip6.h>
#include <linux/netfilter_bridge/ebt_limit.h>
#include <linux/netfilter_bridge/ebt_log.h>
#include <linux/netfilter_bridge/ebt_mark_m.h>
#include <linux/netfilter_bridge/ebt_mark_t.h>
#include <linux/netfilter_bridge/ebt_nflog.h>
#include <linux/netfilter_bridge/ebt_pkttype.h>
#include <linux/netfilter_bridge/ebt_stp.h>
#include <linux/netfilter_bridge/ebt_vlan.h>
#include <linux/netfilter_bridge/ebtables.h>

#include "netmon/model/xt.h"

/* What "ip" and "ip6" have in common: both use the same bits. */
struct ebt_ip_part {
	uint8_t protocol, bitmask, invflags;
	const uint16_t *sport, *dport;
};
_Static_assert(EBT_IP_TOS == EBT_IP6_TCLASS && EBT_IP_PROTO == EBT_IP6_PROTO &&
		       EBT_IP_SPORT == EBT_IP6_SPORT && EBT_IP_DPORT == EBT_IP6_DPORT &&
		       EBT_IP_ICMP == EBT_IP6_ICMP6 && EBT_IP_SOURCE == EBT_IP6_SOURCE,
	"one decoder for both");

/* The kernel looks at ports and ICMP types only where the protocol is asked for. */
static int push_ip_part(
	struct decode_ctx *ctx, const struct xt_row *row, const struct ebt_ip_part *ip)
{
	int r = 0;

	if (ip->bitmask & EBT_IP_TOS)
		r = decode_push_maybe(ctx, "tos", "ebtables tos");
	if (r < 0 || !(ip->bitmask & EBT_IP_PROTO))
		return r;
	r = xt_push_value(ctx, operand_field(ctx, FIELD_L4PROTO, 1), 1, &ip->protocol,
		NULL, ip->invflags & EBT_IP_PROTO);
	if (r == 0 && (ip->bitmask & EBT_IP_DPORT))
		r = xt_push_range(ctx, operand_field(ctx, FIELD_DPORT, 2), 2,
			ip->dport[0], ip->dport[1], ip->invflags & EBT_IP_DPORT);
	if (r == 0 && (ip->bitmask & EBT_IP_SPORT))
		r = xt_push_range(ctx, operand_field(ctx, FIELD_SPORT, 2), 2,
			ip->sport[0], ip->sport[1], ip->invflags & EBT_IP_SPORT);
	if (r == 0 && (ip->bitmask & (EBT_IP_ICMP | EBT_IP_IGMP)))
		r = decode_push_maybe(ctx, row->code, "ebtables icmp or igmp type");
	return r;
}

static int ip(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ebt_ip_info *ip = info;
	const struct ebt_ip_part part = {
		ip->protocol, ip->bitmask, ip->invflags, ip->sport, ip->dport};
	int r = 0;

	if (ip->bitmask & EBT_IP_SOURCE)
		r = xt_push_value(ctx, operand_field(ctx, FIELD_SADDR, 4), 4,
			&ip->saddr, &ip->smsk, ip->invflags & EBT_IP_SOURCE);
	if (r == 0 && (ip->bitmask & EBT_IP_DEST))
		r = xt_push_value(ctx, operand_field(ctx, FIELD_DADDR, 4), 4,
			&ip->daddr, &ip->dmsk, ip->invflags & EBT_IP_DEST);
	return r ?: push_ip_part(ctx, row, &part);
}

/* Both sides are masked, unlike in IPv4. */
static int push_addr6(struct decode_ctx *ctx, enum field field,
	const struct in6_addr *addr, const struct in6_addr *mask, bool invert)
{
	struct in6_addr value;

	for (size_t i = 0; i < sizeof(value); i++)
		value.s6_addr[i] = addr->s6_addr[i] & mask->s6_addr[i];
	return xt_push_value(ctx, operand_field(ctx, field, sizeof(value)),
		sizeof(value), &value, mask, invert);
}

static int ip6(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ebt_ip6_info *ip = info;
	const struct ebt_ip_part part = {
		ip->protocol, ip->bitmask, ip->invflags, ip->sport, ip->dport};
	int r = 0;

	if (ip->bitmask & EBT_IP6_SOURCE)
		r = push_addr6(ctx, FIELD_SADDR, &ip->saddr, &ip->smsk,
			ip->invflags & EBT_IP6_SOURCE);
	if (r == 0 && (ip->bitmask & EBT_IP6_DEST))
		r = push_addr6(ctx, FIELD_DADDR, &ip->daddr, &ip->dmsk,
			ip->invflags & EBT_IP6_DEST);
	return r ?: push_ip_part(ctx, row, &part);
}

/* "or": any bit of the mask is set. The struct's longs hold 32 bits of the mark. */
static int mark_m(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ebt_mark_m_info *mark = info;
	const uint32_t value = (uint32_t)mark->mark, mask = (uint32_t)mark->mask;

	(void)row;
	if (mark->bitmask & EBT_MARK_OR)
		return xt_push_bits(ctx, FIELD_MARK, mask, !mark->invert);
	return xt_push_value(
		ctx, operand_field(ctx, FIELD_MARK, 4), 4, &value, &mask, mark->invert);
}

static int pkttype(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ebt_pkttype_info *type = info;

	(void)row;
	return xt_push_value(ctx, operand_field(ctx, FIELD_PKTTYPE, 1), 1,
		&type->pkt_type, NULL, type->invert);
}

static int nop(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return decode_push_nop(ctx, row->name);
}

/* The low bits of .target are the verdict, the others say how the mark changes. */
static int mark(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ebt_mark_t_info *mark = info;
	const uint32_t value = (uint32_t)mark->mark;
	const uint32_t action = (uint32_t)mark->target & ~(uint32_t)EBT_VERDICT_BITS;
	uint32_t keep = UINT32_MAX, flip = value;
	struct op set = {.kind = OP_SET, .field = FIELD_MARK};
	int r;

	(void)row;
	if (action == MARK_SET_VALUE)
		keep = 0;
	else if (action == MARK_OR_VALUE)
		keep = ~value;
	else if (action == MARK_AND_VALUE)
		keep = value, flip = 0;
	set.operand = keep ? operand_masked(ctx, operand_field(ctx, FIELD_MARK, 4),
				     &keep, &flip)
			   : operand_const(ctx, &flip, sizeof(flip));
	r = decode_push_op(ctx, &set);
	if (r < 0)
		return r;
	switch (mark->target | ~EBT_VERDICT_BITS) {
	case EBT_ACCEPT:
		return decode_push_verdict(ctx, VERDICT_ACCEPT, NULL);
	case EBT_DROP:
		return decode_push_verdict(ctx, VERDICT_DROP, NULL);
	case EBT_RETURN:
		return decode_push_verdict(ctx, VERDICT_RETURN, NULL);
	default:
		return 0;
	}
}

static const struct xt_row matches[] = {
	{"802_3", 0, XT_BRIDGE, XT_SIZE(struct ebt_802_3_info), xt_maybe, "ebt-802_3"},
	{"arp", 0, XT_BRIDGE, XT_SIZE(struct ebt_arp_info), xt_maybe, "ebt-arp"},
	{"ip", 0, XT_BRIDGE, XT_SIZE(struct ebt_ip_info), ip, "ebt-icmp"},
	{"ip6", 0, XT_BRIDGE, XT_SIZE(struct ebt_ip6_info), ip6, "ebt-icmp"},
	{"limit", 0, XT_BRIDGE, XT_SIZE(struct ebt_limit_info), xt_maybe, "limit"},
	{"mark_m", 0, XT_BRIDGE, XT_SIZE(struct ebt_mark_m_info), mark_m, NULL},
	{"pkttype", 0, XT_BRIDGE, XT_SIZE(struct ebt_pkttype_info), pkttype, NULL},
	{"stp", 0, XT_BRIDGE, XT_SIZE(struct ebt_stp_info), xt_maybe, "ebt-stp"},
	{"vlan", 0, XT_BRIDGE, XT_SIZE(struct ebt_vlan_info), xt_maybe, "ebt-vlan"},
};

/* MAC translation and arpreply change where a frame goes: not modelled, so unknown. */
static const struct xt_row targets[] = {
	{"log", 0, XT_BRIDGE, XT_SIZE(struct ebt_log_info), nop, NULL},
	{"mark", 0, XT_BRIDGE, XT_SIZE(struct ebt_mark_t_info), mark, NULL},
	{"nflog", 0, XT_BRIDGE, XT_SIZE(struct ebt_nflog_info), nop, NULL},
};

const struct xt_table_rows xt_bridge_matches = {
	.rows = matches, .nrows = ARRAY_LEN(matches)};
const struct xt_table_rows xt_bridge_targets = {
	.rows = targets, .nrows = ARRAY_LEN(targets)};
