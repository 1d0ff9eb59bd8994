/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The orders in which the base chains of one hook may be called. */
#ifndef SEAWALL_NETMON_REACH_CHAIN_ORDER_H
#define SEAWALL_NETMON_REACH_CHAIN_ORDER_H

#include "netmon/reach/space.h"

/** chain_order_called_at() - the priority at which the kernel calls it: its own, or for
 * nat chains that of the NAT core. */
int32_t chain_order_called_at(const struct chain *chain);

/**
 * chain_order_find() - sort @list->chains as the dump tells their order, part them
 * by priority, and find the other orders that are possible and could make a difference
 * @arena: holds @list->levels
 *
 * Cost: O(rules) for each chain that meets others.
 * Return: 0; -ENOMEM.
 */
int chain_order_find(struct arena *arena, const struct ruleset *rules,
	struct hook_list *list) _must_check_;

#endif
