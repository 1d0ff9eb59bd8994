/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions on netfilter's hooks that belong to no rules. */
#ifndef SEAWALL_NETMON_COLLECT_HOOK_H
#define SEAWALL_NETMON_COLLECT_HOOK_H

#include <stdio.h>

#include "netmon/model/facts.h"

/**
 * collect_hooks() - note functions on the hooks that cannot be followed
 * @netns: must be the calling thread's namespace
 *
 * Rules, connection tracking, NAT and security modules are known; whatever else is
 * registered (IPVS, ebtables-legacy, BPF, modules from outside the kernel) is noted.
 */
void collect_hooks(struct facts *facts, struct netns *netns);

/** hook_code() - the code of the note for a hook's function; NULL: it is known. */
const char *hook_code(const char *function);

/** hook_has_service() - whether IPVS has any, by /proc/net/ip_vs
 *  (ip_vs_info_seq_show()); NULL: it is not there. */
bool hook_has_service(FILE *file);

#endif
