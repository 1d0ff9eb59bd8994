/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rulesets with one rule, made of the expressions that a test writes down. */
#ifndef SEAWALL_TESTS_UNIT_NFT_MADE_H
#define SEAWALL_TESTS_UNIT_NFT_MADE_H

#include "nft_build.h"

/* Expressions as build_message() reads them. */
#define NFT_MADE_ACCEPT "1={ immediate 1=0 2=v:1 }"
#define NFT_MADE_MARK	"1={ meta 1=8 2=3 }"		 /* to the first word */
#define NFT_MADE_DADDR	"1={ payload 1=9 2=1 3=16 4=4 }" /* to the second */

/**
 * nft_made_begin() - begin anew: the tables "inet t" and "ip t"
 *
 * Each has the chains "c" and "web", the sets "ports" (which holds 80) and "wide", and
 * the maps "verdicts" and "marks" (77 in its transaction).
 */
void nft_made_begin(struct nft_build *build);
/** nft_made_rule() - one more rule of chain "c", with handle 5. */
void nft_made_rule(struct nft_build *build, unsigned int family, const char *exprs);
/** nft_made_decode() - must succeed; free with ruleset_free(). */
struct ruleset *nft_made_decode(const struct nft_build *build);
/** nft_made_only_rule() - the one rule there is, or the first. */
const struct rule *nft_made_only_rule(const struct ruleset *ruleset);

/* A rule of that family: what it does, as kinds_text() tells it, and its text. */
struct nft_made_row {
	unsigned int family;
	const char *exprs, *kinds, *text;
};

void nft_made_check_rows(const struct nft_made_row *rows, size_t nrows);

#endif
