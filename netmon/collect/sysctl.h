/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel settings that decide what is forwarded, answered and delivered. */
#ifndef SEAWALL_NETMON_COLLECT_SYSCTL_H
#define SEAWALL_NETMON_COLLECT_SYSCTL_H

#include <linux/netlink.h>

#include "netmon/model/facts.h"

/**
 * collect_sysctl_link() - an interface's own settings, as its link message holds them
 * @af_spec: IFLA_AF_SPEC; NULL: nothing is added
 *
 * One dump of links tells all interfaces' net/ipv4/conf and net/ipv6/conf values, which
 * saves a file a value. Call before collect_sysctl().
 */
void collect_sysctl_link(struct facts *facts, struct netns *netns, const char *ifname,
	const struct nlattr *af_spec);

/** collect_sysctl() - the namespace's settings from /proc/sys; sorts netns->sysctls. */
void collect_sysctl(struct facts *facts, struct netns *netns);

#endif
