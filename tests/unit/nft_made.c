/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include <cmocka.h>

void nft_made_begin(struct nft_build *build)
{
	build->len = 0;
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int family = i ? TABLE_IP : TABLE_INET;

		build_message(build, NFT_MSG_NEWTABLE, family, "1=s:t 2=0");
		build_message(build, NFT_MSG_NEWCHAIN, family, "1=s:t 3=s:c");
		build_message(build, NFT_MSG_NEWCHAIN, family, "1=s:t 3=s:web");
		build_message(build, NFT_MSG_NEWSET, family, "1=s:t 2=s:ports 3=0 5=2");
		build_message(build, NFT_MSG_NEWSET, family,
			"1=s:t 2=s:verdicts 3=8 5=2 6=0xffffff00 7=16");
		build_message(build, NFT_MSG_NEWSET, family,
			"1=s:t 2=s:marks 3=8 5=4 6=0 7=4 10=77");
		build_message(build, NFT_MSG_NEWSET, family, "1=s:t 2=s:wide 3=0 5=8");
		build_message(build, NFT_MSG_NEWSETELEM, family,
			"1=s:t 2=s:ports 3=[ 1=[ 1=x:0050 ] ]");
	}
}

void nft_made_rule(struct nft_build *build, unsigned int family, const char *exprs)
{
	char attrs[4096];

	(void)snprintf(attrs, sizeof(attrs), "1=s:t 2=s:c 3=q:5 4=[ %s ]", exprs);
	build_message(build, NFT_MSG_NEWRULE, family, attrs);
}

struct ruleset *nft_made_decode(const struct nft_build *build)
{
	struct netns netns = build_netns(build);
	struct ruleset *ruleset = NULL;
	struct err err = {0};

	if (ruleset_decode(&netns, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

const struct rule *nft_made_only_rule(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->nchains; i++)
		if (ruleset->chains[i].nrules)
			return &ruleset->chains[i].rules[0];
	fail_msg("no rule");
	return NULL;
}

void nft_made_check_rows(const struct nft_made_row *rows, size_t nrows)
{
	static struct nft_build build; /* too large for a stack */

	for (size_t i = 0; i < nrows; i++) {
		const struct nft_made_row *row = &rows[i];
		struct ruleset *ruleset;
		const struct rule *rule;
		struct arena arena;
		const char *kinds, *text;

		nft_made_begin(&build);
		nft_made_rule(&build, row->family, row->exprs);
		ruleset = nft_made_decode(&build);
		rule = nft_made_only_rule(ruleset);
		arena_init(&arena, 0);
		kinds = kinds_text(&arena, rule->ops, rule->nops);
		text = rule_text(&arena, rule);
		if (strcmp(kinds, row->kinds) != 0 || strcmp(text, row->text) != 0)
			fail_msg("%s\n want: %s | %s\n  got: %s | %s", row->exprs,
				row->text, row->kinds, text, kinds);
		arena_done(&arena);
		ruleset_free(ruleset);
	}
}
