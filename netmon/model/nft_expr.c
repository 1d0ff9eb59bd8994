/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of nf_tables rules: the table of names, and what works on registers. */
#include "netmon/model/nft_expr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_register.h"
#include "netmon/model/nft_table.h"

int expr_push_nop(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	return decode_push_op(ctx,
		&(struct op){.kind = OP_NOP, .text = expr->name, .expr = expr->attr});
}

int expr_push_maybe(
	struct decode_ctx *ctx, const struct nft_expr *expr, const char *code)
{
	return decode_push_op(ctx, &(struct op){.kind = OP_MAYBE,
					   .code = code,
					   .text = expr->name,
					   .expr = expr->attr});
}

int expr_push_unknown(
	struct decode_ctx *ctx, const struct nft_expr *expr, const char *code)
{
	registers_forget(ctx); /* it may write them, too */
	return decode_push_op(ctx, &(struct op){.kind = OP_UNKNOWN,
					   .code = code,
					   .text = expr->name,
					   .expr = expr->attr});
}

int expr_push_incomplete(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	return expr_push_unknown(ctx, expr, "expr-incomplete");
}

/* The first word of the register that an attribute names; as expr_read(). */
static int find_word(
	struct decode_ctx *ctx, const struct nlattr *attr, size_t len, int *ret_word)
{
	uint32_t number = 0;
	int r;

	if (!attr)
		return 0;
	r = nft_attr_be32(ctx, attr, &number);
	if (r < 0)
		return r;
	*ret_word = register_word(number, len);
	if (*ret_word < 0)
		return nft_malformed(
			ctx, attr, "%zu bytes do not fit register %u", len, number);
	return 1;
}

int expr_read(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	size_t len, const struct operand **ret_operand)
{
	int word = 0;
	int r = find_word(ctx, expr->a.tb[attr], len, &word);

	if (r <= 0)
		return r;
	*ret_operand = register_read(ctx, word, len);
	return *ret_operand ? 1 : -ENOMEM;
}

int expr_touch(
	struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr, size_t len)
{
	int word = 0;
	int r = find_word(ctx, expr->a.tb[attr], len, &word);

	if (r > 0)
		register_touch(ctx, word, len);
	return r < 0 ? r : 0;
}

int expr_load(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	const struct operand *operand, bool may_end)
{
	int word = 0;
	int r;

	if (!operand)
		return -ENOMEM;
	r = find_word(ctx, expr->a.tb[attr], operand->len, &word);
	if (r > 0)
		register_load(ctx, word, operand, may_end);
	return r;
}

int expr_load_only(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	const struct operand *operand, bool may_end)
{
	int r = expr_load(ctx, expr, attr, operand, may_end);

	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	return r < 0 ? r : 0;
}

int expr_find_set(struct decode_ctx *ctx, const struct nft_expr *expr,
	uint16_t name_attr, uint16_t id_attr, struct set **ret_set)
{
	const char *name = NULL;
	uint32_t id = 0;
	int r = nft_attr_string(ctx, expr->a.tb[name_attr], &name);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[id_attr], &id);
	if (r < 0)
		return r;
	*ret_set = nft_find_set(ctx, ctx->family, nft_table_name(ctx->table), name, id);
	return 0;
}

/*
 * Kernels before 5.6, and sets without intervals, do not say where the fields of a
 * concatenation end; how the first rule that uses the set puts the key together does.
 */
static void learn_fields(struct set *set, const struct operand *operand)
{
	if (operand->field != FIELD_CONCAT || operand->nsteps || operand->nkey < 2 ||
		operand->nkey > ARRAY_LEN(set->field_len) || set->interval)
		return;
	for (size_t i = 0; i < operand->nkey; i++)
		set->field_len[i] = operand->key[i]->len;
	set->nfields = operand->nkey;
	set->concat = true;
}

