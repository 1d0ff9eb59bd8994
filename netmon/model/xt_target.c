/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt targets that end, mark or only watch, and the door to all targets. */
#include <errno.h>
#include <string.h>

#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter/xt_AUDIT.h>
#include <linux/netfilter/xt_CHECKSUM.h>
#include <linux/netfilter/xt_CLASSIFY.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_CONNSECMARK.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_HMARK.h>
#include <linux/netfilter/xt_IDLETIMER.h>
#include <linux/netfilter/xt_LED.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_RATEEST.h>
#include <linux/netfilter/xt_SECMARK.h>
#include <linux/netfilter/xt_SYNPROXY.h>
#include <linux/netfilter/xt_TCPMSS.h>
#include <linux/netfilter/xt_TCPOPTSTRIP.h>
#include <linux/netfilter/xt_TEE.h>
#include <linux/netfilter_ipv4/ipt_CLUSTERIP.h>
#include <linux/netfilter_ipv4/ipt_ECN.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv4/ipt_TTL.h>
#include <linux/netfilter_ipv6/ip6t_HL.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

#include "netmon/model/xt.h"

static int nop(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return decode_push_nop(ctx, row->name);
}

static int log_to(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_log_info *log = info;

	return xt_push_nop(ctx, "%s prefix \"%.*s\"", row->name,
		(int)sizeof(log->prefix), log->prefix);
}

static int nflog(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_nflog_info *log = info;

	return xt_push_nop(ctx, "%s group %u prefix \"%.*s\"", row->name, log->group,
		(int)sizeof(log->prefix), log->prefix);
}

/* Gone from the headers with the target itself (Linux 3.17). */
struct ulog_info {
	unsigned int nl_group;
	size_t copy_range, qthreshold;
	char prefix[32];
};

static int push_reject(struct decode_ctx *ctx, enum reject_kind kind)
{
	const struct op op = {.kind = OP_REJECT, .reject = kind};

	return decode_push_op(ctx, &op);
}

/* The packet is dropped whatever the code is; those without an answer only drop. */
static int reject4(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	uint32_t with;

	(void)row;
	memcpy(&with, info, sizeof(with));
	if (with == IPT_TCP_RESET)
		return push_reject(ctx, REJECT_TCP_RESET);
	if (with == IPT_ICMP_PORT_UNREACHABLE)
		return push_reject(ctx, REJECT_ICMP_PORT);
	if (with == IPT_ICMP_ECHOREPLY || with > IPT_ICMP_ADMIN_PROHIBITED)
		return decode_push_verdict(ctx, VERDICT_DROP, NULL);
	return push_reject(ctx, REJECT_ICMP);
}

static int reject6(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ip6t_reject_info *reject = info;

	(void)row;
	if (reject->with == IP6T_TCP_RESET)
		return push_reject(ctx, REJECT_TCP_RESET);
	if (reject->with == IP6T_ICMP6_PORT_UNREACH)
		return push_reject(ctx, REJECT_ICMP_PORT);
	if (reject->with == IP6T_ICMP6_ECHOREPLY ||
		reject->with > IP6T_ICMP6_REJECT_ROUTE)
		return decode_push_verdict(ctx, VERDICT_DROP, NULL);
	return push_reject(ctx, REJECT_ICMP);
}

static int push_set(
	struct decode_ctx *ctx, enum field field, const struct operand *operand)
{
	const struct op op = {.kind = OP_SET, .field = field, .operand = operand};

	return decode_push_op(ctx, &op);
}

/* (field & keep) ^ flip */
static const struct operand *changed(
	struct decode_ctx *ctx, enum field field, uint32_t keep, uint32_t flip)
{
	if (keep == 0)
		return operand_const(ctx, &flip, sizeof(flip));
	return operand_masked(
		ctx, operand_field(ctx, field, sizeof(flip)), &keep, &flip);
}

static int mark(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_mark_tginfo2 *mark = info;

	(void)row;
	return push_set(
		ctx, FIELD_MARK, changed(ctx, FIELD_MARK, ~mark->mask, mark->mark));
}

static const struct operand *shifted(struct decode_ctx *ctx,
	const struct operand *operand, const struct xt_connmark_tginfo2 *mark)
{
	const struct step step = {.kind = mark->shift_dir == D_SHIFT_RIGHT
						  ? STEP_SHIFT_RIGHT
						  : STEP_SHIFT_LEFT,
		.count = mark->shift_bits};

	if (mark->shift_bits == 0)
		return operand;
	if (mark->shift_bits >= 32)
		return operand_unknown(ctx, "connmark-shift", 4);
	return operand_step(ctx, operand, &step);
}

