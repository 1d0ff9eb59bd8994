/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands that are a function of one port: masks, shifts, one of its bytes. */
#ifndef SEAWALL_NETMON_REACH_PORT_FUNCTION_H
#define SEAWALL_NETMON_REACH_PORT_FUNCTION_H

#include "netmon/reach/port_signs.h"

/* What a function of a port is asked for. */
struct port_asker {
	const struct op *op;   /* MATCH, IN; or */
	const struct set *set; /* a lookup in it */
	u128 seed;
};

/**
 * port_function_evaluate() - tell ports apart by what a function of theirs is asked
 *
 * Each port there is is tried, for as many ops as is bearable. Where the value depends
 * on more than a port, or there were too many ops, every port is told apart.
 */
void port_function_evaluate(struct port_signs *signs, const struct operand *o,
	const struct port_asker *asker);

/**
 * port_function_element() - a number for all of a set's element but the @slot_len bytes
 * of its key at @slot
 */
u128 port_function_element(u128 seed, const struct set *set,
	const struct set_element *e, size_t slot, size_t slot_len);

#endif
