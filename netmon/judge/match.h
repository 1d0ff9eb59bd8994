/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one rule says about a packet of which little is known: yes, no, or may be. */
#ifndef SEAWALL_NETMON_JUDGE_MATCH_H
#define SEAWALL_NETMON_JUDGE_MATCH_H

#include "netmon/judge/rules.h"

enum match {
	MATCH_NO = 0,
	MATCH_MAYBE,
	MATCH_YES,
};

/**
 * match_port_at() - whether a field holds the port that is known of the packet
 * @field:  an operand before its steps; a concatenation is none
 * @ret_at: where in its bytes the port begins
 */
bool match_port_at(
	const struct operand *field, const struct rules_flow *flow, size_t *ret_at);

/** match_ops() - whether all of @ops hold for the packet; verdicts count as "yes". */
enum match match_ops(const struct op *ops, size_t nops, const struct rules_flow *flow);

/**
 * match_element() - whether the value of @operand is in the element of @set
 *
 * For verdict maps: the caller follows the verdicts of those that are not MATCH_NO.
 */
enum match match_element(const struct operand *operand, const struct set *set,
	const struct set_element *element, const struct rules_flow *flow);

#endif
