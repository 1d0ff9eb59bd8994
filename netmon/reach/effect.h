/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule's statements do to a packet: NAT, marks, header bytes, tracking. */
#ifndef SEAWALL_NETMON_REACH_EFFECT_H
#define SEAWALL_NETMON_REACH_EFFECT_H

#include "netmon/reach/chain.h"
#include "netmon/reach/value.h"

/** effect_view() - how an op of @chain sees @state. */
struct view effect_view(
	struct run *run, const struct chain *chain, const struct state *state);

/**
 * effect_nat() - dnat, snat, masquerade, redirect, netmap
 *
 * Ends the rule and the nat chains of this hook (nf_nat_setup_info()): every peer goes
 * to @accepted, with a doubt where the new address or port is not one value, or to
 * run->endings where the kernel drops (no address to take). Those for whom a map has no
 * element (NFT_BREAK) are in @missed: they are at the next rule.
 */
void effect_nat(struct run *run, const struct chain *chain, const struct rule *rule,
	const struct op *op, const struct state *state, struct states *accepted,
	struct states *missed);

/** effect_set() - mark, ct mark, packet type, header bytes; results go to @changed. */
void effect_set(struct run *run, const struct chain *chain, const struct rule *rule,
	const struct op *op, const struct state *state, struct states *changed,
	struct states *missed);

/** effect_track() - notrack and ct zone. */
void effect_track(struct run *run, const struct chain *chain, const struct op *op,
	struct state *state);

#endif