/* (the mark & kept) ^ the other mark's bits */
static int push_mixed(struct decode_ctx *ctx, enum field field,
	const struct operand *operand, uint32_t kept, const char *word)
{
	struct op op = {
		.kind = OP_SET, .field = field, .operand = operand, .kept = kept};

	if (kept)
		op.text = arena_printf(ctx->arena, "%s mask 0x%x", word, ~kept);
	return kept && !op.text ? -ENOMEM : decode_push_op(ctx, &op);
}

/* connmark_tg_shift(): save and restore replace bits of one mark by those of the other.
 */
static int push_connmark(struct decode_ctx *ctx, const struct xt_connmark_tginfo2 *mark)
{
	const struct operand *operand;

	ctx->ruleset->uses_conntrack = true;
	switch (mark->mode) {
	case XT_CONNMARK_SET:
		operand = changed(ctx, FIELD_CT_MARK, ~mark->ctmask, mark->ctmark);
		return push_set(ctx, FIELD_CT_MARK, shifted(ctx, operand, mark));
	case XT_CONNMARK_SAVE:
		operand = shifted(ctx, changed(ctx, FIELD_MARK, mark->nfmask, 0), mark);
		return push_mixed(
			ctx, FIELD_CT_MARK, operand, ~mark->ctmask, "CONNMARK save");
	case XT_CONNMARK_RESTORE:
		operand = shifted(
			ctx, changed(ctx, FIELD_CT_MARK, mark->ctmask, 0), mark);
		return push_mixed(
			ctx, FIELD_MARK, operand, ~mark->nfmask, "CONNMARK restore");
	default:
		return decode_push_unknown(ctx, "xt-target-unknown", "CONNMARK mode");
	}
}

static int connsecmark(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	ctx->ruleset->uses_conntrack = true;
	return nop(ctx, row, info);
}

static int connmark_v1(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_connmark_tginfo1 *v1 = info;
	const struct xt_connmark_tginfo2 mark = {.ctmark = v1->ctmark,
		.ctmask = v1->ctmask,
		.nfmask = v1->nfmask,
		.mode = v1->mode};

	(void)row;
	return push_connmark(ctx, &mark);
}

static int connmark(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)row;
	return push_connmark(ctx, info);
}

static int hmark(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return push_set(ctx, FIELD_MARK, operand_unknown(ctx, row->code, 4));
}

static int classify(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_classify_target_info *classify = info;

	(void)row;
	return push_set(
		ctx, FIELD_PRIORITY, operand_const(ctx, &classify->priority, 4));
}

/* Bytes of the IP header; @keep and @flip are @len long. */
static int push_header(struct decode_ctx *ctx, uint8_t offset, uint8_t len,
	const uint8_t *keep, const uint8_t *flip)
{
	const struct op op = {.kind = OP_SET,
		.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = offset,
		.value_len = len,
		.operand = operand_masked(ctx,
			operand_payload(ctx, BASE_NETWORK, offset, len), keep, flip)};

	return decode_push_op(ctx, &op);
}

/* (tos & ~mask) ^ value. In IPv6 it lies across the first two bytes. */
static int push_tos(struct decode_ctx *ctx, uint8_t mask, uint8_t value)
{
	const uint8_t and4 = (uint8_t)~mask;
	const uint8_t and6[2] = {(uint8_t) ~(mask >> 4), (uint8_t) ~(mask << 4)};
	const uint8_t xor6[2] = {(uint8_t)(value >> 4), (uint8_t)(value << 4)};

	if (ctx->family == TABLE_IP6)
		return push_header(ctx, 0, 2, and6, xor6);
	return push_header(ctx, 1, 1, &and4, &value);
}

static int tos(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_tos_target_info *tos = info;

	(void)row;
	return push_tos(ctx, tos->tos_mask, tos->tos_value);
}

static int dscp(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_DSCP_info *dscp = info;

	(void)row;
	return push_tos(ctx, XT_DSCP_MASK, (uint8_t)(dscp->dscp << XT_DSCP_SHIFT));
}

/* The TCP flags it can clear, ECE and CWR, are not those of a first packet. */
static int ecn(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ipt_ECN_info *ecn = info;
	const uint8_t mask = (uint8_t)IPT_ECN_IP_MASK;

	if (!(ecn->operation & IPT_ECN_OP_SET_IP))
		return nop(ctx, row, info);
	return push_tos(ctx, mask, ecn->ip_ect & mask);
}

