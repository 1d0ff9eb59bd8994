/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt matches on the connection: conntrack, state, connmark, and what hangs on it. */
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_cluster.h>
#include <linux/netfilter/xt_connbytes.h>
#include <linux/netfilter/xt_connlabel.h>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_state.h>

#include "netmon/model/xt.h"

#define CT_ABSENT (NF_CT_STATE_INVALID_BIT | NF_CT_STATE_UNTRACKED_BIT)

/* xt's and nft's bits agree but for "untracked"; xt has SNAT and DNAT as states too. */
static uint32_t state_bits(uint16_t mask)
{
	const uint32_t common =
		XT_CONNTRACK_STATE_INVALID | NF_CT_STATE_BIT(IP_CT_ESTABLISHED) |
		NF_CT_STATE_BIT(IP_CT_RELATED) | NF_CT_STATE_BIT(IP_CT_NEW);

	return (mask & common) |
	       (mask & XT_CONNTRACK_STATE_UNTRACKED ? NF_CT_STATE_UNTRACKED_BIT : 0);
}

static int push_state(struct decode_ctx *ctx, uint16_t mask, bool invert)
{
	const uint32_t states = state_bits(mask);
	const uint32_t status = (mask & XT_CONNTRACK_STATE_SNAT ? IPS_SRC_NAT : 0) |
				(mask & XT_CONNTRACK_STATE_DNAT ? IPS_DST_NAT : 0);
	struct xt_alt alt = {0};
	int r;

	if (!status)
		return xt_push_bits(ctx, FIELD_CT_STATE, states, !invert);
	if (!states && !invert)
		return xt_push_bits(ctx, FIELD_CT_STATUS, status, true);
	xt_alt_begin(ctx, &alt);
	r = xt_push_bits(ctx, FIELD_CT_STATE, states, true) ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return xt_push_bits(ctx, FIELD_CT_STATUS, status, true)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, invert ? OP_NONE : OP_ANY);
}

static int push_ct_addrs(struct decode_ctx *ctx, const struct xt_conntrack_mtinfo3 *ct)
{
	const struct {
		uint16_t flag;
		enum field field;
		const union nf_inet_addr *addr, *mask;
	} conditions[] = {
		{XT_CONNTRACK_ORIGSRC, FIELD_CT_ORIG_SADDR, &ct->origsrc_addr,
			&ct->origsrc_mask},
		{XT_CONNTRACK_ORIGDST, FIELD_CT_ORIG_DADDR, &ct->origdst_addr,
			&ct->origdst_mask},
		{XT_CONNTRACK_REPLSRC, FIELD_CT_REPLY_SADDR, &ct->replsrc_addr,
			&ct->replsrc_mask},
		{XT_CONNTRACK_REPLDST, FIELD_CT_REPLY_DADDR, &ct->repldst_addr,
			&ct->repldst_mask},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(conditions); i++)
		if (ct->match_flags & conditions[i].flag)
			r = xt_push_addr(ctx, conditions[i].field, conditions[i].addr,
				conditions[i].mask,
				ct->invert_flags & conditions[i].flag);
	return r;
}

static int push_ct_ports(struct decode_ctx *ctx, const struct xt_conntrack_mtinfo3 *ct)
{
	const struct {
		uint16_t flag;
		enum field field;
		uint16_t lo, hi;
	} conditions[] = {
		{XT_CONNTRACK_ORIGSRC_PORT, FIELD_CT_ORIG_SPORT, ct->origsrc_port,
			ct->origsrc_port_high},
		{XT_CONNTRACK_ORIGDST_PORT, FIELD_CT_ORIG_DPORT, ct->origdst_port,
			ct->origdst_port_high},
		{XT_CONNTRACK_REPLSRC_PORT, FIELD_CT_REPLY_SPORT, ct->replsrc_port,
			ct->replsrc_port_high},
		{XT_CONNTRACK_REPLDST_PORT, FIELD_CT_REPLY_DPORT, ct->repldst_port,
			ct->repldst_port_high},
	};
	int r = 0;

	if (ct->match_flags & XT_CONNTRACK_PROTO)
		r = xt_push_range(ctx, operand_field(ctx, FIELD_CT_PROTOCOL, 1), 1,
			ct->l4proto, ct->l4proto > UINT8_MAX ? 0 : ct->l4proto,
			ct->invert_flags & XT_CONNTRACK_PROTO);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(conditions); i++)
		if (ct->match_flags & conditions[i].flag)
			r = xt_push_range(ctx,
				operand_field(ctx, conditions[i].field, 2), 2,
				conditions[i].lo, conditions[i].hi,
				ct->invert_flags & conditions[i].flag);
	return r;
}

