/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The iptables-legacy tables of one network namespace. */
#ifndef SEAWALL_NETMON_COLLECT_LEGACY_H
#define SEAWALL_NETMON_COLLECT_LEGACY_H

#include "netmon/model/facts.h"

/**
 * collect_legacy() - fill netns->legacy
 * @netns: must be the calling thread's namespace
 *
 * Only tables that exist are asked for, because asking for another one would make it.
 * Failures become notes.
 */
void collect_legacy(struct facts *facts, struct netns *netns);

#endif
