/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nf_tables rules of one network namespace, as the kernel's own messages. */
#ifndef SEAWALL_NETMON_COLLECT_NFT_H
#define SEAWALL_NETMON_COLLECT_NFT_H

#include "netmon/model/facts.h"

struct nft_job;

/**
 * collect_nft() - fill netns->nft and netns->rules_known
 * @facts: its arena holds the messages; notes go there
 * @netns: must be the calling thread's namespace
 *
 * All families, consistent: read again while the generation id moves. A kernel without
 * nf_tables has no rules there. Failures become notes.
 */
void collect_nft(struct facts *facts, struct netns *netns);

/**
 * nft_start() - begin to read the calling thread's rules in a thread of its own
 *
 * Large rulesets take the kernel longer than all other facts together, so the host's
 * are read beside them. Return: the job; NULL: no thread, nft_finish() reads.
 */
struct nft_job *nft_start(void);
/** nft_finish() - wait for the rules and do as collect_nft(). Releases @job. */
void nft_finish(struct nft_job *job, struct facts *facts, struct netns *netns);

#endif
