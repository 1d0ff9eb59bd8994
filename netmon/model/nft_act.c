/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions that end a rule, change the packet, or refer to objects and sets. */
#include <errno.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "netmon/model/nft_expr.h"
#include "netmon/model/nft_register.h"
#include "netmon/model/nft_table.h"

enum {
	PORT_BYTES = 2,
	NAT_FLAG_NETMAP = 1 << 6, /* NF_NAT_RANGE_NETMAP */
	ICMP_CODE_PORT = 3,	  /* ICMP_PORT_UNREACH */
	ICMP6_CODE_PORT = 4,	  /* ICMPV6_PORT_UNREACH */
};

/* A register that may be absent: *ret_operand stays NULL then. */
static int read_optional(struct decode_ctx *ctx, const struct nft_expr *expr,
	uint16_t attr, size_t len, const struct operand **ret_operand)
{
	int r = expr_read(ctx, expr, attr, len, ret_operand);

	return r < 0 ? r : 0;
}

static int push_nat(struct decode_ctx *ctx, enum op_kind kind, const struct nat *nat)
{
	const struct nat *copy = arena_memdup(ctx->arena, nat, sizeof(*nat));

	if (!copy)
		return -ENOMEM;
	return decode_push_op(ctx, &(struct op){.kind = kind, .nat = copy});
}

/* The ports of nat, masq and redir; @min and @max are attributes. */
static int read_ports(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t min,
	uint16_t max, struct nat *nat)
{
	int r = read_optional(ctx, expr, min, PORT_BYTES, &nat->port_min);

	if (r == 0)
		r = read_optional(ctx, expr, max, PORT_BYTES, &nat->port_max);
	if (r < 0 || !nat->port_min)
		return r;
	if (!nat->port_max)
		nat->port_max = nat->port_min;
	nat->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	return 0;
}

/* nft_nat_setup_netmap(): where the two ends differ are the bits of the host. */
static u128 netmap_mask(const struct nat *nat)
{
	size_t len = nat->family == FAMILY_IP6 ? 16 : 4;
	u128 min, max, all = addr_max(nat->family);

	if (!nat->addr_min || !nat->addr_max || nat->addr_min->field != FIELD_CONST ||
		nat->addr_max->field != FIELD_CONST)
		return 0;
	min = addr_load(nat->addr_min->bytes, len);
	max = addr_load(nat->addr_max->bytes, len);
	return ~(min ^ max) & all;
}

static int nat_addresses(
	struct decode_ctx *ctx, const struct nft_expr *expr, struct nat *nat)
{
	size_t len = nat->family == FAMILY_IP6 ? 16 : 4;
	int r;

	if (!expr->a.tb[NFTA_NAT_REG_ADDR_MIN])
		return 0;
	if (nat->family == FAMILY_NONE)
		return nft_malformed(ctx, expr->attr, "NAT to an address of no family");
	r = read_optional(ctx, expr, NFTA_NAT_REG_ADDR_MIN, len, &nat->addr_min);
	if (r == 0)
		r = read_optional(
			ctx, expr, NFTA_NAT_REG_ADDR_MAX, len, &nat->addr_max);
	if (r < 0)
		return r;
	if (!nat->addr_max)
		nat->addr_max = nat->addr_min;
	nat->flags |= NF_NAT_RANGE_MAP_IPS;
	return 0;
}

