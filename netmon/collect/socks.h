/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of one network namespace that hear strangers. */
#ifndef SEAWALL_NETMON_COLLECT_SOCKS_H
#define SEAWALL_NETMON_COLLECT_SOCKS_H

#include "netmon/model/facts.h"

/**
 * collect_socks() - fill netns->socks and socks_known
 * @netns: must be the calling thread's namespace
 *
 * Listening TCP, SCTP and DCCP sockets, all UDP and UDP-Lite ones. Owners are found
 * later, for all namespaces at once: collect_owners(). Failures become notes.
 */
void collect_socks(struct facts *facts, struct netns *netns);

#endif
