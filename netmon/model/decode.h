/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rule decoders of model/ share: the rule being built, operands, the index. */
#ifndef SEAWALL_NETMON_MODEL_DECODE_H
#define SEAWALL_NETMON_MODEL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "netmon/model/facts.h"
#include "netmon/model/ruleset.h"

/*
 * Theory of operation. ruleset_decode() counts what there is, reserves the chains (they
 * never move, so pointers to them can be handed out at once), then decodes rule by
 *rule:
 *
 *	decode_rule_begin(ctx, chain);
 *	... decode_push_*(ctx, ...) for every expression ...
 *	decode_rule_end(ctx, &rule);
 *
 * Ops are collected in one reused buffer and copied once, at their exact number. Equal
 * operands are one object: a thousand rules that read `tcp dport` share it, and two
 * operands can be compared by pointer.
 *
 * Every function that can fail returns 0, -EINVAL (ctx->err is filled: the input is
 * malformed) or -ENOMEM. What is well-formed but not understood is not a failure: push
 * OP_MAYBE (a match) or OP_UNKNOWN (anything that may act).
 */

struct operand_table; /* operand.c */
struct name_index;    /* nft_table.c */
struct expr_row;      /* nft_expr.c */
struct xt_sets;	      /* xt_set.c */

#define REGISTER_WORDS 16

/* Four bytes of nft's register file. */
struct register_word {
	const struct operand *operand; /* NULL: never written in this rule */
	uint8_t word;		       /* which four bytes of the operand */
	bool unread; /* first word of a load that may end the rule, not used so far */
};

/* Messages that follow each other. */
struct stretch {
	size_t begin, end; /* bytes of the namespace's messages */
	size_t nmessages;
};

struct decode_ctx {
	const struct netns *netns;
	struct ruleset *ruleset;
	struct arena *arena; /* &ruleset->arena */
	struct err *err;
	struct operand_table *operands;
	struct name_index *index;
	const struct expr_row *recent_rows[64];
	struct xt_sets *xt_sets;      /* NULL: no rule has to do with an ipset so far */
	size_t max_chains, max_sets;  /* reserved */
	struct stretch rule_messages; /* of rules */
	struct rule **rules; /* of each chain by its id, while they are filled */

	/* The rule being built. */
	enum table_family family; /* of its table */
	const char *table;	  /* "ip filter" */
	const struct chain *chain;
	struct op *ops; /* nops of them so far; grows, may move */
	size_t nops, max_ops;
	bool xt; /* the rule holds an xt match or target */
	bool load_unread;
	struct register_word words[REGISTER_WORDS];

	struct blob nft; /* netns->nft, aligned */
	/* Where the reader is, for messages about malformed netlink. */
	size_t message; /* counted from 0 */
	const char *message_type;
};

/* The chain, its table and family become those of the rule; registers are empty. */
void decode_rule_begin(struct decode_ctx *ctx, const struct chain *chain);
/** decode_rule_end() - fill @rule's chain, ops and xt; the rest is the caller's. */
int decode_rule_end(struct decode_ctx *ctx, struct rule *rule) _must_check_;

/** decode_push_op() - one more op of the rule; copies @op. */
int decode_push_op(struct decode_ctx *ctx, const struct op *op) _must_check_;

/*
 * Shorthands. Texts and codes are borrowed: literals, or memory that lives as long as
 * ctx->netns or ctx->arena. @lo and @hi are borrowed likewise (NULL @hi: none).
 */
int decode_push_match(struct decode_ctx *ctx, const struct operand *operand,
	enum cmp cmp, const void *lo, const void *hi, size_t len) _must_check_;
int decode_push_maybe(struct decode_ctx *ctx, const char *code, const char *text)
	_must_check_;
int decode_push_unknown(struct decode_ctx *ctx, const char *code, const char *text)
	_must_check_;
