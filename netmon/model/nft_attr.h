/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink attributes of nf_tables, read with every bound checked. */
#ifndef SEAWALL_NETMON_MODEL_NFT_ATTR_H
#define SEAWALL_NETMON_MODEL_NFT_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "netmon/model/decode.h"

/*
 * @ctx may be NULL in all of them: then no message is written (the text of a rule is
 * rendered from attributes long after the context is gone).
 */

#define NFT_ATTRS_MAX 20

/** nft_align() - @len rounded up to netlink's four bytes. */
static inline size_t nft_align(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/** struct nft_attrs - the attributes of one parent by type; NULL where absent */
struct nft_attrs {
	const struct nlattr *tb[NFT_ATTRS_MAX];
};

/** nft_malformed() - ctx->err says which message and which byte; returns -EINVAL. */
int nft_malformed(struct decode_ctx *ctx, const void *at, const char *format, ...)
	_printf_(3, 4);

/**
 * nft_attrs_parse() - sort @len bytes of attributes by type
 * @enough: stop when all types from 1 to this one are there; 0: read them all
 *
 * Types beyond NFT_ATTRS_MAX are newer than this program, and are left out; a type that
 * appears twice is malformed. Return: 0, -EINVAL.
 */
int nft_attrs_parse(struct decode_ctx *ctx, const void *start, size_t len,
	size_t enough, struct nft_attrs *ret_attrs) _must_check_;
int nft_attrs_nested(struct decode_ctx *ctx, const struct nlattr *nest,
	struct nft_attrs *ret_attrs) _must_check_;
/** nft_attrs_pair() - only the types 1 and 2, for the many small nests that have those.
 */
int nft_attrs_pair(struct decode_ctx *ctx, const struct nlattr *nest,
	const struct nlattr *pair[static 2]) _must_check_;

/*
 * Numbers in network order, of exactly that size. An absent attribute (NULL) leaves
 * @ret_value alone, so that it can hold the default.
 */
int nft_attr_u8(struct decode_ctx *ctx, const struct nlattr *attr, uint8_t *ret_value)
	_must_check_;
int nft_attr_be32(struct decode_ctx *ctx, const struct nlattr *attr,
	uint32_t *ret_value) _must_check_;
int nft_attr_be64(struct decode_ctx *ctx, const struct nlattr *attr,
	uint64_t *ret_value) _must_check_;
/** nft_attr_string() - a terminated string that is not empty; borrowed. */
int nft_attr_string(struct decode_ctx *ctx, const struct nlattr *attr,
	const char **ret_text) _must_check_;

struct nft_value {
	const uint8_t *bytes;
	size_t len; /* 1 .. VALUE_MAX */
};

/** nft_attr_value() - the bytes of an attribute that nests an NFTA_DATA_VALUE. */
int nft_attr_value(struct decode_ctx *ctx, const struct nlattr *attr,
	struct nft_value *ret_value) _must_check_;

/**
 * nft_attr_next() - walk a list of attributes with bounds checked
 * @attr: the one before; NULL: the first
 *
 * Return: 1 and the next in @ret_attr; 0 at the end; -EINVAL.
 */
int nft_attr_next(struct decode_ctx *ctx, const struct nlattr *nest,
	const struct nlattr *attr, const struct nlattr **ret_attr) _must_check_;

#endif
