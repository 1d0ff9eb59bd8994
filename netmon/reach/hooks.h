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

/** hooks_are_on() - whether chains of the netdev family are on an interface. */
bool hooks_are_on(const struct space *space, enum hook hook, int ifindex);

/* What came of one way that a packet may have taken: the endings are run->endings from
 * @first up to @end. */
struct passage {
	struct states states;
	size_t first, end;
};

/**
 * hooks_join() - add what comes of another way
 * @more: its states; its endings are run->endings from @from on
 * @all:  the states of all ways so far, those of @one among them; grows by what is new
 *
 * Return: whether it differs from @one.
 */
bool hooks_join(struct run *run, const struct passage *one, const struct states *more,
	size_t from, struct states *all);

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
