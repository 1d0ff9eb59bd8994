/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt matches on ports and on headers of the transport, and the door to all matches. */
#include <errno.h>

#include <linux/netfilter/xt_dccp.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_ecn.h>
#include <linux/netfilter/xt_esp.h>
#include <linux/netfilter/xt_ipcomp.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_l2tp.h>
#include <linux/netfilter/xt_length.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpmss.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_ah.h>
#include <linux/netfilter_ipv4/ipt_ttl.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter_ipv6/ip6t_hl.h>

#include "common/ivset.h"
#include "netmon/model/xt.h"

static int push_ports(
	struct decode_ctx *ctx, enum field field, const uint16_t ports[2], bool invert)
{
	return xt_push_range(
		ctx, operand_field(ctx, field, 2), 2, ports[0], ports[1], invert);
}

static int tcp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_tcp *tcp = info;
	int r;

	(void)row;
	r = push_ports(ctx, FIELD_SPORT, tcp->spts, tcp->invflags & XT_TCP_INV_SRCPT)
		?: push_ports(ctx, FIELD_DPORT, tcp->dpts,
			tcp->invflags & XT_TCP_INV_DSTPT)
		?: xt_push_value(ctx, operand_field(ctx, FIELD_TCP_FLAGS, 1), 1,
			&tcp->flg_cmp, &tcp->flg_mask,
			tcp->invflags & XT_TCP_INV_FLAGS);
	if (r == 0 && tcp->option)
		r = xt_push_maybe(ctx, "tcp-option", "tcp option %s%u",
			tcp->invflags & XT_TCP_INV_OPTION ? "! " : "", tcp->option);
	return r;
}

static int udp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_udp *udp = info;

	(void)row;
	return push_ports(ctx, FIELD_SPORT, udp->spts, udp->invflags & XT_UDP_INV_SRCPT)
		       ?: push_ports(ctx, FIELD_DPORT, udp->dpts,
				  udp->invflags & XT_UDP_INV_DSTPT);
}

/* Type and code are the first two bytes of either protocol's header. */
static int push_icmp(struct decode_ctx *ctx, uint8_t type, const uint8_t code[2],
	bool any, bool invert)
{
	struct xt_alt alt = {0};
	int r;

	if (any)
		return invert ? xt_push_never(ctx) : 0;
	xt_alt_begin(ctx, &alt);
	r = xt_push_range(ctx, operand_payload(ctx, BASE_TRANSPORT, 0, 1), 1, type,
		    type, false)
		    ?: xt_push_range(ctx, operand_payload(ctx, BASE_TRANSPORT, 1, 1), 1,
			       code[0], code[1], false);
	if (r < 0 || !invert)
		return r;
	return xt_alt_end(ctx, &alt) ?: xt_alt_push(ctx, &alt, OP_NONE);
}

static int icmp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ipt_icmp *icmp = info;

	(void)row;
	return push_icmp(ctx, icmp->type, icmp->code, icmp->type == 0xff,
		icmp->invflags & IPT_ICMP_INV);
}

static int icmp6(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ip6t_icmp *icmp = info;

	(void)row;
	return push_icmp(
		ctx, icmp->type, icmp->code, false, icmp->invflags & IP6T_ICMP_INV);
}

static int push_multiport(struct decode_ctx *ctx, enum field field,
	const struct ivset *ports, bool invert)
{
	const struct op op = {.kind = OP_IN,
		.invert = invert,
		.operand = operand_field(ctx, field, 2),
		.numbers = ports};

	return decode_push_op(ctx, &op);
}

static int multiport(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_multiport_v1 *multi = info;
	struct iv v[XT_MULTI_PORTS];
	struct xt_alt alt = {0};
	const struct ivset *ports;
	size_t n = 0;
	int r;

	if (multi->count > XT_MULTI_PORTS || multi->flags > XT_MULTIPORT_EITHER)
		return decode_push_maybe(ctx, "xt-match-unknown", row->name);
	for (size_t i = 0; i < multi->count; i++) {
		struct iv iv = {multi->ports[i], multi->ports[i]};

		if (multi->pflags[i] && ++i < multi->count)
			iv.hi = multi->ports[i];
		if (iv.lo <= iv.hi)
			v[n++] = iv;
	}
	ports = ivset_from(ctx->arena, v, n);
	if (multi->flags == XT_MULTIPORT_SOURCE)
		return push_multiport(ctx, FIELD_SPORT, ports, multi->invert);
	if (multi->flags == XT_MULTIPORT_DESTINATION)
		return push_multiport(ctx, FIELD_DPORT, ports, multi->invert);
	xt_alt_begin(ctx, &alt);
	r = push_multiport(ctx, FIELD_SPORT, ports, false) ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return push_multiport(ctx, FIELD_DPORT, ports, false)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, multi->invert ? OP_NONE : OP_ANY);
}

