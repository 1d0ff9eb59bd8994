/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The multicast groups that interfaces of one network namespace are in. */
#ifndef SEAWALL_NETMON_COLLECT_GROUP_H
#define SEAWALL_NETMON_COLLECT_GROUP_H

#include "netmon/model/facts.h"

/**
 * collect_groups() - fill netns->groups and groups_known
 * @netns: must be the calling thread's namespace
 *
 * What cannot be read leaves groups_known false, and a note that it could hide
 * something: not every address that rules may let in is asked then.
 */
void collect_groups(struct facts *facts, struct netns *netns);

#endif