/* IPv4's time to live and IPv6's hop limit, at their offsets. */
static int push_ttl(struct decode_ctx *ctx, const struct xt_row *row, uint8_t offset,
	bool set, uint8_t value)
{
	const struct op op = {.kind = OP_SET,
		.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = offset,
		.value_len = 1,
		.operand = set ? operand_const(ctx, &value, 1)
			       : operand_unknown(ctx, row->code, 1)};

	return decode_push_op(ctx, &op);
}

static int ttl(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ipt_TTL_info *ttl = info;

	return push_ttl(ctx, row, 8, ttl->mode == IPT_TTL_SET, ttl->ttl);
}

static int hl(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct ip6t_HL_info *hl = info;

	return push_ttl(ctx, row, 7, hl->mode == IP6T_HL_SET, hl->hop_limit);
}

static int notrack(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct op op = {.kind = OP_NOTRACK};

	(void)row;
	(void)info;
	return decode_push_op(ctx, &op);
}

static int push_helper(struct decode_ctx *ctx, const struct xt_ct_target_info *ct)
{
	const struct op op = {.kind = OP_NOP,
		.code = CODE_ANNOUNCES,
		.text = arena_printf(ctx->arena, "CT helper %.*s",
			(int)sizeof(ct->helper), ct->helper)};

	return op.text ? decode_push_op(ctx, &op) : -ENOMEM;
}

/* Both revisions begin alike; a timeout policy only changes when entries expire. */
static int ct(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const unsigned int both = XT_CT_ZONE_DIR_ORIG | XT_CT_ZONE_DIR_REPL;
	const struct xt_ct_target_info *ct = info;
	struct op zone = {.kind = OP_ZONE};
	int r = 0;

	if (ct->flags & XT_CT_NOTRACK)
		return notrack(ctx, row, info);
	ctx->ruleset->uses_conntrack = true;
	if (ct->helper[0])
		r = push_helper(ctx, ct);
	if (r < 0)
		return r;
	if (!(ct->flags & XT_CT_ZONE_MARK) && ct->zone == 0)
		return ct->helper[0] ? 0 : nop(ctx, row, info);
	zone.operand = ct->flags & XT_CT_ZONE_MARK
			       ? operand_unknown(ctx, "ct-zone-mark", 2)
			       : operand_const(ctx, &ct->zone, sizeof(ct->zone));
	/* xt_ct_flags_to_dir() */
	if ((ct->flags & both) == XT_CT_ZONE_DIR_ORIG)
		zone.side = ZONE_ORIGINAL;
	if ((ct->flags & both) == XT_CT_ZONE_DIR_REPL)
		zone.side = ZONE_REPLY;
	return decode_push_op(ctx, &zone);
}

static int queue(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_NFQ_info_v3 *queue = info;
	const bool bypass = row->rev >= 2 && (queue->flags & NFQ_FLAG_BYPASS);
	const struct op op = {.kind = OP_VERDICT_QUEUE,
		.text = arena_printf(ctx->arena, "NFQUEUE num %u%s", queue->queuenum,
			bypass ? " bypass" : "")};

	return op.text ? decode_push_op(ctx, &op) : -ENOMEM;
}

static int tee(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct op op = {.kind = OP_DUP, .text = row->name};

	(void)info;
	return decode_push_op(ctx, &op);
}

/*
 * It answers the handshake itself and, once that is complete, opens the connection on
 * the client's behalf: neither gone nor simply let through.
 */
static int synproxy(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	ctx->ruleset->uses_conntrack = true;
	return decode_push_unknown(ctx, row->code, row->name);
}

/* Another node of the cluster answers: drop, or go on. */
static int clusterip(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	return xt_maybe(ctx, row, info) ?: decode_push_verdict(ctx, VERDICT_DROP, NULL);
}