static int push_addr_range(struct decode_ctx *ctx, enum field field, const void *min,
	const void *max, bool invert)
{
	const size_t len = xt_addr_len(ctx);

	if (len == 0)
		return decode_push_maybe(
			ctx, "xt-family", "an address in a table of both families");
	return xt_push_range(ctx, operand_field(ctx, field, len), len,
		addr_load(min, len), addr_load(max, len), invert);
}

static int push_iprange(struct decode_ctx *ctx, uint8_t flags, const void *src_min,
	const void *src_max, const void *dst_min, const void *dst_max)
{
	int r = 0;

	if (flags & IPRANGE_SRC)
		r = push_addr_range(
			ctx, FIELD_SADDR, src_min, src_max, flags & IPRANGE_SRC_INV);
	if (r == 0 && (flags & IPRANGE_DST))
		r = push_addr_range(
			ctx, FIELD_DADDR, dst_min, dst_max, flags & IPRANGE_DST_INV);
	return r;
}

/* Revision 0: IPv4 only, in no header of today's kernels. */
struct iprange_info_v0 {
	uint32_t src_min, src_max, dst_min, dst_max;
	uint8_t flags;
};

static int iprange_v0(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct iprange_info_v0 *range = info;

	(void)row;
	return push_iprange(ctx, range->flags, &range->src_min, &range->src_max,
		&range->dst_min, &range->dst_max);
}

static int iprange(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_iprange_mtinfo *range = info;

	(void)row;
	return push_iprange(ctx, range->flags, &range->src_min, &range->src_max,
		&range->dst_min, &range->dst_max);
}

/* A datagram may have any length from its headers' on. */
static int length(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_length_info *length = info;
	const uint16_t least = ctx->family == TABLE_IP6 ? 40 : 20;

	if (length->max < least || length->min > length->max)
		return length->invert ? 0 : xt_push_never(ctx);
	if (length->min <= least && length->max == UINT16_MAX)
		return length->invert ? xt_push_never(ctx) : 0;
	return xt_push_maybe(ctx, row->code, "length %s%u:%u",
		length->invert ? "! " : "", length->min, length->max);
}

static int push_ttl(struct decode_ctx *ctx, const struct xt_row *row, uint8_t mode,
	uint8_t ttl, const char *const words[4])
{
	return xt_push_maybe(ctx, row->code, "%s %s %u", row->name,
		mode < 4 ? words[mode] : "?", ttl);
}

static int ttl(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	static const char *const words[4] = {[IPT_TTL_EQ] = "==",
		[IPT_TTL_NE] = "!=",
		[IPT_TTL_LT] = "<",
		[IPT_TTL_GT] = ">"};
	const struct ipt_ttl_info *ttl = info;

	return push_ttl(ctx, row, ttl->mode, ttl->ttl, words);
}

static int hl(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	static const char *const words[4] = {[IP6T_HL_EQ] = "==",
		[IP6T_HL_NE] = "!=",
		[IP6T_HL_LT] = "<",
		[IP6T_HL_GT] = ">"};
	const struct ip6t_hl_info *hl = info;

	return push_ttl(ctx, row, hl->mode, hl->hop_limit, words);
}

static int dscp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_dscp_info *dscp = info;

	return xt_push_maybe(
		ctx, row->code, "dscp %s0x%02x", dscp->invert ? "! " : "", dscp->dscp);
}

static int tos(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_tos_match_info *tos = info;

	return xt_push_maybe(ctx, row->code, "tos %s0x%02x/0x%02x",
		tos->invert ? "! " : "", tos->tos_value, tos->tos_mask);
}

static int tcpmss(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_tcpmss_match_info *mss = info;

	return xt_push_maybe(ctx, row->code, "tcpmss %s%u:%u", mss->invert ? "! " : "",
		mss->mss_min, mss->mss_max);
}

