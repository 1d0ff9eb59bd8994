/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink messages of nf_tables, made by hand for tests. */
#ifndef SEAWALL_TESTS_UNIT_NFT_BUILD_H
#define SEAWALL_TESTS_UNIT_NFT_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "netmon/model/ruleset.h"

struct nft_build {
	_Alignas(8) uint8_t data[65536];
	size_t len;
};

/**
 * build_message() - append a message
 * @type:  NFT_MSG_*
 * @attrs: "TYPE=VALUE ..." where VALUE is
 *         a number (32 bits, network order); b:N one byte; q:N 64 bits; s:TEXT a
 * string; r:HEX bytes; x:HEX an NFTA_DATA_VALUE; v:CODE or v:CODE:CHAIN a verdict; [
 * ATTRS ] a nest; { NAME ATTRS } an expression (NFTA_EXPR_NAME and _DATA)
 *
 * Everything is separated by single spaces. Ends the test where the text is no such.
 */
void build_message(struct nft_build *build, unsigned int type, unsigned int family,
	const char *attrs);

/** build_netns() - the messages so far as a namespace's; borrows @build. */
struct netns build_netns(const struct nft_build *build);

/** kinds_text() - "match maybe:limit verdict": ops by what they do. */
const char *kinds_text(struct arena *arena, const struct op *ops, size_t nops);

#endif
