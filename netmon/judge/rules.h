/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about single rules: which chains are called, which rules aim at one port.
 */
#ifndef SEAWALL_NETMON_JUDGE_RULES_H
#define SEAWALL_NETMON_JUDGE_RULES_H

#include "common/arena.h"
#include "netmon/model/facts.h"
#include "netmon/model/ruleset.h"

/*
 * Theory of operation. reach/ says what happens to packets; here is only asked what the
 * owner of the host *meant*: which rules of one hook would have stopped a packet to
 * this port had it come through that hook. Each op is read three-valued for the first
 * packet of a new flow of which family, interface, protocol and destination port are
 * known and nothing else. "May match" is enough for a rule to be named; only a rule
 * that matches for certain ends the search. Nothing here decides whether something is
 * reachable.
 */

/** struct rules_flow - what is known of the packet that is asked about */
struct rules_flow {
	enum family family;
	uint8_t proto;
	uint16_t port;	    /* in the packet: after DNAT the container's */
	uint16_t orig_port; /* as it was dialled; 0: not known */
	bool to_host;	    /* its destination is an address of this host */
	const char *iface;  /* it arrives there; NULL: anywhere but on lo */
	const struct netns
		*netns; /* for rules that hold interface numbers; may be NULL */
};

/** struct rules_hit - a rule that stops such a packet, or could */
struct rules_hit {
	const struct chain *chain;
	const struct rule *rule; /* NULL: the chain's policy */
	bool names_port; /* it, or the jump that leads to it, is about this port */
};

/**
 * rules_called() - which chains some packet can get to
 *
 * Return: one bool per chain, by chain->id; NULL when the arena failed. A chain is
 * called when it is a base chain of a table that is not dormant, or when a rule of a
 * called chain jumps or goes to it, a verdict map's element included.
 */
const bool *rules_called(struct arena *arena, const struct ruleset *ruleset);

/** struct rules_ports - a chain's rules by the one port without which they match
 * nothing: port << 32 | number of the rule, sorted; RULES_ANY_PORT: there is no such
 * port */
struct rules_ports {
	const uint64_t *keys;
	size_t n;
};
#define RULES_ANY_PORT 0x10000u

/**
 * rules_ports() - the same for all chains, by chain->id
 *
 * Most rules of a host with many containers are about one published port each: made
 * once, this spares each search to read them all. Return: NULL when the arena failed.
 */
const struct rules_ports *rules_ports(
	struct arena *arena, const struct ruleset *ruleset);

/**
 * rules_stopping() - the rules of one hook that drop or reject such a packet, or could
 * @ports: rules_ports() of @ruleset, or NULL: then each rule is read
 * @only: NULL, or the one chain whose rules are wanted: it is searched as if the packet
 *        had been handed to it
 * @ret_hits: in @arena, in the order in which the kernel would come to them
 *
 * An accept or return that matches for certain ends the search of its base chain or
 * chain, as it does in the kernel. Rules of limits count: they drop what is beyond.
 * Bounded to RULES_VISITS_MAX rules. Return: how many.
 */
size_t rules_stopping(struct arena *arena, const struct ruleset *ruleset,
	const struct rules_ports *ports, enum hook hook, const struct chain *only,
	const struct rules_flow *flow, struct rules_hit **ret_hits);

/** rules_find_chain() - by table ("ip filter") and name; legacy ones too; or NULL. */
const struct chain *rules_find_chain(
	const struct ruleset *ruleset, const char *table, const char *name);

#define RULES_VISITS_MAX 100000

#endif
