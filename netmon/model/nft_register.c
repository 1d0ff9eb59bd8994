/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft's register file while one rule is decoded: which operand each word came from. */
#include "netmon/model/nft_register.h"

#include <string.h>

#include <linux/netfilter/nf_tables.h>

void registers_reset(struct decode_ctx *ctx)
{
	memset(ctx->words, 0, sizeof(ctx->words));
	ctx->load_unread = false;
}

void registers_forget(struct decode_ctx *ctx)
{
	ctx->load_unread = registers_unread(ctx);
	memset(ctx->words, 0, sizeof(ctx->words));
}

int register_word(uint32_t number, size_t len)
{
	size_t word;

	if (number >= NFT_REG_1 && number <= NFT_REG_4)
		word = (number - NFT_REG_1) * (NFT_REG_SIZE / NFT_REG32_SIZE);
	else if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		word = number - NFT_REG32_00;
	else
		return -1;
	if (len == 0 || len > (REGISTER_WORDS - word) * NFT_REG32_SIZE)
		return -1;
	return (int)word;
}

void register_load(
	struct decode_ctx *ctx, int word, const struct operand *operand, bool may_end)
{
	if (!operand)
		return;
	for (int i = 0; i * 4 < operand->len; i++) {
		struct register_word *to = &ctx->words[word + i];

		if (to->unread)
			ctx->load_unread = true;
		to->operand = operand;
		to->word = (uint8_t)i;
		to->unread = may_end && i == 0;
	}
}

/* How many of the @max words from @word on follow each other in one operand. */
static int run_length(const struct decode_ctx *ctx, int word, int max)
{
	const struct register_word *first = &ctx->words[word];
	int n = 1;

	while (n < max && first[n].operand == first->operand &&
		(!first->operand || first[n].word == first->word + n))
		n++;
	return n;
}

/* The load that the word came from is used. */
static void mark_read(struct register_word *word)
{
	struct register_word *first = word - word->word;

	if (word->operand && first->operand == word->operand)
		first->unread = false;
}

void register_touch(struct decode_ctx *ctx, int word, size_t len)
{
	for (size_t i = 0; i * 4 < len; i++)
		mark_read(&ctx->words[(size_t)word + i]);
}

const struct operand *register_read(struct decode_ctx *ctx, int word, size_t len)
{
	const struct operand *pieces[REGISTER_WORDS];
	int nwords = (int)(len + 3) / 4;
	size_t npieces = 0, left = len;

	for (int i = 0; i < nwords;) {
		struct register_word *from = &ctx->words[word + i];
		int n = run_length(ctx, word + i, nwords - i);
		size_t take = (size_t)n * 4 < left ? (size_t)n * 4 : left;
		size_t offset = from->word * 4u;

		left -= take;
		if (!from->operand) {
			pieces[npieces++] =
				operand_unknown(ctx, "register-unset", take);
			i += n;
			continue;
		}
		mark_read(from);
		/* The kernel pads a value with zeros to whole words. */
		if (take > from->operand->len - offset)
			take = from->operand->len - offset;
		pieces[npieces++] = operand_slice(ctx, from->operand, offset, take);
		i += n;
	}
	return operand_concat(ctx, pieces, npieces, len);
}

bool registers_unread(const struct decode_ctx *ctx)
{
	if (ctx->load_unread)
		return true;
	for (int i = 0; i < REGISTER_WORDS; i++)
		if (ctx->words[i].unread)
			return true;
	return false;
}

static bool is_ct_field(enum field field)
{
	return field >= FIELD_CT_STATE && field <= FIELD_CT_LABEL;
}

static bool is_fib_field(enum field field)
{
	return field == FIELD_FIB_TYPE || field == FIELD_FIB_OIF ||
	       field == FIELD_FIB_OIFNAME;
}

/* Whether writing @len bytes of a header at @offset may change what @operand reads. */
static bool payload_depends(const struct operand *operand, const struct op *op)
{
	/* nft corrects the checksum of the header, or of TCP and UDP, with the field.
	 */
	static const uint8_t sums[] = {6, 10, 16};
	unsigned int lo = operand->offset, hi = lo + operand->load_len;

	if (operand->base != op->base)
		return operand->base >
		       op->base; /* a header behind it may move, or its sum */
	if (lo < op->offset + (unsigned int)op->value_len && op->offset < hi)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		if (lo < sums[i] + 2u && sums[i] < hi)
			return true;
	return false;
}

static bool field_depends(const struct operand *operand, const struct op *op)
{
	enum field field = operand->field;

	if (op->kind == OP_NOTRACK || op->kind == OP_ZONE)
		return is_ct_field(field);
	if (op->field == FIELD_PAYLOAD) {
		if (field == FIELD_PAYLOAD)
			return payload_depends(operand, op);
		return is_fib_field(field) || field == FIELD_EXTHDR ||
		       field == FIELD_TCP_FLAGS;
	}
	if (op->field == FIELD_MARK && is_fib_field(field))
		return operand->fib_flags & NFTA_FIB_F_MARK;
	return field == op->field;
}

static bool operand_depends(const struct operand *operand, const struct op *op)
{
	if (field_depends(operand, op))
		return true;
	for (size_t i = 0; i < operand->nkey; i++)
		if (operand_depends(operand->key[i], op))
			return true;
	return false;
}

/* What the place that was written now holds is the operand that was written to it. */
static const struct operand *fresh_operand(struct decode_ctx *ctx, const struct op *op)
{
	if (op->field == FIELD_PAYLOAD)
		return operand_payload(ctx, op->base, op->offset, op->value_len);
	return operand_field(ctx, op->field, op->operand->len);
}

void registers_written(struct decode_ctx *ctx, const struct op *op)
{
	for (int i = 0; i < REGISTER_WORDS; i++) {
		const struct operand *operand = ctx->words[i].operand;
		const struct operand *fresh = NULL;

		if (!operand || !operand_depends(operand, op))
			continue;
		if (op->kind == OP_SET && operand == op->operand)
			fresh = fresh_operand(ctx, op);
		if (!fresh || fresh->len != operand->len)
			fresh = operand_unknown(ctx, "register-stale", operand->len);
		ctx->words[i].operand = fresh;
	}
}