int nft_nat_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct nat nat = {.family = nft_table_packets(ctx->family)};
	uint32_t type = UINT32_MAX, family = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_NAT_TYPE], &type);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_NAT_FAMILY], &family);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_NAT_FLAGS], &nat.flags);
	if (r < 0)
		return r;
	ctx->ruleset->uses_conntrack = true;
	if (type != NFT_NAT_SNAT && type != NFT_NAT_DNAT)
		return expr_push_unknown(ctx, expr, "nat-unknown");
	if (family == TABLE_IP || family == TABLE_IP6)
		nat.family = nft_table_packets((enum table_family)family);
	nat.kind = type == NFT_NAT_SNAT ? NAT_SNAT : NAT_DNAT;
	r = nat_addresses(ctx, expr, &nat);
	if (r == 0)
		r = read_ports(ctx, expr, NFTA_NAT_REG_PROTO_MIN,
			NFTA_NAT_REG_PROTO_MAX, &nat);
	if (r < 0)
		return r;
	if (nat.flags & NAT_FLAG_NETMAP && nat.addr_min) {
		nat.kind = type == NFT_NAT_SNAT ? NAT_SNAT_PREFIX : NAT_DNAT_PREFIX;
		nat.mask = netmap_mask(&nat);
	}
	return push_nat(ctx, OP_NAT, &nat);
}

int nft_masq_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct nat nat = {
		.kind = NAT_MASQUERADE, .family = nft_table_packets(ctx->family)};
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_MASQ_FLAGS], &nat.flags);

	if (r == 0)
		r = read_ports(ctx, expr, NFTA_MASQ_REG_PROTO_MIN,
			NFTA_MASQ_REG_PROTO_MAX, &nat);
	if (r < 0)
		return r;
	ctx->ruleset->uses_conntrack = true;
	return push_nat(ctx, OP_NAT, &nat);
}

int nft_redir_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct nat nat = {
		.kind = NAT_REDIRECT, .family = nft_table_packets(ctx->family)};
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_REDIR_FLAGS], &nat.flags);

	if (r == 0)
		r = read_ports(ctx, expr, NFTA_REDIR_REG_PROTO_MIN,
			NFTA_REDIR_REG_PROTO_MAX, &nat);
	if (r < 0)
		return r;
	ctx->ruleset->uses_conntrack = true;
	return push_nat(ctx, OP_NAT, &nat);
}

int nft_tproxy_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct nat nat = {.family = nft_table_packets(ctx->family)};
	uint32_t family = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_TPROXY_FAMILY], &family);

	if (r < 0)
		return r;
	if (family == TABLE_IP || family == TABLE_IP6)
		nat.family = nft_table_packets((enum table_family)family);
	if (expr->a.tb[NFTA_TPROXY_REG_ADDR] && nat.family == FAMILY_NONE)
		return nft_malformed(ctx, expr->attr, "a proxy address of no family");
	r = read_optional(ctx, expr, NFTA_TPROXY_REG_ADDR,
		nat.family == FAMILY_IP6 ? 16 : 4, &nat.addr_min);
	if (r == 0)
		r = read_optional(
			ctx, expr, NFTA_TPROXY_REG_PORT, PORT_BYTES, &nat.port_min);
	if (r < 0)
		return r;
	nat.addr_max = nat.addr_min;
	nat.port_max = nat.port_min;
	return push_nat(ctx, OP_TPROXY, &nat);
}

int nft_notrack_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	(void)expr;
	return decode_push_op(ctx, &(struct op){.kind = OP_NOTRACK});
}

static enum reject_kind reject_kind(
	const struct decode_ctx *ctx, uint32_t type, uint8_t code)
{
	enum family family;

	if (type == NFT_REJECT_TCP_RST)
		return REJECT_TCP_RESET;
	if (type == NFT_REJECT_ICMPX_UNREACH)
		return code == NFT_REJECT_ICMPX_PORT_UNREACH ? REJECT_ICMP_PORT
							     : REJECT_ICMP;
	family = nft_matched_family(ctx);
	if ((family == FAMILY_IP4 && code == ICMP_CODE_PORT) ||
		(family == FAMILY_IP6 && code == ICMP6_CODE_PORT))
		return REJECT_ICMP_PORT;
	return REJECT_ICMP;
}

