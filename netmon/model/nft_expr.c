/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of nf_tables rules: the table of names, and what works on registers. */
#include "netmon/model/nft_expr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_register.h"
#include "netmon/model/nft_table.h"

/* Newer than the headers of some distributions that this is built on. */
enum {
	BITWISE_AND = 3, /* NFT_BITWISE_AND ..., Linux 6.13 */
	BITWISE_OR = 4,
	BITWISE_XOR = 5,
	BITWISE_SREG2 = 8, /* NFTA_BITWISE_SREG2 */
};

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

/* expr_load(), for expressions that do nothing else. */
static int load_only(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	const struct operand *operand)
{
	int r = expr_load(ctx, expr, attr, operand, false);

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

static int cmp_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *operand;
	struct nft_value value;
	uint32_t op = NFT_CMP_EQ;
	int r;

	if (!expr->a.tb[NFTA_CMP_DATA])
		return expr_push_incomplete(ctx, expr);
	r = nft_attr_be32(ctx, expr->a.tb[NFTA_CMP_OP], &op);
	if (r == 0)
		r = nft_attr_value(ctx, expr->a.tb[NFTA_CMP_DATA], &value);
	if (r == 0)
		r = expr_read(ctx, expr, NFTA_CMP_SREG, value.len, &operand);
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	if (op > NFT_CMP_GTE) /* the two enums count alike */
		return expr_push_maybe(ctx, expr, "cmp-unknown");
	return decode_push_match(
		ctx, operand, (enum cmp)op, value.bytes, NULL, value.len);
}

static int range_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *operand;
	struct nft_value from, to;
	uint32_t op = NFT_RANGE_EQ;
	int r;

	if (!expr->a.tb[NFTA_RANGE_FROM_DATA] || !expr->a.tb[NFTA_RANGE_TO_DATA])
		return expr_push_incomplete(ctx, expr);
	r = nft_attr_be32(ctx, expr->a.tb[NFTA_RANGE_OP], &op);
	if (r == 0)
		r = nft_attr_value(ctx, expr->a.tb[NFTA_RANGE_FROM_DATA], &from);
	if (r == 0)
		r = nft_attr_value(ctx, expr->a.tb[NFTA_RANGE_TO_DATA], &to);
	if (r < 0)
		return r;
	if (from.len != to.len)
		return nft_malformed(ctx, expr->attr, "a range from %zu to %zu bytes",
			from.len, to.len);
	r = expr_read(ctx, expr, NFTA_RANGE_SREG, from.len, &operand);
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	if (op > NFT_RANGE_NEQ)
		return expr_push_maybe(ctx, expr, "cmp-unknown");
	return decode_push_match(ctx, operand,
		op == NFT_RANGE_EQ ? CMP_RANGE : CMP_NOT_RANGE, from.bytes, to.bytes,
		from.len);
}

/* An attribute whose value must be as long as the operand. */
static int value_of_len(struct decode_ctx *ctx, const struct nft_expr *expr,
	uint16_t attr, size_t len, struct nft_value *ret_value)
{
	int r = nft_attr_value(ctx, expr->a.tb[attr], ret_value);

	if (r == 0 && ret_value->len != len)
		return nft_malformed(ctx, expr->a.tb[attr],
			"%zu bytes for an operand of %zu", ret_value->len, len);
	return r;
}

static int bitwise_mask(struct decode_ctx *ctx, const struct nft_expr *expr,
	const struct operand **operand)
{
	size_t len = (*operand)->len;
	struct nft_value mask, xor;
	int r;

	if (!expr->a.tb[NFTA_BITWISE_MASK] || !expr->a.tb[NFTA_BITWISE_XOR])
		return 0;
	r = value_of_len(ctx, expr, NFTA_BITWISE_MASK, len, &mask);
	if (r == 0)
		r = value_of_len(ctx, expr, NFTA_BITWISE_XOR, len, &xor);
	if (r < 0)
		return r;
	*operand = operand_masked(ctx, *operand, mask.bytes, xor.bytes);
	return 1;
}

