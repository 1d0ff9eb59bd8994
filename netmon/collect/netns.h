/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that one network namespace holds; the containers' namespaces. */
#ifndef SEAWALL_NETMON_COLLECT_NETNS_H
#define SEAWALL_NETMON_COLLECT_NETNS_H

#include "netmon/model/facts.h"

/**
 * collect_netns() - fill @netns from the calling thread's network namespace
 *
 * All but its nf_tables rules, which are collect_nft()'s.
 */
void collect_netns(struct facts *facts, struct netns *netns);

/**
 * collect_container_netns() - fill facts->netns and each container's netns
 * @facts: its containers must be there
 *
 * Each namespace is read once, whoever shares it; one that is the caller's own becomes
 * facts->host. What cannot be entered is noted. The caller stays where it is.
 */
void collect_container_netns(struct facts *facts);

#endif