/* Ports count only where .flags selects them; an inversion alone means nothing. */
static int sctp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_sctp_info *sctp = info;
	int r = 0;

	if (sctp->flags & XT_SCTP_SRC_PORTS)
		r = push_ports(ctx, FIELD_SPORT, sctp->spts,
			sctp->invflags & XT_SCTP_SRC_PORTS);
	if (r == 0 && (sctp->flags & XT_SCTP_DEST_PORTS))
		r = push_ports(ctx, FIELD_DPORT, sctp->dpts,
			sctp->invflags & XT_SCTP_DEST_PORTS);
	if (r == 0 && (sctp->flags & XT_SCTP_CHUNK_TYPES))
		r = decode_push_maybe(ctx, row->code, "sctp chunk types");
	return r;
}

static int dccp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_dccp_info *dccp = info;
	int r = 0;

	if (dccp->flags & XT_DCCP_SRC_PORTS)
		r = push_ports(ctx, FIELD_SPORT, dccp->spts,
			dccp->invflags & XT_DCCP_SRC_PORTS);
	if (r == 0 && (dccp->flags & XT_DCCP_DEST_PORTS))
		r = push_ports(ctx, FIELD_DPORT, dccp->dpts,
			dccp->invflags & XT_DCCP_DEST_PORTS);
	if (r == 0 && (dccp->flags & (XT_DCCP_TYPE | XT_DCCP_OPTION)))
		r = decode_push_maybe(ctx, row->code, "dccp types or option");
	return r;
}

static const struct xt_row rows[] = {
	{"ah", 0, XT_IP4, XT_SIZE(struct ipt_ah), xt_maybe, "ah"},
	{"dccp", 0, XT_BOTH, XT_SIZE(struct xt_dccp_info), dccp, "dccp"},
	{"dscp", 0, XT_BOTH, XT_SIZE(struct xt_dscp_info), dscp, "dscp"},
	{"ecn", 0, XT_BOTH, XT_SIZE(struct xt_ecn_info), xt_maybe, "ecn"},
	{"esp", 0, XT_BOTH, XT_SIZE(struct xt_esp), xt_maybe, "esp"},
	{"hl", 0, XT_IP6, XT_SIZE(struct ip6t_hl_info), hl, "hl"},
	{"icmp", 0, XT_IP4, XT_SIZE(struct ipt_icmp), icmp, NULL},
	{"icmp6", 0, XT_IP6, XT_SIZE(struct ip6t_icmp), icmp6, NULL},
	{"ipcomp", 0, XT_BOTH, XT_SIZE(struct xt_ipcomp), xt_maybe, "ipcomp"},
	{"iprange", 0, XT_IP4, XT_SIZE(struct iprange_info_v0), iprange_v0, NULL},
	{"iprange", 1, XT_BOTH, XT_SIZE(struct xt_iprange_mtinfo), iprange, NULL},
	{"l2tp", 0, XT_ANY, XT_SIZE(struct xt_l2tp_info), xt_maybe, "l2tp"},
	{"length", 0, XT_BOTH, XT_SIZE(struct xt_length_info), length, "length"},
	{"multiport", 1, XT_BOTH, XT_SIZE(struct xt_multiport_v1), multiport, NULL},
	{"sctp", 0, XT_BOTH, XT_SIZE(struct xt_sctp_info), sctp, "sctp-chunks"},
	{"tcp", 0, XT_BOTH, XT_SIZE(struct xt_tcp), tcp, NULL},
	{"tcpmss", 0, XT_BOTH, XT_SIZE(struct xt_tcpmss_match_info), tcpmss, "tcpmss"},
	{"tos", 1, XT_BOTH, XT_SIZE(struct xt_tos_match_info), tos, "tos"},
	{"ttl", 0, XT_IP4, XT_SIZE(struct ipt_ttl_info), ttl, "ttl"},
	{"udp", 0, XT_BOTH, XT_SIZE(struct xt_udp), udp, NULL},
	{"udplite", 0, XT_BOTH, XT_SIZE(struct xt_udp), udp, NULL},
};

const struct xt_table_rows xt_header_matches = {.rows = rows, .nrows = ARRAY_LEN(rows)};

int xt_match_decode(struct decode_ctx *ctx, const char *name, uint8_t rev,
	const void *info, size_t len)
{
	static const struct xt_table_rows *const tables[] = {&xt_header_matches,
		&xt_ct_matches, &xt_host_matches, &xt_set_matches, &xt_ip6_matches,
		&xt_other_matches, &xt_bridge_matches};
	bool known;
	int r;

	ctx->xt = true;
	r = xt_decode(ctx, tables, ARRAY_LEN(tables), name, rev, info, len, &known);
	if (r < 0 || known)
		return r;
	return xt_push_maybe(ctx, "xt-match-unknown",
		"xt match \"%s\" revision %u, %zu bytes", name, rev, len);
}