static int bitwise_shift(struct decode_ctx *ctx, const struct nft_expr *expr,
	enum step_kind kind, const struct operand **operand)
{
	struct nft_value value;
	uint32_t count;
	int r;

	if (!expr->a.tb[NFTA_BITWISE_DATA])
		return 0;
	r = value_of_len(ctx, expr, NFTA_BITWISE_DATA, sizeof(count), &value);
	if (r < 0)
		return r;
	memcpy(&count, value.bytes,
		sizeof(count)); /* host order, as the kernel keeps it */
	if (count >= 32)
		return nft_malformed(ctx, expr->attr, "a shift by %u bits", count);
	if (kind ==
		STEP_SHIFT_LEFT) /* bits may move into the padding of the last word */
		*operand =
			operand_concat(ctx, operand, 1, ((*operand)->len + 3u) & ~3u);
	*operand = operand_step(
		ctx, *operand, &(struct step){.kind = kind, .count = (uint8_t)count});
	return 1;
}

/* AND, OR and XOR with a constant, each as a mask and a xor. */
static const struct operand *bitwise_with(struct decode_ctx *ctx, uint32_t op,
	const struct operand *operand, const uint8_t *bytes)
{
	uint8_t and[VALUE_MAX], xor[VALUE_MAX];

	for (size_t i = 0; i < operand->len; i++) {
		and[i] = op == BITWISE_AND  ? bytes[i]
			 : op == BITWISE_OR ? (uint8_t)~bytes[i]
					    : 0xff;
		xor[i] = op == BITWISE_AND ? 0 : bytes[i];
	}
	return operand_masked(ctx, operand, and, xor);
}

static int bitwise_combine(struct decode_ctx *ctx, const struct nft_expr *expr,
	uint32_t op, const struct operand **operand)
{
	const struct operand *other = NULL;
	struct nft_value value;
	int r;

	if (expr->a.tb[NFTA_BITWISE_DATA]) {
		r = value_of_len(ctx, expr, NFTA_BITWISE_DATA, (*operand)->len, &value);
		if (r < 0)
			return r;
		*operand = bitwise_with(ctx, op, *operand, value.bytes);
		return 1;
	}
	r = expr_read(ctx, expr, BITWISE_SREG2, (*operand)->len, &other);
	if (r <= 0)
		return r;
	if (other->field == FIELD_CONST)
		*operand = bitwise_with(ctx, op, *operand, other->bytes);
	else if ((*operand)->field == FIELD_CONST)
		*operand = bitwise_with(ctx, op, other, (*operand)->bytes);
	else
		*operand = operand_unknown(ctx, "bitwise-registers", (*operand)->len);
	return 1;
}

static int bitwise_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *operand = NULL;
	uint32_t len = 0, op = NFT_BITWISE_BOOL;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_BITWISE_LEN], &len);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_BITWISE_OP], &op);
	if (r == 0)
		r = expr_read(ctx, expr, NFTA_BITWISE_SREG, len, &operand);
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	switch (op) {
	case NFT_BITWISE_BOOL:
		r = bitwise_mask(ctx, expr, &operand);
		break;
	case NFT_BITWISE_LSHIFT:
		r = bitwise_shift(ctx, expr, STEP_SHIFT_LEFT, &operand);
		break;
	case NFT_BITWISE_RSHIFT:
		r = bitwise_shift(ctx, expr, STEP_SHIFT_RIGHT, &operand);
		break;
	case BITWISE_AND:
	case BITWISE_OR:
	case BITWISE_XOR:
		r = bitwise_combine(ctx, expr, op, &operand);
		break;
	default:
		operand = operand_unknown(ctx, "bitwise-unknown", len);
		r = 1;
	}
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	return load_only(ctx, expr, NFTA_BITWISE_DREG, operand);
}

