/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt targets that translate addresses. */
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_TPROXY.h>

#include "netmon/model/xt.h"

static enum family nat_family(const struct decode_ctx *ctx)
{
	return ctx->family == TABLE_IP6 ? FAMILY_IP6 : FAMILY_IP4;
}

static int push_nat_op(struct decode_ctx *ctx, enum op_kind kind, const struct nat *nat)
{
	const struct op op = {
		.kind = kind, .nat = arena_memdup(ctx->arena, nat, sizeof(*nat))};

	if (kind == OP_NAT) /* xt_nat_checkentry() and its like: nf_ct_netns_get() */
		ctx->ruleset->uses_conntrack = true;
	return op.nat ? decode_push_op(ctx, &op) : -ENOMEM;
}

static int push_nat(
	struct decode_ctx *ctx, enum nat_kind kind, const struct nf_nat_range2 *range)
{
	const size_t len = xt_addr_len(ctx);
	struct nat nat = {
		.kind = kind, .family = nat_family(ctx), .flags = range->flags};

	if (range->flags & NF_NAT_RANGE_MAP_IPS) {
		nat.addr_min = operand_const(ctx, &range->min_addr, len);
		nat.addr_max = operand_const(ctx, &range->max_addr, len);
	}
	if (range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
		nat.port_min = operand_const(ctx, &range->min_proto, 2);
		nat.port_max = operand_const(ctx, &range->max_proto, 2);
	}
	if (range->flags & NF_NAT_RANGE_PROTO_OFFSET)
		nat.port_base = ntohs(range->base_proto.all);
	return push_nat_op(ctx, OP_NAT, &nat);
}

/* Return: false for more ranges than one, which no kernel takes any more. */
static bool widen_compat(struct nf_nat_range2 *range, const void *info)
{
	const struct nf_nat_ipv4_multi_range_compat *compat = info;

	*range = (struct nf_nat_range2){.flags = compat->range[0].flags,
		.min_addr.ip = compat->range[0].min_ip,
		.max_addr.ip = compat->range[0].max_ip,
		.min_proto = compat->range[0].min,
		.max_proto = compat->range[0].max};
	return compat->rangesize == 1;
}

static void widen_range(struct nf_nat_range2 *range, const void *info)
{
	*range = (struct nf_nat_range2){0};
	memcpy(range, info, offsetof(struct nf_nat_range2, base_proto));
}

/* Which range struct an info is: its size says so, and sizes differ in every family. */
static int push_nat_info(struct decode_ctx *ctx, const struct xt_row *row,
	enum nat_kind kind, const void *info)
{
	struct nf_nat_range2 range;

	if (row->len == XT_SIZE(struct nf_nat_range2))
		return push_nat(ctx, kind, info);
	if (row->len == XT_SIZE(struct nf_nat_range))
		widen_range(&range, info);
	else if (!widen_compat(&range, info))
		return decode_push_unknown(ctx, "xt-target-unknown", row->name);
	return push_nat(ctx, kind, &range);
}

static int dnat(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	return push_nat_info(ctx, row, NAT_DNAT, info);
}

static int snat(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	return push_nat_info(ctx, row, NAT_SNAT, info);
}

static int masquerade(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	return push_nat_info(ctx, row, NAT_MASQUERADE, info);
}

static int redirect(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	return push_nat_info(ctx, row, NAT_REDIRECT, info);
}

/* The destination's or the source's prefix, as the hook has it. */
static int push_netmap(struct decode_ctx *ctx, const union nf_inet_addr *min,
	const union nf_inet_addr *max, uint32_t flags)
{
	const size_t len = xt_addr_len(ctx);
	const u128 all = addr_max(nat_family(ctx));
	struct nat nat = {.kind = NAT_DNAT_PREFIX,
		.family = nat_family(ctx),
		.addr_min = operand_const(ctx, min, len),
		.addr_max = operand_const(ctx, max, len),
		.flags = flags | NF_NAT_RANGE_NETMAP,
		.mask = ~(addr_load(min, len) ^ addr_load(max, len)) & all};

	if (!ctx->chain->base)
		return decode_push_unknown(ctx, "netmap-hook",
			"NETMAP in a chain that several hooks may call");
	if (ctx->chain->hook == HOOK_POSTROUTING || ctx->chain->hook == HOOK_INPUT)
		nat.kind = NAT_SNAT_PREFIX;
	return push_nat_op(ctx, OP_NAT, &nat);
}