int expr_read_key(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	struct set *set, const struct operand **ret_operand)
{
	const struct operand *keys[ARRAY_LEN(set->field_len)];
	int word = 0;
	int r = find_word(ctx, expr->a.tb[attr], set->key_len, &word);

	if (r <= 0)
		return r;
	if (set->nfields > 1) {
		for (size_t i = 0; i < set->nfields; i++) {
			keys[i] = register_read(ctx, word, set->field_len[i]);
			word += (set->field_len[i] + 3) / 4;
		}
		*ret_operand = operand_concat(ctx, keys, set->nfields, set->key_len);
	} else {
		*ret_operand = register_read(ctx, word, set->key_len);
		if (*ret_operand)
			learn_fields(set, *ret_operand);
	}
	return *ret_operand ? 1 : -ENOMEM;
}

static int immediate_verdict(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct verdict_to verdict = {0};
	int32_t code = 0;
	int r = nft_verdict_decode(ctx, ctx->family, nft_table_name(ctx->table),
		expr->a.tb[NFTA_IMMEDIATE_DATA], &verdict, &code);

	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_unknown(ctx, expr, "verdict-unknown");
	if (code == NFT_CONTINUE) /* goes on with the next expression */
		return decode_push_nop(ctx, "continue");
	if (verdict.kind == VERDICT_QUEUE)
		return decode_push_op(ctx, &(struct op){.kind = OP_VERDICT_QUEUE});
	return decode_push_verdict(ctx, verdict.kind, verdict.chain);
}

static int immediate_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t dreg = UINT32_MAX;
	struct nft_value value;
	int r;

	if (!expr->a.tb[NFTA_IMMEDIATE_DREG] || !expr->a.tb[NFTA_IMMEDIATE_DATA])
		return expr_push_incomplete(ctx, expr);
	r = nft_attr_be32(ctx, expr->a.tb[NFTA_IMMEDIATE_DREG], &dreg);
	if (r < 0)
		return r;
	if (dreg == NFT_REG_VERDICT)
		return immediate_verdict(ctx, expr);
	r = nft_attr_value(ctx, expr->a.tb[NFTA_IMMEDIATE_DATA], &value);
	if (r < 0)
		return r;
	return expr_load_only(ctx, expr, NFTA_IMMEDIATE_DREG,
		operand_const(ctx, value.bytes, value.len), false);
}

/* A set that went while the dump ran: its answer can be anything. */
static int lookup_missing(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t dreg = UINT32_MAX;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_LOOKUP_DREG], &dreg);

	if (r < 0)
		return r;
	if (!expr->a.tb[NFTA_LOOKUP_DREG])
		return expr_push_maybe(ctx, expr, "set-missing");
	return expr_push_unknown(ctx, expr, "set-missing");
}

static int lookup_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *key = NULL;
	struct set *set = NULL;
	uint32_t flags = 0, dreg = UINT32_MAX;
	int r = expr_find_set(ctx, expr, NFTA_LOOKUP_SET, NFTA_LOOKUP_SET_ID, &set);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_LOOKUP_FLAGS], &flags);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_LOOKUP_DREG], &dreg);
	if (r < 0)
		return r;
	if (!set)
		return lookup_missing(ctx, expr);
	r = expr_read_key(ctx, expr, NFTA_LOOKUP_SREG, set, &key);
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	if (!expr->a.tb[NFTA_LOOKUP_DREG])
		return decode_push_op(ctx, &(struct op){.kind = OP_LOOKUP,
						   .operand = key,
						   .set = set,
						   .invert = flags & NFT_LOOKUP_F_INV});
	if (set->vmap != (dreg == NFT_REG_VERDICT) || (!set->vmap && !set->map))
		return nft_malformed(ctx, expr->attr,
			"set %s does not answer what register %u takes", set->name,
			dreg);
	if (set->vmap)
		return decode_push_op(
			ctx, &(struct op){.kind = OP_VMAP, .operand = key, .set = set});
	r = expr_load(ctx, expr, NFTA_LOOKUP_DREG, operand_map(ctx, set, key), true);
	return r < 0 ? r : 0;
}

/* Row decoders of expressions that do nothing, or that nobody here can decide. */
static int nop_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	return expr_push_nop(ctx, expr);
}

static int maybe_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	return expr_push_maybe(ctx, expr, expr->row->code);
}

static int unknown_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	return expr_push_unknown(ctx, expr, expr->row->code);
}