/* What is asked of the entry itself. A direction without inversion is ORIGINAL. */
static int push_ct_entry(struct decode_ctx *ctx, const struct xt_conntrack_mtinfo3 *ct)
{
	static const uint8_t original = IP_CT_DIR_ORIGINAL;
	int r = 0;

	if (ct->match_flags & XT_CONNTRACK_DIRECTION)
		r = xt_push_value(ctx, operand_field(ctx, FIELD_CT_DIRECTION, 1), 1,
			&original, NULL, ct->invert_flags & XT_CONNTRACK_DIRECTION);
	r = r ?: push_ct_addrs(ctx, ct) ?: push_ct_ports(ctx, ct);
	if (r == 0 && (ct->match_flags & XT_CONNTRACK_STATUS))
		r = xt_push_bits(ctx, FIELD_CT_STATUS, ct->status_mask,
			!(ct->invert_flags & XT_CONNTRACK_STATUS));
	if (r == 0 && (ct->match_flags & XT_CONNTRACK_EXPIRES))
		r = xt_push_maybe(ctx, "ct-expires", "ctexpire %s%u:%u",
			ct->invert_flags & XT_CONNTRACK_EXPIRES ? "! " : "",
			ct->expires_min, ct->expires_max);
	return r;
}

/*
 * A packet without an entry is decided by its state alone, if that is asked for: then
 * the rest does not count. Otherwise it never matches.
 */
static int push_conntrack(struct decode_ctx *ctx, const struct xt_conntrack_mtinfo3 *ct)
{
	const bool state = ct->match_flags & XT_CONNTRACK_STATE;
	const bool invert = ct->invert_flags & XT_CONNTRACK_STATE;
	const uint32_t absent = state_bits(ct->state_mask) & CT_ABSENT;
	const uint16_t entry = ct->match_flags & (uint16_t) ~(XT_CONNTRACK_STATE |
							      XT_CONNTRACK_STATE_ALIAS);
	struct xt_alt alt = {0};
	int r;

	if (!state)
		return xt_push_tracked(ctx, true) ?: push_ct_entry(ctx, ct);
	r = push_state(ctx, ct->state_mask, invert);
	if (r < 0 || !entry)
		return r;
	if (absent == (invert ? CT_ABSENT : 0))
		return push_ct_entry(ctx, ct);
	xt_alt_begin(ctx, &alt);
	r = xt_push_tracked(ctx, false) ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return push_ct_entry(ctx, ct)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, OP_ANY);
}

/* Revisions 1 and 2 are a beginning of 3, with one port each and in network order. */
static void widen_conntrack(struct xt_conntrack_mtinfo3 *ct, const void *info)
{
	memcpy(ct, info, offsetof(struct xt_conntrack_mtinfo3, state_mask));
	ct->origsrc_port = ct->origsrc_port_high = ntohs(ct->origsrc_port);
	ct->origdst_port = ct->origdst_port_high = ntohs(ct->origdst_port);
	ct->replsrc_port = ct->replsrc_port_high = ntohs(ct->replsrc_port);
	ct->repldst_port = ct->repldst_port_high = ntohs(ct->repldst_port);
}

static int conntrack_v1(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_conntrack_mtinfo1 *v1 = info;
	struct xt_conntrack_mtinfo3 ct = {0};

	(void)row;
	widen_conntrack(&ct, info);
	ct.state_mask = v1->state_mask;
	ct.status_mask = v1->status_mask;
	return push_conntrack(ctx, &ct);
}