int nft_reject_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t type = NFT_REJECT_ICMP_UNREACH;
	uint8_t code = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_REJECT_TYPE], &type);

	if (r == 0)
		r = nft_attr_u8(ctx, expr->a.tb[NFTA_REJECT_ICMP_CODE], &code);
	if (r < 0)
		return r;
	if (type > NFT_REJECT_ICMPX_UNREACH)
		return expr_push_unknown(ctx, expr, "reject-unknown");
	return decode_push_op(ctx, &(struct op){.kind = OP_REJECT,
					   .reject = reject_kind(ctx, type, code),
					   .text = expr->name,
					   .expr = expr->attr});
}

int nft_queue_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	int r = expr_touch(ctx, expr, NFTA_QUEUE_SREG_QNUM, 2);

	if (r < 0)
		return r;
	return decode_push_op(ctx, &(struct op){.kind = OP_VERDICT_QUEUE});
}

int nft_dup_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	int r = expr_touch(ctx, expr, NFTA_DUP_SREG_ADDR, 4);

	if (r == 0)
		r = expr_touch(ctx, expr, NFTA_DUP_SREG_DEV, 4);
	if (r < 0)
		return r;
	return decode_push_op(ctx,
		&(struct op){.kind = OP_DUP, .text = expr->name, .expr = expr->attr});
}

int nft_fwd_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *device = NULL;
	int r = read_optional(ctx, expr, NFTA_FWD_SREG_DEV, 4, &device);

	if (r == 0)
		r = expr_touch(ctx, expr, NFTA_FWD_SREG_ADDR, 4);
	if (r < 0)
		return r;
	return decode_push_op(ctx, &(struct op){.kind = OP_FWD, .operand = device});
}

static int push_object(
	struct decode_ctx *ctx, const struct nft_expr *expr, uint32_t type)
{
	enum { OBJECT_CT_EXPECT = 9, OBJECT_SYNPROXY = 10 };

	switch (type) {
	case NFT_OBJECT_COUNTER:
	case NFT_OBJECT_CT_TIMEOUT:
	case NFT_OBJECT_SECMARK:
	case NFT_OBJECT_TUNNEL:
		return expr_push_nop(ctx, expr);
	case NFT_OBJECT_CT_HELPER:
	case OBJECT_CT_EXPECT: /* lets other packets be "related", not this one */
		return decode_push_op(ctx, &(struct op){.kind = OP_NOP,
						   .code = CODE_ANNOUNCES,
						   .text = expr->name,
						   .expr = expr->attr});
	case NFT_OBJECT_QUOTA:
		return expr_push_maybe(ctx, expr, "quota");
	case NFT_OBJECT_LIMIT:
		return expr_push_maybe(ctx, expr, "limit");
	case NFT_OBJECT_CONNLIMIT:
		return expr_push_maybe(ctx, expr, "connlimit");
	case OBJECT_SYNPROXY:
		return expr_push_unknown(ctx, expr, "synproxy");
	default:
		return expr_push_unknown(ctx, expr, "object-unknown");
	}
}

/* The object that a map of objects has for the key; none: the next rule. */
static int objref_map(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *key = NULL;
	struct set *set = NULL;
	int r = expr_find_set(
		ctx, expr, NFTA_OBJREF_SET_NAME, NFTA_OBJREF_SET_ID, &set);

	if (r < 0)
		return r;
	if (!set)
		return expr_push_unknown(ctx, expr, "set-missing");
	r = expr_read_key(ctx, expr, NFTA_OBJREF_SET_SREG, set, &key);
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	r = decode_push_op(
		ctx, &(struct op){.kind = OP_LOOKUP, .operand = key, .set = set});
	return r < 0 ? r : push_object(ctx, expr, set->object_type);
}

int nft_objref_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t type = NFT_OBJECT_UNSPEC;
	int r;

	if (expr->a.tb[NFTA_OBJREF_SET_SREG])
		return objref_map(ctx, expr);
	r = nft_attr_be32(ctx, expr->a.tb[NFTA_OBJREF_IMM_TYPE], &type);
	return r < 0 ? r : push_object(ctx, expr, type);
}