int decode_push_nop(struct decode_ctx *ctx, const char *text) _must_check_;
/** decode_push_verdict() - @chain: NULL but for JUMP and GOTO. */
int decode_push_verdict(struct decode_ctx *ctx, enum verdict verdict,
	const struct chain *chain) _must_check_;

/**
 * decode_take_ops() - make the ops from number @first on a list of their own
 *
 * For OP_ANY and OP_NONE: remember ctx->nops, push the ops of one alternative, take
 * them. They are no longer ops of the rule. Return: 0, -ENOMEM.
 */
int decode_take_ops(struct decode_ctx *ctx, size_t first, struct op_list *ret_list)
	_must_check_;

/*
 * Operands: equal ones are the same object. NULL when memory ran out (the arena has
 * then failed; decode_push_op() turns that into -ENOMEM, so callers need not check).
 */
const struct operand *operand_field(
	struct decode_ctx *ctx, enum field field, size_t len);
const struct operand *operand_payload(
	struct decode_ctx *ctx, enum payload_base base, size_t offset, size_t len);
/** operand_const() - copies @bytes. */
const struct operand *operand_const(
	struct decode_ctx *ctx, const void *bytes, size_t len);
/** operand_unknown() - @code is a literal; @len bytes that nobody can say. */
const struct operand *operand_unknown(
	struct decode_ctx *ctx, const char *code, size_t len);
/** operand_concat() - @len: of all keys, each padded to four bytes but maybe the last.
 */
const struct operand *operand_concat(struct decode_ctx *ctx,
	const struct operand *const *keys, size_t nkeys, size_t len);
/** operand_map() - what @set answers to @key. */
const struct operand *operand_map(
	struct decode_ctx *ctx, const struct set *set, const struct operand *key);
/** operand_masked() - (operand & and) ^ xor, both as long as it; @xor NULL: zeros. */
const struct operand *operand_masked(struct decode_ctx *ctx,
	const struct operand *operand, const void *and, const void * xor);
/** operand_step() - any step; @step's masks are copied. */
const struct operand *operand_step(
	struct decode_ctx *ctx, const struct operand *operand, const struct step *step);
/** operand_slice() - @len bytes from @offset on; the operand itself for all of it. */
const struct operand *operand_slice(struct decode_ctx *ctx,
	const struct operand *operand, size_t offset, size_t len);
/** operand_intern() - the shared object equal to @operand (all of it is copied). */
const struct operand *operand_intern(
	struct decode_ctx *ctx, const struct operand *operand);

/*
 * Chains. decode_chain_add() hands out the next reserved chain with .id and .order set,
 * and the caller fills the rest; NULL when more are asked for than were counted.
 */
struct chain *decode_chain_add(struct decode_ctx *ctx);

/** decode_note() - ruleset->notes: something decoding could not understand. */
void decode_note(struct decode_ctx *ctx, const char *code, const char *where,
	bool hides, const char *format, ...) _printf_(5, 6);

/*
 * The two hooks for xt expressions, native rules and legacy ones alike: append what the
 * match or target does to the rule being built. @info is @len bytes, alignment 4, lives
 * as long as ctx->netns; the names are terminated. An unknown name, revision or a size
 * that does not fit is OP_MAYBE "xt-match-unknown" or OP_UNKNOWN "xt-target-unknown".
 */
int xt_match_decode(struct decode_ctx *ctx, const char *name, uint8_t rev,
	const void *info, size_t len) _must_check_;
int xt_target_decode(struct decode_ctx *ctx, const char *name, uint8_t rev,
	const void *info, size_t len) _must_check_;

/**
 * legacy_chain_count() - how many chains legacy_decode() will add at most
 * legacy_decode() - add the chains and rules of one iptables-legacy table
 *
 * The caller has set nothing of a rule; decode_rule_begin() does. ruleset->nrules is
 * counted up by legacy_decode().
 */
size_t legacy_chain_count(const struct legacy_table *table);
int legacy_decode(struct decode_ctx *ctx, const struct legacy_table *table)
	_must_check_;

#endif
