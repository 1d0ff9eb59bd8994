/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nf_tables rules of one network namespace, as the kernel's own messages. */
#ifndef SEAWALL_NETMON_COLLECT_NFT_H
#define SEAWALL_NETMON_COLLECT_NFT_H

#include "netmon/model/facts.h"

/**
 * collect_nft() - fill netns->nft and netns->rules_known
 * @facts: its arena holds the messages; notes go there
 * @netns: must be the calling thread's namespace
 *
 * All families, consistent: read again while the generation id moves. A kernel without
 * nf_tables has no rules there. Failures become notes.
 */
void collect_nft(struct facts *facts, struct netns *netns);

#endif
