/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparisons of nf_tables rules. */
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_expr.h"

enum family nft_table_packets(enum table_family family)
{
	return family == TABLE_IP    ? FAMILY_IP4
	       : family == TABLE_IP6 ? FAMILY_IP6
				     : FAMILY_NONE;
}

/* The family that an op asks for, or @family where it asks for none. */
static enum family asked_family(const struct op *op, enum family family)
{
	const struct operand *operand = op->operand;

	if (op->kind != OP_MATCH || op->cmp != CMP_EQ || !operand || operand->nsteps)
		return family;
	if (operand->field == FIELD_NFPROTO && op->value_len == 1)
		return op->lo[0] == NFPROTO_IPV4   ? FAMILY_IP4
		       : op->lo[0] == NFPROTO_IPV6 ? FAMILY_IP6
						   : family;
	if (op->value_len == 2 &&
		(operand->field == FIELD_PROTOCOL ||
			(operand->field == FIELD_PAYLOAD &&
				operand->base == BASE_LINK && operand->offset == 12))) {
		uint16_t type = (uint16_t)(op->lo[0] << 8 | op->lo[1]);

		return type == ETH_P_IP	    ? FAMILY_IP4
		       : type == ETH_P_IPV6 ? FAMILY_IP6
					    : family;
	}
	return family;
}

enum family nft_matched_family(const struct decode_ctx *ctx)
{
	enum family family = nft_table_packets(ctx->family);

	for (size_t i = 0; i < ctx->nops; i++)
		family = asked_family(&ctx->ops[i], family);
	return family;
}

/*
 * nft loads fields that lie side by side at once and compares them as one. Where a
 * field of the header ends inside, the comparison is one of each part.
 */
static size_t field_end(enum family family, unsigned int base, size_t offset)
{
	/* clang-format off */
	static const uint8_t link[] = {6, 12, 14};
	static const uint8_t ip4[] = {1, 2, 4, 6, 8, 9, 10, 12, 16, 20};
	static const uint8_t ip6[] = {4, 6, 7, 8, 24, 40};
	static const uint8_t transport[] = {2, 4, 6, 8};
	/* clang-format on */
	static const struct {
		const uint8_t *ends;
		size_t n;
	} headers[] = {
		[BASE_LINK] = {link, ARRAY_LEN(link)},
		[BASE_NETWORK] = {ip4, ARRAY_LEN(ip4)},
		[BASE_TRANSPORT] = {transport, ARRAY_LEN(transport)},
	};
	const uint8_t *ends;
	size_t n;

	if (base >= ARRAY_LEN(headers))
		return SIZE_MAX;
	ends = headers[base].ends;
	n = headers[base].n;
	if (base == BASE_NETWORK && family == FAMILY_IP6) {
		ends = ip6;
		n = ARRAY_LEN(ip6);
	}
	for (size_t i = 0; i < n; i++)
		if (offset < ends[i])
			return ends[i];
	return SIZE_MAX;
}

/* Whether all of a load lies where the header always is. */
static bool is_whole_header(enum family family, unsigned int base, size_t end)
{
	switch (base) {
	case BASE_LINK:
		return end <= 14;
	case BASE_NETWORK:
		return family != FAMILY_NONE && end <= (family == FAMILY_IP6 ? 40 : 20);
	case BASE_TRANSPORT:
		return end <= 4; /* the two ports */
	default:
		return false;
	}
}

static int push_equal(
	struct decode_ctx *ctx, const struct operand *operand, const uint8_t *bytes)
{
	enum family family =
		operand->field == FIELD_PAYLOAD ? nft_matched_family(ctx) : FAMILY_NONE;
	size_t at = operand->offset, end = at + operand->len;
	unsigned int base = operand->base;

	if (operand->field != FIELD_PAYLOAD || operand->nsteps ||
		!is_whole_header(family, base, end) ||
		field_end(family, base, at) >= end)
		return decode_push_match(
			ctx, operand, CMP_EQ, bytes, NULL, operand->len);
	while (at < end) {
		size_t next = field_end(family, base, at);
		size_t len = (next < end ? next : end) - at;
		int r = decode_push_match(ctx,
			operand_payload(ctx, (enum payload_base)base, at, len), CMP_EQ,
			bytes, NULL, len);

		if (r < 0)
			return r;
		bytes += len;
		at += len;
	}
	return 0;
}

int nft_cmp_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
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
	if (op == NFT_CMP_EQ)
		return push_equal(ctx, operand, value.bytes);
	return decode_push_match(
		ctx, operand, (enum cmp)op, value.bytes, NULL, value.len);
}

int nft_range_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
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
