/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the decoders of xt matches and targets share: their tables, and common ops. */
#ifndef SEAWALL_NETMON_MODEL_XT_H
#define SEAWALL_NETMON_MODEL_XT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/x_tables.h>

#include "netmon/model/decode.h"

/*
 * Theory of operation. An xt extension is known by name, revision and family, and its
 * info is a C struct of the kernel's, padded to XT_ALIGN. One row of a table names one
 * of them with its exact size; xt_decode() finds the row, copies the info to aligned
 * memory and calls the row's decoder, which appends ops. A decoder states what the
 * kernel's own match function does, inversions included, and cites nothing else.
 *
 * Return codes are 0 or negative, so steps are chained as `a() ?: b() ?: c()`.
 */

enum xt_families {
	XT_IP4 = 1,
	XT_IP6 = 2,
	XT_INET = 4, /* nft's inet tables: only what the kernel has for all families */
	XT_BRIDGE = 8,
	XT_BOTH = XT_IP4 | XT_IP6,
	XT_ANY = XT_BOTH | XT_INET,
};

#define XT_INFO_MAX 4352 /* bytes; xt_cgroup's revision 1 holds a path of PATH_MAX */

struct xt_row {
	const char *name;
	uint8_t rev;
	uint8_t families;
	uint16_t len; /* of the info: XT_SIZE(struct ...); 0: there is none */
	/* @info lives as long as the call: copy what an op shall keep. */
	int (*decode)(
		struct decode_ctx *ctx, const struct xt_row *row, const void *info);
	const char *code; /* for xt_maybe(), or where the decoder says so */
};

#define XT_SIZE(type) ((uint16_t)XT_ALIGN(sizeof(type)))
#define XT_ANY_SIZE   UINT16_MAX /* .len: any; the decoder gets NULL for the info */

struct xt_table_rows {
	const struct xt_row *rows;
	size_t nrows;
	bool conntrack; /* any of them makes the kernel track connections */
};

/* The tables, by file. */
extern const struct xt_table_rows xt_header_matches, xt_ct_matches, xt_host_matches,
	xt_ip6_matches, xt_other_matches, xt_bridge_matches, xt_set_matches;
extern const struct xt_table_rows xt_nat_targets, xt_other_targets, xt_bridge_targets,
	xt_set_targets;

/**
 * xt_sets_finish() - tell the matches of the ruleset which sets packets change
 *
 * When all rules are decoded: a SET target counts wherever it stands.
 */
void xt_sets_finish(struct decode_ctx *ctx);

/**
 * xt_decode() - find the row and let it append its ops
 * @ret_known: whether there is one; without it nothing was appended
 */
int xt_decode(struct decode_ctx *ctx, const struct xt_table_rows *const *tables,
	size_t ntables, const char *name, uint8_t rev, const void *info, size_t len,
	bool *ret_known) _must_check_;

/** xt_maybe() - a decoder: may match and may not, for reason row->code. */
int xt_maybe(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
	_must_check_;

/** xt_addr_len() - 4 or 16 by the table's family; 0 in a table of both. */
size_t xt_addr_len(const struct decode_ctx *ctx);

/* A match that no packet passes: the kernel function says false whatever comes. */
int xt_push_never(struct decode_ctx *ctx) _must_check_;

/**
 * xt_push_range() - operand, a number in network order of @len bytes, in [lo, hi]
 *
 * Nothing is appended where all numbers fit; lo > hi fits none. @invert: not in it.
 */
int xt_push_range(struct decode_ctx *ctx, const struct operand *operand, size_t len,
	u128 lo, u128 hi, bool invert) _must_check_;
/** xt_push_value() - (operand & mask) == value, bytes as they are; @mask NULL: all. */
int xt_push_value(struct decode_ctx *ctx, const struct operand *operand, size_t len,
	const void *value, const void *mask, bool invert) _must_check_;
/** xt_push_bits() - whether a bit of @mask is set in a field of four bytes, host order.
 */
int xt_push_bits(struct decode_ctx *ctx, enum field field, uint32_t mask, bool set)
	_must_check_;
/** xt_push_addr() - (address & mask) == addr; MAYBE in a table of both families. */
int xt_push_addr(struct decode_ctx *ctx, enum field field, const void *addr,
	const void *mask, bool invert) _must_check_;
/** xt_push_local() - the packet was sent by this host: it came by no interface. */
int xt_push_local(struct decode_ctx *ctx, bool local) _must_check_;
/** xt_push_tracked() - it has a conntrack entry: neither invalid nor untracked. */
int xt_push_tracked(struct decode_ctx *ctx, bool tracked) _must_check_;
int xt_push_maybe(struct decode_ctx *ctx, const char *code, const char *format, ...)
	_must_check_ _printf_(3, 4);
int xt_push_nop(struct decode_ctx *ctx, const char *format, ...)
	_must_check_ _printf_(2, 3);

/*
 * Alternatives: xt_alt_begin(), the ops of one, xt_alt_end(), the next ...; then
 * xt_alt_push() appends OP_ANY, or OP_NONE.
 */
#define XT_ALT_MAX 16
struct xt_alt {
	struct op_list list[XT_ALT_MAX];
	size_t n, first;
};
void xt_alt_begin(const struct decode_ctx *ctx, struct xt_alt *alt);
int xt_alt_end(struct decode_ctx *ctx, struct xt_alt *alt) _must_check_;
int xt_alt_push(struct decode_ctx *ctx, const struct xt_alt *alt, enum op_kind kind)
	_must_check_;

#endif
