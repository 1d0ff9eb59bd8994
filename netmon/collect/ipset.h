/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ipsets of one network namespace. */
#ifndef SEAWALL_NETMON_COLLECT_IPSET_H
#define SEAWALL_NETMON_COLLECT_IPSET_H

#include "netmon/model/facts.h"

/**
 * collect_ipset() - fill netns->ipsets
 * @netns: must be the calling thread's namespace
 *
 * A set whose matching is not a plain comparison of its elements is IPSET_OTHER. In a
 * port part, protocol 0 (bitmap:port) is any. Failures become notes.
 */
void collect_ipset(struct facts *facts, struct netns *netns);

#endif
