/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, chains, sets and objects of nf_tables, found by name while rules are decoded.
 */
#ifndef SEAWALL_NETMON_MODEL_NFT_TABLE_H
#define SEAWALL_NETMON_MODEL_NFT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "netmon/model/nft_attr.h"

/* One message: its family and the attributes of its first level. */
struct nft_message {
	enum table_family family;
	const struct nlmsghdr *header;
	struct nft_attrs attrs;
};

/** name_index_new() - room for @count names; NULL; released with name_index_free(). */
struct name_index *name_index_new(size_t count);
void name_index_free(struct name_index *index);

/*
 * Handlers of one message each. Tables come before chains, chains before rules and
 * elements.
 */
int nft_table_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
int nft_chain_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
int nft_object_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
int nft_flowtable_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
int nft_generation_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;

/* nft_set.c */
int nft_set_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
/** nft_elements_count() - first of two passes: how many elements each set has. */
int nft_elements_count(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
int nft_elements_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
/** nft_sets_finish() - sort all elements and join the ends of intervals. */
int nft_sets_finish(struct decode_ctx *ctx) _must_check_;

/* nft_rule.c */
int nft_rule_count(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;
int nft_rule_decode(struct decode_ctx *ctx, const struct nft_message *message)
	_must_check_;

/** nft_find_chain() - by the bare name of its table; NULL: there is none. */
struct chain *nft_find_chain(const struct decode_ctx *ctx, enum table_family family,
	const char *table, const char *name);
/** nft_find_set() - by name, and where that fails by @id (0: none). */
struct set *nft_find_set(const struct decode_ctx *ctx, enum table_family family,
	const char *table, const char *name, uint32_t id);
/** nft_index_set() - make a set findable. */
int nft_index_set(struct decode_ctx *ctx, enum table_family family, const char *table,
	struct set *set) _must_check_;

/** nft_table_name() - the bare name in "ip NAME". */
const char *nft_table_name(const char *table);
/** nft_family_name() - "inet", "ip" ...; NULL for a number that is no table's family.
 */
const char *nft_family_name(unsigned int family);

/**
 * nft_verdict_decode() - an attribute that nests an NFTA_DATA_VERDICT
 * @ret_code: as the kernel has it, NFT_BREAK and queue numbers too; VERDICT_* in
 *            @ret_verdict is VERDICT_CONTINUE for NFT_BREAK
 *
 * Return: 1; 0 for a code that no kernel writes (@ret_verdict untouched); -EINVAL.
 */
int nft_verdict_decode(struct decode_ctx *ctx, enum table_family family,
	const char *table, const struct nlattr *attr, struct verdict_to *ret_verdict,
	int32_t *ret_code) _must_check_;

#endif
