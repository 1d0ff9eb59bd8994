/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up xt extensions, and the ops that several of them append. */
#include "netmon/model/xt.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

static const uint8_t zeros[16];

static unsigned int family_bit(enum table_family family)
{
	switch (family) {
	case TABLE_IP:
		return XT_IP4;
	case TABLE_IP6:
		return XT_IP6;
	case TABLE_INET:
		return XT_INET;
	case TABLE_BRIDGE:
		return XT_BRIDGE;
	case TABLE_ARP:
	case TABLE_NETDEV:
		break;
	}
	return 0;
}

static const struct xt_row *find_row(const struct xt_table_rows *table,
	unsigned int family, const char *name, uint8_t rev, size_t len)
{
	for (size_t i = 0; i < table->nrows; i++) {
		const struct xt_row *row = &table->rows[i];

		if (row->rev == rev && (row->families & family) &&
			(row->len == len || row->len == XT_ANY_SIZE) &&
			strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

int xt_decode(struct decode_ctx *ctx, const struct xt_table_rows *const *tables,
	size_t ntables, const char *name, uint8_t rev, const void *info, size_t len,
	bool *ret_known)
{
	_Alignas(max_align_t) uint8_t copy[XT_INFO_MAX];

	for (size_t i = 0; i < ntables; i++) {
		const struct xt_row *row =
			find_row(tables[i], family_bit(ctx->family), name, rev, len);

		if (!row)
			continue;
		*ret_known = true;
		ctx->ruleset->uses_conntrack |= tables[i]->conntrack;
		if (row->len == XT_ANY_SIZE)
			return row->decode(ctx, row, NULL);
		assert(len <= sizeof(copy));
		if (len > 0)
			memcpy(copy, info, len);
		return row->decode(ctx, row, copy);
	}
	*ret_known = false;
	return 0;
}

int xt_maybe(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return decode_push_maybe(ctx, row->code, row->name);
}

size_t xt_addr_len(const struct decode_ctx *ctx)
{
	if (ctx->family == TABLE_IP)
		return 4;
	return ctx->family == TABLE_IP6 ? 16 : 0;
}

int xt_push_never(struct decode_ctx *ctx)
{
	const struct op op = {.kind = OP_ANY};

	return decode_push_op(ctx, &op);
}

int xt_push_range(struct decode_ctx *ctx, const struct operand *operand, size_t len,
	u128 lo, u128 hi, bool invert)
{
	const u128 max = len == 16 ? ~(u128)0 : ((u128)1 << (8 * len)) - 1;
	uint8_t *bytes;

	assert(len <= 16);
	if (lo > hi || (lo == 0 && hi >= max))
		return (lo > hi) == invert ? 0 : xt_push_never(ctx);
	bytes = arena_alloc(ctx->arena, 2 * len);
	if (!bytes)
		return -ENOMEM;
	addr_store(bytes, len, lo);
	if (lo == hi)
		return decode_push_match(
			ctx, operand, invert ? CMP_NEQ : CMP_EQ, bytes, NULL, len);
	addr_store(bytes + len, len, hi);
	return decode_push_match(ctx, operand, invert ? CMP_NOT_RANGE : CMP_RANGE,
		bytes, bytes + len, len);
}

static bool all_ones(const uint8_t *mask, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (mask[i] != 0xff)
			return false;
	return true;
}

int xt_push_value(struct decode_ctx *ctx, const struct operand *operand, size_t len,
	const void *value, const void *mask, bool invert)
{
	const uint8_t *bytes;

	if (mask && memcmp(mask, zeros, len) == 0)
		return (memcmp(value, zeros, len) == 0) == !invert ? 0
								   : xt_push_never(ctx);
	if (mask && !all_ones(mask, len))
		operand = operand_masked(ctx, operand, mask, NULL);
	bytes = arena_memdup(ctx->arena, value, len);
	if (!bytes)
		return -ENOMEM;
	return decode_push_match(
		ctx, operand, invert ? CMP_NEQ : CMP_EQ, bytes, NULL, len);
}

int xt_push_bits(struct decode_ctx *ctx, enum field field, uint32_t mask, bool set)
{
	const struct operand *operand = operand_field(ctx, field, sizeof(mask));

	if (mask == 0)
		return set ? xt_push_never(ctx) : 0;
	operand = operand_masked(ctx, operand, &mask, NULL);
	return decode_push_match(
		ctx, operand, set ? CMP_NEQ : CMP_EQ, zeros, NULL, sizeof(mask));
}

int xt_push_addr(struct decode_ctx *ctx, enum field field, const void *addr,
	const void *mask, bool invert)
{
	const size_t len = xt_addr_len(ctx);
	uint8_t value[16];

	if (len == 0)
		return decode_push_maybe(
			ctx, "xt-family", "an address in a table of both families");
	memcpy(value, addr, len);
	/* The kernel masks both sides for IPv6 only: a host bit in an IPv4 rule's
	 * address makes it match nothing. */
	for (size_t i = 0; len == 16 && i < len; i++)
		value[i] &= ((const uint8_t *)mask)[i];
	return xt_push_value(
		ctx, operand_field(ctx, field, len), len, value, mask, invert);
}

int xt_push_local(struct decode_ctx *ctx, bool local)
{
	return decode_push_match(ctx, operand_field(ctx, FIELD_IIF, 4),
		local ? CMP_EQ : CMP_NEQ, zeros, NULL, 4);
}

int xt_push_tracked(struct decode_ctx *ctx, bool tracked)
{
	return xt_push_bits(ctx, FIELD_CT_STATE,
		NF_CT_STATE_INVALID_BIT | NF_CT_STATE_UNTRACKED_BIT, !tracked);
}

_printf_(2, 0) static char *format_text(
	struct decode_ctx *ctx, const char *format, va_list args)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, args);
	return arena_strdup(ctx->arena, text);
}

int xt_push_maybe(struct decode_ctx *ctx, const char *code, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = format_text(ctx, format, args);
	va_end(args);
	return text ? decode_push_maybe(ctx, code, text) : -ENOMEM;
}

int xt_push_nop(struct decode_ctx *ctx, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = format_text(ctx, format, args);
	va_end(args);
	return text ? decode_push_nop(ctx, text) : -ENOMEM;
}

void xt_alt_begin(const struct decode_ctx *ctx, struct xt_alt *alt)
{
	alt->first = ctx->nops;
}

int xt_alt_end(struct decode_ctx *ctx, struct xt_alt *alt)
{
	assert(alt->n < XT_ALT_MAX);
	return decode_take_ops(ctx, alt->first, &alt->list[alt->n++]);
}

int xt_alt_push(struct decode_ctx *ctx, const struct xt_alt *alt, enum op_kind kind)
{
	struct op op = {.kind = kind, .nalternatives = alt->n};

	op.alternatives =
		arena_memdup(ctx->arena, alt->list, alt->n * sizeof(alt->list[0]));
	if (!op.alternatives && alt->n > 0)
		return -ENOMEM;
	return decode_push_op(ctx, &op);
}