/* nft_dynset_eval(): where the set takes no more elements the rule ends. */
static const char *dynset_doubt(const struct set *set, bool refuses, bool inverted)
{
	enum { MAX_ELEMENTS_DEFAULT = 65535 };
	size_t max = set->max_elements ? set->max_elements : MAX_ELEMENTS_DEFAULT;

	if (refuses)
		return "dynset-expression";
	if (set->nelements >= max)
		return "dynset-full";
	return inverted ? "dynset-inverted" : NULL;
}

int nft_dynset_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *key = NULL;
	struct set *set = NULL;
	uint32_t flags = 0, op = NFT_DYNSET_OP_ADD;
	const char *doubt;
	bool refuses = false;
	int r = expr_find_set(
		ctx, expr, NFTA_DYNSET_SET_NAME, NFTA_DYNSET_SET_ID, &set);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_DYNSET_FLAGS], &flags);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_DYNSET_OP], &op);
	if (r == 0)
		r = nft_dynset_refuses(ctx, &expr->a, &refuses);
	if (r < 0)
		return r;
	if (!set)
		return expr_push_maybe(ctx, expr, "set-missing");
	r = expr_read_key(ctx, expr, NFTA_DYNSET_SREG_KEY, set, &key);
	if (r >= 0 && set->map)
		r = expr_touch(ctx, expr, NFTA_DYNSET_SREG_DATA, set->data_len);
	if (r < 0)
		return r;
	set->dynamic = true;
	set->shrinks |= op == NFT_DYNSET_OP_DELETE;
	if (refuses)
		set->refuses = true;
	doubt = op == NFT_DYNSET_OP_DELETE
			? NULL
			: dynset_doubt(set, set->refuses, flags & NFT_DYNSET_F_INV);
	return decode_push_op(ctx, &(struct op){.kind = doubt ? OP_MAYBE : OP_NOP,
					   .code = doubt,
					   .operand = key,
					   .text = expr->name,
					   .expr = expr->attr});
}

/* Takes established flows only: for a first packet it ends the rule. */
int nft_flow_offload_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	(void)expr;
	ctx->ruleset->uses_conntrack = true;
	return decode_push_op(ctx, &(struct op){.kind = OP_VERDICT,
					   .text = "flow add",
					   .verdict = {.kind = VERDICT_CONTINUE}});
}

/* What match and target have alike; the numbers of their attributes are the same. */
struct xt_expr {
	const char *name;
	uint32_t rev;
	const void *info;
	size_t len;
};

static int read_xt(
	struct decode_ctx *ctx, const struct nft_expr *expr, struct xt_expr *ret_xt)
{
	const struct nlattr *info = expr->a.tb[NFTA_MATCH_INFO];
	struct xt_expr xt = {0};
	int r;

	if (!expr->a.tb[NFTA_MATCH_NAME])
		return nft_malformed(
			ctx, expr->attr, "an xt %s without a name", expr->name);
	r = nft_attr_string(ctx, expr->a.tb[NFTA_MATCH_NAME], &xt.name);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_MATCH_REV], &xt.rev);
	if (r < 0)
		return r;
	if (xt.rev > UINT8_MAX)
		return nft_malformed(ctx, expr->attr, "revision %u", xt.rev);
	if (info) {
		xt.info = mnl_attr_get_payload(info);
		xt.len = mnl_attr_get_payload_len(info);
	}
	ctx->xt = true;
	*ret_xt = xt;
	return 0;
}

int nft_match_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct xt_expr xt;
	int r = read_xt(ctx, expr, &xt);

	if (r < 0)
		return r;
	return xt_match_decode(ctx, xt.name, (uint8_t)xt.rev, xt.info, xt.len);
}

int nft_target_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct xt_expr xt;
	int r = read_xt(ctx, expr, &xt);

	if (r < 0)
		return r;
	return xt_target_decode(ctx, xt.name, (uint8_t)xt.rev, xt.info, xt.len);
}
