/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The multicast groups that interfaces of one network namespace are in. */
#ifndef SEAWALL_NETMON_COLLECT_GROUP_H
#define SEAWALL_NETMON_COLLECT_GROUP_H

#include <stdio.h>

#include "netmon/model/facts.h"

/** struct group_list - memberships in the order in which they were read */
struct group_list {
	struct arena *arena; /* the memberships' */
	struct membership *v;
	size_t n;
};

/**
 * group_read_ip4(), group_read_ip6() - append what /proc/net/igmp and igmp6 say
 *
 * Return: 0; -EINVAL for a line, or an end, that the kernel writes nowhere; -EIO;
 * -ENOMEM. On failure @list may have grown.
 */
int group_read_ip4(struct group_list *list, FILE *file) _must_check_;
int group_read_ip6(struct group_list *list, FILE *file) _must_check_;

/**
 * collect_groups() - fill netns->groups and groups_known
 * @netns: must be the calling thread's namespace
 *
 * What cannot be read leaves groups_known false, and a note that it could hide
 * something: not every address that rules may let in is asked then.
 */
void collect_groups(struct facts *facts, struct netns *netns);

#endif