static int connlimit_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	ctx->ruleset->uses_conntrack = true;
	return expr_push_maybe(ctx, expr, "connlimit");
}

/*
 * The proxy answers SYNs itself and opens the connection behind it later: the packet is
 * gone, but who sent it does get through.
 */
static int synproxy_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	ctx->ruleset->uses_conntrack = true;
	return unknown_decode(ctx, expr);
}

/* Sorted by name. */
static const struct expr_row expr_rows[] = {
	{"bitwise", nft_bitwise_decode, NULL},
	{"byteorder", nft_byteorder_decode, NULL},
	{"cmp", nft_cmp_decode, NULL},
	{"connlimit", connlimit_decode, NULL},
	{"counter", nop_decode, NULL},
	{"ct", nft_ct_decode, NULL},
	{"dup", nft_dup_decode, NULL},
	{"dynset", nft_dynset_decode, NULL},
	{"exthdr", nft_exthdr_decode, NULL},
	{"fib", nft_fib_decode, NULL},
	{"flow_offload", nft_flow_offload_decode, NULL},
	{"fwd", nft_fwd_decode, NULL},
	{"hash", nft_hash_decode, NULL},
	{"immediate", immediate_decode, NULL},
	{"inner", nft_inner_decode, NULL},
	{"last", nop_decode, NULL},
	{"limit", maybe_decode, "limit"},
	{"log", nop_decode, NULL},
	{"lookup", lookup_decode, NULL},
	{"masq", nft_masq_decode, NULL},
	{"match", nft_match_decode, NULL},
	{"meta", nft_meta_decode, NULL},
	{"nat", nft_nat_decode, NULL},
	{"notrack", nft_notrack_decode, NULL},
	{"numgen", nft_numgen_decode, NULL},
	{"objref", nft_objref_decode, NULL},
	{"osf", nft_osf_decode, NULL},
	{"payload", nft_payload_decode, NULL},
	{"queue", nft_queue_decode, NULL},
	{"quota", maybe_decode, "quota"},
	{"range", nft_range_decode, NULL},
	{"redir", nft_redir_decode, NULL},
	{"reject", nft_reject_decode, NULL},
	{"rt", nft_rt_decode, NULL},
	{"socket", nft_socket_decode, NULL},
	{"synproxy", synproxy_decode, "synproxy"},
	{"target", nft_target_decode, NULL},
	{"tproxy", nft_tproxy_decode, NULL},
	{"tunnel", nft_tunnel_decode, NULL},
	{"xfrm", nft_xfrm_decode, NULL},
};

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct expr_row *)row)->name);
}

/* Most expressions of a ruleset are of very few kinds: their rows are kept at hand. */
static const struct expr_row *find_row(struct decode_ctx *ctx, const char *name)
{
	size_t slot = ((size_t)(uint8_t)name[0] * 5 + (uint8_t)name[1]) %
		      ARRAY_LEN(ctx->recent_rows);
	const struct expr_row *row = ctx->recent_rows[slot];

	if (row && strcmp(row->name, name) == 0)
		return row;
	row = bsearch(name, expr_rows, ARRAY_LEN(expr_rows), sizeof(expr_rows[0]),
		compare_row);
	ctx->recent_rows[slot] = row;
	return row;
}

int nft_expr_decode(struct decode_ctx *ctx, const struct nlattr *attr)
{
	struct nft_expr expr = {.attr = attr};
	const struct nlattr *parts[2];
	int r = nft_attrs_pair(ctx, attr, parts);

	if (r < 0)
		return r;
	if (!parts[NFTA_EXPR_NAME - 1])
		return nft_malformed(ctx, attr, "an expression without a name");
	r = nft_attr_string(ctx, parts[NFTA_EXPR_NAME - 1], &expr.name);
	if (r < 0)
		return r;
	expr.row = find_row(ctx, expr.name);
	if (!expr.row)
		return expr_push_unknown(ctx, &expr, "expr-unknown");
	if (parts[NFTA_EXPR_DATA - 1])
		r = nft_attrs_nested(ctx, parts[NFTA_EXPR_DATA - 1], &expr.a);
	if (r < 0)
		return r;
	return expr.row->decode(ctx, &expr);
}
