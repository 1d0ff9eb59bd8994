/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a rule is about a port: was it written for that one, or for the rest? */
#ifndef SEAWALL_NETMON_JUDGE_PORT_NAMED_H
#define SEAWALL_NETMON_JUDGE_PORT_NAMED_H

#include "netmon/judge/rules.h"

/*
 * Theory of operation. A comparison names the ports that it holds for when those are
 * fewer than it does not hold for: "dport 8080", a range, an element of a list; not
 * "dport != 22", nor "dport > 1023". What looks at a port in part names it where that
 * part is compared for equality with enough bits. Counted, not sampled: no other port
 * of the same list makes a difference.
 */

/** port_named() - whether one of a rule's comparisons names the port of @flow, which
 *  the rule matches, or may. */
bool port_named(const struct rule *rule, const struct rules_flow *flow);

/** port_named_element() - the same of an element of a set in which @operand is looked
 *  up; @flow is in it, or may be. */
bool port_named_element(const struct operand *operand, const struct set *set,
	const struct set_element *element, const struct rules_flow *flow);

#endif
