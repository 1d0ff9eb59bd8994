/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All base chains of one hook, in the kernel's order, with conntrack and NAT between.
 */
#ifndef SEAWALL_NETMON_REACH_HOOKS_H
#define SEAWALL_NETMON_REACH_HOOKS_H

#include "netmon/reach/chain.h"

/**
 * hooks_run() - packet sets through one hook of IPv4 or IPv6
 * @in:  packet sets; may be changed
 * @ret: those that got through; endings in run->endings
 *
 * Chains run by priority; of equal ones the later registered first
 * (nf_hook_entries_grow()). nat chains run together at NF_IP_PRI_NAT_*, only for
 * packets that start a connection, until one of them decided (nf_nat_inet_fn()). At
 * -200 of prerouting and output conntrack looks.
 */
void hooks_run(
	struct run *run, enum hook hook, const struct states *in, struct states *ret);

/** hooks_run_device() - ingress or egress chains of one interface (netdev and inet). */
void hooks_run_device(struct run *run, enum hook hook, int ifindex,
	const struct states *in, struct states *ret);

/** hooks_run_bridge() - one hook of the bridge family. */
void hooks_run_bridge(
	struct run *run, enum hook hook, const struct states *in, struct states *ret);

/**
 * hooks_without_entry() - what conntrack makes of a packet that belongs to no entry
 *
 * It opens one of its own (tuples, no marks), or is invalid: an answer of TCP or SCTP,
 * an ICMP error (tcp_new(), nf_conntrack_inet_error()). Before it has looked.
 */
void hooks_without_entry(struct packet *packet);

/** hooks_collect() - sort a ruleset's base chains into the space's lists. */
int hooks_collect(struct space *space) _must_check_;

#endif