/* ntoh and hton are the same swap on a little-endian machine. */
static int byteorder_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *operand = NULL;
	uint32_t len = 0, size = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_BYTEORDER_LEN], &len);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_BYTEORDER_SIZE], &size);
	if (r == 0)
		r = expr_read(ctx, expr, NFTA_BYTEORDER_SREG, len, &operand);
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	if (size != 2 && size != 4 && size != 8)
		return nft_malformed(
			ctx, expr->attr, "byte order of units of %u", size);
	if (len % size != 0) /* the rest of the target would keep what it held */
		operand = operand_unknown(ctx, "byteorder", len);
	else
		operand = operand_step(ctx, operand,
			&(struct step){.kind = STEP_SWAP, .count = (uint8_t)size});
	return load_only(ctx, expr, NFTA_BYTEORDER_DREG, operand);
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
	return load_only(ctx, expr, NFTA_IMMEDIATE_DREG,
		operand_const(ctx, value.bytes, value.len));
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
	{"bitwise", bitwise_decode, NULL, 0},
	{"byteorder", byteorder_decode, NULL, 0},
	{"cmp", cmp_decode, NULL, 0},
	{"connlimit", connlimit_decode, NULL, 0},
	{"counter", nop_decode, NULL, 0},
	{"ct", nft_ct_decode, NULL, 0},
	{"dup", nft_dup_decode, NULL, 0},
	{"dynset", nft_dynset_decode, NULL, 0},
	{"exthdr", nft_exthdr_decode, NULL, 0},
	{"fib", nft_fib_decode, NULL, 0},
	{"flow_offload", nft_flow_offload_decode, NULL, 0},
	{"fwd", nft_fwd_decode, NULL, 0},
	{"hash", nft_number_decode, "hash", NFTA_HASH_DREG},
	{"immediate", immediate_decode, NULL, 0},
	{"inner", nft_inner_decode, NULL, 0},
	{"last", nop_decode, NULL, 0},
	{"limit", maybe_decode, "limit", 0},
	{"log", nop_decode, NULL, 0},
	{"lookup", lookup_decode, NULL, 0},
	{"masq", nft_masq_decode, NULL, 0},
	{"match", nft_match_decode, NULL, 0},
	{"meta", nft_meta_decode, NULL, 0},
	{"nat", nft_nat_decode, NULL, 0},
	{"notrack", nft_notrack_decode, NULL, 0},
	{"numgen", nft_number_decode, "numgen", NFTA_NG_DREG},
	{"objref", nft_objref_decode, NULL, 0},
	{"osf", nft_osf_decode, NULL, 0},
	{"payload", nft_payload_decode, NULL, 0},
	{"queue", nft_queue_decode, NULL, 0},
	{"quota", maybe_decode, "quota", 0},
	{"range", range_decode, NULL, 0},
	{"redir", nft_redir_decode, NULL, 0},
	{"reject", nft_reject_decode, NULL, 0},
	{"rt", nft_rt_decode, NULL, 0},
	{"socket", nft_socket_decode, NULL, 0},
	{"synproxy", synproxy_decode, "synproxy", 0},
	{"target", nft_target_decode, NULL, 0},
	{"tproxy", nft_tproxy_decode, NULL, 0},
	{"tunnel", nft_tunnel_decode, NULL, 0},
	{"xfrm", nft_xfrm_decode, NULL, 0},
};

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct expr_row *)row)->name);
}

int nft_expr_decode(struct decode_ctx *ctx, const struct nlattr *attr)
{
	struct nft_expr expr = {.attr = attr};
	const struct nlattr *data;
	int r = nft_attrs_nested(ctx, attr, &expr.a);

	if (r < 0)
		return r;
	if (!expr.a.tb[NFTA_EXPR_NAME])
		return nft_malformed(ctx, attr, "an expression without a name");
	r = nft_attr_string(ctx, expr.a.tb[NFTA_EXPR_NAME], &expr.name);
	if (r < 0)
		return r;
	expr.row = bsearch(expr.name, expr_rows, ARRAY_LEN(expr_rows),
		sizeof(expr_rows[0]), compare_row);
	if (!expr.row)
		return expr_push_unknown(ctx, &expr, "expr-unknown");
	data = expr.a.tb[NFTA_EXPR_DATA];
	if (data)
		r = nft_attrs_nested(ctx, data, &expr.a);
	else
		memset(&expr.a, 0, sizeof(expr.a));
	if (r < 0)
		return r;
	return expr.row->decode(ctx, &expr);
}
