/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else tells the host's own addresses apart than a rule about destinations. */
#ifndef SEAWALL_NETMON_REACH_ADDRESS_RULES_H
#define SEAWALL_NETMON_REACH_ADDRESS_RULES_H

#include "netmon/reach/rule_scan.h"

/**
 * address_rules_scan() - bounds of the addresses that a rule names as an answer's
 * source; scan->odd_addr when something is computed from an address
 * @answers: the host's answers meet the rule: its source is the address that was asked
 */
void address_rules_scan(struct scan *scan, const struct rule *rule, bool answers);

/** address_rules_track() - whether a rule can make a new connection of an answer: then
 * it meets chains of type nat. */
bool address_rules_track(const struct rule *rule);

#endif