static int netmap(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	struct nf_nat_range2 range;

	if (ctx->family == TABLE_IP6)
		widen_range(&range, info);
	else if (!widen_compat(&range, info))
		return decode_push_unknown(ctx, "xt-target-unknown", row->name);
	return push_netmap(ctx, &range.min_addr, &range.max_addr, range.flags);
}

/*
 * Unlike nft's statement it writes the mark, and accepts. Without a socket it drops,
 * where nft goes on; "goes on" is what the op says, the wider of the two.
 */
static int push_tproxy(struct decode_ctx *ctx, uint32_t mark, uint32_t mask,
	const void *addr, const void *port)
{
	static const uint8_t zeros[16];
	const size_t len = xt_addr_len(ctx);
	const uint32_t keep = ~mask;
	struct nat nat = {.family = nat_family(ctx)};
	struct op set = {.kind = OP_SET, .field = FIELD_MARK};
	int r = 0;

	if (memcmp(addr, zeros, len) != 0)
		nat.addr_min = nat.addr_max = operand_const(ctx, addr, len);
	if (memcmp(port, zeros, 2) != 0)
		nat.port_min = nat.port_max = operand_const(ctx, port, 2);
	if (mask != 0 || mark != 0) {
		set.operand = operand_masked(
			ctx, operand_field(ctx, FIELD_MARK, 4), &keep, &mark);
		r = decode_push_op(ctx, &set);
	}
	return r
		?: push_nat_op(ctx, OP_TPROXY, &nat)
		?: decode_push_verdict(ctx, VERDICT_ACCEPT, NULL);
}

static int tproxy_v0(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_tproxy_target_info *tproxy = info;

	(void)row;
	return push_tproxy(ctx, tproxy->mark_value, tproxy->mark_mask, &tproxy->laddr,
		&tproxy->lport);
}

static int tproxy(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_tproxy_target_info_v1 *tproxy = info;

	(void)row;
	return push_tproxy(ctx, tproxy->mark_value, tproxy->mark_mask, &tproxy->laddr,
		&tproxy->lport);
}

/* Stateless, and some bits of the host part change so that checksums need not. */
static int npt(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return decode_push_unknown(ctx, row->code, row->name);
}

struct npt_info {
	union nf_inet_addr src, dst;
	uint8_t src_len, dst_len;
	uint16_t adjustment;
};

#define COMPAT XT_SIZE(struct nf_nat_ipv4_multi_range_compat)
#define RANGE  XT_SIZE(struct nf_nat_range)
#define RANGE2 XT_SIZE(struct nf_nat_range2)

static const struct xt_row rows[] = {
	{"DNAT", 0, XT_IP4, COMPAT, dnat, NULL},
	{"DNAT", 1, XT_BOTH, RANGE, dnat, NULL},
	{"DNAT", 2, XT_BOTH, RANGE2, dnat, NULL},
	{"DNPT", 0, XT_IP6, XT_SIZE(struct npt_info), npt, "npt"},
	{"MASQUERADE", 0, XT_IP4, COMPAT, masquerade, NULL},
	{"MASQUERADE", 0, XT_IP6, RANGE, masquerade, NULL},
	{"NETMAP", 0, XT_IP4, COMPAT, netmap, NULL},
	{"NETMAP", 0, XT_IP6, RANGE, netmap, NULL},
	{"REDIRECT", 0, XT_IP4, COMPAT, redirect, NULL},
	{"REDIRECT", 0, XT_IP6, RANGE, redirect, NULL},
	{"SNAT", 0, XT_IP4, COMPAT, snat, NULL},
	{"SNAT", 1, XT_BOTH, RANGE, snat, NULL},
	{"SNAT", 2, XT_BOTH, RANGE2, snat, NULL},
	{"SNPT", 0, XT_IP6, XT_SIZE(struct npt_info), npt, "npt"},
	{"TPROXY", 0, XT_IP4, XT_SIZE(struct xt_tproxy_target_info), tproxy_v0, NULL},
	{"TPROXY", 1, XT_BOTH, XT_SIZE(struct xt_tproxy_target_info_v1), tproxy, NULL},
};

const struct xt_table_rows xt_nat_targets = {.rows = rows, .nrows = ARRAY_LEN(rows)};
