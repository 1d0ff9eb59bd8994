/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of nf_tables rules: the table of their names, and what decoders share. */
#ifndef SEAWALL_NETMON_MODEL_NFT_EXPR_H
#define SEAWALL_NETMON_MODEL_NFT_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "netmon/model/nft_attr.h"

struct nft_expr;

/** struct expr_row - one expression's name, its decoder, and what a general one needs
 */
struct expr_row {
	const char *name;
	int (*decode)(struct decode_ctx *ctx, const struct nft_expr *expr);
	const char *code; /* reason code, where the decoder is a general one */
};

struct nft_expr {
	const char *name;
	const struct nlattr *attr; /* the whole expression: name and data */
	const struct expr_row *row;
	struct nft_attrs a; /* of its NFTA_EXPR_DATA */
};

/** nft_expr_decode() - append what the expression in @attr does to the rule. */
int nft_expr_decode(struct decode_ctx *ctx, const struct nlattr *attr) _must_check_;

/* Decoders, one an expression. nft_cmp.c and nft_bits.c: */
int nft_cmp_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_range_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_bitwise_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_byteorder_decode(struct decode_ctx *ctx, const struct nft_expr *expr);

/* nft_load.c: what fills a register. */
int nft_payload_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_meta_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_ct_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_fib_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_rt_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_exthdr_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_socket_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_xfrm_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_tunnel_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_osf_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_inner_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_numgen_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_hash_decode(struct decode_ctx *ctx, const struct nft_expr *expr);

/* nft_act.c: what ends a rule or changes the packet. */
int nft_nat_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_masq_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_redir_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_tproxy_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_notrack_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_reject_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_queue_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_dup_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_fwd_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_objref_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_dynset_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_flow_offload_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_match_decode(struct decode_ctx *ctx, const struct nft_expr *expr);
int nft_target_decode(struct decode_ctx *ctx, const struct nft_expr *expr);

/*
 * Registers named by an attribute. Return: 1; 0 when the attribute is absent; -EINVAL
 * for a register that does not exist or cannot hold @len bytes.
 */
int expr_read(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	size_t len, const struct operand **ret_operand) _must_check_;
int expr_load(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	const struct operand *operand, bool may_end) _must_check_;
/** expr_touch() - a register whose content makes no difference; absent: 0. */
int expr_touch(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	size_t len) _must_check_;
/** expr_load_only() - the same, for expressions that do nothing else; 0 or an error. */
int expr_load_only(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	const struct operand *operand, bool may_end) _must_check_;

/* Ops whose text is rendered from the expression when it is asked for. */
int expr_push_nop(struct decode_ctx *ctx, const struct nft_expr *expr) _must_check_;
int expr_push_maybe(struct decode_ctx *ctx, const struct nft_expr *expr,
	const char *code) _must_check_;
int expr_push_unknown(struct decode_ctx *ctx, const struct nft_expr *expr,
	const char *code) _must_check_;
/** expr_push_incomplete() - an attribute is absent that kernels so far always wrote. */
int expr_push_incomplete(struct decode_ctx *ctx, const struct nft_expr *expr)
	_must_check_;

/** expr_find_set() - the set that an expression names; NULL where it was not sent. */
int expr_find_set(struct decode_ctx *ctx, const struct nft_expr *expr,
	uint16_t name_attr, uint16_t id_attr, struct set **ret_set) _must_check_;
/** expr_read_key() - the register as a key of @set: by its fields where it has several.
 */
int expr_read_key(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t attr,
	struct set *set, const struct operand **ret_operand) _must_check_;

/** nft_table_packets() - NONE for tables that see both families. */
enum family nft_table_packets(enum table_family family);
/** nft_matched_family() - the packets that this far into the rule are left; NONE: both.
 */
enum family nft_matched_family(const struct decode_ctx *ctx);

/** nft_dynset_refuses() - whether it carries an expression that may refuse (nft_set.c).
 */
int nft_dynset_refuses(struct decode_ctx *ctx, const struct nft_attrs *attrs,
	bool *refuses) _must_check_;

#endif
