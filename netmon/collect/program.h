/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What handles packets beside the rules: eBPF programs and other netfilter hooks. */
#ifndef SEAWALL_NETMON_COLLECT_PROGRAM_H
#define SEAWALL_NETMON_COLLECT_PROGRAM_H

#include "netmon/model/facts.h"

/**
 * collect_programs() - note what is attached in one namespace and cannot be followed
 * @netns: must be the calling thread's namespace; its links must be there. tc_ingress
 *         is completed by programs that are attached through tcx
 *
 * Looked for: XDP, tc and tcx ingress, netkit, sk_lookup, functions of other modules on
 * netfilter's hooks (IPVS, ebtables-legacy, BPF ...). Asking for the hooks may load
 * nfnetlink_hook, as `nft list hooks` does.
 */
void collect_programs(struct facts *facts, struct netns *netns);

/** collect_cgroup_programs() - note eBPF filters on the root of the control groups. */
void collect_cgroup_programs(struct facts *facts);

#endif