static const struct xt_row rows[] = {
	{"AUDIT", 0, XT_ANY, XT_SIZE(struct xt_audit_info), nop, NULL},
	{"CHECKSUM", 0, XT_ANY, XT_SIZE(struct xt_CHECKSUM_info), nop, NULL},
	{"CLASSIFY", 0, XT_ANY, XT_SIZE(struct xt_classify_target_info), classify,
		NULL},
	{"CLUSTERIP", 0, XT_IP4, XT_SIZE(struct ipt_clusterip_tgt_info), clusterip,
		"clusterip"},
	{"CONNMARK", 1, XT_ANY, XT_SIZE(struct xt_connmark_tginfo1), connmark_v1, NULL},
	{"CONNMARK", 2, XT_ANY, XT_SIZE(struct xt_connmark_tginfo2), connmark, NULL},
	{"CONNSECMARK", 0, XT_ANY, XT_SIZE(struct xt_connsecmark_target_info),
		connsecmark, NULL},
	{"CT", 0, XT_ANY, XT_SIZE(struct xt_ct_target_info), ct, NULL},
	{"CT", 1, XT_ANY, XT_SIZE(struct xt_ct_target_info_v1), ct, NULL},
	{"CT", 2, XT_ANY, XT_SIZE(struct xt_ct_target_info_v1), ct, NULL},
	{"DSCP", 0, XT_BOTH, XT_SIZE(struct xt_DSCP_info), dscp, NULL},
	{"ECN", 0, XT_IP4, XT_SIZE(struct ipt_ECN_info), ecn, NULL},
	{"HL", 0, XT_IP6, XT_SIZE(struct ip6t_HL_info), hl, "hl"},
	{"HMARK", 0, XT_BOTH, XT_SIZE(struct xt_hmark_info), hmark, "hmark"},
	{"IDLETIMER", 0, XT_ANY, XT_SIZE(struct idletimer_tg_info), nop, NULL},
	{"IDLETIMER", 1, XT_ANY, XT_SIZE(struct idletimer_tg_info_v1), nop, NULL},
	{"LED", 0, XT_ANY, XT_SIZE(struct xt_led_info), nop, NULL},
	{"LOG", 0, XT_BOTH, XT_SIZE(struct xt_log_info), log_to, NULL},
	{"MARK", 2, XT_ANY, XT_SIZE(struct xt_mark_tginfo2), mark, NULL},
	{"NFLOG", 0, XT_ANY, XT_SIZE(struct xt_nflog_info), nflog, NULL},
	{"NFQUEUE", 0, XT_ANY, XT_SIZE(struct xt_NFQ_info), queue, NULL},
	{"NFQUEUE", 1, XT_ANY, XT_SIZE(struct xt_NFQ_info_v1), queue, NULL},
	{"NFQUEUE", 2, XT_ANY, XT_SIZE(struct xt_NFQ_info_v2), queue, NULL},
	{"NFQUEUE", 3, XT_ANY, XT_SIZE(struct xt_NFQ_info_v3), queue, NULL},
	{"NOTRACK", 0, XT_ANY, 0, notrack, NULL},
	{"RATEEST", 0, XT_ANY, XT_SIZE(struct xt_rateest_target_info), nop, NULL},
	{"REJECT", 0, XT_IP4, XT_SIZE(struct ipt_reject_info), reject4, NULL},
	{"REJECT", 0, XT_IP6, XT_SIZE(struct ip6t_reject_info), reject6, NULL},
	{"SECMARK", 0, XT_ANY, XT_SIZE(struct xt_secmark_target_info), nop, NULL},
	{"SECMARK", 1, XT_ANY, XT_SIZE(struct xt_secmark_target_info_v1), nop, NULL},
	{"SYNPROXY", 0, XT_BOTH, XT_SIZE(struct xt_synproxy_info), synproxy,
		"synproxy"},
	{"TCPMSS", 0, XT_BOTH, XT_SIZE(struct xt_tcpmss_info), nop, NULL},
	{"TCPOPTSTRIP", 0, XT_BOTH, XT_SIZE(struct xt_tcpoptstrip_target_info), nop,
		NULL},
	{"TEE", 1, XT_BOTH, XT_SIZE(struct xt_tee_tginfo), tee, NULL},
	{"TOS", 1, XT_BOTH, XT_SIZE(struct xt_tos_target_info), tos, NULL},
	{"TRACE", 0, XT_ANY, 0, nop, NULL},
	{"TTL", 0, XT_IP4, XT_SIZE(struct ipt_TTL_info), ttl, "ttl"},
	{"ULOG", 0, XT_IP4, XT_SIZE(struct ulog_info), nop, NULL},
};

const struct xt_table_rows xt_other_targets = {.rows = rows, .nrows = ARRAY_LEN(rows)};

int xt_target_decode(struct decode_ctx *ctx, const char *name, uint8_t rev,
	const void *info, size_t len)
{
	static const struct xt_table_rows *const tables[] = {&xt_nat_targets,
		&xt_other_targets, &xt_bridge_targets, &xt_set_targets};
	const char *text;
	bool known;
	int r;

	ctx->xt = true;
	r = xt_decode(ctx, tables, ARRAY_LEN(tables), name, rev, info, len, &known);
	if (r < 0 || known)
		return r;
	text = arena_printf(
		ctx->arena, "xt target \"%s\" revision %u, %zu bytes", name, rev, len);
	return text ? decode_push_unknown(ctx, "xt-target-unknown", text) : -ENOMEM;
}
