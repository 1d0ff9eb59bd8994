/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic on the registers of nf_tables rules: masks, shifts, byte order. */
#include <errno.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_expr.h"

/* Newer than the headers of some distributions that this is built on. */
enum {
	BITWISE_AND = 3, /* NFT_BITWISE_AND ..., Linux 6.13 */
	BITWISE_OR = 4,
	BITWISE_XOR = 5,
	BITWISE_SREG2 = 8, /* NFTA_BITWISE_SREG2 */
};

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

int nft_bitwise_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
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
	return expr_load_only(ctx, expr, NFTA_BITWISE_DREG, operand, false);
}

/* ntoh and hton are the same swap on a little-endian machine. */
int nft_byteorder_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
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
	return expr_load_only(ctx, expr, NFTA_BYTEORDER_DREG, operand, false);
}
