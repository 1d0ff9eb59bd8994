/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule while it is being built, for the decoders of all encodings. */
#include "netmon/model/decode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/model/nft_register.h"

enum { OPS_MIN = 64 };

void decode_rule_begin(struct decode_ctx *ctx, const struct chain *chain)
{
	ctx->chain = chain;
	ctx->table = chain->table;
	ctx->family = chain->family;
	ctx->nops = 0;
	ctx->xt = false;
	registers_reset(ctx);
}

static int reserve_op(struct decode_ctx *ctx)
{
	size_t max = ctx->max_ops ? ctx->max_ops * 2 : OPS_MIN;
	struct op *ops;

	if (ctx->nops < ctx->max_ops)
		return 0;
	ops = reallocarray(ctx->ops, max, sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	ctx->ops = ops;
	ctx->max_ops = max;
	return 0;
}

int decode_push_op(struct decode_ctx *ctx, const struct op *op)
{
	int r = reserve_op(ctx);

	if (r < 0)
		return r;
	if (arena_failed(ctx->arena))
		return -ENOMEM;
	ctx->ops[ctx->nops++] = *op;
	if (op->kind == OP_SET || op->kind == OP_NOTRACK || op->kind == OP_ZONE)
		registers_written(ctx, op);
	return 0;
}

int decode_push_match(struct decode_ctx *ctx, const struct operand *operand,
	enum cmp cmp, const void *lo, const void *hi, size_t len)
{
	return decode_push_op(ctx, &(struct op){.kind = OP_MATCH,
					   .operand = operand,
					   .cmp = cmp,
					   .lo = lo,
					   .hi = hi,
					   .value_len = (uint8_t)len});
}

int decode_push_maybe(struct decode_ctx *ctx, const char *code, const char *text)
{
	return decode_push_op(
		ctx, &(struct op){.kind = OP_MAYBE, .code = code, .text = text});
}

int decode_push_unknown(struct decode_ctx *ctx, const char *code, const char *text)
{
	return decode_push_op(
		ctx, &(struct op){.kind = OP_UNKNOWN, .code = code, .text = text});
}

int decode_push_nop(struct decode_ctx *ctx, const char *text)
{
	return decode_push_op(ctx, &(struct op){.kind = OP_NOP, .text = text});
}

int decode_push_verdict(
	struct decode_ctx *ctx, enum verdict verdict, const struct chain *chain)
{
	return decode_push_op(
		ctx, &(struct op){.kind = OP_VERDICT,
			     .verdict = {.kind = verdict, .chain = chain}});
}

int decode_take_ops(struct decode_ctx *ctx, size_t first, struct op_list *ret_list)
{
	size_t nops = ctx->nops - first;
	struct op *ops = NULL;

	if (nops) {
		ops = arena_memdup(ctx->arena, &ctx->ops[first], nops * sizeof(*ops));
		if (!ops)
			return -ENOMEM;
	}
	ctx->nops = first;
	*ret_list = (struct op_list){.ops = ops, .nops = nops};
	return 0;
}

/*
 * A load ends the rule when there is nothing to load (no such header, no route ...).
 * Where an op reads the register that is the op's affair; a load that nothing reads has
 * no op, and would be lost.
 */
static int push_unread_load(struct decode_ctx *ctx)
{
	int r = reserve_op(ctx);

	if (r < 0)
		return r;
	memmove(ctx->ops + 1, ctx->ops, ctx->nops * sizeof(*ctx->ops));
	ctx->ops[0] = (struct op){
		.kind = OP_MAYBE, .code = "load-unread", .text = "load without a use"};
	ctx->nops++;
	return 0;
}

int decode_rule_end(struct decode_ctx *ctx, struct rule *rule)
{
	struct op_list list;
	int r;

	if (registers_unread(ctx)) {
		r = push_unread_load(ctx);
		if (r < 0)
			return r;
	}
	r = decode_take_ops(ctx, 0, &list);
	if (r < 0)
		return r;
	rule->chain = ctx->chain;
	rule->ops = list.ops;
	rule->nops = list.nops;
	rule->xt = ctx->xt;
	return arena_failed(ctx->arena) ? -ENOMEM : 0;
}

struct chain *decode_chain_add(struct decode_ctx *ctx)
{
	struct ruleset *ruleset = ctx->ruleset;
	struct chain *chain;

	if (ruleset->nchains >= ctx->max_chains)
		return NULL;
	chain = &ruleset->chains[ruleset->nchains];
	chain->id = chain->order = (uint32_t)ruleset->nchains;
	ruleset->nchains++;
	return chain;
}

void decode_note(struct decode_ctx *ctx, const char *code, const char *where,
	bool hides, const char *format, ...)
{
	struct ruleset *ruleset = ctx->ruleset;
	struct note *note = arena_push(
		ctx->arena, &ruleset->notes, &ruleset->nnotes, sizeof(*note));
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!note)
		return;
	note->code = arena_strdup(ctx->arena, code);
	note->where = arena_strdup(ctx->arena, where);
	note->text = arena_strdup(ctx->arena, text);
	note->hides = hides;
}
