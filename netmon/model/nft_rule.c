/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of nf_tables: which chain, which comment, and the walk over the expressions. */
#include <errno.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_expr.h"
#include "netmon/model/nft_table.h"

enum { UDATA_COMMENT = 0 }; /* NFTNL_UDATA_RULE_COMMENT */

static int find_rule_chain(struct decode_ctx *ctx, const struct nft_message *message,
	struct chain **ret_chain)
{
	const struct nft_attrs *attrs = &message->attrs;
	const char *table = NULL, *name = NULL;
	int r;

	if (!attrs->tb[NFTA_RULE_TABLE] || !attrs->tb[NFTA_RULE_CHAIN])
		return nft_malformed(ctx, message->header, "a rule without a chain");
	r = nft_attr_string(ctx, attrs->tb[NFTA_RULE_TABLE], &table);
	if (r == 0)
		r = nft_attr_string(ctx, attrs->tb[NFTA_RULE_CHAIN], &name);
	if (r < 0)
		return r;
	/* Rules come chain by chain. */
	if (ctx->chain && ctx->chain->family == message->family &&
		strcmp(ctx->chain->name, name) == 0 &&
		strcmp(nft_table_name(ctx->chain->table), table) == 0) {
		*ret_chain = &ctx->ruleset->chains[ctx->chain->id];
		return 0;
	}
	*ret_chain = nft_find_chain(ctx, message->family, table, name);
	if (!*ret_chain)
		return nft_malformed(ctx, attrs->tb[NFTA_RULE_CHAIN],
			"a rule of a chain that was not sent");
	ctx->chain = *ret_chain;
	return 0;
}

int nft_rule_count(struct decode_ctx *ctx, const struct nft_message *message)
{
	struct chain *chain = NULL;
	int r = find_rule_chain(ctx, message, &chain);

	if (r == 0)
		chain->nrules++;
	return r;
}

/* libnftnl's user data: type, length, value, one after the other; foreign data is left.
 */
static const char *find_comment(struct decode_ctx *ctx, const struct nlattr *attr)
{
	const uint8_t *at;
	size_t left;

	if (!attr)
		return NULL;
	at = mnl_attr_get_payload(attr);
	left = mnl_attr_get_payload_len(attr);
	while (left >= 2 && at[1] <= left - 2) {
		if (at[0] == UDATA_COMMENT) {
			const char *text = (const char *)at + 2;

			if (at[1] > 0 && text[at[1] - 1] == '\0')
				return text;
			return arena_strndup(ctx->arena, text, at[1]);
		}
		left -= at[1] + 2u;
		at += at[1] + 2u;
	}
	return NULL;
}

static int decode_expressions(struct decode_ctx *ctx, const struct nlattr *list)
{
	const struct nlattr *attr = NULL;
	int r;

	if (!list)
		return 0;
	while ((r = nft_attr_next(ctx, list, attr, &attr)) > 0) {
		r = nft_expr_decode(ctx, attr);
		if (r < 0)
			return r;
	}
	return r;
}

int nft_rule_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	const struct nft_attrs *attrs = &message->attrs;
	struct chain *chain = NULL;
	struct rule *rules, *rule;
	int r = find_rule_chain(ctx, message, &chain);

	if (r < 0)
		return r;
	rules = ctx->rules[chain->id];
	if (!rules) {
		rules = arena_array(ctx->arena, chain->nrules, sizeof(*rules));
		if (!rules)
			return -ENOMEM;
		ctx->rules[chain->id] = rules;
		chain->rules = rules;
		chain->nrules = 0; /* filled again by the same number */
	}
	rule = &rules[chain->nrules++];
	rule->number = (uint32_t)chain->nrules;
	r = nft_attr_be64(ctx, attrs->tb[NFTA_RULE_HANDLE], &rule->handle);
	if (r < 0)
		return r;
	rule->comment = find_comment(ctx, attrs->tb[NFTA_RULE_USERDATA]);
	decode_rule_begin(ctx, chain);
	r = decode_expressions(ctx, attrs->tb[NFTA_RULE_EXPRESSIONS]);
	if (r < 0)
		return r;
	ctx->ruleset->nrules++;
	return decode_rule_end(ctx, rule);
}