static int conntrack_v2(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_conntrack_mtinfo2 *v2 = info;
	struct xt_conntrack_mtinfo3 ct = {0};

	(void)row;
	widen_conntrack(&ct, info);
	ct.state_mask = v2->state_mask;
	ct.status_mask = v2->status_mask;
	return push_conntrack(ctx, &ct);
}

static int conntrack_v3(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)row;
	return push_conntrack(ctx, info);
}

static int state(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_state_info *state = info;

	(void)row;
	return xt_push_bits(ctx, FIELD_CT_STATE,
		(state_bits((uint16_t)(state->statemask & 0xf))) |
			(state->statemask & XT_STATE_UNTRACKED
					? NF_CT_STATE_UNTRACKED_BIT
					: 0),
		true);
}

static int connmark(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_connmark_mtinfo1 *mark = info;

	(void)row;
	return xt_push_tracked(ctx, true)
		       ?: xt_push_value(ctx, operand_field(ctx, FIELD_CT_MARK, 4), 4,
				  &mark->mark, &mark->mask, mark->invert);
}

/* Only a connection that another one announced has a master, whose helper is meant. */
static int helper(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const uint32_t announced =
		NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
	const struct xt_helper_info *helper = info;
	struct xt_alt alt = {0};
	int r;

	if (!helper->invert)
		return xt_push_bits(ctx, FIELD_CT_STATE, announced, true)
			       ?: xt_push_maybe(ctx, row->code, "helper \"%.30s\"",
					  helper->name);
	xt_alt_begin(ctx, &alt);
	r = xt_push_bits(ctx, FIELD_CT_STATE, announced, false)
		    ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return xt_push_maybe(ctx, row->code, "helper ! \"%.30s\"", helper->name)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, OP_ANY);
}

static int connlimit(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_connlimit_info *limit = info;

	return xt_push_maybe(ctx, row->code, "connlimit %s %u per %s",
		limit->flags & XT_CONNLIMIT_INVERT ? "up to" : "above", limit->limit,
		limit->flags & XT_CONNLIMIT_DADDR ? "destination" : "source");
}

static int connlabel(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_connlabel_mtinfo *label = info;

	return xt_push_maybe(ctx, row->code, "connlabel %s%u%s",
		label->options & XT_CONNLABEL_OP_INVERT ? "! " : "", label->bit,
		label->options & XT_CONNLABEL_OP_SET ? " set" : "");
}

static const struct xt_row rows[] = {
	{"cluster", 0, XT_ANY, XT_SIZE(struct xt_cluster_match_info), xt_maybe,
		"cluster"},
	{"connbytes", 0, XT_ANY, XT_SIZE(struct xt_connbytes_info), xt_maybe,
		"connbytes"},
	{"connlabel", 0, XT_ANY, XT_SIZE(struct xt_connlabel_mtinfo), connlabel,
		"connlabel"},
	{"connlimit", 1, XT_ANY, XT_SIZE(struct xt_connlimit_info), connlimit,
		"connlimit"},
	{"connmark", 1, XT_ANY, XT_SIZE(struct xt_connmark_mtinfo1), connmark, NULL},
	{"conntrack", 1, XT_ANY, XT_SIZE(struct xt_conntrack_mtinfo1), conntrack_v1,
		NULL},
	{"conntrack", 2, XT_ANY, XT_SIZE(struct xt_conntrack_mtinfo2), conntrack_v2,
		NULL},
	{"conntrack", 3, XT_ANY, XT_SIZE(struct xt_conntrack_mtinfo3), conntrack_v3,
		NULL},
	{"helper", 0, XT_ANY, XT_SIZE(struct xt_helper_info), helper, "helper"},
	{"state", 0, XT_ANY, XT_SIZE(struct xt_state_info), state, NULL},
};

const struct xt_table_rows xt_ct_matches = {
	.rows = rows, .nrows = ARRAY_LEN(rows), .conntrack = true};
