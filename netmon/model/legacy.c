/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables-legacy tables as chains: here a table may do anything at each of its hooks.
 */
#include <errno.h>

#include "netmon/model/decode.h"

#define NF_INET_NUMHOOKS 5

size_t legacy_chain_count(const struct legacy_table *table)
{
	return (size_t)__builtin_popcount(
		table->valid_hooks & ((1u << NF_INET_NUMHOOKS) - 1));
}

static int add_chain(
	struct decode_ctx *ctx, const struct legacy_table *table, unsigned int hook)
{
	struct chain *chain = decode_chain_add(ctx);
	struct rule *rule = arena_array(ctx->arena, 1, sizeof(*rule));
	int r;

	if (!chain || !rule)
		return -ENOMEM;
	chain->family = table->family == FAMILY_IP6 ? TABLE_IP6 : TABLE_IP;
	chain->table = arena_printf(ctx->arena, "%s %s",
		table->family == FAMILY_IP6 ? "ip6" : "ip", table->name);
	chain->name = table->name;
	chain->legacy = true;
	chain->base = true;
	chain->hook = HOOK_PREROUTING + hook;
	chain->policy = VERDICT_ACCEPT;
	decode_rule_begin(ctx, chain);
	r = decode_push_unknown(ctx, "legacy-table", "iptables-legacy rules");
	if (r < 0)
		return r;
	r = decode_rule_end(ctx, rule);
	if (r < 0)
		return r;
	rule->number = 1;
	chain->rules = rule;
	chain->nrules = 1;
	ctx->ruleset->nrules++;
	ctx->ruleset->has_legacy = true;
	return 0;
}

int legacy_decode(struct decode_ctx *ctx, const struct legacy_table *table)
{
	for (unsigned int hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		int r;

		if (!(table->valid_hooks & (1u << hook)))
			continue;
		r = add_chain(ctx, table, hook);
		if (r < 0)
			return r;
	}
	return 0;
}
